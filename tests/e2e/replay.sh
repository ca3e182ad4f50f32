#!/bin/sh
# The demo's day in virtual time: what comes out is a summary that adds up, and the same one however
# many readers there are.
. "$(dirname "$0")/lib/cases.sh"

replay() { # NAME OPTION...
    name=$1
    shift
    "$BULLFINCH" run --config demo/bullfinch.yaml --speed max --exit-at-end \
        --set store.url="sqlite:$SCRATCH/$name.db" "$@" \
        >"$SCRATCH/$name.json" 2>"$SCRATCH/$name.log" || {
        tail -n 5 "$SCRATCH/$name.log"
        return 1
    }
}

check "the demo's day runs to its end" replay one --set reader.workers=1
check "and with two readers" replay two --set reader.workers=2
check "and with eight" replay eight --set reader.workers=8
[ "$failures" -eq 0 ] || exit 1
equal "every post was read" "$(json "$SCRATCH/one.json" '$.posts')" 330
for readers in two eight; do
    equal "the ledger is the same with $readers readers" \
        "$(json "$SCRATCH/$readers.json" '$.ledger_hash')" "$(json "$SCRATCH/one.json" '$.ledger_hash')"
done
equal "each trade of the ledger is named by its post, pair and strategy, not by a row" \
    "$("$BULLFINCH" show ledger --set store.url="sqlite:$SCRATCH/one.db" | grep -o 'trade=[^ ]*' | LC_ALL=C sort -u)" \
    "$(sqlite3 "$SCRATCH/one.db" "SELECT 'trade=' || root_id || '/' || symbol || '/' || strategy AS n
        FROM trades" | LC_ALL=C sort)"
check "the ledger has a hash" test "$(json "$SCRATCH/one.json" '$.ledger_hash' | wc -c)" -eq 65
check "something was traded" test "$(json "$SCRATCH/one.json" '$.trades')" -gt 0
equal "trades are closed or open" \
    "$(sqlite3 "$SCRATCH/one.db" "SELECT count(*) FROM trades WHERE status IN ('OPEN', 'CLOSED')")" \
    "$(json "$SCRATCH/one.json" '$.trades')"
equal "what is open is in the summary" \
    "$(sqlite3 "$SCRATCH/one.db" "SELECT count(*) FROM trades WHERE status = 'OPEN'")" \
    "$(sqlite3 :memory: "SELECT json_array_length(CAST(readfile('$SCRATCH/one.json') AS TEXT),
        '$.positions')")"
equal "equity is what there was and the profit" \
    "$(sqlite3 :memory: "SELECT printf('%.8f', 10000 + $(json "$SCRATCH/one.json" '$.pnl'))")" \
    "$(json "$SCRATCH/one.json" '$.equity')"
equal "every post is in the store" "$(sqlite3 "$SCRATCH/one.db" 'SELECT count(*) FROM tweets')" 330
equal "no line of the log is an alarm" "$(grep -c 'level=broken' "$SCRATCH/one.log")" 0
finish
