/* Is the store whole, and do its numbers explain each other?
 *
 * In: a store at one moment (one read transaction, also while a trader writes). Out: one line a
 * finding. Looked at, in this order: the file's structure, its foreign keys and what the schema
 * says of values; rows that no trader could load, deleted posts, what is known of authors
 * (check_rows.c); the audit chain; signals against their trades; fills against orders; fills
 * against their own price; fills against trades (held, basis, profit, fees: book.h has the sums);
 * trades against positions; all of it against the account; the ledger's numbering; equity where no
 * trade was open; what live sources left (check_sources.c). Where the structure is broken the rest
 * is not looked at: it could say anything. Failure: what cannot be read at all is an error, what
 * can be read and is wrong is a finding. */
#include "store/store_int.h"

#include <inttypes.h>

#include "store/book.h"
#include "store/check_int.h"

#define FINDINGS_SHOWN 100

void check_finding(struct check *c, const char *fmt, ...) {
    if (c->findings++ >= FINDINGS_SHOWN) return;
    va_list args;
    va_start(args, fmt);
    buf_vprintf(c->report, fmt, args);
    va_end(args);
    buf_put_byte(c->report, '\n');
}

/* "subject: member is X, fills make it Y" unless the two are the same. */
static void compare(struct check *c, const char *subject, const char *member, int64_t is,
                    int64_t want) {
    char a[AMOUNT_TEXT_BYTES], b[AMOUNT_TEXT_BYTES];
    if (is == want) return;
    const str is_text = amount_format_e8(is, a), want_text = amount_format_e8(want, b);
    check_finding(c, "%s: %s is " STR_FMT ", its fills make it " STR_FMT, subject, member,
                  STR_ARG(is_text), STR_ARG(want_text));
}

/* -- orders ---------------------------------------------------------------------------------- */

static bool check_orders(struct check *c, struct error *err) {
    static const struct sql sql = {
        "SELECT o.client_order_id, o.filled_quantity, coalesce(f.quantity, 0), o.quote_filled, "
        "coalesce(f.quote, 0) FROM orders o LEFT JOIN (SELECT order_id, sum(quantity) AS quantity, "
        "sum(quote) AS quote FROM fills GROUP BY order_id) f ON f.order_id = o.id ORDER BY o.id",
        .large = true};
    struct query q;
    bool row;
    if (!query_open(c->s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        char subject[64], coid[COID_BYTES];
        struct buf b;
        buf_init_fixed(&b, subject, sizeof subject);
        col_z(&q, coid, sizeof coid);
        buf_printf(&b, "order %s", coid);
        const int64_t filled = col_e8(&q);
        compare(c, subject, "filled_quantity", filled, col_e8(&q));
        const int64_t quote = col_e8(&q);
        compare(c, subject, "quote_filled", quote, col_e8(&q));
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* -- fills on their own ----------------------------------------------------------------------- */

/* A fill's price explains its quote: their product, to the rounding that whoever filled it chose.
 * One that stands for several, as they were missed or were too many for a reply, has the average
 * price, rounded down: the product of that is less than what was paid. */
static bool price_explains(price px, qty n, money quote) {
    money down, up;
    price average;
    if (price_e8(px) <= 0 || qty_e8(n) <= 0 || money_e8(quote) < 0) return false;
    if (!money_notional(px, n, ROUND_FLOOR, &down) || !money_notional(px, n, ROUND_CEIL, &up))
        return false;
    if (money_cmp(quote, down) >= 0 && money_cmp(quote, up) <= 0) return true;
    return price_average(quote, n, ROUND_FLOOR, &average) && price_cmp(average, px) == 0;
}

static bool check_fills(struct check *c, struct error *err) {
    static const struct sql sql = {"SELECT id, price, quantity, quote FROM fills ORDER BY id",
                                   .large = true};
    struct query q;
    bool row;
    if (!query_open(c->s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t id = col_i64(&q);
        const price px = price_from_e8(col_e8(&q));
        const qty n = qty_from_e8(col_e8(&q));
        const money quote = money_from_e8(col_e8(&q));
        if (!price_explains(px, n, quote))
            check_finding(c, "fill %" PRId64 ": its quote is not its price x quantity", id);
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* -- signals --------------------------------------------------------------------------------- */

/* A signal has a trade where it was traded, and then that trade is its own; and where it closed
 * one: refused as OPPOSITE, for it speaks of a SHORT where the venue has none, it names the LONG in
 * its pair that another signal had opened. How that one ended is not asked: its stop may have been
 * faster. */
static bool check_signals(struct check *c, struct error *err) {
#define CLOSED "(s.verdict = 'refused' AND coalesce(s.reason, '') = 'OPPOSITE')"
#define ITS_OWN "coalesce(t.signal_id, 0) = s.id"
    static const struct sql sql = {
        "SELECT s.id, s.verdict, CASE WHEN s.trade_id IS NULL THEN 'no trade' "
        "WHEN t.id IS NULL THEN 'a trade that is not there' "
        "WHEN " CLOSED " THEN 'a trade that it cannot have closed' "
        "WHEN NOT " ITS_OWN " THEN 'a trade of another signal' ELSE 'a trade' END "
        "FROM signals s LEFT JOIN trades t ON t.id = s.trade_id "
        "WHERE (s.verdict = 'traded' OR " CLOSED ") <> (s.trade_id IS NOT NULL) OR "
        "(s.trade_id IS NOT NULL AND t.id IS NULL) OR "
        "(s.verdict = 'traded' AND NOT " ITS_OWN ") OR (" CLOSED " AND (" ITS_OWN
        " OR s.side <> 'SHORT' OR t.side <> 'LONG' OR t.symbol <> s.symbol)) ORDER BY s.id"};
#undef ITS_OWN
#undef CLOSED
    struct query q;
    bool row;
    if (!query_open(c->s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        char says[16];
        const int64_t id = col_i64(&q);
        col_z(&q, says, sizeof says);
        const str has = col_str(&q);
        check_finding(c, "signal %" PRId64 " is %s and has " STR_FMT, id, says, STR_ARG(has));
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* -- equity ---------------------------------------------------------------------------------- */

/* What was earned until a sample, told by the trades alone: possible while none is open. */
struct flat {
    int64_t open;
    money cash; /* start + what closed trades made */
    bool fits;
};

static void check_sample(struct check *c, const struct flat *f, struct query *q, usec at) {
    const money equity = money_from_e8(col_e8(q)), cash = money_from_e8(col_e8(q));
    const money unrealized = money_from_e8(col_e8(q));
    char time[TIME_TEXT_BYTES];
    if (f->open != 0 || !f->fits) return;
    if (money_cmp(equity, cash) == 0 && money_is_zero(unrealized) &&
        money_cmp(cash, f->cash) == 0) {
        return;
    }
    check_finding(c, "equity at " STR_FMT ": no trade was open, and it is not start and profits",
                  STR_ARG(time_format_rfc3339(at, time)));
}

/* Openings, samples and endings in the order of time; at one moment a trade counts as open. */
static bool check_equity(struct check *c, struct error *err) {
    static const struct sql sql = {
        "SELECT at, kind, a, b, c FROM ("
        "SELECT created_at AS at, 0 AS kind, 0 AS a, 0 AS b, 0 AS c FROM trades UNION ALL "
        "SELECT at, 1, equity, cash, unrealized FROM equity UNION ALL "
        "SELECT closed_at, 2, pnl, 0, 0 FROM trades WHERE closed_at IS NOT NULL) AS t "
        "ORDER BY at, kind",
        .large = true};
    static const struct sql start = {"SELECT start FROM account"};
    struct query q;
    struct flat f = {.fits = true};
    bool row;
    if (!query_open(c->s, &start, &q, err) || !query_row(&q, &row, err)) return false;
    if (!row) return true;
    f.cash = money_from_e8(col_e8(&q));
    query_close(&q);
    if (!query_open(c->s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        const usec at = col_time(&q);
        const int64_t kind = col_i64(&q);
        if (kind == 0) f.open++;
        if (kind == 1) check_sample(c, &f, &q, at);
        if (kind == 2) {
            f.open--;
            f.fits = f.fits && money_add(f.cash, money_from_e8(col_e8(&q)), &f.cash);
        }
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* -- trades ---------------------------------------------------------------------------------- */

/* Two cursors over rows in the order of trades: the trades, and all fills. */
struct trade_cursor {
    struct query q;
    bool row;
    int64_t id;
    side side;
    bool closed;
    struct book is; /* as stored; without cash, which trades do not have */
};

struct fill_cursor {
    struct query q;
    bool row;
    struct fill fill;
};

static bool next_trade(struct trade_cursor *t, struct error *err) {
    if (!query_row(&t->q, &t->row, err)) return false;
    if (!t->row) return true;
    t->id = col_i64(&t->q);
    t->side = str_eq(col_str(&t->q), STR("SHORT")) ? SIDE_SHORT : SIDE_LONG;
    t->closed = str_eq(col_str(&t->q), STR("CLOSED"));
    t->is.held = qty_from_e8(col_e8(&t->q));
    t->is.basis = money_from_e8(col_e8(&t->q));
    t->is.pnl = money_from_e8(col_e8(&t->q));
    t->is.fees = money_from_e8(col_e8(&t->q));
    return true;
}

static bool next_fill(struct fill_cursor *f, struct error *err) {
    if (!query_row(&f->q, &f->row, err)) return false;
    if (!f->row) return true;
    f->fill = (struct fill){.id = col_i64(&f->q)};
    f->fill.trade_id = col_i64(&f->q);
    f->fill.side = str_eq(col_str(&f->q), STR("SELL")) ? ORDER_SELL : ORDER_BUY;
    f->fill.leg = str_eq(col_str(&f->q), STR("entry")) ? LEG_ENTRY : LEG_EXIT;
    f->fill.qty = qty_from_e8(col_e8(&f->q));
    f->fill.price = price_from_e8(col_e8(&f->q));
    f->fill.quote = money_from_e8(col_e8(&f->q));
    f->fill.fee_e8 = col_e8(&f->q);
    f->fill.fee_in_base = col_bool(&f->q);
    return true;
}

static bool open_cursors(struct store *s, struct trade_cursor *t, struct fill_cursor *f,
                         struct error *err) {
    static const struct sql trades = {
        "SELECT id, side, status, held, basis, pnl, fees FROM trades ORDER BY id", .large = true};
    static const struct sql fills = {
        "SELECT id, trade_id, side, leg, quantity, price, quote, fee, fee_in_base FROM fills "
        "ORDER BY trade_id NULLS FIRST, id",
        .large = true};
    *t = (struct trade_cursor){0};
    *f = (struct fill_cursor){0};
    return query_open(s, &trades, &t->q, err) && next_trade(t, err) &&
           query_open(s, &fills, &f->q, err) && next_fill(f, err);
}

static void add_to_sums(struct check *c, const struct book *fills, const struct book *is) {
    c->sums_fit = c->sums_fit && money_add(c->cash, fills->cash, &c->cash) &&
                  money_add(c->pnl, is->pnl, &c->pnl) && money_add(c->fees, is->fees, &c->fees);
}

/* Books the fills of the trade that `t` stands on, and compares. */
static bool check_trade(struct check *c, const struct trade_cursor *t, struct fill_cursor *f,
                        struct error *err) {
    struct book sum = {0};
    const char *why = NULL;
    char subject[48];
    struct buf b;
    buf_init_fixed(&b, subject, sizeof subject);
    buf_printf(&b, "trade %" PRId64, t->id);
    while (f->row && f->fill.trade_id <= t->id) {
        if (f->fill.trade_id != t->id) {
            check_finding(c, "fill %" PRId64 " belongs to no trade", f->fill.id);
        } else if (!book_fill(&sum, t->side, &f->fill, &why)) {
            check_finding(c, "%s: fill %" PRId64 " %s", subject, f->fill.id, why);
        }
        if (!next_fill(f, err)) return false;
    }
    if (t->closed && !book_close(&sum, t->side, &why)) check_finding(c, "%s: %s", subject, why);
    compare(c, subject, "held", qty_e8(t->is.held), qty_e8(sum.held));
    compare(c, subject, "basis", money_e8(t->is.basis), money_e8(sum.basis));
    compare(c, subject, "pnl", money_e8(t->is.pnl), money_e8(sum.pnl));
    compare(c, subject, "fees", money_e8(t->is.fees), money_e8(sum.fees));
    add_to_sums(c, &sum, &t->is);
    return true;
}

static bool check_trades(struct check *c, struct error *err) {
    struct trade_cursor t;
    struct fill_cursor f;
    bool ok = open_cursors(c->s, &t, &f, err);
    while (ok && t.row) ok = check_trade(c, &t, &f, err) && next_trade(&t, err);
    while (ok && f.row) {
        check_finding(c, "fill %" PRId64 " belongs to no trade", f.fill.id);
        ok = next_fill(&f, err);
    }
    query_close(&t.q);
    query_close(&f.q);
    return ok;
}

/* -- positions ------------------------------------------------------------------------------- */

static bool check_positions(struct check *c, struct error *err) {
    static const struct sql sql = {
        "SELECT t.symbol, coalesce(p.size, 0), t.size FROM (SELECT symbol, sum(CASE side "
        "WHEN 'SHORT' THEN -held ELSE held END) AS size FROM trades WHERE status = 'OPEN' "
        "GROUP BY symbol) t LEFT JOIN positions p ON p.symbol = t.symbol "
        "WHERE coalesce(p.size, 0) <> t.size "
        "UNION ALL SELECT symbol, size, 0 FROM positions WHERE symbol NOT IN "
        "(SELECT symbol FROM trades WHERE status = 'OPEN')"};
    struct query q;
    bool row;
    if (!query_open(c->s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        char subject[64], symbol[SYMBOL_BYTES];
        struct buf b;
        buf_init_fixed(&b, subject, sizeof subject);
        col_z(&q, symbol, sizeof symbol);
        buf_printf(&b, "position in %s", symbol);
        const int64_t is = col_e8(&q);
        compare(c, subject, "size", is, col_e8(&q));
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* -- account and ledger ---------------------------------------------------------------------- */

static bool check_ledger_numbers(struct check *c, int64_t seq, struct error *err) {
    static const struct sql sql = {
        "SELECT count(*), coalesce(max(seq), 0), coalesce(min(seq), 1) FROM ledger"};
    static const struct sql gap = {"SELECT min(seq) + 1 FROM ledger l WHERE seq >= 0 AND "
                                   "NOT EXISTS (SELECT 1 FROM ledger WHERE seq = l.seq + 1)"};
    struct query q;
    bool row;
    if (!query_open(c->s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    const int64_t count = col_i64(&q), last = col_i64(&q), first = col_i64(&q);
    query_close(&q);
    int64_t missing = 1; /* the first number that is not there */
    if (first == 1 && count > 0 &&
        (!query_open(c->s, &gap, &q, err) || !query_i64(&q, &missing, &row, err))) {
        return false;
    }
    if (missing <= last) {
        check_finding(c, "ledger: line %" PRId64 " is missing", missing);
    }
    if (count != last || last != seq) {
        check_finding(c,
                      "ledger: %" PRId64 " lines, the last is number %" PRId64
                      ", the account counts "
                      "%" PRId64,
                      count, last, seq);
    }
    return true;
}

static bool check_account(struct check *c, struct error *err) {
    static const struct sql sql = {"SELECT start, cash, realized, fees, seq FROM account"};
    struct query q;
    bool row;
    if (!query_open(c->s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    money cash, start = money_from_e8(row ? col_e8(&q) : 0);
    if (!c->sums_fit || !money_add(start, c->cash, &cash)) {
        check_finding(c, "account: the sums of fills leave the range of amounts");
    } else if (row) {
        compare(c, "account", "cash", col_e8(&q), money_e8(cash));
        compare(c, "account", "realized", col_e8(&q), money_e8(c->pnl));
        compare(c, "account", "fees", col_e8(&q), money_e8(c->fees));
    } else if (!money_is_zero(c->cash)) {
        check_finding(c, "account: there are fills and no account");
    }
    const int64_t seq = row && c->sums_fit ? col_i64(&q) : 0;
    query_close(&q);
    return !row || !c->sums_fit || check_ledger_numbers(c, seq, err);
}

static bool check_audit(struct check *c, struct error *err) {
    int64_t rows, id;
    if (store_audit_verify(c->s, &rows, &id, err)) return true;
    if (id == 0) return false;
    check_finding(c, "%s", err->msg);
    return true;
}

/* -- all of it ------------------------------------------------------------------------------- */

static bool check_all(struct check *c, struct error *err) {
    bool sound = false;
    if (!c->s->ops->check_structure(c->s, c->report, &sound, err)) return false;
    if (!sound) {
        c->findings++;
        return true;
    }
    return check_readable(c, err) && check_audit(c, err) && check_signals(c, err) &&
           check_deletions(c, err) && check_authors(c, err) && check_orders(c, err) &&
           check_fills(c, err) && check_trades(c, err) && check_positions(c, err) &&
           check_account(c, err) && check_equity(c, err) && check_sources(c, err);
}

bool store_check(struct store *s, struct buf *report, struct error *err) {
    struct check c = {.s = s, .report = report, .sums_fit = true};
    if (!store_begin(s, false, err)) return fail_in(err, "check %s", s->path);
    const bool ok = check_all(&c, err);
    store_rollback(s); /* nothing was written */
    if (!ok) return fail_in(err, "check %s", s->path);
    if (c.findings == 0) return true;
    return fail(err, ERR_DAMAGED, 0,
                "%s: %" PRId64 " findings; keep a copy of it before a backup takes its place",
                s->path, c.findings);
}
