/* From the store to a channel's thread, and what became of it back.
 *
 * In: deliveries that are due. Out: one message of several of them; then their state. A delivery is
 * marked before its message leaves and again when the answer is there, so that a process that dies
 * between the two leaves it marked: whoever comes next tells it again, and says that it may be a
 * repetition. Where the channel fails all of it rests for a while, longer each time.
 *
 * Failure: of the store; what became of a message is kept until it can be written. Thread: the
 * notifier's, but run_sender(), which is each channel's own. */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "ops/channel_int.h"
#include "ops/notify_int.h"

#define REFUSED_REST (30 * USEC_PER_MIN) /* somebody has to mend it first */

/* --- handing over --------------------------------------------------------------------------- */

static void hand_over(struct notifier *n, struct sender *s, usec now) {
    snprintf(s->id, sizeof s->id, "%" PRId64 "-%" PRId64, s->batch[0].notice.id,
             s->batch[s->count - 1].notice.id);
    pthread_mutex_lock(&n->lock);
    s->at = now;
    s->state = SENDER_READY;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
}

/* What fits into one message, by the same words that it will have. */
static int fitting(const struct sender *s, usec now) {
    char block[MESSAGE_TEXT_BYTES + 128];
    struct buf text;
    const struct message m = {str_from_z(s->name), s->batch, s->count, s->left_out, now};
    buf_init_fixed(&text, block, sizeof block);
    return message_text(&m, &text);
}

static bool mark_taken(struct notifier *n, struct sender *s, usec now, struct error *err) {
    if (!store_begin(n->store, true, err)) return false;
    bool ok = true;
    for (int i = 0; i < s->count && ok; i++)
        ok = store_delivery_taken(n->store, s->batch[i].notice.id, str_from_z(s->row.name), now,
                                  err);
    if (ok && store_commit(n->store, err)) return true;
    store_rollback(n->store);
    return false;
}

static bool is_idle(struct notifier *n, const struct sender *s) {
    pthread_mutex_lock(&n->lock);
    const bool idle = s->state == SENDER_IDLE;
    pthread_mutex_unlock(&n->lock);
    return idle;
}

bool notify_next(struct notifier *n, struct sender *s, const struct config *cfg, usec now,
                 struct error *err) {
    if (now < s->rests_until || (s->look_at != 0 && now < s->look_at) || !is_idle(n, s))
        return true;
    const str name = str_from_z(s->row.name);
    if (!store_deliveries_due(n->store, name, now, s->batch, MESSAGE_NOTICES_MAX, &s->count, err) ||
        !store_deliveries_waiting(n->store, name, &s->waiting, &s->look_at, err))
        return false;
    metric_set(s->waiting_metric, s->waiting);
    if (s->count == 0) return true;
    s->look_at = 0;
    if (!pace_take(&s->pace, cfg->notify_per_minute, s->batch[0].urgent, now)) return true;
    s->left_out = s->skipped;
    s->direct = false;
    IGNORE(!str_copyz(cfg->notify_name, s->name, sizeof s->name), "the table keeps it short");
    s->count = fitting(s, now);
    if (!mark_taken(n, s, now, err)) return false;
    hand_over(n, s, now);
    return true;
}

void notify_direct(struct notifier *n, const struct config *cfg, const struct notice *v, usec now) {
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        struct sender *const s = &n->senders[i];
        const bool told = s->channel != NULL && (notify_events(cfg, s->which) & BIT(v->kind)) != 0;
        if (!told || !is_idle(n, s)) continue;
        s->batch[0] =
            (struct delivery){.notice = *v, .urgent = (notify_urgent(cfg) & BIT(v->kind)) != 0};
        s->count = 1;
        s->left_out = 0;
        s->direct = true;
        hand_over(n, s, now);
    }
}

/* --- taking back ---------------------------------------------------------------------------- */

static channel_state state_of(sent_end end) {
    switch (end) {
    case SENT_DONE:
    case SENT_BAD:
        return CHANNEL_IS_WELL;
    case SENT_LATER:
        return CHANNEL_IS_RETRYING;
    case SENT_REFUSED:
        return CHANNEL_IS_REFUSED;
    }
    WRONG("an end out of its list");
}

static void say_state(const struct sender *s, channel_state now) {
    if (now == CHANNEL_IS_REFUSED)
        log_unusual("notify_refused", LOG_Z("channel", s->row.name), LOG_Z("why", s->sent.why),
                    LOG_Z("next", "mend it, then bullfinch notify test"));
    else if (now == CHANNEL_IS_RETRYING)
        log_unusual("notify_retrying", LOG_Z("channel", s->row.name), LOG_Z("why", s->sent.why));
    else
        log_info("notify_well", LOG_Z("channel", s->row.name));
}

/* The channel's row and its rest; the same answer is taken once. */
static void note_channel(struct sender *s, usec now) {
    const channel_state to = state_of(s->sent.end);
    const bool failed = s->sent.end == SENT_LATER || s->sent.end == SENT_REFUSED;
    if (to != s->row.state) {
        if (to != CHANNEL_IS_WELL || s->row.state != CHANNEL_IS_NEW) say_state(s, to);
        s->row.since = now;
        s->turned = to == CHANNEL_IS_REFUSED;
    }
    s->row.state = to;
    memcpy(s->row.why, s->sent.why, sizeof s->row.why);
    s->tries = failed ? s->tries + 1 : 0;
    if (s->sent.end == SENT_LATER) s->rests_until = now + pace_again(s->tries, s->sent.wait);
    if (s->sent.end == SENT_REFUSED) s->rests_until = now + REFUSED_REST;
    if (s->sent.end == SENT_DONE) {
        s->row.sent++;
        s->row.sent_at = now;
        s->skipped -= s->left_out;
    }
    if (s->sent.end == SENT_BAD) {
        s->row.failed++;
        log_unusual("notify_failed", LOG_Z("channel", s->row.name), LOG_Z("why", s->sent.why));
    }
    s->row_due = true;
    metric_set(s->up_metric, to == CHANNEL_IS_WELL);
    metric_add(s->sent.end == SENT_DONE  ? s->sent_metric
               : s->sent.end == SENT_BAD ? s->failed_metric
                                         : s->retried_metric,
               1);
}

static bool put_one(struct notifier *n, struct sender *s, const struct config *cfg,
                    const struct notice *v, usec now, struct error *err) {
    const bool failed = s->sent.end == SENT_LATER || s->sent.end == SENT_REFUSED;
    const bool too_old = failed && now - v->at > cfg->notify_give_up_hours * USEC_PER_HOUR;
    const delivery_state to = s->sent.end == SENT_DONE             ? DELIVERY_SENT
                              : s->sent.end == SENT_BAD || too_old ? DELIVERY_FAILED
                                                                   : DELIVERY_WAITING;
    if (s->sent.end != SENT_DONE && !s->sent.maybe &&
        !store_delivery_untold(n->store, v->id, str_from_z(s->row.name), err))
        return false;
    return store_delivery_put(n->store, v->id, str_from_z(s->row.name), to, s->sent.why,
                              s->rests_until > now ? s->rests_until : now, now, err);
}

/* Whoever can be told otherwise is. */
static bool tell_others(struct notifier *n, const struct sender *s, usec now, struct error *err) {
    char text[NOTICE_TEXT_BYTES];
    struct notice v;
    snprintf(text, sizeof text, "%s takes no messages from here: %s", s->row.name, s->sent.why);
    notice_make(&v, now, NOTICE_SYSTEM, "channel_refused", str_from_z(text));
    return store_notice_put(n->store, &v, err);
}

static bool put_all(struct notifier *n, struct sender *s, const struct config *cfg, usec now,
                    struct error *err) {
    if (!store_begin(n->store, true, err)) return false;
    bool ok = true;
    for (int i = 0; i < s->count && ok && !s->direct; i++)
        ok = put_one(n, s, cfg, &s->batch[i].notice, now, err);
    if (ok && s->row_due) ok = store_channel_put(n->store, &s->row, err);
    if (ok && s->turned) ok = tell_others(n, s, now, err);
    if (ok && store_commit(n->store, err)) {
        n->again = n->again || s->turned;
        s->row_due = s->turned = false;
        return true;
    }
    store_rollback(n->store);
    return false;
}

bool notify_unusable(struct notifier *n, struct sender *s, usec now, struct error *err) {
    const bool news = s->row.state != CHANNEL_IS_REFUSED;
    sent_say(&s->sent, SENT_REFUSED, 0, "%s", s->channel->unusable);
    if (news) s->row.since = now;
    s->row.state = CHANNEL_IS_REFUSED;
    memcpy(s->row.why, s->sent.why, sizeof s->row.why);
    if (!store_begin(n->store, true, err)) return false;
    if (store_channel_put(n->store, &s->row, err) && (!news || tell_others(n, s, now, err)) &&
        store_commit(n->store, err))
        return true;
    store_rollback(n->store);
    return false;
}

bool notify_finish(struct notifier *n, struct sender *s, const struct config *cfg, usec now,
                   struct error *err) {
    pthread_mutex_lock(&n->lock);
    const bool done = s->state == SENDER_DONE;
    pthread_mutex_unlock(&n->lock);
    if (!done) return true;
    if (!s->row_due) note_channel(s, now); /* once, however often it is written */
    if (s->direct) {                       /* what the store cannot take it need not */
        s->row_due = false;
    } else if (!put_all(n, s, cfg, now, err)) {
        return false;
    }
    pthread_mutex_lock(&n->lock);
    s->state = SENDER_IDLE;
    pthread_mutex_unlock(&n->lock);
    s->look_at = 0;
    return true;
}
