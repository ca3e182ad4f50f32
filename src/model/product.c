/* product: oneDNN's matrix products behind five lines of our own.
 *
 * In: rows that lie one behind the other, and weights blocked as packed.h says, which oneDNN takes
 * as they are (formats BA16a64b, BA16a64b2a, BA16a64b4a). Out: rows of sums. oneDNN makes machine
 * code for each shape and number of rows: that is done at opening, for rows in steps of four, so
 * that the work itself makes nothing. What the answer of oneDNN's own choice would be slow for
 * (weights in this format by other means than its "brgemm") is refused at opening; then the engine
 * multiplies floats by the kernel, product_plain().
 *
 * The library is loaded when the first model is opened (net/late.h). It multiplies on the thread
 * that calls it, never on its own: threads are the engine's business. Two major versions, 2 and 3,
 * differ in how things are made; made(), below, has both. Failure: at opening only. */
#include "model/product.h"

#ifdef BF_LIBDNNL
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <dnnl.h>
#endif

#include "net/late.h"

void product_plain(const struct kernels *k, const struct product_shape *s, int rows, const float *x,
                   const float *weights, float *y) {
    for (int32_t n = 0; n < s->columns; n += 64)
        k->product(rows, 64, s->depth, x, s->depth, weights + (ptrdiff_t)n * s->depth, 64, y + n,
                   s->columns);
}

#ifndef BF_LIBDNNL

const char *products_built_with(void) { return "no oneDNN"; }

bool products_open(struct arena *boot, const struct product_options *opt, struct products **ret,
                   struct error *err) {
    IGNORE(boot == NULL || opt == NULL || ret == NULL, "there is nothing to open");
    return fail(err, ERR_UNSUPPORTED, 0, "built without oneDNN");
}

void products_close(struct products *p) { PRE(p == NULL); }

void products_run(struct products *p, int member, int shape, int rows, const void *x,
                  const void *weights, void *y) {
    IGNORE(!p || member || shape || rows || !x || !weights || !y, "it cannot have been opened");
    WRONG("built without oneDNN");
}

#else

#define STEPS (PRODUCT_ROWS_MAX / PRODUCT_ROWS_STEP)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

#if DNNL_VERSION_MAJOR >= 3
#define DNNL_MAKERS(X)                                                                             \
    X(memory_desc_create_with_tag)                                                                 \
    X(memory_desc_destroy)                                                                         \
    X(matmul_primitive_desc_create)
#else
#define DNNL_MAKERS(X)                                                                             \
    X(memory_desc_init_by_tag)                                                                     \
    X(matmul_desc_init)                                                                            \
    X(primitive_desc_create)
#endif
#define DNNL_FUNCTIONS(X)                                                                          \
    DNNL_MAKERS(X)                                                                                 \
    X(engine_create)                                                                               \
    X(engine_destroy)                                                                              \
    X(stream_create)                                                                               \
    X(stream_destroy)                                                                              \
    X(memory_create)                                                                               \
    X(memory_destroy)                                                                              \
    X(memory_set_data_handle)                                                                      \
    X(memory_desc_get_size)                                                                        \
    X(primitive_attr_create)                                                                       \
    X(primitive_attr_destroy)                                                                      \
    X(primitive_attr_set_scratchpad_mode)                                                          \
    X(primitive_desc_query)                                                                        \
    X(primitive_desc_query_md)                                                                     \
    X(primitive_desc_destroy)                                                                      \
    X(primitive_create)                                                                            \
    X(primitive_destroy)                                                                           \
    X(primitive_execute)                                                                           \
    X(set_primitive_cache_capacity)

static struct {
#define X(name) __typeof__(&dnnl_##name) name;
    DNNL_FUNCTIONS(X)
#undef X
    void (*set_threads)(int); /* of the OpenMP that it was built with */
} dnnl;

const char *products_built_with(void) {
    return "oneDNN " TEXT(DNNL_VERSION_MAJOR) "." TEXT(DNNL_VERSION_MINOR) "." TEXT(
        DNNL_VERSION_PATCH);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_up;
static struct error up_error; /* why it is not */

static void start(void) {
    static const struct late_library library = {BF_LIBDNNL, "libdnnl-dev",
                                                "which models of this kind need"};
    static const struct late_function functions[] = {
#define X(name) {"dnnl_" #name, &dnnl.name},
        DNNL_FUNCTIONS(X)
#undef X
    };
    is_up = late_load(&library, functions, COUNT_OF(functions), &up_error);
#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP
    static const struct late_library openmp = {"libgomp.so.1", "libgomp1", "which oneDNN needs"};
    static const struct late_function set = {"omp_set_num_threads", &dnnl.set_threads};
    is_up = is_up && late_load(&openmp, &set, 1, &up_error);
#endif
    /* what is made is kept here; its own copies would never be freed */
    if (is_up) IGNORE(dnnl.set_primitive_cache_capacity(0) != dnnl_success, "it is only memory");
}

/* How one shape is multiplied for one number of rows, and what each member needs for it. */
struct made {
    dnnl_primitive_t primitive;
    struct {
        dnnl_memory_t x, weights, y, scratch;
    } of[PRODUCT_MEMBERS_MAX];
};

struct products {
    dnnl_engine_t engine;
    int members, shape_count;
    dnnl_stream_t stream[PRODUCT_MEMBERS_MAX];
    struct made made[PRODUCT_SHAPES_MAX][STEPS];
    char *scratch[PRODUCT_MEMBERS_MAX];
    struct arena mem;
};

#define SCRATCH_BYTES (1 << 20) /* of a member; oneDNN wants some hundred bytes */

/* The descriptions of x, weights and y. */
#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t desc_ref;
#else
typedef const dnnl_memory_desc_t *desc_ref;
#endif
struct descs {
#if DNNL_VERSION_MAJOR >= 3
    dnnl_memory_desc_t x, weights, y;
#else
    dnnl_memory_desc_t x_, weights_, y_;
    const dnnl_memory_desc_t *x, *weights, *y;
#endif
};

struct types {
    dnnl_data_type_t x, weights, y;
    dnnl_format_tag_t blocks;
};

static struct types types_of(precision p) {
    switch (p) {
    case PRECISION_FP32:
        return (struct types){dnnl_f32, dnnl_f32, dnnl_f32, dnnl_BA16a64b};
    case PRECISION_BF16:
        return (struct types){dnnl_bf16, dnnl_bf16, dnnl_f32, dnnl_BA16a64b2a};
    case PRECISION_INT8:
        return (struct types){dnnl_u8, dnnl_s8, dnnl_s32, dnnl_BA16a64b4a};
    }
    WRONG("precision out of range");
}

#if DNNL_VERSION_MAJOR >= 3
static bool describe(const struct types *t, const struct product_shape *s, int rows,
                     struct descs *d) {
    const dnnl_dims_t x = {rows, s->depth}, w = {s->depth, s->columns}, y = {rows, s->columns};
    return dnnl.memory_desc_create_with_tag(&d->x, 2, x, t->x, dnnl_ab) == dnnl_success &&
           dnnl.memory_desc_create_with_tag(&d->weights, 2, w, t->weights, t->blocks) ==
               dnnl_success &&
           dnnl.memory_desc_create_with_tag(&d->y, 2, y, t->y, dnnl_ab) == dnnl_success;
}

static void forget(struct descs *d) {
    if (d->x) dnnl.memory_desc_destroy(d->x);
    if (d->weights) dnnl.memory_desc_destroy(d->weights);
    if (d->y) dnnl.memory_desc_destroy(d->y);
}

static bool plan(const struct products *p, const struct descs *d, dnnl_primitive_attr_t attr,
                 dnnl_primitive_desc_t *ret) {
    return dnnl.matmul_primitive_desc_create(ret, p->engine, d->x, d->weights, NULL, d->y, attr) ==
           dnnl_success;
}
#else
static bool describe(const struct types *t, const struct product_shape *s, int rows,
                     struct descs *d) {
    const dnnl_dims_t x = {rows, s->depth}, w = {s->depth, s->columns}, y = {rows, s->columns};
    d->x = &d->x_;
    d->weights = &d->weights_;
    d->y = &d->y_;
    return dnnl.memory_desc_init_by_tag(&d->x_, 2, x, t->x, dnnl_ab) == dnnl_success &&
           dnnl.memory_desc_init_by_tag(&d->weights_, 2, w, t->weights, t->blocks) ==
               dnnl_success &&
           dnnl.memory_desc_init_by_tag(&d->y_, 2, y, t->y, dnnl_ab) == dnnl_success;
}

static void forget(struct descs *d) { *d = (struct descs){0}; }

static bool plan(const struct products *p, const struct descs *d, dnnl_primitive_attr_t attr,
                 dnnl_primitive_desc_t *ret) {
    dnnl_matmul_desc_t op;
    return dnnl.matmul_desc_init(&op, d->x, d->weights, NULL, d->y) == dnnl_success &&
           dnnl.primitive_desc_create(ret, &op, attr, p->engine, NULL) == dnnl_success;
}
#endif

static bool is_fast(dnnl_primitive_desc_t pd) {
    const char *name = NULL;
    return dnnl.primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&name) ==
               dnnl_success &&
           name && str_starts(str_from_z(name), STR("brg"));
}

static bool make_memories(struct products *p, const struct descs *d, dnnl_primitive_desc_t pd,
                          struct made *m) {
    const desc_ref scratch = dnnl.primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    if (dnnl.memory_desc_get_size(scratch) > SCRATCH_BYTES) return false;
    for (int i = 0; i < p->members; i++) {
        if (dnnl.memory_create(&m->of[i].x, d->x, p->engine, DNNL_MEMORY_NONE) != dnnl_success ||
            dnnl.memory_create(&m->of[i].weights, d->weights, p->engine, DNNL_MEMORY_NONE) !=
                dnnl_success ||
            dnnl.memory_create(&m->of[i].y, d->y, p->engine, DNNL_MEMORY_NONE) != dnnl_success ||
            dnnl.memory_create(&m->of[i].scratch, scratch, p->engine, p->scratch[i]) !=
                dnnl_success)
            return false;
    }
    return true;
}

static bool make(struct products *p, const struct types *t, const struct product_shape *s, int rows,
                 dnnl_primitive_attr_t attr, struct made *m) {
    struct descs d = {0};
    dnnl_primitive_desc_t pd = NULL;
    bool ok = describe(t, s, rows, &d) && plan(p, &d, attr, &pd) && is_fast(pd) &&
              dnnl.primitive_create(&m->primitive, pd) == dnnl_success &&
              make_memories(p, &d, pd, m);
    if (pd) dnnl.primitive_desc_destroy(pd);
    forget(&d);
    return ok;
}

static bool make_all(struct products *p, const struct product_options *opt) {
    const struct types t = types_of(opt->precision);
    dnnl_primitive_attr_t attr = NULL;
    bool ok =
        dnnl.engine_create(&p->engine, dnnl_cpu, 0) == dnnl_success &&
        dnnl.primitive_attr_create(&attr) == dnnl_success &&
        dnnl.primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) == dnnl_success;
    for (int i = 0; ok && i < p->members; i++) {
        p->scratch[i] = arena_alloc(&p->mem, 1, 4096, SCRATCH_BYTES);
        ok =
            dnnl.stream_create(&p->stream[i], p->engine, dnnl_stream_default_flags) == dnnl_success;
    }
    for (int s = 0; ok && s < p->shape_count; s++)
        for (int i = 0; ok && i < STEPS; i++)
            ok = make(p, &t, &opt->shapes[s], (i + 1) * PRODUCT_ROWS_STEP, attr, &p->made[s][i]);
    if (attr) dnnl.primitive_attr_destroy(attr);
    return ok;
}

static bool processor_has(precision p) {
    switch (p) {
    case PRECISION_FP32:
        return cpu_has_avx512();
    case PRECISION_BF16:
        return cpu_has_bfloat();
    case PRECISION_INT8: /* without it sums of products of bytes are cut at 16 bits */
        return cpu_has_vnni();
    }
    WRONG("precision out of range");
}

/* May this process make machine code? oneDNN does, and takes it for granted. */
static bool may_make_code(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *const p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return false;
    const bool may = mprotect(p, page, PROT_READ | PROT_EXEC) == 0;
    munmap(p, page);
    return may;
}

bool products_open(struct arena *boot, const struct product_options *opt, struct products **ret,
                   struct error *err) {
    PRE(opt->members >= 1 && opt->members <= PRODUCT_MEMBERS_MAX);
    PRE(opt->shape_count >= 1 && opt->shape_count <= PRODUCT_SHAPES_MAX);
    if (!processor_has(opt->precision))
        return fail(err, ERR_UNSUPPORTED, 0, "this processor has no instructions for %s",
                    precision_name(opt->precision));
    if (!may_make_code())
        return fail(err, ERR_UNSUPPORTED, 0,
                    "oneDNN makes machine code, and memory cannot be made executable here: the "
                    "unit's MemoryDenyWriteExecute=yes, or a rule of SELinux "
                    "(deploy/systemd/machine-code.conf allows it)");
    IGNORE(pthread_once(&once, start) != 0, "it cannot fail");
    if (!is_up) {
        *err = up_error;
        return false;
    }
    if (dnnl.set_threads) dnnl.set_threads(1); /* how many it uses is decided when it is made */
    struct products *p = NEW(boot, struct products);
    p->members = opt->members;
    p->shape_count = opt->shape_count;
    arena_open(&p->mem, (ptrdiff_t)opt->members * (SCRATCH_BYTES + 4096));
    if (!make_all(p, opt)) {
        products_close(p);
        return fail(err, ERR_UNSUPPORTED, 0, "%s has no fast way for %s here",
                    products_built_with(), precision_name(opt->precision));
    }
    *ret = p;
    return true;
}

static void close_made(const struct products *p, struct made *m) {
    for (int i = 0; i < p->members; i++) {
        if (m->of[i].x) dnnl.memory_destroy(m->of[i].x);
        if (m->of[i].weights) dnnl.memory_destroy(m->of[i].weights);
        if (m->of[i].y) dnnl.memory_destroy(m->of[i].y);
        if (m->of[i].scratch) dnnl.memory_destroy(m->of[i].scratch);
    }
    if (m->primitive) dnnl.primitive_destroy(m->primitive);
}

void products_close(struct products *p) {
    if (!p) return;
    for (int s = 0; s < p->shape_count; s++)
        for (int i = 0; i < STEPS; i++) close_made(p, &p->made[s][i]);
    for (int i = 0; i < p->members; i++)
        if (p->stream[i]) dnnl.stream_destroy(p->stream[i]);
    if (p->engine) dnnl.engine_destroy(p->engine);
    arena_close(&p->mem);
    *p = (struct products){0};
}

/* Nothing that is checked here can fail once the product was made. */
static void point(dnnl_memory_t m, const void *at) {
    const dnnl_status_t status = dnnl.memory_set_data_handle(m, (void *)(uintptr_t)at);
    POST(status == dnnl_success);
}

void products_run(struct products *p, int member, int shape, int rows, const void *x,
                  const void *weights, void *y) {
    PRE(rows >= 1 && rows <= PRODUCT_ROWS_MAX && member < p->members && shape < p->shape_count);
    struct made *m = &p->made[shape][(rows - 1) / PRODUCT_ROWS_STEP];
    point(m->of[member].x, x);
    point(m->of[member].weights, weights);
    point(m->of[member].y, y);
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, m->of[member].x},
                                    {DNNL_ARG_WEIGHTS, m->of[member].weights},
                                    {DNNL_ARG_DST, m->of[member].y},
                                    {DNNL_ARG_SCRATCHPAD, m->of[member].scratch}};
    const dnnl_status_t status =
        dnnl.primitive_execute(m->primitive, p->stream[member], COUNT_OF(args), args);
    POST(status == dnnl_success);
}

#endif
