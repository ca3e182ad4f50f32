/* source: the wrappers through which everybody calls a source.
 *
 * They check what callers promise and add the one thing that all sources share: telling of bad
 * input. Which sources there are is known only where the program is wired together. One source
 * belongs to one thread. */
#include "source/source_int.h"

bool source_next(struct source *s, struct arena *a, struct post *ret, bool *ret_end,
                 struct error *err) {
    PRE(s != NULL && a != NULL && ret != NULL && ret_end != NULL);
    return s->ops->next(s, a, ret, ret_end, err);
}

int64_t source_offset(const struct source *s) {
    PRE(s != NULL);
    return s->ops->offset(s);
}

bool source_seek(struct source *s, int64_t offset, struct error *err) {
    PRE(s != NULL);
    if (offset < 0)
        return fail(err, ERR_RANGE, 0, "source offset %lld is negative", (long long)offset);
    return s->ops->seek(s, offset, err);
}

bool source_mark(const struct source *s, int64_t offset, char ret[SOURCE_MARK_BYTES],
                 struct error *err) {
    PRE(s != NULL && offset >= 0);
    ret[0] = '\0';
    return !s->ops->mark || s->ops->mark(s, offset, ret, err);
}

void source_close(struct source *s) {
    if (s) s->ops->close(s);
}

void source_complain(struct source *s, str where, str what, str payload) {
    s->counts.malformed++;
    if (s->complain) s->complain(s->complain_ctx, where, what, payload);
}
