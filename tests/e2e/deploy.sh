#!/bin/sh
# What deploy/ and docs/scaling.md say, held against the program and the servers that they speak of: compose
# files, the image's list of libraries, units, the database's roles, Redis' settings, passwords.
#
# What needs a tool that this machine lacks is told in a line of its own and not counted: systemd,
# docker-compose, Debian's package lists. PostgreSQL and Redis are started here, in scratch folders.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh
. tests/e2e/lib/modules.sh
# shellcheck source=tests/lib/servers.sh
. tests/lib/servers.sh

not_possible() { echo "not possible here: $*"; }
have() { command -v "$1" >/dev/null 2>&1; }
export BULLFINCH SCRATCH

modules_of deploy
check "parsers of YAML and TOML, and schemas, are installed" install_modules
[ "$failures" -eq 0 ] || exit 1
for part in compose units platforms docs; do
    NODE_PATH=$modules/node_modules node "tests/deploy/$part.js" >"$SCRATCH/$part.log" 2>&1
    cases_of "$part" "$SCRATCH/$part.log"
done

# -- compose ------------------------------------------------------------------------------------------
if have docker-compose; then
    for file in deploy/compose.yaml deploy/compose.embedded.yaml; do
        check "docker-compose takes $file" docker-compose -f $file config --quiet
    done
    check "and who watches beside it" docker-compose -f deploy/compose.yaml -f deploy/compose.watch.yaml config --quiet
elif docker compose version >/dev/null 2>&1; then
    for file in deploy/compose.yaml deploy/compose.embedded.yaml; do
        check "docker compose takes $file" docker compose -f $file config --quiet
    done
    check "and who watches beside it" docker compose -f deploy/compose.yaml -f deploy/compose.watch.yaml config --quiet
else
    not_possible "there is no docker-compose to read the compose files"
fi

# -- the image's libraries ----------------------------------------------------------------------------
# Linked, and named in the program for later (src/net/late.c).
libraries() {
    { ldd "$BULLFINCH" | sed -n 's/^[[:space:]]*\(lib[^ ]*\) => .*/\1/p'
        grep -aoE 'lib[a-z0-9_-]+\.so(\.[0-9]+)+' "$BULLFINCH"; } | sort -u
}
in_image() { # LIBRARY
    file=$(/sbin/ldconfig -p | sed -n "s|^[[:space:]]*$1 (.*x86-64.*) => ||p; s|^[[:space:]]*$1 (.*AArch64.*) => ||p" | head -n 1)
    file=$(readlink -f "$file") # where /lib is a link, the list may know either name
    package=$(dpkg -S "$file" "${file#/usr}" 2>/dev/null | head -n 1 | cut -d : -f 1)
    case $package in
    libc6 | libgcc-s1 | libstdc++6 | libgomp1) return ;; # of every image, or brought by others
    '') echo "of no package: $1 ($file)" && return 1 ;;
    libdnnl*) grep -q "build-arg WITH=$package" deploy/Dockerfile && return ;; # whoever wants it
    esac
    grep -qE "^ +$package( |\$)" deploy/Dockerfile || { echo "deploy/Dockerfile does not install $package" && return 1; }
}
if have dpkg && [ "$(. /etc/os-release && echo "$ID$VERSION_ID")" = debian12 ]; then
    count=0
    for library in $(libraries); do
        check "the image has $library" in_image "$library"
        count=$((count + 1))
    done
    check "libraries were found" test "$count" -ge 8
else
    not_possible "the names of packages in deploy/Dockerfile are those of Debian 12"
fi

# -- units --------------------------------------------------------------------------------------------
if have systemd-analyze; then
    mkdir -p "$SCRATCH/units"
    for unit in deploy/systemd/*.service deploy/systemd/*.target; do
        sed "s|/usr/local/bin/bullfinch|$BULLFINCH|" "$unit" >"$SCRATCH/units/${unit##*/}"
    done
    verified() { # it ends well where it has warnings, too
        if said=$(SYSTEMD_UNIT_PATH=$SCRATCH/units: systemd-analyze verify --man=no --recursive-errors=no "$1" 2>&1) &&
            [ -z "$said" ]; then return; fi
        echo "$said" && return 1
    }
    for unit in "$SCRATCH"/units/*; do
        name=${unit##*/}
        check "systemd takes $name" verified "$unit"
        case $name in *.target) continue ;; esac
        check "and what $name may do is little" systemd-analyze security --offline=true --threshold=20 "$unit"
    done
else
    not_possible "there is no systemd to verify the units"
fi

# -- make install, make deb ---------------------------------------------------------------------------
tree=$SCRATCH/tree
if [ "$BULLFINCH" = "$PWD/build/bullfinch" ]; then
    check "it is installed below DESTDIR" env DESTDIR="$tree" scripts/install /opt/bf
    for file in bin/bullfinch share/man/man1/bullfinch.1 lib/sysusers.d/bullfinch.conf lib/systemd/system/bullfinch.target \
        lib/systemd/system/bullfinch.service 'lib/systemd/system/bullfinch-trade@.service' share/bullfinch/secrets.sh \
        share/bullfinch/create.sql share/doc/bullfinch/sbom.spdx.json share/doc/bullfinch/examples/embedded.yaml; do
        check "with $file" test -s "$tree/opt/bf/$file"
    done
    equal "units name the program where it is" "$(cat "$tree"/opt/bf/lib/systemd/system/*.service | grep -c '^ExecStart=/opt/bf/bin/bullfinch ')" 5
    equal "nothing is anywhere else" "$(find "$tree" -type f ! -path "$tree/opt/bf/*" | wc -l)" 0
    equal "the bill of materials is SPDX" "$(json "$tree/opt/bf/share/doc/bullfinch/sbom.spdx.json" '$.spdxVersion')" SPDX-2.3
    for part in pkg:deb/debian/libjansson4@ pkg:deb/debian/libcurl4@ pkg:npm/react@; do
        have dpkg || continue
        check "and names $part" grep -q "\"$part" "$tree/opt/bf/share/doc/bullfinch/sbom.spdx.json"
    done
    scripts/sbom >"$SCRATCH/sbom.again"
    check "made again it is the same" cmp -s "$SCRATCH/sbom.again" "$tree/opt/bf/share/doc/bullfinch/sbom.spdx.json"
    meson configure build -Dprefix=/usr/local
    if have dpkg-shlibdeps; then
        check "a Debian package is made" scripts/deb
        deb=$(ls build/bullfinch_*_*.deb)
        dpkg-deb --contents "$deb" >"$SCRATCH/deb.list"
        dpkg-deb --field "$deb" >"$SCRATCH/deb.control"
        for file in ./usr/bin/bullfinch ./usr/share/man/man1/bullfinch.1.gz ./usr/lib/systemd/system/bullfinch.service ./etc/bullfinch/bullfinch.yaml; do
            check "with $file, root's" grep -q "root/root .* $file\$" "$SCRATCH/deb.list"
        done
        for package in libc6 libcurl4 libmicrohttpd12 libwebsockets libpq5 libsqlite3-0 ca-certificates; do
            check "it depends on $package" grep -q "^Depends: .*\b$package" "$SCRATCH/deb.control"
        done
        dpkg-deb --control "$deb" "$SCRATCH/deb"
        for script in postinst prerm postrm; do check "its $script is a script" sh -n "$SCRATCH/deb/$script"; done
        equal "its configuration stays the owner's" "$(cat "$SCRATCH/deb/conffiles")" /etc/bullfinch/bullfinch.yaml
        cp "$deb" "$SCRATCH/first.deb"
        check "made again" scripts/deb
        check "it is the same, to the byte" cmp "$deb" "$SCRATCH/first.deb"
        if have lintian; then
            # whoever makes the package is its maintainer, here nobody's address
            check "lintian finds no mistake" lintian --fail-on error --suppress-tags bogus-mail-host "$deb"
        else
            not_possible "there is no lintian to look at the package"
        fi
    else
        not_possible "there is no dpkg-shlibdeps to make a package"
    fi
else
    not_possible "what is installed is the build in build/, and this is another"
fi

# -- passwords ----------------------------------------------------------------------------------------
secrets=$SCRATCH/etc/secrets
sum() { cat "$secrets"/*-password | cksum; }
modes() { stat -c '%a %u:%g' "$secrets" "$secrets"/* | sort -u | tr '\n' ' '; }
if [ "$(id -u)" -eq 0 ]; then
    check "passwords are made" deploy/secrets.sh "$secrets" nogroup
    equal "for root and a group" "$(modes)" "440 0:$(id -g nobody) 750 0:$(id -g nobody) "
    before=$(sum)
    check "and not made anew" deploy/secrets.sh "$secrets" root
    equal "as they were" "$(sum)" "$before"
    equal "for root alone" "$(modes)" "400 0:0 700 0:0 "
    check "each has 48 digits" sh -c "! grep -LE '^[0-9a-f]{48}\$' '$secrets'/* | grep ."
    deploy/secrets.sh "$secrets" nogroup 2>/dev/null
    chmod 0711 "$SCRATCH" # PostgreSQL runs as somebody else, and must get through
else
    check "passwords are made by root alone" sh -c "! deploy/secrets.sh '$secrets' && test ! -e '$secrets'"
    mkdir -p "$secrets"
    for name in owner-password store-password queue-password; do
        od -A n -N 24 -t x1 /dev/urandom | tr -d ' \n' >"$secrets/$name"
    done
fi

# -- PostgreSQL ---------------------------------------------------------------------------------------
bin=$(pg_bin)
if [ -n "$bin" ]; then
    data=$SCRATCH/pg
    mkdir -p "$data"
    [ "$(id -u)" -ne 0 ] || chown nobody:nogroup "$data"
    pg_port=$(free_port)
    check "a database is made" as_nobody "$bin/initdb" -D "$data/data" -U postgres --auth-local=trust --auth-host=scram-sha-256
    as_nobody "$bin/postgres" -D "$data/data" -p "$pg_port" -k "$data" -c listen_addresses=127.0.0.1 >"$SCRATCH/postgres.log" 2>&1 &
    superuser() { "$bin/psql" --no-psqlrc --quiet --no-align --tuples-only -h "$data" -p "$pg_port" -U postgres "$@"; }
    within 30 "it runs" superuser -d postgres -c 'SELECT 1'
    pids="$pids $(head -n 1 "$data/data/postmaster.pid")" # $! may be a shell that only waits for it
    as_role() { # ROLE SECRET SQL
        PGPASSWORD=$(cat "$secrets/$2") "$bin/psql" --no-psqlrc --quiet --no-align --tuples-only -v ON_ERROR_STOP=1 \
            "host=127.0.0.1 port=$pg_port dbname=bullfinch user=$1" -c "$3"
    }
    refused() { # ROLE SECRET SQL
        said=$(as_role "$@" 2>&1) && echo "not refused: $3" && return 1
        case $said in *denied*) ;; *) echo "$said" && return 1 ;; esac
    }
    fails() { ! "$@"; }
    check "without passwords create.sql makes nothing" fails superuser -d postgres --set secrets=/nowhere -f - <deploy/postgresql/create.sql
    equal "not even a role" "$(superuser -d postgres -c "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'bullfinch%'")" 0
    check "create.sql makes the database and its roles" \
        superuser -d postgres --set "secrets=$secrets" -f - <deploy/postgresql/create.sql
    equal "passwords are in no log" "$(grep -cFf "$secrets/store-password" "$SCRATCH/postgres.log")" 0
    equal "the program's role gets in with its password" "$(as_role bullfinch store-password 'SELECT current_user')" bullfinch
    check "and makes no table" refused bullfinch store-password 'CREATE TABLE of_mine (a integer)'
    check "and no schema" refused bullfinch store-password 'CREATE SCHEMA of_mine'
    check "the owner does" as_role bullfinch_owner owner-password 'CREATE TABLE of_the_owner (id bigint GENERATED BY DEFAULT AS IDENTITY, a integer)'
    check "which is not the program's" refused bullfinch store-password 'SELECT a FROM of_the_owner'
    check "and which it does not change" fails as_role bullfinch store-password 'ALTER TABLE of_the_owner ADD b integer'
    as_role bullfinch_owner owner-password 'DROP TABLE of_the_owner'
    url=127.0.0.1:$pg_port/bullfinch
    program() { # ROLE SECRET ARGUMENT...: bullfinch on this database; its password is nobody else's to read
        role=$1 secret=$2
        shift 2
        (umask 077 && cp "$secrets/$secret" "$SCRATCH/mine" && chmod 600 "$SCRATCH/mine") &&
            "$BULLFINCH" "$@" --set "store.url=postgresql://$role@$url" --set "store.password_file=$SCRATCH/mine"
    }
    # What docs/scaling.md prints, typed as it stands there: without sudo, in this folder, on this port.
    scaling() { # WORDS: the block that has them
        awk -v words="$1" '/^```/ {if (block && index(text, words)) printf "%s", text; block = !block; text = ""; next}
            block {text = text $0 "\n"}' docs/scaling.md |
            sed -e "s|/etc/bullfinch/secrets|$SCRATCH/root-secrets|g" -e "s|/etc/bullfinch/bullfinch.yaml|$SCRATCH/apart.yaml|g" \
                -e "s|/var/lib/bullfinch|$SCRATCH|g" -e "s|127.0.0.1:5432|127.0.0.1:$pg_port|g" -e 's|^sudo ||' -e '/^systemctl /d' \
                -e "s|^bullfinch |'$BULLFINCH' |" >"$SCRATCH/printed.sh"
        grep -q "$1" "$SCRATCH/printed.sh" && sh -e "$SCRATCH/printed.sh"
    }
    (umask 077 && cp -R "$secrets" "$SCRATCH/root-secrets" && chmod 700 "$SCRATCH/root-secrets" && chmod 400 "$SCRATCH/root-secrets"/*)
    sed -e "s|/etc/bullfinch/secrets|$SCRATCH/root-secrets|g" -e "s|127.0.0.1:5432|127.0.0.1:$pg_port|" deploy/bullfinch.yaml >"$SCRATCH/apart.yaml"
    "$BULLFINCH" run --speed max --exit-at-end --posts demo/posts.jsonl --prices demo/prices \
        --set "store.url=sqlite:$SCRATCH/bullfinch.db" >"$SCRATCH/embedded.json" 2>"$SCRATCH/embedded.log"
    check "an embedded store is copied, as printed" scaling 'db copy'
    check "nothing in it is the program's yet" refused bullfinch store-password 'SELECT id FROM trades'
    check "the owner makes the tables, as printed" scaling 'db migrate'
    check "and may do it again" scaling 'db migrate'
    equal "it has the embedded store's trades" "$(as_role bullfinch store-password 'SELECT count(*) FROM trades')" \
        "$(sqlite3 "$SCRATCH/bullfinch.db" 'SELECT count(*) FROM trades')"
    check "its books are sound" program bullfinch store-password db check
    # from nothing, the other way through the document
    superuser -d postgres -c 'DROP DATABASE bullfinch' -c 'DROP ROLE bullfinch, bullfinch_owner, bullfinch_reader'
    superuser -d postgres --set "secrets=$secrets" -f - <deploy/postgresql/create.sql
    check "the owner makes the tables of a new database, as printed" scaling 'db migrate'
    check "the program makes a token" program bullfinch store-password token create me --role trade
    check "the program looks" program bullfinch store-password show workers
    doctor() { program "$1" "$2" doctor --prices demo/prices | grep "^$3"; }
    check "doctor finds its rights as they should be" doctor bullfinch store-password 'ok  *role  *bullfinch may do what a run does'
    for sql in 'DELETE FROM ledger' 'DELETE FROM trades' 'UPDATE fills SET quantity = 1' 'UPDATE audit_log SET actor = $$$$'; do
        check "for it may not: $sql" refused bullfinch store-password "$sql"
    done
    # a database of an older create.sql, where it had them all
    as_role bullfinch_owner owner-password 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO bullfinch'
    check "doctor says when it may more, and what to do" doctor bullfinch store-password \
        'warn  *role  *bullfinch may do more than a run does (DELETE on ledger; .*bullfinch db roles --program bullfinch --apply'
    check "which does it" program bullfinch_owner owner-password db roles --program bullfinch --apply
    check "for then it is right again" doctor bullfinch store-password 'ok  *role '
    check "doctor warns of who runs as the owner" doctor bullfinch_owner owner-password 'warn  *role  *bullfinch_owner owns the tables'
    check "the reader looks at what was traded" superuser -d bullfinch -v ON_ERROR_STOP=1 -c 'SET ROLE bullfinch_reader' -c 'SELECT id FROM trades'
    for sql in 'SELECT name FROM tokens' 'DELETE FROM trades'; do
        check "but not: $sql" fails superuser -d bullfinch -v ON_ERROR_STOP=1 -c 'SET ROLE bullfinch_reader' -c "$sql"
    done
    check "the books of an empty database are sound" program bullfinch store-password db check
else
    not_possible "there is no PostgreSQL to make the database in"
fi

# -- Redis --------------------------------------------------------------------------------------------
if have redis-server; then
    mkdir -p "$SCRATCH/redis"
    redis_port=$(free_port)
    { cat deploy/redis.conf
        echo "dir $SCRATCH/redis"
        echo "bind 127.0.0.1"
        echo "port $redis_port"
        echo "requirepass $(cat "$secrets/queue-password")"; } >"$SCRATCH/redis/redis.conf"
    redis-server "$SCRATCH/redis/redis.conf" >"$SCRATCH/redis.log" 2>&1 &
    pids="$pids $!"
    ask() { REDISCLI_AUTH=$(cat "$secrets/queue-password") redis-cli -p "$redis_port" "$@" 2>/dev/null; }
    says() { [ "$(ask CONFIG GET "$1" | tail -n 1)" = "$2" ]; }
    within 20 "redis.conf is one that Redis takes" says maxmemory-policy noeviction
    check "it has a bound" says maxmemory 268435456
    check "it writes to its disk" says appendonly yes
    check "each second" says appendfsync everysec
    equal "without the password it says nothing" "$(redis-cli -p "$redis_port" PING 2>&1 | cut -c 1-6)" NOAUTH
else
    not_possible "there is no Redis to start with redis.conf"
fi

finish
