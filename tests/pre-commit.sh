#!/usr/bin/env bash
# The hook of .pre-commit-hooks.yaml in a scratch repository, with the real pre-commit: a leak is blocked, its
# fix passes.
#
#   tests/pre-commit.sh [BINARY]      default: target/debug/poolgate
#
# Needs git and pre-commit (PRE_COMMIT=..., else the one in PATH, else a virtual environment made for the run). The
# hooks are those of the last commit: pre-commit clones.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
binary=$(realpath "${1:-$repository/target/debug/poolgate}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

pre_commit=${PRE_COMMIT:-$(command -v pre-commit || true)}
if [ -z "$pre_commit" ]; then
  python3 -m venv "$scratch/venv"
  "$scratch/venv/bin/pip" --quiet --disable-pip-version-check install "pre-commit>=4,<5"
  pre_commit=$scratch/venv/bin/pre-commit
fi

mkdir "$scratch/bin" "$scratch/shop"
ln -s "$binary" "$scratch/bin/poolgate"
export PATH="$scratch/bin:$PATH" PRE_COMMIT_HOME="$scratch/cache" GIT_CONFIG_GLOBAL=/dev/null GITHUB_ACTIONS=false

cd "$scratch/shop"
git init --quiet --initial-branch main
git config user.name shop
git config user.email shop@example.org
cat > .pre-commit-config.yaml <<EOF
repos:
  - repo: file://$repository
    rev: $(git -C "$repository" rev-parse HEAD)
    hooks:
      - id: poolgate-system
EOF
"$pre_commit" install > /dev/null

fail() {
  echo "pre-commit.sh: $1" >&2
  [ ! -f "$scratch/log" ] || cat "$scratch/log" >&2
  exit 1
}

# Commits everything; the hook's words go to the log.
commit() {
  git add --all
  git commit --quiet --message "$1" > "$scratch/log" 2>&1
}

cat > db.py <<'EOF'
from psycopg_pool import ConnectionPool

pool = ConnectionPool("postgresql://localhost/shop")


def charge(order):
    connection = pool.getconn()
    connection.execute("UPDATE orders SET paid = true WHERE id = %s", (order,))
    pool.putconn(connection)
EOF
if commit "A leak"; then
  fail "the leak was committed"
fi
grep -q "unreleased-client" "$scratch/log" || fail "the commit failed for another reason"

cat > db.py <<'EOF'
from psycopg_pool import ConnectionPool

pool = ConnectionPool("postgresql://localhost/shop")


def charge(order):
    with pool.connection() as connection:
        connection.execute("UPDATE orders SET paid = true WHERE id = %s", (order,))
EOF
commit "The fix" || fail "the fix was not committed"

# The hook looks at the whole project, whatever file was changed.
cp db.py other.py
sed -i.old 's/with pool.connection() as connection:/if True:/; s/connection.execute/pool.getconn().execute/' db.py
rm db.py.old
git add db.py
git commit --quiet --no-verify --message "Behind the hook's back"
echo "# a comment" >> other.py
if commit "Another file"; then
  fail "a leak in an unchanged file was not seen"
fi
grep -q "db.py" "$scratch/log" || fail "the commit failed for another reason"

echo "pre-commit.sh: a leak is blocked, its fix passes"
