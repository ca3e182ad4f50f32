/* json: the few pieces that the exchange's answers are put together from, straight into the
 * answer's buffer. A key puts a comma in front of itself unless it is the first of its object.
 * Amounts are decimals with eight places in quotes, as the exchange writes them; times are
 * milliseconds, or microseconds where the client asked for those. */
#include "sim/sim_int.h"

void sim_put_z(struct buf *b, const char *z) { buf_put(b, str_from_z(z)); }

void sim_put_key(struct buf *b, const char *key) {
    char last = b->len > 0 ? b->p[b->len - 1] : '{';
    if (last != '{' && last != '[') buf_put_byte(b, ',');
    buf_put_byte(b, '"');
    sim_put_z(b, key);
    buf_put(b, STR("\":"));
}

void sim_put_text(struct buf *b, const char *key, const char *text) {
    sim_put_key(b, key);
    buf_put_byte(b, '"');
    sim_put_z(b, text);
    buf_put_byte(b, '"');
}

void sim_put_e8(struct buf *b, int64_t e8) {
    char block[32];
    char *at = block + sizeof block;
    uint64_t v = e8 < 0 ? 0 - (uint64_t)e8 : (uint64_t)e8;
    for (int i = 0; i < 8; i++, v /= 10) *--at = (char)('0' + v % 10);
    *--at = '.';
    do {
        *--at = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    if (e8 < 0) *--at = '-';
    buf_put(b, str_from_bytes(at, block + sizeof block - at));
}

void sim_put_amount(struct buf *b, const char *key, int64_t e8) {
    sim_put_key(b, key);
    buf_put_byte(b, '"');
    sim_put_e8(b, e8);
    buf_put_byte(b, '"');
}

void sim_put_int(struct buf *b, const char *key, int64_t v) {
    sim_put_key(b, key);
    buf_put_i64(b, v);
}

void sim_put_bool(struct buf *b, const char *key, bool v) {
    sim_put_key(b, key);
    sim_put_z(b, v ? "true" : "false");
}

void sim_put_time(const struct sim_call *c, const char *key, usec t) {
    sim_put_int(c->out, key, c->micros || t < 0 ? t : t / USEC_PER_MS);
}
