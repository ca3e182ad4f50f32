/* From a post to an order, in real time, beside what one durable commit costs on the same disk.
 *
 * The whole pipeline, run_wall, with a source and a market of its own: for each post a fresh price,
 * a small row committed durably elsewhere on the same disk, the post, and the moment at which the
 * entry, after its intent's commit, is where it was to go. Three scenes:
 *
 *   paper     it is handed to the paper venue; a price at the target closes the position
 *   wire      the last byte of the signed request has arrived at a server on this machine
 *             (wire.h); its price is over the entry's limit, so that nothing is ever bought
 *   roberta   as paper, and the posts, of some 32 tokens, are read by a RoBERTa of the shape of
 *             roberta-base, int8, on one thread
 *
 *   bench_latency [DIRECTORY]    where the databases are made; default: the working directory */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/builtin.h"
#include "base/log.h"
#include "base/rng.h"
#include "base_roberta.h"
#include "bench.h"
#include "model/desk.h"
#include "run/run.h"
#include "venue/binance_spot.h"
#include "wire.h"

#define POSTS 500
#define PATIENCE_S 2 /* for one entry */
#define FIRST_ID INT64_C(1900000000000000000)

typedef enum scene { PAPER, WIRE, ROBERTA } scene;
static const char *const scene_names[] = {"paper", "wire", "roberta"};

/* What the three edges agree on. */
struct stage {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    int step;   /* 2 i: a price for post i; 2 i + 1: it has been handed over, a price to close at */
    int priced; /* steps whose price the trader has seen */
    usec received[POSTS]; /* monotonic, when the source gave the post */
    usec commit[POSTS];   /* what a small durable commit took just before */
    struct store *other;  /* where that was done */
    usec handed[POSTS];   /* when the venue was called; 0 never */
    const struct symbols *symbols;
    scene scene;
    struct roberta *roberta; /* of the scene with that name; else NULL */
};
static struct stage stage = {.mutex = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

NORETURN static void fail_loudly(const char *what, const struct error *err) {
    fprintf(stderr, "bench_latency: %s: %s\n", what, err->msg);
    exit(1);
}

static int sym_of(int post) { return post % 4; } /* those that a price of 10 suits */

/* Waits until *what >= least; false after PATIENCE_S. PRE: locked. */
static bool wait_for(const int *what, int least) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    while (*what < least)
        if (pthread_cond_timedwait(&stage.moved, &stage.mutex, &until) != 0) return false;
    return true;
}

static void move_to(int *what, int value) {
    *what = value;
    pthread_cond_broadcast(&stage.moved);
}

/* --- source ------------------------------------------------------------------------------ */

struct bench_source {
    struct source base;
    int next;
};

/* About a coin, and otherwise of words of its own, so that no post is a copy of another. */
static void post_text(int i, char ret[400]) {
    struct rng rng;
    struct buf b;
    rng_init(&rng, (uint64_t)(i + 2));
    buf_init_fixed(&b, ret, 400);
    buf_printf(&b, "Just bought %s%s, amazing!", i < 0 ? "flour" : "$",
               i < 0 ? "" : stage.symbols->v[sym_of(i)].base);
    const bool is_short = stage.scene == ROBERTA;
    for (int k = 0; k < (is_short ? 18 : 24); k++) {
        buf_put_byte(&b, ' ');
        for (int n = 0; n < (is_short ? 2 : 4); n++)
            buf_put(&b, str_from_z(syllables[rng_below(&rng, SYLLABLES)]));
    }
}

static void measure_commit(int post);

static bool source_give(struct source *s, struct arena *a, struct intake *ret, struct error *err) {
    struct bench_source *b = (struct bench_source *)s;
    const int i = b->next++ - 1; /* the very first post is taken before anything runs: -1 */
    if (i == POSTS) {
        *ret = (struct intake){.kind = INTAKE_END};
        return true;
    }
    pthread_mutex_lock(&stage.mutex);
    const bool priced = i < 0 || wait_for(&stage.priced, 2 * i + 1);
    pthread_mutex_unlock(&stage.mutex);
    if (i >= 0) measure_commit(i);
    if (!priced) return fail(err, ERR_TIMEOUT, 0, "post %d: the price before it did not arrive", i);

    char text[400], id[32];
    post_text(i, text);
    snprintf(id, sizeof id, "%lld", (long long)(FIRST_ID + i));
    const usec now = time_wall_us();
    const struct post post = {.id = FIRST_ID + i,
                              .root_id = FIRST_ID + i,
                              .source = STR("x"),
                              .source_id = str_dup(a, str_from_z(id)),
                              .author_id = str_dup(a, str_from_z(id)),
                              .username = STR("bench"),
                              .text = str_dup(a, str_from_z(text)),
                              .lang = STR("en"),
                              .created_at = now,
                              .received_at = now,
                              .likes = -1,
                              .reposts = -1,
                              .replies = -1,
                              .quotes = -1};
    *ret = (struct intake){.kind = INTAKE_POST, .post = post};
    if (i >= 0) stage.received[i] = time_monotonic_us();
    return true;
}

static int64_t source_at(const struct source *s) { return ((const struct bench_source *)s)->next; }
static void source_end(struct source *s) { (void)s; }
static bool source_to(struct source *s, int64_t offset, struct error *err) {
    (void)err;
    ((struct bench_source *)s)->next = (int)offset;
    return true;
}
static const struct source_ops bench_source_ops = {.name = "bench",
                                                   .next = source_give,
                                                   .offset = source_at,
                                                   .seek = source_to,
                                                   .close = source_end};

/* --- market: ticks ----------------------------------------------------------------------- */

struct bench_market {
    struct market base;
    int next; /* step */
};

static bool market_give(struct market *m, struct market_event *ret) {
    struct bench_market *b = (struct bench_market *)m;
    if (b->next == 2 * POSTS) return false;
    pthread_mutex_lock(&stage.mutex);
    const bool go = wait_for(&stage.step, b->next);
    pthread_mutex_unlock(&stage.mutex);
    if (!go) return false;
    const int step = b->next++;
    const int sym = sym_of(step / 2);
    const price last = price_from_e8((step % 2 ? 11 : 10) * E8);
    const usec now = time_wall_us();
    *ret = (struct market_event){
        .kind = MARKET_QUOTE, .at = now, .sym = sym, .quote = {sym, now, last, last, last, 0}};
    return true;
}

static usec market_when(struct market *m) {
    (void)m;
    return 0;
}
static void market_end(struct market *m) { (void)m; }
static const struct market_ops bench_market_ops = {
    .name = "bench", .next = market_give, .peek = market_when, .close = market_end};

/* --- venue: a real one, with a watch ------------------------------------------------------ */

struct bench_venue {
    struct venue base;
    struct venue *inner;
};

static struct venue *inner_of(struct venue *v) { return ((struct bench_venue *)v)->inner; }

static void arrived(usec at) {
    pthread_mutex_lock(&stage.mutex);
    stage.handed[stage.step / 2] = at;
    pthread_mutex_unlock(&stage.mutex);
}

static void entry_is_over(void) {
    pthread_mutex_lock(&stage.mutex);
    move_to(&stage.step, stage.step | 1);
    pthread_mutex_unlock(&stage.mutex);
}

static void on_call(struct venue *v, usec now, const struct request *rq, struct reply *ret) {
    const bool counts = stage.scene != WIRE && rq->kind == REQUEST_BRACKET;
    if (counts) arrived(time_monotonic_us());
    venue_call(inner_of(v), now, rq, ret);
    if (counts) entry_is_over();
}

/* On the wire an entry is over when the trader has heard that it came to nothing. */
static void on_trade(void *ctx, usec now, const struct trade *t) {
    (void)ctx, (void)now;
    if (stage.scene == WIRE && t->status == TRADE_CANCELLED) entry_is_over();
}

static void on_quote(struct venue *v, usec now, const struct quote *q) {
    venue_quote(inner_of(v), now, q);
    pthread_mutex_lock(&stage.mutex);
    move_to(&stage.priced, stage.priced + 1);
    /* the price at the target: what it closes is told before the next price is asked for */
    if (stage.step % 2 == 1 && stage.priced == stage.step + 1) move_to(&stage.step, stage.step + 1);
    pthread_mutex_unlock(&stage.mutex);
}

static bool on_report(struct venue *v, struct report *ret) {
    return venue_next_report(inner_of(v), ret);
}
static void on_save(struct venue *v, struct buf *out) { venue_save(inner_of(v), out); }
static bool on_load(struct venue *v, str blob, struct error *err) {
    return venue_load(inner_of(v), blob, err);
}
static void on_close(struct venue *v) { venue_close(inner_of(v)); }

static const struct venue_ops bench_venue_ops = {.name = "bench",
                                                 .caps = VENUE_CAP_SHORT | VENUE_CAP_INSTANT |
                                                         VENUE_CAP_PRICES | VENUE_CAP_STATE,
                                                 .call = on_call,
                                                 .quote = on_quote,
                                                 .next_report = on_report,
                                                 .save = on_save,
                                                 .load = on_load,
                                                 .close = on_close};
static const struct venue_ops wire_venue_ops = {
    .name = "bench_wire", .call = on_call, .quote = on_quote, .close = on_close};

/* --- measuring --------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b) {
    const usec x = *(const usec *)a, y = *(const usec *)b;
    return (x > y) - (x < y);
}

static usec part_of(usec *sorted, int count, int percent) {
    return count == 0 ? 0 : sorted[(count - 1) * percent / 100];
}

static void open_store(struct arena *a, const char *path, struct store **ret) {
    struct error err;
    char url[4200];
    snprintf(url, sizeof url, "sqlite:%s", path);
    const struct store_options opt = {.url = str_dup(a, str_from_z(url)),
                                      .access = STORE_WRITE,
                                      .create = true,
                                      .full_sync = true,
                                      .busy_timeout_ms = 5000};
    if (!store_open(a, &opt, ret, &err)) fail_loudly("open the store", &err);
}

/* One small row, durably, in a database of its own: in between the posts, so that both see the same
 * disk. */
static void measure_commit(int post) {
    struct error err;
    char value[32];
    snprintf(value, sizeof value, "%d", post);
    const usec since = time_monotonic_us();
    if (!store_begin(stage.other, true, &err) ||
        !store_cursor_put(stage.other, STR("bench"), str_from_z(value), &err) ||
        !store_commit(stage.other, &err))
        fail_loudly("commit", &err);
    stage.commit[post] = time_monotonic_us() - since;
}

static void configure(struct arena *a, struct config *ret) {
    static const char *const sets[] = {"trading.cooldown_symbol_s=0",
                                       "trading.cooldown_author_s=0",
                                       "trading.author_trades_per_day=1000",
                                       "trading.signal_threshold=40",
                                       "judge.copies=false",
                                       "judge.priced_in=false",
                                       "judge.freshness=false",
                                       "judge.scam=false",
                                       "log.level=broken"};
    str list[COUNT_OF(sets)];
    struct error err;
    struct buf report;
    buf_init(&report, CONFIG_REPORT_BYTES);
    for (ptrdiff_t i = 0; i < COUNT_OF(sets); i++) list[i] = str_from_z(sets[i]);
    const struct config_input in = {
        .text = STR(""), .sets = list, .set_count = (int)COUNT_OF(sets)};
    if (!config_load(a, &in, ret, &report, &err)) {
        fputs(buf_z(&report), stderr);
        fail_loudly("configure", &err);
    }
    buf_fini(&report);
}

static bool open_venue(struct arena *a, const struct symbols *symbols, struct bench_venue *v,
                       struct error *err) {
    const struct paper_options paper = {.balance = money_from_e8(100000 * E8),
                                        .margin = true,
                                        .leverage = 3,
                                        .fee_e8 = E8 / 1000,
                                        .volume_cap_e8 = E8,
                                        .price_stands = true,
                                        .quote_asset = "USDT"};
    if (stage.scene != WIRE) return paper_open(a, symbols, &paper, &v->inner, err);
    struct wire_address at;
    money balance;
    int64_t uid;
    if (!wire_open(a, symbols, arrived, &at, err)) return false;
    const struct binance_spot_options spot = {.rest_url = str_from_z(at.rest_url),
                                              .ws_api_url = str_from_z(at.ws_url),
                                              .symbols = symbols,
                                              .key = STR(WIRE_KEY),
                                              .secret = STR(WIRE_SECRET),
                                              .exchange_info = builtin_exchange_info(),
                                              .quote_asset = STR("USDT"),
                                              .recv_window = USEC_PER_S,
                                              .fee_e8 = E8 / 1000,
                                              .install = "0000",
                                              .seed = 1};
    return binance_spot_open(a, &spot, &v->inner, err) &&
           binance_spot_balance(v->inner, STR("USDT"), &balance, &uid, err); /* sets the clock */
}

/* The model's file is only mapped: it needs no name any more. */
static void open_roberta(struct arena *a, const char *path) {
    struct error err;
    const struct roberta_options opt = {.path = path, .engine = {.threads = 1}};
    if (!base_roberta_write(path, &err) || !roberta_open(a, &opt, &stage.roberta, &err))
        fail_loudly("make a model", &err);
    unlink(path);
    fprintf(stderr, "bench_latency: roberta: %s\n", roberta_about(stage.roberta));
}

/* As the program makes it, with its defaults. NULL: the linear one. */
static const struct model *model_of(struct arena *a) {
    struct error err;
    const struct model *slow;
    if (stage.scene != ROBERTA) return NULL;
    if (!roberta_model(a, stage.roberta, &slow, &err)) fail_loudly("make a model", &err);
    return desk_model(
        a, &(struct desk_options){.slow = slow,
                                  .fast = model_linear(),
                                  .batcher = {.texts_max = 8, .deadline = USEC_PER_S / 2}});
}

static void open_parts(struct arena *a, const struct config *cfg, struct run_parts *p,
                       struct symbols *symbols, struct bench_venue *venue) {
    static struct bench_source source;
    static struct bench_market market;
    struct error err;
    struct buf report;
    struct trader_rows rows;
    struct reader *reader;
    int left_out;
    source = (struct bench_source){.base = {.ops = &bench_source_ops}};
    market = (struct bench_market){.base = {.ops = &bench_market_ops}};
    buf_init(&report, 1 << 20);
    const struct reader_options ropt = {.quote_asset = STR("USDT"), .model = model_of(a)};
    struct venue_traits traits = {
        .can_short = true, .fee_e8 = E8 / 1000, .recv_window = USEC_PER_S};
    if (stage.scene == WIRE) {
        traits.can_short = false;
        traits.fee_from_received = traits.sells_blind = true;
        traits.absence_after = 12500 * USEC_PER_MS;
    }
    if (!exchange_info_parse(a, builtin_exchange_info(), STR("USDT"), symbols, &left_out, &report,
                             &err) ||
        !reader_open(a, &ropt, &reader, &err) || !open_venue(a, symbols, venue, &err) ||
        !store_load_trader(p->store, a, 0, &rows, &err) ||
        !trader_open(a, cfg, symbols, &traits, &rows, &p->trader, &err))
        fail_loudly("open the parts", &err);
    buf_fini(&report);
    venue->base.ops = stage.scene == WIRE ? &wire_venue_ops : &bench_venue_ops;
    stage.symbols = symbols;
    p->symbols = symbols;
    p->reader = reader;
    p->feeds[0] = (struct run_feed){.source = &source.base,
                                    .key = STR("replay"),
                                    .kind = STR("replay"),
                                    .name = STR("x"),
                                    .path = STR("bench")};
    p->feed_count = 1;
    p->market = &market.base;
    p->venue = &venue->base;
}

static void report(void) {
    static usec took[POSTS];
    int count = 0;
    for (int i = 0; i < POSTS; i++)
        if (stage.handed[i] > 0) took[count++] = stage.handed[i] - stage.received[i];
    qsort(took, (size_t)count, sizeof took[0], by_size);
    qsort(stage.commit, POSTS, sizeof stage.commit[0], by_size);
    const usec commit50 = part_of(stage.commit, POSTS, 50), p50 = part_of(took, count, 50);
    const usec commit99 = part_of(stage.commit, POSTS, 99), p99 = part_of(took, count, 99);
    char bench[32];
    const char *const where =
        stage.scene == WIRE ? "post to order on the wire" : "post to order handed over";
    char what[2][48];
    snprintf(bench, sizeof bench, "latency, %s", scene_names[stage.scene]);
    snprintf(what[0], sizeof what[0], "%s, p50", where);
    snprintf(what[1], sizeof what[1], "%s, p99", where);
    bench_report(bench, "entries of 500 posts", count, "");
    bench_report(bench, "durable commit of a small row, p50", (double)commit50, "us");
    bench_report(bench, "durable commit of a small row, p99", (double)commit99, "us");
    bench_report(bench, what[0], (double)p50, "us");
    bench_report(bench, what[1], (double)p99, "us");
    bench_report(bench, "p50 beyond one commit", (double)(p50 - commit50), "us");
    bench_report(bench, "p99 in commits at their p99",
                 (double)p99 / (double)(commit99 > 0 ? commit99 : 1), "");
}

static void measure_orders(struct arena *a, const char *path) {
    struct config cfg;
    struct symbols symbols;
    struct bench_venue venue;
    struct runner *r;
    struct error err;
    struct run_parts parts = {0};
    configure(a, &cfg);
    log_setup(LOG_BROKEN, LOG_LOGFMT, STDERR_FILENO);
    open_store(a, path, &parts.store);
    open_store(a, path, &parts.keeper);
    open_parts(a, &cfg, &parts, &symbols, &venue);
    const struct run_options opt = {.workers = 1, .exit_at_end = true};
    const struct run_watch watch = {.trade = on_trade};
    if (!runner_open(a, &parts, &opt, &watch, &r, &err) || !run_wall(r, &err))
        fail_loudly("run", &err);
    runner_close(r);
    venue_close(&venue.base);
    if (stage.scene == WIRE) wire_close();
    store_close(parts.keeper);
    store_close(parts.store);
    report();
}

/* Plays one scene on a store of its own. */
static void play(const char *dir, scene which) {
    char path[4300];
    struct arena a;
    stage.scene = which;
    stage.step = stage.priced = 0;
    memset(stage.handed, 0, sizeof stage.handed);
    arena_open(&a, INT64_C(1) << 30);
    snprintf(path, sizeof path, "%s/small.db", dir);
    open_store(&a, path, &stage.other);
    if (which == ROBERTA) {
        snprintf(path, sizeof path, "%s/roberta.bfm", dir);
        open_roberta(&a, path);
    }
    snprintf(path, sizeof path, "%s/%s.db", dir, scene_names[which]);
    measure_orders(&a, path);
    store_close(stage.other);
    roberta_close(stage.roberta);
    arena_close(&a);
}

int main(int argc, char **argv) {
    char dir[4096];
    snprintf(dir, sizeof dir, "%s/bench-latency-XXXXXX", argc > 1 ? argv[1] : ".");
    if (!mkdtemp(dir)) return 1;
    for (int k = PAPER; k <= ROBERTA; k++) play(dir, (scene)k);
    static const char *const names[] = {"paper.db", "wire.db", "roberta.db", "small.db"};
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock", ".journal"};
    for (int k = 0; k < 20; k++) {
        char name[4300];
        snprintf(name, sizeof name, "%s/%s%s", dir, names[k / 5], suffixes[k % 5]);
        unlink(name);
    }
    rmdir(dir);
    return 0;
}
