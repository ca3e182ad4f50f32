/* cmd_pull: `bullfinch model pull`: a checkpoint's files, fetched as they are published.
 *
 * Each file is fetched to its end or continued the next time; what the server says of its SHA-256
 * is checked, what a file of sums says, and that each file is what its name says: a mirror that
 * wants people to log in answers with a page and status 200. Sums of all files are left beside
 * them. */
#include "app/cmds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/signals.h"
#include "base/file.h"
#include "base/json.h"
#include "model/bpe.h"
#include "model/checkpoint.h"
#include "net/fetch.h"

#define BASE_URL "https://huggingface.co"
#define MODEL_NAME "cardiffnlp/twitter-roberta-base-sentiment-latest"
#define WEIGHTS_BYTES_MAX (INT64_C(8) << 30)
#define TEXT_BYTES_MAX (8 << 20) /* config.json, vocab.json, merges.txt: each has under one MiB */
#define TOKENIZER_BYTES_MAX (32 << 20)
#define SUMS_BYTES_MAX (1 << 20)
#define SUMS_NAME "SHA256SUMS"
#define ATTEMPTS 6
#define PATH_BYTES 4096

struct pulling {
    struct app *app;
    str base, name, revision;
    const char *folder;
    str sums;       /* content of the file of sums; empty: there is none */
    struct buf out; /* SHA256SUMS */
    const char *file;
    bool terminal;
    const atomic_int *signals;
    int shown; /* tenths that were told of */
};

static bool say_progress(void *ctx, int64_t got, int64_t total) {
    struct pulling *p = ctx;
    const int tenth = total > 0 ? (int)(got * 10 / total) : 0;
    if (p->terminal && total > 0)
        fprintf(stderr, "\r%s: %" PRId64 " of %" PRId64 " MB ", p->file, got / 1000000,
                total / 1000000);
    else if (!p->terminal && total > 10000000 && tenth > p->shown)
        fprintf(stderr, "%s: %d %%\n", p->file, tenth * 10);
    if (tenth > p->shown) p->shown = tenth;
    return *p->signals == 0;
}

/* Waits s seconds, unless it is told to stop. */
static void wait_s(const struct pulling *p, int s) {
    for (int i = 0; i < 10 * s && *p->signals == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
}

/* The sum that the file of sums has for this name: "HEX  NAME" a line, as sha256sum writes it. */
static str expected_sum(str sums, const char *file) {
    str line;
    while (str_cut(&sums, '\n', &line)) {
        if (line.n < 66) continue;
        str name = str_tail(line, 66);
        if (str_eq(str_trim(name), str_from_z(file))) return str_head(line, 64);
    }
    return (str){0};
}

static bool check_sum(struct pulling *p, const char *path, const char *sum, struct error *err) {
    const str want = expected_sum(p->sums, p->file);
    if (p->sums.n > 0 && !want.p)
        return fail(err, ERR_NOT_FOUND, 0, "the file of sums says nothing of %s", p->file);
    if (want.p && !str_eq_nocase(want, str_from_z(sum)))
        return fail(err, ERR_DAMAGED, 0, "%s: its SHA-256 is %s, not what the file of sums says",
                    path, sum);
    buf_printf(&p->out, "%s  %s\n", sum, p->file);
    return true;
}

/* --- is it what its name says? --------------------------------------------------------------- */

static bool is_weights(const char *file) {
    return strcmp(file, "model.safetensors") == 0 || strcmp(file, "pytorch_model.bin") == 0;
}

static bool check_weights(const struct pulling *p, const char *path, struct error *err) {
    char head[16] = {0};
    int fd;
    if (!file_open(path, &fd, NULL, err)) return false;
    const ssize_t n = pread(fd, head, sizeof head, 0);
    close(fd);
    const bool zip = strcmp(p->file, "pytorch_model.bin") == 0;
    if (n == sizeof head && (zip ? memcmp(head, "PK\3\4", 4) == 0 : head[8] == '{')) return true;
    return fail(err, ERR_PARSE, 0, "does not begin as %s does",
                zip ? "a file of PyTorch" : "safetensors");
}

/* The two as the program will read them. */
static bool check_merges(const struct pulling *p, struct arena *mem, str merges,
                         struct error *err) {
    char path[PATH_BYTES];
    struct buf b, compiled;
    str vocab;
    buf_init_fixed(&b, path, sizeof path);
    buf_printf(&b, "%s/vocab.json", p->folder);
    if (!app_read_file(mem, buf_z(&b), TEXT_BYTES_MAX, &vocab, err)) return false;
    buf_init(&compiled, TOKENIZER_BYTES_MAX);
    const bool ok = bpe_compile(vocab, merges, &compiled, err);
    buf_fini(&compiled);
    return ok;
}

static bool check_text(const struct pulling *p, struct arena *mem, const char *path,
                       struct error *err) {
    struct roberta_shape shape;
    str text;
    if (!app_read_file(mem, path, TEXT_BYTES_MAX, &text, err)) return false;
    if (strcmp(p->file, "config.json") == 0) return roberta_shape_parse(text, &shape, err);
    if (strcmp(p->file, "merges.txt") == 0) return check_merges(p, mem, text, err);
    json_t *const v = json_parse(text);
    const bool ok = json_is_object(v) && json_object_size(v) > 0;
    json_decref(v);
    return ok || fail(err, ERR_PARSE, 0, "is no JSON object of tokens");
}

static bool check_content(void *ctx, const char *path, struct error *err) {
    const struct pulling *p = ctx;
    struct arena mem;
    bool ok;
    if (is_weights(p->file)) {
        ok = check_weights(p, path, err);
    } else {
        arena_open(&mem, 4 * TEXT_BYTES_MAX);
        ok = check_text(p, &mem, path, err);
        arena_close(&mem);
    }
    return ok || fail_in(err, "%s is not what its name says", p->file);
}

/* --- one file -------------------------------------------------------------------------------- */

static bool fetch_patiently(struct pulling *p, const struct fetch *f, struct fetched *ret,
                            struct error *err) {
    for (int attempt = 1;; attempt++) {
        if (fetch_file(f, ret, err)) return true;
        if (p->terminal) fputc('\n', stderr);
        if (err->code != ERR_UNKNOWN || attempt == ATTEMPTS || *p->signals > 0) return false;
        fprintf(stderr, "bullfinch: %s; again in %d s\n", err->msg, 1 << (attempt - 1));
        wait_s(p, 1 << (attempt - 1));
    }
}

static bool pull_file(struct pulling *p, const char *file, struct error *err) {
    char url_block[PATH_BYTES], path_block[PATH_BYTES], sum[SHA256_HEX_BYTES];
    struct buf url, path;
    struct fetched got;
    p->file = file;
    p->shown = 0;
    buf_init_fixed(&url, url_block, sizeof url_block);
    buf_init_fixed(&path, path_block, sizeof path_block);
    buf_printf(&url, STR_FMT "/" STR_FMT "/resolve/" STR_FMT "/%s", STR_ARG(p->base),
               STR_ARG(p->name), STR_ARG(p->revision), file);
    buf_printf(&path, "%s/%s", p->folder, file);
    if (buf_full(&url) || buf_full(&path)) return fail(err, ERR_LIMIT, 0, "too long a name");
    if (access(buf_z(&path), F_OK) == 0) {
        fprintf(stderr, "%s: there already\n", file);
        return file_sha256(buf_z(&path), sum, err) && check_sum(p, buf_z(&path), sum, err) &&
               (check_content(p, buf_z(&path), err) ||
                fail_in(err, "remove %s, which was there already", buf_z(&path)));
    }
    const struct fetch f = {.url = buf_str(&url),
                            .path = buf_z(&path),
                            .bytes_max = is_weights(file) ? WEIGHTS_BYTES_MAX : TEXT_BYTES_MAX,
                            .go_on = say_progress,
                            .check = check_content,
                            .ctx = p};
    if (!fetch_patiently(p, &f, &got, err)) return false;
    fprintf(stderr, "%s%s: %" PRId64 " bytes, SHA-256 %s%s\n", p->terminal ? "\r" : "", file,
            got.bytes, got.checked ? "as the server says" : "not told by the server",
            got.resumed ? ", continued" : "");
    if (check_sum(p, buf_z(&path), got.sha256, err)) return true;
    unlink(buf_z(&path));
    return false;
}

static bool write_sums(struct pulling *p, struct error *err) {
    char block[PATH_BYTES];
    struct buf path;
    buf_init_fixed(&path, block, sizeof block);
    buf_printf(&path, "%s/" SUMS_NAME, p->folder);
    FILE *f = fopen(buf_z(&path), "we");
    const bool ok = f && fwrite(p->out.p, 1, (size_t)p->out.len, f) == (size_t)p->out.len;
    const int sys = errno;
    if (f && fclose(f) != 0) return fail(err, ERR_IO, errno, "%s", buf_z(&path));
    return ok || fail(err, ERR_IO, sys, "%s: %s", buf_z(&path), strerror(sys));
}

/* The weights in the form that has no pickle, where there is one. */
static bool pull_weights(struct pulling *p, struct error *err) {
    if (pull_file(p, "model.safetensors", err)) return true;
    return err->code == ERR_NOT_FOUND && err->sys == 404 && pull_file(p, "pytorch_model.bin", err);
}

static bool pull_all(struct pulling *p, struct error *err) {
    static const char *const files[] = {"config.json", "vocab.json", "merges.txt"};
    if (mkdir(p->folder, 0755) != 0 && errno != EEXIST)
        return fail(err, ERR_IO, errno, "%s: %s", p->folder, strerror(errno));
    for (int i = 0; i < COUNT_OF(files); i++)
        if (!pull_file(p, files[i], err)) return false;
    return pull_weights(p, err) && write_sums(p, err);
}

static str without_slash(str s) {
    while (s.n > 0 && s.p[s.n - 1] == '/') s.n--;
    return s;
}

static str last_part(str name) {
    str last = name;
    while (str_cut(&name, '/', &last)) continue;
    return last;
}

static exit_status pull_run(struct app *app, const struct args *args) {
    struct error err;
    const str sums = args_get(args, "sums", (str){NULL, 0});
    struct pulling p = {.app = app,
                        .base = without_slash(args_get(args, "base", STR(BASE_URL))),
                        .name = args->pos_count ? args->pos[0] : STR(MODEL_NAME),
                        .revision = args_get(args, "revision", STR("main")),
                        .terminal = isatty(STDERR_FILENO) == 1};
    p.folder = str_dupz(&app->boot, args_get(args, "out", last_part(p.name)));
    if (sums.p &&
        !app_read_file(&app->boot, str_dupz(&app->boot, sums), SUMS_BYTES_MAX, &p.sums, &err))
        return app_fail(&err);
    p.signals = signals_install();
    buf_init(&p.out, SUMS_BYTES_MAX);
    bool ok = pull_all(&p, &err);
    buf_fini(&p.out);
    if (ok)
        fprintf(stderr, "bullfinch: the next step: bullfinch model convert %s --out FILE\n",
                p.folder);
    return ok ? EXIT_DONE : app_fail(&err);
}

static const struct opt pull_opts[] = {
    {"out", "FOLDER", "Where the files go; the model's name if not given."},
    {"base", "URL", "A mirror of " BASE_URL "."},
    {"revision", "NAME", "A branch or a commit; main if not given."},
    {"sums", "FILE", "SHA-256 sums that the files must have, as sha256sum writes them."},
    {0}};

const struct cmd cmd_model_pull = {
    .group = "Model",
    .name = "model pull",
    .pos = "[NAME]",
    .brief = "Fetch a RoBERTa checkpoint from Hugging Face.",
    .about =
        "NAME is " MODEL_NAME " if not given. Files that are there are kept, one that broke off "
        "is continued, and what is not what its name says (a mirror's page to log in) is refused. "
        "SHA-256 sums that the server tells are checked; those of all files are "
        "written to " SUMS_NAME ". Proxies of the environment are used.",
    .opts = pull_opts,
    .pos_min = 0,
    .pos_max = 1,
    .run = pull_run};
