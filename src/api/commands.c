/* commands: what people order over HTTP: mode, halt, resume, flatten, approve, reject, close.
 *
 * In: a strict JSON body, and perhaps the header Idempotency-Key. Out: a row in the store's
 * commands, as the command line writes it, with the actor "api:TOKEN"; where a trader runs, its
 * answer, waited for up to ORDER_ANSWER_WAIT. Halts and modes hold from the moment that the row is
 * committed. Flattening takes two steps: the first says what would be closed and gives a code, the
 * second does it, if the code is fresh, of the same identity, and nothing has changed since.
 *
 * Invariants: nothing is ordered twice under one key; a code is used once; a request that failed
 * ordered nothing. Failure: a store that is busy for long is 503, and nothing was ordered.
 * Threads: the server's waiters, several at once; the codes are behind a lock. */
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "api/body.h"
#include "api/core.h"
#include "api/order.h"
#include "base/hash.h"
#include "run/now.h"
#include "store/people.h"

#define COMPARE_WAIT (10 * USEC_PER_S) /* for one that asks the venue first */
#define LOOK_PAUSE (10 * USEC_PER_MS)
#define CODE_LASTS (60 * USEC_PER_S)
#define CODES_MAX 32
#define KEYS_MAX 256
#define CODE_BYTES 33 /* 32 hexadecimal digits and NUL */

/* --- what is remembered ------------------------------------------------------------------- */

/* What a code stands for: hashes only, so that nothing in memory is a code. */
struct code {
    uint8_t hash[SHA256_BYTES];
    uint8_t will[SHA256_BYTES]; /* the positions that it was given for */
    int64_t token_id;
    usec until; /* monotonic; 0: free */
};

/* A key that stood for a change which is no row of commands. */
struct kept_key {
    uint8_t key[SHA256_BYTES];
    char print[2 * ORDER_PRINT_BYTES + 1]; /* "": free */
};

struct api_codes {
    pthread_mutex_t lock;
    struct code v[CODES_MAX];
    struct kept_key keys[KEYS_MAX]; /* a ring */
    int next_key;
};

struct api_codes *api_codes_new(struct arena *boot) {
    struct api_codes *k = NEW(boot, struct api_codes);
    POST(pthread_mutex_init(&k->lock, NULL) == 0);
    return k;
}

void api_codes_free(struct api_codes *k) {
    if (k != NULL) pthread_mutex_destroy(&k->lock);
}

/* --- keys --------------------------------------------------------------------------------- */

/* NULL: not kept. Under the lock. */
static const struct kept_key *find_key(const struct api_codes *k, str key) {
    uint8_t hash[SHA256_BYTES];
    sha256_once(key, hash);
    for (int i = 0; i < KEYS_MAX; i++)
        if (k->keys[i].print[0] != '\0' && memcmp(k->keys[i].key, hash, SHA256_BYTES) == 0)
            return &k->keys[i];
    return NULL;
}

/* False: it stands for something else, and the answer is there. */
static bool is_same(struct api_codes *k, struct order_key *key, struct api_answer *a) {
    pthread_mutex_lock(&k->lock);
    const struct kept_key *const kept = find_key(k, key->key);
    const bool same = kept == NULL || str_eq(str_from_z(kept->print), key->print);
    key->repeated = kept != NULL && same;
    pthread_mutex_unlock(&k->lock);
    if (!same)
        api_problem_field(a, 409, "IDEMPOTENCY_KEY", "Idempotency-Key",
                          "Idempotency-Key: stands for another request already; use a new one.");
    return same;
}

void order_keep(struct api_core *c, const struct order_key *key) {
    struct api_codes *const k = api_core_codes(c);
    if (key->key.n == 0) return;
    pthread_mutex_lock(&k->lock);
    struct kept_key *const kept = &k->keys[k->next_key];
    k->next_key = (k->next_key + 1) % KEYS_MAX;
    sha256_once(key->key, kept->key);
    IGNORE(!str_copyz(key->print, kept->print, sizeof kept->print), "same size");
    pthread_mutex_unlock(&k->lock);
}

bool order_key(struct api_core *c, const struct api_request *rq, struct order_key *ret,
               struct api_answer *a) {
    const str given = rq->head.idempotency_key;
    uint8_t hash[SHA256_BYTES];
    struct buf b;
    *ret = (struct order_key){0};
    if (given.p == NULL) return true;
    bool ok = given.n >= 1 && given.n <= ORDER_KEY_BYTES_MAX;
    for (ptrdiff_t i = 0; ok && i < given.n; i++) ok = given.p[i] > 0x20 && given.p[i] < 0x7F;
    if (!ok) {
        api_problem_field(a, 400, "IDEMPOTENCY_KEY", "Idempotency-Key",
                          "Idempotency-Key: expected 1 to %d visible characters without blanks.",
                          ORDER_KEY_BYTES_MAX);
        return false;
    }
    struct sha256 *h = sha256_new();
    sha256_add(h, rq->path);
    sha256_add(h, STR("\n"));
    sha256_add(h, str_trim(rq->body));
    sha256_finish(h, hash);
    sha256_free(h);
    IGNORE(hex_format(hash, ORDER_PRINT_BYTES, ret->print_text).n, "it fits");
    buf_init_fixed(&b, ret->key_text, sizeof ret->key_text);
    buf_printf(&b, "api:%lld/" STR_FMT, (long long)rq->who.token_id, STR_ARG(given));
    ret->key = buf_str(&b);
    ret->print = str_from_z(ret->print_text);
    return is_same(api_core_codes(c), ret, a);
}

void order_actor(const struct api_request *rq, char ret[64]) {
    struct buf b;
    buf_init_fixed(&b, ret, 64);
    buf_printf(&b, "api:%s", rq->who.name);
    IGNORE(buf_z(&b) == NULL, "what is cut is long enough");
}

void order_failed(struct api_answer *a, const struct error *err) {
    if (err->code == ERR_BUSY) {
        api_problem(a, 503, "BUSY", "The store is busy, and nothing was changed; try again.");
        a->retry_after_s = 1;
    } else if (err->code == ERR_REFUSED) {
        api_problem_field(a, 409, "IDEMPOTENCY_KEY", "Idempotency-Key", "Idempotency-Key: %s",
                          err->msg);
    } else {
        api_problem_store(a, err);
    }
}

/* --- the answer --------------------------------------------------------------------------- */

static bool look(struct api_core *c, const struct api_request *rq, struct order_result *r,
                 struct error *err) {
    int64_t pid;
    struct control control = {0};
    bool found;
    struct store *const s = api_store_take(c);
    const bool ok = store_command_result(s, rq->a, r->id, &r->done, &r->ok, &r->text, err) &&
                    store_control(s, &control, &found, err);
    if (ok && !r->done) r->running = store_trader_running(s, &pid);
    api_store_give(c, s);
    r->mode = control.mode;
    return ok;
}

bool order_wait(struct api_core *c, const struct api_request *rq, usec most, struct order_result *r,
                struct error *err) {
    const struct timespec pause = {0, LOOK_PAUSE * 1000};
    const usec since = time_monotonic_us();
    r->running = true; /* until it is known better */
    for (;;) {
        const struct arena before = *rq->a;
        if (!look(c, rq, r, err)) {
            if (err->code != ERR_BUSY) return false;
        } else if (r->done || !r->running) {
            return true;
        }
        if (time_monotonic_us() - since >= most) return true;
        *rq->a = before;
        IGNORE(nanosleep(&pause, NULL) != 0, "a shorter pause does no harm");
    }
}

str order_text(const struct order_result *r, bool at_once) {
    if (r->done) return r->text;
    if (at_once)
        return r->running ? STR("holds from now on; the trader has not answered yet")
                          : STR("holds from now on; no trader is running");
    return r->running ? STR("stored; the trader has not answered yet")
                      : STR("stored; no trader is running, it will be done at the next start");
}

static void put_result(const struct order_result *r, bool at_once, struct api_answer *a) {
    a->status = r->done ? 200 : 202;
    buf_printf(&a->body,
               "{\"id\":\"%lld\",\"done\":%s,\"ok\":%s,\"repeated\":%s,\"running\":%s,"
               "\"mode\":\"%s\",\"text\":",
               (long long)r->id, r->done ? "true" : "false",
               !r->done ? "null"
               : r->ok  ? "true"
                        : "false",
               r->repeated ? "true" : "false", r->running ? "true" : "false", mode_name(r->mode));
    buf_put_json_str(&a->body, order_text(r, at_once));
    buf_put(&a->body, STR("}\n"));
    if (!r->done)
        api_answer_header_printf(a, "Location", "/api/commands?id=%lld", (long long)r->id);
}

static bool is_at_once(verb v) { return v == VERB_HALT || v == VERB_RESUME || v == VERB_MODE; }

static void answer(struct api_core *c, const struct api_request *rq, verb v, struct order_result *r,
                   struct api_answer *a) {
    struct error err;
    if (!order_wait(c, rq, v == VERB_RECONCILE ? COMPARE_WAIT : ORDER_ANSWER_WAIT, r, &err)) {
        api_problem_store(a, &err);
        return;
    }
    put_result(r, is_at_once(v), a);
}

/* --- giving a command --------------------------------------------------------------------- */

/* Was it ordered before, under this key? Then the answer is there, or the refusal. */
static bool repeated(struct api_core *c, const struct api_request *rq, const struct order_key *k,
                     verb v, struct api_answer *a) {
    struct error err;
    struct order_result r = {.repeated = true};
    bool found;
    if (k->key.n == 0) return false;
    struct store *const s = api_store_take(c);
    const bool ok = store_command_by_key(s, k->key, k->print, &r.id, &found, &err);
    api_store_give(c, s);
    if (!ok)
        order_failed(a, &err);
    else if (found)
        answer(c, rq, v, &r, a);
    return !ok || found;
}

static void give(struct api_core *c, const struct api_request *rq, const struct order_key *k,
                 struct command *cmd, str why, struct api_answer *a) {
    struct error err;
    struct order_result r = {0};
    order_actor(rq, cmd->actor);
    cmd->at = rq->now;
    IGNORE(!str_copyz(why, cmd->reason, sizeof cmd->reason), "its length was checked");
    if (cmd->until == 0) cmd->until = USEC_NEVER;
    const usec since = time_monotonic_us();
    struct store *const s = api_write_take(c);
    bool ok;
    do
        ok = store_command_once(s, cmd, k->key, k->print, run_now(s, rq->a), &r.id, &r.repeated,
                                &err);
    while (!ok && api_write_again(since, &err));
    api_write_give(c, s);
    if (ok)
        answer(c, rq, cmd->verb, &r, a);
    else
        order_failed(a, &err);
}

#define REASON_MEMBER(to)                                                                          \
    {                                                                                              \
        .name = "reason", .kind = BODY_TEXT, .min = 0,                                             \
        .max = (ptrdiff_t)sizeof((struct command *)0)->reason - 1, .text = to                      \
    }

/* How it stands; false: the answer is there. */
static bool read_control(struct api_core *c, const struct api_request *rq, struct control *ret,
                         usec *ret_now, struct api_answer *a) {
    struct error err;
    bool found;
    struct store *const s = api_store_take(c);
    const bool ok = store_control(s, ret, &found, &err);
    *ret_now = ok ? run_now(s, rq->a) : rq->now;
    api_store_give(c, s);
    if (!ok) api_problem_store(a, &err);
    if (ok && !found)
        *ret = (struct control){.mode = MODE_OBSERVE, .before = MODE_OBSERVE, .until = USEC_NEVER};
    return ok;
}

static bool is_ahead(usec until, usec now, struct api_answer *a) {
    char at[TIME_TEXT_BYTES];
    if (until > now) return true;
    api_problem_field(a, 422, "FIELD", "until",
                      "until: is not ahead of the account's clock, which says " STR_FMT,
                      STR_ARG(time_format_rfc3339(now, at)));
    return false;
}

/* --- halt, resume, mode ------------------------------------------------------------------- */

void api_post_halt(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct command cmd = {.verb = VERB_HALT, .mode = MODE_HALTED};
    struct order_key key;
    struct control now;
    usec at;
    str why = {0};
    struct body_member members[] = {REASON_MEMBER(&why),
                                    {.name = "until", .kind = BODY_TIME, .time = &cmd.until}};
    members[0].required = true;
    members[0].min = 1;
    if (!body_read(rq, members, COUNT_OF(members), ret) || !order_key(c, rq, &key, ret) ||
        repeated(c, rq, &key, cmd.verb, ret))
        return;
    if (members[1].seen && (!read_control(c, rq, &now, &at, ret) || !is_ahead(cmd.until, at, ret)))
        return;
    give(c, rq, &key, &cmd, why, ret);
}

void api_post_resume(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct command cmd = {.verb = VERB_RESUME};
    struct order_key key;
    struct control now;
    usec at;
    str why = {0};
    struct body_member members[] = {REASON_MEMBER(&why)};
    if (!body_read(rq, members, COUNT_OF(members), ret) || !order_key(c, rq, &key, ret) ||
        repeated(c, rq, &key, cmd.verb, ret) || !read_control(c, rq, &now, &at, ret))
        return;
    cmd.mode = control_after_halt(&now);
    if (cmd.mode == MODE_HALTED) cmd.mode = MODE_AUTO;
    give(c, rq, &key, &cmd, why, ret);
}

/* The mode that a toggle leads to; false: the answer is there. */
static bool toggled(const struct control *now, mode *ret, struct api_answer *a) {
    const mode is = now->mode == MODE_HALTED ? now->before : now->mode;
    if (is == MODE_AUTO || is == MODE_MANUAL) {
        *ret = is == MODE_AUTO ? MODE_MANUAL : MODE_AUTO;
        return true;
    }
    api_problem(a, 409, "MODE",
                "The mode is %s, which is neither auto nor manual; say which you want: {\"mode\": "
                "\"manual\"}.",
                mode_name(is));
    return false;
}

/* What of the body makes sense together; false: the answer is there. */
static bool check_override(const struct command *cmd, const struct body_member *members,
                           const struct control *now, usec at, struct api_answer *a) {
    const bool has_mode = members[0].seen, has_until = members[2].seen;
    if (has_until && !has_mode) {
        api_problem_field(a, 422, "FIELD", "mode", "mode: is missing, and until needs it");
        return false;
    }
    if (has_until && !is_ahead(cmd->until, at, a)) return false;
    if (!has_until || now->mode != MODE_HALTED || cmd->verb == VERB_HALT) return true;
    api_problem_field(a, 409, "HALTED", "until",
                      "until: trading is halted, and the mode after a halt has no end; resume "
                      "first, or leave until out.");
    return false;
}

void api_post_override(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct command cmd = {.verb = VERB_MODE};
    struct order_key key;
    struct control now;
    usec at;
    str name = {0}, why = {0};
    struct body_member members[] = {
        {.name = "mode", .kind = BODY_TEXT, .min = 1, .max = 16, .text = &name},
        REASON_MEMBER(&why),
        {.name = "until", .kind = BODY_TIME, .time = &cmd.until}};
    if (!body_read(rq, members, COUNT_OF(members), ret)) return;
    if (members[0].seen && !mode_from_name(name, &cmd.mode)) {
        api_problem_field(ret, 422, "FIELD", "mode",
                          "mode: \"" STR_FMT "\": expected auto, manual, observe or halted",
                          STR_ARG(name));
        return;
    }
    if (members[0].seen && cmd.mode == MODE_HALTED) cmd.verb = VERB_HALT;
    if (!order_key(c, rq, &key, ret) || repeated(c, rq, &key, cmd.verb, ret) ||
        !read_control(c, rq, &now, &at, ret) || !check_override(&cmd, members, &now, at, ret) ||
        (!members[0].seen && !toggled(&now, &cmd.mode, ret)))
        return;
    give(c, rq, &key, &cmd, why, ret);
}

/* --- approve, reject, close, reconcile ---------------------------------------------------- */

static bool is_waiting(struct api_core *c, int64_t id, struct api_answer *a) {
    struct error err;
    char was[16];
    struct store *const s = api_store_take(c);
    const bool ok = store_signal_verdict(s, id, was, &err);
    api_store_give(c, s);
    if (!ok)
        api_problem_store(a, &err);
    else if (was[0] == '\0')
        api_problem_field(a, 404, "NOT_FOUND", "signal_id", "signal_id: there is no signal %lld",
                          (long long)id);
    else if (strcmp(was, "waiting") != 0)
        api_problem_field(a, 409, "NOT_WAITING", "signal_id",
                          "signal_id: signal %lld does not wait any more, it was %s", (long long)id,
                          was);
    else
        return true;
    return false;
}

static void decide(struct api_core *c, const struct api_request *rq, verb v,
                   struct api_answer *ret) {
    struct command cmd = {.verb = v};
    struct order_key key;
    str why = {0};
    struct body_member members[] = {
        {.name = "signal_id", .kind = BODY_ID, .required = true, .id = &cmd.target},
        REASON_MEMBER(&why)};
    if (!body_read(rq, members, COUNT_OF(members), ret) || !order_key(c, rq, &key, ret) ||
        repeated(c, rq, &key, v, ret) || !is_waiting(c, cmd.target, ret))
        return;
    give(c, rq, &key, &cmd, why, ret);
}

void api_post_approve(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    decide(c, rq, VERB_APPROVE, ret);
}

void api_post_reject(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    decide(c, rq, VERB_REJECT, ret);
}

void api_post_close(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct command cmd = {.verb = VERB_CLOSE};
    struct order_key key;
    str symbol = {0}, why = {0};
    struct body_member members[] = {{.name = "symbol",
                                     .kind = BODY_TEXT,
                                     .required = true,
                                     .min = 1,
                                     .max = SYMBOL_BYTES - 1,
                                     .text = &symbol},
                                    REASON_MEMBER(&why)};
    if (!body_read(rq, members, COUNT_OF(members), ret) || !order_key(c, rq, &key, ret) ||
        repeated(c, rq, &key, cmd.verb, ret))
        return;
    struct store *const s = api_store_take(c);
    const bool ok = store_open_trade(s, symbol, &cmd.target, &err);
    api_store_give(c, s);
    if (!ok)
        api_problem_store(ret, &err);
    else if (cmd.target == 0)
        api_problem_field(ret, 404, "NOT_FOUND", "symbol", "symbol: no trade is open in " STR_FMT,
                          STR_ARG(symbol));
    else
        give(c, rq, &key, &cmd, why, ret);
}

void api_post_reconcile(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct command cmd = {.verb = VERB_RECONCILE};
    struct order_key key;
    str why = {0};
    struct body_member members[] = {REASON_MEMBER(&why)};
    if (!body_read(rq, members, COUNT_OF(members), ret) || !order_key(c, rq, &key, ret) ||
        repeated(c, rq, &key, cmd.verb, ret))
        return;
    give(c, rq, &key, &cmd, why, ret);
}

/* --- flatten ------------------------------------------------------------------------------ */

/* The one that is free, else the one that ends first. */
static struct code *place_for_code(struct api_codes *k) {
    struct code *best = &k->v[0];
    for (int i = 1; i < CODES_MAX; i++)
        if (k->v[i].until < best->until) best = &k->v[i];
    return best;
}

static bool make_code(struct api_codes *k, int64_t token_id, const uint8_t *will,
                      char ret[CODE_BYTES]) {
    uint8_t random[CODE_BYTES / 2];
    if (!bytes_random(random, sizeof random)) return false;
    const str text = hex_format(random, sizeof random, ret);
    pthread_mutex_lock(&k->lock);
    struct code *const v = place_for_code(k);
    v->until = time_monotonic_us() + CODE_LASTS;
    v->token_id = token_id;
    memcpy(v->will, will, SHA256_BYTES);
    sha256_once(text, v->hash);
    pthread_mutex_unlock(&k->lock);
    return true;
}

typedef enum code_state { CODE_UNKNOWN, CODE_CHANGED, CODE_GOOD } code_state;

/* Whatever comes of it, the code is gone; but only its owner can use it up. */
static code_state use_code(struct api_codes *k, int64_t token_id, str text, const uint8_t *will) {
    uint8_t hash[SHA256_BYTES];
    code_state state = CODE_UNKNOWN;
    sha256_once(text, hash);
    const usec mono = time_monotonic_us();
    pthread_mutex_lock(&k->lock);
    for (int i = 0; i < CODES_MAX; i++) {
        struct code *const v = &k->v[i];
        if (v->until <= mono || v->token_id != token_id || !bytes_same(v->hash, hash, SHA256_BYTES))
            continue;
        state = bytes_same(v->will, will, SHA256_BYTES) ? CODE_GOOD : CODE_CHANGED;
        v->until = 0;
    }
    pthread_mutex_unlock(&k->lock);
    return state;
}

/* What is held, and the hash of what of it a person decides on: which, how much, which side. */
static bool read_will(struct api_core *c, const struct api_request *rq, struct held **ret,
                      int *ret_count, uint8_t ret_hash[SHA256_BYTES], struct api_answer *a) {
    struct error err;
    char line[96];
    struct store *const s = api_store_take(c);
    const bool ok = store_held(s, rq->a, ret, ret_count, &err);
    api_store_give(c, s);
    if (!ok) {
        api_problem_store(a, &err);
        return false;
    }
    struct sha256 *h = sha256_new();
    for (int i = 0; i < *ret_count; i++) {
        struct buf b;
        buf_init_fixed(&b, line, sizeof line);
        buf_printf(&b, "%s %lld\n", (*ret)[i].symbol, (long long)qty_e8((*ret)[i].size));
        sha256_add(h, buf_str(&b));
    }
    sha256_finish(h, ret_hash);
    sha256_free(h);
    return true;
}

static void put_amount(struct buf *b, const char *name, int64_t e8) {
    buf_printf(b, ",\"%s\":\"", name);
    buf_put_e8(b, e8);
    buf_put_byte(b, '"');
}

static void offer(struct api_core *c, const struct api_request *rq, const struct held *v, int n,
                  const uint8_t *will, struct api_answer *a) {
    char code[CODE_BYTES], at[TIME_TEXT_BYTES];
    struct buf *const b = &a->body;
    if (!make_code(api_core_codes(c), rq->who.token_id, will, code)) {
        api_problem(a, 503, "RANDOM", "The system gave no random bytes; try again.");
        return;
    }
    buf_printf(b, "{\"code\":\"%s\",\"expires_at\":\"" STR_FMT "\",\"will\":[", code,
               STR_ARG(time_format_rfc3339(rq->now + CODE_LASTS, at)));
    for (int i = 0; i < n; i++) {
        buf_printf(b, "%s{\"symbol\":\"%s\"", i > 0 ? "," : "", v[i].symbol);
        put_amount(b, "size", qty_e8(qty_abs(v[i].size)));
        buf_printf(b, ",\"side\":\"%s\"", qty_e8(v[i].size) < 0 ? "SHORT" : "LONG");
        put_amount(b, "unrealized_pnl", money_e8(v[i].unrealized));
        buf_put_byte(b, '}');
    }
    buf_printf(b,
               "],\"text\":\"halts trading, closes %d position%s at the next price and refuses "
               "every signal that waits\"}\n",
               n, n == 1 ? "" : "s");
}

void api_post_flatten(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct command cmd = {.verb = VERB_FLATTEN, .mode = MODE_HALTED};
    struct order_key key;
    struct held *held;
    uint8_t will[SHA256_BYTES];
    int count;
    str code = {0}, why = {0};
    struct body_member members[] = {
        {.name = "code", .kind = BODY_TEXT, .min = 1, .max = 64, .text = &code},
        REASON_MEMBER(&why)};
    if (!body_read(rq, members, COUNT_OF(members), ret) || !order_key(c, rq, &key, ret) ||
        (members[0].seen && repeated(c, rq, &key, cmd.verb, ret)) ||
        !read_will(c, rq, &held, &count, will, ret))
        return;
    if (!members[0].seen) {
        offer(c, rq, held, count, will, ret);
        return;
    }
    switch (use_code(api_core_codes(c), rq->who.token_id, code, will)) {
    case CODE_UNKNOWN:
        api_problem_field(ret, 409, "CODE", "code",
                          "code: is not known, was used, or is older than 60 seconds; ask for "
                          "another by POST /api/flatten without one.");
        return;
    case CODE_CHANGED:
        api_problem_field(ret, 409, "CHANGED", "code",
                          "code: the positions are not those any more that it was given for; ask "
                          "for another, and look at what it would do.");
        return;
    case CODE_GOOD:
        give(c, rq, &key, &cmd, why, ret);
        return;
    }
    WRONG("a state that is none");
}

/* --- looking at one ----------------------------------------------------------------------- */

void api_get_command(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct order_result r = {0};
    str text;
    bool found;
    if (!api_query_get(rq->query, "id", rq->a, &text, &found, &err)) {
        api_problem_field(ret, 400, "QUERY", "id", "%s", err.msg);
        return;
    }
    if (!found || !str_to_i64(text, &r.id) || r.id <= 0) {
        api_problem_field(ret, 400, "QUERY", "id",
                          "id: expected the id of a command, as its answer gave it");
        return;
    }
    if (look(c, rq, &r, &err)) {
        put_result(&r, false, ret);
        ret->status = 200;
    } else if (err.code == ERR_NOT_FOUND) {
        api_problem_field(ret, 404, "NOT_FOUND", "id", "%s", err.msg);
    } else {
        api_problem_store(ret, &err);
    }
}
