#!/bin/sh
# docs/openapi.yaml: linted, and a running bullfinch held against it, by packages that npm has and
# the scripts in tests/openapi; then random requests made from it (OPENAPI_REQUESTS, 10,000, by
# OPENAPI_SEED, else another one each time), which neither break the server nor disturb the trader.
. "$(dirname "$0")/lib/cases.sh"

root=$PWD
case $BULLFINCH in
/*) ;;
*) BULLFINCH=$PWD/$BULLFINCH ;;
esac
modules=$PWD/build/openapi
want=$(cat tests/openapi/package.json tests/openapi/package-lock.json | cksum)
seed=${OPENAPI_SEED:-$(date +%s)}
requests=${OPENAPI_REQUESTS:-10000}
pids=
trap 'for p in $pids; do kill "$p" 2>/dev/null; done' EXIT
trap 'exit 1' INT TERM

install_modules() {
    [ "$(cat "$modules/installed" 2>/dev/null)" = "$want" ] && return
    mkdir -p "$modules"
    rm -rf "$modules/node_modules" "$modules/installed"
    cp tests/openapi/package.json tests/openapi/package-lock.json tests/openapi/.npmrc "$modules/"
    (cd "$modules" && npm ci --ignore-scripts --prefer-offline --cache "$modules/cache" --loglevel=error) ||
        return 1
    echo "$want" >"$modules/installed"
}

cases_of() { # NAME LOG: takes over the cases that a script of Node's printed
    grep -E '^(ok|not ok) ' "$2"
    failures=$((failures + $(grep -c '^not ok ' "$2")))
    grep -q '^ok ' "$2" || not_ok "$1" "$(tail -n 3 "$2" | tr '\n' ' ')"
}

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

mkdir -p "$SCRATCH/openapi"
cd "$SCRATCH/openapi" || exit 1
umask 077
"$BULLFINCH" sim --listen 127.0.0.1:0 --price DOGEUSDT=0.5 --price BTCUSDT=50000 >sim.out 2>sim.log &
sim_pid=$!
pids=$sim_pid
within 20 "the simulated exchange listens" grep -q listening sim.out
host=$(sed -n 's|^listening on http://||p' sim.out | head -n 1)
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
END_OF_CONFIG
bf() { "$BULLFINCH" "$@" --config cfg.yaml; }
bf db migrate >/dev/null
for role in read trade admin; do eval "$role=$(bf token create "t-$role" --role $role)"; done
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

run_script() { # NAME ARGUMENT...
    name=$1
    shift
    NODE_PATH=$modules/node_modules NO_PROXY='*' timeout 900 node "$root/tests/openapi/$name.js" "$root/docs/openapi.yaml" \
        "$url" "$@"
}
run_script answers "$admin" >answers.log 2>&1
cases_of "each answer is as described" answers.log

# -- random requests ----------------------------------------------------------------------------------
turn=$(sqlite3 t.db "SELECT at FROM account")
run_script random "$seed" "$requests" read="$read" trade="$trade" admin="$admin" ingest="$feed" >random.log 2>&1
status=$?
head -n 3 random.log
equal "$requests random requests (seed $seed): all answered as described, none by a failure" $status 0
[ $status -eq 0 ] || sed -n '4,60p' random.log | cut -c 1-600
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
kill $run_pid
wait $run_pid
equal "it ends in good order" $? 0
kill $sim_pid
wait $sim_pid 2>/dev/null
finish
