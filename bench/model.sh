#!/bin/sh
# model: RoBERTa of the shape of roberta-base, with random weights, beside ONNX Runtime.
#
#   bench/model.sh [FOLDER]     FOLDER keeps what is made (2 GB), for the next time; by default it is
#                               build/bench-model
#
# Needs python3-torch, to make the checkpoint, and npm, which brings ONNX Runtime and a vocabulary.
# One JSON object a line on standard output; the ratios on standard error.
set -eu
cd "$(dirname "$0")/.."
folder=${1-build/bench-model}
bullfinch=$PWD/build/bullfinch
modules=$PWD/build/bench-onnx
mkdir -p "$folder" "$modules"
for python in "${PYTHON-python3}" /usr/bin/python3; do
    "$python" -c 'import torch' 2>/dev/null && break
done
if [ ! -d "$modules/node_modules" ]; then
    cp bench/onnx/package.json bench/onnx/package-lock.json bench/onnx/.npmrc "$modules/"
    (cd "$modules" && npm ci --ignore-scripts --prefer-offline --loglevel=error >&2)
fi
if [ ! -f "$folder/base.fp32" ]; then
    # numbers of a vocabulary as large as RoBERTa's; nothing is read, so any tokens will do
    "$python" - "$folder" <<'END'
import json, sys
special = ['<s>', '<pad>', '</s>', '<unk>']
json.dump({t: i for i, t in enumerate(special + [f'token{i}' for i in range(50260)] + ['<mask>'])},
          open(sys.argv[1] + '/vocab.json', 'w'))
open(sys.argv[1] + '/merges.txt', 'w').write('#version: 0.2\n')
END
    "$python" tests/parity/checkpoint.py make "$folder/base" --vocab "$folder/vocab.json" \
        --merges "$folder/merges.txt" --hidden 768 --heads 12 --layers 12 --inner 3072 --spread 0.6
    "$python" bench/onnx/export.py "$folder/base" "$folder/base.onnx"
    "$python" bench/onnx/export.py "$folder/base" "$folder/base8.onnx" --int8
    for precision in int8 bf16 fp32; do
        "$bullfinch" model convert "$folder/base" --out "$folder/base.$precision" --precision $precision --replace
    done
fi
NODE_PATH=$modules node bench/onnx/run.mjs "$bullfinch" "$folder"
