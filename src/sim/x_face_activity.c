/* x_face_activity: subscriptions of the Activity API: whose posts come as events.
 *
 * In: JSON bodies and ids. Out: subscriptions as X tells of them, and which one an item of the row
 * is for. There are post.create (also of an edited version) and post.delete. One subscription an
 * author and kind. What X says of a deletion is not documented: the payload has the post's id and
 * author, and the same once more in the form of the compliance stream. One thread. */
#include "sim/x_face_int.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/json.h"
#include "sim/sim_int.h"

#define TAG_BYTES 201
#define PAGE_MAX 1000
#define SUBSCRIPTION_ID_FIRST INT64_C(1950000000000000000)

struct x_subscription {
    int64_t id, user_id;
    bool deletions;
    char tag[TAG_BYTES];
    usec created_at, updated_at;
};

const struct x_subscription *x_subscription_for(const struct x_face *x, const struct x_item *item) {
    if (item->native.n > 0) return NULL;
    for (int i = 0; i < x->subscription_count; i++) {
        const struct x_subscription *s = &x->subscriptions[i];
        if (s->user_id == item->author_id && s->deletions == (item->kind == SIM_POST_DELETION))
            return s;
    }
    return NULL;
}

static const char *type_of(const struct x_subscription *s) {
    return s->deletions ? "post.delete" : "post.create";
}

static void put_filter(struct buf *out, const struct x_subscription *s) {
    sim_put_key(out, "filter");
    buf_put(out, STR("{\"user_id\":"));
    x_put_id(out, s->user_id);
    buf_put(out, STR("}"));
    sim_put_text(out, "event_type", type_of(s));
    sim_put_key(out, "tag");
    buf_put_json_str(out, str_from_z(s->tag));
}

static void put_subscription(struct buf *out, const struct x_subscription *s) {
    buf_put(out, STR("{"));
    sim_put_key(out, "subscription_id");
    x_put_id(out, s->id);
    put_filter(out, s);
    sim_put_key(out, "created_at");
    x_put_time(out, s->created_at);
    sim_put_key(out, "updated_at");
    x_put_time(out, s->updated_at);
    buf_put(out, STR("}"));
}

void x_put_event(struct x_face *x, struct buf *out, const struct x_subscription *s,
                 const struct x_item *item) {
    struct x_fields f;
    x_fields_of_event(&f);
    buf_put(out, STR("{\"data\":{"));
    sim_put_key(out, "event_uuid");
    buf_printf(out, "\"%08llx-%04llx-4%03llx-8%03llx-%012llx\"", (unsigned long long)item->seq,
               (unsigned long long)(s->id & 0xFFFF), (unsigned long long)(item->id & 0xFFF),
               (unsigned long long)(item->id >> 12 & 0xFFF),
               (unsigned long long)(item->id >> 24 & INT64_C(0xFFFFFFFFFFFF)));
    put_filter(out, s);
    sim_put_key(out, "payload");
    if (item->kind == SIM_POST_DELETION) {
        struct buf *b = out;
        buf_put(b, STR("{\"id\":"));
        x_put_id(b, item->id);
        sim_put_key(b, "author_id");
        x_put_id(b, item->author_id);
        buf_put(b, STR(",\"delete\":{\"tweet\":{\"id\":"));
        x_put_id(b, item->id);
        buf_put(b, STR(",\"author_id\":"));
        x_put_id(b, item->author_id);
        buf_put(b, STR("},\"event_at\":"));
        x_put_time(b, item->at);
        buf_put(b, STR("}}"));
    } else {
        x_put_post(x, out, item, &f);
    }
    buf_put(out, STR("}}"));
}

/* --- requests ----------------------------------------------------------------------------------
 */

static bool bad_body(struct x_call *c, const char *what) {
    return x_refuse(c, 400, "invalid-request", "Invalid Request", "%s", what);
}

static bool read_subscription(struct x_call *c, const json_t *body, struct x_subscription *ret) {
    const str type = json_str_at(body, "event_type");
    const str user = json_str_at(json_object_get(body, "filter"), "user_id");
    *ret = (struct x_subscription){.created_at = c->x->now, .updated_at = c->x->now};
    ret->deletions = str_eq(type, STR("post.delete"));
    if (!ret->deletions && !str_eq(type, STR("post.create")))
        return bad_body(c, "event_type is post.create or post.delete here");
    if (!str_to_i64(user, &ret->user_id) || ret->user_id <= 0)
        return bad_body(c, "filter.user_id is missing, or no id");
    if (!str_copyz(json_str_at(body, "tag"), ret->tag, sizeof ret->tag))
        return bad_body(c, "tag is too long: at most 200 bytes");
    return true;
}

static void put_meta(struct x_call *c) {
    sim_put_key(c->out, "meta");
    buf_put(c->out, STR("{"));
    sim_put_int(c->out, "total_subscriptions", c->x->subscription_count);
    buf_put(c->out, STR("}"));
}

static struct x_subscription *find_same(const struct x_face *x, const struct x_subscription *s) {
    for (int i = 0; i < x->subscription_count; i++)
        if (x->subscriptions[i].user_id == s->user_id &&
            x->subscriptions[i].deletions == s->deletions)
            return &x->subscriptions[i];
    return NULL;
}

static void subscribe(struct x_call *c, const json_t *body) {
    struct x_face *x = c->x;
    struct x_subscription s;
    if (!read_subscription(c, body, &s)) return;
    if (find_same(x, &s)) {
        IGNORE(x_refuse(c, 409, "conflict", "Conflict", "There is such a subscription already."),
               "that is the answer");
        return;
    }
    if (x->subscription_count == X_SUBSCRIPTIONS_MAX) {
        IGNORE(x_refuse(c, 403, "rule-cap", "SubscriptionCapExceeded",
                        "There are %d subscriptions, and no more are allowed.",
                        X_SUBSCRIPTIONS_MAX),
               "that is the answer");
        return;
    }
    if (!x->subscriptions) x->subscriptions = calloc(X_SUBSCRIPTIONS_MAX, sizeof s);
    PRE(x->subscriptions != NULL);
    s.id = SUBSCRIPTION_ID_FIRST + ++x->subscriptions_made;
    x->subscriptions[x->subscription_count++] = s;
    buf_put(c->out, STR("{\"data\":"));
    put_subscription(c->out, &s);
    put_meta(c);
    buf_put(c->out, STR("}"));
}

static json_t *read_body(struct x_call *c) {
    return json_loadb(c->rq->body.p ? c->rq->body.p : "", (size_t)c->rq->body.n, 0, NULL);
}

void x_do_subscriptions_post(struct x_call *c) {
    if (!x_params_done(c)) return;
    json_t *body = read_body(c);
    subscribe(c, body);
    json_decref(body);
    body = NULL;
}

void x_do_subscriptions_get(struct x_call *c) {
    int64_t most = PAGE_MAX, first = 0;
    if (!x_param_i64(c, "max_results", 1, PAGE_MAX, &most) ||
        !x_param_i64(c, "pagination_token", 0, X_SUBSCRIPTIONS_MAX, &first) || !x_params_done(c))
        return;
    const int64_t left = i64_max(0, c->x->subscription_count - first), n = i64_min(most, left);
    buf_put(c->out, STR("{"));
    for (int64_t i = 0; i < n; i++) {
        if (i == 0) sim_put_key(c->out, "data");
        buf_put(c->out, i == 0 ? STR("[") : STR(","));
        put_subscription(c->out, &c->x->subscriptions[first + i]);
    }
    if (n > 0) buf_put(c->out, STR("]"));
    sim_put_key(c->out, "meta");
    buf_put(c->out, STR("{"));
    sim_put_int(c->out, "result_count", n);
    if (n < left) {
        sim_put_key(c->out, "next_token");
        x_put_id(c->out, first + n);
    }
    buf_put(c->out, STR("}}"));
}

static struct x_subscription *subscription_of(const struct x_face *x, str text) {
    int64_t id;
    if (!str_to_i64(text, &id)) return NULL;
    for (int i = 0; i < x->subscription_count; i++)
        if (x->subscriptions[i].id == id) return &x->subscriptions[i];
    return NULL;
}

static void drop(struct x_face *x, struct x_subscription *s) {
    const ptrdiff_t at = s - x->subscriptions;
    x->subscription_count--;
    memmove(s, s + 1, (size_t)(x->subscription_count - at) * sizeof *s);
}

/* By the path, or by ?ids= of them. */
void x_do_subscriptions_delete(struct x_call *c) {
    str list = c->part_count == 4 ? c->part[3] : STR(""), one;
    int deleted = 0;
    if (c->part_count != 4 && (!x_param(c, "ids", &list) || list.n == 0)) {
        IGNORE(x_bad_param(c, "ids", STR(""), "The `ids` query parameter can not be empty"),
               "that is the answer");
        return;
    }
    if (!x_params_done(c)) return;
    while (str_cut(&list, ',', &one)) {
        struct x_subscription *s = subscription_of(c->x, one);
        if (!s) continue;
        drop(c->x, s);
        deleted++;
    }
    if (deleted == 0) {
        IGNORE(x_refuse(c, 404, "resource-not-found", "Not Found Error",
                        "There is no such subscription."),
               "that is the answer");
        return;
    }
    buf_put(c->out, STR("{\"data\":{\"deleted\":true}"));
    put_meta(c);
    buf_put(c->out, STR("}"));
}

void x_do_subscriptions_put(struct x_call *c) {
    struct x_subscription *s = subscription_of(c->x, c->part[3]);
    if (!x_params_done(c)) return;
    if (!s) {
        IGNORE(x_refuse(c, 404, "resource-not-found", "Not Found Error",
                        "There is no such subscription."),
               "that is the answer");
        return;
    }
    json_t *body = read_body(c);
    const json_t *tag = json_object_get(body, "tag");
    if (!json_is_string(tag) || !str_copyz(json_str(tag), s->tag, sizeof s->tag)) {
        IGNORE(bad_body(c, "tag is missing, or longer than 200 bytes"), "that is the answer");
    } else {
        s->updated_at = c->x->now;
        buf_put(c->out, STR("{\"data\":"));
        put_subscription(c->out, s);
        put_meta(c);
        buf_put(c->out, STR("}"));
    }
    json_decref(body);
    body = NULL;
}
