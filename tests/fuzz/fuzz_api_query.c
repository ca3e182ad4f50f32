/* Law: what a query is read as is within its range, or the answer is a 400 that names a parameter;
 * a cursor that was taken is written as it was read. The same bytes give the same. */
#include <string.h>

#include "api/params.h"
#include "fuzz.h"

#define NAMES "limit before author symbol label reason missed from since id place"

static struct arena mem;

/* 0: the answer is a problem. */
static uint64_t read_all(str query, struct api_answer *a) {
    const struct api_request rq = {.query = query, .a = &mem};
    struct params p = params_of(&rq, a);
    usec at = 0;
    int64_t id = 0, first = 0, second = 0;
    str text = {0};
    char block[4096];
    struct buf b;
    const int64_t limit = params_int(&p, "limit", 1, 200, 50);
    const str author = params_text(&p, "author", 128), symbol = params_symbol(&p, "symbol");
    const str mood = params_word(&p, "label", "negative neutral positive");
    const str why = params_reason(&p, "reason");
    const int missed = params_bool(&p, "missed");
    const usec from = params_time(&p, "from"), since = params_span(&p, "since", 1);
    const bool has = params_cursor(&p, "before", &at, &id);
    const bool has_place = params_cursor_text(&p, "place", &first, &second, &text);
    const int64_t wanted = params_id(&p, "id");
    LAW(limit >= 1 && limit <= 200 && author.n <= 128 && symbol.n <= 23 && why.n <= 40);
    LAW(str_utf8_valid(author) && (mood.n == 0 || mood.n == 7 || mood.n == 8));
    LAW(missed >= -1 && missed <= 1 && from >= 0 && since > 0);
    if (!params_ok(&p)) {
        LAW(a->status == 400 && str_find(buf_str(&a->body), STR("\"code\":\"QUERY\"")) > 0);
        return 0;
    }
    LAW(a->status == 200 && a->body.len == 0);
    buf_init_fixed(&b, block, sizeof block);
    if (has) cursor_put(&b, at, id);
    if (has_place) cursor_put_text(&b, first, second, text);
    if (!buf_full(&b) && (has || has_place)) {
        char again_block[4200];
        struct buf again;
        usec at2 = 0;
        int64_t id2 = 0, first2 = 0, second2 = 0;
        str text2 = {0};
        buf_init_fixed(&again, again_block, sizeof again_block);
        if (has) {
            buf_put(&again, STR("before="));
            cursor_put(&again, at, id);
        }
        if (has_place) {
            buf_put(&again, STR("&place="));
            cursor_put_text(&again, first, second, text);
        }
        const struct api_request rq2 = {.query = buf_str(&again), .a = &mem};
        struct params p2 = params_of(&rq2, a);
        LAW(params_cursor(&p2, "before", &at2, &id2) == has);
        LAW(params_cursor_text(&p2, "place", &first2, &second2, &text2) == has_place);
        LAW(at2 == at && id2 == id && first2 == first && second2 == second && str_eq(text, text2));
    }
    return str_hash(author) ^ str_hash(symbol) ^ (uint64_t)wanted ^ (uint64_t)at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct error err;
    str wrong;
    const str query = str_from_bytes(data, (ptrdiff_t)bytes);
    if (mem.base == NULL) arena_open(&mem, 16 << 20);
    if (bytes > API_TARGET_BYTES_MAX) return 0;
    uint64_t sums[2];
    for (int i = 0; i < 2; i++) {
        struct api_answer a;
        arena_reset(&mem);
        api_answer_init(&a);
        sums[i] = api_query_only(query, NAMES, &wrong, &err) ? read_all(query, &a) : 0;
        api_answer_fini(&a);
    }
    LAW(sums[0] == sums[1]);
    return 0;
}
