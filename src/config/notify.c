/* What the configuration says of notifications. In: the texts. Out: masks, hours. Pure; any thread.
 */
#include "config/notify.h"

#define MINUTES 1440

static const char *const channel_names[] = {
#define X(name, text) text,
    NOTIFY_CHANNEL_MAP(X)
#undef X
};

const char *notify_channel_name(notify_channel c) {
    PRE(c >= 0 && c < CHANNEL_COUNT);
    return channel_names[c];
}

bool notify_channel_from_name(str s, notify_channel *ret) {
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        if (!str_eq(s, str_from_z(channel_names[i]))) continue;
        *ret = (notify_channel)i;
        return true;
    }
    return false;
}

bool notify_is_configured(const struct config *cfg, notify_channel c) {
    switch (c) {
    case CHANNEL_TELEGRAM:
        return cfg->telegram_token_file.n > 0 || cfg->telegram_token_env.n > 0;
    case CHANNEL_DISCORD:
        return cfg->discord_url_file.n > 0 || cfg->discord_url_env.n > 0;
    case CHANNEL_SLACK:
        return cfg->slack_url_file.n > 0 || cfg->slack_url_env.n > 0;
    case CHANNEL_WEBHOOK:
        return cfg->webhook_url_file.n > 0 || cfg->webhook_url_env.n > 0;
    case CHANNEL_MAIL:
        return cfg->mail_url.n > 0;
    case CHANNEL_COUNT:
        break;
    }
    WRONG("a channel out of its list");
}

/* What is no name was refused when the configuration was read. */
static uint32_t mask_of(const struct config_list *list) {
    uint32_t mask = 0;
    for (int i = 0; i < list->count; i++)
        IGNORE(!notice_choose(list->names[i], &mask), "config_check_notify has seen it");
    return mask;
}

uint32_t notify_events(const struct config *cfg, notify_channel c) {
    const struct config_list *const own[] = {
        [CHANNEL_TELEGRAM] = &cfg->telegram_events, [CHANNEL_DISCORD] = &cfg->discord_events,
        [CHANNEL_SLACK] = &cfg->slack_events,       [CHANNEL_WEBHOOK] = &cfg->webhook_events,
        [CHANNEL_MAIL] = &cfg->mail_events,
    };
    PRE(c >= 0 && c < CHANNEL_COUNT);
    return mask_of(own[c]->count > 0 ? own[c] : &cfg->notify_events);
}

uint32_t notify_urgent(const struct config *cfg) { return mask_of(&cfg->notify_urgent); }

/* "22:00" -> minutes. */
static bool clock_parse(str s, int *ret) {
    for (ptrdiff_t i = 0; i < 5; i++)
        if (s.n != 5 || (i == 2 ? s.p[i] != ':' : s.p[i] < '0' || s.p[i] > '9')) return false;
    const int hour = (s.p[0] - '0') * 10 + s.p[1] - '0',
              minute = (s.p[3] - '0') * 10 + s.p[4] - '0';
    *ret = hour * 60 + minute;
    return hour < 24 && minute < 60;
}

bool quiet_hours_parse(str s, struct quiet_hours *ret) {
    struct quiet_hours q = {.any = s.n > 0};
    str rest = s, span, from, to;
    *ret = (struct quiet_hours){0};
    if (!q.any) return true;
    if (!str_cut(&rest, ' ', &span)) return false;
    to = span;
    if (!str_cut(&to, '-', &from) || to.p == NULL || !clock_parse(from, &q.from) ||
        !clock_parse(to, &q.to) || q.from == q.to)
        return false;
    if (rest.p != NULL) { /* +02:00 */
        if (rest.n < 1 || (rest.p[0] != '+' && rest.p[0] != '-') ||
            !clock_parse(str_tail(rest, 1), &q.ahead) || q.ahead > 14 * 60)
            return false;
        if (rest.p[0] == '-') q.ahead = -q.ahead;
    }
    *ret = q;
    return true;
}

usec quiet_hours_end(const struct quiet_hours *q, usec now) {
    if (!q->any) return 0;
    const usec there = now + q->ahead * USEC_PER_MIN;
    const usec in_day = there - time_utc_day(there) * USEC_PER_DAY;
    const int64_t minute = in_day / USEC_PER_MIN;
    const bool over_midnight = q->from > q->to;
    const bool within =
        over_midnight ? minute >= q->from || minute < q->to : minute >= q->from && minute < q->to;
    if (!within) return 0;
    const int64_t to = q->to + (over_midnight && minute >= q->from ? MINUTES : 0);
    return now + to * USEC_PER_MIN - in_day;
}
