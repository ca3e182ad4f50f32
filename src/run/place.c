/* place: see the header. Failure: the file's. Thread: the one that owns the source's cursor. */
#include "run/place.h"

#include <inttypes.h>

#include "base/log.h"

void place_put(struct buf *out, const struct run_feed *f, int64_t offset) {
    char mark[SOURCE_MARK_BYTES] = "";
    struct error why;
    if (f && !source_mark(f->source, offset, mark, &why))
        log_unusual("source_cut", LOG_Z("why", why.msg)); /* at the next start: too short */
    buf_printf(out, "source=" STR_FMT "\noffset=%" PRId64 "\npath=" STR_FMT "\nmark=%s\n",
               STR_ARG(f ? f->name : STR("")), offset, STR_ARG(f ? f->path : STR("")), mark);
}

bool place_line(struct place *p, str key, str value, bool *ret_known) {
    *ret_known = true;
    if (str_eq(key, STR("offset"))) return str_to_i64(value, &p->offset);
    if (str_eq(key, STR("source")))
        p->source = value;
    else if (str_eq(key, STR("path")))
        p->path = value;
    else if (str_eq(key, STR("mark")))
        p->mark = value;
    else
        *ret_known = false;
    return true;
}

/* Is what stands before it what was read? A store of before there were marks has none. */
static bool is_same(const struct place *p, const struct run_feed *f, struct error *err) {
    char mark[SOURCE_MARK_BYTES];
    struct error why;
    const bool ok = source_mark(f->source, p->offset, mark, &why);
    if (!ok && why.code != ERR_RANGE) {
        *err = why;
        return false;
    }
    if (ok && (p->mark.n == 0 || str_eq(p->mark, str_from_z(mark)))) return true;
    return fail(err, ERR_STATE, 0,
                "the posts file is not the one that was read up to byte %" PRId64
                "; put the old one back, give the new one another name, or take another store.url "
                "(" STR_FMT ")",
                p->offset, STR_ARG(str_head(f->path, 60)));
}

bool place_seek(const struct place *p, const struct run_feed *f, int64_t *ret_offset,
                struct error *err) {
    if (!str_eq(p->source, f->name) || !str_eq(p->path, f->path)) return true;
    if (!is_same(p, f, err) || !source_seek(f->source, p->offset, err)) return false;
    *ret_offset = p->offset;
    return true;
}
