#!/bin/sh
# The documents: their links lead somewhere, what they name is there, and every command in them is run, each document in a folder
# of its own (tests/documents/run.js says how). What is not run is told, with its reason.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

export BULLFINCH SCRATCH
chmod 711 "$SCRATCH" # PostgreSQL runs as somebody else, and must get through
for part in links walk runbook brief run; do
    node "tests/documents/$part.js" >"$SCRATCH/$part.log" 2>&1
    status=$?
    grep -E '^(ok|not ok|not run:) |were not run$' "$SCRATCH/$part.log"
    failures=$((failures + $(grep -c '^not ok ' "$SCRATCH/$part.log")))
    grep -q '^ok ' "$SCRATCH/$part.log" && { [ $status -eq 0 ] || [ "$failures" -gt 0 ]; } ||
        not_ok "$part" "$(tail -n 3 "$SCRATCH/$part.log" | tr '\n' ' ')"
done
# A document that asks for much that is not run is one that nobody has tried.
not_run=$(grep -c '^not run:' "$SCRATCH/run.log")
ran=$(grep -c '^ok .*\.md:[0-9]' "$SCRATCH/run.log")
check "most of it is run: $ran blocks, and $not_run are not" [ "$ran" -gt $((2 * not_run)) ]
finish
