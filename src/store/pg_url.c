/* pg_url: see the header.
 *
 * TLS: within one machine (a socket, 127.0.0.1, ::1, localhost) it is left to libpq. To any other
 * host it is verify-full, certificate and name, unless the URL itself says something else: what is
 * weaker is somebody's decision, and told at the start. Failure: an error that names the part. */
#include "store/pg_url.h"

#include <arpa/inet.h>

#include "base/url.h"

static const char form[] = "expected postgresql://[USER@]HOST[:PORT]/DATABASE";

static bool take_word(str raw, const char *what, char *dst, ptrdiff_t dst_bytes,
                      struct error *err) {
    char block[PG_WORD_BYTES];
    str word;
    if (!url_decode(raw, false, block, sizeof block, &word) || !str_utf8_valid(word))
        return fail(err, ERR_CONFIG, 0, "store.url: its %s is too long, or is no text", what);
    if (str_find_byte(word, '\0') >= 0 || !str_copyz(word, dst, dst_bytes))
        return fail(err, ERR_CONFIG, 0, "store.url: its %s is too long, or is no text", what);
    return true;
}

/* "USER" or "USER:PASSWORD", which is refused. */
static bool take_user(str raw, struct pg_url *u, struct error *err) {
    if (str_find_byte(raw, ':') >= 0)
        return fail(err, ERR_CONFIG, 0,
                    "store.url: a password does not belong into it: put it into a file of your "
                    "own, chmod 600, and name that in store.password_file");
    return take_word(raw, "user", u->user, sizeof u->user, err);
}

static bool take_port(str raw, struct pg_url *u, struct error *err) {
    int64_t port;
    if (raw.n == 0) return true;
    if (!str_to_i64(raw, &port) || port < 1 || port > 65535 || raw.p[0] == '+')
        return fail(err, ERR_CONFIG, 0, "store.url: its port is none of 1 to 65535");
    IGNORE(str_copyz(raw, u->port, sizeof u->port), "five digits, or zeros before them");
    return raw.n < (ptrdiff_t)sizeof u->port ||
           fail(err, ERR_CONFIG, 0, "store.url: its port is none of 1 to 65535");
}

/* "HOST", "HOST:PORT", "[IPv6]:PORT" */
static bool take_host(str raw, struct pg_url *u, struct error *err) {
    str host = raw, port = {0};
    if (str_starts(raw, STR("["))) {
        const ptrdiff_t end = str_find_byte(raw, ']');
        const str rest = str_tail(raw, end + 1);
        if (end < 0 || (rest.n > 0 && rest.p[0] != ':'))
            return fail(err, ERR_CONFIG, 0, "store.url: its host has no ] behind the address");
        host = str_tail(str_head(raw, end), 1);
        port = str_tail(rest, 1);
    } else if (str_find_byte(raw, ':') >= 0) {
        port = str_tail(raw, str_find_byte(raw, ':') + 1);
        host = str_head(raw, str_find_byte(raw, ':'));
    }
    return take_word(host, "host", u->host, sizeof u->host, err) && take_port(port, u, err);
}

static bool is_schema(const char *name) {
    for (const char *p = name; *p != '\0'; p++) {
        const bool letter = (*p >= 'a' && *p <= 'z') || *p == '_';
        if (!letter && (p == name || *p < '0' || *p > '9')) return false;
    }
    return name[0] != '\0' && strncmp(name, "pg_", 3) != 0;
}

static bool is_sslmode(const char *name) {
    static const char *const modes[] = {"disable", "allow",     "prefer",
                                        "require", "verify-ca", "verify-full"};
    for (int i = 0; i < COUNT_OF(modes); i++)
        if (strcmp(name, modes[i]) == 0) return true;
    return false;
}

static bool take_option(str name, str value, struct pg_url *u, struct error *err) {
    if (str_eq(name, STR("host"))) return take_word(value, "host", u->host, sizeof u->host, err);
    if (str_eq(name, STR("application_name")))
        return take_word(value, "application_name", u->application, sizeof u->application, err);
    if (str_eq(name, STR("schema"))) {
        if (!take_word(value, "schema", u->schema, sizeof u->schema, err)) return false;
        return is_schema(u->schema) ||
               fail(err, ERR_CONFIG, 0,
                    "store.url: its schema is not a name of a-z, 0-9 and _ that begins with a "
                    "letter, other than pg_...");
    }
    if (str_eq(name, STR("sslmode"))) {
        if (!take_word(value, "sslmode", u->sslmode, sizeof u->sslmode, err)) return false;
        return is_sslmode(u->sslmode) ||
               fail(err, ERR_CONFIG, 0,
                    "store.url: its sslmode is none of disable, allow, prefer, require, verify-ca, "
                    "verify-full");
    }
    if (str_eq(name, STR("password"))) return take_user(STR(":"), u, err); /* says what to do */
    return fail(err, ERR_CONFIG, 0,
                "store.url: \"" STR_FMT
                "\" is none of what it takes behind the ?: schema, sslmode, "
                "host, application_name",
                STR_ARG(str_head(name, 40)));
}

static bool take_options(str rest, struct pg_url *u, struct error *err) {
    str part, value;
    while (str_cut(&rest, '&', &part)) {
        str name;
        if (part.n == 0) continue;
        value = part;
        IGNORE(!str_cut(&value, '=', &name), "a part has at least an empty name");
        if (!take_option(name, value.p ? value : (str){0}, u, err)) return false;
    }
    return true;
}

/* A socket, or an address of the loopback, as an address is written: a name that begins like one
 * may be anybody's. */
static bool is_near(const char *host) {
    struct in_addr in;
    struct in6_addr in6;
    if (host[0] == '\0' || host[0] == '/' || host[0] == '@') return true;
    if (inet_pton(AF_INET, host, &in) == 1) return ntohl(in.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &in6) == 1) return IN6_IS_ADDR_LOOPBACK(&in6);
    return strcmp(host, "localhost") == 0;
}

static void choose_tls(struct pg_url *u) {
    if (is_near(u->host)) return;
    const bool given = u->sslmode[0] != '\0';
    if (!given) memcpy(u->sslmode, "verify-full", sizeof "verify-full");
    u->weak_tls = strcmp(u->sslmode, "verify-full") != 0;
}

bool pg_url_parse(str rest, struct pg_url *ret, struct error *err) {
    struct pg_url u = {.schema = "public", .application = "bullfinch"};
    str where, options = rest;
    if (!str_starts(rest, STR("//"))) return fail(err, ERR_CONFIG, 0, "store.url: %s", form);
    options = str_tail(rest, 2);
    IGNORE(!str_cut(&options, '?', &where), "there is a part before it, if an empty one");
    const ptrdiff_t slash = str_find_byte(where, '/');
    str place = slash >= 0 ? str_head(where, slash) : where;
    const ptrdiff_t at = str_find_byte(place, '@');
    if (at >= 0) {
        if (!take_user(str_head(place, at), &u, err)) return false;
        place = str_tail(place, at + 1);
    }
    if (!take_host(place, &u, err)) return false;
    const str database = slash >= 0 ? str_tail(where, slash + 1) : (str){0};
    if (!take_word(database, "database", u.database, sizeof u.database, err)) return false;
    if (!take_options(options, &u, err)) return false;
    if (u.database[0] == '\0')
        return fail(err, ERR_CONFIG, 0, "store.url: it names no database; %s", form);
    choose_tls(&u);
    *ret = u;
    return true;
}

void pg_url_show(const struct pg_url *u, struct buf *out) {
    const bool v6 = strchr(u->host, ':') != NULL;
    buf_put(out, STR("postgresql://"));
    if (u->user[0] != '\0') buf_printf(out, "%s@", u->user);
    if (u->host[0] == '/')
        url_encode(out, str_from_z(u->host), "");
    else
        buf_printf(out, v6 ? "[%s]" : "%s", u->host);
    if (u->port[0] != '\0') buf_printf(out, ":%s", u->port);
    buf_printf(out, "/%s", u->database);
    if (strcmp(u->schema, "public") != 0) buf_printf(out, "?schema=%s", u->schema);
}
