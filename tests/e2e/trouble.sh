#!/bin/sh
# What the world does to a program: files that are not there or not right, a disk that is full, a
# database that is locked or damaged. It says what is wrong, and nothing that was kept is lost.
. "$(dirname "$0")/lib/cases.sh"

day() { # NAME OPTION...: its status; output and log in $SCRATCH
    name=$1
    shift
    "$BULLFINCH" run --posts demo/posts.jsonl --prices demo/prices --exit-at-end \
        --set store.url="sqlite:$SCRATCH/$name.db" "$@" \
        >"$SCRATCH/$name.json" 2>"$SCRATCH/$name.log"
}

# fails NAME STATUS TEXT COMMAND...: ends with that status and says TEXT on standard error.
fails() {
    what=$1 want=$2 text=$3
    shift 3
    "$@" >/dev/null 2>"$SCRATCH/said"
    status=$?
    if [ $status -ne "$want" ]; then
        not_ok "$what" "status $status, want $want: $(tail -n 2 "$SCRATCH/said" | tr '\n' ' ')"
    elif ! grep -q -- "$text" "$SCRATCH/said"; then
        not_ok "$what" "does not say \"$text\": $(tail -n 2 "$SCRATCH/said" | tr '\n' ' ')"
    else
        ok "$what"
    fi
}

run() { "$BULLFINCH" run --exit-at-end --set store.url="sqlite:$SCRATCH/x.db" "$@"; }

check "the day as it should be" day good
hash=$(json "$SCRATCH/good.json" '$.ledger_hash')

# -- configuration ------------------------------------------------------------------------------------

cat >"$SCRATCH/bad.yaml" <<'END'
trading:
  signal_threshold: 170
  position_size_percent: 1
  stop_los_percent: 0.02
venue:
  kind: moon
END
fails "a mistake is told with its line" 1 'bad.yaml:2: trading.signal_threshold' \
    run --config "$SCRATCH/bad.yaml"
for text in 'bad.yaml:3: trading.position_size_percent' 'bad.yaml:4: .*stop_los' \
    'bad.yaml:6: venue.kind'; do
    check "so is every other: $text" grep -q "$text" "$SCRATCH/said"
done
check "nothing was made" test ! -e "$SCRATCH/x.db"
fails "a configuration file that is not there" 1 "nowhere.yaml" run --config "$SCRATCH/nowhere.yaml"
fails "an unknown key on the command line" 1 "trading.speed" run --set trading.speed=3
fails "no posts" 1 "source.path" run --prices demo/prices
fails "no prices" 1 "venue.prices" run --posts demo/posts.jsonl

# -- input ----------------------------------------------------------------------------------------------

fails "a posts file that is not there" 1 "nowhere.jsonl" \
    run --posts "$SCRATCH/nowhere.jsonl" --prices demo/prices
fails "a posts file that is a folder" 1 "is a directory" run --posts "$SCRATCH" --prices demo/prices
fails "prices that are not there" 1 "nowhere" \
    run --posts demo/posts.jsonl --prices "$SCRATCH/nowhere"
mkdir "$SCRATCH/empty"
fails "a folder without prices" 1 "venue.prices" \
    run --posts demo/posts.jsonl --prices "$SCRATCH/empty"
fails "a venue's list that is no JSON" 1 "venue.exchange_info" \
    run --posts demo/posts.jsonl --prices demo/prices --set venue.exchange_info=demo/README.md
fails "and says which file that is" 1 "demo/README.md" \
    run --posts demo/posts.jsonl --prices demo/prices --set venue.exchange_info=demo/README.md
check "none of this made a store" test ! -e "$SCRATCH/x.db"

: >"$SCRATCH/none.jsonl"
check "an empty posts file is a run without posts" day none --posts "$SCRATCH/none.jsonl"
equal "of no post" "$(json "$SCRATCH/none.json" '$.posts')" 0

# useless NAME WHAT: the posts file NAME.jsonl holds no post.
useless() {
    day "$1" --posts "$SCRATCH/$1.jsonl"
    equal "$2 is no posts: status 1" $? 1
    check "and it is told: $2" grep -q "no line of .*$1.jsonl is a post: " "$SCRATCH/$1.log"
    equal "with its summary: $2" "$(json "$SCRATCH/$1.json" '$.posts')" 0
}
head -c 200000 /dev/urandom >"$SCRATCH/noise.jsonl"
useless noise "noise"
gzip -c demo/posts.jsonl >"$SCRATCH/packed.jsonl"
useless packed "a packed file"
iconv -f UTF-8 -t UTF-16 demo/posts.jsonl >"$SCRATCH/wide.jsonl"
useless wide "UTF-16"
echo '{"data": [{"id": "1394973980800000001", "text": "DOGE"}], "meta": {}}' >"$SCRATCH/page.jsonl"
useless page "a page of an API"
fails "without --exit-at-end it ends, too" 1 "no line of .*page.jsonl is a post" \
    timeout 20 "$BULLFINCH" run --posts "$SCRATCH/page.jsonl" --prices demo/prices \
    --set store.url="sqlite:$SCRATCH/page2.db"

{
    head -n 100 demo/posts.jsonl
    echo 'this is no post'
    echo '{"id": "1", "text": 5}'
    tail -n +101 demo/posts.jsonl
    printf '{"id": "139'
} >"$SCRATCH/torn.jsonl"
check "bad lines stop nothing" day torn --posts "$SCRATCH/torn.jsonl"
equal "every good one is read" "$(json "$SCRATCH/torn.json" '$.posts')" 330
equal "with the same ledger" "$(json "$SCRATCH/torn.json" '$.ledger_hash')" "$hash"
equal "bad ones are dead letters" \
    "$(sqlite3 "$SCRATCH/torn.db" 'SELECT count(*) FROM dead_letters')" 3
torn() { "$BULLFINCH" "$@" --set store.url="sqlite:$SCRATCH/torn.db"; }
check "with file and line" sh -c 'torn=$("$@") && echo "$torn" | grep -q "torn.jsonl:101"' - \
    "$BULLFINCH" dlq list --set store.url="sqlite:$SCRATCH/torn.db"
equal "and what stood there" "$(torn dlq show 1 | tail -n 1)" "this is no post"
fails "tried again, it is still none" 1 "still no post" torn dlq retry 1
equal "and the try is counted" \
    "$(sqlite3 "$SCRATCH/torn.db" 'SELECT attempts FROM dead_letters WHERE id = 1')" 2
check "it can be dropped" torn dlq drop 1
fails "but only once" 1 "." torn dlq drop 1
torn_sql() { sqlite3 "$SCRATCH/torn.db" "$1"; }
trades=$(torn_sql 'SELECT count(*) FROM trades')
torn_sql "UPDATE dead_letters SET payload = '{\"id\": \"77\", \"created_at\": \"2021-05-19T15:55:41.000Z\",
    \"author_id\": \"5\", \"username\": \"ann\", \"text\": \"Buying \$DOGE, to the moon!\"}' WHERE id = 2"
check "tried again, it is a good post now" torn dlq retry 2
equal "which is stored as too late" "$(torn_sql 'SELECT outcome FROM tweets WHERE id = 77')" STALE
equal "the letter is marked" "$(torn_sql 'SELECT status FROM dead_letters WHERE id = 2')" retried
fails "and not tried twice" 1 "retried already" torn dlq retry 2
id=$(torn_sql 'SELECT min(tweet_id) FROM trades')
was=$(torn_sql "SELECT outcome, created_at_db, text FROM tweets WHERE id = $id")
torn_sql "UPDATE dead_letters SET payload = json_object('id', '$id', 'created_at',
    '2021-05-19T15:55:41.000Z', 'author_id', '5', 'username', 'ann', 'text', 'other') WHERE id = 3"
check "a letter that came in another way meanwhile" torn dlq retry 3
equal "changes nothing of the post" \
    "$(torn_sql "SELECT outcome, created_at_db, text FROM tweets WHERE id = $id")" "$was"
equal "none of it is traded" "$(torn_sql 'SELECT count(*) FROM trades')" "$trades"
check "and the books are sound" torn db check

# -- the store ------------------------------------------------------------------------------------------

# Blocks of 512 bytes: no file may grow beyond that.
limited() { # NAME BLOCKS
    (ulimit -f "$2" && day "$1")
}
limited tiny 40
equal "a disk without room for a new store ends the run with status 1" $? 1
check "which says what to do, too" grep -q 'Make room' "$SCRATCH/tiny.log"
check "with room it begins anew" day tiny
equal "and is as it should be" "$(json "$SCRATCH/tiny.json" '$.ledger_hash')" "$hash"
limited full 2000
equal "a disk that is full ends the run with status 1" $? 1
check "which says what to do" grep -q 'Make room' "$SCRATCH/full.log"
check "what was kept is sound" "$BULLFINCH" db check --set store.url="sqlite:$SCRATCH/full.db"
check "with room again it goes on" day full
equal "to the same ledger" "$(json "$SCRATCH/full.json" '$.ledger_hash')" "$hash"

"$BULLFINCH" db migrate --set store.url="sqlite:$SCRATCH/locked.db" >/dev/null
(
    echo 'BEGIN IMMEDIATE;'
    sleep 1.5
    echo 'COMMIT;'
) | sqlite3 "$SCRATCH/locked.db" &
sleep 0.3
check "a database that somebody else writes to is waited for" day locked
equal "and nothing changes by it" "$(json "$SCRATCH/locked.json" '$.ledger_hash')" "$hash"
wait

cp "$SCRATCH/good.db" "$SCRATCH/hurt.db"
printf 'XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX' |
    dd of="$SCRATCH/hurt.db" bs=1 seek=8192 conv=notrunc 2>/dev/null
dd if=/dev/zero of="$SCRATCH/hurt.db" bs=4096 seek=5 count=20 conv=notrunc 2>/dev/null
fails "a damaged database is found by its check" 1 "." \
    "$BULLFINCH" db check --set store.url="sqlite:$SCRATCH/hurt.db"
day hurt
equal "and ends a run with status 1" $? 1
check "which says what to do" grep -q 'db check\|restore' "$SCRATCH/hurt.log"
echo 'no database at all, but long enough to be looked at as one; no database at all' \
    >"$SCRATCH/text.db"
day text
equal "a file that is no database is left alone" $? 1
check "and so is what it holds" grep -q 'no database at all' "$SCRATCH/text.db"

check "a backup is made" "$BULLFINCH" db backup "$SCRATCH/copy.db" \
    --set store.url="sqlite:$SCRATCH/good.db"
fails "and never over another file" 1 "." "$BULLFINCH" db backup "$SCRATCH/copy.db" \
    --set store.url="sqlite:$SCRATCH/good.db"
check "it is put in the damaged one's place" "$BULLFINCH" db restore "$SCRATCH/copy.db" \
    --set store.url="sqlite:$SCRATCH/hurt.db"
check "which is sound then" "$BULLFINCH" db check --set store.url="sqlite:$SCRATCH/hurt.db"
equal "what was there is kept, and that is said" "$(ls "$SCRATCH/hurt.db.before-restore" >/dev/null && "$BULLFINCH" db restore "$SCRATCH/copy.db" \
    --set store.url="sqlite:$SCRATCH/hurt.db")" 'Restored. What was there before is kept beside it as *.before-restore.'
equal "where nothing was, nothing is" "$("$BULLFINCH" db restore "$SCRATCH/copy.db" --set store.url="sqlite:$SCRATCH/nothing.db")" 'Restored.'
check "and goes on" day hurt
equal "with the same ledger" "$(json "$SCRATCH/hurt.json" '$.ledger_hash')" "$hash"

cp "$SCRATCH/copy.db" "$SCRATCH/cut.db"
check "the audit log is whole" "$BULLFINCH" audit verify --set store.url="sqlite:$SCRATCH/cut.db"
sqlite3 "$SCRATCH/cut.db" 'DROP TRIGGER audit_log_no_delete; DELETE FROM audit_log WHERE id =
    (SELECT max(id) FROM audit_log)'
equal "its last row cut off is missed" "$(
    "$BULLFINCH" audit verify --set store.url="sqlite:$SCRATCH/cut.db" |
        grep -o 'rows are missing at the end'
)" "rows are missing at the end"

cp "$SCRATCH/copy.db" "$SCRATCH/off.db"
sqlite3 "$SCRATCH/off.db" 'UPDATE account SET cash = cash + 1'
fails "a backup whose books do not balance is refused" 1 "not sound itself: account: cash" \
    "$BULLFINCH" db restore "$SCRATCH/off.db" --set store.url="sqlite:$SCRATCH/hurt.db"
check "what was there is there" "$BULLFINCH" db check --set store.url="sqlite:$SCRATCH/hurt.db"

fails "standard output that takes nothing is told" 1 "standard output" \
    sh -c '"$@" >/dev/full' - "$BULLFINCH" config docs
finish
