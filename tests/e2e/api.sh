#!/bin/sh
# The HTTP interface of a real run: bullfinch sim makes the prices, posts come by POST /api/ingest.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to api

exchange --price DOGEUSDT=0.5 --price BTCUSDT=50000

cat >cfg.yaml <<END
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
judge:
  author_weights:
    alice: 1
END
bf() { "$BULLFINCH" "$@" --config cfg.yaml; }

# -- the start ----------------------------------------------------------------------------------------
bf run --no-status --set api.listen=0.0.0.0:0 >out 2>log
equal "an address that others reach, and no token: refused" $? 3
check "and told what to do" grep -q "bullfinch token create" log
bf run --no-status --set api.listen=example.com:80 >out 2>log
equal "a name is no address" $? 1
bf run --no-status --set api.listen= >out 2>log
equal "a push source that nobody can reach is refused" $? 1
check "and told which setting it wants" grep -q "api.listen" log

"$BULLFINCH" run --config cfg.yaml --no-status --set trading.max_open_positions=4 >run.out 2>run.log &
run_pid=$!
pids="$pids $run_pid"
within 20 "the run says where it listens" grep -q "ev=api " run.log
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' run.log)

status() { curl -s -o body -w '%{http_code}' "$@"; }
is() { # WANT CURL-OPTION...: for within
    want=$1
    shift
    [ "$(status "$@")" = "$want" ]
}
within 20 "it is healthy" is 200 "$url/health"
equal "and says so" "$(json body '$.status')" healthy
equal "an open port on loopback reads without a token" "$(status "$url/api/sources")" 200
equal "and lists the source, live" "$(json body '$.sources[0].feed') $(json body '$.sources[0].state')" "push:wire live"
equal "what posts cost" "$(status "$url/api/cost?days=3")" 200
equal "in strings" "$(json body '$.spent')" 0
equal "metrics are there" "$(status "$url/metrics")" 200
check "of the interface, too" grep -q 'bullfinch_api_request_duration_seconds_count{endpoint="/health"}' body
equal "a page whose name points here is refused" "$(status -H 'Host: evil.example' "$url/health")" 421
equal "the description is served" "$(status "$url/api/openapi.yaml")" 200
check "as it stands in docs" cmp -s body "$root/docs/openapi.yaml"

# -- tokens -------------------------------------------------------------------------------------------
post() { # STATUS-ONLY: BODY [CURL-OPTION...]
    body=$1
    shift
    status -H "Authorization: Bearer $feed" -H "Content-Type: application/json" --data-binary "$body" "$@" \
        "$url/api/ingest"
}
equal "posts want a token" "$(feed=none post '{"id":"1","text":"x"}')" 401
bf token create reader --role ingest >out 2>log
equal "an ingest token wants its source" $? 2
feed=$(bf token create my-feed --role ingest --source wire)
reader=$(bf token create reader --role read)
equal "a token has its form" "$(echo "$feed" | grep -cE '^bft_[A-Za-z0-9_-]{43}$')" 1
bf token create reader --role read >out 2>log
equal "a name is given once" $? 1
equal "the store has no token" "$(strings -n 20 t.db t.db-wal 2>/dev/null | grep -c "${feed#bft_}")" 0
within 20 "a running program takes up tokens" is 401 "$url/api/sources"
equal "and lets in who has one" "$(status -H "Authorization: Bearer $reader" "$url/api/sources")" 200
equal "for its role only" "$(status -H "Authorization: Bearer $feed" "$url/api/sources")" 403
equal "health is for everybody" "$(status "$url/health")" 200

# -- posts --------------------------------------------------------------------------------------------
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
one="{\"id\":\"a1\",\"username\":\"alice\",\"author_id\":\"7\",\"text\":\"Good morning\",\"created_at\":\"$now\"}"
equal "a post is stored" "$(post "$one")" 200
id=$(json body '$.ids[0]')
equal "under the id of the answer" \
    "$(sqlite3 t.db "SELECT source || ' ' || source_id || ' ' || author FROM tweets WHERE id = $id")" "wire a1 alice"
equal "again it is the same" "$(post "$one") $(json body '$.ids[0]')" "200 $id"
equal "and stands once" "$(sqlite3 t.db "SELECT count(*) FROM tweets WHERE source = 'wire'")" 1
equal "several at once" "$(post '[{"id":"a2","text":"b"},{"id":"a3","text":"c"}]') $(json body '$.stored')" "200 2"
printf '{"id":"a4","text":"d"}\n\n{"id":"a5","text":"e"}\n' >lines
equal "or one a line" "$(status -H "Authorization: Bearer $feed" -H 'Content-Type: application/x-ndjson' \
    --data-binary @lines "$url/api/ingest") $(json body '$.stored')" "200 2"
equal "a bad one is named" "$(post '[{"id":"a6","text":"f"},{"id":"a7"}]') $(json body '$.index')" "400 1"
equal "and nothing beside it is taken" "$(sqlite3 t.db "SELECT count(*) FROM tweets WHERE source_id = 'a6'")" 0
equal "what is ahead of the clock is not" "$(post '{"id":"a8","text":"g","created_at":"2999-01-01T00:00:00Z"}') \
$(json body '$.code')" "422 FUTURE_TIME"
equal "nor another source's" "$(post '{"id":"a9","text":"h","source":"x"}')" 403
equal "nor what is packed" "$(post '{"id":"a9","text":"h"}' -H 'Content-Encoding: gzip')" 415
equal "nor with a token that only reads" "$(feed=$reader post "$one")" 403
equal "word of a deletion is taken" \
    "$(post "{\"delete\":{\"tweet\":{\"id\":\"a1\",\"author_id\":\"7\"},\"event_at\":\"$now\"}}")" 200
equal "and the text is gone" "$(sqlite3 t.db "SELECT text FROM tweets WHERE id = $id")" ""

post_trade() {
    at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    post "{\"id\":\"t1\",\"username\":\"alice\",\"author_id\":\"7\",\"created_at\":\"$at\",\"text\":\"I just bought \$DOGE. Dogecoin is going to the moon, very bullish\"}"
}
equal "a post about a coin" "$(post_trade)" 200
within 20 "gets a signal" sh -c "[ \"\$(sqlite3 t.db \"SELECT count(*) FROM signals WHERE symbol = 'DOGEUSDT'\")\" -ge 1 ]"

# -- what came of it ----------------------------------------------------------------------------------
look() { # PATH EXPRESSION: of the answer, read with the reader's token
    status -H "Authorization: Bearer $reader" "$url$1" >/dev/null
    json body "$2"
}
looks() { [ "$(look "$1" "$2")" = "$3" ]; } # for within
trader=$(sqlite3 t.db "SELECT pid FROM workers WHERE role = 'run'")
equal "the status names the trader" "$(look /api/status '$.trader.running') $(look /api/status '$.trader.pid')" "1 $trader"
equal "and that all is a test" "$(look /api/status '$.venue.is_test')" 1
within 20 "the post about the coin is found by it" looks '/api/tweets?symbol=DOGEUSDT' '$.tweets[0].source_id' t1
equal "with what was read in it" "$(look '/api/tweets?symbol=DOGEUSDT' '$.tweets[0].mentions[0].symbol')" DOGEUSDT
within 20 "and its signal" looks '/api/tweets?symbol=DOGEUSDT' '$.tweets[0].signals[0].symbol' DOGEUSDT
equal "by its author" "$(look '/api/tweets?author=alice&min_score=1' '$.tweets[0].source_id')" t1
tweet=$(look '/api/tweets?symbol=DOGEUSDT' '$.tweets[0].id')
check "by itself, with the parts of its score" test -n "$(look "/api/tweet?id=$tweet" '$.signals[0].parts.confidence')"
check "and a trace that begins with its publication" looks "/api/tweet?id=$tweet" '$.trace[0].step' posted
# the words that moved it: those that `bullfinch score --explain` shows for the same text
bf score --explain "$(sqlite3 t.db "SELECT text FROM tweets WHERE id = $tweet")" |
    sed -nE 's/^.{12} *([+-][0-9]+)  ([^ ]+).*/\1 \2/p' >explained
look "/api/tweet?id=$tweet" '$.weighed' >weighed
sqlite3 :memory: "SELECT printf('%+d %s', (abs(bp) + 50) / 100 * iif(bp < 0, -1, 1), word) FROM (
    SELECT w.value ->> 'text' AS word, w.value ->> 'begin' AS place, c.value ->> 'names' AS names,
        CAST(round(iif(k.value ->> 'together', c.value ->> 'alone', c.value ->> 'value') * 10000) AS INTEGER) AS bp
    FROM json_each(CAST(readfile('weighed') AS TEXT), '\$.words') w, json_each(w.value, '\$.coins') c,
        json_each(CAST(readfile('weighed') AS TEXT), '\$.coins') k
    WHERE c.value ->> 'symbol' = 'DOGEUSDT' AND k.value ->> 'symbol' = 'DOGEUSDT')
    WHERE NOT names AND abs(bp) >= 50 ORDER BY abs(bp) DESC, place LIMIT 12" >weighed.words
check "the words that moved it are those that score --explain names, with their weights" cmp explained weighed.words
check "and they are some" test -s weighed.words
equal "it is the reading that the score was made of" "$(json weighed '$.state') $(json weighed '$.agrees')" "weighed 1"
equal "of a text that is gone it says so" "$(look "/api/tweet?id=$id" '$.weighed.state')" deleted
pages=0
before=
while :; do
    next=$(look "/api/tweets?limit=2$before" '$.next')
    rows=$(sqlite3 :memory: "SELECT json_array_length(CAST(readfile('body') AS TEXT), '\$.tweets')")
    pages=$((pages + rows))
    [ -n "$next" ] || break
    before="&before=$next"
done
equal "all posts are on its pages, once each" "$pages" "$(sqlite3 t.db 'SELECT count(*) FROM tweets')"
equal "a refusal says why" "$(look '/api/funnel?since=all' '$.posts')" "$(sqlite3 t.db 'SELECT count(*) FROM tweets')"
for what in signals trades positions approvals metrics equity gaps workers authors audit audit/verify dead_letters; do
    equal "/api/$what is there" "$(status -H "Authorization: Bearer $reader" "$url/api/$what")" 200
done
equal "/api/operations has the queues of the run" "$(look /api/operations '$.unknown')$(grep -o '"trader: posts"\|"posts of push:wire"' body |
    sort -u | wc -l)" 2
equal "and what its thread is at" "$(json body '$.tasks[0].name')" trader
equal "the paper venue has no breaker, nor has a source that is brought posts" "$(json body '$.breakers')" "[]"
equal "the audit log is whole, by the same interface" "$(look /api/audit/verify '$.valid')" 1
equal "an unknown parameter is named" "$(look '/api/trades?colour=red' '$.code') \
$(json body '$.detail' | cut -d: -f1)" "QUERY colour"
equal "nothing of it is for those who only bring posts" \
    "$(status -H "Authorization: Bearer $feed" "$url/api/tweets")" 403

# -- people order things ------------------------------------------------------------------------------
desk=$(bf token create desk --role trade)
order() { # METHOD PATH BODY [CURL-OPTION...]: the status; the answer is in body
    method=$1
    path=$2
    body=$3
    shift 3
    status -X "$method" -H "Authorization: Bearer $desk" -H "Content-Type: application/json" --data-binary "$body" "$@" \
        "$url$path"
}
within 20 "the desk's token counts" is 200 -H "Authorization: Bearer $desk" "$url/api/limits"
equal "who only reads changes nothing" "$(desk=$reader order POST /api/halt '{"reason":"x"}') $(json body '$.code')" "403 ROLE"
equal "a halt is done by the trader" "$(order POST /api/halt '{"reason":"the test wants it"}') $(json body '$.done') \
$(json body '$.ok') $(json body '$.mode')" "200 1 1 halted"
equal "by whom stands in the audit log" \
    "$(sqlite3 t.db "SELECT actor FROM audit_log WHERE action = 'halt' ORDER BY id DESC LIMIT 1")" api:desk
equal "why it does not trade: the halt is the first that holds it up" "$(look /api/why '$.first.step')" halt
price() { [ "$(look /api/why '$.steps' | grep -o '"step":"price","ok":"[a-z]*"')" = '"step":"price","ok":"yes"' ]; }
within 20 "prices come, says the run itself" price
equal "resumed" "$(order POST /api/resume '{}') $(json body '$.mode')" "200 auto"
for i in 1 2 3; do
    equal "toggled to manual, under one key ($i)" \
        "$(order POST /api/override/toggle '{}' -H 'Idempotency-Key: k1') $(json body '$.mode')" "200 manual"
done
equal "the key is of that request alone" "$(order POST /api/halt '{"reason":"x"}' -H 'Idempotency-Key: k1')" 409
soon=$(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%SZ)
equal "observe for a moment" "$(order POST /api/override/toggle "{\"mode\":\"observe\",\"until\":\"$soon\"}") \
$(json body '$.mode')" "200 observe"
mode_is() { [ "$(sqlite3 t.db 'SELECT mode FROM control')" = "$1" ]; }
within 20 "then the mode before holds again, by itself" mode_is manual
equal "a member that is not known is named" "$(order POST /api/halt '{"reason":"x","for":"1h"}') $(json body '$.field')" "422 for"
holds() { [ "$(sqlite3 t.db 'SELECT count(*) FROM positions')" = "$1" ]; }
within 20 "a position stands" holds 1
equal "flattening first says what it would do" "$(order POST /api/flatten '{}') $(json body '$.will[0].symbol') \
$(json body '$.will[0].side')" "200 DOGEUSDT LONG"
code=$(json body '$.code')
equal "and then does it" "$(order POST /api/flatten "{\"code\":\"$code\"}") $(json body '$.text')" \
    "200 closing 1 positions at the next price"
within 20 "nothing is held any more" holds 0
equal "once" "$(order POST /api/flatten "{\"code\":\"$code\"}")" 409
letter() { # PAYLOAD: one that nobody has dealt with; its id
    sqlite3 t.db "INSERT INTO dead_letters (source, kind, payload, error, attempts, first_at, last_at) VALUES
        ('wire', 'post', '$1', 'was cut', 1, 1, 1); SELECT last_insert_rowid()"
}
dead=$(letter '{"id":"123456789012345","text":"it was a post","author_id":"7","created_at":"2024-05-01T12:00:00Z"}')
for i in first second; do
    equal "a dead letter is a post now, and is stored ($i time, one key)" \
        "$(order POST /api/dead_letters/retry "{\"id\":\"$dead\"}" -H 'Idempotency-Key: d1') $(json body '$.ok')" "200 1"
done
equal "and never traded" "$(sqlite3 t.db "SELECT outcome FROM tweets WHERE text = 'it was a post'")" STALE
equal "by whom stands in the audit log" \
    "$(sqlite3 t.db "SELECT count(*) FROM audit_log WHERE actor = 'api:desk' AND entity LIKE 'dead%'")" 1
dead=$(letter '{"id":')
equal "one that is still none is told so" "$(order POST /api/dead_letters/retry "{\"id\":\"$dead\"}") $(json body '$.ok')" "200 0"
equal "and can be let go of" "$(order POST /api/dead_letters/drop "{\"id\":\"$dead\"}") $(json body '$.ok')" "200 1"
equal "once" "$(order POST /api/dead_letters/drop "{\"id\":\"$dead\"}") $(json body '$.code')" "409 STATE"
equal "a setting is stored" "$(order PUT /api/settings '{"key":"trading.signal_threshold","value":"75"}')" 200
equal "the trader decides by it" "$(json body '$.text')" "holds from now on"
equal "and it is told as what holds, and whence" \
    "$(look /api/config '$.keys[2].key') $(json body '$.keys[2].value') $(json body '$.keys[2].next') $(json body '$.keys[2].from')" \
    "trading.signal_threshold 75  settings"
equal "one that the command line gave is stored, and what stands before it is told" \
    "$(order PUT /api/settings '{"key":"trading.max_open_positions","value":"9"}') $(json body '$.text')" \
    "200 --set stands before it as long as it is given"
equal "and let go of" "$(order PUT /api/settings '{"key":"trading.max_open_positions","value":""}') $(json body '$.value')" "200 "
equal "one given at the command line is taken up as well" \
    "$(bf config set trading.max_signal_age_s 90)" "trading.max_signal_age_s=90 is stored: holds from now on"
"$BULLFINCH" serve --config cfg.yaml >serve.out 2>serve.log &
pids="$pids $!"
within 20 "a server of its own says where it listens" grep -q "ev=api " serve.log
served=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' serve.log)
asked() { # VALUE: what the server of its own shows of trading.max_signal_age_s
    curl -s -H "Authorization: Bearer $desk" "$served/api/config" >body
    [ "$(json body '$.keys[10].key') $(json body '$.keys[10].value')" = "trading.max_signal_age_s $1" ]
}
check "it knows the setting" asked 90
bf config set trading.max_signal_age_s 91 >/dev/null
within 10 "follows it" asked 91
(url=$served; order PUT /api/settings '{"key":"trading.max_signal_age_s","value":"92"}' >code)
equal "and changes it for the trader" "$(cat code) $(json body '$.text')" "200 holds from now on"
check "and for itself" asked 92
equal "as the trader's process shows it" "$(look /api/config '$.keys[10].value')" 92
equal "what contradicts the rest is not" "$(order PUT /api/settings \
    '{"key":"trading.take_profit_percent","value":"0.001"}') $(json body '$.code')" "422 CONTRADICTION"
order POST /api/resume '{}' >/dev/null
equal "each limit is told" "$(look /api/limits '$.limits[0].name')" open_positions
equal "and the symbols" "$(look /api/symbols '$.symbols[0].quote')" USDT

# -- browsers -----------------------------------------------------------------------------------------
equal "a browser logs in" "$(status -c jar -H 'Content-Type: application/json' -d "{\"token\":\"$desk\"}" \
    "$url/api/session") $(json body '$.name')" "201 desk"
csrf=$(json body '$.csrf')
equal "and reads by its cookie" "$(status -b jar "$url/api/limits")" 200
equal "what changes something wants the word" \
    "$(status -b jar -H 'Content-Type: application/json' -d '{}' "$url/api/resume") $(json body '$.code')" "403 CSRF"
equal "with it, it is done" \
    "$(status -b jar -H "X-CSRF-Token: $csrf" -H 'Content-Type: application/json' -d '{}' "$url/api/resume")" 200
equal "logged out" "$(status -b jar -H "X-CSRF-Token: $csrf" -X DELETE "$url/api/session")" 204
equal "the cookie is nobody's" "$(status -b jar "$url/api/limits")" 401
bf token revoke desk >/dev/null

# -- slow and many ------------------------------------------------------------------------------------
cat >slow.js <<'END'
// a byte a second of a header that never ends: closed by the other side, or we would wait for ever
const [, , host, port] = process.argv;
const s = require('net').connect(Number(port), host, () => s.write('GET /health HTTP/1.1\r\nX: '));
const timer = setInterval(() => s.write('a'), 1000);
s.on('error', () => {});
s.on('close', () => { clearInterval(timer); console.log('closed'); });
END
address=${url#http://}
check "a client that sends a byte a second is ended" timeout 60 node slow.js "${address%:*}" "${address##*:}"

# -- the end ------------------------------------------------------------------------------------------
equal "one token is revoked" "$(bf token revoke reader)" "revoked reader"
within 20 "a running program refuses it soon" is 401 -H "Authorization: Bearer $reader" "$url/api/sources"
equal "the list tells" "$(bf token list --json >list; sqlite3 :memory: "SELECT group_concat(json_extract(value, '\$.name') || ' ' ||
    json_extract(value, '\$.state')) FROM json_each(CAST(readfile('list') AS TEXT))")" "my-feed valid,reader revoked,desk revoked"
check "the audit log is whole" bf audit verify
stop $run_pid
equal "it ends in good order" "$(grep -c '^Stopped at' run.log)" 1
equal "and nobody listens any more" "$(status "$url/health")" 000
equal "no line of the log is an alarm" "$(grep -c 'level=broken' run.log)" 0
equal "no token is in the log" "$(grep -c 'bft_' run.log)" 0
"$BULLFINCH" run --config cfg.yaml --no-status --set api.listen=0.0.0.0:0 >run.out 2>open.log &
run_pid=$!
pids="$pids $run_pid"
within 20 "with a token, others may reach it" grep -q "ev=api " open.log
url=http://127.0.0.1:$(sed -n 's/.*ev=api .*url=[^ ]*:\([0-9]*\).*/\1/p' open.log)
equal "and bring posts" "$(post '{"id":"k1","text":"the last words"}')" 200
kill -KILL $run_pid
wait $run_pid 2>/dev/null
equal "what was answered as stored survives a kill" \
    "$(sqlite3 t.db "SELECT text FROM tweets WHERE source_id = 'k1'")" "the last words"
stop $sim_pid

# -- a replay -----------------------------------------------------------------------------------------
# It serves on when it is over, and says that it is.
cd "$root" || exit 1
day=$SCRATCH/api/day.db
brake=$("$BULLFINCH" token create brake --role trade --config demo/bullfinch.yaml --set store.url="sqlite:$day" 2>"$SCRATCH/api/made")
check "a token is said to be of its store" grep -qF "$day" "$SCRATCH/api/made"
"$BULLFINCH" run --config demo/bullfinch.yaml --set store.url="sqlite:$day" --speed max --no-status \
    --set api.listen=127.0.0.1:0 --set api.rate_limit=100 >/dev/null 2>"$SCRATCH/api/day.log" &
run_pid=$!
pids="$pids $run_pid"
cd "$SCRATCH/api" || exit 1
within 20 "a replay listens" grep -q "ev=api " day.log
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' day.log)
told() { # PATH JSON-PATH
    curl -s -o body -H "Authorization: Bearer $brake" "$url$1"
    json body "$2"
}
over() { [ "$(told /api/status '$.replay.ended')" = 1 ]; }
within 60 "it says that it is over" over
equal "and that it went as fast as it could" "$(json body '$.replay.speed')" ""
equal "that no post will come is why nothing is traded" \
    "$(told /api/why '$.first.step') $(json body '$.first.setting')" "source source.path"
equal "a pair that nobody lists is not found" "$(told '/api/candles?symbol=XYZUSDT' '$.code') $(json body '$.field')" "NOT_FOUND symbol"
sqlite3 day.db "INSERT INTO dead_letters (source, kind, payload, error, attempts, first_at, last_at) VALUES
    ('x', 'post', '{\"id\":', 'was cut', 1, 1, 1)"
curl -s -o body -H "Authorization: Bearer $brake" -H "Content-Type: application/json" -d \
    "{\"id\":\"$(sqlite3 day.db 'SELECT max(id) FROM dead_letters')\"}" "$url/api/dead_letters/retry"
equal "a dead letter is tried again at the replay's time" \
    "$(sqlite3 day.db "SELECT date(last_at / 1000000, 'unixepoch') FROM dead_letters ORDER BY id DESC LIMIT 1" | cut -c 1-7)" "2021-05"
curl -s -o many "$url/health?[1-500]"
equal "others at its address used up what they have" "$(status "$url/health")" 429
equal "the brake works nevertheless" \
    "$(status -X POST -H "Authorization: Bearer $brake" -H "Content-Type: application/json" -d '{"reason":"test"}' "$url/api/halt")" 200
stop $run_pid
finish
