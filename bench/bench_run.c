/* The whole program over the demo's day, in virtual time: from 330 posts and 4,300 candles to a
 * store with every decision in it. Best of three; each begins with an empty store.
 *
 * Then 200,000 posts of 5,000 people, three in four of them about no coin, from their file to
 * stored and decided, with one thread reading beside the trader's; and in the same run what the
 * disk and SQLite take for as many rows with the same bytes and nothing else: one table, no index,
 * as many rows a durable commit.
 *
 *   bench_run [PROGRAM]    default build/bullfinch; run it in the checkout's root */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define POSTS 330
#define PASSES 3

struct cost {
    double wall, cpu, peak_mb;
};

/* Runs it with its output thrown away; false when it did not end with status 0. */
static bool cost_of(char *const argv[], struct cost *ret) {
    usec start = time_monotonic_us();
    pid_t pid = fork();
    if (pid < 0) return false;
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execv(argv[0], argv);
        _exit(127);
    }
    int status;
    struct rusage u;
    if (wait4(pid, &status, 0, &u) != pid || status != 0) {
        fprintf(stderr, "bench_run: %s %s: status %d\n", argv[0], argv[1], status);
        return false;
    }
    ret->wall = bench_seconds(start);
    ret->cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
    ret->peak_mb = (double)u.ru_maxrss / 1024;
    return true;
}

static void remove_store(const char *store) {
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (int i = 0; i < COUNT_OF(suffixes); i++) {
        char path[200];
        snprintf(path, sizeof path, "%s%s", store, suffixes[i]);
        unlink(path);
    }
}

static bool best_of(char *const argv[], const char *store, struct cost *ret) {
    *ret = (struct cost){1e9, 1e9, 0};
    for (int i = 0; i < PASSES; i++) {
        struct cost c;
        bool ok = cost_of(argv, &c);
        remove_store(store);
        if (!ok) return false;
        if (c.wall < ret->wall) *ret = c;
    }
    return true;
}

/* -- many posts ------------------------------------------------------------------------------- */

#define MANY 200000
#define AUTHORS 5000
#define ROWS_A_COMMIT 16384 /* as cmd_run.c has it */
#define LINE_BYTES 256

static const char *const said[] = {
    "Walked the dog for %d minutes, and it rained.",
    "Just bought %d $DOGE, so happy with it!",
    "The train was %d minutes late again.",
    "Reading a book about birds, page %d, and it is lovely",
    "Nobody told me that the meeting takes %d hours",
    "I think bitcoin goes to %d soon, what a great year",
    "My cat slept %d hours today and still looks tired",
    "Coffee number %d, and it is not even noon",
    "What a match! %d to nothing, and the rain did not stop them",
    "Looking for %d people who want to play chess on Sunday",
    "ETH gas fees are terrible today, paid %d",
    "The new update fixed %d bugs and made three",
    "Dinner for %d, and the oven is broken",
    "Has anybody seen my keys? Lost them %d minutes ago",
    "Thread on how markets work, %d of many: liquidity",
    "Selling all my $SOL at %d, this is awful",
    "Happy birthday to my brother, who is %d today",
    "Rain, rain and %d more days of rain",
    "The museum is closed until the %dth, so we went home",
    "Somebody explain to me why $XRP moved %d percent",
};

/* Post `i` as a line of the file, with its line feed. */
static int format_line(int i, char ret[LINE_BYTES]) {
    char text[LINE_BYTES / 2];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, said[i % COUNT_OF(said)], i);
#pragma GCC diagnostic pop
    return snprintf(ret, LINE_BYTES,
                    "{\"id\":\"19%017d\",\"author_id\":\"%d\",\"username\":\"user%d\","
                    "\"text\":\"%s\"}\n",
                    i + 1, i % AUTHORS, i % AUTHORS, text);
}

static bool write_posts(const char *path) {
    char line[LINE_BYTES];
    FILE *f = fopen(path, "w");
    if (!f) return false;
    for (int i = 0; i < MANY; i++) fwrite(line, 1, (size_t)format_line(i, line), f);
    return fclose(f) == 0;
}

static bool insert_rows(sqlite3 *db, sqlite3_stmt *put) {
    char line[LINE_BYTES];
    bool ok = true;
    for (int i = 0; i < MANY && ok; i++) {
        if (i % ROWS_A_COMMIT == 0)
            ok = sqlite3_exec(db, i ? "COMMIT; BEGIN" : "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
        sqlite3_bind_int64(put, 1, i + 1);
        sqlite3_bind_text(put, 2, line, format_line(i, line), SQLITE_STATIC);
        ok = ok && sqlite3_step(put) == SQLITE_DONE;
        sqlite3_reset(put);
    }
    return ok && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

/* The same bytes as rows of one table. */
static bool plain_cost(const char *path, struct cost *ret) {
    sqlite3 *db = NULL;
    sqlite3_stmt *put = NULL;
    bool ok =
        sqlite3_open(path, &db) == SQLITE_OK &&
        sqlite3_exec(db,
                     "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;"
                     "PRAGMA synchronous = FULL;"
                     "CREATE TABLE posts (id INTEGER PRIMARY KEY, line TEXT NOT NULL)",
                     NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "INSERT INTO posts VALUES (?, ?)", -1, &put, NULL) == SQLITE_OK;
    const usec start = time_monotonic_us();
    const double cpu = bench_cpu_seconds();
    ok = ok && insert_rows(db, put);
    *ret = (struct cost){bench_seconds(start), bench_cpu_seconds() - cpu, bench_peak_mb()};
    if (!ok) fprintf(stderr, "bench_run: SQLite: %s\n", sqlite3_errmsg(db));
    sqlite3_finalize(put);
    sqlite3_close(db);
    return ok;
}

static bool many_posts(char *program, const char *dir) {
    char posts[100], store[100], plain[100], url[120];
    snprintf(posts, sizeof posts, "%s/posts.jsonl", dir);
    snprintf(store, sizeof store, "%s/run.db", dir);
    snprintf(plain, sizeof plain, "%s/plain.db", dir);
    snprintf(url, sizeof url, "store.url=sqlite:%s", store);
    char words[][48] = {"run",
                        "--posts",
                        "--prices",
                        "demo/prices",
                        "--set",
                        "venue.exchange_info=demo/exchangeInfo.json",
                        "source.strangers=yes",
                        "reader.workers=2",
                        "--exit-at-end",
                        "--no-status"};
    char *const run[] = {program,  words[0], words[1], posts,    words[2], words[3],
                         words[4], words[5], words[4], words[6], words[4], words[7],
                         words[4], url,      words[8], words[9], NULL};
    struct cost c, bare;
    const bool ok = write_posts(posts) && best_of(run, store, &c) && plain_cost(plain, &bare);
    if (ok) {
        bench_report("run", "embedded, posts a second", MANY / c.wall, "1/s");
        bench_report("run", "embedded, processor time a post", c.cpu * 1e6 / MANY, "us");
        bench_report("run", "plain SQLite, rows a second", MANY / bare.wall, "1/s");
        bench_report("run", "plain SQLite, processor time a row", bare.cpu * 1e6 / MANY, "us");
        bench_report("run", "embedded, time in plain inserts", c.wall / bare.wall, "");
        bench_report("run", "embedded, processor time in plain inserts", c.cpu / bare.cpu, "");
    }
    unlink(posts);
    remove_store(plain);
    return ok;
}

int main(int argc, char **argv) {
    char dir[] = "/tmp/bullfinch-bench-XXXXXX", store[100], set[120];
    if (!mkdtemp(dir)) return 1;
    snprintf(store, sizeof store, "%s/run.db", dir);
    snprintf(set, sizeof set, "store.url=sqlite:%s", store);
    char program[4096],
        words[][32] = {"version", "run",   "--config",      "demo/bullfinch.yaml", "--speed",
                       "max",     "--set", "--exit-at-end", "--no-status"};
    snprintf(program, sizeof program, "%s", argc > 1 ? argv[1] : "build/bullfinch");
    char *const start[] = {program, words[0], NULL};
    char *const run[] = {program,  words[1], words[2], words[3], words[4], words[5],
                         words[6], set,      words[7], words[8], NULL};
    struct cost c;
    bool ok = best_of(start, store, &c);
    if (ok) bench_report("run", "start (bullfinch version)", c.wall, "s");
    ok = ok && best_of(run, store, &c);
    if (ok) {
        bench_report("run", "demo day, virtual time", c.wall, "s");
        bench_report("run", "its processor time", c.cpu, "s");
        bench_report("run", "posts a second", POSTS / c.wall, "1/s");
        bench_report("run", "peak memory", c.peak_mb, "MB");
    }
    ok = ok && many_posts(program, dir);
    rmdir(dir);
    return ok ? 0 : 1;
}
