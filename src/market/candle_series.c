/* candle_series: one symbol's history. Its files one behind the other, read through one small block
 * and one candle ahead.
 *
 * In: lines that anybody may have written. Out: candles that do not overlap, in the order of time,
 * and findings: each bad row is counted, and the first of each kind and file are told. Invariant:
 * a row is given or counted as skipped, never both. Failure: a row that is wrong, late or far off
 * is skipped, a file that breaks off ends there; the history goes on. Thread: the market's. */
#include "market/candles_int.h"

/* A row that jumps this far ahead is believed only when the row behind it does not jump back. */
#define STRAY_JUMP (7 * USEC_PER_DAY)

/* How many findings of a kind are told of each file; the rest is only counted. */
#define BAD_TOLD 20
#define GAPS_TOLD 5
#define NO_VOLUME_TOLD 1

/* -- findings ------------------------------------------------------------------------------ */

void candles_tell(struct candles *m, str name, int64_t line, const char *fmt, ...) {
    char where_block[300], what_block[320];
    struct buf where, what;
    buf_init_fixed(&where, where_block, sizeof where_block);
    buf_init_fixed(&what, what_block, sizeof what_block);
    buf_put(&where, name);
    if (line) buf_printf(&where, ":%lld", (long long)line);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&what, fmt, args);
    va_end(args);
    if (m->report) {
        buf_printf(m->report, "%s: %s\n", buf_z(&where), buf_z(&what));
    } else if (m->market.complain) {
        m->market.complain(m->market.complain_ctx, buf_str(&where), buf_str(&what));
    }
}

const char *candles_excerpt(str s, char block[EXCERPT_BYTES]) {
    ptrdiff_t n = i64_min(s.n, EXCERPT_BYTES - 4);
    for (ptrdiff_t i = 0; i < n; i++) {
        block[i] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
    }
    memcpy(block + n, n < s.n ? "..." : "", n < s.n ? 4 : 1);
    return block;
}

/* Counts a finding of a kind; says whether it is among the first, which are told. */
static bool first_ones(int64_t *seen, int64_t most) { return ++*seen <= most; }

static void tell_fault(struct candles *m, struct part *p, int64_t line, candle_fault fault,
                       str field) {
    m->counts.malformed++;
    m->counts.zero_price += fault == CANDLE_FAULT_ZERO;
    char block[EXCERPT_BYTES];
    if (first_ones(&p->bad, BAD_TOLD)) {
        candles_tell(m, p->name, line, "\"%s\" %s; row skipped", candles_excerpt(field, block),
                     candle_fault_text(fault));
    }
}

/* `what`: with one %s for the row's open time. */
static void tell_out_of_order(struct candles *m, const struct row *r, const char *what) {
    char at[TIME_TEXT_BYTES];
    if (first_ones(&r->part->bad, BAD_TOLD)) {
        candles_tell(m, r->part->name, r->line, "candle of %s %s; row skipped",
                     time_format_rfc3339(r->candle.open_at, at).p, what);
    }
}

static void tell_gap(struct candles *m, const struct row *r, usec since) {
    m->counts.gaps++;
    if (!first_ones(&r->part->gaps, GAPS_TOLD)) return;
    char from[TIME_TEXT_BYTES], to[TIME_TEXT_BYTES];
    candles_tell(m, r->part->name, r->line, "no candles from %s to %s (%lld s)",
                 time_format_rfc3339(since, from).p, time_format_rfc3339(r->candle.open_at, to).p,
                 (long long)((r->candle.open_at - since) / USEC_PER_S));
}

/* At the end of a file: what was not told. */
static void tell_rest(struct candles *m, const struct part *p) {
    int64_t bad = p->bad - BAD_TOLD, gaps = p->gaps - GAPS_TOLD;
    int64_t no_volume = p->no_volume - NO_VOLUME_TOLD;
    if (bad > 0) candles_tell(m, p->name, 0, "%lld more rows skipped", (long long)bad);
    if (gaps > 0) candles_tell(m, p->name, 0, "%lld more gaps", (long long)gaps);
    if (no_volume > 0) {
        candles_tell(m, p->name, 0, "%lld more candles without volume", (long long)no_volume);
    }
}

/* -- rows of one series -------------------------------------------------------------------- */

str candles_first_line(str line) {
    const str byte_order_mark = STR("\xEF\xBB\xBF");
    return str_starts(line, byte_order_mark) ? str_tail(line, byte_order_mark.n) : line;
}

/* Is the line a row? Else it is empty, a header, or bad; what is bad is counted and told. */
static bool take_line(struct candles *m, struct part *p, int64_t number, str line,
                      struct candle *ret) {
    if (number == 1) {
        line = candles_first_line(line);
        if (candle_header_read(line) != CANDLE_HEADER_NONE) return false;
    }
    if (line.n == 0) return false;
    str field;
    candle_fault fault = candle_row_parse(line, p->interval, ret, &field);
    if (fault == CANDLE_FAULT_NONE) {
        ret->sym = p->sym;
        return true;
    }
    tell_fault(m, p, number, fault, field);
    return false;
}

static void end_part(struct candles *m, struct series *s) {
    line_file_close(&s->file);
    tell_rest(m, &s->parts[s->next_part - 1]);
}

/* Opens the next file of the series; false: there is none. */
static bool begin_part(struct candles *m, struct series *s) {
    struct error err;
    while (s->next_part < s->part_count) {
        struct part *p = &s->parts[s->next_part++];
        if (line_file_open(&s->file, p->path, s->block, s->block_bytes, &err)) return true;
        m->counts.broken_off++;
        candles_tell(m, p->name, 0, "was there at the start and cannot be opened now: %s", err.msg);
    }
    return false;
}

/* Next well-formed row, whatever its time; false at the end of the last file. */
static bool read_row(struct candles *m, struct series *s, struct row *ret) {
    for (;;) {
        if (s->file.fd < 0 && !begin_part(m, s)) return false;
        struct part *p = &s->parts[s->next_part - 1];
        struct error err;
        str line;
        switch (line_file_next(&s->file, &line, &err)) {
        case LINE_TEXT:
            if (!take_line(m, p, s->file.line, line, &ret->candle)) continue;
            ret->part = p;
            ret->line = s->file.line;
            return true;
        case LINE_LONG:
            m->counts.malformed++;
            if (first_ones(&p->bad, BAD_TOLD)) {
                candles_tell(m, p->name, s->file.line, "line longer than %d bytes; skipped",
                             LINE_BYTES_MAX);
            }
            continue;
        case LINE_BROKEN:
            m->counts.broken_off++;
            candles_tell(m, p->name, s->file.line, "%s; what was behind this line is lost",
                         err.msg);
            end_part(m, s);
            continue;
        case LINE_END:
            end_part(m, s);
            continue;
        }
    }
}

static bool next_row(struct candles *m, struct series *s, struct row *ret) {
    if (!s->has_ahead) return read_row(m, s, ret);
    *ret = s->ahead;
    s->has_ahead = false;
    return true;
}

/* A single row with a wrong time far in the future would make all good rows behind it look late.
 * Such a row gives itself away when the next one jumps back to where we were. */
static bool is_stray(struct candles *m, struct series *s, const struct row *r) {
    usec since = s->started ? s->candle.close_at : 0;
    if (s->started && r->candle.open_at - since <= STRAY_JUMP) return false;
    if (!s->has_ahead) s->has_ahead = read_row(m, s, &s->ahead);
    return s->has_ahead && s->ahead.candle.open_at >= since &&
           s->ahead.candle.open_at < r->candle.open_at - STRAY_JUMP;
}

/* May this row follow the candle at hand? Else it is counted and told. */
static bool in_order(struct candles *m, struct series *s, const struct row *r) {
    const struct candle *last = &s->candle, *c = &r->candle;
    if (s->started && c->open_at == last->open_at) {
        m->counts.duplicates++;
        tell_out_of_order(m, r, "is there already");
        return false;
    }
    if (s->started && c->open_at < last->close_at) {
        m->counts.disordered++;
        tell_out_of_order(m, r, "is late"); /* on the grid none overlaps */
        return false;
    }
    if (is_stray(m, s, r)) {
        m->counts.disordered++;
        tell_out_of_order(m, r, "is far ahead of the rows around it");
        return false;
    }
    return true;
}

/* Moves the series to its next candle; false: there is none. */
static bool next_candle(struct candles *m, struct series *s) {
    struct row r;
    do {
        if (!next_row(m, s, &r)) return false;
    } while (!in_order(m, s, &r));
    if (s->started && r.candle.open_at > s->candle.close_at) tell_gap(m, &r, s->candle.close_at);
    m->counts.candles++;
    if (volume_e8(r.candle.volume) == 0) {
        m->counts.no_volume++;
        if (first_ones(&r.part->no_volume, NO_VOLUME_TOLD)) {
            candles_tell(m, r.part->name, r.line, "candle without volume; kept");
        }
    }
    s->candle = r.candle;
    s->started = true;
    return true;
}

void series_step(struct candles *m, struct series *s) {
    PRE(!s->over);
    if (s->started && s->kind == MARKET_QUOTE) {
        s->kind = MARKET_CANDLE;
        s->at = s->candle.close_at;
    } else if (s->started && s->kind == MARKET_DRY) {
        s->over = true;
    } else if (next_candle(m, s)) {
        s->kind = MARKET_QUOTE;
        s->at = s->candle.open_at;
    } else if (s->started) {
        s->kind = MARKET_DRY; /* at the time of the last candle */
    } else {
        s->over = true;
    }
}
