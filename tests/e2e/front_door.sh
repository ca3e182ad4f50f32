#!/bin/sh
# What stands between a fresh checkout and the program: setup, tally, docs.
. "$(dirname "$0")/lib/cases.sh"

# -- scripts/setup, on machines that are made of a folder of commands -----------------------------

machine=$SCRATCH/machine

# A machine with the commands that the script itself uses, and a package manager that writes down
# what it is asked for.
new_machine() {
    rm -rf "$machine"
    mkdir -p "$machine"
    for tool in sh sed dirname cat env tail; do
        ln -s "$(command -v $tool)" "$machine/$tool"
    done
    fake id 'echo 0'
    fake apt-get "echo \"\$*\" >>$machine/asked"
    fake apt-cache 'echo "  Depends: clang-18"'
}

fake() { # COMMAND BODY
    printf '#!/bin/sh\n%s\n' "$2" >"$machine/$1"
    chmod +x "$machine/$1"
}

setup() { # LEVEL: its status; what it said is in $SCRATCH/said
    PATH=$machine "$machine/sh" scripts/setup "$1" >"$SCRATCH/said" 2>&1
}

asked_for() { grep -q -- " $1\( \|$\)" "$machine/asked"; }

check "setup has nothing to do on this machine" scripts/setup test
equal "and then says nothing" "$(scripts/setup test 2>&1)" ""

if scripts/setup build && [ -r /etc/debian_version ]; then
    new_machine
    check "setup installs on a bare machine" setup build
    for package in gcc libc6-dev meson ninja-build pkg-config libcmocka-dev libsqlite3-dev \
        libjansson-dev libyaml-dev libssl-dev libutf8proc-dev; do
        check "setup asks for $package" asked_for $package
    done
    check "a build needs no second compiler" sh -c "! grep -q clang '$machine/asked'"
    check "setup says why" grep -q 'ninja-build: runs the build' "$SCRATCH/said"

    new_machine
    check "setup for tests installs on a bare machine" setup test
    for package in clang libclang-rt-18-dev llvm clang-format sqlite3 nodejs npm; do
        check "setup for tests asks for $package" asked_for $package
    done
    if [ "$(. /etc/os-release && echo "$ID")" = debian ]; then
        check "setup for tests asks for a browser" asked_for chromium
    fi

    new_machine
    for tool in gcc meson ninja pkg-config; do fake $tool 'exit 0'; done
    check "setup for the demo succeeds" setup demo
    check "and asks for what builds the dashboard" asked_for npm
    check "but for no browser" sh -c "! grep -q chromium '$machine/asked'"
    fake apt-get 'exit 100'
    check "the demo goes on where npm cannot be had" setup demo
    check "and setup says so" grep -q 'going on without npm' "$SCRATCH/said"

    new_machine
    for tool in gcc meson ninja pkg-config; do fake $tool 'exit 0'; done
    check "setup finds what is there" setup build
    check "and asks for nothing" test ! -e "$machine/asked"

    new_machine
    fake apt-get "echo \"\$*\" >>$machine/asked; case \"\$*\" in *update*) : >$machine/fresh ;; esac
        test -e $machine/fresh"
    check "setup fetches the package lists when they are old" setup build
    equal "by install, update, install" "$(grep -o ' install \| update' "$machine/asked" | tr -s ' \n' ' ')" \
        " install update install "

    new_machine
    fake apt-get 'exit 100'
    check "setup fails when packages cannot be had" sh -c '! "$@"' - sh -c \
        "PATH='$machine' '$machine/sh' scripts/setup build >'$SCRATCH/said' 2>&1"
    check "and says how to get them by hand" grep -q 'as root: .*apt-get install .*meson' "$SCRATCH/said"

    new_machine
    fake id 'echo 1000'
    setup build
    equal "a plain user without sudo is told what to do" "$?" 1
    check "with the whole command" grep -q 'As root:  apt-get install .*meson' "$SCRATCH/said"
    fake sudo "echo sudo >>$machine/asked; exec \"\$@\""
    check "with sudo it installs" setup build
    check "through sudo" grep -q sudo "$machine/asked"

    new_machine
    rm "$machine/apt-get"
    setup build
    equal "another system is told what is needed" "$?" 1
    check "by the names of the packages" grep -q 'libyaml-dev: the library yaml-0.1' "$SCRATCH/said"
fi
setup nonsense
equal "setup wants to know what for" "$?" 2

# -- scripts/tally --------------------------------------------------------------------------------

tally() { printf '%s\n' "$1" | scripts/tally 2>/dev/null; }

equal "cases are counted, not programs" "$(tally '{"name": "a", "stdout": "Running 3 test(s).\n[       OK ] x\n[       OK ] y\n[       OK ] z\n", "result": "OK"}')" "3 0"
equal "a failed case is one" "$(tally '{"name": "a", "stdout": "Running 3 test(s).\n[       OK ] x\n[       OK ] z\n", "result": "FAIL"}')" "2 1"
equal "cases behind a crash have failed" "$(tally '{"name": "a", "stdout": "Running 9 test(s).\n[       OK ] x\n", "result": "FAIL"}')" "1 8"
equal "a leak at the end is a failure" "$(tally '{"name": "a", "stdout": "Running 1 test(s).\n[       OK ] x\n", "result": "FAIL"}')" "1 1"
equal "two groups in a program add up" "$(tally '{"name": "a", "stdout": "Running 1 test(s).\n[       OK ] x\nRunning 1 test(s).\n[       OK ] y\n", "result": "OK"}')" "2 0"
equal "another program is one case" "$(tally '{"name": "a", "stdout": "16 inputs\n", "result": "OK"}')" "1 0"
equal "and fails as one" "$(tally '{"name": "a", "stdout": "", "result": "TIMEOUT"}')" "0 1"
equal "a skipped program is a failure" "$(tally '{"name": "a", "stdout": "", "result": "SKIP"}')" "0 1"
equal "no test at all is a failure" "$(scripts/tally </dev/null 2>/dev/null)" "0 1"

finish
