#!/bin/sh
# Dead letters: their tries, many at once, an alert when they become many, and that a post that is tried
# again is never traded, however fresh it is, while a trader runs on the same store.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh


go_to letters
bf() { "$BULLFINCH" "$@" --config cfg.yaml; }
sql() { sqlite3 -cmd '.timeout 5000' t.db "$1"; }
trading_exchange --price DOGEUSDT=0.5
{
    trading_config sqlite:t.db
    echo "trading: {signal_threshold: 40}"
    echo "run: {dead_letters_an_hour: 3}"
} >cfg.yaml

fails() { # NAME STATUS TEXT COMMAND...: fails so, and says that
    what=$1 want=$2 text=$3
    shift 3
    "$@" >/dev/null 2>said
    got=$?
    if [ $got -eq "$want" ] && grep -q -- "$text" said; then
        ok "$what"
    else
        not_ok "$what" "status $got: $(tail -n 2 said | tr '\n' ' ')"
    fi
}
begin() { # NAME OPTION...: a run; its process is $pid, its address $url
    log=$1.log
    shift
    "$BULLFINCH" run --no-status --config cfg.yaml "$@" >out 2>"$log" &
    pid=$!
    pids="$pids $pid"
    within 20 "$log says where it listens" grep -q "ev=api " "$log"
    url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' "$log")
}

# -- five lines that are no posts, and a good one that nobody could read -------------------------------
begin first
letter() { # SOURCE PAYLOAD: a dead letter of this moment
    sql "INSERT INTO dead_letters (source, kind, payload, error, attempts, first_at, last_at, came_at, history)
        SELECT '$1', 'post', '$2', 'no text', 1, now, now, now, json_array(json_object('at',
            strftime('%Y-%m-%dT%H:%M:%fZ'), 'who', 'run', 'error', 'no text'))
        FROM (SELECT CAST(strftime('%s') AS INTEGER) * 1000000 AS now)"
}
for i in 1 2 3; do letter x "{\"id\":\"$i\"}"; done
letter bluesky '{'
letter bluesky '['
letter x "{\"id\":\"77\",\"text\":\"Just bought a huge bag of \$DOGE, so happy!\",\"created_at\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\",\"author_id\":\"5\",\"username\":\"carol\"}"
stop "$pid"

feed=$(bf token create feed --role ingest --source wire | grep -o 'bft_[A-Za-z0-9_-]*')
desk=$(bf token create desk --role trade | grep -o 'bft_[A-Za-z0-9_-]*')
http() { # TARGET OPTION...
    target=$1
    shift
    curl -sf -H "Authorization: Bearer $desk" -H 'Content-Type: application/json' "$@" "$url$target"
}

# -- looking --------------------------------------------------------------------------------------------
count() { # OPTION...: how many dlq list has
    bf dlq list --json "$@" >list.json && sqlite3 :memory: "SELECT count(*) FROM json_each(CAST(readfile('list.json') AS TEXT))"
}
equal "all are listed" "$(count)" 6
equal "or those of a source" "$(count --source bluesky)" 2
equal "of a kind" "$(count --kind job)" 0
equal "or with a status" "$(count --status dropped)" 0
equal "the list has the history" "$(bf dlq list --json --limit 1 | grep -o '"who":"run","error":"no text"}\]')" \
    '"who":"run","error":"no text"}]'
fails "a status that is none" 2 "there are dead, retried and dropped" bf dlq list --status alive
check "one is shown with its tries" sh -c "\"$BULLFINCH\" dlq show 1 --config cfg.yaml | grep -q '^tries .*  run  no text'"

# -- many are told once -----------------------------------------------------------------------------------
begin second
within 20 "many within an hour are told" grep -q 'ev=dead_letters_growing last_hour=6 most=3' second.log
check "it is an alert" sh -c "\"$BULLFINCH\" show alerts --config cfg.yaml | grep -q 'dead_letters .*growing'"
check "of that state" sh -c "\"$BULLFINCH\" show alerts --status growing --config cfg.yaml | grep -q growing"
equal "and a metric" "$(http /metrics | grep '^bullfinch_dead_letters ')" "bullfinch_dead_letters 6"

# -- tried again, while a trader runs --------------------------------------------------------------------
curl -sf -H "Authorization: Bearer $feed" -H 'Content-Type: application/x-ndjson' "$url/api/ingest" --data-binary \
    '{"id":"9","text":"Walked the dog today","username":"dave"}' >brought
within 20 "the trader takes posts" sh -c "[ \"\$(sqlite3 t.db 'SELECT count(*) FROM tweets')\" = 1 ]"
fails "the broken one is broken still" 1 "still no post" bf dlq retry 1
equal "with one try more" "$(sql "SELECT json_array_length(history) FROM dead_letters WHERE id = 1")" 2
check "the fresh one is a post now" bf dlq retry 6
equal "read, and too late" "$(sql "SELECT outcome || ' ' || label || ' ' || stage FROM tweets WHERE author = 'carol'")" "STALE positive 2"
sleep 3 # a trader decides within milliseconds
equal "nobody traded on it" "$(sql "SELECT (SELECT count(*) FROM signals) + (SELECT count(*) FROM intents) + (SELECT count(*) FROM orders)")" 0
equal "nor will the next start" "$(sql "SELECT count(*) FROM commands WHERE status = 'pending'")" 0

# -- many at once ---------------------------------------------------------------------------------------
fails "an id or all" 2 "give an id" bf dlq drop
fails "not both" 2 "not both" bf dlq drop 1 --all
fails "filters go with all" 2 "go with --all" bf dlq retry 1 --kind post
equal "a dry run counts" "$(bf dlq retry --all --source x --dry-run)" "3 dead letters would be retried."
equal "and changes nothing" "$(count --status dead)" 5
equal "retried by source" "$(bf dlq retry --all --source x --json)" '{"found":3,"done":0,"failed":3,"dry_run":false}'
equal "with one try more each" "$(sql "SELECT group_concat(json_array_length(history), ' ') FROM dead_letters WHERE source = 'x' AND status = 'dead'")" "3 2 2"
http /api/dead_letters/drop_all -d '{"source":"bluesky","dry_run":true}' >told.json
equal "over HTTP, too" "$(json told.json '$.found') $(json told.json '$.done')" "2 0"
http /api/dead_letters/drop_all -d '{"source":"bluesky"}' >told.json
equal "dropped by source" "$(json told.json '$.found') $(json told.json '$.done')" "2 2"
http /api/dead_letters/retry_all -X POST >told.json
equal "and retried" "$(json told.json '$.found') $(json told.json '$.done') $(json told.json '$.failed')" "3 0 3"
http "/api/dead_letters?kind=post&source=x&status=dead" >page.json
equal "the page has their tries" "$(json page.json '$.dead_letters[0].history[2].who')" api:desk
equal "the rest is dropped" "$(bf dlq drop --all)" "3 dead letters: 3 dropped, 0 could not be."
equal "none is left" "$(bf dlq drop --all --json)" '{"found":0,"done":0,"failed":0,"dry_run":false}'
stop "$pid"

# -- told once, and once when it is over -------------------------------------------------------------------
begin third
within 20 "the third is up" grep -q 'ev=' third.log
sleep 2
check "it is not told again" sh -c "! grep -q dead_letters_growing third.log"
stop "$pid"
begin fourth --set run.dead_letters_an_hour=100
within 20 "it is told that it is over" grep -q 'ev=dead_letters_calm last_hour=6' fourth.log
equal "in the alerts, too" "$(sql "SELECT group_concat(state, ' ') FROM alerts WHERE source = 'dead_letters'")" "growing calm"
stop "$pid"

# -- no more than there is room for -------------------------------------------------------------------------
awk 'BEGIN {for (i = 0; i < 6000; i++) printf "{\"id\":\"%d\",\"junk\":\"%0300d\"}\n", i, i;
    print "{\"id\":\"900\",\"text\":\"Walked the dog\",\"created_at\":\"2026-01-01T00:00:00Z\",\"username\":\"ann\"}"}' >junk.jsonl
check "six thousand lines that are no posts" sh -c "'$BULLFINCH' run --no-status --exit-at-end --posts junk.jsonl --prices '$root/demo/prices' \
    --set store.url=sqlite:flood.db --set run.dead_letters_mb=1 >flood.json 2>flood.log"
equal "each is counted" "$(json flood.json '$.source.malformed')" 6000
kept=$(sqlite3 flood.db 'SELECT count(*) FROM dead_letters')
check "a megabyte of them is kept" [ "$(sqlite3 flood.db 'SELECT sum(length(payload) + length(error) + length(history)) < 1200000 FROM dead_letters')" = 1 ]
check "which is something" [ "$kept" -gt 1000 ]
equal "the newest" "$(sqlite3 flood.db 'SELECT payload FROM dead_letters ORDER BY id DESC LIMIT 1' | cut -c 1-13)" '{"id":"5999",'
check "the log says so" grep -q 'ev=dead_letters_dropped oldest=' flood.log
equal "and the list how many went" "$("$BULLFINCH" dlq list --limit 1 --set store.url=sqlite:flood.db | tail -n 1)" \
    "$((6000 - kept)) older ones made room for others (run.dead_letters_mb)."

check "the books are in order" bf db check
check "and the audit log is whole" bf audit verify
finish
