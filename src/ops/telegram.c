/* Telegram's Bot API, as a channel and as a bot that is spoken to.
 *
 * In: messages; answers of the server. Out: calls of its methods; what an answer means, what was
 * said in chats, what of it is an order. The token stands in each call's path, so it is hidden in
 * whatever comes back. Texts go out plain (no parse_mode): nothing in them is read as markup.
 *
 * What the server says wrong is an error that says so; what people say wrong is an order that is
 * none. Threads: a bot belongs to one at a time; the rest is pure. */
#include "ops/telegram.h"

#include <stdlib.h>

#include "base/json.h"
#include "ops/channel_int.h"

#define PATH_BYTES 512

struct telegram_bot {
    struct http *http;
    struct secret token;
};

struct telegram {
    struct channel base;
    struct telegram_bot *bot;
    str chat;
    struct buf body;
};

/* --- a bot ---------------------------------------------------------------------------------- */

bool telegram_bot_open(struct arena *boot, str url, struct secret *token, struct telegram_bot **ret,
                       struct error *err) {
    struct telegram_bot *const b = NEW(boot, struct telegram_bot);
    b->token = *token;
    *token = (struct secret){0};
    if (!http_curl_open(boot, url, HOST_NOTIFY, &b->http, err)) {
        telegram_bot_close(b);
        return fail_in(err, "telegram.url");
    }
    *ret = b;
    return true;
}

void telegram_bot_close(struct telegram_bot *b) {
    if (b == NULL) return;
    http_close(b->http);
    secret_wipe(&b->token);
}

void telegram_call(struct telegram_bot *b, const char *method, str body, usec timeout,
                   bool (*go_on)(void *ctx), void *ctx, struct http_answer *ret) {
    char block[PATH_BYTES];
    struct buf path;
    buf_init_fixed(&path, block, sizeof block);
    buf_printf(&path, "/bot" STR_FMT "/%s", STR_ARG(secret_str(&b->token)), method);
    const struct http_request rq = {.method = HTTP_POST,
                                    .path = buf_str(&path),
                                    .secret = secret_str(&b->token),
                                    .body = body,
                                    .json = true,
                                    .timeout = timeout,
                                    .go_on = go_on,
                                    .go_on_ctx = ctx};
    http_call(b->http, &rq, ret);
    memory_wipe(block, sizeof block);
}

/* --- what an answer means ------------------------------------------------------------------- */

/* A chat that is not there for us is no message's fault, and says so with the status of one. */
static bool is_about_the_chat(int status, str said) {
    return status == 401 || status == 403 || status == 404 ||
           str_find(said, STR("chat not found")) >= 0 ||
           str_find(said, STR("upgraded to a supergroup")) >= 0 ||
           str_find(said, STR("not enough rights")) >= 0;
}

static void say_refused(int status, str said, const json_t *parameters, struct sent *ret) {
    const json_t *const moved = json_object_get(parameters, "migrate_to_chat_id");
    if (json_is_integer(moved))
        sent_say(ret, SENT_REFUSED, 0,
                 "the group has another number now: set telegram.chat to %lld",
                 (long long)json_integer_value(moved));
    else
        sent_say(ret, is_about_the_chat(status, said) ? SENT_REFUSED : SENT_BAD, 0,
                 "answered %d: " STR_FMT, status, STR_ARG(str_head(said, 100)));
}

void telegram_meaning(const struct http_answer *a, struct sent *ret) {
    const bool common = sent_common(a, ret);
    json_t *const root = a->end == HTTP_ANSWERED ? json_parse(a->body) : NULL;
    const json_t *const parameters = json_object_get(root, "parameters");
    if (common && ret->end == SENT_DONE && !json_is_true(json_object_get(root, "ok"))) {
        sent_say(ret, SENT_LATER, 0, "answered 200 without ok: is telegram.url Telegram's?");
        ret->maybe = true;
    } else if (common && ret->end == SENT_LATER && root != NULL) {
        ret->wait = i64_max(
            ret->wait,
            i64_clamp(json_integer_value(json_object_get(parameters, "retry_after")), 0, 86400) *
                USEC_PER_S);
    } else if (!common) {
        say_refused(a->status, json_str_at(root, "description"), parameters, ret);
    }
    json_decref(root);
}

/* --- the channel ---------------------------------------------------------------------------- */

static void telegram_send(struct channel *c, const struct message *m, str id, struct sent *ret) {
    struct telegram *const t = (struct telegram *)c;
    char block[MESSAGE_TEXT_BYTES + 128];
    struct http_answer a;
    struct buf text;
    (void)id; /* the Bot API takes none */
    buf_init_fixed(&text, block, sizeof block);
    IGNORE(message_text(m, &text) < 1, "who sends has counted them, too");
    buf_clear(&t->body);
    message_telegram(t->chat, buf_str(&text), &t->body);
    telegram_call(t->bot, "sendMessage", buf_str(&t->body), CHANNEL_TIMEOUT, c->go_on, c->go_on_ctx,
                  &a);
    telegram_meaning(&a, ret);
}

static void telegram_close(struct channel *c) {
    struct telegram *const t = (struct telegram *)c;
    telegram_bot_close(t->bot);
    buf_fini(&t->body);
}

static const struct channel_ops telegram_ops = {CHANNEL_TELEGRAM, telegram_send, telegram_close};

bool telegram_open(struct arena *boot, str url, struct secret *token, str chat,
                   struct channel **ret, struct error *err) {
    struct telegram *const t = NEW(boot, struct telegram);
    if (!telegram_bot_open(boot, url, token, &t->bot, err)) return false;
    t->base.ops = &telegram_ops;
    t->chat = chat;
    buf_init(&t->body, CHANNEL_BODY_BYTES);
    *ret = &t->base;
    return true;
}

/* --- what is said --------------------------------------------------------------------------- */

static int64_t id_at(const json_t *object, const char *name) {
    return json_integer_value(json_object_get(object, name)); /* 0 where there is none */
}

static void get_message(struct arena *a, const json_t *m, struct telegram_update *ret) {
    const json_t *const chat = json_object_get(m, "chat");
    str text = json_str_at(m, "text");
    const int64_t date = id_at(m, "date");
    if (str_find_byte(text, '\0') >= 0) text = (str){0}; /* nobody types that */
    ret->chat = id_at(chat, "id");
    ret->user = id_at(json_object_get(m, "from"), "id");
    ret->is_private = str_eq(json_str_at(chat, "type"), STR("private"));
    ret->at = date > 0 && date < INT64_C(1) << 40 ? date * USEC_PER_S : 0;
    ret->is_message = text.n > 0 && ret->chat != 0;
    ret->text = str_dup(a, str_head(text, 1024));
}

bool telegram_name(str body, char ret[TELEGRAM_NAME_BYTES], struct error *err) {
    json_t *const root = json_parse(body);
    const str name = json_str_at(json_object_get(root, "result"), "username");
    const bool ok = json_is_true(json_object_get(root, "ok")) && name.n > 0 &&
                    str_find_byte(name, '\0') < 0 && str_copyz(name, ret, TELEGRAM_NAME_BYTES);
    json_decref(root);
    return ok || fail(err, ERR_PARSE, 0, "getMe: its answer is none of Telegram's");
}

/* Within a text the quotes would stand behind a backslash. */
int64_t telegram_first_id(str body) {
    const str key = STR("\"update_id\":");
    const ptrdiff_t at = str_find(body, key);
    int64_t id = 0;
    if (at < 0) return 0;
    str rest = str_trim(str_head(str_tail(body, at + key.n), 24));
    ptrdiff_t n = 0;
    while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9') n++;
    IGNORE(!str_to_i64(str_head(rest, n), &id), "then none");
    return id > 0 && id < INT64_MAX ? id : 0;
}

bool telegram_updates(struct arena *a, str body, struct telegram_update *ret, int *ret_count,
                      struct error *err) {
    json_error_t why;
    json_t *const root = json_loadb(body.n > 0 ? body.p : "", (size_t)body.n, JSON_ALLOW_NUL, &why);
    const json_t *const list = json_object_get(root, "result");
    int n = 0;
    if (!json_is_true(json_object_get(root, "ok")) || !json_is_array(list)) {
        json_decref(root);
        return fail(err, ERR_PARSE, 0, "getUpdates: its answer is none of Telegram's");
    }
    for (size_t i = 0; i < json_array_size(list) && n < TELEGRAM_UPDATES_MAX; i++) {
        const json_t *const v = json_array_get(list, i);
        const json_t *const m = json_object_get(v, "message");
        struct telegram_update u = {.id = id_at(v, "update_id")};
        if (u.id <= 0 || u.id == INT64_MAX) continue;
        if (m != NULL) get_message(a, m, &u);
        ret[n++] = u;
    }
    json_decref(root);
    *ret_count = n;
    return true;
}

telegram_order telegram_order_of(str text, str me, str *ret_rest) {
    static const char *const names[] = {
#define X(name, word) word,
        TELEGRAM_ORDER_MAP(X)
#undef X
    };
    str rest = str_trim(text), to, name;
    *ret_rest = (str){0};
    if (!str_starts(rest, STR("/"))) return TELEGRAM_NONE;
    ptrdiff_t n = 0;
    while (n < rest.n && rest.p[n] > ' ') n++;
    to = str_tail(str_head(rest, n), 1);
    *ret_rest = str_trim(str_tail(rest, n));
    if (!str_cut(&to, '@', &name)) return TELEGRAM_UNKNOWN;
    if (to.p != NULL && !str_eq_nocase(to, me)) { /* said to another bot */
        *ret_rest = (str){0};
        return TELEGRAM_NONE;
    }
    for (int i = TELEGRAM_HELP; i < TELEGRAM_ORDER_COUNT; i++)
        if (str_eq_nocase(name, str_from_z(names[i]))) return (telegram_order)i;
    return TELEGRAM_UNKNOWN;
}
