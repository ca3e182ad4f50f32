/* cmd_dlq: dead letters: input that could not be used, and jobs that failed too often. Look at
 * them, try them again, let go of them, one by one or all of a kind or a source.
 *
 * What is tried again and is now a post is read and stored like any other, with the outcome STALE:
 * it is too late to trade on it. Nothing is deleted here; a dropped letter is marked. */
#include "app/cmds.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "app/table.h"
#include "app/wire.h"
#include "run/now.h"
#include "run/retry.h"
#include "store/tries.h"

#define OUT_BYTES (64 << 20)
#define SCRATCH_BYTES ((ptrdiff_t)64 << 20) /* of address space */

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
    if (d->post_id != 0) buf_printf(out, ",\"post_id\":\"%" PRId64 "\"", d->post_id);
    buf_put(out, STR(",\"history\":"));
    buf_put(out, d->history);
    if (payload) {
        buf_put(out, STR(",\"payload\":"));
        buf_put_json_str(out, d->payload);
    }
    buf_put_byte(out, '}');
}

static const struct column columns[] = {{"id", "ID", COLUMN_NUMBER, 0},
                                        {"last_at", "AT", COLUMN_TIME, 0},
                                        {"source", "SOURCE", COLUMN_TEXT, 16},
                                        {"kind", "KIND", COLUMN_TEXT, 0},
                                        {"status", "STATUS", COLUMN_TEXT, 0},
                                        {"attempts", "TRIES", COLUMN_NUMBER, 0},
                                        {"error", "WHAT IS WRONG", COLUMN_TEXT, 100}};

/* gone: that made room for others. */
static bool print_list(struct app *app, const struct dead_letter *v, int count, int64_t gone,
                       struct error *err) {
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
    if (!app->json && gone > 0)
        buf_printf(&out, "%" PRId64 " older ones made room for others (run.dead_letters_mb).\n",
                   gone);
    const bool ok = app_print(app->json ? &json : &out, err);
    json_decref(rows);
    buf_fini(&json);
    buf_fini(&out);
    return ok;
}

static bool check_status(str status, struct error *err) {
    if (status.n == 0 || str_eq(status, STR("dead")) || str_eq(status, STR("retried")) ||
        str_eq(status, STR("dropped")))
        return true;
    return fail(err, ERR_USAGE, 0,
                "--status: \"" STR_FMT "\" is none; there are dead, retried and dropped",
                STR_ARG(str_head(status, 60)));
}

static exit_status list_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s;
    struct dead_letter *v;
    int64_t limit, before, gone;
    int count;
    const struct dead_filter filter = {.status = args_get(args, "status", (str){0}),
                                       .kind = args_get(args, "kind", (str){0}),
                                       .source = args_get(args, "source", (str){0})};
    if (!check_status(filter.status, &err) ||
        !args_get_i64(args, "limit", 20, 1, 10000, &limit, &err) ||
        !args_get_i64(args, "before", 0, 0, INT64_MAX, &before, &err) ||
        !app_store_open(app, STORE_READ, false, &s, &err))
        return app_fail(&err);
    const bool ok = store_dead_list(s, &app->boot, &filter, before, (int)limit, &v, &count, &err) &&
                    store_dead_gone(s, &gone, &err) && print_list(app, v, count, gone, &err);
    store_close(s);
    return ok ? EXIT_DONE : app_fail(&err);
}

static bool id_of(const struct args *args, int64_t *ret, struct error *err) {
    if (str_to_i64(args->pos[0], ret) && *ret > 0) return true;
    return fail(err, ERR_USAGE, 0, "\"" STR_FMT "\" is no id; bullfinch dlq list shows them",
                STR_ARG(args->pos[0]));
}

static void put_history(struct buf *out, str text) {
    struct tries t;
    char at[TIME_TEXT_BYTES];
    tries_read(text, &t);
    for (int i = 0; i < t.count; i++)
        buf_printf(out, "%s  " STR_FMT "  %s  %s\n", i == 0 ? "tries   " : "        ",
                   STR_ARG(time_format_rfc3339(t.v[i].at, at)),
                   t.v[i].who[0] != '\0' ? t.v[i].who : "-",
                   t.v[i].error[0] != '\0' ? t.v[i].error : "it went well");
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
                       "first at  " STR_FMT "\nlast at   " STR_FMT "\nerror     " STR_FMT "\n",
                       STR_ARG(time_format_rfc3339(d.first_at, first)),
                       STR_ARG(time_format_rfc3339(d.last_at, last)), STR_ARG(d.error));
            put_history(&out, d.history);
            buf_put_byte(&out, '\n');
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

static bool open_reader(struct app *app, const struct reader **ret, struct error *err) {
    struct symbols *const symbols = NEW(&app->boot, struct symbols);
    struct buf report;
    int left_out;
    buf_init(&report, OUT_BYTES);
    const bool ok =
        wire_symbols(app, symbols, &left_out, &report, err) && wire_reader(app, symbols, ret, err);
    buf_fini(&report);
    return ok;
}

static bool try_again(struct app *app, struct store *s, int64_t id, struct error *err) {
    const struct reader *reader;
    char actor[64];
    return open_reader(app, &reader, err) &&
           letter_retry(s, &app->boot, reader, id, str_from_z(app_actor(actor)),
                        run_now(s, &app->boot), err);
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

/* --- many -------------------------------------------------------------------------------- */

static bool print_told(struct app *app, const struct letters_told *v, const char *done,
                       bool dry_run, struct error *err) {
    struct buf out;
    buf_init(&out, 4096);
    if (app->json)
        buf_printf(&out,
                   "{\"found\":%" PRId64 ",\"done\":%" PRId64 ",\"failed\":%" PRId64
                   ",\"dry_run\":%s}\n",
                   v->found, v->done, v->failed, dry_run ? "true" : "false");
    else if (dry_run)
        buf_printf(&out, "%" PRId64 " dead letters would be %s.\n", v->found, done);
    else
        buf_printf(&out, "%" PRId64 " dead letters: %" PRId64 " %s, %" PRId64 " could not be.\n",
                   v->found, v->done, done, v->failed);
    const bool ok = app_print(&out, err);
    buf_fini(&out);
    return ok;
}

static exit_status all_run(struct app *app, const struct args *args, bool again) {
    struct error err, none;
    struct store *s;
    struct arena scratch;
    struct letters_told told = {0};
    char actor[64];
    struct letters_ask ask = {.kind = args_get(args, "kind", (str){0}),
                              .source = args_get(args, "source", (str){0}),
                              .again = again,
                              .dry_run = args_has(args, "dry-run")};
    if (!app_store_open(app, ask.dry_run ? STORE_READ : STORE_WRITE, false, &s, &err))
        return app_fail(&err);
    arena_open(&scratch, SCRATCH_BYTES);
    bool ok = (!again || ask.dry_run || open_reader(app, &ask.reader, &err)) &&
              letters_do(s, scratch, &ask, str_from_z(app_actor(actor)), run_now(s, &app->boot),
                         &told, &err);
    arena_close(&scratch);
    store_close(s);
    const char *const done = again ? "retried" : "dropped";
    if (ok)
        ok = print_told(app, &told, done, ask.dry_run, &err);
    else if (told.done > 0)
        IGNORE(print_told(app, &told, done, false, &none), "the error that ended it is told");
    return ok ? EXIT_DONE : app_fail(&err);
}

/* One by its id, or --all. */
static bool one_or_all(const struct args *args, struct error *err) {
    const bool all = args_has(args, "all");
    const bool filters =
        args_has(args, "kind") || args_has(args, "source") || args_has(args, "dry-run");
    if (all && args->pos_count > 0) return fail(err, ERR_USAGE, 0, "an id or --all, not both");
    if (!all && args->pos_count == 0)
        return fail(err, ERR_USAGE, 0, "give an id (bullfinch dlq list shows them), or --all");
    return all || !filters ||
           fail(err, ERR_USAGE, 0, "--kind, --source and --dry-run go with --all");
}

static exit_status retry_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s;
    int64_t id;
    if (!one_or_all(args, &err)) return app_fail(&err);
    if (args_has(args, "all")) return all_run(app, args, true);
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
    if (!one_or_all(args, &err)) return app_fail(&err);
    if (args_has(args, "all")) return all_run(app, args, false);
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
    {"status", "STATUS", "Only those that are dead, retried or dropped.", "dead retried dropped"},
    {"kind", "KIND", "Only those of this kind: post (input, or a stored post), job.", "post job"},
    {"source", "NAME", "Only those of this source."},
    {0}};
static const struct opt all_opts[] = {
    {"all", NULL, "All that nobody has dealt with, instead of one."},
    {"kind", "KIND", "With --all: only those of this kind: post, job.", "post job"},
    {"source", "NAME", "With --all: only those of this source."},
    {"dry-run", NULL, "With --all: say how many there are, and change nothing."},
    {0}};

const struct cmd cmd_dlq_list = {.group = "Store",
                                 .name = "dlq list",
                                 .pos = "",
                                 .brief = "List dead letters: what could not be used or done.",
                                 .opts = list_opts,
                                 .needs_config = true,
                                 .run = list_run};
const struct cmd cmd_dlq_show = {.group = "Store",
                                 .name = "dlq show",
                                 .pos = "ID",
                                 .brief = "Show a dead letter: its tries and its content.",
                                 .pos_min = 1,
                                 .pos_max = 1,
                                 .needs_config = true,
                                 .run = show_run};
const struct cmd cmd_dlq_retry = {
    .group = "Store",
    .name = "dlq retry",
    .pos = "[ID]",
    .brief = "Try dead letters again; what is a post now is stored, never traded.",
    .about = "What can be read now is stored with its scores and the outcome STALE: it is too late "
             "to trade on it, and no trader hears of it. A post that no reader could read "
             "(bullfinch analyze) is read where it stands. Each try is added to the letter's "
             "history. docs/dead-letters.md.\n\n"
             "Examples:\n"
             "  bullfinch dlq retry 17\n"
             "  bullfinch dlq retry --all --source x --dry-run\n"
             "  bullfinch dlq retry --all --kind post",
    .opts = all_opts,
    .pos_max = 1,
    .needs_config = true,
    .run = retry_run};
const struct cmd cmd_dlq_drop = {.group = "Store",
                                 .name = "dlq drop",
                                 .pos = "[ID]",
                                 .brief = "Mark dead letters as done with.",
                                 .about = "Their rows stay for retention.dead_letters_days. "
                                          "docs/dead-letters.md.\n\n"
                                          "Examples:\n"
                                          "  bullfinch dlq drop 17\n"
                                          "  bullfinch dlq drop --all --kind job",
                                 .opts = all_opts,
                                 .pos_max = 1,
                                 .needs_config = true,
                                 .run = drop_run};
