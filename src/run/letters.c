/* letters: input that is no post becomes a dead letter.
 *
 * Each is a row in the transaction that moves the source's offset behind it, so whoever is killed
 * and goes on keeps each once. Bounded: LETTERS_MAX rows a process, the rest is counted. Failure:
 * the store's. Thread: the writer's. */
#include "run/letters.h"

#include "base/log.h"

#define LETTERS_MAX 10000 /* kept by one process */
#define LETTERS_TOLD 20   /* of them named in the log */

bool letters_put(struct letters *l, struct store *s, str source, usec at, const struct complaint *c,
                 struct error *err) {
    if (l->stored >= LETTERS_MAX) return true;
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
    if (!store_dead_put(s, &d, &id, err)) return false;
    l->stored++;
    return true;
}

void letters_tell(struct letters *l, const struct complaint *c) {
    l->seen++;
    if (l->seen <= LETTERS_TOLD)
        log_unusual("bad_input", LOG_S("at", c->where), LOG_S("what", c->what));
    if (l->seen == LETTERS_TOLD) log_unusual("bad_input_more", LOG_Z("see", "bullfinch dlq list"));
}
