/* signal: the JSON of its parts, written for the store and read back from it.
 *
 * Parts are basis points and are shown as decimals with four places ("0.9500"), so that text and
 * number are the same value: reading back what was written gives the same bits. */
#include "flow/signal.h"

#include "base/buf.h"

static void put_bp(struct buf *out, int64_t bp) {
    if (bp < 0) buf_put_byte(out, '-');
    const int64_t abs = bp < 0 ? -bp : bp;
    buf_printf(out, "%lld.%04lld", (long long)(abs / BP_ONE), (long long)(abs % BP_ONE));
}

void signal_parts_json(const struct signal *s, struct buf *out) {
    for (int i = 0; i < PART_COUNT; i++) {
        buf_put(out, i == 0 ? STR("{\"") : STR(",\""));
        buf_put(out, str_from_z(part_name((part)i)));
        buf_put(out, STR("\":"));
        put_bp(out, s->parts_bp[i]);
    }
    buf_put_byte(out, '}');
}

/* `-?[0-9]+\.[0-9]{4}` up to the next ',' or '}'. */
static bool parse_bp(str text, int32_t *ret) {
    int64_t e8 = 0;
    if (!amount_parse_e8(text, &e8)) return false;
    if (e8 % (E8 / BP_ONE) != 0) return false;
    const int64_t bp = e8 / (E8 / BP_ONE);
    if (bp < INT32_MIN || bp > INT32_MAX) return false;
    *ret = (int32_t)bp;
    return true;
}

static bool is_quoted(str text, str word) {
    if (!str_starts(text, STR("\"")) || !str_ends(text, STR("\""))) return false;
    return text.n == word.n + 2 && str_eq(str_head(str_tail(text, 1), word.n), word);
}

bool signal_parts_from_json(str json, struct signal *s) {
    int32_t parts[PART_COUNT];
    if (!str_starts(json, STR("{")) || !str_ends(json, STR("}"))) return false;
    str rest = str_head(str_tail(json, 1), json.n - 2);
    for (int i = 0; i < PART_COUNT; i++) {
        str member, name;
        if (!str_cut(&rest, ',', &member) || !str_cut(&member, ':', &name)) return false;
        if (!is_quoted(name, str_from_z(part_name((part)i)))) return false;
        if (!parse_bp(member, &parts[i])) return false;
    }
    if (rest.p != NULL) return false;
    memcpy(s->parts_bp, parts, sizeof parts);
    return true;
}
