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

static void read_one(const struct reader *r, struct arena scratch, const struct post *post,
                     struct reading *ret) {
    struct words words;
    struct links links;
    reader_split(r, &scratch, post->text, &words, &links);
    ret->post = post;
    infer_words(r->infer, scratch, &words, &links, ret);
}

void reader_read(const struct reader *r, struct arena scratch, const struct post *posts, int count,
                 struct reading *ret) {
    PRE(count >= 1 && count <= READER_BATCH_MAX);
    for (int i = 0; i < count; i++) read_one(r, scratch, &posts[i], &ret[i]);
}

const char *reader_model(const struct reader *r) { return r->model->ops->name; }
