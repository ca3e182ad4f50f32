/* app: what every command needs: the configuration, the store, standard output, a way to fail.
 *
 * Errors are printed here, once, as "bullfinch: what, where, what to do", and turned into an exit
 * status. Thread: the main one, before others begin or after they ended. */
#include "app/app.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "app/wire_secret.h"
#include "base/file.h"
#include "base/log.h"

#define SETTINGS_MAX 256

/* `bullfinch show ledger | head`: whoever read has seen enough, and wants no complaint. */
static const char app_nobody_reads[] = "nobody reads standard output any more";

exit_status app_fail(const struct error *err) {
    if (strcmp(err->msg, app_nobody_reads) != 0) fprintf(stderr, "bullfinch: %s\n", err->msg);
    if (err->code == ERR_USAGE) return EXIT_USAGE;
    if (err->code == ERR_REFUSED) return EXIT_REFUSED;
    return EXIT_FAILED;
}

/* --- configuration ----------------------------------------------------------------------- */

const char *app_key_of(const struct opt *o) {
    /* Another command may call something else so: what the value is called tells. */
    static const struct {
        const char *opt, *arg, *key;
    } shorts[] = {{"posts", "FILE", "source.path"},
                  {"prices", "DIR", "venue.prices"},
                  {"source", "KIND", "source.kind"},
                  {"model", "NAME", "model.kind"}};
    for (ptrdiff_t i = 0; i < COUNT_OF(shorts); i++) {
        if (strcmp(o->name, shorts[i].opt) == 0 && o->arg != NULL &&
            strcmp(o->arg, shorts[i].arg) == 0)
            return shorts[i].key;
    }
    return NULL;
}

/* The configuration value that an option stands for: --set itself, and shorter names of keys. */
static bool set_of(struct app *app, const struct opt *o, str value, str *ret) {
    const char *const key = app_key_of(o);
    *ret = value;
    if (strcmp(o->name, "set") == 0) return true;
    if (key == NULL) return false;
    struct buf b;
    char *block = NEW_ARRAY(&app->boot, char, value.n + 64);
    buf_init_fixed(&b, block, value.n + 64);
    buf_printf(&b, "%s=" STR_FMT, key, STR_ARG(value));
    *ret = buf_str(&b);
    return true;
}

static bool load(struct app *app, const struct args *args, const str *settings, int settings_count,
                 struct error *err) {
    str *const sets = NEW_ARRAY(&app->boot, str, ARGS_GIVEN_MAX);
    struct config_input in = {.file = args_get(args, "config", STR("")),
                              .profile = args_get(args, "profile", STR("")),
                              .sets = sets,
                              .env = app->env,
                              .settings = settings,
                              .settings_count = settings_count};
    for (int i = 0; i < args->given_count; i++)
        if (set_of(app, args->given[i].opt, args->given[i].value, &sets[in.set_count]))
            in.set_count++;

    struct buf report;
    buf_init(&report, CONFIG_REPORT_BYTES);
    const bool ok = config_load(&app->boot, &in, &app->cfg, &report, err);
    if (!ok) fputs(buf_z(&report), stderr);
    buf_fini(&report);
    app->given = in;
    app->given.text = app->cfg.text; /* as it was, whatever becomes of the file */
    return ok;
}

static void log_from_config(const struct config *cfg) {
    log_level level = LOG_INFO;
    IGNORE(log_level_from_name(cfg->log_level, &level), "the table admits only names of levels");
    log_setup(level, str_eq(cfg->log_format, STR("json")) ? LOG_JSON : LOG_LOGFMT, STDERR_FILENO);
}

bool app_load_config(struct app *app, const struct args *args, struct error *err) {
    if (!load(app, args, NULL, 0, err)) return false;
    /* The settings table may override the file, but the file says where the table is. */
    struct store *s;
    struct error none;
    if (app_store_open(app, STORE_READ, false, &s, &none)) {
        const str *rows;
        int count;
        const bool ok = store_settings(s, &app->boot, &rows, &count, err) &&
                        (count == 0 || load(app, args, rows, count, err));
        store_close(s);
        if (!ok) return false;
    } /* no store yet, or one that the command itself will complain of */
    log_from_config(&app->cfg);
    return true;
}

void app_go_live(struct app *app) {
    app->live = config_live_new(&app->boot, &app->given, &app->cfg);
}

/* --- the store --------------------------------------------------------------------------- */

/* NULL where none is configured. Read once: a variable of the environment is wiped then. */
static bool store_password(struct app *app, const struct secret **ret, struct error *err) {
    const struct config *cfg = &app->cfg;
    *ret = NULL;
    if (cfg->store_password_file.n == 0 && cfg->store_password_env.n == 0) return true;
    if (app->store_password.p == NULL &&
        !wire_secret(app, "store.password", cfg->store_password_file, cfg->store_password_env, "",
                     &app->store_password, err))
        return false;
    *ret = &app->store_password;
    return true;
}

bool app_store_options(struct app *app, store_access access, bool create, struct store_options *ret,
                       struct error *err) {
    const struct config *cfg = &app->cfg;
    *ret = (struct store_options){.url = cfg->store_url,
                                  .access = access,
                                  .create = create,
                                  .full_sync = str_eq(cfg->store_synchronous, STR("full")),
                                  .bulk = app->store_bulk,
                                  .busy_timeout_ms = cfg->store_busy_timeout_ms,
                                  .ca_file = cfg->store_ca_file};
    return store_password(app, &ret->password, err);
}

bool app_store_open(struct app *app, store_access access, bool create, struct store **ret,
                    struct error *err) {
    struct store_options opt;
    if (!app_store_options(app, access, create, &opt, err) ||
        !store_open(&app->boot, &opt, ret, err))
        return false;
    const char *warning = store_warning(*ret);
    if (warning != NULL && !app->store_warned) log_unusual("store_link", LOG_Z("why", warning));
    app->store_warned = true;
    return true;
}

/* --- small things ------------------------------------------------------------------------ */

bool app_print(const struct buf *b, struct error *err) {
    str rest = buf_str(b);
    if (buf_full(b)) return fail(err, ERR_LIMIT, 0, "more to print than %td bytes", b->max);
    while (rest.n > 0) {
        const ssize_t n = write(STDOUT_FILENO, rest.p, (size_t)rest.n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EPIPE) return fail(err, ERR_IO, EPIPE, "%s", app_nobody_reads);
        if (n < 0) return fail(err, ERR_IO, errno, "write to standard output: %s", strerror(errno));
        rest = str_tail(rest, n);
    }
    return true;
}

const char *app_actor(char block[64]) {
    const struct passwd *pw = getpwuid(getuid());
    struct buf b;
    buf_init_fixed(&b, block, 64);
    if (pw && pw->pw_name)
        buf_printf(&b, "cli:%s", pw->pw_name);
    else
        buf_printf(&b, "cli:%ld", (long)getuid());
    return buf_z(&b);
}

bool app_read_file(struct arena *a, const char *path, ptrdiff_t max, str *ret, struct error *err) {
    int fd;
    if (!file_open(path, &fd, NULL, err)) return fail_in(err, "%s", path);
    char *p = arena_alloc(a, 1, 1, max + 1);
    ptrdiff_t n = 0;
    ssize_t got;
    while (n <= max && (got = read(fd, p + n, (size_t)(max + 1 - n))) != 0) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int sys = errno;
            close(fd);
            return fail(err, ERR_IO, sys, "%s: %s", path, strerror(sys));
        }
        n += got;
    }
    close(fd);
    if (n > max) return fail(err, ERR_LIMIT, 0, "%s: larger than %td bytes", path, max);
    *ret = (str){p, n};
    return true;
}
