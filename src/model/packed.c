/* packed: writes, maps and checks model files.
 *
 *     head      magic, version, precision, shapes, labels, name, source's hash, sums (4,096 bytes)
 *     sections  tokenizer, embeddings, norms, matrices: in a fixed order, each aligned to 64 bytes
 *
 * One function, lay_out(), walks the sections and says where each begins. To write is to walk once
 * for the length and once to fill; to open is to walk once and compare the end with the length of
 * the file. So there are no offsets in a file that could be wrong. What a section holds is numbers
 * only, but for the tokenizer, which bpe_open() checks by itself.
 *
 * Failure: a file that is cut or changed is ERR_DAMAGED; writing goes to a temporary name and is
 * renamed when it is on the disk. The quick checksum finds accidents, the SHA-256 (packed_verify)
 * also intent. One thread. */
#include "model/packed.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "model/bpe.h"

#define MAGIC "BFROBRTA"
#define VERSION 1
#define BLOCK 64 /* columns and depth are rounded up to it */
#define ALIGN 64
#define HEAD_BYTES 4096

struct head {
    char magic[8];
    uint32_t version;
    uint32_t precision;
    uint64_t bytes; /* of the file */
    uint64_t tokenizer_bytes;
    uint64_t quick;      /* sum over everything behind the head */
    uint64_t head_quick; /* sum over the head with this field and `hash` zero */
    uint8_t hash[SHA256_BYTES];
    uint8_t source[SHA256_BYTES];
    char name[PACKED_NAME_BYTES];
    struct roberta_shape shape;
};
_Static_assert(sizeof(struct head) <= HEAD_BYTES, "the head has room");

const char *precision_name(precision p) {
    static const char *const names[] = {
#define X(name, text) text,
        PRECISION_MAP(X)
#undef X
    };
    return names[p];
}

bool precision_from_name(str name, precision *ret) {
    for (int i = PRECISION_FP32; i <= PRECISION_INT8; i++)
        if (str_eq(name, str_from_z(precision_name((precision)i)))) {
            *ret = (precision)i;
            return true;
        }
    return false;
}

/* --- where things lie ------------------------------------------------------------------------ */

static int32_t round_up(int32_t n) { return (n + BLOCK - 1) / BLOCK * BLOCK; }

/* The next section of so many bytes. */
static const void *section(const char *base, int64_t *at, int64_t bytes) {
    *at = (*at + ALIGN - 1) / ALIGN * ALIGN;
    const uintptr_t p =
        (uintptr_t)base + (uintptr_t)*at; /* base NULL: only lengths are of interest */
    *at += bytes;
    return (const void *)p;
}

static const float *floats(const char *base, int64_t *at, int64_t count) {
    return section(base, at, count * (int64_t)sizeof(float));
}

static int weight_bytes(precision p) {
    switch (p) {
    case PRECISION_FP32:
        return 4;
    case PRECISION_BF16:
        return 2;
    case PRECISION_INT8:
        return 1;
    }
    WRONG("precision out of range");
}

static void lay_matrix(const char *base, int64_t *at, precision p, int32_t depth, int32_t columns,
                       struct packed_matrix *ret) {
    *ret = (struct packed_matrix){.depth = depth, .columns = columns};
    ret->weights = section(base, at, (int64_t)depth * columns * weight_bytes(p));
    if (p == PRECISION_INT8) {
        ret->scale = floats(base, at, columns);
        ret->shift = floats(base, at, columns);
    }
    ret->bias = floats(base, at, columns);
}

static struct packed_norm lay_norm(const char *base, int64_t *at, int32_t hidden) {
    const float *scale = floats(base, at, hidden);
    return (struct packed_norm){scale, floats(base, at, hidden)};
}

/* Fills in all pointers, from shape, precision and the tokenizer's length. Returns the length of
 * the file. */
static int64_t lay_out(const char *base, int64_t tokenizer_bytes, struct packed *p) {
    const struct roberta_shape *s = &p->shape;
    const int32_t h = s->hidden, wide = round_up(h), inner = round_up(s->inner);
    int64_t at = HEAD_BYTES;
    p->wide = wide;
    p->inner_wide = inner;
    p->tokenizer.p = section(base, &at, tokenizer_bytes);
    p->tokenizer.n = tokenizer_bytes;
    p->word = section(base, &at, (int64_t)s->vocab * h * (p->precision == PRECISION_FP32 ? 4 : 2));
    p->position = floats(base, &at, (int64_t)s->positions * h);
    p->embedded_norm = lay_norm(base, &at, h);
    for (int i = 0; i < s->layers; i++) {
        struct packed_layer *l = &p->layer[i];
        lay_matrix(base, &at, p->precision, wide, 3 * wide, &l->qkv);
        lay_matrix(base, &at, p->precision, wide, wide, &l->attended);
        l->attended_norm = lay_norm(base, &at, h);
        lay_matrix(base, &at, p->precision, wide, inner, &l->inner);
        lay_matrix(base, &at, p->precision, inner, wide, &l->outer);
        l->outer_norm = lay_norm(base, &at, h);
    }
    lay_matrix(base, &at, PRECISION_FP32, wide, wide, &p->dense);
    p->classify = floats(base, &at, (int64_t)s->labels * h);
    p->classify_bias = floats(base, &at, s->labels);
    section(base, &at, 0);
    return at;
}

/* --- sums ------------------------------------------------------------------------------------ */

/* Four lanes of 64 bits; as fast as memory. n: a multiple of 32. */
static uint64_t quick_sum(const char *p, int64_t n) {
    uint64_t lane[4] = {1, 2, 3, 4};
    for (int64_t at = 0; at < n; at += 32) {
        uint64_t v[4];
        memcpy(v, p + at, sizeof v);
        for (int i = 0; i < 4; i++) {
            lane[i] = (lane[i] ^ v[i]) * UINT64_C(0x9E3779B97F4A7C15);
            lane[i] ^= lane[i] >> 29;
        }
    }
    uint64_t sum = (uint64_t)n;
    for (int i = 0; i < 4; i++) sum = (sum ^ lane[i]) * UINT64_C(0xD6E8FEB86659FD93) + lane[i];
    return sum;
}

static uint64_t head_sum(const struct head *h) {
    _Alignas(struct head) char block[HEAD_BYTES] = {0};
    struct head bare = *h;
    bare.head_quick = 0;
    memset(bare.hash, 0, sizeof bare.hash);
    memcpy(block, &bare, sizeof bare);
    return quick_sum(block, HEAD_BYTES);
}

static void hash_file(const struct head *h, str body, uint8_t ret[SHA256_BYTES]) {
    char block[HEAD_BYTES] = {0};
    struct head bare = *h;
    memset(bare.hash, 0, sizeof bare.hash);
    memcpy(block, &bare, sizeof bare);
    struct sha256 *hash = sha256_new();
    sha256_add(hash, (str){block, HEAD_BYTES});
    sha256_add(hash, body);
    sha256_finish(hash, ret);
    sha256_free(hash);
}

/* --- opening --------------------------------------------------------------------------------- */

static bool damaged(struct error *err, const char *what) {
    return fail(err, ERR_DAMAGED, 0, "not a model file, or a damaged one: %s", what);
}

static bool within(int32_t v, int32_t least, int32_t most) { return v >= least && v <= most; }

static bool shape_sane(const struct roberta_shape *s) {
    if (!within(s->hidden, 1, 4096) || !within(s->heads, 1, 256) || s->hidden % s->heads != 0 ||
        !within(s->layers, 1, ROBERTA_LAYERS_MAX) || !within(s->inner, 1, 16384) ||
        !within(s->vocab, 1, BPE_VOCAB_MAX) || !within(s->positions, 4, 16386) ||
        !within(s->pad, 0, s->positions - 3) || !within(s->labels, 1, ROBERTA_LABELS_MAX) ||
        !(s->epsilon > 0 && s->epsilon < 0.1F))
        return false;
    for (int i = 0; i < s->labels; i++)
        if (memchr(s->label[i], 0, ROBERTA_LABEL_BYTES) == NULL || !s->label[i][0] ||
            !str_is_line(str_from_z(s->label[i])))
            return false;
    return true;
}

static bool tokenizer_sane(struct arena *boot, const struct packed *p, struct error *err) {
    struct bpe *b;
    struct arena a = *boot;
    if (!bpe_open(&a, p->tokenizer, &b, err)) return false;
    return bpe_vocab_count(b) <= p->shape.vocab || damaged(err, "vocabulary");
}

bool packed_from_bytes(struct arena *boot, str bytes, struct packed **ret, struct error *err) {
    const struct head *h = (const struct head *)(const void *)bytes.p;
    if (bytes.n < HEAD_BYTES || memcmp(h->magic, MAGIC, 8) != 0)
        return damaged(err, "no beginning");
    if (h->version != VERSION)
        return fail(err, ERR_UNSUPPORTED, 0,
                    "a model file of version %u, and this program reads %d: convert it again",
                    h->version, VERSION);
    if (h->head_quick != head_sum(h)) return damaged(err, "its head");
    if (h->precision > PRECISION_INT8 || !shape_sane(&h->shape) ||
        h->tokenizer_bytes > (uint64_t)bytes.n || memchr(h->name, 0, sizeof h->name) == NULL)
        return damaged(err, "its shapes");
    if (!str_is_line(str_from_z(h->name))) return damaged(err, "its name has control characters");
    struct packed *p = NEW(boot, struct packed);
    p->shape = h->shape;
    p->precision = (precision)h->precision;
    memcpy(p->name, h->name, sizeof p->name);
    memcpy(p->source, h->source, sizeof p->source);
    memcpy(p->hash, h->hash, sizeof p->hash);
    p->bytes = bytes;
    const int64_t length = lay_out(bytes.p, (int64_t)h->tokenizer_bytes, p);
    if (length != bytes.n || h->bytes != (uint64_t)length) return damaged(err, "its length");
    if (quick_sum(bytes.p + HEAD_BYTES, length - HEAD_BYTES) != h->quick)
        return damaged(err, "its checksum");
    if (!tokenizer_sane(boot, p, err)) return false;
    *ret = p;
    return true;
}

static bool map_file(const char *path, str *ret, struct error *err) {
    int fd;
    int64_t bytes;
    void *p = MAP_FAILED;
    if (!file_open(path, &fd, &bytes, err)) return false;
    if (bytes > 0) p = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, 0);
    const int sys = errno;
    close(fd);
    if (bytes == 0) return damaged(err, "it is empty");
    if (p == MAP_FAILED) return fail(err, ERR_IO, sys, "map it: %s", strerror(sys));
    *ret = (str){p, bytes};
    return true;
}

bool packed_open(struct arena *boot, const char *path, struct packed **ret, struct error *err) {
    str bytes = {0};
    if (!map_file(path, &bytes, err)) return fail_in(err, "%s", path);
    if (packed_from_bytes(boot, bytes, ret, err)) return true;
    munmap((void *)(uintptr_t)bytes.p, (size_t)bytes.n);
    return fail_in(err, "%s", path);
}

void packed_close(struct packed *p) {
    if (p && p->bytes.p) munmap((void *)(uintptr_t)p->bytes.p, (size_t)p->bytes.n);
    if (p) p->bytes = (str){0};
}

bool packed_verify(const struct packed *p, struct error *err) {
    const struct head *h = (const struct head *)(const void *)p->bytes.p;
    uint8_t hash[SHA256_BYTES];
    hash_file(h, str_tail(p->bytes, HEAD_BYTES), hash);
    return bytes_same(hash, h->hash, SHA256_BYTES) || damaged(err, "its SHA-256");
}

/* --- numbers in fewer bits ------------------------------------------------------------------- */

static uint16_t to_bfloat(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/* IEEE binary16, rounded to even; what is too large becomes the largest. */
static uint16_t to_half(float v) {
    const uint16_t sign = signbit(v) ? 0x8000 : 0;
    const float size = fabsf(v);
    if (size >= 65504) return sign | 0x7BFF;
    if (size < 0x1p-14F) return (uint16_t)(sign | (uint16_t)lrintf(size * 0x1p24F));
    int exponent;
    const float fraction = frexpf(size, &exponent);          /* 0.5 to 1 */
    const int bits = (int)lrintf((fraction * 2 - 1) * 1024); /* 1024: the next exponent */
    return (uint16_t)(sign | ((exponent + 14) * 1024 + bits));
}

/* Index of row k, column n among the weights of a matrix. */
static int64_t place(int32_t depth, int group, int32_t k, int32_t n) {
    const int64_t block = (int64_t)(n / BLOCK) * depth * BLOCK;
    return block + ((int64_t)(k / group) * BLOCK + n % BLOCK) * group + k % group;
}

static int group_of(precision p) {
    switch (p) {
    case PRECISION_FP32:
        return 1;
    case PRECISION_BF16:
        return 2;
    case PRECISION_INT8:
        return 4;
    }
    WRONG("precision out of range");
}

void packed_expand(precision p, const struct packed_matrix *m, float *ret) {
    const int group = group_of(p);
    for (int32_t n = 0; n < m->columns; n++)
        for (int32_t k = 0; k < m->depth; k++) {
            const int64_t from = place(m->depth, group, k, n), to = place(m->depth, 1, k, n);
            float v = 0;
            switch (p) {
            case PRECISION_FP32:
                v = ((const float *)m->weights)[from];
                break;
            case PRECISION_BF16: {
                const uint32_t bits = (uint32_t)((const uint16_t *)m->weights)[from] << 16;
                memcpy(&v, &bits, sizeof v);
                break;
            }
            case PRECISION_INT8:
                v = (float)((const int8_t *)m->weights)[from] * m->scale[n];
                break;
            }
            ret[to] = v;
        }
}

/* --- writing --------------------------------------------------------------------------------- */

static void *open_to_writing(const void *p) { return (void *)(uintptr_t)p; }

/* Column n of the matrix, from row n of PyTorch's. The scale leaves out nothing: the largest weight
 * of the column is 127. */
static void pack_column(precision p, const struct packed_matrix *m, int32_t n, const float *row,
                        int32_t in) {
    const int group = group_of(p);
    float most = 0;
    int32_t sum = 0;
    for (int32_t k = 0; k < in; k++) most = fmaxf(most, fabsf(row[k]));
    const float scale = most > 0x1p-120F ? most / 127 : 1; /* of less, it would be 0 */
    for (int32_t k = 0; k < in; k++) {
        const int64_t at = place(m->depth, group, k, n);
        switch (p) {
        case PRECISION_FP32:
            ((float *)open_to_writing(m->weights))[at] = row[k];
            break;
        case PRECISION_BF16:
            ((uint16_t *)open_to_writing(m->weights))[at] = to_bfloat(row[k]);
            break;
        case PRECISION_INT8: {
            const long q = lrintf(row[k] / scale);
            ((int8_t *)open_to_writing(m->weights))[at] = (int8_t)q;
            sum += (int32_t)q;
            break;
        }
        }
    }
    if (p == PRECISION_INT8) {
        ((float *)open_to_writing(m->scale))[n] = scale;
        ((float *)open_to_writing(m->shift))[n] = scale * (float)sum;
    }
}

static void pack_linear(precision p, const struct packed_matrix *m, int32_t first,
                        const struct linear_weights *l) {
    for (int32_t o = 0; o < l->out; o++) {
        pack_column(p, m, first + o, l->w + (int64_t)o * l->in, l->in);
        ((float *)open_to_writing(m->bias))[first + o] = l->b[o];
    }
}

static void copy_floats(const float *to, const float *from, int64_t count) {
    memcpy(open_to_writing(to), from, (size_t)count * sizeof *from);
}

static void pack_norm(const struct packed_norm *to, const struct norm_weights *from, int32_t h) {
    copy_floats(to->scale, from->scale, h);
    copy_floats(to->shift, from->shift, h);
}

static void pack_embeddings(const struct checkpoint *c, const struct packed *p) {
    const struct roberta_shape *s = &p->shape;
    const int64_t words = (int64_t)s->vocab * s->hidden;
    if (p->precision == PRECISION_FP32) {
        copy_floats(p->word, c->word, words);
    } else {
        uint16_t *to = open_to_writing(p->word);
        for (int64_t i = 0; i < words; i++) to[i] = to_half(c->word[i]);
    }
    float *position = open_to_writing(p->position);
    for (int64_t i = 0; i < (int64_t)s->positions * s->hidden; i++)
        position[i] = c->position[i] + c->type[i % s->hidden];
    pack_norm(&p->embedded_norm, &c->embedded_norm, s->hidden);
}

static void pack_all(const struct checkpoint *c, struct packed *p) {
    const int32_t h = p->shape.hidden;
    memcpy(open_to_writing(p->tokenizer.p), c->tokenizer.p, (size_t)c->tokenizer.n);
    pack_embeddings(c, p);
    for (int i = 0; i < p->shape.layers; i++) {
        const struct layer_weights *from = &c->layer[i];
        const struct packed_layer *to = &p->layer[i];
        pack_linear(p->precision, &to->qkv, 0, &from->query);
        pack_linear(p->precision, &to->qkv, p->wide, &from->key);
        pack_linear(p->precision, &to->qkv, 2 * p->wide, &from->value);
        pack_linear(p->precision, &to->attended, 0, &from->attended);
        pack_norm(&to->attended_norm, &from->attended_norm, h);
        pack_linear(p->precision, &to->inner, 0, &from->inner);
        pack_linear(p->precision, &to->outer, 0, &from->outer);
        pack_norm(&to->outer_norm, &from->outer_norm, h);
    }
    pack_linear(PRECISION_FP32, &p->dense, 0, &c->dense);
    copy_floats(p->classify, c->classify.w, (int64_t)p->shape.labels * h);
    copy_floats(p->classify_bias, c->classify.b, p->shape.labels);
}

static void fill_file(const struct checkpoint *c, struct packed *p, const char *name, char *file,
                      int64_t length) {
    struct head *h = (struct head *)(void *)file;
    lay_out(file, c->tokenizer.n, p);
    pack_all(c, p);
    memcpy(h->magic, MAGIC, 8);
    h->version = VERSION;
    h->precision = p->precision;
    h->bytes = (uint64_t)length;
    h->tokenizer_bytes = (uint64_t)c->tokenizer.n;
    memcpy(h->source, c->source, sizeof h->source);
    IGNORE(!str_copyz(str_from_z(name), h->name, PACKED_NAME_BYTES), "a long name is cut");
    h->shape = p->shape;
    h->quick = quick_sum(file + HEAD_BYTES, length - HEAD_BYTES);
    h->head_quick = head_sum(h);
    hash_file(h, (str){file + HEAD_BYTES, length - HEAD_BYTES}, h->hash);
}

/* Fills a new file of this length through a mapping. */
static bool write_file(const struct checkpoint *c, struct packed *p, const char *name,
                       const char *path, struct error *err) {
    const int64_t length = lay_out(NULL, c->tokenizer.n, p);
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return fail(err, ERR_IO, errno, "%s: %s", path, strerror(errno));
    int sys = posix_fallocate(fd, 0, length); /* a full disk is told here, not by a signal */
    char *file = MAP_FAILED;
    if (sys == 0) {
        file = mmap(NULL, (size_t)length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (file == MAP_FAILED) sys = errno;
    }
    if (file != MAP_FAILED) {
        fill_file(c, p, name, file, length);
        if (msync(file, (size_t)length, MS_SYNC) != 0) sys = errno;
        munmap(file, (size_t)length);
    }
    if (fsync(fd) != 0 && sys == 0) sys = errno;
    close(fd);
    return sys == 0 ||
           fail(err, sys == ENOSPC ? ERR_FULL : ERR_IO, sys, "%s: %s", path, strerror(sys));
}

bool packed_write(const struct checkpoint *c, precision as, const char *name, const char *path,
                  bool replace, struct error *err) {
    char block[4096];
    struct buf temporary;
    struct packed p = {.shape = c->shape, .precision = as};
    if (!str_is_line(str_from_z(name)))
        return fail(err, ERR_PARSE, 0,
                    "the model's name, \"%s\", has control characters: give another (--name)",
                    name);
    if (!replace && access(path, F_OK) == 0)
        return fail(err, ERR_EXISTS, 0, "%s is there already", path);
    buf_init_fixed(&temporary, block, sizeof block);
    buf_printf(&temporary, "%s.part", path);
    if (buf_full(&temporary)) return fail(err, ERR_LIMIT, 0, "%s: too long a path", path);
    if (!write_file(c, &p, name, buf_z(&temporary), err)) {
        unlink(buf_z(&temporary));
        return false;
    }
    if (rename(buf_z(&temporary), path) != 0)
        return fail(err, ERR_IO, errno, "%s: %s", path, strerror(errno));
    return true;
}
