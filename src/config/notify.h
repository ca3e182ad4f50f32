/* notify: what the keys of the section `notify` mean: which kinds of things are told where, and in
 * which hours only the urgent is. */
#ifndef BF_CONFIG_NOTIFY_H
#define BF_CONFIG_NOTIFY_H

#include "base/notice.h"
#include "base/time.h"
#include "config/config.h"

/* The channels, in the order in which they are shown. */
#define NOTIFY_CHANNEL_MAP(X)                                                                      \
    X(TELEGRAM, "telegram")                                                                        \
    X(DISCORD, "discord") X(SLACK, "slack") X(WEBHOOK, "webhook") X(MAIL, "mail")
typedef enum notify_channel {
#define X(name, text) CHANNEL_##name,
    NOTIFY_CHANNEL_MAP(X)
#undef X
        CHANNEL_COUNT
} notify_channel;
const char *notify_channel_name(notify_channel c);
MUST_CHECK bool notify_channel_from_name(str s, notify_channel *ret);

/* Does the configuration name what the channel needs? */
bool notify_is_configured(const struct config *cfg, notify_channel c);
/* BIT(kind) of all that is told there. */
uint32_t notify_events(const struct config *cfg, notify_channel c);
uint32_t notify_urgent(const struct config *cfg);

/* "22:00-07:00 +02:00": minutes of the day in that distance from UTC. */
struct quiet_hours {
    bool any;
    int from, to; /* minutes, 0..1439; from > to: over midnight */
    int ahead;    /* of UTC, minutes */
};
/* Empty: none. */
MUST_CHECK bool quiet_hours_parse(str s, struct quiet_hours *ret);
/* When they are over; 0: `now` is not within them. */
usec quiet_hours_end(const struct quiet_hours *q, usec now);

#endif
