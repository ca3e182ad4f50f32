#!/bin/sh
# What somebody would try who means harm: forged pages, sessions and tokens, paths, headers, bodies, slowness. Each
# must come to nothing, and the run beside it must not notice.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to attacks

exchange --price DOGEUSDT=0.5
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
  rate_limit: 0
  cors_origins: [https://bot.example.com]
END
bf() { "$BULLFINCH" "$@" --config cfg.yaml; }
"$BULLFINCH" run --config cfg.yaml --no-status >run.out 2>run.log &
run_pid=$!
pids="$pids $run_pid"
within 20 "the run listens" grep -q "ev=api " run.log
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' run.log)
address=${url#http://}
desk=$(bf token create desk --role trade)
feed=$(bf token create feed --role ingest --source wire)
status() { curl -s -o body -w '%{http_code}' "$@"; }
is() {
    want=$1
    shift
    [ "$(status "$@")" = "$want" ]
}
within 20 "tokens count" is 200 -H "Authorization: Bearer $desk" "$url/api/limits"
json_type='Content-Type: application/json'

# -- pages of others ----------------------------------------------------------------------------------
login() { status "$@" -H "$json_type" -d "{\"token\":\"$desk\"}" "$url/api/session"; }
equal "a browser logs in" "$(login -c jar)" 201
csrf=$(json body '$.csrf')
by_cookie() { status -b jar -H "$json_type" -d '{"reason":"x"}' "$@" "$url/api/halt"; }
equal "a post of another origin, with the cookie" "$(by_cookie -H 'Origin: https://evil.example') $(json body '$.code')" "403 ORIGIN"
equal "of a page without an origin" "$(by_cookie -H 'Origin: null' -H "X-CSRF-Token: $csrf")" 403
equal "of another port of this machine" "$(by_cookie -H 'Origin: http://127.0.0.1:1' -H "X-CSRF-Token: $csrf")" 403
equal "of our own page without the word" "$(by_cookie -H "Origin: $url") $(json body '$.code')" "403 CSRF"
equal "with another's word" "$(by_cookie -H "X-CSRF-Token: $(printf %064d 7)")" 403
for type in text/plain application/x-www-form-urlencoded 'multipart/form-data; boundary=x'; do
    equal "as a form may be sent: $type" "$(status -b jar -H "X-CSRF-Token: $csrf" -H "Content-Type: $type" \
        -d '{"reason":"x"}' "$url/api/halt")" 415
done
equal "by a link" "$(status -b jar "$url/api/halt?reason=x")" 405
equal "somebody is logged in from elsewhere" "$(login -H 'Origin: https://evil.example')" 403
curl -s -D headers -o body -X OPTIONS -H 'Origin: https://evil.example' -H 'Access-Control-Request-Method: POST' "$url/api/halt"
equal "another origin asks beforehand, and is told nothing" "$(grep -ci '^access-control' headers)" 0
curl -s -D headers -o body -X OPTIONS -H 'Origin: https://bot.example.com' -H 'Access-Control-Request-Method: POST' "$url/api/halt"
equal "one that is listed is told" "$(grep -ci '^access-control-allow-origin: https://bot.example.com' headers)" 1
equal "a name that was made to point here" "$(status -H 'Host: evil.example' "$url/api/session")" 421
curl -s -D headers -o body "$url/health"
for h in 'x-content-type-options: nosniff' 'x-frame-options: deny' 'referrer-policy: no-referrer' \
    "content-security-policy: default-src 'none'; frame-ancestors 'none'" 'cross-origin-resource-policy: same-origin' \
    'cross-origin-opener-policy: same-origin'; do
    check "each answer has $h" grep -qi "^$h" headers
done

# -- sessions and tokens ------------------------------------------------------------------------------
secret=$(awk '/bf_session/{print $7}' jar)
equal "the cookie is no script's" "$(grep -c '^#HttpOnly_' jar)" 1
with_cookie() { status -H "Cookie: bf_session=$1" "$url/api/limits"; }
equal "the cookie counts" "$(with_cookie "$secret")" 200
equal "a forged one does not" "$(with_cookie "$(printf %064d 1)")" 401
equal "nor one cut short" "$(with_cookie "${secret%?}")" 401
equal "nor one in capitals" "$(with_cookie "$(echo "$secret" | tr a-f A-F)")" \
    "$(if [ "$(echo "$secret" | tr a-f A-F)" = "$secret" ]; then echo 200; else echo 401; fi)"
equal "one that was planted beforehand is not taken over" "$(login -H "Cookie: bf_session=$(printf %064d 1)") \
$(with_cookie "$(printf %064d 1)")" "201 401"
equal "nor two of them" "$(status -H "Cookie: bf_session=$secret; bf_session=$secret" "$url/api/limits")" 401
equal "nor in two headers" "$(status -H "Cookie: bf_session=$secret" -H "Cookie: a=b" "$url/api/limits")" 400
equal "nor in the path" "$(status "$url/api/limits?bf_session=$secret")" 401
equal "nor as a token" "$(status -H "Authorization: Bearer $secret" "$url/api/limits")" 401
equal "a token that was made up" "$(status -H "Authorization: Bearer bft_$(printf %043d 1)" "$url/api/limits")" 401
equal "in another scheme" "$(status -u "desk:$desk" "$url/api/limits")" 401
equal "an ingest token reads nothing" "$(status -H "Authorization: Bearer $feed" "$url/api/limits")" 403
equal "nor logs in" "$(status -H "$json_type" -d "{\"token\":\"$feed\"}" "$url/api/session")" 403
equal "logged out" "$(status -b jar -H "X-CSRF-Token: $csrf" -X DELETE "$url/api/session")" 204
equal "a session that is over is played again" "$(with_cookie "$secret")" 401

# -- paths --------------------------------------------------------------------------------------------
bearer="Authorization: Bearer $desk"
n=0
while read -r path; do
    n=$((n + 1))
    got=$(status --path-as-is -H "$bearer" "$url$path")
    case $got in
    400 | 404 | 414) ok "path $n comes to nothing: $path" ;;
    *) not_ok "path $n: $path" "got $got" ;;
    esac
    check "and shows no file ($n)" sh -c "! grep -qE 'root:|sqlite:t.db' body"
done <<'END'
/../../../../etc/passwd
/api/../../../../etc/passwd
/..%2f..%2f..%2fetc/passwd
/%2e%2e/%2e%2e/etc/passwd
/....//....//etc/passwd
/api/halt/../../cfg.yaml
/\..\..\cfg.yaml
/%00/etc/passwd
/cfg.yaml
/t.db
/.git/config
/%c0%ae%c0%ae/etc/passwd
/api/limits%00.html
/api//limits
/API/LIMITS
END
raw() { # BYTES, as printf takes them: the status of what is answered
    # shellcheck disable=SC2059 # that is what it is for
    printf "$1" | timeout 10 curl -s telnet://"$address" | head -n 1 | cut -d' ' -f2
}
equal "a whole address as the target" \
    "$(raw 'GET http://evil.example/api/limits HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')" 400

# -- headers and bodies -------------------------------------------------------------------------------
long=$(head -c 20000 /dev/zero | tr '\0' a)
equal "a header of 20 kB" "$(status -H "$bearer" -H "X-Long: $long" "$url/api/limits")" 431
equal "a path of 9 kB" "$(status -H "$bearer" "$url/api/limits?$(echo "$long" | head -c 9000)")" 414
equal "two hosts" "$(raw 'GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')" 400
equal "no host" "$(raw 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n')" 400
host() { status -H "Host: $1" "$url/health"; }
for h in 127.0.0.1:80@evil.example localhost:80:evil.example '[::1].evil.example' localhost. 127.0.0.1.evil.example 2130706433; do
    equal "a Host that is another: $h" "$(host "$h")" 421
done
for h in LOCALHOST:99 '[::1]:80' 127.0.0.1; do equal "one that is ours: $h" "$(host "$h")" 200; done
get='GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n'
equal "a blank before the colon" "$(raw "${get}X : y\r\n\r\n")" 400
equal "a carriage return in a value" "$(raw "${get}X: a\rHost: evil\r\n\r\n")" 400
equal "a Host that goes on in the next line" "$(raw 'GET /health HTTP/1.1\r\nHost: evil.example\r\n 127.0.0.1\r\n\r\n')" 400
equal "a preface of HTTP/2" "$(raw 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')" 505
equal "a request of HTTP/0.9" "$(raw 'GET /health\r\n\r\n')" 400
post="POST /api/halt HTTP/1.1\r\nHost: 127.0.0.1\r\n$bearer\r\n$json_type\r\n"
for framing in 'Transfer-Encoding : chunked' 'Transfer-Encoding: gzip, chunked' 'Transfer-Encoding: identity' \
    'Transfer-Encoding: chunked\r\nContent-Length: 3' 'Content-Length: 3\r\nContent-Length: 5' 'Content-Length: 3, 3' \
    'Content-Length: +3' 'Content-Length: 0x3'; do
    equal "a body of unclear length: $(echo "$framing" | tr '\r\n' '  ')" "$(raw "$post$framing\r\n\r\n0\r\n\r\n")" 400
done
equal "two tokens" "$(status -H "$bearer" -H "$bearer" "$url/api/limits")" 400
order() { status -H "$bearer" -H "$json_type" --data-binary "$@" "$url/api/halt"; }
equal "a body of 9 kB" "$(order "{\"reason\":\"$(echo "$long" | head -c 9000)\"}")" 413
equal "a body in pieces that never ends" "$(yes '{"reason":' | head -c 200000 |
    status -H "$bearer" -H "$json_type" -H 'Transfer-Encoding: chunked' --data-binary @- "$url/api/halt")" 413
for body in 'null' '[]' '7' '"x"' '{"reason":7}' '{"reason":["x"]}' '{"reason":"x","reason":"y"}' '{"__proto__":{}}' \
    '{"reason":"x","until":253402300800}' '{"reason":"x"}}' '{"reason":"\ud800"}' '{' ''; do
    got=$(order "$body")
    case $got in
    400 | 415 | 422) ok "refused: $body" ;;
    *) not_ok "refused: $body" "got $got" ;;
    esac
done
deep=$(head -c 4000 /dev/zero | tr '\0' '[')
equal "a body of brackets" "$(order "{\"reason\":$deep")" 422
equal "posts of brackets" "$(status -H "Authorization: Bearer $feed" -H "$json_type" -d "$deep" "$url/api/ingest") $(json body '$.code')" "400 BODY"
equal "what is no UTF-8" "$(printf '{"reason":"\377"}' | order @-)" 400
equal "what is packed" "$(order '{"reason":"x"}' -H 'Content-Encoding: gzip')" 415
equal "a length and pieces at once" "$(order '{"reason":"x"}' -H 'Transfer-Encoding: chunked' -H 'Content-Length: 5' | head -c 1)" 4
equal "an order in the words of SQL" "$(status -H "$bearer" -H "$json_type" \
    -d '{"symbol":"x'"'"'; DROP TABLE trades; --"}' "$url/api/positions/close")" 422
equal "nothing of all that was ordered" "$(sqlite3 t.db 'SELECT count(*) FROM commands')" 0
equal "the tables are there" "$(sqlite3 t.db 'SELECT count(*) FROM trades')" 0

# -- slow ---------------------------------------------------------------------------------------------
cat >slow.js <<'END'
// 150 connections that each send a byte a second of a header that never ends; meanwhile others are served
const net = require('net'), http = require('http');
const [, , host, port] = process.argv;
let open = 0, closed = 0, served = 0;
for (let i = 0; i < 150; i++) {
  const s = net.connect(Number(port), host, () => { open++; s.write('POST /api/halt HTTP/1.1\r\nX: '); });
  const timer = setInterval(() => s.write('a'), 1000);
  s.on('error', () => {});
  s.on('close', () => { clearInterval(timer); closed++; });
}
const ask = () => http.get({ host, port, path: '/health', agent: false }, (r) => {
  r.resume();
  if (r.statusCode === 200) served++;
}).on('error', () => {});
const asking = setInterval(ask, 250);
const done = setInterval(() => {
  if (closed < 150 || served === 0) return;
  clearInterval(asking);
  clearInterval(done);
  console.log('closed, and others served meanwhile');
  process.exit(0);
}, 100);
END
check "150 slow clients are ended, and others are served meanwhile" timeout 60 node slow.js "${address%:*}" "${address##*:}"

# -- what is left of it -------------------------------------------------------------------------------
equal "it is healthy" "$(status "$url/health")" 200
equal "and still takes orders" "$(order '{"reason":"at last"}') $(json body '$.done')" "200 1"
equal "the audit log is whole" "$(bf audit verify >/dev/null 2>&1; echo $?)" 0
kill "$run_pid"
wait "$run_pid" 2>/dev/null
equal "it ends in good order" "$(grep -c '^Stopped at' run.log)" 1
equal "no line of the log is an alarm" "$(grep -c 'level=broken' run.log)" 0
equal "no token and no session is in the log" "$(grep -cE "bft_|$secret" run.log)" 0

# -- TLS ----------------------------------------------------------------------------------------------
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
    -addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' >/dev/null 2>&1
tls="--set api.tls_cert_file=cert.pem --set api.tls_key_file=key.pem"
chmod 644 key.pem
# shellcheck disable=SC2086 # options, not one word
bf run --no-status $tls >tls.out 2>tls.log
equal "a key that others may read is refused" $? 3
check "and told what to do" grep -q 'chmod 600' tls.log
chmod 600 key.pem
bf run --no-status --set api.tls_cert_file=cert.pem >tls.out 2>tls.log
equal "a certificate without a key is no start" $? 1
# shellcheck disable=SC2086
bf run --no-status --set api.tls_cert_file=key.pem --set api.tls_key_file=key.pem >tls.out 2>tls.log
equal "nor is a certificate that is none" $? 1
# shellcheck disable=SC2086
"$BULLFINCH" run --config cfg.yaml --no-status $tls >tls.out 2>tls.log &
run_pid=$!
pids="$pids $run_pid"
within 20 "it listens by TLS" grep -q "url=https:" tls.log
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' tls.log)
equal "and is known by its certificate" "$(status --cacert cert.pem "$url/health")" 200
equal "nobody else's is taken for it" "$(status "$url/health")" 000
equal "plain HTTP is not answered" "$(status "http://${url#https://}/health")" 000
curl -s --cacert cert.pem -D headers -o body -H "$json_type" -d "{\"token\":\"$desk\"}" "$url/api/session"
check "a session's cookie is sent by TLS only" grep -qi '^set-cookie: bf_session=.*; Secure' headers
kill "$run_pid"
wait "$run_pid" 2>/dev/null
equal "it ends in good order, too" "$(grep -c '^Stopped at' tls.log)" 1
cd "$root" || exit 1
finish
