/* Law: whatever a URL looks like, what may be connected to is this machine, or a name of the list,
 * byte for byte, over TLS; and nothing of real money but public data without keys. Where posts come
 * from is any name, but one that nobody can read as something else. */
#include <arpa/inet.h>
#include <string.h>

#include "fuzz.h"
#include "net/hosts.h"

static bool is_local(const struct host_url *u) {
    return strcmp(u->host, "localhost") == 0 || strncmp(u->host, "127.", 4) == 0 ||
           (u->ipv6 && strcmp(u->host, "::1") == 0);
}

/* The name stands in the list of its use, with the port where it is another than 443. */
static bool is_listed(const struct host_url *u, host_use use) {
    char block[512], name[HOST_BYTES + 16];
    struct buf list, want;
    buf_init_fixed(&list, block, sizeof block);
    buf_init_fixed(&want, name, sizeof name);
    host_list(use, &list);
    buf_put(&want, str_from_z(u->host));
    if (u->port != 443) buf_printf(&want, ":%d", u->port);
    str rest = buf_str(&list), one;
    while (str_cut(&rest, ',', &one))
        if (str_eq(str_trim(one), buf_str(&want))) return true;
    return false;
}

/* Small letters, digits, dots, - and _; what ends like an address is one as the system writes it.
 */
static bool is_plain(const struct host_url *u) {
    struct in_addr in;
    char text[INET_ADDRSTRLEN];
    const char *dot = strrchr(u->host, '.'), *last = dot != NULL ? dot + 1 : u->host;
    if (strspn(u->host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != strlen(u->host)) return false;
    if (*last < '0' || *last > '9') return *last != '\0' && u->host[0] != '.';
    return inet_pton(AF_INET, u->host, &in) == 1 &&
           inet_ntop(AF_INET, &in, text, sizeof text) != NULL && strcmp(text, u->host) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static const host_use uses[] = {HOST_SPOT_REST,   HOST_SPOT_WS_API,   HOST_SPOT_STREAM,
                                    HOST_PUBLIC_REST, HOST_PUBLIC_STREAM, HOST_FEED_REST,
                                    HOST_FEED_STREAM, HOST_NOTIFY};
    const str url = str_from_bytes(data, (ptrdiff_t)bytes);
    for (ptrdiff_t i = 0; i < COUNT_OF(uses); i++) {
        struct host_url u;
        struct error err;
        if (!host_url_parse(url, uses[i], &u, &err)) {
            LAW(err.code == ERR_REFUSED);
            continue;
        }
        LAW(u.port > 0 && u.port <= 65535);
        LAW(str_find_byte(url, '@') < 0 || str_find_byte(u.target, '@') >= 0);
        LAW(str_find(url, str_from_z(u.host)) >= 0);
        if (u.network == NETWORK_LOOPBACK) {
            LAW(is_local(&u));
            continue;
        }
        LAW(u.tls);
        if (u.network == NETWORK_NOTIFY) {
            LAW(uses[i] == HOST_NOTIFY);
            LAW(is_plain(&u));
            continue;
        }
        if (u.network == NETWORK_FEED) {
            LAW(uses[i] == HOST_FEED_REST || uses[i] == HOST_FEED_STREAM);
            LAW(is_plain(&u));
            continue;
        }
        LAW(is_listed(&u, uses[i]));
        LAW((u.network == NETWORK_PUBLIC) == host_use_is_public(uses[i]));
    }
    return 0;
}
