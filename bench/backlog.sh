#!/bin/sh
# backlog: a million posts that wait, and how much memory that takes: of ingest while nobody reads, of
# Redis, of analyze while it works them off, and of one process that replays as many. One JSON object a
# line, as bench.h has them; MB that are resident at a tenth of the posts and at the end.
#
#   bench/backlog.sh [POSTS] [DIRECTORY]    1,000,000
#
# What finds no room in the queue (queue.capacity) stands in the database, and the sweeper brings it:
# so neither process nor queue grows with what waits. Needs build/bullfinch, a PostgreSQL, a Redis and
# psql; without one of them it says so and measures the one process alone.
set -eu
posts=${1:-1000000}
dir=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/bullfinch-backlog-XXXXXX")
cd "$(dirname "$0")/.."
: "${BULLFINCH:=build/bullfinch}"
pids=
trap 'for p in $pids; do kill $p 2>/dev/null || :; done; wait; rm -rf "$dir"' EXIT
# shellcheck source=tests/lib/servers.sh
. tests/lib/servers.sh
tell() { printf '{"bench": "backlog", "what": "%s", "value": %s, "unit": "%s"}\n' "$1" "$2" "$3"; }
resident() { awk '/^VmRSS:/ {printf "%.1f", $2 / 1024}' "/proc/$1/status"; }
tenth=$((posts / 10))

awk -v n="$posts" 'BEGIN {
    split("Walked the dog for %d minutes, and it rained.|Just bought %d $DOGE, so happy with it!|The train was %d minutes late again, and nobody said why.|I think bitcoin goes to %d soon, what a great year|My cat slept %d hours today and still looks tired", s, "|")
    for (i = 0; i < n; i++)
        printf "{\"id\":\"19%017d\",\"author_id\":\"%d\",\"username\":\"user%d\",\"created_at\":\"2026-01-01T%02d:%02d:%02dZ\",\"text\":\"" s[i % 5 + 1] "\"}\n", i + 1, i % 5000, i % 5000, i / 3600 % 24, i / 60 % 60, i % 60, i
}' >"$dir/posts.jsonl"

# watch PID COUNT WHAT: its memory once COUNT (a command) says a tenth, and the last before its end
watch() {
    first='' last=''
    while kill -0 "$1" 2>/dev/null; do
        now=$(resident "$1" 2>/dev/null) || break
        [ -z "$now" ] || last=$now
        [ -n "$first" ] || [ "$($2)" -lt "$tenth" ] || first=$last
        sleep 0.2
    done
    tell "$3, at a tenth of $posts posts" "${first:-$last}" MB
    tell "$3, at the end" "$last" MB
}

# -- one process ----------------------------------------------------------------------------------
"$BULLFINCH" run --posts "$dir/posts.jsonl" --prices demo/prices --exit-at-end --no-status \
    --set "store.url=sqlite:$dir/run.db" --set log.level=unusual >"$dir/run.out" 2>"$dir/run.log" &
pids="$pids $!"
in_file() { sqlite3 "$dir/run.db" 'SELECT count(*) FROM tweets' 2>/dev/null || echo 0; }
watch $! in_file "one process, SQLite"

for need in redis-server psql node; do
    command -v $need >/dev/null || {
        echo "bench: there is no $need: processes apart are not measured" >&2
        exit 0
    }
done
[ -n "$(pg_bin)" ] || { echo "bench: there is no PostgreSQL: processes apart are not measured" >&2; exit 0; }
rm "$dir"/run.db*

# -- processes apart ------------------------------------------------------------------------------
start_pg
start_redis
cat >"$dir/cfg.yaml" <<CONFIG
sources: [{kind: replay, name: x, path: "$dir/posts.jsonl"}]
store: {url: "$pg_url"}
queue: {url: "$redis_url"}
log: {level: unusual}
CONFIG
"$BULLFINCH" db migrate --config "$dir/cfg.yaml" >"$dir/migrate.log" 2>&1
"$BULLFINCH" ingest --exit-at-end --config "$dir/cfg.yaml" >"$dir/ingest.out" 2>"$dir/ingest.log" &
pids="$pids $!"
stored() { ask_pg "SELECT count(*) FROM tweets"; }
watch $! stored "ingest, while nobody reads"
tell "Redis, with a full queue" "$(resident "$redis_pid")" MB
"$BULLFINCH" analyze --exit-at-end --config "$dir/cfg.yaml" >"$dir/analyze.out" 2>"$dir/analyze.log" &
pids="$pids $!"
began=$(date +%s.%N)
read_by_now() { ask_pg "SELECT count(*) FROM tweets WHERE stage > 0"; }
watch $! read_by_now "analyze, working it off"
tell "posts of a backlog, read and stored" \
    "$(awk "BEGIN {printf \"%.0f\", $posts / ($(date +%s.%N) - $began)}")" "posts/s"
tell "Redis, at the end" "$(resident "$redis_pid")" MB
left=$(ask_pg "SELECT count(*) FROM tweets WHERE stage = 0")
[ "$left" -eq 0 ] || { echo "bench: $left posts were not read" >&2; exit 1; }
