# docs/scaling.md: an embedded store, and the empty database that it is to be copied into.
. tests/documents/stages/lib.sh
. tests/documents/stages/servers.sh
postgresql
"$bin/psql" -q -h 127.0.0.1 -p "$pg_port" -U bullfinch -d bullfinch -c 'CREATE ROLE bullfinch_owner LOGIN SUPERUSER'
demo_store
echo 'store: {url: "sqlite:bullfinch.db"}' >bullfinch.yaml
