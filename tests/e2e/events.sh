#!/bin/sh
# The event stream of real programs: inside a run and of `bullfinch serve` beside it, over restarts,
# with a thousand clients and with one that does not read; and the dashboard's files.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to events
mkdir -p web/_next/static

cat >cfg.yaml <<END_OF_CONFIG
sources:
  - {kind: push, name: wire}
venue:
  prices: $root/demo/prices
store:
  url: sqlite:t.db
api:
  listen: 127.0.0.1:0
  rate_limit: 0
END_OF_CONFIG
bf() { "$BULLFINCH" "$@" --config cfg.yaml; }

# start COMMAND LOG OPTION...: pid and url are its
start() {
    command=$1 log=$2
    shift 2
    : >"$log"
    "$BULLFINCH" "$command" --config cfg.yaml "$@" >"$command.out" 2>"$log" &
    pid=$!
    pids="$pids $pid"
    within 20 "$command listens" grep -q "ev=api " "$log"
    url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' "$log")
}

# listen FILE TARGET CURL-OPTION...: a client that keeps what comes in FILE; stream is its id
listen() {
    file=$1 target=$2
    shift 2
    : >"$file"
    curl -sN "$@" "$url$target" >"$file" &
    stream=$!
    pids="$pids $stream"
    within 20 "a stream begins" grep -q '^retry: ' "$file"
}
hang_up() {
    kill "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}
last_id() { sed -n 's/^id: //p' "$1" | tail -n 1; }

# -- beside a run of another process ------------------------------------------------------------------
bf db migrate >/dev/null
start serve serve.log
serve_pid=$pid
listen all /api/events
all=$stream
listen some "/api/events?types=command,mode"
some=$stream
equal "an unknown type is named" "$(curl -s "$url/api/events?types=post,nonsense" | grep -c '"field":"types".*nonsense')" 1
equal "HEAD has the type and no end to wait for" "$(curl -sI -m 10 "$url/api/events" | grep -ci '^content-type: text/event-stream')" 1
"$BULLFINCH" run --config cfg.yaml --no-status --speed 600 --set source.kind=replay --set source.path="$root/demo/posts.jsonl" \
    --set api.listen= >run.out 2>run.log &
run_pid=$!
pids="$pids $run_pid"
for type in post signal trade order position equity mode; do
    within 20 "what the run writes is told: $type" grep -q "^event: $type\$" all
done
bf halt --reason "to see it told" >/dev/null
within 20 "a command is told" grep -q '^event: command$' some
within 20 "and what came of it" grep -q '^data: {.*"mode":"halted"' some
equal "other types are not, where only some are asked for" "$(grep '^event: ' some | sort -u | tr '\n' ' ')" "event: command event: mode "
equal "ids have no gaps" "$(sed -n 's/^id: [0-9a-f]*-//p' all | awk 'NR > 1 && $1 != last + 1 { n++ } { last = $1 } END { print n + 0 }')" 0
row=$(grep -A1 '^event: trade$' all | sed -n 's/^data: //p' | head -n 1)
echo "$row" >row.json
equal "data is the row as it stands in the store" "$(json row.json '$.symbol')" \
    "$(sqlite3 t.db "SELECT symbol FROM trades WHERE id = $(json row.json '$.id')")"

# -- away for a while ---------------------------------------------------------------------------------
seen=$(last_id all)
hang_up "$all"
bf resume --mode auto >/dev/null
more() { [ "$(sqlite3 t.db "SELECT count(*) FROM commands WHERE status <> 'pending'")" -ge 2 ]; }
within 20 "something happens meanwhile" more
listen again "/api/events" -H "Last-Event-ID: $seen"
within 20 "who comes back gets what it missed" grep -q '"verb":"resume"' again
equal "from the next event on" "$(sed -n 's/^id: //p' again | head -n 1)" "${seen%-*}-$((${seen#*-} + 1))"
equal "without a reload" "$(grep -c '^event: reload' again)" 0
hang_up "$stream"
listen odd /api/events -H "Last-Event-ID: ${seen%-*}-99999999"
within 20 "an id that never was: reload" grep -q '^event: reload$' odd
hang_up "$stream"
kill -KILL $serve_pid
wait $serve_pid 2>/dev/null
wait "$some" 2>/dev/null
ok "a stream ends when its server is killed"
start serve serve2.log
serve_pid=$pid
listen after /api/events -H "Last-Event-ID: $seen"
within 20 "another life of the server: reload" grep -q '"reason":"restarted"' after
within 20 "and goes on from there" sh -c "[ \$(grep -c '^event: ' after) -ge 2 ]"
hang_up "$stream"
check "the run was not disturbed" kill -0 $run_pid
kill $run_pid
wait $run_pid
equal "it ends in good order" $? 0
within 20 "health says that there is no trader" sh -c "curl -s $url/health | grep -q '\"trader\":false'"

# -- many, and slow -----------------------------------------------------------------------------------
cat >many.js <<'END_OF_SCRIPT'
// So many clients; says so when each has its stream, and ends when its input does. They come as clients
// come: not all within one moment, in which none has said yet that it wants a stream.
const http = require('http');
const [, , url, n] = process.argv;
let asked = 0, open = 0, told = 0;
function ask() {
  if (asked === Number(n)) return;
  asked++;
  http.get(url, { agent: false }, (rs) => {
    if (rs.statusCode !== 200) { console.log(`status ${rs.statusCode}`); process.exit(1); }
    let begun = false;
    rs.on('data', (d) => {
      if (!begun) { begun = true; ask(); if (++open === Number(n)) console.log('all open'); }
      if (/event: command/.test(d)) { if (++told === Number(n)) console.log('all told'); }
    });
  }).on('error', (e) => { console.log(e.message); process.exit(1); });
}
for (let i = 0; i < 100; i++) ask();
process.stdin.on('end', () => process.exit(0)).resume();
END_OF_SCRIPT
mkfifo hold
node many.js "$url/api/events?types=command" 1000 <hold >many.out 2>&1 &
many_pid=$!
pids="$pids $many_pid"
exec 9>hold
within 20 "a thousand clients have their streams" grep -q 'all open' many.out
equal "others are served meanwhile" "$(curl -s -o /dev/null -w '%{http_code}' "$url/api/sources")" 200
bf halt --reason "for a thousand" >/dev/null
within 20 "and each is told" grep -q 'all told' many.out
exec 9>&-
wait $many_pid
equal "their side ends well" $? 0

cat >slow.js <<'END_OF_SCRIPT'
// A client that takes the header and then nothing: ended by the other side, or we would wait for ever.
const net = require('net');
const [, , host, port] = process.argv;
const s = net.connect({ host, port: Number(port) }, () => s.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n'));
s.once('data', () => { s.pause(); console.log('paused'); });
setInterval(() => {
  // only a look at whether the other side is done with us, without reading on
  if (require('fs').existsSync('flooded')) { s.resume(); }
}, 200);
s.on('error', () => {});
s.on('close', () => { console.log('closed'); process.exit(0); });
END_OF_SCRIPT
address=${url#http://}
node slow.js "${address%:*}" "${address##*:}" >slow.out 2>&1 &
slow_pid=$!
pids="$pids $slow_pid"
within 20 "a client that does not read" grep -q paused slow.out
listen quick /api/events
quick=$stream
# megabytes of events, more than the buffers of both sides hold; each flood is waited for by one who reads
flood() {
    sqlite3 t.db "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45)
        INSERT INTO commands (at, actor, verb, reason, mode, until, status, result, done_at)
        SELECT 1, 'test', 'halt', hex(zeroblob(2500)), 'auto', 1, 'done', 'x', 1 FROM n"
}
floods=0
while [ $floods -lt 40 ]; do
    flood
    floods=$((floods + 1))
    tries=0
    while [ "$(grep -c '^event: command' quick)" -lt $((floods * 45)) ] && [ $tries -lt 1200 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
done
equal "who reads gets all of it" "$(grep -c '^event: command' quick)" $((floods * 45))
touch flooded
within 20 "who does not read is ended" grep -q closed slow.out
check "and who reads is not" kill -0 "$quick"
hang_up "$quick"

# -- the dashboard ------------------------------------------------------------------------------------
hang_up $serve_pid
code() { curl -s --path-as-is -o body -w '%{http_code}' "$@"; }
printf '<!doctype html><script>let a = 1;</script><p>overview' >web/index.html
printf '<p>one trade' >web/trade.html
printf '<p>not here' >web/404.html
printf 'let a = 1;' >web/_next/static/a-1.js
start serve serve3.log --set api.web_dir=web
serve_pid=$pid
equal "the first page" "$(code "$url/") $(cat body)" "200 $(cat web/index.html)"
equal "a page that takes a query" "$(code "$url/trade?id=7") $(cat body)" "200 <p>one trade"
equal "what is not there has its page" "$(code "$url/nothing") $(cat body)" "404 <p>not here"
equal "no path leads out" "$(code "$url/../cfg.yaml") $(code "$url/%2e%2e/cfg.yaml") $(code "$url/..%2fcfg.yaml")" "404 404 404"
hash=$(printf 'let a = 1;' | openssl dgst -sha256 -binary | openssl base64)
equal "a page may run its own script, by its hash" \
    "$(curl -sI "$url/" | grep -c "^Content-Security-Policy: .*script-src 'self' 'sha256-$hash';")" 1
tag=$(curl -sI "$url/" | sed -n 's/^ETag: \(.*\)\r$/\1/p')
equal "what one has is not sent again" "$(code -H "If-None-Match: $tag" "$url/")" 304
equal "the interface is not the dashboard" "$(code "$url/api/nothing") $(json body '$.code')" "404 NOT_FOUND"
kill $serve_pid
wait $serve_pid
equal "serve ends in good order" $? 0
equal "no line of the logs is an alarm" "$(cat ./*.log | grep -c 'level=broken')" 0
start serve serve4.log
serve_pid=$pid
if [ "$(code "$url/")" = 404 ]; then
    check "a program without a dashboard says so" grep -q "dashboard was not built" body
else
    equal "the program's own dashboard" "$(code "$url/") $(grep -ci '<!doctype html' body)" "200 1"
    script=$(grep -o '/_next/static/[^"]*\.js' body | head -n 1)
    equal "its scripts are kept by browsers" "$(curl -sI "$url$script" | grep -c '^Cache-Control: public, max-age=31536000, immutable')" 1
fi
hang_up $serve_pid
bf serve --set api.listen= >out 2>log
equal "serve without an address is refused" $? 1
check "and told which setting it wants" grep -q "api.listen" log
finish
