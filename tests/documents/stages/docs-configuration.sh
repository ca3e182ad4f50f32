# docs/configuration.md: its example has a source on X, whose token is named elsewhere.
. tests/documents/stages/lib.sh
secret x-token.txt any-token
export BULLFINCH_X__TOKEN_FILE=$PWD/x-token.txt
