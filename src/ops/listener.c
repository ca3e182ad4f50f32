/* listener: hears what is said in the Telegram chat, and answers.
 *
 *     getUpdates (waits half a minute) ─► messages of the chat ─► talk ─► sendMessage
 *
 * How far was read stands in the store (cursor telegram), and is written when a message was dealt
 * with: a question that is answered twice does no harm, an order that comes twice is known by its
 * number (talk.c). What is said in other chats is not answered, and told in the log
 * once an hour for each.
 *
 * An update that cannot be read is passed by, so that those behind it are heard. What is said to
 * another bot by its name (/halt@other_bot) is not said to us.
 *
 * Failure: of the server a pause, longer each time; 409 is another program that listens to the same
 * bot. Thread: its own; a connection to the store of its own. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "ops/notify.h"
#include "ops/pace.h"
#include "ops/talk.h"

#define WAIT_S 25
#define TIMEOUT ((WAIT_S + 15) * USEC_PER_S)
#define IDLE_PAUSE USEC_PER_S
#define ANSWER_WAIT (5 * USEC_PER_S)
#define SCRATCH_BYTES (32 << 20)
#define STRANGERS 8
#define STRANGER_REST USEC_PER_HOUR
#define CURSOR STR("telegram")

struct listener {
    struct listener_options opt;
    struct talk talk;
    struct arena memory;
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopping; /* under the lock */
    int64_t chat;
    bool known;   /* `next` is what the store says */
    int64_t next; /* update that is asked for */
    int64_t tries;
    bool complained;
    bool one_by_one;              /* one of those that wait cannot be read: which? */
    char me[TELEGRAM_NAME_BYTES]; /* "": not asked yet */
    struct {
        int64_t chat;
        usec at; /* monotonic */
    } strangers[STRANGERS];
    int next_stranger;
    struct buf body, answer;
};

static bool goes_on(void *ctx) {
    struct listener *const l = ctx;
    pthread_mutex_lock(&l->lock);
    const bool go = !l->stopping;
    pthread_mutex_unlock(&l->lock);
    return go && l->opt.is_active(l->opt.ctx);
}

/* False: it is to end. */
static bool pause_for(void *ctx, usec t) {
    struct listener *const l = ctx;
    const usec until = time_monotonic_us() + t;
    const struct timespec ts = {until / USEC_PER_S, until % USEC_PER_S * 1000};
    pthread_mutex_lock(&l->lock);
    while (!l->stopping && time_monotonic_us() < until)
        pthread_cond_timedwait(&l->changed, &l->lock, &ts);
    const bool go = !l->stopping;
    pthread_mutex_unlock(&l->lock);
    return go;
}

/* --- how far it was read -------------------------------------------------------------------- */

static bool read_place(struct listener *l, struct error *err) {
    char block[64];
    struct arena a;
    str text;
    bool found;
    if (l->known) return true;
    arena_init(&a, block, sizeof block);
    if (!store_cursor_get(l->opt.store, &a, CURSOR, &text, &found, err)) return false;
    l->next = 0;
    if (found) IGNORE(!str_to_i64(text, &l->next), "then from the oldest that waits");
    l->known = true;
    return true;
}

static bool put_place(struct listener *l, int64_t next, struct error *err) {
    char block[24];
    struct buf b;
    buf_init_fixed(&b, block, sizeof block);
    buf_put_i64(&b, next);
    for (int i = 0; i < 1000; i++) {
        const bool begun = store_begin(l->opt.store, true, err);
        if (begun && store_cursor_put(l->opt.store, CURSOR, buf_str(&b), err) &&
            store_commit(l->opt.store, err)) {
            l->next = next;
            return true;
        }
        if (begun) store_rollback(l->opt.store);
        if (err->code != ERR_BUSY || !pause_for(l, 5 * USEC_PER_MS)) return false;
    }
    return false;
}

/* --- one message ---------------------------------------------------------------------------- */

static void note_stranger(struct listener *l, int64_t chat) {
    const usec mono = time_monotonic_us();
    for (int i = 0; i < STRANGERS; i++)
        if (l->strangers[i].chat == chat && mono - l->strangers[i].at < STRANGER_REST &&
            l->strangers[i].at != 0)
            return;
    l->strangers[l->next_stranger].chat = chat;
    l->strangers[l->next_stranger].at = mono;
    l->next_stranger = (l->next_stranger + 1) % STRANGERS;
    log_unusual("telegram_stranger", LOG_I("chat", chat),
                LOG_Z("what", "somebody speaks to the bot in a chat that is not telegram.chat; it "
                              "is not answered"));
}

/* An answer that does not arrive is not sent again: whoever wants it asks again. */
static void answer(struct listener *l, const struct telegram_update *u) {
    struct http_answer a;
    struct sent sent;
    struct arena scratch = l->memory;
    buf_clear(&l->answer);
    talk_answer(&l->talk, &scratch, u, time_wall_us(), time_monotonic_us(), &l->answer);
    if (l->answer.len == 0) return;
    buf_clear(&l->body);
    message_telegram(l->opt.cfg->telegram_chat, buf_str(&l->answer), &l->body);
    telegram_call(l->opt.bot, "sendMessage", buf_str(&l->body), CHANNEL_TIMEOUT, NULL, NULL, &a);
    telegram_meaning(&a, &sent);
    if (sent.end != SENT_DONE)
        log_unusual("telegram_answer", LOG_Z("why", sent.why), LOG_I("update", u->id));
}

static void hear(struct listener *l, const struct telegram_update *u) {
    if (!u->is_message) return;
    if (u->chat == l->chat)
        answer(l, u);
    else
        note_stranger(l, u->chat);
}

/* --- asking --------------------------------------------------------------------------------- */

static void complain(struct listener *l, const char *why) {
    if (!l->complained) log_unusual("telegram_listens", LOG_Z("why", why));
    l->complained = true;
}

static void rest(struct listener *l, usec wanted, const char *why) {
    complain(l, why);
    l->tries++;
    IGNORE(!pause_for(l, pace_again(l->tries, wanted)), "whoever called looks");
}

static bool hear_all(struct listener *l, str body, struct error *err) {
    static struct telegram_update v[TELEGRAM_UPDATES_MAX]; /* one listener a process */
    int n = 0;
    if (!telegram_updates(&l->memory, body, v, &n, err)) return false;
    for (int i = 0; i < n && goes_on(l); i++) {
        if (v[i].id < l->next) continue;
        hear(l, &v[i]);
        if (!put_place(l, v[i].id + 1, err)) return false;
    }
    return true;
}

/* One that is not understood would be answered for ever: with nothing beside it, it is passed by.
 */
static void step_over(struct listener *l, str body, const char *why) {
    struct error err;
    const int64_t id = telegram_first_id(body);
    if (id < l->next || id == 0) {
        rest(l, 0, why);
    } else if (!l->one_by_one) {
        l->one_by_one = true;
    } else {
        log_unusual("telegram_update", LOG_I("update", id),
                    LOG_Z("why", "it is not well-formed; it is passed by, nothing of it is done"));
        l->one_by_one = false;
        if (!put_place(l, id + 1, &err)) rest(l, 0, err.msg);
    }
}

static bool ask_name(struct listener *l) {
    struct http_answer a;
    struct sent sent;
    struct error err;
    if (l->me[0] != '\0') return true;
    telegram_call(l->opt.bot, "getMe", STR("{}"), CHANNEL_TIMEOUT, goes_on, l, &a);
    if (!goes_on(l)) return false;
    telegram_meaning(&a, &sent);
    if (sent.end != SENT_DONE)
        rest(l, sent.wait, sent.why);
    else if (!telegram_name(a.body, l->me, &err))
        rest(l, 0, err.msg);
    return l->me[0] != '\0';
}

/* Whether Telegram answers so is looked at by who reads the body: a body that is no JSON has no ok.
 */
static bool is_answer(const struct http_answer *a) {
    return a->end == HTTP_ANSWERED && a->status == 200;
}

static void ask(struct listener *l) {
    char block[128];
    struct buf body;
    struct http_answer a;
    struct sent sent;
    struct error err;
    arena_reset(&l->memory);
    if (!read_place(l, &err)) {
        rest(l, 0, err.msg);
        return;
    }
    if (!ask_name(l)) return;
    buf_init_fixed(&body, block, sizeof block);
    buf_printf(&body,
               "{\"offset\":%" PRId64 ",\"timeout\":%d,\"limit\":%d,\"allowed_updates\":"
               "[\"message\"]}",
               l->next, WAIT_S, l->one_by_one ? 1 : TELEGRAM_UPDATES_MAX);
    telegram_call(l->opt.bot, "getUpdates", buf_str(&body), TIMEOUT, goes_on, l, &a);
    if (!goes_on(l)) return;
    telegram_meaning(&a, &sent);
    if (sent.end != SENT_DONE && !is_answer(&a)) {
        rest(l, sent.wait, sent.why);
    } else if (!hear_all(l, a.body, &err)) {
        if (err.code == ERR_PARSE)
            step_over(l, a.body, sent.end != SENT_DONE ? sent.why : err.msg);
        else
            rest(l, 0, err.msg);
    } else {
        l->tries = 0;
        l->complained = false;
    }
}

static void *listen_on(void *arg) {
    struct listener *const l = arg;
    while (pause_for(l, 0)) {
        if (l->opt.is_active(l->opt.ctx)) {
            ask(l);
        } else {
            l->known = false; /* another process may read on */
            if (!pause_for(l, IDLE_PAUSE)) break;
        }
    }
    return NULL;
}

/* --- opening, closing ----------------------------------------------------------------------- */

bool listener_start(struct arena *boot, const struct listener_options *opt, struct listener **ret,
                    struct error *err) {
    struct listener *const l = NEW(boot, struct listener);
    pthread_condattr_t attr;
    l->opt = *opt;
    IGNORE(!str_to_i64(opt->cfg->telegram_chat, &l->chat), "the configuration was checked");
    l->talk = (struct talk){.store = opt->store,
                            .quote_asset = opt->cfg->venue_quote_asset,
                            .me = l->me,
                            .may_order = opt->cfg->telegram_orders,
                            .users = &opt->cfg->telegram_users,
                            .answer_wait = ANSWER_WAIT,
                            .pause = pause_for,
                            .ctx = l};
    arena_open(&l->memory, SCRATCH_BYTES);
    buf_init(&l->body, 16 << 10);
    buf_init(&l->answer, TALK_ANSWER_BYTES);
    POST(pthread_mutex_init(&l->lock, NULL) == 0 && pthread_condattr_init(&attr) == 0);
    POST(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    POST(pthread_cond_init(&l->changed, &attr) == 0);
    pthread_condattr_destroy(&attr);
    l->runs = pthread_create(&l->thread, NULL, listen_on, l) == 0;
    if (!l->runs) {
        listener_stop(l);
        return fail(err, ERR_LIMIT, 0, "no more threads; ulimit -u says how many");
    }
    *ret = l;
    return true;
}

void listener_stop(struct listener *l) {
    if (l == NULL) return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    if (l->runs) pthread_join(l->thread, NULL);
    memory_wipe(l->talk.codes, sizeof l->talk.codes);
    telegram_bot_close(l->opt.bot);
    store_close(l->opt.store);
    buf_fini(&l->body);
    buf_fini(&l->answer);
    arena_close(&l->memory);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
}
