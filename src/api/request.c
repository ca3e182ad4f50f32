/* request: answers, problems, and what a query says.
 *
 * In: parts of a request that were read already. Out: an answer's bytes. Nothing here knows of
 * sockets or of threads. Failure: a text that is too long for a problem is cut; an answer that
 * outgrows API_ANSWER_BYTES_MAX is the server's to refuse (buf_full). */
#include "api/request.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/url.h"

#define DETAIL_BYTES 1024

struct api_client api_client_from(const struct sockaddr *sa) {
    struct api_client c = {0};
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        memcpy(c.bytes, mapped, sizeof mapped);
        memcpy(c.bytes + 12, &in.sin_addr, 4);
        c.loopback = c.bytes[12] == 127;
    } else if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        memcpy(c.bytes, &in6.sin6_addr, 16);
        const bool is_mapped = memcmp(c.bytes, mapped, sizeof mapped) == 0;
        c.loopback = IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) || (is_mapped && c.bytes[12] == 127);
        /* who has one address of a /64 has them all */
        if (!is_mapped) memset(c.bytes + 8, 0, 8);
    }
    return c;
}

/* --- answers ------------------------------------------------------------------------------ */

void api_answer_init(struct api_answer *a) {
    *a = (struct api_answer){.status = 200, .type = "application/json"};
    buf_init(&a->body, API_ANSWER_BYTES_MAX);
}

void api_answer_fini(struct api_answer *a) { buf_fini(&a->body); }

const char *api_status_text(int status) {
    static const struct {
        int status;
        const char *text;
    } texts[] = {{200, "OK"},
                 {201, "Created"},
                 {202, "Accepted"},
                 {204, "No Content"},
                 {400, "Bad Request"},
                 {401, "Unauthorized"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {409, "Conflict"},
                 {413, "Content Too Large"},
                 {414, "URI Too Long"},
                 {415, "Unsupported Media Type"},
                 {421, "Misdirected Request"},
                 {422, "Unprocessable Content"},
                 {429, "Too Many Requests"},
                 {431, "Request Header Fields Too Large"},
                 {500, "Internal Server Error"},
                 {503, "Service Unavailable"}};
    for (int i = 0; i < COUNT_OF(texts); i++)
        if (texts[i].status == status) return texts[i].text;
    return "";
}

/* What a problem is about: one post of many, or a named part of the request. */
struct about {
    int64_t index;     /* -1: none */
    const char *field; /* NULL: none */
};

static void problem(struct api_answer *a, int status, const char *code, struct about about,
                    const char *fmt, va_list args) PRINTF_LIKE(5, 0);
static void problem(struct api_answer *a, int status, const char *code, struct about about,
                    const char *fmt, va_list args) {
    char detail[DETAIL_BYTES];
    struct buf b;
    buf_init_fixed(&b, detail, sizeof detail);
    buf_vprintf(&b, fmt, args);
    a->status = status;
    a->type = "application/problem+json";
    buf_clear(&a->body);
    buf_printf(&a->body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\"",
               api_status_text(status), status, code);
    if (about.index >= 0) buf_printf(&a->body, ",\"index\":%lld", (long long)about.index);
    if (about.field != NULL) buf_put(&a->body, STR(",\"field\":"));
    if (about.field != NULL) buf_put_json_str(&a->body, str_from_z(about.field));
    buf_put(&a->body, STR(",\"detail\":"));
    buf_put_json_str(&a->body, buf_str(&b));
    buf_put(&a->body, STR("}\n"));
}

void api_problem(struct api_answer *a, int status, const char *code, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    problem(a, status, code, (struct about){-1, NULL}, fmt, args);
    va_end(args);
}

void api_problem_at(struct api_answer *a, int status, const char *code, int64_t index,
                    const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    problem(a, status, code, (struct about){index, NULL}, fmt, args);
    va_end(args);
}

void api_problem_field(struct api_answer *a, int status, const char *code, const char *field,
                       const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    problem(a, status, code, (struct about){-1, field}, fmt, args);
    va_end(args);
}

void api_answer_header(struct api_answer *a, const char *name, const char *value) {
    int i = 0;
    while (i < a->header_count && !str_eq_nocase(str_from_z(a->headers[i].name), str_from_z(name)))
        i++;
    PRE(i < API_HEADERS_MAX);
    a->headers[i] = (struct api_header){name, value};
    if (i == a->header_count) a->header_count++;
}

void api_answer_header_printf(struct api_answer *a, const char *name, const char *fmt, ...) {
    va_list args;
    const int room = API_HEADER_TEXT_BYTES - a->header_text_bytes;
    char *const text = a->header_text + a->header_text_bytes;
    va_start(args, fmt);
    const int n = room > 1 ? vsnprintf(text, (size_t)room, fmt, args) : room;
    va_end(args);
    if (n < 0 || n >= room) return;
    a->header_text_bytes += n + 1;
    api_answer_header(a, name, text);
}

void api_answer_vary(struct api_answer *a, const char *what) {
    const char *const has = api_answer_header_get(a, "Vary");
    if (has == NULL)
        api_answer_header(a, "Vary", what);
    else if (strstr(has, what) == NULL)
        api_answer_header_printf(a, "Vary", "%s, %s", has, what);
}

const char *api_answer_header_get(const struct api_answer *a, const char *name) {
    for (int i = 0; i < a->header_count; i++)
        if (str_eq_nocase(str_from_z(a->headers[i].name), str_from_z(name)))
            return a->headers[i].value;
    return NULL;
}

void api_problem_store(struct api_answer *a, const struct error *err) {
    if (err_retryable(err->code)) {
        api_problem(a, 503, err_name(err->code), "The store cannot be read now; try again: %s",
                    err->msg);
        a->retry_after_s = 1;
    } else {
        api_problem(a, 500, err_name(err->code), "The store cannot be read: %s", err->msg);
    }
}

/* --- the query ---------------------------------------------------------------------------- */

static bool unescape(str s, struct arena *a, str *ret, struct error *err) {
    if (!url_decode(s, true, arena_alloc(a, 1, 1, s.n + 1), s.n, ret))
        return fail(err, ERR_PARSE, 0, "an escape that is no %% and two digits");
    if (str_find_byte(*ret, '\0') >= 0) return fail(err, ERR_PARSE, 0, "holds a NUL");
    return str_utf8_valid(*ret) || fail(err, ERR_PARSE, 0, "not UTF-8");
}

bool api_query_get(str query, const char *name, struct arena *a, str *ret, bool *ret_found,
                   struct error *err) {
    str rest = query, one;
    *ret_found = false;
    while (rest.n > 0 && str_cut(&rest, '&', &one)) {
        str value = one, key;
        if (!str_cut(&value, '=', &key) || !str_eq(key, str_from_z(name))) continue;
        if (*ret_found) return fail(err, ERR_EXISTS, 0, "%s: stands twice in the query", name);
        if (!unescape(value, a, ret, err)) return fail_in(err, "%s", name);
        *ret_found = true;
    }
    return true;
}

static bool is_among(str name, str names) {
    str one;
    while (names.n > 0 && str_cut(&names, ' ', &one))
        if (str_eq(one, name)) return true;
    return false;
}

bool api_query_only(str query, const char *names, str *ret_name, struct error *err) {
    str rest = query, one, name;
    *ret_name = (str){0};
    while (rest.n > 0 && str_cut(&rest, '&', &one)) {
        if (one.n == 0 || !str_cut(&one, '=', &name)) continue;
        if (is_among(name, str_from_z(names))) continue;
        *ret_name = str_head(name, 60);
        return fail(err, ERR_PARSE, 0, STR_FMT ": is no parameter here; there %s%s",
                    STR_ARG(*ret_name), names[0] ? "is: " : "are none", names);
    }
    return true;
}
