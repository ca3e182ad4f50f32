/* letters: input that is no post becomes a dead letter.
 *
 * Each is a row in the transaction that moves the source's offset behind it, so a run that is
 * killed and continued keeps each once. Bounded: DEAD_MAX rows a run, the rest is counted. Failure:
 * the store's; where the run goes on without it (turn.c), what was bad is in the log alone. Thread:
 * the trader's. */
#include "run/run_int.h"

#include "base/log.h"

#define DEAD_MAX 10000 /* kept of one run */
#define DEAD_TOLD 20   /* of them named in the log */

bool letters_bury(struct runner *r, str source, const struct complaint *c, struct error *err) {
    const usec at = r->now > 0 ? r->now : time_wall_us(); /* nothing has happened yet */
    for (; c; c = c->next) {
        r->dead++;
        if (r->dead <= DEAD_TOLD)
            log_unusual("bad_input", LOG_S("at", c->where), LOG_S("what", c->what));
        if (r->dead == DEAD_TOLD) log_unusual("bad_input_more", LOG_Z("see", "bullfinch dlq list"));
        if (r->dead_stored >= DEAD_MAX) continue;
        if (r->journaling) continue;
        if (!turn_begin(r, err)) return turn_rescue(r, err);
        char text[512];
        struct buf error;
        buf_init_fixed(&error, text, sizeof text);
        buf_printf(&error, STR_FMT ": " STR_FMT, STR_ARG(c->where), STR_ARG(c->what));
        const struct dead_letter d = {.source = source,
                                      .kind = STR("post"),
                                      .payload = c->payload,
                                      .error = buf_str(&error),
                                      .attempts = 1,
                                      .first_at = at,
                                      .last_at = at,
                                      .status = STR("dead")};
        int64_t id;
        if (!store_dead_put(r->parts.store, &d, &id, err)) return turn_rescue(r, err);
        r->dead_stored++;
        r->moved = true;
    }
    return true;
}
