/* cmd_dlq: dead letters: input that could not be used. Look at it, try it again, let go of it.
 *
 * What is tried again and is now a post is read and stored like any other, with the outcome STALE:
 * it is too late to trade on it. Nothing is ever deleted; a dropped letter is marked. */
#include "app/cmds.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "app/table.h"
#include "app/wire.h"
#include "run/now.h"
#include "run/retry.h"

#define OUT_BYTES (64 << 20)

static void put_letter(struct buf *out, const struct dead_letter *d, bool payload) {
    char at[TIME_TEXT_BYTES];
    buf_printf(out, "{\"id\":\"%" PRId64 "\",\"source\":", d->id);
    buf_put_json_str(out, d->source);
    buf_put(out, STR(",\"kind\":"));
    buf_put_json_str(out, d->kind);
    buf_put(out, STR(",\"error\":"));
    buf_put_json_str(out, d->error);
    buf_printf(out, ",\"attempts\":%d,\"first_at\":\"" STR_FMT "\"", d->attempts,
               STR_ARG(time_format_rfc3339(d->first_at, at)));
    buf_printf(out, ",\"last_at\":\"" STR_FMT "\",\"status\":",
               STR_ARG(time_format_rfc3339(d->last_at, at)));
    buf_put_json_str(out, d->status);
    if (payload) {
        buf_put(out, STR(",\"payload\":"));
        buf_put_json_str(out, d->payload);
    }
    buf_put_byte(out, '}');
}

static const struct column columns[] = {
    {"id", "ID", COLUMN_NUMBER, 0},          {"last_at", "AT", COLUMN_TIME, 0},
    {"source", "SOURCE", COLUMN_TEXT, 16},   {"status", "STATUS", COLUMN_TEXT, 0},
    {"attempts", "TRIES", COLUMN_NUMBER, 0}, {"error", "WHAT IS WRONG", COLUMN_TEXT, 100}};

static bool print_list(struct app *app, const struct dead_letter *v, int count, struct error *err) {
    struct buf json, out;
    buf_init(&json, OUT_BYTES);
    buf_init(&out, OUT_BYTES);
    buf_put_byte(&json, '[');
    for (int i = 0; i < count; i++) {
        if (i > 0) buf_put_byte(&json, ',');
        put_letter(&json, &v[i], app->json);
    }
    buf_put_byte(&json, ']');
    json_error_t why;
    json_t *rows = app->json ? NULL : json_loadb(json.p, (size_t)json.len, 0, &why);
    if (app->json) {
        buf_put_byte(&json, '\n');
    } else if (count == 0) {
        buf_put(&out, STR("No dead letters.\n"));
    } else {
        table_put(&out, rows, columns, (int)COUNT_OF(columns), terminal_has_color(STDOUT_FILENO));
    }
    const bool ok = app_print(app->json ? &json : &out, err);
    json_decref(rows);
    buf_fini(&json);
    buf_fini(&out);
    return ok;
}

static exit_status list_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s;
    struct dead_letter *v;
    int64_t limit, before;
    int count;
    if (!args_get_i64(args, "limit", 20, 1, 10000, &limit, &err) ||
        !args_get_i64(args, "before", 0, 0, INT64_MAX, &before, &err) ||
        !app_store_open(app, STORE_READ, false, &s, &err))
        return app_fail(&err);
    const bool ok = store_dead_list(s, &app->boot, before, (int)limit, &v, &count, &err) &&
                    print_list(app, v, count, &err);
    store_close(s);
    return ok ? EXIT_DONE : app_fail(&err);
}

static bool id_of(const struct args *args, int64_t *ret, struct error *err) {
    if (str_to_i64(args->pos[0], ret) && *ret > 0) return true;
    return fail(err, ERR_USAGE, 0, "\"" STR_FMT "\" is no id; bullfinch dlq list shows them",
                STR_ARG(args->pos[0]));
}

static exit_status show_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s;
    struct dead_letter d;
    int64_t id;
    if (!id_of(args, &id, &err) || !app_store_open(app, STORE_READ, false, &s, &err))
        return app_fail(&err);
    bool ok = store_dead_get(s, &app->boot, id, &d, &err);
    if (ok) {
        struct buf out;
        buf_init(&out, OUT_BYTES);
        if (app->json) {
            put_letter(&out, &d, true);
        } else {
            char first[TIME_TEXT_BYTES], last[TIME_TEXT_BYTES];
            buf_printf(&out,
                       "id        %" PRId64 "\nsource    " STR_FMT "\nkind      " STR_FMT
                       "\nstatus    " STR_FMT "\nattempts  %d\n",
                       d.id, STR_ARG(d.source), STR_ARG(d.kind), STR_ARG(d.status), d.attempts);
            buf_printf(&out,
                       "first at  " STR_FMT "\nlast at   " STR_FMT "\nerror     " STR_FMT "\n\n",
                       STR_ARG(time_format_rfc3339(d.first_at, first)),
                       STR_ARG(time_format_rfc3339(d.last_at, last)), STR_ARG(d.error));
            buf_put(&out, d.payload);
        }
        buf_put_byte(&out, '\n');
        ok = app_print(&out, &err);
        buf_fini(&out);
    }
    store_close(s);
    return ok ? EXIT_DONE : app_fail(&err);
}

/* --- trying again ------------------------------------------------------------------------ */

static bool try_again(struct app *app, struct store *s, int64_t id, struct error *err) {
    struct symbols symbols;
    const struct reader *reader;
    struct buf report;
    char actor[64];
    int left_out;
    buf_init(&report, OUT_BYTES);
    const bool ok = wire_symbols(app, &symbols, &left_out, &report, err) &&
                    wire_reader(app, &symbols, &reader, err) &&
                    letter_retry(s, &app->boot, reader, id, str_from_z(app_actor(actor)),
                                 run_now(s, &app->boot), err);
    buf_fini(&report);
    return ok;
}

static exit_status answer(struct app *app, int64_t id, const char *what) {
    struct error err;
    struct buf out;
    buf_init(&out, 4096);
    if (app->json)
        buf_printf(&out, "{\"id\":\"%" PRId64 "\",\"status\":\"%s\"}\n", id, what);
    else
        buf_printf(&out, "Dead letter %" PRId64 ": %s.\n", id, what);
    const bool ok = app_print(&out, &err);
    buf_fini(&out);
    return ok ? EXIT_DONE : app_fail(&err);
}

static exit_status retry_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s;
    int64_t id;
    if (!id_of(args, &id, &err) || !app_store_open(app, STORE_WRITE, false, &s, &err))
        return app_fail(&err);
    const bool ok = try_again(app, s, id, &err);
    store_close(s);
    return ok ? answer(app, id, "retried") : app_fail(&err);
}

static exit_status drop_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s;
    char actor[64];
    int64_t id;
    if (!id_of(args, &id, &err) || !app_store_open(app, STORE_WRITE, false, &s, &err))
        return app_fail(&err);
    const bool ok =
        letter_drop(s, &app->boot, id, str_from_z(app_actor(actor)), run_now(s, &app->boot), &err);
    store_close(s);
    return ok ? answer(app, id, "dropped") : app_fail(&err);
}

static const struct opt list_opts[] = {
    {"limit", "N", "At most so many, newest first; 20 if not given."},
    {"before", "ID", "Only those before this id: the next page."},
    {0}};

const struct cmd cmd_dlq_list = {.group = "Store",
                                 .name = "dlq list",
                                 .pos = "",
                                 .brief = "List dead letters: input that could not be used.",
                                 .opts = list_opts,
                                 .needs_config = true,
                                 .run = list_run};
const struct cmd cmd_dlq_show = {.group = "Store",
                                 .name = "dlq show",
                                 .pos = "ID",
                                 .brief = "Show a dead letter with its content.",
                                 .pos_min = 1,
                                 .pos_max = 1,
                                 .needs_config = true,
                                 .run = show_run};
const struct cmd cmd_dlq_retry = {
    .group = "Store",
    .name = "dlq retry",
    .pos = "ID",
    .brief = "Try a dead letter again; what is a post now is stored, never traded.",
    .pos_min = 1,
    .pos_max = 1,
    .needs_config = true,
    .run = retry_run};
const struct cmd cmd_dlq_drop = {.group = "Store",
                                 .name = "dlq drop",
                                 .pos = "ID",
                                 .brief = "Mark a dead letter as done with; its row stays.",
                                 .pos_min = 1,
                                 .pos_max = 1,
                                 .needs_config = true,
                                 .run = drop_run};
