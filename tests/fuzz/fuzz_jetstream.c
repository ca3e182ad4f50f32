/* Law: whatever a server sends, the connector does not crash and believes nothing wrong. What
 * jetstream_parse takes is a clean post with a negative id, an author, the time that the message
 * gives, and an edit that is of another id than its root; a deletion has no text; the same bytes
 * give the same. A connector that is told the input, line by line, says a state with each post,
 * goes on from each state that it said, and gives no post twice within the span that it asks for
 * again, killed or not.
 *
 * An input is messages, one a line; a line of one byte is what happens: "g" the connection goes,
 * "k" the process is killed, "s" a second passes, "S" forty of them. */
#include <stdlib.h>

#include "fuzz.h"
#include "source/jetstream.h"

#define MEMORY_BYTES (32 << 20)
#define POSTS_MAX 4096
#define T INT64_C(1785000000000000)

static struct arena first_mem, second_mem, boot;

static void open_once(void) {
    if (first_mem.base != NULL) return;
    arena_open(&first_mem, MEMORY_BYTES);
    arena_open(&second_mem, MEMORY_BYTES);
    arena_open(&boot, MEMORY_BYTES);
}

static void check_post(const struct post *p) {
    LAW(p->id < 0 && p->root_id < 0);
    LAW(p->edited == (p->id != p->root_id));
    LAW(p->edited == (str_find_byte(p->source_id, '@') > 0));
    LAW(str_starts(p->author_id, STR("did:")) && str_starts(p->source_id, p->author_id));
    LAW(p->created_at > 0 && p->source_id.n <= 255);
    LAW(!p->deleted || (p->text.n == 0 && !p->edited && p->ref == POST_REF_NONE));
    LAW(str_utf8_valid(p->text) && p->text.n <= POST_TEXT_BYTES_MAX);
    LAW(p->ref_id == 0 || (p->ref_id < 0 && p->ref != POST_REF_NONE));
    LAW(p->lang.n >= 2);
}

static void parse_twice(str line) {
    struct post p, again;
    struct error err = {0};
    bool any, any_again;
    usec time, time_again;
    arena_reset(&first_mem);
    arena_reset(&second_mem);
    if (!jetstream_parse(&first_mem, line, STR("bsky"), T, &p, &any, &time, &err)) {
        LAW(err.code == ERR_PARSE || err.code == ERR_RANGE || err.code == ERR_LIMIT);
        LAW(err.msg[0] != '\0');
        return;
    }
    LAW(time > 0);
    LAW(jetstream_parse(&second_mem, line, STR("bsky"), T, &again, &any_again, &time_again, &err));
    LAW(any == any_again && time == time_again);
    if (!any) return;
    check_post(&p);
    LAW(p.created_at == time && p.received_at == T);
    LAW(p.id == again.id && p.root_id == again.root_id && p.deleted == again.deleted);
    LAW(str_eq(p.text, again.text) && str_eq(p.lang, again.lang) && p.ref_id == again.ref_id);
}

/* --- the conversation ------------------------------------------------------------------------ */

struct talk {
    struct connector *c;
    usec now, cursor;
    struct {
        int64_t key;
        usec time;
    } seen[POSTS_MAX];
    int posts;
    char state[INTAKE_STATE_BYTES];
    ptrdiff_t state_bytes;
};

static struct connector *open_connector(str state, usec now) {
    const struct jetstream_options opt = {.base = STR("wss://a.example wss://b.example"),
                                          .resolver = STR("https://c.example"),
                                          .name = STR("bsky"),
                                          .state = state,
                                          .now = now,
                                          .seed = 1};
    struct connector *c = NULL;
    struct error err = {0};
    arena_reset(&boot);
    LAW(jetstream_open(&boot, &opt, &c, &err));
    return c;
}

static void take_state(struct talk *t, str state) {
    int64_t cursor;
    str rest = state, word;
    LAW(state.n > 0 && state.n <= INTAKE_STATE_BYTES);
    LAW(str_cut(&rest, ' ', &word) && str_starts(word, STR("cursor=")));
    LAW(str_to_i64(str_tail(word, 7), &cursor) && cursor > 0);
    LAW(cursor <= t->now + 5 * USEC_PER_S);
    t->cursor = cursor;
    memcpy(t->state, state.p, (size_t)state.n);
    t->state_bytes = state.n;
}

static void take_items(struct talk *t) {
    struct intake in;
    arena_reset(&first_mem);
    while (connector_item(t->c, t->now, &first_mem, &in)) {
        LAW(in.kind != INTAKE_END && in.kind != INTAKE_USAGE);
        LAW(in.kind != INTAKE_GAP || in.u.gap.from <= in.u.gap.until);
        if (in.state.p != NULL) take_state(t, in.state);
        if (in.kind != INTAKE_POST) continue;
        LAW(in.state.p != NULL);
        check_post(&in.post);
        const int64_t key = in.post.deleted ? ~in.post.id : in.post.id;
        for (int i = 0; i < t->posts; i++)
            LAW(t->seen[i].key != key || t->seen[i].time < t->cursor - 5 * USEC_PER_S);
        if (t->posts == POSTS_MAX) continue;
        t->seen[t->posts].key = key;
        t->seen[t->posts++].time = i64_min(in.post.created_at, t->cursor);
    }
}

static void until_open(struct talk *t) {
    for (int i = 0;; i++) {
        struct connector_step step;
        LAW(i < 100); /* it is opened before */
        take_items(t);
        connector_step(t->c, t->now, &step);
        LAW(step.act != CONNECTOR_CALL && step.act != CONNECTOR_SEND);
        if (step.act == CONNECTOR_WAIT && step.until == USEC_NEVER) return;
        if (step.act == CONNECTOR_WAIT && step.until > t->now) {
            if (step.until > t->now + 10 * USEC_PER_S) return; /* it is open */
            t->now = step.until;
        } else if (step.act == CONNECTOR_OPEN) {
            connector_opened(t->c, t->now);
            take_items(t);
            return;
        } else if (step.act == CONNECTOR_SHUT) {
            struct http_answer a;
            http_answer_clear(&a);
            a.end = HTTP_LOST;
            connector_gone(t->c, t->now, &a);
        }
    }
}

/* As after a kill. */
static void start_anew(struct talk *t) {
    connector_close(t->c);
    t->c = open_connector((str){t->state, t->state_bytes}, t->now);
    until_open(t);
}

static void happen(struct talk *t, char what) {
    struct http_answer a;
    http_answer_clear(&a);
    a.end = HTTP_LOST;
    if (what == 'g') connector_gone(t->c, t->now, &a);
    if (what == 'k') start_anew(t);
    if (what == 's') t->now += USEC_PER_S;
    if (what == 'S') t->now += 40 * USEC_PER_S;
    until_open(t);
}

static void converse(str text) {
    static struct talk t;
    str line;
    t = (struct talk){.now = T, .c = open_connector((str){0}, T)};
    until_open(&t);
    for (int i = 0; i < 300 && str_cut(&text, '\n', &line); i++) {
        if (line.n == 1) {
            happen(&t, line.p[0]);
            continue;
        }
        connector_line(t.c, t.now, line);
        take_items(&t);
        until_open(&t);
    }
    start_anew(&t);
    connector_close(t.c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    open_once();
    if (bytes > POST_LINE_BYTES_MAX) return 0;
    const str text = str_from_bytes(data, (ptrdiff_t)bytes);
    str rest = text, line;
    while (str_cut(&rest, '\n', &line)) parse_twice(line);
    converse(text);
    return 0;
}
