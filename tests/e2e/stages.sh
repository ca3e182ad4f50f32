#!/bin/sh
# A stage that is dead is seen from where people look: with nobody who reads, with Redis away, and with work
# that has waited for long, serve says so in /health, in its metrics and in /api/operations, and doctor does;
# it goes on serving meanwhile, and nothing starts it again for what others do. Real processes, a real
# PostgreSQL, a real Redis.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to_servers stages
with_postgresql
with_redis

trading_exchange --price DOGEUSDT=0.5
{
    trading_config "$pg_url" "$redis_url"
    echo "reader: {workers: 2}"
} >cfg.yaml
BULLFINCH_QUEUE__FRESH_FOR_S=20 # nobody wants to wait here
export BULLFINCH_QUEUE__FRESH_FOR_S
check "the store is made" "$BULLFINCH" db migrate --config cfg.yaml
feed=$("$BULLFINCH" token create feed --role ingest --source wire --config cfg.yaml 2>/dev/null)
reads=$("$BULLFINCH" token create look --role read --config cfg.yaml 2>/dev/null)

begin() { # NAME ROLE: its process is $began
    "$BULLFINCH" "$2" --config cfg.yaml >"$1.out" 2>"$1.log" &
    began=$!
    pids="$pids $began"
}
begin trade trade
within 20 "a trader leads" grep -q 'ev=leads' trade.log
begin first analyze
first=$began
begin serve serve
serve=$began
within 20 "serve listens" grep -q 'ev=api ' serve.log
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' serve.log)
port=${url##*:}

health() { curl -s -o body -w '%{http_code}' "$url/health$1"; }
says() { # STATUS WORD: so answered, and called so
    [ "$(health '')" = "$1" ] && [ "$(json body '$.status')" = "$2" ]
}
cause() { # CHECK WORDS: is one of those named
    health '' >/dev/null
    [ "$(sqlite3 :memory: "SELECT count(*) FROM json_each(CAST(readfile('body') AS TEXT), '\$.causes')
        WHERE value ->> 'check' = '$1' AND value ->> 'why' LIKE '%$2%'")" = 1 ]
}
metric() { # NAME{LABELS}: its value
    curl -s -H "Authorization: Bearer $reads" "$url/metrics" | grep -v '^#' | grep -F "$1 " | sed 's/.* //'
}
is() { # NAME{LABELS} VALUE
    [ "$(metric "$1")" = "$2" ]
}
waits() { # QUEUE COUNT: as /api/operations has it
    curl -s -o body -H "Authorization: Bearer $reads" "$url/api/operations"
    [ "$(sqlite3 :memory: "SELECT value ->> 'where' || ' ' || (value ->> 'waiting') FROM
        json_each(CAST(readfile('body') AS TEXT), '\$.queues') WHERE value ->> 'name' = '$1'")" = "queue $2" ]
}
bring() { # NUMBER: so many posts
    awk -v n="$1" -v t="$(date +%s%N)" 'BEGIN { for (i = 0; i < n; i++) printf "{\"id\":\"%s-%d\",\"username\":\"bob\",\"text\":\"Walked the dog in the rain, no. %d of %s\"}\n", t, i, i, t }' |
        curl -sf -o brought -H "Authorization: Bearer $feed" -H 'Content-Type: application/x-ndjson' --data-binary @- "$url/api/ingest"
}
doctor() { # WORDS: among what it finds of the queue of posts
    "$BULLFINCH" doctor --config cfg.yaml >doctor.out 2>&1
    grep 'queue posts' doctor.out | grep -q -- "$1"
}
posts='queue="jobs: posts"'

# -- all is well, and idle --------------------------------------------------------------------------------
within 30 "it is healthy" says 200 healthy
equal "the queue is known, the readers, the trader" "$(json body '$.checks.redis')$(json body '$.checks.analyze')$(json body '$.checks.trade')" 111
equal "nothing is wrong" "$(json body '$.causes')" '[]'
check "posts are brought" bring 20
read_all() { [ "$(ask_pg 'SELECT count(*) FROM tweets WHERE stage = 0')" = 0 ] && is "bullfinch_queue_waiting{$posts}" 0; }
within 30 "and read" read_all
within 10 "an idle queue has no age" is "bullfinch_queue_oldest_timestamp_seconds{$posts}" 0
equal "its room is known" "$(metric "bullfinch_queue_capacity{$posts}")" 20000
check "and it is told as idle" waits "jobs: posts" 0
check "doctor finds nothing of it" doctor '^ok\|0 of 20000 jobs'

# -- who read is killed, and nobody takes his place ---------------------------------------------------------
kill -9 "$first"
wait "$first" 2>/dev/null
check "posts are brought all the same" bring 200
within 10 "they are counted where nobody reads" is "bullfinch_queue_waiting{$posts}" 200
since=$(metric "bullfinch_queue_oldest_timestamp_seconds{$posts}")
check "with the time of the oldest" [ $(($(date +%s) - ${since%.*})) -lt 60 ]
check "in the list of what waits, too" waits "jobs: posts" 200
within 10 "doctor warns that nobody takes them" doctor 'nobody takes from it'
within 40 "that nobody reads is a cause" cause analyze '200 jobs wait, and no analyze process'
check "it is degraded, and serves" says 200 degraded
equal "and no more is asked of who looks at the status alone" "$(health '?strict=true')" 503
equal "nonsense is told" "$(health '?strict=perhaps')" 400
check "a container's own health check leaves it alone" "$BULLFINCH" health --config cfg.yaml --set "api.listen=127.0.0.1:$port"
within 40 "that they have waited for long is another" cause posts_queue 'queue.fresh_for_s is 20'
within 10 "a worker is missed" is 'bullfinch_workers{role="analyze",state="silent"}' 2

# -- another one ---------------------------------------------------------------------------------------------
begin second analyze
second=$began
within 60 "another one reads them" read_all
within 20 "and all is well" says 200 healthy
within 20 "nobody is missed any more" is 'bullfinch_workers{role="analyze",state="silent"}' 0
equal "it is known that somebody was lost" "$(metric 'bullfinch_workers{role="analyze",state="lost"}')" 2
"$BULLFINCH" workers --json --config cfg.yaml >workers.json 2>/dev/null
equal "and who" "$(sqlite3 :memory: "SELECT count(*) FROM json_each(CAST(readfile('workers.json') AS TEXT))
    WHERE value ->> 'health' = 'silent'")" 2

# -- a stop in good order is no loss ---------------------------------------------------------------------------
stop "$second"
check "posts are brought" bring 5
within 30 "nobody reads them" cause analyze '5 jobs wait'
equal "who ended in good order is not missed" "$(metric 'bullfinch_workers{role="analyze",state="silent"}')" 0
begin third analyze
within 60 "until another one does" read_all
within 20 "and all is well again" says 200 healthy

# -- Redis goes away ---------------------------------------------------------------------------------------------
kill -9 "$redis_pid"
wait "$redis_pid" 2>/dev/null
within 20 "a queue that is away is a cause" cause redis 'has not answered for'
check "it is degraded, and serves" says 200 degraded
check "what is not known is not told" [ "$(json body '$.checks.posts_queue')" = '' ]
within 10 "the metric says so" is 'bullfinch_queue_up' 0
check "posts are taken" bring 3
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$dir/redis" --save '' --appendonly yes >>redis.log 2>&1 &
pids="$pids $!"
within 60 "when it is back all is well" says 200 healthy
within 60 "and read" read_all
check "it was the same serve all the time" kill -0 "$serve"
