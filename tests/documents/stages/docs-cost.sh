. tests/documents/stages/lib.sh
demo_store
