/* redis_conn: hiredis with deadlines.
 *
 * In: commands as words. Out: replies as hiredis reads them. hiredis connects and reads the
 * protocol; waiting is done here, by poll, since one deadline holds for a whole reply, however it
 * is dribbled, and a thread that waits for jobs must also hear when it is to stop. Writing is done
 * here, too, but for TLS: so a password is in no buffer that is not wiped, and a connection that
 * was closed raises no signal. The socket has the same time limit for each write and read.
 *
 * Failure: the connection is closed at once and err says what happened; the next call opens
 * another. Replies that nobody will read any more close it, too. Thread: one at a time. */
#include "queue/redis_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUT_BYTES_MAX (16 << 20) /* a chunk of jobs has some 2 MiB */
#define LEAST_MAJOR 6
#define LEAST_MINOR 2 /* XPENDING by idle time, GETDEL */

void redis_conn_init(struct redis_conn *n, const struct redis_at *at) {
    PRE(at->script_count <= REDIS_SCRIPTS_MAX);
    *n = (struct redis_conn){.at = at};
    buf_init(&n->out, OUT_BYTES_MAX);
}

void redis_conn_fini(struct redis_conn *n) {
    redis_conn_close(n);
    buf_fini(&n->out);
}

void redis_conn_close(struct redis_conn *n) {
    if (n->c != NULL) redisFree(n->c);
    n->c = NULL;
    n->owed = 0;
    buf_clear(&n->out);
}

bool redis_conn_is_open(struct redis_conn *n) {
    if (n->c == NULL) return false;
    struct pollfd p = {.fd = n->c->fd, .events = POLLIN};
    /* nothing was asked: what comes now is the end */
    if (n->owed == 0 && poll(&p, 1, 0) != 0) redis_conn_close(n);
    return n->c != NULL;
}

/* --- commands ----------------------------------------------------------------------------- */

void redis_cmd(struct redis_conn *n, int words) {
    buf_printf(&n->out, "*%d\r\n", words);
    n->owed++;
}

void redis_word_begin(struct redis_conn *n, ptrdiff_t bytes) {
    buf_printf(&n->out, "$%td\r\n", bytes);
}

void redis_word_end(struct redis_conn *n) { buf_put(&n->out, STR("\r\n")); }

void redis_word(struct redis_conn *n, str s) {
    redis_word_begin(n, s.n);
    buf_put(&n->out, s);
    redis_word_end(n);
}

void redis_word_i64(struct redis_conn *n, int64_t v) {
    char text[24];
    redis_word(n, str_from_bytes(text, snprintf(text, sizeof text, "%" PRId64, v)));
}

void redis_cmd_z(struct redis_conn *n, ...) {
    va_list args;
    int words = 0;
    va_start(args, n);
    while (va_arg(args, const char *) != NULL) words++;
    va_end(args);
    redis_cmd(n, words);
    va_start(args, n);
    for (int i = 0; i < words; i++) redis_word_z(n, va_arg(args, const char *));
    va_end(args);
}

void redis_cmd_script(struct redis_conn *n, int script, const str *keys, int key_count, int args) {
    redis_cmd(n, 3 + key_count + args);
    redis_word(n, STR("EVALSHA"));
    redis_word_z(n, n->sha[script]);
    redis_word_i64(n, key_count);
    for (int i = 0; i < key_count; i++) redis_word(n, keys[i]);
}

/* --- there and back ----------------------------------------------------------------------- */

static bool broken(struct redis_conn *n, const char *what, struct error *err) {
    char why[128];
    const int sys = errno;
    IGNORE(!str_copyz(str_from_z(n->c != NULL ? n->c->errstr : ""), why, sizeof why), "for people");
    redis_conn_close(n);
    return fail(err, ERR_IO, sys, "Redis went away %s%s%s", what, why[0] != '\0' ? ": " : "", why);
}

bool redis_silent(struct redis_conn *n, struct error *err) {
    const usec timeout = n->at->timeout;
    redis_conn_close(n);
    return fail(err, ERR_IO, 0, "Redis did not answer within %lld ms",
                (long long)(timeout / USEC_PER_MS));
}

static bool write_plain(int fd, str bytes) {
    while (bytes.n > 0) {
        const ssize_t done = send(fd, bytes.p, (size_t)bytes.n, MSG_NOSIGNAL);
        if (done < 0 && errno != EINTR) return false;
        bytes = str_tail(bytes, i64_max(done, 0));
    }
    return true;
}

static bool write_tls(redisContext *c, str bytes) {
    int done = 0;
    if (redisAppendFormattedCommand(c, bytes.p, (size_t)bytes.n) != REDIS_OK) return false;
    while (!done)
        if (redisBufferWrite(c, &done) != REDIS_OK) return false;
    return true;
}

bool redis_send(struct redis_conn *n, struct error *err) {
    PRE(n->c != NULL && !buf_full(&n->out));
    const bool ok = n->at->url.tls ? write_tls(n->c, buf_str(&n->out))
                                   : write_plain(n->c->fd, buf_str(&n->out));
    if (!ok) return broken(n, "while it was asked", err);
    buf_clear(&n->out);
    return true;
}

/* Whole milliseconds until then, rounded up, so that none is waited for in vain. */
static int ms_until(usec deadline) {
    const usec left = deadline - time_monotonic_us();
    return (int)i64_clamp((left + USEC_PER_MS - 1) / USEC_PER_MS, 0, 1 << 30);
}

redis_heard redis_hear(struct redis_conn *n, usec deadline, int wake_fd, redisReply **ret,
                       struct error *err) {
    PRE(n->c != NULL && n->owed > 0);
    for (;;) {
        void *reply = NULL;
        if (redisGetReplyFromReader(n->c, &reply) != REDIS_OK) {
            IGNORE(broken(n, "in the middle of an answer", err), "told below");
            return REDIS_BROKEN;
        }
        if (reply != NULL) {
            n->owed--;
            *ret = reply;
            return REDIS_REPLY;
        }
        struct pollfd p[2] = {{.fd = n->c->fd, .events = POLLIN},
                              {.fd = wake_fd, .events = POLLIN}}; /* poll leaves out -1 */
        const int ready = poll(p, 2, ms_until(deadline));
        if (ready == 0) return REDIS_SILENT;
        if (ready < 0 && errno == EINTR) continue;
        if (ready > 0 && p[0].revents == 0) return REDIS_WOKEN;
        if (ready < 0 || redisBufferRead(n->c) != REDIS_OK) {
            IGNORE(broken(n, "before it answered", err), "told below");
            return REDIS_BROKEN;
        }
    }
}

bool redis_next(struct redis_conn *n, redisReply **ret, struct error *err) {
    switch (redis_hear(n, time_monotonic_us() + n->at->timeout, -1, ret, err)) {
    case REDIS_REPLY:
        return true;
    case REDIS_WOKEN:
    case REDIS_SILENT:
        return redis_silent(n, err);
    case REDIS_BROKEN:
        return false;
    }
    WRONG("a way to hear that is not in the list");
}

bool redis_expect(struct redis_conn *n, redisReply **ret, struct error *err) {
    redisReply *r;
    if (!redis_next(n, &r, err)) return false;
    if (r->type != REDIS_REPLY_ERROR) {
        *ret = r;
        return true;
    }
    redis_refused(r, err);
    freeReplyObject(r);
    if (n->owed > 0) redis_conn_close(n);
    return false;
}

bool redis_done(struct redis_conn *n, struct error *err) {
    redisReply *r;
    if (!redis_send(n, err) || !redis_expect(n, &r, err)) return false;
    freeReplyObject(r);
    return true;
}

bool redis_nonsense(struct redis_conn *n, struct error *err) {
    redis_conn_close(n);
    return fail(err, ERR_DAMAGED, 0, "Redis' answer makes no sense: is queue.url that of a Redis?");
}

/* --- connecting --------------------------------------------------------------------------- */

str redis_info_field(str info, const char *field) {
    str rest = info, line;
    const str name = str_from_z(field);
    while (str_cut(&rest, '\n', &line)) {
        if (!str_starts(line, name)) continue;
        const str behind = str_tail(line, name.n);
        if (str_starts(behind, STR(":"))) return str_trim(str_tail(behind, 1));
    }
    return (str){0};
}

static struct timeval timeval_of(usec t) {
    return (struct timeval){.tv_sec = t / USEC_PER_S, .tv_usec = t % USEC_PER_S};
}

static bool link_up(struct redis_conn *n, struct error *err) {
    const struct redis_at *at = n->at;
    const struct timeval timeout = timeval_of(at->timeout);
    char where[REDIS_HOST_BYTES + 64];
    struct buf b;
    buf_init_fixed(&b, where, sizeof where);
    redis_url_put(&at->url, &b);
    n->c = at->url.path[0] != '\0' ? redisConnectUnixWithTimeout(at->url.path, timeout)
                                   : redisConnectWithTimeout(at->url.host, at->url.port, timeout);
    POST(n->c != NULL);
    if (n->c->err != 0) {
        const int sys = errno;
        char why[128];
        IGNORE(!str_copyz(str_from_z(n->c->errstr), why, sizeof why), "for people");
        redis_conn_close(n);
        return fail(err, ERR_IO, sys, "no Redis at %s: %s", buf_z(&b), why);
    }
    IGNORE(fcntl(n->c->fd, F_SETFD, FD_CLOEXEC) != 0, "then children have it, too");
    IGNORE(redisSetTimeout(n->c, timeout) != REDIS_OK, "then poll's alone");
    if (at->url.path[0] == '\0') /* it breaks a socket's context */
        IGNORE(redisEnableKeepAlive(n->c) != REDIS_OK, "then the next command finds out");
    if (!at->url.tls || redis_tls_begin(n->c, at, err)) return true;
    redis_conn_close(n);
    return fail_in(err, "%s", buf_z(&b));
}

/* So that what comes next does not make the buffer move. */
static void make_room(struct redis_conn *n) {
    static const char blanks[2 * SECRET_BYTES_MAX];
    buf_put(&n->out, str_from_bytes(blanks, sizeof blanks));
    buf_clear(&n->out);
}

/* The password goes alone: it is wiped from the buffer before anything else is gathered there. The
 * buffer has not grown meanwhile, which would leave a copy: it has room from the start. */
static bool log_in(struct redis_conn *n, struct error *err) {
    const struct redis_at *at = n->at;
    const bool named = at->url.user[0] != '\0';
    redisReply *r;
    if (at->password == NULL || at->password->p == NULL) return true;
    make_room(n);
    redis_cmd(n, named ? 3 : 2);
    redis_word(n, STR("AUTH"));
    if (named) redis_word_z(n, at->url.user);
    redis_word(n, secret_str(at->password));
    const bool sent = redis_send(n, err);
    memory_wipe(n->out.p, n->out.cap);
    if (!sent || !redis_expect(n, &r, err)) return false;
    freeReplyObject(r);
    return true;
}

/* Its number is told, or not allowed to be asked for. */
static bool hear_id(struct redis_conn *n, struct error *err) {
    redisReply *r;
    n->id = 0;
    if (!redis_next(n, &r, err)) return false;
    if (r->type == REDIS_REPLY_INTEGER) n->id = r->integer;
    freeReplyObject(r);
    return true;
}

static bool version_check(struct redis_conn *n, struct error *err) {
    str rest = str_from_z(n->version), major, minor = {0};
    int64_t a = 0, b = 0;
    if (rest.n == 0) return true; /* not allowed to be asked for */
    if (!str_cut(&rest, '.', &major) || !str_cut(&rest, '.', &minor) || !str_to_i64(major, &a) ||
        !str_to_i64(minor, &b))
        return true; /* none of Redis' own */
    if (a > LEAST_MAJOR || (a == LEAST_MAJOR && b >= LEAST_MINOR)) return true;
    return fail(err, ERR_UNSUPPORTED, 0, "Redis %s is too old: %d.%d is the least", n->version,
                LEAST_MAJOR, LEAST_MINOR);
}

static bool hear_server(struct redis_conn *n, struct error *err) {
    redisReply *r;
    n->version[0] = n->run_id[0] = '\0';
    if (!redis_next(n, &r, err)) return false;
    const str info = redis_str(r);
    const str valkey = redis_info_field(info, "valkey_version");
    const str redis = redis_info_field(info, "redis_version");
    struct error cause;
    const bool loading = r->type == REDIS_REPLY_ERROR && redis_refused(r, &cause) == REDIS_OTHER &&
                         cause.code != ERR_CONFIG;
    n->valkey = valkey.n > 0;
    IGNORE(!str_copyz(n->valkey ? valkey : redis, n->version, sizeof n->version), "for people");
    IGNORE(!str_copyz(redis_info_field(info, "run_id"), n->run_id, sizeof n->run_id), "40 bytes");
    freeReplyObject(r);
    if (loading) *err = cause;
    return !loading && version_check(n, err);
}

bool redis_conn_load(struct redis_conn *n, struct error *err) {
    const int count = n->at->script_count;
    for (int i = 0; i < count; i++) redis_cmd_z(n, "SCRIPT", "LOAD", n->at->scripts[i], NULL);
    if (count > 0 && !redis_send(n, err)) return false;
    for (int i = 0; i < count; i++) {
        redisReply *r;
        if (!redis_expect(n, &r, err)) return false;
        const bool ok = str_copyz(redis_str(r), n->sha[i], REDIS_SHA_BYTES);
        freeReplyObject(r);
        if (!ok) return redis_nonsense(n, err);
    }
    return true;
}

static bool greet(struct redis_conn *n, const char *name, struct error *err) {
    char db[16];
    redisReply *r;
    if (!log_in(n, err)) return false;
    snprintf(db, sizeof db, "%d", n->at->url.db);
    redis_cmd_z(n, "CLIENT", "SETNAME", name, NULL);
    redis_cmd_z(n, "CLIENT", "ID", NULL);
    redis_cmd_z(n, "INFO", "server", NULL);
    redis_cmd_z(n, "SELECT", db, NULL);
    if (!redis_send(n, err) || !redis_next(n, &r, err)) return false;
    freeReplyObject(r); /* a name is a courtesy */
    if (!hear_id(n, err) || !hear_server(n, err) || !redis_expect(n, &r, err)) return false;
    freeReplyObject(r);
    return redis_conn_load(n, err);
}

bool redis_conn_open(struct redis_conn *n, const char *name, struct error *err) {
    PRE(n->c == NULL);
    if (!link_up(n, err)) return false;
    if (greet(n, name, err)) return true;
    redis_conn_close(n);
    return false;
}
