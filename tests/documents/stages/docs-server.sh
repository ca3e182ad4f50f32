# docs/server.md: the store of a run that was there for a while.
. tests/documents/stages/lib.sh
demo_store
