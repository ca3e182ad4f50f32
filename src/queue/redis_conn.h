/* redis_conn: one connection to a Redis: commands out, replies in, each within its time.
 *
 * Pipelined: commands are gathered, sent together, and their replies read in the same order. What
 * goes wrong on the wire closes the connection, so that no reply is ever taken for another's; what
 * Redis refuses is a reply. Nothing is sent twice by itself. One thread at a time. */
#ifndef BF_QUEUE_REDIS_CONN_H
#define BF_QUEUE_REDIS_CONN_H

#include <hiredis.h>

#include "base/buf.h"
#include "base/secret.h"
#include "base/time.h"
#include "queue/redis_url.h"

#define REDIS_SCRIPTS_MAX 8
#define REDIS_SHA_BYTES 41

/* What a connection goes to, and as whom. Borrowed by connections, never changed. */
struct redis_at {
    struct redis_url url;
    const struct secret *password; /* p NULL: none */
    const char *ca_file;           /* TLS: who signs; NULL: whom the system trusts */
    usec timeout;                  /* to connect, and for each answer */
    const char *const *scripts;    /* texts, loaded whenever it connects */
    int script_count;
};

struct redis_conn {
    const struct redis_at *at;
    redisContext *c; /* NULL: not connected */
    struct buf out;  /* commands that are not sent yet */
    int owed;        /* replies that are still to come */
    int64_t id;      /* Redis' number of it; 0: not known */
    char version[32];
    char run_id[64]; /* another with each start of the server; "": not known */
    bool valkey;
    char sha[REDIS_SCRIPTS_MAX][REDIS_SHA_BYTES];
};

void redis_conn_init(struct redis_conn *n, const struct redis_at *at);
void redis_conn_fini(struct redis_conn *n);

/* Connects, says who we are, asks who it is, loads the scripts. name: shown in Redis' list of
 * clients. Errors: ERR_IO nobody there; redis_refused()'s; ERR_CONFIG a certificate, a file of such
 * that cannot be read; ERR_UNSUPPORTED too old, TLS that this build has not. */
MUST_CHECK bool redis_conn_open(struct redis_conn *n, const char *name, struct error *err);
/* The scripts once more, where Redis has forgotten them. */
MUST_CHECK bool redis_conn_load(struct redis_conn *n, struct error *err);
void redis_conn_close(struct redis_conn *n); /* a closed one is fine */
/* Is it open, as far as can be known without asking? One that the other side closed is closed. */
bool redis_conn_is_open(struct redis_conn *n);

/* --- commands ----------------------------------------------------------------------------- */

/* A command of `words` words; exactly so many of the following come next. */
void redis_cmd(struct redis_conn *n, int words);
void redis_word(struct redis_conn *n, str s);
#define redis_word_z(n, z) redis_word((n), str_from_z(z))
void redis_word_i64(struct redis_conn *n, int64_t v);
/* The word's length, then its bytes by the caller: into n->out, exactly as many. */
void redis_word_begin(struct redis_conn *n, ptrdiff_t bytes);
void redis_word_end(struct redis_conn *n);
/* A whole command from words that are texts; NULL ends them. */
void redis_cmd_z(struct redis_conn *n, ...) __attribute__((sentinel));
/* EVALSHA SHA KEYS key...: the keys are words, then `args` more come. */
void redis_cmd_script(struct redis_conn *n, int script, const str *keys, int key_count, int args);

/* --- there and back ----------------------------------------------------------------------- */

MUST_CHECK bool redis_send(struct redis_conn *n, struct error *err);
typedef enum redis_heard {
    REDIS_REPLY,  /* the next one is there */
    REDIS_WOKEN,  /* wake_fd can be read */
    REDIS_SILENT, /* the time is over; the connection is as it was */
    REDIS_BROKEN  /* the connection is closed; err says why */
} redis_heard;
/* Waits for the next reply until `deadline` (monotonic). wake_fd: -1 none. The reply is the
 * caller's to free with freeReplyObject, and may be an error. */
redis_heard redis_hear(struct redis_conn *n, usec deadline, int wake_fd, redisReply **ret,
                       struct error *err);
/* The next reply within the connection's time, whatever it is. False: closed. */
MUST_CHECK bool redis_next(struct redis_conn *n, redisReply **ret, struct error *err);
/* The same, where an error of Redis is an error; more replies that are to come are given up, and
 * the connection with them. */
MUST_CHECK bool redis_expect(struct redis_conn *n, redisReply **ret, struct error *err);
/* Sends and expects one reply, which nobody needs. */
MUST_CHECK bool redis_done(struct redis_conn *n, struct error *err);
/* It does not answer in time: closes, ERR_IO. */
bool redis_silent(struct redis_conn *n, struct error *err);
/* An answer of a shape that makes no sense: closes, ERR_DAMAGED. */
bool redis_nonsense(struct redis_conn *n, struct error *err);

/* --- replies ------------------------------------------------------------------------------ */

static inline str redis_str(const redisReply *r) {
    return r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS ||
                   r->type == REDIS_REPLY_ERROR
               ? str_from_bytes(r->str, (ptrdiff_t)r->len)
               : (str){0};
}
static inline bool redis_is_array(const redisReply *r, size_t least) {
    return r->type == REDIS_REPLY_ARRAY && r->elements >= least;
}
/* The value of `field` in INFO's text; "" where it is not there. */
str redis_info_field(str info, const char *field);

/* What an error reply means for who gave the command. */
typedef enum redis_trouble {
    REDIS_OTHER,    /* as its code says */
    REDIS_UNLOADED, /* it has no such script: nothing was done */
    REDIS_GONE      /* streams, group or epoch are gone: nothing was done */
} redis_trouble;
/* Writes err: ERR_CONFIG, ERR_BUSY, ERR_FULL, ERR_UNSUPPORTED, ERR_IO, each with what to do.
 * Nothing of what was sent is in it. */
redis_trouble redis_refused(const redisReply *r, struct error *err);

/* --- TLS (redis_tls.c) --------------------------------------------------------------------- */

bool redis_tls_is_built(void);
/* Over a connection that is open: checks the certificate and the host's name. Errors: ERR_CONFIG,
 * ERR_UNSUPPORTED, ERR_IO. */
MUST_CHECK bool redis_tls_begin(redisContext *c, const struct redis_at *at, struct error *err);

#endif
