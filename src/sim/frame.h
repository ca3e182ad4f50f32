/* frame: WebSocket frames (RFC 6455), the server's side. Pure. */
#ifndef BF_SIM_FRAME_H
#define BF_SIM_FRAME_H

#include "base/buf.h"
#include "base/str.h"

#define FRAME_PAYLOAD_MAX (1 << 20) /* from a client; ten thousand authors fit */

typedef enum frame_op {
    FRAME_CONT = 0,
    FRAME_TEXT = 1,
    FRAME_BINARY = 2,
    FRAME_CLOSE = 8,
    FRAME_PING = 9,
    FRAME_PONG = 10
} frame_op;

struct frame {
    frame_op op;
    bool fin;
    str payload;    /* unmasked, within the input */
    ptrdiff_t used; /* bytes of the frame */
};

typedef enum frame_state { FRAME_MORE, FRAME_WHOLE, FRAME_BAD } frame_state;

/* The first frame of in[0..n); a whole one is unmasked in place, once. BAD: *ret_code is the close
 * code (1002, 1009). */
frame_state frame_parse(char *in, ptrdiff_t n, struct frame *ret, int *ret_code);

/* Appends a frame, unmasked and whole. */
void frame_put(struct buf *out, frame_op op, str payload);
void frame_put_close(struct buf *out, int code, str why);

/* Sec-WebSocket-Accept for a key, into block. False: the key is not 16 bytes in base 64. */
#define FRAME_ACCEPT_BYTES 32
MUST_CHECK bool frame_accept(str key, char block[FRAME_ACCEPT_BYTES]);

#endif
