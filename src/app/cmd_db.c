/* cmd_db: the database itself: migrate, check, copy, backup, restore; and the audit chain.
 *
 * Restoring is refused while anything has the database open, copying while anybody trades. */
#include "app/cmds.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "store/copy.h"
#include "store/roles.h"

#define REPORT_BYTES (4 << 20)

/* Prints `out` and frees it. */
static exit_status say(struct buf *out, exit_status status) {
    struct error err;
    const bool ok = app_print(out, &err);
    buf_fini(out);
    return ok ? status : app_fail(&err);
}

/* Whatever version its schema has. */
static bool open_any(struct app *app, store_access access, bool create, struct store **ret,
                     struct error *err) {
    struct store_options opt;
    if (!app_store_options(app, access, create, &opt, err)) return false;
    opt.any_schema = opt.full_sync = true;
    return store_open(&app->boot, &opt, ret, err);
}

/* The roles that a command line names. */
static struct store_roles roles_of(const struct args *args) {
    return (struct store_roles){args_get(args, "program", STR("")),
                                args_get(args, "reader", STR(""))};
}

static void put_migrated(const struct app *app, int from, int to, bool granted, struct buf *out) {
    if (app->json)
        buf_printf(out, "{\"from\":%d,\"to\":%d%s}\n", from, to,
                   granted ? ",\"granted\":true" : "");
    else if (from == to)
        buf_printf(out, "The schema is at version %d, as it should be.\n", to);
    else
        buf_printf(out, "The schema went from version %d to %d.\n", from, to);
    if (granted && !app->json)
        buf_put(out, STR("Granted: each of the roles has the rights that it needs, and no others."
                         "\n"));
}

static exit_status migrate_run(struct app *app, const struct args *args) {
    const struct store_roles r = roles_of(args);
    const bool grants = r.program.n > 0 || r.reader.n > 0;
    struct error err;
    struct store *s;
    struct buf out;
    int from = 0, to;
    bool ok = open_any(app, STORE_WRITE, false, &s, &err);
    if (ok) {
        ok = store_migrate(s, &from, &to, &err);
    } else if (err.code == ERR_NOT_FOUND) { /* making it brings it up to date */
        ok = open_any(app, STORE_WRITE, true, &s, &err);
        if (ok) {
            from = store_schema_before(s);
            to = store_schema_version(s);
        }
    } else {
        return app_fail(&err);
    }
    if (ok && grants) ok = store_roles_grant(s, &r, &err);
    if (!ok) return app_fail(&err);
    store_close(s);
    buf_init(&out, 8192);
    put_migrated(app, from, to, grants, &out);
    return say(&out, EXIT_DONE);
}

static void put_findings(struct app *app, const struct buf *report, bool sound, struct buf *out) {
    if (!app->json) {
        buf_put(out, buf_str(report));
        buf_put(out, sound ? STR("The database is sound.\n")
                           : STR("The database is not sound: bullfinch db restore FILE brings a "
                                 "backup back.\n"));
        return;
    }
    str rest = buf_str(report), line;
    const char *sep = "";
    buf_printf(out, "{\"sound\":%s,\"findings\":[", sound ? "true" : "false");
    while (rest.n > 0 && str_cut(&rest, '\n', &line)) {
        if (line.n == 0) continue;
        buf_put(out, str_from_z(sep));
        buf_put_json_str(out, line);
        sep = ",";
    }
    buf_put(out, STR("]}\n"));
}

static exit_status check_run(struct app *app, const struct args *args) {
    (void)args;
    struct error err;
    struct store *s;
    struct buf report, out;
    if (!open_any(app, STORE_READ, false, &s, &err)) return app_fail(&err);
    buf_init(&report, REPORT_BYTES);
    buf_init(&out, 2 * REPORT_BYTES);
    const bool sound = store_check(s, &report, &err);
    store_close(s);
    if (!sound && report.len == 0) { /* it could not even be read */
        buf_fini(&report);
        buf_fini(&out);
        return app_fail(&err);
    }
    put_findings(app, &report, sound, &out);
    buf_fini(&report);
    return say(&out, sound ? EXIT_DONE : EXIT_FAILED);
}

static exit_status backup_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s;
    struct buf out;
    const char *path = str_dupz(&app->boot, args->pos[0]);
    if (path[0] == '\0') {
        fail(&err, ERR_USAGE, 0, "db backup: into which FILE?");
        return app_fail(&err);
    }
    if (!app_store_open(app, STORE_READ, false, &s, &err)) return app_fail(&err);
    const bool ok = store_backup(s, path, &err);
    store_close(s);
    if (!ok) return app_fail(&err);
    buf_init(&out, 8192);
    if (app->json) {
        buf_put(&out, STR("{\"backup\":"));
        buf_put_json_str(&out, args->pos[0]);
        buf_put(&out, STR("}\n"));
    } else {
        buf_printf(&out, "Backed up to %s.\n", path);
    }
    return say(&out, EXIT_DONE);
}

static exit_status restore_run(struct app *app, const struct args *args) {
    struct error err;
    struct buf out;
    struct store_options opt;
    bool kept;
    if (!app_store_options(app, STORE_WRITE, true, &opt, &err)) return app_fail(&err);
    opt.full_sync = true;
    if (!store_restore(&opt, str_dupz(&app->boot, args->pos[0]), &kept, &err))
        return app_fail(&err);
    buf_init(&out, 8192);
    if (app->json)
        buf_put(&out, STR("{\"restored\":true}\n"));
    else
        buf_put(&out, kept ? STR("Restored. What was there before is kept beside it as "
                                 "*.before-restore.\n")
                           : STR("Restored.\n"));
    return say(&out, EXIT_DONE);
}

/* What stands before the first row that is left. */
static void put_anchor(struct app *app, const struct audit_anchor *a, struct buf *out) {
    char at[TIME_TEXT_BYTES];
    const str text = time_format_rfc3339(a->at, at);
    if (app->json && a->rows == 0)
        buf_put(out, STR(",\"pruned\":null"));
    else if (app->json)
        buf_printf(out,
                   ",\"pruned\":{\"rows\":%" PRId64 ",\"at\":\"" STR_FMT "\",\"actor\":", a->rows,
                   STR_ARG(text));
    else if (a->rows > 0)
        buf_printf(out,
                   "It begins behind row %" PRId64 ": %s let go of what stood before on " STR_FMT
                   ", and the log says so.\n",
                   a->rows, a->actor, STR_ARG(str_head(text, 10)));
    if (!app->json || a->rows == 0) return;
    buf_put_json_str(out, str_from_z(a->actor));
    buf_put_byte(out, '}');
}

static exit_status verify_run(struct app *app, const struct args *args) {
    (void)args;
    struct error err, ignored;
    struct store *s;
    struct buf out;
    struct audit_anchor anchor = {0};
    int64_t rows = 0, bad = 0;
    bool found;
    if (!app_store_open(app, STORE_READ, false, &s, &err)) return app_fail(&err);
    const bool ok = store_audit_verify(s, &rows, &bad, &err);
    if (!ok || !store_audit_anchor(s, &anchor, &found, &ignored)) anchor.rows = 0;
    store_close(s);
    if (!ok && bad == 0) return app_fail(&err);
    buf_init(&out, 8192);
    if (app->json)
        buf_printf(&out, "{\"sound\":%s,\"rows\":%" PRId64 ",\"first_bad\":%" PRId64,
                   ok ? "true" : "false", rows, bad);
    else if (ok)
        buf_printf(&out,
                   "The audit log is whole: %" PRId64 " rows, each chained to the one "
                   "before.\n",
                   rows);
    else
        buf_printf(&out, "The audit log was changed from row %" PRId64 " on (%s).\n", bad, err.msg);
    if (app->json || ok) put_anchor(app, &anchor, &out);
    if (app->json) buf_put(&out, STR("}\n"));
    return say(&out, ok ? EXIT_DONE : EXIT_FAILED);
}

/* How far it is, for who watches. */
static void tell_copy(void *ctx, const char *table, int64_t rows) {
    (void)ctx;
    if (rows < 0)
        fprintf(stderr, "\r\033[Kcomparing %s", table);
    else
        fprintf(stderr, "\r\033[K%s: %" PRId64, table, rows);
}

/* The same errors as of store.url, of another thing, and of who gave it. */
static bool fail_to(struct error *err) {
    const str key = STR("store.url: ");
    if (!str_starts(str_from_z(err->msg), key)) return fail_in(err, "--to");
    return fail(err, ERR_USAGE, 0, "--to: %s", err->msg + key.n);
}

static bool copy_store(struct app *app, str to_url, struct copied *ret, struct error *err) {
    const struct copy_progress tell = {NULL, tell_copy};
    const bool watched = isatty(STDERR_FILENO) != 0;
    struct store_options opt;
    struct store *from = NULL, *to = NULL;
    if (!app_store_options(app, STORE_WRITE, true, &opt, err)) return false;
    opt.url = to_url;
    opt.any_schema = true;
    const bool ok = app_store_open(app, STORE_WRITE, false, &from, err) &&
                    (store_open(&app->boot, &opt, &to, err) || fail_to(err)) &&
                    store_copy(from, to, watched ? &tell : NULL, ret, err);
    if (watched) fputs("\r\033[K", stderr);
    store_close(to);
    store_close(from);
    return ok;
}

static exit_status copy_run(struct app *app, const struct args *args) {
    struct error err;
    struct copied done;
    struct buf out;
    const str to = args_get(args, "to", STR(""));
    if (to.n == 0) {
        fail(&err, ERR_USAGE, 0, "db copy: where to? --to postgresql://HOST/DATABASE");
        return app_fail(&err);
    }
    if (!copy_store(app, to, &done, &err)) return app_fail(&err);
    buf_init(&out, 8192);
    if (app->json)
        buf_printf(&out,
                   "{\"tables\":%d,\"rows\":%" PRId64 ",\"found\":%" PRId64
                   ",\"ledger_hash\":\"%s\"}\n",
                   done.tables, done.rows, done.found, done.ledger_hash);
    else
        buf_printf(&out,
                   "Copied %" PRId64 " rows of %d tables, read both once more and found them the "
                   "same.\nThe ledger's hash is %s.\nSet store.url to the copy, and start.\n",
                   done.rows, done.tables, done.ledger_hash);
    return say(&out, EXIT_DONE);
}

/* Prints the commands, or runs them. */
static bool roles(struct app *app, const struct store_roles *r, bool apply, struct buf *out,
                  struct error *err) {
    struct store *s = NULL;
    if (!open_any(app, STORE_WRITE, false, &s, err)) return false;
    const bool ok = apply ? store_roles_grant(s, r, err) : store_roles_text(s, r, out, err);
    store_close(s);
    return ok;
}

static exit_status roles_run(struct app *app, const struct args *args) {
    const struct store_roles r = roles_of(args);
    const bool apply = args_has(args, "apply");
    struct error err;
    struct buf out;
    if (r.program.n == 0 && r.reader.n == 0) {
        fail(&err, ERR_USAGE, 0, "db roles: whose? --program NAME, --reader NAME");
        return app_fail(&err);
    }
    buf_init(&out, REPORT_BYTES);
    if (!roles(app, &r, apply, &out, &err)) {
        buf_fini(&out);
        return app_fail(&err);
    }
    if (apply && app->json)
        buf_put(&out, STR("{\"granted\":true}\n"));
    else if (apply)
        buf_put(&out, STR("Granted. `bullfinch db migrate` takes the same two options: tables of a "
                          "new version are theirs then as well.\n"));
    return say(&out, EXIT_DONE);
}

static const struct opt roles_opts[] = {
    {"program", "NAME", "The role as which the program runs."},
    {"reader", "NAME", "The role of dashboards and of people who only look."},
    {"apply", NULL, "Run the commands instead of printing them."},
    {0}};

const struct cmd cmd_db_roles = {
    .group = "Store",
    .name = "db roles",
    .pos = "",
    .brief = "Give roles of PostgreSQL the rights that they need, and no others.",
    .about = "The owner of the tables, as which this command and `db migrate` run, need not be the "
             "role as which the program runs: that one reads all and writes what a run writes, and "
             "cannot change tables, switch off what guards them, or delete what is never deleted. "
             "A reader sees everything but tokens. The roles must be there (createuser); this "
             "prints what they need, one command a line, for somebody to look at and psql to run, "
             "or runs it.\n\n"
             "Example:\n"
             "  bullfinch db roles --program bullfinch_run --reader grafana --apply",
    .opts = roles_opts,
    .needs_config = true,
    .run = roles_run};

static const struct opt copy_opts[] = {
    {"to", "URL", "The store to copy into, as store.url names one; it must be empty."}, {0}};

const struct cmd cmd_db_copy = {
    .group = "Store",
    .name = "db copy",
    .pos = "",
    .brief = "Copy the database into another one, such as PostgreSQL.",
    .about = "Every row of it, with its ids and numbers: from a file into the database that "
             "several processes share, or back. Nobody may trade on either meanwhile. A copy that "
             "was interrupted goes on when it is started again; at its end both are read once more "
             "and compared, and until then the new one cannot be used.\n\n"
             "The password of both is that of the configuration (store.password_file).\n\n"
             "Example:\n"
             "  bullfinch db copy --to postgresql://bullfinch@db.example.com/bullfinch",
    .opts = copy_opts,
    .needs_config = true,
    .run = copy_run};
static const struct opt migrate_opts[] = {
    {"program", "NAME", "PostgreSQL: the role as which the program runs gets what it needs."},
    {"reader", "NAME", "PostgreSQL: so does the role of who only looks."},
    {0}};

const struct cmd cmd_db_migrate = {.group = "Store",
                                   .name = "db migrate",
                                   .pos = "",
                                   .brief = "Create the database, or bring its schema up to date.",
                                   .about =
                                       "On PostgreSQL the role that runs this owns the tables. "
                                       "With --program and --reader it then gives those roles "
                                       "the rights that they need, and takes all others back, "
                                       "as `db roles --apply` does: say them each time, as a "
                                       "new version may have new tables.",
                                   .opts = migrate_opts,
                                   .needs_config = true,
                                   .run = migrate_run};
const struct cmd cmd_db_check = {
    .group = "Store",
    .name = "db check",
    .pos = "",
    .brief = "Check that the database is sound and its books balance.",
    .about =
        "Looks at the file's structure, at what refers to what, whether a trader can start from "
        "each row, whether of deleted posts no text is left, and whether the fills explain "
        "orders, positions, fees and cash to the last digit.",
    .needs_config = true,
    .run = check_run};
const struct cmd cmd_db_backup = {.group = "Store",
                                  .name = "db backup",
                                  .pos = "FILE",
                                  .brief = "Copy the database, also while a trader runs.",
                                  .pos_min = 1,
                                  .pos_max = 1,
                                  .needs_config = true,
                                  .run = backup_run};
const struct cmd cmd_db_restore = {.group = "Store",
                                   .name = "db restore",
                                   .pos = "FILE",
                                   .brief = "Put a backup in the database's place.",
                                   .about = "The backup is checked first; what was there is kept "
                                            "beside it. No trader may be running.",
                                   .pos_min = 1,
                                   .pos_max = 1,
                                   .needs_config = true,
                                   .run = restore_run};
const struct cmd cmd_audit_verify = {.group = "Store",
                                     .name = "audit verify",
                                     .pos = "",
                                     .brief = "Check the chain of hashes over the audit log.",
                                     .about = "Where retention.audit_days let go of its beginning, "
                                              "the chain begins at an anchor, and a row of the "
                                              "log must vouch for that.",
                                     .needs_config = true,
                                     .run = verify_run};
