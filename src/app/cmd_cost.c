/* cmd_cost: `bullfinch cost`: what posts cost this month, what that will come to, and what was had
 * for it (run/bill.h), as text or JSON. Reads only, also while a trader runs. Thread: the main one.
 */
#include "app/cmds.h"

#include <inttypes.h>
#include <unistd.h>

#include <jansson.h>

#include "app/table.h"
#include "run/bill.h"

#define OUT_BYTES (16 << 20)

static const struct column line_columns[] = {{"feed", "SOURCE", COLUMN_TEXT, 0},
                                             {"resource", "OF", COLUMN_TEXT, 0},
                                             {"returned", "CAME", COLUMN_NUMBER, 0},
                                             {"billed", "BILLED", COLUMN_NUMBER, 0},
                                             {"amount", "DOLLARS", COLUMN_AMOUNT, 0}};
static const struct column yield_columns[] = {{"source", "POSTS OF", COLUMN_TEXT, 0},
                                              {"amount", "DOLLARS", COLUMN_AMOUNT, 0},
                                              {"traded", "SIGNALS TRADED", COLUMN_NUMBER, 0},
                                              {"per_signal", "FOR EACH", COLUMN_AMOUNT, 0}};
static const struct column day_columns[] = {{"day", "DAY", COLUMN_TEXT, 0},
                                            {"returned", "CAME", COLUMN_NUMBER, 0},
                                            {"post", "POSTS BILLED", COLUMN_NUMBER, 0},
                                            {"event", "EVENTS", COLUMN_NUMBER, 0},
                                            {"user", "USERS", COLUMN_NUMBER, 0},
                                            {"amount", "DOLLARS", COLUMN_AMOUNT, 0},
                                            {"reported", "X COUNTS", COLUMN_NUMBER, 0}};

/* "$4.52": two decimals, or as many more as it has. */
static void put_dollars(struct buf *out, money m) {
    char block[AMOUNT_TEXT_BYTES];
    const str text = amount_format_e8(money_e8(m), block);
    const ptrdiff_t point = str_find_byte(text, '.');
    buf_printf(out, "$" STR_FMT, STR_ARG(text));
    if (point < 0) buf_put(out, STR(".00"));
    if (point >= 0 && text.n - point == 2) buf_put_byte(out, '0');
}

/* To a hundredth: what is a guess is not told to the last digit. */
static void put_about(struct buf *out, money m) {
    const int64_t cents = (money_e8(m) + E8 / 200) / (E8 / 100);
    put_dollars(out, money_from_e8(cents * (E8 / 100)));
}

static void put_summary(struct buf *out, const struct bill *b) {
    const struct cost_view *v = &b->view;
    char block[TIME_TEXT_BYTES];
    const str month = str_head(time_format_rfc3339(b->month_begin, block), 7);
    buf_printf(out, STR_FMT ": ", STR_ARG(month));
    put_dollars(out, v->spent);
    buf_put(out, STR(" of "));
    put_dollars(out, v->budget);
    buf_put(out, STR(" spent (x.monthly_budget), "));
    put_dollars(out, v->today);
    buf_put(out, STR(" of it today.\nAt the pace of the last 7 days it will be about "));
    put_about(out, v->projected);
    buf_put(out, money_cmp(v->projected, v->budget) > 0
                     ? STR(" at the month's end, if there were no budget.\n")
                     : STR(" at the month's end.\n"));
    if (v->level == COST_FULL) return;
    buf_put(out,
            v->level == COST_NARROW
                ? STR("Little may be spent now: sources ask for less.\n")
                : STR("Nothing may be spent now: sources that cost wait until there is more.\n"));
}

static void put_counts(struct buf *out, const struct bill *b) {
    const struct bill_compared c = b->compared;
    if (c.days == 0) {
        buf_put(out, STR("X has not been asked for its own count this month.\n"));
        return;
    }
    char block[TIME_TEXT_BYTES];
    buf_printf(out, "X's own count is %" PRId64 " post%s on %d day%s of this month", c.x,
               c.x == 1 ? "" : "s", c.days, c.days == 1 ? "" : "s");
    if (c.asked_at > 0)
        buf_printf(out, ", asked for at " STR_FMT " UTC; counted here by then: %" PRId64 ".\n",
                   STR_ARG(str_head(time_format_rfc3339(c.asked_at, block), 16)), c.ours);
    else
        buf_printf(out, "; counted here on the same: %" PRId64 ".\n", c.ours);
    if (c.lost > 0)
        buf_printf(out,
                   "%" PRId64 " that X counts did not arrive, and count as spent all the same.\n",
                   c.lost);
}

static void put_tables(struct buf *out, const struct bill *b) {
    const bool color = terminal_has_color(STDOUT_FILENO);
    json_t *lines = bill_lines_json(b), *yields = bill_yields_json(b), *days = bill_days_json(b);
    if (b->days > 0) {
        buf_put_byte(out, '\n');
        table_put(out, days, day_columns, (int)COUNT_OF(day_columns), color);
    } else if (b->line_count > 0) {
        buf_put_byte(out, '\n');
        table_put(out, lines, line_columns, (int)COUNT_OF(line_columns), color);
        buf_put_byte(out, '\n');
        table_put(out, yields, yield_columns, (int)COUNT_OF(yield_columns), color);
    }
    json_decref(lines);
    json_decref(yields);
    json_decref(days);
}

static void put_text(struct buf *out, const struct bill *b) {
    if (!b->ever) {
        buf_put(out, STR("Nothing was ever billed for posts in this store.\n"));
        return;
    }
    put_summary(out, b);
    put_counts(out, b);
    put_tables(out, b);
}

static bool read_bill(struct app *app, int days, struct bill *ret, struct error *err) {
    const struct cost_options opt = bill_options(&app->cfg);
    struct store *s;
    if (!app_store_open(app, STORE_READ, false, &s, err)) return false;
    const bool ok = bill_read(s, &app->boot, &opt, time_wall_us(), days, ret, err);
    store_close(s);
    return ok;
}

static exit_status cost_run(struct app *app, const struct args *args) {
    struct bill b;
    struct error err;
    struct buf out;
    int64_t days;
    if (!args_get_i64(args, "days", 0, 1, BILL_DAYS_MAX, &days, &err) ||
        !read_bill(app, (int)days, &b, &err))
        return app_fail(&err);
    buf_init(&out, OUT_BYTES);
    if (app->json) {
        bill_put_json(&b, &out);
        buf_put_byte(&out, '\n');
    } else {
        put_text(&out, &b);
    }
    const bool ok = app_print(&out, &err);
    buf_fini(&out);
    return ok ? EXIT_DONE : app_fail(&err);
}

static const struct opt cost_opts[] = {
    {"days", "N", "One row for each of the last N days, in place of one for each source."}, {0}};

const struct cmd cmd_cost = {
    .group = "Looking",
    .name = "cost",
    .pos = "",
    .brief = "Show what posts cost this month, and what was had for it.",
    .about =
        "X bills each post that it returns, once a day (UTC); x.monthly_budget is what a month may "
        "cost. Shown are what was spent, today and since the month began, what that comes to at "
        "its end at the pace of the last seven days, each source's share, and what one traded "
        "signal cost. X's own count is asked for now and then; where it is higher than ours it "
        "is the one that counts.",
    .opts = cost_opts,
    .needs_config = true,
    .run = cost_run};
