# What several stages need; sourced by each of them, by bash, in the document's folder.
# shellcheck shell=bash

# The demo's day, over in a second: posts, signals, trades, an audit log in bullfinch.db.
demo_store() {
    bullfinch run --speed max --exit-at-end --posts demo/posts.jsonl --prices demo/prices \
        --set venue.exchange_info=demo/exchangeInfo.json >demo.out 2>demo.log
}

# As bullfinch.yaml: posts are brought, orders are filled on paper at the world's prices.
push_config() { # NAME
    printf 'sources:\n  - {kind: push, name: %s}\napi: {listen: "127.0.0.1:%s"}\n' "$1" "$PORT_8080" >bullfinch.yaml
}

# A file that holds what the program takes as a secret.
secret() { # FILE TEXT
    (umask 077 && printf '%s\n' "$2" >"$1")
}
