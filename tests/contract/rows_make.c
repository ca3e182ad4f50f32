/* See the header. A new member of a struct changes its size, and the static assertions below say
 * where it has to go: a member that is not stored is lost at the next restart. */
#include "rows_make.h"

#include "check.h"

#include "base/buf.h"
#include "flow/symbol.h"

#define FITS(type, bytes)                                                                          \
    _Static_assert(sizeof(type) == (bytes), #type                                                  \
                   " changed: store its new member (src/store/columns.h, rows.c), then make "      \
                   "and compare it here")
FITS(struct signal, 264);
FITS(struct trade, 400);
FITS(struct deletion, 160);
FITS(struct order, 200 + sizeof(struct order_watch)); /* which is not kept */
FITS(struct author, 360);
FITS(struct author_record, 120);
FITS(struct forecast, 128);
FITS(struct account, 120);
FITS(struct control, 232);
FITS(struct post_memory, 136);

/* -- values ---------------------------------------------------------------------------------- */

static int64_t some_id(struct rng *r) { return rng_between(r, 1, INT64_MAX - 1); }
static int64_t some_i64(struct rng *r) { return (int64_t)rng_next(r); }
static bool some_bool(struct rng *r) { return rng_below(r, 2) == 1; }
static int64_t some_count(struct rng *r) { return rng_between(r, 0, INT64_C(1) << 40); }

/* Small, large, or at the edge of the range. */
static int64_t some_size(struct rng *r, int64_t least) {
    switch (rng_below(r, 4)) {
    case 0:
        return least;
    case 1:
        return AMOUNT_E8_MAX;
    case 2:
        return rng_between(r, least, 1000);
    default: /* not an enum */
        return rng_between(r, least, AMOUNT_E8_MAX);
    }
}

static int64_t some_amount(struct rng *r) {
    const int64_t size = some_size(r, 0);
    return some_bool(r) ? size : -size;
}

static usec some_time(struct rng *r) { return rng_between(r, 1, INT64_C(253402300799999999)); }

/* Also never, or not yet. */
static usec any_time(struct rng *r) {
    const uint64_t which = rng_below(r, 4);
    return which == 0 ? 0 : which == 1 ? USEC_NEVER : some_time(r);
}

/* 1 to max - 1 bytes: letters, quotes, a character of several bytes. */
static void some_text(struct rng *r, char *dst, ptrdiff_t bytes, bool may_be_empty) {
    static const char *const pieces[] = {"a", "Z", "9", ":", "_", "'", "\"", "\\", " ", "é", "日"};
    struct buf b;
    buf_init_fixed(&b, dst, bytes);
    ptrdiff_t want = rng_between(r, may_be_empty ? 0 : 1, bytes - 1);
    while (b.len < want) {
        const str piece = str_from_z(pieces[rng_below(r, COUNT_OF(pieces))]);
        buf_put(&b, b.len + piece.n <= want ? piece : STR("x"));
    }
}

/* No two the same: a random number in front. */
static void some_key(struct rng *r, char *dst, ptrdiff_t bytes) {
    struct buf b;
    buf_init_fixed(&b, dst, bytes);
    buf_printf(&b, "%016llx", (unsigned long long)rng_next(r));
    some_text(r, dst + b.len, bytes - b.len, true);
}

#define TEXT(r, member) some_text((r), (member), (ptrdiff_t)sizeof(member), false)
#define ANY_TEXT(r, member) some_text((r), (member), (ptrdiff_t)sizeof(member), true)
#define SOME_PRICE(r) price_from_e8(some_size((r), 0))

/* -- rows ------------------------------------------------------------------------------------ */

void make_signal(struct rng *r, struct signal *ret) {
    *ret = (struct signal){.id = some_id(r), .tweet_id = some_id(r), .sym = SYM_NONE};
    ret->root_id = some_i64(r);
    ret->cluster_id = some_i64(r);
    TEXT(r, ret->author);
    TEXT(r, ret->symbol);
    ret->side = (side)rng_below(r, 3);
    ret->score = (int)rng_below(r, 101);
    ret->base_score = (int)rng_below(r, 101);
    for (int i = 0; i < PART_COUNT; i++) ret->parts_bp[i] = (int32_t)rng_next(r);
    ret->departures = (uint32_t)rng_below(r, 1u << DEPARTURE_COUNT);
    ret->verdict = (verdict)rng_below(r, 3);
    ret->reason = (reason)rng_below(r, REASON_COUNT);
    ret->seen = SOME_PRICE(r);
    ret->seen_at = any_time(r);
    ret->seen_volatility = some_size(r, 0);
    ret->moved = some_amount(r);
    ret->sigmas = some_size(r, 0);
    ret->approved = some_bool(r);
    ret->wants_approval = some_bool(r);
    ret->posted_at = any_time(r);
    ret->created_at = any_time(r);
    ret->expires_at = any_time(r);
}

static void make_trade_state(struct rng *r, struct trade *ret) {
    ret->status = (trade_status)rng_below(r, 3);
    ret->pnl = money_from_e8(some_amount(r));
    ret->fees = money_from_e8(some_amount(r));
    ret->closed_reason = (reason)rng_below(r, REASON_COUNT);
    ret->created_at = any_time(r);
    ret->entered_at = any_time(r);
    ret->closed_at = any_time(r);
    ret->hold_until = any_time(r);
    ret->signed_at = any_time(r);
    ret->recv_window = some_i64(r);
    ret->epoch = some_i64(r);
    ret->held = qty_from_e8(some_size(r, 0));
    ret->basis = money_from_e8(some_amount(r));
    ret->generation = (int32_t)rng_between(r, 0, INT32_MAX);
    ANY_TEXT(r, ret->list_coid);
    ret->exit_due = some_bool(r);
    ret->exit_reason = (reason)rng_below(r, REASON_COUNT);
    ret->exit_since = any_time(r);
    ret->exit_sent = some_bool(r);
    ret->shrink_due = some_bool(r);
    ret->shrunk_reason = (reason)rng_below(r, REASON_COUNT);
}

void make_trade(struct rng *r, struct trade *ret) {
    *ret = (struct trade){.id = some_id(r), .sym = SYM_NONE};
    ret->root_id = some_i64(r);
    ret->cluster_id = some_i64(r);
    TEXT(r, ret->author);
    TEXT(r, ret->strategy);
    TEXT(r, ret->symbol);
    ret->side = some_bool(r) ? SIDE_LONG : SIDE_SHORT;
    ret->leverage = (int32_t)rng_between(r, 1, 125);
    ret->posted_at = any_time(r);
    ret->base_score = (int)rng_below(r, 101);
    ret->quantity = qty_from_e8(some_size(r, 0));
    ret->entry_price = SOME_PRICE(r);
    ret->quote_price = SOME_PRICE(r);
    ret->limit_price = SOME_PRICE(r);
    ret->stop_loss = SOME_PRICE(r);
    ret->take_profit = SOME_PRICE(r);
    make_trade_state(r, ret);
}

void make_deletion(struct rng *r, struct deletion *ret) {
    *ret = (struct deletion){.tweet_id = some_id(r), .root_id = some_id(r)};
    ANY_TEXT(r, ret->author);
    TEXT(r, ret->actor);
    ret->deleted_at = some_time(r);
    ret->at = some_time(r);
}

void make_order(struct rng *r, struct order *ret) {
    *ret = (struct order){.id = some_id(r), .sym = SYM_NONE};
    ret->leg = (leg)rng_below(r, 5);
    some_key(r, ret->coid, sizeof ret->coid);
    ANY_TEXT(r, ret->venue_id);
    TEXT(r, ret->symbol);
    ret->side = (order_side)rng_below(r, 2);
    ret->type = (order_type)rng_below(r, 7);
    ret->tif = (tif)rng_below(r, 4);
    ret->qty = qty_from_e8(some_size(r, 0));
    ret->limit = SOME_PRICE(r);
    ret->stop = SOME_PRICE(r);
    ret->state = (order_state)rng_below(r, ORDER_ST_COUNT);
    ret->filled = qty_from_e8(some_size(r, 0));
    ret->quote_filled = money_from_e8(some_size(r, 0));
    ret->created_at = any_time(r);
    ret->updated_at = any_time(r);
    ret->signed_at = any_time(r);
}

void make_author(struct rng *r, struct author *ret) {
    *ret = (struct author){.posts = some_count(r)};
    some_key(r, ret->key, sizeof ret->key);
    ANY_TEXT(r, ret->username);
    ret->day = some_i64(r);
    ret->trades_today = some_count(r);
    ret->last_trade_at = any_time(r);
    ret->last_post_at = any_time(r);
    ret->first_seen = any_time(r);
    ret->heard = some_count(r);
    ret->forgotten = some_bool(r);
    struct habit *h = &ret->habit;
    for (int i = 0; i < HABIT_WORDS; i++) {
        h->coins[i] = rng_next(r);
        h->hosts[i] = rng_next(r);
        h->new_coins[i] = rng_next(r);
        h->new_hosts[i] = rng_next(r);
    }
    h->new_since = any_time(r);
    h->new_hours = (uint32_t)rng_next(r);
    for (int i = 0; i < 24; i++) h->hours[i] = (uint8_t)rng_next(r);
}

void make_record(struct rng *r, struct author_record *ret) {
    *ret = (struct author_record){.signals = some_count(r)};
    some_key(r, ret->key, sizeof ret->key);
    ret->recent = rng_between(r, 0, i64_min(ret->signals, 200));
    ret->hits = rng_between(r, 0, ret->recent);
    ret->mean_return = some_amount(r);
    ret->dropped = some_count(r);
    ret->weight_bp = (int32_t)rng_between(r, 5000, 12500);
    ret->updated_at = any_time(r);
}

void make_forecast(struct rng *r, struct forecast *ret) {
    *ret = (struct forecast){.id = some_id(r), .sym = SYM_NONE};
    TEXT(r, ret->author);
    TEXT(r, ret->symbol);
    ret->side = some_bool(r) ? SIDE_LONG : SIDE_SHORT;
    ret->listed = some_bool(r);
    ret->from = SOME_PRICE(r);
    ret->until = any_time(r);
}

void make_account(struct rng *r, struct account *ret) {
    *ret = (struct account){.start = money_from_e8(some_amount(r))};
    ret->cash = money_from_e8(some_amount(r));
    ret->realized = money_from_e8(some_amount(r));
    ret->fees = money_from_e8(some_amount(r));
    ret->day = some_i64(r);
    ret->day_open = money_from_e8(some_amount(r));
    ret->peak = money_from_e8(some_amount(r));
    ret->day_tripped = some_bool(r);
    ret->next_id = some_count(r);
    ret->seq = some_count(r);
    ret->posts = some_count(r);
    ret->signals = some_count(r);
    ret->trades = some_count(r);
    ANY_TEXT(r, ret->install);
    ret->now = some_time(r);
}

void make_control(struct rng *r, struct control *ret) {
    *ret = (struct control){.mode = (mode)rng_below(r, 4), .before = (mode)rng_below(r, 4)};
    ret->epoch = some_count(r);
    ANY_TEXT(r, ret->reason);
    ANY_TEXT(r, ret->actor);
    ret->since = any_time(r);
    ret->until = any_time(r);
    ret->by_program = some_bool(r);
}

void make_memory(struct rng *r, struct post_memory *ret) {
    *ret = (struct post_memory){.tweet_id = some_i64(r), .root_id = some_i64(r)};
    ret->cluster_id = some_i64(r);
    ret->simhash = rng_next(r);
    ret->token_count = (int32_t)rng_between(r, 0, INT32_MAX);
    TEXT(r, ret->author);
    ret->at = some_time(r);
    ret->numbers = rng_next(r);
    ret->keys = rng_next(r);
    ret->opinions = rng_next(r);
    ret->voice = (memory_voice)rng_below(r, 3);
}

void make_reading(struct rng *r, int64_t id, struct post *post, struct reading *ret) {
    *post = (struct post){.id = id,
                          .root_id = id,
                          .source = STR("x"),
                          .source_id = STR("1"),
                          .author_id = STR("44196397"),
                          .username = STR("somebody"),
                          .text = STR("Dogecoin to the moon \xF0\x9F\x9A\x80 \"now\""),
                          .lang = STR("en"),
                          .created_at = some_time(r),
                          .received_at = some_time(r),
                          .likes = -1,
                          .reposts = 7,
                          .replies = 0,
                          .quotes = -1};
    *ret = (struct reading){.post = post,
                            .probs_bp = {1000, 2000, 7000},
                            .label = LABEL_POSITIVE,
                            .sentiment_bp = (int32_t)rng_between(r, -10000, 10000),
                            .mention_count = 1,
                            .miss_count = 1,
                            .simhash = rng_next(r),
                            .token_count = 4,
                            .model = "linear-2"};
    ret->mentions[0] = (struct mention){.symbol = "DOGEUSDT",
                                        .confidence_bp = 9500,
                                        .polarity_bp = -125,
                                        .reason = LINK_NAME,
                                        .begin = 0,
                                        .end = 8};
    ret->misses[0] = (struct miss){MISS_AMBIGUOUS_WORD, 16, 20};
}

/* -- comparing ------------------------------------------------------------------------------- */

#define SAME(member)                                                                               \
    do {                                                                                           \
        if (a->member != b->member) {                                                              \
            fail_msg("%s: %s differs: %lld, %lld", __func__, #member, (long long)a->member,        \
                     (long long)b->member);                                                        \
        }                                                                                          \
    } while (0)
#define SAME_E8(member) SAME(member.e8)
#define SAME_TEXT(member)                                                                          \
    do {                                                                                           \
        if (strcmp(a->member, b->member) != 0) {                                                   \
            fail_msg("%s: %s differs: \"%s\", \"%s\"", __func__, #member, a->member, b->member);   \
        }                                                                                          \
    } while (0)

void same_signal(const struct signal *a, const struct signal *b) {
    SAME(id);
    SAME(tweet_id);
    SAME(root_id);
    SAME(cluster_id);
    SAME_TEXT(author);
    SAME(sym);
    SAME_TEXT(symbol);
    SAME(side);
    SAME(score);
    SAME(base_score);
    SAME(departures);
    for (int i = 0; i < PART_COUNT; i++) SAME(parts_bp[i]);
    SAME(verdict);
    SAME(reason);
    SAME(trade_id);
    SAME_E8(seen);
    SAME(seen_at);
    SAME(seen_volatility);
    SAME(moved);
    SAME(sigmas);
    SAME(approved);
    SAME(wants_approval);
    SAME(posted_at);
    SAME(created_at);
    SAME(expires_at);
}

void same_trade(const struct trade *a, const struct trade *b) {
    SAME(id);
    SAME(tweet_id);
    SAME(signal_id);
    SAME(root_id);
    SAME(cluster_id);
    SAME_TEXT(author);
    SAME_TEXT(strategy);
    SAME(sym);
    SAME_TEXT(symbol);
    SAME(side);
    SAME(leverage);
    SAME_E8(quantity);
    SAME_E8(entry_price);
    SAME_E8(quote_price);
    SAME_E8(limit_price);
    SAME_E8(stop_loss);
    SAME_E8(take_profit);
    SAME(status);
    SAME_E8(pnl);
    SAME_E8(fees);
    SAME(closed_reason);
    SAME(created_at);
    SAME(entered_at);
    SAME(closed_at);
    SAME(hold_until);
    SAME(signed_at);
    SAME(recv_window);
    SAME(epoch);
    SAME_E8(held);
    SAME_E8(basis);
    SAME(generation);
    SAME_TEXT(list_coid);
    SAME(exit_due);
    SAME(exit_reason);
    SAME(exit_since);
    SAME(exit_sent);
    SAME(shrink_due);
    SAME(shrunk_reason);
    SAME(posted_at);
    SAME(base_score);
}

void same_deletion(const struct deletion *a, const struct deletion *b) {
    SAME(tweet_id);
    SAME(root_id);
    SAME_TEXT(author);
    SAME_TEXT(actor);
    SAME(deleted_at);
    SAME(at);
}

void same_order(const struct order *a, const struct order *b) {
    SAME(id);
    SAME(trade_id);
    SAME(leg);
    SAME_TEXT(coid);
    SAME_TEXT(venue_id);
    SAME(sym);
    SAME_TEXT(symbol);
    SAME(side);
    SAME(type);
    SAME(tif);
    SAME_E8(qty);
    SAME_E8(limit);
    SAME_E8(stop);
    SAME(state);
    SAME_E8(filled);
    SAME_E8(quote_filled);
    SAME(created_at);
    SAME(updated_at);
    SAME(signed_at);
}

void same_author(const struct author *a, const struct author *b) {
    SAME_TEXT(key);
    SAME_TEXT(username);
    SAME(posts);
    SAME(day);
    SAME(trades_today);
    SAME(last_trade_at);
    SAME(last_post_at);
    SAME(first_seen);
    SAME(heard);
    SAME(forgotten);
    for (int i = 0; i < HABIT_WORDS; i++) {
        SAME(habit.coins[i]);
        SAME(habit.hosts[i]);
        SAME(habit.new_coins[i]);
        SAME(habit.new_hosts[i]);
    }
    SAME(habit.new_since);
    SAME(habit.new_hours);
    for (int i = 0; i < 24; i++) SAME(habit.hours[i]);
}

void same_record(const struct author_record *a, const struct author_record *b) {
    SAME_TEXT(key);
    SAME(signals);
    SAME(recent);
    SAME(hits);
    SAME(mean_return);
    SAME(dropped);
    SAME(weight_bp);
    SAME(updated_at);
}

void same_forecast(const struct forecast *a, const struct forecast *b) {
    SAME(id);
    SAME_TEXT(author);
    SAME_TEXT(symbol);
    SAME(sym);
    SAME(side);
    SAME(listed);
    SAME_E8(from);
    SAME(until);
}

void same_account(const struct account *a, const struct account *b) {
    SAME_E8(start);
    SAME_E8(cash);
    SAME_E8(realized);
    SAME_E8(fees);
    SAME(day);
    SAME_E8(day_open);
    SAME_E8(peak);
    SAME(day_tripped);
    SAME(next_id);
    SAME(seq);
    SAME(posts);
    SAME(signals);
    SAME(trades);
    SAME_TEXT(install);
    SAME(now);
}

void same_control(const struct control *a, const struct control *b) {
    SAME(mode);
    SAME(before);
    SAME(epoch);
    SAME_TEXT(reason);
    SAME_TEXT(actor);
    SAME(since);
    SAME(until);
    SAME(by_program);
}

void same_memory(const struct post_memory *a, const struct post_memory *b) {
    SAME(tweet_id);
    SAME(root_id);
    SAME(cluster_id);
    SAME(simhash);
    SAME(token_count);
    SAME_TEXT(author);
    SAME(at);
    SAME(numbers);
    SAME(keys);
    SAME(opinions);
    SAME(voice);
}

struct action *add_action(struct actions *acts, action_kind kind) {
    assert_true(acts->count < ACTIONS_MAX);
    struct action *a = &acts->v[acts->count++];
    memset(a, 0, sizeof *a);
    a->kind = kind;
    return a;
}
