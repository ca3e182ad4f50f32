# docs/notifications.md: Discord and Slack, by a receiver that behaves as they do, and a store that a run has left.
. tests/documents/stages/lib.sh
mkdir told
/usr/bin/python3 tests/notify/receiver.py told >receiver.log 2>&1 &
until_so "the receivers listen" test -s told/http.port
web=http://127.0.0.1:$(cat told/http.port)
secret discord "$web/api/webhooks/1234/of-discord"
secret slack "$web/services/T0/B0/of-slack"
cat >bullfinch.yaml <<END
discord: {url_file: discord}
slack: {url_file: slack}
END
demo_store
