#!/bin/sh
# What `bullfinch db prune` and the housekeeper remove of a store, that nothing else goes with it, and
# that the same future follows.
. "$(dirname "$0")/lib/cases.sh"

bf() { # COMMAND...: on the store of the case, $db
    "$BULLFINCH" "$@" --set store.url="sqlite:$SCRATCH/$db.db"
}
sql() { sqlite3 "$SCRATCH/$db.db" "$1"; }
replay() { # NAME FILE OPTION...: the summary in NAME.json
    name=$1 file=$2
    shift 2
    bf run --posts "$file" --prices demo/prices --speed max --exit-at-end --no-status "$@" \
        >"$SCRATCH/$name.json" 2>"$SCRATCH/$name.log"
}
# What a store holds, row by row.
fingerprint() { sqlite3 "$SCRATCH/$db.db" .dump | sha256sum; }
thirty="posts=30,signals=30,readings=5,audit_log=30,commands=30"

# -- a day, and forty days later --------------------------------------------------------------------

db=life
check "the demo's day" replay day demo/posts.jsonl
sed -n '1s/"1395045502729838991"/"1411045502729838991"/g; 1s/2021-05-19T/2021-07-02T/p' demo/posts.jsonl \
    >"$SCRATCH/later.jsonl"
check "and a post of forty days later" replay later "$SCRATCH/later.jsonl"
check "people ordered something" bf halt --reason "for the list of commands"
check "and took it back" bf resume --mode auto
check "which the next start answers" replay again "$SCRATCH/later.jsonl"
hash=$(json "$SCRATCH/again.json" '$.ledger_hash')
summary=$(sqlite3 :memory: "SELECT json_remove(CAST(readfile('$SCRATCH/again.json') AS TEXT), '\$.source')")
trades=$(sql "SELECT count(*) FROM trades")
was=$(fingerprint)

check "a dry run" bf db prune --dry-run
check "as JSON" sh -c '"$@" >"$0"' "$SCRATCH/dry.json" "$BULLFINCH" db prune --dry-run --json \
    --older-than "$thirty" --set store.url="sqlite:$SCRATCH/$db.db"
equal "says that it is one" "$(json "$SCRATCH/dry.json" '$.dry_run')" 1
equal "and changes nothing" "$(fingerprint)" "$was"
gone() { # FILE TABLE
    sqlite3 :memory: "SELECT value ->> 'gone' FROM json_each(CAST(readfile('$SCRATCH/$1') AS TEXT), '\$.tables')
        WHERE value ->> 'table' = '$2'"
}
for table in signals posts equity audit_log; do
    check "it would remove rows of $table" test "$(gone dry.json $table)" -gt 0
done

# -- doing it -----------------------------------------------------------------------------------------

cp "$SCRATCH/life.db" "$SCRATCH/kills.db"
cp "$SCRATCH/life.db" "$SCRATCH/kept.db"
check "a prune" sh -c '"$@" >"$0"' "$SCRATCH/done.json" "$BULLFINCH" db prune --json \
    --older-than "$thirty" --set store.url="sqlite:$SCRATCH/$db.db"
for table in signals posts readings equity candles audit_log commands dead_letters gaps alerts authors post_memory; do
    equal "of $table it removes what it said" "$(gone done.json $table)" "$(gone dry.json $table)"
done
check "the books are sound" bf db check
equal "each trade is there, with its post and its signal" "$(sql "SELECT count(*) FROM trades t JOIN tweets w
    ON w.id = t.tweet_id JOIN signals s ON s.id = t.signal_id")" "$trades"
equal "no refused signal of then is" "$(sql "SELECT count(*) FROM signals s WHERE verdict = 'refused' AND
    NOT EXISTS (SELECT 1 FROM signals x WHERE x.tweet_id = s.tweet_id AND x.verdict <> 'refused') AND
    NOT EXISTS (SELECT 1 FROM intents i WHERE i.root_id = s.root_id)")" 0
check "the audit log is whole" bf audit verify
check "and says where it begins" sh -c '"$@" | grep -q "begins behind row"' - "$BULLFINCH" audit verify \
    --set store.url="sqlite:$SCRATCH/$db.db"
check "the run goes on" replay after "$SCRATCH/later.jsonl"
equal "with the same ledger" "$(json "$SCRATCH/after.json" '$.ledger_hash')" "$hash"
equal "and the same sums" "$(sqlite3 :memory: \
    "SELECT json_remove(CAST(readfile('$SCRATCH/after.json') AS TEXT), '\$.source')")" "$summary"
was=$(fingerprint)
check "once more" bf db prune --older-than "$thirty"
equal "removes nothing more" "$(fingerprint)" "$was"

# -- an anchor that somebody makes up -------------------------------------------------------------------

cp "$SCRATCH/life.db" "$SCRATCH/forged.db"
db=forged
first=$(sql "SELECT min(id) FROM audit_log")
sql "DROP TRIGGER audit_log_no_delete; DROP TRIGGER audit_anchor_no_return;
    UPDATE audit_anchor SET rows = $first, hash = (SELECT hash FROM audit_log WHERE id = $first);
    DELETE FROM audit_log WHERE id = $first"
bf audit verify --json >"$SCRATCH/forged.json"
equal "an anchor that was moved to hide a row is found" "$(json "$SCRATCH/forged.json" '$.sound')" 0
check "and the check of the store says so, too" sh -c '! "$1" db check --set store.url="sqlite:$2" | grep -q "is sound"' - \
    "$BULLFINCH" "$SCRATCH/forged.db"

# -- killed on its way -----------------------------------------------------------------------------------

db=kills
for pause in 0.004 0.008 0.012 0.016 0.02 0.03; do
    "$BULLFINCH" db prune --older-than "$thirty" --set store.url="sqlite:$SCRATCH/$db.db" >/dev/null 2>&1 &
    pid=$!
    sleep $pause
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    check "killed after $pause s: the books are sound" bf db check
    check "killed after $pause s: the audit log is whole" bf audit verify
done
check "the last one ends it" bf db prune --older-than "$thirty"
for table in tweets signals equity; do
    db=life
    want=$(sql "SELECT group_concat(x) FROM (SELECT rowid AS x FROM $table ORDER BY 1)")
    db=kills
    equal "as much of $table is left as after one round" \
        "$(sql "SELECT group_concat(x) FROM (SELECT rowid AS x FROM $table ORDER BY 1)")" "$want"
done
check "and the run goes on" replay kills "$SCRATCH/later.jsonl"
equal "with the same ledger, too" "$(json "$SCRATCH/kills.json" '$.ledger_hash')" "$hash"

# -- beside a trader ----------------------------------------------------------------------------------------

db=kept
"$BULLFINCH" run --posts "$SCRATCH/later.jsonl" --prices demo/prices --speed 1 --no-status \
    --set store.url="sqlite:$SCRATCH/kept.db" >/dev/null 2>"$SCRATCH/kept.log" &
pid=$!
within 20 "a trader runs" sh -c "sqlite3 '$SCRATCH/kept.db' 'SELECT count(*) FROM workers WHERE pid = $pid' | grep -q 1"
check "beside it the store is pruned" sh -c '"$@" >"$0"' "$SCRATCH/beside.json" "$BULLFINCH" db prune --json \
    --older-than "$thirty" --set store.url="sqlite:$SCRATCH/$db.db"
equal "of as much" "$(gone beside.json posts)" "$(gone dry.json posts)"
equal "the trader obeys as before" "$(bf halt)" "halt: halted"
kill -INT $pid
wait $pid
equal "and ends well" $? 0
check "its books are sound" bf db check

# -- words ---------------------------------------------------------------------------------------------------

db=life
refused() { # TEXT OPTION: status 2, and what is said has the text
    said=$(bf db prune --older-than "$2" 2>&1)
    equal "--older-than $2 is wrong usage" $? 2
    check "and says why" sh -c 'printf %s "$1" | grep -q -- "$2"' - "$said" "$1"
}
refused "no table" trades=1
refused "TABLE=DAYS" posts
refused "TABLE=DAYS" posts=-1
refused "a day at most" post_memory=0
finish
