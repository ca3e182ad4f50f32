/* live: the configuration of a process that goes on while people change settings.
 *
 * There is always one that holds. Whoever reads it takes it and gives it back; one that was taken
 * stays as it is, also when another has come into force meanwhile. What changes is the settings
 * table alone: the file's text, the environment and the command line are those of the start, so
 * that a file under somebody's hands has no effect until the next one. */
#ifndef BF_CONFIG_LIVE_H
#define BF_CONFIG_LIVE_H

#include "config/config.h"

struct config_live;

/* Made in `boot`. in: as it was loaded from; its texts are borrowed for ever, its settings are not.
 * first: what came of it, in->settings included; copied, what it points to is borrowed for ever. */
struct config_live *config_live_new(struct arena *boot, const struct config_input *in,
                                    const struct config *first);
void config_live_free(struct config_live *l); /* NULL is fine; nobody has one taken */

const struct config *config_live_take(struct config_live *l);
void config_live_give(struct config_live *l, const struct config *cfg);

/* These rows ("key=value") are the settings table now. Where they differ from those of before, the
 * configuration with them comes into force, and the least level that is logged with it. False: they
 * contradict each other or the rest, as config_load says it; what held holds on. */
MUST_CHECK bool config_live_set(struct config_live *l, const str *settings, int count,
                                struct buf *report, struct error *err);
/* Would it be good with one more row in `settings`? As config_try_setting. */
MUST_CHECK bool config_live_try(struct config_live *l, struct arena *a, const str *settings,
                                int count, str key, str value, struct buf *report,
                                struct error *err);

#endif
