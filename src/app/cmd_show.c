/* cmd_show: what the store holds, as tables for people or JSON for programs.
 *
 * Reads only, from a connection of its own, also while a trader runs. A table shows the columns
 * that people look for, JSON all of them. */
#include "app/cmds.h"

#include <stdio.h>
#include <unistd.h>

#include "app/table.h"

#define OUT_BYTES (256 << 20)
#define LIMIT_MAX 1000000

static const struct column trade_columns[] = {{"id", "ID", COLUMN_NUMBER, 0},
                                              {"created_at", "OPENED", COLUMN_TIME, 0},
                                              {"symbol", "SYMBOL", COLUMN_TEXT, 0},
                                              {"side", "SIDE", COLUMN_TEXT, 0},
                                              {"quantity", "QUANTITY", COLUMN_AMOUNT, 0},
                                              {"entry_price", "ENTRY", COLUMN_AMOUNT, 0},
                                              {"stop_loss", "STOP", COLUMN_AMOUNT, 0},
                                              {"take_profit", "TARGET", COLUMN_AMOUNT, 0},
                                              {"status", "STATUS", COLUMN_TEXT, 0},
                                              {"closed_reason", "WHY", COLUMN_TEXT, 0},
                                              {"pnl", "PROFIT", COLUMN_PROFIT, 0},
                                              {"fees", "FEES", COLUMN_AMOUNT, 0},
                                              {"closed_at", "CLOSED", COLUMN_TIME, 0},
                                              {"author", "AUTHOR", COLUMN_TEXT, 24}};
static const struct column position_columns[] = {
    {"symbol", "SYMBOL", COLUMN_TEXT, 0},       {"size", "SIZE", COLUMN_AMOUNT, 0},
    {"avg_entry", "ENTRY", COLUMN_AMOUNT, 0},   {"unrealized_pnl", "PROFIT", COLUMN_PROFIT, 0},
    {"leverage", "LEVERAGE", COLUMN_NUMBER, 0}, {"updated_at", "AT", COLUMN_TIME, 0},
    {"trade_id", "TRADE", COLUMN_NUMBER, 0}};
static const struct column order_columns[] = {
    {"id", "ID", COLUMN_NUMBER, 0},
    {"created_at", "MADE", COLUMN_TIME, 0},
    {"trade_id", "TRADE", COLUMN_NUMBER, 0},
    {"leg", "LEG", COLUMN_TEXT, 0},
    {"symbol", "SYMBOL", COLUMN_TEXT, 0},
    {"side", "SIDE", COLUMN_TEXT, 0},
    {"type", "TYPE", COLUMN_TEXT, 0},
    {"quantity", "QUANTITY", COLUMN_AMOUNT, 0},
    {"price", "LIMIT", COLUMN_AMOUNT, 0},
    {"stop_price", "TRIGGER", COLUMN_AMOUNT, 0},
    {"filled_quantity", "FILLED", COLUMN_AMOUNT, 0},
    {"status", "STATUS", COLUMN_TEXT, 0},
    {"client_order_id", "CLIENT ORDER ID", COLUMN_TEXT, 0}};
static const struct column fill_columns[] = {{"id", "ID", COLUMN_NUMBER, 0},
                                             {"filled_at", "AT", COLUMN_TIME, 0},
                                             {"trade_id", "TRADE", COLUMN_NUMBER, 0},
                                             {"leg", "LEG", COLUMN_TEXT, 0},
                                             {"symbol", "SYMBOL", COLUMN_TEXT, 0},
                                             {"side", "SIDE", COLUMN_TEXT, 0},
                                             {"quantity", "QUANTITY", COLUMN_AMOUNT, 0},
                                             {"price", "PRICE", COLUMN_AMOUNT, 0},
                                             {"fee", "FEE", COLUMN_AMOUNT, 0},
                                             {"fee_asset", "IN", COLUMN_TEXT, 0}};
static const struct column signal_columns[] = {{"id", "ID", COLUMN_NUMBER, 0},
                                               {"created_at", "AT", COLUMN_TIME, 0},
                                               {"symbol", "SYMBOL", COLUMN_TEXT, 0},
                                               {"side", "SIDE", COLUMN_TEXT, 0},
                                               {"score", "SCORE", COLUMN_NUMBER, 0},
                                               {"base_score", "BASE", COLUMN_NUMBER, 0},
                                               {"verdict", "VERDICT", COLUMN_TEXT, 0},
                                               {"reason", "WHY", COLUMN_TEXT, 0},
                                               {"departures", "DEPARTS", COLUMN_TEXT, 0},
                                               {"author", "AUTHOR", COLUMN_TEXT, 28},
                                               {"tweet_id", "POST", COLUMN_TEXT, 0}};
static const struct column post_columns[] = {{"id", "ID", COLUMN_TEXT, 0},
                                             {"created_at", "AT", COLUMN_TIME, 0},
                                             {"author", "AUTHOR", COLUMN_TEXT, 20, "author_id"},
                                             {"sentiment_score", "SENTIMENT", COLUMN_NUMBER, 0},
                                             {"signal_score", "SCORE", COLUMN_NUMBER, 0},
                                             {"outcome", "OUTCOME", COLUMN_TEXT, 0},
                                             {"text", "TEXT", COLUMN_TEXT, 72}};
/* Only where some were: who has no live source is spared a column of "no". */
static const struct column missed_post_columns[] = {
    {"id", "ID", COLUMN_TEXT, 0},
    {"created_at", "AT", COLUMN_TIME, 0},
    {"missed", "MISSED", COLUMN_TEXT, 0},
    {"author", "AUTHOR", COLUMN_TEXT, 20, "author_id"},
    {"sentiment_score", "SENTIMENT", COLUMN_NUMBER, 0},
    {"signal_score", "SCORE", COLUMN_NUMBER, 0},
    {"outcome", "OUTCOME", COLUMN_TEXT, 0},
    {"text", "TEXT", COLUMN_TEXT, 72}};
static const struct column source_columns[] = {{"feed", "SOURCE", COLUMN_TEXT, 0},
                                               {"state", "STATE", COLUMN_TEXT, 0},
                                               {"until", "UNTIL", COLUMN_TIME, 0},
                                               {"posts_today", "POSTS TODAY", COLUMN_NUMBER, 0},
                                               {"last_post_at", "LAST POST", COLUMN_TIME, 0},
                                               {"blind_s", "BLIND TODAY, S", COLUMN_AMOUNT, 0},
                                               {"spent_today", "TODAY, $", COLUMN_AMOUNT, 0},
                                               {"why", "WHY", COLUMN_TEXT, 0}};
static const struct column gap_columns[] = {
    {"id", "ID", COLUMN_NUMBER, 0},           {"source", "SOURCE", COLUMN_TEXT, 0},
    {"from_at", "FROM", COLUMN_TIME, 0},      {"until_at", "UNTIL", COLUMN_TIME, 0},
    {"seconds", "SECONDS", COLUMN_AMOUNT, 0}, {"state", "STATE", COLUMN_TEXT, 0},
    {"posts", "FETCHED", COLUMN_NUMBER, 0},   {"what", "WHY", COLUMN_TEXT, 60}};
static const struct column alert_columns[] = {
    {"id", "ID", COLUMN_NUMBER, 0},      {"at", "AT", COLUMN_TIME, 0},
    {"level", "LEVEL", COLUMN_TEXT, 0},  {"source", "SOURCE", COLUMN_TEXT, 0},
    {"state", "STATE", COLUMN_TEXT, 0},  {"until_at", "UNTIL", COLUMN_TIME, 0},
    {"over_at", "OVER", COLUMN_TIME, 0}, {"what", "WHAT", COLUMN_TEXT, 0}};
static const struct column worker_columns[] = {{"name", "NAME", COLUMN_TEXT, 48},
                                               {"health", "IS", COLUMN_TEXT, 0},
                                               {"state", "STATE", COLUMN_TEXT, 0},
                                               {"task", "AT WORK ON", COLUMN_TEXT, 40},
                                               {"task_since", "SINCE", COLUMN_TIME, 0},
                                               {"done", "DONE", COLUMN_NUMBER, 0},
                                               {"per_minute", "A MINUTE", COLUMN_NUMBER, 0},
                                               {"failed", "FAILED", COLUMN_NUMBER, 0},
                                               {"memory_mib", "MIB", COLUMN_NUMBER, 0},
                                               {"started_at", "STARTED", COLUMN_TIME, 0},
                                               {"seen_at", "SEEN", COLUMN_TIME, 0}};
static const struct column command_columns[] = {
    {"id", "ID", COLUMN_NUMBER, 0},        {"at", "AT", COLUMN_TIME, 0},
    {"actor", "WHO", COLUMN_TEXT, 24},     {"verb", "WHAT", COLUMN_TEXT, 0},
    {"target", "ON", COLUMN_NUMBER, 0},    {"status", "STATUS", COLUMN_TEXT, 0},
    {"result", "RESULT", COLUMN_TEXT, 60}, {"reason", "REASON", COLUMN_TEXT, 40}};
static const struct column audit_columns[] = {
    {"id", "ID", COLUMN_NUMBER, 0},       {"at", "AT", COLUMN_TIME, 0},
    {"actor", "WHO", COLUMN_TEXT, 24},    {"action", "DID", COLUMN_TEXT, 0},
    {"entity", "TO", COLUMN_TEXT, 0},     {"entity_id", "ID", COLUMN_NUMBER, 0},
    {"detail", "DETAIL", COLUMN_TEXT, 80}};
static const struct column author_columns[] = {{"key", "AUTHOR", COLUMN_TEXT, 28},
                                               {"username", "NAME", COLUMN_TEXT, 20},
                                               {"posts", "POSTS", COLUMN_NUMBER, 0},
                                               {"signals", "SIGNALS", COLUMN_NUMBER, 0},
                                               {"hits", "HITS", COLUMN_NUMBER, 0},
                                               {"recent", "OF", COLUMN_NUMBER, 0},
                                               {"mean_return", "MEAN RETURN", COLUMN_PROFIT, 0},
                                               {"dropped", "DROPPED", COLUMN_NUMBER, 0},
                                               {"weight", "WEIGHT", COLUMN_NUMBER, 0}};
static const struct column equity_columns[] = {{"at", "AT", COLUMN_TIME, 0},
                                               {"equity", "EQUITY", COLUMN_AMOUNT, 0},
                                               {"cash", "CASH", COLUMN_AMOUNT, 0},
                                               {"unrealized", "UNREALIZED", COLUMN_PROFIT, 0},
                                               {"drawdown", "DRAWDOWN", COLUMN_NUMBER, 0}};

struct view {
    const char *name;
    show_kind kind;
    const struct column *columns; /* NULL: plain lines */
    int count;
    const char *statuses; /* that there are, as words; NULL: any text, "": there is none */
};
#define VIEW(name, kind, columns, statuses)                                                        \
    { name, kind, columns, (int)COUNT_OF(columns), statuses }
static const struct view views[] = {
    VIEW("trades", SHOW_TRADES, trade_columns, "OPEN CLOSED CANCELLED"),
    VIEW("positions", SHOW_POSITIONS, position_columns, ""),
    VIEW("orders", SHOW_ORDERS, order_columns,
         "new sent unknown pending open part filled rejected expired canceled absent"),
    VIEW("fills", SHOW_FILLS, fill_columns, "entry stop target exit"),
    VIEW("signals", SHOW_SIGNALS, signal_columns, "waiting traded refused"),
    VIEW("posts", SHOW_POSTS, post_columns, NULL),
    VIEW("sources", SHOW_SOURCES, source_columns,
         "starting live retrying broken limited connections usage_cap credits spend_cap budget "
         "token forbidden config ended"),
    VIEW("gaps", SHOW_GAPS, gap_columns, "open closed filled lost"),
    VIEW("alerts", SHOW_ALERTS, alert_columns,
         "live retrying broken limited connections usage_cap credits spend_cap budget token "
         "forbidden config growing calm"),
    VIEW("workers", SHOW_WORKERS, worker_columns, "run ingest analyze trade serve"),
    VIEW("commands", SHOW_COMMANDS, command_columns, "pending done failed"),
    VIEW("audit", SHOW_AUDIT, audit_columns, NULL),
    VIEW("authors", SHOW_AUTHORS, author_columns, ""),
    VIEW("equity", SHOW_EQUITY, equity_columns, ""),
    {"ledger", SHOW_LEDGER, NULL, 0, ""}};

static bool view_of(str name, const struct view **ret, struct error *err) {
    const struct view *near = NULL;
    int least = 3;
    for (ptrdiff_t i = 0; i < COUNT_OF(views); i++) {
        const int d = edit_distance(str_from_z(views[i].name), name);
        if (d < least) near = &views[i];
        if (d < least) least = d;
    }
    if (near && least == 0) {
        *ret = near;
        return true;
    }
    if (near)
        return fail(err, ERR_USAGE, 0, "show: no table \"" STR_FMT "\"; did you mean %s?",
                    STR_ARG(name), near->name);
    return fail(err, ERR_USAGE, 0,
                "show: no table \"" STR_FMT "\"; there are trades, positions, orders, fills, "
                "signals, posts, authors, sources, gaps, alerts, workers, commands, audit, equity "
                "and ledger",
                STR_ARG(name));
}

static bool same_but_case(str a, str b) {
    for (ptrdiff_t i = 0; i < a.n && i < b.n; i++)
        if ((a.p[i] | 0x20) != (b.p[i] | 0x20)) return false; /* letters alone stand in one */
    return a.n == b.n;
}

static bool check_status(const struct view *v, str status, struct error *err) {
    if (status.n == 0 || !v->statuses) return true;
    str rest = str_from_z(v->statuses), word;
    while (rest.n > 0 && str_cut(&rest, ' ', &word))
        if (same_but_case(word, status)) return true;
    if (!*v->statuses) return fail(err, ERR_USAGE, 0, "show: %s have no status", v->name);
    return fail(err, ERR_USAGE, 0, "show: no status \"" STR_FMT "\" of %s; there are %s",
                STR_ARG(status), v->name, v->statuses);
}

/* Pairs are written in capitals. */
static str in_capitals(struct arena *a, str s) {
    char *p = str_dupz(a, s);
    for (ptrdiff_t i = 0; i < s.n; i++)
        if (p[i] >= 'a' && p[i] <= 'z') p[i] = (char)(p[i] - 'a' + 'A');
    return str_from_z(p);
}

/* A deleted post has no text any more: said in its place. */
static void mark_deleted(json_t *rows) {
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        if (json_is_string(json_object_get(row, "deleted_at")))
            json_object_set_new(row, "text", json_string("(deleted)"));
    }
}

/* Bytes are for programs. */
static void put_mib(json_t *rows) {
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        const json_t *const bytes = json_object_get(row, "memory");
        if (json_is_integer(bytes))
            json_object_set_new(row, "memory_mib",
                                json_integer((json_integer_value(bytes) + 524288) >> 20));
    }
}

static bool any_missed(const json_t *rows) {
    size_t i;
    const json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        if (json_is_true(json_object_get(row, "missed"))) return true;
    }
    return false;
}

static bool put_table(const struct view *v, const struct buf *json, struct buf *out,
                      struct error *err) {
    json_error_t why;
    json_t *rows = json_loadb(json->p, (size_t)json->len, 0, &why);
    if (!rows) return fail(err, ERR_DAMAGED, 0, "the store's JSON: %s", why.text);
    const bool color = terminal_has_color(STDOUT_FILENO);
    if (v->kind == SHOW_POSTS) mark_deleted(rows);
    if (v->kind == SHOW_WORKERS) put_mib(rows);
    if (json_array_size(rows) == 0)
        buf_printf(out, "No %s.\n", v->name);
    else if (v->kind == SHOW_POSTS && any_missed(rows))
        table_put(out, rows, missed_post_columns, (int)COUNT_OF(missed_post_columns), color);
    else
        table_put(out, rows, v->columns, v->count, color);
    json_decref(rows);
    return true;
}

static bool show(struct app *app, const struct view *v, const struct show_query *q,
                 struct error *err) {
    struct store *s;
    struct buf json, out;
    if (!app_store_open(app, STORE_READ, false, &s, err)) return false;
    buf_init(&json, OUT_BYTES);
    buf_init(&out, OUT_BYTES);
    bool ok = store_show_json(s, q, &json, err);
    store_close(s);
    if (ok && buf_full(&json)) ok = fail(err, ERR_LIMIT, 0, "too much to show; use --limit");
    if (ok && !app->json && v->columns) {
        ok = put_table(v, &json, &out, err) && app_print(&out, err);
    } else if (ok) {
        if (json.len > 0 && json.p[json.len - 1] != '\n') buf_put_byte(&json, '\n');
        ok = app_print(&json, err);
    }
    buf_fini(&json);
    buf_fini(&out);
    return ok;
}

static exit_status show_run(struct app *app, const struct args *args) {
    struct error err;
    const struct view *v;
    int64_t limit, before;
    const str status = args_get(args, "status", STR(""));
    const bool ok = view_of(args->pos[0], &v, &err) && check_status(v, status, &err) &&
                    args_get_i64(args, "limit", 20, 1, LIMIT_MAX, &limit, &err) &&
                    args_get_i64(args, "before", 0, 0, INT64_MAX, &before, &err);
    if (!ok) return app_fail(&err);
    if (v->kind == SHOW_LEDGER && !args_has(args, "limit")) limit = 0; /* all of it */
    const struct show_query q = {.kind = v->kind,
                                 .before = before,
                                 .limit = (int)limit,
                                 .symbol =
                                     in_capitals(&app->boot, args_get(args, "symbol", STR(""))),
                                 .status = status,
                                 .now = time_wall_us()};
    return show(app, v, &q, &err) ? EXIT_DONE : app_fail(&err);
}

static const struct opt show_opts[] = {
    {"limit", "N", "At most so many rows, newest first; 20 if not given, of the ledger all."},
    {"before", "ID", "Only rows before this id: the next page."},
    {"symbol", "PAIR", "Only of this pair."},
    {"status", "STATUS", "Only with this status, or verdict for signals."},
    {0}};

const struct cmd cmd_show = {
    .group = "Looking",
    .name = "show",
    .pos = "TABLE",
    .brief = "Show trades, positions, orders, fills, signals, posts and more.",
    .about =
        "TABLE is one of trades, positions, orders, fills, signals, posts, authors, sources, "
        "gaps, alerts, workers, commands, audit, equity, ledger. The signals of an author are "
        "those whose "
        "outcome is "
        "known, and HITS OF are the last 100 to 200 of them. A gap is a span that a source did "
        "not see; posts that were fetched for it afterwards are MISSED. An alert is told once when "
        "a "
        "source comes into a state that somebody should know of, and once when posts come again. A "
        "day is one of UTC. With "
        "--json all columns are "
        "printed, amounts as strings; the "
        "ledger is plain lines, oldest first.",
    .opts = show_opts,
    .pos_min = 1,
    .pos_max = 1,
    .needs_config = true,
    .run = show_run,
    .words = "trades positions orders fills signals posts authors sources gaps alerts workers "
             "commands audit equity ledger"};

/* -- workers ----------------------------------------------------------------------------------- */

static exit_status workers_run(struct app *app, const struct args *args) {
    struct error err;
    const struct view *v;
    const str role = args_get(args, "role", STR(""));
    const struct show_query q = {
        .kind = SHOW_WORKERS, .limit = LIMIT_MAX, .status = role, .now = time_wall_us()};
    const bool ok =
        view_of(STR("workers"), &v, &err) && check_status(v, role, &err) && show(app, v, &q, &err);
    return ok ? EXIT_DONE : app_fail(&err);
}

static const struct opt workers_opts[] = {
    {"role", "ROLE", "Only those of this role: run, ingest, analyze, trade or serve.",
     "run ingest analyze trade serve"},
    {0}};

const struct cmd cmd_workers = {
    .group = "Looking",
    .name = "workers",
    .pos = "",
    .brief = "Show who works on the store, and what each is at.",
    .about =
        "A line for each process, or each worker of one, that was seen within a day: what it is at "
        "and since when, what it has done since its start and in the last minute, its memory, and "
        "when it was seen last. IS says how it stands: well; stopped, as it should; silent, where "
        "it said nothing for 15 seconds (it was killed, or cannot reach the store); stuck, where "
        "it is at one task for longer than that takes. show workers is the same.",
    .opts = workers_opts,
    .needs_config = true,
    .run = workers_run};
