/* What the store keeps for sources: how far each is, what was billed, who is who, what was not
 * seen, how each stands; and the tokens that let people and programs in. */
#ifndef BF_STORE_SOURCES_H
#define BF_STORE_SOURCES_H

#include "flow/intake.h"
#include "store/store.h"

/* All inside the caller's transaction. feed: the source's key ("x_search:x"). A post is not written
 * here (a turn does that), its state is. Idempotent: a gap by (feed, from), a handle by (network,
 * name), billed ids by (day, resource, id). */
MUST_CHECK bool store_intake_put(struct store *s, str feed, str kind, const struct intake *it,
                                 usec now, struct error *err);
/* The state that the feed gave last; *ret_found false: never. In `a`. */
MUST_CHECK bool store_feed_state(struct store *s, struct arena *a, str feed, str *ret,
                                 bool *ret_found, struct error *err);

/* What the governor must remember: each row by a call, in one of three forms. */
struct cost_rows {
    void *ctx;
    void (*id)(void *ctx, int64_t day, resource r, int64_t id); /* billed on `since_day` or later */
    void (*day)(void *ctx, int64_t day, resource r, int64_t billed, money amount); /* summed */
    void (*report)(void *ctx, int64_t day, int64_t posts); /* X's own count */
};
MUST_CHECK bool store_cost_rows(struct store *s, int64_t since_day, int64_t ids_since_day,
                                const struct cost_rows *to, struct error *err);
MUST_CHECK bool store_handles(struct store *s, struct arena *a, str network, struct handle **ret,
                              int *ret_count, struct error *err);
/* Gaps of a feed that are neither filled nor lost. */
MUST_CHECK bool store_gaps_left(struct store *s, struct arena *a, str feed, struct gap **ret,
                                int *ret_count, struct error *err);

/* Tells, in the caller's transaction, what a person should know of how a source stands: once when
 * it begins, once when it is over (alerts.c). store_intake_put calls it. */
MUST_CHECK bool store_source_alert(struct store *s, str feed, const struct source_status *v,
                                   usec now, struct error *err);

/* --- for people ------------------------------------------------------------------------------ */

/* One source as it stands: as it was last stored, or ended with its program (feed_now.h). */
struct feed_row {
    str feed, kind;
    struct source_status status;
    usec updated_at;
    int64_t posts_today, posts_stored; /* in tweets, of this UTC day and ever */
};
MUST_CHECK bool store_feeds(struct store *s, struct arena *a, usec now, struct feed_row **ret,
                            int *ret_count, struct error *err);
/* The same without the counts of posts, which take longer the more there are. */
MUST_CHECK bool store_feed_states(struct store *s, struct arena *a, usec now, struct feed_row **ret,
                                  int *ret_count, struct error *err);
/* How long a source saw nothing in the UTC day of `now`, as the rows above have it; 0: no such. */
MUST_CHECK bool store_feed_blind(struct store *s, str feed, usec now, usec *ret, struct error *err);
/* The program ends in good order: all live sources are `ended`. */
MUST_CHECK bool store_feeds_ended(struct store *s, usec now, struct error *err);
/* When X was asked for its count of each day since then, and what was counted here by that time;
 * at 0, counted -1: that was not noted. */
MUST_CHECK bool store_reports(struct store *s, int64_t since_day, void *ctx,
                              void (*to)(void *ctx, int64_t day, usec at, int64_t counted),
                              struct error *err);
/* How many of the ids are of posts that the store has. */
MUST_CHECK bool store_posts_known(struct store *s, const int64_t *ids, int count, int *ret,
                                  struct error *err);
/* What was spent since a UTC day, by day, feed and resource, newest first. */
struct cost_row {
    int64_t day;
    str feed;
    resource resource;
    int64_t returned, billed;
    money amount;
};
MUST_CHECK bool store_costs(struct store *s, struct arena *a, int64_t since_day,
                            struct cost_row **ret, int *ret_count, struct error *err);
/* Signals that were traded on posts received since then, all and by feed's source name ("x"). */
MUST_CHECK bool store_traded_signals(struct store *s, usec since, str source, int64_t *ret,
                                     struct error *err);

/* --- tokens ---------------------------------------------------------------------------------- */

#define TOKEN_ROLE_MAP(X)                                                                          \
    X(NONE, "none")                                                                                \
    X(READ, "read")     /* looks at everything */                                                  \
    X(INGEST, "ingest") /* brings posts under one source name, and nothing else */                 \
    X(TRADE, "trade")   /* reads, and gives commands to the trader */                              \
    X(ADMIN, "admin")
typedef enum token_role {
#define X(name, text) TOKEN_##name,
    TOKEN_ROLE_MAP(X)
#undef X
} token_role;
const char *token_role_name(token_role r);
MUST_CHECK bool token_role_from_name(str s, token_role *ret);

/* The secret itself is shown once, when it is made; the store has its SHA-256. */
struct token_row {
    int64_t id;
    str name; /* unique among those not revoked */
    token_role role;
    str source; /* INGEST: the one source name; else "" */
    uint8_t hash[SHA256_BYTES];
    usec created_at, expires_at /* 0 never */, revoked_at /* 0 no */, last_used_at /* 0 never */;
};
/* Errors: ERR_EXISTS the name. Audited, as is revoking. */
MUST_CHECK bool store_token_add(struct store *s, const struct token_row *t, str actor, usec now,
                                int64_t *ret_id, struct error *err);
MUST_CHECK bool store_token_revoke(struct store *s, str name, str actor, usec now,
                                   struct error *err); /* ERR_NOT_FOUND */
/* Noted now and then (a minute is close enough), not with each request. Never moves back. */
MUST_CHECK bool store_token_used(struct store *s, int64_t id, usec now, struct error *err);
/* All that there ever were, oldest first. */
MUST_CHECK bool store_tokens(struct store *s, struct arena *a, struct token_row **ret,
                             int *ret_count, struct error *err);

#endif
