/* hosts: the list of hosts that may be connected to, and what a URL must look like to be on it.
 *
 * In: a URL from the configuration and what it is for. Out: its parts, or a refusal. The comparison
 * is byte for byte: another case, a dot at the end, an address in another notation, a name in front
 * or behind, user-info, a port that is not listed are other hosts, and are refused. A name that
 * DNS says is elsewhere is caught by TLS, which is always verified; the name "localhost" is caught
 * by whoever connects, who asks host_is_loopback().
 *
 * The names are those of Binance's documentation of 2026-07. Hosts have moved three times in 18
 * months, which is why several stand here for each use; a new one is a new row and a new build.
 * Pure; any thread. */
#include "net/hosts.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define PORTS_MAX 2
#define TLS_PORT 443

static const struct host_row {
    host_use use;
    host_network network;
    const char *host;
    int ports[PORTS_MAX];
} rows[] = {
    {HOST_SPOT_REST, NETWORK_SPOT_TESTNET, "testnet.binance.vision", {443}},
    {HOST_SPOT_REST, NETWORK_SPOT_TESTNET, "api1.testnet.binance.vision", {443}},
    {HOST_SPOT_REST, NETWORK_SPOT_DEMO, "demo-api.binance.com", {443}},
    {HOST_SPOT_WS_API, NETWORK_SPOT_TESTNET, "ws-api.testnet.binance.vision", {443, 9443}},
    {HOST_SPOT_WS_API, NETWORK_SPOT_DEMO, "demo-ws-api.binance.com", {443}},
    {HOST_SPOT_STREAM, NETWORK_SPOT_TESTNET, "stream.testnet.binance.vision", {443, 9443}},
    {HOST_SPOT_STREAM, NETWORK_SPOT_DEMO, "demo-stream.binance.com", {443, 9443}},
    {HOST_PUBLIC_REST, NETWORK_PUBLIC, "data-api.binance.vision", {443}},
    {HOST_PUBLIC_STREAM, NETWORK_PUBLIC, "data-stream.binance.vision", {443}},
};

const char *host_network_name(host_network n) {
    switch (n) {
    case NETWORK_LOOPBACK:
        return "this machine";
    case NETWORK_SPOT_TESTNET:
        return "Binance Spot Testnet";
    case NETWORK_SPOT_DEMO:
        return "Binance Spot demo mode";
    case NETWORK_PUBLIC:
        return "Binance's public market data";
    case NETWORK_FEED:
        return "a source of posts";
    case NETWORK_NOTIFY:
        return "who tells people";
    }
    WRONG("network out of its list");
}

/* What no order goes through may be anywhere. */
static bool is_anywhere(host_use use) {
    return use == HOST_FEED_REST || use == HOST_FEED_STREAM || use == HOST_NOTIFY;
}

bool host_use_is_public(host_use use) {
    return use == HOST_PUBLIC_REST || use == HOST_PUBLIC_STREAM || is_anywhere(use);
}

static bool is_rest(host_use use) {
    return use == HOST_SPOT_REST || use == HOST_PUBLIC_REST || use == HOST_FEED_REST ||
           use == HOST_NOTIFY;
}

void host_list(host_use use, struct buf *out) {
    bool any = is_anywhere(use);
    if (any) buf_put(out, is_rest(use) ? STR("any host by https") : STR("any host by wss"));
    for (int i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].use != use) continue;
        for (int k = 0; k < PORTS_MAX && rows[i].ports[k] != 0; k++) {
            buf_printf(out, "%s%s", any ? ", " : "", rows[i].host);
            if (rows[i].ports[k] != TLS_PORT) buf_printf(out, ":%d", rows[i].ports[k]);
            any = true;
        }
    }
}

static bool refuse(str url, host_use use, const char *why, struct error *err) {
    char block[176];
    struct buf list;
    buf_init_fixed(&list, block, sizeof block);
    host_list(use, &list);
    return fail(err, ERR_REFUSED, 0, STR_FMT "%s: %s; only %s and this machine are allowed",
                STR_ARG(str_head(url, 40)), url.n > 40 ? "..." : "", why, buf_z(&list));
}

/* --- loopback ---------------------------------------------------------------------------- */

/* Decimal, 0 to most, without a sign, a blank or a leading zero. */
static bool number_parse(str s, int most, int *ret) {
    int v = 0;
    if (s.n == 0 || s.n > 5 || (s.n > 1 && s.p[0] == '0')) return false;
    for (ptrdiff_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        v = v * 10 + (s.p[i] - '0');
    }
    *ret = v;
    return v <= most;
}

/* 127.x.x.x in four plain decimal parts: no short forms, no octal, no hexadecimal. */
static bool is_loopback_v4(str host) {
    str rest = host, part;
    int count = 0, v = 0;
    while (str_cut(&rest, '.', &part)) {
        if (!number_parse(part, 255, &v) || (count == 0 && v != 127)) return false;
        count++;
    }
    return count == 4;
}

bool host_is_loopback(const struct sockaddr *sa) {
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
    }
    return false;
}

/* --- the parts of a URL ------------------------------------------------------------------ */

/* Takes the scheme off *rest. */
static bool scheme_take(str *rest, host_use use, bool *ret_tls) {
    const str tls = is_rest(use) ? STR("https://") : STR("wss://");
    const str plain = is_rest(use) ? STR("http://") : STR("ws://");
    *ret_tls = str_starts(*rest, tls);
    if (!*ret_tls && !str_starts(*rest, plain)) return false;
    *rest = str_tail(*rest, *ret_tls ? tls.n : plain.n);
    return true;
}

static const char *scheme_wrong(str url, host_use use) {
    const str tls = is_rest(use) ? STR("https://") : STR("wss://");
    const str plain = is_rest(use) ? STR("http://") : STR("ws://");
    if (str_eq_nocase(str_head(url, tls.n), tls) || str_eq_nocase(str_head(url, plain.n), plain))
        return "write its scheme in small letters";
    return is_rest(use) ? "it does not begin with https://" : "it does not begin with wss://";
}

/* Only what a URL may hold unescaped, so that nobody reads it otherwise than we do. */
static bool bytes_are_plain(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        if (c <= ' ' || c >= 127 || c == '\\' || c == '"' || c == '<' || c == '>' || c == '#')
            return false;
    }
    return true;
}

/* A user before the host; a path may hold an @ (/ws/btcusdt@trade). */
static bool names_a_user(str url) {
    const ptrdiff_t at = str_find_byte(url, '@');
    int slashes = 0;
    for (ptrdiff_t i = 0; i < at; i++) slashes += url.p[i] == '/';
    return at >= 0 && slashes < 3;
}

static str authority_take(str *rest) {
    ptrdiff_t n = 0;
    while (n < rest->n && rest->p[n] != '/' && rest->p[n] != '?') n++;
    const str authority = str_head(*rest, n);
    *rest = str_tail(*rest, n);
    return authority;
}

/* "host", "host:port", "[::1]:port" -> host without brackets, port or 0. */
static bool authority_split(str authority, bool *ret_ipv6, str *ret_host, int *ret_port) {
    *ret_port = 0;
    *ret_ipv6 = str_starts(authority, STR("["));
    str behind;
    if (*ret_ipv6) {
        const ptrdiff_t end = str_find_byte(authority, ']');
        if (end < 0) return false;
        *ret_host = (str){authority.p + 1, end - 1};
        behind = str_tail(authority, end + 1);
    } else {
        const ptrdiff_t colon = str_find_byte(authority, ':');
        *ret_host = colon < 0 ? authority : str_head(authority, colon);
        behind = colon < 0 ? (str){0} : str_tail(authority, colon);
    }
    if (behind.n == 0) return true;
    return behind.p[0] == ':' && number_parse(str_tail(behind, 1), 65535, ret_port) &&
           *ret_port > 0;
}

/* 1.2.3.4 in four plain decimal parts, but for 0.x.x.x, which is this machine by another name. */
static bool is_plain_v4(str host) {
    str rest = host, part;
    int count = 0, v = 0;
    while (str_cut(&rest, '.', &part)) {
        if (!number_parse(part, 255, &v) || (count == 0 && v == 0)) return false;
        count++;
    }
    return count == 4;
}

/* A host name in small letters, or an address. What begins its last part with a digit is read as an
 * address by some, in forms that look like none (127.1, 0x7f.1). */
static bool is_plain_name(str host) {
    str rest = host, part;
    while (str_cut(&rest, '.', &part)) {
        if (part.n == 0 || part.n > 63 || part.p[0] == '-' || part.p[part.n - 1] == '-')
            return false;
        for (ptrdiff_t i = 0; i < part.n; i++) {
            const char c = part.p[i];
            if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
                return false;
        }
    }
    return !(part.p[0] >= '0' && part.p[0] <= '9') || is_plain_v4(host);
}

static bool on_the_list(host_use use, str host, int port, host_network *ret) {
    if (is_anywhere(use)) {
        *ret = use == HOST_NOTIFY ? NETWORK_NOTIFY : NETWORK_FEED;
        return is_plain_name(host);
    }
    for (int i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].use != use || !str_eq(host, str_from_z(rows[i].host))) continue;
        for (int k = 0; k < PORTS_MAX; k++) {
            if (rows[i].ports[k] != port) continue;
            *ret = rows[i].network;
            return true;
        }
    }
    return false;
}

static const char *not_listed(host_use use) {
    if (is_anywhere(use)) return "is no host name in small letters";
    return host_use_is_public(use) ? "is not on the list" : "is not a host of a test network";
}

bool host_url_parse(str url, host_use use, struct host_url *ret, struct error *err) {
    struct host_url u = {0};
    str rest = url, host;
    if (!bytes_are_plain(url)) return refuse(STR("the URL"), use, "holds odd characters", err);
    if (names_a_user(url)) /* what may be a password is not repeated */
        return refuse(STR("the URL"), use, "a user or password has no place in it", err);
    if (!scheme_take(&rest, use, &u.tls)) return refuse(url, use, scheme_wrong(url, use), err);
    const str authority = authority_take(&rest);
    if (!authority_split(authority, &u.ipv6, &host, &u.port) || host.n == 0 ||
        !str_copyz(host, u.host, sizeof u.host))
        return refuse(url, use, "is no host and port", err);
    const bool loopback =
        u.ipv6 ? str_eq(host, STR("::1")) : str_eq(host, STR("localhost")) || is_loopback_v4(host);
    if (u.port == 0) u.port = u.tls ? TLS_PORT : 80;
    u.network = NETWORK_LOOPBACK;
    if (!loopback && !u.tls) return refuse(url, use, "plain text goes to this machine only", err);
    if (!loopback && (u.ipv6 || !on_the_list(use, host, u.port, &u.network)))
        return refuse(url, use, not_listed(use), err);
    u.target = rest;
    *ret = u;
    return true;
}
