/* Law: what is taken for a job of ours is written back as the same bytes; so nothing of another
 * shape is ever taken for one, and its parts lie within the bytes. */
#include <string.h>

#include "fuzz.h"
#include "queue/redis_job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    const str value = str_from_bytes(data, (ptrdiff_t)bytes);
    struct redis_job_text j;
    struct buf out;
    if (!redis_job_parse(value, &j)) return 0;
    LAW(j.tries >= 0 && j.note.n >= 0 && j.payload.n >= 0);
    LAW(redis_job_bytes(&j) == value.n);
    buf_init(&out, value.n);
    redis_job_put(&j, &out);
    LAW(str_eq(buf_str(&out), value));
    buf_fini(&out);
    return 0;
}
