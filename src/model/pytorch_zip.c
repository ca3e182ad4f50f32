/* pytorch_zip: pytorch_model.bin as torch.save writes it: a zip of data.pkl (the table) and one
 * file a storage (the numbers), nothing compressed.
 *
 * In: the whole file. Out: its table; later the numbers of one tensor. libzip reads the archive and
 * checks each entry's checksum; it is loaded when the first archive is opened (net/late.h).
 * Compressed entries are refused: torch.save makes none, and a small file could claim a huge one.
 * Failure: ERR_PARSE with the entry. One thread at a time. */
#include <pthread.h>
#include <stdlib.h>

#include <zip.h>

#include "base/buf.h"
#include "model/tensors_int.h"
#include "net/late.h"

#define PICKLE_BYTES_MAX (8 << 20)
#define NAME_BYTES_MAX 512

#define ZIP_FUNCTIONS(X)                                                                           \
    X(source_buffer_create)                                                                        \
    X(source_free)                                                                                 \
    X(open_from_source)                                                                            \
    X(discard)                                                                                     \
    X(get_num_entries)                                                                             \
    X(get_name)                                                                                    \
    X(name_locate)                                                                                 \
    X(stat_index)                                                                                  \
    X(fopen_index)                                                                                 \
    X(fread)                                                                                       \
    X(fclose)                                                                                      \
    X(error_init)                                                                                  \
    X(error_strerror)                                                                              \
    X(error_fini)

static struct {
#define X(name) __typeof__(&zip_##name) name;
    ZIP_FUNCTIONS(X)
#undef X
} zips;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_up;
static struct error up_error; /* why it is not */

static void start(void) {
    static const struct late_library library = {BF_LIBZIP, "libzip-dev",
                                                "which checkpoints of PyTorch need"};
    static const struct late_function functions[] = {
#define X(name) {"zip_" #name, &zips.name},
        ZIP_FUNCTIONS(X)
#undef X
    };
    is_up = late_load(&library, functions, COUNT_OF(functions), &up_error);
}

/* --- entries --------------------------------------------------------------------------------- */

static bool entry_size(const struct tensors *t, zip_int64_t idx, int64_t *ret, struct error *err) {
    zip_stat_t info;
    const zip_uint64_t need = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if (zips.stat_index(t->zip, (zip_uint64_t)idx, 0, &info) != 0 || (info.valid & need) != need)
        return fail(err, ERR_PARSE, 0, "an entry of the zip is damaged");
    if (info.comp_method != ZIP_CM_STORE)
        return fail(err, ERR_UNSUPPORTED, 0,
                    "an entry of the zip is compressed: torch.save does "
                    "not do that");
    if (info.size != info.comp_size || info.size > (zip_uint64_t)t->bytes.n)
        return fail(err, ERR_PARSE, 0, "an entry of the zip is longer than the file");
    *ret = (int64_t)info.size;
    return true;
}

/* Bytes from..from+n of an entry; what stands before and behind is read too, for the checksum. */
static bool read_entry(const struct tensors *t, zip_int64_t idx, int64_t from, int64_t n, char *ret,
                       struct error *err) {
    static const int64_t chunk = 1 << 20;
    zip_file_t *f = zips.fopen_index(t->zip, (zip_uint64_t)idx, 0);
    char *skip = malloc((size_t)chunk);
    zip_int64_t got = f && skip ? 1 : -1;
    int64_t at = 0;
    while (got > 0) {
        const bool inside = at >= from && at < from + n;
        const int64_t to = inside ? from + n : at < from ? from : INT64_MAX;
        const int64_t want = i64_min(chunk, to - at);
        got = zips.fread(f, inside ? ret + (at - from) : skip, (zip_uint64_t)want);
        if (got > 0) at += got;
    }
    free(skip);
    const bool whole = got == 0 && at >= from + n;
    if (f && zips.fclose(f) != 0) got = -1;
    return (whole && got == 0) || fail(err, ERR_PARSE, 0, "cut or damaged: its checksum is wrong");
}

/* --- the table ------------------------------------------------------------------------------- */

static bool open_zip(str bytes, struct tensors *t, struct error *err) {
    zip_error_t why;
    zips.error_init(&why);
    zip_source_t *source = zips.source_buffer_create(bytes.p, (zip_uint64_t)bytes.n, 0, &why);
    if (source) {
        t->zip = zips.open_from_source(source, ZIP_RDONLY, &why);
        if (!t->zip) zips.source_free(source);
    }
    const bool ok =
        t->zip || fail(err, ERR_PARSE, 0, "cut or damaged: %s", zips.error_strerror(&why));
    zips.error_fini(&why);
    return ok;
}

/* The one entry ".../data.pkl"; what stands before it is the folder of all. */
static bool find_pickle(struct arena *mem, struct tensors *t, zip_int64_t *ret, struct error *err) {
    const zip_int64_t count = zips.get_num_entries(t->zip, 0);
    for (zip_int64_t i = 0; i < count; i++) {
        const str name = str_from_z(zips.get_name(t->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW));
        if (!str_ends(name, STR("/data.pkl")) || name.n > NAME_BYTES_MAX / 2) continue;
        t->zip_folder = str_dup(mem, str_head(name, name.n - 8));
        *ret = i;
        return true;
    }
    return fail(err, ERR_PARSE, 0, "a zip, but without data.pkl: not made by torch.save");
}

static zip_int64_t find_entry(const struct tensors *t, const char *folder, str name) {
    char block[NAME_BYTES_MAX];
    struct buf path;
    buf_init_fixed(&path, block, COUNT_OF(block));
    buf_printf(&path, STR_FMT "%s" STR_FMT, STR_ARG(t->zip_folder), folder, STR_ARG(name));
    return buf_full(&path) ? -1 : zips.name_locate(t->zip, buf_z(&path), 0);
}

/* PyTorch 2 says in which order the bytes of a number stand; before that they always were so. */
static bool little_endian(const struct tensors *t, struct error *err) {
    char text[8];
    int64_t bytes = 0;
    const zip_int64_t idx = find_entry(t, "", STR("byteorder"));
    if (idx < 0) return true;
    if (!entry_size(t, idx, &bytes, err)) return false;
    if (bytes != 6 || !read_entry(t, idx, 0, 6, text, err) || memcmp(text, "little", 6) != 0)
        return fail(err, ERR_UNSUPPORTED, 0, "its numbers are not little endian");
    return true;
}

bool pytorch_zip_read(struct arena *mem, str bytes, struct tensors *t, struct error *err) {
    zip_int64_t idx = 0;
    int64_t length = 0;
    IGNORE(pthread_once(&once, start) != 0, "it cannot fail");
    if (!is_up) {
        *err = up_error;
        return false;
    }
    if (!open_zip(bytes, t, err) || !find_pickle(mem, t, &idx, err) || !little_endian(t, err) ||
        !entry_size(t, idx, &length, err))
        return false;
    if (length > PICKLE_BYTES_MAX)
        return fail(err, ERR_LIMIT, 0, "data.pkl is over %d bytes", PICKLE_BYTES_MAX);
    char *pickle = arena_alloc(mem, 1, 1, length + 1);
    return read_entry(t, idx, 0, length, pickle, err) &&
           pickle_read(mem, (str){pickle, length}, t, err);
}

bool pytorch_zip_fetch(const struct tensors *t, const struct tensor *which, char *ret,
                       struct error *err) {
    const int width = tensor_type_bytes(which->type);
    const zip_int64_t idx = find_entry(t, "data/", which->storage);
    int64_t bytes = 0, end;
    if (idx < 0)
        return fail(err, ERR_PARSE, 0, "\"" STR_FMT "\": its numbers are missing",
                    STR_ARG(str_head(which->name, 80)));
    if (!entry_size(t, idx, &bytes, err)) return false;
    if (__builtin_add_overflow(which->storage_first, which->count, &end) || end > bytes / width)
        return fail(err, ERR_PARSE, 0, "\"" STR_FMT "\": it does not lie in its storage",
                    STR_ARG(str_head(which->name, 80)));
    return read_entry(t, idx, which->storage_first * width, which->count * width, ret, err) ||
           fail_in(err, "\"" STR_FMT "\"", STR_ARG(str_head(which->name, 80)));
}

void pytorch_zip_close(struct tensors *t) {
    if (t->zip) zips.discard(t->zip);
    t->zip = NULL;
}
