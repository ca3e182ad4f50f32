#!/bin/sh
# In its processes apart, with everything that can go wrong going wrong for two minutes: nothing is lost,
# doubled or bare. `make chaos N=600` does it longer.
set -eu
seed=${TEST_SEED-20210519}
exec "$(dirname "$BULLFINCH")/tests/chaos/chaos" "$BULLFINCH" 120 "$seed" "$SCRATCH"
