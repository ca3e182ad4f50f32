/* chores: what people change that the trader has no part in: dead letters and settings.
 *
 * In: a strict JSON body. Out: the change is stored, under the actor "api:TOKEN", or nothing is. A
 * setting is taken as `bullfinch config set` takes it: reloadable keys only, and only where the
 * whole configuration stays good; the trader puts it into force.
 * The same request under the same Idempotency-Key does nothing more. Failure: a busy store is 503.
 * Thread: the server's waiters. */
#include "api/body.h"
#include "api/core.h"
#include "api/order.h"
#include "run/now.h"
#include "run/retry.h"

#define VALUE_BYTES_MAX 4096
#define KEY_BYTES_MAX 64
#define NAME_BYTES_MAX 128 /* of a kind, or a source */
#define LETTERS_A_TIME 200
#define LETTERS_SCRATCH_BYTES ((ptrdiff_t)64 << 20) /* of address space */

static void put_done(struct api_answer *a, int64_t id, bool ok, bool repeated, str text) {
    buf_printf(&a->body,
               "{\"id\":\"%lld\",\"done\":true,\"ok\":%s,\"repeated\":%s,\"text\":", (long long)id,
               ok ? "true" : "false", repeated ? "true" : "false");
    buf_put_json_str(&a->body, text);
    buf_put(&a->body, STR("}\n"));
}

/* --- dead letters ------------------------------------------------------------------------- */

/* Of a letter that stays as it is. */
static void letter_failed(struct api_answer *a, int64_t id, const struct error *err) {
    if (err->code == ERR_NOT_FOUND)
        api_problem_field(a, 404, "NOT_FOUND", "id", "id: %s", err->msg);
    else if (err->code == ERR_STATE)
        api_problem_field(a, 409, "STATE", "id", "id: %s", err->msg);
    else if (err->code == ERR_PARSE || err->code == ERR_LIMIT || err->code == ERR_RANGE)
        put_done(a, id, false, false, str_from_z(err->msg));
    else
        order_failed(a, err);
}

static bool change_letter(struct api_core *c, const struct api_request *rq, bool again, int64_t id,
                          struct error *err) {
    char actor[64];
    bool ok;
    const usec since = time_monotonic_us();
    order_actor(rq, actor);
    const str who = str_from_z(actor);
    struct store *const s = api_write_take(c);
    do {
        const struct arena before = *rq->a;
        const usec now = run_now(s, rq->a);
        ok = again ? letter_retry(s, rq->a, api_core_options(c)->reader, id, who, now, err)
                   : letter_drop(s, rq->a, id, who, now, err);
        *rq->a = before;
    } while (!ok && api_write_again(since, err));
    api_write_give(c, s);
    return ok;
}

static void handle_letter(struct api_core *c, const struct api_request *rq, bool again,
                          struct api_answer *ret) {
    struct error err;
    struct order_key key;
    int64_t id = 0;
    struct body_member members[] = {{.name = "id", .kind = BODY_ID, .required = true, .id = &id}};
    if (!body_read(rq, members, COUNT_OF(members), ret) || !order_key(c, rq, &key, ret)) return;
    if (again && api_core_options(c)->reader == NULL) {
        api_problem(ret, 503, "NO_READER",
                    "Nothing here reads posts; `bullfinch dlq retry %lld` does it.", (long long)id);
        return;
    }
    if (!key.repeated && !change_letter(c, rq, again, id, &err)) {
        letter_failed(ret, id, &err);
        return;
    }
    put_done(ret, id, true, key.repeated,
             again ? STR("retried: it is a post now, stored and not traded") : STR("dropped"));
    if (!key.repeated) order_keep(c, &key);
}

void api_post_letter_retry(struct api_core *c, const struct api_request *rq,
                           struct api_answer *ret) {
    handle_letter(c, rq, true, ret);
}

void api_post_letter_drop(struct api_core *c, const struct api_request *rq,
                          struct api_answer *ret) {
    handle_letter(c, rq, false, ret);
}

/* --- many of them ------------------------------------------------------------------------- */

static void add_told(struct letters_told *sum, const struct letters_told *v) {
    sum->found += v->found;
    sum->done += v->done;
    sum->failed += v->failed;
    sum->more = v->more;
}

/* A busy store is waited for between two of them. */
static bool change_letters(struct api_core *c, const struct api_request *rq,
                           struct letters_ask *ask, struct letters_told *ret, struct error *err) {
    char actor[64];
    struct arena scratch;
    struct letters_told one;
    bool ok;
    usec since = time_monotonic_us();
    order_actor(rq, actor);
    arena_open(&scratch, LETTERS_SCRATCH_BYTES);
    struct store *const s = api_write_take(c);
    *ret = (struct letters_told){0};
    const usec now = run_now(s, rq->a);
    do {
        ok = letters_do(s, scratch, ask, str_from_z(actor), now, &one, err);
        add_told(ret, &one);
        ask->before = one.last;
        ask->most -= one.found;
        if (one.found > 0) since = time_monotonic_us();
    } while (!ok && ask->most > 0 && api_write_again(since, err));
    api_write_give(c, s);
    arena_close(&scratch);
    return ok;
}

static void put_told(struct api_answer *a, const struct letters_told *v, bool dry_run,
                     bool repeated) {
    buf_printf(&a->body,
               "{\"found\":%lld,\"done\":%lld,\"failed\":%lld,\"more\":%s,\"dry_run\":%s,"
               "\"repeated\":%s}\n",
               (long long)v->found, (long long)v->done, (long long)v->failed,
               v->more ? "true" : "false", dry_run ? "true" : "false", repeated ? "true" : "false");
}

static void handle_letters(struct api_core *c, const struct api_request *rq, bool again,
                           struct api_answer *ret) {
    struct error err;
    struct order_key key;
    struct letters_told told = {0};
    struct letters_ask ask = {
        .again = again, .reader = api_core_options(c)->reader, .most = LETTERS_A_TIME};
    struct body_member members[] = {
        {.name = "kind", .kind = BODY_TEXT, .min = 1, .max = NAME_BYTES_MAX, .text = &ask.kind},
        {.name = "source", .kind = BODY_TEXT, .min = 1, .max = NAME_BYTES_MAX, .text = &ask.source},
        {.name = "dry_run", .kind = BODY_BOOL, .flag = &ask.dry_run}};
    if (!body_read(rq, members, COUNT_OF(members), ret) || !order_key(c, rq, &key, ret)) return;
    if (again && !ask.dry_run && ask.reader == NULL) {
        api_problem(ret, 503, "NO_READER",
                    "Nothing here reads posts; `bullfinch dlq retry --all` does it.");
        return;
    }
    if (!key.repeated && !change_letters(c, rq, &ask, &told, &err) && told.done == 0) {
        order_failed(ret, &err);
        return;
    }
    put_told(ret, &told, ask.dry_run, key.repeated);
    if (!key.repeated && !ask.dry_run) order_keep(c, &key);
}

void api_post_letters_retry(struct api_core *c, const struct api_request *rq,
                            struct api_answer *ret) {
    handle_letters(c, rq, true, ret);
}

void api_post_letters_drop(struct api_core *c, const struct api_request *rq,
                           struct api_answer *ret) {
    handle_letters(c, rq, false, ret);
}

/* --- settings ----------------------------------------------------------------------------- */

/* False: the answer is there. */
static bool check_setting(const struct api_request *rq, str key, str value, struct api_answer *a) {
    struct error err;
    const str any = value.n > 0 ? value : STR("0"); /* to let go of a key it must be one */
    if (config_check_value(rq->a, key, any, &err)) return true;
    if (err.code == ERR_NOT_FOUND)
        api_problem_field(a, 422, "FIELD", "key", "key: %s", err.msg);
    else if (err.code == ERR_STATE)
        api_problem_field(a, 422, "NOT_RELOADABLE", "key",
                          "key: %s; it stands in the file, the environment or --set", err.msg);
    else if (err.code == ERR_CONFIG && value.n == 0)
        return true;
    else if (err.code == ERR_CONFIG)
        api_problem_field(a, 422, "FIELD", "value", "value: %s", err.msg);
    else
        api_problem_store(a, &err);
    return false;
}

/* Stores it, and tells the trader; only where the whole stays good. */
static bool store_setting(struct api_core *c, const struct api_request *rq, str key, str value,
                          struct buf *report, int64_t *ret_id, struct error *err) {
    char actor[64];
    bool ok;
    const str *rows;
    int count;
    struct config_live *const live = api_core_options(c)->live;
    const usec since = time_monotonic_us();
    order_actor(rq, actor);
    struct store *const s = api_write_take(c);
    do {
        const struct arena before = *rq->a;
        buf_clear(report);
        ok = store_settings(s, rq->a, &rows, &count, err) &&
             config_live_try(live, rq->a, rows, count, key, value, report, err) &&
             store_setting_put(s, key, value, str_from_z(actor), rq->now, ret_id, err);
        *rq->a = before;
    } while (!ok && api_write_again(since, err));
    api_write_give(c, s);
    return ok;
}

static void put_setting(str key, str value, const struct order_result *r, struct api_answer *a) {
    buf_put(&a->body, STR("{\"key\":"));
    buf_put_json_str(&a->body, key);
    buf_put(&a->body, STR(",\"value\":"));
    if (value.n > 0)
        buf_put_json_str(&a->body, value);
    else
        buf_put(&a->body, STR("null"));
    buf_printf(&a->body,
               ",\"done\":%s,\"ok\":%s,\"repeated\":%s,\"text\":", r->done ? "true" : "false",
               !r->done || r->ok ? "true" : "false", r->repeated ? "true" : "false");
    buf_put_json_str(&a->body, order_text(r, false));
    buf_put(&a->body, STR("}\n"));
}

/* Stored: waits for the trader, and follows it where it is another process. */
static void tell_setting(struct api_core *c, const struct api_request *rq, str key, str value,
                         struct order_result *r, struct api_answer *a) {
    struct error err;
    bool ok = r->id == 0 || order_wait(c, rq, ORDER_ANSWER_WAIT, r, &err);
    if (ok && api_core_options(c)->alone) {
        struct store *const s = api_store_take(c);
        ok = api_core_settings(c, s, rq->a, &err);
        api_store_give(c, s);
    }
    if (ok)
        put_setting(key, value, r, a);
    else
        api_problem_store(a, &err);
}

void api_put_setting(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct order_key order;
    struct buf report;
    str key = {0}, value = {0};
    struct body_member members[] = {{.name = "key",
                                     .kind = BODY_TEXT,
                                     .required = true,
                                     .min = 1,
                                     .max = KEY_BYTES_MAX,
                                     .text = &key},
                                    {.name = "value",
                                     .kind = BODY_TEXT,
                                     .required = true,
                                     .min = 0,
                                     .max = VALUE_BYTES_MAX,
                                     .text = &value}};
    if (!body_read(rq, members, COUNT_OF(members), ret) || !check_setting(rq, key, value, ret) ||
        !order_key(c, rq, &order, ret))
        return;
    buf_init(&report, CONFIG_REPORT_BYTES);
    struct order_result r = {
        .repeated = order.repeated, .done = order.repeated, .ok = order.repeated};
    if (order.repeated) r.text = STR("stored before, under the same key");
    if (order.repeated || store_setting(c, rq, key, value, &report, &r.id, &err)) {
        tell_setting(c, rq, key, value, &r, ret);
        if (!order.repeated) order_keep(c, &order);
    } else if (err.code == ERR_CONFIG || err.code == ERR_REFUSED) {
        api_problem_field(ret, 422, "CONTRADICTION", "value",
                          "value: it does not go with the rest: %s", buf_z(&report));
    } else {
        order_failed(ret, &err);
    }
    buf_fini(&report);
}
