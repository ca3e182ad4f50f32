/* flowkit: what tests of the flow share: amounts from text, a configuration that is the defaults
 * plus a few keys, eight symbols with the filters of the real ones, posts and readings.
 *
 * Everything here ends the test program on a mistake of the test itself. */
#ifndef BF_TESTS_LIB_FLOWKIT_H
#define BF_TESTS_LIB_FLOWKIT_H

#include "check.h"

#include "base/arena.h"
#include "base/buf.h"
#include "config/config.h"
#include "flow/reading.h"
#include "flow/symbol.h"

#define KIT_SETS_MAX 32
#define KIT_COIN_COUNT 8

/* Amounts as a person writes them: P("0.08") a price, Q("12") base, M("-3.5") quote. */
static inline int64_t kit_e8(const char *text) {
    int64_t v = 0;
    if (!amount_parse_e8(str_from_z(text), &v)) fail_msg("\"%s\" is no amount", text);
    return v;
}
#define P(text) price_from_e8(kit_e8(text))
#define Q(text) qty_from_e8(kit_e8(text))
#define M(text) money_from_e8(kit_e8(text))

/* The defaults, with "section.key=value" texts over them; the last argument is NULL. */
static inline struct config *kit_config(struct arena *a, ...) {
    str sets[KIT_SETS_MAX];
    int count = 0;
    va_list args;
    va_start(args, a);
    for (const char *z; (z = va_arg(args, const char *)) != NULL;) {
        if (count == KIT_SETS_MAX) fail_msg("more than %d keys", KIT_SETS_MAX);
        sets[count++] = str_from_z(z);
    }
    va_end(args);
    struct config *cfg = NEW(a, struct config);
    struct config_input in = {.text = STR(""), .sets = sets, .set_count = count};
    struct buf report;
    struct error err;
    buf_init(&report, 1 << 16);
    if (!config_load(a, &in, cfg, &report, &err)) fail_msg("%s", buf_z(&report));
    buf_fini(&report);
    return cfg;
}

/* The coins, sorted by name; an index here is the program's `sym`. */
enum { ADA, BTC, DOGE, ETH, LTC, PEPE, SOL, XRP };

static inline struct symbols *kit_symbols(struct arena *a) {
    static const struct {
        const char *base, *tick, *step, *max_qty;
    } coins[KIT_COIN_COUNT] = {
        {"ADA", "0.0001", "0.1", "900000"},  {"BTC", "0.01", "0.00001", "9000"},
        {"DOGE", "0.00001", "1", "9000000"}, {"ETH", "0.01", "0.0001", "9000"},
        {"LTC", "0.01", "0.001", "90000"},   {"PEPE", "0.00000001", "1", "9000000000"},
        {"SOL", "0.01", "0.001", "90000"},   {"XRP", "0.0001", "0.1", "9000000"},
    };
    struct symbols *all = NEW(a, struct symbols);
    all->v = NEW_ARRAY(a, struct symbol, KIT_COIN_COUNT);
    all->count = KIT_COIN_COUNT;
    for (int i = 0; i < KIT_COIN_COUNT; i++) {
        struct symbol *s = &all->v[i];
        snprintf(s->name, sizeof s->name, "%sUSDT", coins[i].base);
        snprintf(s->base, sizeof s->base, "%s", coins[i].base);
        snprintf(s->quote, sizeof s->quote, "USDT");
        s->trading = s->oco = s->oto = s->opo = true;
        s->tick = s->min_price = P(coins[i].tick);
        s->max_price = P("1000000");
        s->step = s->min_qty = Q(coins[i].step);
        s->max_qty = Q(coins[i].max_qty);
        s->min_notional = M("5");
        s->min_notional_market = true;
        s->bid_up_bp = s->ask_up_bp = 50000;
        s->bid_down_bp = s->ask_down_bp = 2000;
        s->max_orders = 200;
    }
    return all;
}

/* Midnight, 20 May 2021. */
#define KIT_DAY (INT64_C(18767) * USEC_PER_DAY)

/* author: a name, or the digits of an id. */
static inline struct post kit_post(int64_t id, const char *author, usec at) {
    const bool digits = author[0] >= '0' && author[0] <= '9';
    return (struct post){.id = id,
                         .root_id = id,
                         .source = STR("x"),
                         .author_id = digits ? str_from_z(author) : STR(""),
                         .username = digits ? STR("") : str_from_z(author),
                         .lang = STR("en"),
                         .created_at = at,
                         .received_at = at,
                         .likes = -1,
                         .reposts = -1,
                         .replies = -1,
                         .quotes = -1};
}

static inline void kit_mention(struct reading *r, const char *symbol, int confidence_bp,
                               int polarity_bp) {
    if (r->mention_count == MENTIONS_MAX) fail_msg("too many mentions");
    struct mention *m = &r->mentions[r->mention_count++];
    snprintf(m->symbol, sizeof m->symbol, "%s", symbol);
    m->confidence_bp = confidence_bp;
    m->polarity_bp = polarity_bp;
    m->abstain = polarity_bp == 0;
    m->reason = LINK_CASHTAG;
}

/* A reading that is like no other post's: the simhash is made of the post's id. */
static inline struct reading kit_reading(const struct post *p) {
    uint64_t h = (uint64_t)p->id * UINT64_C(0x9E3779B97F4A7C15);
    h = (h ^ h >> 31) * UINT64_C(0xBF58476D1CE4E5B9);
    return (struct reading){.post = p,
                            .probs_bp = {0, 0, 10000},
                            .label = LABEL_POSITIVE,
                            .sentiment_bp = 9000,
                            .simhash = h ^ h >> 29,
                            .keys = h,
                            .token_count = 12,
                            .model = "test"};
}

#endif
