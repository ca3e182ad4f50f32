#!/bin/sh
# A trader whose clock is off by seconds: he goes on, and says so, once; and once more when it is right.
. "$(dirname "$0")/../e2e/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to_servers slow_clock
with_postgresql
with_redis
exchange --price DOGEUSDT=0.5
clock=$(ls "$(dirname "$BULLFINCH")"/tests/chaos/*chaos_clock.so)
set_clock() { # SECONDS: the trader's, ahead of everybody's
    node -e 'const b = Buffer.alloc(8); b.writeBigInt64LE(BigInt(process.argv[1]) * 1000000n);
        require("fs").writeFileSync("clock", b, {flag: "r+"});' "$1"
}
head -c 8 /dev/zero >clock
cat >cfg.yaml <<END
sources:
  - {kind: push, name: wire}
venue: {stream_url: "ws://$host", rest_url: "http://$host", ws_api_url: "ws://$host/ws-api/v3"}
market: {kind: venue}
store: {url: "$pg_url"}
queue: {url: "$redis_url"}
api: {listen: "127.0.0.1:0"}
END
bf() { "$BULLFINCH" "$@" --config cfg.yaml; }
bf db migrate >/dev/null
"$BULLFINCH" serve --config cfg.yaml >serve.out 2>serve.log &
pids="$pids $!"
CHAOS_CLOCK=$PWD/clock LD_PRELOAD=$clock "$BULLFINCH" trade --config cfg.yaml >trade.out 2>trade.log &
trade=$!
pids="$pids $trade"
within 20 "a trader leads" grep -q 'ev=leads ' trade.log
within 20 "the interface listens" grep -q 'ev=api ' serve.log
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' serve.log)
healthy() { curl -s "$url/health" | grep -q "\"clock\":$1"; }
within 20 "his clock is right" healthy true
check "nothing is told of it" sh -c '! grep -q ev=clock_ trade.log'

set_clock 20
within 30 "a clock that is ahead is told" grep -q 'ev=clock_off ahead_ms=\(19\|20\)' trade.log
within 20 "the interface is not well" healthy false
check "it is an alert" sh -c "'$BULLFINCH' show alerts --config cfg.yaml | grep -q 'clock .*off'"
set_clock -20
within 30 "behind is no better" sh -c "grep -q . trade.log && curl -s '$url/health' | grep -q '\"clock\":false'"
set_clock 0
within 30 "it is told that it is right" grep -q 'ev=clock_right' trade.log
within 20 "and seen" healthy true
equal "each was told once" "$(grep -c 'ev=clock_off' trade.log) $(grep -c 'ev=clock_right' trade.log)" "1 1"
equal "in the alerts, too" "$(ask_pg "SELECT string_agg(state, ' ' ORDER BY id) FROM alerts WHERE source = 'clock'")" "off right"
CHAOS_CLOCK=$PWD/clock LD_PRELOAD=$clock "$BULLFINCH" doctor --config cfg.yaml >doctor.out 2>&1
check "doctor finds the clock right" grep -q '^ok .*its clock is' doctor.out
set_clock 20
CHAOS_CLOCK=$PWD/clock LD_PRELOAD=$clock "$BULLFINCH" doctor --config cfg.yaml >doctor.out 2>&1
check "and one that is not" grep -q '^warn .*its clock is .* refuse most posts' doctor.out
stop "$trade"
check "nobody found anything broken" sh -c "! grep -l level=broken ./*.log"
finish
