/* What the files of the simulated Jetstream share. */
#ifndef BF_SIM_X_JETSTREAM_INT_H
#define BF_SIM_X_JETSTREAM_INT_H

#include "sim/x_face_int.h"

#define X_DID_BYTES 33 /* "did:plc:" and 24 characters, with NUL */
#define X_RKEY_BYTES 14

/* One of what comes whatever is asked for: somebody's identity or account. */
struct x_jetstream_event {
    usec at;
    int64_t seq;
    const struct x_user *user;
    bool account; /* else identity */
};

/* Who an author is there: made of his number, the same for ever. */
str x_jetstream_did(int64_t author_id, char block[X_DID_BYTES]);
/* "alice.bsky.social" of "Alice". */
str x_jetstream_handle(const struct x_user *u, char block[HANDLE_BYTES]);
/* NULL: nobody's. */
const struct x_user *x_jetstream_who(const struct x_face *x, str handle);
/* Thirteen characters that sort as the numbers do. */
str x_jetstream_rkey(int64_t id, char block[X_RKEY_BYTES]);

/* What an item's message is filtered by. Slices of statics, of the item, or of the block. */
void x_jetstream_about(const struct x_item *item, char block[X_DID_BYTES], str *ret_did,
                       str *ret_collection);
/* The message; `out` is cleared first. */
void x_jetstream_put(const struct x_face *x, const struct x_item *item, struct buf *out);
void x_jetstream_put_event(const struct x_jetstream_event *e, struct buf *out);

#endif
