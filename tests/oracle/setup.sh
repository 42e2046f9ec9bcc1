#!/usr/bin/env bash
# Installs what the oracle runs on: PostgreSQL, a Python environment, the node packages. Quick when already done.
set -euo pipefail
cd "$(dirname "$0")"

# Debian's package would also start a server of its own; the oracle starts a throw-away one instead.
install() {
  as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    as_root mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Options::=--force-confold "$@"
}

missing=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
command -v npm >/dev/null || missing+=(nodejs npm)
[ ${#missing[@]} -eq 0 ] || install "${missing[@]}"

# Each environment keeps a copy of the list that it was made from.
if ! cmp -s requirements.txt .venv/requirements.txt; then
  rm -rf .venv
  python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
  cp requirements.txt .venv/
fi
if ! cmp -s package-lock.json node_modules/installed-lock.json; then
  npm ci --silent
  cp package-lock.json node_modules/installed-lock.json
fi
