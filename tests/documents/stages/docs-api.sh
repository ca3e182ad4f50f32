# docs/api.md: a run that posts are brought to.
. tests/documents/stages/lib.sh
push_config my-feed
