/* x_face_admin: what the owner of a simulated X may do over HTTP, from the same machine:
 *
 *   GET  /sim/x/bill                 what was billed, per day and in sum; credits, posts published
 *   POST /sim/x/publish              a post now; a body such as {"username": "a", "text": "hello"},
 *                                    with author_id, lang, in_reply_to, quote_of, retweet_of if
 * wanted POST /sim/x/edit                 {"id": "1", "text": "better"}: a new version of that post
 *   POST /sim/x/delete?id=1          that post, all its versions
 *   POST /sim/x/cut                  all streams break
 *   POST /sim/x/topup?dollars=5      credits are added
 *
 * Failure: 400 or 404 with {"error": what and why}. What is published stays in memory. */
#include "sim/x_face_int.h"

#include <jansson.h>

#include "base/json.h"
#include "sim/sim_int.h"

#define TEXT_BYTES_MAX 100000

static void complain(struct x_call *c, int status, const char *what) {
    c->ret->status = status;
    buf_clear(c->out);
    buf_put(c->out, STR("{"));
    sim_put_text(c->out, "error", what);
    buf_put(c->out, STR("}\n"));
}

static void say_id(struct x_call *c, int64_t id) {
    buf_put(c->out, STR("{"));
    sim_put_key(c->out, "id");
    x_put_id(c->out, id);
    buf_put(c->out, STR("}\n"));
}

static void put_counts(struct buf *out, const int64_t *counts) {
    for (int r = RESOURCE_NONE + 1; r < RESOURCE_COUNT; r++)
        sim_put_int(out, resource_name((resource)r), counts[r]);
}

static void put_bill(struct x_call *c) {
    const struct x_face *x = c->x;
    int64_t sum[RESOURCE_COUNT] = {0};
    buf_put(c->out, STR("{"));
    sim_put_amount(c->out, "amount", money_e8(x->bill.amount));
    sim_put_amount(c->out, "month", money_e8(x->bill.month_amount));
    if (money_e8(x->opt.credits) >= 0) sim_put_amount(c->out, "credits", money_e8(x->bill.credits));
    sim_put_int(c->out, "published", x->published);
    sim_put_key(c->out, "days");
    buf_put(c->out, STR("["));
    for (int i = 0; i < x->bill.day_count; i++) {
        const struct x_day *d = &x->bill.days[i];
        for (int r = 0; r < RESOURCE_COUNT; r++) sum[r] += d->billed[r];
        buf_put(c->out, i > 0 ? STR(",{") : STR("{"));
        sim_put_key(c->out, "date");
        x_put_time(c->out, d->day * USEC_PER_DAY);
        put_counts(c->out, d->billed);
        buf_put(c->out, STR("}"));
    }
    buf_put(c->out, STR("],\"sum\":{"));
    put_counts(c->out, sum);
    buf_put(c->out, STR("}}\n"));
}

/* --- publishing --------------------------------------------------------------------------------
 */

/* A member's text, kept for ever; "" where there is none. */
static str keep(struct x_call *c, const json_t *body, const char *name) {
    return str_dup(&c->x->mem, json_str_at(body, name));
}

static int64_t id_of(const json_t *body, const char *name) {
    const json_t *v = json_object_get(body, name);
    int64_t id;
    if (json_is_integer(v)) return json_integer_value(v);
    return str_to_i64(json_str(v), &id) ? id : 0;
}

static void read_reference(const json_t *body, struct sim_post *p) {
    static const struct {
        const char *name;
        post_ref ref;
    } kinds[] = {{"in_reply_to", POST_REF_REPLY},
                 {"quote_of", POST_REF_QUOTE},
                 {"retweet_of", POST_REF_RETWEET}};
    for (ptrdiff_t i = 0; i < COUNT_OF(kinds); i++) {
        const int64_t id = id_of(body, kinds[i].name);
        if (id <= 0) continue;
        p->ref_id = id;
        p->ref = kinds[i].ref;
    }
}

static bool has_room(struct x_call *c) {
    if (c->rq->body.n <= TEXT_BYTES_MAX && arena_left(&c->x->mem) > 8 * TEXT_BYTES_MAX) return true;
    complain(c, 400, "the body is too long, or too much was published by hand");
    return false;
}

static void publish(struct x_call *c, const json_t *body) {
    struct sim_post p = {.kind = SIM_POST, .author_id = i64_max(0, id_of(body, "author_id"))};
    p.text = keep(c, body, "text");
    p.username = keep(c, body, "username");
    p.lang = keep(c, body, "lang");
    if (p.lang.n == 0) p.lang = STR("en");
    read_reference(body, &p);
    if (p.text.n == 0 || (p.username.n == 0 && p.author_id == 0))
        complain(c, 400, "a post has a text, and a username or an author_id");
    else
        say_id(c, x_publish(c->x, &p));
}

static void edit(struct x_call *c, const json_t *body) {
    const struct x_item *of = x_item_find(c->x, id_of(body, "id"));
    struct sim_post p = {.kind = SIM_POST_EDIT};
    p.text = keep(c, body, "text");
    if (!of || of->gone) {
        complain(c, 404, "there is no post of this id");
    } else if (p.text.n == 0) {
        complain(c, 400, "an edit has a text");
    } else {
        p.root_id = of->root_id;
        p.ref = of->ref;
        p.ref_id = of->ref_id;
        p.lang = of->lang;
        say_id(c, x_publish(c->x, &p));
    }
}

static void with_body(struct x_call *c, void (*run)(struct x_call *c, const json_t *body)) {
    if (!has_room(c)) return;
    json_t *body = json_loadb(c->rq->body.p ? c->rq->body.p : "", (size_t)c->rq->body.n, 0, NULL);
    if (json_is_object(body))
        run(c, body);
    else
        complain(c, 400, "the body is not a JSON object");
    json_decref(body);
    body = NULL;
}

static void delete_post(struct x_call *c) {
    str text;
    int64_t id;
    const struct x_item *of =
        x_param(c, "id", &text) && str_to_i64(text, &id) ? x_item_find(c->x, id) : NULL;
    const struct sim_post p = {.kind = SIM_POST_DELETION, .root_id = of ? of->root_id : 0};
    if (!of || of->gone)
        complain(c, 404, "there is no post of this id");
    else
        say_id(c, x_publish(c->x, &p));
}

static void top_up(struct x_call *c) {
    str text;
    money dollars;
    if (!x_param(c, "dollars", &text) || !money_parse(text, &dollars)) {
        complain(c, 400, "dollars= is missing, or is no amount");
        return;
    }
    x_face_top_up(c->x, dollars);
    put_bill(c);
}

void x_do_admin(struct x_call *c) {
    const str what = str_tail(c->rq->path, (ptrdiff_t)sizeof "/sim/x/" - 1);
    const bool post = str_eq(c->rq->method, STR("POST"));
    if (str_eq(what, STR("bill")) && str_eq(c->rq->method, STR("GET"))) {
        put_bill(c);
    } else if (str_eq(what, STR("publish")) && post) {
        with_body(c, publish);
    } else if (str_eq(what, STR("edit")) && post) {
        with_body(c, edit);
    } else if (str_eq(what, STR("delete")) && post) {
        delete_post(c);
    } else if (str_eq(what, STR("cut")) && post) {
        c->x->cuts++;
        buf_put(c->out, STR("{\"done\":\"cut\"}\n"));
    } else if (str_eq(what, STR("topup")) && post) {
        top_up(c);
    } else {
        complain(c, 404,
                 "there are GET /sim/x/bill and POST /sim/x/publish, edit, delete, cut, topup");
    }
}
