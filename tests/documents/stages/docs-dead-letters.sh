# docs/dead-letters.md: seventeen lines that are no posts, and what could be read.
. tests/documents/stages/lib.sh
for n in $(seq 17); do echo "{\"id\": \"$n\", \"text\": "; done >posts.jsonl
cat demo/posts.jsonl >>posts.jsonl
bullfinch run --speed max --exit-at-end --posts posts.jsonl --prices demo/prices >run.out 2>run.log
