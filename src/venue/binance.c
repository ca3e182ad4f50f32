/* binance: what is known of one account at one venue, between the requests.
 *
 * In: what each answer says besides its content (headers, refusals, silence), and the venue's
 * clock. Out: whether a request may go out now, what it is to be dated, and notices of what the
 * owner should know. Everything is counted by what the venue says: used weight and unfilled orders
 * are read from its headers, each for the window of its own clock in which it was said; nothing is
 * estimated, and where nothing was said nothing is held back.
 *
 * What holds what:
 * - a ban (418), a full weight (429, -1003): everything, exits too: going on is what turns minutes
 *   into days;
 * - a refusal by a gate before the exchange (403 without its JSON): what can wait, for minutes;
 * exits, protection and questions for half a second, and twice as long each time it happens again:
 * one such answer, which says nothing of what for, must not leave a position bare;
 * - a full order count (-1015): new orders. An exit is held before it cancels anything;
 * - budgets: entries leave a fifth of the weight, and twenty orders, to protection;
 * - a breaker: a group of calls that failed FAILURES_TO_OPEN times in a row takes no entry until
 * one attempt after a growing, jittered pause went well. Exits, protection and questions always go
 * out, and close it when they succeed;
 * - keys that were refused: entries.
 *
 * The clock: GET /api/v3/time, the venue's time taken as that of the middle of the round trip,
 * which is wrong by half of it at most; of the recent answers the one with the shortest trip
 * counts. A refusal for its date (-1021) makes all that was measured worthless and the next
 * question due.
 *
 * Keys lie in memory of their own (base/secret.h) and are wiped on closing. All functions may be
 * called by any thread; one mutex, held for a few hundred instructions, never over I/O. */
#include "venue/binance_int.h"

#include <limits.h>
#include <string.h>

#define CLOCK_EVERY (3 * USEC_PER_MIN)
#define CLOCK_RETRY_MAX (30 * USEC_PER_S)
#define CLOCK_SAMPLE_LIFE (10 * USEC_PER_MIN)
#define CLOCK_TRIP_MAX (10 * USEC_PER_S) /* longer ones say too little */
#define CLOCK_JUMP (500 * USEC_PER_MS)

#define BAN_LEAST (2 * USEC_PER_MIN) /* of a 418 that does not say: the shortest that there is */
#define HOLD_MAX_S (3 * 24 * 3600)   /* longest ban */
#define WAF_PAUSE (2 * USEC_PER_MIN)
#define WAF_LEVEL_MAX 3                      /* 16 minutes */
#define WAF_PAUSE_URGENT (500 * USEC_PER_MS) /* doubles up to WAF_PAUSE */
#define WAF_URGENT_LEVEL_MAX 8
#define OVERLOAD_PAUSE USEC_PER_S
#define OVERLOAD_LEVEL_MAX 5

#define FAILURES_TO_OPEN 5
#define BREAKER_PAUSE USEC_PER_S
#define BREAKER_LEVEL_MAX 6          /* 64 s */
#define PROBE_LIFE (30 * USEC_PER_S) /* an attempt whose answer was never shown */
#define BUDGET_SHARE_PERCENT 80      /* of the weight, that entries may use */
#define BUDGET_SHARE_SNAPSHOT_PERCENT 90
#define BUDGET_ORDERS 20 /* that entries leave, at most half of all */
#define TRADES_MISSING_MAX 3

/* -- opening ------------------------------------------------------------------------------- */

static void count_init(struct binance_count *c, usec span) {
    *c = (struct binance_count){.used = -1, .limit = -1, .span = span};
}

bool binance_open(struct arena *boot, const struct binance_options *opt, struct binance **ret,
                  struct error *err) {
    struct binance *b = NEW(boot, struct binance);
    struct buf prefix;
    if (opt->key.n == 0 || opt->secret.n == 0) {
        return fail(err, ERR_CONFIG, 0, "the venue's %s is missing",
                    opt->key.n == 0 ? "key" : "secret");
    }
    if (!secret_copy(opt->key, &b->key, err)) return fail_in(err, "the venue's key");
    if (!secret_copy(opt->secret, &b->secret, err)) {
        secret_wipe(&b->key);
        return fail_in(err, "the venue's secret");
    }
    const int rc = pthread_mutex_init(&b->lock, NULL);
    POST(rc == 0);
    b->symbols = opt->symbols;
    b->recv_window = opt->recv_window > 0 ? opt->recv_window : USEC_PER_S;
    b->fee_e8 = i64_clamp(opt->fee_e8, 0, E8);
    buf_init_fixed(&prefix, b->prefix, (ptrdiff_t)sizeof b->prefix);
    buf_printf(&prefix, "bf%.4s-", opt->install);
    rng_init(&b->rng, opt->seed);
    count_init(&b->weight, USEC_PER_MIN);
    count_init(&b->orders_10s, 10 * USEC_PER_S);
    count_init(&b->orders_1d, USEC_PER_DAY);
    b->newest = NEW_ARRAY(boot, int64_t, i64_max(opt->symbols->count, 1));
    for (int i = 0; i < 2; i++) b->snapshots[i] = NEW(boot, struct snapshot);
    *ret = b;
    return true;
}

void binance_close(struct binance *b) {
    if (b == NULL) return;
    secret_wipe(&b->key);
    secret_wipe(&b->secret);
    pthread_mutex_destroy(&b->lock);
}

/* The lock is the only member that const functions change. */
static struct binance *lock(const struct binance *b) {
    struct binance *m = (struct binance *)(uintptr_t)b;
    const int rc = pthread_mutex_lock(&m->lock);
    POST(rc == 0);
    return m;
}

static void unlock(struct binance *b) {
    const int rc = pthread_mutex_unlock(&b->lock);
    POST(rc == 0);
}

bool binance_is_ours(const struct binance *b, str coid) {
    return str_starts(coid, str_from_z(b->prefix));
}

struct snapshot *binance_snapshot(struct binance *b) {
    lock(b);
    struct snapshot *s = b->snapshots[b->snapshot_next++ & 1];
    unlock(b);
    return s;
}

/* -- notices ------------------------------------------------------------------------------- */

static const char *const notice_names[] = {
#define X(name, text) text,
    BINANCE_NOTICE_MAP(X)
#undef X
};

const char *binance_notice_name(binance_notice_kind k) { return notice_names[k]; }

static const char *const group_names[] = {"orders", "lists", "reads", "market"};
_Static_assert(sizeof group_names / sizeof group_names[0] == BINANCE_GROUPS, "one name a group");

const char *binance_group_name(binance_group g) { return group_names[g]; }

/* With the lock. One that nobody takes drops the oldest. */
static struct binance_notice *add_notice(struct binance *b, binance_notice_kind kind) {
    if (b->notice_count == BINANCE_NOTICES) {
        memmove(b->notices, b->notices + 1, sizeof b->notices - sizeof b->notices[0]);
        b->notice_count--;
    }
    struct binance_notice *n = &b->notices[b->notice_count++];
    *n = (struct binance_notice){.kind = kind};
    return n;
}

bool binance_take_notice(struct binance *b, struct binance_notice *ret) {
    lock(b);
    const bool any = b->notice_count > 0;
    if (any) {
        *ret = b->notices[0];
        b->notice_count--;
        memmove(b->notices, b->notices + 1, (size_t)b->notice_count * sizeof b->notices[0]);
    }
    unlock(b);
    return any;
}

/* -- the clock ----------------------------------------------------------------------------- */

usec binance_offset(const struct binance *b) {
    struct binance *m = lock(b);
    const usec offset = m->clock_offset;
    unlock(m);
    return offset;
}

void binance_clock_request(struct binance *b, struct http_request *ret) {
    IGNORE(b == NULL, "public: no key, no signature");
    *ret = (struct http_request){
        .method = HTTP_GET, .path = STR("/api/v3/time"), .timeout = 5 * USEC_PER_S};
}

static void clock_failed(struct binance *b, usec now) {
    const usec pause = USEC_PER_S << i64_min(b->clock_failures++, 5);
    b->clock_due = now + i64_min(pause, CLOCK_RETRY_MAX);
}

/* Of the samples that are recent the one with the least error. */
static void clock_choose(struct binance *b, usec now) {
    int best = -1;
    for (int i = 0; i < b->sample_count; i++) {
        const usec at = b->samples[i].at;
        if (at > now || at < now - CLOCK_SAMPLE_LIFE) continue; /* our clock may have jumped */
        if (best >= 0 && b->samples[i].error >= b->samples[best].error) continue;
        best = i;
    }
    if (best < 0) return;
    b->clock_offset = b->samples[best].offset;
    b->clock_error = b->samples[best].error;
    b->clock_known = true;
}

static void clock_forget(struct binance *b) { b->sample_count = b->sample_next = 0; }

static void clock_distrust(struct binance *b) {
    clock_forget(b);
    b->clock_due = 0;
}

void binance_note_clock(struct binance *b) {
    lock(b);
    clock_distrust(b);
    unlock(b);
}

static void clock_sample(struct binance *b, usec now, usec offset, usec error) {
    const usec moved = offset - b->clock_offset;
    const usec away = moved < 0 ? -moved : moved;
    if (b->clock_known && away > CLOCK_JUMP + error + b->clock_error) {
        binance_say(add_notice(b, BINANCE_NOTICE_CLOCK)->text,
                    "the venue's clock and ours moved apart by %lld ms; offset now %lld ms",
                    (long long)(moved / USEC_PER_MS), (long long)(offset / USEC_PER_MS));
        clock_forget(b);
    }
    b->samples[b->sample_next].at = now;
    b->samples[b->sample_next].offset = offset;
    b->samples[b->sample_next].error = error;
    b->sample_next = (b->sample_next + 1) % BINANCE_SAMPLES;
    if (b->sample_count < BINANCE_SAMPLES) b->sample_count++;
    clock_choose(b, now);
    b->clock_failures = 0;
    b->clock_due = now + CLOCK_EVERY;
}

void binance_clock_answer(struct binance *b, usec sent_at, usec now, const struct http_answer *a) {
    usec server = 0;
    const bool good =
        a->end == HTTP_ANSWERED && a->status == 200 && binance_server_time(a->body, &server);
    const usec trip = now - sent_at;
    binance_note(b, BINANCE_MARKET, now, a);
    lock(b);
    if (good && trip >= 0 && trip <= CLOCK_TRIP_MAX) {
        clock_sample(b, now, server - (sent_at + trip / 2), trip / 2 + USEC_PER_MS);
    } else {
        clock_failed(b, now);
    }
    unlock(b);
}

usec binance_clock_due(const struct binance *b) {
    struct binance *m = lock(b);
    const usec due = i64_max(m->clock_due, m->banned_until);
    unlock(m);
    return due;
}

/* -- counts and budgets -------------------------------------------------------------------- */

static usec venue_time(const struct binance *b, usec now) { return now + b->clock_offset; }

static bool same_window(const struct binance_count *c, usec venue_now) {
    return c->at / c->span == venue_now / c->span;
}

/* When the present window of the venue's clock ends, by ours. */
static usec window_end(const struct binance *b, usec span, usec now) {
    return (venue_time(b, now) / span + 1) * span - b->clock_offset;
}

static void count_seen(struct binance_count *c, int64_t used, usec venue_now) {
    if (used < 0) return;
    c->used = used;
    c->at = venue_now;
}

/* Would `more` go beyond what entries may take of it? */
static bool is_spent(const struct binance_count *c, int64_t more, int64_t most, usec venue_now) {
    if (c->limit < 0 || c->used < 0 || !same_window(c, venue_now)) return false;
    return c->used + more > most;
}

static int64_t orders_for_entries(const struct binance_count *c) {
    return c->limit - i64_min(BUDGET_ORDERS, c->limit / 2);
}

static bool has_budget(const struct binance *b, const struct binance_plea *p, usec now,
                       usec *ret_until, char text[BINANCE_TEXT]) {
    const usec at = venue_time(b, now);
    const bool entry = p->urgency == BINANCE_ENTRY;
    const int64_t share = entry ? BUDGET_SHARE_PERCENT : BUDGET_SHARE_SNAPSHOT_PERCENT;
    if (p->urgency == BINANCE_URGENT) return true;
    if (is_spent(&b->weight, p->weight, b->weight.limit * share / 100, at)) {
        *ret_until = window_end(b, USEC_PER_MIN, now);
        binance_say(text, "used %lld of %lld request weight; the rest is for protection",
                    (long long)b->weight.used, (long long)b->weight.limit);
        return false;
    }
    const struct binance_count *counts[] = {&b->orders_10s, &b->orders_1d};
    for (ptrdiff_t i = 0; entry && i < COUNT_OF(counts); i++) {
        const struct binance_count *c = counts[i];
        if (!is_spent(c, p->orders, orders_for_entries(c), at)) continue;
        *ret_until = window_end(b, c->span, now);
        binance_say(text, "%lld of %lld orders are counted; the rest is for protection",
                    (long long)c->used, (long long)c->limit);
        return false;
    }
    return true;
}

static void read_limit(struct binance *b, const json_t *o) {
    const str type = binance_str(o, "rateLimitType"), interval = binance_str(o, "interval");
    int64_t n = 0, limit = 0;
    if (!binance_i64(o, "intervalNum", &n) || !binance_i64(o, "limit", &limit) || limit <= 0)
        return;
    if (str_eq(type, STR("REQUEST_WEIGHT"))) {
        if (n == 1 && str_eq(interval, STR("MINUTE"))) b->weight.limit = limit;
    } else if (str_eq(type, STR("ORDERS"))) {
        if (n == 10 && str_eq(interval, STR("SECOND"))) b->orders_10s.limit = limit;
        if (n == 1 && str_eq(interval, STR("DAY"))) b->orders_1d.limit = limit;
    }
}

/* The list alone is parsed: all of exchangeInfo has twenty megabytes. */
bool binance_rate_limits(struct binance *b, str exchange_info, struct error *err) {
    const str name = STR("\"rateLimits\"");
    const ptrdiff_t at = str_find(exchange_info, name);
    str rest = at < 0 ? (str){0} : str_trim(str_tail(exchange_info, at + name.n));
    if (str_starts(rest, STR(":"))) rest = str_trim(str_tail(rest, 1));
    json_t *list = rest.n > 0 ? json_loadb(rest.p, (size_t)rest.n,
                                           JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, NULL)
                              : NULL;
    const bool ok = json_is_array(list);
    lock(b);
    for (size_t i = 0; ok && i < json_array_size(list); i++) read_limit(b, json_array_get(list, i));
    unlock(b);
    json_decref(list);
    if (!ok) return fail(err, ERR_PARSE, 0, "exchangeInfo: it has no list \"rateLimits\"");
    return true;
}

/* -- breakers ------------------------------------------------------------------------------ */

static usec jittered(struct binance *b, usec pause) {
    return rng_between(&b->rng, pause * 3 / 4, pause * 5 / 4);
}

static void tell_breaker(struct binance *b, binance_group g, const char *what) {
    binance_say(add_notice(b, BINANCE_NOTICE_BREAKER)->text, "%s: %s", binance_group_name(g), what);
}

static void breaker_failed(struct binance *b, binance_group g, usec now, const char *why) {
    struct binance_breaker *k = &b->breakers[g];
    binance_text(k->why, str_from_z(why));
    k->failures++;
    k->probe_at = 0;
    if (!k->open && k->failures < FAILURES_TO_OPEN) return;
    if (k->open && now < k->until) return; /* an exit tried, as it may; the pause stays */
    if (!k->open) {
        tell_breaker(b, g, "open: no entries, it keeps failing");
        k->since = now;
    }
    k->open = true;
    k->until = now + jittered(b, BREAKER_PAUSE << i64_min(k->level, BREAKER_LEVEL_MAX));
    k->level++;
}

static void breaker_worked(struct binance *b, binance_group g, usec now) {
    struct binance_breaker *k = &b->breakers[g];
    if (k->open) tell_breaker(b, g, "closed: it answers again");
    *k = (struct binance_breaker){.since = k->open ? now : k->since};
}

/* May one that can wait go out? In the half-open state one at a time. A pause longer than any is
 * one of before our clock was set back. */
static bool breaker_admits(const struct binance_breaker *k, usec now, usec *ret_until) {
    const usec left = k->until - now;
    if (!k->open || left > 2 * (BREAKER_PAUSE << BREAKER_LEVEL_MAX)) return true;
    if (left <= 0 && (k->probe_at == 0 || now > k->probe_at + PROBE_LIFE)) return true;
    *ret_until = i64_max(k->until, now + BREAKER_PAUSE);
    return false;
}

/* -- going out ----------------------------------------------------------------------------- */

static bool is_held(const struct binance *b, const struct binance_plea *p, usec now,
                    usec *ret_until, char text[BINANCE_TEXT]) {
    if (now < b->banned_until) {
        *ret_until = b->banned_until;
        binance_say(text, "the venue bans or throttles us for another %lld s",
                    (long long)((b->banned_until - now) / USEC_PER_S + 1));
        return true;
    }
    const usec gate = p->urgency == BINANCE_URGENT ? b->waf_urgent_until : b->waf_until;
    if (now < gate) {
        *ret_until = gate;
        binance_say(text, "a gate before the venue refuses us (403); again in %lld ms",
                    (long long)((gate - now) / USEC_PER_MS + 1));
        return true;
    }
    if (p->orders > 0 && now < b->orders_until) {
        *ret_until = b->orders_until;
        binance_say(text, "the venue takes no more orders for another %lld s",
                    (long long)((b->orders_until - now) / USEC_PER_S + 1));
        return true;
    }
    return false;
}

/* An entry needs its own group, and those that would have to look after it. */
static bool breakers_admit(struct binance *b, const struct binance_plea *p, usec now,
                           usec *ret_until, char text[BINANCE_TEXT]) {
    if (p->urgency == BINANCE_URGENT) return true;
    for (int g = 0; g < BINANCE_MARKET; g++) {
        if (p->urgency != BINANCE_ENTRY && g != (int)p->group) continue;
        if (breaker_admits(&b->breakers[g], now, ret_until)) continue;
        binance_say(text, "calls of the group \"%s\" keep failing; trying again later",
                    binance_group_name((binance_group)g));
        return false;
    }
    return true;
}

bool binance_admit(struct binance *b, const struct binance_plea *p, usec now, usec *ret_until,
                   char text[BINANCE_TEXT]) {
    lock(b);
    const bool ok = !is_held(b, p, now, ret_until, text) &&
                    has_budget(b, p, now, ret_until, text) &&
                    breakers_admit(b, p, now, ret_until, text);
    if (ok && b->breakers[p->group].open) b->breakers[p->group].probe_at = now;
    unlock(b);
    return ok;
}

bool binance_may_call(struct binance *b, binance_group g, usec now, usec *ret) {
    char text[BINANCE_TEXT];
    const struct binance_plea p = {.group = g, .urgency = BINANCE_SNAPSHOT};
    lock(b);
    const bool ok = !is_held(b, &p, now, ret, text) && breaker_admits(&b->breakers[g], now, ret);
    if (ok && b->breakers[g].open) b->breakers[g].probe_at = now;
    unlock(b);
    return ok;
}

bool binance_keys_refused(const struct binance *b) {
    struct binance *m = lock(b);
    const bool refused = m->keys_refused;
    unlock(m);
    return refused;
}

/* -- taking in ----------------------------------------------------------------------------- */

static usec hold_until(usec now, int64_t retry_after_s, usec or_else) {
    if (retry_after_s < 0) return or_else;
    return now + i64_clamp(retry_after_s, 1, HOLD_MAX_S) * USEC_PER_S;
}

static void hold_all(struct binance *b, usec now, usec until, const char *why) {
    if (until > b->banned_until) {
        struct binance_notice *n = add_notice(b, BINANCE_NOTICE_BANNED);
        n->until = until;
        binance_say(n->text, "nothing is sent for %lld s: %.60s",
                    (long long)((until - now) / USEC_PER_S), why);
    }
    b->banned_until = i64_max(b->banned_until, until);
}

static void note_keys(struct binance *b, bool refused, const char *why) {
    if (b->keys_refused == refused) return;
    b->keys_refused = refused;
    binance_say(add_notice(b, refused ? BINANCE_NOTICE_KEYS : BINANCE_NOTICE_KEYS_FINE)->text, "%s",
                refused ? why : "the venue takes our keys again");
}

static usec growing(struct binance *b, usec pause, int *level, int level_max) {
    const usec long_one = pause << *level;
    if (*level < level_max) (*level)++;
    return jittered(b, long_one);
}

/* Returns until when the urgent wait. */
static usec hold_at_gate(struct binance *b, usec now) {
    int level = b->waf_level; /* of the long pauses, which stop growing earlier */
    if (level > WAF_LEVEL_MAX) level = WAF_LEVEL_MAX;
    b->waf_urgent_until = now + growing(b, WAF_PAUSE_URGENT, &b->waf_level, WAF_URGENT_LEVEL_MAX);
    b->waf_until = i64_max(b->waf_until, now + jittered(b, WAF_PAUSE << level));
    struct binance_notice *n = add_notice(b, BINANCE_NOTICE_BANNED);
    n->until = b->waf_until;
    binance_say(n->text, "a gate before the venue refuses us (403): no entries for %lld s",
                (long long)((n->until - now) / USEC_PER_S));
    return b->waf_urgent_until;
}

/* What a refusal means for what comes after it; with the lock. */
static void take_effect(struct binance *b, usec now, const struct http_answer *a,
                        struct binance_verdict *v) {
    switch (v->effect) {
    case BINANCE_NO_EFFECT:
        return;
    case BINANCE_HOLD_ALL:
        v->retry_at =
            hold_until(now, a->retry_after_s,
                       a->status == 418 ? now + BAN_LEAST : window_end(b, USEC_PER_MIN, now));
        hold_all(b, now, v->retry_at, v->text);
        return;
    case BINANCE_HOLD_ORDERS:
        v->retry_at = hold_until(now, a->retry_after_s, window_end(b, b->orders_10s.span, now));
        b->orders_until = i64_max(b->orders_until, v->retry_at);
        return;
    case BINANCE_WAF:
        v->retry_at = hold_at_gate(b, now);
        return;
    case BINANCE_OVERLOAD:
        v->retry_at = now + growing(b, OVERLOAD_PAUSE, &b->overload_level, OVERLOAD_LEVEL_MAX);
        return;
    case BINANCE_CLOCK:
        clock_distrust(b);
        return;
    case BINANCE_KEYS:
        note_keys(b, true, v->text);
        return;
    case BINANCE_FILTER:
        binance_say(add_notice(b, BINANCE_NOTICE_FILTERS)->text, "%s", v->text);
        return;
    }
    WRONG("effect out of its list");
}

/* Does anything come back at all? When it does again, what was held back by breakers may be tried
 * at once: their pauses were for a venue that was away. */
static void note_transport(struct binance *b, usec now, const struct http_answer *a) {
    if (a->end == HTTP_ANSWERED) {
        for (int g = 0; b->lost > 1 && g < BINANCE_GROUPS; g++)
            b->breakers[g].until = i64_min(b->breakers[g].until, now);
        b->lost = 0;
        return;
    }
    if (b->lost == 0) b->lost_since = now;
    if (b->lost < INT_MAX) b->lost++;
    IGNORE(!str_copyz(str_from_z(a->why), b->lost_why, sizeof b->lost_why), "cut is fine");
}

void binance_absorb(struct binance *b, binance_group g, usec now, const struct http_answer *a,
                    struct binance_verdict *v) {
    lock(b);
    b->calls++;
    note_transport(b, now, a);
    if (a->end == HTTP_ANSWERED) {
        const usec at = venue_time(b, now);
        count_seen(&b->weight, a->used_weight_1m, at);
        count_seen(&b->orders_10s, a->orders_10s, at);
        count_seen(&b->orders_1d, a->orders_1d, at);
    }
    if (v->failure) {
        b->failures++;
        breaker_failed(b, g, now, v->text);
    } else {
        breaker_worked(b, g, now);
    }
    if (v->kind == BINANCE_OK) {
        b->waf_level = b->overload_level = 0;
        if (g != BINANCE_MARKET) note_keys(b, false, "");
    }
    v->retry_at = 0;
    take_effect(b, now, a, v);
    if (v->kind == BINANCE_DOWN)
        v->retry_at = i64_max(v->retry_at, b->banned_until > now ? b->banned_until : 0);
    unlock(b);
}

void binance_note(struct binance *b, binance_group g, usec now, const struct http_answer *a) {
    struct binance_verdict v;
    binance_judge(b, a, false, &v);
    binance_absorb(b, g, now, a, &v);
}

/* -- order ids ----------------------------------------------------------------------------- */

int64_t binance_newest(const struct binance *b, int sym) {
    struct binance *m = lock(b);
    const int64_t id = m->newest[sym];
    unlock(m);
    return id;
}

void binance_seen_order(struct binance *b, int sym, int64_t order_id) {
    PRE(sym >= 0 && sym < b->symbols->count);
    lock(b);
    b->newest[sym] = i64_max(b->newest[sym], order_id);
    unlock(b);
}

void binance_new_order(struct binance *b, int sym, int64_t id, int64_t floor) {
    lock(b);
    /* told once: the others of its request, and those of other pairs, are of after it, too */
    if (floor > 0 && id <= floor && b->newest[sym] >= floor) {
        binance_say(add_notice(b, BINANCE_NOTICE_RESET)->text,
                    "%s: a new order has the id %lld, an older one had %lld",
                    b->symbols->v[sym].name, (long long)id, (long long)floor);
        for (int i = 0; i < b->symbols->count; i++) b->newest[i] = 0;
        b->newest[sym] = id;
    } else {
        b->newest[sym] = i64_max(b->newest[sym], id);
    }
    unlock(b);
}

bool binance_trades_missing(struct binance *b, bool missing) {
    lock(b);
    b->trades_missing = missing ? b->trades_missing + 1 : 0;
    const bool enough = b->trades_missing >= TRADES_MISSING_MAX;
    if (enough) b->trades_missing = 0;
    unlock(b);
    return enough;
}

/* -- health -------------------------------------------------------------------------------- */

void binance_health(const struct binance *b, struct binance_health *ret) {
    struct binance *m = lock(b);
    *ret = (struct binance_health){
        .clock_known = m->clock_known,
        .clock_offset = m->clock_offset,
        .clock_error = m->clock_error,
        .banned_until = i64_max(m->banned_until, m->waf_until),
        .orders_until = m->orders_until,
        .used_weight = m->weight.used,
        .weight_limit = m->weight.limit,
        .orders_10s = m->orders_10s.used,
        .orders_1d = m->orders_1d.used,
        .orders_10s_limit = m->orders_10s.limit,
        .orders_1d_limit = m->orders_1d.limit,
        .keys_refused = m->keys_refused,
        .keys_locked = m->key.locked && m->secret.locked,
        .calls = m->calls,
        .failures = m->failures,
        .lost = m->lost,
        .lost_since = m->lost_since,
    };
    memcpy(ret->lost_why, m->lost_why, sizeof ret->lost_why);
    for (int g = 0; g < BINANCE_GROUPS; g++) {
        const struct binance_breaker *k = &m->breakers[g];
        ret->breakers[g] = !k->open ? "closed" : k->probe_at != 0 ? "half-open" : "open";
        ret->breaker_since[g] = k->since;
        ret->breaker_until[g] = k->open ? k->until : 0;
        memcpy(ret->breaker_why[g], k->why, sizeof k->why);
    }
    unlock(m);
}
