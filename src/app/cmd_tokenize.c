/* cmd_tokenize: `bullfinch model tokenize`: texts as the numbers that a model reads. For makers,
 * and to compare with other people's tokenizers. */
#include "app/cmds.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "app/texts.h"
#include "flow/post.h"
#include "model/bpe.h"

#define FILE_BYTES_MAX (64 << 20)
#define COMPILED_BYTES (32 << 20)

struct tokenizing {
    const struct bpe *bpe;
    struct arena scratch;
    bool as_posts;
};

static bool answer(void *ctx, str text, struct buf *out, struct error *err) {
    const struct tokenizing *t = ctx;
    struct arena scratch = t->scratch;
    arena_reset(&scratch);
    if (t->as_posts) text = bpe_masked(&scratch, text);
    const int most = (int)text.n + 2;
    int32_t *ids = NEW_ARRAY(&scratch, int32_t, most);
    if (BPE_SCRATCH_BYTES(text.n) > arena_left(&scratch))
        return fail(err, ERR_LIMIT, 0, "the text is too long");
    const int count = bpe_encode(t->bpe, scratch, text, most, ids);
    buf_put(out, STR("{\"ids\": ["));
    for (int i = 0; i < count; i++) {
        if (i) buf_put(out, STR(", "));
        buf_put_i64(out, ids[i]);
    }
    buf_put(out, STR("]}"));
    return true;
}

static bool open_bpe(struct app *app, const struct args *args, struct buf *compiled,
                     struct bpe **ret, struct error *err) {
    struct arena files;
    str vocab, merges;
    arena_open(&files, 2 * (FILE_BYTES_MAX + 64));
    const bool ok = app_read_file(&files, str_dupz(&app->boot, args_get(args, "vocab", STR(""))),
                                  FILE_BYTES_MAX, &vocab, err) &&
                    app_read_file(&files, str_dupz(&app->boot, args_get(args, "merges", STR(""))),
                                  FILE_BYTES_MAX, &merges, err) &&
                    bpe_compile(vocab, merges, compiled, err) &&
                    bpe_open(&app->boot, buf_str(compiled), ret, err);
    arena_close(&files);
    return ok;
}

static exit_status tokenize_run(struct app *app, const struct args *args) {
    struct error err;
    struct buf compiled;
    struct bpe *bpe;
    int64_t bad = 0;
    if (!args_has(args, "vocab") || !args_has(args, "merges") || !str_eq(args->pos[0], STR("-"))) {
        fputs("bullfinch: model tokenize: --vocab FILE --merges FILE - is needed\n", stderr);
        return EXIT_USAGE;
    }
    buf_init(&compiled, COMPILED_BYTES);
    bool ok = open_bpe(app, args, &compiled, &bpe, &err);
    if (ok) {
        struct tokenizing t = {.bpe = bpe, .as_posts = args_has(args, "posts")};
        arena_open(&t.scratch,
                   4 * POST_LINE_BYTES_MAX + 3 * BPE_SCRATCH_BYTES(POST_LINE_BYTES_MAX));
        const struct texts_reader r = {&t, answer};
        ok = texts_each(&r, STDIN_FILENO, STDOUT_FILENO, &bad, &err);
        arena_close(&t.scratch);
    }
    buf_fini(&compiled);
    if (!ok) return app_fail(&err);
    if (bad > 0) fprintf(stderr, "bullfinch: %" PRId64 " lines could not be tokenized\n", bad);
    return bad > 0 ? EXIT_FAILED : EXIT_DONE;
}

static const struct opt tokenize_opts[] = {
    {"vocab", "FILE", "vocab.json of a RoBERTa checkpoint."},
    {"merges", "FILE", "Its merges.txt."},
    {"posts", NULL,
     "First put @user and http in the place of users and links, as is done with posts."},
    {0}};

const struct cmd cmd_model_tokenize = {
    .group = "Model",
    .name = "model tokenize",
    .pos = "-",
    .brief = "Show texts as the numbers that RoBERTa reads.",
    .about = "Reads JSON objects with `text`, one a line, from standard input, and prints for each "
             "{\"ids\": [...]}, the start and the end token included. What other tokenizers for "
             "the same files give, to the number.\n\n"
             "Example:\n"
             "  bullfinch model tokenize --vocab vocab.json --merges merges.txt - <posts.jsonl",
    .opts = tokenize_opts,
    .pos_min = 1,
    .pos_max = 1,
    .run = tokenize_run};
