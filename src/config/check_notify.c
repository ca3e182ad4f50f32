/* What must hold of the notifiers' keys: words of lists that name something, hours, what belongs
 * together. In: the values that have won. Out: mistakes. A key that has a mistake already is passed
 * over. */
#include "config/config_int.h"
#include "config/notify.h"

bool config_check_quiet_hours(str value, struct buf *why) {
    struct quiet_hours q;
    if (quiet_hours_parse(value, &q)) return true;
    buf_put(why, STR("is no span of hours, expected such as 22:00-07:00 or "
                     "22:00-07:00 +02:00"));
    return false;
}

static void check_words(struct config_loader *l, int row, const struct config_list *list) {
    char block[512];
    struct buf known;
    uint32_t mask = 0;
    if (l->bad[row]) return;
    buf_init_fixed(&known, block, sizeof block);
    for (int i = 0; i < NOTICE_COUNT; i++)
        buf_printf(&known, "%s%s", i > 0 ? ", " : "", notice_name((notice_kind)i));
    for (int i = 0; i < list->count; i++) {
        char shown[CONFIG_SHOWN_BYTES];
        if (notice_choose(list->names[i], &mask)) continue;
        config_mistake_add(&l->mistakes, config_last_origin(l, &row, 1), STR(""),
                           "%s.%s: %s is nothing that is told, expected all, or of %s; with a - in "
                           "front it is left out",
                           config_rows[row].section, config_rows[row].name,
                           config_shown(list->names[i], shown), buf_z(&known));
    }
}

static void check_lists(struct config_loader *l) {
    const struct config *c = &l->cfg;
    check_words(l, CFG_ROW_notify_events, &c->notify_events);
    check_words(l, CFG_ROW_notify_urgent, &c->notify_urgent);
    check_words(l, CFG_ROW_telegram_events, &c->telegram_events);
    check_words(l, CFG_ROW_discord_events, &c->discord_events);
    check_words(l, CFG_ROW_slack_events, &c->slack_events);
    check_words(l, CFG_ROW_webhook_events, &c->webhook_events);
    check_words(l, CFG_ROW_mail_events, &c->mail_events);
}

/* Two places for one secret. */
static void check_places(struct config_loader *l) {
    const struct config *c = &l->cfg;
    const struct {
        int rows[2];
        str file, env;
    } pairs[] = {
        {{CFG_ROW_telegram_token_file, CFG_ROW_telegram_token_env},
         c->telegram_token_file,
         c->telegram_token_env},
        {{CFG_ROW_discord_url_file, CFG_ROW_discord_url_env},
         c->discord_url_file,
         c->discord_url_env},
        {{CFG_ROW_slack_url_file, CFG_ROW_slack_url_env}, c->slack_url_file, c->slack_url_env},
        {{CFG_ROW_webhook_url_file, CFG_ROW_webhook_url_env},
         c->webhook_url_file,
         c->webhook_url_env},
        {{CFG_ROW_webhook_secret_file, CFG_ROW_webhook_secret_env},
         c->webhook_secret_file,
         c->webhook_secret_env},
        {{CFG_ROW_mail_password_file, CFG_ROW_mail_password_env},
         c->mail_password_file,
         c->mail_password_env},
    };
    for (int i = 0; i < COUNT_OF(pairs); i++) {
        const struct config_row *const file = &config_rows[pairs[i].rows[0]];
        const struct config_row *const env = &config_rows[pairs[i].rows[1]];
        if (pairs[i].file.n == 0 || pairs[i].env.n == 0) continue;
        config_mistake_add(&l->mistakes, config_last_origin(l, pairs[i].rows, 2), STR(""),
                           "%s.%s and %s.%s: one of the two is enough", file->section, file->name,
                           env->section, env->name);
    }
}

/* Digits, perhaps with a - in front. */
static bool is_id(str s) {
    int64_t id;
    return str_to_i64(s, &id) && id != 0 && s.p[0] != '+';
}

static void check_telegram(struct config_loader *l) {
    static const int rows[] = {CFG_ROW_telegram_token_file, CFG_ROW_telegram_token_env,
                               CFG_ROW_telegram_chat};
    static const int users[] = {CFG_ROW_telegram_users};
    const struct config *c = &l->cfg;
    if (notify_is_configured(c, CHANNEL_TELEGRAM) && !is_id(c->telegram_chat))
        config_mistake_add(&l->mistakes, config_last_origin(l, rows, COUNT_OF(rows)), STR(""),
                           "telegram.chat: expected the number of the chat that is told; "
                           "docs/notifications.md says how to find it");
    for (int i = 0; i < c->telegram_users.count; i++)
        if (!is_id(c->telegram_users.names[i]) || c->telegram_users.names[i].p[0] == '-')
            config_mistake_add(&l->mistakes, config_last_origin(l, users, 1), STR(""),
                               "telegram.users: \"" STR_FMT "\" is no user's number",
                               STR_ARG(str_head(c->telegram_users.names[i], 40)));
}

/* One @ between two parts, and nothing that would end a line of the conversation with the server.
 */
static bool is_address(str s) {
    const ptrdiff_t at = str_find_byte(s, '@');
    for (ptrdiff_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 127 || s.p[i] == '<' || s.p[i] == '>' || s.p[i] == '"')
            return false;
    return at > 0 && at + 1 < s.n && str_find_byte(str_tail(s, at + 1), '@') < 0;
}

static void check_mail(struct config_loader *l) {
    static const int from[] = {CFG_ROW_mail_url, CFG_ROW_mail_from};
    static const int to[] = {CFG_ROW_mail_url, CFG_ROW_mail_to};
    static const int login[] = {CFG_ROW_mail_user, CFG_ROW_mail_password_file,
                                CFG_ROW_mail_password_env};
    const struct config *c = &l->cfg;
    const bool password = c->mail_password_file.n > 0 || c->mail_password_env.n > 0;
    if (!notify_is_configured(c, CHANNEL_MAIL)) return;
    if (!is_address(c->mail_from))
        config_mistake_add(&l->mistakes, config_last_origin(l, from, 2), STR(""),
                           "mail.from: expected the sender's address, such as bot@example.com");
    if (c->mail_to.count == 0 && !l->bad[to[1]])
        config_mistake_add(&l->mistakes, config_last_origin(l, to, 2), STR(""),
                           "mail.to: mail.url is set, and nobody is to get the mail");
    for (int i = 0; i < c->mail_to.count; i++)
        if (!is_address(c->mail_to.names[i]))
            config_mistake_add(&l->mistakes, config_last_origin(l, &to[1], 1), STR(""),
                               "mail.to: \"" STR_FMT "\" is no address such as you@example.com",
                               STR_ARG(str_head(c->mail_to.names[i], 60)));
    if ((c->mail_user.n > 0) != password)
        config_mistake_add(&l->mistakes, config_last_origin(l, login, COUNT_OF(login)), STR(""),
                           "mail.user and mail.password_file: both or neither");
}

static void check_webhook(struct config_loader *l) {
    static const int rows[] = {CFG_ROW_webhook_url_file, CFG_ROW_webhook_url_env,
                               CFG_ROW_webhook_secret_file};
    const struct config *c = &l->cfg;
    const bool secret = c->webhook_secret_file.n > 0 || c->webhook_secret_env.n > 0;
    if (notify_is_configured(c, CHANNEL_WEBHOOK) && !secret)
        config_mistake_add(&l->mistakes, config_last_origin(l, rows, COUNT_OF(rows)), STR(""),
                           "webhook.secret_file: what is posted to webhook.url_file is signed, and "
                           "wants a secret: openssl rand -hex 32 makes one");
}

void config_check_notify(struct config_loader *l) {
    check_lists(l);
    check_places(l);
    check_telegram(l);
    check_mail(l);
    check_webhook(l);
}
