#!/bin/sh
# The simulated exchange as somebody else's bot meets it: a port, keys, signed orders by curl, faults
# on demand, and a state that outlives it.
. "$(dirname "$0")/lib/cases.sh"

begin() { # NAME OPTION...: starts it, waits for its address; sets pid, url, key, secret
    name=$1
    shift
    "$BULLFINCH" sim --listen 127.0.0.1:0 "$@" >"$SCRATCH/$name.out" 2>"$SCRATCH/$name.err" &
    pid=$!
    tries=0
    until grep -q '^listening on ' "$SCRATCH/$name.out"; do
        tries=$((tries + 1))
        if [ $tries -gt 200 ] || ! kill -0 $pid 2>/dev/null; then
            not_ok "it listens" "$(tail -n 2 "$SCRATCH/$name.err")"
            return 1
        fi
        sleep 0.05
    done
    url=$(sed -n 's/^listening on //p' "$SCRATCH/$name.out")
    key=$(sed -n 's/^key //p' "$SCRATCH/$name.out")
    secret=$(sed -n 's/^secret //p' "$SCRATCH/$name.out")
}

end() { # its status
    kill -TERM $pid
    wait $pid
}

sign() { # PARAMS: with timestamp and signature
    text="$1&timestamp=$(date +%s%3N)"
    mac=$(printf %s "$text" | openssl dgst -sha256 -hmac "$secret" | sed 's/.*= *//')
    echo "$text&signature=$mac"
}

ask() { # METHOD PATH PARAMS: signed, by the query
    curl -sg --max-time 20 -X "$1" -H "X-MBX-APIKEY: $key" "$url$2?$(sign "$3")" >"$SCRATCH/answer"
}

get() { curl -sg --max-time 20 "$url$1" >"$SCRATCH/answer"; }

says() { # NAME EXPRESSION WANT: of the last answer
    equal "$1" "$(json "$SCRATCH/answer" "$2")" "$3"
}

begin one --state "$SCRATCH/state" --price BTCUSDT=50000 || exit 1
check "it answers a ping" get /api/v3/ping
equal "with an empty object" "$(cat "$SCRATCH/answer")" "{}"
check "it tells its rules" get '/api/v3/exchangeInfo?symbol=BTCUSDT'
says "of the symbol asked for" '$.symbols[0].symbol' BTCUSDT
check "it has a past" get '/api/v3/klines?symbol=BTCUSDT&interval=1d&limit=100'
equal "of many days" "$(sqlite3 :memory: "SELECT json_array_length(readfile('$SCRATCH/answer'))")" 100
check "an order is placed" ask POST /api/v3/order \
    "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=40000&newClientOrderId=kept"
says "and rests" '$.status' NEW
check "a market order is filled" ask POST /api/v3/order \
    "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001"
says "at once" '$.status' FILLED
good=$secret
secret=wrong
check "a wrong signature is answered" ask GET /api/v3/account ""
says "with the exchange's code" '$.code' -1022
secret=$good

curl -s --max-time 20 -H 'X-Sim-Fault: close_after' "$url/api/v3/time" >"$SCRATCH/answer"
equal "a fault closes the connection without a byte" $? 52
check "its owner sees the state" get /sim/state
says "with the order in it" '$.accounts[0].live' 1

end
equal "it ends when asked to" $? 0
begin two --state "$SCRATCH/state" || exit 1
check "the order is there after a restart" ask GET /api/v3/order \
    "symbol=BTCUSDT&origClientOrderId=kept"
says "as it was" '$.status' NEW
kill -USR1 $pid
gone() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        get /sim/state
        [ "$(json "$SCRATCH/answer" '$.accounts[0].orders')" = 0 ] && return
        sleep 0.1
    done
    return 1
}
check "SIGUSR1 is the monthly reset" gone
check "keys stay" ask GET /api/v3/account ""
end
equal "it ends again" $? 0

begin three --prices demo/prices --speed 600 --account alice:secret:USDT=1000 --fee 0.1 || exit 1
key=alice secret=secret
check "candles are played" get '/api/v3/ticker/price?symbol=BTCUSDT'
check "from their first prices on" test "$(json "$SCRATCH/answer" '$.price' | cut -d. -f1)" -lt 45000
check "an account is as it was given" ask GET /api/v3/account "omitZeroBalances=true"
says "with its balance" '$.balances[0].free' 1000.00000000
says "and its commission" '$.commissionRates.taker' 0.00100000
end
equal "it ends a third time" $? 0

begin x --posts demo/posts.jsonl --posts-history 30d --x-token right --x-credits 1 --x-limit users=2 || exit 1
x() { # TARGET
    curl -sg --max-time 20 -H 'Authorization: Bearer right' "$url$1" >"$SCRATCH/answer"
}
owner() { # TARGET BODY
    curl -s --max-time 20 -d "$2" "$url/sim/x/$1" >"$SCRATCH/answer"
}
check "X is asked without a token" get '/2/tweets/search/recent?query=bitcoin'
says "and says no" '$.status' 401
check "with it" x '/2/tweets/search/recent?query=bitcoin+-is:retweet&tweet.fields=created_at'
says "it finds ten posts" '$.meta.result_count' 10
check "a page has a next one" x "/2/tweets/search/recent?query=bitcoin+-is:retweet&next_token=$(json "$SCRATCH/answer" '$.meta.next_token')"
says "of ten others" '$.meta.result_count' 10
check "the owner sees the bill" get /sim/x/bill
says "of twenty posts" '$.amount' 0.10000000

rule='{"add": [{"value": "from:zoe has:cashtags", "tag": "z"}]}'
curl -s --max-time 20 -H 'Authorization: Bearer right' -d "$rule" "$url/2/tweets/search/stream/rules" >"$SCRATCH/answer"
says "a rule is made" '$.meta.summary.created' 1
curl -sN --max-time 30 -H 'Authorization: Bearer right' -D "$SCRATCH/head" \
    "$url/2/tweets/search/stream" >"$SCRATCH/stream" &
stream=$!
came() { # FILE TEXT: waits until it stands there
    tries=0
    until grep -q -- "$2" "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -gt 200 ] && return 1
        sleep 0.05
    done
}
check "the stream opens" came "$SCRATCH/head" '200 OK'
check "a post is published" owner publish '{"username": "zoe", "text": "hello $BTC"}'
check "and comes by the stream" came "$SCRATCH/stream" 'hello $BTC'
check "the streams are cut" owner cut ''
wait $stream
equal "as a line that breaks" $? 18
for n in 1 2 3; do x "/2/users/by/username/zoe"; done
says "the third of two requests is one too many" '$.title' 'Too Many Requests'
end
equal "it ends with X, too" $? 0

cat >"$SCRATCH/lines" <<'END'
{"did":"did:plc:abcdefghijklmnopqrstuvwx","time_us":1700000000000000,"kind":"commit","commit":{"rev":"3","operation":"create","collection":"app.bsky.feed.post","rkey":"3kabc","record":{"$type":"app.bsky.feed.post","createdAt":"2023-11-14T22:13:20Z","langs":["en"],"text":"a line of old"},"cid":"bafy"}}
END
begin load --posts-rate 1000 --jetstream "$SCRATCH/lines" || exit 1
curl -sN --http1.1 --max-time 20 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "$url/subscribe" >"$SCRATCH/sky" &
sky=$!
check "raw lines come by the Jetstream" came "$SCRATCH/sky" 'a line of old'
kill $sky
end
equal "it ends while somebody listens" $? 0

begin load --posts-rate 1000 || exit 1
more() { get /sim/x/bill && [ "$(json "$SCRATCH/answer" '$.published')" -gt 500 ]; }
wait_for() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -gt 200 ] && return 1
        sleep 0.05
    done
}
check "posts are made up" wait_for more
end
equal "it ends under load" $? 0

refused() { # NAME STATUS TEXT OPTION...
    what=$1 want=$2 text=$3
    shift 3
    "$BULLFINCH" sim "$@" >"$SCRATCH/said" 2>&1
    status=$?
    if [ $status -eq "$want" ] && grep -q -- "$text" "$SCRATCH/said"; then
        ok "$what"
    else
        not_ok "$what" "status $status: $(tail -n 2 "$SCRATCH/said" | tr '\n' ' ')"
    fi
}

refused "an address that others reach" 3 'listen-anywhere' --listen 0.0.0.0:0
refused "no address" 2 'is not such as' --listen nowhere
refused "no account" 2 'KEY:SECRET' --account a
refused "no price" 2 'BTCUSDT=50000' --price BTCUSDT
refused "no plan" 1 'faults' --faults "$SCRATCH/none.json"
refused "no posts" 1 'posts' --posts "$SCRATCH/none.jsonl"
refused "posts at a rate and with a past" 2 'posts-rate' --posts-rate 5 --posts-history 1h
refused "no limit" 2 'search=10' --x-limit search
refused "no credits" 2 'x-credits' --x-credits lots
refused "no state" 1 'state' --state "$SCRATCH/two.out"
"$BULLFINCH" sim --listen 127.0.0.1:0 --state "$SCRATCH/none/state" >"$SCRATCH/unwritable.out" 2>&1
equal "a state that cannot be written is told at the start" $? 1
finish
