#!/bin/sh
# A run that orders: bullfinch sim is the test network, bullfinch run trades on it, and what it may
# not connect to, or may not tell, it does not.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

OTHER_KEY=KeyOfAnotherAccount00000000000000000000000000000000000000000000000
OTHER_SECRET=SecretOfAnotherAccount0000000000000000000000000000000000000000

go_to t
trading_exchange \
    --account "$OTHER_KEY:$OTHER_SECRET:USDT=500" \
    --price DOGEUSDT=0.5
url=http://$host

trading_venue >cfg.yaml
cat >>cfg.yaml <<END
store:
  url: sqlite:t.db
trading:
  signal_threshold: 40
  max_hold_s: 2
judge:
  author_weights:
    elonmusk: 1
END
post() { # ID TIME TEXT
    printf '{"id":"%s","edit_history_tweet_ids":["%s"],"created_at":"%s","author_id":"44196397",' \
        "$1" "$1" "$2"
    printf '"username":"elonmusk","lang":"en","text":"%s"}\n' "$3"
}
{
    post 1846987143274496000 2024-10-17T18:54:30.000Z "Good morning"
    post 1846987160051712000 2024-10-17T18:54:34.000Z \
        "I just bought \$DOGE. Dogecoin is going to the moon, very bullish"
} >posts.jsonl

# -- a trade ------------------------------------------------------------------------------------------

run() { "$BULLFINCH" run --config cfg.yaml --posts posts.jsonl --rebase "$@"; }

check "doctor finds nothing bad" "$BULLFINCH" doctor --config cfg.yaml --posts posts.jsonl
run --exit-at-end >run.json 2>run.log
equal "the run ends well" $? 0
equal "one post became a trade" "$(json run.json '$.trades')" 1
equal "its position was sold again" \
    "$("$BULLFINCH" show positions --config cfg.yaml --json | tr -d ' \n')" "[]"
check "the account began with what the exchange held" \
    grep -q '"equity": *"\(9999\|10000\)' run.json
check "and says so in its ledger, as a snapshot told it" sh -c \
    "'$BULLFINCH' show ledger --config cfg.yaml | grep -q ' balance 10000$'"
check "the user data stream ran" grep -q 'ev=stream_subscribed' run.log

"$BULLFINCH" run --config cfg.yaml --posts posts.jsonl --exit-at-end --set venue.kind=paper \
    --set market.kind=auto --prices "$OLDPWD/demo/prices" >paper.out 2>&1
equal "its store is not taken for paper" $? 1
check "and it is told why" grep -q 'give store.url another name' paper.out

OTHER_KEY=$OTHER_KEY OTHER_SECRET=$OTHER_SECRET "$BULLFINCH" run --config cfg.yaml \
    --posts posts.jsonl --exit-at-end --set venue.key_file= --set venue.secret_file= \
    --set venue.key_env=OTHER_KEY --set venue.secret_env=OTHER_SECRET >other.out 2>&1
equal "its store is not taken for another account of the network" $? 1
check "and both accounts are told" grep -q 'holds the account with the uid' other.out
run --exit-at-end >again.json 2>again.log
equal "its own keys are taken again" $? 0

# -- what it does not do --------------------------------------------------------------------------------

refused() { # NAME KEY=VALUE
    run --set "$2" >refused.out 2>&1
    status=$?
    if [ $status -eq 3 ] && grep -q "only .* and this machine are allowed" refused.out; then
        ok "$1"
    else
        not_ok "$1" "status $status: $(tail -n 1 refused.out)"
    fi
}
refused "the real exchange is refused" venue.rest_url=https://api.binance.com
refused "its WebSocket API is refused" venue.ws_api_url=wss://ws-api.binance.com:9443/ws-api/v3
refused "its streams are refused" venue.stream_url=wss://stream.binance.com:9443
refused "a name that looks like it is refused" venue.rest_url=https://testnet.binance.vision.example
refused "plain text to elsewhere is refused" venue.rest_url=http://testnet.binance.vision

refused "another name with its port is refused" venue.rest_url=https://api.binance.com:443
for url in https://joe:hunter2@testnet.binance.vision https://joe@testnet.binance.vision \
    'https://testnet.binance.vision/#x' 'https://testnet.binance.vision\x' \
    HTTPS://testnet.binance.vision; do
    run --set "venue.rest_url=$url" >form.out 2>&1
    equal "$url is refused" $? 3
    check "without telling a password" sh -c "! grep -q hunter2 form.out"
    "$BULLFINCH" doctor --config cfg.yaml --set "venue.rest_url=$url" >form.out 2>&1
    equal "and by doctor" $? 3
done
check "capitals are told" grep -q 'small letters' form.out

mkfifo pipe
for what in pipe .; do
    run --set "venue.key_file=$what" >kind.out 2>&1
    equal "$what is no key file" $? 1
    check "and it is told at once" grep -q 'is no file' kind.out
done
run --set "venue.key_file=$KEY" >given.out 2>&1
equal "a key on the command line is refused" $? 1
check "and is not repeated" sh -c "! grep -q '$KEY' given.out"
chmod 644 secret
run >open.out 2>&1
equal "a secret that others can read is refused" $? 3
chmod 600 secret
run --speed 60 >speed.out 2>&1
equal "real time takes no --speed" $? 2

for word in "$KEY" "$SECRET"; do
    check "no key in logs and store" \
        sh -c "! grep -q '$word' run.json run.log t.db t.db-wal 2>/dev/null"
done

# -- keys from the environment --------------------------------------------------------------------------

TEST_KEY=$KEY TEST_SECRET=$SECRET "$BULLFINCH" doctor --config cfg.yaml --posts posts.jsonl \
    --set venue.key_file= --set venue.secret_file= --set venue.key_env=TEST_KEY \
    --set venue.secret_env=TEST_SECRET >env.out 2>&1
equal "keys from the environment are taken" $? 0
run --set venue.key_file= >none.out 2>&1
equal "without a key nothing begins" $? 1
check "and it is told which to set" grep -q 'venue.key_env' none.out

# -- a venue that hangs ---------------------------------------------------------------------------------

told() { # FILE TEXT: within half a minute
    for _ in $(seq 120); do
        grep -q "$2" "$1" && return
        sleep 0.25
    done
    return 1
}
back() { # up again, after what stood there
    for _ in $(seq 120); do
        tail -n +"$lines" hangs.log | grep -q 'ev=venue text=up' && return
        sleep 0.25
    done
    return 1
}
"$BULLFINCH" run --config cfg.yaml --posts posts.jsonl --rebase --set log.level=trace >hangs.json 2>hangs.log &
run_pid=$!
check "it is up" told hangs.log 'ev=venue_state state=up'
kill -STOP "$sim_pid"
check "a venue that hangs is down" told hangs.log 'state=down text="the venue does not answer'
check "and the trader says since when" told hangs.log 'down since .* trades are open'
lines=$(wc -l <hangs.log)
kill -CONT "$sim_pid"
check "its way back is found" back
kill "$run_pid"
wait "$run_pid"
check "requests are logged at trace" grep -q 'ev=venue_http method=GET path=/api/v3/ping' hangs.log
check "without signature and key" sh -c "! grep -q 'signature\|$KEY\|$SECRET' hangs.log"

# -- a venue that is not there ----------------------------------------------------------------------------

stop "$sim_pid"
run >gone.out 2>&1
equal "a venue that is not there is told" $? 1
check "with what to do" grep -q 'cannot be reached' gone.out
finish
