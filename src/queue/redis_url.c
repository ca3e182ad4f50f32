/* redis_url: a URL cut into its parts, byte for byte.
 *
 * In: a text of the configuration. Out: a struct with fixed arrays, or why not. Strict where
 * leniency would be a guess: no escapes, no blanks, nothing behind the last part. Who the URL is of
 * stays out of messages once it holds an '@': what stands before that may be a password.
 * Pure; any thread. */
#include "queue/redis_url.h"

#include <arpa/inet.h>

#define PORT_DEFAULT 6379
#define FORMS                                                                                      \
    "expected redis://HOST:PORT/DB, rediss://HOST:PORT/DB (TLS) or redis+unix:///PATH?db=DB"

static bool refuse(str url, const char *why, struct error *err) {
    if (str_find_byte(url, '@') >= 0) return fail(err, ERR_CONFIG, 0, "the URL %s; " FORMS, why);
    return fail(err, ERR_CONFIG, 0, "\"" STR_FMT "%s\" %s; " FORMS, STR_ARG(str_head(url, 60)),
                url.n > 60 ? "..." : "", why);
}

static bool is_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

static bool is_word(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++)
        if (!is_word_byte(s.p[i])) return false;
    return s.n > 0;
}

/* Decimal, least to most, without a sign, a blank or a leading zero. */
static bool number_parse(str s, int least, int most, int *ret) {
    int v = 0;
    if (s.n == 0 || s.n > 5 || (s.n > 1 && s.p[0] == '0')) return false;
    for (ptrdiff_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        v = v * 10 + (s.p[i] - '0');
    }
    *ret = v;
    return v >= least && v <= most;
}

/* What is before `sep` goes to *ret_part, *rest goes on behind it. False: there is none. */
static bool part_take(str *rest, char sep, str *ret_part) {
    const ptrdiff_t at = str_find_byte(*rest, sep);
    if (at < 0) return false;
    *ret_part = str_head(*rest, at);
    *rest = str_tail(*rest, at + 1);
    return true;
}

/* An address, or a name; what ends in a number can only be an address. */
static bool host_check(struct redis_url *u, bool bracketed) {
    struct in6_addr in6;
    struct in_addr in;
    if (bracketed) {
        if (inet_pton(AF_INET6, u->host, &in6) != 1) return false;
        u->here = IN6_IS_ADDR_LOOPBACK(&in6);
        return true;
    }
    const char *dot = strrchr(u->host, '.'), *last = dot != NULL ? dot + 1 : u->host;
    if (!is_word(str_from_z(u->host)) || *last == '\0') return false;
    if (*last >= '0' && *last <= '9') {
        if (inet_pton(AF_INET, u->host, &in) != 1) return false;
        u->here = ntohl(in.s_addr) >> 24 == 127;
        return true;
    }
    u->here = str_eq(str_from_z(u->host), STR("localhost"));
    return true;
}

/* "host", "host:port", "[::1]:port" */
static bool authority_parse(str authority, struct redis_url *u) {
    str host, port = {0}, rest = authority;
    const bool bracketed = str_starts(authority, STR("["));
    u->port = PORT_DEFAULT;
    if (bracketed) {
        rest = str_tail(rest, 1);
        if (!part_take(&rest, ']', &host)) return false;
        if (rest.n > 0 && rest.p[0] != ':') return false;
        if (rest.n > 0) port = str_tail(rest, 1);
        if (rest.n > 0 && port.n == 0) return false;
    } else if (part_take(&rest, ':', &host)) {
        port = rest;
        if (port.n == 0) return false;
    } else {
        host = authority;
    }
    if (port.n > 0 && !number_parse(port, 1, 65535, &u->port)) return false;
    return host.n > 0 && str_find_byte(host, '\0') < 0 &&
           str_copyz(host, u->host, sizeof u->host) && host_check(u, bracketed);
}

/* Takes "user@" off, if there is one. */
static bool user_take(str url, str *rest, struct redis_url *u, struct error *err) {
    str user;
    if (!part_take(rest, '@', &user)) return true;
    if (str_find_byte(user, ':') >= 0 || str_find_byte(*rest, '@') >= 0)
        return fail(err, ERR_CONFIG, 0,
                    "a password has no place in the URL (not shown); take it out, write it into a "
                    "file of its own and name that in queue.password_file");
    if (!is_word(user) || !str_copyz(user, u->user, sizeof u->user))
        return refuse(url, "has a user that is no plain word", err);
    return true;
}

static bool socket_parse(str url, str rest, struct redis_url *u, struct error *err) {
    str path;
    if (!part_take(&rest, '?', &path)) {
        path = rest;
    } else if (!str_starts(rest, STR("db=")) ||
               !number_parse(str_tail(rest, 3), 0, REDIS_DB_MAX, &u->db)) {
        return refuse(url, "has something else than ?db=NUMBER behind the path", err);
    }
    if (!str_starts(path, STR("/")) || path.n < 2)
        return refuse(url, "has no path that begins with /", err);
    if (str_find_byte(path, '\0') >= 0 || !str_copyz(path, u->path, sizeof u->path))
        return refuse(url, "has a path that is too long for a socket", err);
    u->here = true;
    return true;
}

static bool network_parse(str url, str rest, struct redis_url *u, struct error *err) {
    str authority;
    if (!part_take(&rest, '/', &authority)) {
        authority = rest;
    } else if (rest.n > 0 && !number_parse(rest, 0, REDIS_DB_MAX, &u->db)) {
        return refuse(url, "has something else than a database's number behind the host", err);
    }
    if (!authority_parse(authority, u)) return refuse(url, "names no host and port", err);
    return true;
}

bool redis_url_parse(str url, struct redis_url *ret, struct error *err) {
    const str plain = STR("redis://"), tls = STR("rediss://"), local = STR("redis+unix://");
    struct redis_url u = {0};
    str rest;
    u.tls = str_starts(url, tls);
    const bool socket = str_starts(url, local);
    if (!u.tls && !socket && !str_starts(url, plain)) return refuse(url, "is none of Redis", err);
    rest = str_tail(url, socket ? local.n : u.tls ? tls.n : plain.n);
    if (!user_take(url, &rest, &u, err)) return false;
    if (socket ? !socket_parse(url, rest, &u, err) : !network_parse(url, rest, &u, err))
        return false;
    *ret = u;
    return true;
}

void redis_url_put(const struct redis_url *u, struct buf *out) {
    const bool v6 = strchr(u->host, ':') != NULL;
    if (u->path[0] != '\0')
        buf_printf(out, "redis+unix://%s?db=%d", u->path, u->db);
    else
        buf_printf(out, "%s://%s%s%s:%d/%d", u->tls ? "rediss" : "redis", v6 ? "[" : "", u->host,
                   v6 ? "]" : "", u->port, u->db);
}
