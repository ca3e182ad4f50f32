/* source: the wrappers through which everybody calls a source.
 *
 * They check what callers promise and add the one thing that all sources share: telling of bad
 * input. Which sources there are is known only where the program is wired together. One source
 * belongs to one thread. */
#include "source/source_int.h"

bool source_next(struct source *s, struct arena *a, struct intake *ret, struct error *err) {
    PRE(s != NULL && a != NULL && ret != NULL);
    return s->ops->next(s, a, ret, err);
}

bool source_next_post(struct source *s, struct arena *a, struct post *ret, bool *ret_end,
                      struct error *err) {
    struct intake it;
    do {
        if (!source_next(s, a, &it, err)) return false;
    } while (it.kind != INTAKE_POST && it.kind != INTAKE_END);
    *ret_end = it.kind == INTAKE_END;
    if (!*ret_end) *ret = it.post;
    return true;
}

bool source_is_live(const struct source *s) { return s->ops->seek == NULL; }

void source_stop(struct source *s) {
    if (s->ops->stop) s->ops->stop(s);
}

void source_stored(struct source *s, int64_t intakes) {
    if (s->ops->stored) s->ops->stored(s, intakes);
}

int64_t source_offset(const struct source *s) {
    PRE(s != NULL && s->ops->offset != NULL);
    return s->ops->offset(s);
}

bool source_seek(struct source *s, int64_t offset, struct error *err) {
    PRE(s != NULL && s->ops->seek != NULL);
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
