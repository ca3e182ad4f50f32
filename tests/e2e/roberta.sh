#!/bin/sh
# RoBERTa in the program: beside PyTorch in every form of file and every precision, and a small
# trained one that reads posts. PyTorch is Debian's python3-torch; the vocabulary is GPT-2's, from
# npm, as in parity.sh.
. "$(dirname "$0")/lib/cases.sh"

. tests/e2e/lib/torch.sh

PYTHONPATH=tests/parity N=${N-1000} "$python" tests/parity/pytorch.py "$BULLFINCH" "$SCRATCH" "$vocab" "$merges"
[ $? -eq 0 ] || failures=$((failures + 1))

trained=$SCRATCH/trained
check "a small one is trained" env PYTHONPATH=tests/parity TEXTS=3000 EPOCHS=2 HIDDEN=64 \
    "$python" tests/parity/train.py "$BULLFINCH" "$trained" "$vocab" "$merges"
PYTHONPATH=tests/parity N=1500 "$python" tests/parity/accuracy.py "$BULLFINCH" "$trained" "$SCRATCH"
[ $? -eq 0 ] || failures=$((failures + 1))

model=$SCRATCH/accuracy.int8
check "a trained model is verified, its labels too" "$BULLFINCH" model verify "$model"
check "and its checkpoint" "$BULLFINCH" model verify "$trained"
"$BULLFINCH" model list "$SCRATCH" --json >"$SCRATCH/list"
equal "it is listed with its name" "$(grep -c '"name":"trained"' "$SCRATCH/list")" 3
"$BULLFINCH" model bench "$model" --rounds 3 --json >"$SCRATCH/bench.json"
equal "it is measured" "$(json "$SCRATCH/bench.json" '$.rounds')" 3

score() { # MODEL TEXT
    "$BULLFINCH" score --model "$1" --set model.file="$model" "$2" >"$SCRATCH/score.json"
}
score roberta 'What a wonderful day for $DOGE, I love it'
equal "it reads a post" "$(json "$SCRATCH/score.json" '$.label')" positive
equal "and the score says that it did" "$(json "$SCRATCH/score.json" '$.model')" trained/int8
score cascade 'What a wonderful day for $DOGE, I love it'
equal "in a cascade it has the word on a coin" "$(json "$SCRATCH/score.json" '$.model')" trained/int8
score cascade 'What a wonderful day, I love it'
equal "and the linear model where there is none" "$(json "$SCRATCH/score.json" '$.model')" linear-2
equal "a post of nothing reads as well" "$(echo | "$BULLFINCH" score --model roberta --set model.file="$model" - | grep -c label)" 1
"$BULLFINCH" score --model roberta x 2>"$SCRATCH/said"
equal "without a file it fails" $? 1
check "and says what is missing" grep -q 'model.file is not set' "$SCRATCH/said"
# one that was never trained may pass by chance, and on another processor not: a trained one whose labels
# do not mean what they say must not
cp -r "$trained" "$SCRATCH/crossed"
sed -i 's/"0": "negative"/"0": "POSITIVE"/; s/"2": "positive"/"2": "negative"/; s/POSITIVE/positive/' "$SCRATCH/crossed/config.json"
check "one with its labels crossed is converted" "$BULLFINCH" model convert "$SCRATCH/crossed" --out "$SCRATCH/crossed.bfm"
"$BULLFINCH" score --model roberta --set model.file="$SCRATCH/crossed.bfm" x 2>"$SCRATCH/said"
equal "and refused" $? 1
check "as what reads the opposite" grep -q 'as its opposite' "$SCRATCH/said"
head -c 100000 "$model" >"$SCRATCH/cut"
"$BULLFINCH" score --model roberta --set model.file="$SCRATCH/cut" x 2>"$SCRATCH/said"
equal "a file that is cut is refused" $? 1
check "and said to be damaged" grep -q 'damaged' "$SCRATCH/said"
finish
