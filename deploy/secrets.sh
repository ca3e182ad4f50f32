#!/bin/sh
# secrets: the passwords that PostgreSQL, Redis, Prometheus, Grafana and bullfinch share, as files, made
# where they are missing. As root, since files of root's that a group may read are what all of them take.
#
#   sudo deploy/secrets.sh                                  for compose.yaml: deploy/secrets, group 10001
#   sudo deploy/secrets.sh /etc/bullfinch/secrets postgres  for the units, while the database is made
#   sudo deploy/secrets.sh /etc/bullfinch/secrets root      and from then on: nobody but root
#
# Other secrets (x-token, venue-key, venue-secret) are put there as well; called again, it gives those the
# same owner and mode. Passwords are 48 hexadecimal digits: they need no quotes anywhere.
set -eu
directory=${1:-$(dirname "$0")/secrets}
group=${2:-10001}
[ "$(id -u)" -eq 0 ] || {
    echo "secrets: not root: sudo $0 $*" >&2
    exit 1
}
[ -d "$(dirname "$directory")" ] || install -d -m 0755 "$(dirname "$directory")"
umask 077
mkdir -p "$directory"
for name in postgres-password owner-password store-password queue-password metrics-token grafana-password; do
    [ -s "$directory/$name" ] || od -A n -N 24 -t x1 /dev/urandom | tr -d ' \n' >"$directory/$name"
done
chown "root:$group" "$directory" "$directory"/*
if [ "$group" = root ]; then
    chmod 0700 "$directory"
    chmod 0400 "$directory"/*
else
    chmod 0750 "$directory"
    chmod 0440 "$directory"/*
fi
echo "secrets: $(ls "$directory" | tr '\n' ' ')in $directory" >&2
