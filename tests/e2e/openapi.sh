#!/bin/sh
# docs/openapi.yaml: linted, and a running bullfinch held against it, by packages that npm has and
# the scripts in tests/openapi; then random requests made from it and from what was answered before
# (OPENAPI_REQUESTS, 10,000, by OPENAPI_SEED, else another one each time), which neither break the
# server nor disturb the trader.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh
. tests/e2e/lib/modules.sh

seed=${OPENAPI_SEED:-$(date +%s)}
requests=${OPENAPI_REQUESTS:-10000}

modules_of openapi
check "the linter and its like are installed" install_modules
[ "$failures" -eq 0 ] || exit 1
lint() {
    REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true "$modules/node_modules/.bin/redocly" lint \
        --config tests/openapi/redocly.yaml --max-problems 20 docs/openapi.yaml
}
lint >"$SCRATCH/lint.log" 2>&1
equal "the description passes the linter" $? 0
equal "and without a warning" "$(grep -cE 'Warning was generated|Error was generated' "$SCRATCH/lint.log")" 0
grep -E -B8 '(Warning|Error) was generated' "$SCRATCH/lint.log"

go_to openapi
# A dashboard of its own: the program may have been built without one.
mkdir web
for page in index trade posts risk 404; do echo "<!doctype html><title>$page</title><p>A page of the tests." >web/$page.html; done
echo '<svg xmlns="http://www.w3.org/2000/svg"/>' >web/icon.svg
BULLFINCH_API__WEB_DIR=$PWD/web
export BULLFINCH_API__WEB_DIR
exchange --price DOGEUSDT=0.5 --price BTCUSDT=50000 \
    --price ETHUSDT=2500 --price SOLUSDT=100 --price XRPUSDT=0.8 --price ADAUSDT=0.6 --price LTCUSDT=80 --price LINKUSDT=12
cat >cfg.yaml <<END_OF_CONFIG
sources:
  - {kind: push, name: wire}
venue:
  rest_url: http://$host
  ws_api_url: ws://$host/ws-api/v3
  stream_url: ws://$host
market:
  kind: venue
store:
  url: sqlite:t.db
api:
  listen: 127.0.0.1:0
  rate_limit: 0
judge:
  author_weights:
    alice: 1
trading:
  max_open_positions: 64
  leverage: 20
  cooldown_symbol_s: 0
  cooldown_author_s: 0
  author_trades_per_day: 1000
END_OF_CONFIG
bf() { "$BULLFINCH" "$@" --config cfg.yaml; }
bf db migrate >/dev/null
read=$(bf token create t-read --role read)
trade=$(bf token create t-trade --role trade)
admin=$(bf token create t-admin --role admin)
feed=$(bf token create t-ingest --role ingest --source wire)
"$BULLFINCH" run --config cfg.yaml --no-status >run.out 2>run.log &
run_pid=$!
pids="$pids $run_pid"
within 20 "the run says where it listens" grep -q "ev=api " run.log
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' run.log)
healthy() { curl -sf "$url/health"; }
within 20 "it is healthy" healthy

# something of each kind to be shown
post() { # ID TEXT
    curl -sf -H "Authorization: Bearer $feed" -H 'Content-Type: application/json' "$url/api/ingest" \
        -d "{\"id\":\"$1\",\"username\":\"alice\",\"author_id\":\"7\",\"created_at\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\",\"text\":\"$2\"}"
}
check "a post" post t1 "I just bought \$DOGE. Dogecoin is going to the moon, very bullish"
check "and another" post t2 "Good morning"
rows() { [ "$(sqlite3 t.db "SELECT count(*) FROM $1")" -ge "$2" ]; }
within 20 "give a signal" rows signals 1
within 20 "and a trade" rows trades 1

run_script() { # NAME ARGUMENT...
    name=$1
    shift
    NODE_PATH=$modules/node_modules NO_PROXY='*' timeout 900 node "$root/tests/openapi/$name.js" "$root/docs/openapi.yaml" \
        "$url" "$@"
}
run_script answers "$admin" >answers.log 2>&1
cases_of "each answer is as described" answers.log

# -- random requests ----------------------------------------------------------------------------------
# every second letter is a post when it is tried again
sqlite3 t.db "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
    INSERT INTO dead_letters (source, kind, payload, error, attempts, first_at, last_at) SELECT 'wire', 'post',
        CASE i % 2 WHEN 0 THEN '{' ELSE json_object('id', CAST(880000000000 + i AS TEXT), 'text', 'it was a post',
            'author_id', '7', 'created_at', '2024-05-01T12:00:00Z') END, 'was cut', 1, i, i FROM n"
turn=$(sqlite3 t.db "SELECT at FROM account")
open_files() { find /proc/$run_pid/fd -mindepth 1 | wc -l; }
files=$(open_files)
run_script random "$seed" "$requests" read="$read" trade="$trade" admin="$admin" ingest="$feed" >random.log 2>&1
cases_of "random requests" random.log
grep '^#' random.log | cut -c 1-700
check "the run lives" kill -0 $run_pid
within 20 "and is healthy" healthy
bf resume --mode auto >/dev/null 2>&1
turned() { [ "$(sqlite3 t.db "SELECT at FROM account")" -gt "$turn" ]; }
within 20 "its trader takes its turns" turned
within 20 "and answers commands" sh -c "[ \"\$(sqlite3 t.db \"SELECT count(*) FROM commands WHERE status = 'pending'\")\" -eq 0 ]"
check "posts still come in" post t3 "Good evening"
within 20 "and are read" sh -c "[ \"\$(sqlite3 t.db \"SELECT processed FROM tweets WHERE source_id = 't3'\")\" = 1 ]"
check "the audit log is whole" bf audit verify
check "and the store sound" bf db check
equal "no line of the log is an alarm" "$(grep -c 'level=broken' run.log)" 0
equal "no token is in the log" "$(grep -c 'bft_' run.log)" 0
is_back() { [ "$(open_files)" -le "$files" ]; }
within 40 "no file and no connection is left open" is_back
check "posts were traded meanwhile" rows trades 5
kill $run_pid
wait $run_pid
equal "it ends in good order, and under a sanitizer without a leak" $? 0

# -- where there is no trader, no room, or a limit ------------------------------------------------------
serve() { # NAME OPTION...: its address in $url
    log=$1.log
    shift
    "$BULLFINCH" serve --config cfg.yaml "$@" >out 2>"$log" &
    serve_pid=$!
    pids="$pids $serve_pid"
    within 20 "a server without a trader listens" grep -q "ev=api " "$log"
    url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' "$log")
}
serve limited --set api.rate_limit=1
limited=$url limited_pid=$serve_pid
serve crowded
run_script crowded "$limited" read="$read" trade="$trade" admin="$admin" ingest="$feed" >crowded.log 2>&1
cases_of "a crowd" crowded.log
grep '^#' crowded.log | cut -c 1-700
for p in $serve_pid $limited_pid; do
    kill "$p"
    wait "$p"
    equal "it ends in good order" $? 0
done
check "the audit log is whole" bf audit verify
stop "$sim_pid"

# -- who only reads leaves no trace in a replay ---------------------------------------------------------
cd "$root" || exit 1
replay() { # NAME OPTION...: the demo's day
    day=$SCRATCH/$1
    shift
    "$BULLFINCH" run --config demo/bullfinch.yaml --exit-at-end --set store.url="sqlite:$day.db" "$@" \
        >"$day.json" 2>"$day.log"
}
check "a replay that nobody looks at" replay alone --speed max
reader=$("$BULLFINCH" token create reader --role read --set store.url="sqlite:$SCRATCH/watched.db")
replay watched --speed 7200 --no-status --set api.listen=127.0.0.1:0 --set api.rate_limit=0 &
replay_pid=$!
pids="$pids $replay_pid"
within 20 "a replay that many look at" grep -q "ev=api " "$SCRATCH/watched.log"
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' "$SCRATCH/watched.log")
run_script reads "$seed" "$reader" >"$SCRATCH/reads.log" 2>&1
cases_of "requests that read" "$SCRATCH/reads.log"
grep '^#' "$SCRATCH/reads.log" | cut -c 1-700
wait $replay_pid
equal "comes to its end" $? 0
check "with trades" test "$(json "$SCRATCH/watched.json" '$.trades')" -gt 0
equal "and the same ledger" "$(json "$SCRATCH/watched.json" '$.ledger_hash')" "$(json "$SCRATCH/alone.json" '$.ledger_hash')"
finish
