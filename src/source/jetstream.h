/* jetstream: Bluesky's posts, as a connector over a WebSocket; no account and no key. */
#ifndef BF_SOURCE_JETSTREAM_H
#define BF_SOURCE_JETSTREAM_H

#include "source/connector.h"

struct jetstream_options {
    str base;           /* "wss://jetstream2.us-east.bsky.network"; several, parted by blanks, are
                           taken in turn when one fails */
    str resolver;       /* "https://public.api.bsky.app": who a name is */
    str name;           /* posts' source: "bsky" */
    const str *authors; /* "did:plc:...", "alice.bsky.social", "did:plc:...@alice.bsky.social" */
    int author_count;   /* 0: everybody */
    const struct handle *known; /* from the store */
    int known_count;
    str state; /* from the store; "": from now on */
    usec now;
    uint64_t seed;
};
MUST_CHECK bool jetstream_open(struct arena *boot, const struct jetstream_options *opt,
                               struct connector **ret, struct error *err);

/* One message -> a post, word of a deletion, or nothing (likes, identities, other collections:
 * *ret_any false, no error). *ret_time_us: the event's time, for the cursor. Errors: ERR_PARSE,
 * ERR_RANGE. */
MUST_CHECK bool jetstream_parse(struct arena *a, str line, str source, usec received_at,
                                struct post *ret, bool *ret_any, usec *ret_time_us,
                                struct error *err);

#endif
