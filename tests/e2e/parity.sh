#!/bin/sh
# Texts as numbers, beside other people's tokenizer from npm: tests/parity.
#
# Packages are installed once for each package-lock.json, below build/, from npm's cache or its
# registry.
. "$(dirname "$0")/lib/cases.sh"

modules=$PWD/build/parity
want=$(cat tests/parity/package.json tests/parity/package-lock.json | cksum)

install_modules() {
    [ "$(cat "$modules/installed" 2>/dev/null)" = "$want" ] && return
    mkdir -p "$modules"
    rm -rf "$modules/node_modules" "$modules/installed"
    cp tests/parity/package.json tests/parity/package-lock.json tests/parity/.npmrc "$modules/"
    (cd "$modules" && npm ci --ignore-scripts --prefer-offline --cache "$modules/cache" --loglevel=error) ||
        return 1
    echo "$want" >"$modules/installed"
}

check "the tokenizer of other people is installed" install_modules
[ "$failures" -eq 0 ] || exit 1
NODE_PATH=$modules node tests/parity/tokenizer.mjs "$BULLFINCH" "$SCRATCH"
status=$?
[ $status -le 1 ] || not_ok "tokenizer.mjs" "status $status"
[ $status -eq 0 ] && finish
