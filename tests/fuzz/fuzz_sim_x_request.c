/* Law: whatever a client sends to X's face, it answers: JSON where the status says so, a problem
 * with its title where it refuses; what streams carry are JSON objects, one a line; the bill never
 * shrinks, and is what the counted resources cost.
 *
 * An input is lines: METHOD TARGET BODY, parted by blanks. "@fault " in front is X-Sim-Fault.
 * "wait N" is N milliseconds. */
#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz.h"
#include "sim/x_face.h"
#include "sim/x_posts.h"

#define LINES_MAX 60
#define LINE_MAX 4096
#define CHUNKS_MAX 200
#define START (INT64_C(1795000000) * USEC_PER_S)

struct bench {
    struct arena boot;
    struct x_posts *posts;
    struct x_face *x;
    struct sim_face face;
    usec now;
    struct buf body;
    bool open[16];
};

static void open_face(struct bench *b) {
    struct error err;
    struct x_face_options opt = {
        .seed = 3, .credits = money_from_e8(E8 / 2), .search_limit = 8, .start = START};
    const struct x_posts_options po = {.rate_e8 = 2 * E8, .seed = 3, .start = START - 60000000};
    opt.price[RESOURCE_POST] = opt.price[RESOURCE_EVENT] = money_from_e8(E8 / 200);
    opt.price[RESOURCE_USER] = money_from_e8(E8 / 100);
    arena_open(&b->boot, 1 << 24);
    b->posts = x_posts_new(&b->boot, &po, &opt.timeline, &opt.users, &opt.user_count);
    LAW(x_face_open(&b->boot, &opt, &b->x, &err));
    x_face_x(b->x, &b->face);
}

static void check_json(str text) {
    json_t *json =
        json_loadb(text.p, (size_t)text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    LAW(json != NULL && json_is_object(json));
    json_decref(json);
}

static void check_answer(const struct bench *b, const struct sim_answer *a) {
    if (a->html || a->delivery == SIM_CLOSE || a->delivery == SIM_SILENCE || a->stream >= 0) return;
    LAW(!buf_full(&b->body));
    check_json(buf_str(&b->body));
    json_t *json = json_loadb(b->body.p, (size_t)b->body.len, JSON_ALLOW_NUL, NULL);
    if (a->status >= 400)
        LAW(json_object_get(json, "title") || json_object_get(json, "error") ||
            json_object_get(json, "errors"));
    json_decref(json);
}

static str word_of(str *line) {
    str word = {0};
    return line->n > 0 && str_cut(line, ' ', &word) ? word : STR("");
}

static void ask(struct bench *b, str line) {
    struct sim_request rq = {.authorization = STR("Bearer x"), .peer = 1};
    struct sim_answer a = {.body = &b->body};
    if (str_starts(line, STR("@"))) rq.fault = str_tail(word_of(&line), 1);
    rq.method = word_of(&line);
    str target = word_of(&line);
    if (!str_starts(target, STR("/"))) return; /* the server lets nothing else come */
    if (str_cut(&target, '?', &rq.path) && target.p) rq.query = target;
    rq.body = line;
    b->face.request(b->face.ctx, b->now, &rq, &a);
    check_answer(b, &a);
    if (a.stream >= 0) {
        LAW(a.stream < 16 && !b->open[a.stream]);
        b->open[a.stream] = true;
    }
}

static void drain(struct bench *b) {
    int conn, code;
    for (int i = 0; i < CHUNKS_MAX && (conn = b->face.ready(b->face.ctx)) >= 0; i++) {
        LAW(conn < 16 && b->open[conn]);
        buf_clear(&b->body);
        const sim_frame f = b->face.next(b->face.ctx, b->now, conn, &b->body, &code);
        if (f == SIM_SHUT) b->open[conn] = false;
        if (f != SIM_TEXT) continue;
        LAW(str_ends(buf_str(&b->body), STR("\r\n")));
        if (b->body.len > 2) check_json(buf_str(&b->body));
    }
}

static void do_line(struct bench *b, str line) {
    int64_t n;
    if (!str_starts(line, STR("wait "))) {
        ask(b, line);
    } else if (str_to_i64(str_tail(line, 5), &n) && n > 0 && n < 100000) {
        b->now += n * USEC_PER_MS;
        b->face.advance(b->face.ctx, b->now);
    }
    drain(b);
}

static void check_bill(const struct bench *b) {
    const int64_t today = time_utc_day(b->now);
    int64_t e8 = 0;
    for (int64_t day = time_utc_day(START); day <= today; day++)
        e8 += (x_face_billed(b->x, day, RESOURCE_POST) + x_face_billed(b->x, day, RESOURCE_EVENT)) *
                  (E8 / 200) +
              x_face_billed(b->x, day, RESOURCE_USER) * (E8 / 100);
    LAW(money_e8(x_face_bill(b->x)) == e8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct bench b = {.now = START};
    str text = {(const char *)data, (ptrdiff_t)bytes}, line;
    if (bytes == 0) return 0;
    buf_init(&b.body, 32 << 20);
    open_face(&b);
    money before = x_face_bill(b.x);
    for (int i = 0; i < LINES_MAX && str_cut(&text, '\n', &line); i++) {
        do_line(&b, str_head(line, LINE_MAX));
        LAW(money_cmp(x_face_bill(b.x), before) >= 0);
        before = x_face_bill(b.x);
        check_bill(&b);
    }
    x_face_close(b.x);
    x_posts_free(b.posts);
    buf_fini(&b.body);
    arena_close(&b.boot);
    return 0;
}
