/* connector: the wrappers through which live.c and tests call one, and what several of them share:
 * patience and the count of blind time. The words are in the header. Pure. */
#include "source/connector.h"

#include "base/rng.h"
#include "source/source_int.h"

void connector_step(struct connector *c, usec now, struct connector_step *ret) {
    *ret = (struct connector_step){.act = CONNECTOR_WAIT, .until = USEC_NEVER};
    c->ops->step(c, now, ret);
}

void connector_answered(struct connector *c, usec now, const struct http_answer *a) {
    c->ops->answered(c, now, a);
}

void connector_opened(struct connector *c, usec now) { c->ops->opened(c, now); }

void connector_line(struct connector *c, usec now, str line) { c->ops->line(c, now, line); }

void connector_gone(struct connector *c, usec now, const struct http_answer *a) {
    c->ops->gone(c, now, a);
}

bool connector_item(struct connector *c, usec now, struct arena *a, struct intake *ret) {
    *ret = (struct intake){0};
    return c->ops->item(c, now, a, ret);
}

void connector_status(const struct connector *c, usec now, struct source_status *ret) {
    *ret = (struct source_status){0};
    c->ops->status(c, now, ret);
}

void connector_close(struct connector *c) {
    if (c != NULL && c->ops->close != NULL) c->ops->close(c);
}

void connector_complain(struct connector *c, str where, str what, str payload) {
    if (c->source != NULL) source_complain(c->source, where, what, payload);
}

/* --- patience ---------------------------------------------------------------------------- */

usec patience_failed(struct patience *p, usec now, struct rng *r) {
    usec pause = p->first;
    p->failures++;
    for (int i = 1; i < p->failures && pause < p->most; i++)
        pause = p->linear ? pause + p->first : 2 * pause;
    if (patience_is_open(p) || pause > p->most) pause = p->most;
    p->until = now + pause / 2 + rng_between(r, 0, pause / 2);
    return p->until;
}

void patience_ok(struct patience *p) {
    p->failures = 0;
    p->until = 0;
}

/* --- blindness --------------------------------------------------------------------------- */

static void turn_day(struct blindness *b, usec now) {
    const int64_t day = time_utc_day(now);
    if (day == b->day) return;
    b->day = day;
    b->spent = 0;
    if (b->since != 0) b->since = i64_max(b->since, day * USEC_PER_DAY);
}

void blind_begin(struct blindness *b, usec now) {
    turn_day(b, now);
    if (b->since == 0) b->since = now;
}

void blind_end(struct blindness *b, usec now) {
    turn_day(b, now);
    if (b->since != 0) b->spent += i64_max(now - b->since, 0);
    b->since = 0;
}

usec blind_today(const struct blindness *b, usec now) {
    struct blindness copy = *b;
    turn_day(&copy, now);
    return copy.spent + (copy.since != 0 ? i64_max(now - copy.since, 0) : 0);
}
