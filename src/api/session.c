/* session: browsers that have logged in, and how the handlers for it answer.
 *
 * In: a token, once; then the cookie. Out: the identity of the token, for as long as the token
 * itself counts (core.c looks that up with each request), the session is used at least every twelve
 * hours, and the program runs: nothing of a session is stored.
 * Invariants: no secret stands here in the clear; look-ups compare all rows in constant time; a
 * session never has more rights than its token has now. Failure: a session that is not known is
 * nobody. Threads: any. */
#include "api/session.h"

#include <pthread.h>
#include <stdio.h>

#include "api/auth.h"
#include "api/body.h"
#include "api/core.h"
#include "base/secret.h"

struct session {
    uint8_t hash[SHA256_BYTES];
    int64_t token_id; /* 0: free */
    usec used_at;     /* monotonic */
};

struct api_sessions {
    pthread_mutex_t lock;
    struct session v[SESSIONS_MAX];
};

struct api_sessions *api_sessions_new(struct arena *boot) {
    struct api_sessions *t = NEW(boot, struct api_sessions);
    POST(pthread_mutex_init(&t->lock, NULL) == 0);
    return t;
}

void api_sessions_free(struct api_sessions *t) {
    if (t != NULL) pthread_mutex_destroy(&t->lock);
}

/* --- one session -------------------------------------------------------------------------- */

static bool is_over(const struct session *v, usec mono) {
    return v->token_id == 0 || mono - v->used_at >= SESSION_IDLE;
}

static struct session *find_place(struct api_sessions *t, usec mono) {
    struct session *best = &t->v[0];
    for (int i = 0; i < SESSIONS_MAX; i++) {
        if (is_over(&t->v[i], mono)) return &t->v[i];
        if (t->v[i].used_at < best->used_at) best = &t->v[i];
    }
    return best;
}

bool api_session_open(struct api_sessions *t, int64_t token_id, usec mono,
                      char ret[SESSION_SECRET_BYTES], struct error *err) {
    uint8_t random[SHA256_BYTES];
    PRE(token_id != 0);
    if (!bytes_random(random, sizeof random))
        return fail(err, ERR_IO, 0, "the system gave no random bytes; try again");
    const str text = hex_format(random, sizeof random, ret);
    memory_wipe(random, sizeof random);
    pthread_mutex_lock(&t->lock);
    struct session *const v = find_place(t, mono);
    *v = (struct session){.token_id = token_id, .used_at = mono};
    sha256_once(text, v->hash);
    pthread_mutex_unlock(&t->lock);
    return true;
}

static bool has_form(str secret) {
    if (secret.n != SESSION_SECRET_BYTES - 1) return false;
    for (ptrdiff_t i = 0; i < secret.n; i++)
        if (str_find_byte(STR("0123456789abcdef"), secret.p[i]) < 0) return false;
    return true;
}

/* NULL: none. Under the lock. */
static struct session *find(struct api_sessions *t, str secret, usec mono) {
    uint8_t hash[SHA256_BYTES];
    struct session *found = NULL;
    if (!has_form(secret)) return NULL;
    sha256_once(secret, hash);
    for (int i = 0; i < SESSIONS_MAX; i++)
        if (bytes_same(t->v[i].hash, hash, SHA256_BYTES) && !is_over(&t->v[i], mono))
            found = &t->v[i];
    return found;
}

bool api_session_find(struct api_sessions *t, str secret, usec mono, int64_t *ret_token_id) {
    pthread_mutex_lock(&t->lock);
    struct session *const v = find(t, secret, mono);
    if (v != NULL) v->used_at = i64_max(v->used_at, mono);
    if (v != NULL) *ret_token_id = v->token_id;
    pthread_mutex_unlock(&t->lock);
    return v != NULL;
}

void api_session_close(struct api_sessions *t, str secret) {
    pthread_mutex_lock(&t->lock);
    struct session *const v = find(t, secret, INT64_MIN / 2);
    if (v != NULL) *v = (struct session){0};
    pthread_mutex_unlock(&t->lock);
}

void api_session_csrf(str secret, char ret[SESSION_SECRET_BYTES]) {
    uint8_t hash[SHA256_BYTES];
    hmac_sha256(secret, STR("csrf"), hash);
    IGNORE(hex_format(hash, sizeof hash, ret).n, "it fits");
}

bool api_session_csrf_is(str secret, str csrf) {
    char want[SESSION_SECRET_BYTES];
    if (csrf.n != SESSION_SECRET_BYTES - 1) return false;
    api_session_csrf(secret, want);
    return bytes_same(want, csrf.p, csrf.n);
}

/* --- headers ------------------------------------------------------------------------------ */

str api_cookie_get(str header, str name) {
    str rest = header, one, found = {0};
    while (rest.n > 0 && str_cut(&rest, ';', &one)) {
        str value = str_trim(one), key;
        if (!str_cut(&value, '=', &key) || !str_eq(key, name)) continue;
        if (found.p != NULL) return (str){0};
        found = value;
    }
    return found;
}

bool api_origin_parse(str origin, str *ret_host) {
    const str schemes[] = {STR("https://"), STR("http://")};
    for (int i = 0; i < COUNT_OF(schemes); i++) {
        if (!str_eq_nocase(str_head(origin, schemes[i].n), schemes[i])) continue;
        const str host = str_tail(origin, schemes[i].n);
        for (ptrdiff_t k = 0; k < host.n; k++)
            if (host.p[k] <= ' ' || host.p[k] >= 0x7F || strchr("/?#@\\\"',;*", host.p[k]))
                return false;
        *ret_host = host;
        return host.n > 0;
    }
    return false;
}

bool api_origin_is_host(str origin, str host) {
    str of;
    return api_origin_parse(origin, &of) && host.n > 0 && str_eq_nocase(of, host);
}

/* --- /api/session ------------------------------------------------------------------------- */

static void put_session(struct api_answer *a, const struct api_identity *who, const char *csrf) {
    struct buf *const b = &a->body;
    buf_put(b, STR("{\"name\":"));
    if (who->token_id != 0)
        buf_put_json_str(b, str_from_z(who->name));
    else
        buf_put(b, STR("null"));
    buf_printf(b, ",\"role\":\"%s\",\"csrf\":", token_role_name(who->role));
    if (csrf != NULL)
        buf_put_json_str(b, str_from_z(csrf));
    else
        buf_put(b, STR("null"));
    buf_put(b, STR("}\n"));
}

static str secret_of(const struct api_request *rq) {
    return api_cookie_get(rq->head.cookie, STR(SESSION_COOKIE));
}

void api_get_session(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    char csrf[SESSION_SECRET_BYTES];
    (void)c;
    if (rq->who.by_session) api_session_csrf(secret_of(rq), csrf);
    put_session(ret, &rq->who, rq->who.by_session ? csrf : NULL);
}

static void set_cookie(const struct api_request *rq, struct api_answer *a, const char *value,
                       const char *more) {
    /* behind a proxy that has the certificate, the browser's own word says that it came by TLS */
    const bool secure =
        rq->head.secure || str_eq_nocase(str_head(rq->head.origin, 8), STR("https://"));
    api_answer_header_printf(a, "Set-Cookie",
                             SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict%s%s", value,
                             secure ? "; Secure" : "", more);
}

/* The identity of a token in the body; false: the answer is there. */
static bool check_shown(struct api_core *c, const struct api_request *rq, str token,
                        struct api_identity *ret, struct api_answer *a) {
    char bearer[API_TOKEN_BYTES + 64];
    struct buf b;
    buf_init_fixed(&b, bearer, sizeof bearer);
    buf_printf(&b, "Bearer " STR_FMT, STR_ARG(token));
    const bool ok = !buf_full(&b) && api_core_check(c, buf_str(&b), rq->now, time_monotonic_us(),
                                                    ret) == API_AUTH_OK;
    memory_wipe(bearer, sizeof bearer);
    if (!ok) {
        api_problem_field(a, 401, "TOKEN", "token",
                          "token: is not known, was revoked or has expired. bullfinch token list "
                          "shows those that there are.");
        return false;
    }
    if (api_role_allows(ret->role, TOKEN_READ)) return true;
    api_problem_field(a, 403, "ROLE", "token",
                      "token: its role is %s, which brings posts and looks at nothing; a session "
                      "wants read, trade or admin",
                      token_role_name(ret->role));
    return false;
}

void api_post_session(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct api_identity who;
    char secret[SESSION_SECRET_BYTES], csrf[SESSION_SECRET_BYTES];
    str token = {0};
    struct body_member members[] = {{.name = "token",
                                     .kind = BODY_TEXT,
                                     .required = true,
                                     .min = 1,
                                     .max = 80,
                                     .text = &token}};
    if (!body_read(rq, members, COUNT_OF(members), ret) || !check_shown(c, rq, token, &who, ret))
        return;
    struct api_sessions *const t = api_core_sessions(c);
    if (rq->who.by_session) api_session_close(t, secret_of(rq));
    if (!api_session_open(t, who.token_id, time_monotonic_us(), secret, &err)) {
        api_problem(ret, 503, "RANDOM", "%s", err.msg);
        return;
    }
    api_session_csrf(str_from_z(secret), csrf);
    set_cookie(rq, ret, secret, "");
    memory_wipe(secret, sizeof secret);
    ret->status = 201;
    put_session(ret, &who, csrf);
}

void api_delete_session(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    if (rq->who.by_session) api_session_close(api_core_sessions(c), secret_of(rq));
    set_cookie(rq, ret, "", "; Max-Age=0");
    ret->status = 204;
}
