#!/bin/sh
# What people order reaches the trader, whether one runs or not, and Ctrl-C ends cleanly.
. "$(dirname "$0")/lib/cases.sh"

bf() { # COMMAND...: on the store of the case, $db
    "$BULLFINCH" "$@" --set store.url="sqlite:$SCRATCH/$db.db"
}

# The demo's day; becomes the program itself, so that signals reach it.
day() { # OPTION...
    exec "$BULLFINCH" run --posts demo/posts.jsonl --prices demo/prices \
        --set store.url="sqlite:$SCRATCH/$db.db" "$@" >"$SCRATCH/$db.json" 2>"$SCRATCH/$db.log"
}

sql() { sqlite3 "$SCRATCH/$db.db" "$1"; }

# until_true COMMAND...: looks again until it holds, at most ten seconds.
until_true() {
    tries=200
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.05
    done
}

has() { # SQL: is the number it gives at least one?
    [ "$(sql "$1" 2>/dev/null || echo 0)" -ge 1 ] 2>/dev/null
}

# -- nobody runs ----------------------------------------------------------------------------------

db=stopped
check "a store can be made before the first run" bf db migrate
check "halt works on it" bf halt --reason "not today"
equal "and holds at once" "$(sql 'SELECT mode FROM control')" halted
check "the run that follows ends" sh -c '"$1" run --posts demo/posts.jsonl --prices demo/prices \
    --exit-at-end --set "store.url=sqlite:$2" >"$3" 2>/dev/null' - "$BULLFINCH" \
    "$SCRATCH/$db.db" "$SCRATCH/$db.json"
equal "and has traded nothing" "$(json "$SCRATCH/$db.json" '$.trades')" 0
check "it says why" test "$(json "$SCRATCH/$db.json" '$.refused.HALTED')" -gt 0
equal "the halt is answered" "$(sql "SELECT status FROM commands")" "done"
equal "resume says which mode holds" "$(bf resume --mode observe)" \
    "resume: holds from now on; no trader is running"
check "a key stands for an order" bf mode observe --key z
equal "the same again is no new one" "$(bf mode observe --key z)" \
    "mode: ordered before with this key, as command 3; nothing was ordered now"
equal "another order under the same key is refused" "$(
    bf halt --key z 2>&1
    echo $?
)" "bullfinch: nothing was ordered: store the command: key \"z\" stands for command 3 already, \
a mode that is not this order: use a new key
3"
equal "and changes nothing" "$(sql 'SELECT mode FROM control')" observe
check "a halt without an end" bf halt
equal "is not weakened by one with an end" "$(bf halt --for 1m --key m | tail -n 1)" \
    "A halt that stands already ends later, and that holds."
equal "for an hour or a minute are two orders" "$(
    bf halt --for 1h --key m >/dev/null 2>&1
    echo $?
)" 3
check "for a minute again is the same" bf halt --for 1m --key m
equal "the halt has no end still" "$(sql 'SELECT until = 9223372036854775807 FROM control')" 1
check "resume ends it" bf resume --mode observe
equal "flatten wants to be meant" "$(
    bf flatten </dev/null >/dev/null 2>&1
    echo $?
)" 3
equal "approve of nothing is stored for the next start" "$(bf approve 999 | cut -d' ' -f1-2)" \
    "approve: stored"
equal "a second trader on a store is kept out" "$(
    (day --speed 1) &
    first=$!
    until_true grep -q . "$SCRATCH/$db.db.lock"
    sleep 0.3
    (day --speed max --exit-at-end)
    echo $?
    kill -TERM $first 2>/dev/null
    wait $first 2>/dev/null
)" 1

# -- after a failed check -----------------------------------------------------------------------------

db=failed
check "a store whose last process failed a check" bf db migrate
touch "$SCRATCH/$db.db.failed"
(day --speed max --exit-at-end)
equal "is run" $? 0
equal "and opens nothing" "$(json "$SCRATCH/$db.json" '$.trades')" 0
check "it says why" test "$(json "$SCRATCH/$db.json" '$.refused.REDUCE_ONLY')" -gt 0
equal "the mark has become a halt" "$(sql 'SELECT mode FROM control')" halted
check "and is gone" test ! -e "$SCRATCH/$db.db.failed"
check "resume ends it" bf resume
equal "what is compared without a trader is compared at the next start" \
    "$(bf reconcile | cut -d' ' -f1-2)" "reconcile: stored"

# -- somebody runs ----------------------------------------------------------------------------------

db=running
day --speed 600 &
pid=$!
check "positions open" until_true has "SELECT count(*) FROM positions"
check "show workers names the process" sh -c '"$@" | grep -q ":'"$pid"':run.*well"' - \
    "$BULLFINCH" show workers --set store.url="sqlite:$SCRATCH/$db.db"
check "it takes little memory" test "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status)" \
    -le 24576
check "halt is answered by the trader" sh -c '[ "$("$@")" = "halt: halted" ]' - "$BULLFINCH" halt \
    --set store.url="sqlite:$SCRATCH/$db.db"
before=$(sql "SELECT count(*) FROM intents")
check "flatten is answered" bf flatten --yes
check "every position is closed at the next price" until_true \
    has "SELECT count(*) = 0 FROM positions"
equal "no intent was committed after the halt" "$(sql "SELECT count(*) FROM intents")" "$before"
check "the trades say who closed them" has \
    "SELECT count(*) FROM trades WHERE closed_reason = 'FLATTENED'"
check "resume is answered" bf resume --mode auto
equal "reconcile is answered" "$(bf reconcile)" \
    "reconcile: asked the venue for every live order"
check "and trading goes on" until_true has "SELECT count(*) > $before FROM intents"
kill -INT $pid
wait $pid
equal "Ctrl-C ends it with status 0" $? 0
check "it says what is open" grep -q 'Stopped at\|position' "$SCRATCH/$db.log"
check "the books balance" bf db check
check "the audit log is whole" bf audit verify
equal "nothing was told as broken" "$(grep -c level=broken "$SCRATCH/$db.log")" 0

# -- a run that waits lets others write ---------------------------------------------------------------

db=waiting
day --speed 1 &
pid=$!
check "a run that waits gives signs of life" until_true \
    has "SELECT count(*) FROM workers WHERE seen_at > started_at + 3000000"
equal "and obeys" "$(bf halt)" "halt: halted"
kill -INT $pid
wait $pid

# -- a stop is no turning point -----------------------------------------------------------------------

db=whole
(day --speed max --exit-at-end)
equal "the day runs through" $? 0
hash=$(json "$SCRATCH/whole.json" '$.ledger_hash')
db=parts
for _ in 1 2 3; do
    day --speed 20000 --exit-at-end &
    pid=$!
    sleep 0.4
    kill -INT $pid 2>/dev/null
    wait $pid
done
(day --speed max --exit-at-end)
equal "stopped three times and continued, it has the same ledger" \
    "$(json "$SCRATCH/parts.json" '$.ledger_hash')" "$hash"

# -- manual mode --------------------------------------------------------------------------------------

db=manual
day --speed 300 --set trading.mode=manual &
pid=$!
wanting="SELECT count(*) FROM signals WHERE verdict = 'waiting' AND wants_approval"
check "in manual mode a signal asks for approval" until_true has "$wanting"
id=$(sql "SELECT min(id) FROM signals WHERE verdict = 'waiting' AND wants_approval")
equal "nothing was traded so far" "$(sql 'SELECT count(*) FROM trades')" 0
check "a person says yes" bf approve "$id"
check "then it is traded" until_true has \
    "SELECT count(*) FROM signals WHERE id = $id AND verdict <> 'waiting'"
check "another one asks" until_true has "$wanting AND id <> $id"
id=$(sql "SELECT min(id) FROM signals WHERE verdict = 'waiting' AND wants_approval AND id <> $id")
check "a person says no" bf reject "$id"
equal "and it is refused by that person" "$(sql "SELECT reason FROM signals WHERE id = $id")" \
    REJECTED_BY_USER
equal "an id that nobody waits for is answered with status 1" "$(
    bf approve 987654 >/dev/null 2>&1
    echo $?
)" 1
kill -INT $pid
wait $pid
finish
