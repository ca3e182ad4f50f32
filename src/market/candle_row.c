/* candle_row: reads names, headers and rows of candle files.
 *
 * In: borrowed text from files that anybody may have written. Out: a candle whose numbers can be
 * relied on, or the one thing that is wrong with it. Rows are the hot path (a year of minutes is
 * half a million for each symbol): one scan for the commas, and base/money's parser for each of the
 * five amounts. Strict where a lenient reading could mean a wrong price: no blanks, no exponents,
 * no rounding. Cannot fail otherwise; pure; any thread. */
#include "market/candle_row.h"

#define COLUMNS 6 /* that are read */
#define COLUMNS_BINANCE 12
#define TIME_MS_MIN INT64_C(1230940800000) /* 2009-01-03: there was no coin before */
#define TIME_MS_MAX INT64_C(4102444800000) /* 2100-01-01 */

const char *candle_fault_text(candle_fault f) {
    switch (f) {
#define X(name, text)                                                                              \
    case CANDLE_FAULT_##name:                                                                      \
        return text;
        CANDLE_FAULT_MAP(X)
#undef X
    }
    WRONG("not a fault");
}

/* -- rows ---------------------------------------------------------------------------------- */

/* Cuts a line at its commas; returns how many columns there are, -1 beyond twelve. Only the first
 * six are kept. */
static int split(str line, str ret_fields[COLUMNS]) {
    const char *p = line.p, *end = line.p + line.n;
    int count = 0;
    for (;;) {
        const char *start = p;
        while (p < end && *p != ',') p++;
        if (count < COLUMNS) ret_fields[count] = (str){start, p - start};
        count++;
        if (p == end) return count;
        if (count == COLUMNS_BINANCE) return -1;
        p++;
    }
}

/* Milliseconds, or microseconds as in Binance's files since 2025; the magnitude tells. */
static bool time_read(str s, usec *ret) {
    int64_t v;
    if (!str_to_i64(s, &v)) return false;
    if (v >= TIME_MS_MIN && v < TIME_MS_MAX) {
        *ret = v * USEC_PER_MS;
        return true;
    }
    if (v >= TIME_MS_MIN * USEC_PER_MS && v < TIME_MS_MAX * USEC_PER_MS) {
        *ret = v;
        return true;
    }
    return false;
}

static candle_fault price_read(str s, price *ret) {
    if (!price_parse(s, ret)) return CANDLE_FAULT_PRICE;
    if (price_e8(*ret) > 0) return CANDLE_FAULT_NONE;
    return price_is_zero(*ret) ? CANDLE_FAULT_ZERO : CANDLE_FAULT_NEGATIVE;
}

candle_fault candle_row_parse(str line, usec interval, struct candle *ret, str *ret_field) {
    PRE(interval > 0);
    str fields[COLUMNS];
    int columns = line.n ? split(line, fields) : 0;
    *ret_field = line;
    if (columns != COLUMNS && columns != COLUMNS_BINANCE) return CANDLE_FAULT_COLUMNS;

    struct candle c = {0};
    *ret_field = fields[0];
    if (!time_read(fields[0], &c.open_at)) return CANDLE_FAULT_TIME;
    if (c.open_at % interval != 0) return CANDLE_FAULT_GRID;
    c.close_at = c.open_at + interval;

    price *prices[] = {&c.open, &c.high, &c.low, &c.close};
    for (int i = 0; i < COUNT_OF(prices); i++) {
        candle_fault fault = price_read(fields[i + 1], prices[i]);
        if (fault == CANDLE_FAULT_NONE) continue;
        *ret_field = fields[i + 1];
        return fault;
    }
    *ret_field = fields[5];
    if (!volume_parse(fields[5], &c.volume)) return CANDLE_FAULT_VOLUME;

    *ret_field = fields[2];
    if (price_cmp(c.high, c.low) < 0) return CANDLE_FAULT_HIGH_LOW;
    *ret_field = fields[1];
    if (price_cmp(c.open, c.low) < 0 || price_cmp(c.open, c.high) > 0) return CANDLE_FAULT_OUTSIDE;
    *ret_field = fields[4];
    if (price_cmp(c.close, c.low) < 0 || price_cmp(c.close, c.high) > 0) {
        return CANDLE_FAULT_OUTSIDE;
    }
    *ret = c;
    return CANDLE_FAULT_NONE;
}

/* -- headers ------------------------------------------------------------------------------- */

static bool looks_numeric(str s) {
    return s.n &&
           (s.p[0] == '-' || s.p[0] == '+' || s.p[0] == '.' || (s.p[0] >= '0' && s.p[0] <= '9'));
}

candle_header candle_header_read(str line) {
    const str names[COLUMNS] = {STR("open_time"), STR("open"),  STR("high"),
                                STR("low"),       STR("close"), STR("volume")};
    if (str_eq(line, STR(CANDLE_HEADER))) return CANDLE_HEADER_KNOWN;
    str fields[COLUMNS];
    int columns = split(line, fields);
    if (columns != COLUMNS && columns != COLUMNS_BINANCE) return CANDLE_HEADER_NONE;
    bool same = true;
    for (int i = 0; i < COLUMNS; i++) {
        if (looks_numeric(fields[i])) return CANDLE_HEADER_NONE;
        same = same && (i == 0 || str_eq_nocase(str_trim(fields[i]), names[i]));
    }
    if (!same) return CANDLE_HEADER_FOREIGN;
    bool binance = columns == COLUMNS_BINANCE && str_eq(fields[0], names[0]);
    return binance ? CANDLE_HEADER_KNOWN : CANDLE_HEADER_SIMILAR;
}

/* -- file names ---------------------------------------------------------------------------- */

static bool interval_parse(str s, usec *ret) {
    static const struct {
        const char *name;
        usec interval;
    } intervals[] = {
        {"1s", USEC_PER_S},        {"1m", USEC_PER_MIN},       {"3m", 3 * USEC_PER_MIN},
        {"5m", 5 * USEC_PER_MIN},  {"15m", 15 * USEC_PER_MIN}, {"30m", 30 * USEC_PER_MIN},
        {"1h", USEC_PER_HOUR},     {"2h", 2 * USEC_PER_HOUR},  {"4h", 4 * USEC_PER_HOUR},
        {"6h", 6 * USEC_PER_HOUR}, {"8h", 8 * USEC_PER_HOUR},  {"12h", 12 * USEC_PER_HOUR},
        {"1d", USEC_PER_DAY},
    };
    for (int i = 0; i < COUNT_OF(intervals); i++) {
        if (!str_eq(s, str_from_z(intervals[i].name))) continue;
        *ret = intervals[i].interval;
        return true;
    }
    return false;
}

/* "2021-05" or "2021-05-19": digits in these places; whether the month exists matters to nobody. */
static bool is_date(str s) {
    if (s.n != 7 && s.n != 10) return false;
    for (ptrdiff_t i = 0; i < s.n; i++) {
        bool dash = i == 4 || i == 7;
        if (dash ? s.p[i] != '-' : (s.p[i] < '0' || s.p[i] > '9')) return false;
    }
    return true;
}

bool candle_name_parse(str name, str *ret_symbol, usec *ret_interval) {
    if (!str_ends(name, STR(".csv"))) return false;
    str rest = str_head(name, name.n - 4), symbol, interval;
    usec length;
    if (!str_cut(&rest, '-', &symbol) || symbol.n == 0) return false;
    if (!str_cut(&rest, '-', &interval) || !interval_parse(interval, &length)) return false;
    if (rest.p && !is_date(rest)) return false;
    *ret_symbol = symbol;
    *ret_interval = length;
    return true;
}
