#!/bin/sh
# The disk is lost with positions open (docs/disaster.md): a backup that is older than some of them is put back, and then
# again without any backup. Nothing stands bare, nothing is sold that was not bought, nothing is opened on a guess.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh
. tests/e2e/lib/positions.sh

go_to disaster
exchange --account "$KEY:$SECRET:USDT=10000" --price DOGEUSDT=0.5 --price ETHUSDT=3000 --price BTCUSDT=90000 --price SOLUSDT=150
make_positions_config "$host" t
say() { "$BULLFINCH" "$@" --config t.yaml; }
sql() { sqlite3 -cmd '.timeout 5000' t.db "$1"; }
says() { [ "$(sql "$1")" = "$2" ]; }
begin() { # LOG
    log=$1
    "$BULLFINCH" run --no-status --config t.yaml >run.out 2>"$log" &
    run_pid=$!
    pids="$pids $run_pid"
    within 30 "it listens ($log)" grep -q 'ev=api ' "$log"
    url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' "$log")
}
brings() { # ID COIN: once the coin has a price
    within 30 "$2 has a price" tradable "$url" "$reader" "$2"
    bring "$url" "$token" "$1" "$2" >brought
}
lose() { # the machine dies, its disk with it
    kill -KILL "$run_pid"
    wait "$run_pid" 2>/dev/null
    rm -f t.db t.db-* t.db.*
}
stands() { [ "$(standing "$host")" = "$1" ]; }
open_of() { echo "SELECT count(*) FROM trades WHERE status = 'OPEN' AND symbol = '$1'"; }
stops_of() { echo "SELECT group_concat(client_order_id) FROM (SELECT client_order_id FROM orders WHERE symbol = '$1' AND leg = 'stop' ORDER BY id)"; }
live_stop() { echo "SELECT count(*) FROM orders WHERE symbol = '$1' AND leg = 'stop' AND status = 'open'"; }

token=$(say token create wire --role ingest --source wire 2>/dev/null)
reader=$(say token create reader --role read 2>/dev/null)
begin first.log
brings 1 DOGE
within 30 "a position in DOGE is open" says "$(open_of DOGEUSDT)" 1
brings 2 BTC
within 30 "and one in BTC" says "$(open_of BTCUSDT)" 1
within 30 "with its stop" says "$(live_stop BTCUSDT)" 1
stop_of_btc=$(sql "$(stops_of BTCUSDT)")
check "a backup is made while it trades" say db backup backup.db
brings 3 ETH
within 30 "after the backup one in ETH is opened" says "$(open_of ETHUSDT)" 1
within 30 "with its stop" says "$(live_stop ETHUSDT)" 1
equal "six orders stand at the exchange" "$(standing "$host")" 6

# -- with a backup --------------------------------------------------------------------------------------
lose
equal "with the machine gone all six stand" "$(standing "$host")" 6
move "$host" DOGEUSDT 0.4 >moved
within 20 "one of the stops does its work meanwhile" stands 4
check "the backup is put back" say db restore backup.db
begin restored.log
within 30 "what happened meanwhile is asked after: DOGE was stopped out" says \
    "SELECT status || ' ' || closed_reason FROM trades WHERE symbol = 'DOGEUSDT'" "CLOSED STOP"
equal "BTC is held" "$(sql "$(open_of BTCUSDT)")" 1
equal "at no loss that is only a price not known yet" "$(sql "SELECT unrealized_pnl > -20 * 100000000 FROM positions WHERE symbol = 'BTCUSDT'")" 1
equal "under the stop that it had" "$(sql "$(stops_of BTCUSDT)")" "$stop_of_btc"
within 30 "of ETH it says that it does not know it" grep -q 'ev=lost_trade' restored.log
say reconcile >reconciled
equal "it does not touch what guards it" "$(standing "$host")" 4
equal "and sells nothing of it" "$(sql "$(open_of ETHUSDT)")" 0
brings 4 SOL
within 30 "nothing is opened meanwhile" says "SELECT verdict || ' ' || reason FROM signals WHERE symbol = 'SOLUSDT'" "refused FOREIGN_BOT"
move "$host" ETHUSDT 3700 >moved
within 30 "ETH is sold by its target, at the exchange" stands 2
say reconcile >reconciled
within 30 "then it says that the account is its own again" grep -q 'ev=foreign_bot' restored.log
brings 5 SOL
within 30 "and opens again" says "$(open_of SOLUSDT)" 1
within 30 "with a stop" says "$(live_stop SOLUSDT)" 1
check "the books are sound" say db check
check "the audit log is whole" say audit verify
equal "and says what was left alone" "$(sql "SELECT count(*) FROM audit_log WHERE action = 'leave_lost'")" 2

# -- without any -----------------------------------------------------------------------------------------
lose
equal "four orders stand" "$(standing "$host")" 4
token=$(say token create wire --role ingest --source wire 2>/dev/null)
reader=$(say token create reader --role read 2>/dev/null)
begin anew.log
within 30 "with a new store it says that another bullfinch's orders are there" grep -q 'ev=foreign_bot' anew.log
brings 6 DOGE
within 30 "nothing is opened" says "SELECT verdict || ' ' || reason FROM signals" "refused FOREIGN_BOT"
equal "and nothing is touched" "$(standing "$host")" 4
move "$host" BTCUSDT 50000 >moved
move "$host" SOLUSDT 50 >moved
within 30 "their stops end both, at the exchange" stands 0
say reconcile >reconciled
brings 7 ETH
within 30 "then it opens again" says "$(open_of ETHUSDT)" 1
within 30 "with a stop" says "$(live_stop ETHUSDT)" 1
check "the new books are sound" say db check
stop "$run_pid"
finish
