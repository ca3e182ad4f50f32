#!/bin/sh
# Posts of which the queue got no word, stored while clocks were wrong: they are found all the same.
set -eu
exec "$(dirname "$BULLFINCH")/tests/chaos/lost_word" "$BULLFINCH" "$SCRATCH"
