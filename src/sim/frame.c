/* frame: WebSocket frames (RFC 6455), the server's side.
 *
 * In: bytes of a client. Out: frames, unmasked, or the code with which the connection is to be
 * closed. What the standard forbids is refused (no mask, reserved bits and codes, long or cut
 * control frames). Messages are put together by the caller. No extensions are spoken.
 *
 * No I/O, no memory; any thread. */
#include "sim/frame.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

static frame_state refuse(int *ret_code, int code) {
    *ret_code = code;
    return FRAME_BAD;
}

static bool known_op(int op) {
    return op <= FRAME_BINARY || (op >= FRAME_CLOSE && op <= FRAME_PONG);
}

static void unmask(char *p, ptrdiff_t n, const char mask[4]) {
    for (ptrdiff_t i = 0; i < n; i++) p[i] = (char)(p[i] ^ mask[i & 3]);
}

frame_state frame_parse(char *in, ptrdiff_t n, struct frame *ret, int *ret_code) {
    const unsigned char *b = (const unsigned char *)in;
    if (n < 2) return FRAME_MORE;
    const int op = b[0] & 15;
    const bool fin = b[0] & 128;
    if ((b[0] & 0x70) || !known_op(op) || !(b[1] & 128)) return refuse(ret_code, 1002);
    int64_t size = b[1] & 127;
    ptrdiff_t head = 2;
    if (op >= FRAME_CLOSE && (!fin || size > 125)) return refuse(ret_code, 1002);
    if (size >= 126) {
        const int bytes = size == 126 ? 2 : 8;
        if (n < 2 + bytes) return FRAME_MORE;
        if (bytes == 8 && (b[2] & 128)) return refuse(ret_code, 1002);
        size = 0;
        for (int i = 0; i < bytes; i++) size = size << 8 | b[2 + i];
        head += bytes;
    }
    if (size > FRAME_PAYLOAD_MAX) return refuse(ret_code, 1009);
    if (n < head + 4 + size) return FRAME_MORE;
    char mask[4];
    memcpy(mask, in + head, 4);
    head += 4;
    unmask(in + head, (ptrdiff_t)size, mask);
    *ret = (struct frame){.op = (frame_op)op,
                          .fin = fin,
                          .payload = {in + head, (ptrdiff_t)size},
                          .used = head + (ptrdiff_t)size};
    return FRAME_WHOLE;
}

void frame_put(struct buf *out, frame_op op, str payload) {
    char head[10];
    ptrdiff_t n = 2;
    head[0] = (char)(128 | (int)op);
    if (payload.n < 126) {
        head[1] = (char)payload.n;
    } else {
        const int bytes = payload.n < 65536 ? 2 : 8;
        head[1] = bytes == 2 ? 126 : 127;
        for (int i = 0; i < bytes; i++)
            head[2 + i] = (char)((uint64_t)payload.n >> (8 * (bytes - 1 - i)));
        n += bytes;
    }
    buf_put(out, (str){head, n});
    buf_put(out, payload);
}

void frame_put_close(struct buf *out, int code, str why) {
    char text[125];
    const ptrdiff_t n = i64_min(why.n, (int64_t)sizeof text - 2);
    text[0] = (char)(code >> 8);
    text[1] = (char)code;
    if (n > 0) memcpy(text + 2, why.p, (size_t)n);
    frame_put(out, FRAME_CLOSE, (str){text, n + 2});
}

bool frame_accept(str key, char block[FRAME_ACCEPT_BYTES]) {
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char raw[24], digest[SHA_DIGEST_LENGTH];
    char text[24 + sizeof guid];
    if (key.n != 24 || key.p[22] != '=' || key.p[23] != '=') return false;
    if (EVP_DecodeBlock(raw, (const unsigned char *)key.p, 24) < 0) return false;
    memcpy(text, key.p, 24);
    memcpy(text + 24, guid, sizeof guid - 1);
    SHA1((const unsigned char *)text, 24 + sizeof guid - 1, digest);
    EVP_EncodeBlock((unsigned char *)block, digest, SHA_DIGEST_LENGTH);
    return true;
}
