#!/bin/sh
# What people are told, and what they say: a run, and a serve beside it, with receivers that behave as
# Telegram, Discord, Slack, a webhook and a mail server do, also when they are slow, busy or broken
# (tests/notify/receiver.py; the mail server is aiosmtpd). Nothing is lost, nothing told twice.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

BOT=110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw

go_to notify
mkdir told
/usr/bin/python3 "$root/tests/notify/receiver.py" told >receiver.log 2>&1 &
pids="$pids $!"
within 20 "the receivers listen" test -s told/http.port
web=http://127.0.0.1:$(cat told/http.port)
mail=smtp://127.0.0.1:$(cat told/smtp.port)

trading_exchange --price DOGEUSDT=0.5
echo "$BOT" >bot
echo "$web/api/webhooks/1234/of-discord" >discord
echo "$web/services/T0/B0/of-slack" >slack
echo "$web/told" >hook
echo the-secret-that-messages-are-signed-with >sign
echo of-the-mail >mailpass
{
    trading_config sqlite:t.db
    echo "trading: {signal_threshold: 40, mode: auto}"
} >plain.yaml
cp plain.yaml cfg.yaml
cat >>cfg.yaml <<END
notify: {name: here, events: "all, -signal", per_minute: 20}
telegram: {token_file: bot, chat: "4711", url: "$web"}
discord: {url_file: discord}
slack: {url_file: slack, events: "trade_opened, trade_closed, trader, mode"}
webhook: {url_file: hook, secret_file: sign, events: all}
mail: {url: "$mail", user: bird, password_file: mailpass, from: bot@example.com, to: [you@example.com], events: "trader, halt, mode"}
END

bf() { "$BULLFINCH" "$@" --config cfg.yaml; }
sql() { sqlite3 -cmd '.timeout 5000' t.db "$1"; }
began() { # NAME CONFIG COMMAND...: in the background, its log in NAME.log; pid and url are its own
    log=$1.log conf=$2
    shift 2
    "$BULLFINCH" "$@" --config "$conf" >out 2>"$log" &
    pid=$!
    pids="$pids $pid"
    within 20 "$log says where it listens" grep -q "ev=api " "$log"
    url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' "$log")
}
seen() { # LOG TEXT: how often the receiver took a message with it
    cat "told/$1.log" 2>/dev/null | grep -c -- "$2"
}
once() { [ "$(seen "$1" "$2")" = 1 ]; }
plan() { # SERVICE STEP...: what becomes of its next requests
    service=$1
    shift
    printf '%s\n' "$@" >"told/$service.plan.new" && mv "told/$service.plan.new" "told/$service.plan"
}
update=1000
say() { # TEXT [CHAT [USER]]: to the bot, in the chat
    update=$((update + 1))
    printf '{"update_id":%s,"message":{"message_id":%s,"from":{"id":%s},"chat":{"id":%s,"type":"private"},"date":%s,"text":"%s"}}\n' \
        $update $update "${3-42}" "${2-4711}" "$(date +%s)" "$1" >>told/updates.jsonl
}
post() { # ID TEXT
    curl -sf -H "Authorization: Bearer $feed" -H 'Content-Type: application/x-ndjson' "$url/api/ingest" \
        --data-binary "{\"id\":\"$1\",\"text\":\"$2\",\"username\":\"dave\"}" >brought
}
fails() { # NAME STATUS TEXT COMMAND...: fails so, and says that
    what=$1 want=$2 text=$3
    shift 3
    "$@" >said 2>&1
    got=$?
    if [ $got -eq "$want" ] && grep -q -- "$text" said; then
        ok "$what"
    else
        not_ok "$what" "status $got: $(tail -n 2 said | tr '\n' ' ')"
    fi
}

# -- bullfinch notify test ------------------------------------------------------------------------------
equal "each channel is tried" "$(bf notify test --json)" '[{"channel":"telegram","ok":true,"why":null},{"channel":"discord","ok":true,"why":null},{"channel":"slack","ok":true,"why":null},{"channel":"webhook","ok":true,"why":null},{"channel":"mail","ok":true,"why":null}]'
check "the words arrive in the chat" once chat 'Test: bullfinch speaks'
check "at Discord" once discord_took 'Test: bullfinch speaks'
check "and at Slack" once slack_took 'Test: bullfinch speaks'
equal "the webhook's is signed, by the time and the secret" "$(sqlite3 :memory: "SELECT json_extract(CAST(readfile('told/webhook.log') AS TEXT), '\$.body.signed')")" 1
equal "the mail is one that people can read" "$(sqlite3 :memory: "SELECT m ->> 'subject' || '|' || (m ->> 'to[0]') || '|' || trim(m ->> 'text') FROM (SELECT CAST(readfile('told/mail.log') AS TEXT) AS m)")" \
    '[here] Test: bullfinch speaks: this channel works|you@example.com|[here] Test: bullfinch speaks: this channel works'
check "or one of them" bf notify test slack
equal "by its name" "$(seen slack_took 'Test: bullfinch speaks')" 2
fails "another name is none" 2 'is no channel' bf notify test pager
plan discord 404
fails "what does not arrive is told" 1 'discord *did not arrive: answered 404' bf notify test discord
echo 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALWRONG >bot
fails "so is a token that is none" 1 'telegram *did not arrive: answered 401: Unauthorized' bf notify test telegram
check "and it is not repeated" sh -c '! grep -q AAHd said'
echo "$BOT" >bot
echo wrong >mailpass
fails "so is a password that is none" 1 'mail *did not arrive: ' bf notify test mail
echo of-the-mail >mailpass
fails "a chat that does not know the bot" 1 'chat not found' bf notify test telegram --set telegram.chat=-99
echo "http://203.0.113.7/hooks/of-slack" >far
fails "in plain text it goes to this machine only" 3 'slack.url_file: it holds no URL' bf notify test slack --set slack.url_file=far
check "and the URL is not repeated" sh -c '! grep -q "of-slack\|203" said'
fails "mail too" 3 'mail.url: ' bf notify test mail --set mail.url=smtp://user@203.0.113.7
fails "mail by TLS goes to nobody whose certificate is not vouched for" 1 'mail *did not arrive' bf notify test mail --set "mail.url=smtps://127.0.0.1:$(cat told/smtp.port)"
chmod 644 sign
fails "a secret that others can read is refused" 3 'webhook.secret_file: sign can be read by others' bf notify test webhook
chmod 600 sign
"$BULLFINCH" notify test --config plain.yaml >said 2>&1
equal "where none is configured it says so" "$? $(cat said)" "1 bullfinch: no channel is configured: docs/notifications.md says how"
rm -f told/*.log

# -- nobody would be told ---------------------------------------------------------------------------------
began silent plain.yaml run --no-status
within 20 "a run that nobody would hear of says so at its start" grep -q 'ev=nobody_is_told .*no channel is configured' silent.log
curl -s "$url/api/status" >status.json
equal "the interface says so" "$(json status.json '$.notify.told') $(json status.json '$.notify.why')" \
    "0 no channel is configured: docs/notifications.md"
stop "$pid"
"$BULLFINCH" doctor --config plain.yaml >said 2>&1
check "so does the doctor" grep -q '^warn  notify .*nobody would be told' said

# -- a channel whose secret is not there ------------------------------------------------------------------
"$BULLFINCH" notify test --config cfg.yaml --set telegram.token_file=nosuch >said 2>&1
equal "a test fails, and tries the others" "$? $(grep -c '^telegram *did not arrive: telegram.token_file: nosuch' said) $(grep -c ' arrived$' said)" "1 1 4"
rm -f told/*.log
sed 's/token_file: bot/token_file: nosuch/; s/t\.db/lame.db/' cfg.yaml >lame.yaml
began lame lame.yaml run --no-status
within 20 "a trader goes on all the same" grep -q 'ev=notify state=sends' lame.log
check "its log says which channel, and why" grep -q 'level=unusual .*ev=notify_refused channel=telegram .*nosuch' lame.log
within 20 "the others are told" once webhook 'telegram takes no messages from here: telegram.token_file: nosuch'
within 20 "and are told the rest" once discord_took 'a trader is at work'
curl -s "$url/api/status" >status.json
equal "the interface counts it as refused" "$(sqlite3 :memory: "SELECT group_concat(value ->> 'state' || ' ' || (value ->> 'why' LIKE '%nosuch%')) FROM json_each(CAST(readfile('status.json') AS TEXT), '\$.notify.channels') WHERE value ->> 'name' = 'telegram'")" "refused 1"
curl -s "$url/metrics" >metrics
check "so do the metrics" grep -q '^bullfinch_notify_channel_up{channel="telegram"} 0$' metrics
"$BULLFINCH" notify list --config lame.yaml >said 2>&1
check "and the list" grep -q '^telegram *refused .*nosuch' said
"$BULLFINCH" doctor --config lame.yaml >said 2>&1
check "the doctor finds it bad" grep -q '^bad  *notify *telegram.token_file: nosuch' said
stop "$pid"
rm -f told/*.log

# -- what happens is told ---------------------------------------------------------------------------------
began run cfg.yaml run --no-status
run_pid=$pid run_url=$url
check "one that would be heard does not" sh -c '! grep -q nobody_is_told run.log'
within 20 "that a trader is at work is told" once chat "Trader: a trader is at work (process $run_pid), mode auto"
within 20 "by mail, too" once mail 'a trader is at work'
check "what was before anybody was to be told is not told" sh -c "! grep -q 'ends as it was asked' told/chat.log"
feed=$(bf token create feed --role ingest --source wire 2>/dev/null | grep -o 'bft_[A-Za-z0-9_-]*')
desk=$(bf token create desk --role read 2>/dev/null | grep -o 'bft_[A-Za-z0-9_-]*')
within 20 "a post is taken" post 1 'Just bought a huge bag of $DOGE, so happy!'
within 30 "a trade is told" once chat 'Opened: LONG .* DOGEUSDT at '
within 20 "at Discord" once discord_took 'Opened: LONG'
within 20 "at Slack" once slack_took 'Opened: LONG'
within 20 "and the webhook" once webhook '"event": "trade_opened"'
check "but by no mail" sh -c '! grep -q Opened told/mail.log'
curl -s -H "Authorization: Bearer $desk" "$url/api/status" >status.json
equal "the interface says that people are told" "$(json status.json '$.notify.told') $(json status.json '$.notify.channels[0].state')" "1 well"

# -- what is said is heard ----------------------------------------------------------------------------------
say /status
within 20 "a question is answered" once chat 'Mode auto: it trades by itself.\\nA trader is at work.'
say /positions
within 20 "what is held is listed" once chat '"DOGEUSDT LONG [0-9.]* at '
say /halt 666 13
within 20 "another chat is not answered" grep -q 'ev=telegram_stranger chat=666' run.log
say '/halt@other_bot the weather'
say '/halt\u0000'
say '/halt \ud800'
say /waiting
within 20 "what cannot be read is passed by, and the next is heard" once chat '"No signal waits."'
check "the log says so" grep -q 'ev=telegram_update .*passed by' run.log
equal "and orders nothing, nor does what is said to another bot" "$(sql "SELECT count(*) FROM commands")" 0
say '/halt@our_bot the news'
within 20 "a halt is obeyed" sh -c "[ \"\$(sqlite3 t.db 'SELECT mode FROM control')\" = halted ]"
within 20 "and answered" grep -q '"halt: ' told/chat.log
within 20 "everybody is told who halted" once mail 'halted from now on, by telegram:42: the news'
equal "it stands in the audit log" "$(sql "SELECT actor || ' ' || action FROM audit_log WHERE entity = 'command'")" "telegram:42 halt"
say /resume
within 20 "a halt is ended" sh -c "[ \"\$(sqlite3 t.db 'SELECT mode FROM control')\" = auto ]"
say /flatten
within 20 "to flatten takes a code" grep -q 'send within a minute: /flatten [0-9]' told/chat.log
equal "and does nothing without" "$(sql "SELECT count(*) FROM commands WHERE verb = 'flatten'")" 0
say "/flatten $(grep -o 'send within a minute: /flatten [0-9]*' told/chat.log | grep -o '[0-9]*$')"
within 30 "with it everything is closed" sh -c "[ \"\$(sqlite3 t.db \"SELECT count(*) FROM trades WHERE status = 'OPEN'\")\" = 0 ]"
within 20 "and told" once chat 'Closed: LONG DOGEUSDT: closed by a person, profit'
bf resume --mode manual >out
say /waiting
within 20 "what waits is shown" sh -c '[ "$(grep -c "No signal waits" told/chat.log)" = 2 ]'
equal "each order was obeyed once" "$(sql "SELECT group_concat(verb, ' ') FROM commands WHERE actor LIKE 'telegram:%'")" "halt resume flatten"

# -- receivers that are busy, broken, slow ----------------------------------------------------------------
plan telegram 429 500 close ok
plan discord 503 429 half ok
plan slack 500 slow ok
plan webhook close 429 500
bf halt --reason storm >out
within 60 "after 429, 500 and a closed connection it arrives" once chat 'by cli:[a-z]*: storm'
within 60 "at Discord, too" once discord_took ': storm'
within 60 "and at Slack" once slack_took ': storm'
within 60 "and at the webhook, which knows a repetition by its id" sh -c "[ \$(grep ': storm' told/webhook.log | grep -c '\"step\": \"ok\"') = 1 ] && [ \$(grep ': storm' told/webhook.log | grep -o '\"delivery\": \"[^\"]*' | sort -u | wc -l) = 1 ]"
check "what may have been told before says so" grep -q 'storm (may have been told before)' told/chat.log
check "that it did not arrive stands in the log" grep -q 'ev=notify_retrying channel=telegram' run.log
check "and that it does again" grep -q 'ev=notify_well channel=telegram' run.log
plan mail 451 ok
bf resume --mode auto --reason calm >out
within 60 "mail that is refused for now comes later, as the same mail" sh -c "[ \$(grep calm told/mail.log | grep -o '\"message_id\": \"[^\"]*' | sort -u | wc -l) = 1 ] && grep calm told/mail.log | grep -q '\"step\": \"ok\"'"
plan slack 410
bf halt --reason gone >out
within 40 "a channel that is gone rests, and the others hear of it" once chat 'System: slack takes no messages from here: answered 410'
bf notify list >list
check "the list says how the channels are" grep -q '^slack  *refused .*answered 410' list
bf doctor >said 2>&1
check "so does the doctor" grep -q '^warn  notify  *slack: refused' said

check "when it was mended, a test says so" bf notify test slack
within 30 "and what waited is told at once" once slack_took ': gone'
sed -n '/^| event | |/,/^$/s/^| `\([a-z_]*\)`.*/\1/p' "$root/docs/notifications.md" | sort >documented
bf config check --set notify.events=nothing 2>&1 | sed 's/.*expected all, or of \(.*\); with a.*/\1/' | tr -d ' \n' | tr , '\n' |
    sed 's/bullfinch.*//' | sort >known
check "each kind of thing that is told is documented, and no other" cmp known documented

# -- one sends, wherever there are several ------------------------------------------------------------------
began serve cfg.yaml serve
serve_pid=$pid
bf resume --mode auto --reason two >out
within 20 "with two processes it is told" grep -q ': two"' told/chat.log
sleep 3
check "once" once chat ': two"'
check "the second stands by" sh -c '! grep -q "ev=notify state=sends" serve.log'

# -- a kill loses nothing and repeats nothing -----------------------------------------------------------------
plan discord 500 500 500 500 500 500 500 500
for i in 1 2 3 4 5; do bf halt --reason "kill $i" >out; done
within 20 "some are told, others wait" grep -q ': kill 5' told/chat.log
# the chat has it a moment before its answer is here; killed in that moment, it would be told once more
answered() { [ "$(sql "SELECT count(*) FROM deliveries WHERE channel = 'telegram' AND state = 'sending'")" = 0 ]; }
within 20 "and the answers are written down" answered
kill -KILL "$run_pid"
wait "$run_pid" 2>/dev/null
within 40 "the other process sends on" grep -q "ev=notify state=sends" serve.log
plan discord ok
within 120 "and says that the trader is gone" once chat "Trader: no trader is at work any more: process $run_pid is gone"
within 60 "what waited arrives" sh -c "grep -q ': kill 5' told/discord_took.log"
for i in 1 2 3 4 5; do
    equal "halt $i is told once in the chat" "$(grep -o ": kill $i" told/chat.log | wc -l)" 1
    equal "and once at Discord" "$(grep -o ": kill $i" told/discord_took.log | wc -l)" 1
done
began again cfg.yaml run --no-status
within 20 "a trader that is back is told" once chat "Trader: a trader is at work (process $pid)"
stop "$pid"
within 20 "an end is told as one" once chat "bullfinch run ends as it was asked to (process $pid)"
stop "$serve_pid"

# -- nothing that nobody may see ------------------------------------------------------------------------------
check "no log holds a secret" sh -c "! grep -q 'AAHdqTcv\|of-discord\|of-slack\|of-the-mail\|messages-are-signed\|$KEY\|$SECRET' *.log list said"
check "nor does the database" sh -c "! strings t.db t.db-wal 2>/dev/null | grep -q 'AAHdqTcv\|of-discord\|of-slack\|of-the-mail\|messages-are-signed'"
check "nor any message" sh -c "! grep -h -q 'AAHdqTcv\|of-the-mail\|messages-are-signed\|$KEY\|$SECRET' told/*.log"
check "the books are in order" bf db check
check "and the audit log is whole" bf audit verify
finish
