/* Law: whatever Binance answers, the client does not crash, and has no wrong belief. For each kind
 * of request: it ends; each step is signed; what makes orders is sent once, what only asks changes
 * nothing; an exit sells at most what it was asked to, and nothing after a cancel of unknown end;
 * it calls a request refused, or not executed, only when the words of the answer (judged here anew,
 * and more simply) say so; reports speak of the request's own orders, and of amounts that can be.
 *
 * An input is a digit for the kind (0-5 a request, 6 a user event, 7 the clock and exchangeInfo)
 * and then answers, parted by 0x1e: "200 body", "429;r=30 body", "L" lost, "N" not sent, ";t=500"
 * took that many milliseconds. What is not there is lost. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "fuzz.h"
#include "venue/binance.h"

#define KEY "keykeykeykeykeykeykeykey"
#define SECRET "hushhushhushhushhushhush"
#define T INT64_C(1785000000000000)
#define STEPS_MAX 64

struct history {
    int posts, deletes;
    bool maybe;  /* something that changes orders may have been executed */
    bool done;   /* ... certainly was */
    bool absent; /* the venue said -2013 */
    bool duplicate;
    bool sale_maybe, sale_done;
    int64_t sold_e8;
};

static struct symbol pair = {.name = "BTCUSDT",
                             .base = "BTC",
                             .quote = "USDT",
                             .trading = true,
                             .oco = true,
                             .oto = true,
                             .opo = true,
                             .step = {1000}};

static struct binance *open_account(struct arena *arena) {
    static struct symbols table = {&pair, 1};
    const struct binance_options opt = {.symbols = &table,
                                        .key = STR(KEY),
                                        .secret = STR(SECRET),
                                        .recv_window = USEC_PER_S,
                                        .install = "abcd",
                                        .seed = 1};
    struct binance *b = NULL;
    struct error err = {0};
    LAW(binance_open(arena, &opt, &b, &err));
    return b;
}

static struct request make_request(request_kind kind) {
    struct request rq = {.kind = kind,
                         .id = 3,
                         .trade_id = 4,
                         .side = kind == REQUEST_BRACKET ? ORDER_BUY : ORDER_SELL,
                         .qty = {150000000},
                         .limit = {5000000000000},
                         .stop = {4900000000000},
                         .target = {5200000000000},
                         .tif = TIF_FOK,
                         .list_coid = "bfabcd-x-01l",
                         .entry_coid = "bfabcd-x-01e",
                         .stop_coid = "bfabcd-x-01s",
                         .target_coid = "bfabcd-x-01t",
                         .exit_coid = "bfabcd-x-02x",
                         .leg = kind == REQUEST_QUERY ? LEG_STOP : LEG_ENTRY,
                         .signed_at = T,
                         .recv_window = USEC_PER_S};
    if (kind != REQUEST_BRACKET) rq.entry_coid[0] = '\0';
    if (kind != REQUEST_EXIT) rq.exit_coid[0] = '\0';
    return rq;
}

/* -- inputs -------------------------------------------------------------------------------- */

static int64_t option(str head, const char *name) {
    const ptrdiff_t at = str_find(head, str_from_z(name));
    int64_t v;
    if (at < 0) return -1;
    str rest = str_tail(head, at + 3), part;
    if (!str_cut(&rest, ';', &part) || !str_to_i64(part, &v) || v < 0) return -1;
    return v < 1000000000 ? v : -1;
}

static struct http_answer next_answer(str *rest, usec *took) {
    struct http_answer a = {.end = HTTP_LOST, .why = "nothing came"};
    str part, head;
    *took = 20 * USEC_PER_MS;
    a.retry_after_s = a.used_weight_1m = a.orders_10s = a.orders_1d = -1;
    if (!str_cut(rest, 0x1e, &part)) return a;
    str body = part;
    if (!str_cut(&body, ' ', &head)) return a;
    const int64_t ms = option(head, ";t=");
    if (ms >= 0) *took = ms * USEC_PER_MS;
    if (str_starts(head, STR("N"))) a.end = HTTP_NOT_SENT;
    str status = head, number;
    int64_t n;
    if (!str_cut(&status, ';', &number) || !str_to_i64(number, &n) || n < 100 || n > 999) return a;
    a.end = HTTP_ANSWERED;
    a.status = (int)n;
    a.body = body;
    a.retry_after_s = option(head, ";r=");
    a.used_weight_1m = option(head, ";w=");
    a.orders_10s = option(head, ";o=");
    return a;
}

/* -- the answer, judged anew ----------------------------------------------------------------- */

static int code_of(const struct http_answer *a, bool *duplicate) {
    json_t *root = a->body.n > 0
                       ? json_loadb(a->body.p, (size_t)a->body.n, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    const json_t *code = json_object_get(root, "code"), *msg = json_object_get(root, "msg");
    int n = 0;
    if (json_is_integer(code) && json_integer_value(code) < 0 &&
        json_integer_value(code) > INT32_MIN)
        n = (int)json_integer_value(code);
    *duplicate = n == -2010 && json_is_string(msg) &&
                 strcmp(json_string_value(msg), "Duplicate order sent.") == 0;
    json_decref(root);
    return n;
}

static bool certainly_not_executed(const struct http_answer *a, bool *duplicate) {
    *duplicate = false;
    if (a->end == HTTP_NOT_SENT) return true;
    if (a->end == HTTP_LOST || a->status < 400) return false;
    const int code = code_of(a, duplicate);
    if (a->status == 418 || a->status == 429 || a->status == 401 || code == -1008) return true;
    if (a->status >= 500) *duplicate = false;
    if (a->status >= 500) return false;
    if (a->status == 403 && code == 0) return true;
    if (code == 0) return false;
    return code != -1000 && code != -1001 && code != -1006 && code != -1007 && !*duplicate;
}

static void remember(struct history *h, const struct http_request *rq,
                     const struct http_answer *a) {
    bool duplicate;
    const bool no = certainly_not_executed(a, &duplicate);
    const bool done = a->end == HTTP_ANSWERED && a->status >= 200 && a->status < 300;
    const bool sale = rq->method == HTTP_POST && str_eq(rq->path, STR("/api/v3/order"));
    if (rq->method == HTTP_GET) {
        if (a->end == HTTP_ANSWERED && code_of(a, &duplicate) == -2013) h->absent = true;
        return;
    }
    if (duplicate && !no) h->duplicate = true;
    if (!no && !done && !duplicate) h->maybe = true;
    if (done) h->done = true;
    if (sale && !no && !done) h->sale_maybe = true;
    if (sale && done) h->sale_done = true;
}

/* -- what goes out ------------------------------------------------------------------------- */

static void check_step(const struct binance *b, const struct request *rq, struct history *h,
                       const struct http_request *http) {
    const str mark = STR("&signature=");
    const ptrdiff_t at = str_find(http->query, mark),
                    amount = str_find(http->query, STR("&quantity="));
    char want[65];
    LAW(at > 0 && http->body.n == 0 && http->timeout > 0 && str_eq(http->key, STR(KEY)));
    binance_sign(b, str_head(http->query, at), want);
    LAW(str_eq(str_tail(http->query, at + mark.n), str_from_z(want)));
    LAW(str_find(http->query, STR(SECRET)) < 0);
    if (http->method == HTTP_GET) return;
    LAW(rq->kind != REQUEST_QUERY && rq->kind != REQUEST_SNAPSHOT);
    if (http->method == HTTP_DELETE) {
        LAW(rq->kind == REQUEST_EXIT || rq->kind == REQUEST_CANCEL);
        h->deletes++;
        return;
    }
    LAW(http->method == HTTP_POST && rq->kind != REQUEST_CANCEL);
    LAW(++h->posts == 1);
    if (rq->kind != REQUEST_EXIT) return;
    LAW(!h->maybe); /* whether the legs are gone is unknown */
    str rest = str_tail(http->query, amount + 10), part;
    qty sold;
    LAW(amount > 0 && str_cut(&rest, '&', &part) && qty_parse(part, &sold));
    LAW(qty_e8(sold) > 0 && qty_cmp(sold, rq->qty) <= 0);
    h->sold_e8 = qty_e8(sold);
}

/* -- what is believed ------------------------------------------------------------------------ */

static bool names(const struct request *rq, const char *coid) {
    return coid[0] != '\0' &&
           (strcmp(coid, rq->entry_coid) == 0 || strcmp(coid, rq->stop_coid) == 0 ||
            strcmp(coid, rq->target_coid) == 0 || strcmp(coid, rq->exit_coid) == 0);
}

static void check_amounts(const struct report *r) {
    const struct order fresh = {.state = ORDER_ST_UNKNOWN};
    LAW(strnlen(r->coid, COID_BYTES) < COID_BYTES && r->coid[0] != '\0');
    LAW(strnlen(r->text, sizeof r->text) < sizeof r->text);
    LAW(qty_e8(r->filled) >= 0 && money_e8(r->quote_filled) >= 0);
    LAW(qty_is_zero(r->qty) || qty_cmp(r->filled, r->qty) <= 0);
    LAW(r->state == ORDER_ST_ABSENT || order_classify(&fresh, r) == REPORT_APPLY);
    LAW(r->state != ORDER_ST_FILLED || qty_cmp(r->filled, r->qty) == 0);
    if (!r->has_fill) return;
    LAW(qty_e8(r->fill_qty) > 0 && qty_cmp(r->fill_qty, r->filled) <= 0);
    LAW(price_e8(r->fill_price) > 0 && money_e8(r->fill_quote) >= 0);
    LAW(money_cmp(r->fill_quote, r->quote_filled) <= 0);
    LAW(r->fee_e8 >= 0 && (!r->fee_in_base || r->fee_e8 <= qty_e8(r->fill_qty)));
    LAW(r->venue_trade_id[0] != '\0');
}

/* Reports of one order follow each other, and their totals are the sums of their fills. */
static void check_reports(const struct request *rq, const struct history *h,
                          const struct reply *reply) {
    for (int i = 0; i < reply->report_count; i++) {
        const struct report *r = &reply->reports[i], *before = i > 0 ? r - 1 : NULL;
        check_amounts(r);
        LAW(names(rq, r->coid) && r->sym == rq->sym);
        LAW(r->state != ORDER_ST_ABSENT || (rq->kind == REQUEST_QUERY && h->absent));
        if (before != NULL && strcmp(before->coid, r->coid) != 0) before = NULL;
        for (int j = 0; before == NULL && j < i; j++)
            LAW(strcmp(reply->reports[j].coid, r->coid) != 0);
        if (before != NULL) LAW(r->has_fill && before->state == ORDER_ST_PART);
        if (!r->has_fill) continue;
        qty filled = r->fill_qty;
        money spent = r->fill_quote;
        if (before != NULL) {
            filled = qty_plus(filled, before->filled);
            spent = money_plus(spent, before->quote_filled);
        }
        LAW(qty_cmp(filled, r->filled) == 0 && money_cmp(spent, r->quote_filled) == 0);
    }
}

static void check_reply(const struct request *rq, const struct history *h,
                        const struct reply *reply) {
    const bool opens = rq->kind == REQUEST_BRACKET || rq->kind == REQUEST_PROTECT;
    LAW(reply->request_id == rq->id && reply->trade_id == rq->trade_id && reply->kind == rq->kind);
    LAW(reply->report_count >= 0 && reply->report_count <= REPORTS_MAX);
    LAW(strnlen(reply->text, sizeof reply->text) < sizeof reply->text);
    LAW(strstr(reply->text, SECRET) == NULL && strstr(reply->text, KEY) == NULL);
    LAW((reply->snapshot != NULL) ==
        (rq->kind == REQUEST_SNAPSHOT && reply->outcome == OUTCOME_DONE));
    check_reports(rq, h, reply);
    switch (reply->outcome) {
    case OUTCOME_REJECTED:
    case OUTCOME_DOWN:
    case OUTCOME_LATE:
        LAW(!h->maybe && !h->done && !h->duplicate && reply->report_count == 0);
        break;
    case OUTCOME_DONE:
        LAW(!opens || h->done || h->duplicate);
        LAW(rq->kind != REQUEST_EXIT || !h->sale_maybe || h->duplicate);
        break;
    case OUTCOME_UNKNOWN:
        LAW(rq->kind != REQUEST_QUERY && rq->kind != REQUEST_SNAPSHOT);
        LAW(h->maybe || h->done || h->duplicate || !opens); /* or a leg's fills cannot be read */
        break;
    case OUTCOME_FULL:
        LAW(false);
    }
    for (int i = 0; rq->kind == REQUEST_EXIT && i < reply->report_count; i++) {
        const struct report *r = &reply->reports[i];
        if (strcmp(r->coid, rq->exit_coid) != 0) continue;
        LAW(r->state != ORDER_ST_REJECTED || !h->sale_maybe || h->duplicate || h->sale_done);
        LAW(qty_e8(r->filled) <= h->sold_e8);
    }
}

static void run_task(struct binance *b, request_kind kind, str rest) {
    static struct binance_task t;
    const struct request rq = make_request(kind);
    struct history h = {0};
    struct http_request http;
    usec now = T + 1000, took;
    int steps = 0;
    binance_task_begin(b, &t, now, &rq);
    while (binance_task_next(b, &t, now, &http) == BINANCE_SEND) {
        LAW(++steps < STEPS_MAX);
        check_step(b, &rq, &h, &http);
        const struct http_answer a = next_answer(&rest, &took);
        remember(&h, &http, &a);
        now += took;
        binance_task_answer(b, &t, now, &a);
    }
    check_reply(&rq, &h, &t.reply);
    LAW(binance_task_next(b, &t, now, &http) == BINANCE_DONE);
}

static void run_event(struct binance *b, str json) {
    struct report r;
    struct error err = {0};
    const int made = binance_user_event(b, json, &r, &err);
    LAW(made >= -1 && made <= 1);
    LAW((made == -1) == (err.code != ERR_OK));
    LAW(strstr(err.msg, SECRET) == NULL && strstr(err.msg, KEY) == NULL);
    if (made == 1) check_amounts(&r);
    if (made == 1) LAW(r.sym == 0 || r.sym == SYM_NONE);
}

static void run_others(struct binance *b, str rest) {
    struct error err = {0};
    struct binance_health h;
    usec took, now = T;
    IGNORE(binance_rate_limits(b, rest, &err), "as good as any");
    for (int i = 0; i < 8 && rest.p != NULL; i++) {
        const struct http_answer a = next_answer(&rest, &took);
        binance_clock_answer(b, now, now + took, &a);
        now += took;
        LAW(binance_clock_due(b) > now || a.end != HTTP_ANSWERED || a.status >= 400);
    }
    binance_health(b, &h);
    LAW(h.used_weight >= -1 && h.weight_limit >= -1 && h.clock_error >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena arena;
    struct binance_notice n;
    if (arena.base == NULL) arena_open(&arena, 4 << 20);
    arena_reset(&arena);
    if (bytes == 0) return 0;
    struct binance *b = open_account(&arena);
    const str rest = str_from_bytes(data + 1, (ptrdiff_t)bytes - 1);
    const int kind = data[0] & 7;
    if (kind < 6)
        run_task(b, (request_kind)kind, rest);
    else if (kind == 6)
        run_event(b, rest);
    else
        run_others(b, rest);
    while (binance_take_notice(b, &n)) LAW(strstr(n.text, SECRET) == NULL);
    binance_close(b);
    return 0;
}
