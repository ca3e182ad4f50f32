/* Live posts: Jetstream-shaped traffic from the simulator's server, over a real WebSocket on
 * loopback, through the connector and a whole run in real time (reader, trader, SQLite on disk).
 *
 *   parse   a message to a post, alone; beside a copy of the same bytes
 *   read    the reader alone on the same posts, one thread
 *   rate    which rates the run keeps up with for three seconds, on one core, the simulator on
 *           another: it does when the last post is durable (where it is not kept: read) within a
 *           quarter of a second of being sent. Beside it the processor time of a post, which others
 * on the machine do not change delay   at 1,000 a second: from sent to durable, beside small
 * durable commits on the same disk just before and after
 *
 * Posts are of everyday length; one in fifty names a coin. "all" keeps every post, "linked" those
 * that name a coin, as `run --source jetstream` does unless it is told otherwise. Each scene has a
 * process for the simulator and one for the run.
 *
 *   bench_feeds [DIRECTORY]    where the databases are made; default: the working directory */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/builtin.h"
#include "base/log.h"
#include "base/rng.h"
#include "bench.h"
#include "run/run.h"
#include "sim/server.h"
#include "sim/x_face.h"
#include "source/jetstream.h"

#define BENCH "feeds"
#define POSTS_MAX 400000
#define TEXTS 4096
#define TEXT_BYTES 160
#define AUTHORS 20000
#define LEAD (3 * USEC_PER_S / 2) /* from the simulator's start to its first post */
#define HELD (USEC_PER_S / 4)
#define RATE_SECONDS 3
#define TRIES 3
#define DELAY_RATE 1000
#define DELAY_SECONDS 10
#define COMMITS_MAX 1000
#define COMMIT_EACH (30 * USEC_PER_MS)
#define PATIENCE_S 120 /* for a scene */

/* What the processes of a scene tell each other. Times are monotonic. */
struct scene {
    int rate, posts;
    bool linked;          /* only posts that name a coin are kept */
    bool prepared, ready; /* the run may be sent to; the simulator listens */
    bool over;            /* all is durable */
    char url[80];
    usec sent[POSTS_MAX], stored[POSTS_MAX]; /* 0: not yet */
    usec commit[COMMITS_MAX];
    int commits;
    double cpu_us, peak_mb; /* of the run: of a post; at most */
    int given, kept;
};
static struct scene *scene;

static char texts[TEXTS][TEXT_BYTES], names[AUTHORS][16];

NORETURN static void fail_loudly(const char *what, const struct error *err) {
    fprintf(stderr, "bench_feeds: %s: %s\n", what, err->msg);
    exit(1);
}

/* --- posts ------------------------------------------------------------------------------- */

static void make_texts(void) {
    static const char *const words[] = {
        "the",  "morning", "is",    "quiet",   "and",   "nobody", "asked", "why",    "we",
        "went", "there",   "again", "because", "music", "was",    "loud",  "people", "smiled",
        "it",   "rained",  "so",    "they",    "made",  "coffee", "with",  "old",    "friends"};
    static const char *const coins[] = {"Bitcoin", "$ETH", "$DOGE", "Solana"};
    struct rng rng;
    rng_init(&rng, 5);
    for (int i = 0; i < AUTHORS; i++) snprintf(names[i], sizeof names[i], "user%d", i);
    for (int i = 0; i < TEXTS; i++) {
        struct buf b;
        const ptrdiff_t most = 40 + (ptrdiff_t)rng_below(&rng, 90);
        buf_init_fixed(&b, texts[i], TEXT_BYTES);
        if (i % 50 == 0) buf_printf(&b, "Just bought %s, amazing! ", coins[i / 50 % 4]);
        while (b.len < most) {
            buf_put(&b, str_from_z(words[rng_below(&rng, COUNT_OF(words))]));
            buf_put_byte(&b, ' ');
        }
        buf_printf(&b, "%d", i);
    }
}

struct timeline {
    int next;
    usec start;
};

static bool next_post(void *ctx, struct sim_post *ret) {
    struct timeline *t = ctx;
    const int i = t->next;
    if (i == scene->posts) return false;
    t->next++;
    *ret = (struct sim_post){.kind = SIM_POST,
                             .at = t->start + (usec)i * USEC_PER_S / scene->rate,
                             .id = i + 1,
                             .username = str_from_z(names[i * 7 % AUTHORS]),
                             .text = str_from_z(texts[i % TEXTS]),
                             .lang = STR("en")};
    return true;
}

/* The number of a post, from its record key; -1: none of ours. */
static int number_of(str rkey) {
    static const char digits[] = "234567abcdefghijklmnopqrstuvwxyz";
    int64_t n = 0;
    for (ptrdiff_t i = 0; i < rkey.n; i++) {
        const char *at = strchr(digits, rkey.p[i]);
        if (at == NULL) return -1;
        n = n << 5 | (at - digits);
    }
    return n >= 1 && n <= scene->posts ? (int)n - 1 : -1;
}

/* --- the simulator's process ---------------------------------------------------------------- */

static struct sim_face inner_face;

/* As the face does, and notes when. */
static sim_frame next_frame(void *ctx, usec now, int conn, struct buf *out, int *ret_code) {
    const sim_frame f = inner_face.next(ctx, now, conn, out, ret_code);
    const str mark = STR("\"rkey\":\"");
    const ptrdiff_t at = f == SIM_TEXT ? str_find(buf_str(out), mark) : -1;
    if (at < 0) return f;
    const int n = number_of(str_head(str_tail(buf_str(out), at + mark.n), 13));
    if (n >= 0) scene->sent[n] = time_monotonic_us();
    return f;
}

static void open_face(struct arena *a, struct timeline *t, usec now, struct sim_face *ret) {
    struct x_face *x;
    struct error err;
    const struct x_face_options opt = {
        .timeline = {next_post, t}, .seed = 1, .credits = money_from_e8(-1), .start = now};
    if (!x_face_open(a, &opt, &x, &err)) fail_loudly("open the face", &err);
    x_face_jetstream(x, ret);
}

static void pin(int core) {
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)(core % (cores > 0 ? cores : 1)), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) perror("bench_feeds: sched_setaffinity");
}

static void simulate(void) {
    struct arena a;
    struct error err;
    struct sim_server *server;
    struct sim_face face;
    struct timeline t = {.start = time_wall_us() + LEAD};
    pin(1);
    alarm(PATIENCE_S);
    arena_open(&a, 64 << 20);
    open_face(&a, &t, t.start - LEAD, &inner_face);
    face = inner_face;
    face.next = next_frame;
    const struct sim_server_options opt = {
        .faces = &face, .face_count = 1, .host = STR("127.0.0.1")};
    if (!sim_server_open(&opt, &server, &err)) fail_loudly("listen", &err);
    snprintf(scene->url, sizeof scene->url, "ws%s", sim_server_url(server) + 4);
    __atomic_store_n(&scene->ready, true, __ATOMIC_RELEASE);
    if (!sim_server_run(server, &err)) fail_loudly("serve", &err);
}

/* --- the run's process ---------------------------------------------------------------------- */

/* The live source, with a watch. */
struct watched {
    struct source base;
    struct source *inner;
    int posts;         /* given */
    int64_t given;     /* intakes */
    int64_t durable;   /* of them */
    int *posts_before; /* intake -> posts up to it; a ring */
};
#define RING (1 << 20)

static bool watched_next(struct source *s, struct arena *a, struct intake *ret, struct error *err) {
    struct watched *w = (struct watched *)s;
    /* of posts that are not kept nobody hears again, but that they have been read */
    if (scene->linked && w->posts > 0) scene->stored[w->posts - 1] = time_monotonic_us();
    if (w->posts == scene->posts) {
        while (!scene->linked && __atomic_load_n(&w->durable, __ATOMIC_ACQUIRE) < w->given)
            usleep(1000);
        *ret = (struct intake){.kind = INTAKE_END};
        return true;
    }
    if (!source_next(w->inner, a, ret, err)) return false;
    if (ret->kind == INTAKE_POST) {
        const str id = ret->post.source_id;
        if (number_of(str_tail(id, str_find_byte(id, '/') + 1)) != w->posts)
            return fail(err, ERR_STATE, 0, "post %d was expected, not " STR_FMT, w->posts,
                        STR_ARG(id));
        w->posts++;
    }
    w->posts_before[w->given++ % RING] = w->posts; /* the inbox lies between */
    return true;
}

static void watched_stored(struct source *s, int64_t intakes) {
    struct watched *w = (struct watched *)s;
    const usec now = time_monotonic_us();
    if (intakes <= w->durable || scene->linked) return;
    const int from = w->durable > 0 ? w->posts_before[(w->durable - 1) % RING] : 0;
    for (int i = from; i < w->posts_before[(intakes - 1) % RING]; i++) scene->stored[i] = now;
    __atomic_store_n(&w->durable, intakes, __ATOMIC_RELEASE);
}

static void watched_stop(struct source *s) { source_stop(((struct watched *)s)->inner); }

static const struct source_ops watched_ops = {
    .name = "watched", .next = watched_next, .stop = watched_stop, .stored = watched_stored};

static void configure(struct arena *a, struct config *ret) {
    str list[] = {STR("log.level=broken")};
    struct error err;
    struct buf report;
    buf_init(&report, CONFIG_REPORT_BYTES);
    const struct config_input in = {.text = STR(""), .sets = list, .set_count = COUNT_OF(list)};
    if (!config_load(a, &in, ret, &report, &err)) fail_loudly("configure", &err);
    buf_fini(&report);
}

static void open_store(struct arena *a, const char *dir, const char *name, struct store **ret) {
    struct error err;
    char url[4400];
    snprintf(url, sizeof url, "sqlite:%s/%s.db", dir, name);
    const struct store_options opt = {.url = str_dup(a, str_from_z(url)),
                                      .access = STORE_WRITE,
                                      .create = true,
                                      .full_sync = true,
                                      .busy_timeout_ms = 5000};
    if (!store_open(a, &opt, ret, &err)) fail_loudly("open the store", &err);
}

/* One small row, durably, in a database of its own. */
static void measure_commit(struct store *other) {
    struct error err;
    char value[32];
    snprintf(value, sizeof value, "%d", scene->commits);
    const usec since = time_monotonic_us();
    if (!store_begin(other, true, &err) ||
        !store_cursor_put(other, STR("bench"), str_from_z(value), &err) ||
        !store_commit(other, &err))
        fail_loudly("commit", &err);
    scene->commit[scene->commits++] = time_monotonic_us() - since;
}

/* While posts come, so that both see the same disk and the same neighbours. */
static void *keep_committing(void *ctx) {
    while (!__atomic_load_n(&scene->over, __ATOMIC_ACQUIRE) && scene->commits < COMMITS_MAX) {
        usleep(COMMIT_EACH);
        if (scene->rate == DELAY_RATE) measure_commit(ctx);
    }
    return NULL;
}

static void open_source(struct arena *a, struct watched *w) {
    struct error err;
    struct connector *c;
    const struct jetstream_options opt = {
        .base = str_from_z(scene->url), .name = STR("bsky"), .now = time_wall_us(), .seed = 1};
    *w = (struct watched){.base = {.ops = &watched_ops}, .posts_before = calloc(RING, sizeof(int))};
    if (w->posts_before == NULL) abort();
    if (!jetstream_open(a, &opt, &c, &err) || !live_open(a, c, &w->inner, &err))
        fail_loudly("open the source", &err);
}

static void open_parts(struct arena *a, const struct config *cfg, struct run_parts *p,
                       struct symbols *symbols) {
    struct error err;
    struct buf report;
    struct trader_rows rows;
    struct reader *reader;
    int left_out;
    const struct paper_options paper = {.balance = money_from_e8(100000 * E8),
                                        .margin = true,
                                        .leverage = 3,
                                        .fee_e8 = E8 / 1000,
                                        .volume_cap_e8 = E8,
                                        .price_stands = true,
                                        .quote_asset = "USDT"};
    const struct reader_options ropt = {.quote_asset = STR("USDT")};
    const struct venue_traits traits = {
        .can_short = true, .fee_e8 = E8 / 1000, .recv_window = USEC_PER_S};
    buf_init(&report, 1 << 20);
    if (!exchange_info_parse(a, builtin_exchange_info(), STR("USDT"), symbols, &left_out, &report,
                             &err) ||
        !reader_open(a, &ropt, &reader, &err) || !paper_open(a, symbols, &paper, &p->venue, &err) ||
        !store_load_trader(p->store, a, 0, &rows, &err) ||
        !trader_open(a, cfg, symbols, &traits, &rows, &p->trader, &err))
        fail_loudly("open the parts", &err);
    buf_fini(&report);
    p->symbols = symbols;
    p->reader = reader;
}

static bool wait_for(const bool *what) {
    const usec since = time_monotonic_us();
    while (!__atomic_load_n(what, __ATOMIC_ACQUIRE) && bench_seconds(since) < PATIENCE_S)
        usleep(1000);
    return *what;
}

static void run_posts(struct arena *a, const char *dir) {
    static struct watched source;
    struct config cfg;
    struct symbols symbols;
    struct runner *r;
    struct error err;
    struct run_parts parts = {0};
    configure(a, &cfg);
    log_setup(LOG_BROKEN, LOG_LOGFMT, STDERR_FILENO);
    open_store(a, dir, "posts", &parts.store);
    open_store(a, dir, "posts", &parts.keeper);
    open_parts(a, &cfg, &parts, &symbols);
    __atomic_store_n(&scene->prepared, true, __ATOMIC_RELEASE);
    if (!wait_for(&scene->ready)) exit(1);
    open_source(a, &source);
    parts.feeds[0] = (struct run_feed){.source = &source.base,
                                       .key = STR("jetstream:bsky"),
                                       .kind = STR("jetstream"),
                                       .name = STR("bsky"),
                                       .path = STR(""),
                                       .keep_linked = scene->linked};
    parts.feed_count = 1;
    const struct run_options opt = {.workers = 1, .exit_at_end = true};
    const struct run_watch watch = {0};
    const double cpu = bench_cpu_seconds();
    if (!runner_open(a, &parts, &opt, &watch, &r, &err) || !run_wall(r, &err))
        fail_loudly("run", &err);
    scene->cpu_us = (bench_cpu_seconds() - cpu) * 1e6 / scene->posts;
    scene->peak_mb = bench_peak_mb();
    struct run_progress p;
    runner_progress(r, &p);
    scene->kept = (int)p.posts;
    scene->given = source.posts;
    runner_close(r);
    source_close(source.inner);
    store_close(parts.keeper);
    store_close(parts.store);
}

static void run_it(const char *dir) {
    struct arena a;
    struct store *other;
    pthread_t committer;
    pin(0);
    alarm(PATIENCE_S);
    arena_open(&a, INT64_C(1) << 30);
    open_store(&a, dir, "small", &other);
    if (pthread_create(&committer, NULL, keep_committing, other) != 0) exit(1);
    run_posts(&a, dir);
    __atomic_store_n(&scene->over, true, __ATOMIC_RELEASE);
    pthread_join(committer, NULL);
    store_close(other);
}

/* --- scenes --------------------------------------------------------------------------------- */

static void clean(const char *dir) {
    static const char *const files[] = {"posts.db", "small.db"};
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (int k = 0; k < 8; k++) {
        char name[4400];
        snprintf(name, sizeof name, "%s/%s%s", dir, files[k / 4], suffixes[k % 4]);
        unlink(name);
    }
}

static void play(const char *dir, int rate, int seconds, bool linked) {
    memset(scene, 0, sizeof *scene);
    scene->rate = rate;
    scene->posts = rate * seconds;
    scene->linked = linked;
    fflush(stdout);
    const pid_t run = fork();
    if (run == 0) {
        run_it(dir);
        _exit(0);
    }
    const pid_t sim = wait_for(&scene->prepared) ? fork() : -1;
    if (sim == 0) {
        simulate();
        _exit(0);
    }
    int status = 0;
    const bool fine = run > 0 && waitpid(run, &status, 0) == run && status == 0;
    if (sim > 0) {
        kill(sim, SIGKILL);
        waitpid(sim, NULL, 0);
    }
    clean(dir);
    if (fine && scene->given == scene->posts) return;
    fprintf(stderr, "bench_feeds: a run at %d posts a second came to nothing\n", rate);
    exit(1);
}

static int by_size(const void *a, const void *b) {
    const usec x = *(const usec *)a, y = *(const usec *)b;
    return (x > y) - (x < y);
}

static usec part_of(usec *list, int count, int percent) {
    qsort(list, (size_t)count, sizeof *list, by_size);
    return count == 0 ? 0 : list[(int64_t)(count - 1) * percent / 100];
}

/* How long after it was sent the last post was durable. */
static usec behind(void) {
    const int last = scene->posts - 1;
    return scene->stored[last] > 0 ? scene->stored[last] - scene->sent[last] : USEC_NEVER;
}

static void measure_rates(const char *dir, bool linked) {
    static const int rates[] = {2500, 5000, 10000, 15000, 20000, 30000, 45000, 65000};
    const char *const bench = linked ? BENCH ", linked" : BENCH ", all";
    double cpu = 0, peak = 0;
    int held = 0, kept = 0;
    for (int i = 0; i < COUNT_OF(rates); i++) {
        int tries = 0; /* a neighbour may have the disk or the core just then */
        do play(dir, rates[i], RATE_SECONDS, linked);
        while (behind() > HELD && ++tries < TRIES);
        if (tries == TRIES) {
            const usec took = scene->stored[scene->posts - 1] - scene->sent[0];
            bench_report(bench, "rate asked for and not held", rates[i], "1/s");
            bench_report(bench, "  posts done a second then", scene->posts * 1e6 / (double)took,
                         "1/s");
            break;
        }
        held = rates[i];
        cpu = scene->cpu_us;
        peak = scene->peak_mb;
        kept = scene->kept;
    }
    bench_report(bench, "rate held on one core", held, "1/s");
    bench_report(bench, "  posts that were kept of it", kept, "");
    bench_report(bench, "  processor time of a post", cpu, "us");
    bench_report(bench, "  most memory", peak, "MB");
}

static void measure_delay(const char *dir) {
    static usec took[POSTS_MAX];
    int count = 0;
    play(dir, DELAY_RATE, DELAY_SECONDS, false);
    for (int i = 0; i < scene->posts; i++)
        if (scene->stored[i] > 0 && scene->sent[i] > 0)
            took[count++] = scene->stored[i] - scene->sent[i];
    const usec commit50 = part_of(scene->commit, scene->commits, 50),
               commit99 = part_of(scene->commit, scene->commits, 99);
    const usec p50 = part_of(took, count, 50), p99 = part_of(took, count, 99);
    const char *const bench = BENCH ", 1000/s";
    bench_report(bench, "posts", count, "");
    bench_report(bench, "durable commits beside them", scene->commits, "");
    bench_report(bench, "durable commit of a small row, p50", (double)commit50, "us");
    bench_report(bench, "durable commit of a small row, p99", (double)commit99, "us");
    bench_report(bench, "sent to durable, p50", (double)p50, "us");
    bench_report(bench, "sent to durable, p99", (double)p99, "us");
    bench_report(bench, "p99 in commits at their p99",
                 (double)p99 / (double)(commit99 > 0 ? commit99 : 1), "");
    bench_report(bench, "processor time of a post", scene->cpu_us, "us");
}

/* --- alone ---------------------------------------------------------------------------------- */

/* TEXTS messages as the server writes them. */
static str *make_lines(struct arena *a) {
    str *lines = NEW_ARRAY(a, str, TEXTS);
    struct sim_face face;
    struct buf out;
    int code, count = 0;
    const usec start = INT64_C(1795000000) * USEC_PER_S;
    struct timeline t = {.start = start + 1};
    *scene = (struct scene){.rate = 1000, .posts = TEXTS};
    open_face(a, &t, start, &face);
    buf_init(&out, 1 << 20);
    const int conn =
        face.open(face.ctx, start, STR("/subscribe?wantedCollections=app.bsky.feed.post"), 1);
    while (count < TEXTS) {
        buf_clear(&out);
        const usec now = start + USEC_PER_S * 10;
        if (face.next(face.ctx, now, conn, &out, &code) != SIM_TEXT) break;
        if (str_find(buf_str(&out), STR("\"commit\"")) >= 0)
            lines[count++] = str_dup(a, buf_str(&out));
    }
    buf_fini(&out);
    if (count == TEXTS) return lines;
    fprintf(stderr, "bench_feeds: %d messages instead of %d\n", count, TEXTS);
    exit(1);
}

static void parse_one(struct arena *a, str line, struct post *ret) {
    struct error err;
    bool any;
    usec time;
    if (!jetstream_parse(a, line, STR("bsky"), 1, ret, &any, &time, &err) || !any)
        fail_loudly("parse", &err);
}

static double parse_all(const str *lines) {
    static char block[1 << 16];
    const usec since = time_monotonic_us();
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < TEXTS; i++) {
            struct arena a;
            struct post p;
            arena_init(&a, block, sizeof block);
            parse_one(&a, lines[i], &p);
        }
    return bench_seconds(since) * 1e6 / (20 * TEXTS);
}

static double copy_all(const str *lines) {
    static char to[1 << 16];
    const usec since = time_monotonic_us();
    int64_t sum = 0;
    for (int round = 0; round < 400; round++)
        for (int i = 0; i < TEXTS; i++) {
            memcpy(to, lines[i].p, (size_t)lines[i].n);
            sum += ((volatile char *)to)[round];
        }
    if (sum == -1) puts("");
    return bench_seconds(since) * 1e6 / (400 * TEXTS);
}

static double read_all(struct arena *a, const str *lines) {
    struct post *posts = NEW_ARRAY(a, struct post, TEXTS);
    struct reading *readings = NEW_ARRAY(a, struct reading, READER_BATCH_MAX);
    const struct reader_options opt = {.quote_asset = STR("USDT")};
    struct reader *reader;
    struct arena scratch;
    struct error err;
    if (!reader_open(a, &opt, &reader, &err)) fail_loudly("open the reader", &err);
    arena_open(&scratch, READER_SCRATCH_BYTES);
    for (int i = 0; i < TEXTS; i++) parse_one(a, lines[i], &posts[i]);
    const usec since = time_monotonic_us();
    for (int i = 0; i < TEXTS; i += READER_BATCH_MAX)
        reader_read(reader, scratch, posts + i, READER_BATCH_MAX, readings);
    const double took = bench_seconds(since) * 1e6 / TEXTS;
    arena_close(&scratch);
    return took;
}

static void measure_alone(void) {
    struct arena a;
    int64_t bytes = 0;
    arena_open(&a, 256 << 20);
    const str *lines = make_lines(&a);
    for (int i = 0; i < TEXTS; i++) bytes += lines[i].n;
    const double parse = parse_all(lines), copy = copy_all(lines), read = read_all(&a, lines);
    bench_report(BENCH, "bytes of a message", (double)bytes / TEXTS, "");
    bench_report(BENCH, "message to post, alone", parse, "us");
    bench_report(BENCH, "  in copies of its bytes", parse / copy, "");
    bench_report(BENCH, "post to reading, alone", read, "us");
    arena_close(&a);
}

int main(int argc, char **argv) {
    char dir[4096];
    scene = mmap(NULL, sizeof *scene, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (scene == MAP_FAILED) return 1;
    snprintf(dir, sizeof dir, "%s/bench-feeds-XXXXXX", argc > 1 ? argv[1] : ".");
    if (!mkdtemp(dir)) return 1;
    make_texts();
    measure_alone();
    measure_delay(dir);
    measure_rates(dir, false);
    measure_rates(dir, true);
    rmdir(dir);
    return 0;
}
