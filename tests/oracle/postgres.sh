#!/usr/bin/env bash
# A throw-away PostgreSQL that listens on a Unix socket only: postgres.sh start FOLDER | postgres.sh stop FOLDER.
# FOLDER is made by the caller; it holds the data and the socket.
set -euo pipefail

action=$1 folder=$2
bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)")

# PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

case $action in
start)
  [ "$(id -u)" != 0 ] || chown postgres "$folder"
  chmod 755 "$folder"
  as_postgres "$bin/initdb" --pgdata="$folder/data" --username=postgres --auth=trust --no-sync --encoding=UTF8 >/dev/null
  options="-c listen_addresses='' -c unix_socket_directories='$folder' -c fsync=off -c synchronous_commit=off"
  options+=" -c full_page_writes=off -c max_connections=60 -c shared_buffers=16MB -c statement_timeout=3s"
  as_postgres "$bin/pg_ctl" start --pgdata="$folder/data" --wait --silent --log="$folder/log" --options="$options" </dev/null >/dev/null
  ;;
stop)
  as_postgres "$bin/pg_ctl" stop --pgdata="$folder/data" --mode=immediate --silent >/dev/null
  rm -rf "$folder/data" "$folder/log"
  ;;
esac
