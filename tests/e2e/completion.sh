#!/bin/sh
# Completion, by real shells on a terminal: what is typed, a tab, and what the command is given.
. "$(dirname "$0")/lib/cases.sh"
. tests/e2e/lib/programs.sh

go_to completion
"$BULLFINCH" help --completion bash >bash.completion
"$BULLFINCH" help --completion zsh >_bullfinch
"$BULLFINCH" help --completion fish >fish 2>fish.err
equal "another shell is wrong usage" $? 2
check "and those that there are are told" grep -q 'bash and zsh' fish.err
mkdir here
: >here/unlike-any-other.jsonl

# In place of the program: prints what it was given.
# shellcheck disable=SC2016
shown='bullfinch() { printf "<%s>" "$@"; echo; }'
printf 'PS1=\nsource ./bash.completion\n%s\n' "$shown" >bashrc
cat >.zshrc <<END
PS1=
fpath=($PWD \$fpath)
autoload -Uz compinit
compinit -u -D
$shown
END

in_bash() { script -qec 'bash --noprofile --rcfile bashrc -i' /dev/null; }
in_zsh() { ZDOTDIR=$PWD script -qec 'zsh -i' /dev/null; }

completes() { # SHELL TYPED WANT: \t is the tab
    got=$(printf '%b\nexit\n' "$2" | "in_$1" | tr -d '\r' | sed -n 's/^[^<]*\(<.*>\)$/\1/p' | tail -n 1)
    equal "$1 completes: $2" "$got" "$3"
}

for shell in bash zsh; do
    completes $shell 'bullfinch doc\t' '<doctor>'
    completes $shell 'bullfinch db ba\t' '<db><backup>'
    completes $shell 'bullfinch run --exit\t' '<run><--exit-at-end>'
    completes $shell 'bullfinch run --source jet\t' '<run><--source><jetstream>'
    completes $shell 'bullfinch run --source=jet\t' '<run><--source=jetstream>'
    completes $shell 'bullfinch run --posts here/unl\t' '<run><--posts><here/unlike-any-other.jsonl>'
    completes $shell 'bullfinch run --posts=here/unl\t' '<run><--posts=here/unlike-any-other.jsonl>'
    completes $shell 'bullfinch run --set trading.mo\tman\t --exit\t' '<run><--set><trading.mode=manual><--exit-at-end>'
    completes $shell 'bullfinch db check --profile st\t' '<db><check><--profile><staging>'
    completes $shell 'bullfinch show led\t --lim\t 3' '<show><ledger><--limit><3>'
    completes $shell 'bullfinch token create me --role ad\t' '<token><create><me><--role><admin>'
    completes $shell 'bullfinch config set trading.signal\t 80' '<config><set><trading.signal_threshold><80>'
    completes $shell 'bullfinch --json\t' '<--json>' # options stand behind the command
done

# As installed: where both shells look for them, with the man page.
DESTDIR=$PWD/root meson install -C "$root/build" --no-rebuild >installed 2>&1
for file in share/bash-completion/completions/bullfinch share/zsh/site-functions/_bullfinch share/man/man1/bullfinch.1; do
    equal "one $file is installed" "$(find root -path "*/$file" | wc -l)" 1
done
same() { cmp "$1" "$(find root -path "*/$2")"; } # whatever prefix this build has
check "bash's is what the program prints" same bash.completion share/bash-completion/completions/bullfinch
check "and so is zsh's" same _bullfinch share/zsh/site-functions/_bullfinch

# Every command and every option of the help is offered, and the words for a table are tables.
cat >offers.bash <<'END'
source ./bash.completion
compopt() { :; }
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \t\n"><=;|&(:'
_bullfinch
printf '%s\n' "${COMPREPLY[@]}"
END
offers() { bash offers.bash "$1" | sort | tr '\n' ' '; }
"$BULLFINCH" help | sed -n 's/^  \([a-z]\{2,\}\( [a-z]\{2,\}\)\{0,1\}\) .*/\1/p' | grep -v bullfinch | sort -u >names
while read -r name; do
    case $(offers "bullfinch ${name% *}") in
    *"${name%% *} "*) ;;
    *) [ "${name#* }" != "$name" ] || not_ok "$name is offered" "$(offers "bullfinch ${name% *}")" ;;
    esac
    # shellcheck disable=SC2086 # a name of two words is two arguments
    equal "the options of $name are offered" "$(offers "bullfinch $name --")" \
        "$("$BULLFINCH" $name --help | sed -n 's/^  \(--[a-z0-9-]*\).*/\1/p' | sort -u | tr '\n' ' ')"
done <names
check "that was of every command" [ "$(wc -l <names)" -ge 40 ]
"$BULLFINCH" db migrate >/dev/null
for table in $(offers 'bullfinch show '); do
    check "$table is a table" "$BULLFINCH" show "$table"
done
equal "keys of the configuration are offered, all of them" "$(offers 'bullfinch run --set ' | tr ' ' '\n' | grep -c =)" \
    "$("$BULLFINCH" config docs | grep -c '^| `[a-z_0-9]*` | .* | .* | \(yes\|no\) | ')"
finish
