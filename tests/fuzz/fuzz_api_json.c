/* Law: what body_parse takes of a command's body is as its members say: texts within their length,
 * clean and without blanks around them, ids above 0, times that print back to themselves, members
 * that must be there; and it says the same of the same bytes. What it refuses has a reason in valid
 * UTF-8, and names a member or none. A cookie, an origin and a session's word from outside are
 * taken apart without harm. */
#include <string.h>

#include "api/body.h"
#include "api/session.h"
#include "fuzz.h"

#define TEXT_MAX 20

static struct arena first_mem, second_mem;

struct taken {
    str text, other;
    int64_t id;
    usec time;
    bool flag;
    const char *field;
    bool ok;
    struct error err;
};

static void parse(struct arena *a, str body, struct taken *t) {
    *t = (struct taken){.field = ""};
    struct body_member members[] = {
        {.name = "reason",
         .kind = BODY_TEXT,
         .required = true,
         .min = 1,
         .max = TEXT_MAX,
         .text = &t->text},
        {.name = "mode", .kind = BODY_TEXT, .max = 8, .text = &t->other},
        {.name = "signal_id", .kind = BODY_ID, .id = &t->id},
        {.name = "until", .kind = BODY_TIME, .time = &t->time},
        {.name = "dry_run", .kind = BODY_BOOL, .flag = &t->flag}};
    arena_reset(a);
    t->ok = body_parse(a, body, members, COUNT_OF(members), &t->field, &t->err);
    if (!t->ok) return;
    LAW(members[0].seen);
    LAW(members[1].seen || t->other.p == NULL);
    LAW(members[2].seen == (t->id != 0));
    LAW(members[3].seen || t->time == 0);
    LAW(members[4].seen || !t->flag);
}

static void check_text(str s, ptrdiff_t max) {
    LAW(s.n <= max && str_utf8_valid(s) && str_trim(s).n == s.n);
    for (ptrdiff_t i = 0; i < s.n; i++) LAW((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7F);
}

static void check_body(str body) {
    struct taken t, again;
    char block[TIME_TEXT_BYTES];
    usec same;
    parse(&first_mem, body, &t);
    parse(&second_mem, body, &again);
    LAW(t.ok == again.ok && strcmp(t.field, again.field) == 0);
    if (!t.ok) {
        LAW(t.err.code != ERR_OK && t.err.msg[0] != '\0');
        LAW(str_utf8_valid(str_from_z(t.field)));
        return;
    }
    LAW(t.text.n >= 1);
    check_text(t.text, TEXT_MAX);
    check_text(t.other, 8);
    LAW(t.id >= 0);
    if (t.time != 0) LAW(time_parse_rfc3339(time_format_rfc3339(t.time, block), &same));
    if (t.time != 0) LAW(same == t.time);
    LAW(str_eq(t.text, again.text) && t.id == again.id && t.time == again.time);
}

static void check_header(str header) {
    str host;
    const str value = api_cookie_get(header, STR(SESSION_COOKIE));
    LAW(value.n <= header.n && (value.n == 0 || str_find_byte(value, ';') < 0));
    LAW(!api_session_csrf_is(STR("secret"), header) || header.n == SESSION_SECRET_BYTES - 1);
    if (!api_origin_parse(header, &host)) return;
    LAW(host.n > 0 && host.n < header.n);
    LAW(str_find_byte(host, '/') < 0 && str_find_byte(host, '@') < 0);
    LAW(api_origin_is_host(header, host));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    const str input = {(const char *)data, (ptrdiff_t)bytes};
    if (first_mem.base == NULL) arena_open(&first_mem, 8 << 20);
    if (second_mem.base == NULL) arena_open(&second_mem, 8 << 20);
    if (bytes == 0 || bytes > 65536) return 0;
    if (data[0] == 'H')
        check_header(str_tail(input, 1));
    else
        check_body(str_tail(input, 1));
    return 0;
}
