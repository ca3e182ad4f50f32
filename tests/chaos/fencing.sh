#!/bin/sh
# A trader that stood still in the middle of an entry, while another took over: nothing of its comes through.
set -eu
exec "$(dirname "$BULLFINCH")/tests/chaos/fencing" "$BULLFINCH" "$SCRATCH"
