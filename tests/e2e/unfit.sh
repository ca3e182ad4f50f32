#!/bin/sh
# What no waiting mends: a wrong password, a right that is missing, tables that are none or another
# version's. Each process says so and ends, whatever it was at; doctor says what to do about it. On a
# real PostgreSQL and a real Redis.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to_servers unfit
with_postgresql
with_redis --requirepass opensesame

exchange --account K0000000000000000000000000000000000000000000000000000000000000000:S0000000000000000000000000000000000000000000000000000000000000000:USDT=10000 --price DOGEUSDT=0.5
say() { # FILE TEXT: a secret
    echo "$2" >"$1"
    chmod 600 "$1"
}
say right sesame
say wrong swordfish
say queue opensesame
head -n 3 "$root/demo/posts.jsonl" >posts.jsonl
cat >cfg.yaml <<END
sources:
  - {kind: replay, name: x, path: posts.jsonl}
  - {kind: push, name: wire}
venue:
  stream_url: ws://$host
  rest_url: http://$host
  ws_api_url: ws://$host/ws-api/v3
  exchange_info: $root/demo/exchangeInfo.json
market:
  kind: venue
store:
  url: postgresql://running@127.0.0.1:$pg_port/bullfinch
  password_file: right
queue:
  url: $redis_url
  password_file: queue
api:
  listen: 127.0.0.1:0
END
# the program's role must say a password, the owner need not
ask_pg "CREATE ROLE running LOGIN PASSWORD 'sesame'" >/dev/null
{
    echo 'host all running 127.0.0.1/32 scram-sha-256'
    cat "$dir/pg/data/pg_hba.conf"
} >hba
cp hba "$dir/pg/data/pg_hba.conf"
ask_pg 'SELECT pg_reload_conf()' >/dev/null
owner() { "$BULLFINCH" "$@" --config cfg.yaml --set "store.url=$pg_url" --set store.password_file=; }
grant() { owner db roles --program running --apply >/dev/null; }

# ends NAME STATUS TEXT COMMAND...: by itself, so, and says that.
ends() {
    what=$1 want=$2 text=$3
    shift 3
    timeout 30 "$BULLFINCH" "$@" --config cfg.yaml >ends.out 2>ends.log
    got=$?
    if [ $got -eq "$want" ] && tail -n 1 ends.log | grep -q "^bullfinch: .*$text"; then
        ok "$what"
    else
        not_ok "$what" "status $got: $(tail -n 2 ends.log | tr '\n' ' ')"
    fi
}
all_end() { # WHY STATUS TEXT OPTION...
    why=$1 status=$2 words=$3
    shift 3
    for role in ingest analyze trade serve; do ends "$role ends: $why" "$status" "$words" $role "$@"; done
}
doctor() { # NAME TEXT OPTION...: it is bad, and that is said
    what=$1 text=$2
    shift 2
    "$BULLFINCH" doctor --config cfg.yaml "$@" >doctor.out 2>&1
    got=$?
    if [ $got -eq 1 ] && grep -q "^bad .*$text" doctor.out; then
        ok "$what"
    else
        not_ok "$what" "status $got: $(grep -v '^ok' doctor.out | tr '\n' ' ')"
    fi
}

# -- nothing is there --------------------------------------------------------------------------------------
all_end "there is no store" 1 'db migrate` makes one, as the role that is to own the tables'
doctor "doctor says who makes one" 'there is no store at .*db migrate` makes one, as the role that is to own'
check "the owner makes it" owner db migrate
ends "no right yet: trade ends" 1 'bullfinch db roles' trade
doctor "doctor says how to get it" 'bullfinch db roles'
check "it is granted" grant
"$BULLFINCH" doctor --config cfg.yaml >doctor.out 2>&1
check "doctor finds nothing bad" sh -c '! grep "^bad" doctor.out'

# -- nobody is let in --------------------------------------------------------------------------------------
all_end "the password is wrong" 1 'store.password_file' --set store.password_file=wrong
all_end "there is no password" 1 'store.password_file' --set store.password_file=
all_end "there is no such role" 1 'user in store.url' --set "store.url=postgresql://nobody@127.0.0.1:$pg_port/bullfinch" --set store.password_file=
all_end "there is no such database" 1 'createdb' --set "store.url=postgresql://running@127.0.0.1:$pg_port/nowhere"
all_end "no TLS is spoken there" 1 'sslmode in store.url' --set "store.url=postgresql://running@127.0.0.1:$pg_port/bullfinch?sslmode=require"
doctor "doctor says which password is wrong" 'store.password_file' --set store.password_file=wrong
all_end "Redis does not take the password" 1 'queue.password_file' --set queue.password_file=wrong
doctor "doctor says which of the queue" 'queue.password_file' --set queue.password_file=wrong
for role in ingest analyze trade; do
    ends "$role is refused a Redis that everybody can read" 3 'rediss://' $role --set queue.url=redis://192.0.2.1:6379/0
done
ends "an exchange of real money is refused" 3 'are allowed' trade --set venue.stream_url=wss://stream.binance.com:9443

# -- another version's tables ------------------------------------------------------------------------------
newest=$(ask_pg 'SELECT max(version) FROM migrations')
ask_pg "INSERT INTO migrations (version, name, checksum, applied_at) VALUES (999, 'x', repeat('0', 64), now())" >/dev/null
all_end "the tables are a newer program's" 1 'newer bullfinch'
doctor "doctor says so, too" 'newer bullfinch'
ask_pg "DELETE FROM migrations WHERE version = 999; CREATE TABLE kept AS SELECT * FROM migrations WHERE version = $newest;
    DELETE FROM migrations WHERE version = $newest" >/dev/null
all_end "the tables are an older program's" 1 'db migrate'
doctor "and that they are older" 'db migrate'
ask_pg "INSERT INTO migrations SELECT * FROM kept; DROP TABLE kept" >/dev/null
ask_pg 'ALTER TABLE billed RENAME TO billed_away' >/dev/null
doctor "and which table is missing" 'there is no table billed'
ask_pg 'ALTER TABLE billed_away RENAME TO billed' >/dev/null

# -- a right is missing, and what it is for is wanted ----------------------------------------------------------
ask_pg 'REVOKE INSERT ON tweets FROM running' >/dev/null
ends "ingest ends when it may not store" 1 'bullfinch db roles' ingest --exit-at-end
doctor "doctor names the right" 'running lacks INSERT on tweets'
check "it is granted again" grant
check "posts are stored" sh -c "'$BULLFINCH' ingest --exit-at-end --config cfg.yaml >in.out 2>in.log && grep -q '\"posts\":3' in.out"
ask_pg 'REVOKE UPDATE ON tweets FROM running' >/dev/null
ends "analyze ends when it may not write what it read" 1 'bullfinch db roles' analyze --exit-at-end
equal "no post is the reason of that" "$(ask_pg 'SELECT (SELECT count(*) FROM dead_letters) + (SELECT count(*) FROM tweets WHERE stage > 0)')" 0
check "it is granted once more" grant
check "and they are read" sh -c "'$BULLFINCH' analyze --exit-at-end --config cfg.yaml >an.out 2>an.log"
equal "each of them" "$(ask_pg 'SELECT count(*) FROM tweets WHERE stage = 0')" 0
ask_pg 'REVOKE UPDATE ON leader FROM running' >/dev/null
ends "trade ends when it may not lead" 1 'bullfinch db roles' trade
grant
ask_pg 'REVOKE INSERT, UPDATE ON workers FROM running' >/dev/null
ends "trade ends when it may not say that it works" 1 'bullfinch db roles' trade
grant

# -- while they run ----------------------------------------------------------------------------------------
for role in analyze trade; do
    "$BULLFINCH" $role --config cfg.yaml >$role.out 2>$role.log &
    eval "$role=$!"
    pids="$pids $!"
done
within 20 "a trader leads" grep -q 'ev=leads ' trade.log
check "and a reader has said what it is" grep -q 'ev=starts role=analyze version=.* store=.* sources=.* workers=' analyze.log
within 20 "and waits for work" sh -c "[ \"\$('$bin/psql' -qtA -h 127.0.0.1 -p $pg_port -U bullfinch -d bullfinch -c \"SELECT count(*) > 0 FROM workers WHERE role = 'analyze' AND state = 'idle' AND seen_at > now() - interval '3 s'\")\" = t ]"
# shellcheck disable=SC2154 # set by eval
is_gone() { ! kill -0 "$1" 2>/dev/null; }
ask_pg "ALTER ROLE running PASSWORD 'changed'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'running'" >/dev/null
# shellcheck disable=SC2154
for role in analyze trade; do
    eval "pid=\$$role"
    within 30 "$role ends when its password is another one" is_gone "$pid"
    check "and says so" sh -c "tail -n 1 $role.log | grep -q '^bullfinch: .*store.password_file'"
done
ask_pg "ALTER ROLE running PASSWORD 'sesame'" >/dev/null

check "nobody found anything broken" sh -c "! grep -l level=broken ./*.log"
finish
