/* inbox: see the header for the rules of each kind.
 *
 * One mutex, held for a copy at a time; one condition for the trader, one for those who wait to put
 * a post. Prices: each symbol has a slot with at most one candle and one quote, and stands at most
 * once in a ring of symbols that have news; a second candle widens the range of the first, a second
 * quote replaces it, so a slow trader sees less detail and never an old price as a new one. A
 * symbol's new terms wait in the same ring.
 *
 * Threads: any may put, one takes. Failure: none; what cannot be kept is told by INBOX_LOST. */
#include "run/inbox.h"

#include <pthread.h>
#include <time.h>

#include "base/board.h"
#include "base/buf.h"
#include "base/time.h"

struct price_slot {
    bool listed;    /* stands in the ring of news */
    usec listed_at; /* since then; wall clock, as all such times here */
    bool has_candle, has_quote, has_terms, dry;
    struct candle candle;
    struct quote quote;
};

struct order_news {
    usec at;
    bool is_reply;
    union {
        struct reply reply;
        struct report report;
    } u;
};

struct inbox {
    pthread_mutex_t mutex;
    pthread_cond_t came, room;
    bool stopped;

    void **posts;  /* ring */
    usec *post_at; /* of each */
    int post_max, post_head, post_count;
    bool held;

    struct price_slot *prices; /* by symbol */
    struct symbol *terms;      /* by symbol, where has_terms */
    int *news;                 /* ring of symbols; each at most once */
    int symbols, news_head, news_count;
    bool post_next; /* whose turn it is, prices or posts */

    struct order_news *orders; /* ring */
    int order_max, order_head, order_count;
    int reserved; /* places promised to replies */
    bool lost;

    bool has_venue, reconnected, reset;
    struct venue_news venue, back, wiped; /* how it stands; the two that must not be missed */

    struct board_queue *posts_shown, *prices_shown, *orders_shown;
};

/* --- for those who look (PRE: locked) ----------------------------------------------------- */

static void show_posts(struct inbox *in) {
    board_queue_set(in->posts_shown, in->post_count, in->post_at[in->post_head]);
}

static void show_prices(struct inbox *in) {
    const usec at = in->news_count > 0 ? in->prices[in->news[in->news_head]].listed_at : 0;
    board_queue_set(in->prices_shown, in->news_count, at);
}

static void show_orders(struct inbox *in) {
    board_queue_set(in->orders_shown, in->order_count, in->orders[in->order_head].at);
}

static struct board_queue *show(const char *whose, const char *what, int64_t room) {
    char name[BOARD_NAME_BYTES];
    struct buf b;
    buf_init_fixed(&b, name, sizeof name);
    buf_printf(&b, "%s: %s", whose, what);
    return board_queue_open(buf_z(&b), room);
}

struct inbox *inbox_open(struct arena *boot, const char *whose, int symbols, int posts,
                         int orders) {
    PRE(posts > 0 && orders > 0 && symbols >= 0);
    struct inbox *in = NEW(boot, struct inbox);
    in->posts = NEW_ARRAY(boot, void *, posts);
    in->post_at = NEW_ARRAY(boot, usec, posts);
    in->prices = NEW_ARRAY(boot, struct price_slot, symbols + 1);
    in->terms = NEW_ARRAY(boot, struct symbol, symbols + 1);
    in->news = NEW_ARRAY(boot, int, symbols + 1);
    in->orders = NEW_ARRAY(boot, struct order_news, orders);
    in->post_max = posts;
    in->symbols = symbols;
    in->order_max = orders;
    in->posts_shown = show(whose, "posts", posts);
    if (symbols > 0) {
        in->prices_shown = show(whose, "symbols with a new price", symbols);
        in->orders_shown = show(whose, "news of orders", orders);
    }
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&in->mutex, NULL);
    pthread_cond_init(&in->came, &attr);
    pthread_cond_init(&in->room, &attr);
    pthread_condattr_destroy(&attr);
    return in;
}

void inbox_close(struct inbox *in) {
    if (!in) return;
    pthread_cond_destroy(&in->room);
    pthread_cond_destroy(&in->came);
    pthread_mutex_destroy(&in->mutex);
}

/* --- putting ----------------------------------------------------------------------------- */

bool inbox_put_post(struct inbox *in, void *post) {
    pthread_mutex_lock(&in->mutex);
    while (in->post_count == in->post_max && !in->stopped) pthread_cond_wait(&in->room, &in->mutex);
    const bool ok = !in->stopped;
    if (ok) {
        const int place = (in->post_head + in->post_count++) % in->post_max;
        in->posts[place] = post;
        in->post_at[place] = time_wall_us();
        show_posts(in);
        pthread_cond_signal(&in->came);
    }
    pthread_mutex_unlock(&in->mutex);
    return ok;
}

/* PRE: locked. */
static struct price_slot *news_of(struct inbox *in, int sym) {
    PRE(sym >= 0 && sym < in->symbols);
    struct price_slot *p = &in->prices[sym];
    if (!p->listed) {
        in->news[(in->news_head + in->news_count++) % (in->symbols + 1)] = sym;
        p->listed = true;
        p->listed_at = time_wall_us();
        show_prices(in);
    }
    pthread_cond_signal(&in->came);
    return p;
}

void inbox_put_quote(struct inbox *in, const struct quote *q) {
    pthread_mutex_lock(&in->mutex);
    struct price_slot *p = news_of(in, q->sym);
    p->quote = *q;
    p->has_quote = true;
    pthread_mutex_unlock(&in->mutex);
}

/* The range over both, the first's open, the second's close. */
static void widen(struct candle *c, const struct candle *later) {
    if (price_cmp(later->high, c->high) > 0) c->high = later->high;
    if (price_cmp(later->low, c->low) < 0) c->low = later->low;
    c->close = later->close;
    c->close_at = later->close_at;
    const int64_t a = volume_e8(c->volume), b = volume_e8(later->volume);
    c->volume = volume_from_e8(a > INT64_MAX - b ? INT64_MAX : a + b);
}

void inbox_put_candle(struct inbox *in, const struct candle *c) {
    pthread_mutex_lock(&in->mutex);
    struct price_slot *p = news_of(in, c->sym);
    if (p->has_candle)
        widen(&p->candle, c);
    else
        p->candle = *c;
    p->has_candle = true;
    p->has_quote = false; /* the open that waited is part of the range now */
    pthread_mutex_unlock(&in->mutex);
}

void inbox_put_dry(struct inbox *in, int sym) {
    pthread_mutex_lock(&in->mutex);
    news_of(in, sym)->dry = true;
    pthread_mutex_unlock(&in->mutex);
}

bool inbox_reserve(struct inbox *in) {
    pthread_mutex_lock(&in->mutex);
    const bool ok = in->order_count + in->reserved < in->order_max;
    if (ok) in->reserved++;
    pthread_mutex_unlock(&in->mutex);
    return ok;
}

void inbox_unreserve(struct inbox *in) {
    pthread_mutex_lock(&in->mutex);
    PRE(in->reserved > 0);
    in->reserved--;
    pthread_mutex_unlock(&in->mutex);
}

/* PRE: locked, and there is room. */
static struct order_news *next_order(struct inbox *in) {
    PRE(in->order_count < in->order_max);
    struct order_news *const n = &in->orders[(in->order_head + in->order_count++) % in->order_max];
    n->at = time_wall_us();
    show_orders(in);
    pthread_cond_signal(&in->came);
    return n;
}

void inbox_put_reply(struct inbox *in, const struct reply *r) {
    pthread_mutex_lock(&in->mutex);
    PRE(in->reserved > 0);
    in->reserved--;
    struct order_news *n = next_order(in);
    n->is_reply = true;
    n->u.reply = *r;
    pthread_mutex_unlock(&in->mutex);
}

void inbox_put_report(struct inbox *in, const struct report *r) {
    pthread_mutex_lock(&in->mutex);
    if (in->order_count + in->reserved < in->order_max) {
        struct order_news *n = next_order(in);
        n->is_reply = false;
        n->u.report = *r;
    } else {
        in->lost = true;
        pthread_cond_signal(&in->came);
    }
    pthread_mutex_unlock(&in->mutex);
}

void inbox_put_venue(struct inbox *in, const struct venue_news *n) {
    pthread_mutex_lock(&in->mutex);
    switch (n->state) {
    case VENUE_RECONNECTED:
        in->reconnected = true;
        in->back = *n;
        break;
    case VENUE_RESET:
        in->reset = true;
        in->wiped = *n;
        break;
    case VENUE_UP:
    case VENUE_DEGRADED:
    case VENUE_DOWN:
        in->has_venue = true;
        in->venue = *n;
        break;
    }
    pthread_cond_signal(&in->came);
    pthread_mutex_unlock(&in->mutex);
}

void inbox_put_symbol(struct inbox *in, int sym, const struct symbol *s) {
    pthread_mutex_lock(&in->mutex);
    news_of(in, sym)->has_terms = true;
    in->terms[sym] = *s;
    pthread_mutex_unlock(&in->mutex);
}

/* --- taking ------------------------------------------------------------------------------ */

static bool take_venue(struct inbox *in, struct inbox_item *ret) {
    bool *which = in->reset ? &in->reset : in->reconnected ? &in->reconnected : &in->has_venue;
    if (!*which) return false;
    *which = false;
    ret->kind = INBOX_VENUE;
    ret->venue = which == &in->reset ? in->wiped : which == &in->reconnected ? in->back : in->venue;
    return true;
}

static bool take_order(struct inbox *in, struct inbox_item *ret) {
    if (in->order_count > 0) {
        const struct order_news *n = &in->orders[in->order_head];
        in->order_head = (in->order_head + 1) % in->order_max;
        in->order_count--;
        show_orders(in);
        ret->kind = n->is_reply ? INBOX_REPLY : INBOX_REPORT;
        if (n->is_reply)
            ret->reply = n->u.reply;
        else
            ret->report = n->u.report;
        return true;
    }
    if (!in->lost) return false;
    in->lost = false; /* told once what was kept has been taken */
    ret->kind = INBOX_LOST;
    return true;
}

/* One piece of news of the symbol at the head; it leaves the ring with its last one. */
static bool take_price(struct inbox *in, struct inbox_item *ret) {
    if (in->news_count == 0) return false;
    const int sym = in->news[in->news_head];
    struct price_slot *p = &in->prices[sym];
    ret->sym = sym;
    if (p->has_terms) {
        ret->kind = INBOX_SYMBOL;
        ret->symbol = in->terms[sym];
        p->has_terms = false;
    } else if (p->has_candle) {
        ret->kind = INBOX_CANDLE;
        ret->candle = p->candle;
        p->has_candle = false;
    } else if (p->has_quote) {
        ret->kind = INBOX_QUOTE;
        ret->quote = p->quote;
        p->has_quote = false;
    } else {
        PRE(p->dry);
        ret->kind = INBOX_DRY;
        p->dry = false;
    }
    if (!p->has_candle && !p->has_quote && !p->has_terms && !p->dry) {
        p->listed = false;
        in->news_head = (in->news_head + 1) % (in->symbols + 1);
        in->news_count--;
        show_prices(in);
    }
    return true;
}

static bool take_post(struct inbox *in, struct inbox_item *ret) {
    if (in->post_count == 0 || in->held) return false;
    ret->kind = INBOX_POST;
    ret->post = in->posts[in->post_head];
    in->post_head = (in->post_head + 1) % in->post_max;
    in->post_count--;
    show_posts(in);
    pthread_cond_signal(&in->room);
    return true;
}

static bool take_any(struct inbox *in, struct inbox_item *ret) {
    if (take_venue(in, ret) || take_order(in, ret)) return true;
    in->post_next = !in->post_next;
    if (in->post_next) return take_post(in, ret) || take_price(in, ret);
    return take_price(in, ret) || take_post(in, ret);
}

void inbox_take(struct inbox *in, usec until, struct inbox_item *ret) {
    const struct timespec ts = {until / USEC_PER_S, until % USEC_PER_S * 1000};
    ret->kind = INBOX_NOTHING;
    pthread_mutex_lock(&in->mutex);
    while (!take_any(in, ret))
        if (pthread_cond_timedwait(&in->came, &in->mutex, &ts) != 0) break;
    pthread_mutex_unlock(&in->mutex);
}

void inbox_hold_posts(struct inbox *in, bool held) {
    pthread_mutex_lock(&in->mutex);
    in->held = held;
    pthread_mutex_unlock(&in->mutex);
}

void inbox_stop(struct inbox *in) {
    pthread_mutex_lock(&in->mutex);
    in->stopped = true;
    pthread_cond_broadcast(&in->room);
    pthread_mutex_unlock(&in->mutex);
}
