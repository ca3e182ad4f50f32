/* letters: what cannot be used becomes a dead letter.
 *
 * Input that is no post is a row in the transaction that moves the source's offset behind it, so
 * whoever is killed and goes on keeps each once. Bounded in bytes, over all processes: where they
 * take more than that, the oldest go, down to three quarters of it, and are counted. Others write,
 * too, so after an eighth of it was written here it is counted anew. A job's letter and the end of
 * its post are one transaction; where the store refuses to touch the post, as it may be the reason
 * of it all, there is the letter alone, and the post will be tried again. Failure: the store's.
 * Thread: the writer's. */
#include "run/letters.h"

#include "base/log.h"
#include "base/metric.h"
#include "run/parcel.h"
#include "store/tries.h"

#define LETTER_BYTES 400                               /* of one, beside its payload */
#define LETTERS_TOLD 20                                /* of them named in the log */
#define JOB_BYTES ((ptrdiff_t)64 << 10)                /* of one that is nobody's */
#define PAYLOAD_BYTES (6 * POST_TEXT_BYTES_MAX + 8192) /* of escaped letters, and the rest */

static void count(const char *kind) {
    metric_add(metric_get(M_DEAD_LETTERS_WRITTEN, LABELS(kind)), 1);
}

/* --- input ------------------------------------------------------------------------------- */

static bool make_room(struct letters *l, struct store *s, struct error *err) {
    int64_t gone;
    if (l->bytes_max == 0) return true;
    if (l->looked && l->since < l->bytes_max / 8) return true;
    if (!store_dead_size(s, &l->bytes, err)) return false;
    l->looked = true;
    l->since = 0;
    if (l->bytes <= l->bytes_max) return true;
    if (!store_dead_trim(s, l->bytes_max / 4 * 3, &gone, err)) return false;
    l->gone += gone;
    metric_add(metric_get(M_DEAD_LETTERS_DROPPED, NULL), gone);
    log_unusual("dead_letters_dropped", LOG_I("oldest", gone), LOG_I("so_far", l->gone),
                LOG_Z("why", "they took more than run.dead_letters_mb"));
    return true;
}

bool letters_put(struct letters *l, struct store *s, str source, usec at, const struct complaint *c,
                 struct error *err) {
    if (!make_room(l, s, err)) return false;
    char text[512];
    struct buf error;
    buf_init_fixed(&error, text, sizeof text);
    buf_printf(&error, STR_FMT ": " STR_FMT, STR_ARG(c->where), STR_ARG(c->what));
    const struct dead_letter d = {.source = source,
                                  .kind = STR("post"),
                                  .payload = c->payload,
                                  .error = buf_str(&error),
                                  .attempts = 1,
                                  .first_at = at,
                                  .last_at = at,
                                  .status = STR("dead"),
                                  .who = l->who};
    int64_t id;
    if (!store_dead_put(s, &d, &id, err)) return false;
    l->stored++;
    l->since += c->payload.n + LETTER_BYTES;
    count("post");
    return true;
}

void letters_tell(struct letters *l, const struct complaint *c) {
    l->seen++;
    if (l->seen <= LETTERS_TOLD)
        log_unusual("bad_input", LOG_S("at", c->where), LOG_S("what", c->what));
    if (l->seen == LETTERS_TOLD) log_unusual("bad_input_more", LOG_Z("see", "bullfinch dlq list"));
}

/* --- jobs -------------------------------------------------------------------------------- */

void letters_note(const struct job *job, str who, str why, usec now, char ret[QUEUE_NOTE_BYTES]) {
    struct tries t;
    struct buf text;
    tries_read(str_from_z(job->note), &t);
    tries_add(&t, now, who, why);
    buf_init_fixed(&text, ret, QUEUE_NOTE_BYTES);
    tries_put(&t, QUEUE_NOTE_BYTES - 1, &text);
    POST(!buf_full(&text));
    IGNORE(buf_z(&text) == NULL, "it ends with a NUL");
}

/* As a source would have sent it. */
static void print_post(struct buf *out, const struct post *p) {
    char at[TIME_TEXT_BYTES];
    buf_put(out, STR("{\"id\":"));
    buf_put_json_str(out, p->source_id);
    buf_put(out, STR(",\"text\":"));
    buf_put_json_str(out, p->text);
    buf_put(out, STR(",\"created_at\":"));
    buf_put_json_str(out, time_format_rfc3339(p->created_at, at));
    buf_put(out, STR(",\"author_id\":"));
    buf_put_json_str(out, p->author_id);
    buf_put(out, STR(",\"username\":"));
    buf_put_json_str(out, p->username);
    buf_put_byte(out, '}');
    POST(!buf_full(out));
}

static bool put_job(struct store *s, const struct dead_letter *d, const post_stage *stage,
                    int64_t *ret_id, struct error *err) {
    if (!store_begin(s, false, err)) return false;
    const bool ok = (stage == NULL || store_post_failed(s, d->post_id, *stage, err)) &&
                    store_dead_put(s, d, ret_id, err) && store_commit(s, err);
    if (!ok) store_rollback(s);
    return ok;
}

bool letters_bury(struct store *s, const struct lost_job *lost, usec now, struct error *err) {
    const struct post *const p = lost->post;
    const str job = {lost->job->payload, lost->job->payload_bytes};
    struct buf payload;
    int64_t id;
    buf_init(&payload, PAYLOAD_BYTES);
    if (p != NULL)
        print_post(&payload, p);
    else if (!parcel_may_be(job))
        buf_put(&payload, str_head(job, JOB_BYTES));
    const struct dead_letter d = {.source = p != NULL ? p->source : STR("queue"),
                                  .kind = p != NULL ? STR("post") : STR("job"),
                                  .payload = buf_str(&payload),
                                  .error = lost->why,
                                  .attempts = lost->job->attempt,
                                  .first_at = lost->job->enqueued_at,
                                  .last_at = now,
                                  .status = STR("dead"),
                                  .history = str_from_z(lost->note),
                                  .who = lost->who,
                                  .post_id = p != NULL ? p->id : 0};
    const post_stage *const stage = p != NULL ? &lost->stage : NULL;
    const bool ok = put_job(s, &d, stage, &id, err) ||
                    (stage && !store_may_pass(err) && put_job(s, &d, NULL, &id, err));
    buf_fini(&payload);
    if (!ok) return false;
    count(p != NULL ? "post" : "job");
    log_unusual("dead_letter", LOG_I("id", id), LOG_S("why", lost->why));
    return true;
}
