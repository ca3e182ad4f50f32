# docs/backup.md: a store in SQLite, and the same in PostgreSQL.
. tests/documents/stages/lib.sh
. tests/documents/stages/servers.sh
PATH=$(pg_bin):$PATH
postgresql
demo_store
bullfinch db copy --to "$pg_url" >copy.out
