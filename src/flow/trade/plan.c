/* plan: see the header. Pure functions of the trade; ids depend on nothing but what the trade is
 * about, so that the same intent has the same ids after a crash. */
#include "flow/trade/plan.h"

#include "base/buf.h"
#include "base/hash.h"

#define DIGITS 20
#define DIGITS_AT 7 /* behind "bf", the install and a dash */
#define GENERATION_AT (DIGITS_AT + DIGITS + 1)
#define LETTER_AT (GENERATION_AT + 2)

/* The 20 digits that all ids of the trade share; from the list's id once there is one, as hashing
 * costs a microsecond and an entry has eight ids. */
static str shared_digits(const struct trade *t, const char install[5], char block[DIGITS + 1]) {
    if (t->list_coid[0] != '\0') {
        return str_head(str_tail(str_from_z(t->list_coid), DIGITS_AT), DIGITS);
    }
    char text[128];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    buf_printf(&b, "%s\n%lld\n%s\n%s", install, (long long)t->root_id, t->symbol, t->strategy);
    PRE(!buf_full(&b));
    uint8_t digest[SHA256_BYTES];
    sha256_once(buf_str(&b), digest);
    return base32_format(digest, DIGITS, block);
}

void coid_make(char ret[COID_BYTES], const struct trade *t, const char install[5], char leg_letter,
               int generation) {
    PRE(generation >= 1);
    PRE(generation <= GENERATION_MAX);
    char block[DIGITS + 1], made[COID_BYTES];
    const str d = shared_digits(t, install, block);
    struct buf out;
    buf_init_fixed(&out, made, COID_BYTES);
    const char tens = "0123456789abcdefghijklmnopqrstuvwxyz"[generation / 10];
    buf_printf(&out, "bf%s-" STR_FMT "-%c%d%c", install, STR_ARG(d), tens, generation % 10,
               leg_letter);
    POST(!buf_full(&out));
    memcpy(ret, made, COID_BYTES); /* ret may be the trade's list id itself */
}

static char letter_of(leg l) {
    switch (l) {
    case LEG_ENTRY:
        return 'e';
    case LEG_STOP:
        return 's';
    case LEG_TARGET:
        return 't';
    case LEG_EXIT:
        return 'x';
    case LEG_NONE:
        break;
    }
    WRONG("no leg");
}

coid_owner coid_owner_of(const char *coid, const char install[5]) {
    const str id = str_from_z(coid);
    if (id.n != LETTER_AT + 1 || !str_starts(id, STR("bf"))) return COID_STRANGER;
    if (coid[DIGITS_AT - 1] != '-' || coid[GENERATION_AT - 1] != '-') return COID_STRANGER;
    return memcmp(coid + 2, install, DIGITS_AT - 3) == 0 ? COID_OURS : COID_OTHER;
}

static bool is_whole(const char *coid) { return strlen(coid) == LETTER_AT + 1; }

leg coid_leg(const char *coid) {
    if (!is_whole(coid)) return LEG_NONE;
    switch (coid[LETTER_AT]) {
    case 'e':
        return LEG_ENTRY;
    case 's':
        return LEG_STOP;
    case 't':
        return LEG_TARGET;
    case 'x':
        return LEG_EXIT;
    default: /* not an enum */
        return LEG_NONE;
    }
}

int coid_generation(const char *coid) {
    if (!is_whole(coid)) return 0;
    const char tens = coid[GENERATION_AT], ones = coid[GENERATION_AT + 1];
    if (ones < '0' || ones > '9') return 0;
    if (tens >= '0' && tens <= '9') return (tens - '0') * 10 + (ones - '0');
    return tens >= 'a' && tens <= 'z' ? (tens - 'a' + 10) * 10 + (ones - '0') : 0;
}

bool coid_same_trade(const char *a, const char *b) {
    return is_whole(a) && is_whole(b) && memcmp(a, b, DIGITS_AT + DIGITS) == 0;
}

bool coid_same_request(const char *a, const char *b) {
    const str x = str_from_z(a), y = str_from_z(b);
    return x.n > 1 && str_eq(str_head(x, x.n - 1), str_head(y, y.n - 1));
}

void coid_of_list(const char *coid, char ret[COID_BYTES]) {
    memcpy(ret, coid, COID_BYTES);
    if (is_whole(coid)) ret[LETTER_AT] = 'l';
}

void order_make(struct order *o, const struct trade *t, const char install[5], leg which,
                usec now) {
    const bool entry = which == LEG_ENTRY;
    *o = (struct order){
        .trade_id = t->id,
        .leg = which,
        .sym = t->sym,
        .side = (t->side == SIDE_LONG) == entry ? ORDER_BUY : ORDER_SELL,
        .type = entry                 ? ORDER_LIMIT
                : which == LEG_STOP   ? ORDER_STOP_LOSS
                : which == LEG_TARGET ? ORDER_TAKE_PROFIT
                                      : ORDER_MARKET,
        .tif = entry ? TIF_FOK : TIF_NONE,
        .qty = entry               ? t->quantity
               : which == LEG_EXIT ? t->held
                                   : qty_from_e8(0),
        .limit = entry ? t->limit_price : price_from_e8(0),
        .stop = which == LEG_STOP     ? t->stop_loss
                : which == LEG_TARGET ? t->take_profit
                                      : price_from_e8(0),
        .created_at = now,
        .updated_at = now,
        .signed_at = now,
    };
    memcpy(o->symbol, t->symbol, SYMBOL_BYTES);
    coid_make(o->coid, t, install, letter_of(which), entry ? 1 : t->generation);
}

void request_bracket(struct request *rq, const struct trade *t, const char install[5]) {
    *rq = (struct request){
        .kind = REQUEST_BRACKET,
        .trade_id = t->id,
        .sym = t->sym,
        .side = t->side == SIDE_LONG ? ORDER_BUY : ORDER_SELL,
        .qty = t->quantity,
        .limit = t->limit_price,
        .stop = t->stop_loss,
        .target = t->take_profit,
        .tif = TIF_FOK,
        .signed_at = t->signed_at,
        .recv_window = t->recv_window,
    };
    coid_make(rq->list_coid, t, install, 'l', 1);
    coid_make(rq->entry_coid, t, install, 'e', 1);
    coid_make(rq->stop_coid, t, install, 's', 1);
    coid_make(rq->target_coid, t, install, 't', 1);
}

void request_protect(struct request *rq, const struct trade *t, const struct order *stop,
                     const struct order *target) {
    PRE(qty_cmp(stop->qty, target->qty) == 0);
    *rq = (struct request){
        .kind = REQUEST_PROTECT,
        .trade_id = t->id,
        .sym = t->sym,
        .side = stop->side,
        .qty = stop->qty,
        .stop = stop->stop,
        .target = target->stop,
        .signed_at = stop->signed_at,
        .recv_window = t->recv_window,
    };
    memcpy(rq->list_coid, t->list_coid, COID_BYTES);
    memcpy(rq->stop_coid, stop->coid, COID_BYTES);
    memcpy(rq->target_coid, target->coid, COID_BYTES);
}

/* A leg that must be gone before the exit sells. One that has ended needs no cancel. */
static void name_leg(struct request *rq, char coid[COID_BYTES], const struct order *o) {
    if (!order_is_live(o->state)) return;
    memcpy(coid, o->coid, COID_BYTES);
    rq->known_sold = qty_plus(rq->known_sold, o->filled);
}

void request_exit(struct request *rq, const struct trade *t, const struct symbol *sym,
                  const struct order *stop, const struct order *target, const struct order *exit) {
    *rq = (struct request){
        .kind = REQUEST_EXIT,
        .trade_id = t->id,
        .sym = t->sym,
        .side = t->side == SIDE_LONG ? ORDER_SELL : ORDER_BUY,
        .qty = exit->qty,
        .leg = LEG_EXIT,
        .signed_at = exit->signed_at,
        .recv_window = t->recv_window,
    };
    PRE(qty_on_step(exit->qty, sym->step));
    memcpy(rq->list_coid, t->list_coid, COID_BYTES);
    if (stop != NULL) name_leg(rq, rq->stop_coid, stop);
    if (target != NULL) name_leg(rq, rq->target_coid, target);
    memcpy(rq->exit_coid, exit->coid, COID_BYTES);
}
