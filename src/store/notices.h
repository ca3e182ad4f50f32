/* notices: what people should be told, as rows, and which channel told it.
 *
 * A notice is written in the transaction of what it is about, by whichever process that is. Who
 * sends (src/ops/notify) sorts new ones: each gets a delivery for every channel that is to have it,
 * or is counted as the repetition of one before it, and a delivery moves waiting → sending → sent.
 * So nothing is lost by a process that ends, and nothing is told twice but what was on its way in
 * that very moment. */
#ifndef BF_STORE_NOTICES_H
#define BF_STORE_NOTICES_H

#include "base/notice.h"
#include "store/store.h"

#define NOTICE_WHAT_BYTES 32
#define NOTICE_TEXT_BYTES 400
#define NOTICE_SAMENESS_BYTES 96
#define NOTICE_WHY_BYTES 160
#define CHANNEL_NAME_BYTES 16

struct notice {
    int64_t id;
    usec at;
    notice_kind kind;
    char what[NOTICE_WHAT_BYTES];         /* "position_bare" */
    char text[NOTICE_TEXT_BYTES];         /* a sentence without post's text, authors, secrets */
    char sameness[NOTICE_SAMENESS_BYTES]; /* "": like no other */
    int64_t repeats;                      /* of it, that nobody was told of */
};

/* Fills it; of a kind that comes again the sameness is what is left of the text without its
 * numbers. Longer texts are cut. */
void notice_make(struct notice *n, usec at, notice_kind kind, const char *what, str text);
/* In the caller's transaction. */
MUST_CHECK bool store_notice_put(struct store *s, const struct notice *n, struct error *err);
/* In a transaction of its own; *ret_id may be NULL. */
MUST_CHECK bool store_notice_add(struct store *s, const struct notice *n, int64_t *ret_id,
                                 struct error *err);

/* --- sorting ---------------------------------------------------------------------------------- */
/* Those without deliveries, oldest first, at most `max`. */
MUST_CHECK bool store_notices_new(struct store *s, struct notice *ret, int max, int *ret_count,
                                  struct error *err);
/* All of them count as sorted, and go nowhere: for who begins to send. */
MUST_CHECK bool store_notices_skip(struct store *s, int64_t *ret_count, struct error *err);
/* The last one that was the same, told at or after `since`; 0: none. */
MUST_CHECK bool store_notice_same(struct store *s, const struct notice *n, usec since,
                                  int64_t *ret_id, struct error *err);
/* It is a repetition of that one, and goes nowhere. */
MUST_CHECK bool store_notice_repeats(struct store *s, int64_t id, int64_t of_id, struct error *err);
MUST_CHECK bool store_notice_sorted(struct store *s, int64_t id, struct error *err);
MUST_CHECK bool store_notice_deliver(struct store *s, int64_t id, str channel, bool urgent,
                                     usec due, usec now, bool left_out, struct error *err);
/* Those from before `before` that were repeated and whose repetitions nobody was told of. */
MUST_CHECK bool store_notices_repeated(struct store *s, usec before, struct notice *ret, int max,
                                       int *ret_count, struct error *err);
MUST_CHECK bool store_notice_repeats_told(struct store *s, int64_t id, struct error *err);

/* --- delivering ------------------------------------------------------------------------------- */
struct delivery {
    struct notice notice;
    bool urgent;
    int64_t tries; /* that may have got through: those that were plainly refused do not count */
};
/* Waiting and due, urgent ones first, then the oldest. */
MUST_CHECK bool store_deliveries_due(struct store *s, str channel, usec now, struct delivery *ret,
                                     int max, int *ret_count, struct error *err);
/* How many wait, and when the next one is due; USEC_NEVER: none waits. */
MUST_CHECK bool store_deliveries_waiting(struct store *s, str channel, int64_t *ret_count,
                                         usec *ret_due, struct error *err);
/* It is on its way: one try more that may get through. */
MUST_CHECK bool store_delivery_taken(struct store *s, int64_t id, str channel, usec now,
                                     struct error *err);
/* FAILED: for good; LEFT_OUT: too many waited. */
#define DELIVERY_STATE_MAP(X)                                                                      \
    X(WAITING, "waiting")                                                                          \
    X(SENDING, "sending") X(SENT, "sent") X(FAILED, "failed") X(LEFT_OUT, "left_out")
typedef enum delivery_state {
#define X(name, text) DELIVERY_##name,
    DELIVERY_STATE_MAP(X)
#undef X
} delivery_state;
/* due: of one that waits again; then why is not empty. */
MUST_CHECK bool store_delivery_put(struct store *s, int64_t id, str channel, delivery_state state,
                                   const char *why, usec due, usec now, struct error *err);
/* The try that it was taken for did certainly not get through. Before its store_delivery_put. */
MUST_CHECK bool store_delivery_untold(struct store *s, int64_t id, str channel, struct error *err);
/* What waits since it was sorted, and is not urgent, is due at `due`: quiet hours were changed. */
MUST_CHECK bool store_deliveries_quiet(struct store *s, usec due, usec now, struct error *err);
/* What was on its way when its process ended waits again. *ret_count: so many. */
MUST_CHECK bool store_deliveries_revive(struct store *s, usec now, int64_t *ret_count,
                                        struct error *err);

/* --- channels --------------------------------------------------------------------------------- */
#define CHANNEL_STATE_MAP(X)                                                                       \
    X(NEW, "new")           /* nothing was sent yet */                                             \
    X(WELL, "well")         /* what was sent last arrived */                                       \
    X(RETRYING, "retrying") /* it did not, and is tried again */                                   \
    X(REFUSED, "refused")   /* it takes nothing from us until somebody mends it */
typedef enum channel_state {
#define X(name, text) CHANNEL_IS_##name,
    CHANNEL_STATE_MAP(X)
#undef X
        CHANNEL_STATE_COUNT
} channel_state;
const char *channel_state_name(channel_state s);

struct channel_row {
    char name[CHANNEL_NAME_BYTES];
    channel_state state;
    usec since;
    char why[NOTICE_WHY_BYTES];
    usec sent_at; /* 0: never */
    int64_t sent, failed;
};
MUST_CHECK bool store_channel_put(struct store *s, const struct channel_row *v, struct error *err);
/* The channel takes messages again: it is new, if it refused them, and what waits is due at `now`.
 */
MUST_CHECK bool store_channel_mended(struct store *s, str name, usec now, struct error *err);
/* By name; at most `max`. */
MUST_CHECK bool store_channels(struct store *s, struct channel_row *ret, int max, int *ret_count,
                               struct error *err);

/* --- looking ---------------------------------------------------------------------------------- */
/* The last `limit` with what became of them, newest first: an array of objects (id, at, event,
 * what, text, repeats, deliveries). */
MUST_CHECK bool store_view_notices(struct store *s, int limit, struct buf *out, struct error *err);

#endif
