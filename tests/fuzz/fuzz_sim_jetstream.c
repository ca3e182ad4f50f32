/* Law: whatever a client asks the simulated Jetstream for, what it is sent is well-formed, in the
 * order of time, not before now's end, and no commit comes twice on a connection; a connection that
 * was refused or shut is gone, and its number is free.
 *
 * An input is a path with its query, and then messages, one a line; a second passes before each. A
 * line that begins with "?" is the query of a request for who a name is. */
#include "fuzz.h"
#include "sim/x_face.h"
#include "source/jetstream.h"

#define T INT64_C(1785000000000000)
#define POSTS 40

static struct arena boot, mem;
static struct sim_face face;
static struct buf out;
static int published;
static usec last;
static bool seen[POSTS];

static bool next_post(void *ctx, struct sim_post *ret) {
    (void)ctx;
    const int i = published;
    if (i == POSTS) return false;
    published++;
    *ret = (struct sim_post){.kind = i % 7 == 5   ? SIM_POST_EDIT
                                     : i % 7 == 6 ? SIM_POST_DELETION
                                                  : SIM_POST,
                             .at = T + (i - 20) * USEC_PER_S / 2,
                             .id = i % 7 == 6 ? 0 : i + 1,
                             .root_id = i % 7 >= 5 ? i % 7 == 5 ? i - 3 : i - 4 : 0,
                             .ref_id = i > 2 && i % 3 == 0 ? i - 1 : 0,
                             .ref = i > 2 && i % 3 == 0 ? POST_REF_REPLY : POST_REF_NONE,
                             .username = i % 2 == 0 ? STR("Alice_1") : STR("bob"),
                             .text = STR("a \"text\" \xF0\x9F\x9A\x80"),
                             .lang = STR("en")};
    return true;
}

static void check_message(usec now) {
    struct post p;
    struct error err;
    bool any;
    usec time;
    arena_reset(&mem);
    LAW(jetstream_parse(&mem, buf_str(&out), STR("bsky"), now, &p, &any, &time, &err));
    LAW(time >= last && time <= now);
    last = time;
    if (str_find(buf_str(&out), STR("\"kind\":\"commit\"")) < 0) return;
    const int64_t i = (time - T) * 2 / USEC_PER_S + 20; /* each has a time of its own */
    LAW(i >= 0 && i < POSTS && !seen[i]);
    seen[i] = true;
}

/* False: it was shut. */
static bool take_all(usec now, int conn) {
    int code;
    for (int i = 0; i < 20000; i++) { /* 36 hours of identities are 18,500 */
        buf_clear(&out);
        const sim_frame f = face.next(face.ctx, now, conn, &out, &code);
        LAW(f != SIM_PING);
        if (f == SIM_NOTHING) {
            LAW(face.ready(face.ctx) < 0);
            return true;
        }
        if (f == SIM_SHUT) return false;
        check_message(now);
    }
    LAW(published < 0); /* it has no end */
    return false;
}

static void ask(usec now, str query) {
    const struct sim_request rq = {.method = STR("GET"),
                                   .path = STR("/xrpc/com.atproto.identity.resolveHandle"),
                                   .query = query};
    struct sim_answer a = {.body = &out};
    buf_clear(&out);
    face.request(face.ctx, now, &rq, &a);
    LAW(a.status == 200 || a.status == 400);
    LAW((a.status == 200) == (str_find(buf_str(&out), STR("{\"did\":\"did:plc:")) == 0));
}

static void converse(str text) {
    usec now = T;
    str line;
    if (!str_cut(&text, '\n', &line)) return;
    int conn = face.open(face.ctx, now, line, 1);
    LAW(conn >= -2);
    while (conn >= 0) {
        if (!take_all(now, conn)) {
            conn = -1;
            break;
        }
        now += USEC_PER_S;
        face.advance(face.ctx, now);
        if (!str_cut(&text, '\n', &line)) break;
        if (str_starts(line, STR("?")))
            ask(now, str_tail(line, 1));
        else
            face.message(face.ctx, now, conn, line);
    }
    if (conn >= 0) face.close(face.ctx, now, conn);
    LAW(face.ready(face.ctx) < 0);
    LAW(face.open(face.ctx, now, STR("/subscribe?"), 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct x_face *x;
    struct error err;
    const struct x_face_options opt = {
        .timeline = {next_post, NULL}, .seed = 3, .credits = money_from_e8(-1), .start = T};
    if (bytes > 1 << 18) return 0;
    if (boot.base == NULL) {
        arena_open(&boot, 1 << 20);
        arena_open(&mem, 8 << 20);
        buf_init(&out, 1 << 20);
    }
    arena_reset(&boot);
    published = 0;
    last = 0;
    for (int i = 0; i < POSTS; i++) seen[i] = false;
    LAW(x_face_open(&boot, &opt, &x, &err));
    x_face_jetstream(x, &face);
    converse(str_from_bytes(data, (ptrdiff_t)bytes));
    x_face_close(x);
    return 0;
}
