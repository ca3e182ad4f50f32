/* rig: see the header.
 *
 * PostgreSQL's data lie in a tmpfs of their own where we may mount one (as root, or in a user
 * namespace), in a mount namespace that ends with us: so its disk can be filled. Redis appends to a
 * file each second, as it does by default where it appends at all. The exchange is `bullfinch sim`,
 * which is not harmed: it is the witness.
 *
 * Failure: a server that cannot be had ends the program with a sentence. */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger.h"
#include "ports.h"

#define PATIENCE (60 * USEC_PER_S) /* until a server answers */
#define DISK "size=320m"

static const char *const bot_names[BOT_COUNT] = {"ingest", "analyze1", "analyze2", "trade1",
                                                 "trade2", "serve1",   "serve2"};
static const char *const roles[BOT_COUNT] = {"ingest", "analyze", "analyze", "trade",
                                             "trade",  "serve",   "serve"};
static const char *const server_names[SERVER_COUNT] = {"PostgreSQL", "Redis", "the venue",
                                                       "the streams"};

const char *server_name(server s) { return server_names[s]; }

/* --- files ----------------------------------------------------------------------------------- */

static void path_in(const struct rig *r, const char *name, char out[PROC_PATH_BYTES]) {
    const int n = snprintf(out, PROC_PATH_BYTES, "%s/%s", r->dir, name);
    if (n < 0 || n >= PROC_PATH_BYTES) give_up("the folder's name is too long");
}

static void file_with(const char *path, const char *text, mode_t mask) {
    const mode_t before = umask(mask);
    FILE *f = fopen(path, "w");
    umask(before);
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) give_up("%s cannot be written", path);
}

static void proc_init(struct rig *r, struct proc *p, const char *name) {
    char file[64];
    *p = (struct proc){0};
    snprintf(p->name, sizeof p->name, "%s", name);
    snprintf(file, sizeof file, "%s.log", name);
    path_in(r, file, p->log);
}

/* --- a disk for PostgreSQL -------------------------------------------------------------------- */

static bool write_text(const char *path, const char *text) {
    const ssize_t n = (ssize_t)strlen(text);
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    const bool ok = fd >= 0 && write(fd, text, (size_t)n) == n;
    if (fd >= 0) close(fd);
    return ok;
}

/* Mounts of ours are ours alone, and end with us. */
static bool own_mounts(void) {
    char uids[64], gids[64];
    const unsigned uid = geteuid(), gid = getegid();
    if (uid == 0) return unshare(CLONE_NEWNS) == 0;
    snprintf(uids, sizeof uids, "%u %u 1", uid, uid);
    snprintf(gids, sizeof gids, "%u %u 1", gid, gid);
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/uid_map", uids) &&
           write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/gid_map", gids);
}

static bool mount_disk(const struct rig *r) {
    return own_mounts() && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", r->pg_data, "tmpfs", MS_NOSUID | MS_NODEV, DISK) == 0;
}

/* Tried by a child first: there is no way back out of a namespace that is half made. */
static void open_disk(struct rig *r) {
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0) _exit(mount_disk(r) ? 0 : errno);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) give_up("no more processes");
    r->has_disk = WIFEXITED(status) && WEXITSTATUS(status) == 0 && mount_disk(r);
    if (!r->has_disk)
        snprintf(r->no_disk, sizeof r->no_disk, "no mount (%s)", strerror(WEXITSTATUS(status)));
}

/* --- PostgreSQL ------------------------------------------------------------------------------- */

/* Where initdb is: in PATH, or where Debian puts it, the newest of them. */
static void find_postgres(struct rig *r) {
    const char *rest = getenv("PATH");
    glob_t found;
    int newest = -1;
    for (str path = str_from_z(rest), part; str_cut(&path, ':', &part);) {
        char name[PROC_PATH_BYTES], *real; /* a link would lead away from the programs beside it */
        snprintf(name, sizeof name, STR_FMT "/initdb", STR_ARG(part));
        if (access(name, X_OK) != 0 || (real = realpath(name, NULL)) == NULL) continue;
        *strrchr(real, '/') = '\0';
        snprintf(r->pg_bin, sizeof r->pg_bin, "%s", real);
        free(real);
        return;
    }
    if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            int version = 0;
            if (sscanf(found.gl_pathv[i], "/usr/lib/postgresql/%d", &version) != 1 ||
                version <= newest)
                continue;
            newest = version;
            snprintf(r->pg_bin, sizeof r->pg_bin, "/usr/lib/postgresql/%d/bin", version);
        }
        globfree(&found);
    }
    if (newest < 0) give_up("PostgreSQL is not installed: there is no initdb");
}

static void make_cluster(struct rig *r) {
    struct proc p;
    proc_init(r, &p, "initdb");
    p.as_nobody = true;
    proc_arg(&p, "%s/initdb", r->pg_bin);
    const char *const args[] = {"-D",
                                r->pg_data,
                                "-U",
                                "bullfinch",
                                "-A",
                                "trust",
                                "-E",
                                "UTF8",
                                "--locale=C.UTF-8",
                                "--wal-segsize=1",
                                "--no-instructions"};
    for (int i = 0; i < COUNT_OF(args); i++) proc_arg(&p, "%s", args[i]);
    if (proc_run(&p, NULL, 0) != 0) give_up("initdb failed: see %s", p.log);
}

static void start_postgres(struct rig *r) {
    struct proc *const p = &r->postgres;
    find_postgres(r);
    path_in(r, "pg", r->pg_data);
    if (mkdir(r->pg_data, 0700) != 0) give_up("%s: %s", r->pg_data, strerror(errno));
    open_disk(r);
    const struct passwd *nobody = getpwnam("nobody");
    if (geteuid() == 0 && (nobody == NULL || chmod(r->dir, 0711) != 0 ||
                           chown(r->pg_data, nobody->pw_uid, nobody->pw_gid) != 0))
        give_up("%s cannot be given to nobody: %s", r->pg_data, strerror(errno));
    if (chmod(r->pg_data, 0700) != 0) give_up("%s: %s", r->pg_data, strerror(errno));
    make_cluster(r);
    proc_init(r, p, "postgres");
    p->as_nobody = true;
    p->end_signal = SIGINT; /* fast */
    r->pg_port = port_free();
    proc_arg(p, "%s/postgres", r->pg_bin);
    proc_arg(p, "-D");
    proc_arg(p, "%s", r->pg_data);
    const char *const sets[] = {
        "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=on",
        "track_commit_timestamp=on",  "shared_buffers=32MB",      "max_wal_size=48MB",
        "min_wal_size=8MB",           "autovacuum_naptime=5s",    "log_line_prefix=%m [%p] "};
    for (int i = 0; i < COUNT_OF(sets); i++) {
        proc_arg(p, "-c");
        proc_arg(p, "%s", sets[i]);
    }
    proc_arg(p, "-p");
    proc_arg(p, "%d", r->pg_port);
    proc_start(p);
    if (!ledger_wait(r, "postgres", PATIENCE)) give_up("PostgreSQL does not start: %s", p->log);
    if (!ledger_do(r, "postgres", "CREATE DATABASE bullfinch"))
        give_up("no database can be made: see %s", p->log);
}

/* --- Redis, the exchange ------------------------------------------------------------------------
 */

static void wait_for_port(const struct proc *p, int port) {
    const usec until = time_monotonic_us() + PATIENCE;
    while (!port_answers(port)) {
        if (time_monotonic_us() > until) give_up("%s does not start: see %s", p->name, p->log);
        wait_ms(50);
    }
}

static void start_redis(struct rig *r) {
    struct proc *const p = &r->redis;
    char data[PROC_PATH_BYTES];
    path_in(r, "redis", data);
    if (mkdir(data, 0700) != 0) give_up("%s: %s", data, strerror(errno));
    proc_init(r, p, "redis");
    r->redis_port = port_free();
    const char *const args[] = {"/usr/bin/env",  "redis-server", "--bind",       "127.0.0.1",
                                "--dir",         data,           "--appendonly", "yes",
                                "--appendfsync", "everysec",     "--save",       ""};
    for (int i = 0; i < COUNT_OF(args); i++) proc_arg(p, "%s", args[i]);
    proc_arg(p, "--port");
    proc_arg(p, "%d", r->redis_port);
    proc_start(p);
    wait_for_port(p, r->redis_port);
}

static void start_exchange(struct rig *r, const char *faults) {
    struct proc *const p = &r->sim;
    char plan[PROC_PATH_BYTES];
    path_in(r, "faults.json", plan);
    file_with(plan, faults, 022);
    proc_init(r, p, "sim");
    r->sim_port = port_free();
    proc_arg(p, "%s", r->program);
    proc_arg(p, "sim");
    proc_arg(p, "--listen");
    proc_arg(p, "127.0.0.1:%d", r->sim_port);
    proc_arg(p, "--seed");
    proc_arg(p, "%llu", (unsigned long long)r->seed);
    proc_arg(p, "--faults");
    proc_arg(p, "%s", plan);
    const char *const args[] = {"--account",      RIG_KEY ":" RIG_SECRET,
                                "--weight-limit", "100000000", /* each start costs a lot */
                                "--orders-10s",   "1000000"};
    for (int i = 0; i < COUNT_OF(args); i++) proc_arg(p, "%s", args[i]);
    proc_start(p);
    wait_for_port(p, r->sim_port);
}

/* --- the bullfinches ----------------------------------------------------------------------------
 */

/* Every post of praise may trade, and is held shortly, so that much happens. */
static void write_config(struct rig *r, int hold_s) {
    char text[4096], key[PROC_PATH_BYTES], secret[PROC_PATH_BYTES];
    path_in(r, "bullfinch.yaml", r->config);
    path_in(r, "key", key);
    path_in(r, "secret", secret);
    file_with(key, RIG_KEY, 077);
    file_with(secret, RIG_SECRET, 077);
    const int n = snprintf(
        text, sizeof text,
        "sources:\n"
        "  - {kind: jetstream, keep: all, strangers: no}\n"
        "  - {kind: push, name: " RIG_PUSH "}\n"
        "reader: {workers: 1}\n"
        "market: {kind: venue}\n"
        "queue: {capacity: 4096}\n"
        "api: {rate_limit: 0, listen: \"127.0.0.1:%d\"}\n" /* where there is a push source */
        "venue:\n"
        "  kind: binance_spot_testnet\n"
        "  key_file: %s\n"
        "  secret_file: %s\n"
        "  fee_percent: 0\n"
        "trading:\n"
        "  max_hold_s: %d\n"
        "  cooldown_symbol_s: 0\n"
        "  cooldown_author_s: 0\n"
        "  author_trades_per_day: 1000\n"
        "  position_size_percent: 0.02\n"
        "  max_open_positions: 8\n"
        "  max_daily_drawdown: 1\n"
        "  signal_threshold: 40\n"
        "  min_reward_risk: 0\n"
        "judge: {trade_strangers: true, guard: off, priced_in: 0, record: 0}\n",
        r->serve_port[0], key, secret, hold_s);
    if (n < 0 || n >= (int)sizeof text) give_up("the configuration is too long");
    file_with(r->config, text, 022);
}

#define SET(p, ...) (proc_arg(p, "--set"), proc_arg(p, __VA_ARGS__))
#define PG_URL "postgresql://bullfinch@127.0.0.1:%d/bullfinch"

static int wire(struct rig *r, bot from, server to) {
    const int ports[SERVER_COUNT] = {r->pg_port, r->redis_port, r->sim_port, r->sim_port};
    struct link *const l = &r->links[r->link_count++];
    char target[32];
    struct error err;
    *l = (struct link){.from = from, .to = to};
    snprintf(target, sizeof target, "127.0.0.1:%d", ports[to]);
    if (!tcp_proxy_open(0, str_from_z(target), &l->proxy, &err)) give_up("%s", err.msg);
    tcp_proxy_count(l->proxy, STR("POST /")); /* what may change something */
    return tcp_proxy_port(l->proxy);
}

static void make_clock(struct rig *r, bot b) {
    char file[64], path[PROC_PATH_BYTES];
    snprintf(file, sizeof file, "%s.clock", bot_names[b]);
    path_in(r, file, path);
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    void *at = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, sizeof **r->clocks) == 0)
        at = mmap(NULL, sizeof **r->clocks, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) give_up("%s: %s", path, strerror(errno));
    close(fd);
    r->clocks[b] = at;
    snprintf(r->clock_env[b], sizeof r->clock_env[b], "CHAOS_CLOCK=%.580s", path);
    r->bots[b].env[0] = r->clock_env[b];
    r->bots[b].env[1] = r->preload_env;
}

static void prepare_bot(struct rig *r, bot b) {
    struct proc *const p = &r->bots[b];
    proc_init(r, p, bot_names[b]);
    make_clock(r, b);
    proc_arg(p, "%s", r->program);
    proc_arg(p, "%s", roles[b]);
    proc_arg(p, "--config");
    proc_arg(p, "%s", r->config);
    SET(p, "store.url=" PG_URL, wire(r, b, POSTGRES));
    SET(p, "queue.url=redis://127.0.0.1:%d", wire(r, b, REDIS));
    if (b == INGEST) SET(p, "source.url=ws://127.0.0.1:%d", wire(r, b, STREAMS));
    if (b == TRADE_1 || b == TRADE_2) {
        const int port = wire(r, b, STREAMS);
        SET(p, "venue.rest_url=http://127.0.0.1:%d", wire(r, b, VENUE));
        SET(p, "venue.ws_api_url=ws://127.0.0.1:%d/ws-api/v3", port);
        SET(p, "venue.stream_url=ws://127.0.0.1:%d", port);
    }
    if (b == SERVE_1 || b == SERVE_2) {
        SET(p, "api.listen=127.0.0.1:%d", r->serve_port[b - SERVE_1]);
    }
}

int rig_command(struct rig *r, char *out, size_t bytes, const char *const *arguments) {
    struct proc p;
    proc_init(r, &p, "commands");
    proc_arg(&p, "%s", r->program);
    for (int i = 0; arguments[i] != NULL; i++) proc_arg(&p, "%s", arguments[i]);
    proc_arg(&p, "--config");
    proc_arg(&p, "%s", r->config);
    SET(&p, "store.url=" PG_URL, r->pg_port);
    SET(&p, "queue.url=redis://127.0.0.1:%d", r->redis_port);
    return proc_run(&p, out, bytes);
}

/* The token is the word that begins so. */
static void make_token(struct rig *r) {
    char out[1024];
    const char *const args[] = {"token",  "create",   "feeder", "--role",
                                "ingest", "--source", RIG_PUSH, NULL};
    if (rig_command(r, out, sizeof out, args) != 0) give_up("no token: %s", out);
    const char *at = strstr(out, "bft_");
    if (at == NULL || sscanf(at, "%127[A-Za-z0-9_-]", r->token) != 1)
        give_up("no token in: %s", out);
}

static void find_clock_library(struct rig *r) {
    char self[PROC_PATH_BYTES];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) give_up("/proc/self/exe cannot be read");
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    snprintf(r->preload_env, sizeof r->preload_env, "LD_PRELOAD=%.500s/libchaos_clock.so", self);
    if (access(r->preload_env + sizeof "LD_PRELOAD=" - 1, R_OK) != 0)
        give_up("%s is not there", r->preload_env);
}

/* --- all of it ----------------------------------------------------------------------------------
 */

void rig_open(struct rig *r, const struct rig_options *opt) {
    const char *const migrate[] = {"db", "migrate", NULL};
    char out[4096];
    *r = (struct rig){.program = opt->program, .dir = opt->dir, .seed = opt->seed};
    find_clock_library(r);
    start_postgres(r);
    start_redis(r);
    start_exchange(r, opt->faults);
    for (int i = 0; i < COUNT_OF(r->serve_port); i++) r->serve_port[i] = port_free();
    write_config(r, opt->hold_s);
    if (rig_command(r, out, sizeof out, migrate) != 0) give_up("bullfinch db migrate: %s", out);
    if (!ledger_do(r, "bullfinch", ledger_witness)) give_up("the witness cannot be put in place");
    make_token(r);
    r->all[r->all_count++] = &r->postgres;
    r->all[r->all_count++] = &r->redis;
    r->all[r->all_count++] = &r->sim;
    for (int i = 0; i < opt->bot_count; i++) {
        prepare_bot(r, opt->bots[i]);
        r->all[r->all_count++] = &r->bots[opt->bots[i]];
    }
    for (int i = 0; i < opt->start_count; i++) proc_start(&r->bots[opt->bots[i]]);
}

static void stop_in_order(struct proc *p) {
    if (p->pid != 0) proc_stop(p, p->end_signal != 0 ? p->end_signal : SIGTERM);
}

void rig_close_bots(struct rig *r) {
    for (int b = BOT_COUNT - 1; b >= 0; b--) stop_in_order(&r->bots[b]);
}

void rig_close(struct rig *r) {
    rig_close_bots(r);
    stop_in_order(&r->sim);
    stop_in_order(&r->redis);
    stop_in_order(&r->postgres);
    for (int i = 0; i < r->link_count; i++) tcp_proxy_close(r->links[i].proxy);
}

void rig_watch(struct rig *r) { proc_watch(r->all, r->all_count); }

void rig_wait(struct rig *r, usec for_us) {
    const usec until = time_monotonic_us() + for_us;
    do {
        rig_watch(r);
        wait_ms(5);
    } while (time_monotonic_us() < until);
}

struct tcp_proxy *rig_link(struct rig *r, bot from, server to) {
    for (int i = 0; i < r->link_count; i++)
        if (r->links[i].from == from && r->links[i].to == to) return r->links[i].proxy;
    return NULL;
}

void rig_keep_data(struct rig *r) {
    struct proc p;
    char out[PROC_PATH_BYTES];
    proc_init(r, &p, "pg_dump");
    path_in(r, "store.sql", out);
    proc_arg(&p, "%s/pg_dump", r->pg_bin);
    proc_arg(&p, "--file=%s", out);
    proc_arg(&p, PG_URL, r->pg_port);
    if (proc_run(&p, NULL, 0) != 0) tell("no dump of the database is left: see %s", p.log);
}
