/* habit: its bytes, as an author's row holds them. Bytes of the right length with a time that is
 * one are some habit. */
#include "flow/habit.h"

_Static_assert(HABIT_BYTES == 4 * HABIT_WORDS * 8 + 8 + 4 + 24, "every member is stored");

static uint8_t *put_le(uint8_t *at, uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++) *at++ = (uint8_t)(v >> i * 8);
    return at;
}

static uint64_t take_le(const uint8_t **at, int bytes) {
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++) v |= (uint64_t)(*at)[i] << i * 8;
    *at += bytes;
    return v;
}

void habit_format(const struct habit *h, uint8_t ret[HABIT_BYTES]) {
    const uint64_t *const filters[] = {h->coins, h->hosts, h->new_coins, h->new_hosts};
    uint8_t *at = ret;
    for (int f = 0; f < 4; f++) {
        for (int i = 0; i < HABIT_WORDS; i++) at = put_le(at, filters[f][i], 8);
    }
    at = put_le(at, (uint64_t)h->new_since, 8);
    at = put_le(at, h->new_hours, 4);
    memcpy(at, h->hours, sizeof h->hours);
}

bool habit_parse(str bytes, struct habit *ret) {
    struct habit h = {0};
    uint64_t *const filters[] = {h.coins, h.hosts, h.new_coins, h.new_hosts};
    if (bytes.n == 0) {
        *ret = h;
        return true;
    }
    if (bytes.n != HABIT_BYTES) return false;
    const uint8_t *at = (const uint8_t *)bytes.p;
    for (int f = 0; f < 4; f++) {
        for (int i = 0; i < HABIT_WORDS; i++) filters[f][i] = take_le(&at, 8);
    }
    h.new_since = (usec)take_le(&at, 8);
    h.new_hours = (uint32_t)take_le(&at, 4);
    memcpy(h.hours, at, sizeof h.hours);
    if (h.new_since < 0) return false;
    *ret = h;
    return true;
}
