/* binance_sign: requests as the bytes that are signed and sent.
 *
 * In: names and values. Out: one query string, percent-encoded (RFC 3986: all but A-Z a-z 0-9 - _ .
 * ~ as %XX), signed with HMAC-SHA256 over exactly these bytes, the signature last. The bytes are
 * made once: what is signed is what goes out. Amounts are plain decimals, never with an exponent.
 *
 * The timestamp is our clock's time moved by the offset to the venue's, in whole milliseconds,
 * rounded down: a request that claims to be from the future is refused, one that seems a
 * millisecond older is not. The WebSocket API signs otherwise: its parameters sorted by name and
 * not percent-encoded.
 *
 * Nothing here fails: the texts are ours and bounded, the buffer is larger than all of them. The
 * secret is used where it lies. Any thread. */
#include "venue/binance_int.h"

#include <string.h>

#include "base/hash.h"
#include "base/url.h"

static void put_name(struct buf *q, const char *name) {
    if (q->len > 0) buf_put_byte(q, '&');
    buf_put(q, str_from_z(name));
    buf_put_byte(q, '=');
}

void binance_form_text(struct buf *q, const char *name, str value) {
    put_name(q, name);
    url_encode(q, value, "");
}

void binance_form_e8(struct buf *q, const char *name, int64_t e8) {
    put_name(q, name);
    buf_put_e8(q, e8);
}

void binance_form_i64(struct buf *q, const char *name, int64_t v) {
    put_name(q, name);
    buf_put_i64(q, v);
}

void binance_sign(const struct binance *b, str payload, char ret[65]) {
    uint8_t mac[SHA256_BYTES];
    hmac_sha256(secret_str(&b->secret), payload, mac);
    hex_format(mac, SHA256_BYTES, ret);
}

/* Microseconds as milliseconds, with up to three decimals as the venue takes them. */
static void put_ms(struct buf *q, usec span) {
    buf_put_i64(q, span / USEC_PER_MS);
    if (span % USEC_PER_MS != 0) buf_printf(q, ".%03d", (int)(span % USEC_PER_MS));
}

static int64_t timestamp_ms(const struct binance *b, usec at) {
    return i64_max(at + binance_offset(b), 0) / USEC_PER_MS;
}

void binance_form_sign(const struct binance *b, struct buf *q, usec at, usec recv_window) {
    char signature[65];
    put_name(q, "recvWindow");
    put_ms(q, recv_window > 0 ? recv_window : b->recv_window);
    binance_form_i64(q, "timestamp", timestamp_ms(b, at));
    binance_sign(b, buf_str(q), signature);
    put_name(q, "signature");
    buf_put(q, str_from_z(signature));
    POST(!buf_full(q));
}

void binance_user_subscribe(struct binance *b, usec now, struct buf *out) {
    char block[SECRET_BYTES_MAX + 128], signature[65];
    struct buf payload;
    const int64_t ms = timestamp_ms(b, now);
    buf_init_fixed(&payload, block, (ptrdiff_t)sizeof block);
    buf_put(&payload, STR("apiKey="));
    buf_put(&payload, secret_str(&b->key));
    buf_put(&payload, STR("&recvWindow="));
    put_ms(&payload, b->recv_window);
    buf_printf(&payload, "&timestamp=%lld", (long long)ms);
    binance_sign(b, buf_str(&payload), signature);
    memory_wipe(block, (ptrdiff_t)sizeof block);

    buf_put(out, STR("{\"id\":\"user\",\"method\":\"userDataStream.subscribe.signature\","
                     "\"params\":{\"apiKey\":"));
    buf_put_json_str(out, secret_str(&b->key));
    buf_put(out, STR(",\"recvWindow\":"));
    put_ms(out, b->recv_window);
    buf_printf(out, ",\"timestamp\":%lld,\"signature\":\"%s\"}}", (long long)ms, signature);
}
