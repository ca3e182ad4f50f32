/* doctor_hardening: what would let somebody else at the keys, the store or the orders.
 *
 * In: the configuration, the files that it names, the units, and what the kernel says of the trader
 * that runs. Out: findings; nothing is changed. What cannot be looked at (another user's process)
 * is left out. Thread: the main one. */
#include "app/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/listen.h"
#include "app/confine.h"
#include "app/doctor_units.h"
#include "store/sources.h"

#define STATUS_BYTES 65536
#define TOKENS_BYTES (4 << 20)

static void look_at_user(struct doctor *d) {
    if (geteuid() == 0)
        doctor_find(d, GRADE_WARN, "user",
                    "this is root: let it run as a user of its own, as deploy/systemd and the "
                    "image do");
    else
        doctor_find(d, GRADE_OK, "user", "no root: uid %ld", (long)geteuid());
}

/* --- files ------------------------------------------------------------------------------- */

/* May others put something else in its place? */
static bool folder_is_open(struct arena *a, const char *path, struct stat *ret) {
    const char *const slash = strrchr(path, '/');
    const ptrdiff_t n = slash ? slash - path : 0;
    const char *const folder = slash == NULL ? "."
                               : n == 0      ? "/"
                                             : str_dupz(a, str_from_bytes(path, n));
    if (stat(folder, ret) != 0) return false;
    return (ret->st_mode & 022) != 0 && (ret->st_mode & S_ISVTX) == 0;
}

static void look_at_file(struct doctor *d) {
    const str file = d->app->cfg.file;
    struct stat st, folder;
    if (file.n == 0) return;
    const char *const path = str_dupz(&d->app->boot, file);
    if (stat(path, &st) != 0) return;
    if ((st.st_mode & 022) != 0)
        doctor_find(d, GRADE_BAD, "file modes",
                    "%s can be written by others, who so say what is traded: chmod go-w %s", path,
                    path);
    else if (st.st_uid != 0 && st.st_uid != geteuid())
        doctor_find(d, GRADE_WARN, "file modes", "%s belongs to uid %ld, who may change it", path,
                    (long)st.st_uid);
    else if (folder_is_open(&d->app->boot, path, &folder))
        doctor_find(d, GRADE_WARN, "file modes",
                    "the folder of %s can be written by others: chmod go-w", path);
    else
        doctor_find(d, GRADE_OK, "file modes", "%s cannot be changed by others", path);
}

static void look_at_secret(struct doctor *d, const struct config_path *p) {
    struct stat st, folder;
    const char *const path = str_dupz(&d->app->boot, p->path);
    if (stat(path, &st) != 0)
        doctor_find(d, GRADE_BAD, "secrets", "%s.%s: %s: %s", p->section, p->name, path,
                    strerror(errno));
    else if (!secret_mode_is_good(&st))
        doctor_find(d, GRADE_BAD, "secrets", "%s.%s: others may read %s: chmod 600 %s", p->section,
                    p->name, path, path);
    else if (folder_is_open(&d->app->boot, path, &folder))
        doctor_find(d, GRADE_WARN, "secrets",
                    "%s.%s: others may put another file in the place of %s: chmod go-w on its "
                    "folder",
                    p->section, p->name, path);
    else
        doctor_find(d, GRADE_OK, "secrets", "%s.%s: %s is its owner's alone", p->section, p->name,
                    path);
}

static void look_at_secrets(struct doctor *d) {
    struct config_path paths[CONFIG_PATHS_MAX];
    const int count = config_paths(&d->app->cfg, paths);
    for (int i = 0; i < count; i++)
        if (paths[i].is_secret) look_at_secret(d, &paths[i]);
}

/* --- the kernel's walls ------------------------------------------------------------------ */

static void look_at_confinement(struct doctor *d) {
    const str how = d->app->cfg.run_confine;
    const int version = confine_version();
    const char *const folder = confine_folder(&d->app->cfg, &d->app->boot);
    if (str_eq(how, STR("off")))
        doctor_find(d, GRADE_WARN, "confinement",
                    "run.confine is off: it may write wherever its "
                    "user may; auto takes that away");
    else if (version == 0)
        doctor_find(d, str_eq(how, STR("required")) ? GRADE_BAD : GRADE_WARN, "confinement",
                    "this kernel has no Landlock (5.13 and newer do, where lsm= names it): only "
                    "units or a container keep it within its folder");
    else
        doctor_find(d, GRADE_OK, "confinement",
                    "Landlock %d: a run writes %s%s and starts no program", version,
                    folder ? "below " : "nothing", folder ? folder : "");
}

static void look_at_dumps(struct doctor *d) {
    struct rlimit core = {0};
    if (getrlimit(RLIMIT_CORE, &core) != 0) return;
    doctor_find(d, GRADE_OK, "core dumps",
                core.rlim_cur == 0 ? "none are made here"
                                   : "they are made here (ulimit -c), but never of a process that "
                                     "holds keys or has the HTTP interface");
}

static bool field_of(str text, const char *name, str *ret) {
    str line;
    while (text.n > 0) {
        IGNORE(str_cut(&text, '\n', &line), "the last line may have no end");
        if (!str_starts(line, str_from_z(name))) continue;
        *ret = str_trim(str_tail(line, str_from_z(name).n));
        return true;
    }
    return false;
}

/* What the kernel lets the trader do that trades on this store now. */
static void look_at_process(struct doctor *d, int64_t pid) {
    struct error none;
    struct arena a;
    char path[64];
    str text, uid, caps, filter, walls;
    arena_open(&a, 2 * STATUS_BYTES);
    snprintf(path, sizeof path, "/proc/%lld/status", (long long)pid);
    const bool known = app_read_file(&a, path, STATUS_BYTES, &text, &none) &&
                       field_of(text, "Uid:", &uid) && field_of(text, "CapEff:", &caps) &&
                       field_of(text, "Seccomp:", &filter) && field_of(text, "NoNewPrivs:", &walls);
    if (known) {
        const bool root = str_starts(uid, STR("0\t"));
        const bool rights = !str_eq(caps, STR("0000000000000000"));
        const bool filtered = str_eq(filter, STR("2"));
        const bool closed = str_eq(walls, STR("1"));
        doctor_find(d, root || rights || !closed ? GRADE_WARN : GRADE_OK, "process",
                    "the trader, %lld: %s, %s, %s, %s", (long long)pid, root ? "root" : "no root",
                    rights ? "with capabilities" : "no capability",
                    closed ? "cannot gain any" : "may gain some",
                    filtered ? "its system calls are filtered"
                             : "its system calls are not filtered (units do)");
    }
    arena_close(&a);
}

/* --- who can reach it -------------------------------------------------------------------- */

static int usable_tokens(struct store *s) {
    struct error none;
    struct arena a;
    struct token_row *rows;
    int count, usable = 0;
    const usec now = time_wall_us();
    arena_open(&a, TOKENS_BYTES);
    if (store_tokens(s, &a, &rows, &count, &none))
        for (int i = 0; i < count; i++)
            usable +=
                rows[i].revoked_at == 0 && (rows[i].expires_at == 0 || rows[i].expires_at > now);
    arena_close(&a);
    return usable;
}

static void look_at_address(struct doctor *d, struct store *s) {
    const struct config *const cfg = &d->app->cfg;
    struct api_listen at;
    struct error err;
    if (cfg->api_listen.n == 0) return;
    if (!api_listen_parse(cfg->api_listen, &at, &err)) {
        doctor_find(d, GRADE_BAD, "interface", "%s", err.msg);
        return;
    }
    const bool tls = cfg->api_tls_cert_file.n > 0;
    const int tokens = s != NULL ? usable_tokens(s) : 0;
    if (at.loopback)
        doctor_find(d, GRADE_OK, "interface", STR_FMT " is reached from this machine alone",
                    STR_ARG(cfg->api_listen));
    else if (tokens == 0)
        doctor_find(d, GRADE_BAD, "interface",
                    STR_FMT " is reached from other machines, and there is no token: bullfinch "
                            "token create NAME --role trade",
                    STR_ARG(cfg->api_listen));
    else
        doctor_find(d, tls ? GRADE_OK : GRADE_WARN, "interface",
                    STR_FMT " is reached from other machines, with %d token%s%s",
                    STR_ARG(cfg->api_listen), tokens, tokens == 1 ? "" : "s",
                    tls ? " and TLS"
                        : ", which go over the wire as they are: api.tls_cert_file, or a proxy "
                          "with TLS in front");
}

static void look_at_metrics(struct doctor *d) {
    const struct config *const cfg = &d->app->cfg;
    const bool guarded = cfg->metrics_token_file.n > 0 || cfg->metrics_token_env.n > 0;
    struct api_listen at;
    struct error err;
    if (cfg->metrics_listen.n == 0) return;
    if (!api_listen_parse(cfg->metrics_listen, &at, &err))
        doctor_find(d, GRADE_BAD, "metrics", "%s", err.msg);
    else if (at.loopback || guarded)
        doctor_find(d, GRADE_OK, "metrics", STR_FMT " %s", STR_ARG(cfg->metrics_listen),
                    at.loopback ? "is reached from this machine alone" : "wants a word");
    else
        doctor_find(d, GRADE_BAD, "metrics",
                    STR_FMT " is reached from other machines, and wants no word: "
                            "metrics.token_file",
                    STR_ARG(cfg->metrics_listen));
}

void doctor_look_at_hardening(struct doctor *d) {
    struct error none;
    struct store *s = NULL;
    int64_t pid;
    look_at_user(d);
    look_at_file(d);
    look_at_secrets(d);
    look_at_dumps(d);
    look_at_confinement(d);
    if (!app_store_open(d->app, STORE_READ, false, &s, &none)) s = NULL;
    look_at_address(d, s);
    look_at_metrics(d);
    if (s != NULL && store_trader_running(s, &pid)) look_at_process(d, pid);
    store_close(s);
    doctor_look_at_units(d);
}
