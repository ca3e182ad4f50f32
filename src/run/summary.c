/* summary: what a run came to, as the one JSON object of `bullfinch run --exit-at-end`.
 *
 * Counts are the store's, so they are those of the whole account and not of this process: a run
 * that was killed and continued prints what an uninterrupted one prints. What is still open is
 * marked at the last price; `pnl` is all that the account gained, so `equity` - `pnl` is what it
 * began with. Amounts are strings of exact decimals. Thread: the trader's, after the run. */
#include "run/run_int.h"

#include <inttypes.h>

static void put_amount(struct buf *out, const char *key, int64_t e8) {
    char text[AMOUNT_TEXT_BYTES];
    buf_printf(out, ",\"%s\":\"" STR_FMT "\"", key, STR_ARG(amount_format_e8(e8, text)));
}

static void put_refused(struct buf *out, const struct store_totals *t) {
    const char *sep = "";
    buf_put(out, STR(",\"refused\":{"));
    for (reason i = REASON_NONE; i < REASON_COUNT; i++) {
        if (i == REASON_NONE || t->refused[i] == 0) continue;
        buf_printf(out, "%s\"%s\":%" PRId64, sep, reason_name(i), t->refused[i]);
        sep = ",";
    }
    buf_put_byte(out, '}');
}

static void put_positions(struct buf *out, const struct trader_view *v) {
    buf_put(out, STR(",\"positions\":["));
    for (int i = 0; i < v->position_count; i++) {
        const struct position *p = &v->positions[i];
        buf_printf(out, "%s{\"symbol\":\"%s\"", i ? "," : "", p->symbol);
        put_amount(out, "size", qty_e8(p->size));
        put_amount(out, "avg_entry", price_e8(p->avg_entry));
        put_amount(out, "unrealized", money_e8(p->unrealized));
        buf_put_byte(out, '}');
    }
    buf_put_byte(out, ']');
}

static void put_extra(struct buf *out, const struct run_summary_extra *x) {
    const struct source_counts *s = x->source;
    const struct market_counts *m = x->market;
    if (s)
        buf_printf(out,
                   ",\"source\":{\"lines\":%" PRId64 ",\"posts\":%" PRId64 ",\"malformed\":%" PRId64
                   ",\"disordered\":%" PRId64 ",\"repeated\":%" PRId64 ",\"deletions\":%" PRId64
                   "}",
                   s->lines, s->posts, s->malformed, s->disordered, s->repeated, s->deletions);
    if (m)
        buf_printf(out,
                   ",\"market\":{\"files\":%" PRId64 ",\"candles\":%" PRId64 ",\"gaps\":%" PRId64
                   ",\"no_volume\":%" PRId64 ",\"malformed\":%" PRId64 ",\"duplicates\":%" PRId64
                   ",\"disordered\":%" PRId64 ",\"zero_price\":%" PRId64 "}",
                   m->files, m->candles, m->gaps, m->no_volume, m->malformed, m->duplicates,
                   m->disordered, m->zero_price);
}

bool run_summary(struct runner *r, const struct run_summary_extra *extra, struct buf *out,
                 struct error *err) {
    struct store_totals t;
    char hash[65], at[TIME_TEXT_BYTES];
    if (!store_totals(r->parts.store, &t, err) || !store_ledger_hash(r->parts.store, hash, err))
        return fail_in(err, "sum up the run");
    struct trader_view v;
    trader_view(r->parts.trader, &v);

    buf_printf(out, "{\"posts\":%" PRId64 ",\"signals\":%" PRId64 ",\"trades\":%" PRId64, t.posts,
               t.signals, t.trades);
    put_refused(out, &t);
    put_amount(out, "equity", money_e8(v.equity));
    put_amount(out, "pnl", money_e8(money_minus(v.equity, v.account->start)));
    put_amount(out, "fees", money_e8(t.fees));
    buf_printf(out, ",\"ledger_hash\":\"%s\"", hash);
    put_amount(out, "realized", money_e8(t.pnl));
    put_amount(out, "unrealized", money_e8(v.unrealized));
    buf_printf(
        out,
        ",\"closed\":%" PRId64 ",\"deleted\":%" PRId64 ",\"mode\":\"%s\",\"at\":\"" STR_FMT "\"",
        t.closed, t.deleted, mode_name(v.control->mode), STR_ARG(time_format_rfc3339(r->now, at)));
    put_positions(out, &v);
    if (extra) put_extra(out, extra);
    buf_put_byte(out, '}');
    if (buf_full(out)) return fail(err, ERR_LIMIT, 0, "the summary does not fit its buffer");
    return true;
}
