#!/bin/sh
# A database that hangs, and one that goes and comes back: /health and `bullfinch health` say so in time, nobody
# takes a slow answer for a wrong clock, and each says when all is well again, and when it ends.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to_servers hangs
with_postgresql
with_redis
exchange --price DOGEUSDT=0.5
cat >cfg.yaml <<END_OF_FILE
sources:
  - {kind: push, name: wire}
venue: {stream_url: "ws://$host", rest_url: "http://$host", ws_api_url: "ws://$host/ws-api/v3"}
market: {kind: venue}
store: {url: "$pg_url"}
queue: {url: "$redis_url"}
api: {listen: "127.0.0.1:0"}
metrics: {listen: "127.0.0.1:0"}
END_OF_FILE

# -- two make the tables at once ------------------------------------------------------------------------
"$BULLFINCH" db migrate --config cfg.yaml >made.1 2>&1 &
one=$!
"$BULLFINCH" db migrate --config cfg.yaml >made.2 2>&1
wait "$one"
equal "of two that make the tables one has" "$(cat made.1 made.2 | grep -c 'went from version 0 to')" 1
equal "and the other found them" "$(cat made.1 made.2 | grep -c 'is at version .* as it should be')" 1

begin() { # COMMAND: its process is $began
    "$BULLFINCH" "$1" --config cfg.yaml >"$1.out" 2>"$1.log" &
    began=$!
    pids="$pids $began"
}
begin serve
serve=$began
begin analyze
analyze=$began
begin trade
trade=$began
within 20 "a trader leads" grep -q 'ev=leads ' trade.log
within 20 "the interface listens" grep -q 'ev=api ' serve.log
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' serve.log)
health() { curl -s -m 5 "$url/health" | grep -q "$1"; }
within 20 "all is well" health '"status":"healthy".*"mode":"auto"'
within 20 "the trader is well" "$BULLFINCH" health --role trade --config cfg.yaml
measured() { # ROLE WHAT: at its metrics' address, status and answer
    curl -s -m 5 -w '%{http_code}' "$(sed -n 's/.*ev=metrics .*url=\([^ ]*\).*/\1/p' "$1.log" | head -n 1)/$2" | tr '\n' ' '
}
told() { measured "$1" "$2" | grep -q "$3"; }
within 20 "who reads is well" told analyze health '"database":true.*200$'

# -- it hangs -------------------------------------------------------------------------------------------
# shellcheck disable=SC2046 # one word a process
kill -STOP "$pg_pid" $(pgrep -P "$pg_pid")
within 30 "the interface says that it does not answer" health '"status":"unhealthy","checks":{"database":false.*"check":"database","why":"the store has not answered for'
check "who asks for the trader gets an answer in time" sh -c "
    timeout 30 '$BULLFINCH' health --role trade --config cfg.yaml >asked.out 2>asked.log
    [ \$? -eq 1 ] && grep -q 'has not answered for 4 s' asked.log"
for role in analyze trade; do
    within 30 "$role says so where it is measured" told $role health '"database":false.*503$'
    check "and in its metrics" told $role metrics 'bullfinch_store_up 0'
done
sleep 12 # so long that half of it is more than a clock may be off
# shellcheck disable=SC2046
kill -CONT "$pg_pid" $(pgrep -P "$pg_pid")
within 30 "it goes on" health '"database":true'
within 30 "all is well again" health '"status":"healthy"'
for role in analyze trade; do within 30 "$role says so, too" told $role health '"database":true.*200$'; done
within 30 "the trader, too" "$BULLFINCH" health --role trade --config cfg.yaml
check "nobody took a slow answer for a wrong clock" sh -c '! grep -q ev=clock_ trade.log'

# -- it goes, and comes back ------------------------------------------------------------------------------
kill -INT "$pg_pid"
until ! kill -0 "$pg_pid" 2>/dev/null; do sleep 0.1; done
within 30 "the interface says that it went" grep -q 'ev=api_store ' serve.log
within 30 "and who reads" grep -Eq 'ev=(settings|sweep_failed) ' analyze.log
start_pg_again || exit 1
within 30 "the interface says that it is back" grep -q 'ev=api_store_back ' serve.log
within 30 "and who reads, that it goes on" grep -Eq 'ev=(settings_back|sweep_goes_on) ' analyze.log
within 30 "the trader leads again" health '"status":"healthy"'

# -- a halt, and the end ----------------------------------------------------------------------------------
check "a halt is given" "$BULLFINCH" halt --config cfg.yaml
within 20 "it is seen, and no ill health" health '"status":"healthy".*"mode":"halted"'
stop "$trade"
stop "$analyze"
stop "$serve"
equal "each says that it was asked to end" "$(cat trade.log analyze.log serve.log | grep -c 'ev=stopping why=SIGTERM')" 3
check "nobody found anything broken" sh -c "! grep -l level=broken ./*.log"
finish
