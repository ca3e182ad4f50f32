# docs/disaster.md: a run on an exchange of its own had three positions, one of them younger than its backup, and lost its disk.
. tests/e2e/lib/positions.sh
BULLFINCH=bullfinch
unset BULLFINCH_VENUE__REST_URL BULLFINCH_VENUE__WS_API_URL BULLFINCH_VENUE__STREAM_URL
bullfinch sim --listen 127.0.0.1:0 --account "$KEY:$SECRET:USDT=10000" --price DOGEUSDT=0.5 --price ETHUSDT=3000 >sim.out 2>sim.log &
until_so "the exchange listens" grep -q '^listening on ' sim.out
host=$(sed -n 's|^listening on http://||p' sim.out | head -n 1)
make_positions_config "$host" bullfinch
make_positions_config "$host" anew
token=$(bullfinch token create wire --role ingest --source wire)
reader=$(bullfinch token create reader --role read)
bullfinch run --no-status >run.out 2>run.log &
lost=$!
until_so "it listens" grep -q 'ev=api ' run.log
url=$(sed -n 's/.*ev=api .*url=\([^ ]*\).*/\1/p' run.log)
has() { [ "$(standing "$host")" = "$1" ]; }
until_so "there are prices" tradable "$url" "$reader" DOGE
bring "$url" "$token" 1 DOGE
until_so "a position is open" has 2
bullfinch db backup backup.db
until_so "there are prices" tradable "$url" "$reader" ETH
bring "$url" "$token" 2 ETH
until_so "another one is open" has 4
kill -KILL $lost
rm -f bullfinch.db bullfinch.db-* bullfinch.db.*
