/* readkit: a reader over the files that ship, and readings of sentences, for tests. */
#ifndef BF_TESTS_LIB_READKIT_H
#define BF_TESTS_LIB_READKIT_H

#include "check.h"
#include "flow/reader.h"

struct readkit {
    struct arena boot, scratch, text;
    struct reader *reader;
    struct post post;
    struct reading reading;
};

static inline void readkit_open(struct readkit *k, const struct reader_options *opt) {
    struct error err;
    arena_open(&k->boot, 64 << 20);
    arena_open(&k->scratch, READER_SCRATCH_BYTES); /* what reader.h promises to be enough */
    arena_open(&k->text, 4 << 20);
    assert_ok(reader_open(&k->boot, opt, &k->reader, &err), &err);
}

static inline void readkit_close(struct readkit *k) {
    arena_close(&k->boot);
    arena_close(&k->scratch);
    arena_close(&k->text);
}

/* Reads a text as feed would clean it; the reading lives until the next call. */
static inline const struct reading *readkit_read(struct readkit *k, str text) {
    struct raw_post raw = {.id = STR("1700000000000000000"), .source = STR("x"), .text = text};
    struct error err;
    arena_reset(&k->text);
    assert_ok(feed_normalize(&k->text, &raw, 0, &k->post, &err), &err);
    reader_read(k->reader, k->scratch, &k->post, 1, &k->reading);
    return &k->reading;
}

/* The mention of a pair, NULL if there is none. */
static inline const struct mention *readkit_find(const struct reading *r, const char *symbol) {
    for (int i = 0; i < r->mention_count; i++) {
        if (strcmp(r->mentions[i].symbol, symbol) == 0) return &r->mentions[i];
    }
    return NULL;
}

#endif
