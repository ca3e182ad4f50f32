/* params: what a query says, checked; and cursors, which name the row that a page ended with.
 *
 * The first thing that is wrong makes the answer a problem (400, QUERY) that names the parameter;
 * what is read afterwards is empty. A handler reads all that it takes, then asks params_ok(). */
#ifndef BF_API_PARAMS_H
#define BF_API_PARAMS_H

#include "api/request.h"

struct params {
    const struct api_request *rq;
    struct api_answer *answer;
    bool bad;
};

static inline struct params params_of(const struct api_request *rq, struct api_answer *a) {
    return (struct params){.rq = rq, .answer = a};
}
static inline bool params_ok(const struct params *p) { return !p->bad; }

/* Each: the parameter's value, or what stands for one that is not there. Texts are unescaped, in
 * the request's arena; one that is there and empty is wrong. */
int64_t params_int(struct params *p, const char *name, int64_t least, int64_t most, int64_t none);
str params_text(struct params *p, const char *name, ptrdiff_t most_bytes);
/* One of the words, blanks between ("LONG SHORT"); case does not count, the word as it stands in
 * the list is returned. */
str params_word(struct params *p, const char *name, const char *words);
str params_symbol(struct params *p, const char *name); /* letters and digits, in capitals */
str params_reason(struct params *p, const char *name); /* a reason code, in capitals */
int params_bool(struct params *p, const char *name);   /* 0, 1; -1: not there */
usec params_time(struct params *p, const char *name);  /* RFC 3339; 0: not there */
/* "90s", "15m", "24h", "7d", or "all" (USEC_NEVER). */
usec params_span(struct params *p, const char *name, usec none);
int64_t params_id(struct params *p, const char *name);   /* must be there; 0: it was wrong */
void params_missing(struct params *p, const char *name); /* one that must be there, and is not */
/* False: a parameter is wrong, or `from` is later than `to` (0: not there), which is told. */
bool params_from_to(struct params *p, usec from, usec to);

/* before: "TIME-ID" in hexadecimal, as cursor_put writes it. */
bool params_cursor(struct params *p, const char *name, usec *ret_at, int64_t *ret_id);
void cursor_put(struct buf *b, usec at, int64_t id);
/* The same with a text behind it. *ret_text in the request's arena. */
bool params_cursor_text(struct params *p, const char *name, int64_t *ret_a, int64_t *ret_b,
                        str *ret_text);
void cursor_put_text(struct buf *b, int64_t first, int64_t second, str text);

#endif
