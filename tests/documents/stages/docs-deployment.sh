# docs/deployment.md: a store of the environment that the machine's profile says.
. tests/documents/stages/lib.sh
demo_store
