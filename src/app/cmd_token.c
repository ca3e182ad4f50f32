/* cmd_token: who may use the HTTP interface: tokens made, listed, revoked.
 *
 * A token is shown once, when it is made; the store has its hash. A running program takes up a new
 * or a revoked one within two seconds. Failure: a name that exists, a role that needs a source.
 * Thread: the main one. */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "api/auth.h"
#include "app/cmds.h"
#include "app/table.h"
#include "base/secret.h"

#define OUT_BYTES (4 << 20)
#define LIST_BYTES (64 << 20)
#define ANSWER_BYTES (1024 + 6 * PATH_MAX) /* the store's path may be escaped */

/* --- create ------------------------------------------------------------------------------- */

static bool check_word(str s, const char *what, ptrdiff_t most, struct error *err) {
    bool ok = s.n > 0 && s.n <= most;
    for (ptrdiff_t i = 0; ok && i < s.n; i++) {
        const char c = s.p[i], letter = (char)(c | 0x20);
        ok = (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
             c == '.';
    }
    return ok || fail(err, ERR_USAGE, 0,
                      "token create: %s \"" STR_FMT "\": 1 to %td of a-z A-Z 0-9 . _ and -", what,
                      STR_ARG(str_head(s, 80)), most);
}

static bool read_row(const struct args *args, usec now, struct token_row *ret, struct error *err) {
    const str role = args_get(args, "role", STR("")), lasts = args_get(args, "expires", STR(""));
    usec span = 0;
    *ret = (struct token_row){
        .name = args->pos[0], .source = args_get(args, "source", STR("")), .created_at = now};
    if (!check_word(ret->name, "NAME", API_TOKEN_NAME_BYTES - 1, err)) return false;
    if (!token_role_from_name(role, &ret->role) || ret->role == TOKEN_NONE)
        return fail(err, ERR_USAGE, 0,
                    "token create: --role is one of read, ingest, trade, admin; got \"" STR_FMT
                    "\"",
                    STR_ARG(str_head(role, 40)));
    if (ret->role == TOKEN_INGEST && ret->source.n == 0)
        return fail(err, ERR_USAGE, 0,
                    "token create: --role ingest needs --source NAME, the push source whose posts "
                    "it brings");
    if (ret->role != TOKEN_INGEST && ret->source.n > 0)
        return fail(err, ERR_USAGE, 0, "token create: --source goes with --role ingest only");
    if (ret->source.n > 0 && !config_is_source_name(ret->source))
        return fail(err, ERR_USAGE, 0,
                    "token create: --source \"" STR_FMT
                    "\": the name of a push source is 1 to %d of a-z, 0-9, _ and -",
                    STR_ARG(str_head(ret->source, 80)), CONFIG_SOURCE_NAME_MAX);
    if (lasts.n > 0 && (!duration_parse(lasts, &span) || span <= 0))
        return fail(err, ERR_USAGE, 0,
                    "token create: --expires \"" STR_FMT "\" is no duration such as 12h or 30d",
                    STR_ARG(str_head(lasts, 40)));
    if (span > 0) ret->expires_at = now + span;
    return true;
}

/* The token alone is on standard output, for scripts; where it counts, beside it. */
static void say_made(struct buf *out, const struct store *s, const char *token) {
    buf_printf(out, "%s\n", token);
    fprintf(stderr, "Made in the store %s: it counts there alone.\n", store_path(s));
    if (isatty(STDERR_FILENO))
        fputs("This is shown once. Send it as the header \"Authorization: Bearer ...\".\n", stderr);
}

static void put_made(struct buf *out, const struct token_row *row, const struct store *s,
                     const char *token, int64_t id) {
    char at[TIME_TEXT_BYTES];
    buf_printf(out, "{\"id\":\"%lld\",\"name\":\"" STR_FMT "\",\"role\":\"%s\",\"source\":",
               (long long)id, STR_ARG(row->name), token_role_name(row->role));
    if (row->source.n > 0)
        buf_put_json_str(out, row->source);
    else
        buf_put(out, STR("null"));
    if (row->expires_at > 0)
        buf_printf(out, ",\"expires_at\":\"" STR_FMT "\"",
                   STR_ARG(time_format_rfc3339(row->expires_at, at)));
    else
        buf_put(out, STR(",\"expires_at\":null"));
    buf_put(out, STR(",\"store\":"));
    buf_put_json_str(out, str_from_z(store_path(s)));
    buf_printf(out, ",\"token\":\"%s\"}\n", token);
}

static exit_status create_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s = NULL;
    struct token_row row;
    struct buf out;
    char token[API_TOKEN_BYTES], actor[64], text[ANSWER_BYTES];
    int64_t id = 0;
    const usec now = time_wall_us();
    buf_init_fixed(&out, text, sizeof text);
    bool ok = read_row(args, now, &row, &err) && app_store_open(app, STORE_WRITE, true, &s, &err) &&
              api_token_make(token, row.hash, &err) &&
              store_token_add(s, &row, str_from_z(app_actor(actor)), now, &id, &err);
    if (ok && app->json)
        put_made(&out, &row, s, token, id);
    else if (ok)
        say_made(&out, s, token);
    store_close(s);
    ok = ok && app_print(&out, &err);
    memory_wipe(token, sizeof token);
    memory_wipe(text, sizeof text);
    return ok ? EXIT_DONE : app_fail(&err);
}

/* --- list --------------------------------------------------------------------------------- */

static const char *state_of(const struct token_row *t, usec now) {
    if (t->revoked_at != 0) return "revoked";
    return t->expires_at != 0 && t->expires_at <= now ? "expired" : "valid";
}

static void put_time(struct buf *b, const char *name, usec at) {
    char text[TIME_TEXT_BYTES];
    if (at == 0)
        buf_printf(b, ",\"%s\":null", name);
    else
        buf_printf(b, ",\"%s\":\"" STR_FMT "\"", name, STR_ARG(time_format_rfc3339(at, text)));
}

static void put_row(struct buf *b, const struct token_row *t, usec now) {
    buf_printf(b, "{\"id\":\"%lld\",\"name\":", (long long)t->id);
    buf_put_json_str(b, t->name);
    buf_printf(b, ",\"role\":\"%s\",\"source\":", token_role_name(t->role));
    if (t->source.n > 0)
        buf_put_json_str(b, t->source);
    else
        buf_put(b, STR("null"));
    buf_printf(b, ",\"state\":\"%s\"", state_of(t, now));
    put_time(b, "created_at", t->created_at);
    put_time(b, "expires_at", t->expires_at);
    put_time(b, "revoked_at", t->revoked_at);
    put_time(b, "last_used_at", t->last_used_at);
    buf_put_byte(b, '}');
}

static const struct column columns[] = {{"id", "ID", COLUMN_NUMBER, 0},
                                        {"name", "NAME", COLUMN_TEXT, 32},
                                        {"role", "ROLE", COLUMN_TEXT, 0},
                                        {"source", "SOURCE", COLUMN_TEXT, 32},
                                        {"state", "STATE", COLUMN_TEXT, 0},
                                        {"created_at", "CREATED", COLUMN_TIME, 0},
                                        {"expires_at", "EXPIRES", COLUMN_TIME, 0},
                                        {"last_used_at", "LAST USED", COLUMN_TIME, 0}};

static bool print_rows(const struct app *app, const struct token_row *rows, int count,
                       struct error *err) {
    struct buf json, out;
    json_error_t why;
    buf_init(&json, OUT_BYTES);
    buf_init(&out, OUT_BYTES);
    buf_put_byte(&json, '[');
    for (int i = 0; i < count; i++) {
        if (i > 0) buf_put_byte(&json, ',');
        put_row(&json, &rows[i], time_wall_us());
    }
    buf_put(&json, STR("]\n"));
    if (!app->json && count == 0) {
        buf_put(&out, STR("No tokens: without any, programs on this machine may read.\n"));
    } else if (!app->json) {
        json_t *const table = json_loadb(json.p, (size_t)json.len, 0, &why);
        table_put(&out, table, columns, (int)COUNT_OF(columns), terminal_has_color(STDOUT_FILENO));
        json_decref(table);
    }
    const bool ok = app_print(app->json ? &json : &out, err);
    buf_fini(&json);
    buf_fini(&out);
    return ok;
}

static exit_status list_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s = NULL;
    struct token_row *rows;
    struct arena a;
    int count = 0;
    (void)args;
    arena_open(&a, LIST_BYTES);
    const bool ok = app_store_open(app, STORE_READ, false, &s, &err) &&
                    store_tokens(s, &a, &rows, &count, &err) && print_rows(app, rows, count, &err);
    store_close(s);
    arena_close(&a);
    return ok ? EXIT_DONE : app_fail(&err);
}

/* --- revoke ------------------------------------------------------------------------------- */

static exit_status revoke_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s = NULL;
    struct buf out;
    char actor[64], text[256];
    buf_init_fixed(&out, text, sizeof text);
    bool ok =
        app_store_open(app, STORE_WRITE, false, &s, &err) &&
        store_token_revoke(s, args->pos[0], str_from_z(app_actor(actor)), time_wall_us(), &err);
    store_close(s);
    if (ok && app->json)
        buf_put(&out, STR("{\"revoked\":true}\n"));
    else
        buf_printf(&out, "revoked " STR_FMT "\n", STR_ARG(str_head(args->pos[0], 64)));
    ok = ok && app_print(&out, &err);
    return ok ? EXIT_DONE : app_fail(&err);
}

static const struct opt create_opts[] = {
    {"role", "ROLE",
     "read: looks at everything; ingest: brings posts of one source and nothing else; trade: "
     "reads, and gives commands to the trader; admin: all of it but ingest.",
     "read ingest trade admin"},
    {"source", "NAME", "With --role ingest: the name of the push source whose posts it brings."},
    {"expires", "DURATION", "12h, 30d: no longer than that. Else until it is revoked."},
    {0}};

const struct cmd cmd_token_create = {
    .group = "HTTP interface",
    .name = "token create",
    .pos = "NAME",
    .brief = "Make a token and print it, once.",
    .about = "Programs send it as \"Authorization: Bearer bft_...\" (docs/api.md). The store keeps "
             "its SHA-256 only. NAME is for people and the audit log.\n\n"
             "Example:\n"
             "  bullfinch token create my-feed --role ingest --source my-feed",
    .opts = create_opts,
    .pos_min = 1,
    .pos_max = 1,
    .needs_config = true,
    .run = create_run};

const struct cmd cmd_token_list = {.group = "HTTP interface",
                                   .name = "token list",
                                   .pos = "",
                                   .brief = "List the tokens, those that were revoked as well.",
                                   .needs_config = true,
                                   .run = list_run};

const struct cmd cmd_token_revoke = {
    .group = "HTTP interface",
    .name = "token revoke",
    .pos = "NAME",
    .brief = "End a token; a running program refuses it within two seconds.",
    .pos_min = 1,
    .pos_max = 1,
    .needs_config = true,
    .run = revoke_run};
