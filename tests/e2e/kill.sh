#!/bin/sh
# Killed at any moment and started again: the same ledger in the end, and books that balance.
. "$(dirname "$0")/lib/cases.sh"

# The demo's day: becomes the program itself, so that a signal to the shell's child reaches it. Its
# output is in $SCRATCH/NAME.json.
day() { # NAME OPTION...
    name=$1
    shift
    exec "$BULLFINCH" run --posts demo/posts.jsonl --prices demo/prices --exit-at-end \
        --set store.url="sqlite:$SCRATCH/$name.db" "$@" \
        >"$SCRATCH/$name.json" 2>"$SCRATCH/$name.log"
}

run() { (day "$@"); }

# A number of hundredths of a second, 3 to 40, from a seed that is told.
seed=${TEST_SEED-20210519}
echo "seed $seed"
next_pause() {
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    pause=$((3 + seed / 65536 % 38))
    pause=$((pause / 100)).$(printf %02d $((pause % 100)))
}

# Starts NAME until it ends by itself, killing it after a while each time but the last.
run_and_kill() { # NAME KILLS OPTION...
    killed=$1 left=$2
    shift 2
    while [ "$left" -gt 0 ]; do
        left=$((left - 1))
        day "$killed" "$@" &
        pid=$!
        next_pause
        sleep "$pause"
        kill -KILL $pid 2>/dev/null
        wait $pid 2>/dev/null
        [ -s "$SCRATCH/$killed.json" ] && break
    done
    [ -s "$SCRATCH/$killed.json" ] || run "$killed" "$@"
}

check "the demo's day runs undisturbed" run whole
hash=$(json "$SCRATCH/whole.json" '$.ledger_hash')

# Paced, it commits before each wait, so that kills find it in many states.
check "killed twenty times, it comes to an end" run_and_kill often 20 --speed 15000
equal "with the same ledger" "$(json "$SCRATCH/often.json" '$.ledger_hash')" "$hash"
equal "and the same profit" "$(json "$SCRATCH/often.json" '$.pnl')" \
    "$(json "$SCRATCH/whole.json" '$.pnl')"
authors() { "$BULLFINCH" show authors --json --limit 1000 --set store.url="sqlite:$SCRATCH/$1.db"; }
equal "and the same records of authors" "$(authors often)" "$(authors whole)"
check "of whom some have one" sh -c '"$@" | grep -q "\"recent\":[1-9]"' - "$BULLFINCH" show \
    authors --json --set store.url="sqlite:$SCRATCH/often.db"
check "its books balance" "$BULLFINCH" db check --set store.url="sqlite:$SCRATCH/often.db"
check "its audit log is whole" "$BULLFINCH" audit verify \
    --set store.url="sqlite:$SCRATCH/often.db"

check "the same with four readers" run_and_kill four 8 --speed 40000 --set reader.workers=4
equal "and again the same ledger" "$(json "$SCRATCH/four.json" '$.ledger_hash')" "$hash"

# What the judge knows of its authors comes back as well: with habits after three posts, it counts.
habits="--set judge.guard=hold --set judge.guard_posts=3 --set judge.guard_days=0"
# shellcheck disable=SC2086 # options
check "with a guard on habits the day runs undisturbed" run guarded $habits
# shellcheck disable=SC2086
check "and killed ten times" run_and_kill guarded_often 10 --speed 15000 $habits
equal "with the same ledger again" "$(json "$SCRATCH/guarded_often.json" '$.ledger_hash')" \
    "$(json "$SCRATCH/guarded.json" '$.ledger_hash')"
check "in which posts were held" grep -q '"HELD":[1-9]' "$SCRATCH/guarded.json"
equal "nothing was told as broken" "$(grep -c level=broken "$SCRATCH/often.log")" 0
finish
