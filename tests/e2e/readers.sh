#!/bin/sh
# Several `bullfinch ingest`, of which one reads: also when its connection to the database is lost, when the
# database is started again under them, and when it stood still while another took over.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to_servers readers
with_postgresql
with_redis
exchange --price DOGEUSDT=0.5
cat >cfg.yaml <<END_OF_FILE
sources:
  - {kind: jetstream, url: "ws://$host", keep: all}
store: {url: "$pg_url"}
queue: {url: "$redis_url"}
END_OF_FILE
begin() { # NAME: its process is $began
    "$BULLFINCH" ingest --config cfg.yaml >"$1.out" 2>>"$1.log" &
    began=$!
    pids="$pids $began"
}
number=0
publish() {
    number=$((number + 1))
    curl -sf -o published -H 'Content-Type: application/json' \
        -d "{\"username\": \"zoe\", \"text\": \"No. $number: bitcoin and tea\"}" "http://$host/sim/x/publish"
}
is() { [ "$(ask_pg "$1")" = "$2" ]; }
stored() { is "SELECT count(DISTINCT text) || ' ' || count(*) FROM tweets WHERE text LIKE 'No. %'" "$number $number"; }
reader='SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = '"'advisory'"'
    AND l.granted AND l.objid::bigint = hashtext('"'publicingest'"')::bigint & 4294967295'
says() { # NAME EVENT COUNT: that many times
    [ "$(grep -c "ev=$2 " "$1.log")" = "$3" ]
}
check "the database is made" "$BULLFINCH" db migrate --config cfg.yaml
begin one
one=$began
within 20 "one reads" is "SELECT state FROM feeds" live
begin two
two=$began
within 20 "another stands by" says two standby 1
publish
within 20 "a post is stored" stored

# -- the reader's connection is lost, many times --------------------------------------------------------
for i in 1 2 3 4 5 6 7 8 9 10; do
    ask_pg "SELECT pg_terminate_backend(pid) FROM ($reader) v" >/dev/null
    publish
    within 20 "it comes back, and nobody beside it ($i)" stored
done
check "the other one stood by" says two takes_over 0
within 20 "one session has the lock" is "SELECT count(*) FROM ($reader) v" 1

# -- the database is started again ----------------------------------------------------------------------
kill -INT "$pg_pid"
until ! kill -0 "$pg_pid" 2>/dev/null; do sleep 0.1; done
within 20 "the one that stands by waits for the store" says two waiting_for_store 1
publish
start_pg_again || exit 1
within 30 "what came meanwhile is stored" stored
within 20 "who stood by stands by again" says two store_is_there 1
publish
within 20 "and the next" stored
check "nobody took over" says two takes_over 0
equal "no gap was noted" "$(ask_pg 'SELECT count(*) FROM gaps')" 0

# -- the reader stands still, and loses the lock: another takes over -------------------------------------
kill -STOP "$one"
ask_pg "SELECT pg_terminate_backend(pid) FROM ($reader) v" >/dev/null
within 20 "the other one takes over" says two takes_over 1
publish
within 20 "and stores" stored
kill -CONT "$one"
within 20 "the first one sees that it was replaced" says one begins_anew 1
within 20 "and stands by" says one standby 1
publish
within 20 "one reads on" stored
within 20 "the feed is live" is "SELECT state FROM feeds" live

# -- who stands by ends: the source goes on --------------------------------------------------------------
stop "$one"
publish
within 20 "who stood by may end" stored
equal "and the feed is not told to have ended" "$(ask_pg 'SELECT state FROM feeds')" live
stop "$two"
equal "the last one ends it" "$(ask_pg 'SELECT state FROM feeds')" ended
check "nobody found anything broken" sh -c "! grep -l level=broken ./*.log"
finish
