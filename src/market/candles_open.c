/* candles_open: which candle files of a directory are read, and in which order.
 *
 * Each file's name, header, first and last row are looked at; of each symbol the finest interval
 * that has rows is chosen, and its files are put in the order of their first rows. Nothing else is
 * read here, so that a start costs the same whatever the files' size. In: a directory that anybody
 * may have filled. Out: a market that has not read a row yet, and a line in the report for all that
 * is left out or odd. Failure: an error that names the directory, when it cannot be
 * read or nothing in it can be used. A file that cannot be opened is told and left out: nothing is
 * traded of a symbol without prices. Thread: the one at the start. */
#include "market/candles_int.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FILES_MAX 20000
#define BLOCK_BYTES (64 * 1024)            /* of a series, */
#define BLOCKS_BYTES_MAX (8 * 1024 * 1024) /* unless there are so many that this is passed */

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
        candles_tell(
            o->m, name, 0,
            "is not named SYMBOL-INTERVAL.csv with an interval of Binance's from 1s to 1d; left "
            "out");
        return false;
    }
    ret->sym = symbols_find(o->symbols, symbol);
    if (ret->sym == SYM_NONE) {
        candles_tell(o->m, name, 0, "the venue does not list " STR_FMT "; left out",
                     STR_ARG(symbol));
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
        candles_tell(m, p->name, 1, "header is \"%s\"; read as " CANDLE_HEADER,
                     candles_excerpt(line, block));
        return true;
    case CANDLE_HEADER_FOREIGN:
        m->counts.malformed++;
        candles_tell(m, p->name, 1, "header is \"%s\", not " CANDLE_HEADER "; file left out",
                     candles_excerpt(line, block));
        return false;
    case CANDLE_HEADER_NONE:
        break;
    }
    int commas = 0;
    for (ptrdiff_t i = 0; i < line.n; i++) commas += line.p[i] == ',';
    if (commas == 5) candles_tell(m, p->name, 1, "no header; read as " CANDLE_HEADER);
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
            line = candles_first_line(line);
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

/* What is wrong with a file, without its path in front. */
static str reason_of(const struct error *err, const struct part *p) {
    const str msg = str_from_z(err->msg), path = str_from_z(p->path);
    return str_starts(msg, path) ? str_tail(msg, i64_min(path.n + 2, msg.n)) : msg;
}

/* Looks into each file; keeps those that have rows. block: to read through. */
static void probe_files(struct opening *o, char *block) {
    struct candles *m = o->m;
    int kept = 0;
    for (int i = 0; i < m->part_count; i++) {
        struct part p = m->parts[i];
        struct line_file f;
        struct error why;
        if (!line_file_open(&f, p.path, block, BLOCK_BYTES, &why)) {
            candles_tell(m, p.name, 0, STR_FMT "; left out", STR_ARG(reason_of(&why, &p)));
            continue;
        }
        bool good = find_first(m, &p, &f);
        if (good) find_last(&p, &f);
        if (!good) candles_tell(m, p.name, 0, "no candle in it; left out");
        line_file_close(&f);
        if (good) m->parts[kept++] = p;
    }
    m->part_count = kept;
}

/* By symbol, finest interval first, then in the order of time. */
static int by_history(const void *a, const void *b) {
    const struct part *x = a, *y = b;
    if (x->sym != y->sym) return x->sym < y->sym ? -1 : 1;
    if (x->interval != y->interval) return x->interval < y->interval ? -1 : 1;
    if (x->first_open != y->first_open) return x->first_open < y->first_open ? -1 : 1;
    return str_cmp(x->name, y->name);
}

/* Sorts the files into series and says which of them only fill in. */
static void order_files(struct candles *m) {
    qsort(m->parts, (size_t)m->part_count, sizeof *m->parts, by_history);
    const struct part *finest = m->parts;
    for (int i = 0; i < m->part_count; i++) {
        const struct part *p = &m->parts[i];
        if (p->sym != finest->sym) finest = p;
        if (p->interval == finest->interval) continue;
        candles_tell(m, p->name, 0, "read only where " STR_FMT " and its like have no candles",
                     STR_ARG(finest->name));
    }
}

static bool opens_series(const struct candles *m, int i) {
    const struct part *p = &m->parts[i];
    return i == 0 || p->sym != p[-1].sym || p->interval != p[-1].interval;
}

/* Makes a series of the parts of each symbol and interval. block: becomes the first series' own. */
static void make_series(struct opening *o, char *block) {
    struct candles *m = o->m;
    int count = 0;
    for (int i = 0; i < m->part_count; i++) count += opens_series(m, i);
    m->series = NEW_ARRAY(o->boot, struct series, count);
    m->heap = NEW_ARRAY(o->boot, int, count);
    int64_t share = i64_clamp(BLOCKS_BYTES_MAX / count, 2 * LINE_BYTES_MAX, BLOCK_BYTES);
    for (int i = 0; i < m->part_count; i++) {
        if (opens_series(m, i)) {
            const int n = m->series_count++;
            const bool first = i == 0 || m->parts[i].sym != m->parts[i - 1].sym;
            char *own = i == 0 ? block : arena_alloc(o->boot, 1, 64, share);
            m->series[n] = (struct series){.parts = &m->parts[i],
                                           .file = {.fd = -1},
                                           .block = own,
                                           .block_bytes = share,
                                           .group = first ? n : m->series[n - 1].group};
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
    const bool ok = list_files(&o, d, err);
    closedir(d);
    if (!ok) return false;
    probe_files(&o, block);
    if (m->part_count == 0) {
        return fail(err, ERR_NOT_FOUND, 0,
                    "%s: no file SYMBOL-INTERVAL.csv with candles of a listed symbol", dir);
    }
    order_files(m);
    make_series(&o, block);
    m->report = NULL;
    if (ret_counts) *ret_counts = m->counts;
    *ret = &m->market;
    return true;
}
