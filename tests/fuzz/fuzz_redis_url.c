/* Law: whatever a URL looks like, what is taken of it is where people would read it to be: its
 * parts stand in it, written out it means the same, and a password is never taken, nor repeated.
 * Without TLS, "this machine" is a socket or a loopback address. */
#include <string.h>

#include "fuzz.h"
#include "queue/redis_url.h"

static bool is_local(const struct redis_url *u) {
    return u->path[0] == '/' || strcmp(u->host, "localhost") == 0 ||
           strncmp(u->host, "127.", 4) == 0 || strchr(u->host, ':') != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    const str url = str_from_bytes(data, (ptrdiff_t)bytes);
    struct redis_url u, again;
    struct error err;
    char block[512];
    struct buf out;
    if (!redis_url_parse(url, &u, &err)) {
        LAW(err.code == ERR_CONFIG);
        LAW(str_find_byte(url, '@') < 0 || strchr(err.msg, '@') == NULL);
        return 0;
    }
    LAW(u.db >= 0 && u.db <= REDIS_DB_MAX);
    LAW((u.path[0] == '\0') == (u.host[0] != '\0'));
    LAW(str_find(url, str_from_z(u.path[0] != '\0' ? u.path : u.host)) >= 0);
    LAW(u.path[0] != '\0' || (u.port > 0 && u.port <= 65535));
    LAW(!u.here || is_local(&u));
    const ptrdiff_t at = str_find_byte(url, '@');
    LAW((at >= 0) == (u.user[0] != '\0'));
    if (at >= 0) { /* what stands before it is the scheme and a user, and nothing else */
        const str before = str_head(url, at), scheme = STR("://");
        LAW(str_find(before, scheme) >= 0);
        LAW(str_eq(str_tail(before, str_find(before, scheme) + 3), str_from_z(u.user)));
    }
    buf_init_fixed(&out, block, sizeof block);
    redis_url_put(&u, &out);
    LAW(redis_url_parse(buf_str(&out), &again, &err));
    LAW(again.tls == u.tls && again.here == u.here && again.db == u.db);
    LAW(u.path[0] != '\0' || again.port == u.port);
    LAW(strcmp(again.host, u.host) == 0 && strcmp(again.path, u.path) == 0);
    return 0;
}
