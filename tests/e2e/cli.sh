#!/bin/sh
# The command line: help for everything, exit statuses, suggestions, tables and JSON.
. "$(dirname "$0")/lib/cases.sh"

status_of() { # COMMAND...
    "$@" >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null
    echo $?
}

equal "without a command it explains itself" "$(status_of "$BULLFINCH")" 0
check "and names its commands" grep -q '^  run ' "$SCRATCH/out"
equal "version is told" "$(status_of "$BULLFINCH" --version)" 0

"$BULLFINCH" help | sed -n 's/^  \([a-z]\{2,\}\( [a-z]\{2,\}\)\{0,1\}\) .*/\1/p' | grep -v bullfinch | sort -u >"$SCRATCH/names"
check "there are twenty commands or more" test "$(wc -l <"$SCRATCH/names")" -ge 20
while read -r name; do
    # shellcheck disable=SC2086 # a name of two words is two arguments
    equal "$name --help" "$(status_of "$BULLFINCH" $name --help)" 0
    check "$name says how it is used" grep -q "^Usage: bullfinch $name" "$SCRATCH/out"
    check "$name's help fits 80 columns" sh -c '! grep -q "^.\{81,\}" "$1"' - "$SCRATCH/out"
done <"$SCRATCH/names"
equal "a family of commands lists them" "$(status_of "$BULLFINCH" db --help)" 0
check "each of them" grep -q '^  db restore FILE' "$SCRATCH/out"
equal "the man page is roff" "$("$BULLFINCH" help --man | sed -n '2s/ .*//p')" .TH
# what --help says in paragraphs, the man page says too, to the last word
words_of_help() { "$BULLFINCH" run --help | sed '/^Options:/,$d' | sed 1,2d | tr -s ' \n' '\n\n' | grep -v '^$'; }
words_of_man() { "$BULLFINCH" help --man | sed -n '/^.SS "bullfinch run"/,/^.TP/p' | sed '1d; /^\./d; s/\\-/-/g; s/\\e/\\/g; s/\\&//g' | tr -s ' \n' '\n\n' | grep -v '^$'; }
equal "the man page has the whole of a command's help" "$(words_of_man | tr '\n' ' ')" "$(words_of_help | tr '\n' ' ')"

suggests() { # WANT COMMAND...
    want=$1
    shift
    equal "\"$*\" is wrong usage" "$(status_of "$BULLFINCH" "$@")" 2
    check "and suggests $want" grep -q "did you mean \"\{0,1\}$want" "$SCRATCH/err"
}
suggests run rnu
suggests halt hlat
suggests "db check" db chek
suggests "dlq list" dql list
suggests --speed run --sped 3
suggests trades show trade
equal "another word is wrong usage" "$(status_of "$BULLFINCH" frobnicate)" 2
equal "a missing argument is wrong usage" "$(status_of "$BULLFINCH" show)" 2
equal "one too many is wrong usage" "$(status_of "$BULLFINCH" halt now please)" 2
equal "a speed that is none is wrong usage" "$(status_of "$BULLFINCH" run --speed fast)" 2
equal "a limit that is none is wrong usage" "$(status_of "$BULLFINCH" show trades --limit 0)" 2

# -- results ------------------------------------------------------------------------------------------

db="store.url=sqlite:$SCRATCH/x.db"
equal "a store that is not there is told" "$(status_of "$BULLFINCH" show trades --set "$db")" 1
check "with what to do" grep -q 'x.db' "$SCRATCH/err"
check "and is not made by looking" test ! -e "$SCRATCH/x.db"
equal "the demo's day" "$(status_of "$BULLFINCH" run --exit-at-end --posts demo/posts.jsonl \
    --prices demo/prices --set "$db")" 0
for table in trades positions orders fills signals posts authors workers commands audit equity; do
    equal "show $table" "$(status_of "$BULLFINCH" show $table --set "$db")" 0
    equal "show $table --json" "$(status_of "$BULLFINCH" show $table --json --set "$db")" 0
    equal "which is JSON" "$(sqlite3 :memory: \
        "SELECT json_valid(CAST(readfile('$SCRATCH/out') AS TEXT))")" 1
done
equal "no escape codes but on a terminal" "$(
    "$BULLFINCH" show trades --set "$db" | grep -c "$(printf '\033')"
)" 0
equal "a limit holds" "$("$BULLFINCH" show signals --limit 3 --set "$db" | wc -l)" 4
equal "of the ledger too, its last lines" \
    "$("$BULLFINCH" show ledger --limit 3 --set "$db")" \
    "$("$BULLFINCH" show ledger --set "$db" | tail -n 3)"
equal "case does not count in a status or a pair" \
    "$("$BULLFINCH" show trades --status closed --symbol dogeusdt --limit 5 --set "$db")" \
    "$("$BULLFINCH" show trades --status CLOSED --symbol DOGEUSDT --limit 5 --set "$db")"
check "and there are such" sh -c '"$@" | grep -q DOGEUSDT' - "$BULLFINCH" show trades \
    --status closed --symbol dogeusdt --set "$db"
equal "a status that no trade has is refused" \
    "$(status_of "$BULLFINCH" show trades --status clsed --set "$db")" 2
equal "--version is a command as well" "$("$BULLFINCH" --version)" "$("$BULLFINCH" version)"
equal "the ledger's hash is that of its lines" \
    "$("$BULLFINCH" show ledger --set "$db" | sha256sum | cut -d' ' -f1)" \
    "$("$BULLFINCH" run --exit-at-end --posts demo/posts.jsonl --prices demo/prices \
        --set "$db" 2>/dev/null | sed 's/.*"ledger_hash":"\([0-9a-f]*\)".*/\1/')"
check "doctor finds nothing bad" "$BULLFINCH" doctor --posts demo/posts.jsonl \
    --prices demo/prices --set "$db"
equal "doctor's JSON" "$(status_of "$BULLFINCH" doctor --json --posts demo/posts.jsonl \
    --prices demo/prices --set "$db")" 0
equal "doctor calls a missing file bad" "$(status_of "$BULLFINCH" doctor \
    --posts "$SCRATCH/nowhere" --prices demo/prices --set "$db")" 1
equal "a setting is kept" "$(status_of "$BULLFINCH" config set trading.signal_threshold 80 \
    --set "$db")" 0
check "and comes before the default" sh -c '"$@" | grep -q "signal_threshold: 80"' - \
    "$BULLFINCH" config print --set "$db"
equal "one that is out of range is not" "$(status_of "$BULLFINCH" config set \
    trading.signal_threshold 800 --set "$db")" 1
equal "nor one that cannot change while running" "$(status_of "$BULLFINCH" config set \
    store.url sqlite:other.db --set "$db")" 1
check "score reads a text" sh -c '"$@" | grep -q "\"symbol\":\"DOGEUSDT\""' - "$BULLFINCH" score \
    'I love $DOGE'
printf '2\tI love this, great!\n0\tTerrible, awful, sold it all\n1\tIt is Tuesday.\n' \
    >"$SCRATCH/labelled.tsv"
check "eval judges the model on labelled texts" sh -c '"$@" | grep -q "3 texts, macro recall"' - \
    "$BULLFINCH" eval "$SCRATCH/labelled.tsv"
check "train makes a model" "$BULLFINCH" train --out "$SCRATCH/model.bin" --epochs 2 \
    "$SCRATCH/labelled.tsv"
check "which eval takes" "$BULLFINCH" eval --model "$SCRATCH/model.bin" "$SCRATCH/labelled.tsv"
check "or one that knows their order" "$BULLFINCH" train --out "$SCRATCH/timed.bin" --epochs 2 \
    "$SCRATCH/labelled.tsv:0.5:time"
equal "a weight that is none is refused" "$(status_of "$BULLFINCH" train --out "$SCRATCH/none.bin" \
    "$SCRATCH/labelled.tsv:time:x")" 2
equal "and which is not overwritten" "$(status_of "$BULLFINCH" train --out "$SCRATCH/model.bin" \
    "$SCRATCH/labelled.tsv")" 1
: >"$SCRATCH/empty"
for how in "" --links --targets; do
    # shellcheck disable=SC2086 # none or one option
    equal "eval $how of an empty file is an error" "$(status_of "$BULLFINCH" eval $how \
        "$SCRATCH/empty")" 1
    check "which says so" grep -q 'empty: no labelled' "$SCRATCH/err"
done
printf '{"text":"buying BTC","symbols":["BTC"]}\n' >"$SCRATCH/links"
printf '{"text":"buying BTC","symbol":"BTCUSDT","polarity":1,"pair":1}\n' >"$SCRATCH/targets"
equal "links and targets are both judged" "$(status_of "$BULLFINCH" eval --links \
    "$SCRATCH/links" --targets "$SCRATCH/targets")" 0
check "the links" grep -q 'links right 1' "$SCRATCH/out"
check "and the targets" grep -q 'contrasts right on all sides 0 of 0' "$SCRATCH/out"
check "a pair with one line is told" grep -q 'no contrasts: 1' "$SCRATCH/out"
equal "misses as JSON are refused" "$(status_of "$BULLFINCH" eval --json --misses \
    --targets "$SCRATCH/targets")" 2
equal "a small set is trained on" "$(status_of "$BULLFINCH" train --out "$SCRATCH/small.bin" \
    --epochs 2 "$SCRATCH/labelled.tsv")" 0
check "with a warning" grep -q 'too few to cross-validate' "$SCRATCH/err"
printf '2\tgreat\n2\tgood\n' >"$SCRATCH/one.tsv"
equal "a set without a pole is refused" "$(status_of "$BULLFINCH" train \
    --out "$SCRATCH/one.bin" "$SCRATCH/one.tsv")" 1
check "and which pole is told" grep -q 'no text is negative' "$SCRATCH/err"
equal "a file that is no model is refused" "$(status_of "$BULLFINCH" eval \
    --model "$SCRATCH/labelled.tsv" "$SCRATCH/labelled.tsv")" 1
printf 'DOGEUSDT\tBTC\tmoon dog\n' >"$SCRATCH/names.tsv"
for how in "config check" doctor "score x"; do
    # shellcheck disable=SC2086 # two words are two arguments
    equal "$how tries the file of names" "$(status_of "$BULLFINCH" $how --set "$db" \
        --set "reader.symbols_file=$SCRATCH/names.tsv")" 1
    check "and tells where its mistake is" sh -c 'cat "$@" | grep -q "names.tsv:1: the pair"' - \
        "$SCRATCH/out" "$SCRATCH/err"
done
# what a run would refuse at once, the check names with its line
cat >"$SCRATCH/reach.yaml" <<'END'
store:
  url: postgresql://127.0.0.1/x?nonsense=1
sources:
  - kind: push
    name: a
  - kind: jetstream
    url: http://posts.example.com
market:
  public_stream_url: wss://stream.binance.com:9443
api:
  listen: everywhere
metrics:
  listen: 0.0.0.0:9100
venue:
  rest_url: https://api.binance.com
  ws_api_url: wss://ws-api.binance.com/ws-api/v3
telegram:
  url: http://evil.example.com
END
equal "what a run would refuse" "$(status_of "$BULLFINCH" config check --config "$SCRATCH/reach.yaml")" 3
at_line() { # NUMBER WORDS
    check "is named with its line: $2" grep -q "reach.yaml:$1: $2" "$SCRATCH/err"
}
at_line 2 'store.url: "nonsense" is none'
at_line 7 'sources\[1\].url: http'
at_line 9 'market.public_stream_url: wss'
at_line 11 'api.listen: '
at_line 13 'metrics.listen: others reach 0.0.0.0'
at_line 15 'venue.rest_url: https://api.binance.com: is not a host of a test network'
at_line 16 'venue.ws_api_url: wss'
at_line 18 'telegram.url: http'
check "and all are counted" grep -q 'the configuration has 8 mistakes' "$SCRATCH/err"
equal "three hosts of two networks" "$(status_of "$BULLFINCH" config check --set venue.kind=binance_spot_testnet \
    --set market.kind=venue --set venue.rest_url=https://demo-api.binance.com)" 1
check "are no venue" grep -q 'give three of one network' "$SCRATCH/err"
equal "a mail's URL that is none" "$(status_of "$BULLFINCH" config check --set mail.url=http://x.example \
    --set mail.from=a@x.example --set mail.to=b@x.example)" 1
check "is named" grep -q 'mail.url: it is neither' "$SCRATCH/err"
for how in "config check" doctor; do
    # shellcheck disable=SC2086 # two words are two arguments
    equal "$how: a kind of model that needs a file" "$(status_of "$BULLFINCH" $how --set model.kind=roberta)" 1
    check "which is not named" grep -q 'model.file is not set: model.kind roberta' "$SCRATCH/err"
done
equal "a word for the metrics is enough" "$(status_of "$BULLFINCH" config check --set metrics.listen=0.0.0.0:9100 \
    --set metrics.token_file=word)" 0
equal "score - gives a line for a line" "$(printf 'a\nb\nc\n' | "$BULLFINCH" score - | wc -l)" 3
finish
