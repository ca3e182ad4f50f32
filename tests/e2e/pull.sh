#!/bin/sh
# `bullfinch model pull` from a hub on loopback (tests/parity/hub.py) that breaks off, redirects, is
# busy, changes its files and lies about their sums.
. "$(dirname "$0")/lib/cases.sh"

hub_pid=
trap '[ -z "$hub_pid" ] || kill $hub_pid 2>/dev/null; leave' EXIT

files=$SCRATCH/files
python3 tests/parity/tiny.py make "$files"
mv "$files/model.safetensors" "$SCRATCH"
{
    printf 'PK\003\004'
    head -c 3000000 </dev/urandom
} >"$files/pytorch_model.bin"

start_hub() { # FAULT=FILE...
    rm -f "$SCRATCH/port"
    python3 tests/parity/hub.py "$files" "$@" >"$SCRATCH/port" 2>"$SCRATCH/hub.log" &
    hub_pid=$!
    tries=0
    while [ ! -s "$SCRATCH/port" ] && kill -0 $hub_pid 2>/dev/null && [ $tries -lt 200 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    url=http://127.0.0.1:$(cat "$SCRATCH/port")
}

stop_hub() {
    kill $hub_pid
    wait $hub_pid 2>/dev/null
    hub_pid=
}

pull() { # FOLDER OPTION...
    to=$1
    shift
    "$BULLFINCH" model pull some/model --base "$url/" --out "$SCRATCH/$to" "$@" >"$SCRATCH/said" 2>&1
}

same() { # FOLDER: all files are what the hub has
    for name in config.json vocab.json merges.txt pytorch_model.bin; do
        cmp -s "$files/$name" "$SCRATCH/$1/$name" || return 1
    done
    [ -z "$(find "$SCRATCH/$1" -name '*.part*')" ]
}

start_hub cut=pytorch_model.bin redirect=vocab.json busy=merges.txt
pull one
equal "what breaks off, redirects or is busy is fetched all the same" $? 0
check "the files are the hub's, and nothing else is left" same one
check "it went on where it broke off" grep -q 'pytorch_model.bin bytes=[1-9]' "$SCRATCH/hub.log"
check "without safetensors PyTorch's file is taken" grep -q 'GET /some/model/resolve/main/model.safetensors' "$SCRATCH/hub.log"
check "the sums beside the files are right" sh -c "cd '$SCRATCH/one' && sha256sum -c --quiet SHA256SUMS"
before=$(wc -l <"$SCRATCH/hub.log")
pull one
equal "a second time nothing is fetched but what may be there" "$(tail -n +$((before + 1)) "$SCRATCH/hub.log" | grep -vc safetensors)" 0
pull two --sums "$SCRATCH/one/SHA256SUMS"
equal "with the right sums it goes well" $? 0
sed 's/^...../00000/' "$SCRATCH/one/SHA256SUMS" >"$SCRATCH/wrong"
pull three --sums "$SCRATCH/wrong"
equal "with other sums it fails" $? 1
check "and says which file" grep -q 'config.json: its SHA-256 is' "$SCRATCH/said"
equal "and keeps nothing of it" "$(find "$SCRATCH/three" -type f | wc -l)" 0
stop_hub

start_hub change=pytorch_model.bin
pull four
equal "a file that changed meanwhile is fetched anew" $? 0
check "as a whole" same four
stop_hub

start_hub noetag=pytorch_model.bin
pull five
equal "a hub without ETags will do" $? 0
stop_hub

start_hub lie=pytorch_model.bin
pull six
equal "another SHA-256 than the server says fails" $? 1
equal "and the file is thrown away" "$(find "$SCRATCH/six" -name 'pytorch*' | wc -l)" 0
stop_hub

# what is not what was asked for
refused() { # FAULT=FILE WORDS
    fault=$1 file=${1#*=}
    start_hub "$fault"
    rm -rf "$SCRATCH/eight"
    pull eight
    equal "$fault: refused" $? 1
    check "and says: $2" grep -q -- "$2" "$SCRATCH/said"
    equal "and nothing is left of it" "$(find "$SCRATCH/eight" -name "$file*" | wc -l)" 0
    stop_hub
}
for one in config.json vocab.json merges.txt pytorch_model.bin; do
    refused "login=$one" "$one is not what its name says"
    refused "partial=$one" 'a part that was not asked for'
done
refused long=config.json 'over 8388608 bytes'
refused shifted=pytorch_model.bin 'a part that was not asked for (Content-Range: bytes 15'
cp "$SCRATCH/model.safetensors" "$files"
refused login=model.safetensors 'does not begin as safetensors does'
start_hub
pull nine
equal "safetensors are taken where they are" $? 0
check "and the files that were fetched are converted" "$BULLFINCH" model convert "$SCRATCH/nine" --out "$SCRATCH/nine.bfm"
echo '<html>login</html>' >"$SCRATCH/nine/vocab.json"
pull nine
equal "a page that was there already is found out" $? 1
check "with what to do" grep -q 'remove .*vocab.json, which was there already' "$SCRATCH/said"
stop_hub

"$BULLFINCH" model pull --base http://example.com --out "$SCRATCH/seven" >"$SCRATCH/said" 2>&1
equal "plain http to elsewhere is refused" $? 3
finish
