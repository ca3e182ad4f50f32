/* keep: see the header.
 *
 * In: a connection and the configuration that holds. Out: fewer rows; a line in the log and
 * counters where any went; an alert and a line where dead letters become many. Ages are counted by
 * the account's clock, so that a replay in virtual time, which has days of its own, never loses
 * what it has just stored. Each process looks once a minute whether a round is due; the first to
 * say so does it. Its first round looks at all posts, later ones at those that have become old
 * since, and once a day at all again, for what came late. Failure: the store's; what was done stays
 * done. Thread: the caller's. */
#include "run/keep.h"

#include "base/log.h"
#include "base/metric.h"
#include "run/now.h"

#define LOOK_US USEC_PER_MIN
#define ROUND_US USEC_PER_HOUR
#define SCRATCH_BYTES 32768

void keep_init(struct keep *k, bool (*rest)(void *ctx, usec held), void *ctx) {
    *k = (struct keep){.rest = rest, .ctx = ctx};
    for (prune_kind i = 0; i < PRUNE_COUNT; i++)
        k->pruned[i] = metric_get(M_PRUNED, LABELS(prune_name(i)));
}

void keep_ages(const struct config *cfg, struct prune_ask *ret) {
    ret->age[PRUNE_SIGNALS] = cfg->retention_signals_days * USEC_PER_DAY;
    ret->age[PRUNE_POSTS] = cfg->retention_posts_days * USEC_PER_DAY;
    ret->age[PRUNE_READINGS] = cfg->retention_readings_days * USEC_PER_DAY;
    ret->age[PRUNE_EQUITY] = cfg->retention_equity_hours * USEC_PER_HOUR;
    ret->age[PRUNE_CANDLES] = cfg->retention_candles_days * USEC_PER_DAY;
    ret->age[PRUNE_AUDIT] = cfg->retention_audit_days * USEC_PER_DAY;
    ret->age[PRUNE_COMMANDS] = cfg->retention_commands_days * USEC_PER_DAY;
    ret->age[PRUNE_LETTERS] = cfg->retention_dead_letters_days * USEC_PER_DAY;
    ret->age[PRUNE_GAPS] = cfg->retention_gaps_days * USEC_PER_DAY;
    ret->age[PRUNE_ALERTS] = cfg->retention_alerts_days * USEC_PER_DAY;
    ret->age[PRUNE_NOTICES] = cfg->retention_alerts_days * USEC_PER_DAY;
    ret->age[PRUNE_AUTHORS] = cfg->retention_authors_days * USEC_PER_DAY;
    /* what the judge and the bill look back to, and for how long the dead are of interest */
    ret->age[PRUNE_MEMORY] = ret->age[PRUNE_BILLED] = ret->age[PRUNE_WORKERS] = USEC_PER_DAY;
    ret->equity_minutes = cfg->retention_equity_minutes_days * USEC_PER_DAY;
}

/* What went, as one line. */
static void tell(struct keep *k, const int64_t gone[PRUNE_COUNT], bool all, usec took) {
    struct log_field fields[PRUNE_COUNT + 2];
    ptrdiff_t n = 0;
    for (prune_kind i = 0; i < PRUNE_COUNT; i++) {
        metric_add(k->pruned[i], gone[i]);
        if (gone[i] > 0) fields[n++] = LOG_I(prune_name(i), gone[i]);
    }
    if (n == 0) return;
    fields[n++] = LOG_I("took_ms", took / USEC_PER_MS);
    if (!all) fields[n++] = LOG_Z("next", "stopped: the next round goes on");
    log_write(LOG_INFO, "pruned", fields, n);
}

static struct prune_ask ask_of(struct keep *k, struct store *s, const struct config *cfg,
                               usec wall) {
    struct prune_ask ask = {.wall = wall,
                            .actor = STR("program"),
                            .rest = k->rest,
                            .ctx = k->ctx,
                            .posts_from = &k->posts_from,
                            .readings_from = &k->readings_from};
    struct arena scratch;
    arena_open(&scratch, SCRATCH_BYTES);
    ask.now = run_now(s, &scratch);
    arena_close(&scratch);
    keep_ages(cfg, &ask);
    return ask;
}

static bool look_at_room(struct keep *k, struct store *s, const struct config *cfg, usec wall,
                         struct error *err) {
    const struct prune_ask ask = ask_of(k, s, cfg, wall);
    int64_t gone[PRUNE_COUNT];
    const usec began = time_monotonic_us();
    const bool ok = room_keep(&k->room, s, cfg, &ask, gone, err);
    tell(k, gone, ok, time_monotonic_us() - began);
    return ok;
}

static bool prune(struct keep *k, struct store *s, const struct config *cfg, usec wall,
                  struct error *err) {
    const struct prune_ask ask = ask_of(k, s, cfg, wall);
    int64_t gone[PRUNE_COUNT];
    bool all;
    const usec began = time_monotonic_us();
    if (time_utc_day(wall) != time_utc_day(wall - ROUND_US)) k->posts_from = k->readings_from = 0;
    const bool ok = store_prune(s, &ask, gone, &all, err);
    tell(k, gone, ok && all, time_monotonic_us() - began);
    return ok;
}

static bool look_at_letters(struct store *s, const struct config *cfg, usec wall,
                            struct error *err) {
    struct dead_growth g;
    const int64_t most = cfg->run_dead_letters_an_hour;
    if (!store_dead_growth(s, most, wall, &g, err)) return false;
    if (g.began)
        log_unusual("dead_letters_growing", LOG_I("last_hour", g.in_hour), LOG_I("most", most),
                    LOG_Z("see", "bullfinch dlq list"));
    if (g.over) log_unusual("dead_letters_calm", LOG_I("last_hour", g.in_hour));
    return true;
}

bool keep_chores(struct keep *k, struct store *s, const struct config *cfg, struct error *err) {
    const usec mono = time_monotonic_us(), wall = time_wall_us();
    bool mine;
    if (mono < k->look_at) return true;
    k->look_at = mono + LOOK_US;
    if (!look_at_letters(s, cfg, wall, err)) return false;
    if (!store_prune_claim(s, wall, ROUND_US, &mine, err)) return false;
    return (!mine || prune(k, s, cfg, wall, err)) && look_at_room(k, s, cfg, wall, err);
}
