#!/usr/bin/env bash
# Runs every test. Installs before what they need and the machine lacks: PostgreSQL, a Python environment and node
# packages for the leak oracle, pre-commit for the trial of the hook. Quick when all of it is there.
#
#   tests/all.sh [NAME]...      only the Rust tests whose names contain one of these
set -euo pipefail
cd "$(dirname "$0")/.."

tests/oracle/setup.sh

tools=target/pre-commit
if [ ! -x "$tools/bin/pre-commit" ]; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check "pre-commit>=4,<5"
fi

cargo build --locked
PRE_COMMIT=$PWD/$tools/bin/pre-commit tests/pre-commit.sh

log=target/tests.log
status=0
cargo test --locked --no-fail-fast -- --quiet "$@" 2>&1 | tee "$log" || status=$?
# One line for all test programs together.
awk '/^test result: / { passed += $4; failed += $6; programs += 1 }
  END { if (programs) printf "tests: %d passed, %d failed\n", passed, failed }' "$log"
exit "$status"
