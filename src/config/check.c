/* What must hold beyond a single key's range: URLs, and values that contradict each other.
 *
 * config_check_text() looks at one text when it is read, so that a bad one is reported where it
 * stands even if another level overrides it. config_check_all() looks at the values that have won;
 * it keeps silent about keys that have a mistake already. A contradiction is reported at the place
 * that was given last, with all keys named. */
#include "config/config_int.h"

/* ---- URLs ---- */

static const struct url_scheme {
    int row;
    const char *scheme;
    const char *form; /* NULL: known, but not in this build */
} schemes[] = {
    {CFG_ROW_store_url, "sqlite", "sqlite:PATH"},
    {CFG_ROW_store_url, "postgresql", "postgresql://[USER@]HOST[:PORT]/DATABASE"},
    {CFG_ROW_store_url, "postgres", ""}, /* the same, and named once */
    {CFG_ROW_queue_url, "memory", "memory:"},
    {CFG_ROW_queue_url, "redis", "redis://HOST:PORT/DB"},
    {CFG_ROW_queue_url, "rediss", ""}, /* forms of it */
    {CFG_ROW_queue_url, "redis+unix", ""},
};

static void put_forms(struct buf *why, int row) {
    bool any = false;
    for (int i = 0; i < COUNT_OF(schemes); i++) {
        if (schemes[i].row != row || !schemes[i].form || !schemes[i].form[0]) continue;
        buf_put(why, any ? STR(" or ") : STR(", expected "));
        buf_put(why, str_from_z(schemes[i].form));
        any = true;
    }
}

static bool check_url(int row, str url, struct buf *why) {
    char shown[CONFIG_SHOWN_BYTES];
    ptrdiff_t colon = str_find_byte(url, ':');
    str scheme = str_head(url, i64_max(colon, 0));
    const struct url_scheme *found = NULL;
    for (int i = 0; i < COUNT_OF(schemes); i++) {
        if (schemes[i].row == row && str_eq_nocase(scheme, str_from_z(schemes[i].scheme)))
            found = &schemes[i];
    }
    if (colon < 0) {
        buf_put(why, STR("has no scheme"));
    } else if (!found) {
        buf_printf(why, "%s: is not known", config_shown(scheme, shown));
    } else if (!found->form) {
        buf_printf(why, "%s: is not in this build", found->scheme);
    } else {
        return true;
    }
    put_forms(why, row);
    return false;
}

/* It is the last part of each trade's name in the ledger. */
static bool check_strategy(str name, struct buf *why) {
    if (str_find_byte(name, ' ') < 0 && str_find_byte(name, '/') < 0) return true;
    buf_put(why, STR("may have neither blanks nor /"));
    return false;
}

/* ---- names of secrets, not secrets ---- */

static bool is_of(str s, const char *more, bool lower) {
    for (ptrdiff_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr(more, c) != NULL) continue;
        if (!lower || c < 'a' || c > 'z') return false;
    }
    return true;
}

#define KEY_LEAST                                                                                  \
    32 /* no API key is shorter; a file's name of so many letters and digits is one                \
        */

/* Telegram's tokens: 123456:AA... */
static bool looks_like_a_bots(str name) {
    const ptrdiff_t colon = str_find_byte(name, ':');
    int64_t id;
    return colon > 0 && str_to_i64(str_head(name, colon), &id) && name.n - colon > KEY_LEAST;
}

/* A key or secret that stands where the name of its file or variable should. */
static bool check_secret_name(int idx, str name, struct buf *why) {
    const bool env = str_ends(str_from_z(config_rows[idx].name), STR("_env"));
    if (env && (!is_of(name, "_", false) || (name.p[0] >= '0' && name.p[0] <= '9'))) {
        buf_put(why, STR("(not shown) is not the name of an environment variable (A-Z, 0-9 and _); "
                         "the key itself stands in the variable, never here"));
        return false;
    }
    const bool key = name.n >= KEY_LEAST && is_of(name, "+=%", true);
    if (!env && (key || looks_like_a_bots(name) || str_find(name, STR("://")) >= 0)) {
        buf_put(why, STR("(not shown) looks like the key itself; put it into a file, chmod 600, "
                         "and give the file's name"));
        return false;
    }
    return true;
}

static bool is_secret_name(int idx) { return (config_rows[idx].flags & CFG_SECRET) != 0; }

/* What stands behind the scheme. Of PostgreSQL the store looks at each part when it is opened. */
static bool check_store_place(bool sqlite, str rest, struct buf *why) {
    const bool host = str_starts(rest, STR("//"));
    if (sqlite ? rest.n > 0 && !host : host && rest.n > 2) return true;
    if (!sqlite)
        buf_put(why, STR("names no database, expected postgresql://[USER@]HOST[:PORT]/DATABASE, "
                         "such as postgresql://bullfinch@db.example.com/bullfinch"));
    else
        buf_put(why, rest.n == 0
                         ? STR("sqlite: needs a path, expected sqlite:PATH")
                         : STR("sqlite: takes a path and no host, expected sqlite:PATH, such as "
                               "sqlite:data/bullfinch.db or sqlite:/var/lib/bullfinch.db"));
    return false;
}

/* Of Redis the queue looks at each part when it is opened. */
static bool check_queue_place(bool memory, str rest, struct buf *why) {
    if (memory ? rest.n == 0 : str_starts(rest, STR("//")) && rest.n > 2) return true;
    buf_put(why, memory ? STR("memory: has nothing behind it")
                        : STR("names no server, expected redis://HOST:PORT/DB, such as "
                              "redis://127.0.0.1:6379/0"));
    return false;
}

bool config_check_text(const struct config_row *row, str value, struct buf *why) {
    int idx = (int)(row - config_rows);
    if (idx == CFG_ROW_trading_strategy) return check_strategy(value, why);
    if (idx == CFG_ROW_notify_quiet_hours) return config_check_quiet_hours(value, why);
    if (is_secret_name(idx)) return value.n == 0 || check_secret_name(idx, value, why);
    if (idx != CFG_ROW_store_url && idx != CFG_ROW_queue_url) return true;
    if (!check_url(idx, value, why)) return false;
    str rest = str_tail(value, str_find_byte(value, ':') + 1);
    if (idx == CFG_ROW_queue_url)
        return check_queue_place(value.p[0] == 'm' || value.p[0] == 'M', rest, why);
    return check_store_place(value.p[0] == 's' || value.p[0] == 'S', rest, why);
}

/* ---- contradictions ---- */

/* The first where none was given. */
const struct config_origin *config_last_origin(const struct config_loader *l, const int *rows,
                                               ptrdiff_t count) {
    const struct config_origin *last = &l->origins.row[rows[0]];
    for (ptrdiff_t i = 1; i < count; i++) {
        const struct config_origin *o = &l->origins.row[rows[i]];
        bool later = o->level > last->level || (o->level == last->level && o->line > last->line);
        if (later) last = o;
    }
    return last;
}

/* The same sum as risk_reward_e8() of src/flow/risk, which refuses every signal when it is too
 * small: a commission each way, the spread once, slippage each way; what a venue's spread and
 * slippage will be is taken to be as the paper venue's. Ranges keep it in 64 bits: min_reward_risk
 * is at most 1e10, shares at most 1e8, in 1e-8. */
static void check_reward_risk(struct config_loader *l) {
    static const int rows[] = {CFG_ROW_venue_kind,
                               CFG_ROW_venue_fee_percent,
                               CFG_ROW_trading_min_reward_risk,
                               CFG_ROW_trading_take_profit_percent,
                               CFG_ROW_trading_stop_loss_percent,
                               CFG_ROW_paper_fee_percent,
                               CFG_ROW_paper_spread_percent,
                               CFG_ROW_paper_slippage_percent};
    const struct config *c = &l->cfg;
    for (int i = 0; i < COUNT_OF(rows); i++) {
        if (l->bad[rows[i]]) return;
    }
    const bool paper = str_eq(c->venue_kind, STR("paper"));
    const int64_t fee = paper ? c->paper_fee_percent : c->venue_fee_percent;
    int64_t costs = 2 * fee + c->paper_spread_percent + 2 * c->paper_slippage_percent;
    int64_t reward = i64_max(c->trading_take_profit_percent - costs, 0);
    int64_t risk = c->trading_stop_loss_percent + costs;
    if (reward * E8 >= c->trading_min_reward_risk * risk) return;
    char block[5][AMOUNT_TEXT_BYTES];
    str least = amount_format_e8(c->trading_min_reward_risk, block[0]);
    str target = amount_format_e8(c->trading_take_profit_percent, block[1]);
    str stop = amount_format_e8(c->trading_stop_loss_percent, block[2]);
    str cost = amount_format_e8(costs, block[3]);
    str best = amount_format_e8(reward * BP_ONE / risk * (E8 / BP_ONE), block[4]); /* 4 places */
    config_mistake_add(&l->mistakes, config_last_origin(l, rows, COUNT_OF(rows)), STR(""),
                       "trading.min_reward_risk " STR_FMT " is never reached: with "
                       "trading.take_profit_percent " STR_FMT ", trading.stop_loss_percent " STR_FMT
                       " and costs of " STR_FMT " (%s.fee_percent and paper.slippage_percent "
                       "twice, paper.spread_percent) it is " STR_FMT,
                       STR_ARG(least), STR_ARG(target), STR_ARG(stop), STR_ARG(cost),
                       paper ? "paper" : "venue", STR_ARG(best));
}

static void check_store(struct config_loader *l) {
    static const int rows[] = {CFG_ROW_store_password_file, CFG_ROW_store_password_env};
    const struct config *c = &l->cfg;
    if (c->store_password_file.n > 0 && c->store_password_env.n > 0)
        config_mistake_add(&l->mistakes, config_last_origin(l, rows, COUNT_OF(rows)), STR(""),
                           "store.password_file and store.password_env: one of the two is enough");
}

static void check_queue(struct config_loader *l) {
    static const int rows[] = {CFG_ROW_queue_password_file, CFG_ROW_queue_password_env};
    const struct config *c = &l->cfg;
    if (c->queue_password_file.n > 0 && c->queue_password_env.n > 0)
        config_mistake_add(&l->mistakes, config_last_origin(l, rows, COUNT_OF(rows)), STR(""),
                           "queue.password_file and queue.password_env: one of the two is enough");
}

/* Two places for one secret, and prices of the past for orders of the present. */
static void check_venue(struct config_loader *l) {
    const struct config *c = &l->cfg;
    static const int keys[] = {CFG_ROW_venue_key_file, CFG_ROW_venue_key_env};
    static const int secrets[] = {CFG_ROW_venue_secret_file, CFG_ROW_venue_secret_env};
    static const int kinds[] = {CFG_ROW_market_kind, CFG_ROW_venue_kind};
    static const int live[] = {CFG_ROW_market_kind, CFG_ROW_source_kind};
    if (c->venue_key_file.n > 0 && c->venue_key_env.n > 0)
        config_mistake_add(&l->mistakes, config_last_origin(l, keys, COUNT_OF(keys)), STR(""),
                           "venue.key_file and venue.key_env: one of the two is enough");
    if (c->venue_secret_file.n > 0 && c->venue_secret_env.n > 0)
        config_mistake_add(&l->mistakes, config_last_origin(l, secrets, COUNT_OF(secrets)), STR(""),
                           "venue.secret_file and venue.secret_env: one of the two is enough");
    if (l->bad[CFG_ROW_market_kind] || l->bad[CFG_ROW_venue_kind]) return;
    if (!str_eq(c->venue_kind, STR("paper")) && str_eq(c->market_kind, STR("candles")))
        config_mistake_add(
            &l->mistakes, config_last_origin(l, kinds, COUNT_OF(kinds)), STR(""),
            "market.kind candles are prices of the past; orders to venue.kind " STR_FMT
            " need market.kind venue or binance_public",
            STR_ARG(c->venue_kind));
    else if (str_eq(c->market_kind, STR("candles")) && config_has_live_source(c))
        config_mistake_add(&l->mistakes, config_last_origin(l, live, COUNT_OF(live)), STR(""),
                           "market.kind candles are prices of the past, and posts come live: set "
                           "market.kind to binance_public (prices only, without a key), or leave "
                           "it at auto, which means that here");
}

static void check_x(struct config_loader *l) {
    const struct config *c = &l->cfg;
    static const int tokens[] = {CFG_ROW_x_token_file, CFG_ROW_x_token_env};
    static const int pauses[] = {CFG_ROW_x_fastest_s, CFG_ROW_x_interval_s};
    if (c->x_token_file.n > 0 && c->x_token_env.n > 0)
        config_mistake_add(&l->mistakes, config_last_origin(l, tokens, COUNT_OF(tokens)), STR(""),
                           "x.token_file and x.token_env: one of the two is enough");
    if (!l->bad[pauses[0]] && !l->bad[pauses[1]] && c->x_fastest_s > c->x_interval_s)
        config_mistake_add(&l->mistakes, config_last_origin(l, pauses, COUNT_OF(pauses)), STR(""),
                           "x.fastest_s %lld is longer than x.interval_s %lld",
                           (long long)c->x_fastest_s, (long long)c->x_interval_s);
}

static bool is_origin(str s) {
    const str begins[] = {STR("https://"), STR("http://")};
    for (int i = 0; i < COUNT_OF(begins); i++) {
        const str host = str_tail(s, begins[i].n);
        if (str_starts(s, begins[i]) && host.n > 0 && str_find_byte(host, '/') < 0) return true;
    }
    return false;
}

static void check_api(struct config_loader *l) {
    const struct config *c = &l->cfg;
    static const int origins[] = {CFG_ROW_api_cors_origins};
    static const int tls[] = {CFG_ROW_api_tls_cert_file, CFG_ROW_api_tls_key_file};
    for (int i = 0; i < c->api_cors_origins.count && !l->bad[origins[0]]; i++)
        if (!is_origin(c->api_cors_origins.names[i]))
            config_mistake_add(&l->mistakes, config_last_origin(l, origins, COUNT_OF(origins)),
                               STR(""),
                               "api.cors_origins: \"" STR_FMT "\" is no origin such as "
                               "https://bot.example.com: without a path or a slash at its end",
                               STR_ARG(c->api_cors_origins.names[i]));
    if ((c->api_tls_cert_file.n > 0) != (c->api_tls_key_file.n > 0))
        config_mistake_add(&l->mistakes, config_last_origin(l, tls, COUNT_OF(tls)), STR(""),
                           "api.tls_cert_file and api.tls_key_file: both or neither");
}

static void check_model(struct config_loader *l) {
    static const int rows[] = {CFG_ROW_model_kind, CFG_ROW_model_file};
    const struct config *c = &l->cfg;
    if (l->bad[rows[0]] || l->bad[rows[1]] || c->model_file.n > 0) return;
    if (!str_eq(c->model_kind, STR("linear")))
        config_mistake_add(&l->mistakes, config_last_origin(l, rows, COUNT_OF(rows)), STR(""),
                           "model.file is not set: model.kind " STR_FMT
                           " needs a model file (bullfinch model convert makes one)",
                           STR_ARG(c->model_kind));
}

void config_check_all(struct config_loader *l) {
    check_api(l);
    config_check_notify(l);
    check_reward_risk(l);
    check_model(l);
    check_store(l);
    check_queue(l);
    check_venue(l);
    check_x(l);
    config_check_sources(l);
}
