/* What the files of the queue on Redis share.
 *
 * redis.c opens, closes and holds them together; redis_put.c brings jobs and gives them back,
 * redis_take.c takes them, redis_watch.c looks after the whole. Two locks: `io` for the connection
 * that everything but taking goes over, held while Redis works; `mutex` for the fields, held for a
 * few instructions. io before mutex. */
#ifndef BF_QUEUE_REDIS_INT_H
#define BF_QUEUE_REDIS_INT_H

#include <pthread.h>

#include "queue/queue_int.h"
#include "queue/redis.h"
#include "queue/redis_conn.h"
#include "queue/redis_job.h"

#define REDIS_GROUP "readers"
#define REDIS_NAME_BYTES 64 /* of prefix and name */
#define REDIS_KEY_BYTES (2 * REDIS_NAME_BYTES + 16)
#define REDIS_CONSUMER_BYTES 128
#define REDIS_EPOCH_BYTES 128
#define REDIS_ENTRY_BYTES 44  /* "18446744073709551615-18446744073709551615" */
#define REDIS_TEND_MOST 1000  /* jobs that one call moves */
#define REDIS_CHUNK 512       /* jobs in one command */
#define REDIS_WAKE USEC_PER_S /* a taker that waits looks around at least so often */

enum {
    SCRIPT_ADOPT,
    SCRIPT_PUT,
    SCRIPT_TEND,
    SCRIPT_DONE,
    SCRIPT_RETRY,
    SCRIPT_KEEP,
    SCRIPT_FORGET,
    REDIS_SCRIPT_COUNT
};
extern const char *const redis_scripts[REDIS_SCRIPT_COUNT];

/* As the scripts have them; [JOB_FRESH] and [JOB_LATE] are the streams. */
enum { KEY_DELAYED = 2, KEY_EPOCH, KEY_UNSWEPT, KEY_MARKED, KEY_COUNT };

/* The place of a job in Redis. */
struct redis_entry {
    job_kind stream;
    uint64_t ms, seq; /* its id there */
};

struct redis_taker;

struct redis_job {
    struct job base;
    struct redis_entry at;
    int tries;                     /* that ended with a retry, before this */
    int deliveries;                /* of this entry, with this one */
    struct redis_taker *taker;     /* under whose name it was taken */
    struct redis_job *prev, *next; /* in hands */
    struct redis_job *stash_next;
};

/* A connection that takes, and a consumer of its own in Redis. One thread at a time. */
struct redis_taker {
    struct redis_queue *q;
    struct redis_taker *next;
    bool busy;      /* guarded by the queue's mutex */
    bool look_back; /* entries may be in this name's hands in Redis that nobody here knows of */
    int wake;       /* eventfd: look around at once */
    struct redis_conn conn;
    char name[REDIS_CONSUMER_BYTES];
};

/* How it stands with the server. */
struct redis_health {
    bool down;        /* and people know */
    usec again_at;    /* not before (monotonic) */
    usec pause;       /* the last one */
    struct error why; /* of the last failure */
};

struct redis_queue {
    struct queue base;
    struct queue_options opt;
    struct redis_options redis; /* its texts are not used after opening */
    struct redis_at at;
    struct secret password;
    char *ca_file;
    char keys_text[KEY_COUNT][REDIS_KEY_BYTES];
    str keys[KEY_COUNT];
    char instance[REDIS_CONSUMER_BYTES - 16]; /* what its consumers' names begin with */

    pthread_mutex_t io;
    struct redis_conn main;

    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a job was done, or the queue is stopped */
    bool stopped;
    struct redis_health health;
    char epoch[REDIS_EPOCH_BYTES]; /* "": not known yet */
    char run_told[64];             /* the server that people were told of */
    struct redis_taker *takers;    /* all, newest first */
    int taker_count;
    struct redis_job *hands;             /* taken and not given back */
    struct redis_job *stash, *stash_end; /* taken beyond what was asked for: for the next take */
    struct redis_entry *done;            /* acknowledged here, and not yet there */
    int done_count, done_room;
    usec claim_at, forget_at; /* monotonic: not before */
    bool backlog;             /* single: what others had in their hands comes first */
    int64_t enqueued, acked, retried, dead, reclaimed;
    struct rng rng;
};

static inline struct redis_queue *redis_self(struct queue *q) {
    return (struct redis_queue *)(void *)q;
}
static inline struct redis_job *redis_job_self(struct job *j) {
    return (struct redis_job *)(void *)j;
}

/* --- redis.c ------------------------------------------------------------------------------ */

void redis_lock(pthread_mutex_t *m);
void redis_unlock(pthread_mutex_t *m);
void redis_notice(struct redis_queue *q, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The connection is open and has seen this epoch; opens it if it is time to. False at once where
 * it failed a moment ago. */
MUST_CHECK bool redis_link(struct redis_queue *q, struct redis_conn *n, const char *name,
                           struct error *err);
/* Learns the epoch, or begins one where there is none, it is another run of the server, or it is
 * `broken` ("": none is). */
MUST_CHECK bool redis_adopt(struct redis_queue *q, struct redis_conn *n, const char *broken,
                            struct error *err);
/* What an error reply asks for is done: scripts, keys. True: the same command can be given once
 * more. False: err as redis_refused, or why it could not be mended. */
MUST_CHECK bool redis_mend(struct redis_queue *q, struct redis_conn *n, const redisReply *r,
                           struct error *err);
/* io is held: the main connection. */
MUST_CHECK bool redis_link_main(struct redis_queue *q, struct error *err);
/* One command on the main connection, built by `build`; mends and repeats it once where nothing was
 * done. The reply is the caller's and no error. io is held. */
MUST_CHECK bool redis_call(struct redis_queue *q, void (*build)(struct redis_queue *q, void *ctx),
                           void *ctx, redisReply **ret, struct error *err);

str redis_entry_format(const struct redis_entry *e, char block[REDIS_ENTRY_BYTES]);
/* Of a stream; stream is left as it is. */
MUST_CHECK bool redis_entry_parse(str s, struct redis_entry *ret);

/* --- redis_put.c: the parts of the interface ------------------------------------------------ */

bool redis_put_many(struct queue *q, const struct job_put *v, int count, usec now, usec timeout,
                    int *ret_put, struct error *err);
bool redis_ack_many(struct queue *q, struct job *const *jobs, int count, struct error *err);
bool redis_retry(struct queue *q, struct job *job, str note, usec now, bool *ret_dead,
                 struct error *err);
bool redis_keep(struct queue *q, struct job *const *jobs, int count, usec now, struct error *err);
/* What is done here is done in Redis, too, with the next redis_flush_done. mutex is held. */
void redis_done_add(struct redis_queue *q, const struct redis_entry *e);
MUST_CHECK bool redis_flush_done(struct redis_queue *q, struct error *err);
/* What is in hands goes back, without a try being counted. Best effort: io is not held. */
void redis_release(struct redis_queue *q);

/* --- redis_take.c --------------------------------------------------------------------------- */

bool redis_take(struct queue *q, struct job **jobs, int max, usec now, usec timeout, int *ret_count,
                struct error *err);
void redis_taker_free(struct redis_taker *t);
/* mutex is held. */
void redis_hands_add(struct redis_queue *q, struct redis_job *j);
void redis_hands_remove(struct redis_queue *q, struct redis_job *j);
/* A taker looks around at once: a pause may end sooner than it knows. mutex is held. */
void redis_wake_one(struct redis_queue *q);

/* What the script `tend` gives: when the next pause ends, USEC_NEVER none. */
usec redis_due(const redisReply *r);

/* --- redis_watch.c -------------------------------------------------------------------------- */

bool redis_ping(struct queue *q, usec now, struct error *err);
bool redis_lost(struct queue *q);
bool redis_stats(struct queue *q, struct queue_stats *ret, struct error *err);
/* Consumers that are gone, and those of the names (NULL: none), are forgotten. io is held. */
MUST_CHECK bool redis_forget(struct redis_queue *q, bool own, struct error *err);
/* Once for each server: does it throw data away? io is held. */
void redis_look_at_server(struct redis_queue *q);

#endif
