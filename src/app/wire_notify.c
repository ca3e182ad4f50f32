/* wire_notify: reads the secrets of the channels, once, and opens them.
 *
 * Failure: a channel that is configured and cannot be opened counts as refused, with why: told in
 * the log, through the others, and wherever the channels are shown. It keeps no trader from its
 * work. Thread: the main one. */
#include "app/wire_notify.h"

#include "app/wire_secret.h"
#include "base/log.h"
#include "run/hearers.h"

static bool bot_token(struct app *app, struct secret *ret, struct error *err) {
    return wire_secret(app, "telegram.token", app->cfg.telegram_token_file,
                       app->cfg.telegram_token_env, "telegram.token_file is not set", ret, err);
}

static bool open_telegram(struct app *app, struct secret *token, struct channel **ret,
                          struct error *err) {
    return telegram_open(&app->boot, app->cfg.telegram_url, token, app->cfg.telegram_chat, ret,
                         err);
}

static bool open_hook(struct app *app, notify_channel which, const char *key, str file, str env,
                      struct channel **ret, struct error *err) {
    const struct config *const cfg = &app->cfg;
    struct secret url = {0}, sign = {0};
    bool ok = wire_secret(app, key, file, env, "it is not set", &url, err);
    if (ok && which == CHANNEL_WEBHOOK)
        ok = wire_secret(app, "webhook.secret", cfg->webhook_secret_file, cfg->webhook_secret_env,
                         "webhook.secret_file is not set", &sign, err);
    if (ok && which == CHANNEL_WEBHOOK && sign.n < 16)
        ok = fail(err, ERR_CONFIG, 0,
                  "webhook.secret_file: it holds fewer than 16 characters; openssl rand -hex 32 "
                  "makes a secret");
    if (ok &&
        !hook_open(&app->boot, which, &url, which == CHANNEL_WEBHOOK ? &sign : NULL, ret, err))
        ok = fail_in(err, "%s_file", key);
    secret_wipe(&url);
    secret_wipe(&sign);
    return ok;
}

static bool open_mail(struct app *app, struct channel **ret, struct error *err) {
    const struct config *const cfg = &app->cfg;
    struct secret password = {0};
    const struct mail_options opt = {cfg->mail_url, cfg->mail_user, cfg->mail_from, &cfg->mail_to};
    const bool ok =
        (cfg->mail_user.n == 0 ||
         wire_secret(app, "mail.password", cfg->mail_password_file, cfg->mail_password_env,
                     "mail.password_file is not set", &password, err)) &&
        mail_open(&app->boot, &opt, &password, ret, err);
    secret_wipe(&password);
    return ok;
}

static bool open_channel(struct app *app, notify_channel which, struct secret *token,
                         struct channel **ret, struct error *err) {
    const struct config *const cfg = &app->cfg;
    switch (which) {
    case CHANNEL_TELEGRAM:
        return open_telegram(app, token, ret, err);
    case CHANNEL_DISCORD:
        return open_hook(app, which, "discord.url", cfg->discord_url_file, cfg->discord_url_env,
                         ret, err);
    case CHANNEL_SLACK:
        return open_hook(app, which, "slack.url", cfg->slack_url_file, cfg->slack_url_env, ret,
                         err);
    case CHANNEL_WEBHOOK:
        return open_hook(app, which, "webhook.url", cfg->webhook_url_file, cfg->webhook_url_env,
                         ret, err);
    case CHANNEL_MAIL:
        return open_mail(app, ret, err);
    case CHANNEL_COUNT:
        break;
    }
    WRONG("a channel out of its list");
}

bool wire_channel(struct app *app, notify_channel which, struct channel **ret, struct error *err) {
    struct secret token = {0};
    const bool ok = (which != CHANNEL_TELEGRAM || bot_token(app, &token, err)) &&
                    open_channel(app, which, &token, ret, err);
    secret_wipe(&token);
    return ok;
}

/* --- the notifier --------------------------------------------------------------------------- */

static bool open_store(void *ctx, store_access access, struct store **ret, struct error *err) {
    struct app *const app = ctx;
    const int64_t patience = app->cfg.store_busy_timeout_ms;
    app->cfg.store_busy_timeout_ms = 1; /* a trader's turns come first: it is tried again */
    const bool ok = app_store_open(app, access, false, ret, err);
    app->cfg.store_busy_timeout_ms = patience;
    return ok;
}

/* Two bots of one token: what is told waits for nothing that is heard. */
static bool open_listener(struct app *app, const struct secret *token, struct telegram_bot **ret,
                          struct error *err) {
    struct secret copy;
    return secret_copy(secret_str(token), &copy, err) &&
           telegram_bot_open(&app->boot, app->cfg.telegram_url, &copy, ret, err);
}

static void stand_in(struct app *app, notify_channel which, const struct error *why,
                     struct channel **ret) {
    channel_unusable(&app->boot, which, why->msg, ret);
    log_unusual("notify_refused", LOG_Z("channel", notify_channel_name(which)),
                LOG_Z("why", why->msg), LOG_Z("next", "mend it, and start again"));
}

static bool open_one(struct app *app, notify_channel which, struct notifier_options *opt,
                     struct error *err) {
    struct secret token = {0};
    bool ok = true;
    if (which == CHANNEL_TELEGRAM)
        ok = bot_token(app, &token, err) && open_listener(app, &token, &opt->listener, err);
    ok = ok && open_channel(app, which, &token, &opt->channels[which], err);
    secret_wipe(&token);
    return ok;
}

static void open_all(struct app *app, struct notifier_options *opt) {
    struct error why;
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        const notify_channel which = (notify_channel)i;
        if (notify_is_configured(&app->cfg, which) && !open_one(app, which, opt, &why))
            stand_in(app, which, &why, &opt->channels[i]);
    }
}

static bool say_nobody(struct app *app, struct error *err) {
    struct hearers h;
    struct store *s;
    if (!open_store(app, STORE_READ, &s, err)) return false;
    const bool ok = hearers_read(s, &app->cfg, &h, err);
    store_close(s);
    if (ok && !h.told)
        log_unusual("nobody_is_told",
                    LOG_Z("what", "if trading halts, a source is cut off or the trader stops, "
                                  "nobody is told"),
                    LOG_Z("why", h.why));
    return ok;
}

bool wire_notify(struct app *app, struct notifier **ret, struct error *err) {
    struct notifier_options opt = {
        .cfg = &app->cfg, .live = app->live, .open_store = open_store, .open_ctx = app};
    bool any = false;
    *ret = NULL;
    for (int i = 0; i < CHANNEL_COUNT; i++)
        any = any || notify_is_configured(&app->cfg, (notify_channel)i);
    if (!app->cfg.notify_here) return true;
    if (!any) return say_nobody(app, err);
    open_all(app, &opt);
    return notifier_start(&app->boot, &opt, ret, err);
}
