/* confine: see the header.
 *
 * In: the configuration. Out: the process' own rights, less. The kernel is spoken to directly: the
 * three calls are the same on every machine, and the C library knows them not yet. Of rights that
 * this kernel's Landlock does not know, none is asked for. A path that is not there gets no rule:
 * who opens it fails as without us.
 *
 * Rules are of what is there now: a folder's reach to what is put into it later, a file's to that
 * file alone. So a token that is replaced by another file is read by the next start, as before.
 * Failure: nothing was taken away, and the error says what to do. Thread: the main one, when it is
 * the only one. */
#include "app/confine.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

/* As <linux/landlock.h> of a kernel that has them all. */
#define CALL_CREATE 444
#define CALL_ADD 445
#define CALL_RESTRICT 446
#define ASK_VERSION 1U
#define RULE_PATH 1
#define MAY(bit) (UINT64_C(1) << (bit))
#define MAY_EXECUTE MAY(0)
#define MAY_WRITE_FILE MAY(1)
#define MAY_READ_FILE MAY(2)
#define MAY_READ_DIR MAY(3)
#define MAY_REMOVE_FILE MAY(5)
#define MAY_MAKE_REG MAY(8)
#define MAY_TRUNCATE MAY(14)
#define MAY_READ (MAY_READ_FILE | MAY_READ_DIR)
#define MAY_KEEP                                                                                   \
    (MAY_READ | MAY_WRITE_FILE | MAY_TRUNCATE | MAY_REMOVE_FILE | MAY_MAKE_REG) /* a database */
#define OF_FILES (MAY_EXECUTE | MAY_WRITE_FILE | MAY_READ_FILE | MAY_TRUNCATE)

struct ruleset_attr {
    uint64_t handled;
};
struct __attribute__((packed)) path_attr {
    uint64_t allowed;
    int32_t parent;
};

struct walls {
    int ruleset;
    uint64_t handled;
    bool failed; /* a rule could not be laid */
    int sys;
};

int confine_version(void) {
    const long n = syscall(CALL_CREATE, NULL, 0, ASK_VERSION);
    return n > 0 ? (int)n : 0;
}

/* What this version knows of: 13 rights at first, then moving and linking, truncating, devices. */
static uint64_t known(int version) {
    static const int bits[] = {0, 13, 14, 15, 15, 16};
    return (UINT64_C(1) << bits[i64_min(version, COUNT_OF(bits) - 1)]) - 1;
}

static void allow(struct walls *w, const char *path, uint64_t rights) {
    struct stat st;
    if (path == NULL || *path == '\0') return;
    const int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) return;
    if (fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode)) rights &= OF_FILES;
    const struct path_attr rule = {rights & w->handled, fd};
    /* a pipe has no place that a rule could be of, and needs none */
    if (syscall(CALL_ADD, w->ruleset, RULE_PATH, &rule, 0) != 0 && errno != EBADFD &&
        errno != EINVAL) {
        w->failed = true;
        w->sys = errno;
    }
    close(fd);
}

/* --- what is needed ---------------------------------------------------------------------- */

static void allow_system(struct walls *w) {
    static const char *const read[] = {"/usr",  "/lib", "/lib32", "/lib64",     "/etc",
                                       "/proc", "/sys", "/run",   "/nix/store", "/gnu/store"};
    static const char *const devices[] = {"/dev/urandom", "/dev/random", "/dev/zero"};
    for (ptrdiff_t i = 0; i < COUNT_OF(read); i++) allow(w, read[i], MAY_READ);
    for (ptrdiff_t i = 0; i < COUNT_OF(devices); i++) allow(w, devices[i], MAY_READ_FILE);
    allow(w, "/dev/null", MAY_READ_FILE | MAY_WRITE_FILE);
}

/* Libraries that are somewhere else: others of the same kind may be loaded from beside them. */
static int allow_library(struct dl_phdr_info *info, size_t bytes, void *walls) {
    char folder[4096];
    const str path = str_from_z(info->dlpi_name);
    ptrdiff_t n = path.n;
    (void)bytes;
    while (n > 0 && path.p[n - 1] != '/') n--;
    if (n > 1 && str_copyz(str_head(path, n), folder, sizeof folder))
        allow(walls, folder, MAY_READ);
    return 0;
}

/* The name of the loader stands in the program itself. */
static int allow_loader(struct dl_phdr_info *info, size_t bytes, void *walls) {
    (void)bytes;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_INTERP)
            allow(walls, (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr),
                  MAY_READ_FILE | MAY_EXECUTE);
    return 1; /* the first is the program */
}

/* Where people keep what libraries look for by themselves. */
static void allow_of_user(struct walls *w, struct arena *a) {
    static const char *const named[] = {"PGPASSFILE",           "PGSERVICEFILE",  "SSL_CERT_FILE",
                                        "SSL_CERT_DIR",         "CURL_CA_BUNDLE", "OPENSSL_CONF",
                                        "CREDENTIALS_DIRECTORY"};
    static const char *const at_home[] = {".pgpass", ".postgresql", ".pg_service.conf"};
    for (ptrdiff_t i = 0; i < COUNT_OF(named); i++) allow(w, getenv(named[i]), MAY_READ);
    const char *const home = getenv("HOME");
    for (ptrdiff_t i = 0; home != NULL && i < COUNT_OF(at_home); i++) {
        struct buf b;
        char *const path = NEW_ARRAY(a, char, 4096);
        buf_init_fixed(&b, path, 4096);
        buf_printf(&b, "%s/%s", home, at_home[i]);
        allow(w, buf_z(&b), MAY_READ);
    }
}

static void allow_configured(struct walls *w, struct app *app) {
    struct config_path paths[CONFIG_PATHS_MAX];
    const int count = config_paths(&app->cfg, paths);
    for (int i = 0; i < count; i++) allow(w, str_dupz(&app->boot, paths[i].path), MAY_READ);
    if (app->cfg.file.n > 0) allow(w, str_dupz(&app->boot, app->cfg.file), MAY_READ);
}

const char *confine_folder(const struct config *cfg, struct arena *a) {
    const str prefix = STR("sqlite:");
    if (!str_starts(cfg->store_url, prefix)) return NULL;
    const str path = str_tail(cfg->store_url, prefix.n);
    ptrdiff_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/') n--;
    return n == 0 ? "." : n == 1 ? "/" : str_dupz(a, str_head(path, n - 1));
}

/* --- doing it ---------------------------------------------------------------------------- */

static bool lay(struct walls *w, struct app *app, const char *folder, bool begins_anew,
                struct error *err) {
    allow_system(w);
    dl_iterate_phdr(allow_library, w);
    allow_of_user(w, &app->boot);
    allow_configured(w, app);
    allow(w, folder, MAY_KEEP);
    if (begins_anew) {
        allow(w, "/proc/self/exe", MAY_READ_FILE | MAY_EXECUTE);
        dl_iterate_phdr(allow_loader, w);
    }
    if (w->failed) return fail(err, ERR_IO, w->sys, "a rule: %s", strerror(w->sys));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail(err, ERR_IO, errno, "no new privileges: %s", strerror(errno));
    /* who began anew often enough has as many walls as there can be, all of them the same */
    if (syscall(CALL_RESTRICT, w->ruleset, 0) != 0 && errno != E2BIG)
        return fail(err, ERR_IO, errno, "%s", strerror(errno));
    return true;
}

static bool by_landlock(struct app *app, bool begins_anew, int version, struct error *err) {
    const char *const folder = confine_folder(&app->cfg, &app->boot);
    const struct ruleset_attr attr = {known(version)};
    struct walls w = {.handled = attr.handled};
    w.ruleset = (int)syscall(CALL_CREATE, &attr, sizeof attr, 0);
    if (w.ruleset < 0) return fail(err, ERR_IO, errno, "%s", strerror(errno));
    const bool ok = lay(&w, app, folder, begins_anew, err);
    close(w.ruleset);
    if (!ok) return false;
    /* what SQLite writes aside while it makes its file anew is as large as that */
    if (folder != NULL) IGNORE(setenv("SQLITE_TMPDIR", folder, 0) != 0, "then where it may not");
    log_info("confined", LOG_I("landlock", version),
             LOG_Z("writes_below", folder ? folder : "nothing"));
    return true;
}

static bool holds_secrets(const struct config *cfg) {
    struct config_path paths[CONFIG_PATHS_MAX];
    const int count = config_paths(cfg, paths);
    bool any = cfg->api_listen.n > 0; /* tokens come in, and sessions are made */
    for (int i = 0; i < count; i++) any = any || paths[i].is_secret;
    return any;
}

bool confine(struct app *app, bool begins_anew, struct error *err) {
    const str how = app->cfg.run_confine;
    if (holds_secrets(&app->cfg)) secret_guard_process();
    if (str_eq(how, STR("off"))) return true;
    const int version = confine_version();
    if (version > 0) {
        if (by_landlock(app, begins_anew, version, err)) return true;
        return fail_in(err, "run.confine: Landlock (off: goes on without)");
    }
    if (str_eq(how, STR("required")))
        return fail(err, ERR_UNSUPPORTED, 0,
                    "run.confine is required, and this kernel has no Landlock, or it is switched "
                    "off (the boot parameter lsm=); auto goes on without");
    log_info("not_confined", LOG_Z("why", "this kernel has no Landlock"));
    return true;
}
