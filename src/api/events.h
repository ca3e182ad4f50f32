/* events: what changes, as a stream of server-sent events for many readers.
 *
 * One thread puts events in; a ring keeps the last API_EVENTS_KEPT of them, and each reader has a
 * place in it, so that a reader costs no more than that place. Ids are "EPOCH-SEQ": a sequence
 * without gaps under the name of this ring's life. */
#ifndef BF_API_EVENTS_H
#define BF_API_EVENTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "store/changes.h"

#define API_EVENTS_KEPT 4096
#define API_EVENTS_BYTES (8 << 20)
#define API_EVENTS_BEHIND_MAX (256 << 10) /* a reader that is further behind is dropped */
#define API_EVENTS_PING (15 * USEC_PER_S)
#define API_EVENTS_STALLED (30 * USEC_PER_S)
#define API_EVENTS_LAST_ID_BYTES 64

/* What a reader asks for. */
struct api_events_ask {
    uint32_t types;                         /* BIT(change); RELOAD always comes */
    char last_id[API_EVENTS_LAST_ID_BYTES]; /* Last-Event-ID, "": from now on */
};
/* "post,trade"; an empty text is all of them. Errors: ERR_PARSE names what is no type. */
MUST_CHECK bool api_events_types(str list, uint32_t *ret, struct error *err);

/* How a reader is put to sleep, woken and ended; each called under the ring's lock. */
struct api_events_ops {
    void (*sleep)(void *reader);           /* nothing to send: until woken */
    void (*wake)(void *reader, usec mono); /* there is something */
    void (*cut)(void *reader);             /* too slow: end it, whatever it does */
    bool (*is_gone)(void *reader); /* of a sleeping one: will it not read, or not be let to? */
};

struct api_events;
struct api_stream; /* a reader's place */

/* epoch: a name that no other life of the program had; readers: the most at once. */
struct api_events *api_events_new(struct arena *boot, const struct api_events_ops *ops,
                                  int64_t epoch, int readers);
void api_events_free(struct api_events *e); /* PRE: no reader is left. NULL is fine */

/* One thread: puts an event in (RELOAD: {"reason": ...}), then wakes who waits for it. */
void api_events_put(struct api_events *e, change what, str json);
/* The same thread, some 20 times a second: wakes readers, those too that want a sign of life; ends
 * the slow ones. */
void api_events_beat(struct api_events *e, usec mono);
/* No reader sleeps any more, and each read ends its stream. */
void api_events_close(struct api_events *e);

/* NULL: as many as there may be, or closed. A last_id that the ring has gives what came since;
 * another gives a reload. reader: for the ops. */
struct api_stream *api_stream_open(struct api_events *e, const struct api_events_ask *ask,
                                   void *reader, usec mono);
void api_stream_close(struct api_events *e, struct api_stream *s);
/* What goes out next, at most `max` bytes. 0: nothing now, and ops->sleep was called. -1: the end.
 */
ptrdiff_t api_stream_read(struct api_events *e, struct api_stream *s, char *to, ptrdiff_t max,
                          usec mono);
int api_events_readers(struct api_events *e);

#endif
