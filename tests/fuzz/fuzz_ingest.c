/* Law: what ingest_parse takes is 1 to PUSH_POSTS_MAX clean posts of the source that was asked for,
 * received now and published then at the latest, and the same bytes give the same posts; what it
 * refuses names a post that there can be, or none, and says why in valid UTF-8. A query's parameter
 * is valid UTF-8 without NUL, and no longer than it was. A Host that is taken is an address or
 * "localhost".
 *
 * The first byte says which: posts of two sources as JSON or lines, a query, a Host. */
#include <string.h>

#include "api/ingest.h"
#include "api/listen.h"
#include "api/request.h"
#include "fuzz.h"

#define NOW INT64_C(1700000000000000)

static struct arena first_mem, second_mem;

static void check_post(const struct post *p, str source) {
    LAW(p->id != 0 && str_eq(p->source, source));
    LAW(p->received_at == NOW && p->created_at <= NOW);
    LAW(p->text.n <= POST_TEXT_BYTES_MAX && str_utf8_valid(p->text));
    LAW(!p->deleted || p->text.n == 0);
    LAW(p->source_id.n > 0 && p->source_id.n <= 255);
    for (ptrdiff_t i = 0; i < p->text.n; i++) {
        const unsigned char c = (unsigned char)p->text.p[i];
        LAW((c >= 0x20 || c == '\n') && c != 0x7F);
    }
}

static void check_body(str body, bool lines, str source) {
    struct ingest in, again;
    struct error err = {0};
    arena_reset(&first_mem);
    if (!ingest_parse(&first_mem, body, lines, source, NOW, &in, &err)) {
        LAW(err.code != ERR_OK && err.msg[0] != '\0');
        LAW(in.bad >= -1 && in.bad < PUSH_POSTS_MAX);
        return;
    }
    LAW(in.count >= 1 && in.count <= PUSH_POSTS_MAX && in.bad == -1);
    LAW(lines || in.count == 1 || str_starts(str_trim(body), STR("[")));
    arena_reset(&second_mem);
    LAW(ingest_parse(&second_mem, body, lines, source, NOW, &again, &err));
    LAW(again.count == in.count);
    for (int i = 0; i < in.count; i++) {
        check_post(&in.posts[i], source);
        LAW(in.posts[i].id == again.posts[i].id);
        LAW(str_eq(in.posts[i].text, again.posts[i].text));
    }
}

static void check_query(str query) {
    str v, wrong;
    bool found;
    struct error err;
    arena_reset(&first_mem);
    const bool known = api_query_only(query, "a limit", &wrong, &err);
    LAW(known == (wrong.p == NULL));
    if (!api_query_get(query, "a", &first_mem, &v, &found, &err) || !found) return;
    LAW(str_utf8_valid(v) && v.n <= query.n && str_find_byte(v, '\0') < 0);
    LAW(!known || str_starts(query, STR("a=")) || str_find(query, STR("&a=")) >= 0);
}

static void check_host(str host) {
    struct api_listen local, all;
    struct error err;
    LAW(api_listen_parse(STR("127.0.0.1:80"), &local, &err));
    LAW(api_listen_parse(STR("0.0.0.0:80"), &all, &err));
    if (api_listen_is_host(&local, host)) LAW(api_listen_is_host(&all, host));
    if (!api_listen_is_host(&all, host)) return;
    if (str_eq_nocase(str_head(host, 9), STR("localhost"))) return;
    LAW((host.p[0] >= '0' && host.p[0] <= '9') || host.p[0] == '[');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    if (first_mem.base == NULL) {
        arena_open(&first_mem, INGEST_ARENA_BYTES);
        arena_open(&second_mem, INGEST_ARENA_BYTES);
    }
    if (bytes < 1 || bytes > API_BODY_BYTES_MAX) return 0;
    const str rest = str_from_bytes(data + 1, (ptrdiff_t)bytes - 1);
    const int how = data[0] % 6;
    if (how < 4)
        check_body(rest, how & 1, how < 2 ? STR("wire") : STR("x"));
    else if (how == 4)
        check_query(rest);
    else
        check_host(rest);
    return 0;
}
