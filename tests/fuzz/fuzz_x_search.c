/* Law: whatever X answers, the search goes on: it asks for nothing but pages and the account's
 * chores, within its budget and with a query that fits; it never turns in a circle; a post is given
 * once; what it gives as its state it takes again, and the state comes back as it was.
 *
 * An input is answers, parted by 0x1e: "200 body", "429 body", "L" lost; ">" in front: an hour
 * passes before. What is not there is an empty page. */
#include <string.h>

#include "fuzz.h"
#include "source/x_search_int.h"

#define NOW INT64_C(1788000000000000)
#define STEPS_MAX 400
#define POSTS_MAX 4096

static struct arena boot, turn;
static char state[INTAKE_STATE_BYTES];
static int64_t given[POSTS_MAX];
static int given_count;

static struct x_account *open_account(void) {
    const struct x_account_options opt = {
        .base = STR("https://api.x.com"),
        .token = STR("hush"),
        .cost = {.price = {[RESOURCE_POST] = {500000}, [RESOURCE_USER] = {1000000}},
                 .budget = {10 * E8},
                 .posts_max = 3000000},
        .seed = 1};
    struct x_account *x = NULL;
    struct error err;
    LAW(x_account_open(&boot, &opt, &x, &err));
    return x;
}

static struct connector *open_source(struct x_account *x, usec now) {
    static const str authors[] = {{"elonmusk", 8}, {"12@jack", 7}};
    const struct x_source_options opt = {.account = x,
                                         .name = STR("x"),
                                         .authors = authors,
                                         .author_count = 2,
                                         .query = STR("$DOGE"),
                                         .filter = STR(""),
                                         .interval = USEC_PER_MIN,
                                         .pages_max = 3,
                                         .floor = 2 * USEC_PER_S,
                                         .state = str_from_z(state),
                                         .now = now,
                                         .seed = 1};
    struct connector *c = NULL;
    struct error err;
    LAW(x_search_open(&boot, &opt, &c, &err));
    return c;
}

static struct http_answer next_answer(str *rest, usec *now) {
    struct http_answer a;
    str part, status;
    int64_t n;
    http_answer_clear(&a);
    a.end = HTTP_ANSWERED;
    a.status = 200;
    a.body = STR("{\"meta\":{\"result_count\":0}}");
    if (!str_cut(rest, 0x1e, &part)) return a;
    if (str_starts(part, STR(">"))) {
        *now += USEC_PER_HOUR;
        part = str_tail(part, 1);
    }
    str body = part;
    a.end = HTTP_LOST;
    if (!str_cut(&body, ' ', &status) || !str_to_i64(status, &n) || n < 100 || n > 999) return a;
    a.end = HTTP_ANSWERED;
    a.status = (int)n;
    a.body = body.p != NULL ? body : STR("");
    return a;
}

static void check_state(str text) {
    struct x_search_state s;
    struct error err;
    struct arena scratch = turn;
    static char block[INTAKE_STATE_BYTES];
    struct buf out;
    LAW(text.n > 0 && text.n < INTAKE_STATE_BYTES);
    for (ptrdiff_t i = 0; i < text.n; i++) LAW(text.p[i] >= 0x20 && text.p[i] < 0x7F);
    LAW(x_search_state_parse(&scratch, text, &s, &err));
    buf_init_fixed(&out, block, sizeof block);
    x_search_state_put(&out, &s.gap, s.has_gap);
    for (int i = 0; i < s.mark_count; i++) x_search_mark_put(&out, &s.marks[i]);
    LAW(str_eq(buf_str(&out), text));
    str_copyz(text, state, sizeof state);
}

static void check_item(const struct intake *it) {
    if (it->state.p != NULL) check_state(it->state);
    if (it->kind == INTAKE_USAGE) {
        const struct usage *u = &it->u.usage;
        LAW(u->reported >= 0 ? u->billed == 0 : u->billed <= u->returned && u->billed >= 0);
    }
    if (it->kind == INTAKE_GAP) LAW(it->u.gap.from <= it->u.gap.until);
    if (it->kind != INTAKE_POST) return;
    LAW(it->post.id != 0 && it->post.text.n > 0);
    for (int i = 0; i < given_count; i++) LAW(given[i] != it->post.id);
    if (given_count < POSTS_MAX) given[given_count++] = it->post.id;
}

static void drain(struct connector *c, usec now) {
    struct intake it;
    arena_reset(&turn);
    for (int i = 0; connector_item(c, now, &turn, &it); i++) {
        LAW(i < 1000);
        check_item(&it);
    }
}

static void check_call(const struct connector_step *s) {
    LAW(s->act == CONNECTOR_CALL && s->request.method == HTTP_GET && s->request.timeout > 0);
    LAW(str_eq(s->base, STR("https://api.x.com")) && str_eq(s->request.bearer, STR("hush")));
    LAW(str_eq(s->request.path, STR("/2/tweets/search/recent")) ||
        str_eq(s->request.path, STR("/2/users/by")) ||
        str_eq(s->request.path, STR("/2/usage/tweets")));
    for (ptrdiff_t i = 0; i < s->request.query.n; i++)
        LAW(s->request.query.p[i] > 0x20 && s->request.query.p[i] < 0x7F);
    LAW(str_find(s->request.query, STR("hush")) < 0);
}

static void converse(struct connector *c, struct x_account *x, str input, usec *now) {
    int still = 0;
    for (int i = 0; i < STEPS_MAX && (input.p != NULL || i < 40); i++) {
        struct connector_step s;
        const usec before = *now;
        connector_step(c, *now, &s);
        if (s.act == CONNECTOR_WAIT) {
            *now = i64_max(*now, i64_min(s.until, *now + USEC_PER_DAY));
        } else {
            check_call(&s);
            const struct http_answer a = next_answer(&input, now);
            *now += USEC_PER_MS;
            connector_answered(c, *now, &a);
        }
        drain(c, *now);
        still = *now > before ? 0 : still + 1;
        LAW(still < 8);
        struct source_status st;
        connector_status(c, *now, &st);
        LAW((st.why[0] == '\0') == (st.state == SOURCE_LIVE || st.state == SOURCE_STARTING));
        LAW(st.blind >= 0 && st.blind <= USEC_PER_DAY);
    }
    (void)x;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    usec now = NOW;
    if (turn.base == NULL) arena_open(&turn, 64 << 20);
    if (boot.base == NULL) arena_open(&boot, 64 << 20);
    arena_reset(&boot);
    state[0] = '\0';
    given_count = 0;
    if (bytes > (1 << 16)) return 0;
    struct x_account *x = open_account();
    struct connector *c = open_source(x, now);
    converse(c, x, str_from_bytes(data, (ptrdiff_t)bytes), &now);
    connector_close(c);
    c = open_source(x, now); /* and it takes what it gave */
    connector_close(c);
    x_account_close(x);
    return 0;
}
