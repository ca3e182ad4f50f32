#!/bin/sh
# The whole program on a real PostgreSQL: the ledger is the file's, also when the program or the
# server is killed; a store moves there; each role may do what it is for.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to_servers postgresql
with_postgresql

at() { echo "$pg_url?schema=$1"; }
# The demo's day; becomes the program itself. Its output is in NAME.json.
day() { # NAME URL OPTION...
    name=$1 url=$2
    shift 2
    exec "$BULLFINCH" run --posts "$root/demo/posts.jsonl" --prices "$root/demo/prices" --exit-at-end \
        --set "store.url=$url" "$@" >"$name.json" 2>"$name.log"
}
run() { (day "$@"); }
hash_of() { json "$1.json" '$.ledger_hash'; }
on() { # SCHEMA COMMAND...
    schema=$1
    shift
    "$BULLFINCH" "$@" --set "store.url=$(at "$schema")"
}

# -- the same ledger ---------------------------------------------------------------------------------------
check "the demo's day runs on a file" run file sqlite:file.db
hash=$(hash_of file)
check "and on PostgreSQL" run whole "$(at whole)"
equal "with the same ledger" "$(hash_of whole)" "$hash"
equal "and the same profit" "$(json whole.json '$.pnl')" "$(json file.json '$.pnl')"
check "its books balance" on whole db check
check "its audit log is whole" on whole audit verify
for kind in trades orders fills signals; do
    "$BULLFINCH" show $kind --json --limit 1000 --set store.url=sqlite:file.db >"file.$kind"
    on whole show $kind --json --limit 1000 >"whole.$kind"
    check "its $kind are shown as the file's are" cmp "file.$kind" "whole.$kind"
done

# -- killed ------------------------------------------------------------------------------------------------
seed=${TEST_SEED-20210519}
echo "seed $seed"
next_pause() {
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    pause=$((10 + seed / 65536 % 60))
    pause=$((pause / 100)).$(printf %02d $((pause % 100)))
}
kill_program() { kill -KILL "$1"; }
cut_power() { # the server's, as if somebody pulled the plug
    kill -QUIT "$pg_pid"
    while kill -0 "$pg_pid" 2>/dev/null; do sleep 0.05; done
    start_pg_again
}
run_and() { # WHAT NAME TIMES OPTION...
    what=$1 hurt=$2 left=$3
    shift 3
    rm -f "$hurt.json"
    while [ "$left" -gt 0 ] && [ ! -s "$hurt.json" ]; do
        left=$((left - 1))
        day "$hurt" "$(at "$hurt")" "$@" &
        began=$!
        next_pause
        sleep "$pause"
        $what $began
        wait $began
    done
    [ -s "$hurt.json" ] || run "$hurt" "$(at "$hurt")" "$@"
}
run_and kill_program often 12 --speed 15000
check "killed twelve times, the day comes to an end" [ -s often.json ]
equal "with the same ledger" "$(hash_of often)" "$hash"
check "and books that balance" on often db check
run_and cut_power dark 6 --speed 15000
check "the server's power cut six times, it comes to an end" [ -s dark.json ]
equal "with the same ledger again" "$(hash_of dark)" "$hash"
check "and books that balance again" on dark db check
check "and a whole audit log" on dark audit verify

# -- moving there ------------------------------------------------------------------------------------------
check "a file is copied" sh -c "'$BULLFINCH' db copy --to '$(at moved)' --json --set store.url=sqlite:file.db >copy.json"
equal "with its ledger" "$(hash_of copy)" "$hash"
check "the copy is sound" on moved db check
equal "started again there, everything is known" "$(run moved "$(at moved)" && json moved.json '$.posts')" \
    "$(json file.json '$.posts')"
equal "and nothing is written twice" "$(hash_of moved)" "$hash"
check "who would copy into it is refused" sh -c "! '$BULLFINCH' db copy --to '$(at whole)' --set store.url=sqlite:file.db"

# -- roles -------------------------------------------------------------------------------------------------
ask_pg 'CREATE ROLE running LOGIN; CREATE ROLE looking LOGIN' >/dev/null
as() { echo "postgresql://$1@127.0.0.1:$pg_port/bullfinch?schema=$2"; }
check "the owner makes a store" on owned db migrate
check "and grants" on owned db roles --program running --reader looking --apply
check "the day runs as the program's role" run roles "$(as running owned)"
equal "with the same ledger once more" "$(hash_of roles)" "$hash"
check "doctor finds that role right" sh -c "'$BULLFINCH' doctor --prices '$root/demo/prices' \
    --set 'store.url=$(as running owned)' | grep -q '^ok  *role  *running may'"
check "a reader looks" "$BULLFINCH" show trades --set "store.url=$(as looking owned)"
check "and gives no orders" sh -c "! '$BULLFINCH' halt --set 'store.url=$(as looking owned)' 2>reader.err &&
    grep -q 'bullfinch db roles' reader.err"
ask_pg 'REVOKE DELETE ON owned.positions FROM running' >/dev/null
check "doctor names the right that is lacking" sh -c "'$BULLFINCH' doctor --prices '$root/demo/prices' \
    --set 'store.url=$(as running owned)' | grep -q '^bad  *role  *running lacks DELETE on positions'"

check "nobody found anything broken" sh -c "! grep -l level=broken ./*.log"
finish
