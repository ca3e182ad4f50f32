/* stage_rows: what the judge remembers as rows, and what a restart loads of all rows. See stage.c.
 */
#include "stage_rows.h"

#include <stdlib.h>

void rows_put_author(struct rows *r, const struct author *a) {
    int i = 0;
    while (i < r->author_count && strcmp(r->authors[i].key, a->key) != 0) i++;
    if (i == AUTHORS_KEPT) fail_msg("no room for more authors");
    if (i == r->author_count) r->author_count++;
    r->authors[i] = *a;
}

void rows_put_memory(struct rows *r, const struct post_memory *m) {
    if (r->memory_count == MEMORY_KEPT) fail_msg("no room for more memory");
    r->memory[r->memory_count++] = *m;
}

void rows_put_deletion(struct rows *r, const struct deletion *d) {
    for (int i = 0; i < r->deletion_count; i++) {
        if (r->deletions[i].tweet_id == d->tweet_id) return;
    }
    if (r->deletion_count == DELETIONS_KEPT) fail_msg("no room for more deletions");
    r->deletions[r->deletion_count++] = *d;
}

struct author_record *rows_find_record(struct rows *r, const char *key) {
    int i = 0;
    while (i < r->record_count && strcmp(r->records[i].key, key) != 0) i++;
    return i < r->record_count ? &r->records[i] : NULL;
}

void rows_end_forecast(struct rows *r, const struct action *a) {
    int i = 0;
    while (i < r->forecast_count && r->forecasts[i].id != a->u.ended.id) i++;
    if (i == r->forecast_count) fail_msg("a forecast ends that never began");
    r->forecasts[i] = r->forecasts[--r->forecast_count];
    struct author_record *gone = rows_find_record(r, a->u.ended.forgotten);
    if (gone != NULL) *gone = r->records[--r->record_count];
    struct author_record *row = rows_find_record(r, a->u.ended.record.key);
    if (row == NULL && r->record_count == RECORDS_KEPT) fail_msg("no room for more records");
    if (row == NULL) row = &r->records[r->record_count++];
    *row = a->u.ended.record;
}

void rows_forget_author(struct rows *r, const char *key) {
    for (int i = 0; i < r->author_count; i++) {
        if (strcmp(r->authors[i].key, key) == 0) author_forget(&r->authors[i]);
    }
    struct author_record *record = rows_find_record(r, key);
    if (record != NULL) *record = r->records[--r->record_count];
    for (int i = r->forecast_count - 1; i >= 0; i--) {
        if (strcmp(r->forecasts[i].author, key) == 0)
            r->forecasts[i] = r->forecasts[--r->forecast_count];
    }
}

/* By id, whatever order the rows are in; records by nothing. */
static void gather_forecasts(const struct rows *r, struct arena *a, struct trader_rows *ret) {
    struct forecast *all = NEW_ARRAY(a, struct forecast, r->forecast_count + 1);
    for (int n = 0; n < r->forecast_count; n++) {
        int i = n;
        for (; i > 0 && all[i - 1].id > r->forecasts[n].id; i--) all[i] = all[i - 1];
        all[i] = r->forecasts[n];
        all[i].sym = SYM_NONE;
    }
    ret->forecasts = all;
    ret->forecast_count = r->forecast_count;
    ret->records = r->records;
    ret->record_count = r->record_count;
}

static int by_heard(const void *a, const void *b) {
    const int64_t x = ((const struct author *)a)->heard, y = ((const struct author *)b)->heard;
    return x < y ? -1 : x > y;
}

static bool has_live_order(const struct rows *r, int64_t trade_id) {
    for (int i = r->order_count - 1; i >= 0 && i > r->order_count - 500; i--) {
        if (r->orders[i].trade_id == trade_id && order_is_live(r->orders[i].state)) return true;
    }
    return false;
}

void rows_gather(const struct rows *r, usec rest, struct arena *a, struct trader_rows *ret) {
    const usec now = r->account.now;
    const usec ended_since = now - i64_max(rest, USEC_PER_DAY);
    struct trade *open = NEW_ARRAY(a, struct trade, r->trade_count + 1);
    struct trade *closed = NEW_ARRAY(a, struct trade, r->trade_count + 1);
    struct order *orders = NEW_ARRAY(a, struct order, 1024);
    struct signal *signals = NEW_ARRAY(a, struct signal, 256);
    struct author *authors = NEW_ARRAY(a, struct author, r->author_count + 1);
    int memory_from = 0, deletions_from = 0;
    *ret = (struct trader_rows){.fresh = !r->has_account,
                                .account = r->account,
                                .control = r->control,
                                .trades = open,
                                .orders = orders,
                                .signals = signals,
                                .authors = authors,
                                .closed = closed};
    for (int i = 0; i < r->trade_count; i++) {
        const struct trade *t = &r->trades[i];
        if (t->status == TRADE_OPEN)
            open[ret->trade_count++] = *t;
        else if (t->closed_at >= ended_since || has_live_order(r, t->id))
            closed[ret->closed_count++] = *t;
    }
    for (int i = 0; i < r->order_count; i++) {
        const struct order *o = &r->orders[i];
        bool wanted = order_is_live(o->state);
        for (int k = 0; k < ret->trade_count && !wanted; k++) wanted = open[k].id == o->trade_id;
        if (!wanted) continue;
        if (ret->order_count == 1024) fail_msg("more than 1024 orders to start with");
        orders[ret->order_count] = *o;
        orders[ret->order_count++].watch = (struct order_watch){0}; /* no column has it */
    }
    for (int i = 0; i < r->signal_count; i++) {
        if (r->signals[i].verdict == VERDICT_WAITING) {
            if (ret->signal_count == 256) fail_msg("more than 256 signals wait");
            signals[ret->signal_count++] = r->signals[i];
        }
    }
    for (int i = 0; i < r->author_count; i++) {
        if (!r->authors[i].forgotten) authors[ret->author_count++] = r->authors[i];
    }
    if (ret->author_count > 0) {
        qsort(authors, (size_t)ret->author_count, sizeof *authors, by_heard);
    }
    while (memory_from < r->memory_count && r->memory[memory_from].at < now - USEC_PER_DAY) {
        memory_from++;
    }
    gather_forecasts(r, a, ret);
    ret->memory = r->memory + memory_from;
    ret->memory_count = r->memory_count - memory_from;
    while (deletions_from < r->deletion_count &&
           r->deletions[deletions_from].at < now - USEC_PER_DAY) {
        deletions_from++;
    }
    ret->deletions = r->deletions + deletions_from;
    ret->deletion_count = r->deletion_count - deletions_from;
}
