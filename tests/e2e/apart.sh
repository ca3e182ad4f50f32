#!/bin/sh
# Processes that stand apart, on a real PostgreSQL and a real Redis: ingest, analyze, trade, serve.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to_servers apart
with_postgresql
with_redis

cat >demo.yaml <<END
sources:
  - {kind: replay, name: x, path: $root/demo/posts.jsonl}
store:
  url: $pg_url
queue:
  url: $redis_url
venue:
  exchange_info: $root/demo/exchangeInfo.json
END

# -- what is read apart is what one process reads ------------------------------------------------------
check "the database is made" "$BULLFINCH" db migrate --config demo.yaml
# what is new might have lost something: whoever reads first looks for that, and finds nothing
check "there is nothing to be read" sh -c "'$BULLFINCH' analyze --exit-at-end --config demo.yaml >none.out 2>none.log"
check "posts are stored" sh -c "'$BULLFINCH' ingest --exit-at-end --config demo.yaml >ingest.out 2>ingest.log"
all=$(json ingest.out '$.posts')
check "all of them" [ "$all" -gt 300 ]
equal "and the queue has word of each" "$(json ingest.out '$.queued')" "$all"
"$BULLFINCH" analyze --exit-at-end --config demo.yaml >one.out 2>one.log &
one=$!
check "two processes read them" sh -c "'$BULLFINCH' analyze --exit-at-end --config demo.yaml >two.out 2>two.log"
wait $one
equal "each post once" "$(($(json one.out '$.posts') + $(json two.out '$.posts')))" "$all"
equal "none is left" "$(ask_pg 'SELECT count(*) FROM tweets WHERE stage = 0')" 0
"$BULLFINCH" run --config "$root/demo/bullfinch.yaml" --set store.url=sqlite:one.db --set api.listen= \
    --set "venue.exchange_info=$root/demo/exchangeInfo.json" --posts "$root/demo/posts.jsonl" \
    --prices "$root/demo/prices" --exit-at-end --no-status >run.out 2>run.log
sqlite3 one.db "SELECT id, label, printf('%.4f', sentiment_score), mentions, misses, cues, model FROM tweets WHERE text <> '' ORDER BY id" >one.txt
ask_pg "SELECT id, label, to_char(sentiment_score, 'FM990.0000'), mentions, misses, cues, model FROM tweets WHERE text <> '' ORDER BY id" >apart.txt
check "what was read of each is what one process reads" cmp one.txt apart.txt
check "and that is something" [ "$(wc -l <apart.txt)" -gt 300 ]
check "started again, nothing is left to be stored" sh -c "'$BULLFINCH' ingest --exit-at-end --config demo.yaml >again.out 2>again.log &&
    grep -q '\"posts\":0' again.out"

# -- from a post that is brought to an order ---------------------------------------------------------------
trading_exchange --price DOGEUSDT=0.5 --price BTCUSDT=50000 --price ETHUSDT=3000
ask_pg 'CREATE DATABASE trading' >/dev/null
redis-cli -p "$redis_port" flushall >/dev/null
{
    trading_config "postgresql://bullfinch@127.0.0.1:$pg_port/trading" "$redis_url"
    echo "trading: {signal_threshold: 40, max_hold_s: 100}"
} >cfg.yaml
trading() { "$bin/psql" -qtA -h 127.0.0.1 -p "$pg_port" -U bullfinch -d trading -c "$1"; }
begin() { # NAME COMMAND...: its process is $began
    name=$1
    shift
    "$BULLFINCH" "$@" --config cfg.yaml >"$name.out" 2>"$name.log" &
    began=$!
    pids="$pids $began"
}
check "another database is made" "$BULLFINCH" db migrate --config cfg.yaml
feed=$("$BULLFINCH" token create feed --role ingest --source wire --config cfg.yaml | grep -o 'bft_[A-Za-z0-9_-]*')
look=$("$BULLFINCH" token create look --role trade --config cfg.yaml | grep -o 'bft_[A-Za-z0-9_-]*')
begin serve serve
serve=$began
begin analyze1 analyze
analyze1=$began
begin analyze2 analyze
analyze2=$began
begin trade1 trade
trade1=$began
within 20 "one trader leads" grep -q 'ev=leads ' trade1.log
begin trade2 trade
trade2=$began
within 20 "another stands by" grep -q 'ev=standby ' trade2.log
within 20 "the interface listens" grep -q 'ev=api ' serve.log
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' serve.log)
bring() { # ID AUTHOR TEXT
    printf '{"id":"%s","username":"%s","text":"%s"}\n' "$1" "$2" "$3" |
        curl -sf -o brought -H "Authorization: Bearer $feed" -H 'Content-Type: application/x-ndjson' --data-binary @- "$url/api/ingest"
}
is() { [ "$(trading "$1")" = "$2" ]; }
seen() { # ROLE HEALTH STATE COUNT: so many are
    "$BULLFINCH" workers --json --role "$1" --config cfg.yaml >workers.json 2>/dev/null
    [ "$(sqlite3 :memory: "SELECT count(*) FROM json_each(CAST(readfile('workers.json') AS TEXT))
        WHERE value ->> 'health' = '$2' AND value ->> 'state' = '$3'")" = "$4" ]
}
sleep 3 # by then each coin has a price
check "a post is brought" bring p1 alice 'Just bought a huge bag of $DOGE, so happy! apples and pears'
within 10 "it is bought on" is "SELECT count(*) FROM fills WHERE leg = 'entry' AND symbol = 'DOGEUSDT'" 1
within 10 "with a stop that stands" is "SELECT count(*) FROM orders WHERE leg = 'stop' AND status IN ('open', 'pending', 'OPEN', 'PENDING')" 1
check "the interface shows the trade" sh -c "curl -sf -H 'Authorization: Bearer $look' '$url/api/trades' | grep -q DOGEUSDT"
check "a post of no coin is brought" bring p2 bob 'Walked the dog, and it rained.'
within 10 "and done with" is "SELECT stage FROM tweets WHERE source_id = 'p2'" 2

within 10 "two analyze processes wait for work" seen analyze well idle 2
within 10 "one trader stands by" seen trade well standby 1
within 10 "the interface is there" seen serve well idle 1

# -- the trader dies ------------------------------------------------------------------------------------
kill -9 "$trade1"
within 15 "the one that stood by takes over" grep -q 'ev=leads ' trade2.log
within 25 "he is seen to trade, and nobody beside him" seen trade well working 1
within 20 "the dead one is seen to be silent" seen trade silent working 1
check "another post is brought" bring p3 carol 'Just bought a lot of $ETH, what a wonderful day! cherries and plums'
within 20 "and bought on" is "SELECT count(*) FROM fills WHERE leg = 'entry' AND symbol = 'ETHUSDT'" 1
equal "nothing was bought twice" "$(trading "SELECT count(*) FROM fills WHERE leg = 'entry'")" 2

# -- the queue forgets everything -----------------------------------------------------------------------
kill "$analyze1" "$analyze2"
wait "$analyze1" "$analyze2"
check "who ended has said so" seen analyze well idle 0
check "a post is brought when nobody reads" bring p4 dave 'Selling everything, $BTC is awful, what a terrible day. grapes'
redis-cli -p "$redis_port" flushall >/dev/null
begin analyze3 analyze
analyze3=$began
within 60 "what the queue forgot is found in the store" is "SELECT stage FROM tweets WHERE source_id = 'p4'" 2

# -- a halt, and the end --------------------------------------------------------------------------------
check "a halt is given" "$BULLFINCH" halt --config cfg.yaml
equal "and holds at once" "$(trading 'SELECT mode FROM control')" halted
check "a post is brought under it" bring p5 erin 'Just bought a huge bag of $BTC, so happy! oranges'
within 20 "and refused" is "SELECT stage || ' ' || (SELECT count(*) FROM trades WHERE symbol = 'BTCUSDT') FROM tweets WHERE source_id = 'p5'" "2 0"
stop "$trade2"
stop "$analyze3"
stop "$serve"
check "the trader has said that he ended" seen trade stopped stopping 1
check "the books are in order" "$BULLFINCH" db check --config cfg.yaml
check "and the audit log is whole" "$BULLFINCH" audit verify --config cfg.yaml
check "nobody found anything broken" sh -c "! grep -l level=broken ./*.log"
finish
