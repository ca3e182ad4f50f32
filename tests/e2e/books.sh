#!/bin/sh
# What a run leaves is sound, however its signals and its trades ended, and each thing that is wrong in
# it is found.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to_servers books
start=1621436400 # 2021-05-19 15:00 UTC, seconds

post_id() { echo $(((start + $1) * 1000 - 1288834974657 << 22)); } # a post of so many seconds after the start
at() { date -u -d "@$((start + $1))" +%Y-%m-%dT%H:%M:%SZ; }
post() { # SECONDS AUTHOR TEXT [MEMBERS]
    printf '{"id":"%s","created_at":"%s","author_id":"%s","username":"user%s","text":"%s"%s}\n' \
        "$(post_id "$1")" "$(at "$1")" "$2" "$2" "$3" "${4-}"
}
gone() { # SECONDS OF-SECONDS AUTHOR
    printf '{"delete":{"tweet":{"id":"%s","author_id":"%s"},"timestamp_ms":"%s"}}\n' \
        "$(post_id "$2")" "$3" "$(((start + $1) * 1000))"
}
candles() { # SYMBOL PRICE THEN: an hour, the second half at another price
    echo "open_time_ms,open,high,low,close,volume"
    for i in $(seq 0 59); do
        p=$2
        [ "$i" -lt 30 ] || p=$3
        echo "$(((start + i * 60) * 1000)),$p,$p,$p,$p,90000000"
    done
}
prices() { candles "$@" >"prices/$1-1m.csv"; }

mkdir prices
prices DOGEUSDT 0.37 0.37
prices ETHUSDT 2620 2400
prices BTCUSDT 37500 41000
prices ADAUSDT 1.6 1.6
prices SOLUSDT 42 42
prices XRPUSDT 1.1 1.1
prices LTCUSDT 200 200
prices BNBUSDT 350 350
bag() { echo "Just bought a huge bag of \$$1, so happy"; }
{
    post 30 11 "$(bag DOGE)"
    post 31 12 "$(bag ETH)"
    post 32 13 "$(bag BTC)"
    post 33 14 "$(bag ADA)"
    post 34 15 "$(bag SOL)"
    post 35 16 "$(bag XRP)"
    post 36 17 "$(bag LTC)"
    post 40 18 "$(bag DOGE)"
    post 41 19 "$(bag ZZZZZ)"
    post 42 20 'What a lovely afternoon'
    post 43 21 "$(bag LINK)"
    post 44 22 'RT @user11: Just bought a huge bag of $DOGE, so happy' \
        ",\"referenced_tweets\":[{\"type\":\"retweeted\",\"id\":\"$(post_id 30)\"}]"
    post 45 23 'Sold all my $BNB, it will crash'
    post 200 24 'Sold all my $DOGE, it will crash'
    gone 210 34 15
    post 220 16 'My account was hacked, ignore all posts'
    post 230 17 'Just a quiet day' ",\"edit_history_tweet_ids\":[\"$(post_id 36)\",\"$(post_id 230)\"]"
    post 2400 25 "$(bag ETH) again"
    post 2401 26 'Giveaway: send 1 $ADA and get 2 back at doubler.example'
} >posts.jsonl

day() { # OPTION...: the day in a new file, $db.db
    "$BULLFINCH" run --posts posts.jsonl --prices prices --exit-at-end --set store.url="sqlite:$db.db" \
        --set paper.margin=false --set judge.freshness=false --set trading.signal_threshold=50 \
        --set trading.max_open_positions=10 --set trading.max_hold_s=2700 "$@" \
        >"$db.json" 2>"$db.log"
}
sql() { sqlite3 "$db.db" "$1"; }
sound() { # WHAT: the file $db.db
    check "the books of $1 are sound" "$BULLFINCH" db check --set store.url="sqlite:$db.db"
}

# -- every end ---------------------------------------------------------------------------------------------
db=whole
check "a day in which much happens" day
sound "that day"
equal "each of its trades ended in another way" \
    "$(sql "SELECT group_concat(symbol || ' ' || closed_reason) FROM (SELECT * FROM trades ORDER BY symbol)")" \
    "ADAUSDT TIME_LIMIT,BTCUSDT TARGET,DOGEUSDT OPPOSITE,ETHUSDT STOP,LTCUSDT RETRACTION,SOLUSDT DELETED,XRPUSDT DENIED"
equal "what closed the first names its trade" \
    "$(sql "SELECT s.side || ' ' || s.verdict || ' ' || t.status FROM signals s JOIN trades t ON t.id = s.trade_id
        WHERE s.reason = 'OPPOSITE'")" "SHORT refused CLOSED"
check "doctor says so, too" sh -c "'$BULLFINCH' doctor --posts posts.jsonl --prices prices \
    --set store.url=sqlite:whole.db | grep -q '^ok  *store  *structure and books are sound'"
for mode in observe halted manual; do
    db=$mode
    check "the same day, $mode" day --set trading.mode=$mode
    sound "a day that is $mode"
done
db=poor
check "the same day with the least room" day --set trading.max_open_positions=1 \
    --set trading.cooldown_author_s=3600 --set paper.balance=20
sound "a poor day"

# -- on a test network -------------------------------------------------------------------------------------
key=KeyOfTheAccountInThisTest0000000000000000000000000000000000000000
secret=SecretOfTheAccountInThisTest0000000000000000000000000000000000
exchange --account "$key:$secret:USDT=10000" --price DOGEUSDT=0.37 --price ETHUSDT=2620
echo "$key" >key
echo "$secret" >secret
{
    post 30 11 "$(bag DOGE)"
    post 31 12 "$(bag ETH)"
    post 36 24 'Sold all my $DOGE, it will crash'
} >few.jsonl
db=testnet
check "what says the opposite closes there as well" "$BULLFINCH" run --posts few.jsonl --rebase --exit-at-end \
    --set store.url=sqlite:testnet.db --set venue.kind=binance_spot_testnet --set venue.rest_url="http://$host" \
    --set venue.ws_api_url="ws://$host/ws-api/v3" --set venue.stream_url="ws://$host" \
    --set venue.key_file=key --set venue.secret_file=secret --set trading.signal_threshold=50 \
    --set trading.max_hold_s=12
equal "and the rest goes when its time is over" \
    "$(sql "SELECT group_concat(symbol || ' ' || closed_reason) FROM (SELECT * FROM trades ORDER BY symbol)")" \
    "DOGEUSDT OPPOSITE,ETHUSDT TIME_LIMIT"
sound "the test network"

# -- moved to PostgreSQL -----------------------------------------------------------------------------------
with_postgresql
check "the day moves there" "$BULLFINCH" db copy --to "$pg_url" --set store.url=sqlite:whole.db
check "and is sound" "$BULLFINCH" db check --set store.url="$pg_url"
ask_pg "UPDATE signals SET reason = 'SHORT_OFF' WHERE reason = 'OPPOSITE'" >/dev/null
check "and is not when it is damaged" sh -c "! '$BULLFINCH' db check --set store.url='$pg_url' >damaged.out 2>&1 &&
    grep -q 'is refused and has a trade of another signal' damaged.out"

# -- what is wrong is found --------------------------------------------------------------------------------
finds() { # WHAT SQL: in a copy of the day
    rm -f hurt.db*
    sqlite3 whole.db ".backup hurt.db"
    sqlite3 hurt.db "$2" || not_ok "damage: $1" "SQL"
    if "$BULLFINCH" db check --set store.url=sqlite:hurt.db >hurt.out 2>&1; then
        not_ok "found: $1" "it is said to be sound"
    else
        check "found: $1" grep -q "$1" hurt.out
    fi
}
doge="(SELECT id FROM trades WHERE symbol = 'DOGEUSDT')"
eth="(SELECT id FROM trades WHERE symbol = 'ETHUSDT')"
finds 'is traded and has no trade' "UPDATE signals SET trade_id = NULL WHERE trade_id = $eth"
finds 'has a trade of another signal' "UPDATE signals SET reason = 'STALE' WHERE reason = 'OPPOSITE'"
finds 'is refused and has no trade' "UPDATE signals SET trade_id = NULL WHERE reason = 'OPPOSITE'"
finds 'has a trade that it cannot have closed' "UPDATE signals SET trade_id = $eth WHERE reason = 'OPPOSITE'"
finds 'its row cannot be read' "UPDATE signals SET reason = 'WHATEVER' WHERE reason = 'OPPOSITE'"
finds 'filled_quantity is' "UPDATE orders SET filled_quantity = filled_quantity + 1 WHERE trade_id = $doge AND leg = 'entry'"
finds 'its quote is not its price x quantity' "UPDATE fills SET price = price + 1 WHERE trade_id = $doge"
finds 'pnl is' "UPDATE trades SET pnl = pnl + 1 WHERE id = $doge"
finds 'belongs to no trade' "UPDATE fills SET trade_id = NULL WHERE trade_id = $doge AND leg = 'exit'"
finds 'position in DOGEUSDT' "UPDATE trades SET status = 'OPEN', held = 1 WHERE id = $doge"
finds 'account: cash' 'UPDATE account SET cash = cash + 1'
finds 'ledger: line 3 is missing' 'DROP TRIGGER IF EXISTS ledger_no_delete; DELETE FROM ledger WHERE seq = 3'
finds 'equity at' 'UPDATE equity SET cash = cash + 1 WHERE at = (SELECT min(at) FROM equity)'
finds 'still has its text' "UPDATE tweets SET text = 'zz' WHERE deleted_at IS NOT NULL"
finds 'is of an author that is not there' "UPDATE author_records SET key = 'x:zz' WHERE key = (SELECT min(key) FROM author_records)"
finds 'audit_log' "DROP TRIGGER IF EXISTS audit_log_no_update; UPDATE audit_log SET detail = 'zz' WHERE id = 3"
finish
