/* setup: what is set, from where, what it means; and which symbols there are.
 *
 * In: the configuration of this process, the settings that wait for the next start, the venue's
 * list. Out: whole answers. No secret is shown, since the configuration has only names of files and
 * variables. Failure: a store that cannot be read is a problem. Thread: any. */
#include "api/core.h"

void api_get_config(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    const struct config *const cfg = rq->cfg;
    const str *settings;
    int count;
    struct store *const s = api_store_take(c);
    const bool ok = store_settings(s, rq->a, &settings, &count, &err);
    api_store_give(c, s);
    if (!ok) {
        api_problem_store(ret, &err);
        return;
    }
    buf_put(&ret->body, STR("{\"profile\":"));
    buf_put_json_str(&ret->body, cfg->profile);
    buf_put(&ret->body, STR(",\"file\":"));
    if (cfg->file.n > 0)
        buf_put_json_str(&ret->body, cfg->file);
    else
        buf_put(&ret->body, STR("null"));
    buf_put(&ret->body, STR(",\"keys\":"));
    config_describe(cfg, settings, count, &ret->body);
    buf_put(&ret->body, STR("}\n"));
}

static void put_amount(struct buf *b, const char *name, int64_t e8) {
    buf_printf(b, ",\"%s\":\"", name);
    buf_put_e8(b, e8);
    buf_put_byte(b, '"');
}

static bool is_muted(const struct config *cfg, const char *name) {
    for (int i = 0; i < cfg->trading_muted_symbols.count; i++)
        if (str_eq_nocase(cfg->trading_muted_symbols.names[i], str_from_z(name))) return true;
    return false;
}

void api_get_symbols(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    const struct api_options *const o = api_core_options(c);
    struct buf *const b = &ret->body;
    buf_put(b, STR("{\"symbols\":["));
    for (int i = 0; o->symbols != NULL && i < o->symbols->count; i++) {
        const struct symbol *const s = &o->symbols->v[i];
        buf_printf(b,
                   "%s{\"symbol\":\"%s\",\"base\":\"%s\",\"quote\":\"%s\",\"trading\":%s,"
                   "\"muted\":%s",
                   i > 0 ? "," : "", s->name, s->base, s->quote, s->trading ? "true" : "false",
                   is_muted(rq->cfg, s->name) ? "true" : "false");
        put_amount(b, "tick", price_e8(s->tick));
        put_amount(b, "step", qty_e8(s->step));
        put_amount(b, "min_notional", money_e8(s->min_notional));
        buf_put_byte(b, '}');
    }
    buf_put(b, STR("]}\n"));
}
