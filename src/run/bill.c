/* bill: see the header. Read in one transaction; the sums of what a source was billed are the
 * store's, what the month came to is the governor's, which also counts what X says beyond them. */
#include "run/bill.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/json.h"
#include "base/time.h"

#define PACE_DAYS 7 /* what the governor projects from */

/* --- reading --------------------------------------------------------------------------------- */

/* Where the rows of the store go: to the governor, X's counts to the bill as well. */
struct reader {
    struct cost *governor;
    struct bill *bill;
};

static void on_day(void *ctx, int64_t day, resource r, int64_t billed, money amount) {
    const struct reader *to = ctx;
    if (day >= i64_min(to->bill->month_day, to->bill->today - PACE_DAYS + 1))
        cost_remember_day(to->governor, day, r, billed, amount);
}

static void on_report(void *ctx, int64_t day, int64_t posts) {
    const struct reader *to = ctx;
    const int64_t ago = to->bill->today - day;
    if (ago >= 0 && ago < BILL_DAYS_MAX) to->bill->reported[ago] = posts;
    cost_remember_report(to->governor, day, posts);
}

struct cost_options bill_options(const struct config *cfg) {
    struct cost_options opt = {.budget = cfg->x_monthly_budget, .posts_max = cfg->x_monthly_posts};
    opt.price[RESOURCE_POST] = cfg->x_price_post;
    opt.price[RESOURCE_EVENT] = cfg->x_price_event;
    opt.price[RESOURCE_USER] = cfg->x_price_user;
    return opt;
}

/* What is read of the store, in one. */
struct source_rows {
    struct store *s;
    struct arena *a;
    const struct cost_options *opt;
    int64_t since; /* UTC day */
};

static bool read_governor(const struct source_rows *from, struct bill *b, struct error *err) {
    struct reader to = {.governor = cost_new(from->a, from->opt), .bill = b};
    const struct cost_rows rows = {.ctx = &to, .day = on_day, .report = on_report};
    const bool ok = store_cost_rows(from->s, from->since, b->today, &rows, err);
    if (ok) cost_view(to.governor, b->now, &b->view);
    cost_close(to.governor);
    return ok;
}

static struct bill_line *line_of(struct bill *b, const struct cost_row *row) {
    for (int i = 0; i < b->line_count; i++) {
        struct bill_line *l = &b->lines[i];
        if (l->resource == row->resource && str_eq(l->feed, row->feed)) return l;
    }
    struct bill_line *l = &b->lines[b->line_count++];
    *l = (struct bill_line){.feed = row->feed, .resource = row->resource};
    return l;
}

static struct bill_yield *yield_of(struct bill *b, str source) {
    for (int i = 0; i < b->yield_count; i++)
        if (str_eq(b->yields[i].source, source)) return &b->yields[i];
    struct bill_yield *y = &b->yields[b->yield_count++];
    *y = (struct bill_yield){.source = source};
    return y;
}

/* Stops at the range's end: what a damaged store says is no bug of ours. */
static money sum(money a, money b) {
    money m;
    return money_add(a, b, &m) ? m : money_from_e8(AMOUNT_E8_MAX);
}

static void sum_month(struct arena *a, struct bill *b) {
    b->lines = NEW_ARRAY(a, struct bill_line, b->row_count);
    b->yields = NEW_ARRAY(a, struct bill_yield, b->row_count);
    for (int i = 0; i < b->row_count; i++) {
        const struct cost_row *row = &b->rows[i];
        if (row->day < b->month_day || row->day > b->today) continue;
        struct bill_line *l = line_of(b, row);
        l->returned += row->returned;
        l->billed += row->billed;
        l->amount = sum(l->amount, row->amount);
        const str source = str_tail(row->feed, str_find_byte(row->feed, ':') + 1);
        struct bill_yield *y = yield_of(b, source);
        y->amount = sum(y->amount, row->amount);
    }
}

static void on_asked(void *ctx, int64_t day, usec at, int64_t counted) {
    struct bill *b = ctx;
    const int64_t ago = b->today - day;
    if (ago < 0 || ago >= BILL_DAYS_MAX) return;
    b->asked_at[ago] = at;
    b->counted[ago] = counted;
}

/* What X says, and what had been counted here when it was asked. */
static void compare(struct bill *b) {
    struct bill_compared *c = &b->compared;
    for (int64_t day = b->month_day; day <= b->today; day++) {
        const int64_t reported = b->reported[b->today - day];
        if (reported < 0) continue;
        int64_t ours = 0;
        for (int i = 0; i < b->row_count; i++) {
            const bool counts = b->rows[i].resource != RESOURCE_USER; /* an event is a post, too */
            if (b->rows[i].day == day && counts) ours += b->rows[i].billed;
        }
        c->days++;
        c->x += reported;
        c->ours += b->counted[b->today - day] >= 0 ? b->counted[b->today - day] : ours;
        c->asked_at = i64_max(c->asked_at, b->asked_at[b->today - day]);
        c->lost += i64_max(reported - ours, 0);
    }
}

/* Rows, or reports, of whatever day. */
static bool read_ever(const struct source_rows *from, struct bill *b, struct error *err) {
    struct cost_row *all;
    int all_count;
    b->ever = b->row_count > 0 || b->compared.days > 0;
    if (b->ever) return true;
    if (!store_costs(from->s, from->a, 0, &all, &all_count, err)) return false;
    b->ever = all_count > 0;
    return true;
}

static bool read_inside(const struct source_rows *from, struct bill *b, struct error *err) {
    if (!read_governor(from, b, err) || !store_reports(from->s, from->since, b, on_asked, err) ||
        !store_costs(from->s, from->a, from->since, &b->rows, &b->row_count, err))
        return false;
    sum_month(from->a, b);
    compare(b);
    for (int i = 0; i < b->yield_count; i++) {
        struct bill_yield *y = &b->yields[i];
        if (!store_traded_signals(from->s, b->month_begin, y->source, &y->traded, err))
            return false;
    }
    return read_ever(from, b, err);
}

bool bill_read(struct store *s, struct arena *a, const struct cost_options *opt, usec now, int days,
               struct bill *ret, struct error *err) {
    PRE(days >= 0 && days <= BILL_DAYS_MAX);
    struct bill b = {.now = now, .today = time_utc_day(now), .days = days};
    usec month_end;
    time_utc_month(now, &b.month_begin, &month_end);
    b.month_day = time_utc_day(b.month_begin);
    for (int i = 0; i < BILL_DAYS_MAX; i++) b.reported[i] = b.counted[i] = -1;
    if (!store_begin(s, false, err)) return fail_in(err, "read what posts cost");
    int64_t since = i64_min(b.month_day, b.today - PACE_DAYS + 1);
    since = i64_min(since, b.today - days + 1);
    const struct source_rows from = {.s = s, .a = a, .opt = opt, .since = since};
    const bool ok = read_inside(&from, &b, err);
    store_rollback(s); /* nothing was written */
    if (!ok) return fail_in(err, "read what posts cost");
    *ret = b;
    return true;
}

/* --- figures --------------------------------------------------------------------------------- */

static const char *level_name(cost_level l) {
    switch (l) {
    case COST_FULL:
        return "full";
    case COST_NARROW:
        return "narrow";
    case COST_OUT:
        return "out";
    }
    WRONG("a level of no name");
}

static json_t *json_money(money m) {
    char block[AMOUNT_TEXT_BYTES];
    const str text = amount_format_e8(money_e8(m), block);
    return json_from_str(text);
}

static json_t *json_day(int64_t day) {
    char block[TIME_TEXT_BYTES];
    return json_from_str(str_head(time_format_rfc3339(day * USEC_PER_DAY, block), 10));
}

static json_t *json_time(usec at) {
    char block[TIME_TEXT_BYTES];
    return at == 0 ? json_null() : json_from_str(time_format_rfc3339(at, block));
}

/* Dollars for one signal; null where none was traded. */
static json_t *json_per_signal(const struct bill_yield *y) {
    money one;
    if (y->traded == 0 || !money_ratio(y->amount, 1, y->traded, ROUND_CEIL, &one))
        return json_null();
    return json_money(one);
}

json_t *bill_lines_json(const struct bill *b) {
    json_t *all = json_array();
    for (int i = 0; i < b->line_count; i++) {
        const struct bill_line *l = &b->lines[i];
        json_t *row = json_object();
        json_object_set_new(row, "feed", json_from_str(l->feed));
        json_object_set_new(row, "resource", json_string(resource_name(l->resource)));
        json_object_set_new(row, "returned", json_integer(l->returned));
        json_object_set_new(row, "billed", json_integer(l->billed));
        json_object_set_new(row, "amount", json_money(l->amount));
        json_array_append_new(all, row);
    }
    return all;
}

json_t *bill_yields_json(const struct bill *b) {
    json_t *all = json_array();
    for (int i = 0; i < b->yield_count; i++) {
        const struct bill_yield *y = &b->yields[i];
        json_t *row = json_object();
        json_object_set_new(row, "source", json_from_str(y->source));
        json_object_set_new(row, "amount", json_money(y->amount));
        json_object_set_new(row, "traded", json_integer(y->traded));
        json_object_set_new(row, "per_signal", json_per_signal(y));
        json_array_append_new(all, row);
    }
    return all;
}

static json_t *json_of_day(const struct bill *b, int64_t day) {
    int64_t billed[RESOURCE_COUNT] = {0}, returned = 0;
    money amount = {0};
    const int64_t reported = b->reported[b->today - day];
    for (int i = 0; i < b->row_count; i++) {
        const struct cost_row *row = &b->rows[i];
        if (row->day != day) continue;
        billed[row->resource] += row->billed;
        returned += row->returned;
        amount = sum(amount, row->amount);
    }
    json_t *v = json_object();
    json_object_set_new(v, "day", json_day(day));
    json_object_set_new(v, "returned", json_integer(returned));
    json_object_set_new(v, "post", json_integer(billed[RESOURCE_POST]));
    json_object_set_new(v, "event", json_integer(billed[RESOURCE_EVENT]));
    json_object_set_new(v, "user", json_integer(billed[RESOURCE_USER]));
    json_object_set_new(v, "amount", json_money(amount));
    json_object_set_new(v, "reported", reported < 0 ? json_null() : json_integer(reported));
    return v;
}

json_t *bill_days_json(const struct bill *b) {
    json_t *all = json_array();
    for (int i = 0; i < b->days; i++) json_array_append_new(all, json_of_day(b, b->today - i));
    return all;
}

static json_t *json_bill(const struct bill *b) {
    const struct cost_view *v = &b->view;
    json_t *out = json_object(), *x = json_object();
    char block[TIME_TEXT_BYTES];
    json_object_set_new(out, "month",
                        json_from_str(str_head(time_format_rfc3339(b->month_begin, block), 7)));
    json_object_set_new(out, "budget", json_money(v->budget));
    json_object_set_new(out, "spent", json_money(v->spent));
    json_object_set_new(out, "today", json_money(v->today));
    json_object_set_new(out, "projected", json_money(v->projected));
    json_object_set_new(out, "allowed", json_money(v->allowed));
    json_object_set_new(out, "level", json_string(level_name(v->level)));
    json_object_set_new(out, "posts", json_integer(v->posts));
    json_object_set_new(x, "days", json_integer(b->compared.days));
    json_object_set_new(x, "posts", json_integer(b->compared.x));
    json_object_set_new(x, "ours", json_integer(b->compared.ours));
    json_object_set_new(x, "asked_at", json_time(b->compared.asked_at));
    json_object_set_new(x, "lost", json_integer(b->compared.lost));
    json_object_set_new(out, "reported", x);
    json_object_set_new(out, "sources", bill_lines_json(b));
    json_object_set_new(out, "signals", bill_yields_json(b));
    if (b->days > 0) json_object_set_new(out, "days", bill_days_json(b));
    return out;
}

void bill_put_json(const struct bill *b, struct buf *out) {
    json_t *all = json_bill(b);
    char *text = json_dumps(all, JSON_COMPACT);
    PRE(text != NULL); /* what is ours is UTF-8 */
    buf_put(out, str_from_z(text));
    free(text);
    json_decref(all);
}
