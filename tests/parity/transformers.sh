#!/bin/sh
# The tokenizer beside npm's @huggingface/transformers itself: 100,000 posts, 100,000 texts of random
# Unicode, every code point. Some minutes, and half a gigabyte of packages (build/transformers): not part of
# `make test`, where @huggingface/tokenizers, which is what it uses, stands for it.
#
#   tests/parity/transformers.sh     N, POSTS, SEED: as tokenizer.mjs takes them
. "$(dirname "$0")/../e2e/lib/cases.sh"
. tests/e2e/lib/modules.sh

packages=tests/parity/transformers
modules=$PWD/build/transformers
check "the packages are installed" install_modules
[ "$failures" -eq 0 ] || exit 1
N=${N-100000} NODE_PATH=$modules node tests/parity/tokenizer.mjs "$BULLFINCH" "$SCRATCH"
