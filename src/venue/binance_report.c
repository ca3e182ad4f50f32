/* binance_report: what was seen of an order as reports of the reply.
 *
 * In: what the venue said of an order, and its fills. Out: one report a fill, with totals that rise
 * to what was executed, the last one with the order's state; or one report with the totals alone.
 * The fills must make up what the venue says was executed, to a unit of 1e-8 a fill in money; a
 * live order may have got more since it was looked at. A reply has few places, and each order of
 * the request keeps one: fills beyond them are added up, amounts exactly, at their average price.
 *
 * Failure: false, and nothing was told. Pure but for the task. */
#include "venue/binance_int.h"

#include <string.h>

static struct report *put_report(struct binance_task *t, leg which) {
    PRE(t->reply.report_count < REPORTS_MAX);
    const struct binance_seen *s = &t->seen[which];
    struct report *r = &t->reply.reports[t->reply.report_count++];
    struct buf id;
    *r = (struct report){
        .sym = t->rq.sym, .state = s->state, .qty = s->qty, .filled = s->filled, .at = s->at};
    IGNORE(!str_copyz(binance_coid(&t->rq, which), r->coid, sizeof r->coid),
           "as long as the request's");
    memcpy(r->text, s->text, sizeof r->text);
    buf_init_fixed(&id, r->venue_id, sizeof r->venue_id);
    if (s->order_id > 0) buf_put_i64(&id, s->order_id);
    if (money_e8(s->quote) > 0) r->quote_filled = s->quote;
    return r;
}

/* Without its fills: totals, or nothing happened to it. */
void binance_tell_totals(struct binance_task *t, leg which) {
    if (t->seen[which].told) return;
    t->seen[which].told = true;
    put_report(t, which);
}

static void put_fill(const struct binance *b, struct report *r, const struct binance_fill *f) {
    const struct symbol *s = &b->symbols->v[r->sym];
    struct buf id;
    r->has_fill = true;
    buf_init_fixed(&id, r->venue_trade_id, sizeof r->venue_trade_id);
    buf_put_i64(&id, f->id);
    r->fill_qty = f->qty;
    r->fill_price = f->price;
    r->fill_quote = f->quote;
    r->fee_e8 = f->fee_e8;
    memcpy(r->fee_asset, f->fee_asset, sizeof r->fee_asset);
    r->fee_in_base = f->fee_asset[0] != '\0' && strcmp(f->fee_asset, s->base) == 0;
    if (f->at != 0) r->at = f->at;
}

/* Adds up; false: out of range, or a commission of more than what was bought. */
static bool sum_fills(str base, const struct binance_fill *v, int count, qty *ret_qty,
                      money *ret_quote) {
    qty q = qty_from_e8(0);
    money m = money_from_e8(0);
    for (int i = 0; i < count; i++) {
        const bool in_base = str_eq(str_from_z(v[i].fee_asset), base);
        if (in_base && v[i].fee_e8 > qty_e8(v[i].qty)) return false;
        if (!qty_add(q, v[i].qty, &q) || !money_add(m, v[i].quote, &m)) return false;
    }
    *ret_qty = q;
    *ret_quote = m;
    return true;
}

/* Two into the later one, at their average price. False: their fees do not add up. */
static bool merge(struct binance_fill *into, const struct binance_fill *f) {
    struct binance_fill m = *into;
    const bool one_fee = strcmp(into->fee_asset, f->fee_asset) == 0 || f->fee_e8 == 0;
    if (!one_fee && into->fee_e8 != 0) return false;
    if (!one_fee) memcpy(m.fee_asset, f->fee_asset, sizeof m.fee_asset);
    m.fee_e8 += f->fee_e8;
    if (m.fee_e8 > AMOUNT_E8_MAX) return false;
    if (!qty_add(into->qty, f->qty, &m.qty) || !money_add(into->quote, f->quote, &m.quote))
        return false;
    if (!price_average(m.quote, m.qty, ROUND_FLOOR, &m.price) || price_is_zero(m.price))
        return false;
    *into = m;
    return true;
}

/* To at most `room` fills: an order that swept a thin book has more than a reply holds. The first
 * stay as they are. */
static bool fit_fills(struct binance_fill *v, int *count, int room) {
    while (*count > room) {
        if (*count < 2 || !merge(&v[*count - 1], &v[*count - 2])) return false;
        v[*count - 2] = v[*count - 1];
        (*count)--;
    }
    return true;
}

/* Places in the reply that other orders of it need. */
static int reserved(const struct binance_task *t, leg which) {
    int others = 0;
    for (leg l = LEG_ENTRY; l <= LEG_EXIT; l++) {
        others += l != which && !t->seen[l].told && binance_coid(&t->rq, l).n > 0;
    }
    return others;
}

/* The sum of rounded products may differ from the venue's total by a unit a fill; the last takes
 * that up. False: it differs by more. */
static bool even_out(money total, money sum, struct binance_fill *v, int count) {
    const int64_t off = money_e8(total) - money_e8(sum);
    if (money_e8(total) < 0) return true; /* not known */
    if (off > count || off < -count) return false;
    const int64_t last = money_e8(v[count - 1].quote) + off;
    if (last < 0) return false;
    v[count - 1].quote = money_from_e8(last);
    return true;
}

/* One report a fill, with rising totals. False: they do not make up what the venue says was
 * executed. A live order may have got more since. */
bool binance_tell_fills(const struct binance *b, struct binance_task *t, leg which,
                        struct binance_fill *v, int count) {
    struct binance_seen *s = &t->seen[which];
    qty total = qty_from_e8(0);
    money quote = money_from_e8(0);
    order_state last = s->state;
    const str base = str_from_z(binance_symbol(b, t)->base);
    if (count == 0 || !sum_fills(base, v, count, &total, &quote)) return false;
    if (qty_cmp(total, s->filled) < 0 ||
        (binance_has_ended(s->state) && qty_cmp(total, s->filled) > 0))
        return false;
    const bool more = qty_cmp(total, s->filled) > 0;
    if (!more && !even_out(s->quote, quote, v, count)) return false;
    if (more && qty_cmp(total, s->qty) == 0) last = ORDER_ST_FILLED;
    if (!binance_state_fits(&last, s->qty, total)) return false;
    if (!fit_fills(v, &count, REPORTS_MAX - t->reply.report_count - reserved(t, which)))
        return false;
    qty filled = qty_from_e8(0);
    money spent = money_from_e8(0);
    for (int i = 0; i < count; i++) {
        filled = qty_plus(filled, v[i].qty);
        spent = money_plus(spent, v[i].quote);
        struct report *r = put_report(t, which);
        put_fill(b, r, &v[i]);
        r->state = i == count - 1 ? last : ORDER_ST_PART;
        r->filled = filled;
        r->quote_filled = spent;
    }
    s->told = true;
    return true;
}
