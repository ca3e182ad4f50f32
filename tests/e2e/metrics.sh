#!/bin/sh
# What is measured, as an operator has it: each role's page held against docs/metrics.md, alerts and their
# cases by Debian's promtool, Alertmanager's configuration by amtool; and all of it together: a run and
# processes apart that trade, a real Prometheus that scrapes them by deploy/prometheus, every query of every
# board asked of it, and an alert that gets from a trader that was killed to Alertmanager.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh
. tests/e2e/lib/modules.sh
export BULLFINCH SCRATCH

modules_of openapi
check "a parser of YAML is installed" install_modules
[ "$failures" -eq 0 ] || exit 1
held() { NODE_PATH=$modules/node_modules node "$root/tests/deploy/metrics.js" "$@"; }

# -- files ----------------------------------------------------------------------------------------------
held files >"$SCRATCH/files.log" 2>&1
cases_of files "$SCRATCH/files.log"
prom=$root/deploy/prometheus
check "promtool takes the rules" promtool check rules "$prom/alerts.yaml" "$prom/recording.yaml"
check "each alert fires, and is silent, where it should" promtool test rules "$prom/alerts_test.yaml"
alertmanager=$root/deploy/alertmanager/alertmanager.yaml
check "amtool takes Alertmanager's configuration" amtool check-config "$alertmanager"
goes_to() { amtool config routes test --config.file="$alertmanager" "$@" 2>/dev/null; }
equal "what is critical wakes somebody" "$(goes_to alertname=BarePosition severity=critical)" wake
equal "a warning does not" "$(goes_to alertname=NoPosts severity=warning)" look
python3 "$root/deploy/grafana/boards.py" "$SCRATCH/boards" >"$SCRATCH/boards.log" 2>&1
check "the boards are what boards.py writes" diff -r "$SCRATCH/boards" "$root/deploy/grafana/dashboards"

# -- what is scraped ------------------------------------------------------------------------------------
go_to_servers metrics
with_postgresql
with_redis
ONE=KeyOfTheAccountInThisTest0000000000000000000000000000000000000000
TWO=KeyOfAnotherAccount00000000000000000000000000000000000000000000000
SECRET=SecretOfTheAccountInThisTest0000000000000000000000000000000000
exchange --account "$ONE:$SECRET:USDT=10000" --account "$TWO:$SECRET:USDT=10000" --x-token right-one \
    --price DOGEUSDT=0.5 --price BTCUSDT=50000 --price ETHUSDT=3000
echo right-one >token
echo "$ONE" >one
echo "$TWO" >two
echo "$SECRET" >secret
od -A n -N 24 -t x1 /dev/urandom | tr -d ' \n' >word
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 30 -keyout key.pem -out cert.pem 2>/dev/null
config() { # FILE KEY STORE: of one account
    cat >"$1" <<EOF
sources:
  - {kind: push, name: wire}
  - {kind: x_search, authors: [ada]}
x: {url: "http://$host", token_file: token, interval_s: 5, monthly_budget: 1000}
venue:
  kind: binance_spot_testnet
  rest_url: http://$host
  ws_api_url: ws://$host/ws-api/v3
  stream_url: ws://$host
  key_file: $2
  secret_file: secret
market: {kind: venue}
store: {url: "$3"}
queue: {url: "$redis_url"}
api: {listen: "127.0.0.1:0", tls_cert_file: cert.pem, tls_key_file: key.pem}
metrics: {listen: "127.0.0.1:0", token_file: word}
trading: {signal_threshold: 40, max_hold_s: 5, cooldown_author_s: 0}
EOF
}
config run.yaml one sqlite:run.db
config apart.yaml two "$pg_url"
publish() { # TEXT: on X
    curl -sg -H 'Content-Type: application/json' -d "{\"username\": \"ada\", \"text\": \"$1\"}" "http://$host/sim/x/publish" -o published
}
publish 'No. 0: before anybody looks' # so that X knows the name
check "the stores are made" sh -c "'$BULLFINCH' db migrate --config run.yaml && '$BULLFINCH' db migrate --config apart.yaml"
begin() { # ROLE CONFIG OPTION...: its process is $began; $ROLE_at is where it is measured
    role=$1 config=$2
    shift 2
    "$BULLFINCH" "$role" --config "$config" "$@" >"$role.out" 2>"$role.log" &
    began=$!
    pids="$pids $began"
    within 20 "$role says where it is measured" grep -q 'ev=metrics ' "$role.log"
    eval "${role}_at=\$(sed -n 's|.*ev=metrics .*url=http://\([^ ]*\).*|\1|p' $role.log | head -n 1)"
}
token_of() { # CONFIG
    "$BULLFINCH" token create feed --role ingest --source wire --expires 30d --config "$1" 2>/dev/null
}
run_feed=$(token_of run.yaml)
apart_feed=$(token_of apart.yaml)
begin run run.yaml --no-status
run_pid=$began
begin ingest apart.yaml
begin analyze apart.yaml
begin trade apart.yaml
trade_pid=$began
begin serve apart.yaml
for log in run serve; do within 20 "the interface of $log listens" grep -q 'ev=api ' $log.log; done
api_of() { sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' "$1.log"; }
bring() { # LOG TOKEN ID AUTHOR TEXT
    printf '{"id":"%s","username":"%s","text":"%s"}\n' "$3" "$4" "$5" |
        curl -skf -o brought -H "Authorization: Bearer $2" -H 'Content-Type: application/x-ndjson' --data-binary @- "$(api_of "$1")/api/ingest"
}
ask_metrics() { curl -s --max-time 10 -H "Authorization: Bearer $(cat word)" "$@"; }

# -- who may ask ----------------------------------------------------------------------------------------
code() { curl -s -o said -w '%{http_code}' "$@"; }
# shellcheck disable=SC2154 # set by begin
equal "without the word nothing is told" "$(code "http://$run_at/metrics")" 401
equal "nor with another one" "$(code -H 'Authorization: Bearer other' "http://$run_at/metrics")" 401
equal "there is nothing else" "$(code -H "Authorization: Bearer $(cat word)" "http://$run_at/api/status")" 404
equal "nothing can be written" "$(code -X POST -d x -H "Authorization: Bearer $(cat word)" "http://$run_at/metrics")" 405
open_to_all=$("$BULLFINCH" ingest --config apart.yaml --set metrics.listen=0.0.0.0:0 --set metrics.token_file= 2>&1)
equal "others are not let in without a word" $? 3
case $open_to_all in *"metrics.listen: others reach 0.0.0.0"*metrics.token_file*) ok "and it says why" ;; *) not_ok "and it says why" "$open_to_all" ;; esac

# -- Prometheus and Alertmanager, by the files that ship ----------------------------------------------------
am_port=$(free_port)
prom_port=$(free_port)
cp "$prom/recording.yaml" .
sed 's/for: [0-9]*[mh]$/for: 2s/' "$prom/alerts.yaml" >alerts.yaml # nobody wants to wait here
to() { # JOB ADDRESS: an edit of the file
    echo "s|dns_sd_configs: \[{names: \[$1\].*|static_configs: [{targets: [\"$2\"]}]|"
}
sed -e 's/15s$/1s/; s/scrape_timeout: .*/scrape_timeout: 1s/' -e "s|/run/secrets/metrics-token|$dir/word|" \
    -e "s|alertmanager:9093|127.0.0.1:$am_port|; s|localhost:9090|127.0.0.1:$prom_port|" \
    -e "$(to ingest "$ingest_at")" -e "$(to analyze "$analyze_at")" -e "$(to trade "$trade_at")" -e "$(to serve "$serve_at")" \
    -e 's|^  #- job_name: bullfinch-run|  - job_name: bullfinch-run\n    authorization: *word|' \
    -e "s|^  #  static_configs: .*127.0.0.1:9464.*|    static_configs: [{targets: [\"$run_at\"]}]|" "$prom/prometheus.yaml" >prometheus.yaml
check "promtool takes Prometheus' configuration" promtool check config prometheus.yaml
prometheus-alertmanager --config.file="$alertmanager" --storage.path=am --cluster.listen-address= \
    --web.listen-address="127.0.0.1:$am_port" >alertmanager.log 2>&1 &
pids="$pids $!"
prometheus --config.file=prometheus.yaml --storage.tsdb.path=tsdb --web.listen-address="127.0.0.1:$prom_port" >prometheus.log 2>&1 &
pids="$pids $!"
answer() { # QUERY: its first value
    curl -s --max-time 10 --data-urlencode "query=$1" "http://127.0.0.1:$prom_port/api/v1/query" >answer.json &&
        json answer.json '$.data.result[0].value[1]'
}
is() { [ "$(answer "$1")" = "$2" ]; }
within 60 "all five are scraped" is 'count(up{job=~"bullfinch.*"} == 1)' 5
within 30 "in OpenMetrics, since it asks for it" is 'count(bullfinch_build_info)' 5

# -- something happens ------------------------------------------------------------------------------------
brought=0
happen() { # until both have traded: coins may have no price yet
    brought=$((brought + 1))
    publish "No. $brought: Just bought a huge bag of \$BTC, so happy!"
    bring run "$run_feed" "r$brought" "alice$brought" "Just bought a huge bag of \$DOGE, so happy! No. $brought" || return 1
    bring serve "$apart_feed" "s$brought" "alice$brought" "Just bought a huge bag of \$DOGE, so happy! No. $brought" || return 1
    bring run "$run_feed" "t$brought" bob "Walked the dog, and it rained. No. $brought"
    bring run "$run_feed" "u$brought" bob 'no post at all' # a copy: refused
    sleep 2
    is 'count(sum by (job) (bullfinch_trades_executed_total) > 0)' 2
}
within 60 "both have traded" happen
within 60 "and once more, so that there is a rate" happen
curl -sk -o brought -H "Authorization: Bearer $run_feed" -d 'no JSON' "$(api_of run)/api/ingest"
within 60 "what X sent is billed" is 'max(bullfinch_x_spent_dollars{period="month"}) > bool 0' 1
within 30 "an end to end time is measured in both" is 'count(sum by (job) (bullfinch_post_to_order_seconds_count) > 0)' 2
within 30 "each stage is" is 'count(count by (stage) (bullfinch_stage_duration_seconds_count > 0))' 9
counted() { # QUERY SQL: both say the same
    [ "$(answer "$1")" = "$(sqlite3 run.db "$2")" ]
}
within 30 "as many trades as the store has" counted 'sum(bullfinch_trades_executed_total{job="bullfinch-run"})' \
    'SELECT count(*) FROM trades WHERE entered_at IS NOT NULL'
within 30 "as many signals" counted 'sum(bullfinch_signal_score_count{job="bullfinch-run"})' 'SELECT count(*) FROM signals'
within 30 "as many posts" counted 'bullfinch_tweets_processed_total{job="bullfinch-run"}' 'SELECT count(*) FROM tweets'
within 30 "each with what became of it" counted 'sum(bullfinch_posts_decided_total{job="bullfinch-run"})' 'SELECT count(*) FROM tweets'
days() { answer "round(($1 - time()) / 86400)"; }
equal "when the certificate ends is known" "$(days 'min(bullfinch_certificate_expiry_timestamp_seconds > 0)')" 30
equal "and when a token does" "$(days 'min(bullfinch_token_expiry_timestamp_seconds > 0)')" 30
within 30 "the same money" counted 'round(bullfinch_cash{job="bullfinch-run"} * 100)' 'SELECT CAST(round(cash / 1e6) AS INTEGER) FROM account'

# -- pages and boards -----------------------------------------------------------------------------------------
for role in run ingest analyze trade serve; do
    eval "at=\$${role}_at"
    # shellcheck disable=SC2154 # set by eval
    ask_metrics "http://$at/metrics" -o $role.txt
    ask_metrics -H 'Accept: application/openmetrics-text; version=1.0.0' "http://$at/metrics" -o $role.open
    held page $role "$dir/$role.txt" "$dir/$role.open" >$role.page 2>&1
    cases_of $role $role.page
    check "promtool finds nothing to say of the page of $role" promtool check metrics <$role.txt
    check "$role is well" sh -c "curl -s -H 'Authorization: Bearer $(cat word)' http://$at/health | grep -q '\"status\":\"healthy\"'"
done
held boards "http://127.0.0.1:$prom_port" >boards.log 2>&1
cases_of boards boards.log
firing() { # ALERT: at Alertmanager
    amtool alert query --alertmanager.url="http://127.0.0.1:$am_port" -o json "alertname=$1" 2>/dev/null | grep -q "\"$1\""
}
check "no trader is missed" sh -c "! amtool alert query --alertmanager.url=http://127.0.0.1:$am_port | grep TraderDown"
equal "and nothing else is critical" "$(answer 'count(ALERTS{alertstate="firing",severity="critical"}) or vector(0)')" 0

# -- an alert arrives -----------------------------------------------------------------------------------------
kill -9 "$trade_pid" "$run_pid"
wait "$trade_pid" "$run_pid" 2>/dev/null
within 60 "two traders that were killed are missed, at Alertmanager" firing TraderDown
within 30 "and two processes that do not answer" firing ProcessDown
# shellcheck disable=SC2154 # set by start_redis
kill -9 "$redis_pid"
within 60 "a queue that went away is" firing QueueAway
health_of() { ask_metrics -o health -w '%{http_code}' "http://$1/health"; }
# shellcheck disable=SC2154 # set by begin
equal "who uses it is not well" "$(health_of "$analyze_at")" 503
check "and says what is not" grep -q '"database":true,"redis":false' health
# shellcheck disable=SC2154 # set by start_pg
kill -INT "$pg_pid"
within 60 "so is a database" firing DatabaseAway
says_so() { [ "$(health_of "$serve_at")" = 503 ] && grep -q '"database":false' health; }
within 20 "the interface says so, too" says_so
finish
