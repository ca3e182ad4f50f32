/* safetensors: eight bytes with the length of a header, the header (JSON), then the numbers.
 *
 * In: the whole file. Out: its table, each tensor with where it lies. Checked: the header lies in
 * the file, each shape and type fits its bytes, and all tensors together cover the bytes behind the
 * header, without gaps and without lying on each other. Anything else is ERR_PARSE with the
 * tensor's name. Pure. */
#include <stdlib.h>

#include <jansson.h>

#include "base/json.h"
#include "model/tensors_int.h"

#define HEADER_BYTES_MAX (16 << 20)

static tensor_type type_from(str name) {
    static const tensor_type all[] = {
#define X(name, text, bytes) TENSOR_##name,
        TENSOR_TYPE_MAP(X)
#undef X
    };
    for (int i = 1; i < COUNT_OF(all); i++)
        if (str_eq(name, str_from_z(tensor_type_name(all[i])))) return all[i];
    return TENSOR_NONE;
}

static int64_t whole_number(const json_t *v) {
    return json_is_integer(v) ? json_integer_value(v) : -1;
}

static bool wrong(struct error *err, str name, const char *what) {
    return fail(err, ERR_PARSE, 0, "\"" STR_FMT "\": %s", STR_ARG(str_head(name, 80)), what);
}

static bool read_shape(const json_t *shape, struct tensor *t, struct error *err) {
    if (!json_is_array(shape) || json_array_size(shape) > TENSOR_DIMS_MAX)
        return wrong(err, t->name, "no shape of up to four numbers");
    t->dims = (int)json_array_size(shape);
    for (int i = 0; i < t->dims; i++)
        if ((t->shape[i] = whole_number(json_array_get(shape, (size_t)i))) < 0)
            return wrong(err, t->name, "no shape of whole numbers");
    return true;
}

static bool read_tensor(const json_t *v, str body, struct tensor *t, struct tensors *all,
                        struct error *err) {
    const str type = json_str_at(v, "dtype");
    t->type = type_from(type);
    if (t->type == TENSOR_NONE)
        return fail(err, ERR_UNSUPPORTED, 0,
                    "\"" STR_FMT "\": no type that is known: \"" STR_FMT "\"",
                    STR_ARG(str_head(t->name, 80)), STR_ARG(str_head(type, 20)));
    const json_t *span = json_object_get(v, "data_offsets");
    const int64_t begin = whole_number(json_array_get(span, 0)),
                  end = whole_number(json_array_get(span, 1));
    if (json_array_size(span) != 2 || begin < 0 || end < begin || end > body.n)
        return wrong(err, t->name, "its bytes do not lie in the file");
    if (!read_shape(json_object_get(v, "shape"), t, err) || !tensors_add(all, t, err)) return false;
    struct tensor *added = &all->v[all->count - 1];
    if (added->count * tensor_type_bytes(added->type) != end - begin)
        return wrong(err, t->name, "its shape and its bytes do not fit");
    added->at = body.p + begin;
    return true;
}

static int by_place(const void *a, const void *b) {
    const struct tensor *l = a, *r = b;
    if (l->at != r->at) return l->at < r->at ? -1 : 1;
    return (l->count > r->count) - (l->count < r->count);
}

static bool cover_all(struct tensors *t, str body, struct error *err) {
    const char *at = body.p;
    qsort(t->v, (size_t)t->count, sizeof *t->v, by_place);
    for (int i = 0; i < t->count; i++) {
        if (t->v[i].at != at)
            return wrong(err, t->v[i].name, "there is a gap before it, or it lies on another");
        at += t->v[i].count * tensor_type_bytes(t->v[i].type);
    }
    return at == body.p + body.n ||
           fail(err, ERR_PARSE, 0, "cut or damaged: the tensors do not end where the file does");
}

static bool read_all(struct arena *mem, json_t *header, str body, struct tensors *t,
                     struct error *err) {
    const char *name;
    json_t *v;
    if (!json_is_object(header)) return fail(err, ERR_PARSE, 0, "its header is no JSON object");
    json_object_foreach(header, name, v) {
        if (strcmp(name, "__metadata__") == 0) continue;
        struct tensor one = {.name = str_dup(mem, str_from_z(name))};
        if (!read_tensor(v, body, &one, t, err)) return false;
    }
    return cover_all(t, body, err);
}

bool safetensors_read(struct arena *mem, str bytes, struct tensors *t, struct error *err) {
    uint64_t length = 0;
    if (bytes.n < 10 || bytes.p[8] != '{')
        return fail(err, ERR_PARSE, 0, "neither safetensors nor a zip of PyTorch");
    memcpy(&length, bytes.p, sizeof length);
    if (length > HEADER_BYTES_MAX) return fail(err, ERR_LIMIT, 0, "its header is too long");
    if ((int64_t)length > bytes.n - 8)
        return fail(err, ERR_PARSE, 0, "cut or damaged: the header is longer than the file");
    json_error_t why;
    json_t *header = json_loadb(bytes.p + 8, (size_t)length, JSON_REJECT_DUPLICATES, &why);
    if (!header) return fail(err, ERR_PARSE, 0, "its header: %s", why.text);
    const bool ok = read_all(mem, header, str_tail(bytes, 8 + (ptrdiff_t)length), t, err);
    json_decref(header);
    return ok;
}
