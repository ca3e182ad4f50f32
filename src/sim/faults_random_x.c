/* faults_random_x: a fault plan for X and Jetstream, drawn from a seed.
 *
 * In: a seed, how rough, a span of time. Out: a plan such as a user could have written: faults of
 * requests (on search, streams, rules, users, on everything), spells in which nothing is answered,
 * faults of streams, and cuts of all of them at once. It is apart from faults_random, so that what
 * a seed does to the exchange stays what it was. Roughness scales how many there are and how
 * likely. */
#include "sim/faults_int.h"

static const struct {
    const char *method, *path;
} places[] = {{"GET", "/2/tweets/search/recent"},
              {"GET", "/2/tweets/search/stream"},
              {"GET", "/2/activity/stream"},
              {"", "/2/tweets/search/stream/rules"},
              {"", "/2/activity/subscriptions*"},
              {"GET", "/2/users/by*"},
              {"GET", "/2/usage*"},
              {"", "/2/*"}};

static const fault_kind of_requests[] = {
    FAULT_CLOSE_BEFORE,  FAULT_CLOSE_AFTER,    FAULT_RESET_AFTER,   FAULT_TRUNCATE,
    FAULT_SILENCE,       FAULT_SILENCE_BEFORE, FAULT_DELAY,         FAULT_HTML_502,
    FAULT_HTML_502_DONE, FAULT_HTML_503,       FAULT_HTML_504_DONE, FAULT_E1001,
    FAULT_E1008,         FAULT_RATE_429,       FAULT_X_CREDITS,     FAULT_X_SPEND_CAP,
    FAULT_X_USAGE_CAP,   FAULT_X_UNAUTHORIZED, FAULT_X_FORBIDDEN,   FAULT_X_CONNECTIONS,
    FAULT_X_PARTIAL};
/* Not FAULT_STREAM_GAP: of a message that is lost without a trace nobody can know. */
static const fault_kind of_messages[] = {FAULT_STREAM_CUT, FAULT_STREAM_DOUBLE, FAULT_STREAM_SWAP,
                                         FAULT_STREAM_MUTE, FAULT_X_DISCONNECT};
static const fault_kind of_moments[] = {FAULT_STREAM_CUT, FAULT_STREAM_MUTE, FAULT_X_DISCONNECT};

static struct fault fault_draw(struct draw *d, const fault_kind *kinds, int64_t count) {
    struct fault f = {.kind = kinds[between(d, 0, count - 1)], .sym = SYM_NONE};
    if (fault_terms(f.kind)->delay != FAULT_DELAY_NONE)
        f.delay = f.kind == FAULT_STREAM_MUTE ? between(d, 1, 90) * USEC_PER_S
                                              : between(d, 1, 5000) * USEC_PER_MS;
    if (f.kind == FAULT_RATE_429) f.amount = between(d, 1, 900);
    return f;
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
    const int64_t n = between(d, 1, 2 + d->roughness / 8);
    for (int64_t i = 0; i < n; i++) {
        struct fault_rule *r = &f->rules[f->rule_count++];
        const int64_t place = between(d, 0, COUNT_OF(places) - 1);
        *r = (struct fault_rule){.fault = fault_draw(d, of_requests, COUNT_OF(of_requests)),
                                 .method = str_from_z(places[place].method),
                                 .path = str_from_z(places[place].path),
                                 .is_chance = with_percent(d, 60),
                                 .percent_e4 = between(d, 1, 1 + d->roughness / 3) * 10000,
                                 .nth = between(d, 1, 20),
                                 .times = with_percent(d, 70) ? 1 : between(d, 2, 6)};
        window_draw(d, r);
    }
}

/* Nothing is answered for a while. */
static void outages_draw(struct draw *d) {
    static const fault_kind kinds[] = {FAULT_CLOSE_BEFORE, FAULT_SILENCE_BEFORE, FAULT_HTML_502,
                                       FAULT_HTML_503, FAULT_E1008};
    const int64_t n = with_percent(d, d->roughness) ? between(d, 1, 3) : 0;
    for (int64_t i = 0; i < n; i++) {
        struct fault_rule *r = &d->f->rules[d->f->rule_count++];
        *r = (struct fault_rule){
            .fault = {.kind = kinds[between(d, 0, COUNT_OF(kinds) - 1)], .sym = SYM_NONE},
            .path = STR("/2/*"),
            .is_chance = true,
            .percent_e4 = 1000000,
            .from = between(d, d->from, d->until - 1)};
        r->until = i64_min(r->from + between(d, 1, 3600) * USEC_PER_S, d->until);
    }
}

static void streams_draw(struct draw *d) {
    struct faults *f = d->f;
    const int64_t n = between(d, 1, 2 + d->roughness / 15);
    for (int64_t i = 0; i < n; i++) {
        struct fault_rule *r = &f->streams[f->stream_count++];
        *r = (struct fault_rule){.fault = fault_draw(d, of_messages, COUNT_OF(of_messages)),
                                 .stream = FAULT_STREAM_ANY,
                                 .is_chance = with_percent(d, 60),
                                 .percent_e4 = between(d, 1, 1 + d->roughness) * 1000,
                                 .nth = between(d, 1, 200),
                                 .times = between(d, 1, 3)};
        window_draw(d, r);
    }
}

static void moments_draw(struct draw *d) {
    struct faults *f = d->f;
    const int64_t n = between(d, 0, 1 + d->roughness / 12);
    for (int64_t i = 0; i < n; i++) {
        const struct fault_moment m = {.fault = fault_draw(d, of_moments, COUNT_OF(of_moments)),
                                       .at = between(d, d->from, d->until - 1)};
        int k = f->moment_count++;
        for (; k > 0 && f->moments[k - 1].at > m.at; k--) f->moments[k] = f->moments[k - 1];
        f->moments[k] = m;
    }
}

struct faults *faults_random_x(struct arena *a, uint64_t seed, int roughness, usec from,
                               usec until) {
    PRE(roughness >= 0 && roughness <= 100 && from < until);
    struct faults *f = NEW(a, struct faults);
    struct draw d = {.f = f, .roughness = roughness, .from = from, .until = until};
    rng_init(&d.rng, seed);
    rng_init(&f->rng, seed ^ UINT64_C(0x5DEECE66D));
    f->absolute = true;
    f->rules = NEW_ARRAY(a, struct fault_rule, 32);
    f->streams = NEW_ARRAY(a, struct fault_rule, 16);
    f->moments = NEW_ARRAY(a, struct fault_moment, 16);
    if (roughness == 0) return f;
    requests_draw(&d);
    outages_draw(&d);
    streams_draw(&d);
    moments_draw(&d);
    return f;
}
