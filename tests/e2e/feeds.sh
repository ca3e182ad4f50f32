#!/bin/sh
# Live posts as a user has them: Bluesky without any key, then X by search and by stream on one
# budget beside it, while the program is killed and started again. What is stored is held against
# what was published, what was counted against the bill. bullfinch sim is X, Bluesky and the prices.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to feeds

sql() { sqlite3 -cmd '.timeout 5000' "$1.db" "$2"; }
says() { [ "$(sql "$1" "$2")" = "$3" ]; } # DATABASE QUERY WANT

exchange --price DOGEUSDT=0.5 --price BTCUSDT=50000 \
    --x-token right-one
url=http://$host
wire=ws${url#http}
curl_json() { curl -sg --max-time 20 -H 'Content-Type: application/json' "$@"; }
publish() { # AUTHOR TEXT: prints the id
    curl_json -d "{\"username\": \"$1\", \"text\": \"$2\"}" "$url/sim/x/publish" >published
    json published '$.id'
}

prices="--set market.kind=binance_public --set market.public_stream_url=$wire
    --set market.public_rest_url=$url"
begin() { # DATABASE OPTION...: sets run_pid
    db=$1
    shift
    # shellcheck disable=SC2086 # one word an option
    "$BULLFINCH" run $prices --set "store.url=sqlite:$db.db" "$@" >run.out 2>>run.log &
    run_pid=$!
    pids="$pids $run_pid"
}
end() { # asks it to end: its status
    kill -INT $run_pid
    wait $run_pid
}

# --- without any key

begin sky --source jetstream --set "source.url=$wire"
within 20 "Bluesky is live" says sky "SELECT state FROM feeds" live
publish zoe 'I just bought a huge bag of $DOGE, so happy!' >/dev/null
publish zoe 'What a lovely afternoon.' >/dev/null
within 20 "a post about a coin is stored" says sky "SELECT count(*) FROM tweets" 1
check "with its score" test "$(sql sky 'SELECT signal_score > 50 AND sentiment_score > 0 FROM tweets')" = 1
check "and its signal" test "$(sql sky "SELECT symbol || side FROM signals")" = DOGEUSDTLONG
equal "of a stranger nothing is traded" "$(sql sky 'SELECT reason FROM signals')" STRANGER
end
equal "it ends when asked" $? 0
"$BULLFINCH" show sources --set store.url=sqlite:sky.db >shown
check "people see how the source stood" grep -q 'jetstream:bsky' shown
equal "the day's word is short" "$("$BULLFINCH" cost --set store.url=sqlite:sky.db | wc -l)" 1

# --- X by search and stream, and Bluesky, with kills

printf 'right-one\n' >token
cat >bullfinch.yaml <<END
store: {url: "sqlite:all.db"}
x: {url: "$url", token_file: token, interval_s: 5, monthly_budget: 1000}
trading: {mode: observe}
sources:
  - {kind: x_search, authors: [ada, bob], query: "\$BTC"}
  - {kind: x_stream, authors: [ada, bob]}
  - {kind: jetstream, url: "$wire", keep: all}
END
publish ada 'No. 0: before anybody looks' >/dev/null # so that X knows the two names
publish bob 'No. 0: before anybody looks' >/dev/null
begin all
within 30 "three sources are live" says all "SELECT count(*) FROM feeds WHERE state = 'live'" 3
n=0
while [ $n -lt 120 ]; do
    n=$((n + 1))
    author=ada
    [ $((n % 3)) -eq 0 ] && author=bob
    [ $((n % 10)) -eq 9 ] && author=eve
    publish $author "No. $n: bitcoin and tea" >/dev/null
    if [ $((n % 30)) -eq 15 ]; then
        kill -9 $run_pid
        wait $run_pid 2>/dev/null
        begin all
    fi
done
gone=$(publish ada 'No. 121: this one goes')
first=$(publish bob 'No. 122: this one is edited')
within 30 "the last one is stored" says all "SELECT count(*) FROM tweets WHERE id = $first" 1
curl_json -X POST "$url/sim/x/delete?id=$gone" >/dev/null
curl_json -d "{\"id\": \"$first\", \"text\": \"No. 123: this one was edited\"}" "$url/sim/x/edit" >/dev/null
# 120 posts, 12 of them by eve, who is not followed; 2 more and an edit
within 60 "each post of X is stored" says all \
    "SELECT count(DISTINCT text) FROM tweets WHERE source = 'x' AND text LIKE 'No. %' AND text NOT LIKE 'No. 0:%' AND id <> $gone" 110
equal "none is stored twice" "$(sql all "SELECT count(*) FROM (SELECT 1 FROM tweets
    WHERE source = 'x' AND text <> '' GROUP BY text, author_id HAVING count(*) > 1)")" 0
within 30 "each post of Bluesky as well" says all \
    "SELECT count(DISTINCT text) FROM tweets WHERE source = 'bsky' AND text LIKE 'No. %' AND text NOT LIKE 'No. 121:%' AND text NOT LIKE 'No. 0:%'" 122
equal "none is stored twice there" "$(sql all "SELECT count(*) FROM (SELECT 1 FROM tweets
    WHERE source = 'bsky' AND text <> '' GROUP BY text, author_id HAVING count(*) > 1)")" 0
equal "an edit knows its first version" \
    "$(sql all "SELECT count(*) FROM tweets WHERE root_id = $first AND id <> $first")" 1
within 30 "the deletion is known, and the text is gone" says all \
    "SELECT count(*) FROM tweets WHERE source = 'bsky' AND text LIKE 'No. 121:%'" 0
billed() { # what X says it billed, and what we counted
    curl -sg "$url/sim/x/bill" >bill
    theirs=$(json bill '$.sum.post')
    ours=$(sql all "SELECT sum(billed) FROM api_usage WHERE resource = 'post'")
    [ "$theirs" = "$ours" ]
}
within 60 "what was counted is what X billed" billed
equal "names were asked for once" "$(sql all "SELECT sum(billed) FROM api_usage WHERE resource = 'user'")" 2
end
equal "it ends when asked, again" $? 0
"$BULLFINCH" db check >checked 2>&1
equal "the store is sound" $? 0
"$BULLFINCH" cost --json >cost.json
equal "the cost is told" "$(json cost.json '$.spent')" \
    "$(sql all "SELECT CAST(sum(amount) / 1e8 AS REAL) FROM api_usage")"

# --- what goes wrong is told

printf 'wrong-one\n' >token
begin all
within 20 "a wrong token is a state" says all "SELECT state FROM feeds WHERE feed = 'x_search:x'" token
check "with its sentence" grep -q 'state=token.*token' run.log
end
check "no token is in the log" sh -c '! grep -q "right-one\|wrong-one" run.log'
finish
