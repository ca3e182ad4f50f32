#!/bin/sh
# A burst of posts before a model that cannot read them all in time, with a small RoBERTa that is trained
# here: each is read, some by the linear model, and everything says so; afterwards the model has caught
# up. In one process, and in analyze, whose workers share a model. In virtual time nothing is shed.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/torch.sh

trained=$SCRATCH/trained
check "a small one is trained" env PYTHONPATH=tests/parity TEXTS=2000 EPOCHS=2 HIDDEN=64 \
    "$python" tests/parity/train.py "$BULLFINCH" "$trained" "$vocab" "$merges"
check "and packed" "$BULLFINCH" model convert "$trained" --out "$SCRATCH/model" --precision int8

. tests/e2e/lib/programs.sh
go_to_servers rush

COUNT=1200
trading_exchange --price DOGEUSDT=0.5
# 20 milliseconds are enough for a few posts of this model, and for none of this burst as a whole
configuration() { # STORE QUEUE
    trading_config "$1" "$2"
    cat <<END
model:
  kind: roberta
  file: $SCRATCH/model
  deadline_ms: 20
reader:
  workers: 2
trading:
  mode: observe
END
}
posts() { # FIRST COUNT: long ones, of no coin but for each tenth
    awk -v first="$1" -v count="$2" 'BEGIN {
        for (i = first; i < first + count; i++) {
            text = i % 10 ? "a report of the day" : "what a wonderful day for $DOGE"
            for (k = 0; k < 60; k++) text = text " word" (i * 61 + k) % 997
            printf "{\"id\":\"p%d\",\"username\":\"u%d\",\"text\":\"%s\"}\n", i, i, text
        }
    }'
}
bring() { # FILE
    curl -sf -o brought -H "Authorization: Bearer $feed" -H 'Content-Type: application/x-ndjson' \
        --data-binary "@$1" "$url/api/ingest"
}
posts 0 $COUNT >burst
burst_in_parts() { # what a request may bring at most is less
    split -l 300 burst part.
    for part in part.*; do bring "$part" || return 1; done
}
metric() { # NAME: of the page at $page
    curl -sf -H "Authorization: Bearer $look" "$page/metrics" | awk -v name="$1" '$1 == name { print $2 }'
}
begin() { # NAME COMMAND...
    name=$1
    shift
    "$BULLFINCH" "$@" --config cfg.yaml >"$name.out" 2>"$name.log" &
    began=$!
    pids="$pids $began"
}
address() { sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' "$1.log"; }
tokens() {
    feed=$("$BULLFINCH" token create feed --role ingest --source wire --config cfg.yaml | grep -o 'bft_[A-Za-z0-9_-]*')
    look=$("$BULLFINCH" token create look --role trade --config cfg.yaml | grep -o 'bft_[A-Za-z0-9_-]*')
}
is() { [ "$(ask "$1")" = "$2" ]; }
some() { [ "$(ask "$1")" -gt 0 ]; }
all_read="SELECT count(*) FROM tweets WHERE stage > 0 AND model <> ''"
by_linear="SELECT count(*) FROM tweets WHERE model = 'linear-2'"
by_roberta="SELECT count(*) FROM tweets WHERE model = 'trained/int8'"

# said LOG: it sheds, as often as it has caught up
sheds_and_catches_up() { [ "$(grep -c 'ev=model_sheds ' "$1")" -eq "$(grep -c 'ev=model_caught_up ' "$1")" ]; }

# -- one process ------------------------------------------------------------------------------------------
ask() { sqlite3 -cmd '.timeout 5000' t.db "$1"; }
configuration sqlite:t.db memory: >cfg.yaml
check "a store is made" "$BULLFINCH" db migrate --config cfg.yaml
tokens
begin run run --no-status
run=$began
within 30 "it listens" grep -q 'ev=api ' run.log
url=$(address run)
page=$url
check "a burst of posts is brought" burst_in_parts
within 60 "each of them is read" is "$all_read" $COUNT
check "some by the linear model" some "$by_linear"
check "some by RoBERTa" some "$by_roberta"
equal "and by nobody else" "$(($(ask "$by_linear") + $(ask "$by_roberta")))" $COUNT
check "the log says that it sheds" grep -q 'level=unusual ev=model_sheds to=linear-2 waiting=[0-9]* deadline_ms=20' run.log
within 20 "and that it has caught up" sheds_and_catches_up run.log
check "with how many it shed" grep -q 'ev=model_caught_up shed=[1-9]' run.log
equal "the metric has counted them" "$(metric bullfinch_model_shed_posts_total)" "$(ask "$by_linear")"
equal "and what RoBERTa has read" "$(metric bullfinch_model_posts_total)" "$(ask "$by_roberta")"
equal "it sheds no more" "$(metric bullfinch_model_sheds)" 0
check "posts that waited were read together" test "$(metric bullfinch_model_batch_posts_count)" -lt "$(ask "$by_roberta")"
curl -sf -H "Authorization: Bearer $look" "$url/api/operations" >operations
check "the board has its line" grep -q '"posts for the model"' operations
check "and says of the model how many it shed" grep -q '"name":"model","of":"model","state":"closed"[^}]*posts left to linear-2' operations
one_by_one() { # until RoBERTa has read one of them: a machine that stands still for a moment sheds one
    before=$(ask "$by_roberta")
    last=$((last + 1))
    posts $last 1 >one
    bring one && sleep 0.3 && [ "$(ask "$by_roberta")" -gt "$before" ]
}
last=$COUNT
within 20 "then posts are read by RoBERTa again" one_by_one
stop "$run"

# -- apart: workers that share a model --------------------------------------------------------------------
with_postgresql
with_redis
ask() { ask_pg "$1"; }
configuration "$pg_url" "$redis_url" >cfg.yaml
check "a database is made" "$BULLFINCH" db migrate --config cfg.yaml
tokens
begin serve serve
within 30 "the interface listens" grep -q 'ev=api ' serve.log
url=$(address serve)
begin analyze analyze
analyze=$began
check "the burst is brought again" burst_in_parts
within 60 "each of them is read" is "$all_read" $COUNT
check "some by the linear model" some "$by_linear"
check "some by RoBERTa" some "$by_roberta"
check "the log says that it sheds" grep -q 'ev=model_sheds ' analyze.log
within 20 "and that it has caught up" sheds_and_catches_up analyze.log
last=$COUNT
within 20 "then posts are read by RoBERTa again" one_by_one
stop "$analyze"
equal "what it shed it has told" "$(sed -n 's/.*ev=model_caught_up shed=\([0-9]*\).*/\1/p' analyze.log | awk '{ n += $1 } END { print n }')" "$(ask "$by_linear")"

# -- virtual time -----------------------------------------------------------------------------------------
day() { # NAME OPTION...
    name=$1
    shift
    "$BULLFINCH" run --posts "$root/demo/posts.jsonl" --prices "$root/demo/prices" --exit-at-end --speed max \
        --set store.url="sqlite:$name.db" --set model.kind=roberta --set model.file="$SCRATCH/model" \
        --set model.deadline_ms=10 "$@" >"$name.json" 2>"$name.log"
}
check "a day in virtual time" day one
check "with other batches and more readers" day two --set model.batch=64 --set reader.workers=3
check "and one by one" day three --set model.batch=1
equal "nothing is shed" "$(sqlite3 one.db "SELECT count(*) FROM tweets WHERE model <> 'trained/int8' AND text <> ''")" 0
equal "and what is decided is the same" "$(json one.json '$.ledger_hash')" "$(json two.json '$.ledger_hash')"
equal "however they were read" "$(json one.json '$.ledger_hash')" "$(json three.json '$.ledger_hash')"
finish
