# docs/dashboard.md: a run that posts are brought to; the demo's store, without a token yet.
. tests/documents/stages/lib.sh
push_config desk
mkdir -p build/demo
rm -f build/demo/bullfinch.db*
