#!/bin/sh
# soak: the processes apart for half an hour under 500 posts a second, with a real PostgreSQL, Redis and
# Prometheus, while things break: does memory stay flat, is a descriptor lost, do the alerts that should
# fire, and no others?
#
#   tests/soak/soak.sh [SECONDS [POSTS_A_SECOND]]     1800 and 500; needs BULLFINCH and SCRATCH
#
# What happens, by the share of the time: 0.03 one analyze is killed, 0.06 the trader that leads, 0.10
# Redis for 25 s, 0.13 PostgreSQL for 25 s, 0.16 the exchange stands still for 20 s; the last three once
# more, for 15, 15 and 20 s, at 0.30, 0.40 and 0.50. None of it is worth an alert. At 0.60 Redis is away for 150 s and at 0.75
# the exchange for 240: each is. From 0.92 on it is quiet. Memory is compared between 0.22, when each
# process has met everything once and has what it needs for a backlog, and the end.
. "$(dirname "$0")/../e2e/lib/cases.sh"
. tests/e2e/lib/programs.sh
seconds=${1-1800} rate=${2-500}
[ "$seconds" -ge 1500 ] || { echo "soak: $seconds seconds are too few: alerts take minutes; at least 1500" >&2; exit 2; }
go_to_servers soak
with_postgresql
with_redis
say() { echo "$(date +%T) $*"; }

# -- who is there -----------------------------------------------------------------------------------------
KEY=KeyOfTheAccountInThisTest0000000000000000000000000000000000000000
SECRET=SecretOfTheAccountInThisTest0000000000000000000000000000000000
coins="BTC ETH SOL XRP DOGE ADA AVAX LINK DOT LTC"
prices=
for coin in $coins; do prices="$prices --price ${coin}USDT=10"; done
# shellcheck disable=SC2086 # one option a coin
exchange --account "$KEY:$SECRET:USDT=100000" $prices
echo "$KEY" >key
echo "$SECRET" >secret
od -A n -N 24 -t x1 /dev/urandom | tr -d ' \n' >word
cat >soak.yaml <<END
sources: [{kind: push, name: wire}]
venue: {kind: binance_spot_testnet, rest_url: "http://$host", ws_api_url: "ws://$host/ws-api/v3", stream_url: "ws://$host",
    key_file: key, secret_file: secret}
market: {kind: venue}
store: {url: "$pg_url"}
queue: {url: "$redis_url"}
api: {listen: "127.0.0.1:0", rate_limit: 0}
metrics: {token_file: word}
trading: {signal_threshold: 40, max_hold_s: 20, position_size_percent: 0.01}
END
check "the store is made" "$BULLFINCH" db migrate --config soak.yaml
[ "$failures" -eq 0 ] || exit 1
token=$("$BULLFINCH" token create feed --role ingest --source wire --config soak.yaml 2>/dev/null)
reader=$("$BULLFINCH" token create look --role read --config soak.yaml 2>/dev/null)
mkdir targets
begin() { # NAME ROLE: its process is $began, and stands in the file NAME.pid
    port=$(free_port) # a trader that begins anew must be found where it was
    "$BULLFINCH" "$2" --config soak.yaml --set metrics.listen="127.0.0.1:$port" >>"$1.out" 2>"$1.log" &
    began=$!
    echo $began >"$1.pid"
    pids="$pids $began"
    within 30 "$1 says where it is measured" grep -q 'ev=metrics ' "$1.log"
    printf '[{"targets": ["127.0.0.1:%s"]}]\n' "$port" >"targets/$2-$1.json"
}
begin serve1 serve
begin serve2 serve
begin analyze1 analyze
begin analyze2 analyze
begin trade1 trade
within 30 "a trader leads" grep -q 'ev=leads ' trade1.log
begin trade2 trade
within 30 "both interfaces listen" sh -c 'grep -q ev=api serve1.log && grep -q ev=api serve2.log'
api=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' serve1.log)

# -- who watches ------------------------------------------------------------------------------------------
prom=$root/deploy/prometheus
prom_port=$(free_port)
cp "$prom/recording.yaml" "$prom/alerts.yaml" .
of() { echo "s|dns_sd_configs: \[{names: \[$1\].*|file_sd_configs: [{files: [\"$dir/targets/$1-*.json\"], refresh_interval: 5s}]|"; }
sed -e "s|/run/secrets/metrics-token|$dir/word|; s|localhost:9090|127.0.0.1:$prom_port|; /^alerting:/,/^\$/d" \
    -e "$(of ingest)" -e "$(of analyze)" -e "$(of trade)" -e "$(of serve)" "$prom/prometheus.yaml" >prometheus.yaml
check "promtool takes Prometheus' configuration" promtool check config prometheus.yaml
prometheus --config.file=prometheus.yaml --storage.tsdb.path=tsdb --web.listen-address="127.0.0.1:$prom_port" >prometheus.log 2>&1 &
pids="$pids $!"
names() { ls ./*.pid | sed 's|^\./||; s|\.pid$||'; }
sample() { # a line a process that lives: when, name, process, KiB of its own, descriptors
    now=$(($(date +%s) - start))
    for name in $(names); do
        pid=$(cat "$name.pid")
        [ -d "/proc/$pid/fd" ] || continue
        set -- "$(awk '/^Pss_Anon:/ {print $2}' "/proc/$pid/smaps_rollup" 2>/dev/null)" "$(ls "/proc/$pid/fd" 2>/dev/null | wc -l)"
        [ -n "$1" ] && echo "$now $name $pid $1 $2" >>samples
    done
    for path in status 'signals?limit=50' 'tweets?limit=50' trades positions; do
        curl -s -o /dev/null -w "$now %{http_code} %{time_total}\n" --max-time 10 -H "Authorization: Bearer $reader" "$api/api/$path" >>asked
    done
}

# -- half an hour -----------------------------------------------------------------------------------------
start=$(date +%s)
node "$root/tests/soak/feed.mjs" "$api" "$token" "$rate" >feed.out 2>feed.log &
feed=$!
pids="$pids $feed"
until_share() { # SHARE: samples until then
    while [ $(($(date +%s) - start)) -lt "$(awk "BEGIN {printf \"%d\", $1 * $seconds}")" ]; do
        sample
        sleep 10
    done
}
away() { # SECONDS
    ends=$(($(date +%s) + $1))
    while [ "$(date +%s)" -lt $ends ]; do sleep 1; done
}
until_share 0.03
say "an analyze is killed"
kill -9 "$(cat analyze1.pid)"
rm analyze1.pid targets/analyze-analyze1.json
away 3
begin analyze3 analyze
until_share 0.06
say "the trader that leads is killed"
kill -9 "$(cat trade1.pid)"
rm trade1.pid targets/trade-trade1.json
within 30 "the other one leads" grep -q 'ev=leads ' trade2.log
begin trade3 trade
redis_goes() { # SECONDS
    say "Redis is killed, for $1 s"
    kill -9 "$redis_pid"
    away "$1"
    redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$dir/redis" --save '' --appendonly yes >>redis.log 2>&1 &
    redis_pid=$!
    pids="$pids $redis_pid"
}
postgresql_goes() { # SECONDS
    say "PostgreSQL is stopped at once, for $1 s"
    kill -QUIT "$pg_pid"
    away "$1"
    start_pg_again || exit 1
}
exchange_stands() { # SECONDS
    say "the exchange stands still, for $1 s"
    kill -STOP "$sim_pid"
    away "$1"
    kill -CONT "$sim_pid"
}
until_share 0.10
redis_goes 25
until_share 0.13
postgresql_goes 25
until_share 0.16
exchange_stands 20
until_share 0.30
redis_goes 15
until_share 0.40
postgresql_goes 15
until_share 0.50
exchange_stands 20
until_share 0.60
redis_from=$(($(date +%s) - start))
redis_goes 150
redis_to=$(($(date +%s) - start))
until_share 0.75
venue_from=$(($(date +%s) - start))
exchange_stands 240
venue_to=$(($(date +%s) - start))
until_share 1
say "no more posts"
kill "$feed"
wait "$feed"
cat feed.out feed.log

# -- what is left of it -----------------------------------------------------------------------------------
accepted=$(sed -n 's/.*"accepted":\([0-9]*\).*/\1/p' feed.out)
all_done() { [ "$(ask_pg 'SELECT count(*) FROM tweets WHERE stage < 2')" = 0 ]; }
within 60 "everything is decided on" all_done
equal "each post that was accepted is there" "$(ask_pg 'SELECT count(*) FROM tweets')" "$accepted"
equal "no dead letters" "$(ask_pg 'SELECT count(*) FROM dead_letters')" 0
check "the store is sound" "$BULLFINCH" db check --config soak.yaml
check "so is the audit log" "$BULLFINCH" audit verify --config soak.yaml
traded=$(ask_pg 'SELECT count(*) FROM trades')
check "most of what was due was accepted" [ "$accepted" -ge $((seconds * rate * 9 / 10)) ]
check "there was trading ($traded trades)" [ "$traded" -ge 20 ]

# -- memory and descriptors -------------------------------------------------------------------------------
middle() { # FROM TO NAME COLUMN: the median between those shares
    awk -v from="$1" -v to="$2" -v n="$3" -v c="$4" -v s="$seconds" '$2 == n && $1 >= from * s && $1 <= to * s {print $c}' samples |
        sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}
# A trader that lost its lock begins anew and stands by: who leads is compared with who led, by what is open.
sort -k1,1n -k5,5n samples | awk '$2 ~ /^trade/ {at[$1]++; line[$1, at[$1]] = $0}
    END {for (t in at) if (at[t] == 2) for (i = 1; i <= 2; i++) {split(line[t, i], f); print t, i == 1 ? "standby" : "leader", f[3], f[4], f[5]}}' >traders
cat traders >>samples
early=0 late=0
for name in serve1 serve2 analyze2 analyze3 leader standby; do
    from=$(middle 0.22 0.30 $name 4) to=$(middle 0.92 1.01 $name 4)
    early=$((early + from)) late=$((late + to))
    say "$name: $from KiB at a quarter, $to at the end"
    equal "$name has as many descriptors" "$(middle 0.92 1.01 $name 5)" "$(middle 0.22 0.30 $name 5)"
done
say "all of them: $early KiB, $late at the end"
check "memory grew by no more than one part in a hundred" [ $((late * 100)) -le $((early * 101)) ]

# -- alerts -------------------------------------------------------------------------------------------------
ask_prom() { curl -s --max-time 30 -G --data-urlencode "query=$1" "http://127.0.0.1:$prom_port/api/v1/query"; }
ask_prom "ALERTS{alertstate=\"firing\"}[${seconds}s]" >alerts.json
node -e '
    const {result} = JSON.parse(require("fs").readFileSync("alerts.json")).data, start = Number(process.argv[1]);
    for (const {metric: m, values} of result)
        console.log(m.alertname, Math.round(values[0][0] - start), Math.round(values.at(-1)[0] - start), m.instance ?? "", m.job ?? "");
' "$start" | sort -u >fired
say "alerts that fired, from and to:"
cat fired
check "Redis that was away was told" awk -v f="$redis_from" -v t="$redis_to" '$1 == "QueueAway" && $2 >= f && $2 <= t {n++} END {exit n < 1}' fired
check "so was the exchange" awk -v f="$venue_from" -v t="$venue_to" '$1 == "VenueDown" && $2 >= f && $2 <= t {n++} END {exit n < 1}' fired
# what comes of those two, while they last and for what they left to be done
others=$(awk -v rf="$redis_from" -v rt="$redis_to" -v vf="$venue_from" -v vt="$venue_to" '
    $1 ~ /^(QueueAway|QueueAgeing|NoPosts)$/ && $2 >= rf && $3 <= rt + 240 {next}
    $1 ~ /^(VenueDown|PricesStale|BreakerOpen|UnknownOrder|BarePosition|OrdersSlow)$/ && $2 >= vf && $3 <= vt + 600 {next}
    {print $1 "@" $2}' fired)
equal "no other fired" "$others" ""
equal "none fires at the end" "$(ask_prom 'count(ALERTS{alertstate="firing"}) or vector(0)' | sed 's/.*"\([0-9]*\)"\]}.*/\1/')" 0

# -- how long it took ---------------------------------------------------------------------------------------
took() { # WHAT SQL: of milliseconds
    say "$1, ms at p50, p99, most: $(ask_pg "SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 1), round(percentile_cont(0.99) WITHIN GROUP (ORDER BY ms)::numeric, 1), round(max(ms)::numeric, 1) FROM ($2) AS t" | tr '|' ' ')"
}
quiet() { # COLUMN: not within a fault or the minute after it
    echo "extract(epoch FROM $1) - $start < 0.03 * $seconds"
}
took "post stored to signal, before the first fault" "SELECT 1000 * extract(epoch FROM s.created_at - t.created_at_db) AS ms
    FROM signals s JOIN tweets t ON t.id = s.tweet_id WHERE $(quiet t.created_at_db)"
took "signal to order filled, before the first fault" "SELECT 1000 * extract(epoch FROM o.updated_at - s.created_at) AS ms
    FROM orders o JOIN signals s ON s.trade_id = o.trade_id WHERE o.leg = 'entry' AND $(quiet s.created_at)"
say "API, ms at p50, p99, most: $(awk '$2 == 200 {print 1000 * $3}' asked | sort -n | awk '{v[NR] = $1} END {printf "%.1f %.1f %.1f (%d of them)", v[int((NR + 1) / 2)], v[int(NR * 0.99)], v[NR], NR}')"
