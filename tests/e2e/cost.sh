#!/bin/sh
# What people ask about live sources: how they stand, what was missed, what it costs.
. "$(dirname "$0")/lib/cases.sh"

db="$SCRATCH/cost.db"
bf() { "$BULLFINCH" "$@" --set store.url="sqlite:$db"; }
sql() { sqlite3 "$db" "$1"; }
says() { bf "$@" >"$SCRATCH/said" 2>&1; } # what it says is in said

# -- nothing yet ----------------------------------------------------------------------------------

bf db migrate >"$SCRATCH/said"
equal "a store without costs says so" "$(bf cost)" "Nothing was ever billed for posts in this store."
bf cost --json >"$SCRATCH/cost.json"
equal "its JSON is nought" "$(json "$SCRATCH/cost.json" '$.spent')" 0
equal "there are no sources" "$(bf show sources)" "No sources."
equal "there are no gaps" "$(bf show gaps)" "No gaps."
says show sources --status sleeping
equal "a state that there is not is wrong usage" $? 2
says cost --days 0
equal "so are no days" $? 2

# -- while a run goes on --------------------------------------------------------------------------

"$BULLFINCH" run --posts demo/posts.jsonl --prices demo/prices --speed 600 \
    --set store.url="sqlite:$db" >"$SCRATCH/run.json" 2>"$SCRATCH/run.log" &
pid=$!
tries=200
until [ "$(sql "SELECT count(*) FROM signals WHERE verdict = 'traded'" 2>/dev/null || echo 0)" -ge 1 ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || break
    sleep 0.05
done
sql "PRAGMA busy_timeout = 10000;
    INSERT INTO feeds (feed, kind, state, since, until, why, updated_at, blind) VALUES ('x_search:x',
        'x_search', 'limited', strftime('%s', 'now') * 1000000, strftime('%s', 'now') * 1000000 + 60000000,
        'X lets this app ask again in a minute.', strftime('%s', 'now', '+1 second') * 1000000, 90500000);
    INSERT INTO gaps (source, from_at, until_at, what, state, posts, updated_at)
        VALUES ('x_search:x', 1000000, 3500000, 'the line was cut', 'filled', 4, 1);
    INSERT INTO api_usage VALUES (strftime('%s', 'now') / 86400, 'x_search:x', 'post', 12, 10, 5000000);
    INSERT INTO api_reported (day, posts) VALUES (strftime('%s', 'now') / 86400, 11);" >"$SCRATCH/said"
check "cost is told while a run goes on" sh -c '"$@" >"$0"' "$SCRATCH/cost.json" \
    "$BULLFINCH" cost --json --days 2 --set store.url="sqlite:$db"
check "the run goes on" kill -0 $pid
equal "what was spent, with what X counts beyond it" "$(json "$SCRATCH/cost.json" '$.spent')" 0.055
equal "by source" "$(json "$SCRATCH/cost.json" '$.sources[0].feed')" x_search:x
equal "by day" "$(json "$SCRATCH/cost.json" '$.days[0].post')" 10
equal "and not yesterday" "$(json "$SCRATCH/cost.json" '$.days[1].post')" 0
bf show sources >"$SCRATCH/said"
check "a source's state has its sentence" grep -q 'limited.* 90.5 .*0.05 .*X lets this app ask again' \
    "$SCRATCH/said"
bf show gaps --status filled >"$SCRATCH/said"
check "a gap has its length" grep -q 'x_search:x .* 2.5 .*filled .*4 .*the line was cut' "$SCRATCH/said"
check "posts are not missed" sh -c '! "$@" | grep -q MISSED' - \
    "$BULLFINCH" show posts --set store.url="sqlite:$db"
sql "PRAGMA busy_timeout = 10000; UPDATE tweets SET missed = 1 WHERE id IN (SELECT id FROM tweets LIMIT 1)" \
    >"$SCRATCH/said"
check "one that was fetched later is" sh -c '"$@" | grep -q MISSED' - \
    "$BULLFINCH" show posts --limit 1000 --set store.url="sqlite:$db"
kill -INT $pid
wait $pid
equal "Ctrl-C ends it with status 0" $? 0
check "the books balance" bf db check
sql "INSERT INTO billed VALUES (strftime('%s', 'now') / 86400, 'post', 1),
    (strftime('%s', 'now') / 86400, 'user', 1)"
says db check
equal "a thing that no bill has is found" $? 1
check "it says which" grep -q '0 of kind user were billed, and the ids of 1 are kept' "$SCRATCH/said"

finish
