/* redis_trouble: what it means when Redis says no, and what to do.
 *
 * In: an error reply. Out: an error of ours. Redis' own words are repeated only as far as they can
 * hold nothing of what was sent: up to the first quotation mark. Redis before 7 wraps what a
 * command says within a script ("ERR Error running script ... @user_script: 9: -OOM command not
 * allowed ...", by pcall without the first words), so there the word is looked for inside. Pure;
 * any thread. */
#include "queue/redis_conn.h"

#define SAID_BYTES 100

/* The first that fits counts. */
static const struct trouble {
    const char *says; /* how the reply begins */
    redis_trouble what;
    err_code code;
    const char *text;
} troubles[] = {
    {"NOSCRIPT", REDIS_UNLOADED, ERR_IO, "Redis has forgotten the queue's scripts"},
    {"NOGROUP", REDIS_GONE, ERR_IO, "the queue is gone from Redis"},
    {"UNBLOCKED", REDIS_GONE, ERR_IO, "the queue is gone from Redis"},
    {"NOEPOCH", REDIS_GONE, ERR_IO, "the queue is gone from Redis"},
    {"OOM", REDIS_OTHER, ERR_FULL,
     "Redis is at its maxmemory: raise that, or give readers time to catch up"},
    {"MISCONF", REDIS_OTHER, ERR_FULL,
     "Redis takes nothing as it cannot write to its disk: see its log, make room there"},
    {"NOREPLICAS", REDIS_OTHER, ERR_BUSY, "Redis takes nothing while its replicas are missing"},
    {"LOADING", REDIS_OTHER, ERR_BUSY, "Redis was just started and still reads its data: wait"},
    {"BUSY ", REDIS_OTHER, ERR_BUSY, "somebody's script keeps Redis busy"},
    {"MASTERDOWN", REDIS_OTHER, ERR_BUSY, "Redis is a replica without its primary"},
    {"READONLY", REDIS_OTHER, ERR_BUSY,
     "Redis is a replica, which takes nothing: give queue.url the primary's address"},
    {"ERR max number of clients", REDIS_OTHER, ERR_BUSY,
     "Redis has no connection left: raise its maxclients"},
    {"NOAUTH", REDIS_OTHER, ERR_CONFIG,
     "Redis wants a password: name its file in queue.password_file"},
    {"WRONGPASS", REDIS_OTHER, ERR_CONFIG,
     "Redis does not take the password: look at queue.password_file, and at the user in queue.url"},
    {"ERR invalid password", REDIS_OTHER, ERR_CONFIG,
     "Redis does not take the password: look at queue.password_file"},
    {"ERR AUTH", REDIS_OTHER, ERR_CONFIG,
     "Redis has no password: take queue.password_file out, or give Redis one (requirepass)"},
    {"NOPERM", REDIS_OTHER, ERR_CONFIG,
     "the Redis user may not do what a queue needs: docs/queue.md has the rights"},
    {"DENIED", REDIS_OTHER, ERR_CONFIG,
     "Redis is in protected mode: without a password it speaks to its own machine only"},
    {"WRONGTYPE", REDIS_OTHER, ERR_CONFIG,
     "something else stands in Redis under the queue's names: remove it, or set queue.prefix"},
    {"ERR DB index", REDIS_OTHER, ERR_CONFIG, "Redis has no database of the number in queue.url"},
    {"MOVED", REDIS_OTHER, ERR_UNSUPPORTED,
     "this is a Redis Cluster, which is not spoken to: give queue.url a single Redis"},
    {"CLUSTERDOWN", REDIS_OTHER, ERR_UNSUPPORTED,
     "this is a Redis Cluster, which is not spoken to: give queue.url a single Redis"},
    {"CROSSSLOT", REDIS_OTHER, ERR_UNSUPPORTED,
     "this is a Redis Cluster, which is not spoken to: give queue.url a single Redis"},
    {"ERR unknown command", REDIS_OTHER, ERR_UNSUPPORTED,
     "Redis lacks a command that a queue needs: 6.2 is the least, and none may be renamed"},
    {"ERR unknown subcommand", REDIS_OTHER, ERR_UNSUPPORTED,
     "Redis lacks a command that a queue needs: 6.2 is the least"},
};

static bool says(str reply, const char *word) {
    if (str_starts(reply, str_from_z(word))) return true;
    const bool wrapped = str_starts(reply, STR("ERR Error running script")) ||
                         str_starts(reply, STR("@user_script"));
    return wrapped && str_find(reply, str_from_z(word)) >= 0;
}

redis_trouble redis_refused(const redisReply *r, struct error *err) {
    const str reply = redis_str(r);
    for (int i = 0; i < COUNT_OF(troubles); i++) {
        if (!says(reply, troubles[i].says)) continue;
        IGNORE(fail(err, troubles[i].code, 0, "%s", troubles[i].text), "returned by its kind");
        return troubles[i].what;
    }
    ptrdiff_t n = 0;
    while (n < reply.n && n < SAID_BYTES && reply.p[n] != '\'' && reply.p[n] != '"' &&
           reply.p[n] != '`')
        n++;
    IGNORE(fail(err, ERR_IO, 0, "Redis refuses: " STR_FMT, STR_ARG(str_head(reply, n))),
           "returned by its kind");
    return REDIS_OTHER;
}
