/* engine: the forward pass, over texts that lie one behind the other without padding.
 *
 * In: tokens of some texts, at most `rows_max` together (a pass; more texts are several). Out:
 * logits. The tokens of a pass are the rows of x. Each member of the gang has a range of rows and
 * takes it through a layer in blocks of 64, small enough for the cache:
 *
 *     attention of the block's rows to the queries, keys and values of their texts
 *     x = norm(x + attended), x = norm(x + outer(gelu(inner(x))))
 *     queries, keys and values of the next layer
 *
 * Only attention looks at other members' rows; so members meet once a layer, and queries, keys and
 * values lie in two buffers in turn. Of the last layer only the first row of each text is computed,
 * which is all that the classifier reads.
 *
 * Between the products rows are float; before a product each becomes what the product takes: bytes
 * with a scale of its own (int8), bfloat16, or floats. Memory: one arena, made at opening. Failure:
 * at opening only; numbers that overflow make logits that are not finite, which the caller looks
 * at. */
#include "model/engine.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "model/gang.h"
#include "model/kernels.h"
#include "model/narrow.h"
#include "model/product.h"

#define BLOCK PRODUCT_ROWS_MAX
#define ROWS_LEAST 1024 /* of a pass, where texts are shorter */
#define TEXTS_MAX 512   /* of a pass */
#define SLACK 64        /* floats behind a buffer that vectors may read */

_Static_assert(ENGINE_THREADS_MAX <= GANG_MEMBERS_MAX && ENGINE_THREADS_MAX <= PRODUCT_MEMBERS_MAX,
               "each thread is a member");

/* The shapes that are multiplied; of queries, keys and values all, or only the last two. */
enum { SHAPE_QKV, SHAPE_KV, SHAPE_SQUARE, SHAPE_INNER, SHAPE_OUTER, SHAPES };

struct matrix {
    const char *weights;
    struct column_scale scale;
};

struct layer {
    struct matrix qkv, query, kv; /* of the same weights */
    struct matrix attended, inner, outer;
    struct packed_norm attended_norm, outer_norm;
};

/* Rows as a product takes them. */
struct act {
    char *rows;
    struct row_scale *scale;
    int32_t width; /* numbers in a row */
};

/* What a member works with. */
struct member {
    float *sums;      /* [BLOCK][widest]: of a product, then the numbers that it means */
    float *context;   /* [BLOCK][wide] */
    float *x, *query; /* [BLOCK][wide]: of the texts' first rows */
    float *keys;      /* [head][tokens]: of one head, turned round */
    float *weights;   /* [BLOCK][tokens] */
    float *taken;     /* [BLOCK][head] */
    struct act act, inner;
};

/* One text in a pass: rows begin..end. */
struct text {
    const int32_t *ids;
    int begin, end;
    float *logits;
};

struct engine {
    const struct packed *p;
    struct roberta_shape s;
    const struct kernels *k;
    engine_way way;            /* ONEDNN, NARROW or PLAIN */
    struct products *products; /* ONEDNN only */
    struct product_shape shapes[SHAPES];
    precision precision; /* of the products */
    int act_bytes;       /* of a number in a row that a product takes */
    int threads, rows_max, head_lanes;
    struct layer layer[ROBERTA_LAYERS_MAX];
    pthread_mutex_t turn; /* of callers; over all that follows */
    struct gang *gang;
    struct member member[ENGINE_THREADS_MAX];
    struct arena mem;
    float *x;                    /* [rows_max][wide] */
    float *qkv[2];               /* [rows_max][3 * wide] */
    struct act act;              /* of x */
    struct text text[TEXTS_MAX]; /* of this pass */
    int text_count, row_count;
    char about[96];
};

/* --- opening --------------------------------------------------------------------------------- */

static int bytes_of(precision p) {
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

/* As the file has it, or expanded. */
static struct matrix take_matrix(struct engine *e, const struct packed_matrix *m) {
    struct matrix ret = {m->weights, {m->scale, m->shift, m->bias}};
    if (e->precision == e->p->precision) return ret;
    float *wide = NEW_ARRAY(&e->mem, float, (ptrdiff_t)m->depth * m->columns);
    packed_expand(e->p->precision, m, wide);
    return (struct matrix){(const char *)wide, {NULL, NULL, m->bias}};
}

/* The columns from `first` (a multiple of 64) on. */
static struct matrix columns_from(const struct engine *e, const struct matrix *m, int32_t depth,
                                  int32_t first) {
    struct matrix ret = *m;
    ret.weights += (ptrdiff_t)first * depth * bytes_of(e->precision);
    if (m->scale.scale) {
        ret.scale.scale += first;
        ret.scale.shift += first;
    }
    ret.scale.bias += first;
    return ret;
}

static void take_weights(struct engine *e) {
    for (int i = 0; i < e->s.layers; i++) {
        const struct packed_layer *from = &e->p->layer[i];
        struct layer *l = &e->layer[i];
        l->qkv = take_matrix(e, &from->qkv);
        l->query = l->qkv;
        l->kv = columns_from(e, &l->qkv, e->p->wide, e->p->wide);
        l->attended = take_matrix(e, &from->attended);
        l->inner = take_matrix(e, &from->inner);
        l->outer = take_matrix(e, &from->outer);
        l->attended_norm = from->attended_norm;
        l->outer_norm = from->outer_norm;
    }
}

static ptrdiff_t weights_bytes(const struct packed *p) {
    const ptrdiff_t wide = p->wide, inner = p->inner_wide;
    return (ptrdiff_t)sizeof(float) *
               (p->shape.layers * (4 * wide * wide + 2 * wide * inner) + wide * wide) +
           64 * (4 * (ptrdiff_t)p->shape.layers + 1);
}

static float *new_floats(struct engine *e, ptrdiff_t rows, ptrdiff_t width) {
    return arena_alloc(&e->mem, sizeof(float), 64, rows * width + SLACK);
}

static struct act new_act(struct engine *e, int rows, int32_t width) {
    return (struct act){.rows =
                            arena_alloc(&e->mem, e->act_bytes, 64, (ptrdiff_t)rows * width + SLACK),
                        .scale = NEW_ARRAY(&e->mem, struct row_scale, rows),
                        .width = width};
}

static int round_up(int n, int to) { return (n + to - 1) / to * to; }

static void take_buffers(struct engine *e) {
    const int32_t wide = e->p->wide, inner = e->p->inner_wide;
    const int32_t widest = inner > 3 * wide ? inner : 3 * wide;
    const int rows = e->rows_max + PRODUCT_ROWS_STEP;
    const int tokens = round_up(roberta_tokens_max(&e->s), KERNEL_LANES);
    e->x = new_floats(e, rows, wide);
    e->qkv[0] = new_floats(e, rows, 3 * wide);
    e->qkv[1] = new_floats(e, rows, 3 * wide);
    e->act = new_act(e, rows, wide);
    for (int i = 0; i < e->threads; i++) {
        struct member *m = &e->member[i];
        m->sums = new_floats(e, BLOCK, widest);
        m->context = new_floats(e, BLOCK, wide);
        m->x = new_floats(e, BLOCK, wide);
        m->query = new_floats(e, BLOCK, wide);
        m->keys = new_floats(e, e->s.hidden / e->s.heads, tokens);
        m->weights = new_floats(e, BLOCK, tokens);
        m->taken = new_floats(e, BLOCK, e->head_lanes);
        m->act = new_act(e, BLOCK, wide);
        m->inner = new_act(e, BLOCK, inner);
    }
}

static ptrdiff_t buffers_bytes(const struct engine *e) {
    const ptrdiff_t wide = e->p->wide, inner = e->p->inner_wide;
    const ptrdiff_t rows = e->rows_max + PRODUCT_ROWS_STEP, tokens = e->rows_max + KERNEL_LANES;
    const ptrdiff_t shared = rows * (wide * 8 + 16);
    const ptrdiff_t own =
        BLOCK * (inner * 2 + wide * 8 + tokens + e->head_lanes + 16) + (e->head_lanes + 1) * tokens;
    return (ptrdiff_t)sizeof(float) * (shared + e->threads * own) +
           (16 + 16 * (ptrdiff_t)e->threads) * (SLACK * 4 + 64);
}

static void take_shapes(struct engine *e) {
    const int32_t wide = e->p->wide, inner = e->p->inner_wide;
    e->shapes[SHAPE_QKV] = (struct product_shape){wide, 3 * wide};
    e->shapes[SHAPE_KV] = (struct product_shape){wide, 2 * wide};
    e->shapes[SHAPE_SQUARE] = (struct product_shape){wide, wide};
    e->shapes[SHAPE_INNER] = (struct product_shape){wide, inner};
    e->shapes[SHAPE_OUTER] = (struct product_shape){inner, wide};
}

static bool narrow_can(precision p) {
    switch (p) {
    case PRECISION_FP32:
        return false;
    case PRECISION_BF16:
        return cpu_has_bfloat();
    case PRECISION_INT8:
        return cpu_has_vnni();
    }
    WRONG("precision out of range");
}

static bool open_onednn(struct engine *e, struct arena *boot, struct error *err) {
    const struct product_options want = {e->p->precision, e->shapes, SHAPES, e->threads};
    return products_open(boot, &want, &e->products, err);
}

/* The best way that there is, or the one that was asked for. */
static bool choose_way(struct engine *e, struct arena *boot, engine_way way, struct error *err) {
    struct error why;
    if (way == ENGINE_BEST && cpu_has_tiles() && open_onednn(e, boot, &why)) way = ENGINE_ONEDNN;
    if (way == ENGINE_BEST && narrow_can(e->p->precision)) way = ENGINE_NARROW;
    if (way == ENGINE_BEST && open_onednn(e, boot, &why)) way = ENGINE_ONEDNN;
    if (way == ENGINE_BEST) way = ENGINE_PLAIN;
    if (way == ENGINE_ONEDNN && !e->products && !open_onednn(e, boot, err)) return false;
    if (way == ENGINE_NARROW && !narrow_can(e->p->precision))
        return fail(err, ERR_UNSUPPORTED, 0, "this processor has no instructions for %s",
                    precision_name(e->p->precision));
    e->way = way;
    e->precision = way == ENGINE_PLAIN ? PRECISION_FP32 : e->p->precision;
    e->act_bytes = bytes_of(e->precision);
    return true;
}

static void describe(struct engine *e) {
    const char *by = "plain loops";
    if (e->way == ENGINE_ONEDNN) by = products_built_with();
    if (e->way == ENGINE_NARROW) by = e->precision == PRECISION_INT8 ? "VNNI" : "AVX-512 BF16";
    snprintf(e->about, sizeof e->about, "%s by %s, %s, %d thread%s", precision_name(e->precision),
             by, e->k->name, e->threads, e->threads == 1 ? "" : "s");
}

bool engine_way_from_name(str name, engine_way *ret) {
    static const char *const names[] = {
#define X(name, text) text,
        ENGINE_WAY_MAP(X)
#undef X
    };
    for (int i = 0; i < COUNT_OF(names); i++)
        if (str_eq(name, str_from_z(names[i]))) {
            *ret = (engine_way)i;
            return true;
        }
    return false;
}

bool engine_open(struct arena *boot, const struct packed *p, const struct engine_options *opt,
                 struct engine **ret, struct error *err) {
    PRE(opt->threads >= 1 && opt->threads <= ENGINE_THREADS_MAX);
    struct engine *e = NEW(boot, struct engine);
    e->p = p;
    e->s = p->shape;
    e->k = kernels_best(opt->kernels);
    if (!e->k)
        return fail(err, ERR_UNSUPPORTED, 0, "there are no kernels \"%s\" for this processor",
                    opt->kernels);
    e->threads = opt->threads;
    e->head_lanes = round_up(e->s.hidden / e->s.heads, KERNEL_LANES);
    e->rows_max = (int)i64_max(ROWS_LEAST, roberta_tokens_max(&e->s));
    pthread_mutex_init(&e->turn, NULL);
    take_shapes(e);
    if (!choose_way(e, boot, opt->way, err)) {
        engine_close(e);
        return false;
    }
    describe(e);
    arena_open(&e->mem,
               buffers_bytes(e) + (e->precision == p->precision ? 0 : weights_bytes(p)) + 4096);
    take_weights(e);
    take_buffers(e);
    if (!gang_open(boot, e->threads, &e->gang, err)) {
        engine_close(e);
        return false;
    }
    *ret = e;
    return true;
}

void engine_close(struct engine *e) {
    if (!e) return;
    gang_close(e->gang);
    products_close(e->products);
    arena_close(&e->mem);
    pthread_mutex_destroy(&e->turn);
    e->gang = NULL;
    e->products = NULL;
}

const char *engine_about(const struct engine *e) { return e->about; }

/* --- rows ------------------------------------------------------------------------------------ */

static struct act act_from(const struct engine *e, const struct act *a, int row) {
    return (struct act){a->rows + (ptrdiff_t)row * a->width * e->act_bytes, a->scale + row,
                        a->width};
}

/* Row `row` of `to` := n numbers. */
static void cast(const struct engine *e, const float *x, int n, const struct act *to, int row) {
    char *at = to->rows + (ptrdiff_t)row * to->width * e->act_bytes;
    switch (e->precision) {
    case PRECISION_FP32:
        memcpy(at, x, (size_t)n * sizeof *x);
        break;
    case PRECISION_BF16:
        e->k->to_bfloat(x, n, (uint16_t *)(void *)at);
        break;
    case PRECISION_INT8:
        to->scale[row] = e->k->quantize(x, n, (uint8_t *)at);
        break;
    }
}

/* One product: rows of x times the weights. */
struct task {
    int shape, rows;
    const struct act *x;
    const struct matrix *w;
    bool gelu; /* of what comes out */
    float *y;  /* [rows][columns of the shape], rows `ldy` apart */
    int ldy;
};

/* By two steps: sums, and then what they mean. */
static void multiply_in_two(struct engine *e, int member, const struct task *t) {
    const struct product_shape *s = &e->shapes[t->shape];
    float *at = e->member[member].sums;
    if (e->way == ENGINE_ONEDNN)
        products_run(e->products, member, t->shape, t->rows, t->x->rows, t->w->weights, at);
    else
        product_plain(e->k, s, t->rows, (const float *)(const void *)t->x->rows,
                      (const float *)(const void *)t->w->weights, at);
    const struct sums sums = {at, t->rows, s->columns, s->columns};
    (t->gelu ? e->k->finish_gelu : e->k->finish)(&sums, &t->w->scale, t->x->scale, t->y, t->ldy);
}

static void multiply(struct engine *e, int member, const struct task *t) {
    if (e->way != ENGINE_NARROW) {
        multiply_in_two(e, member, t);
        return;
    }
    const struct product_shape *s = &e->shapes[t->shape];
    const struct narrow n = {.rows = t->rows,
                             .columns = s->columns,
                             .depth = s->depth,
                             .x = t->x->rows,
                             .weights = t->w->weights,
                             .scale = &t->w->scale,
                             .row = t->x->scale,
                             .gelu = t->gelu,
                             .y = t->y,
                             .ldy = t->ldy};
    (e->precision == PRECISION_INT8 ? narrow_bytes : narrow_bfloats)(&n);
}

/* --- layers ---------------------------------------------------------------------------------- */

/* x and act of rows begin..end, from the tokens. */
static void embed_text(struct engine *e, const struct text *t, int begin, int end) {
    const int h = e->s.hidden;
    for (int row = begin; row < end; row++) {
        const int i = row - t->begin;
        const ptrdiff_t word = (ptrdiff_t)t->ids[i] * h;
        float *x = e->x + (ptrdiff_t)row * e->p->wide;
        if (e->p->precision == PRECISION_FP32)
            memcpy(x, (const float *)e->p->word + word, (size_t)h * sizeof *x);
        else
            e->k->from_half((const uint16_t *)e->p->word + word, h, x);
        e->k->add_norm(x, e->p->position + (ptrdiff_t)(e->s.pad + 1 + i) * h,
                       e->p->embedded_norm.scale, e->p->embedded_norm.shift, e->s.epsilon, h);
        cast(e, x, h, &e->act, row);
    }
}

/* Queries, keys and values of layer `l` for rows at..at+rows; of the last layer no queries. */
static void make_qkv(struct engine *e, int member, int l, int at, int rows) {
    const bool last = l == e->s.layers - 1;
    const int shape = last ? SHAPE_KV : SHAPE_QKV, wide = e->p->wide;
    const struct matrix *w = last ? &e->layer[l].kv : &e->layer[l].qkv;
    const struct act act = act_from(e, &e->act, at);
    float *to = e->qkv[l % 2] + (ptrdiff_t)at * 3 * wide + (last ? wide : 0);
    multiply(e, member, &(struct task){shape, rows, &act, w, false, to, 3 * wide});
}

/* Some rows of one text: queries `lda` apart, what they take goes to `context`, rows `wide` apart.
 */
struct seekers {
    const struct text *text;
    const float *query;
    int lda, rows;
    float *context;
};

/* Asks for a row of a head, before it is needed. */
static void fetch_head(const float *at, int width) {
    for (int i = 0; i < width; i += 16) __builtin_prefetch(at + i);
}

/* context = softmax(query keys' / sqrt(width)) values, head by head. */
static void attend(struct engine *e, int member, int l, const struct seekers *s) {
    struct member *m = &e->member[member];
    const int wide = e->p->wide, width = e->s.hidden / e->s.heads;
    const int tokens = s->text->end - s->text->begin, lanes = round_up(tokens, KERNEL_LANES);
    const float *qkv = e->qkv[l % 2] + (ptrdiff_t)s->text->begin * 3 * wide;
    const float factor = 1 / sqrtf((float)width);
    for (int head = 0; head < e->s.heads; head++) {
        const int at = head * width;
        for (int j = 0; j < tokens; j++) {
            const float *key = qkv + (ptrdiff_t)j * 3 * wide + wide + at;
            fetch_head(key + width, width); /* the next head's; they lie far apart */
            fetch_head(key + wide + width, width);
            for (int i = 0; i < width; i++) m->keys[(ptrdiff_t)i * lanes + j] = key[i];
        }
        e->k->product(s->rows, lanes, width, s->query + at, s->lda, m->keys, lanes, m->weights,
                      lanes);
        for (int r = 0; r < s->rows; r++)
            e->k->softmax(m->weights + (ptrdiff_t)r * lanes, factor, tokens);
        e->k->product(s->rows, e->head_lanes, tokens, m->weights, lanes, qkv + 2 * wide + at,
                      3 * wide, m->taken, e->head_lanes);
        for (int r = 0; r < s->rows; r++)
            memcpy(s->context + (ptrdiff_t)r * wide + at, m->taken + (ptrdiff_t)r * e->head_lanes,
                   (size_t)width * sizeof(float));
    }
}

/* x (rows `wide` apart) := norm(x + w act); what the next product takes of it goes to `next`. */
static void add_product(struct engine *e, int member, int shape, const struct matrix *w, int rows,
                        const struct act *act, const struct packed_norm *norm, float *x,
                        const struct act *next) {
    const int h = e->s.hidden;
    float *add = e->member[member].sums;
    multiply(e, member, &(struct task){shape, rows, act, w, false, add, e->p->wide});
    for (int r = 0; r < rows; r++) {
        float *row = x + (ptrdiff_t)r * e->p->wide;
        e->k->add_norm(row, add + (ptrdiff_t)r * e->p->wide, norm->scale, norm->shift, e->s.epsilon,
                       h);
        cast(e, row, h, next, r);
    }
}

/* What follows attention, for rows of x whose context is in the member's; act: of x, made anew. */
static void feed_forward(struct engine *e, int member, int l, int rows, float *x,
                         const struct act *act) {
    struct member *m = &e->member[member];
    const struct layer *layer = &e->layer[l];
    for (int r = 0; r < rows; r++)
        cast(e, m->context + (ptrdiff_t)r * e->p->wide, e->s.hidden, &m->act, r);
    add_product(e, member, SHAPE_SQUARE, &layer->attended, rows, &m->act, &layer->attended_norm, x,
                act);
    const int inner = e->p->inner_wide;
    multiply(e, member,
             &(struct task){SHAPE_INNER, rows, act, &layer->inner, true, m->sums, inner});
    for (int r = 0; r < rows; r++)
        cast(e, m->sums + (ptrdiff_t)r * inner, e->s.inner, &m->inner, r);
    add_product(e, member, SHAPE_OUTER, &layer->outer, rows, &m->inner, &layer->outer_norm, x, act);
}

/* Which text row `row` belongs to; texts lie in order, `from` is where to begin looking. */
static int text_of(const struct engine *e, int row, int from) {
    while (e->text[from].end <= row) from++;
    return from;
}

/* A layer but the last for rows at..at+rows, and what the next layer begins with. */
static void run_block(struct engine *e, int member, int l, int at, int rows) {
    const int wide = e->p->wide;
    for (int row = at, t = 0; row < at + rows;) {
        t = text_of(e, row, t);
        const int end = (int)i64_min(e->text[t].end, at + rows);
        const struct seekers s = {.text = &e->text[t],
                                  .query = e->qkv[l % 2] + (ptrdiff_t)row * 3 * wide,
                                  .lda = 3 * wide,
                                  .rows = end - row,
                                  .context =
                                      e->member[member].context + (ptrdiff_t)(row - at) * wide};
        attend(e, member, l, &s);
        row = end;
    }
    const struct act act = act_from(e, &e->act, at);
    feed_forward(e, member, l, rows, e->x + (ptrdiff_t)at * wide, &act);
    make_qkv(e, member, l + 1, at, rows);
}

/* The last layer and the classifier, for the first rows of texts first..first+count. */
static void run_last(struct engine *e, int member, int first, int count) {
    struct member *m = &e->member[member];
    const int l = e->s.layers - 1, wide = e->p->wide, h = e->s.hidden;
    for (int i = 0; i < count; i++) {
        memcpy(m->x + (ptrdiff_t)i * wide, e->x + (ptrdiff_t)e->text[first + i].begin * wide,
               (size_t)h * sizeof(float));
        cast(e, m->x + (ptrdiff_t)i * wide, h, &m->act, i);
    }
    multiply(
        e, member,
        &(struct task){SHAPE_SQUARE, count, &m->act, &e->layer[l].query, false, m->query, wide});
    for (int i = 0; i < count; i++) {
        const struct seekers s = {.text = &e->text[first + i],
                                  .query = m->query + (ptrdiff_t)i * wide,
                                  .lda = wide,
                                  .rows = 1,
                                  .context = m->context + (ptrdiff_t)i * wide};
        attend(e, member, l, &s);
    }
    feed_forward(e, member, l, count, m->x, &m->act);
    const struct packed_matrix *dense = &e->p->dense;
    const struct sums sums = {m->sums, count, wide, wide};
    product_plain(e->k, &e->shapes[SHAPE_SQUARE], count, m->x, dense->weights, m->sums);
    e->k->finish(&sums, &(struct column_scale){.bias = dense->bias}, m->act.scale, m->sums, wide);
    for (int i = 0; i < count; i++) {
        float *row = m->sums + (ptrdiff_t)i * wide;
        for (int k = 0; k < h; k++) row[k] = tanhf(row[k]);
        for (int k = 0; k < e->s.labels; k++)
            e->text[first + i].logits[k] =
                e->k->dot(row, e->p->classify + (ptrdiff_t)k * h, h) + e->p->classify_bias[k];
    }
}

/* --- a pass ---------------------------------------------------------------------------------- */

/* The rows of a member: ranges in steps of what a product computes at least. */
static int range_begin(const struct engine *e, int member) {
    const int steps = (e->row_count + PRODUCT_ROWS_STEP - 1) / PRODUCT_ROWS_STEP;
    const int row = (int)((int64_t)steps * member / e->threads) * PRODUCT_ROWS_STEP;
    return row < e->row_count ? row : e->row_count;
}

static void begin_rows(struct engine *e, int member, int begin, int end) {
    for (int row = begin, t = 0; row < end;) {
        t = text_of(e, row, t);
        const int to = (int)i64_min(e->text[t].end, end);
        embed_text(e, &e->text[t], row, to);
        row = to;
    }
    for (int at = begin; at < end; at += BLOCK)
        make_qkv(e, member, 0, at, (int)i64_min(BLOCK, end - at));
}

static void run_member(void *ctx, int member) {
    struct engine *e = ctx;
    const int begin = range_begin(e, member), end = range_begin(e, member + 1);
    begin_rows(e, member, begin, end);
    for (int l = 0; l + 1 < e->s.layers; l++) {
        gang_meet(e->gang);
        for (int at = begin; at < end; at += BLOCK)
            run_block(e, member, l, at, (int)i64_min(BLOCK, end - at));
    }
    gang_meet(e->gang);
    const int first = (int)((int64_t)e->text_count * member / e->threads);
    const int last = (int)((int64_t)e->text_count * (member + 1) / e->threads);
    for (int at = first; at < last; at += BLOCK)
        run_last(e, member, at, (int)i64_min(BLOCK, last - at));
}

/* As many of the texts as fit into a pass. */
static int take_texts(struct engine *e, const struct engine_text *texts, int count) {
    e->text_count = e->row_count = 0;
    while (e->text_count < count && e->text_count < TEXTS_MAX) {
        const struct engine_text *t = &texts[e->text_count];
        if (e->row_count + t->count > e->rows_max) break;
        e->text[e->text_count++] =
            (struct text){t->ids, e->row_count, e->row_count + t->count, t->logits};
        e->row_count += t->count;
    }
    return e->text_count;
}

void engine_run(struct engine *e, const struct engine_text *texts, int count) {
    for (int i = 0; i < count; i++) {
        PRE(texts[i].count >= 2 && texts[i].count <= roberta_tokens_max(&e->s));
        for (int k = 0; k < texts[i].count; k++)
            PRE(texts[i].ids[k] >= 0 && texts[i].ids[k] < e->s.vocab);
    }
    pthread_mutex_lock(&e->turn);
    while (count > 0) {
        const int taken = take_texts(e, texts, count);
        gang_run(e->gang, run_member, e);
        texts += taken;
        count -= taken;
    }
    pthread_mutex_unlock(&e->turn);
}
