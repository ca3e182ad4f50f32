/* operations: who is at work, what waits where (also between processes), what the trader's threads
 * are at, and which breakers are open.
 *
 * In: what this process' board says (base/board.h), what waits in the store, what each worker of
 * each process says of itself there, and how live sources stood when they were last asked. Out: one
 * object. Under `bullfinch serve` the board is another process': what only that one knows is told
 * as unknown, and why. Nothing here waits for a trader or holds a lock of his. Failure: a store
 * that cannot be read is a problem. Thread: any. */
#include "api/core.h"
#include "api/put.h"
#include "base/board.h"
#include "run/jobs_watch.h"
#include "store/views.h"
#include "store/workers.h"

#define WORKERS_BYTES (1 << 20)

struct seen {
    struct buf workers; /* an array */
    struct view_waiting waiting;
    struct feed_row *feeds;
    int feed_count;
    bool running;
};

static bool read_seen(struct store *s, const struct api_request *rq, struct seen *ret,
                      struct error *err) {
    int64_t pid;
    if (!store_begin(s, false, err)) return false;
    ret->running = store_trader_running(s, &pid);
    const bool ok = store_view_workers(s, rq->now, &ret->workers, err) &&
                    store_view_waiting(s, &ret->waiting, err) &&
                    store_feed_states(s, rq->a, rq->now, &ret->feeds, &ret->feed_count, err);
    store_rollback(s);
    return ok;
}

static void open_item(struct buf *b) {
    if (b->p[b->len - 1] != '[') buf_put_byte(b, ',');
    buf_put(b, STR("{\"name\":"));
}

/* --- queues ------------------------------------------------------------------------------- */

static void put_queue(struct buf *b, const char *name, const char *where, int64_t waiting,
                      int64_t capacity, usec oldest_at) {
    open_item(b);
    buf_put_json_str(b, str_from_z(name));
    buf_printf(b, ",\"where\":\"%s\",\"waiting\":%lld", where, (long long)waiting);
    if (capacity > 0)
        buf_printf(b, ",\"capacity\":%lld", (long long)capacity);
    else
        buf_put(b, STR(",\"capacity\":null"));
    api_put_time(b, "oldest_at", oldest_at);
    buf_put_byte(b, '}');
}

/* Between processes, as it was last seen. */
static void put_jobs(struct buf *b, struct jobs_watch *jobs) {
    struct jobs_seen v;
    jobs_watch_see(jobs, &v);
    for (int j = 0; j < JOBS_QUEUE_COUNT; j++)
        put_queue(b, jobs_name(j), "queue", v.unfinished[j], v.capacity, v.oldest[j]);
}

static void put_queues(struct buf *b, const struct seen *x, bool here, struct jobs_watch *jobs) {
    struct board_queue_view v[BOARD_QUEUES_MAX];
    const int count = here ? board_queues(v) : 0;
    const struct view_waiting *const w = &x->waiting;
    buf_put(b, STR(",\"queues\":["));
    for (int i = 0; i < count; i++)
        put_queue(b, v[i].name, "process", v[i].waiting, v[i].capacity, v[i].oldest_at);
    if (jobs != NULL) put_jobs(b, jobs);
    put_queue(b, "commands for the trader", "store", w->commands, 0, w->command_at);
    put_queue(b, "signals for a person", "store", w->approvals, 0, w->approval_at);
    put_queue(b, "dead letters", "store", w->letters, 0, w->letter_at);
    buf_put_byte(b, ']');
}

static void put_tasks(struct buf *b, bool here) {
    struct board_task_view v[BOARD_TASKS_MAX];
    const int count = here ? board_tasks(v) : 0;
    buf_put(b, STR(",\"tasks\":["));
    for (int i = 0; i < count; i++) {
        open_item(b);
        buf_put_json_str(b, str_from_z(v[i].name));
        api_put_text_or_null(b, "doing", v[i].doing);
        api_put_time(b, "since", v[i].since);
        buf_put_byte(b, '}');
    }
    buf_put_byte(b, ']');
}

/* --- breakers ----------------------------------------------------------------------------- */

static void put_breaker(struct buf *b, const struct board_breaker *k, const char *of) {
    const bool open = strcmp(k->state, "open") == 0 || strcmp(k->state, "half-open") == 0;
    open_item(b);
    buf_put_json_str(b, str_from_z(k->name));
    buf_printf(b, ",\"of\":\"%s\",\"state\":\"%s\"", of, k->state);
    api_put_time(b, "since", k->since);
    api_put_time(b, "until", open ? k->until : 0);
    api_put_text_or_null(b, "why", k->why);
    api_put_time(b, "told_at", k->told_at);
    buf_put_byte(b, '}');
}

/* A source that failed too often in a row rests; then one attempt decides. What is brought to us
 * (push) has none. */
static void put_source_breaker(struct buf *b, const struct feed_row *f, usec now) {
    const struct source_status *const s = &f->status;
    if (str_eq(f->kind, STR("push"))) return;
    const bool open = s->state == SOURCE_BROKEN;
    const bool tries = open && s->until != 0 && s->until <= now;
    struct board_breaker k = {.state = tries  ? "half-open"
                                       : open ? "open"
                                              : "closed",
                              .since = open ? s->since : 0,
                              .until = s->until,
                              .told_at = f->updated_at};
    IGNORE(!str_copyz(f->feed, k.name, sizeof k.name), "a long name is cut");
    if (open) IGNORE(!str_copyz(str_from_z(s->why), k.why, sizeof k.why), "a long text is cut");
    put_breaker(b, &k, "source");
}

/* Those of this process: of the venue, and of a slow model, which is open while it sheds. The paper
 * venue calls nobody, and has none. */
static void put_own_breakers(struct buf *b, const struct config *cfg, bool here) {
    struct board_breaker v[BOARD_BREAKERS_MAX];
    const int count = here ? board_breakers(v) : 0;
    int venues = 0;
    for (int i = 0; i < count; i++) {
        const bool model = strcmp(v[i].name, "model") == 0;
        put_breaker(b, &v[i], model ? "model" : "venue");
        venues += !model;
    }
    if (venues > 0 || str_eq(cfg->venue_kind, STR("paper"))) return;
    const struct board_breaker none = {
        .name = "venue", .state = "unknown", .why = "only the trader's own process knows"};
    put_breaker(b, &none, "venue");
}

/* --- the answer --------------------------------------------------------------------------- */

static const char *unknown_because(const struct api_options *opt, const struct seen *x) {
    if (!opt->alone) return NULL;
    return x->running ? "the trader is another process: what waits in it, and what its threads are "
                        "at, only the interface of that one knows (api.listen of bullfinch run)"
                      : "no trader is running on this store";
}

static void put_all(const struct api_request *rq, const struct api_options *opt,
                    const struct seen *x, struct api_answer *ret) {
    char at[TIME_TEXT_BYTES];
    struct buf *const b = &ret->body;
    buf_printf(b, "{\"at\":\"" STR_FMT "\"", STR_ARG(time_format_rfc3339(rq->now, at)));
    api_put_text_or_null(b, "unknown", unknown_because(opt, x));
    buf_put(b, STR(",\"workers\":"));
    buf_put(b, buf_str(&x->workers));
    put_queues(b, x, !opt->alone, opt->jobs);
    put_tasks(b, !opt->alone);
    buf_put(b, STR(",\"breakers\":["));
    for (int i = 0; i < x->feed_count; i++) put_source_breaker(b, &x->feeds[i], rq->now);
    put_own_breakers(b, opt->cfg, !opt->alone);
    buf_put(b, STR("]}\n"));
}

void api_get_operations(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct seen x = {0};
    const struct api_options *const opt = api_core_options(c);
    struct store *const s = api_store_take(c);
    buf_init(&x.workers, WORKERS_BYTES);
    const bool ok = read_seen(s, rq, &x, &err);
    api_store_give(c, s);
    if (ok)
        put_all(rq, opt, &x, ret);
    else
        api_problem_store(ret, &err);
    buf_fini(&x.workers);
}
