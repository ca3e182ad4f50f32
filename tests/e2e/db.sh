#!/bin/sh
# What the commands of `bullfinch db` say to what they cannot use: what, where, what to do, and the status.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to_servers db
with_postgresql
says() { # STATUS TEXT ARGUMENT...
    want=$1 text=$2
    shift 2
    "$BULLFINCH" "$@" >out 2>err
    got=$?
    if [ $got -eq "$want" ] && grep -q -- "$text" err; then
        ok "$*: $text"
    else
        not_ok "$*" "status $got, want $want and \"$text\": $(tail -n 2 err | tr '\n' ' ')"
    fi
}
here() { # STATUS TEXT COMMAND ARGUMENT...: of db, on the file
    status=$1 words=$2
    shift 2
    says "$status" "$words" db "$@" --set store.url=sqlite:a.db
}
"$BULLFINCH" db migrate --set store.url=sqlite:a.db >/dev/null
echo nothing >text

here 2 'usage: bullfinch db migrate' migrate more
says 1 'there is no store at none.db: `bullfinch db migrate` makes one' db check --set store.url=sqlite:none.db
says 1 'has no scheme, expected sqlite:PATH' db check --set store.url=nonsense
here 2 'where to? --to' copy
here 2 'where to? --to' copy --to ''
here 2 '^bullfinch: --to: "nonsense" names no store: sqlite:PATH does' copy --to nonsense
here 2 '^bullfinch: --to: "http:..." names no store' copy --to http://x
here 2 '^bullfinch: --to: sqlite: wants a path' copy --to sqlite:
here 2 '^bullfinch: --to: a password does not belong into it' copy --to postgresql://u:pw@h/db
here 2 'a store cannot be copied into itself: name another one than a.db' copy --to sqlite:a.db
here 2 'a store cannot be copied into itself' copy --to "sqlite:$PWD/a.db"
here 1 '--to: create the store /none/x.db' copy --to sqlite:/none/x.db
here 1 '--to: connect to .*Connection refused' copy --to postgresql://127.0.0.1:1/db
here 1 '--to: there is no database at .*createdb --encoding UTF8 nowhere' copy --to "postgresql://bullfinch@127.0.0.1:$pg_port/nowhere"
says 1 'there is no store at none.db' db copy --to sqlite:b.db --set store.url=sqlite:none.db
check "a server's store is made" "$BULLFINCH" db migrate --set "store.url=$pg_url"
says 2 'a store cannot be copied into itself' db copy --to "$pg_url" --set "store.url=$pg_url"
says 2 'a store cannot be copied into itself' db copy --to "postgresql://bullfinch@localhost:$pg_port/bullfinch" --set "store.url=$pg_url"
"$BULLFINCH" token create me --role read --set "store.url=$pg_url" >/dev/null
says 1 'is not empty (tokens has rows)' db copy --to "$pg_url" --set store.url=sqlite:a.db
here 2 'usage: bullfinch db backup FILE' backup
here 2 'into which FILE' backup ''
here 1 'exists already and is not overwritten' backup a.db
here 1 'No such file or directory' backup /none/b.db
says 1 'pg_dump --format custom' db backup b.dump --set "store.url=$pg_url"
here 1 'none.db: No such file or directory' restore none.db
here 2 'are the same file' restore a.db
here 1 'text is no backup of a store: no SQLite header' restore text
here 1 'is not a file' restore .
says 1 'pg_restore --single-transaction' db restore b.dump --set "store.url=$pg_url"
here 2 'whose? --program NAME, --reader NAME' roles
here 1 'a file has no roles' roles --program x
says 2 'owns the tables' db roles --program bullfinch --set "store.url=$pg_url"
says 2 'not both' db roles --program x --reader x --set "store.url=$pg_url"
says 1 'role "nobody_at_all" does not exist' db roles --program nobody_at_all --apply --set "store.url=$pg_url"
here 2 'expected TABLE=DAYS' prune --older-than nonsense
here 2 'no table "nonsense" that is pruned; there are' prune --older-than nonsense=3
here 2 'days from 0 (for ever) to 36500' prune --older-than posts=-1
here 2 'a POST_ID, or --author WHO' forget
here 2 'is no id of a post' forget xx
here 2 'is no id of a post' forget 99999999999999999999999
here 2 'no command "db chek"' chek
# -- a server is no file ---------------------------------------------------------------------------
"$BULLFINCH" db prune --set "store.url=$pg_url" >prune.out 2>&1
equal "a server's store is pruned" $? 0
check "and told as a database" grep -q '^The database has [0-9.]* MiB' prune.out
"$BULLFINCH" db prune --json --set "store.url=$pg_url" >prune.json
check "as JSON, too" test "$(json prune.json '$.database.bytes')" -gt 0
ask_pg 'CREATE ROLE running LOGIN' >/dev/null
"$BULLFINCH" db migrate --program running --set "store.url=$pg_url" >/dev/null
ask_pg "DO \$\$ BEGIN IF current_setting('server_version_num')::int >= 170000 THEN
    REVOKE MAINTAIN ON tweets, dead_letters FROM running; END IF; END \$\$" >/dev/null # before, only owners may
"$BULLFINCH" db forget 5 --set "store.url=postgresql://running@127.0.0.1:$pg_port/bullfinch" >forget.out 2>&1
equal "a post is forgotten there, by a role that may not clean up" $? 0
check "which says who cleans up" grep -q 'free space of the database.*VACUUM FULL tweets' forget.out
"$BULLFINCH" db forget 6 --set "store.url=$pg_url" >owner.out 2>&1
equal "the owner may" "$(grep -c 'free space' owner.out)" 0
check "and nobody speaks of a file" sh -c '! grep -qiw file prune.out forget.out owner.out'
finish
