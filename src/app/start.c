/* start: see the header. Of a URL who is named in it is left out: some people put a password there,
 * which the part that opens it refuses later. */
#include "app/start.h"

#include "base/log.h"

#define URL_BYTES 256
#define SOURCES_BYTES 512

/* "postgresql://127.0.0.1:5432/bullfinch" */
static const char *place_of(str url, char block[URL_BYTES]) {
    const ptrdiff_t slashes = str_find(url, STR("://"));
    const ptrdiff_t at = str_find_byte(url, '@'), options = str_find_byte(url, '?');
    const ptrdiff_t from = slashes < 0 ? 0 : slashes + 3;
    struct buf b;
    buf_init_fixed(&b, block, URL_BYTES);
    buf_put(&b, str_head(url, from));
    if (options >= 0) url = str_head(url, options);
    buf_put(&b, str_tail(url, slashes >= 0 && at >= from && at < url.n ? at + 1 : from));
    return buf_z(&b);
}

static const char *sources_of(const struct config *cfg, char block[SOURCES_BYTES]) {
    struct buf b;
    buf_init_fixed(&b, block, SOURCES_BYTES);
    for (int i = 0; i < cfg->source_count; i++) {
        const struct config_source *const s = &cfg->sources[i];
        buf_printf(&b, "%s" STR_FMT ":" STR_FMT, i > 0 ? " " : "", STR_ARG(s->kind),
                   STR_ARG(config_source_name(s)));
    }
    return buf_z(&b);
}

void start_tell(const struct app *app, worker_role role, int workers) {
    const struct config *const cfg = &app->cfg;
    char store[URL_BYTES], queue[URL_BYTES], sources[SOURCES_BYTES];
    log_info("starts", LOG_Z("role", worker_role_name(role)), LOG_Z("version", BF_VERSION),
             LOG_S("config", cfg->file), LOG_Z("store", place_of(cfg->store_url, store)),
             LOG_Z("queue", place_of(cfg->queue_url, queue)),
             LOG_Z("sources", sources_of(cfg, sources)), LOG_I("workers", workers));
}
