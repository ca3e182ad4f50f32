/* train_linear: makes and judges the linear model from labelled files.
 *
 *   train_linear OUT SEED EPOCHS TRAIN[:weight_bp]... -- VALIDATION...
 *
 * Writes OUT and prints the macro recall on each validation file. Not part of the program. */
#include "model/linear.h"

#include <stdio.h>
#include <stdlib.h>

#define MODEL_BYTES_MAX (8 << 20)

static void silent_score(const struct model *m, struct arena scratch, const struct words *w,
                         const struct model_range *ranges, int count, struct model_scores *ret) {
    IGNORE(m == NULL || scratch.beg == NULL || w == NULL || ranges == NULL, "no model yet");
    for (int i = 0; i < count; i++) ret[i] = (struct model_scores){{0, 0, 0}};
}

static const struct model_ops silent_ops = {.name = "none", .score = silent_score};
static const struct model silent = {&silent_ops};

static bool read_args(int argc, char **argv, struct train_options *opt, int *ret_rest) {
    int i = 4;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (opt->set_count == TRAIN_SETS_MAX) return false;
        char *colon = strrchr(argv[i], ':');
        int64_t weight = 10000;
        if (colon) {
            *colon = 0;
            if (!str_to_i64(str_from_z(colon + 1), &weight)) return false;
        }
        opt->sets[opt->set_count++] = (struct train_set){argv[i], (int)weight};
    }
    *ret_rest = i + 1;
    int64_t seed, epochs;
    if (!str_to_i64(str_from_z(argv[2]), &seed) || !str_to_i64(str_from_z(argv[3]), &epochs)) {
        return false;
    }
    opt->seed = (uint64_t)seed;
    opt->epochs = (int)epochs;
    return opt->set_count > 0;
}

static bool write_file(const char *path, str bytes, struct error *err) {
    FILE *f = fopen(path, "we");
    if (!f) return fail(err, ERR_IO, 0, "open %s", path);
    bool ok = fwrite(bytes.p, 1, (size_t)bytes.n, f) == (size_t)bytes.n;
    ok = fclose(f) == 0 && ok;
    return ok || fail(err, ERR_IO, 0, "write %s", path);
}

static bool judge(struct arena *boot, str bytes, const struct reader *r, int count, char **paths,
                  struct error *err) {
    struct model *m;
    if (!linear_open(boot, bytes, &m, err)) return false;
    for (int i = 0; i < count; i++) {
        struct eval_result e;
        if (!model_evaluate(m, r, paths[i], &e, err)) return false;
        printf("%-60s macro recall %5.2f %%  [", paths[i], (double)eval_macro_recall_bp(&e) / 100);
        for (int k = 0; k < 3; k++) {
            printf(" %lld/%lld/%lld", (long long)e.matrix[k][0], (long long)e.matrix[k][1],
                   (long long)e.matrix[k][2]);
        }
        printf(" ]\n");
    }
    return true;
}

int main(int argc, char **argv) {
    struct error err;
    struct arena boot;
    struct train_options opt = {0};
    struct reader *r;
    struct buf out;
    int rest;
    if (argc < 5 || !read_args(argc, argv, &opt, &rest)) {
        fprintf(stderr, "usage: train_linear OUT SEED EPOCHS TRAIN[:weight_bp]... -- VAL...\n");
        return 2;
    }
    arena_open(&boot, 256 << 20);
    buf_init(&out, MODEL_BYTES_MAX);
    bool ok = reader_open(&boot, &(struct reader_options){.model = &silent}, &r, &err);
    opt.reader = r;
    ok = ok && linear_train(&opt, &out, &err) && write_file(argv[1], buf_str(&out), &err) &&
         judge(&boot, buf_str(&out), r, argc > rest ? argc - rest : 0, argv + rest, &err);
    if (!ok) fprintf(stderr, "train_linear: %s\n", err.msg);
    buf_fini(&out);
    arena_close(&boot);
    return ok ? 0 : 1;
}
