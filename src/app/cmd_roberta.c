/* cmd_roberta: `bullfinch model ...`: model files, made, looked at and measured.
 *
 * A checkpoint is a folder as Hugging Face publishes it; a model file is one packed file, made from
 * it by `convert`, that the program trades with. */
#include "app/cmds.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/texts.h"
#include "model/bpe.h"
#include "model/product.h"
#include "model/roberta.h"
#include "model/roberta_slow.h"

#define OUT_BYTES (1 << 20)
#define NAMES_MAX 1000 /* files of a folder */

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static str base_name(str path) {
    while (path.n > 1 && path.p[path.n - 1] == '/') path.n--;
    ptrdiff_t at = path.n;
    while (at > 0 && path.p[at - 1] != '/') at--;
    return str_tail(path, at);
}

static exit_status print_and_end(struct buf *out, bool ok, struct error *err) {
    ok = ok && app_print(out, err);
    buf_fini(out);
    return ok ? EXIT_DONE : app_fail(err);
}

/* --- what the options say -------------------------------------------------------------------- */

static bool engine_from(const struct args *args, struct engine_options *ret, struct error *err) {
    int64_t threads;
    const str way = args_get(args, "way", STR("best")),
              kernels = args_get(args, "kernels", STR(""));
    static const char *const kinds[] = {"avx512", "avx2", "plain"};
    *ret = (struct engine_options){0};
    if (!args_get_i64(args, "threads", 1, 1, ENGINE_THREADS_MAX, &threads, err)) return false;
    ret->threads = (int)threads;
    if (!engine_way_from_name(way, &ret->way))
        return fail(err, ERR_USAGE, 0, "--way: best, onednn, narrow or plain");
    for (int i = 0; i < COUNT_OF(kinds); i++)
        if (str_eq(kernels, str_from_z(kinds[i]))) ret->kernels = kinds[i];
    return kernels.n == 0 || ret->kernels ||
           fail(err, ERR_USAGE, 0, "--kernels: avx512, avx2 or plain");
}

static bool open_roberta(struct app *app, const struct args *args, struct roberta **ret,
                         struct error *err) {
    struct roberta_options opt = {.path = str_dupz(&app->boot, args->pos[0])};
    return engine_from(args, &opt.engine, err) && roberta_open(&app->boot, &opt, ret, err);
}

/* --- about a file ---------------------------------------------------------------------------- */

static void put_field(struct buf *out, const char *name, str value) {
    buf_printf(out, "\"%s\":", name);
    buf_put_json_str(out, value);
    buf_put_byte(out, ',');
}

static void put_hash(struct buf *out, const char *name, const uint8_t hash[SHA256_BYTES]) {
    char block[SHA256_HEX_BYTES];
    put_field(out, name, hex_format(hash, SHA256_BYTES, block));
}

static void put_shape(struct buf *out, const struct roberta_shape *s) {
    buf_printf(out,
               "\"layers\":%d,\"hidden\":%d,\"heads\":%d,\"inner\":%d,\"vocabulary\":%d,"
               "\"tokens\":%d,\"labels\":[",
               s->layers, s->hidden, s->heads, s->inner, s->vocab, roberta_tokens_max(s));
    for (int i = 0; i < s->labels; i++) {
        if (i) buf_put_byte(out, ',');
        buf_put_json_str(out, str_from_z(s->label[i]));
    }
    buf_put_byte(out, ']');
}

static void put_packed(struct buf *out, str path, const struct packed *p) {
    buf_put_byte(out, '{');
    put_field(out, "file", path);
    put_field(out, "name", str_from_z(p->name));
    put_field(out, "precision", str_from_z(precision_name(p->precision)));
    buf_printf(out, "\"bytes\":%td,", p->bytes.n);
    put_hash(out, "source", p->source);
    put_hash(out, "sha256", p->hash);
    put_shape(out, &p->shape);
    buf_put(out, STR("}\n"));
}

static void put_packed_line(struct buf *out, str path, const struct packed *p) {
    buf_put_line(out, path); /* of a folder that somebody else filled */
    buf_printf(out, ": %s, %s, %d layers of %d, %td MB\n", p->name, precision_name(p->precision),
               p->shape.layers, p->shape.hidden, p->bytes.n / 1000000);
}

/* --- convert --------------------------------------------------------------------------------- */

static exit_status convert_run(struct app *app, const struct args *args) {
    struct error err;
    struct arena mem;
    struct checkpoint *c;
    precision p;
    const str out = args_get(args, "out", (str){NULL, 0});
    const str name = args_get(args, "name", base_name(args->pos[0]));
    if (!out.p || !precision_from_name(args_get(args, "precision", STR("int8")), &p)) {
        fputs(out.p ? "bullfinch: model convert: --precision int8, bf16 or fp32\n"
                    : "bullfinch: model convert: --out FILE says where the model goes\n",
              stderr);
        return EXIT_USAGE;
    }
    arena_open(&mem, CHECKPOINT_MEMORY_BYTES);
    const bool ok = checkpoint_open(&mem, str_dupz(&app->boot, args->pos[0]), &c, &err) &&
                    packed_write(c, p, str_dupz(&app->boot, name), str_dupz(&app->boot, out),
                                 args_has(args, "replace"), &err);
    arena_close(&mem);
    return ok ? EXIT_DONE : app_fail(&err);
}

/* --- verify ---------------------------------------------------------------------------------- */

static bool verify_folder(struct app *app, str path, struct buf *out, struct error *err) {
    struct arena mem;
    struct checkpoint *c;
    arena_open(&mem, CHECKPOINT_MEMORY_BYTES);
    const bool ok = checkpoint_open(&mem, str_dupz(&app->boot, path), &c, err);
    if (ok && app->json) {
        buf_put_byte(out, '{');
        put_field(out, "folder", path);
        put_field(out, "weights", c->weights_file);
        put_hash(out, "source", c->source);
        put_shape(out, &c->shape);
        buf_put(out, STR("}\n"));
    } else if (ok) {
        buf_put_line(out, path);
        buf_printf(out, ": a whole checkpoint, %d layers of %d\n", c->shape.layers,
                   c->shape.hidden);
    }
    arena_close(&mem);
    return ok;
}

static bool verify_file(struct app *app, const struct args *args, struct buf *out,
                        struct error *err) {
    struct roberta *r;
    if (!open_roberta(app, args, &r, err)) return false;
    const bool ok =
        packed_verify(roberta_packed(r), err) &&
        (args_has(args, "any-labels") ? roberta_number_test(r, err) : roberta_self_test(r, err));
    if (ok && app->json)
        put_packed(out, args->pos[0], roberta_packed(r));
    else if (ok)
        put_packed_line(out, args->pos[0], roberta_packed(r));
    roberta_close(r);
    return ok || fail_in(err, STR_FMT, STR_ARG(args->pos[0]));
}

static exit_status verify_run(struct app *app, const struct args *args) {
    struct error err;
    struct buf out;
    buf_init(&out, OUT_BYTES);
    const bool ok = is_folder(str_dupz(&app->boot, args->pos[0]))
                        ? verify_folder(app, args->pos[0], &out, &err)
                        : verify_file(app, args, &out, &err);
    return print_and_end(&out, ok, &err);
}

/* --- list ------------------------------------------------------------------------------------ */

static void list_file(struct app *app, const char *path, bool silent, struct buf *out,
                      struct error *err, bool *ok) {
    struct arena mem;
    struct packed *p;
    struct error why;
    arena_open(&mem, 1 << 20);
    if (packed_open(&mem, path, &p, &why)) {
        if (app->json)
            put_packed(out, str_from_z(path), p);
        else
            put_packed_line(out, str_from_z(path), p);
        packed_close(p);
    } else if (!silent) {
        *err = why;
        *ok = false;
    }
    arena_close(&mem);
}

static int no_hidden(const struct dirent *entry) { return entry->d_name[0] != '.'; }

/* Every model file of a folder; what is none is passed over. */
static void list_folder(struct app *app, const char *path, struct buf *out, struct error *err) {
    struct dirent **entries;
    bool ok = true;
    const int count = scandir(path, &entries, no_hidden, alphasort);
    for (int i = 0; i < count; i++) {
        char file[4096];
        struct buf b;
        buf_init_fixed(&b, file, sizeof file);
        buf_printf(&b, "%s/%s", path, entries[i]->d_name);
        free(entries[i]);
        if (!buf_full(&b) && i < NAMES_MAX) list_file(app, file, true, out, err, &ok);
    }
    if (count >= 0) free(entries);
}

static exit_status list_run(struct app *app, const struct args *args) {
    struct error err;
    struct buf out;
    bool ok = true;
    buf_init(&out, OUT_BYTES);
    for (int i = 0; i < args->pos_count; i++) {
        const char *path = str_dupz(&app->boot, args->pos[i]);
        if (is_folder(path))
            list_folder(app, path, &out, &err);
        else
            list_file(app, path, false, &out, &err, &ok);
    }
    return print_and_end(&out, ok, &err);
}

/* --- run ------------------------------------------------------------------------------------- */

struct running {
    const struct roberta *r;    /* or */
    const struct checkpoint *c; /* the slow path */
    const struct bpe *bpe;
    struct arena scratch;
};

static void put_answer(struct buf *out, const struct roberta_shape *s, const float *logits,
                       int tokens) {
    int best = 0;
    for (int i = 1; i < s->labels; i++)
        if (logits[i] > logits[best]) best = i;
    buf_put(out, STR("{\"label\": "));
    buf_put_json_str(out, str_from_z(s->label[best]));
    buf_put(out, STR(", \"logits\": ["));
    for (int i = 0; i < s->labels; i++) buf_printf(out, "%s%.9g", i ? ", " : "", (double)logits[i]);
    buf_printf(out, "], \"tokens\": %d}", tokens);
}

static bool answer_packed(void *ctx, str text, struct buf *out, struct error *err) {
    const struct running *r = ctx;
    struct arena scratch = r->scratch;
    float logits[1][ROBERTA_LABELS_MAX];
    int tokens;
    arena_reset(&scratch);
    roberta_logits(r->r, scratch, &text, 1, logits, &tokens);
    if (!roberta_are_numbers(&roberta_packed(r->r)->shape, logits[0], err)) return false;
    put_answer(out, &roberta_packed(r->r)->shape, logits[0], tokens);
    return true;
}

static bool answer_slowly(void *ctx, str text, struct buf *out, struct error *err) {
    const struct running *r = ctx;
    struct arena scratch = r->scratch;
    float logits[ROBERTA_LABELS_MAX];
    arena_reset(&scratch);
    if (text.n > ROBERTA_TEXT_BYTES_MAX) return fail(err, ERR_LIMIT, 0, "the text is too long");
    const int most = roberta_tokens_max(&r->c->shape);
    int32_t *ids = NEW_ARRAY(&scratch, int32_t, most);
    const str masked = bpe_masked(&scratch, text);
    const int count = bpe_encode(r->bpe, scratch, masked, most, ids);
    roberta_slow(r->c, ids, count, logits);
    if (!roberta_are_numbers(&r->c->shape, logits, err)) return false;
    put_answer(out, &r->c->shape, logits, count);
    return true;
}

static bool run_folder(struct app *app, const char *path, struct running *r, int64_t *bad,
                       struct error *err) {
    struct arena mem;
    struct checkpoint *c;
    struct bpe *bpe;
    arena_open(&mem, CHECKPOINT_MEMORY_BYTES);
    bool ok = checkpoint_open(&mem, path, &c, err) && bpe_open(&app->boot, c->tokenizer, &bpe, err);
    if (ok) {
        r->c = c;
        r->bpe = bpe;
        ok = texts_each(&(struct texts_reader){r, answer_slowly}, STDIN_FILENO, STDOUT_FILENO, bad,
                        err);
    }
    arena_close(&mem);
    return ok;
}

static bool run_file(struct app *app, const struct args *args, struct running *r, int64_t *bad,
                     struct error *err) {
    struct roberta *model;
    if (!open_roberta(app, args, &model, err)) return false;
    r->r = model;
    const bool ok =
        texts_each(&(struct texts_reader){r, answer_packed}, STDIN_FILENO, STDOUT_FILENO, bad, err);
    roberta_close(model);
    return ok;
}

static exit_status run_run(struct app *app, const struct args *args) {
    struct error err;
    struct running r = {0};
    int64_t bad = 0;
    if (!str_eq(args->pos[1], STR("-"))) {
        fputs("bullfinch: model run: FILE -: texts come from standard input\n", stderr);
        return EXIT_USAGE;
    }
    arena_open(&r.scratch, 4 * ROBERTA_SCRATCH_BYTES);
    const char *path = str_dupz(&app->boot, args->pos[0]);
    const bool ok = is_folder(path) ? run_folder(app, path, &r, &bad, &err)
                                    : run_file(app, args, &r, &bad, &err);
    arena_close(&r.scratch);
    if (!ok) return app_fail(&err);
    if (bad > 0) fprintf(stderr, "bullfinch: %" PRId64 " lines could not be read\n", bad);
    return bad > 0 ? EXIT_FAILED : EXIT_DONE;
}

/* --- bench ----------------------------------------------------------------------------------- */

#define BENCH_ROUNDS_MAX 100000

struct benching {
    struct engine *engine;
    struct engine_text texts[ROBERTA_TEXTS_MAX];
    float logits[ROBERTA_TEXTS_MAX][ROBERTA_LABELS_MAX];
    int count;
    int64_t ns[BENCH_ROUNDS_MAX];
};

static int by_size(const void *a, const void *b) {
    const int64_t l = *(const int64_t *)a, r = *(const int64_t *)b;
    return (l > r) - (l < r);
}

/* Texts of any tokens: what they are makes no difference in time. */
static void take_texts(struct arena *a, struct benching *b, int tokens, int32_t vocab) {
    uint32_t state = 1;
    for (int i = 0; i < b->count; i++) {
        int32_t *ids = NEW_ARRAY(a, int32_t, tokens);
        for (int k = 0; k < tokens; k++) {
            state = state * 1664525 + 1013904223;
            ids[k] = (int32_t)((state >> 8) % (uint32_t)vocab);
        }
        b->texts[i] = (struct engine_text){ids, tokens, b->logits[i]};
    }
}

static bool bench_engine(struct app *app, const struct args *args, const struct packed *p,
                         struct buf *out, struct error *err) {
    struct engine_options opt;
    int64_t posts, tokens, rounds;
    const int most = roberta_tokens_max(&p->shape);
    struct benching *b = NEW(&app->boot, struct benching);
    if (!engine_from(args, &opt, err) ||
        !args_get_i64(args, "posts", 1, 1, ROBERTA_TEXTS_MAX, &posts, err) ||
        !args_get_i64(args, "tokens", i64_min(32, most), 2, most, &tokens, err) ||
        !args_get_i64(args, "rounds", 100, 1, BENCH_ROUNDS_MAX, &rounds, err) ||
        !engine_open(&app->boot, p, &opt, &b->engine, err))
        return false;
    b->count = (int)posts;
    take_texts(&app->boot, b, (int)tokens, p->shape.vocab);
    engine_run(b->engine, b->texts, b->count); /* pages come in */
    for (int i = 0; i < b->count; i++)
        if (!roberta_are_numbers(&p->shape, b->logits[i], err)) {
            engine_close(b->engine);
            return false;
        }
    for (int64_t i = 0; i < rounds; i++) {
        const int64_t from = time_monotonic_ns();
        engine_run(b->engine, b->texts, b->count);
        b->ns[i] = time_monotonic_ns() - from;
    }
    qsort(b->ns, (size_t)rounds, sizeof b->ns[0], by_size);
    const double median = (double)b->ns[rounds / 2] / 1e6,
                 p99 = (double)b->ns[rounds * 99 / 100] / 1e6;
    if (app->json)
        buf_printf(
            out,
            "{\"way\":\"%s\",\"posts\":%" PRId64 ",\"tokens\":%" PRId64 ",\"rounds\":%" PRId64
            ",\"least_ms\":%.3f,\"median_ms\":%.3f,\"p99_ms\":%.3f}\n",
            engine_about(b->engine), posts, tokens, rounds, (double)b->ns[0] / 1e6, median, p99);
    else
        buf_printf(out,
                   "%s: %" PRId64 " posts of %" PRId64 " tokens: %.2f ms (median of %" PRId64
                   "), 99 %% within %.2f\n",
                   engine_about(b->engine), posts, tokens, median, rounds, p99);
    engine_close(b->engine);
    return true;
}

static exit_status bench_run(struct app *app, const struct args *args) {
    struct error err;
    struct buf out;
    struct packed *p;
    buf_init(&out, OUT_BYTES);
    bool ok = packed_open(&app->boot, str_dupz(&app->boot, args->pos[0]), &p, &err);
    if (ok) {
        ok =
            bench_engine(app, args, p, &out, &err) || fail_in(&err, STR_FMT, STR_ARG(args->pos[0]));
        packed_close(p);
    }
    return print_and_end(&out, ok, &err);
}

/* --- their rows ------------------------------------------------------------------------------ */

static const struct opt convert_opts[] = {
    {"out", "FILE", "Where the model goes; never over another file."},
    {"precision", "NAME", "int8 (if not given), bf16 or fp32: how weights are kept.",
     "int8 bf16 fp32"},
    {"name", "NAME", "What the model is called; the folder's name if not given."},
    {"replace", NULL, "Over another file after all."},
    {0}};

#define ENGINE_OPTS                                                                                \
    {"threads", "N", "Threads that compute; 1 if not given."},                                     \
        {"way", "NAME", "Who multiplies: best (if not given), onednn, narrow or plain.",           \
         "best onednn narrow plain"},                                                              \
    {                                                                                              \
        "kernels", "NAME", "Instructions for the rest: avx512, avx2 or plain; else the best.",     \
            "avx512 avx2 plain"                                                                    \
    }

static const struct opt verify_opts[] = {
    {"any-labels", NULL, "Without the test that the labels mean what they say."}, ENGINE_OPTS, {0}};
static const struct opt run_opts[] = {ENGINE_OPTS, {0}};
static const struct opt bench_opts[] = {{"posts", "N", "Posts at once, 1 to 64; 1 if not given."},
                                        {"tokens", "N", "Tokens of each; 32 if not given."},
                                        {"rounds", "N", "How often; 100 if not given."},
                                        ENGINE_OPTS,
                                        {0}};

const struct cmd cmd_model_convert = {
    .group = "Model",
    .name = "model convert",
    .pos = "FOLDER",
    .brief = "Make a model file from a RoBERTa checkpoint.",
    .about = "FOLDER has config.json, vocab.json, merges.txt, and model.safetensors or "
             "pytorch_model.bin, as Hugging Face publishes them. Nothing in them is executed. The "
             "file holds all of it, is mapped as it lies, and shared between processes.\n\n"
             "Example:\n"
             "  bullfinch model convert FOLDER --out roberta.bfm",
    .opts = convert_opts,
    .pos_min = 1,
    .pos_max = 1,
    .run = convert_run};
const struct cmd cmd_model_verify = {
    .group = "Model",
    .name = "model verify",
    .pos = "FILE|FOLDER",
    .brief = "Check a model file, or a checkpoint, in full.",
    .about =
        "A model file: its SHA-256, that it says numbers of a few plain texts, and that it reads "
        "them as its labels say. A checkpoint: that all weights are there, of the right shapes, "
        "and numbers.",
    .opts = verify_opts,
    .pos_min = 1,
    .pos_max = 1,
    .run = verify_run};
const struct cmd cmd_model_list = {.group = "Model",
                                   .name = "model list",
                                   .pos = "FILE|FOLDER...",
                                   .brief = "Show model files: names, shapes, hashes.",
                                   .about = "Of a folder, each model file in it.",
                                   .pos_min = 1,
                                   .pos_max = ARGS_POS_MAX,
                                   .run = list_run};
const struct cmd cmd_model_run = {
    .group = "Model",
    .name = "model run",
    .pos = "FILE|FOLDER -",
    .brief = "Show what a model makes of texts: label and logits.",
    .about =
        "Reads JSON objects with `text`, one a line, from standard input, and prints for each "
        "{\"label\": ..., \"logits\": [...], \"tokens\": N}. A model file is run as it is when "
        "trading; a checkpoint by the slow path that all others are held against.",
    .opts = run_opts,
    .pos_min = 2,
    .pos_max = 2,
    .run = run_run};
const struct cmd cmd_model_bench = {
    .group = "Model",
    .name = "model bench",
    .pos = "FILE",
    .brief = "Measure how long a model takes.",
    .about = "Texts of so many tokens are computed again and again; tokens are already there.",
    .opts = bench_opts,
    .pos_min = 1,
    .pos_max = 1,
    .run = bench_run};
