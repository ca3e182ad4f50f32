# shellcheck shell=sh disable=SC2034,SC2154
# servers: a real PostgreSQL and a real Redis for a script, on ports of their own, in a folder of the
# caller's. Sourced: `dir` is the folder; `pids` gets the processes, which the caller ends.
#
# PostgreSQL refuses to run as root: there it runs as nobody, and the folder is made its own.

pg_bin() { # the newest that is installed; nothing where there is none
    for bin in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -n -r); do
        [ -x "$bin/postgres" ] && echo "$bin" && return
    done
    command -v postgres >/dev/null && dirname "$(command -v postgres)"
}

as_nobody() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
    else
        "$@"
    fi
}

# Below those that the kernel gives to clients, any of which could have it a moment later.
free_port() {
    node -e 'const look = () => {
        const s = require("net").createServer(), port = 20000 + Math.floor(12000 * Math.random());
        s.on("error", look).listen(port, "127.0.0.1", () => { console.log(port); s.close(); });
    };
    look();'
}

# The cluster that start_pg has made, on its port; sets pg_pid.
start_pg_again() { # OPTION...
    as_nobody "$bin/postgres" -D "$dir/pg/data" -p "$pg_port" -k "$dir/pg" -c listen_addresses=127.0.0.1 \
        "$@" >"$dir/pg.log" 2>&1 &
    pg_tries=0
    until "$bin/pg_isready" -q -h 127.0.0.1 -p "$pg_port"; do
        pg_tries=$((pg_tries + 1))
        [ $pg_tries -lt 300 ] || { cat "$dir/pg.log" >&2; return 1; }
        sleep 0.1
    done
    pg_pid=$(head -n 1 "$dir/pg/data/postmaster.pid") # $! may be a shell that only waits for it
    pids="$pids $pg_pid"
}

# Sets pg_port, pg_url (user bullfinch, no password on the loopback). OPTION...: as postgres takes them.
start_pg() {
    bin=$(pg_bin)
    pg_port=$(free_port)
    mkdir -p "$dir/pg"
    [ "$(id -u)" -ne 0 ] || chown nobody "$dir/pg"
    chmod 711 "$dir"
    as_nobody "$bin/initdb" -D "$dir/pg/data" -U bullfinch -A trust -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1
    start_pg_again "$@" || return 1
    "$bin/psql" -q -h 127.0.0.1 -p "$pg_port" -U bullfinch -d postgres -c 'CREATE DATABASE bullfinch'
    pg_url="postgresql://bullfinch@127.0.0.1:$pg_port/bullfinch"
}

ask_pg() { # SQL
    "$bin/psql" -qtA -h 127.0.0.1 -p "$pg_port" -U bullfinch -d bullfinch -c "$1"
}

# Sets redis_port, redis_url.
start_redis() {
    redis_port=$(free_port)
    mkdir -p "$dir/redis"
    redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$dir/redis" --save '' --appendonly yes \
        "$@" >"$dir/redis.log" 2>&1 &
    redis_pid=$!
    pids="$pids $redis_pid"
    redis_tries=0
    until redis-cli -p "$redis_port" ping >/dev/null 2>&1; do
        redis_tries=$((redis_tries + 1))
        [ $redis_tries -lt 100 ] || { cat "$dir/redis.log" >&2; return 1; }
        sleep 0.1
    done
    redis_url="redis://127.0.0.1:$redis_port"
}
