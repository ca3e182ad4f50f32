/* bench_reader: how many posts a second one core reads.
 *
 *   bench_reader [FILE.jsonl [ROUNDS]]     default demo/posts.jsonl
 *
 * Posts a second for parsing alone (JSON to post, feed included), for the reader alone (posts to
 * readings), and for both. */
#include <stdlib.h>

#include "bench.h"
#include "flow/reader.h"
#include "source/source.h"

#define POSTS_MAX 20000

struct bench {
    struct arena boot, posts_mem, scratch;
    struct reader *reader;
    str content;
    struct post *posts;
    int count;
    int64_t mentions;
};

static bool read_file(struct bench *b, const char *path, struct error *err) {
    FILE *f = fopen(path, "re");
    if (!f) return fail(err, ERR_IO, 0, "open %s", path);
    char *p = NEW_ARRAY(&b->boot, char, 64 << 20);
    b->content = (str){p, (ptrdiff_t)fread(p, 1, 64 << 20, f)};
    return fclose(f) == 0 || fail(err, ERR_IO, 0, "read %s", path);
}

static void read_posts(struct bench *b, const struct post *posts, int count) {
    static struct reading readings[READER_BATCH_MAX];
    if (count == 0) return;
    reader_read(b->reader, b->scratch, posts, count, readings);
    b->mentions += readings[0].mention_count;
}

/* One round over the file's lines, in batches as the runner takes them; read: also to readings. */
static int64_t parse_all(struct bench *b, bool read) {
    str rest = b->content, line;
    struct post batch[READER_BATCH_MAX];
    struct error err;
    int64_t posts = 0;
    int n = 0;
    arena_reset(&b->posts_mem);
    while (str_cut(&rest, '\n', &line)) {
        if (line.n == 0) continue;
        if (!x_post_parse(&b->posts_mem, line, STR("x"), 0, false, &batch[n], &err)) continue;
        posts++;
        if (++n < READER_BATCH_MAX) continue;
        if (read) read_posts(b, batch, n);
        arena_reset(&b->posts_mem);
        n = 0;
    }
    if (read) read_posts(b, batch, n);
    return posts;
}

static bool keep_all(struct bench *b, struct error *err) {
    str rest = b->content, line;
    arena_reset(&b->posts_mem);
    while (str_cut(&rest, '\n', &line) && b->count < POSTS_MAX) {
        if (line.n == 0) continue;
        if (!x_post_parse(&b->posts_mem, line, STR("x"), 0, false, &b->posts[b->count++], err)) {
            return fail_in(err, "post %d", b->count);
        }
    }
    return true;
}

static void read_all(struct bench *b) {
    for (int at = 0; at < b->count; at += READER_BATCH_MAX) {
        int n = b->count - at < READER_BATCH_MAX ? b->count - at : READER_BATCH_MAX;
        read_posts(b, b->posts + at, n);
    }
}

static void report(const char *what, int64_t posts, int64_t from_ns) {
    double s = (double)(time_monotonic_ns() - from_ns) / 1e9;
    bench_report("reader", what, (double)posts / s, "posts/s");
}

int main(int argc, char **argv) {
    struct bench b = {0};
    struct error err;
    int64_t rounds = argc > 2 ? strtoll(argv[2], NULL, 10) : 20;
    arena_open(&b.boot, 256 << 20);
    arena_open(&b.posts_mem, 256 << 20);
    arena_open(&b.scratch, READER_SCRATCH_BYTES);
    b.posts = NEW_ARRAY(&b.boot, struct post, POSTS_MAX);
    if (!reader_open(&b.boot, &(struct reader_options){0}, &b.reader, &err) ||
        !read_file(&b, argc > 1 ? argv[1] : "demo/posts.jsonl", &err)) {
        return fprintf(stderr, "bench_reader: %s\n", err.msg), 1;
    }
    int64_t at = time_monotonic_ns(), n = 0;
    for (int64_t i = 0; i < rounds; i++) n += parse_all(&b, false);
    report("JSON to post", n, at);
    at = time_monotonic_ns(), n = 0;
    for (int64_t i = 0; i < rounds; i++) n += parse_all(&b, true);
    report("JSON to reading", n, at);
    if (!keep_all(&b, &err)) return fprintf(stderr, "bench_reader: %s\n", err.msg), 1;
    at = time_monotonic_ns(), n = 0;
    for (int64_t i = 0; i < rounds; i++) {
        read_all(&b);
        n += b.count;
    }
    report("post to reading", n, at);
    return b.mentions >= 0 ? 0 : 1;
}
