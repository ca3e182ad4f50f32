#!/bin/sh
# Other people's clients of Binance and of X, as npm has them, against `bullfinch sim`:
# tests/conformance.
#
# Each script there is one client, and trades on an account of its own. Packages are installed once
# for each package-lock.json, below build/, from npm's cache or its registry.
ours=
[ -n "${SCRATCH-}" ] || ours=yes
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/modules.sh

clients="raw streams binance-spot binance node-binance-api binance-api-node connector ccxt ccxt-pro"
modules_of conformance

key_of() { printf 'key%061d' "$1"; }
secret_of() { printf 'secret%058d' "$1"; }

# Starts an exchange and waits until it listens; url and pid are its.
exchange() { # NAME OPTION...
    out=$SCRATCH/$1.out
    err=$SCRATCH/$1.log
    shift
    : >"$out" # what it may hold from an earlier run says nothing
    "$BULLFINCH" sim --listen 127.0.0.1:0 --seed 7 --price BTCUSDT=50000 "$@" >"$out" 2>"$err" &
    pid=$!
    pids="$pids $pid"
    tries=0
    while ! grep -q '^listening on ' "$out" && kill -0 $pid 2>/dev/null && [ $tries -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    url=$(sed -n 's/^listening on //p' "$out")
    [ -n "$url" ] || not_ok "the exchange listens" "$(tail -n 3 "$err" | tr '\n' ' ')"
}

run_client() { # NAME ACCOUNT
    log=$SCRATCH/$1.client
    SIM_URL=$url SIM_KEY=$(key_of "$2") SIM_SECRET=$(secret_of "$2") NODE_PATH=$modules/node_modules \
        NO_PROXY='*' timeout 120 node "tests/conformance/$1.js" >"$log" 2>&1
    status=$?
    grep -E '^(ok|not ok) ' "$log"
    failed=$(grep -c '^not ok ' "$log")
    failures=$((failures + failed))
    if ! grep -q '^ok ' "$log" || { [ $status -ne 0 ] && [ "$failed" -eq 0 ]; }; then
        not_ok "$1" "status $status: $(tail -n 3 "$log" | tr '\n' ' ')"
    fi
}

stop() { # PID NAME
    kill "$1"
    wait "$1"
    equal "$2 ends in order" $? 0
}

pids=
trap 'kill $pids 2>/dev/null; [ -z "$ours" ] || rm -rf "$SCRATCH"' EXIT
check "the clients are installed" install_modules
[ "$failures" -eq 0 ] || exit 1

accounts=
i=0
for client in $clients; do
    i=$((i + 1))
    accounts="$accounts --account $(key_of $i):$(secret_of $i)"
done
# shellcheck disable=SC2086 # one word an option
exchange sim --fee 0.1 --orders-10s 100000 --weight-limit 1000000 $accounts
if [ -n "$url" ]; then
    i=0
    for client in $clients; do
        i=$((i + 1))
        run_client "$client" $i
    done
    stop $pid "the exchange"
fi
exchange limits --orders-1d 3 --weight-limit 300 --account "$(key_of 1):$(secret_of 1)"
if [ -n "$url" ]; then
    run_client limits 1
    stop $pid "the exchange with small limits"
fi
exchange x --posts demo/posts.jsonl --posts-history 30d --x-token "$(key_of 1)"
if [ -n "$url" ]; then
    run_client twitter-api-v2 1
    stop $pid "X"
fi
cat >"$SCRATCH/x-limits.json" <<'END'
{"rules": [{"path": "/2/usage/tweets", "nth": 1, "fault": "html_503"},
           {"path": "/2/usage/tweets", "nth": 2, "fault": "truncate"},
           {"path": "/2/usage/tweets", "nth": 3, "fault": "close_before"},
           {"path": "/2/usage/tweets", "nth": 4, "fault": "rate_429", "amount": 60},
           {"path": "/2/usage/tweets", "nth": 5, "fault": "x_usage_cap"},
           {"path": "/2/usage/tweets", "nth": 6, "fault": "x_connections"},
           {"path": "/2/usage/tweets", "nth": 7, "fault": "x_spend_cap"},
           {"path": "/2/usage/tweets", "nth": 8, "fault": "x_forbidden"},
           {"path": "/2/usage/tweets", "nth": 9, "fault": "x_unauthorized"}]}
END
exchange x-limits --x-token "$(key_of 1)" --x-limit search=3 --x-credits 0.03 --faults "$SCRATCH/x-limits.json"
if [ -n "$url" ]; then
    run_client twitter-limits 1
    stop $pid "X with small limits"
fi
finish
