/* Webhooks: Discord's, Slack's, and one of one's own.
 *
 * In: a message. Out: a POST of JSON to the URL, which is the secret: who has it can write there.
 * One of one's own gets a signature with it (docs/notifications.md says how to check it), the time
 * that it is signed with, and an id, which is the same when the same message comes again.
 *
 * What answers mean is from the services' pages of 2026: Discord (429 with Retry-After or
 * retry_after; a 404 is never asked again), Slack (429 with Retry-After; 403, 404 and 410 for hooks
 * and channels that are gone). Redirects are not followed: the URL would travel. */
#include <inttypes.h>

#include "base/json.h"
#include "net/hosts.h"
#include "ops/channel_int.h"

struct hook {
    struct channel base;
    struct http *http;
    struct secret url, sign;
    str path, query; /* of url */
    struct buf body;
};

void sent_say(struct sent *ret, sent_end end, usec wait, const char *fmt, ...) {
    char block[512];
    struct buf all, out;
    va_list args;
    buf_init_fixed(&all, block, sizeof block);
    va_start(args, fmt);
    buf_vprintf(&all, fmt, args);
    va_end(args);
    ret->end = end;
    ret->maybe = false;
    ret->wait = wait;
    buf_init_fixed(&out, ret->why, sizeof ret->why);
    message_clean(buf_str(&all), &out);
}

bool sent_common(const struct http_answer *a, struct sent *ret) {
    if (a->end != HTTP_ANSWERED) {
        sent_say(ret, SENT_LATER, 0, "%s", a->why);
        ret->maybe = a->end == HTTP_LOST;
        return true;
    }
    const usec wait = i64_clamp(a->retry_after_s, 0, 86400) * USEC_PER_S;
    if (a->status == 429 || a->status == 408) {
        sent_say(ret, SENT_LATER, wait, "answered %d: too many messages", a->status);
    } else if (a->status >= 500) {
        sent_say(ret, SENT_LATER, wait, "answered %d", a->status);
        ret->maybe = a->status == 502 || a->status == 504; /* of whoever stands before it */
    } else if (a->status >= 200 && a->status < 300) {
        sent_say(ret, SENT_DONE, 0, "%s", "");
    } else if (a->status >= 300 && a->status < 400) {
        sent_say(ret, SENT_REFUSED, 0, "answered %d: redirects are not followed, give the last URL",
                 a->status);
    } else {
        return false;
    }
    return true;
}

/* Discord says it to the hundredth of a second, in the body alone now and then. */
static usec discord_wait(str body) {
    json_t *const root = json_parse(body);
    const double s = json_number_value(json_object_get(root, "retry_after"));
    json_decref(root);
    return s > 0 && s < 86400 ? (usec)(s * 1e6) : 0;
}

static bool refuses(notify_channel which, const struct http_answer *a) {
    static const int gone[] = {401, 403, 404, 405, 410};
    for (int i = 0; i < COUNT_OF(gone); i++)
        if (a->status == gone[i]) return true;
    /* Slack's words for a hook that is none any more, with the status of a bad message */
    return which == CHANNEL_SLACK &&
           (str_starts(a->body, STR("no_service")) || str_starts(a->body, STR("no_team")) ||
            str_starts(a->body, STR("invalid_token")));
}

void hook_meaning(notify_channel which, const struct http_answer *a, struct sent *ret) {
    if (sent_common(a, ret)) {
        if (which == CHANNEL_DISCORD && a->end == HTTP_ANSWERED && a->status == 429)
            ret->wait = i64_max(ret->wait, discord_wait(a->body));
        return;
    }
    const str said = str_head(str_trim(a->body), 80);
    sent_say(ret, refuses(which, a) ? SENT_REFUSED : SENT_BAD, 0, "answered %d%s" STR_FMT,
             a->status, said.n > 0 ? ": " : "", STR_ARG(said));
}

static int make_body(struct hook *h, const struct message *m) {
    char block[MESSAGE_TEXT_BYTES + 128];
    struct buf text;
    buf_init_fixed(&text, block, sizeof block);
    const int count = message_text(m, &text);
    buf_clear(&h->body);
    if (h->base.ops->which == CHANNEL_DISCORD)
        message_discord(buf_str(&text), &h->body);
    else if (h->base.ops->which == CHANNEL_SLACK)
        message_slack(buf_str(&text), &h->body);
    else
        message_webhook(m, count, buf_str(&text), &h->body);
    POST(!buf_full(&h->body));
    return count;
}

static void hook_send(struct channel *c, const struct message *m, str id, struct sent *ret) {
    struct hook *const h = (struct hook *)c;
    char at[24], signature[MESSAGE_SIGNATURE_BYTES];
    struct http_answer a;
    struct buf time;
    IGNORE(make_body(h, m) < 1, "who sends has counted them, too");
    struct http_request rq = {.method = HTTP_POST,
                              .path = h->path,
                              .query = h->query,
                              .secret = h->path,
                              .body = buf_str(&h->body),
                              .json = true,
                              .timeout = CHANNEL_TIMEOUT,
                              .go_on = c->go_on,
                              .go_on_ctx = c->go_on_ctx};
    if (c->ops->which == CHANNEL_WEBHOOK) {
        const int64_t s = m->now / USEC_PER_S;
        buf_init_fixed(&time, at, sizeof at);
        buf_put_i64(&time, s);
        rq.more[0] = (struct http_header){"X-Bullfinch-Timestamp", buf_str(&time)};
        rq.more[1] = (struct http_header){
            "X-Bullfinch-Signature",
            message_sign(secret_str(&h->sign), s, buf_str(&h->body), signature)};
        rq.more[2] = (struct http_header){"X-Bullfinch-Delivery", id};
    }
    http_call(h->http, &rq, &a);
    hook_meaning(c->ops->which, &a, ret);
}

static void hook_close(struct channel *c) {
    struct hook *const h = (struct hook *)c;
    http_close(h->http);
    secret_wipe(&h->url);
    secret_wipe(&h->sign);
    buf_fini(&h->body);
}

static const struct channel_ops hook_ops[CHANNEL_COUNT] = {
    [CHANNEL_DISCORD] = {CHANNEL_DISCORD, hook_send, hook_close},
    [CHANNEL_SLACK] = {CHANNEL_SLACK, hook_send, hook_close},
    [CHANNEL_WEBHOOK] = {CHANNEL_WEBHOOK, hook_send, hook_close},
};

/* Discord says only so whether it kept a message. */
static str waiting(struct arena *boot, str query) {
    const ptrdiff_t bytes = query.n + 16;
    struct buf b;
    buf_init_fixed(&b, NEW_ARRAY(boot, char, bytes), bytes);
    buf_put(&b, query);
    buf_put(&b, query.n > 0 ? STR("&wait=true") : STR("wait=true"));
    return buf_str(&b);
}

/* Of the URL nothing is repeated but its host, once it is known to be one. */
static bool take_url(struct arena *boot, struct hook *h, char host[HOST_BYTES + 32],
                     struct error *err) {
    struct error why;
    struct host_url u;
    struct buf b;
    const str url = secret_str(&h->url);
    if (!host_url_parse(url, HOST_NOTIFY, &u, &why))
        return fail(err, why.code, 0,
                    "it holds no URL that messages may go to: https://HOST/PATH, in small letters, "
                    "without a user, or http:// on this machine");
    buf_init_fixed(&b, host, HOST_BYTES + 32);
    buf_printf(&b, u.ipv6 ? "%s://[%s]:%d" : "%s://%s:%d", u.tls ? "https" : "http", u.host,
               u.port);
    h->query = u.target;
    IGNORE(!str_cut(&h->query, '?', &h->path), "then there is no path either");
    if (h->path.n == 0) h->path = STR("/");
    if (h->query.p == NULL) h->query = STR("");
    if (h->base.ops->which == CHANNEL_DISCORD) h->query = waiting(boot, h->query);
    if (h->path.p[0] != '/')
        return fail(err, ERR_CONFIG, 0, "it holds a URL without a path behind its host");
    return true;
}

bool hook_open(struct arena *boot, notify_channel which, struct secret *url, struct secret *sign,
               struct channel **ret, struct error *err) {
    char host[HOST_BYTES + 32];
    struct hook *const h = NEW(boot, struct hook);
    PRE(hook_ops[which].send != NULL);
    h->base.ops = &hook_ops[which];
    h->url = *url;
    *url = (struct secret){0};
    if (sign != NULL) {
        h->sign = *sign;
        *sign = (struct secret){0};
    }
    buf_init(&h->body, CHANNEL_BODY_BYTES);
    if (!take_url(boot, h, host, err) ||
        !http_curl_open(boot, str_from_z(host), HOST_NOTIFY, &h->http, err)) {
        hook_close(&h->base);
        return false;
    }
    *ret = &h->base;
    return true;
}
