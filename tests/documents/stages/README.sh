# README.md: files of one's own, keys of the test network, a token of X's to paste.
. tests/documents/stages/lib.sh
cp demo/posts.jsonl posts.jsonl
ln -s demo/prices candles
secret key.txt KEY
secret secret.txt SECRET
echo any-token >../typed
