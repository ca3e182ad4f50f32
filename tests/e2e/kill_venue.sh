#!/bin/sh
# Killed twenty times while it trades on a simulated exchange: nothing twice, nothing bare, and both
# tell the same. `make kills N=500` does it more often.
set -eu
seed=${TEST_SEED-20210519}
exec "$(dirname "$BULLFINCH")/tests/kill/kill_venue" "$BULLFINCH" 20 "$seed" "$SCRATCH"
