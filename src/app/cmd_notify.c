/* cmd_notify: `bullfinch notify test` tries the channels, `notify list` says what people were told.
 *
 * A test goes out at once and by this process, whoever else sends, and needs no store; where there
 * is one, a channel that had refused messages and takes this one is noted as mended. Failure: a
 * channel that does not take it is told with why, and the status is 1.
 * Thread: the main one. */
#include "app/cmds.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "app/table.h"
#include "app/wire_notify.h"
#include "run/hearers.h"

#define OUT_BYTES (4 << 20)
#define LIST_MAX 1000

/* --- test ------------------------------------------------------------------------------------- */

struct test {
    struct app *app;
    struct buf json, text;
    int tried, failed;
    bool unopened;    /* at least one could not even be opened */
    struct error why; /* the first of those */
};

static void make_test(struct delivery *d, usec now) {
    *d = (struct delivery){0};
    notice_make(&d->notice, now, NOTICE_TEST, "test", STR("bullfinch speaks: this channel works"));
    d->notice.id = now / USEC_PER_MS;
}

static void tell(struct test *t, const char *name, const struct sent *sent) {
    const bool ok = sent->end == SENT_DONE;
    t->failed += !ok;
    buf_printf(&t->json, "%s{\"channel\":\"%s\",\"ok\":%s,\"why\":", t->tried > 0 ? "," : "", name,
               ok ? "true" : "false");
    if (ok)
        buf_put(&t->json, STR("null"));
    else
        buf_put_json_str(&t->json, str_from_z(sent->why));
    buf_put_byte(&t->json, '}');
    buf_printf(&t->text, "%-9s  %s%s\n", name, ok ? "arrived" : "did not arrive: ", sent->why);
    t->tried++;
}

/* Who sends tries it at once then. What cannot be noted now it finds out within half an hour. */
static void note_mended(struct app *app, const char *name) {
    struct error none;
    struct store *s;
    if (!app_store_open(app, STORE_WRITE, false, &s, &none)) return;
    if (store_begin(s, true, &none)) {
        const bool ok = store_channel_mended(s, str_from_z(name), time_wall_us(), &none) &&
                        store_commit(s, &none);
        if (!ok) store_rollback(s);
    }
    store_close(s);
}

static void note_unopened(struct test *t, const char *name, const struct error *why) {
    struct sent sent = {.end = SENT_REFUSED};
    IGNORE(!str_copyz(str_from_z(why->msg), sent.why, sizeof sent.why), "the whole of it follows");
    tell(t, name, &sent);
    if (!t->unopened) t->why = *why;
    t->unopened = true;
}

static void test_one(struct test *t, notify_channel which) {
    char id[32];
    struct channel *c = NULL;
    struct error err;
    struct delivery d;
    struct sent sent;
    const usec now = time_wall_us();
    if (!wire_channel(t->app, which, &c, &err)) {
        note_unopened(t, notify_channel_name(which), &err);
        return;
    }
    make_test(&d, now);
    snprintf(id, sizeof id, "test-%" PRId64, d.notice.id);
    const struct message m = {t->app->cfg.notify_name, &d, 1, 0, now};
    channel_send(c, &m, str_from_z(id), &sent);
    channel_close(c);
    tell(t, notify_channel_name(which), &sent);
    if (sent.end == SENT_DONE) note_mended(t->app, notify_channel_name(which));
}

/* One that was named, or all that are configured. */
static bool test_all(struct test *t, const struct args *args, struct error *err) {
    notify_channel only = CHANNEL_COUNT;
    if (args->pos_count > 0 && !notify_channel_from_name(args->pos[0], &only))
        return fail(err, ERR_USAGE, 0,
                    "\"" STR_FMT "\" is no channel; there are telegram, discord, slack, webhook "
                    "and mail",
                    STR_ARG(str_head(args->pos[0], 40)));
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        const notify_channel which = (notify_channel)i;
        if (only != CHANNEL_COUNT && only != which) continue;
        if (notify_is_configured(&t->app->cfg, which)) test_one(t, which);
    }
    if (t->tried > 0) return true;
    return fail(err, ERR_CONFIG, 0, "%s configured: docs/notifications.md says how",
                only == CHANNEL_COUNT ? "no channel is" : "it is not");
}

static exit_status test_run(struct app *app, const struct args *args) {
    struct error err;
    struct test t = {.app = app};
    buf_init(&t.json, OUT_BYTES);
    buf_init(&t.text, OUT_BYTES);
    buf_put_byte(&t.json, '[');
    bool ok = test_all(&t, args, &err);
    buf_put(&t.json, STR("]\n"));
    ok = ok && app_print(app->json ? &t.json : &t.text, &err);
    buf_fini(&t.json);
    buf_fini(&t.text);
    if (!ok) return app_fail(&err);
    if (t.unopened) return app_fail(&t.why);
    return t.failed > 0 ? EXIT_FAILED : EXIT_DONE;
}

/* --- list ------------------------------------------------------------------------------------- */

static void put_channels(const struct hearers *h, struct buf *out) {
    for (int i = 0; i < h->count; i++) {
        const struct channel_row *const v = &h->v[i];
        char at[TIME_TEXT_BYTES];
        buf_printf(out, "%-9s  %-8s  %" PRId64 " messages", v->name, channel_state_name(v->state),
                   v->sent);
        if (v->sent_at > 0)
            buf_printf(out, ", the last at " STR_FMT " UTC",
                       STR_ARG(str_head(time_format_rfc3339(v->sent_at, at), 19)));
        buf_printf(out, "%s%s\n", v->why[0] != '\0' ? "; " : "", v->why);
    }
    if (!h->told) buf_printf(out, "Nobody would be told: %s.\n", h->why);
    buf_put_byte(out, '\n');
}

/* "telegram sent, mail waiting". */
static void put_states(json_t *row) {
    char text[256];
    struct buf b;
    size_t i;
    json_t *d;
    buf_init_fixed(&b, text, sizeof text);
    json_array_foreach(json_object_get(row, "deliveries"), i, d) buf_printf(
        &b, "%s%s %s", i > 0 ? ", " : "", json_string_value(json_object_get(d, "channel")),
        json_string_value(json_object_get(d, "state")));
    if (b.len > 0) json_object_set_new(row, "went", json_string(buf_z(&b)));
}

static const struct column columns[] = {{"at", "AT", COLUMN_TIME, 0},
                                        {"event", "EVENT", COLUMN_TEXT, 0},
                                        {"text", "TEXT", COLUMN_TEXT, 90},
                                        {"went", "WENT", COLUMN_TEXT, 0}};

static bool print_list(const struct hearers *h, const struct buf *json, struct error *err) {
    json_error_t why;
    struct buf out;
    json_t *const table = json_loadb(json->p, (size_t)json->len, 0, &why);
    size_t i;
    json_t *row;
    buf_init(&out, OUT_BYTES);
    put_channels(h, &out);
    json_array_foreach(table, i, row) put_states(row);
    if (json_array_size(table) == 0)
        buf_put(&out, STR("Nothing was told yet.\n"));
    else
        table_put(&out, table, columns, (int)COUNT_OF(columns), terminal_has_color(STDOUT_FILENO));
    json_decref(table);
    const bool ok = app_print(&out, err);
    buf_fini(&out);
    return ok;
}

static exit_status list_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s = NULL;
    struct hearers h;
    struct buf json;
    int64_t limit;
    buf_init(&json, OUT_BYTES);
    bool ok = args_get_i64(args, "limit", 20, 1, LIST_MAX, &limit, &err) &&
              app_store_open(app, STORE_READ, false, &s, &err) &&
              hearers_read(s, &app->cfg, &h, &err) &&
              store_view_notices(s, (int)limit, &json, &err);
    store_close(s);
    if (ok && app->json) buf_put_byte(&json, '\n');
    ok = ok && (app->json ? app_print(&json, &err) : print_list(&h, &json, &err));
    buf_fini(&json);
    return ok ? EXIT_DONE : app_fail(&err);
}

static const struct opt list_opts[] = {{"limit", "N", "The last N, 20 without it."}, {0}};

const struct cmd cmd_notify_test = {
    .group = "Looking",
    .name = "notify test",
    .pos = "[CHANNEL]",
    .brief = "Send a message through each channel, now.",
    .about = "Channels are telegram, discord, slack, webhook and mail; without a name all that are "
             "configured. The message goes out from here, whatever the hours and whoever else "
             "sends, and the exit status is 1 where one did not arrive.",
    .pos_max = 1,
    .needs_config = true,
    .run = test_run,
    .words = "telegram discord slack webhook mail"};

const struct cmd cmd_notify_list = {
    .group = "Looking",
    .name = "notify list",
    .pos = "",
    .brief = "List what people were told, and how the channels are.",
    .about = "What waits, what arrived where, what could not be delivered. With --json the notices "
             "alone.",
    .opts = list_opts,
    .needs_config = true,
    .run = list_run};
