#!/bin/sh
# Model files and checkpoints that are odd, or hostile: what is written in them never reaches a terminal as
# it is, what is no file holds nobody, and numbers that are none are said to be none.
. "$(dirname "$0")/lib/cases.sh"

tiny=tests/parity/tiny.py
work=$SCRATCH
esc=$(printf '\033')
evil='\x1b[31mred\x1b]0;pwn\x07\nfake: ok line'

fails() { # NAME STATUS WORDS COMMAND...: it ends with that status within its time, and says the words on one line
    name=$1 want=$2 words=$3
    shift 3
    timeout 60 "$@" >"$work/out" 2>"$work/err" </dev/null
    equal "$name" $? "$want"
    check "and says: $words" grep -q -- "$words" "$work/err"
    equal "with no escape code" "$(cat "$work/out" "$work/err" | grep -c "$esc")" 0
    equal "nor a line of its own making" "$(cat "$work/out" "$work/err" | grep -c '^fake')" 0
}
convert() { # FOLDER [OPTION...]
    folder=$1
    shift
    "$BULLFINCH" model convert "$folder" --out "$folder.bfm" "$@"
}

# -- what strangers wrote ------------------------------------------------------------------------------

python3 $tiny make "$work/plain"
check "a small checkpoint is converted" convert "$work/plain"
check "and listed" "$BULLFINCH" model list "$work/plain.bfm"
mkdir "$work/names" "$work/labels"
cp "$work/plain.bfm" "$work/names/x.bfm"
python3 $tiny rename "$work/names/x.bfm" "$evil"
fails "a name with escape codes is refused" 1 'its name has control characters' "$BULLFINCH" model list "$work/names/x.bfm"
fails "and by verify" 1 'its name has control characters' "$BULLFINCH" model verify --any-labels "$work/names/x.bfm"
"$BULLFINCH" model list "$work/names" >"$work/out" 2>&1
equal "and left out of a folder's list" "$(wc -c <"$work/out")" 0
cp "$work/plain.bfm" "$work/labels/x.bfm"
python3 $tiny rename "$work/labels/x.bfm" plain 'neg\x1b[31m'
fails "a label with escape codes is refused" 1 'damaged' "$BULLFINCH" model verify --any-labels "$work/labels/x.bfm"
cp "$work/plain.bfm" "$work/labels/x.bfm"
python3 $tiny rename "$work/labels/x.bfm" other
check "a name of its own is taken" sh -c "'$BULLFINCH' model list '$work/labels/x.bfm' | grep -q ': other, '"
"$BULLFINCH" model convert "$work/plain" --out "$work/labels/a$esc[31m.bfm"
"$BULLFINCH" model list "$work/labels" >"$work/out"
equal "a file's name is shown without them" "$(grep -c 'a \[31m.bfm: plain' "$work/out"):$(grep -c "$esc" "$work/out")" 1:0
fails "a name that is given is looked at" 1 'give another' "$BULLFINCH" model convert "$work/plain" \
    --out "$work/y.bfm" --name "a$esc[31m"

for key in hidden_act model_type; do
    python3 $tiny make "$work/act" "$key=$evil"
    fails "$key with escape codes" 1 "\"$key\" is \"?\\[31mred" "$BULLFINCH" model convert "$work/act" --out "$work/y.bfm"
done
python3 $tiny make "$work/type" "dtype=$evil"
fails "a type of numbers with escape codes" 1 'no type that is known: "?' "$BULLFINCH" model convert "$work/type" --out "$work/y.bfm"
python3 $tiny make "$work/label" "labels=$evil,b,c"
fails "a checkpoint's label with escape codes" 1 '"id2label" has a name' "$BULLFINCH" model verify "$work/label"
python3 $tiny make "$work/pickle"
rm "$work/pickle/model.safetensors"
python3 -c '
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as z:
    z.writestr("archive/data.pkl", b"\x80\x02cos\x1b[31m\x1b]0;pwn\x07\nsystem\n.")
' "$work/pickle/pytorch_model.bin"
fails "what a pickle would import" 1 'would import "os?\[31m' "$BULLFINCH" model convert "$work/pickle" --out "$work/y.bfm"

# -- what is no file -----------------------------------------------------------------------------------

mkdir "$work/pipes"
mkfifo "$work/pipes/x.bfm" "$work/pipe"
timeout 60 "$BULLFINCH" model list "$work/pipes" >"$work/out" 2>&1
equal "a pipe in a folder holds no list" $? 0
cp -r "$work/plain" "$work/piped"
rm "$work/piped/model.safetensors"
mkfifo "$work/piped/model.safetensors"
cp -r "$work/plain" "$work/piped.config"
rm "$work/piped.config/config.json"
mkfifo "$work/piped.config/config.json"
is_pipe() { # WHAT COMMAND...
    what=$1
    shift
    fails "a pipe as $what" 1 'is a pipe, expected a file' "$@"
}
pipe=$work/pipe
is_pipe "a model to list" "$BULLFINCH" model list "$pipe"
is_pipe "a model to verify" "$BULLFINCH" model verify "$pipe"
is_pipe "a model to measure" "$BULLFINCH" model bench "$pipe"
is_pipe "a checkpoint's weights" "$BULLFINCH" model verify "$work/piped"
is_pipe "a checkpoint's config.json" "$BULLFINCH" model verify "$work/piped.config"
is_pipe "the configuration" "$BULLFINCH" config check --config "$pipe"
is_pipe "the model of a score" "$BULLFINCH" score --model roberta --set model.file="$pipe" x
is_pipe "the symbols' names" "$BULLFINCH" config check --set reader.symbols_file="$pipe"
is_pipe "exchange information" "$BULLFINCH" score --set venue.exchange_info="$pipe" x
is_pipe "posts" "$BULLFINCH" run --posts "$pipe" --prices demo/prices --exit-at-end --set store.url="sqlite:$work/pipe.db"
is_pipe "texts to evaluate" "$BULLFINCH" eval "$pipe"
is_pipe "targets to evaluate" "$BULLFINCH" eval --targets "$pipe"
is_pipe "links to evaluate" "$BULLFINCH" eval --links "$pipe"
is_pipe "a linear model" "$BULLFINCH" eval --model "$pipe" models/README.md
is_pipe "texts to learn from" "$BULLFINCH" train "$pipe" --out "$work/linear"
"$BULLFINCH" db migrate --set store.url="sqlite:$work/pipe.db" >/dev/null 2>&1
is_pipe "a certificate" "$BULLFINCH" serve --set store.url="sqlite:$work/pipe.db" --set api.listen=127.0.0.1:0 \
    --set api.tls_cert_file="$pipe" --set api.tls_key_file="$pipe"
is_pipe "sums" "$BULLFINCH" model pull --base http://127.0.0.1:1 --out "$work/pulled" --sums "$pipe"
fails "a socket or device as well" 1 'is a device, expected a file' "$BULLFINCH" model list /dev/zero
fails "and a folder" 1 'is a directory, expected a file' "$BULLFINCH" config check --config "$work"
timeout 60 "$BULLFINCH" db restore "$pipe" --set store.url="sqlite:$work/restored.db" >"$work/out" 2>&1
equal "a pipe is no backup" $? 1

# -- what is no number ---------------------------------------------------------------------------------

python3 $tiny make "$work/huge" huge=intermediate.dense.weight
for precision in int8 bf16 fp32; do
    huge=$work/huge.$precision
    check "finite weights are converted to $precision, however large" "$BULLFINCH" model convert "$work/huge" \
        --out "$huge" --precision $precision
    for way in best plain; do
        fails "of $precision, $way: verify says that its answers are none" 1 'is no finite number' \
            "$BULLFINCH" model verify --any-labels "$huge" --way $way
        fails "and bench" 1 'is no finite number' "$BULLFINCH" model bench "$huge" --rounds 1 --way $way
        echo '{"text": "to the moon"}' | "$BULLFINCH" model run "$huge" - --way $way >"$work/out" 2>&1
        equal "and run" $? 1
        check "as JSON" grep -q '^{"error":".*no finite number.*"}$' "$work/out"
    done
done
fails "a label that is read so is not read as its opposite" 1 'is no finite number' "$BULLFINCH" model verify "$work/huge.fp32"
fails "nor does the program start with it" 1 'is no finite number' "$BULLFINCH" score --model roberta \
    --set model.file="$work/huge.fp32" x
echo '{"text": "to the moon"}' | "$BULLFINCH" model run "$work/huge" - >"$work/out" 2>&1
equal "the slow path says so as well" $? 1
check "in so many words" grep -q 'no finite number' "$work/out"

# -- config.json ---------------------------------------------------------------------------------------

python3 $tiny make "$work/types" type_vocab_size=2
fails "two kinds of token and one row of weights" 1 'token_type_embeddings.weight" is not of the shape' \
    "$BULLFINCH" model convert "$work/types" --out "$work/y.bfm"
python3 $tiny make "$work/empty"
: >"$work/empty/config.json"
fails "an empty config.json" 1 'config.json is empty' "$BULLFINCH" model verify "$work/empty"

# -- doctor --------------------------------------------------------------------------------------------

doctor() { # FILE
    "$BULLFINCH" doctor --posts demo/posts.jsonl --prices demo/prices --set store.url="sqlite:$work/doctor.db" \
        --set model.kind=roberta --set model.file="$1" >"$work/out" 2>&1
}
doctor "$work/nosuch"
equal "doctor: a model that is not there is bad" $? 1
check "and named" grep -q '^bad .*model .*nosuch: No such file' "$work/out"
doctor "$pipe"
check "a pipe as well" grep -q '^bad .*model .*is a pipe' "$work/out"
head -c 20000 "$work/plain.bfm" >"$work/cut.bfm"
doctor "$work/cut.bfm"
check "one that is cut" grep -q '^bad .*model .*damaged' "$work/out"
cp "$work/plain.bfm" "$work/names.bfm"
python3 $tiny rename "$work/names.bfm" plain joy
doctor "$work/names.bfm"
check "one of other labels" grep -q '^bad .*model .*its labels are not' "$work/out"
doctor "$work/huge.fp32"
check "one that says no numbers" grep -q '^bad .*model .*no finite number' "$work/out"
good= bad=
seed=0
while [ $seed -lt 200 ] && [ -z "$good" -o -z "$bad" ]; do
    seed=$((seed + 1))
    python3 $tiny make "$work/seed$seed" seed=$seed
    convert "$work/seed$seed" --precision fp32
    if "$BULLFINCH" model verify "$work/seed$seed.bfm" >/dev/null 2>&1; then good=$work/seed$seed.bfm; else bad=$work/seed$seed.bfm; fi
done
doctor "$bad"
equal "one that was never trained is bad" $? 1
check "and why" grep -q '^bad .*model .*as its opposite' "$work/out"
doctor "$good"
check "one whose test texts are read as they should be is good" grep -q '^ok .*model .*fp32' "$work/out"
check "and its memory is told" grep -q '^ok .*memory .*the model takes' "$work/out"
"$BULLFINCH" doctor --set store.url="sqlite:$work/doctor.db" >"$work/out" 2>&1
check "without one it says which reads" grep -q '^ok .*model .*linear' "$work/out"

finish
