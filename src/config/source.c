/* What the values of a source mean: its name, whether posts come live, whom it lets in.
 *
 * An empty text and "auto" stand for something that the kind decides; it is decided here alone, so
 * that judge, wire and doctor agree. Pure; borrows from what it is given; nothing fails. */
#include "config/config.h"

#define JETSTREAM_URLS                                                                             \
    "wss://jetstream2.us-east.bsky.network wss://jetstream1.us-west.bsky.network "                 \
    "wss://jetstream1.us-east.bsky.network wss://jetstream2.us-west.bsky.network"

bool config_source_is(const struct config_source *s, str kind) { return str_eq(s->kind, kind); }

bool config_source_is_live(const struct config_source *s) {
    return !config_source_is(s, STR("replay"));
}

bool config_source_is_x(const struct config_source *s) { return str_starts(s->kind, STR("x_")); }

bool config_is_source_name(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return s.n > 0 && s.n <= CONFIG_SOURCE_NAME_MAX;
}

str config_source_name(const struct config_source *s) {
    if (s->name.n > 0) return s->name;
    if (config_source_is(s, STR("jetstream"))) return STR("bsky");
    return config_source_is(s, STR("push")) ? STR("") : STR("x");
}

str config_source_url(const struct config *cfg, const struct config_source *s) {
    if (s->url.n > 0) return s->url;
    if (config_source_is_x(s)) return cfg->x_url;
    return config_source_is(s, STR("jetstream")) ? STR(JETSTREAM_URLS) : STR("");
}

bool config_source_lets_strangers_in(const struct config_source *s) {
    if (!str_eq(s->strangers, STR("auto"))) return str_eq(s->strangers, STR("yes"));
    const bool searches = config_source_is_x(s) || config_source_is(s, STR("jetstream"));
    return searches && (s->query.n > 0 || s->authors.count == 0);
}

bool config_source_keeps_linked(const struct config_source *s) {
    if (!str_eq(s->keep, STR("auto"))) return str_eq(s->keep, STR("linked"));
    return config_source_is(s, STR("jetstream")) && s->authors.count == 0;
}

const struct config_source *config_source_of_feed(const struct config *cfg, str feed) {
    str name = feed, kind;
    if (!str_cut(&name, ':', &kind) || name.p == NULL) return NULL;
    for (int i = 0; i < cfg->source_count; i++) {
        const struct config_source *s = &cfg->sources[i];
        if (config_source_is(s, kind) && str_eq(config_source_name(s), name)) return s;
    }
    return NULL;
}

bool config_has_live_source(const struct config *cfg) {
    for (int i = 0; i < cfg->source_count; i++)
        if (config_source_is_live(&cfg->sources[i])) return true;
    return false;
}

bool config_has_x_source(const struct config *cfg) {
    for (int i = 0; i < cfg->source_count; i++)
        if (config_source_is_x(&cfg->sources[i])) return true;
    return false;
}
