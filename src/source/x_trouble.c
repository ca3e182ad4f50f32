/* x_trouble: what an answer of X means where it is not what was asked for.
 *
 * In: one answer. Out: its cause as a state, until when nothing is tried, and a sentence for people
 * that says what to do. The cause is told by the problem's `type` (its last segment: the host
 * before it differs), its title, the old form's code, and only then by the status: a 429 may be a
 * rate limit, a cap that is used up, or one stream too many. 5xx is never about limits, whatever
 * its body says. Bodies may be problems of the new form, {"errors":[...]} of the old one, HTML of
 * whatever stands between, or empty.
 *
 * Until-times come from headers (x-rate-limit-reset, retry-after) and from the body (reset_date,
 * period); one that has passed or is absurd is not believed. Pure; any thread. */
#include <stdio.h>

#include "source/jscan.h"
#include "source/x_account.h"

#define BODY_BYTES_MAX 65536 /* a longer one is no problem of X's */
#define TROUBLE_ARENA_BYTES 8192
#define LIMIT_UNKNOWN USEC_PER_MIN /* facts: from 60 s on, where nothing is said */
#define LIMIT_MOST USEC_PER_DAY    /* no window is longer */
#define SPEND_CAP_MOST (366 * USEC_PER_DAY)
#define SAY_BYTES 112 /* of X's own words */

/* What a body says of itself. Slices of the body, or of the arena. */
struct problem {
    bool json;
    str type, title, detail, message, reason, reset_date, issue, period;
    int64_t code; /* of the old form; 0 none */
};

/* --- bodies ---------------------------------------------------------------------------------- */

static bool take_problem(struct jscan *s, struct problem *p, bool nested, struct error *err);

/* {"errors":[...]}: of the first one what the outer problem does not say. */
static bool take_errors(struct jscan *s, struct problem *p, struct error *err) {
    bool end;
    for (int i = 0;; i++) {
        struct jvalue v;
        struct problem inner = {0};
        if (!jscan_item(s, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(s, &v, err)) return false;
        if (v.kind != JKIND_OBJECT || i > 0) {
            if (!jscan_skip(s, &v, err)) return false;
            continue;
        }
        if (!take_problem(s, &inner, true, err)) return false;
        str *const ours[] = {&p->type,   &p->title,      &p->detail, &p->message,
                             &p->reason, &p->reset_date, &p->issue,  &p->period};
        const str theirs[] = {inner.type,   inner.title,      inner.detail, inner.message,
                              inner.reason, inner.reset_date, inner.issue,  inner.period};
        for (int k = 0; k < COUNT_OF(ours); k++)
            if (ours[k]->n == 0) *ours[k] = theirs[k];
        if (p->code == 0) p->code = inner.code;
    }
}

static void take_word(struct problem *p, str key, str value) {
    const struct {
        str name;
        str *to;
    } words[] = {{STR("type"), &p->type},
                 {STR("title"), &p->title},
                 {STR("detail"), &p->detail},
                 {STR("message"), &p->message},
                 {STR("reason"), &p->reason},
                 {STR("reset_date"), &p->reset_date},
                 {STR("connection_issue"), &p->issue},
                 {STR("period"), &p->period}};
    for (int i = 0; i < COUNT_OF(words); i++)
        if (str_eq(key, words[i].name) && value.n > 0) *words[i].to = value;
}

/* The members of an object that has been opened. */
static bool take_problem(struct jscan *s, struct problem *p, bool nested, struct error *err) {
    struct jvalue v;
    str key;
    bool end;
    for (;;) {
        if (!jscan_member(s, &key, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(s, &v, err)) return false;
        if (v.kind == JKIND_STRING) take_word(p, key, v.string);
        if (v.kind == JKIND_INTEGER && str_eq(key, STR("code"))) p->code = v.integer;
        if (!nested && v.kind == JKIND_ARRAY && str_eq(key, STR("errors"))) {
            if (!take_errors(s, p, err)) return false;
        } else if (!jscan_skip(s, &v, err)) {
            return false;
        }
    }
}

static struct problem problem_of(struct arena *a, str body) {
    struct problem p = {0};
    struct jscan s;
    struct jvalue v;
    struct error err;
    if (body.n == 0 || body.n > BODY_BYTES_MAX) return p;
    jscan_init(&s, a, body);
    p.json = jscan_value(&s, &v, &err) && v.kind == JKIND_OBJECT &&
             take_problem(&s, &p, false, &err) && jscan_end(&s, &err);
    if (!p.json) return (struct problem){0};
    for (ptrdiff_t at; (at = str_find_byte(p.type, '/')) >= 0;) p.type = str_tail(p.type, at + 1);
    return p;
}

/* --- words ----------------------------------------------------------------------------------- */

/* X's own words, short, on one line, for a sentence: first what it says of the very mistake (the
 * message of the first error), then what it says of all such. */
static void put_words(struct buf *out, const struct problem *p) {
    char cut[SAY_BYTES];
    struct buf words;
    const str common = str_trim(p->detail.n > 0 ? p->detail : p->title);
    const str own = str_trim(p->message);
    buf_init_fixed(&words, (char[4 * SAY_BYTES]){0}, 4 * SAY_BYTES);
    buf_put(&words, str_head(own, SAY_BYTES));
    if (common.n > 0 && !str_eq(own, common)) {
        if (own.n > 0) buf_put(&words, STR("; "));
        buf_put(&words, str_head(common, SAY_BYTES));
    }
    str_copyz(buf_str(&words), cut, sizeof cut);
    for (char *c = cut; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F) *c = ' ';
    if (cut[0] == '\0') return;
    buf_put(out, STR(" ("));
    buf_put(out, str_from_z(cut));
    buf_put_byte(out, ')');
}

static void say(struct x_verdict *v, const struct problem *p, const char *text) {
    char block[WHY_BYTES + SAY_BYTES + 16];
    struct buf out;
    buf_init_fixed(&out, block, sizeof block);
    buf_put(&out, str_from_z(text));
    if (p != NULL) put_words(&out, p);
    str_copyz(buf_str(&out), v->why, sizeof v->why);
}

/* --- until when --------------------------------------------------------------------------------
 */

/* `at` where that lies ahead, and not too far; else 0. */
static usec ahead(usec now, usec at, usec most) { return at > now && at <= now + most ? at : 0; }

static usec limit_until(usec now, const struct http_answer *a) {
    usec until = 0;
    if (a->rate_reset > 0 && a->rate_reset < USEC_NEVER / USEC_PER_S / 2)
        until = ahead(now, (a->rate_reset + 1) * USEC_PER_S, LIMIT_MOST);
    if (until == 0 && a->retry_after_s > 0 && a->retry_after_s <= LIMIT_MOST / USEC_PER_S)
        until = now + a->retry_after_s * USEC_PER_S;
    return until != 0 ? until : now + LIMIT_UNKNOWN;
}

static usec spend_cap_until(usec now, str date) {
    char block[32];
    struct buf out;
    usec at = 0;
    buf_init_fixed(&out, block, sizeof block);
    buf_put(&out, date);
    if (date.n == 10) buf_put(&out, STR("T00:00:00Z"));
    if (buf_full(&out) || !time_parse_rfc3339(buf_str(&out), &at)) return 0;
    return ahead(now, at, SPEND_CAP_MOST);
}

static usec usage_cap_until(usec now, str period) {
    usec begin, end;
    time_utc_month(now, &begin, &end);
    if (str_eq_nocase(period, STR("monthly"))) return end;
    if (str_eq_nocase(period, STR("daily"))) return (time_utc_day(now) + 1) * USEC_PER_DAY;
    return 0;
}

/* --- causes ---------------------------------------------------------------------------------- */

static bool is_spend_cap(const struct problem *p) {
    return str_eq_nocase(p->title, STR("SpendCapReached")) ||
           str_eq(p->type, STR("spend-cap-reached")) ||
           (str_eq(p->type, STR("credits")) && p->reset_date.n > 0);
}

static bool is_credits(const struct problem *p, int status) {
    return status == 402 || str_eq_nocase(p->title, STR("CreditsDepleted")) ||
           str_eq(p->type, STR("credits")) || str_eq(p->type, STR("credits-depleted"));
}

static bool is_usage_cap(const struct problem *p) {
    return str_eq(p->type, STR("usage-capped")) || str_eq_nocase(p->title, STR("UsageCapExceeded"));
}

static bool is_connection(const struct problem *p) {
    return str_eq(p->type, STR("streaming-connection")) ||
           str_eq_nocase(p->title, STR("ConnectionException")) || p->issue.n > 0;
}

static bool is_token(const struct problem *p, int status) {
    return status == 401 || p->code == 89 || p->code == 32 ||
           str_eq(p->type, STR("unsupported-authentication"));
}

static void money_trouble(usec now, const struct problem *p, struct x_verdict *v) {
    char text[WHY_BYTES], block[TIME_TEXT_BYTES];
    v->account = true;
    if (!is_spend_cap(p)) {
        v->state = SOURCE_CREDITS;
        say(v, p, "the X account has no credits left: add some in X's developer console");
        return;
    }
    v->state = SOURCE_SPEND_CAP;
    v->until = spend_cap_until(now, p->reset_date);
    const str at = str_head(time_format_rfc3339(v->until, block), 10);
    if (v->until != 0) {
        snprintf(text, sizeof text,
                 "the spending limit set at X is reached: goes on on " STR_FMT
                 ", or raise it in X's developer console",
                 STR_ARG(at));
    } else {
        snprintf(text, sizeof text,
                 "the spending limit set at X is reached: raise it in X's "
                 "developer console");
    }
    say(v, p, text);
}

static void cap_trouble(usec now, const struct problem *p, struct x_verdict *v) {
    char text[WHY_BYTES], block[TIME_TEXT_BYTES];
    v->state = SOURCE_USAGE_CAP;
    v->account = true;
    v->until = usage_cap_until(now, p->period);
    if (v->until == 0) {
        say(v, p,
            "X's cap of posts for this account is used up: look at it in X's developer "
            "console");
        return;
    }
    snprintf(text, sizeof text,
             "X's " STR_FMT " cap of posts is used up: goes on at " STR_FMT " UTC",
             STR_ARG(str_head(p->period, 10)),
             STR_ARG(str_head(time_format_rfc3339(v->until, block), 16)));
    say(v, p, text);
}

static void connection_trouble(const struct problem *p, struct x_verdict *v) {
    v->again = true;
    if (str_eq(p->issue, STR("ProvisioningSubscription"))) {
        v->state = SOURCE_RETRYING;
        say(v, p, "X is still setting up the stream: trying again");
    } else if (str_starts(p->issue, STR("Rule"))) {
        v->state = SOURCE_CONFIG;
        say(v, p, "X does not take the stream's rules: look at sources' authors and query");
    } else {
        v->state = SOURCE_CONNECTIONS;
        say(v, p,
            "too many streams of this X account are open: close the other one (another "
            "program with the same token?)");
    }
}

/* 4xx that nothing above explains. */
static void refusal(usec now, const struct http_answer *a, const struct problem *p,
                    struct x_verdict *v) {
    if (a->status == 429) {
        v->state = SOURCE_LIMITED;
        v->again = true;
        v->until = limit_until(now, a);
        say(v, NULL, "X's rate limit is used up: goes on when its window ends");
    } else if (a->status == 408 || (a->status == 403 && !p->json)) {
        v->state = SOURCE_RETRYING;
        v->again = true;
        say(v, NULL,
            a->status == 408 ? "X did not get the request in time: trying again"
                             : "403 without a word of X's: a firewall or proxy may be between. "
                               "Trying again");
    } else if (a->status == 409) {
        v->state = SOURCE_CONFIG;
        v->again = true;
        say(v, p,
            "X says that this conflicts with what it has (a stream without rules?): trying "
            "again");
    } else if (a->status == 403 || str_eq(p->type, STR("client-forbidden")) ||
               str_starts(p->type, STR("not-authorized"))) {
        v->state = SOURCE_FORBIDDEN;
        say(v, p,
            "X does not let this app do that: look at the app's project and access in X's "
            "developer console");
    } else if (a->status == 404) {
        v->state = SOURCE_CONFIG;
        say(v, p, "X knows no such address: look at the configured address of X's API");
    } else {
        v->state = SOURCE_CONFIG;
        say(v, p,
            "X does not understand the request: look at the source's authors, query and "
            "filter");
    }
}

static void sort_refusal(usec now, const struct http_answer *a, const struct problem *p,
                         struct x_verdict *v) {
    if (is_usage_cap(p)) {
        cap_trouble(now, p, v);
    } else if (is_spend_cap(p) || is_credits(p, a->status)) {
        money_trouble(now, p, v);
    } else if (is_connection(p)) {
        connection_trouble(p, v);
    } else if (is_token(p, a->status)) {
        v->state = SOURCE_TOKEN;
        v->account = true;
        say(v, p,
            "X does not take the token: it is wrong or was revoked. Put a new one into the "
            "token's file and restart");
    } else {
        refusal(now, a, p, v);
    }
}

void x_verdict_of(usec now, const struct http_answer *a, struct x_verdict *ret) {
    char block[TROUBLE_ARENA_BYTES], text[WHY_BYTES];
    struct arena scratch;
    *ret = (struct x_verdict){0};
    if (a->end == HTTP_ANSWERED && a->status >= 200 && a->status < 300) {
        ret->fine = true;
        ret->state = SOURCE_LIVE;
        return;
    }
    ret->state = SOURCE_RETRYING;
    ret->again = true;
    if (a->end != HTTP_ANSWERED) {
        const struct problem line = {.detail = str_from_z(a->why)};
        say(ret, &line,
            a->end == HTTP_NOT_SENT ? "X cannot be reached: trying again"
                                    : "X's answer was lost: trying again");
        return;
    }
    if (a->status < 400 || a->status >= 500) {
        snprintf(text, sizeof text,
                 a->status >= 500 && a->status < 600
                     ? "X is in trouble (%d): trying again"
                     : "an answer that is not X's (%d; a proxy between?): trying again",
                 a->status);
        say(ret, NULL, text);
        return;
    }
    arena_init(&scratch, block, sizeof block);
    const struct problem p = problem_of(&scratch, a->body);
    ret->again = false;
    sort_refusal(now, a, &p, ret);
}
