/* sim_posts: what `bullfinch sim` publishes, out of files: posts of X, raw lines of a Jetstream.
 *
 * In: two files, either may be missing. Out: one list by time. X's posts are read by the source
 * that replays them, so a file means here what it means to `bullfinch run`. A Jetstream's line is
 * kept as it is, and has its time_us. Both are read whole. Thread: the caller's. */
#include "app/sim_posts.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "base/log.h"
#include "source/lines.h"
#include "source/source.h"

#define LINE_LEAST 20 /* a post's line has more bytes than that */

struct list {
    struct sim_post *v;
    int64_t count, most;
};

/* Memory for what a file can hold: a line has more bytes than the strings of its post. */
static bool list_open(const char *path, const char *option, struct arena *mem, struct list *ret,
                      struct error *err) {
    struct stat st;
    if (stat(path, &st) != 0)
        return fail(err, ERR_IO, errno, "%s %s: %s", option, path, strerror(errno));
    ret->most = (int64_t)st.st_size / LINE_LEAST + 1;
    arena_open(mem, 2 * (ptrdiff_t)st.st_size + ret->most * (ptrdiff_t)sizeof *ret->v + 4096);
    ret->v = NEW_ARRAY(mem, struct sim_post, ret->most);
    return true;
}

static void complain(void *ctx, str where, str what, str payload) {
    (void)ctx;
    (void)payload;
    log_unusual("post_left_out", LOG_S("where", where), LOG_S("what", what));
}

/* --- posts of X --------------------------------------------------------------------------------
 */

static int64_t id_of(str text) {
    int64_t id;
    return str_to_i64(text, &id) && id > 0 ? id : 0;
}

/* A number for an author whose id is no number: the same each time. */
static int64_t author_of(const struct post *p) {
    const int64_t id = id_of(p->author_id);
    if (id != 0 || p->author_id.n == 0) return id;
    return (int64_t)(str_hash(p->author_id) >> 2) | 1;
}

static struct sim_post post_of(struct arena *mem, const struct post *p) {
    return (struct sim_post){.kind = p->deleted  ? SIM_POST_DELETION
                                     : p->edited ? SIM_POST_EDIT
                                                 : SIM_POST,
                             .at = p->deleted ? p->received_at : p->created_at,
                             .id = p->deleted ? 0 : p->id,
                             .root_id = p->deleted  ? p->id
                                        : p->edited ? p->root_id
                                                    : 0,
                             .author_id = author_of(p),
                             .username = str_dup(mem, p->username),
                             .text = str_dup(mem, p->text),
                             .lang = str_dup(mem, p->lang),
                             .ref_id = p->ref_id,
                             .ref = p->ref};
}

static bool read_posts(struct arena *boot, const char *path, struct arena *mem, struct list *ret,
                       struct error *err) {
    struct source *src;
    struct arena one;
    bool end = false, ok = true;
    if (!list_open(path, "--posts", mem, ret, err)) return false;
    if (!replay_open(boot, path, STR("x"), &src, err)) return fail_in(err, "--posts");
    src->complain = complain;
    arena_open(&one, 64 << 20);
    while (ok && !end && ret->count < ret->most) {
        struct post p;
        arena_reset(&one);
        ok = source_next_post(src, &one, &p, &end, err);
        if (ok && !end) ret->v[ret->count++] = post_of(mem, &p);
    }
    arena_close(&one);
    source_close(src);
    if (!ok) return fail_in(err, "--posts");
    return ret->count > 0 || fail(err, ERR_CONFIG, 0, "--posts %s: there is no post in it", path);
}

/* --- lines of a Jetstream ----------------------------------------------------------------------
 */

/* 0: it is none. */
static usec time_of(str line) {
    json_t *json = json_loadb(line.p, (size_t)line.n, 0, NULL);
    const json_t *us = json_object_get(json, "time_us");
    const usec at = json_is_integer(us) ? json_integer_value(us) : 0;
    json_decref(json);
    json = NULL;
    return i64_max(at, 0);
}

static void take_line(struct arena *mem, const struct lines *from, str line, struct list *ret) {
    const usec at = time_of(line);
    if (at == 0) {
        log_unusual("post_left_out", LOG_I("line", from->line),
                    LOG_Z("what", "--jetstream: no message with a time_us"));
        return;
    }
    ret->v[ret->count++] =
        (struct sim_post){.kind = SIM_POST, .at = at, .native = str_dup(mem, line)};
}

static bool read_lines(struct arena *boot, const char *path, struct arena *mem, struct list *ret,
                       struct error *err) {
    struct lines l;
    line_state state = LINE_GIVEN;
    str line;
    bool ok = true;
    if (!list_open(path, "--jetstream", mem, ret, err)) return false;
    int fd;
    if (!file_open(path, &fd, NULL, err)) return fail_in(err, "--jetstream %s", path);
    lines_init(&l, boot, fd);
    while (ok && state != LINE_END && ret->count < ret->most) {
        ok = lines_next(&l, &line, &state, err);
        if (ok && state == LINE_GIVEN && str_trim(line).n > 0) take_line(mem, &l, line, ret);
    }
    close(fd);
    if (!ok) return fail_in(err, "--jetstream");
    return ret->count > 0 ||
           fail(err, ERR_CONFIG, 0, "--jetstream %s: there is no message in it", path);
}

/* --- both --------------------------------------------------------------------------------------
 */

/* By time; the second list is moved to where the first begins. */
static void merge(const struct list *a, const struct list *b, struct arena *mem,
                  struct sim_posts *ret) {
    const usec move = b->v[0].at - a->v[0].at;
    int64_t i = 0, k = 0;
    arena_open(mem, (ptrdiff_t)((a->count + b->count) * (int64_t)sizeof *a->v + 4096));
    ret->v = NEW_ARRAY(mem, struct sim_post, a->count + b->count);
    while (i < a->count || k < b->count) {
        if (k == b->count || (i < a->count && a->v[i].at <= b->v[k].at - move)) {
            ret->v[ret->count++] = a->v[i++];
        } else {
            ret->v[ret->count] = b->v[k++];
            ret->v[ret->count++].at -= move;
        }
    }
}

bool sim_posts_read(struct arena *boot, const char *posts, const char *lines, struct sim_posts *ret,
                    struct error *err) {
    struct list a = {0}, b = {0};
    *ret = (struct sim_posts){0};
    if (posts && !read_posts(boot, posts, &ret->mem[0], &a, err)) return false;
    if (lines && !read_lines(boot, lines, &ret->mem[1], &b, err)) return false;
    if (posts && lines) {
        merge(&a, &b, &ret->mem[2], ret);
        return true;
    }
    ret->v = posts ? a.v : b.v;
    ret->count = posts ? a.count : b.count;
    return true;
}

void sim_posts_fini(struct sim_posts *p) {
    for (ptrdiff_t i = 0; i < COUNT_OF(p->mem); i++) arena_close(&p->mem[i]);
}
