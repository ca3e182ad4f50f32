/* Law: whatever the bytes of a parcel, it is refused with a reason or it is a post with what was
 * read of it in range; and put again it is the same bytes. */
#include <string.h>

#include "fuzz.h"
#include "run/parcel.h"

static void check_reading(const struct reading *r) {
    const struct post *p = r->post;
    LAW(p->id != 0 && p->source.n > 0 && p->text.n <= POST_TEXT_BYTES_MAX);
    LAW(r->mention_count >= 0 && r->mention_count <= MENTIONS_MAX);
    for (int i = 0; i < r->mention_count; i++) {
        const struct mention *m = &r->mentions[i];
        LAW(m->symbol[0] != '\0' && strlen(m->symbol) < SYMBOL_BYTES);
        LAW(m->begin >= 0 && m->begin <= m->end && m->end <= p->text.n);
        LAW(m->confidence_bp >= 0 && m->confidence_bp <= 10000);
        LAW(m->polarity_bp >= -10000 && m->polarity_bp <= 10000);
        LAW(link_reason_name(m->reason) != NULL);
    }
    for (int i = 0; i < r->miss_count; i++) LAW(miss_reason_name(r->misses[i].reason) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena a;
    const str in = {(const char *)data, (ptrdiff_t)bytes};
    struct post p;
    struct reading r;
    struct parcel_mark mark;
    struct error err;
    struct buf again;
    if (a.base == NULL) arena_open(&a, 1 << 20);
    arena_reset(&a);
    if (parcel_get_reading(&a, in, &p, &r, &mark, &err)) {
        check_reading(&r);
        buf_init(&again, (ptrdiff_t)bytes + 1);
        parcel_put_reading(&again, &r, mark);
        LAW(str_eq(buf_str(&again), in));
        buf_fini(&again);
    } else {
        LAW(err.msg[0] != '\0');
    }
    if (parcel_get_post(in, &p, &mark, &err)) {
        buf_init(&again, (ptrdiff_t)bytes + 1);
        parcel_put_post(&again, &p, mark);
        LAW(str_eq(buf_str(&again), in));
        buf_fini(&again);
    }
    return 0;
}
