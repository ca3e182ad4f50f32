/* redis_job: a job as it lies in Redis: one value, the same in a stream and in its pause.
 *
 *   bf1 TRIES AT ID NOTE_BYTES\n  note  payload
 *
 * Numbers are decimal. TRIES counts those that ended with a queue_retry; AT is enqueued_at; ID is 0
 * until the job has been taken once (then it is its first place in a stream). The scripts read AT
 * of it, so what stands before it never moves without a new "bf1". */
#ifndef BF_QUEUE_REDIS_JOB_H
#define BF_QUEUE_REDIS_JOB_H

#include "base/buf.h"
#include "base/str.h"
#include "base/time.h"

#define REDIS_JOB_HEAD_BYTES 96 /* most that stands before error and payload */

struct redis_job_text {
    int tries;
    usec at;
    int64_t id;
    str note, payload; /* slices of the value */
};

void redis_job_put(const struct redis_job_text *j, struct buf *out);
/* How many bytes redis_job_put writes. */
ptrdiff_t redis_job_bytes(const struct redis_job_text *j);
/* False: it was not written by redis_job_put. */
MUST_CHECK bool redis_job_parse(str value, struct redis_job_text *ret);

#endif
