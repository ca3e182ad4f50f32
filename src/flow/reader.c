/* reader: feed's posts go through the tokeniser, the linker and infer; readings come out.
 *
 * The place where the three stages are put together, and the only one. In: clean posts. Out:
 * readings, in the same order. Invariants: the same post gives the same reading, whatever stands
 * beside it in the batch; mentions lie in the text. Never fails. Any number of threads share a
 * reader; memory from the caller's scratch. */
#include "flow/reader.h"

#include "flow/embedded.h"
#include "flow/infer/infer.h"
#include "flow/link/link.h"

struct reader {
    struct lexicon *lexicon;
    const struct model *model;
    struct infer *infer;
};

bool reader_open(struct arena *boot, const struct reader_options *opt, struct reader **ret,
                 struct error *err) {
    struct reader *r = NEW(boot, struct reader);
    if (!lexicon_open(boot, opt, embedded_symbols(), embedded_assets(), &r->lexicon, err)) {
        return false;
    }
    r->model = opt->model ? opt->model : model_linear();
    if (!infer_open(boot, r->model, embedded_opinions(), &r->infer, err)) return false;
    *ret = r;
    return true;
}

void reader_split(const struct reader *r, struct arena *a, str text, struct words *ret_words,
                  struct links *ret_links) {
    words_split(a, text, ret_words);
    link_words(r->lexicon, ret_words, ret_links);
}

/* Words and links into *ret. False: nobody wants to know more of it. */
static bool begin(const struct reader *r, struct arena *a, const struct reader_post *p,
                  struct words *words, struct links *links) {
    reader_split(r, a, p->post->text, words, links);
    p->ret->post = p->post;
    p->ret->mention_count = 0;
    return !p->only_linked || links->mention_count > 0;
}

static void read_one(const struct reader *r, struct arena scratch, const struct reader_post *p) {
    struct words words;
    struct links links;
    if (begin(r, &scratch, p, &words, &links))
        infer_posts(r->infer, scratch, &(struct infer_post){&words, &links, p->since, p->ret}, 1);
}

/* As many of the posts as there is memory for. */
static int read_some(const struct reader *r, struct arena scratch, const struct reader_post *posts,
                     int count) {
    struct infer_post asked[READER_BATCH_MAX];
    int n = 0, done = 0;
    while (done < count && (done == 0 || arena_left(&scratch) >= READER_POST_BYTES)) {
        const struct reader_post *p = &posts[done++];
        struct words *words = NEW(&scratch, struct words);
        struct links *links = NEW(&scratch, struct links);
        if (begin(r, &scratch, p, words, links))
            asked[n++] = (struct infer_post){words, links, p->since, p->ret};
    }
    if (n > 0) infer_posts(r->infer, scratch, asked, n);
    return done;
}

void reader_read_waiting(const struct reader *r, struct arena scratch,
                         const struct reader_post *posts, int count) {
    PRE(count >= 1 && count <= READER_BATCH_MAX);
    if (r->model->ops->together == 1 || count == 1) {
        for (int i = 0; i < count; i++) read_one(r, scratch, &posts[i]);
        return;
    }
    for (int done = 0; done < count;) done += read_some(r, scratch, posts + done, count - done);
}

void reader_read(const struct reader *r, struct arena scratch, const struct post *posts, int count,
                 struct reading *ret) {
    struct reader_post v[READER_BATCH_MAX];
    PRE(count >= 1 && count <= READER_BATCH_MAX);
    for (int i = 0; i < count; i++) v[i] = (struct reader_post){.post = &posts[i], .ret = &ret[i]};
    reader_read_waiting(r, scratch, v, count);
}

bool reader_is_slow(const struct reader *r) { return r->model->ops->slow; }
int reader_together(const struct reader *r) { return r->model->ops->together; }

void reader_tend(const struct reader *r, struct model_load *ret) {
    *ret = (struct model_load){0};
    if (r->model->ops->tend) r->model->ops->tend(r->model, ret);
}

const char *reader_model(const struct reader *r) { return r->model->ops->name; }
