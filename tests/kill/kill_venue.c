/* The whole program, trading on a simulated exchange, killed over and over.
 *
 *   kill_venue PROGRAM KILLS SEED DIRECTORY
 *
 * Starts `PROGRAM sim` on a free port with a seeded walk of prices and some faults, then `PROGRAM
 * run` against it with a store that commits durably, and posts that make it trade several times a
 * second. Kills it with SIGKILL after a time drawn from the seed, starts it again on the same
 * store, as often as asked. Then a last life: halted, until nothing is open or unknown any more,
 * and the end by SIGTERM. What the store and the exchange say is then compared: nothing executed
 * twice, nothing bare, nothing told differently. Prints "ok NAME" and "not ok NAME: why" lines;
 * status 0 when all are ok.
 *
 * The moments of the kills are of the seed, what the processes did by then is not: a failure is
 * told by what differs, and the store and the logs stay in DIRECTORY. */
#include "kill.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/time.h"
#include "books.h"

#define LIFE_LEAST_MS 100
#define LIFE_MOST_MS 1500
#define POSTS_A_KILL 2 /* seconds of posts */
#define CALM_S 90      /* the longest that the last life may need */

static pid_t exchange_pid, bot_pid;

static void stop(pid_t *pid, int sig) {
    if (*pid <= 0) return;
    kill(*pid, sig);
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR) {
    }
    *pid = 0;
}

void give_up(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    printf("not ok the run: ");
    vprintf(fmt, args);
    putchar('\n');
    va_end(args);
    stop(&bot_pid, SIGKILL);
    stop(&exchange_pid, SIGTERM);
    exit(1);
}

static void wait_ms(int64_t ms) {
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

/* Output of the child to `log`, its standard output to `out` where that is not -1. */
static pid_t start(const char *const argv[], const char *log, int out) {
    fflush(NULL);
    const pid_t pid = fork();
    if (pid < 0) give_up("no more processes");
    if (pid > 0) return pid;
    const int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd >= 0) {
        dup2(out >= 0 ? out : fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
    execv(argv[0], (char *const *)argv); /* which changes nothing */
    _exit(127);
}

struct setup {
    const char *program;
    const char *dir;
    char url[64], db[600], posts[600], run_log[600], key[600], secret[600];
};

static void file_with(const char *path, const char *text) {
    const mode_t before = umask(077); /* keys are readable by their owner alone */
    FILE *f = fopen(path, "w");
    umask(before);
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) give_up("%s cannot be written", path);
}

/* As long as there are kills, answers get lost, come late or say that nobody knows. */
static void write_faults(const char *path, int64_t seconds) {
    char text[1500];
    const long long until = (long long)(seconds > 0 ? seconds : 1);
    snprintf(
        text, sizeof text,
        "{\"chances\":["
        "{\"method\":\"POST\",\"fault\":\"close_after\",\"percent\":4,\"until_s\":%lld},"
        "{\"method\":\"POST\",\"fault\":\"timeout_done\",\"delay_ms\":700,\"percent\":3,"
        "\"until_s\":%lld},"
        "{\"method\":\"POST\",\"fault\":\"timeout_not\",\"percent\":2,\"until_s\":%lld},"
        "{\"method\":\"DELETE\",\"fault\":\"close_after\",\"percent\":4,\"until_s\":%lld},"
        "{\"method\":\"GET\",\"path\":\"/api/v3/"
        "order*\",\"fault\":\"close_before\",\"percent\":2,\"until_s\":%lld},"
        "{\"path\":\"/api/v3/orderList*\",\"fault\":\"lookup_lag\",\"delay_ms\":600,"
        "\"percent\":3,\"until_s\":%lld},"
        "{\"fault\":\"delay\",\"delay_ms\":80,\"percent\":5,\"until_s\":%lld}],"
        "\"streams\":[{\"of\":\"user\",\"fault\":\"stream_gap\",\"percent\":2,\"until_s\":%lld}]}",
        until, until, until, until, until, until, until, until);
    file_with(path, text);
}

/* The exchange tells its address on its first line. */
static void start_exchange(struct setup *s, uint64_t seed, int64_t kills) {
    char number[24], log[600], faults[600], line[256] = "";
    int pipes[2];
    snprintf(number, sizeof number, "%llu", (unsigned long long)seed);
    snprintf(log, sizeof log, "%s/sim.log", s->dir);
    snprintf(faults, sizeof faults, "%s/faults.json", s->dir);
    write_faults(faults, kills * (LIFE_LEAST_MS + LIFE_MOST_MS) / 2000);
    if (pipe(pipes) != 0) give_up("no pipe");
    const char *const argv[] = {s->program,       "sim",
                                "--listen",       "127.0.0.1:0",
                                "--account",      KILL_KEY ":" KILL_SECRET,
                                "--seed",         number,
                                "--faults",       faults,
                                "--weight-limit", /* a new start costs a lot, each second */
                                "100000000",      "--orders-10s",
                                "1000000",        NULL};
    exchange_pid = start(argv, log, pipes[1]);
    close(pipes[1]);
    FILE *out = fdopen(pipes[0], "r");
    const char *at = NULL;
    while (at == NULL && fgets(line, sizeof line, out) != NULL) at = strstr(line, "http://");
    if (at == NULL) give_up("the exchange does not start: see %s", log);
    str rest = str_from_z(at), url;
    ptrdiff_t n = 0;
    while (n < rest.n && rest.p[n] > ' ' && rest.p[n] != '"' && rest.p[n] != ',') n++;
    url = str_head(rest, n);
    if (!str_copyz(url, s->url, sizeof s->url)) give_up("an address that is too long");
}

static void start_bot(struct setup *s) {
    char store[700], rest[128], api[128], stream[128], key[700], secret[700], path[700];
    const char *host = s->url + sizeof "http://" - 1;
    snprintf(store, sizeof store, "store.url=sqlite:%s", s->db);
    snprintf(rest, sizeof rest, "venue.rest_url=%s", s->url);
    snprintf(api, sizeof api, "venue.ws_api_url=ws://%s/ws-api/v3", host);
    snprintf(stream, sizeof stream, "venue.stream_url=ws://%s", host);
    snprintf(key, sizeof key, "venue.key_file=%s", s->key);
    snprintf(secret, sizeof secret, "venue.secret_file=%s", s->secret);
    snprintf(path, sizeof path, "source.path=%s", s->posts);
    const char *argv[64] = {s->program, "run", "--rebase"};
    int n = 3;
    const char *const sets[] = {store,
                                rest,
                                api,
                                stream,
                                key,
                                secret,
                                path,
                                "store.synchronous=full",
                                "venue.kind=binance_spot_testnet",
                                "market.kind=venue",
                                "venue.fee_percent=0",
                                "trading.max_hold_s=2",
                                "trading.cooldown_symbol_s=0",
                                "trading.cooldown_author_s=0",
                                "trading.author_trades_per_day=1000",
                                "trading.position_size_percent=0.02",
                                "trading.max_open_positions=8",
                                "trading.signal_threshold=40",
                                "trading.min_reward_risk=0",
                                "judge.trade_strangers=true",
                                "judge.guard=off",
                                "judge.priced_in=0",
                                "judge.record=0"};
    for (int i = 0; i < COUNT_OF(sets); i++) {
        argv[n++] = "--set";
        argv[n++] = sets[i];
    }
    argv[n] = NULL;
    bot_pid = start(argv, s->run_log, -1);
}

/* -1: the store is not there or not readable now. */
static int64_t count_of(const struct setup *s, const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int64_t n = -1;
    if (sqlite3_open_v2(s->db, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(db, 2000) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return n;
}

/* One life: as long as the seed says. The program may not end by itself. */
static void live_and_die(struct setup *s, struct rng *r) {
    start_bot(s);
    wait_ms(rng_between(r, LIFE_LEAST_MS, LIFE_MOST_MS));
    int status = 0;
    if (waitpid(bot_pid, &status, WNOHANG) == bot_pid) {
        bot_pid = 0;
        give_up("the program ended by itself with status %d: see %s", WEXITSTATUS(status),
                s->run_log);
    }
    stop(&bot_pid, SIGKILL);
}

static void command(struct setup *s, const char *verb) {
    char store[700];
    snprintf(store, sizeof store, "store.url=sqlite:%s", s->db);
    const char *const argv[] = {s->program, verb, "--set", store, NULL};
    pid_t pid = start(argv, s->run_log, -1);
    stop(&pid, 0);
}

/* Halted, so that nothing opens; until all that was open has come to its end. */
static bool calm_down(struct setup *s) {
    static const char *const restless =
        "SELECT (SELECT count(*) FROM trades WHERE status = 'OPEN') + (SELECT count(*) FROM orders "
        "WHERE status IN ('new', 'sent', 'unknown', 'pending', 'open', 'part'))";
    start_bot(s);
    wait_ms(500);
    command(s, "halt");
    bool calm = false;
    for (int i = 0; i < CALM_S && !calm; i++) {
        wait_ms(1000);
        calm = i >= 15 && count_of(s, restless) == 0; /* 15 s: what may still come has come */
    }
    stop(&bot_pid, SIGTERM);
    return calm;
}

static int verdict(const char *name, int64_t wrong) {
    if (wrong == 0)
        printf("ok %s\n", name);
    else
        printf("not ok %s: %lld\n", name, (long long)wrong);
    return wrong != 0;
}

int main(int argc, char **argv) {
    int64_t kills = 0, seed = 0;
    if (argc != 5 || !str_to_i64(str_from_z(argv[2]), &kills) ||
        !str_to_i64(str_from_z(argv[3]), &seed) || kills < 0) {
        fprintf(stderr, "usage: kill_venue PROGRAM KILLS SEED DIRECTORY\n");
        return 2;
    }
    struct setup s = {.program = argv[1], .dir = argv[4]};
    struct rng rng;
    rng_init(&rng, (uint64_t)seed);
    snprintf(s.db, sizeof s.db, "%s/kill.db", s.dir);
    snprintf(s.posts, sizeof s.posts, "%s/posts.jsonl", s.dir);
    snprintf(s.run_log, sizeof s.run_log, "%s/run.log", s.dir);
    snprintf(s.key, sizeof s.key, "%s/key", s.dir);
    snprintf(s.secret, sizeof s.secret, "%s/secret", s.dir);
    file_with(s.key, KILL_KEY);
    file_with(s.secret, KILL_SECRET);
    posts_write(s.posts, &rng, 60 + (int)kills * POSTS_A_KILL);
    const usec began = time_monotonic_us();
    printf("seed %lld, %lld kills\n", (long long)seed, (long long)kills);
    start_exchange(&s, (uint64_t)seed, kills);
    for (int64_t i = 0; i < kills; i++) live_and_die(&s, &rng);
    const usec killed = time_monotonic_us();
    const bool calm = calm_down(&s);
    struct books books;
    struct comparison c;
    books_read_sqlite(&books, s.db);
    compare(&books, &(struct venue_access){s.url, KILL_KEY, KILL_SECRET}, &c);
    stop(&exchange_pid, SIGTERM);
    printf("%lld kills in %lld s; trades %lld (open %lld, closed %lld), orders at the venue %lld "
           "(executed %lld, live %lld), fills %lld\n",
           (long long)kills, (long long)((killed - began) / USEC_PER_S), (long long)books.trades,
           (long long)books.open, (long long)books.closed, (long long)c.orders,
           (long long)c.executed, (long long)c.live, (long long)c.fills);
    int bad = verdict("all came to an end", !calm);
    bad += verdict("it traded", books.closed < kills / 4 + 1);
    bad += verdict("no order was executed twice", c.duplicated);
    bad += verdict("no position stands bare", c.bare);
    bad += verdict("store and exchange tell the same", c.differing);
    books_free(&books);
    return bad > 0;
}
