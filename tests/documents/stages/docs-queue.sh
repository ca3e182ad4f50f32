# docs/queue.md: a queue that posts were put into and taken from.
. tests/documents/stages/lib.sh
. tests/documents/stages/servers.sh
: "${PORT_5432:=$(any_port)}"
postgresql
redis
redis-cli() { command redis-cli -e -p "$PORT_6379" "$@"; }
apart=(--set "store.url=$pg_url" --set "queue.url=$redis_url")
bullfinch db migrate "${apart[@]}" >db.out
bullfinch ingest --posts demo/posts.jsonl --exit-at-end "${apart[@]}" >ingest.out 2>ingest.log
bullfinch analyze --exit-at-end "${apart[@]}" >analyze.out 2>analyze.log
secret redis-password.txt none
