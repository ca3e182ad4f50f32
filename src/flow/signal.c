/* signal: the JSON of its parts and the names of its departures, written for the store and read
 * back from it.
 *
 * Parts are basis points and are shown as decimals with four places ("0.9500"), so that text and
 * number are the same value: reading back what was written gives the same bits. */
#include "flow/signal.h"

#include "base/buf.h"

void signal_parts_json(const struct signal *s, struct buf *out) {
    for (int i = 0; i < PART_COUNT; i++) {
        buf_put(out, i == 0 ? STR("{\"") : STR(",\""));
        buf_put(out, str_from_z(part_name((part)i)));
        buf_put(out, STR("\":"));
        buf_put_bp(out, s->parts_bp[i]);
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
    str member = {0}, name = {0};
    bool have = false; /* a member that is not yet taken */
    for (int i = 0; i < PART_COUNT; i++) {
        if (!have) {
            have = str_cut(&rest, ',', &member);
            if (have && !str_cut(&member, ':', &name)) return false;
        }
        const bool is_it = have && is_quoted(name, str_from_z(part_name((part)i)));
        if (!is_it && i < PART_FIRST_FACTOR) return false;
        parts[i] = (int32_t)BP_ONE;
        if (is_it && !parse_bp(member, &parts[i])) return false;
        have = have && !is_it;
    }
    if (have || rest.p != NULL) return false;
    memcpy(s->parts_bp, parts, sizeof parts);
    return true;
}

static const char *const departure_names[] = {
#define X(name, text) text,
    DEPARTURE_MAP(X)
#undef X
};

void departures_format(uint32_t departures, char ret[DEPARTURES_BYTES]) {
    struct buf b;
    buf_init_fixed(&b, ret, DEPARTURES_BYTES);
    for (unsigned i = 0; i < DEPARTURE_COUNT; i++) {
        if ((departures >> i & 1) == 0) continue;
        if (buf_str(&b).n > 0) buf_put_byte(&b, ',');
        buf_put(&b, str_from_z(departure_names[i]));
    }
    POST(!buf_full(&b));
}

bool departures_parse(str text, uint32_t *ret) {
    uint32_t all = 0;
    str word;
    while (text.n > 0 && str_cut(&text, ',', &word)) {
        unsigned i = 0;
        while (i < DEPARTURE_COUNT && !str_eq(word, str_from_z(departure_names[i]))) i++;
        if (i == DEPARTURE_COUNT || (all >> i) != 0) return false; /* each once, in order */
        all |= 1u << i;
    }
    if (text.p != NULL && text.n == 0 && all != 0) return false; /* a comma at the end */
    *ret = all;
    return true;
}
