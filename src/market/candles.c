/* candles: the market in files. A directory of candle files becomes one stream of quotes and
 * candles, in the order of time.
 *
 * At the opening each file's name, header, first and last row are looked at, and the finest
 * interval of each symbol is chosen. Afterwards every symbol is a series: its files one behind the
 * other, read through one small block, one candle ahead. The next event of each series stands in a
 * heap, so that a step costs a few comparisons however many symbols there are.
 *
 * In: files that anybody may have written. Out: events whose times never go back; candles of one
 * symbol never overlap; prices are above zero. Failure: a bad row is skipped, counted and told, and
 * the stream goes on; a file that breaks off ends there. Only the opening can fail. Memory is the
 * blocks, whatever the files' size. Thread: the one that holds the market. */
#include "market/market.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "market/candle_row.h"
#include "market/line_file.h"

#define FILES_MAX 20000
#define BLOCK_BYTES (64 * 1024)            /* of a series, */
#define BLOCKS_BYTES_MAX (8 * 1024 * 1024) /* unless there are so many that this is passed */

/* A row that jumps this far ahead is believed only when the row behind it does not jump back. */
#define STRAY_JUMP (7 * USEC_PER_DAY)

/* How many findings of a kind are told of each file; the rest is only counted. */
#define BAD_TOLD 20
#define GAPS_TOLD 5
#define NO_VOLUME_TOLD 1

/* One file. */
struct part {
    const char *path;
    str name; /* in its directory */
    int sym;
    usec interval;
    usec first_open, last_close;  /* of its first and last readable row */
    int64_t bad, gaps, no_volume; /* findings so far */
};

struct row {
    struct candle candle;
    struct part *part;
    int64_t line;
};

/* One symbol's history: parts in the order of their first rows, and the candle at hand. */
struct series {
    struct part *parts;
    int part_count;
    int next_part; /* to be opened when `file` is at its end */
    struct line_file file;
    char *block;
    ptrdiff_t block_bytes;
    bool started;   /* `candle` holds a candle */
    bool has_ahead; /* `ahead` was read to check the row before it, and is the next */
    struct row ahead;
    struct candle candle;
    /* the next event */
    usec at;
    market_kind kind;
    bool over; /* DRY has been given, or there was never a row */
};

struct candles {
    struct market market; /* first */
    struct part *parts;   /* sorted by series */
    int part_count;
    struct series *series; /* by symbol */
    int series_count;
    int *heap; /* indexes of series with an event left, the earliest on top */
    int heap_count;
    bool primed; /* the first rows have been read */
    struct market_counts counts;
    struct buf *report; /* during the opening */
};

/* -- findings ------------------------------------------------------------------------------ */

static void tell(struct candles *m, str name, int64_t line, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* line 0: the file as a whole. */
static void tell(struct candles *m, str name, int64_t line, const char *fmt, ...) {
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

#define EXCERPT_BYTES 48

/* The beginning of what stands in a file, fit to be shown: printable ASCII, '?' for the rest. */
static const char *excerpt(str s, char block[EXCERPT_BYTES]) {
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
        tell(m, p->name, line, "\"%s\" %s; row skipped", excerpt(field, block),
             candle_fault_text(fault));
    }
}

/* `what`: with one %s for the row's open time. */
static void tell_out_of_order(struct candles *m, const struct row *r, const char *what) {
    char at[TIME_TEXT_BYTES];
    if (first_ones(&r->part->bad, BAD_TOLD)) {
        tell(m, r->part->name, r->line, "candle of %s %s; row skipped",
             time_format_rfc3339(r->candle.open_at, at).p, what);
    }
}

static void tell_gap(struct candles *m, const struct row *r, usec since) {
    m->counts.gaps++;
    if (!first_ones(&r->part->gaps, GAPS_TOLD)) return;
    char from[TIME_TEXT_BYTES], to[TIME_TEXT_BYTES];
    tell(m, r->part->name, r->line, "no candles from %s to %s (%lld s)",
         time_format_rfc3339(since, from).p, time_format_rfc3339(r->candle.open_at, to).p,
         (long long)((r->candle.open_at - since) / USEC_PER_S));
}

/* At the end of a file: what was not told. */
static void tell_rest(struct candles *m, const struct part *p) {
    int64_t bad = p->bad - BAD_TOLD, gaps = p->gaps - GAPS_TOLD;
    int64_t no_volume = p->no_volume - NO_VOLUME_TOLD;
    if (bad > 0) tell(m, p->name, 0, "%lld more rows skipped", (long long)bad);
    if (gaps > 0) tell(m, p->name, 0, "%lld more gaps", (long long)gaps);
    if (no_volume > 0) {
        tell(m, p->name, 0, "%lld more candles without volume", (long long)no_volume);
    }
}

/* -- rows of one series -------------------------------------------------------------------- */

/* The line without what an editor may have put in front of a file. */
static str first_line(str line) {
    const str byte_order_mark = STR("\xEF\xBB\xBF");
    return str_starts(line, byte_order_mark) ? str_tail(line, byte_order_mark.n) : line;
}

/* Is the line a row? Else it is empty, a header, or bad; what is bad is counted and told. */
static bool take_line(struct candles *m, struct part *p, int64_t number, str line,
                      struct candle *ret) {
    if (number == 1) {
        line = first_line(line);
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
        tell(m, p->name, 0, "was there at the start and cannot be opened now: %s", err.msg);
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
                tell(m, p->name, s->file.line, "line longer than %d bytes; skipped",
                     LINE_BYTES_MAX);
            }
            continue;
        case LINE_BROKEN:
            m->counts.broken_off++;
            tell(m, p->name, s->file.line, "%s; what was behind this line is lost", err.msg);
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
        bool overlaps = c->open_at > last->open_at;
        tell_out_of_order(m, r, overlaps ? "opens before the one before it closed" : "is late");
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
            tell(m, r.part->name, r.line, "candle without volume; kept");
        }
    }
    s->candle = r.candle;
    s->started = true;
    return true;
}

/* Moves the series to its next event: quote, candle, quote, candle, ..., dry. */
static void series_step(struct candles *m, struct series *s) {
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

/* -- merge --------------------------------------------------------------------------------- */

static int rank(market_kind k) {
    switch (k) {
    case MARKET_CANDLE:
        return 0;
    case MARKET_DRY:
        return 1;
    case MARKET_QUOTE:
        return 2;
    }
    WRONG("not a kind of event");
}

/* Does the event of series a come before the one of b? Series stand in the order of symbols. */
static bool before(const struct candles *m, int a, int b) {
    const struct series *x = &m->series[a], *y = &m->series[b];
    if (x->at != y->at) return x->at < y->at;
    if (x->kind != y->kind) return rank(x->kind) < rank(y->kind);
    return a < b;
}

/* Puts series `moved` where it belongs at or under place `hole`. */
static void sift_down(struct candles *m, int hole, int moved) {
    for (;;) {
        int child = 2 * hole + 1;
        if (child >= m->heap_count) break;
        if (child + 1 < m->heap_count && before(m, m->heap[child + 1], m->heap[child])) child++;
        if (!before(m, m->heap[child], moved)) break;
        m->heap[hole] = m->heap[child];
        hole = child;
    }
    m->heap[hole] = moved;
}

/* (Re)builds the heap over the series that have an event. */
static void heap_build(struct candles *m) {
    m->heap_count = 0;
    for (int i = 0; i < m->series_count; i++) {
        if (!m->series[i].over) m->heap[m->heap_count++] = i;
    }
    for (int i = m->heap_count / 2 - 1; i >= 0; i--) sift_down(m, i, m->heap[i]);
}

/* Reads the first rows; at the first use and not at the opening, so that there is somebody to tell
 * what is wrong with them. */
static void prime(struct candles *m) {
    if (m->primed) return;
    m->primed = true;
    for (int i = 0; i < m->series_count; i++) series_step(m, &m->series[i]);
    heap_build(m);
}

static bool candles_next(struct market *market, struct market_event *ret) {
    struct candles *m = (struct candles *)market;
    prime(m);
    if (m->heap_count == 0) return false;
    int top = m->heap[0];
    struct series *s = &m->series[top];
    *ret = (struct market_event){.kind = s->kind, .at = s->at, .sym = s->parts->sym};
    if (s->kind == MARKET_QUOTE) {
        price open = s->candle.open;
        ret->quote = (struct quote){.sym = ret->sym,
                                    .at = s->at,
                                    .last = open,
                                    .bid = open,
                                    .ask = open,
                                    .interval = s->candle.close_at - s->candle.open_at};
    } else if (s->kind == MARKET_CANDLE) {
        ret->candle = s->candle;
    }
    series_step(m, s);
    POST(s->at >= ret->at);
    if (s->over) top = m->heap[--m->heap_count];
    if (m->heap_count) sift_down(m, 0, top);
    return true;
}

static usec candles_peek(struct market *market) {
    struct candles *m = (struct candles *)market;
    prime(m);
    return m->heap_count ? m->series[m->heap[0]].at : USEC_NEVER;
}

/* Reads over what is dropped, row by row: then counts, findings and the check of each row against
 * the one before it are the same as in a run that was never interrupted. */
static void candles_seek(struct market *market, usec after) {
    struct candles *m = (struct candles *)market;
    prime(m);
    for (int i = 0; i < m->series_count; i++) {
        struct series *s = &m->series[i];
        while (!s->over && s->at <= after) series_step(m, s);
    }
    heap_build(m);
}

static void candles_counts(const struct market *market, struct market_counts *ret) {
    *ret = ((const struct candles *)market)->counts;
}

static void candles_close(struct market *market) {
    struct candles *m = (struct candles *)market;
    for (int i = 0; i < m->series_count; i++) line_file_close(&m->series[i].file);
    m->series_count = m->heap_count = 0;
}

static const struct market_ops candles_ops = {
    .name = "candles",
    .next = candles_next,
    .peek = candles_peek,
    .seek = candles_seek,
    .counts = candles_counts,
    .close = candles_close,
};

bool candles_span(const struct market *market, usec *ret_first, usec *ret_last) {
    PRE(market->ops == &candles_ops);
    const struct candles *m = (const struct candles *)market;
    if (m->part_count == 0) return false;
    usec first = USEC_NEVER, last = 0;
    for (int i = 0; i < m->part_count; i++) {
        first = i64_min(first, m->parts[i].first_open);
        last = i64_max(last, m->parts[i].last_close);
    }
    *ret_first = first;
    *ret_last = last;
    return true;
}

/* -- opening ------------------------------------------------------------------------------- */

struct opening {
    struct arena *boot;
    const char *dir;
    const struct symbols *symbols;
    struct candles *m;
};

static int by_name(const void *a, const void *b) {
    return str_cmp(((const struct part *)a)->name, ((const struct part *)b)->name);
}

/* Is this directory entry a candle file of a symbol that we trade? */
static bool wanted(struct opening *o, str name, struct part *ret) {
    str symbol;
    if (!str_ends(name, STR(".csv"))) return false;
    if (!candle_name_parse(name, &symbol, &ret->interval)) {
        tell(o->m, name, 0,
             "is not named SYMBOL-INTERVAL.csv with an interval of Binance's from 1s to 1d; left "
             "out");
        return false;
    }
    ret->sym = symbols_find(o->symbols, symbol);
    if (ret->sym == SYM_NONE) {
        tell(o->m, name, 0, "the venue does not list " STR_FMT "; left out", STR_ARG(symbol));
        return false;
    }
    return true;
}

/* Finds the candle files, sorted by name so that findings come in the same order everywhere. */
static bool list_files(struct opening *o, DIR *d, struct error *err) {
    struct candles *m = o->m;
    int entries = 0;
    struct dirent *e;
    while ((e = readdir(d))) entries += str_ends(str_from_z(e->d_name), STR(".csv"));
    if (entries > FILES_MAX) {
        return fail(err, ERR_LIMIT, 0,
                    "%s: %d files, at most %d are read; keep only what is needed", o->dir, entries,
                    FILES_MAX);
    }
    rewinddir(d);
    m->parts = NEW_ARRAY(o->boot, struct part, entries + 1);
    while (m->part_count < entries && (e = readdir(d))) {
        str name = str_from_z(e->d_name);
        if (str_ends(name, STR(".csv"))) m->parts[m->part_count++].name = str_dup(o->boot, name);
    }
    qsort(m->parts, (size_t)m->part_count, sizeof *m->parts, by_name);
    int kept = 0;
    for (int i = 0; i < m->part_count; i++) {
        struct part p = {.name = m->parts[i].name};
        if (!wanted(o, p.name, &p)) continue;
        ptrdiff_t bytes = (ptrdiff_t)strlen(o->dir) + p.name.n + 2;
        char *path = arena_alloc(o->boot, 1, 1, bytes);
        int n = snprintf(path, (size_t)bytes, "%s/" STR_FMT, o->dir, STR_ARG(p.name));
        POST(n == bytes - 1);
        p.path = path;
        m->parts[kept++] = p;
    }
    m->part_count = kept;
    return true;
}

/* Looks at the first line. False: its columns are not ours, so that its rows would be misread. */
static bool check_header(struct candles *m, const struct part *p, str line) {
    char block[EXCERPT_BYTES];
    switch (candle_header_read(line)) {
    case CANDLE_HEADER_KNOWN:
        return true;
    case CANDLE_HEADER_SIMILAR:
        tell(m, p->name, 1, "header is \"%s\"; read as " CANDLE_HEADER, excerpt(line, block));
        return true;
    case CANDLE_HEADER_FOREIGN:
        m->counts.malformed++;
        tell(m, p->name, 1, "header is \"%s\", not " CANDLE_HEADER "; file left out",
             excerpt(line, block));
        return false;
    case CANDLE_HEADER_NONE:
        break;
    }
    int commas = 0;
    for (ptrdiff_t i = 0; i < line.n; i++) commas += line.p[i] == ',';
    if (commas == 5) tell(m, p->name, 1, "no header; read as " CANDLE_HEADER);
    return true;
}

/* Reads on to the first row that is well-formed; its findings are told later, when the file is read
 * as part of its series. */
static bool find_first(struct candles *m, struct part *p, struct line_file *f) {
    struct error err;
    struct candle c;
    str line, field;
    for (;;) {
        line_kind kind = line_file_next(f, &line, &err);
        if (kind == LINE_END || kind == LINE_BROKEN) return false;
        if (kind == LINE_LONG) continue;
        if (f->line == 1) {
            line = first_line(line);
            if (!check_header(m, p, line)) return false;
        }
        if (candle_row_parse(line, p->interval, &c, &field) != CANDLE_FAULT_NONE) continue;
        p->first_open = c.open_at;
        p->last_close = c.close_at;
        return true;
    }
}

/* Puts the close of the last well-formed row near the file's end into last_close. */
static void find_last(struct part *p, struct line_file *f) {
    str rest = line_file_tail(f), line, field;
    struct candle c;
    while (str_cut(&rest, '\n', &line)) {
        if (str_ends(line, STR("\r"))) line.n--;
        if (candle_row_parse(line, p->interval, &c, &field) != CANDLE_FAULT_NONE) continue;
        p->last_close = c.close_at;
    }
}

/* Looks into each file; keeps those that have rows. block: to read through. */
static bool probe_files(struct opening *o, char *block, struct error *err) {
    struct candles *m = o->m;
    int kept = 0;
    for (int i = 0; i < m->part_count; i++) {
        struct part p = m->parts[i];
        struct line_file f;
        if (!line_file_open(&f, p.path, block, BLOCK_BYTES, err)) {
            return fail_in(err, "candle file (take it away or make it readable)");
        }
        bool good = find_first(m, &p, &f);
        if (good) find_last(&p, &f);
        if (!good) tell(m, p.name, 0, "no candle in it; left out");
        line_file_close(&f);
        if (good) m->parts[kept++] = p;
    }
    m->part_count = kept;
    return true;
}

/* By symbol, finest interval first, then in the order of time. */
static int by_history(const void *a, const void *b) {
    const struct part *x = a, *y = b;
    if (x->sym != y->sym) return x->sym < y->sym ? -1 : 1;
    if (x->interval != y->interval) return x->interval < y->interval ? -1 : 1;
    if (x->first_open != y->first_open) return x->first_open < y->first_open ? -1 : 1;
    return str_cmp(x->name, y->name);
}

/* Keeps the finest interval of each symbol. */
static void choose_intervals(struct candles *m) {
    qsort(m->parts, (size_t)m->part_count, sizeof *m->parts, by_history);
    int kept = 0;
    for (int i = 0; i < m->part_count; i++) {
        const struct part *p = &m->parts[i], *best = kept ? &m->parts[kept - 1] : p;
        if (best->sym == p->sym && best->interval != p->interval) {
            tell(m, p->name, 0, "left out, as " STR_FMT " has finer candles", STR_ARG(best->name));
            continue;
        }
        m->parts[kept++] = *p;
    }
    m->part_count = kept;
}

/* Makes one series of each symbol's parts. block: becomes the first series' own. */
static void make_series(struct opening *o, char *block) {
    struct candles *m = o->m;
    int count = 0;
    for (int i = 0; i < m->part_count; i++) {
        count += i == 0 || m->parts[i].sym != m->parts[i - 1].sym;
    }
    m->series = NEW_ARRAY(o->boot, struct series, count);
    m->heap = NEW_ARRAY(o->boot, int, count);
    int64_t share = i64_clamp(BLOCKS_BYTES_MAX / count, 2 * LINE_BYTES_MAX, BLOCK_BYTES);
    for (int i = 0; i < m->part_count; i++) {
        if (i == 0 || m->parts[i].sym != m->parts[i - 1].sym) {
            char *own = i == 0 ? block : arena_alloc(o->boot, 1, 64, share);
            m->series[m->series_count++] = (struct series){
                .parts = &m->parts[i], .file = {.fd = -1}, .block = own, .block_bytes = share};
        }
        m->series[m->series_count - 1].part_count++;
    }
    m->counts.files = m->part_count;
    POST(m->series_count == count);
}

bool candles_open(struct arena *boot, const char *dir, const struct symbols *symbols,
                  struct market **ret, struct market_counts *ret_counts, struct buf *report,
                  struct error *err) {
    DIR *d = opendir(dir);
    if (!d) {
        int sys = errno;
        return fail(err, ERR_NOT_FOUND, sys, "directory of candle files %s: %s", dir,
                    strerror(sys));
    }
    struct buf nowhere;
    char byte;
    buf_init_fixed(&nowhere, &byte, 1);
    struct candles *m = NEW(boot, struct candles);
    m->market.ops = &candles_ops;
    m->report = report ? report : &nowhere;
    struct opening o = {boot, dir, symbols, m};
    char *block = arena_alloc(boot, 1, 64, BLOCK_BYTES);
    bool ok = list_files(&o, d, err) && probe_files(&o, block, err);
    closedir(d);
    if (!ok) return false;
    choose_intervals(m);
    if (m->part_count == 0) {
        return fail(err, ERR_NOT_FOUND, 0,
                    "%s: no file SYMBOL-INTERVAL.csv with candles of a listed symbol", dir);
    }
    make_series(&o, block);
    m->report = NULL;
    if (ret_counts) *ret_counts = m->counts;
    *ret = &m->market;
    return true;
}
