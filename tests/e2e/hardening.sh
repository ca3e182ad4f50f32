#!/bin/sh
# What keeps a running bullfinch within its walls and its supervisor's eyes, seen from outside: readiness and
# the watchdog, confinement and core dumps of each role, levels of the log while it runs, what `doctor` finds,
# whose store it is, `health`, and how much memory a day of posts takes.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh
# shellcheck source=tests/lib/servers.sh
. tests/lib/servers.sh

go_to hardening
dir=$PWD
cat >cfg.yaml <<END
source: {kind: replay, path: $root/demo/posts.jsonl}
venue: {kind: paper, prices: $root/demo/prices, exchange_info: $root/demo/exchangeInfo.json}
store: {url: 'sqlite:$dir/t.db'}
api: {listen: '127.0.0.1:0'}
END
chmod 600 cfg.yaml

# -- a supervisor -------------------------------------------------------------------------------------
python3 "$root/tests/e2e/lib/supervisor.py" "$dir/notify" 400000 \
    "$BULLFINCH" run --no-status --speed 60 --config cfg.yaml >said 2>run.log &
pids="$pids $!"
within 30 "a run says that it is ready" grep -q ' READY=1 ' said
pid=$(sed -n 's/^started //p' said)
pids="$pids $pid"
equal "by itself, not by a child" "$(sed -n 's/^\([0-9]*\) READY=1 .*/\1/p' said)" "$pid"
more() { [ "$(grep -c 'WATCHDOG=1' said)" -gt "$1" ]; }
within 10 "and goes on saying that it moves" more 3
kill -STOP "$pid"
stopped() { grep -q '^State:.*T ' "/proc/$pid/status"; }
within 5 "one that is stopped" stopped
sleep 1
count=$(grep -c 'WATCHDOG=1' said)
sleep 1
equal "says nothing" "$(grep -c 'WATCHDOG=1' said)" "$count"
kill -CONT "$pid"
within 10 "and says it again when it goes on" more "$count"

# -- levels of the log ---------------------------------------------------------------------------------
kill -USR1 "$pid"
within 10 "SIGUSR1 makes the log tell more" grep -q 'ev=log_level now=debug' run.log
kill -USR2 "$pid"
within 10 "SIGUSR2 less" grep -q 'ev=log_level now=info' run.log
check "and a setting does so by name" "$BULLFINCH" config set log.level debug --config cfg.yaml
within 10 "of a run that goes on" grep -q 'ev=setting key=log.level' run.log
kill -USR2 "$pid"
lines() { [ "$(grep -c 'ev=log_level now=info' run.log)" -eq 2 ]; }
within 10 "from debug to info: the setting was in force" lines

# -- walls ------------------------------------------------------------------------------------------
landlock() { "$BULLFINCH" doctor --config cfg.yaml --json >doctor.json; ! grep -q 'has no Landlock' doctor.json; }
if landlock; then
    confined() { grep -q 'ev=confined' "$1"; }
else
    confined() { grep -q 'ev=not_confined' "$1"; } # the kernel has none, and that is told
fi
check "a run is confined, or says that it cannot be" confined run.log
equal "it makes no core dumps" "$(awk '/^Max core file size/ {print $5, $6}' "/proc/$pid/limits")" "0 0"
equal "and can gain no rights" "$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' "/proc/$pid/status")" 1
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' run.log)
port=${url##*:}

# -- health ---------------------------------------------------------------------------------------------
check "it is well, by HTTP" "$BULLFINCH" health --config cfg.yaml --set "api.listen=127.0.0.1:$port"
check "and by its row in the store" "$BULLFINCH" health --config cfg.yaml --set api.listen= --role run
check "there is no trader of its own here" sh -c "! '$BULLFINCH' health --config cfg.yaml --role trade"
check "without an address a role is wanted" sh -c "'$BULLFINCH' health --config cfg.yaml --set api.listen=; [ \$? -eq 2 ]"

# -- doctor ---------------------------------------------------------------------------------------------
finds() { # GRADE WHAT WORDS ARGUMENT...: doctor has such a line
    grade=$1 what=$2 words=$3
    shift 3
    "$BULLFINCH" doctor --config cfg.yaml "$@" >doctor.txt 2>&1
    grep -q "^$grade .*$what .*$words" doctor.txt || { cat doctor.txt && return 1; }
}
check "doctor looks at the trader's own rights" finds '\(ok\|warn\)' process "$pid: .* cannot gain any"
check "at where it listens" finds ok interface 'this machine alone'
check "one that others reach needs a token" finds bad interface 'there is no token' --set api.listen=0.0.0.0:8080
check "so does the one of the metrics" finds bad metrics 'wants no word' --set metrics.listen=0.0.0.0:9464
check "but where nobody else reaches it" finds ok metrics 'this machine alone' --set metrics.listen=127.0.0.1:9464
check "a token is made" "$BULLFINCH" token create me --role read --config cfg.yaml
check "and then TLS" finds warn interface 'with 1 token, which go over the wire as they are' --set api.listen=0.0.0.0:8080
check "it says that it is confined" finds '\(ok\|warn\)' confinement Landlock
check "or that it is not" finds warn confinement 'run.confine is off' --set run.confine=off
check "its configuration is nobody else's to change" finds ok 'file modes' 'cfg.yaml cannot be changed by others'
chmod 666 cfg.yaml
check "one that is" finds bad 'file modes' 'cfg.yaml can be written by others'
chmod 600 cfg.yaml
echo abc >token
chmod 644 token
check "a token that others may read" finds bad secrets 'x.token_file: others may read' --set x.token_file=token
chmod 600 token
check "and one that they may not" finds ok secrets 'x.token_file: token is its owner' --set x.token_file=token
check "one that is not there" finds bad secrets 'x.token_file: nothing: No such file' --set x.token_file=nothing
if [ "$(id -u)" -eq 0 ]; then
    check "root is told" finds warn user 'this is root'
else
    check "nobody is told" finds ok user "uid $(id -u)"
fi

# -- what it takes -----------------------------------------------------------------------------------
kill "$pid"
within 30 "asked to end, it says so" grep -q "^$pid STOPPING=1" said
within 30 "and ends well" grep -q '^ended 0' said
check "who has ended is not well" sh -c "! '$BULLFINCH' health --config cfg.yaml --set api.listen=127.0.0.1:$port"
check "nor by its row" sh -c "! '$BULLFINCH' health --config cfg.yaml --set api.listen= --role run"
"$BULLFINCH" run --no-status --exit-at-end --config cfg.yaml --set api.listen= --set "store.url=sqlite:$dir/max.db" >sum 2>max.log &
max=$!
pids="$pids $max"
peak=0
while kill -0 $max 2>/dev/null; do
    now=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/$max/status 2>/dev/null)
    [ "${now:-0}" -le "$peak" ] || peak=$now
    sleep 0.05
done
wait $max
equal "a day of posts and prices at full speed" $? 0
echo "it took $peak kB of memory at most, and $(du -k max.db | cut -f 1) kB of disk"
check "takes less than 256 MB" test "$peak" -gt 0 -a "$peak" -lt 262144

# -- whose store it is -----------------------------------------------------------------------------------
whose() { "$BULLFINCH" db environment --config cfg.yaml --json | sed 's/.*:"*\([a-z]*\)"*}/\1/'; }
equal "a store is of the environment that made it" "$(whose)" dev
check "another one's run refuses it" sh -c "'$BULLFINCH' run --profile prod --no-status --exit-at-end --config cfg.yaml >out 2>&1; [ \$? -eq 1 ] && grep -q 'the store is one of dev, and this is prod' out"
check "and its interface" sh -c "! '$BULLFINCH' serve --profile staging --config cfg.yaml >out 2>&1 && grep -q 'the store is one of dev' out"
check "whoever halts is not held to it" "$BULLFINCH" halt --profile prod --config cfg.yaml --reason test
check "it is given to another" "$BULLFINCH" db environment prod --config cfg.yaml
equal "whose it is then" "$(whose)" prod
check "no other word is taken" sh -c "'$BULLFINCH' db environment production --config cfg.yaml; [ \$? -eq 2 ]"

# -- the other roles ------------------------------------------------------------------------------------
start_redis
cat >apart.yaml <<END
sources: [{kind: push, name: desk}, {kind: jetstream, url: 'ws://127.0.0.1:9'}]
market: {kind: binance_public, public_stream_url: 'ws://127.0.0.1:9', public_rest_url: 'http://127.0.0.1:9'}
store: {url: 'sqlite:$dir/apart.db'}
queue: {url: '$redis_url'}
api: {listen: '127.0.0.1:0'}
END
check "a store for processes apart" "$BULLFINCH" db migrate --config apart.yaml
for role in ingest analyze trade serve; do
    python3 "$root/tests/e2e/lib/supervisor.py" "$dir/notify-$role" 400000 \
        "$BULLFINCH" $role --config apart.yaml --set run.confine=auto >"said-$role" 2>"$role.log" &
    pids="$pids $!"
    within 30 "$role says that it is ready" grep -q ' READY=1 ' "said-$role"
    pids="$pids $(sed -n 's/^started //p' "said-$role")"
    check "$role is confined, or says that it cannot be" confined "$role.log"
    # of serve the port is known from its log only
    port=$(sed -n 's/.*ev=api .*url=[^ ]*:\([0-9]*\) .*/\1/p' "$role.log")
    within 15 "$role is well" "$BULLFINCH" health --config apart.yaml --set "api.listen=127.0.0.1:${port:-0}" --role $role
done
for role in ingest analyze trade serve; do
    kill "$(sed -n 's/^started //p' "said-$role")"
    within 30 "$role says that it ends" grep -q ' STOPPING=1 ' "said-$role"
    within 30 "$role ends well" grep -q '^ended 0' "said-$role"
done
finish
