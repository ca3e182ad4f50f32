/* redis_job: a job to bytes and back.
 *
 * In: parts of a job, or bytes that may be anybody's, since a Redis can be written to by others.
 * Out: bytes, or slices of those given. There is one way to write a job, and what was written
 * otherwise is none: so whatever parses is written back as the same bytes (the law of its fuzz
 * target). Pure; any thread. */
#include "queue/redis_job.h"

#include <inttypes.h>
#include <stdio.h>

static str head_format(const struct redis_job_text *j, char block[REDIS_JOB_HEAD_BYTES]) {
    const int n = snprintf(block, REDIS_JOB_HEAD_BYTES, "bf1 %d %" PRId64 " %" PRId64 " %td\n",
                           j->tries, j->at, j->id, j->note.n);
    POST(n > 0 && n < REDIS_JOB_HEAD_BYTES);
    return str_from_bytes(block, n);
}

void redis_job_put(const struct redis_job_text *j, struct buf *out) {
    char block[REDIS_JOB_HEAD_BYTES];
    buf_put(out, head_format(j, block));
    buf_put(out, j->note);
    buf_put(out, j->payload);
}

ptrdiff_t redis_job_bytes(const struct redis_job_text *j) {
    char block[REDIS_JOB_HEAD_BYTES];
    return head_format(j, block).n + j->note.n + j->payload.n;
}

bool redis_job_parse(str value, struct redis_job_text *ret) {
    char block[REDIS_JOB_HEAD_BYTES];
    struct redis_job_text j = {0};
    str rest = value, head, word[5] = {{0}};
    int64_t tries, at, id, bytes;
    if (str_find_byte(str_head(value, REDIS_JOB_HEAD_BYTES), '\n') < 0) return false;
    IGNORE(!str_cut(&rest, '\n', &head), "it was found");
    const str body = str_tail(value, head.n + 1);
    str words = head;
    for (int i = 0; i < 5; i++)
        if (!str_cut(&words, ' ', &word[i])) return false;
    if (words.p != NULL || !str_eq(word[0], STR("bf1"))) return false;
    if (!str_to_i64(word[1], &tries) || !str_to_i64(word[2], &at) || !str_to_i64(word[3], &id) ||
        !str_to_i64(word[4], &bytes))
        return false;
    if (tries < 0 || tries > INT32_MAX || bytes < 0 || bytes > body.n) return false;
    j.tries = (int)tries;
    j.at = at;
    j.id = id;
    j.note = str_head(body, bytes);
    j.payload = str_tail(body, bytes);
    /* "+1" and "01" are numbers, but none of ours */
    if (!str_eq(head_format(&j, block), str_head(value, head.n + 1))) return false;
    *ret = j;
    return true;
}
