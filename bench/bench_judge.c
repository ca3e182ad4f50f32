/* bench_judge: what a post costs from parsed to judged, with the judge's memory full.
 *
 *   bench_judge [FILE.jsonl [ROUNDS]]     default demo/posts.jsonl
 *
 * The file's posts go round after round through reader and judge, each with an id, a time, an
 * author and a simhash of its own: the times fill the 24 hours evenly, so that memory and table of
 * authors stay full and every post pushes one out. Posts a second of processor time for the reader
 * alone, for both, and for a stream of copies; what the judge adds; the median and the 99th of a
 * hundred of a single post. */
#include <stdlib.h>

#include "base/rng.h"
#include "bench.h"
#include "config/config.h"
#include "flow/judge/judge.h"
#include "flow/reader.h"
#include "source/source.h"

#define POSTS_MAX 20000
#define AUTHORS 20000
#define STEP (JUDGE_WINDOW / JUDGE_MEMORY_MAX / 8) /* one post in eight is of a coin at least */
#define SINGLES 50000
#define RUNS 10 /* over the file, in a round */

struct bench {
    struct arena boot, scratch;
    struct reader *reader;
    struct judge judge;
    struct config cfg;
    struct rng rng;
    struct post posts[POSTS_MAX];
    int count;
    int64_t next_id;
    usec now;
    char (*names)[16];
    int64_t judged; /* so that nothing is optimised away */
    bool copies;
    int64_t ns[SINGLES];
};

static bool load(struct bench *b, const char *path, struct error *err) {
    FILE *f = fopen(path, "re");
    if (!f) return fail(err, ERR_IO, 0, "open %s", path);
    char *p = NEW_ARRAY(&b->boot, char, 64 << 20);
    str rest = {p, (ptrdiff_t)fread(p, 1, 64 << 20, f)}, line;
    if (fclose(f) != 0) return fail(err, ERR_IO, 0, "read %s", path);
    while (str_cut(&rest, '\n', &line) && b->count < POSTS_MAX) {
        if (line.n == 0) continue;
        if (!x_post_parse(&b->boot, line, STR("x"), 0, false, &b->posts[b->count], err)) {
            return fail_in(err, "post %d", b->count);
        }
        b->count++;
    }
    return b->count > 0 || fail(err, ERR_RANGE, 0, "no posts in %s", path);
}

/* Its own in all that the judge looks at. */
static void make_own(struct bench *b, const struct post *from, struct post *ret) {
    *ret = *from;
    ret->id = ret->root_id = ++b->next_id;
    ret->edited = false;
    ret->author_id = STR("");
    /* few write much: half of the posts are of one author in eight */
    const uint64_t u = rng_below(&b->rng, AUTHORS), v = rng_below(&b->rng, AUTHORS);
    ret->username = str_from_z(b->names[u * v / AUTHORS * rng_below(&b->rng, AUTHORS) / AUTHORS]);
    b->now += STEP;
    ret->created_at = ret->received_at = b->now;
}

static void judge_reading(struct bench *b, struct reading *r) {
    struct opinion op;
    struct post_memory row;
    struct signal s = {0};
    if (!b->copies) {
        r->simhash ^= rng_next(&b->rng);
        r->keys ^= rng_next(&b->rng);
    }
    judge_post(&b->judge, r->post->created_at, r, &op);
    if (r->mention_count > 0) judge_remember(&b->judge, r->post->created_at, r, &op, &row);
    for (int i = 0; i < r->mention_count; i++) {
        memcpy(s.symbol, r->mentions[i].symbol, SYMBOL_BYTES);
        judge_mention(&b->judge, &op, &r->mentions[i], &s);
        b->judged += s.score;
    }
}

static void run(struct bench *b, bool judged) {
    static struct reading readings[READER_BATCH_MAX];
    struct post batch[READER_BATCH_MAX];
    for (int at = 0; at < b->count; at += READER_BATCH_MAX) {
        const int n = b->count - at < READER_BATCH_MAX ? b->count - at : READER_BATCH_MAX;
        for (int i = 0; i < n; i++) make_own(b, &b->posts[at + i], &batch[i]);
        reader_read(b->reader, b->scratch, batch, n, readings);
        for (int i = 0; i < n && judged; i++) judge_reading(b, &readings[i]);
        b->judged += readings[0].mention_count;
    }
}

/* Microseconds of processor time a post took in the best of the rounds, for the reader alone and
 * for both by turns, so that whatever else the machine does hits neither more than the other. */
static void measure(struct bench *b, int64_t rounds, double *ret_read, double *ret_both) {
    *ret_read = *ret_both = 1e9;
    for (int64_t i = 0; i < 2 * rounds; i++) {
        const bool judged = i % 2 == 1;
        const double from = bench_cpu_seconds();
        for (int k = 0; k < RUNS; k++) run(b, judged);
        const double us = (bench_cpu_seconds() - from) * 1e6 / RUNS / b->count;
        double *best = judged ? ret_both : ret_read;
        if (us < *best) *best = us;
    }
}

static int by_size(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void singles(struct bench *b) {
    struct reading reading;
    struct post own;
    for (int i = 0; i < SINGLES; i++) {
        make_own(b, &b->posts[rng_below(&b->rng, (uint64_t)b->count)], &own);
        const int64_t from = time_monotonic_ns();
        reader_read(b->reader, b->scratch, &own, 1, &reading);
        judge_reading(b, &reading);
        b->ns[i] = time_monotonic_ns() - from;
    }
    qsort(b->ns, SINGLES, sizeof *b->ns, by_size);
    bench_report("judge", "one post, p50", (double)b->ns[SINGLES / 2] / 1e3, "us");
    bench_report("judge", "one post, p99", (double)b->ns[SINGLES / 100 * 99] / 1e3, "us");
}

static bool open_all(struct bench *b, const char *path, struct error *err) {
    struct buf report;
    buf_init(&report, 1 << 16);
    const str sets[] = {STR("judge.author_weights=elonmusk=1.5,saylor=1,x:44196397=1")};
    const struct config_input in = {.text = STR(""), .sets = sets, .set_count = 1};
    const bool ok = config_load(&b->boot, &in, &b->cfg, &report, err);
    buf_fini(&report);
    if (!ok || !reader_open(&b->boot, &(struct reader_options){0}, &b->reader, err)) return false;
    judge_init(&b->judge, &b->boot, &b->cfg);
    rng_init(&b->rng, 1);
    b->now = 400 * USEC_PER_DAY;
    b->names = (char(*)[16])NEW_ARRAY(&b->boot, char, AUTHORS * 16);
    for (int i = 0; i < AUTHORS; i++) (void)snprintf(b->names[i], 16, "author%d", i);
    return load(b, path, err);
}

int main(int argc, char **argv) {
    static struct bench b;
    struct error err;
    const int64_t rounds = argc > 2 ? strtoll(argv[2], NULL, 10) : 20;
    arena_open(&b.boot, 256 << 20);
    arena_open(&b.scratch, 1 << 20);
    if (!open_all(&b, argc > 1 ? argv[1] : "demo/posts.jsonl", &err)) {
        return fprintf(stderr, "bench_judge: %s\n", err.msg), 1;
    }
    while (b.judge.memory_count < JUDGE_MEMORY_MAX) run(&b, true); /* fills it */
    double read, both;
    measure(&b, rounds, &read, &both);
    bench_report("judge", "post to reading", 1e6 / read, "posts/s");
    bench_report("judge", "post to signals, memory full", 1e6 / both, "posts/s");
    bench_report("judge", "what the judge adds to a post", both - read, "us");
    bench_report("judge", "posts in memory", b.judge.memory_count, "posts");
    bench_report("judge", "authors in the table", b.judge.author_count, "authors");
    singles(&b);
    b.copies = true;
    measure(&b, rounds, &read, &both);
    bench_report("judge", "the same, all of them copies", 1e6 / both, "posts/s");
    return b.judged >= 0 ? 0 : 1;
}
