/* redis: the queue on Redis Streams, for processes that share it, on one machine or many.
 *
 * Redis 6.2 or newer, or Valkey; one server, or one with replicas (no cluster). docs/queue.md says
 * what lies there under which names, what rights a user needs, and what happens when it fails. */
#ifndef BF_QUEUE_REDIS_H
#define BF_QUEUE_REDIS_H

#include "base/secret.h"
#include "queue/queue.h"

struct redis_options {
    str url;                       /* redis_url.h */
    str prefix;                    /* of all names in Redis: one for each installation */
    str name;                      /* of the queue, "posts"; prefix and name: a-z A-Z 0-9 . _ - */
    const struct secret *password; /* NULL or empty: none; copied */
    str ca_file;                   /* TLS: whose certificates are taken; empty: the system's */
    bool insecure;    /* plain text and without TLS may go to another machine: it is a safe wire */
    usec timeout;     /* to connect, and for each answer */
    usec claim_after; /* a job that nobody said anything of for so long (queue_keep) is given to
                         another; 1 ms or more */
    /* One consumer, which takes everything in its order: also what one before it left in its hands,
     * at once. Never two at a time. */
    bool single;
    /* What people should know, told once when it happens: connection lost and back, jobs lost, a
     * Redis that throws data away. Called from any thread that uses the queue. NULL: nobody. */
    void (*notice)(void *ctx, const char *text);
    void *notice_ctx;
};

/* Connects with the first call, so that a Redis that is not there yet is an error of that: ERR_IO.
 * Here only what is wrong with the options is. Errors: ERR_CONFIG; ERR_REFUSED plain text to
 * another machine; ERR_UNSUPPORTED TLS that this build has not. */
MUST_CHECK bool redis_queue_open(const struct queue_options *opt, const struct redis_options *redis,
                                 struct queue **ret, struct error *err);

/* For people who look after it. */
struct redis_info {
    char version[32];
    bool valkey;
    char policy[32];     /* maxmemory-policy; "": not allowed to be asked */
    bool evicts;         /* by that policy it may throw the queue away */
    int64_t memory_max;  /* maxmemory, bytes; 0: none */
    int64_t memory_used; /* -1: not known */
    bool appends;        /* an append-only file: little is lost when it is started anew */
    usec ping;           /* how long one took */
};
/* Looks at server and queue over a connection of its own, and makes nothing that is not there. What
 * this process did is not in *ret_stats. PRE: q is one of redis_queue_open. Errors: as queue_ping.
 */
MUST_CHECK bool redis_queue_look(struct queue *q, struct redis_info *ret_info,
                                 struct queue_stats *ret_stats, struct error *err);

#endif
