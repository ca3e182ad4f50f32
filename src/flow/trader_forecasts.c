/* What comes of opinions, traded or not: for each one, what following it for a while would have
 * brought, for the author's record.
 *
 * An outcome has two ends, each the first price at or after a moment: it begins where the signal
 * could first have been traded (of candles: the next open), and it ends judge.record_horizon_s
 * later. It is counted at its end and not before, at the price of that moment and not at one that
 * somebody looks up later, so that a replay knows no more than the day did.
 *
 * Not counted are: opinions that were not the author's own or not of now (retweets, copies, edits,
 * old posts, imitators, scams); and an opinion on a coin while one of his on the same coin runs,
 * because ten posts in a row are one bet. An outcome whose prices have a gap at either end is
 * dropped, and so is the oldest when there are too many (of an author without a weight of his own,
 * as long as there is one): both are counted as dropped in the author's record, so that nobody can
 * take what is left for the whole.
 *
 * What runs is in a table of fixed size, in the order of their ids, each a row of the store. A
 * restart goes on with the rows. Thread: the trader's. */
#include "flow/trader_int.h"

#define GAP_LEAST                                                                                  \
    USEC_PER_MIN /* a price later than that (and than a candle) after its time is none */

static void note(struct trader *t, const struct forecast *o) {
    act(t, ACTION_PUT_FORECAST)->u.forecast = *o;
}

/* Takes the i-th out of the table, with what it says of its author; order is kept.
 * counted: its return is `ret`, else it was dropped. */
static void end(struct trader *t, int i, bool counted, int64_t ret) {
    const struct forecast *o = &t->forecasts[i];
    struct action *a = act(t, ACTION_END_FORECAST);
    struct author_record *rec = records_of(&t->judge.records, o->author, a->u.ended.forgotten);
    if (counted)
        record_count(rec, ret);
    else
        rec->dropped++;
    rec->updated_at = t->now;
    rec->weight_bp = record_factor(rec);
    a->u.ended.id = o->id;
    a->u.ended.record = *rec;
    t->syms[o->sym].forecasts--;
    memmove(&t->forecasts[i], &t->forecasts[i + 1],
            (size_t)(t->forecast_count - i - 1) * sizeof *t->forecasts);
    t->forecast_count--;
}

/* The oldest goes, one without a weight first. */
static void make_room(struct trader *t) {
    int oldest = 0;
    while (oldest < t->forecast_count && t->forecasts[oldest].listed) oldest++;
    end(t, oldest < t->forecast_count ? oldest : 0, false, 0);
}

static bool is_own(reason refusal) {
    return refusal != REASON_EDIT && refusal != REASON_STALE && refusal != REASON_FUTURE_TIME &&
           refusal != REASON_RETWEET && refusal != REASON_LOOKALIKE && refusal != REASON_SCAM;
}

/* "x:@": the post said neither id nor name. */
static bool is_nobody(const struct signal *s) { return str_ends(str_from_z(s->author), STR(":@")); }

static bool runs_already(const struct trader *t, const struct signal *s) {
    for (int i = 0; i < t->forecast_count && t->syms[s->sym].forecasts > 0; i++) {
        const struct forecast *o = &t->forecasts[i];
        if (o->sym == s->sym && strcmp(o->author, s->author) == 0) return true;
    }
    return false;
}

static void begin(struct trader *t, struct forecast *o, price from) {
    o->from = from;
    o->until = t->now + t->cfg->judge_record_horizon_s * USEC_PER_S;
}

void forecast_watch(struct trader *t, const struct signal *s, const struct opinion *op) {
    if (s->side == SIDE_NONE || s->sym == SYM_NONE || op->copy || op->edit) return;
    struct sym_state *st = &t->syms[s->sym];
    if (!st->has_price || st->dry || is_nobody(s)) return;
    if (!is_own(op->refusal) || runs_already(t, s)) return;
    if (t->forecast_count == FORECASTS_MAX) make_room(t);
    struct forecast *o = &t->forecasts[t->forecast_count++];
    *o = (struct forecast){
        .id = s->id, .sym = s->sym, .side = s->side, .listed = op->standing.listed};
    memcpy(o->author, s->author, AUTHOR_BYTES);
    memcpy(o->symbol, s->symbol, SYMBOL_BYTES);
    o->until = t->now + i64_max(st->interval, WAIT_LEAST);
    if (price_is_fresh(t, s->sym)) begin(t, o, st->quote.last);
    st->forecasts++;
    note(t, o);
}

/* One that runs, at a price of its symbol. True: it left the table. */
static bool meet(struct trader *t, int i, const struct quote *q) {
    struct forecast *o = &t->forecasts[i];
    const usec late = q->at - o->until;
    if (price_is_zero(o->from)) {
        if (late > 0) {
            end(t, i, false, 0);
            return true;
        }
        begin(t, o, q->last);
        note(t, o);
        return false;
    }
    if (late < 0) return false;
    const int64_t up = price_move(o->from, q->last);
    end(t, i, late <= i64_max(q->interval, GAP_LEAST), o->side == SIDE_SHORT ? -up : up);
    return true;
}

void forecasts_on_quote(struct trader *t, const struct quote *q) {
    for (int i = 0; i < t->forecast_count && t->syms[q->sym].forecasts > 0;) {
        if (t->forecasts[i].sym != q->sym || !meet(t, i, q)) i++;
    }
}

void forecasts_on_dry(struct trader *t, int sym) {
    for (int i = t->forecast_count - 1; i >= 0; i--) {
        if (t->forecasts[i].sym == sym) end(t, i, false, 0);
    }
}

void forecasts_forget(struct trader *t, const char *author) {
    int kept = 0;
    for (int i = 0; i < t->forecast_count; i++) {
        const struct forecast *o = &t->forecasts[i];
        if (strcmp(o->author, author) == 0)
            t->syms[o->sym].forecasts--;
        else
            t->forecasts[kept++] = *o;
    }
    t->forecast_count = kept;
}

void forecasts_load(struct trader *t, const struct trader_rows *rows) {
    for (int i = 0; i < rows->record_count; i++) records_put(&t->judge.records, &rows->records[i]);
    for (int i = 0; i < rows->forecast_count && t->forecast_count < FORECASTS_MAX; i++) {
        struct forecast *o = &t->forecasts[t->forecast_count];
        *o = rows->forecasts[i];
        o->sym = symbols_find(t->symbols, str_from_z(o->symbol));
        if (o->sym == SYM_NONE) continue; /* not listed any more: its row waits until it is */
        t->syms[o->sym].forecasts++;
        t->forecast_count++;
    }
}
