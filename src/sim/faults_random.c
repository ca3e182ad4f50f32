/* faults_random: a fault plan drawn from a seed.
 *
 * In: a seed, how rough, a span of time. Out: a plan such as a user could have written, over all
 * kinds: chances and counted faults of requests (on everything, on what changes orders, on what
 * asks after them), spells in which nothing is answered, bans, faults of streams, and what befalls
 * the exchange itself. Also the answers to the open questions are drawn. Roughness scales how many
 * there are and how likely; 0 draws nothing but the answers.
 *
 * The numbers keep to what the real exchange does: it gives up on its own engine after 10 s, so
 * what it executes late it executes by then. */
#include "sim/faults_int.h"

#include "base/money.h"

/* Where faults strike. The first few change orders. */
static const struct {
    const char *method, *path;
} places[] = {
    {"POST", "/api/v3/orderList*"},
    {"POST", "/api/v3/order"},
    {"DELETE", "/api/v3/orderList"},
    {"POST", "*"},
    {"DELETE", "*"},
    {"GET", "/api/v3/order*"},
    {"GET", "/api/v3/openOrders"},
    {"GET", "/api/v3/myTrades"},
    {"GET", "/api/v3/account"},
    {"GET", "*"},
    {"", ""},
};
#define PLACES_THAT_CHANGE 5

static void place_draw(struct draw *d, struct fault_rule *r, int64_t count) {
    const int64_t i = between(d, 0, count - 1);
    r->method = str_from_z(places[i].method);
    r->path = str_from_z(places[i].path);
}

/* All kinds that befall requests; those that leave an outcome open come more often. */
static fault_kind kind_draw(struct draw *d, uint32_t place) {
    static const fault_kind unclear[] = {
        FAULT_CLOSE_AFTER, FAULT_RESET_AFTER, FAULT_TRUNCATE,      FAULT_SILENCE,
        FAULT_E1007_DONE,  FAULT_E1007_NOT,   FAULT_HTML_502_DONE, FAULT_LOOKUP_LAG,
        FAULT_DELAY,       FAULT_LEG_REFUSED, FAULT_CLOSE_BEFORE,  FAULT_SILENCE_BEFORE};
    if (place == FAULT_OF_REQUEST && with_percent(d, 50))
        return unclear[between(d, 0, COUNT_OF(unclear) - 1)];
    for (;;) {
        const fault_kind k = (fault_kind)between(d, 1, FAULT_LAST_OF_EXCHANGE);
        if ((fault_terms(k)->places & place) != 0) return k;
    }
}

static usec delay_draw(struct draw *d, fault_kind k) {
    const struct fault_terms *t = fault_terms(k);
    if (t->delay == FAULT_DELAY_NONE) return 0;
    if (k == FAULT_SHUTDOWN) return between(d, 1, 10) * USEC_PER_S;
    if (k == FAULT_STREAM_SWAP) return between(d, 1, 500) * USEC_PER_MS;
    if ((t->places & FAULT_OF_EXCHANGE) != 0) return between(d, 1000, 25000) * USEC_PER_MS;
    if (with_percent(d, 60)) return between(d, 1, 1500) * USEC_PER_MS;
    return between(d, 1500, 9000) * USEC_PER_MS;
}

static int64_t amount_draw(struct draw *d, fault_kind k) {
    switch (fault_terms(k)->unit) {
    case FAULT_UNIT_NONE:
        return 0;
    case FAULT_UNIT_SHARE:
        if (k == FAULT_PARTIAL) return between(d, 0, 99) * (E8 / 100);
        return between(d, 1, 100) * (E8 / 1000) * (with_percent(d, 50) ? 1 : -1); /* PRICE_GAP */
    case FAULT_UNIT_S:
        return between(d, 1, 15);
    case FAULT_UNIT_US: /* CLOCK_JUMP */
        return between(d, 1, with_percent(d, 70) ? 900 : 20000) * USEC_PER_MS *
               (with_percent(d, 50) ? 1 : -1);
    case FAULT_UNIT_FACTOR:
        return with_percent(d, 50) ? 2 : 10;
    }
    WRONG("unit out of its list");
}

static struct fault fault_draw(struct draw *d, uint32_t place) {
    const fault_kind k = kind_draw(d, place);
    return (struct fault){
        .kind = k, .delay = delay_draw(d, k), .amount = amount_draw(d, k), .sym = SYM_NONE};
}

static void window_draw(struct draw *d, struct fault_rule *r) {
    r->from = d->from;
    r->until = d->until;
    if (with_percent(d, 50) || d->until - d->from < 2) return;
    r->from = between(d, d->from, d->until - 2);
    r->until = between(d, r->from + 1, d->until);
}

static void requests_draw(struct draw *d) {
    struct faults *f = d->f;
    const int64_t counted = between(d, 0, 1 + d->roughness / 12);
    const int64_t chances = between(d, 0, 1 + d->roughness / 12);
    for (int64_t i = 0; i < counted; i++) {
        struct fault_rule *r = &f->rules[f->rule_count++];
        *r = (struct fault_rule){.fault = fault_draw(d, FAULT_OF_REQUEST),
                                 .nth = between(d, 1, 8),
                                 .times = with_percent(d, 80) ? 1 : between(d, 2, 5),
                                 .from = d->from,
                                 .until = d->until};
        place_draw(d, r, with_percent(d, 70) ? PLACES_THAT_CHANGE : COUNT_OF(places));
    }
    for (int64_t i = 0; i < chances; i++) {
        struct fault_rule *r = &f->rules[f->rule_count++];
        *r = (struct fault_rule){.fault = fault_draw(d, FAULT_OF_REQUEST),
                                 .is_chance = true,
                                 .percent_e4 = between(d, 1, 1 + d->roughness / 2) * 10000};
        window_draw(d, r);
        place_draw(d, r, COUNT_OF(places));
    }
}

/* Nothing is answered for a while, or everything is refused. */
static void outages_draw(struct draw *d) {
    static const fault_kind kinds[] = {FAULT_CLOSE_BEFORE, FAULT_SILENCE_BEFORE, FAULT_SILENCE,
                                       FAULT_HTML_502,     FAULT_HTML_503,       FAULT_CLOSE_AFTER,
                                       FAULT_E1008,        FAULT_HTML_502_DONE};
    const int64_t n = with_percent(d, d->roughness) ? between(d, 1, 2) : 0;
    for (int64_t i = 0; i < n; i++) {
        struct fault_rule *r = &d->f->rules[d->f->rule_count++];
        *r = (struct fault_rule){
            .fault = {.kind = kinds[between(d, 0, COUNT_OF(kinds) - 1)], .sym = SYM_NONE},
            .is_chance = true,
            .percent_e4 = 1000000,
            .from = between(d, d->from, d->until - 1)};
        r->until = i64_min(r->from + between(d, 200, 20000) * USEC_PER_MS, d->until);
    }
}

static void streams_draw(struct draw *d) {
    struct faults *f = d->f;
    const int64_t n = between(d, 0, 1 + d->roughness / 20);
    for (int64_t i = 0; i < n; i++) {
        struct fault_rule *r = &f->streams[f->stream_count++];
        *r = (struct fault_rule){.fault = fault_draw(d, FAULT_OF_MESSAGE),
                                 .stream =
                                     with_percent(d, 70) ? FAULT_STREAM_USER : FAULT_STREAM_ANY,
                                 .is_chance = with_percent(d, 60),
                                 .nth = between(d, 1, 20),
                                 .times = between(d, 1, 3)};
        r->percent_e4 = between(d, 1, 1 + d->roughness / 4) * 10000;
        /* the market's streams have hundreds of messages: one in a thousand is cut */
        if (r->is_chance && r->stream == FAULT_STREAM_ANY) r->percent_e4 /= 100;
        window_draw(d, r);
    }
}

static void moments_draw(struct draw *d) {
    struct faults *f = d->f;
    const int64_t n = between(d, 0, 1 + d->roughness / 20);
    for (int64_t i = 0; i < n; i++) {
        struct fault_moment m = {.fault = fault_draw(d, FAULT_OF_EXCHANGE),
                                 .at = between(d, d->from, d->until - 1)};
        if (m.fault.kind == FAULT_MONTHLY_RESET && with_percent(d, 80)) continue;
        int k = f->moment_count++;
        for (; k > 0 && f->moments[k - 1].at > m.at; k--) f->moments[k] = f->moments[k - 1];
        f->moments[k] = m;
    }
}

struct faults *faults_random(struct arena *a, uint64_t seed, int roughness, usec from, usec until) {
    PRE(roughness >= 0 && roughness <= 100 && from < until);
    struct faults *f = NEW(a, struct faults);
    struct draw d = {.f = f, .roughness = roughness, .from = from, .until = until};
    bool *answers[] = {&f->answers.locks_pending_funds,    &f->answers.legs_reversed,
                       &f->answers.ended_lists_count,      &f->answers.oldest_of_reused_id,
                       &f->answers.filters_bind_triggered, &f->answers.partial_keeps_stop,
                       &f->answers.bad_key_is_400};
    rng_init(&d.rng, seed);
    rng_init(&f->rng, seed ^ UINT64_C(0x5DEECE66D));
    f->absolute = true;
    f->rules = NEW_ARRAY(a, struct fault_rule, 32);
    f->streams = NEW_ARRAY(a, struct fault_rule, 16);
    f->moments = NEW_ARRAY(a, struct fault_moment, 16);
    for (int i = 0; i < COUNT_OF(answers); i++) *answers[i] = with_percent(&d, 50);
    if (roughness == 0) return f;
    requests_draw(&d);
    outages_draw(&d);
    streams_draw(&d);
    moments_draw(&d);
    return f;
}
