/* events: a ring of texts and the readers' places in it.
 *
 * In: changes as JSON. Out: the bytes of each reader's stream. An event is stored once, as the text
 * that goes out ("id: ..", "event: ..", "data: .."); a reader has a number and an offset, and a
 * short text of its own for what concerns it alone (the beginning, a reload, a sign of life).
 *
 * Invariants: texts stand in a block of API_EVENTS_BYTES, each in one piece, oldest first; where
 * there is no room the oldest go. `pending` of a reader counts the bytes of what was put since it
 * came and that it did not take; over API_EVENTS_BEHIND_MAX it is ended, as is one that takes
 * nothing for API_EVENTS_STALLED though there is something, or whose place was overwritten. What it
 * catches up on (Last-Event-ID) is not counted. A sleeping reader has taken all that it wants.
 *
 * Thread: any; one lock, under which the ops are called. They must not call back. */
#include "api/events.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define OWN_BYTES 160
#define LOOK_EVERY (2 * USEC_PER_S)
#define EVENT_BYTES_MAX (1 << 20)

struct kept_event {
    int64_t at; /* offset of its text in the block, ever growing; % API_EVENTS_BYTES */
    int32_t bytes;
    change what;
};

struct api_stream {
    bool used, sleeping, over;
    uint32_t types;
    void *reader;
    int64_t next;   /* sequence number of the next event */
    int32_t offset; /* of what was taken of it */
    char own[OWN_BYTES];
    int32_t own_bytes, own_taken;
    int64_t joined; /* the newest event when it came */
    int64_t pending;
    usec taken_at; /* monotonic: it took something, or began to have something to take */
};

struct api_events {
    pthread_mutex_t lock;
    struct api_events_ops ops;
    char epoch[24];
    struct kept_event *ring; /* of seq: seq % API_EVENTS_KEPT */
    int64_t first, next;     /* sequence numbers: the oldest kept, the next one */
    char *block;
    int64_t head; /* offset behind the newest text */
    struct api_stream *streams;
    int max, count, high;
    bool closed;
    usec look_at; /* monotonic: who is gone is looked for */
    struct buf text;
};

bool api_events_types(str list, uint32_t *ret, struct error *err) {
    uint32_t types = 0;
    str rest = list, one;
    while (rest.n > 0 && str_cut(&rest, ',', &one)) {
        change what;
        if (!change_from_name(one, &what))
            return fail(err, ERR_PARSE, 0,
                        "types: \"" STR_FMT "\" is none of post, signal, trade, order, position, "
                        "equity, mode, source, command, alert, reload",
                        STR_ARG(str_head(one, 40)));
        types |= BIT(what);
    }
    *ret = list.n == 0 ? BIT(CHANGE_COUNT) - 1 : types | BIT(CHANGE_RELOAD);
    return true;
}

struct api_events *api_events_new(struct arena *boot, const struct api_events_ops *ops,
                                  int64_t epoch, int readers) {
    struct api_events *e = NEW(boot, struct api_events);
    PRE(readers > 0);
    e->ops = *ops;
    snprintf(e->epoch, sizeof e->epoch, "%llx", (unsigned long long)epoch);
    e->ring = NEW_ARRAY(boot, struct kept_event, API_EVENTS_KEPT);
    e->block = arena_alloc(boot, 1, 1, API_EVENTS_BYTES);
    e->streams = NEW_ARRAY(boot, struct api_stream, readers);
    e->max = readers;
    e->first = e->next = 1;
    POST(pthread_mutex_init(&e->lock, NULL) == 0);
    buf_init(&e->text, EVENT_BYTES_MAX);
    return e;
}

void api_events_free(struct api_events *e) {
    if (e == NULL) return;
    PRE(e->count == 0);
    pthread_mutex_destroy(&e->lock);
    buf_fini(&e->text);
}

/* --- writing ------------------------------------------------------------------------------ */

static struct kept_event *event_at(const struct api_events *e, int64_t seq) {
    return &e->ring[seq % API_EVENTS_KEPT];
}

/* Room for a text in one piece; returns its offset. The oldest events go. */
static int64_t make_room(struct api_events *e, int32_t bytes) {
    const int64_t left = API_EVENTS_BYTES - e->head % API_EVENTS_BYTES;
    const int64_t at = left >= bytes ? e->head : e->head + left;
    if (e->next - e->first == API_EVENTS_KEPT) e->first++;
    while (e->first < e->next && event_at(e, e->first)->at < at + bytes - API_EVENTS_BYTES)
        e->first++;
    e->head = at + bytes;
    return at;
}

/* JSON of ours has no line feed; one that had would end its line. */
static void put_json_line(struct buf *b, str json) {
    str rest = json, line;
    if (str_find_byte(json, '\n') < 0) {
        buf_put(b, json);
        return;
    }
    while (rest.p != NULL && str_cut(&rest, '\n', &line)) {
        buf_put(b, line);
        buf_put_byte(b, ' ');
    }
}

static void wake(struct api_events *e, struct api_stream *s, usec mono) {
    if (!s->sleeping) return;
    s->sleeping = false;
    s->taken_at = mono;
    e->ops.wake(s->reader, mono);
}

void api_events_put(struct api_events *e, change what, str json) {
    pthread_mutex_lock(&e->lock);
    struct buf *const b = &e->text;
    buf_clear(b);
    buf_printf(b, "id: %s-%lld\nevent: %s\ndata: ", e->epoch, (long long)e->next,
               change_name(what));
    put_json_line(b, json);
    buf_put(b, STR("\n\n"));
    if (buf_full(b)) { /* then it is told without its content */
        buf_clear(b);
        buf_printf(b, "id: %s-%lld\nevent: reload\ndata: {\"reason\":\"too_large\"}\n\n", e->epoch,
                   (long long)e->next);
        what = CHANGE_RELOAD;
    }
    const int32_t bytes = (int32_t)b->len;
    const int64_t at = make_room(e, bytes);
    memcpy(e->block + at % API_EVENTS_BYTES, b->p, (size_t)bytes);
    *event_at(e, e->next) = (struct kept_event){at, bytes, what};
    e->next++;
    for (int i = 0; i < e->high; i++) {
        struct api_stream *const s = &e->streams[i];
        if (s->used && s->types & BIT(what)) s->pending += bytes;
    }
    pthread_mutex_unlock(&e->lock);
}

static bool is_slow(const struct api_events *e, const struct api_stream *s, usec mono) {
    if (s->sleeping) return false;
    return s->pending > API_EVENTS_BEHIND_MAX || s->next < e->first ||
           mono - s->taken_at > API_EVENTS_STALLED;
}

static void set_own(struct api_stream *s, const char *text) {
    s->own_bytes = (int32_t)strlen(text);
    PRE(s->own_bytes < OWN_BYTES);
    memcpy(s->own, text, (size_t)s->own_bytes);
    s->own_taken = 0;
}

/* One that sleeps and has nothing to take. */
static void rouse(struct api_events *e, struct api_stream *s, bool look, usec mono) {
    const bool quiet = mono - s->taken_at >= API_EVENTS_PING;
    if (look && e->ops.is_gone(s->reader))
        s->over = true;
    else if (quiet)
        set_own(s, ": ping\n\n");
    if (s->over || quiet) wake(e, s, mono);
}

void api_events_beat(struct api_events *e, usec mono) {
    pthread_mutex_lock(&e->lock);
    const bool look = mono >= e->look_at;
    if (look) e->look_at = mono + LOOK_EVERY;
    for (int i = 0; i < e->high; i++) {
        struct api_stream *const s = &e->streams[i];
        if (!s->used || s->over) continue;
        if (is_slow(e, s, mono)) {
            s->over = true;
            e->ops.cut(s->reader);
        } else if (s->sleeping && s->pending > 0) {
            wake(e, s, mono);
        } else if (s->sleeping) {
            s->next = e->next; /* what came since is not of its types */
            rouse(e, s, look, mono);
        }
    }
    pthread_mutex_unlock(&e->lock);
}

void api_events_close(struct api_events *e) {
    pthread_mutex_lock(&e->lock);
    e->closed = true;
    for (int i = 0; i < e->high; i++)
        if (e->streams[i].used) wake(e, &e->streams[i], e->streams[i].taken_at);
    pthread_mutex_unlock(&e->lock);
}

/* --- reading ------------------------------------------------------------------------------ */

/* "EPOCH-SEQ" of this ring. */
static bool parse_id(const struct api_events *e, str id, int64_t *ret) {
    str rest = id, epoch;
    return str_cut(&rest, '-', &epoch) && str_eq(epoch, str_from_z(e->epoch)) && rest.n > 0 &&
           rest.p[0] >= '0' && rest.p[0] <= '9' && str_to_i64(rest, ret);
}

/* From where, and what it is told first. */
static void begin(struct api_events *e, struct api_stream *s, const char *last_id) {
    const long long newest = e->next - 1;
    char text[OWN_BYTES];
    int64_t seq = 0;
    s->joined = s->next = e->next;
    const bool ours = parse_id(e, str_from_z(last_id), &seq);
    if (ours && seq >= e->first - 1 && seq < e->next) {
        s->next = seq + 1;
        snprintf(text, sizeof text, "retry: 2000\n\n");
    } else if (last_id[0] != '\0') {
        snprintf(text, sizeof text,
                 "retry: 2000\nid: %s-%lld\nevent: reload\ndata: {\"reason\":\"%s\"}\n\n", e->epoch,
                 newest, ours ? "away_too_long" : "restarted");
    } else {
        snprintf(text, sizeof text, "retry: 2000\nid: %s-%lld\n\n", e->epoch, newest);
    }
    set_own(s, text);
}

struct api_stream *api_stream_open(struct api_events *e, const struct api_events_ask *ask,
                                   void *reader, usec mono) {
    struct api_stream *s = NULL;
    pthread_mutex_lock(&e->lock);
    for (int i = 0; !e->closed && s == NULL && i < e->max; i++)
        if (!e->streams[i].used) s = &e->streams[i];
    if (s != NULL) {
        *s = (struct api_stream){
            .used = true, .types = ask->types, .reader = reader, .taken_at = mono};
        begin(e, s, ask->last_id);
        e->count++;
        e->high = e->high > s - e->streams + 1 ? e->high : (int)(s - e->streams) + 1;
    }
    pthread_mutex_unlock(&e->lock);
    return s;
}

void api_stream_close(struct api_events *e, struct api_stream *s) {
    pthread_mutex_lock(&e->lock);
    PRE(s->used);
    *s = (struct api_stream){0};
    e->count--;
    while (e->high > 0 && !e->streams[e->high - 1].used) e->high--;
    pthread_mutex_unlock(&e->lock);
}

static ptrdiff_t take_own(struct api_stream *s, char *to, ptrdiff_t max) {
    const ptrdiff_t n = i64_min(s->own_bytes - s->own_taken, max);
    memcpy(to, s->own + s->own_taken, (size_t)n);
    s->own_taken += (int32_t)n;
    return n;
}

/* Events of its types, as many as fit; a long one in parts. */
static ptrdiff_t take_events(const struct api_events *e, struct api_stream *s, char *to,
                             ptrdiff_t max) {
    ptrdiff_t n = 0;
    while (n < max && s->next < e->next) {
        const struct kept_event *const ev = event_at(e, s->next);
        if (!(s->types & BIT(ev->what))) {
            s->next++;
            continue;
        }
        const ptrdiff_t piece = i64_min(ev->bytes - s->offset, max - n);
        memcpy(to + n, e->block + ev->at % API_EVENTS_BYTES + s->offset, (size_t)piece);
        n += piece;
        if (s->next >= s->joined) s->pending -= piece;
        s->offset += (int32_t)piece;
        if (s->offset < ev->bytes) break;
        s->offset = 0;
        s->next++;
    }
    return n;
}

ptrdiff_t api_stream_read(struct api_events *e, struct api_stream *s, char *to, ptrdiff_t max,
                          usec mono) {
    ptrdiff_t n = -1;
    pthread_mutex_lock(&e->lock);
    if (!e->closed && !s->over && s->next >= e->first) {
        n = take_own(s, to, max);
        n += take_events(e, s, to + n, max - n);
        s->taken_at = mono;
        if (n == 0) {
            s->sleeping = true;
            e->ops.sleep(s->reader);
        }
    }
    pthread_mutex_unlock(&e->lock);
    return n;
}

int api_events_readers(struct api_events *e) {
    pthread_mutex_lock(&e->lock);
    const int n = e->count;
    pthread_mutex_unlock(&e->lock);
    return n;
}
