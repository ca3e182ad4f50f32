/* checkpoint: five files of one folder, read and checked against each other.
 *
 * In: the folder. Out: shapes, names of labels, all weights as float, the compiled tokenizer, and a
 * hash of what was read. The shapes come from config.json; each tensor must have exactly the shape
 * that follows from them, and what the model has beyond them (a pooler, position_ids) is passed
 * over. Only what is computed here is taken: encoder, absolute positions, GELU, one kind of token.
 * Failure: an error that names the file and the part. Used to convert, to verify and in tests: the
 * program trades with packed files (packed.h). One thread. */
#include "model/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "base/json.h"
#include "model/bpe.h"
#include "model/tensors.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are read as they lie");

#define TEXT_BYTES_MAX (64 << 20)
#define TOKENIZER_BYTES_MAX (32 << 20)
#define PATH_BYTES_MAX 4096
#define TYPES_MAX 16 /* kinds of token; one is used */

/* --- config.json ----------------------------------------------------------------------------- */

static bool number_at(const json_t *o, const char *name, int32_t least, int32_t most, int32_t *ret,
                      struct error *err) {
    const json_t *v = json_object_get(o, name);
    const json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
    if (n < least || n > most)
        return fail(err, ERR_PARSE, 0, "\"%s\" is no whole number from %d to %d", name, least,
                    most);
    *ret = (int32_t)n;
    return true;
}

/* Absent, or what the model that is computed here has. */
static bool must_be(const json_t *o, const char *name, const char *value, struct error *err) {
    const str got = json_str_at(o, name);
    if (!json_object_get(o, name) || str_eq(got, str_from_z(value))) return true;
    return fail(err, ERR_UNSUPPORTED, 0, "\"%s\" is \"" STR_FMT "\", and only \"%s\" is known",
                name, STR_ARG(str_head(got, 40)), value);
}

/* {"0": "negative", "1": "neutral", ...}: all numbers from 0 on. */
static bool read_labels(const json_t *o, struct roberta_shape *s, struct error *err) {
    const json_t *names = json_object_get(o, "id2label");
    const size_t count = json_object_size(names);
    if (count < 1 || count > ROBERTA_LABELS_MAX)
        return fail(err, ERR_PARSE, 0, "\"id2label\" does not name 1 to %d labels",
                    ROBERTA_LABELS_MAX);
    s->labels = (int32_t)count;
    for (int i = 0; i < s->labels; i++) {
        char key[8];
        struct buf b;
        buf_init_fixed(&b, key, sizeof key);
        buf_put_i64(&b, i);
        const str name = json_str_at(names, buf_z(&b));
        if (name.n == 0 || !str_copyz(name, s->label[i], ROBERTA_LABEL_BYTES))
            return fail(err, ERR_PARSE, 0, "\"id2label\" has no name of up to %d bytes for %d",
                        ROBERTA_LABEL_BYTES - 1, i);
        if (!str_is_line(name))
            return fail(err, ERR_PARSE, 0, "\"id2label\" has a name with control characters for %d",
                        i);
    }
    return true;
}

/* Kinds of token; 0: it does not say. */
static bool read_types(const json_t *o, int32_t *ret, struct error *err) {
    *ret = 0;
    return !json_object_get(o, "type_vocab_size") ||
           number_at(o, "type_vocab_size", 1, TYPES_MAX, ret, err);
}

static bool read_shape(const json_t *o, struct roberta_shape *s, int32_t *ret_types,
                       struct error *err) {
    if (!must_be(o, "model_type", "roberta", err) || !must_be(o, "hidden_act", "gelu", err) ||
        !must_be(o, "position_embedding_type", "absolute", err) ||
        !number_at(o, "hidden_size", 1, 4096, &s->hidden, err) ||
        !number_at(o, "num_attention_heads", 1, 256, &s->heads, err) ||
        !number_at(o, "num_hidden_layers", 1, ROBERTA_LAYERS_MAX, &s->layers, err) ||
        !number_at(o, "intermediate_size", 1, 16384, &s->inner, err) ||
        !number_at(o, "vocab_size", 1, BPE_VOCAB_MAX, &s->vocab, err) ||
        !number_at(o, "max_position_embeddings", 4, 16386, &s->positions, err) ||
        !number_at(o, "pad_token_id", 0, 1000, &s->pad, err) || !read_types(o, ret_types, err))
        return false;
    const json_t *epsilon = json_object_get(o, "layer_norm_eps");
    s->epsilon = epsilon ? (float)json_number_value(epsilon) : 1e-12F;
    if (!(s->epsilon > 0 && s->epsilon < 0.1F))
        return fail(err, ERR_PARSE, 0, "\"layer_norm_eps\" is no small positive number");
    if (s->hidden % s->heads != 0)
        return fail(err, ERR_PARSE, 0, "%d heads do not divide a hidden size of %d", s->heads,
                    s->hidden);
    if (roberta_tokens_max(s) < 2)
        return fail(err, ERR_PARSE, 0, "no room for a text: %d positions", s->positions);
    return read_labels(o, s, err);
}

static bool parse_config(str config_json, struct roberta_shape *ret, int32_t *ret_types,
                         struct error *err) {
    json_error_t why;
    struct roberta_shape s = {0};
    if (str_trim(config_json).n == 0) return fail(err, ERR_PARSE, 0, "config.json is empty");
    json_t *o = json_loadb(config_json.p, (size_t)config_json.n, JSON_REJECT_DUPLICATES, &why);
    if (!o) return fail(err, ERR_PARSE, 0, "config.json:%d: %s", why.line, why.text);
    const bool ok = json_is_object(o)
                        ? read_shape(o, &s, ret_types, err) || fail_in(err, "config.json")
                        : fail(err, ERR_PARSE, 0, "config.json is no object");
    json_decref(o);
    if (ok) *ret = s;
    return ok;
}

bool roberta_shape_parse(str config_json, struct roberta_shape *ret, struct error *err) {
    int32_t types;
    return parse_config(config_json, ret, &types, err);
}

/* --- weights --------------------------------------------------------------------------------- */

struct loading {
    struct arena *mem;
    const struct tensors *from;
    struct error *err;
    bool ok; /* once false, nothing more is read */
};

/* A tensor of exactly rows x columns (columns 0: of one dimension). NULL when it fails. */
static const float *load(struct loading *l, const char *name, int32_t rows, int32_t columns) {
    if (!l->ok) return NULL;
    const struct tensor *t = tensors_find(l->from, str_from_z(name));
    if (!t) {
        l->ok = fail(l->err, ERR_PARSE, 0, "there is no \"%s\"", name);
        return NULL;
    }
    const bool fits = columns ? t->dims == 2 && t->shape[0] == rows && t->shape[1] == columns
                              : t->dims == 1 && t->shape[0] == rows;
    if (!fits) {
        l->ok =
            fail(l->err, ERR_PARSE, 0, "\"%s\" is not of the shape that config.json says: %d %d",
                 name, rows, columns);
        return NULL;
    }
    float *numbers = arena_try_alloc(l->mem, sizeof *numbers, 64, t->count);
    l->ok = numbers ? tensors_read(l->from, t, numbers, l->err)
                    : fail(l->err, ERR_LIMIT, 0, "\"%s\": the model is too large", name);
    return numbers;
}

static const char *name_of(char block[128], const char *prefix, const char *part) {
    struct buf b;
    buf_init_fixed(&b, block, 128);
    buf_printf(&b, "%s.%s", prefix, part);
    return buf_z(&b);
}

static struct linear_weights load_linear(struct loading *l, const char *name, int32_t in,
                                         int32_t out) {
    char w[128], b[128];
    return (struct linear_weights){load(l, name_of(w, name, "weight"), out, in),
                                   load(l, name_of(b, name, "bias"), out, 0), in, out};
}

static struct norm_weights load_norm(struct loading *l, const char *name, int32_t hidden) {
    char g[128], b[128];
    /* as the first checkpoints, converted from TensorFlow, call them */
    if (tensors_find(l->from, str_from_z(name_of(g, name, "gamma"))))
        return (struct norm_weights){load(l, g, hidden, 0),
                                     load(l, name_of(b, name, "beta"), hidden, 0)};
    return (struct norm_weights){load(l, name_of(g, name, "weight"), hidden, 0),
                                 load(l, name_of(b, name, "bias"), hidden, 0)};
}

static struct layer_weights load_layer(struct loading *l, const struct roberta_shape *s, int idx) {
    char prefix[64], name[128];
    struct buf b;
    buf_init_fixed(&b, prefix, sizeof prefix);
    buf_printf(&b, "roberta.encoder.layer.%d", idx);
    const int32_t h = s->hidden;
    return (struct layer_weights){
        .query = load_linear(l, name_of(name, prefix, "attention.self.query"), h, h),
        .key = load_linear(l, name_of(name, prefix, "attention.self.key"), h, h),
        .value = load_linear(l, name_of(name, prefix, "attention.self.value"), h, h),
        .attended = load_linear(l, name_of(name, prefix, "attention.output.dense"), h, h),
        .attended_norm = load_norm(l, name_of(name, prefix, "attention.output.LayerNorm"), h),
        .inner = load_linear(l, name_of(name, prefix, "intermediate.dense"), h, s->inner),
        .outer = load_linear(l, name_of(name, prefix, "output.dense"), s->inner, h),
        .outer_norm = load_norm(l, name_of(name, prefix, "output.LayerNorm"), h)};
}

/* The table of kinds has the rows that config.json says; where it says nothing, one or more.
 * RoBERTa uses the first. */
static const float *load_type(struct loading *l, int32_t said, int32_t hidden) {
    static const char name[] = "roberta.embeddings.token_type_embeddings.weight";
    const struct tensor *t = tensors_find(l->from, str_from_z(name));
    const int64_t found =
        t && t->dims == 2 && t->shape[0] >= 1 && t->shape[0] <= TYPES_MAX ? t->shape[0] : 1;
    return load(l, name, said ? said : (int32_t)found, hidden);
}

static bool load_weights(struct arena *mem, const char *path, struct checkpoint *c,
                         struct error *err) {
    struct arena table;
    struct tensors *t;
    const struct roberta_shape *s = &c->shape;
    arena_open(&table, TENSORS_MEMORY_BYTES);
    bool ok = tensors_open(&table, path, &t, err);
    if (ok) {
        struct loading l = {mem, t, err, true};
        c->word = load(&l, "roberta.embeddings.word_embeddings.weight", s->vocab, s->hidden);
        c->position =
            load(&l, "roberta.embeddings.position_embeddings.weight", s->positions, s->hidden);
        c->type = load_type(&l, c->types, s->hidden);
        c->embedded_norm = load_norm(&l, "roberta.embeddings.LayerNorm", s->hidden);
        for (int i = 0; i < s->layers; i++) c->layer[i] = load_layer(&l, s, i);
        c->dense = load_linear(&l, "classifier.dense", s->hidden, s->hidden);
        c->classify = load_linear(&l, "classifier.out_proj", s->hidden, s->labels);
        tensors_close(t);
        ok = l.ok || fail_in(err, "%s", path);
    }
    arena_close(&table);
    return ok;
}

/* --- files ----------------------------------------------------------------------------------- */

static const char *path_of(struct arena *mem, const char *folder, const char *name) {
    struct buf b;
    buf_init_fixed(&b, arena_alloc(mem, 1, 1, PATH_BYTES_MAX), PATH_BYTES_MAX);
    buf_printf(&b, "%s/%s", folder, name);
    return buf_z(&b);
}

/* Reads a file in chunks; each goes to `hash`, and into `out` where there is one. */
static bool read_file(const char *path, struct sha256 *hash, struct buf *out, struct error *err) {
    static const size_t chunk = 1 << 20;
    int fd;
    if (!file_open(path, &fd, NULL, err)) return fail_in(err, "%s", path);
    char *block = malloc(chunk);
    PRE(block != NULL);
    ssize_t n;
    while ((n = read(fd, block, chunk)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        sha256_add(hash, (str){block, n});
        if (out) buf_put(out, (str){block, n});
    }
    const int sys = errno;
    free(block);
    close(fd);
    if (n < 0) return fail(err, ERR_IO, sys, "%s: %s", path, strerror(sys));
    if (out && buf_full(out)) return fail(err, ERR_LIMIT, 0, "%s: over %td bytes", path, out->max);
    return true;
}

static bool read_texts(struct arena *mem, const char *folder, struct sha256 *hash,
                       struct buf text[3], struct error *err) {
    static const char *const names[3] = {"config.json", "vocab.json", "merges.txt"};
    for (int i = 0; i < 3; i++)
        if (!read_file(path_of(mem, folder, names[i]), hash, &text[i], err)) return false;
    return true;
}

static bool compile_tokenizer(struct arena *mem, const char *folder, struct buf text[3],
                              struct checkpoint *c, struct error *err) {
    struct buf compiled;
    struct bpe *b;
    buf_init(&compiled, TOKENIZER_BYTES_MAX);
    bool ok = bpe_compile(buf_str(&text[1]), buf_str(&text[2]), &compiled, err) ||
              fail_in(err, "%s", folder);
    if (ok) {
        char *p = arena_alloc(mem, 1, 64, compiled.len);
        memcpy(p, compiled.p, (size_t)compiled.len);
        c->tokenizer = (str){p, compiled.len};
        ok = bpe_open(mem, c->tokenizer, &b, err);
    }
    if (ok && bpe_vocab_count(b) > c->shape.vocab)
        ok = fail(err, ERR_PARSE, 0,
                  "%s: vocab.json has numbers up to %d, config.json a "
                  "vocabulary of %d",
                  folder, bpe_vocab_count(b) - 1, c->shape.vocab);
    buf_fini(&compiled);
    return ok;
}

/* model.safetensors, or else pytorch_model.bin. */
static const char *weights_path(struct arena *mem, const char *folder, struct checkpoint *c) {
    static const char *const names[2] = {"model.safetensors", "pytorch_model.bin"};
    const char *path = path_of(mem, folder, names[0]);
    const bool first = access(path, R_OK) == 0;
    c->weights_file = str_from_z(names[first ? 0 : 1]);
    return first ? path : path_of(mem, folder, names[1]);
}

bool checkpoint_open(struct arena *mem, const char *folder, struct checkpoint **ret,
                     struct error *err) {
    struct checkpoint *c = NEW(mem, struct checkpoint);
    struct sha256 *hash = sha256_new();
    struct buf text[3];
    for (int i = 0; i < 3; i++) buf_init(&text[i], TEXT_BYTES_MAX);
    const char *weights = weights_path(mem, folder, c);
    const bool ok = read_texts(mem, folder, hash, text, err) &&
                    (parse_config(buf_str(&text[0]), &c->shape, &c->types, err) ||
                     fail_in(err, "%s", folder)) &&
                    compile_tokenizer(mem, folder, text, c, err) &&
                    read_file(weights, hash, NULL, err) && load_weights(mem, weights, c, err);
    if (ok) {
        sha256_finish(hash, c->source);
        *ret = c;
    }
    sha256_free(hash);
    for (int i = 0; i < 3; i++) buf_fini(&text[i]);
    return ok;
}
