/* cmd_prune: `bullfinch db prune`: what the housekeeper does once an hour, now and for people.
 *
 * It first looks at all tables and says what would go; without --dry-run it then does it, in small
 * transactions, beside a trader that runs. Where none runs and much of the file is free then, the
 * file is written anew, which gives the space back; else it is used again. Failure: what was
 * removed before it stays removed, and the next call goes on. Thread: the main one. */
#include "app/cmds.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "app/signals.h"
#include "app/table.h"
#include "run/keep.h"
#include "run/now.h"

#define OUT_BYTES (1 << 20)
#define DAYS_MOST 36500
#define ROOM_LEAST (1 << 20) /* bytes, and a quarter of the file: worth writing it anew */

static const struct column columns[] = {
    {"table", "TABLE", COLUMN_TEXT, 0},   {"kept", "KEPT", COLUMN_TEXT, 0},
    {"rows", "ROWS", COLUMN_NUMBER, 0},   {"gone", "GO", COLUMN_NUMBER, 0},
    {"bytes", "BYTES", COLUMN_NUMBER, 0}, {"oldest", "OLDEST THAT STAYS", COLUMN_TIME, 0}};

/* -- what is asked for ------------------------------------------------------------------------- */

static str table_names(char block[256]) {
    struct buf b;
    buf_init_fixed(&b, block, 256);
    for (prune_kind k = 0; k < PRUNE_COUNT; k++)
        buf_printf(&b, "%s%s", k == 0 ? "" : k == PRUNE_COUNT - 1 ? " and " : ", ", prune_name(k));
    return buf_str(&b);
}

/* "posts=30": this once, instead of what the configuration says. */
static bool take_age(str text, struct prune_ask *ask, struct error *err) {
    char block[256];
    str days = text, name;
    prune_kind k;
    int64_t n;
    const bool split = str_find_byte(text, '=') > 0 && str_cut(&days, '=', &name);
    if (!split || !str_to_i64(days, &n) || n < 0 || n > DAYS_MOST)
        return fail(err, ERR_USAGE, 0,
                    "--older-than: \"" STR_FMT "\": expected TABLE=DAYS, with days from 0 (for "
                    "ever) to %d",
                    STR_ARG(text), DAYS_MOST);
    if (!prune_from_name(name, &k))
        return fail(err, ERR_USAGE, 0,
                    "--older-than: no table \"" STR_FMT "\" that is pruned; there are " STR_FMT,
                    STR_ARG(str_head(name, 40)), STR_ARG(table_names(block)));
    if (n < 1 && (k == PRUNE_MEMORY || k == PRUNE_BILLED || k == PRUNE_WORKERS))
        return fail(err, ERR_USAGE, 0, "--older-than: " STR_FMT " is kept for a day at most",
                    STR_ARG(name));
    ask->age[k] = n * USEC_PER_DAY;
    return true;
}

static bool take_ages(const struct args *args, struct prune_ask *ask, struct error *err) {
    for (int i = 0; i < args->given_count; i++) {
        str rest = args->given[i].value, one;
        if (strcmp(args->given[i].opt->name, "older-than") != 0) continue;
        if (rest.n == 0) return take_age(rest, ask, err);
        while (rest.n > 0 && str_cut(&rest, ',', &one))
            if (!take_age(one, ask, err)) return false;
    }
    return true;
}

/* -- doing it ---------------------------------------------------------------------------------- */

/* Leaves the trader four times as long as it was kept waiting; Ctrl-C ends it here. */
struct patience {
    const atomic_int *stop;
};

static bool rest(void *ctx, usec held) {
    const struct patience *const p = ctx;
    const usec pause = i64_clamp(4 * held, USEC_PER_MS, USEC_PER_S);
    const struct timespec ts = {pause / USEC_PER_S, pause % USEC_PER_S * 1000};
    IGNORE(nanosleep(&ts, NULL), "a signal cuts it short on purpose");
    return atomic_load(p->stop) == 0;
}

struct room {
    int64_t before, after; /* bytes of the file, or of the database */
    int64_t freed;         /* of it, and used again */
    bool rewritten;
    bool is_file; /* else a server keeps house, and does not say what is free */
};

static bool give_back(struct store *s, struct room *ret, struct error *err) {
    int64_t pid, all;
    *ret = (struct room){.is_file = store_is_file(s)};
    if (!store_room(s, &ret->freed, &ret->before, err)) return false;
    ret->after = ret->before;
    if (ret->freed < ROOM_LEAST || ret->freed < ret->before / 4 || store_trader_running(s, &pid))
        return true;
    if (!store_scrub(s, true, &ret->rewritten, err)) return false;
    if (!store_room(s, &ret->freed, &all, err)) return false;
    ret->after = all;
    return true;
}

/* -- saying it --------------------------------------------------------------------------------- */

static void put_age(struct buf *b, usec age) {
    if (age == 0)
        buf_put(b, STR("for ever"));
    else if (age % USEC_PER_DAY == 0)
        buf_printf(b, "%" PRId64 " day%s", age / USEC_PER_DAY, age == USEC_PER_DAY ? "" : "s");
    else
        buf_printf(b, "%" PRId64 " hours", age / USEC_PER_HOUR);
}

static void put_row(struct buf *b, const struct prune_ask *ask, prune_kind k,
                    const struct prune_plan *p) {
    char at[TIME_TEXT_BYTES];
    buf_printf(b, "%s{\"table\":\"%s\",\"kept\":\"", k == 0 ? "" : ",", prune_name(k));
    put_age(b, ask->age[k]);
    buf_printf(b, "\",\"rows\":%" PRId64 ",\"gone\":%" PRId64 ",\"bytes\":%" PRId64 ",\"oldest\":",
               p->rows, p->gone, p->bytes);
    if (p->oldest > 0)
        buf_printf(b, "\"" STR_FMT "\"}", STR_ARG(time_format_rfc3339(p->oldest, at)));
    else
        buf_put(b, STR("null}"));
}

static void put_rows(struct buf *b, const struct prune_ask *ask, const struct prune_plan *plan) {
    buf_put_byte(b, '[');
    for (prune_kind k = 0; k < PRUNE_COUNT; k++) put_row(b, ask, k, &plan[k]);
    buf_put_byte(b, ']');
}

static void put_mib(struct buf *b, int64_t bytes) {
    const int64_t tenths = (bytes * 10 + (1 << 19)) >> 20;
    buf_printf(b, "%" PRId64 ".%d MiB", tenths / 10, (int)(tenths % 10));
}

/* What became of the room, in words. */
static void put_room(struct buf *b, const struct room *r) {
    if (!r->is_file) {
        buf_put(b, STR("The database has "));
        put_mib(b, r->after);
        buf_put(b, STR(". What is free of it now is used again; VACUUM FULL, by the tables' owner, "
                       "makes it smaller.\n"));
        return;
    }
    buf_put(b, r->rewritten ? STR("The file was written anew: from ") : STR("Of the file's "));
    put_mib(b, r->before);
    buf_put(b, r->rewritten ? STR(" it came to ") : STR(", "));
    put_mib(b, r->rewritten ? r->after : r->freed);
    buf_put(b, r->rewritten ? STR(".\n") : STR(" are free now, and used again.\n"));
}

/* room: NULL in a dry run. */
static bool say(struct app *app, const struct prune_ask *ask, const struct prune_plan *plan,
                const struct room *room, bool all, struct error *err) {
    struct buf rows, out;
    buf_init(&rows, OUT_BYTES);
    buf_init(&out, OUT_BYTES);
    put_rows(&rows, ask, plan);
    if (app->json) {
        buf_printf(&out, "{\"dry_run\":%s,\"finished\":%s", room ? "false" : "true",
                   all ? "true" : "false");
        if (room && !room->is_file)
            buf_printf(&out, ",\"database\":{\"bytes\":%" PRId64 "}", room->after);
        if (room && room->is_file)
            buf_printf(&out,
                       ",\"file\":{\"before\":%" PRId64 ",\"after\":%" PRId64 ",\"free\":%" PRId64
                       "}",
                       room->before, room->after, room->freed);
        buf_printf(&out, ",\"tables\":" STR_FMT "}\n", STR_ARG(buf_str(&rows)));
    } else {
        json_error_t why;
        json_t *const table = json_loadb(rows.p, (size_t)rows.len, 0, &why);
        table_put(&out, table, columns, (int)COUNT_OF(columns), terminal_has_color(STDOUT_FILENO));
        json_decref(table);
        if (room == NULL) buf_put(&out, STR("Nothing was changed.\n"));
        if (room != NULL) put_room(&out, room);
        if (!all) buf_put(&out, STR("Stopped before the end: the next call goes on.\n"));
    }
    const bool ok = app_print(&out, err);
    buf_fini(&rows);
    buf_fini(&out);
    return ok;
}

/* -- the command ------------------------------------------------------------------------------- */

static bool prune(struct app *app, struct store *s, struct prune_ask *ask, bool dry,
                  struct error *err) {
    struct prune_plan plan[PRUNE_COUNT];
    int64_t gone[PRUNE_COUNT];
    struct room room;
    bool all = true;
    if (!store_prune_plan(s, ask, plan, err)) return false;
    if (dry) return say(app, ask, plan, NULL, true, err);
    if (!store_prune(s, ask, gone, &all, err)) return false;
    for (prune_kind k = 0; k < PRUNE_COUNT; k++) plan[k].gone = gone[k];
    return give_back(s, &room, err) && say(app, ask, plan, &room, all, err);
}

static exit_status prune_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s;
    char actor[64];
    const bool dry = args_has(args, "dry-run");
    struct patience patience = {signals_install()};
    struct prune_ask ask = {.wall = time_wall_us(), .rest = rest, .ctx = &patience};
    keep_ages(&app->cfg, &ask);
    if (!take_ages(args, &ask, &err) ||
        !app_store_open(app, dry ? STORE_READ : STORE_WRITE, false, &s, &err))
        return app_fail(&err);
    ask.now = run_now(s, &app->boot);
    ask.actor = str_from_z(app_actor(actor));
    const bool ok = prune(app, s, &ask, dry, &err);
    store_close(s);
    return ok ? EXIT_DONE : app_fail(&err);
}

static const struct opt prune_opts[] = {
    {"dry-run", NULL, "Say what would go, and change nothing."},
    {"older-than", "TABLE=DAYS",
     "Keep that table for so many days, this once; as often as wanted, or with commas. 0: for "
     "ever."},
    {0}};

const struct cmd cmd_db_prune = {
    .group = "Store",
    .name = "db prune",
    .pos = "",
    .brief = "Remove what is older than the section retention says.",
    .about =
        "A trader does the same once an hour. Trades, their orders, fills and posts, whatever is "
        "open or waits, the ledger, the word of deletions and what is learned of authors never go; "
        "sums stay what they were. Readings and equity are not removed but thinned out. It may run "
        "beside a trader: it works in transactions of milliseconds. Where no trader runs, and a "
        "quarter or more of an SQLite file is free then, the file is written anew and becomes "
        "smaller; PostgreSQL uses again what is free.\n\n"
        "Days are counted by the account's clock, which in a replay is not the wall's. BYTES is "
        "about what goes.\n\n"
        "Examples:\n"
        "  bullfinch db prune --dry-run\n"
        "  bullfinch db prune --older-than posts=30 --older-than signals=180",
    .opts = prune_opts,
    .needs_config = true,
    .run = prune_run};
