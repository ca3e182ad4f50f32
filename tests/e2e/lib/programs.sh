# programs: what the scripts in tests/e2e share that leave programs running, in a folder of their own;
# sourced after cases.sh. What stands in $pids is ended with the script.
# shellcheck shell=sh

pids=
trap 'for p in $pids; do kill "$p" 2>/dev/null; done; leave' EXIT
trap 'exit 1' INT TERM

case $BULLFINCH in
/*) ;;
*) BULLFINCH=$PWD/$BULLFINCH ;;
esac
# shellcheck disable=SC2034 # the checkout's, for who sources this
root=$PWD

# go_to NAME: a new folder, whose files nobody else may read
go_to() {
    mkdir -p "$SCRATCH/$1"
    cd "$SCRATCH/$1" || exit 1
    umask 077
}

# go_to_servers NAME: the same, with what tests/lib/servers.sh has; PostgreSQL runs as somebody else, and
# must get through
go_to_servers() {
    go_to "$1"
    dir=$PWD
    # shellcheck source=tests/lib/servers.sh
    . "$root/tests/lib/servers.sh"
    chmod 711 "$SCRATCH" "$dir"
}

# with_postgresql OPTION..., with_redis OPTION...: starts one, or ends the script
with_postgresql() { starts "PostgreSQL" start_pg "$@"; }
with_redis() { starts "Redis" start_redis "$@"; }
starts() { # NAME COMMAND...
    started=$1
    shift
    if "$@" 2>starts.log; then
        ok "$started starts"
    else
        not_ok "$started starts" "$(tail -n 3 starts.log | tr '\n' ' ')"
        exit 1
    fi
}

# stop PID: asks it to end, and waits
stop() {
    kill "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

# exchange OPTION...: bullfinch sim; its process is $sim_pid, its address $host
exchange() {
    "$BULLFINCH" sim --listen 127.0.0.1:0 "$@" >sim.out 2>sim.log &
    sim_pid=$!
    pids="$pids $sim_pid"
    within 20 "the simulated exchange listens" grep -q '^listening on ' sim.out
    # shellcheck disable=SC2034
    host=$(sed -n 's|^listening on http://||p' sim.out | head -n 1)
}

# trading_exchange OPTION...: one with an account of $KEY and $SECRET, which stand in the files key and secret
KEY=KeyOfTheAccountInThisTest0000000000000000000000000000000000000000
SECRET=SecretOfTheAccountInThisTest0000000000000000000000000000000000
trading_exchange() {
    exchange --account "$KEY:$SECRET:USDT=10000" "$@"
    echo "$KEY" >key
    echo "$SECRET" >secret
}

# trading_venue: it, as a configuration has it
trading_venue() {
    cat <<END
venue:
  kind: binance_spot_testnet
  rest_url: http://$host
  ws_api_url: ws://$host/ws-api/v3
  stream_url: ws://$host
  key_file: key
  secret_file: secret
END
}

# trading_config STORE [QUEUE]: the configuration of who trades there, by its prices, on posts that are brought
# to an interface. A script that wants more appends it; it must not say "sources", "venue", "market", "store",
# "queue" or "api" once more.
trading_config() {
    trading_venue
    cat <<END
sources:
  - {kind: push, name: wire}
market:
  kind: venue
store:
  url: "$1"
api:
  listen: 127.0.0.1:0
END
    [ -z "${2-}" ] || printf 'queue:\n  url: "%s"\n' "$2"
}
