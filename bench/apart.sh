#!/bin/sh
# apart: the processes that stand apart (ingest, two of analyze, trade, serve) with a real PostgreSQL and
# a real Redis, all on this machine. One JSON object a line, as bench.h has them.
#
#   bench/apart.sh [POSTS] [DIRECTORY]    300,000 posts for the rate
#
# In the same run what a durable commit of one row costs in that PostgreSQL. Needs build/bullfinch, a
# PostgreSQL, a Redis, psql and curl; without one of them it says so and measures nothing.
set -eu
posts=${1:-300000}
dir=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/bullfinch-bench-XXXXXX")
cd "$(dirname "$0")/.."
: "${BULLFINCH:=build/bullfinch}" "${ORDERS:=220}"
pids=
trap 'for p in $pids; do kill $p 2>/dev/null || :; done; wait; rm -rf "$dir"' EXIT
# shellcheck source=tests/lib/servers.sh
. tests/lib/servers.sh
for need in redis-server psql curl node; do
    command -v $need >/dev/null || {
        echo "bench: there is no $need: processes apart are not measured" >&2
        exit 0
    }
done
[ -n "$(pg_bin)" ] || { echo "bench: there is no PostgreSQL: processes apart are not measured" >&2; exit 0; }
tell() { printf '{"bench": "apart", "what": "%s", "value": %s, "unit": "%s"}\n' "$1" "$2" "$3"; }
within() { # WHAT COMMAND...
    what=$1 tries=0
    shift
    until "$@"; do
        sleep 0.1
        tries=$((tries + 1))
        [ $tries -lt 300 ] || { echo "bench: did not come: $what" >&2; tail -n 5 "$dir"/*.log >&2; exit 1; }
    done
}
now() { date +%s.%N; }
since() { awk "BEGIN {printf \"%.3f\", $(now) - $1}"; }

start_pg -c track_commit_timestamp=on
start_redis
cat >"$dir/rate.yaml" <<CONFIG
sources: [{kind: replay, name: x, path: "$dir/posts.jsonl", strangers: yes}]
store: {url: "$pg_url"}
queue: {url: "$redis_url", capacity: 100000}
log: {level: unusual}
CONFIG
"$BULLFINCH" db migrate --config "$dir/rate.yaml" >"$dir/migrate.log" 2>&1

# What people write, most of it of no coin: twenty sentences with numbers in them.
make_posts() { # COUNT FIRST
    awk -v n="$1" -v first="$2" 'BEGIN {
        split("Walked the dog for %d minutes, and it rained.|Just bought %d $DOGE, so happy with it!|The train was %d minutes late again.|I think bitcoin goes to %d soon, what a great year|Reading a book about birds, page %d, and it is lovely|Nobody told me that the meeting takes %d hours|ETH gas fees are terrible today, paid %d|My cat slept %d hours today and still looks tired|Coffee number %d, and it is not even noon|Selling all my $SOL at %d, this is awful|What a match! %d to nothing, and the rain did not stop them|Looking for %d people who want to play chess on Sunday|The new update fixed %d bugs and made three|Dinner for %d, and the oven is broken|Has anybody seen my keys? Lost them %d minutes ago|Thread on how markets work, %d of many: liquidity|Happy birthday to my brother, who is %d today|Rain, rain and %d more days of rain|Somebody explain to me why $XRP moved %d percent|The museum is closed until the %dth, so we went home", s, "|")
        for (i = 0; i < n; i++)
            printf "{\"id\":\"19%017d\",\"author_id\":\"%d\",\"username\":\"user%d\",\"text\":\"" s[i * 7 % 20 + 1] "\"}\n", first + i, i % 5000, i % 5000, i
    }'
}

# -- how many posts a second, from ingest to stored score ------------------------------------------
make_posts "$posts" 1 >"$dir/posts.jsonl"
began=$(now)
"$BULLFINCH" ingest --exit-at-end --config "$dir/rate.yaml" >"$dir/ingest.out" 2>"$dir/ingest.log" &
ingest=$!
"$BULLFINCH" analyze --config "$dir/rate.yaml" >"$dir/analyze1.out" 2>"$dir/analyze1.log" &
one=$!
"$BULLFINCH" analyze --config "$dir/rate.yaml" >"$dir/analyze2.out" 2>"$dir/analyze2.log" &
two=$!
pids="$pids $one $two"
wait $ingest
unread() { ask_pg 'SELECT EXISTS (SELECT 1 FROM tweets WHERE stage = 0)'; }
while [ "$(unread)" = t ]; do sleep 0.05; done
took=$(since "$began")
kill $one $two
wait $one $two || :
equal=$(ask_pg 'SELECT count(*) FROM tweets')
[ "$equal" -eq "$posts" ] || { echo "bench: $equal posts of $posts" >&2; exit 1; }
tell "posts, ingest to stored score" "$(awk "BEGIN {printf \"%.0f\", $posts / $took}")" "posts/s"

# -- workers that wait: how they scale --------------------------------------------------------------
held_posts=1280 # that are not in the queue: the sweeper finds them
held() { # WORKERS: seconds for those, 20 ms each
    ask_pg "UPDATE tweets SET stage = CASE WHEN id IN (SELECT id FROM tweets ORDER BY id LIMIT $held_posts) THEN 0 ELSE 2 END,
        created_at_db = created_at_db - interval '1 hour' WHERE stage <> 2 OR id IN (SELECT id FROM tweets ORDER BY id LIMIT $held_posts)" >/dev/null
    redis-cli -p "$redis_port" flushall >/dev/null
    began=$(now)
    "$BULLFINCH" analyze --exit-at-end --hold-ms 20 --config "$dir/rate.yaml" --set "reader.workers=$1" \
        >"$dir/held.out" 2>"$dir/held.log"
    since "$began"
}
alone=$(held 1)
for workers in 2 4; do
    tell "$workers workers on 20 ms of work, share of $workers times one" \
        "$(awk "BEGIN {printf \"%.3f\", $alone / $(held $workers) / $workers}")" "of 1"
done

# -- from a stored post to a recorded order, when nothing else happens ------------------------------
coins="BTC ETH SOL XRP DOGE ADA AVAX LINK DOT LTC BNB"
prices=
for coin in $coins; do prices="$prices --price ${coin}USDT=10"; done
# shellcheck disable=SC2086 # one option a coin
"$BULLFINCH" sim --listen 127.0.0.1:0 $prices >"$dir/sim.log" 2>&1 &
pids="$pids $!"
within "the simulated exchange" grep -q '^listening on' "$dir/sim.log"
host=$(sed -n 's|^listening on http://||p' "$dir/sim.log" | head -n 1)
ask_pg 'DROP SCHEMA public CASCADE; CREATE SCHEMA public' 2>/dev/null
redis-cli -p "$redis_port" flushall >/dev/null
cat >"$dir/trade.yaml" <<CONFIG
sources: [{kind: push, name: wire}]
venue: {stream_url: "ws://$host", rest_url: "http://$host", ws_api_url: "ws://$host/ws-api/v3"}
market: {kind: venue}
store: {url: "$pg_url"}
queue: {url: "$redis_url"}
api: {listen: "127.0.0.1:0", rate_limit: 0}
trading: {cooldown_symbol_s: 0, cooldown_author_s: 0, signal_threshold: 40, max_open_positions: 64,
    position_size_percent: 0.001, max_hold_s: 1}
CONFIG
"$BULLFINCH" db migrate --config "$dir/trade.yaml" >"$dir/migrate.log" 2>&1
# Of a post's row only the last change says when it was committed: the first is kept beside it.
ask_pg 'CREATE TABLE stored (id BIGINT PRIMARY KEY);
    CREATE FUNCTION note_stored() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO stored VALUES (NEW.id); RETURN NULL; END $$;
    CREATE TRIGGER stored AFTER INSERT ON tweets FOR EACH ROW EXECUTE FUNCTION note_stored()' >/dev/null
token=$("$BULLFINCH" token create feed --role ingest --source wire --config "$dir/trade.yaml" | grep -o 'bft_[A-Za-z0-9_-]*')
ours=
for role in "serve" "analyze" "analyze" "trade"; do
    n=$((${n:-0} + 1))
    "$BULLFINCH" $role --config "$dir/trade.yaml" >"$dir/$role$n.out" 2>"$dir/$role$n.log" &
    ours="$ours $!"
done
pids="$pids $ours"
within "the address" grep -q 'ev=api ' "$dir/serve1.log"
within "a trader" grep -q 'ev=leads ' "$dir/trade4.log"
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' "$dir/serve1.log")
bring() { # NUMBER COIN
    awk -v n="$1" -v coin="$2" 'BEGIN {srand(n); printf "{\"id\":\"p%d\",\"username\":\"u%d\",\"text\":\"Just bought a huge bag of $%s, so happy! w%d w%d w%d w%d w%d\"}\n", n, n, coin, rand() * 1000, rand() * 1000, rand() * 1000, rand() * 1000, rand() * 1000}' |
        curl -sf -o /dev/null -H "Authorization: Bearer $token" -H 'Content-Type: application/x-ndjson' \
            --data-binary @- "$url/api/ingest"
}
sleep 3 # each coin has a price by then
i=0
while [ $i -lt "$ORDERS" ]; do
    for coin in $coins; do
        i=$((i + 1))
        bring $i "$coin"
        sleep 0.12 # a coin that was bought is sold after a second
    done
done
sleep 1
spans="SELECT 1000 * extract(epoch FROM pg_xact_commit_timestamp(i.xmin) - pg_xact_commit_timestamp(s.xmin)) AS ms
    FROM intents i JOIN stored s ON s.id = i.root_id"
tell "orders" "$(ask_pg 'SELECT count(*) FROM intents')" "of $i posts"
for share in 0.5 0.99; do
    tell "post stored to order recorded, p$(echo $share | cut -c 3- | sed 's/^5$/50/')" \
        "$(ask_pg "SELECT round(percentile_cont($share) WITHIN GROUP (ORDER BY ms)::numeric, 3) FROM ($spans) AS s")" ms
done

# A durable commit of one row in the same database, for comparison.
"$bin/pgbench" -n -h 127.0.0.1 -p "$pg_port" -U bullfinch -t 500 -f /dev/stdin bullfinch >"$dir/pgbench" 2>&1 <<'SQL' || true
INSERT INTO cursors (name, value) VALUES ('bench', '') ON CONFLICT (name) DO UPDATE SET value = excluded.value;
SQL
tell "a durable commit of one row" "$(sed -n 's/^latency average = \([0-9.]*\) ms.*/\1/p' "$dir/pgbench")" ms

# -- memory ---------------------------------------------------------------------------------------
pss() { awk '/^Pss:/ {sum += $2} END {printf "%.1f", sum / 1024}' "$@"; }
"$BULLFINCH" ingest --config "$dir/rate.yaml" 2>"$dir/ingest2.log" >/dev/null &
ours="$ours $!"
pids="$pids $!"
sleep 2
rolls=
for p in $ours; do rolls="$rolls /proc/$p/smaps_rollup"; done
# shellcheck disable=SC2086 # one word a file
tell "memory of ingest, two analyze, trade and serve together" "$(pss $rolls)" MB
