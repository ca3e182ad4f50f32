#!/bin/sh
# api: how fast the HTTP interface answers beside its load, on the same cores: wrk at 32 connections
# asks a `bullfinch run` over a store of POSTS posts, while a hundred more are brought to it each second
# (and read, judged and stored). One JSON object a line, as bench.h has them.
#
#   bench/api.sh [POSTS] [DIRECTORY]    1,000,000 posts; the store (600 MB) is made in DIRECTORY
#
# `health`, which reads no store, is what the server itself takes; the others are told as a share of it
# too. Needs build/bullfinch, sqlite3, curl and wrk; without wrk it says so and measures nothing.
set -eu
posts=${1:-1000000}
dir=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/bullfinch-bench-XXXXXX")
cd "$(dirname "$0")/.."
: "${BULLFINCH:=build/bullfinch}" "${SECONDS_EACH:=8}"
pids=
trap 'for p in $pids; do kill $p 2>/dev/null || :; done; wait; rm -rf "$dir"' EXIT
command -v wrk >/dev/null || {
    echo "bench: there is no wrk: the HTTP interface is not measured (apt-get install wrk)" >&2
    exit 0
}
within() { # WHAT COMMAND...
    what=$1 tries=0
    shift
    until "$@"; do
        sleep 0.1
        tries=$((tries + 1))
        [ $tries -lt 200 ] || { echo "bench: did not come: $what" >&2; cat "$dir"/*.log >&2; exit 1; }
    done
}

# -- the program, its exchange, its posts -------------------------------------------------------------
bench/fill_store.sh "$dir/s.db" "$posts"
value() { sqlite3 -cmd '.timeout 5000' "$dir/s.db" "$1"; }
first=$(value 'SELECT min(created_at) FROM tweets')
last=$(value 'SELECT max(created_at) FROM tweets')
last_trade=$(value 'SELECT max(id) FROM trades')
"$BULLFINCH" sim --listen 127.0.0.1:0 --price DOGEUSDT=0.5 --price BTCUSDT=50000 >"$dir/sim.log" 2>&1 &
pids=$!
within "the simulated exchange" grep -q '^listening on' "$dir/sim.log"
host=$(sed -n 's|^listening on http://||p' "$dir/sim.log" | head -n 1)
cat >"$dir/bench.yaml" <<CONFIG
sources: [{kind: push, name: wire}]
venue: {rest_url: "http://$host", ws_api_url: "ws://$host/ws-api/v3", stream_url: "ws://$host"}
market: {kind: venue}
store: {url: "sqlite:$dir/s.db"}
api: {listen: "127.0.0.1:0", rate_limit: 0}
CONFIG
feed=$("$BULLFINCH" token create feed --role ingest --source wire --config "$dir/bench.yaml" | grep -o 'bft_[A-Za-z0-9_-]*')
look=$("$BULLFINCH" token create look --role read --config "$dir/bench.yaml" | grep -o 'bft_[A-Za-z0-9_-]*')
"$BULLFINCH" run --config "$dir/bench.yaml" --no-status 2>"$dir/run.log" >"$dir/run.out" &
server=$!
pids="$pids $server"
within "the address" grep -q 'ev=api ' "$dir/run.log"
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' "$dir/run.log")
token="Authorization: Bearer $look"
within "good health" curl -sf -o "$dir/body" "$url/health"

arrive() { # fifty posts, about twice a second
    batch=0
    while :; do
        batch=$((batch + 1)) i=0
        while [ $i -lt 50 ]; do
            i=$((i + 1))
            printf '{"id":"%d-%d","username":"u%d","text":"Walked the dog for %d minutes, and it rained."}\n' \
                $batch $i $i $batch
        done | curl -sf -o /dev/null -H "Authorization: Bearer $feed" -H 'Content-Type: application/x-ndjson' \
            --data-binary @- "$url/api/ingest" || return
        sleep 0.45
    done
}
arrive &
pids="$pids $!"
before_posts=$(value 'SELECT count(*) FROM tweets') began=$(date +%s)

# -- the measurements ---------------------------------------------------------------------------------
tell() { printf '{"bench": "api", "what": "%s", "value": %s, "unit": "%s"}\n' "$1" "$2" "$3"; }
share() { awk "BEGIN {printf \"%.3g\", $1 / $health}"; }
# NAME WRK-ARGUMENT...: requests a second, and how long one takes
ask() {
    name=$1
    shift
    wrk -t1 -c32 -d"${SECONDS_EACH}s" --latency -H "$token" "$@" >"$dir/wrk"
    ! grep -q 'Non-2xx\|Socket errors' "$dir/wrk" || { cat "$dir/wrk" >&2; exit 1; }
    rate=$(sed -n 's/^Requests\/sec: *//p' "$dir/wrk")
    slow=$(sed -n 's/^ *99% *//p' "$dir/wrk" | awk '/us$/ {print $1 / 1000} /ms$/ {print $1 + 0} /[0-9]s$/ && !/us$|ms$/ {print $1 * 1000}')
    [ "$name" != health ] || health=$rate
    tell "$name" "$rate" "requests/s"
    tell "$name, p99" "$slow" ms
    [ "$name" = health ] || tell "$name, share of health" "$(share "$rate")" "of 1"
}
ask health "$url/health"
ask "newest posts" "$url/api/tweets?limit=50"
ask "newest trades" "$url/api/trades?limit=50"
ask "random posts" -s bench/random_pages.lua "$url" -- tweets "$first" "$last"
ask "random trades" -s bench/random_pages.lua "$url" -- trades 1 "$last_trade"

tell "posts that arrived meanwhile" "$((($(value 'SELECT count(*) FROM tweets') - before_posts) / ($(date +%s) - began)))" "posts/s"

# Clients of the event stream, none of which is told anything: no such event comes.
CLIENTS=1000 EACH_CURL=250
n=0
printf 'header = "%s"\n' "$token" >"$dir/clients"
while [ $n -lt $EACH_CURL ]; do
    n=$((n + 1))
    printf 'url = "%s/api/events?types=mode"\n' "$url"
done >>"$dir/clients"
for part in $(seq $((CLIENTS / EACH_CURL))); do
    curl -sN --no-progress-meter --parallel --parallel-immediate --parallel-max $EACH_CURL -K "$dir/clients" >"$dir/heard.$part" &
    pids="$pids $!"
done
open_streams() { cat "$dir"/heard.* | grep -c '^retry:'; }
all_open() { [ "$(open_streams)" -eq $CLIENTS ]; }
within "a stream for each of $CLIENTS clients" all_open
ticks() { awk '{print $14 + $15}' "/proc/$server/stat"; }
before=$(ticks)
sleep 10
tell "idle event clients ($CLIENTS)" "$(awk "BEGIN {printf \"%.3g\", ($(ticks) - $before) / 10 / $(getconf CLK_TCK)}")" "of a core"
