#!/bin/sh
# debian: what scripts/deb and scripts/install leave, on a bare Debian 12 made by debootstrap: installed with
# apt, looked at, removed. Where the machine can start it, that Debian is booted with systemd inside, and
# the unit is started, stopped and watched by the real one.
#
#   tests/image/debian.sh       as root; needs debootstrap, a Debian mirror, and build/bullfinch_*.deb (make deb)
#
# Not part of `make test`: it fetches a Debian.
. "$(dirname "$0")/../e2e/lib/cases.sh"

# the one that this machine's own apt asks
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)}
[ -n "$mirror" ] || { echo "debian: apt knows no Debian mirror: MIRROR=URL says which" >&2; exit 1; }
deb=$(ls build/bullfinch_*_*.deb 2>/dev/null | head -n 1)
check "there is a package" test -n "$deb"
[ "$failures" -eq 0 ] || exit 1
bare=$SCRATCH/bare
machine=bullfinch-$$
booted=
clean_up() {
    [ -z "$booted" ] || kill "$booted" 2>/dev/null
    [ -z "$booted" ] || wait "$booted" 2>/dev/null
    leave
}
trap clean_up EXIT
trap 'exit 1' INT TERM
inside() { chroot "$bare" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive HOME=/root "$@"; }
install_in() { # FOLDER: with apt, as a person would
    cp "$deb" "$bare/root/bullfinch.deb"
    inside apt-get install -y --no-install-recommends /root/bullfinch.deb
}

check "a bare Debian is made" debootstrap --variant=minbase bookworm "$bare" "$mirror"
[ "$failures" -eq 0 ] || exit 1
# installed by hand, nothing of it starts a service in the folder of another system
printf '#!/bin/sh\nexit 101\n' >"$bare/usr/sbin/policy-rc.d"
chmod 755 "$bare/usr/sbin/policy-rc.d"
check "its lists are fetched" inside apt-get update -qq
check "apt installs the package with all that it needs" install_in
equal "the program runs" "$(inside bullfinch version | cut -d ' ' -f 1)" bullfinch
check "every library that it loads late is there" inside sh -c \
    'for l in $(grep -aoE "lib(curl|microhttpd|websockets|pq|zip)\.so(\.[0-9]+)+" /usr/bin/bullfinch | sort -u); do ldconfig -p | grep -q "$l " || { echo "$l"; exit 1; }; done'
check "its configuration is one that it takes" inside bullfinch config check --config /etc/bullfinch/bullfinch.yaml
equal "there is a user for it" "$(inside id -un bullfinch)" bullfinch
equal "who cannot log in" "$(inside getent passwd bullfinch | cut -d : -f 7)" /usr/sbin/nologin
check "a man page" test -s "$bare/usr/share/man/man1/bullfinch.1.gz"
equal "units, none of them enabled" "$(ls "$bare/usr/lib/systemd/system" | grep -c '^bullfinch')/$(find "$bare/etc/systemd" -name 'bullfinch*' | wc -l)" 6/0
score() { inside bullfinch score 'Just bought more $BTC, to the moon' | grep -q '"symbol":"BTCUSDT"'; }
check "and it reads" score
echo '# mine' >>"$bare/etc/bullfinch/bullfinch.yaml"
check "installed once more" inside apt-get install -y --reinstall /root/bullfinch.deb
equal "it leaves a changed configuration alone" "$(tail -n 1 "$bare/etc/bullfinch/bullfinch.yaml")" '# mine'

# -- booted ----------------------------------------------------------------------------------------------
boot() {
    command -v systemd-nspawn >/dev/null 2>&1 || { echo "not possible here: there is no systemd-nspawn to boot it"; return 1; }
    inside apt-get install -y --no-install-recommends systemd systemd-sysv dbus >"$SCRATCH/systemd.log" 2>&1 || return 1
    systemd-nspawn --quiet --directory="$bare" --machine="$machine" --register=no --keep-unit --boot --link-journal=no \
        --console=pipe --system-call-filter='landlock_create_ruleset landlock_add_rule landlock_restrict_self' </dev/null >"$SCRATCH/boot.log" 2>&1 &
    booted=$!
    tries=0
    until ctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do
        tries=$((tries + 1))
        [ $tries -lt 240 ] && kill -0 "$booted" 2>/dev/null || { echo "not possible here: it does not boot: $(tail -n 1 "$SCRATCH/boot.log")"; return 1; }
        sleep 0.25
    done
}
leader() { # the process that is systemd in there
    pgrep -P "$booted" | head -n 1
}
ctl() { within_it systemctl "$@"; }
within_it() { nsenter --target "$(leader)" --mount --pid --uts --ipc --net --cgroup env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"; }
main_pid() { ctl show bullfinch --property=MainPID --value; }
if boot; then
    ok "it boots, with systemd"
    for unit in bullfinch.service bullfinch-ingest.service bullfinch-analyze@1.service bullfinch-trade@1.service bullfinch-serve.service; do
        check "systemd there takes $unit" within_it systemd-analyze verify --man=no "$unit"
    done
    cat >"$bare/etc/bullfinch/bullfinch.yaml" <<'END'
sources: [{kind: push, name: desk}]
api: {listen: '127.0.0.1:8080'}
END
    check "the unit starts, and is ready by its own word" ctl start bullfinch
    equal "it is active" "$(ctl is-active bullfinch)" active
    equal "and says so" "$(ctl show bullfinch --property=StatusText --value)" 'at work'
    old=$(main_pid)
    check "it has a database" within_it test -s /var/lib/bullfinch/bullfinch.db
    equal "of its own user" "$(within_it stat -c '%U %a' /var/lib/bullfinch/bullfinch.db)" 'bullfinch 600'
    check "it is well" within_it bullfinch health --config /etc/bullfinch/bullfinch.yaml
    within_it bullfinch doctor --config /etc/bullfinch/bullfinch.yaml --set store.url=sqlite:/var/lib/bullfinch/bullfinch.db >"$SCRATCH/doctor" 2>&1
    confined() { within_it journalctl --unit bullfinch --output cat | grep 'ev=confined .*writes_below=/var/lib/bullfinch'; }
    if grep -q 'has no Landlock' "$SCRATCH/doctor"; then echo "not possible here: the kernel has no Landlock"; else check "it is confined as well" confined; fi
    check "doctor finds all walls of the unit" grep -q '^ok .*bullfinch.service has all its walls' "$SCRATCH/doctor"
    check "and of the process" grep -q '^ok .*no root, no capability, cannot gain any, its system calls are filtered' "$SCRATCH/doctor"
    kill -STOP "$(pgrep --ns "$(leader)" --nslist pid -x bullfinch | head -n 1)"
    another() { new=$(main_pid); [ "$new" != "$old" ] && [ "$new" != 0 ] && [ "$(ctl is-active bullfinch)" = active ]; }
    within 120 "one that hangs is killed by the watchdog and started again" another
    check "as its journal says" sh -c "journalctl --directory '$bare/var/log/journal' --output cat 2>/dev/null | grep -q 'bullfinch.service: Watchdog timeout' || grep -q 'Watchdog timeout' '$SCRATCH/boot.log'"
    check "it is stopped" ctl stop bullfinch
    equal "and ended well" "$(ctl show bullfinch --property=Result --value)" success
    ctl poweroff >/dev/null 2>&1
    wait "$booted"
    booted=
fi

# -- gone ------------------------------------------------------------------------------------------------
check "apt removes it" inside apt-get purge -y bullfinch
check "and all but the record of what was traded" sh -c "! find '$bare' -xdev -name 'bullfinch*' ! -path '*/var/lib/bullfinch*' ! -path '*/root/*' ! -path '*/var/log/*' ! -path '*/var/lib/systemd/*' | grep ."

# -- make install -----------------------------------------------------------------------------------------
check "what make install leaves is put there" env DESTDIR="$bare" scripts/install /usr/local
equal "and runs" "$(inside /usr/local/bin/bullfinch version | cut -d ' ' -f 1)" bullfinch
if [ -x "$bare/usr/bin/systemd-sysusers" ]; then
    check "its user is made from the file beside it" inside systemd-sysusers
    check "and is there" inside id bullfinch
    for unit in "$bare"/usr/local/lib/systemd/system/*.service; do
        check "systemd there takes ${unit##*/}" inside systemd-analyze verify --man=no "/usr/local/lib/systemd/system/${unit##*/}"
    done
fi
meson configure build -Dprefix=/usr/local >/dev/null
finish
