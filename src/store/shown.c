/* shown: columns as JSON; see the header.
 *
 * In: a row of a query. Out: text. Not for: which columns there are. A hundred rows are written in
 * a request that should take a fraction of a millisecond, so nothing here is printed by a format.
 * Failure: none; a full buffer is the caller's to see. Thread: any. */
#include "store/shown.h"

void shown_put_share(struct buf *out, int64_t bp) {
    const uint64_t size = bp < 0 ? 0 - (uint64_t)bp : (uint64_t)bp, one = (uint64_t)BP_ONE;
    const uint64_t rest = size % one;
    if (bp < 0) buf_put_byte(out, '-');
    buf_put_i64(out, (int64_t)(size / one));
    const char digits[5] = {'.', (char)('0' + rest / 1000), (char)('0' + rest / 100 % 10),
                            (char)('0' + rest / 10 % 10), (char)('0' + rest % 10)};
    buf_put(out, str_from_bytes(digits, sizeof digits));
}

void shown_put_time(struct buf *out, usec t) {
    char block[1 + TIME_TEXT_BYTES] = "\"";
    if (t == USEC_NEVER) {
        buf_put(out, STR("null"));
        return;
    }
    const str text = time_format_rfc3339(t, block + 1);
    block[1 + text.n] = '"';
    buf_put(out, str_from_bytes(block, text.n + 2));
}

static void put_cues(struct buf *out, int64_t bits) {
    const char *before = "[";
    for (int i = 0; i < CUE_COUNT; i++) {
        if (!(bits >> i & 1)) continue;
        buf_printf(out, "%s\"%s\"", before, cue_name((cue)i));
        before = ",";
    }
    buf_put(out, before[0] == '[' ? STR("[]") : STR("]"));
}

/* The next column, text, as a JSON value. */
static void put_text(struct buf *out, struct query *q, shown as) {
    const str s = col_str(q);
    if (s.p == NULL || (as == SHOWN_NAME && s.n == 0))
        buf_put(out, STR("null"));
    else if (as == SHOWN_TEXT || as == SHOWN_NAME)
        buf_put_json_str(out, s);
    else
        buf_put(out, s);
}

/* The next column as a JSON value. */
static void put_value(struct buf *out, struct query *q, shown as) {
    const bool text =
        as == SHOWN_TEXT || as == SHOWN_NAME || as == SHOWN_JSON || as == SHOWN_NUMBER;
    if (text) {
        put_text(out, q, as);
        return;
    }
    if (col_is_null(q)) {
        IGNORE(col_i64(q), "it is NULL");
        buf_put(out, STR("null"));
        return;
    }
    switch (as) {
    case SHOWN_ID:
    case SHOWN_AMOUNT:
        buf_put_byte(out, '"');
        if (as == SHOWN_ID)
            buf_put_i64(out, col_i64(q));
        else
            buf_put_e8(out, col_e8(q));
        buf_put_byte(out, '"');
        return;
    case SHOWN_INT:
        buf_put_i64(out, col_i64(q));
        return;
    case SHOWN_SHARE:
        shown_put_share(out, col_i64(q));
        return;
    case SHOWN_TIME:
        shown_put_time(out, col_time(q));
        return;
    case SHOWN_BOOL:
        buf_put(out, col_bool(q) ? STR("true") : STR("false"));
        return;
    case SHOWN_CUES:
        put_cues(out, col_i64(q));
        return;
    case SHOWN_TEXT:
    case SHOWN_NAME:
    case SHOWN_NUMBER:
    case SHOWN_JSON:
        break;
    }
    WRONG("a column shown in no way");
}

void shown_put_members(struct buf *out, struct query *q, const struct field *fields, int count) {
    IGNORE(col_i64(q), "the 0 that every SELECT begins with, so that each column has its comma");
    for (int i = 0; i < count; i++) {
        const int skip = i == 0; /* the comma */
        buf_put(out, str_from_bytes(fields[i].key + skip, fields[i].key_bytes - skip));
        put_value(out, q, fields[i].as);
    }
}

void shown_put_row(struct buf *out, struct query *q, const struct field *fields, int count) {
    buf_put_byte(out, '{');
    shown_put_members(out, q, fields, count);
    buf_put_byte(out, '}');
}
