/* cmd_model: how good the model is, and making a new one. For makers: trading needs neither.
 *
 * A labelled file has one text a line: label (0 negative, 1 neutral, 2 positive), tab, text. */
#include "app/cmds.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "app/eval_links.h"
#include "app/eval_targets.h"
#include "flow/embedded.h"
#include "model/linear.h"

#define MODEL_BYTES_MAX (8 << 20)
#define LIST_BYTES_MAX (4 << 20)
#define OUT_BYTES (8 << 20)

static const char *const label_names[] = {"negative", "neutral", "positive"};

/* --- eval -------------------------------------------------------------------------------- */

static bool open_model(struct app *app, const struct args *args, struct model **ret,
                       struct error *err) {
    const str path = args_get(args, "model", (str){NULL, 0});
    str bytes = embedded_linear(), file;
    if (path.p) {
        if (!app_read_file(&app->boot, str_dupz(&app->boot, path), MODEL_BYTES_MAX, &file, err))
            return false;
        char *aligned = arena_alloc(&app->boot, 1, 64, file.n + 1);
        memcpy(aligned, file.p, (size_t)file.n);
        bytes = (str){aligned, file.n};
    }
    return linear_open(&app->boot, bytes, ret, err);
}

static void put_ratio(struct buf *out, const char *name, int64_t bp) {
    buf_printf(out, ",\"%s\":%d.%04d", name, (int)(bp / 10000), (int)(bp % 10000));
}

static void put_percent(struct buf *out, const char *name, int64_t bp) {
    buf_printf(out, "%s %d.%02d %%", name, (int)(bp / 100), (int)(bp % 100));
}

static int64_t text_count(const struct eval_result *e) {
    return e->count[0] + e->count[1] + e->count[2];
}

static void put_json(struct buf *out, const char *path, const struct eval_result *e) {
    buf_put(out, STR("{\"file\":"));
    buf_put_json_str(out, str_from_z(path));
    buf_printf(out, ",\"texts\":%" PRId64, text_count(e));
    put_ratio(out, "macro_recall", eval_macro_recall_bp(e));
    buf_put(out, STR(",\"recall\":{"));
    for (int k = 0, n = 0; k < 3; k++) {
        if (e->count[k] == 0) continue;
        const int64_t bp = eval_recall_bp(e, k);
        buf_printf(out, "%s\"%s\":%d.%04d", n++ ? "," : "", label_names[k], (int)(bp / 10000),
                   (int)(bp % 10000));
    }
    buf_put(out, STR("}"));
    put_ratio(out, "accuracy", eval_accuracy_bp(e));
    put_ratio(out, "macro_f1", eval_macro_f1_bp(e));
    put_ratio(out, "ece", eval_ece_bp(e));
    put_ratio(out, "brier", eval_brier_bp(e));
    buf_put(out, STR(",\"matrix\":["));
    for (int i = 0; i < 3; i++)
        buf_printf(out, "%s[%" PRId64 ",%" PRId64 ",%" PRId64 "]", i ? "," : "", e->matrix[i][0],
                   e->matrix[i][1], e->matrix[i][2]);
    buf_put(out, STR("]}\n"));
}

static void put_eval(struct buf *out, const char *path, const struct eval_result *e, bool json) {
    if (json) {
        put_json(out, path, e);
        return;
    }
    buf_printf(out, "%s: %" PRId64 " texts", path, text_count(e));
    put_percent(out, ", macro recall", eval_macro_recall_bp(e));
    put_percent(out, ", accuracy", eval_accuracy_bp(e));
    put_percent(out, ", macro F1", eval_macro_f1_bp(e));
    put_percent(out, "\n  calibration error", eval_ece_bp(e));
    put_percent(out, ", Brier score", eval_brier_bp(e));
    if (eval_two(e)) buf_put(out, STR("; recall is of the two poles"));
    buf_put(out, STR("\n  label      recall     read negative  neutral  positive\n"));
    for (int i = 0; i < 3; i++) {
        if (e->count[i] == 0) continue;
        const int recall = (int)eval_recall_bp(e, i);
        buf_printf(out, "  %-8s  %3d.%02d %%  %13" PRId64 "  %7" PRId64 "  %8" PRId64 "\n",
                   label_names[i], recall / 100, recall % 100, e->matrix[i][0], e->matrix[i][1],
                   e->matrix[i][2]);
    }
}

static bool put_targets(const struct reader *r, const char *path, const struct args *args,
                        bool json, struct buf *out, struct error *err) {
    struct eval_targets e;
    struct buf *misses = args_has(args, "misses") ? out : NULL;
    if (!eval_targets_file(r, path, misses, &e, err)) return false;
    eval_targets_put(out, path, &e, json);
    return true;
}

static exit_status eval_run(struct app *app, const struct args *args) {
    struct error err;
    struct model *m;
    struct reader *r;
    struct buf out;
    if (app->json && args_has(args, "misses")) {
        fputs("bullfinch: eval: --misses is for people, without --json\n", stderr);
        return EXIT_USAGE;
    }
    if (args_has(args, "links")) {
        const exit_status status = eval_links(app, args);
        if (status != EXIT_DONE || (args->pos_count == 0 && !args_has(args, "targets")))
            return status;
    }
    if (args->pos_count == 0 && !args_has(args, "targets")) {
        fputs("bullfinch: eval: which FILE?\n", stderr);
        return EXIT_USAGE;
    }
    bool ok = open_model(app, args, &m, &err) &&
              reader_open(&app->boot, &(struct reader_options){.model = m}, &r, &err);
    if (!ok) return app_fail(&err);
    buf_init(&out, OUT_BYTES);
    const str targets = args_get(args, "targets", (str){NULL, 0});
    if (targets.p) ok = put_targets(r, str_dupz(&app->boot, targets), args, app->json, &out, &err);
    for (int i = 0; i < args->pos_count && ok; i++) {
        struct eval_result e;
        const char *path = str_dupz(&app->boot, args->pos[i]);
        ok = model_evaluate(r, path, &e, &err);
        if (ok) put_eval(&out, path, &e, app->json);
    }
    ok = ok && app_print(&out, &err);
    buf_fini(&out);
    return ok ? EXIT_DONE : app_fail(&err);
}

/* --- train ------------------------------------------------------------------------------- */

/* Training asks the reader for the coins in a text, not for an opinion on them. */
static void silent_score(const struct model *m, struct arena scratch, struct model_ask *asks,
                         int count) {
    IGNORE(scratch.beg == NULL, "it needs no memory");
    for (int i = 0; i < count; i++) {
        for (int r = 0; r < asks[i].count; r++)
            asks[i].scores[r] = (struct model_scores){{0, 0, 0}};
        asks[i].by = m->ops->name;
    }
}

static const struct model_ops silent_ops = {.name = "none", .together = 1, .score = silent_score};
static const struct model silent = {&silent_ops};

/* Takes FILE[:WEIGHT][:time] apart, in place. */
static bool set_from(char *spec, struct train_set *ret, struct error *err) {
    int64_t weight_e8 = E8;
    *ret = (struct train_set){.path = spec};
    char *colon = strrchr(spec, ':');
    if (colon && strcmp(colon + 1, "time") == 0) {
        ret->in_time = true;
        *colon = '\0';
        colon = strrchr(spec, ':');
    }
    if (colon) *colon = '\0';
    if (colon && (!amount_parse_e8(str_from_z(colon + 1), &weight_e8) || weight_e8 <= 0 ||
                  weight_e8 > 100 * E8))
        return fail(err, ERR_USAGE, 0, "train: \"%s\" is no weight from 0.0001 to 100", colon + 1);
    ret->weight_bp = (int)(weight_e8 / (E8 / BP_ONE));
    return true;
}

static bool sets_from(struct app *app, const struct args *args, struct train_options *opt,
                      struct error *err) {
    for (int i = 0; i < args->pos_count; i++) {
        if (opt->set_count == LINEAR_SETS_MAX)
            return fail(err, ERR_USAGE, 0, "train: more than %d files", LINEAR_SETS_MAX);
        struct train_set *set = &opt->sets[opt->set_count++];
        if (!set_from(str_dupz(&app->boot, args->pos[i]), set, err)) return false;
    }
    return true;
}

static bool write_new(const char *path, str bytes, struct error *err) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return fail(err, ERR_IO, errno, "%s: %s", path, strerror(errno));
    bool ok = true;
    while (ok && bytes.n > 0) {
        const ssize_t n = write(fd, bytes.p, (size_t)bytes.n);
        ok = n > 0 || (n < 0 && errno == EINTR);
        if (n > 0) bytes = str_tail(bytes, n);
    }
    const int sys = errno;
    ok = close(fd) == 0 && ok;
    return ok || fail(err, ERR_IO, sys, "%s: %s", path, strerror(sys));
}

/* A list that is in the program, or the file that an option names. */
static bool list_from(struct app *app, const struct args *args, const char *option, str *list,
                      struct error *err) {
    const str path = args_get(args, option, (str){NULL, 0});
    return !path.p ||
           app_read_file(&app->boot, str_dupz(&app->boot, path), LIST_BYTES_MAX, list, err);
}

static bool options_from(struct app *app, const struct args *args, struct train_options *opt,
                         struct error *err) {
    int64_t seed, epochs, folds;
    opt->classes = embedded_classes();
    opt->valences = embedded_valence();
    if (!args_get_i64(args, "seed", 1, 0, INT64_MAX, &seed, err) ||
        !args_get_i64(args, "epochs", 6, 1, 1000, &epochs, err) ||
        !args_get_i64(args, "folds", 5, 2, TRAIN_FOLDS_MAX, &folds, err) ||
        !list_from(app, args, "classes", &opt->classes, err) ||
        !list_from(app, args, "valence", &opt->valences, err) || !sets_from(app, args, opt, err))
        return false;
    opt->seed = (uint64_t)seed;
    opt->epochs = (int)epochs;
    opt->folds = (int)folds;
    return true;
}

#define FOLD_TEXTS_MIN 10 /* of a label; with fewer the figures are chance */

static void warn_of_small(const char *path, const struct eval_result *e, int folds) {
    for (int k = 0; k < 3; k++) {
        if (e->count[k] == 0)
            fprintf(stderr, "bullfinch: %s: no text is %s: nothing is learnt of that\n", path,
                    label_names[k]);
        else if (e->count[k] < (int64_t)FOLD_TEXTS_MIN * folds)
            fprintf(stderr,
                    "bullfinch: %s: %" PRId64 " texts are %s, too few to cross-validate in %d "
                    "parts: the figures say nothing\n",
                    path, e->count[k], label_names[k], folds);
    }
}

static exit_status train_run(struct app *app, const struct args *args) {
    struct error err;
    struct train_options opt = {0};
    struct train_report report;
    struct reader *r;
    struct buf model, out;
    const str to = args_get(args, "out", (str){NULL, 0});
    if (!to.p) {
        fputs("bullfinch: train: --out FILE says where the model goes\n", stderr);
        return EXIT_USAGE;
    }
    if (!options_from(app, args, &opt, &err) ||
        !reader_open(&app->boot, &(struct reader_options){.model = &silent}, &r, &err))
        return app_fail(&err);
    opt.reader = r;
    buf_init(&model, MODEL_BYTES_MAX);
    buf_init(&out, OUT_BYTES);
    bool ok = linear_train(&opt, &model, &report, &err) &&
              write_new(str_dupz(&app->boot, to), buf_str(&model), &err);
    for (int i = 0; i < opt.set_count && ok; i++) {
        warn_of_small(opt.sets[i].path, &report.set[i], opt.folds);
        put_eval(&out, opt.sets[i].path, &report.set[i], app->json);
    }
    ok = ok && app_print(&out, &err);
    buf_fini(&model);
    buf_fini(&out);
    return ok ? EXIT_DONE : app_fail(&err);
}

/* --- their rows -------------------------------------------------------------------------- */

static const struct opt eval_opts[] = {
    {"model", "FILE", "A model file; without it the model in the program."},
    {"targets", "FILE",
     "Posts labelled towards a coin, JSON lines: \"text\", \"symbol\", \"polarity\", \"pair\"."},
    {"links", "FILE",
     "How well coins are found in posts; one JSON object a line with text and symbols."},
    {"misses", NULL,
     "With --targets or --links: show each post that was not read as labelled; "
     "not with --json."},
    {0}};
static const struct opt train_opts[] = {
    {"out", "FILE", "Where the model goes; never over another file."},
    {"seed", "N", "The same seed and files give the same bytes; 1 if not given."},
    {"epochs", "N", "Passes over the texts; 6 if not given."},
    {"folds", "K", "Parts for cross-validation, 2 to 20; 5 if not given."},
    {"classes", "FILE", "Word classes; without it those in the program (models/classes.txt)."},
    {"valence", "FILE",
     "Words and phrases with values; without it those in the program (models/valence.txt)."},
    {0}};

const struct cmd cmd_eval = {
    .group = "Model",
    .name = "eval",
    .pos = "[FILE...]",
    .brief = "Show how well the model reads labelled texts.",
    .about =
        "A labelled file has one text a line: label (0 negative, 1 neutral, 2 positive), tab, "
        "text. Each is read as score reads posts. A file without neutral texts is judged by which "
        "of the two poles is likelier. "
        "The model in the program learnt from the published sets (docs/model-card.md): its figures "
        "on these say nothing.",
    .opts = eval_opts,
    .pos_min = 0,
    .pos_max = ARGS_POS_MAX,
    .run = eval_run};
const struct cmd cmd_train = {
    .group = "Model",
    .name = "train",
    .pos = "FILE[:WEIGHT][:time]...",
    .brief = "Make a model from labelled texts.",
    .about =
        "WEIGHT is what each text of the file counts, 1 if not given. Each file is a kind of text "
        "of its own, told apart when reading. Prints how well the texts of each were read by "
        "models that had not learnt them nor any text that starts alike. A file whose lines are in "
        "the order of time says \":time\": its texts are read by models that learnt other times, "
        "and the later ones count more for where the labels part. "
        "Takes about a minute and 500 MB of memory. The file is tried with eval --model, and built "
        "in "
        "by putting it in the place of models/linear.bin.",
    .opts = train_opts,
    .pos_min = 1,
    .pos_max = LINEAR_SETS_MAX,
    .run = train_run};
