# modules: packages of npm's that scripts in tests/e2e run; sourced after cases.sh.
# shellcheck shell=sh

# The Node that the dashboard is built with, where this machine's is older: some of the packages do not
# work with that either (Debian 12 has 18: a request to delete with a body fails there).
[ ! -x "$PWD/build/node/node_modules/.bin/node" ] || PATH=$PWD/build/node/node_modules/.bin:$PATH
export PATH

# modules_of NAME: those that tests/NAME/package-lock.json names; $modules is where they will be, in
# build/NAME.
modules_of() {
    packages=tests/$1
    modules=$PWD/build/$1
}

# They are installed once for each package-lock.json, from npm's cache or its registry.
install_modules() {
    want=$(cat "$packages/package.json" "$packages/package-lock.json" | cksum)
    [ "$(cat "$modules/installed" 2>/dev/null)" = "$want" ] && return
    mkdir -p "$modules"
    rm -rf "$modules/node_modules" "$modules/installed"
    cp "$packages/package.json" "$packages/package-lock.json" "$packages/.npmrc" "$modules/"
    (cd "$modules" && npm ci --ignore-scripts --prefer-offline --cache "$modules/cache" --loglevel=error) ||
        return 1
    echo "$want" >"$modules/installed"
}

# cases_of NAME LOG: takes over the cases that a script of Node's printed.
cases_of() {
    grep -E '^(ok|not ok) ' "$2"
    failures=$((failures + $(grep -c '^not ok ' "$2")))
    grep -q '^ok ' "$2" || not_ok "$1" "$(tail -n 3 "$2" | tr '\n' ' ')"
}
