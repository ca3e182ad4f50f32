/* notify: the notifier's thread, and one for each channel.
 *
 *     notices (store) ─► sort ─► deliveries (store) ─► a message ─► channel's thread ─► service
 *                                        ▲                                  │
 *                                        └──────── what became of it ◄──────┘
 *
 * Four times a second the notifier's thread looks whether somebody committed (one number), sorts
 * what is new, hands to each idle channel what is due, and writes down what became of what it
 * handed over before. It alone speaks to the store; the channels' threads alone wait for others'
 * servers. So a channel that hangs holds up nobody, and a trader never waits for any of it.
 *
 * Invariant: nothing is sent without the claim "notify", which one process has at a time.
 * Failure: a store that cannot be used is told to people without it, once, and once when it can be
 * used again; everything else is tried again. Threads: as above, and the listener's (listener.c).
 */
#include "ops/notify_int.h"

#include <stdio.h>
#include <time.h>

#include "base/log.h"

#define ROUND (250 * USEC_PER_MS)
#define CLAIM_EVERY (2 * USEC_PER_S)
#define LOOK_EVERY (5 * USEC_PER_S) /* though nobody seems to have committed */
#define WATCH_EVERY (2 * USEC_PER_S)
#define REPEATS_EVERY (5 * USEC_PER_S)
#define TROUBLE_AFTER (5 * USEC_PER_S)
#define CURSOR STR("notify")

const struct config *notify_config(struct notifier *n) {
    return n->opt.live != NULL ? config_live_take(n->opt.live) : n->opt.cfg;
}

void notify_config_back(struct notifier *n, const struct config *cfg) {
    if (n->opt.live != NULL) config_live_give(n->opt.live, cfg);
}

/* --- a channel's thread --------------------------------------------------------------------- */

static bool may_go_on(void *ctx) {
    struct notifier *const n = ctx;
    pthread_mutex_lock(&n->lock);
    const bool go = !n->cut;
    pthread_mutex_unlock(&n->lock);
    return go;
}

static void *run_sender(void *arg) {
    struct sender *const s = arg;
    struct notifier *const n = s->n;
    pthread_mutex_lock(&n->lock);
    for (;;) {
        while (s->state != SENDER_READY && !n->cut) pthread_cond_wait(&n->changed, &n->lock);
        if (n->cut) break;
        pthread_mutex_unlock(&n->lock);
        const struct message m = {str_from_z(s->name), s->batch, s->count, s->left_out, s->at};
        channel_send(s->channel, &m, str_from_z(s->id), &s->sent);
        pthread_mutex_lock(&n->lock);
        s->state = SENDER_DONE;
        pthread_cond_broadcast(&n->changed);
    }
    pthread_mutex_unlock(&n->lock);
    return NULL;
}

/* --- beginning ------------------------------------------------------------------------------ */

/* The first time ever: what happened before anybody was to be told is not told. */
static bool skip_the_past(struct notifier *n, struct error *err) {
    char block[64];
    struct arena a;
    str text;
    bool found;
    int64_t skipped = 0;
    arena_init(&a, block, sizeof block);
    if (!store_cursor_get(n->store, &a, CURSOR, &text, &found, err)) return false;
    if (found) return true;
    if (!store_begin(n->store, true, err)) return false;
    if (store_notices_skip(n->store, &skipped, err) &&
        store_cursor_put(n->store, CURSOR, STR("1"), err) && store_commit(n->store, err))
        return true;
    store_rollback(n->store);
    return false;
}

static bool revive(struct notifier *n, usec now, struct error *err) {
    int64_t count = 0;
    if (!store_begin(n->store, true, err)) return false;
    if (!store_deliveries_revive(n->store, now, &count, err) || !store_commit(n->store, err)) {
        store_rollback(n->store);
        return false;
    }
    if (count > 0) log_unusual("notify_again", LOG_I("count", count));
    return true;
}

static bool read_channels(struct notifier *n, struct error *err) {
    struct channel_row rows[2 * CHANNEL_COUNT];
    int count = 0;
    if (!store_channels(n->store, rows, COUNT_OF(rows), &count, err)) return false;
    for (int i = 0; i < CHANNEL_COUNT; i++)
        for (int k = 0; k < count; k++)
            if (strcmp(rows[k].name, notify_channel_name((notify_channel)i)) == 0)
                n->senders[i].row = rows[k];
    return true;
}

/* Somebody has tried a channel that refuses, and it took his message: then it is tried at once. */
static bool look_at_mended(struct notifier *n, struct error *err) {
    struct channel_row rows[2 * CHANNEL_COUNT];
    bool refused = false;
    int count = 0;
    for (int i = 0; i < CHANNEL_COUNT; i++)
        refused = refused || n->senders[i].row.state == CHANNEL_IS_REFUSED;
    if (!refused) return true;
    if (!store_channels(n->store, rows, COUNT_OF(rows), &count, err)) return false;
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        struct sender *const s = &n->senders[i];
        for (int k = 0; k < count; k++)
            if (strcmp(rows[k].name, s->row.name) == 0 && rows[k].state == CHANNEL_IS_NEW &&
                s->row.state == CHANNEL_IS_REFUSED)
                s->rests_until = s->look_at = 0;
    }
    return true;
}

/* A new start tries each channel at once: it may have been mended. What it was is told till then.
 */
static bool begin(struct notifier *n, usec now, struct error *err) {
    if (!skip_the_past(n, err) || !revive(n, now, err) || !read_channels(n, err)) return false;
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        struct sender *const s = &n->senders[i];
        if (s->channel == NULL) continue;
        s->look_at = s->rests_until = 0;
        if (s->channel->unusable != NULL) {
            if (!notify_unusable(n, s, now, err)) return false;
            continue;
        }
        if (s->row.since == 0) s->row.since = now;
        if (!store_begin(n->store, true, err)) return false;
        if (!store_channel_put(n->store, &s->row, err) || !store_commit(n->store, err)) {
            store_rollback(n->store);
            return false;
        }
    }
    n->again = n->begun = true;
    n->quiet_known = false;
    log_info("notify", LOG_Z("state", "sends"));
    return true;
}

/* --- rounds --------------------------------------------------------------------------------- */

static bool claim(struct notifier *n, usec mono, struct error *err) {
    bool mine = false;
    if (mono < n->claim_at) return true;
    n->claim_at = mono + CLAIM_EVERY;
    if (!store_claim(n->store, STR("notify"), &mine, err)) return false;
    if (!mine) n->begun = false;
    atomic_store(&n->mine, mine);
    return true;
}

/* Is there something that was not looked at? */
static bool has_news(struct notifier *n, usec mono) {
    const int64_t version = store_data_version(n->store);
    const bool news = n->again || version != n->version || mono >= n->look_at;
    n->version = version;
    if (news) n->look_at = mono + LOOK_EVERY;
    return news;
}

static bool look(struct notifier *n, const struct config *cfg, usec now, usec mono,
                 struct error *err) {
    if (mono >= n->watch_at) {
        n->watch_at = mono + WATCH_EVERY;
        if (!notify_watch(n, now, mono, err)) return false;
    }
    if (!notify_quiet(n, cfg, now, err)) return false;
    if (mono >= n->repeats_at) {
        n->repeats_at = mono + REPEATS_EVERY;
        if (!notify_sum_up(n, cfg, now, err)) return false;
    }
    if (!has_news(n, mono)) return true;
    n->again = true; /* until it is done */
    return look_at_mended(n, err) && notify_sort(n, cfg, now, err);
}

static bool serve_channels(struct notifier *n, const struct config *cfg, usec now,
                           struct error *err) {
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        struct sender *const s = &n->senders[i];
        if (s->channel == NULL) continue;
        if (!notify_finish(n, s, cfg, now, err) || !notify_next(n, s, cfg, now, err)) return false;
    }
    return true;
}

static bool round_of(struct notifier *n, const struct config *cfg, usec now, usec mono,
                     struct error *err) {
    if (!claim(n, mono, err)) return false;
    if (!atomic_load(&n->mine)) return true;
    if (!n->begun && !begin(n, now, err)) return false;
    return look(n, cfg, now, mono, err) && serve_channels(n, cfg, now, err);
}

/* The store cannot be used, or can again: said without it, by who sent last. */
static void tell_trouble(struct notifier *n, const struct config *cfg, const char *what, str text,
                         usec now) {
    struct notice v;
    notice_make(&v, now, NOTICE_STORE, what, text);
    v.id = now / USEC_PER_MS; /* none of the store's, and another each time */
    if (atomic_load(&n->mine)) notify_direct(n, cfg, &v, now);
}

static void on_trouble(struct notifier *n, const struct config *cfg, const struct error *err,
                       usec now, usec mono) {
    char text[NOTICE_TEXT_BYTES];
    if (err->code == ERR_BUSY) return; /* the trader's turns come first */
    if (n->trouble_since == 0) n->trouble_since = mono;
    if (!n->complained) log_unusual("notify_store", LOG_Z("why", err->msg));
    n->complained = true;
    if (n->trouble_told || mono - n->trouble_since < TROUBLE_AFTER) return;
    n->trouble_told = true;
    snprintf(text, sizeof text, "it cannot be used: %s", err->msg);
    tell_trouble(n, cfg, "trouble", str_from_z(text), now);
}

static void on_well(struct notifier *n, const struct config *cfg, usec now) {
    if (n->trouble_told) tell_trouble(n, cfg, "well", STR("it can be used again"), now);
    n->trouble_since = 0;
    n->trouble_told = n->complained = false;
}

/* What was said without the store is over, whatever the store says. */
static void finish_direct(struct notifier *n, const struct config *cfg, usec now) {
    struct error none;
    for (int i = 0; i < CHANNEL_COUNT; i++)
        if (n->senders[i].channel != NULL && n->senders[i].direct)
            IGNORE(!notify_finish(n, &n->senders[i], cfg, now, &none), "it writes nothing");
}

static void one_round(struct notifier *n) {
    struct error err;
    const struct config *const cfg = notify_config(n);
    const usec now = time_wall_us(), mono = time_monotonic_us();
    if (round_of(n, cfg, now, mono, &err)) {
        on_well(n, cfg, now);
    } else {
        on_trouble(n, cfg, &err, now, mono);
        finish_direct(n, cfg, now);
    }
    notify_config_back(n, cfg);
}

/* --- the end -------------------------------------------------------------------------------- */

static bool is_quiet(struct notifier *n, usec now) {
    bool quiet = true;
    pthread_mutex_lock(&n->lock);
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        const struct sender *const s = &n->senders[i];
        if (s->channel == NULL) continue;
        const bool due = s->look_at == 0 || s->look_at <= now;
        quiet = quiet && s->state == SENDER_IDLE && (!due || s->rests_until > now);
    }
    pthread_mutex_unlock(&n->lock);
    return quiet && !n->again;
}

/* Whoever sends then tells it, here or in another process. */
static void say_the_end(struct notifier *n) {
    struct error err;
    if (n->ends == NULL) return;
    if (!notify_watch_end(n, n->ends, time_wall_us(), &err))
        log_unusual("notify_store", LOG_Z("why", err.msg));
}

static void sleep_a_round(struct notifier *n) {
    const usec until = time_monotonic_us() + ROUND;
    const struct timespec ts = {until / USEC_PER_S, until % USEC_PER_S * 1000};
    pthread_mutex_lock(&n->lock);
    bool done = n->stopping;
    for (int i = 0; i < CHANNEL_COUNT; i++) done = done || n->senders[i].state == SENDER_DONE;
    if (!done) pthread_cond_timedwait(&n->changed, &n->lock, &ts);
    pthread_mutex_unlock(&n->lock);
}

/* Until nothing more is due, or patience ends. */
static void drain(struct notifier *n) {
    const struct timespec pause = {0, 20 * 1000 * 1000};
    say_the_end(n);
    n->look_at = n->watch_at = 0;
    do {
        one_round(n);
        if (!atomic_load(&n->mine)) return;
        if (n->trouble_since != 0 && !n->trouble_told) return;
        IGNORE(nanosleep(&pause, NULL), "a shorter pause does no harm");
    } while (!is_quiet(n, time_wall_us()) && time_monotonic_us() < n->stop_by);
}

static bool is_stopping(struct notifier *n) {
    pthread_mutex_lock(&n->lock);
    const bool stopping = n->stopping;
    pthread_mutex_unlock(&n->lock);
    return stopping;
}

static void *run_notifier(void *arg) {
    struct notifier *const n = arg;
    while (!is_stopping(n)) {
        one_round(n);
        sleep_a_round(n);
    }
    drain(n);
    return NULL;
}

/* --- opening, closing ----------------------------------------------------------------------- */

static void open_sender(struct notifier *n, notify_channel which) {
    struct sender *const s = &n->senders[which];
    const char *const name = notify_channel_name(which);
    s->n = n;
    s->which = which;
    s->channel = n->opt.channels[which];
    s->channel->go_on = may_go_on;
    s->channel->go_on_ctx = n;
    IGNORE(!str_copyz(str_from_z(name), s->row.name, sizeof s->row.name), "short");
    s->sent_metric = metric_get(M_NOTIFY_MESSAGES, LABELS(name, "sent"));
    s->failed_metric = metric_get(M_NOTIFY_MESSAGES, LABELS(name, "failed"));
    s->retried_metric = metric_get(M_NOTIFY_MESSAGES, LABELS(name, "retried"));
    s->waiting_metric = metric_get(M_NOTIFY_WAITING, LABELS(name));
    s->up_metric = metric_get(M_NOTIFY_UP, LABELS(name));
}

static bool start_threads(struct notifier *n, struct error *err) {
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        struct sender *const s = &n->senders[i];
        if (s->channel == NULL) continue;
        s->runs = pthread_create(&s->thread, NULL, run_sender, s) == 0;
        if (!s->runs) return fail(err, ERR_LIMIT, 0, "no more threads; ulimit -u says how many");
    }
    n->runs = pthread_create(&n->thread, NULL, run_notifier, n) == 0;
    return n->runs || fail(err, ERR_LIMIT, 0, "no more threads; ulimit -u says how many");
}

static bool is_active(void *ctx) {
    struct notifier *const n = ctx;
    return atomic_load(&n->mine) && !is_stopping(n);
}

static bool start_listener(struct arena *boot, struct notifier *n, struct error *err) {
    struct listener_options opt = {
        .bot = n->opt.listener, .cfg = n->opt.cfg, .is_active = is_active, .ctx = n};
    if (opt.bot == NULL) return true;
    if (!n->opt.open_store(n->opt.open_ctx, STORE_WRITE, &opt.store, err)) return false;
    n->opt.listener = NULL;
    return listener_start(boot, &opt, &n->listener, err);
}

bool notifier_start(struct arena *boot, const struct notifier_options *opt, struct notifier **ret,
                    struct error *err) {
    struct notifier *const n = NEW(boot, struct notifier);
    pthread_condattr_t attr;
    n->opt = *opt;
    POST(pthread_mutex_init(&n->lock, NULL) == 0 && pthread_condattr_init(&attr) == 0);
    POST(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    POST(pthread_cond_init(&n->changed, &attr) == 0);
    pthread_condattr_destroy(&attr);
    for (int i = 0; i < CHANNEL_COUNT; i++)
        if (opt->channels[i] != NULL) open_sender(n, (notify_channel)i);
    if (opt->open_store(opt->open_ctx, STORE_WRITE, &n->store, err) && start_threads(n, err) &&
        start_listener(boot, n, err)) {
        *ret = n;
        return true;
    }
    notifier_stop(n, NULL, 0);
    return false;
}

void notifier_stop(struct notifier *n, const char *ends, usec patience) {
    if (n == NULL) return;
    pthread_mutex_lock(&n->lock);
    n->stopping = true;
    n->ends = ends;
    n->stop_by = time_monotonic_us() + patience;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
    listener_stop(n->listener);
    if (n->runs) pthread_join(n->thread, NULL);
    pthread_mutex_lock(&n->lock);
    n->cut = true;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        if (n->senders[i].runs) pthread_join(n->senders[i].thread, NULL);
        channel_close(n->opt.channels[i]);
    }
    telegram_bot_close(n->opt.listener);
    store_close(n->store);
    pthread_cond_destroy(&n->changed);
    pthread_mutex_destroy(&n->lock);
}
