/* x_face_bill: what X takes for what it gives.
 *
 * In: each resource that an answer or a stream carries. Out: the bill. A resource counts once in a
 * UTC day; a call that fails costs nothing. Credits are prepaid: where they are used up, what costs
 * is refused (402), as it is where the spending cap (403) or the cap of posts (429) of the month is
 * reached. Usage is told as X tells it. The owner of a simulated account tops it up. */
#include "sim/x_face_int.h"

#include <stdio.h>

#include "sim/sim_int.h"

#define USAGE_DAYS_MAX 90
#define CAP_DOCUMENTED INT64_C(3000000)

/* year * 12 + month - 1 */
static int64_t month_of(usec at) {
    char block[TIME_TEXT_BYTES];
    const str t = time_format_rfc3339(at, block);
    int64_t year = 0, month = 1;
    IGNORE(!str_to_i64(str_head(t, 4), &year), "four digits");
    IGNORE(!str_to_i64(str_head(str_tail(t, 5), 2), &month), "two digits");
    return year * 12 + month - 1;
}

/* When the month after that of `at` begins. */
static usec month_end(usec at) {
    const int64_t next = month_of(at) + 1;
    char text[40];
    usec ret = at;
    snprintf(text, sizeof text, "%04d-%02d-01T00:00:00Z", (int)(next / 12), (int)(next % 12) + 1);
    IGNORE(!time_parse_rfc3339(str_from_z(text), &ret), "it is a time");
    return ret;
}

void x_bill_init(struct x_face *x) {
    struct x_bill *b = &x->bill;
    b->credits = x->opt.credits;
    b->month = month_of(x->now);
    b->days[b->day_count++].day = time_utc_day(x->now);
}

void x_bill_fini(struct x_face *x) {
    for (int r = 0; r < RESOURCE_COUNT; r++) x_map_fini(&x->bill.seen[r]);
}

void x_bill_day(struct x_face *x) {
    struct x_bill *b = &x->bill;
    const int64_t today = time_utc_day(x->now);
    if (b->day_count == 0 || b->days[b->day_count - 1].day == today) return;
    if (b->day_count == X_DAYS_MAX) {
        memmove(b->days, b->days + 1, (X_DAYS_MAX - 1) * sizeof *b->days);
        b->day_count--;
    }
    b->days[b->day_count++] = (struct x_day){.day = today};
    for (int r = 0; r < RESOURCE_COUNT; r++) x_map_clear(&b->seen[r]);
    if (month_of(x->now) == b->month) return;
    b->month = month_of(x->now);
    b->month_amount = money_from_e8(0);
    b->month_posts = 0;
}

static bool has_end(const struct x_face *x) { return money_e8(x->opt.credits) >= 0; }

void x_bill_one(struct x_face *x, resource r, int64_t id) {
    struct x_bill *b = &x->bill;
    const money each = x->opt.price[r];
    if (!x_map_put(&b->seen[r], id, 1)) return;
    b->days[b->day_count - 1].billed[r]++;
    b->amount = money_plus(b->amount, each);
    b->month_amount = money_plus(b->month_amount, each);
    if (r != RESOURCE_USER) b->month_posts++;
    if (has_end(x)) b->credits = money_minus(b->credits, each);
}

/* --- what there is no money for ----------------------------------------------------------------
 */

static bool credits_out(const struct x_face *x) {
    return has_end(x) && money_e8(x->bill.credits) <= 0;
}

static bool cap_reached(const struct x_face *x) {
    return money_e8(x->opt.spend_cap) > 0 && money_cmp(x->bill.month_amount, x->opt.spend_cap) >= 0;
}

static bool usage_capped(const struct x_face *x) {
    return x->opt.usage_cap > 0 && x->bill.month_posts >= x->opt.usage_cap;
}

bool x_bill_broke(const struct x_face *x) {
    return credits_out(x) || cap_reached(x) || usage_capped(x);
}

bool x_refuse_credits(struct x_call *c) {
    c->ret->status = 402;
    buf_clear(c->out);
    buf_put(c->out,
            STR("{\"title\":\"CreditsDepleted\",\"detail\":\"Your enrolled account [1] does not "
                "have any credits to fulfill this request.\","
                "\"type\":\"https://api.x.com/2/problems/credits\",\"account_id\":1}"));
    return false;
}

bool x_refuse_spend_cap(struct x_call *c) {
    char block[TIME_TEXT_BYTES];
    c->ret->status = 403;
    buf_clear(c->out);
    buf_put(c->out, STR("{\"title\":\"SpendCapReached\",\"detail\":\"Your enrolled account [1] has "
                        "reached its billing cycle spend cap.\",\"account_id\":1"));
    sim_put_key(c->out, "reset_date");
    buf_put_byte(c->out, '"');
    buf_put(c->out, str_head(time_format_rfc3339(month_end(c->x->now), block), 10));
    buf_put(c->out, STR("\",\"type\":\"https://api.x.com/2/problems/credits\"}"));
    return false;
}

bool x_refuse_usage_cap(struct x_call *c) {
    IGNORE(x_refuse(c, 429, "usage-capped", "UsageCapExceeded",
                    "Usage cap exceeded: Monthly product cap"),
           "more follows");
    c->out->len--;
    sim_put_text(c->out, "period", "Monthly");
    sim_put_text(c->out, "scope", "Product");
    sim_put_int(c->out, "account_id", 1);
    buf_put(c->out, STR("}"));
    return false;
}

bool x_bill_may(struct x_call *c) {
    if (credits_out(c->x)) return x_refuse_credits(c);
    if (cap_reached(c->x)) return x_refuse_spend_cap(c);
    if (usage_capped(c->x)) return x_refuse_usage_cap(c);
    return true;
}

/* --- usage -------------------------------------------------------------------------------------
 */

static int64_t posts_of(const struct x_day *d) {
    return d->billed[RESOURCE_POST] + d->billed[RESOURCE_EVENT];
}

static void put_days(struct x_call *c, int64_t days) {
    const struct x_bill *b = &c->x->bill;
    const int64_t today = time_utc_day(c->x->now);
    bool any = false;
    buf_put(c->out, STR("["));
    for (int i = 0; i < b->day_count; i++) {
        if (b->days[i].day <= today - days) continue;
        if (any) buf_put(c->out, STR(","));
        any = true;
        buf_put(c->out, STR("{\"date\":"));
        x_put_time(c->out, b->days[i].day * USEC_PER_DAY);
        buf_printf(c->out, ",\"usage\":\"%lld\"}", (long long)posts_of(&b->days[i]));
    }
    buf_put(c->out, STR("]"));
}

void x_do_usage(struct x_call *c) {
    int64_t days = 7;
    str fields;
    IGNORE(x_param(c, "usage.fields", &fields), "all are given");
    if (!x_param_i64(c, "days", 1, USAGE_DAYS_MAX, &days) || !x_params_done(c)) return;
    const int64_t left = (month_end(c->x->now) - c->x->now) / USEC_PER_DAY;
    buf_printf(
        c->out,
        "{\"data\":{\"cap_reset_day\":%lld,\"project_id\":\"1\",\"project_cap\":\"%lld\","
        "\"project_usage\":\"%lld\",\"daily_project_usage\":{\"project_id\":\"1\",\"usage\":",
        (long long)left,
        (long long)(c->x->opt.usage_cap > 0 ? c->x->opt.usage_cap : CAP_DOCUMENTED),
        (long long)c->x->bill.month_posts);
    put_days(c, days);
    buf_put(c->out, STR("},\"daily_client_app_usage\":[{\"client_app_id\":\"1\",\"usage\":"));
    put_days(c, days);
    buf_put(c->out, STR("}]}}"));
}

void x_do_credits(struct x_call *c) {
    if (!x_params_done(c)) return;
    buf_put(c->out, STR("{\"data\":{\"total_balance\":"));
    buf_put_e8(c->out, has_end(c->x) ? i64_max(0, money_e8(c->x->bill.credits)) : 1000000 * E8);
    buf_put(c->out, STR("}}"));
}

/* --- the truth ---------------------------------------------------------------------------------
 */

int64_t x_face_billed(const struct x_face *x, int64_t day, resource r) {
    for (int i = 0; i < x->bill.day_count; i++)
        if (x->bill.days[i].day == day) return x->bill.days[i].billed[r];
    return 0;
}

money x_face_bill(const struct x_face *x) { return x->bill.amount; }

void x_face_top_up(struct x_face *x, money dollars) {
    x->bill.credits = money_plus(x->bill.credits, dollars);
}
