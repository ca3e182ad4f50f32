# cases: what the scripts in tests/e2e share; sourced by them.
#
# A script prints "ok NAME" or "not ok NAME: why" for each case. It runs in the checkout's root with
# BULLFINCH (the program) and SCRATCH (an empty folder of its own) set; by hand it takes
# build/bullfinch and a folder that it removes.
# shellcheck shell=sh

cd "$(dirname "$0")/../.." || exit 1
: "${BULLFINCH:=$PWD/build/bullfinch}"
leave() { :; } # with the script
if [ -z "${SCRATCH-}" ]; then
    SCRATCH=$(mktemp -d)
    leave() { rm -rf "$SCRATCH"; }
    trap leave EXIT
fi
failures=0

ok() { echo "ok $*"; }

not_ok() { # NAME WHY
    echo "not ok $1: $2"
    failures=$((failures + 1))
}

# check NAME COMMAND...: ok when the command succeeds; else what it said is why.
check() {
    name=$1
    shift
    if said=$("$@" 2>&1); then
        ok "$name"
    else
        not_ok "$name" "status $?: $(printf %s "$said" | tail -n 3 | tr '\n' ' ')"
    fi
}

# equal NAME GOT WANT
equal() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got \"$2\", want \"$3\""; fi
}

# within SECONDS NAME COMMAND...: looks again until the command succeeds, at most so long.
within() {
    tries=$(($1 * 4))
    name=$2
    shift 2
    while [ "$tries" -gt 0 ]; do
        if "$@" >/dev/null 2>&1; then
            ok "$name"
            return
        fi
        sleep 0.25
        tries=$((tries - 1))
    done
    not_ok "$name" "not so within its time: $*"
}

# json FILE EXPRESSION: of a file with one JSON object, by SQLite's functions: '$.posts'.
json() {
    sqlite3 :memory: "SELECT json_extract(CAST(readfile('$1') AS TEXT), '$2')"
}

finish() { [ "$failures" -eq 0 ]; }
