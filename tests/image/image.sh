#!/bin/sh
# image: deploy/Dockerfile built, and both shapes of deploy/ started from it: sizes, rights, health within a
# minute, containers killed one after the other, and nothing of what was acknowledged lost.
#
#   tests/image/image.sh        as root; DOCKER_HOST names a daemon, else one is started for it
#
# Not part of `make test`: it builds the program and three other images, which takes a quarter of an hour
# the first time. Base images come from tests/image/base.sh where no registry is reached.
. "$(dirname "$0")/../e2e/lib/cases.sh"

pids=
project=bf-image-$$
embedded_up= scaled_up=
compose() {
    if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi
}
embedded() { BULLFINCH_PORT=18080 compose --project-name "$project-e" -f deploy/compose.embedded.yaml -f "$SCRATCH/embedded.yaml" "$@"; }
scaled() { BULLFINCH_PORT=18081 BULLFINCH_SECRETS=$SCRATCH/secrets compose --project-name "$project-s" -f deploy/compose.yaml -f "$SCRATCH/scaled.yaml" "$@"; }
clean_up() {
    [ -z "$embedded_up" ] || embedded down --volumes --timeout 20 >/dev/null 2>&1
    [ -z "$scaled_up" ] || scaled down --volumes --timeout 20 >/dev/null 2>&1
    for p in $pids; do kill "$p" 2>/dev/null; done
    for p in $pids; do wait "$p" 2>/dev/null; done
    leave
}
trap clean_up EXIT
trap 'exit 1' INT TERM
DOCKER_BUILDKIT=0 # the image has to come out the same without BuildKit's extras
export DOCKER_BUILDKIT

if ! docker version >/dev/null 2>&1; then
    DOCKER_HOST=unix://$SCRATCH/docker.sock
    export DOCKER_HOST
    dockerd --data-root "$SCRATCH/docker" --exec-root "$SCRATCH/docker-run" --pidfile "$SCRATCH/docker.pid" \
        -H "$DOCKER_HOST" >"$SCRATCH/dockerd.log" 2>&1 &
    pids=$!
    within 60 "a Docker daemon is started" docker version
    [ "$failures" -eq 0 ] || exit 1
fi

# -- the image --------------------------------------------------------------------------------------------
check "base images are there" env SCRATCH="${BASE:-$SCRATCH/base}" tests/image/base.sh
[ "$failures" -eq 0 ] || exit 1
docker build --network=host -f deploy/Dockerfile -t bullfinch:local . >"$SCRATCH/build.log" 2>&1
check "the image is built" docker image inspect bullfinch:local
[ "$failures" -eq 0 ] || { tail -n 20 "$SCRATCH/build.log" && exit 1; }
inspect() { docker image inspect --format "$1" bullfinch:local; }
bytes=$(inspect '{{.Size}}')
echo "it has $((bytes / 1000)) kB; the base has $(($(docker image inspect --format '{{.Size}}' debian:12-slim) / 1000))"
check "it has at most 120 MB" test "$bytes" -le 120000000
equal "it runs as nobody" "$(inspect '{{.Config.User}}')" 10001:10001
run() { docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges "$@"; }
check "its words are a command" sh -c "docker run --rm --read-only bullfinch:local version | grep -q '^bullfinch '"
run --tmpfs /var/lib/bullfinch:uid=10001,mode=700 bullfinch:local doctor --set source.kind=push --set source.name=desk \
    --set api.listen=127.0.0.1:8080 --set store.url=sqlite:/var/lib/bullfinch/b.db >"$SCRATCH/doctor" 2>&1 # prices are out of its reach here
for what in 'user .*no root' 'core dumps' 'interface .*this machine alone' 'store .*the first run makes it'; do
    check "doctor in it: $what" grep -q "^ok .*$what" "$SCRATCH/doctor"
done
for what in curl gcc python3 node; do
    check "there is no $what in it" sh -c "! docker run --rm --entrypoint $what bullfinch:local --version"
done
docker run --rm --entrypoint cat bullfinch:local /usr/share/doc/bullfinch/sbom.spdx.json >"$SCRATCH/sbom.json"
equal "its bill of materials is SPDX" "$(json "$SCRATCH/sbom.json" '$.spdxVersion')" SPDX-2.3
named() { grep -q "\"referenceLocator\": \"pkg:$1@" "$SCRATCH/sbom.json"; }
for part in deb/debian/libssl3 deb/debian/libc6 npm/react; do check "and names $part" named "$part"; done
equal "with every package of the image" "$(grep -c '"pkg:deb/' "$SCRATCH/sbom.json" | tr -d ' ')" \
    "$(docker run --rm --entrypoint sh bullfinch:local -c 'grep -c "^Status: install ok installed" /var/lib/dpkg/status')"

# -- what both shapes are asked ---------------------------------------------------------------------------
ids() { # SHAPE [SERVICE]
    "$1" ps -q ${2:+"$2"}
}
all_well() { # SHAPE SERVICE...: as many as there are, healthy
    shape=$1
    shift
    for service; do
        some=
        for id in $(ids "$shape" "$service"); do
            some=yes
            [ "$(docker inspect --format '{{.State.Health.Status}}' "$id")" = healthy ] || return 1
        done
        [ -n "$some" ] || return 1
    done
}
bring() { # PORT TOKEN FROM TO: posts, one a request, each until it is acknowledged
    for n in $(seq "$3" "$4"); do
        tries=0
        until [ "$(curl -s -o "$SCRATCH/answer" -w '%{http_code}' -H "Authorization: Bearer $2" -H 'Content-Type: application/json' \
            -d "{\"id\":\"$n\",\"text\":\"post number $n about \$BTC\",\"author_id\":\"7\",\"username\":\"someone\"}" \
            "http://127.0.0.1:$1/api/ingest")" = 200 ]; do
            tries=$((tries + 1))
            [ $tries -lt 240 ] || { cat "$SCRATCH/answer" && return 1; }
            sleep 0.25
        done
    done
}
stored() { # SHAPE SERVICE COUNT: so many posts stand in the store, each once
    "$1" exec -T "$2" bullfinch show posts --limit 1000 --json >"$SCRATCH/posts.json" 2>/dev/null &&
        [ "$(sqlite3 :memory: "SELECT count(*) || '/' || count(DISTINCT value ->> 'text') FROM json_each(CAST(readfile('$SCRATCH/posts.json') AS TEXT))")" = "$3/$3" ]
}
back() { # OLD_PID ID: another process runs in that container, and it is well
    now=$(docker inspect --format '{{.State.Pid}}' "$2")
    [ "$now" != 0 ] && [ "$now" != "$1" ] || return 1
    health=$(docker inspect --format '{{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}}' "$2")
    [ "$health" = healthy ]
}
kill_one() { # SHAPE SERVICE: as a fault would, not as a person
    id=$(ids "$1" "$2" | head -n 1)
    pid=$(docker inspect --format '{{.State.Pid}}' "$id")
    kill -9 "$pid"
    within 60 "$2 is killed, and back and well" back "$pid" "$id"
}

# -- one process ------------------------------------------------------------------------------------------
cat >"$SCRATCH/embedded.yaml" <<'END'
services:
  run:
    mem_limit: 256m
    environment:
      BULLFINCH_SOURCE__KIND: push
      BULLFINCH_SOURCE__NAME: desk
END
embedded_up=yes
token=$(embedded run --rm -T run token create desk --role ingest --source desk 2>"$SCRATCH/token.err" | tail -n 1 | tr -d '\r')
check "a token is made before the first start" test -n "$token"
embedded up -d >"$SCRATCH/embedded.log" 2>&1
within 60 "one process is healthy within a minute, in 256 MB" all_well embedded run
check "twenty posts are brought" bring 18080 "$token" 1 20
kill_one embedded run
check "twenty more while it comes back" bring 18080 "$token" 21 40
within 30 "all forty are there, each once" stored embedded run 40
check "it is asked to end" embedded stop --timeout 30
equal "and ends by itself" "$(docker inspect --format '{{.State.ExitCode}}' "$(ids embedded run || true)" 2>/dev/null ||
    docker inspect --format '{{.State.ExitCode}}' "$(embedded ps -aq run)")" 0
embedded down --volumes >/dev/null 2>&1
embedded_up=

# -- processes apart ----------------------------------------------------------------------------------------
check "passwords are made" deploy/secrets.sh "$SCRATCH/secrets"
printf '%s\n' 'services:' '  serve:' '    restart: unless-stopped' >"$SCRATCH/scaled.yaml" # nothing is other than it ships
scaled_up=yes
token=$(scaled run --rm -T serve token create desk --role ingest --source desk 2>"$SCRATCH/token.err" | tail -n 1 | tr -d '\r')
check "a token is made, and with it the database" test -n "$token"
began=$(date +%s)
scaled up -d >"$SCRATCH/scaled.log" 2>&1
within 60 "processes apart are healthy within a minute" all_well scaled postgres redis ingest analyze trade serve
echo "after $(($(date +%s) - began)) seconds"
[ "$failures" -eq 0 ] || {
    scaled ps
    scaled logs --tail 20
    exit 1
}
equal "there are two of analyze and two of trade" "$(ids scaled analyze | wc -l)/$(ids scaled trade | wc -l)" 2/2
check "ten posts are brought" bring 18081 "$token" 1 10
n=10
for service in serve ingest analyze trade redis postgres; do
    kill_one scaled "$service"
    check "ten more are brought" bring 18081 "$token" $((n + 1)) $((n + 10))
    n=$((n + 10))
done
within 60 "all $n are there, each once" stored scaled serve $n
read_all() { [ "$(scaled exec -T postgres psql -qtA -U postgres -d bullfinch -c 'SELECT count(*) FROM tweets WHERE stage > 0')" = $n ]; }
within 90 "and read" read_all
within 60 "all are well" all_well scaled postgres redis ingest analyze trade serve
check "the books are sound" scaled run --rm -T serve db check
finish
