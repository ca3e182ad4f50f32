#!/bin/sh
# Posts that are taken back: what they opened is closed, and what they said leaves the files.
. "$(dirname "$0")/lib/cases.sh"

start=1621436400 # 2021-05-19 15:00 UTC, seconds

# id SECONDS: a post's id of so many seconds after the start, as X makes it.
id() { echo $(((start + $1) * 1000 - 1288834974657 << 22)); }

# at SECONDS
at() { date -u -d "@$((start + $1))" +%Y-%m-%dT%H:%M:%SZ; }

# post SECONDS AUTHOR TEXT [MEMBERS]
post() {
    printf '{"id":"%s","created_at":"%s","author_id":"%s","username":"user%s","text":"%s"%s}\n' \
        "$(id "$1")" "$(at "$1")" "$2" "$2" "$3" "${4-}"
}

# gone SECONDS OF-SECONDS AUTHOR
gone() {
    printf '{"delete":{"tweet":{"id":"%s","author_id":"%s"},"timestamp_ms":"%s"}}\n' \
        "$(id "$2")" "$3" "$(((start + $1) * 1000))"
}

candles() { # FILE PRICE
    echo "open_time_ms,open,high,low,close,volume"
    i=0
    while [ $i -lt 60 ]; do
        echo "$(((start + i * 60) * 1000)),$1,$1,$1,$1,90000000"
        i=$((i + 1))
    done
}

mkdir -p "$SCRATCH/prices"
candles 0.37 >"$SCRATCH/prices/DOGEUSDT-1m.csv"
candles 2620 >"$SCRATCH/prices/ETHUSDT-1m.csv"
candles 37500 >"$SCRATCH/prices/BTCUSDT-1m.csv"
candles 1.6 >"$SCRATCH/prices/ADAUSDT-1m.csv"
{
    post 30 11 'Just bought a huge bag of $DOGE, so happy, zzsecretone'
    post 40 12 'Just bought a huge bag of $ETH, so happy, zzsecrettwo'
    post 50 13 'Just bought a huge bag of $BTC, so happy, zzkeptone'
    gone 200 30 11
    gone 200 30 11
    post 210 12 'My account was hacked, ignore all posts, zzkepttwo'
    gone 220 300 14
    post 300 14 'Just bought a huge bag of $ADA, so happy, zzsecretthree'
    printf '{"id":"%s","created_at":12,"text":"zzsecretfour"}\n' "$(id 310)"
    gone 320 310 15
    post 330 16 'What a lovely afternoon, zzsecretfive'
    post 331 17 'RT @user16: What a lovely afternoon, zzsecretfive' \
        ",\"referenced_tweets\":[{\"type\":\"retweeted\",\"id\":\"$(id 330)\"}]"
    gone 340 330 16
    post 400 13 'Sold all my $BTC, it will crash, zzkeptthree'
    printf '{"delete":{"tweet":{"author_id":"1"},"timestamp_ms":"%s"}}\n' "$((start * 1000))"
} >"$SCRATCH/posts.jsonl"

bf() { "$BULLFINCH" "$@" --set store.url="sqlite:$SCRATCH/$db.db"; }

day() { # NAME OPTION...
    name=$1
    shift
    exec "$BULLFINCH" run --posts "$SCRATCH/posts.jsonl" --prices "$SCRATCH/prices" --exit-at-end \
        --set store.url="sqlite:$SCRATCH/$name.db" --set judge.freshness=false \
        --set judge.record_horizon_s=120 \
        --set trading.signal_threshold=50 "$@" >"$SCRATCH/$name.json" 2>"$SCRATCH/$name.log"
}

sql() { sqlite3 "$SCRATCH/$db.db" "$1"; }

# Is there nothing of this in any file of the database?
absent() { ! cat "$SCRATCH/$db".db* | grep -aq "$1"; }

db=whole
(day whole)
equal "it ends well" $? 0
equal "four posts were deleted" "$(json "$SCRATCH/whole.json" '$.deleted')" 4
equal "told by five lines" "$(json "$SCRATCH/whole.json" '$.source.deletions')" 5
equal "two lines could not be read" "$(json "$SCRATCH/whole.json" '$.source.malformed')" 2
equal "the trades say why they were closed" \
    "$(sql "SELECT group_concat(symbol || ' ' || closed_reason)
    FROM (SELECT * FROM trades ORDER BY symbol)")" \
    "BTCUSDT DENIED,DOGEUSDT DELETED,ETHUSDT DENIED"
equal "what comes after its deletion is not traded" "$(json "$SCRATCH/whole.json" '$.refused.DELETED')" 1
for word in one two three four five; do
    case $word in two) continue ;; esac
    check "zzsecret$word is in no file" absent "zzsecret$word"
done
check "what was not deleted is there" sh -c "grep -aq zzsecrettwo $SCRATCH/whole.db"
equal "deleted posts keep their rows" "$(sql "SELECT count(*) FROM tweets
    WHERE deleted_at IS NOT NULL AND text = '' AND id IN ($(id 30), $(id 300), $(id 330), $(id 331))")" 4
check "show says so" sh -c '"$1" show posts --set "store.url=sqlite:$2" | grep -q "(deleted)"' - \
    "$BULLFINCH" "$SCRATCH/whole.db"
equal "the ledger has ids, not words" "$(bf show ledger | grep -c zz)" 0
check "the books balance" bf db check
check "the audit log is whole" bf audit verify
equal "nothing was told as broken" "$(grep -c level=broken "$SCRATCH/whole.log")" 0

# -- forgetting ---------------------------------------------------------------------------------------

equal "a post can be forgotten" "$(bf db forget "$(id 40)" | head -n 1)" \
    "Forgotten: the text of 1 post."
check "zzsecrettwo is in no file" absent zzsecrettwo
equal "again there is nothing left to do" "$(bf db forget "$(id 40)" --json |
    sed 's/.*"posts":\([0-9]*\).*/\1/')" 0
equal "there is a record of the next one" "$(sql "SELECT signals > 0 FROM author_records
    WHERE key = 'x:13'")" 1
equal "so can an author" "$(bf db forget --author 13 | head -n 1)" "Forgotten: the text of 2 posts."
check "zzkeptone is in no file" absent zzkeptone
check "nor is his name" absent user13
equal "nor are his habits, his record and what was followed for it" "$(sql "SELECT posts || ' ' ||
    ifnull(length(habit), 0) || ' ' || (SELECT count(*) FROM author_records WHERE key = 'x:13') || ' ' ||
    (SELECT count(*) FROM forecasts WHERE author = 'x:13') FROM authors WHERE key = 'x:13'")" "0 0 0 0"
equal "those of others are there" "$(sql "SELECT count(*) > 0 FROM author_records WHERE signals > 0")" 1
equal "an author by name" "$(bf db forget --author @User12 | head -n 1)" \
    "Forgotten: the text of 1 post."
check "nor is that name" absent user12
check "who did it is in the audit log" test "$(sql "SELECT count(*) FROM audit_log
    WHERE action = 'forget' AND entity IN ('post', 'author')")" -eq 4
equal "what is no id is refused" "$(
    bf db forget zz >/dev/null 2>&1
    echo $?
)" 2
equal "neither or both is refused" "$(
    bf db forget >/dev/null 2>&1
    echo $?
    bf db forget 1 --author 2 >/dev/null 2>&1
    echo $?
)" "2
2"
check "the books balance still" bf db check
check "the audit log is whole still" bf audit verify

# -- while somebody runs -------------------------------------------------------------------------------

# until_true SQL: looks again until it gives 1, at most ten seconds.
until_true() {
    tries=200
    until [ "$(sql "$1" 2>/dev/null)" = 1 ]; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.05
    done
}

db=running
day running --speed 30 &
pid=$!
check "a position opens" until_true "SELECT count(*) > 0 FROM positions WHERE symbol = 'DOGEUSDT'"
check "its post can be forgotten meanwhile" bf db forget "$(id 30)"
equal "its text is gone" "$(sql "SELECT text = '' FROM tweets WHERE id = $(id 30)")" 1
check "the trader closes the position at the next price" until_true \
    "SELECT count(*) FROM trades WHERE symbol = 'DOGEUSDT' AND closed_reason = 'DELETED'"
check "and says so" until_true "SELECT count(*) FROM commands WHERE verb = 'forget' AND
    result = 'forgotten; of its trades, 1 were open'"
check "another author can be forgotten as a whole" bf db forget --author 12
check "the trader forgets him too" until_true "SELECT count(*) FROM commands WHERE
    verb = 'forget_author' AND result = 'forgotten: his name, habits and record' AND reason = ''"
check "and writes him down anew, with what he says from then on" until_true "SELECT posts = 1
    FROM authors WHERE key = 'x:12' AND last_post_at > $((start + 205)) * 1000000"
equal "the audit log does not say who it was" "$(sql "SELECT count(*) FROM audit_log
    WHERE detail LIKE '%x:12%' OR detail LIKE '%user12%'")" 0
kill -INT $pid
wait $pid
check "when it ends, zzsecretone is in no file" absent zzsecretone
check "its books balance" bf db check

db=rebased # in real time
{
    post 30 11 'Just bought a huge bag of $DOGE, so happy, zzsecretone'
    post 31 12 'A quiet day, zzsecrettwo'
    gone 32 31 12
} >"$SCRATCH/short.jsonl"
day rebased --rebase --posts "$SCRATCH/short.jsonl" &
pid=$!
check "in real time, too, a deletion is obeyed" until_true \
    "SELECT deleted_at IS NOT NULL AND text = '' FROM tweets WHERE id = $(id 31)"
check "and a post is forgotten" bf db forget "$(id 30)"
equal "its text is gone" "$(sql "SELECT text = '' FROM tweets WHERE id = $(id 30)")" 1
kill -INT $pid
wait $pid
check "when it ends, zzsecretone is in no file" absent zzsecretone
check "nor is zzsecrettwo" absent zzsecrettwo
check "its books balance" bf db check

# -- killed --------------------------------------------------------------------------------------------

hash=$(json "$SCRATCH/whole.json" '$.ledger_hash')
db=killed
pause=0
while [ ! -s "$SCRATCH/killed.json" ] && [ $pause -lt 40 ]; do
    day killed --speed 1200 &
    pid=$!
    pause=$((pause + 3))
    sleep 0.$(printf %02d $((pause * 7 % 60 + 3)))
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
done
[ -s "$SCRATCH/killed.json" ] || (day killed)
equal "killed again and again, it has the same ledger" "$(json "$SCRATCH/killed.json" '$.ledger_hash')" \
    "$hash"
for word in one three four five; do
    check "zzsecret$word is in no file of it" absent "zzsecret$word"
done
check "its books balance" bf db check
check "its audit log is whole" bf audit verify
finish
