#!/bin/sh
# What /api/operations says of a run that orders, of one whose exchange went away, and beside a run of
# another process; and who is seen to be at work, wherever one asks.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh


go_to operations
trading_exchange --price DOGEUSDT=0.5
trading_config sqlite:t.db >cfg.yaml

began() { # NAME COMMAND...: in the background, its log in NAME.log; pid and url are its own
    log=$1.log
    shift
    "$BULLFINCH" "$@" --config cfg.yaml >out 2>"$log" &
    pid=$!
    pids="$pids $pid"
    within 20 "$log says where it listens" grep -q "ev=api " "$log"
    url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' "$log")
}
look() { # URL: into the file body
    curl -s -o body "$1/api/operations"
}
has() { # URL LIST NAME MEMBER VALUE: the member of the one of this name
    look "$1" && [ "$(sqlite3 :memory: "SELECT value ->> '$4' FROM json_each(CAST(readfile('body') AS TEXT), '\$.$2')
        WHERE value ->> 'name' = '$3'")" = "$5" ]
}
began run run --no-status
run_pid=$pid run_url=$url
for lane in "venue: entries" "venue: exits, repairs and questions" "trader: posts" "posts of push:wire"; do
    check "it has the queue \"$lane\", in its own memory" has "$run_url" queues "$lane" where process
done
within 20 "a lane that has nothing to do waits" has "$run_url" tasks "venue: entries" doing ""
for group in orders lists reads market; do
    within 20 "the breaker of the venue's $group is closed" has "$run_url" breakers "venue: $group" state closed
done
check "the same queues are metrics" sh -c "curl -s '$run_url/metrics' | grep -q 'bullfinch_queue_waiting{queue=\"venue: entries\"} 0'"

began serve serve
serve_pid=$pid serve_url=$url
check "beside it, the trader's breakers are told as unknown" has "$serve_url" breakers venue state unknown
check "and why" sh -c "grep -q 'the trader is another process' body"
check "what waits in the store is known to both" has "$serve_url" queues "commands for the trader" waiting 0
equal "and nothing else is made up" "$(json body '$.tasks')" "[]"
worker() { # PID MEMBER VALUE: of the worker of that process, by the command line
    "$BULLFINCH" workers --json --config cfg.yaml >workers.json 2>/dev/null
    [ "$(sqlite3 :memory: "SELECT value ->> '$2' FROM json_each(CAST(readfile('workers.json') AS TEXT))
        WHERE value ->> 'pid' = $1")" = "$3" ]
}
at_work() { # URL PID...: these, and nobody else, are well in what it answers
    look "$1"
    shift
    [ "$(sqlite3 :memory: "SELECT group_concat(value ->> 'pid', ' ') FROM (SELECT value FROM
        json_each(CAST(readfile('body') AS TEXT), '\$.workers') WHERE value ->> 'health' = 'well' ORDER BY value ->> 'role')")" = "$*" ]
}
within 20 "both are seen to be at work by the one" at_work "$run_url" "$run_pid" "$serve_pid"
check "and by the other" at_work "$serve_url" "$run_pid" "$serve_pid"
check "the run says what it is at" worker "$run_pid" task "posts and prices as they come"
within 20 "requests are counted" sh -c "\"$BULLFINCH\" workers --json --role serve --config cfg.yaml | grep -q '\"done\":[1-9]'"
check "they are metrics, too" sh -c "curl -s '$serve_url/metrics' | grep -q 'bullfinch_workers{role=\"run\",state=\"working\"} 1'"
check "a table is for people" sh -c "\"$BULLFINCH\" workers --config cfg.yaml | grep -q ':$run_pid:run  *well  *working'"
check "show workers is the same" sh -c "\"$BULLFINCH\" show workers --config cfg.yaml | grep -q ':$run_pid:run  *well  *working'"
stop "$serve_pid"
check "who ended as he should has stopped" worker "$serve_pid" health stopped

stop "$sim_pid"
opened() { has "$run_url" breakers "venue: market" state open || has "$run_url" breakers "venue: reads" state open ||
    has "$run_url" breakers "venue: market" state half-open || has "$run_url" breakers "venue: reads" state half-open; }
within 90 "when the exchange went away, a breaker opens" opened
check "and says why, since when and until when" sh -c "sqlite3 :memory: \"SELECT count(*) FROM
    json_each(CAST(readfile('body') AS TEXT), '\\$.breakers') WHERE value ->> 'state' <> 'closed' AND value ->> 'why' <> '' AND
    value ->> 'since' < value ->> 'told_at' AND value ->> 'until' IS NOT NULL\" | grep -q '^[1-9]'"
kill -KILL "$run_pid"
wait "$run_pid" 2>/dev/null
within 60 "who was killed is silent" worker "$run_pid" health silent
finish
