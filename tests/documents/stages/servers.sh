# PostgreSQL or Redis at the port that the document names, in the document's folder. Sourced after lib.sh.
# shellcheck shell=bash disable=SC2034
dir=$FOLDER/..
pids=
. tests/lib/servers.sh
eval "$(declare -f free_port | sed '1s/free_port/any_port/')"
free_port() { echo "$want_port"; }
postgresql() { want_port=$PORT_5432 start_pg >/dev/null; }
redis() { want_port=$PORT_6379 start_redis; }
