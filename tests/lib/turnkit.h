/* turnkit: a turn of a trader, as those have it who make it durable: for tests. */
#ifndef BF_TESTS_LIB_TURNKIT_H
#define BF_TESTS_LIB_TURNKIT_H

#include <stdio.h>

#include "flow/event.h"

struct turnkit {
    char text[64]; /* of the post */
    struct post post;
    struct reading reading;
    struct actions acts;
};

/* The n-th: a post, the n-th line of the ledger, something that is no row, and the account. It
 * points into *t, which may be used for the next one when the turn was taken. */
static inline void turnkit_make(struct turnkit *t, int64_t n) {
    snprintf(t->text, sizeof t->text, "what was said at %lld", (long long)n);
    t->post = (struct post){.id = 100 + n,
                            .root_id = 100 + n,
                            .source = STR("x"),
                            .source_id = STR("101"),
                            .author_id = STR("44"),
                            .username = STR("alice"),
                            .text = str_from_z(t->text),
                            .lang = STR("en"),
                            .created_at = n,
                            .received_at = n,
                            .likes = -1,
                            .reposts = -1,
                            .replies = -1,
                            .quotes = -1};
    t->reading = (struct reading){.post = &t->post, .model = "linear-2"};
    struct action *const v = t->acts.v;
    t->acts.count = 4;
    v[0].kind = ACTION_PUT_POST;
    v[0].u.post.reading = &t->reading;
    v[1].kind = ACTION_LEDGER;
    v[1].u.ledger.seq = n;
    v[1].u.ledger.at = n;
    snprintf(v[1].u.ledger.line, LEDGER_LINE_BYTES, "line %lld", (long long)n);
    v[2].kind = ACTION_TELL;
    v[3].kind = ACTION_PUT_ACCOUNT;
    v[3].u.account = (struct account){.next_id = 1, .seq = n, .install = "0000", .now = n};
}

#endif
