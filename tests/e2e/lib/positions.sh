# positions: a run on a simulated exchange that posts are brought to, and that opens a position for each post on a
# coin; for who loses its disk. Sourced by sh or bash, with BULLFINCH set, in an empty folder.
# shellcheck shell=sh disable=SC2154

KEY=KeyOfTheAccountInThisTest0000000000000000000000000000000000000000
SECRET=SecretOfTheAccountInThisTest0000000000000000000000000000000000

# make_positions_config HOST NAME: NAME.yaml, on NAME.db, at the exchange of that address
make_positions_config() {
    (umask 077 && echo "$KEY" >key.txt && echo "$SECRET" >secret.txt)
    cat >"$2.yaml" <<END
sources:
  - {kind: push, name: wire}
venue:
  kind: binance_spot_testnet
  rest_url: http://$1
  ws_api_url: ws://$1/ws-api/v3
  stream_url: ws://$1
  key_file: key.txt
  secret_file: secret.txt
store:
  url: sqlite:$2.db
api:
  listen: 127.0.0.1:${API_PORT:-0}
trading: {stop_loss_percent: 0.1, take_profit_percent: 0.2, max_hold_s: 86400, cooldown_author_s: 0, cooldown_symbol_s: 0}
END
}

# tradable URL TOKEN COIN: does it know what the coin costs, and reach the exchange? The token is one that reads.
tradable() {
    why=$(curl -s -H "Authorization: Bearer $2" "$1/api/why?symbol=$3USDT")
    case $why in *'"price","ok":"yes"'*'"venue","ok":"yes"'*) ;; *) return 1 ;; esac
}

# bring URL TOKEN ID COIN: a post by which a position in the coin is opened
bring() {
    curl -s "$1/api/ingest" -H "Authorization: Bearer $2" \
        --json "{\"id\": \"$3\", \"text\": \"I just bought a huge bag of \$$4, so happy, very bullish! no. $3\", \"username\": \"me\"}"
}

# move HOST SYMBOL PRICE: the exchange's price, at once
move() { curl -s -X POST "http://$1/sim/price?symbol=$2&price=$3"; }

# standing HOST: how many orders stand at the exchange
standing() { curl -s "http://$1/sim/state" | sed -n 's/.*"live":\([0-9]*\).*/\1/p'; }
