#!/bin/sh
# base: images of the names that deploy/Dockerfile and deploy/compose.yaml begin with, made from Debian's
# packages, where no registry can be reached. They stand for the real ones: the same Debian, the same
# program in each, and nobody else's layers. Those that are there stay as they are.
#
#   tests/image/base.sh [NAME...]       all of them, or those that are named
#
# As root, with a Docker daemon (DOCKER_HOST), debootstrap and a Debian mirror.
set -eu
: "${SCRATCH:=${TMPDIR:-/tmp}/bullfinch-image}"
# the one that this machine's own apt asks
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)}
[ -n "$mirror" ] || { echo "base: apt knows no Debian mirror: MIRROR=URL says which" >&2; exit 1; }
mkdir -p "$SCRATCH"

have() { docker image inspect "$1" >/dev/null 2>&1; }
say() { echo "base: $*" >&2; }

# One root file system for all: minbase, with what the slim images leave out left out.
root() {
    [ ! -f "$SCRATCH/root.tar" ] || return 0
    say "debootstrap"
    rm -rf "$SCRATCH/root"
    debootstrap --variant=minbase bookworm "$SCRATCH/root" "$mirror" >"$SCRATCH/debootstrap.log" 2>&1 || {
        tail -n 5 "$SCRATCH/debootstrap.log" >&2
        exit 1
    }
    find "$SCRATCH/root/var/cache/apt" "$SCRATCH/root/var/lib/apt/lists" -type f -delete
    printf '%s\n' 'path-exclude /usr/share/doc/*' 'path-include /usr/share/doc/*/copyright' 'path-exclude /usr/share/man/*' \
        'path-exclude /usr/share/locale/*' 'path-exclude /usr/share/info/*' >"$SCRATCH/root/etc/dpkg/dpkg.cfg.d/docker"
    find "$SCRATCH/root/usr/share/doc" -type f ! -name copyright -delete
    rm -rf "$SCRATCH/root/usr/share/man" "$SCRATCH/root/usr/share/locale" "$SCRATCH/root/usr/share/info"
    mkdir -p "$SCRATCH/root/usr/share/man/man1"
    printf '%s\n' "deb $mirror bookworm main" >"$SCRATCH/root/etc/apt/sources.list"
    tar -C "$SCRATCH/root" -cf "$SCRATCH/root.tar.new" .
    mv "$SCRATCH/root.tar.new" "$SCRATCH/root.tar"
    rm -rf "$SCRATCH/root"
}

plain() { # NAME
    have "$1" && return
    root
    docker import --change 'CMD ["bash"]' "$SCRATCH/root.tar" "$1" >/dev/null
    say "$1"
}

# Whom this machine trusts they trust: a registry may be reached by way of a certificate of its own.
from() { # NAME: a Dockerfile on standard input, on debian:12-slim; authorities.crt lies beside it
    have "$1" && return
    plain debian:12-slim
    rm -rf "$SCRATCH/context"
    mkdir -p "$SCRATCH/context"
    cat >"$SCRATCH/context/Dockerfile"
    cat /etc/ssl/certs/ca-certificates.crt >"$SCRATCH/context/authorities.crt"
    docker build --quiet --network=host -t "$1" "$SCRATCH/context" >/dev/null
    say "$1"
}

node() {
    from node:22-bookworm-slim <<'END'
FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates nodejs npm && rm -rf /var/lib/apt/lists/*
COPY authorities.crt /etc/ssl/certs/authorities.crt
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/authorities.crt
END
}

# As the official image does it: a cluster is made where there is none, the files that lie beside are
# run, and then the server takes the process' place.
postgres() {
    from postgres:17-bookworm <<'END'
FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-15 && rm -rf /var/lib/apt/lists/* && \
    rm -rf /var/lib/postgresql/15 && install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/data && \
    install -d -o postgres -g postgres -m 3777 /run/postgresql # as the official one: a tmpfs gets its mode
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PGDATA=/var/lib/postgresql/data
RUN printf '%s\n' '#!/bin/sh' 'set -eu' 'if [ ! -s "$PGDATA/PG_VERSION" ]; then' \
    '  initdb -D "$PGDATA" -U postgres --pwfile="$POSTGRES_PASSWORD_FILE" $POSTGRES_INITDB_ARGS --auth-local=trust' \
    '  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"' \
    '  pg_ctl -D "$PGDATA" -o "-c listen_addresses= -k /run/postgresql" -w start' \
    '  for f in /docker-entrypoint-initdb.d/*.sql; do psql -v ON_ERROR_STOP=1 -h /run/postgresql -U postgres -d postgres -f "$f"; done' \
    '  pg_ctl -D "$PGDATA" -m fast -w stop' 'fi' \
    'exec "$@"' >/usr/local/bin/docker-entrypoint.sh && \
    chmod 755 /usr/local/bin/docker-entrypoint.sh
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres", "-c", "listen_addresses=*", "-k", "/run/postgresql"]
END
}

redis() {
    from redis:7-bookworm <<'END'
FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/* && \
    install -d -o redis -g redis /data
WORKDIR /data
VOLUME /data
CMD ["redis-server"]
END
}

[ $# -gt 0 ] || set -- debian:12 debian:12-slim node:22-bookworm-slim postgres:17-bookworm redis:7-bookworm
for name; do
    case $name in
    debian:*) plain "$name" ;;
    node:*) node ;;
    postgres:*) postgres ;;
    redis:*) redis ;;
    *)
        echo "base: how is $name made?" >&2
        exit 2
        ;;
    esac
done
