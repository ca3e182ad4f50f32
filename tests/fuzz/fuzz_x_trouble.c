/* Law: each answer has one verdict. Fine is 2xx and nothing else; what is not fine has a state, a
 * sentence in one line of UTF-8, and a way on: it is tried again by patience, at a time that lies
 * ahead and within a year and a day, or after long. 5xx and no answer at all are never a matter of
 * limits, money or the token. The same answer gives the same verdict.
 *
 * An input is a status, blanks and headers ("429 r=1788000600 a=30 "), a line feed, and the body.
 */
#include <string.h>

#include "fuzz.h"
#include "source/x_account.h"

#define NOW INT64_C(1788000000000000)

static int64_t number_of(str head, const char *name) {
    const ptrdiff_t at = str_find(head, str_from_z(name));
    int64_t v;
    if (at < 0) return -1;
    str rest = str_tail(head, at + 2), part;
    return str_cut(&rest, ' ', &part) && str_to_i64(part, &v) ? v : -1;
}

static struct http_answer answer_of(str input) {
    struct http_answer a;
    str body = input, head = {0}, status = {0};
    int64_t n;
    http_answer_clear(&a);
    a.end = HTTP_LOST;
    str_copyz(STR("timed out"), a.why, sizeof a.why);
    if (!str_cut(&body, '\n', &head)) return a;
    str rest = head;
    if (!str_cut(&rest, ' ', &status) || !str_to_i64(status, &n)) return a;
    if (n == 0) a.end = HTTP_NOT_SENT;
    if (n <= 0 || n > 999) return a;
    a.end = HTTP_ANSWERED;
    a.status = (int)n;
    a.body = body.p != NULL ? body : STR("");
    a.rate_reset = number_of(head, "r=");
    a.retry_after_s = number_of(head, "a=");
    return a;
}

static void check_sentence(const char *why) {
    const size_t n = strnlen(why, WHY_BYTES);
    LAW(n > 0 && n < WHY_BYTES && str_utf8_valid(str_from_z(why)));
    for (size_t i = 0; i < n; i++) LAW((unsigned char)why[i] >= 0x20 && why[i] != 0x7F);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    const struct http_answer a = answer_of(str_from_bytes(data, (ptrdiff_t)bytes));
    struct x_verdict v, w;
    x_verdict_of(NOW, &a, &v);
    x_verdict_of(NOW, &a, &w);
    LAW(v.fine == w.fine && v.state == w.state && v.until == w.until && strcmp(v.why, w.why) == 0);
    const bool answered = a.end == HTTP_ANSWERED;
    LAW(v.fine == (answered && a.status >= 200 && a.status < 300));
    LAW(v.fine == (v.state == SOURCE_LIVE));
    if (v.fine) return 0;
    check_sentence(v.why);
    LAW(v.until == 0 || (v.until > NOW && v.until <= NOW + 367 * USEC_PER_DAY));
    const bool theirs = !answered || a.status >= 500;
    if (theirs) LAW(v.state == SOURCE_RETRYING && v.again && !v.account && v.until == 0);
    const bool holds = v.state == SOURCE_CREDITS || v.state == SOURCE_SPEND_CAP ||
                       v.state == SOURCE_USAGE_CAP || v.state == SOURCE_TOKEN;
    LAW(v.account == holds);
    LAW(v.state != SOURCE_LIMITED || (v.until != 0 && v.again));
    LAW(v.state != SOURCE_STARTING && v.state != SOURCE_BROKEN && v.state != SOURCE_BUDGET &&
        v.state != SOURCE_ENDED);
    return 0;
}
