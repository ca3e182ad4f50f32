/* pickle: the table of tensors in a checkpoint of PyTorch, read without running anything.
 *
 * A pickle is a program for a stack machine that can call any function of Python. What torch.save
 * writes for a table of weights needs a few instructions, and calls three functions. These are
 * understood here as data: "rebuild a tensor of this storage" becomes a row of the table. Every
 * other instruction, and every other name that a pickle would import, is refused (ERR_UNSUPPORTED)
 * and named.
 *
 * In: the bytes of data.pkl. Out: names, shapes, and which storage each tensor lies in. Bounds:
 * stack, memo, values and text are counted; a value refers only to values made before it, so that
 * nothing goes in circles. Failure: anything unexpected is ERR_PARSE with the offset. Pure. */
#include "model/tensors_int.h"

#define VALUES_MAX (1 << 18)
#define STACK_MAX (1 << 16)
#define MEMO_MAX (1 << 18)
#define NESTED_ITEMS_MAX (1 << 20)

/* Names that a pickle may import, and what they are here. */
typedef enum known {
    KNOWN_NONE,
    KNOWN_ORDERED_DICT,
    KNOWN_TENSOR,
    KNOWN_PARAMETER,
    KNOWN_STORAGE
} known;

static const struct known_name {
    const char *module, *name;
    known what;
    tensor_type type; /* of a storage */
} known_names[] = {
    {"collections", "OrderedDict", KNOWN_ORDERED_DICT, TENSOR_NONE},
    {"torch._utils", "_rebuild_tensor_v2", KNOWN_TENSOR, TENSOR_NONE},
    {"torch._utils", "_rebuild_parameter", KNOWN_PARAMETER, TENSOR_NONE},
    {"torch", "FloatStorage", KNOWN_STORAGE, TENSOR_F32},
    {"torch", "HalfStorage", KNOWN_STORAGE, TENSOR_F16},
    {"torch", "BFloat16Storage", KNOWN_STORAGE, TENSOR_BF16},
    {"torch", "DoubleStorage", KNOWN_STORAGE, TENSOR_F64},
    {"torch", "LongStorage", KNOWN_STORAGE, TENSOR_I64},
    {"torch", "IntStorage", KNOWN_STORAGE, TENSOR_I32},
    {"torch", "ShortStorage", KNOWN_STORAGE, TENSOR_I16},
    {"torch", "CharStorage", KNOWN_STORAGE, TENSOR_I8},
    {"torch", "ByteStorage", KNOWN_STORAGE, TENSOR_U8},
    {"torch", "BoolStorage", KNOWN_STORAGE, TENSOR_BOOL},
};

typedef enum kind { NOTHING, NUMBER, TEXT, TUPLE, DICT, NAME, STORAGE, TENSOR, MARK } kind;

struct value {
    kind kind;
    int64_t number;                /* NUMBER; STORAGE: its elements; DICT: which one */
    str text;                      /* TEXT; STORAGE: its key */
    const struct known_name *name; /* NAME, STORAGE */
    const struct value **items;    /* TUPLE */
    int item_count;
    const struct tensor *tensor;
};

struct entry { /* of some dict */
    int64_t dict;
    str name;
    const struct tensor *tensor;
};

struct unpickler {
    struct arena *mem;
    str in;
    ptrdiff_t at;
    struct error *err;
    struct value *values;
    int value_count;
    const struct value **stack, **memo;
    int depth;
    struct entry *entries;
    int entry_count, dict_count, tensor_count;
    int64_t item_count;
};

static bool wrong(struct unpickler *u, const char *what) {
    return fail(u->err, ERR_PARSE, 0, "data.pkl, byte %td: %s", u->at, what);
}

/* --- input ----------------------------------------------------------------------------------- */

static bool take(struct unpickler *u, ptrdiff_t n, str *ret) {
    if (n < 0 || n > u->in.n - u->at) return wrong(u, "it ends too early");
    *ret = (str){u->in.p + u->at, n};
    u->at += n;
    return true;
}

/* n bytes, little endian; without a sign but for n == 4 where one is wanted. */
static bool take_number(struct unpickler *u, int n, bool with_sign, int64_t *ret) {
    str bytes = {0};
    uint64_t v = 0;
    if (!take(u, n, &bytes)) return false;
    for (int i = n - 1; i >= 0; i--) v = v << 8 | (unsigned char)bytes.p[i];
    *ret = with_sign && n == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
    return true;
}

static bool take_line(struct unpickler *u, str *ret) {
    const ptrdiff_t n = str_find_byte(str_tail(u->in, u->at), '\n');
    str end = {0};
    if (n < 0) return wrong(u, "a name does not end");
    return take(u, n, ret) && take(u, 1, &end);
}

/* --- the stack ------------------------------------------------------------------------------- */

static bool push(struct unpickler *u, const struct value *v) {
    if (u->depth == STACK_MAX) return wrong(u, "too many values");
    u->stack[u->depth++] = v;
    return true;
}

static bool push_new(struct unpickler *u, const struct value *v) {
    if (u->value_count == VALUES_MAX) return wrong(u, "too many values");
    struct value *kept = &u->values[u->value_count++];
    *kept = *v;
    return push(u, kept);
}

/* The topmost value, taken off; it must be of this kind. */
static bool pop(struct unpickler *u, kind k, const struct value **ret) {
    if (u->depth == 0 || u->stack[u->depth - 1]->kind != k) return wrong(u, "an unexpected value");
    *ret = u->stack[--u->depth];
    return true;
}

/* Index of what stands above the topmost mark; -1: there is none. */
static int above_mark(const struct unpickler *u) {
    int i = u->depth;
    while (i > 0 && u->stack[i - 1]->kind != MARK) i--;
    return i > 0 ? i : -1;
}

/* The values from `first` on become a tuple. */
static bool push_tuple(struct unpickler *u, int first) {
    const int n = u->depth - first;
    if (first < 0 || (u->item_count += n) > NESTED_ITEMS_MAX)
        return wrong(u, "no tuple, or too many of them");
    struct value t = {.kind = TUPLE, .item_count = n};
    t.items = NEW_ARRAY(u->mem, const struct value *, n);
    for (int i = 0; i < n; i++) {
        t.items[i] = u->stack[first + i];
        if (t.items[i]->kind == MARK) return wrong(u, "a mark within a tuple");
    }
    u->depth = first;
    return push_new(u, &t);
}

/* The values above the topmost mark become a tuple in its place. */
static bool push_marked(struct unpickler *u) {
    const int first = above_mark(u);
    if (!push_tuple(u, first)) return false;
    u->stack[first - 1] = u->stack[first];
    u->depth = first;
    return true;
}

static bool push_memo(struct unpickler *u, int64_t slot) {
    if (slot < 0 || slot >= MEMO_MAX || !u->memo[slot]) return wrong(u, "nothing was stored there");
    return push(u, u->memo[slot]);
}

static bool keep_memo(struct unpickler *u, int64_t slot) {
    if (slot < 0 || slot >= MEMO_MAX || u->depth == 0) return wrong(u, "too much is stored");
    u->memo[slot] = u->stack[u->depth - 1];
    return true;
}

/* --- what is called -------------------------------------------------------------------------- */

static bool push_name(struct unpickler *u, str module, str name) {
    for (int i = 0; i < COUNT_OF(known_names); i++)
        if (str_eq(module, str_from_z(known_names[i].module)) &&
            str_eq(name, str_from_z(known_names[i].name)))
            return push_new(u, &(struct value){.kind = NAME, .name = &known_names[i]});
    return fail(u->err, ERR_UNSUPPORTED, 0,
                "data.pkl would import \"" STR_FMT "." STR_FMT
                "\", which no weights need: it is refused",
                STR_ARG(str_head(module, 80)), STR_ARG(str_head(name, 80)));
}

static bool push_dict(struct unpickler *u) {
    return push_new(u, &(struct value){.kind = DICT, .number = u->dict_count++});
}

static bool is_number(const struct value *v) { return v->kind == NUMBER && v->number >= 0; }

/* ("storage", torch.FloatStorage, "0", "cpu", 768): a file of the archive. */
static bool push_storage(struct unpickler *u) {
    const struct value *t = NULL;
    if (!pop(u, TUPLE, &t)) return false;
    if (t->item_count != 5 || t->items[0]->kind != TEXT ||
        !str_eq(t->items[0]->text, STR("storage")) || t->items[1]->kind != NAME ||
        t->items[1]->name->what != KNOWN_STORAGE || t->items[2]->kind != TEXT ||
        !is_number(t->items[4]))
        return wrong(u, "it refers to something that is no storage");
    return push_new(u, &(struct value){.kind = STORAGE,
                                       .name = t->items[1]->name,
                                       .text = t->items[2]->text,
                                       .number = t->items[4]->number});
}

/* Row by row, without gaps? */
static bool is_dense(const struct tensor *t, const struct value *strides) {
    int64_t want = 1;
    for (int i = t->dims - 1; i >= 0; i--) {
        if (!is_number(strides->items[i])) return false;
        if (t->shape[i] > 1 && strides->items[i]->number != want) return false;
        if (__builtin_mul_overflow(want, t->shape[i], &want)) return false;
    }
    return true;
}

/* (storage, first element, shape, strides, requires_grad, hooks[, metadata]) */
static bool push_tensor(struct unpickler *u, const struct value *args) {
    const struct value *const *a = args->items;
    if (args->item_count < 6 || args->item_count > 7 || a[0]->kind != STORAGE || !is_number(a[1]) ||
        a[2]->kind != TUPLE || a[3]->kind != TUPLE || a[2]->item_count != a[3]->item_count ||
        a[2]->item_count > TENSOR_DIMS_MAX)
        return wrong(u, "no tensor of up to four dimensions");
    if (u->tensor_count++ == TENSORS_MAX) return wrong(u, "too many tensors");
    struct tensor *t = NEW(u->mem, struct tensor);
    *t = (struct tensor){.type = a[0]->name->type,
                         .dims = a[2]->item_count,
                         .storage = a[0]->text,
                         .storage_first = a[1]->number,
                         .storage_count = a[0]->number};
    for (int i = 0; i < t->dims; i++) {
        if (!is_number(a[2]->items[i])) return wrong(u, "no shape of whole numbers");
        t->shape[i] = a[2]->items[i]->number;
    }
    if (!is_dense(t, a[3]))
        return fail(u->err, ERR_UNSUPPORTED, 0,
                    "data.pkl, byte %td: a tensor that is not stored row by row", u->at);
    return push_new(u, &(struct value){.kind = TENSOR, .tensor = t});
}

static bool call(struct unpickler *u) {
    const struct value *args = NULL, *f = NULL;
    if (!pop(u, TUPLE, &args) || !pop(u, NAME, &f)) return false;
    switch (f->name->what) {
    case KNOWN_ORDERED_DICT:
        if (args->item_count > 0) return wrong(u, "a dict that is made of something");
        return push_dict(u);
    case KNOWN_TENSOR:
        return push_tensor(u, args);
    case KNOWN_PARAMETER: /* (tensor, requires_grad, hooks) */
        if (args->item_count < 1 || args->items[0]->kind != TENSOR)
            return wrong(u, "a parameter that is no tensor");
        return push(u, args->items[0]);
    case KNOWN_STORAGE:
    case KNOWN_NONE:
        break;
    }
    return wrong(u, "it calls what is no function");
}

/* Pairs of name and value from `first` on go into the dict below; only tensors are of interest. */
static bool set_items(struct unpickler *u, int first, int below) {
    if (first < 0 || below < 1 || (u->depth - first) % 2 != 0 || u->stack[below - 1]->kind != DICT)
        return wrong(u, "no pairs, or no dict for them");
    const struct value *dict = u->stack[below - 1];
    for (int i = first; i < u->depth; i += 2) {
        const struct value *name = u->stack[i], *v = u->stack[i + 1];
        if (v->kind != TENSOR) continue;
        if (name->kind != TEXT) return wrong(u, "a tensor without a name");
        if (u->entry_count == TENSORS_MAX) return wrong(u, "too many tensors");
        u->entries[u->entry_count++] = (struct entry){dict->number, name->text, v->tensor};
    }
    u->depth = below;
    return true;
}

/* --- instructions ---------------------------------------------------------------------------- */

static bool push_number(struct unpickler *u, int bytes) {
    struct value v = {.kind = NUMBER};
    return take_number(u, bytes, true, &v.number) && push_new(u, &v);
}

static bool push_long(struct unpickler *u) {
    int64_t n = 0;
    struct value v = {.kind = NUMBER};
    if (!take_number(u, 1, false, &n)) return false;
    if (n > 8) return wrong(u, "a number of more than 64 bits");
    return take_number(u, (int)n, false, &v.number) && push_new(u, &v);
}

static bool push_text(struct unpickler *u, int length_bytes) {
    int64_t n = 0;
    struct value v = {.kind = TEXT};
    if (!take_number(u, length_bytes, false, &n) || !take(u, (ptrdiff_t)n, &v.text)) return false;
    if (!str_utf8_valid(v.text)) return wrong(u, "a text that is no UTF-8");
    return push_new(u, &v);
}

static bool push_global(struct unpickler *u) {
    str module = {0}, name = {0};
    return take_line(u, &module) && take_line(u, &name) && push_name(u, module, name);
}

static bool use_memo(struct unpickler *u, int bytes, bool (*use)(struct unpickler *, int64_t)) {
    int64_t slot = 0;
    return take_number(u, bytes, false, &slot) && use(u, slot);
}

/* Attributes, of the dict below: of no interest. */
static bool drop_state(struct unpickler *u) {
    if (u->depth < 2 || u->stack[u->depth - 1]->kind == MARK ||
        u->stack[u->depth - 2]->kind != DICT)
        return wrong(u, "attributes of what is no dict");
    u->depth--;
    return true;
}

static bool set_marked(struct unpickler *u) {
    const int first = above_mark(u);
    return set_items(u, first, first - 1);
}

/* One instruction. long: the list of those that are known, a line each. */
static bool step(struct unpickler *u, unsigned char op) {
    int64_t version = 0;
    switch (op) {
    case 0x80: /* PROTO */
        return take_number(u, 1, false, &version) && (version == 2 || wrong(u, "not version 2"));
    case '(': /* MARK */
        return push_new(u, &(struct value){.kind = MARK});
    case '}': /* EMPTY_DICT */
        return push_dict(u);
    case ')': /* EMPTY_TUPLE */
        return push_tuple(u, u->depth);
    case 't': /* TUPLE */
        return push_marked(u);
    case 0x85: /* TUPLE1, 2, 3 */
    case 0x86:
    case 0x87:
        return push_tuple(u, u->depth - (op - 0x84));
    case 'X': /* BINUNICODE */
        return push_text(u, 4);
    case 'c': /* GLOBAL */
        return push_global(u);
    case 'Q': /* BINPERSID */
        return push_storage(u);
    case 'R': /* REDUCE */
        return call(u);
    case 'b': /* BUILD */
        return drop_state(u);
    case 's': /* SETITEM */
        return set_items(u, u->depth - 2, u->depth - 2);
    case 'u': /* SETITEMS */
        return set_marked(u);
    case 'K': /* BININT1, 2, BININT, LONG1 */
        return push_number(u, 1);
    case 'M':
        return push_number(u, 2);
    case 'J':
        return push_number(u, 4);
    case 0x8A:
        return push_long(u);
    case 0x88: /* NEWTRUE, NEWFALSE */
    case 0x89:
        return push_new(u, &(struct value){.kind = NUMBER, .number = op == 0x88});
    case 'N': /* NONE */
        return push_new(u, &(struct value){.kind = NOTHING});
    case 'q': /* BINPUT, LONG_BINPUT, BINGET, LONG_BINGET */
        return use_memo(u, 1, keep_memo);
    case 'r':
        return use_memo(u, 4, keep_memo);
    case 'h':
        return use_memo(u, 1, push_memo);
    case 'j':
        return use_memo(u, 4, push_memo);
    default: /* not an enum */
        return fail(u->err, ERR_UNSUPPORTED, 0,
                    "data.pkl, byte %td: instruction 0x%02x, which no weights need: it is refused",
                    u->at - 1, op);
    }
}

static bool run(struct unpickler *u) {
    str op = {0};
    for (;;) {
        if (!take(u, 1, &op)) return false;
        if (op.p[0] == '.') break; /* STOP */
        if (!step(u, (unsigned char)op.p[0])) return false;
    }
    if (u->depth != 1 || u->stack[0]->kind != DICT) return wrong(u, "it ends with no table");
    return true;
}

bool pickle_read(struct arena *mem, str pickle, struct tensors *t, struct error *err) {
    struct unpickler u = {.mem = mem, .in = pickle, .err = err};
    u.values = NEW_ARRAY(mem, struct value, VALUES_MAX);
    u.stack = NEW_ARRAY(mem, const struct value *, STACK_MAX);
    u.memo = NEW_ARRAY(mem, const struct value *, MEMO_MAX);
    u.entries = NEW_ARRAY(mem, struct entry, TENSORS_MAX);
    if (!run(&u)) return false;
    for (int i = 0; i < u.entry_count; i++) {
        if (u.entries[i].dict != u.stack[0]->number) continue;
        struct tensor one = *u.entries[i].tensor;
        one.name = u.entries[i].name;
        if (!tensors_add(t, &one, err)) return false;
    }
    return true;
}
