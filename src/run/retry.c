/* retry: dead letters, once more. For `bullfinch dlq` and the HTTP interface.
 *
 * In: the letter's id. Out: its post in the store, and the mark on the letter. It is too late to
 * trade on what is read so: its outcome is STALE, it is done with, and no queue hears of it.
 * Nothing is deleted here. Failure: nothing was changed but, where the input is still no post or
 * the store still refuses it, the history of tries. Thread: any, on a writing connection of its
 * own. */
#include "run/retry.h"

#include <inttypes.h>

#include "source/source.h"
#include "store/posts.h"

#define SCRATCH_BYTES (16 << 20)
#define PAGE 32 /* letters that are looked at at once */

/* One that nobody has dealt with. */
static bool find_dead(struct store *s, struct arena *a, int64_t id, struct dead_letter *ret,
                      struct error *err) {
    if (!store_dead_get(s, a, id, ret, err)) return false;
    if (str_eq(ret->status, STR("dead"))) return true;
    return fail(err, ERR_STATE, 0, "dead letter %" PRId64 " was " STR_FMT " already", id,
                STR_ARG(ret->status));
}

/* One that came in another way in the meantime stays as it was read then: it may have been traded.
 */
static bool store_reading(struct store *s, struct arena *a, int64_t letter,
                          const struct reading *reading, str actor, usec now, struct error *err) {
    struct actions *acts = NEW(a, struct actions);
    bool known;
    acts->v[0].kind = ACTION_PUT_POST;
    acts->v[0].u.post.reading = reading;
    acts->v[0].u.post.outcome = REASON_STALE;
    acts->count = 1;
    if (!store_begin(s, true, err)) return false;
    if (store_has_post(s, reading->post->id, &known, err) && (known || store_apply(s, acts, err)) &&
        store_dead_mark(s, letter, STR("retried"), (str){0}, actor, now, err) &&
        store_commit(s, err))
        return true;
    store_rollback(s);
    return false;
}

/* A try that failed, for the history. */
static bool note_failure(struct store *s, int64_t id, const char *what, str actor, usec now,
                         struct error *err) {
    const struct error why = *err;
    if (!store_dead_mark(s, id, STR("dead"), str_from_z(why.msg), actor, now, err)) return false;
    *err = why;
    return fail_in(err, "%s", what);
}

static bool no_content(const struct dead_letter *d, struct error *err) {
    if (str_eq(d->kind, STR("job")))
        return fail(err, ERR_STATE, 0,
                    "dead letter %" PRId64 " is a job that nobody could read: if it was one of "
                    "this program, its post stands in the store and is queued again by itself; "
                    "there is nothing to do but to drop the letter",
                    d->id);
    return fail(err, ERR_STATE, 0,
                "dead letter %" PRId64 ": its content was not kept (" STR_FMT
                "); put the line right in its file",
                d->id, STR_ARG(d->error));
}

/* The post of a letter: as it is stored, unread, or else as the letter has it. */
static bool post_of(struct store *s, struct arena *a, const struct dead_letter *d, str actor,
                    usec now, struct post *ret, struct error *err) {
    bool found = false;
    if (d->post_id != 0 && !store_post_unread(s, a, d->post_id, ret, &found, err)) return false;
    if (found) return true;
    if (d->payload.n == 0 || str_eq(d->kind, STR("job"))) return no_content(d, err);
    if (!x_post_parse(a, d->payload, d->source, now, false, ret, err))
        return note_failure(s, d->id, "still no post", actor, now, err);
    if (ret->deleted)
        return fail(err, ERR_STATE, 0,
                    "dead letter %" PRId64 " is word of a deletion: bullfinch db forget %" PRId64
                    " does what it says",
                    d->id, ret->id);
    return true;
}

bool letter_retry(struct store *s, struct arena *a, const struct reader *reader, int64_t id,
                  str actor, usec now, struct error *err) {
    struct dead_letter d;
    struct post post;
    struct reading reading;
    struct arena scratch;
    if (!find_dead(s, a, id, &d, err) || !post_of(s, a, &d, actor, now, &post, err)) return false;
    arena_open(&scratch, SCRATCH_BYTES);
    reader_read(reader, scratch, &post, 1, &reading);
    const bool ok = store_reading(s, a, id, &reading, actor, now, err);
    arena_close(&scratch);
    if (ok || store_may_pass(err) || store_is_unfit(err)) return ok;
    return note_failure(s, id, "the store refuses it", actor, now, err);
}

bool letter_drop(struct store *s, struct arena *a, int64_t id, str actor, usec now,
                 struct error *err) {
    struct dead_letter d;
    return find_dead(s, a, id, &d, err) &&
           store_dead_mark(s, id, STR("dropped"), (str){0}, actor, now, err);
}

/* --- many -------------------------------------------------------------------------------- */

/* Of one letter: what somebody else did with it meanwhile, and what cannot be done, ends nothing.
 */
static bool do_one(struct store *s, struct arena scratch, const struct letters_ask *ask,
                   const struct dead_letter *d, str actor, usec now, struct letters_told *ret,
                   struct error *err) {
    if (ask->dry_run) return true;
    const bool ok = ask->again ? letter_retry(s, &scratch, ask->reader, d->id, actor, now, err)
                               : letter_drop(s, &scratch, d->id, actor, now, err);
    if (ok)
        ret->done++;
    else if (store_may_pass(err) || store_is_unfit(err) || err->code == ERR_DAMAGED)
        return false;
    else
        ret->failed++;
    return true;
}

bool letters_do(struct store *s, struct arena scratch, const struct letters_ask *ask, str actor,
                usec now, struct letters_told *ret, struct error *err) {
    const struct dead_filter filter = {STR("dead"), ask->kind, ask->source};
    struct dead_letter *v;
    int count;
    PRE(ask->dry_run || !ask->again || ask->reader != NULL);
    *ret = (struct letters_told){.last = ask->before, .more = true};
    while (ret->more && (ask->most == 0 || ret->found < ask->most)) {
        struct arena page = scratch;
        const int limit = (int)(ask->most == 0 ? PAGE : i64_min(ask->most - ret->found, PAGE));
        if (!store_dead_list(s, &page, &filter, ret->last, limit, &v, &count, err)) return false;
        for (int i = 0; i < count; i++) {
            if (!do_one(s, page, ask, &v[i], actor, now, ret, err)) return false;
            ret->last = v[i].id;
            ret->found++;
        }
        ret->more = count == limit;
    }
    return true;
}
