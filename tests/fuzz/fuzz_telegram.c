/* Law: whatever a server answers to the bot, what is read of it is bounded and in order, its
 * meaning is one of four, and no answer that is none of Telegram's counts as delivered; whatever is
 * said, an order is one only behind a slash. */
#include "fuzz.h"
#include "ops/telegram.h"

static void look_at_updates(str text) {
    static char memory[8 << 20];
    static struct telegram_update v[TELEGRAM_UPDATES_MAX];
    struct arena a;
    struct error err;
    int n = 0;
    arena_init(&a, memory, sizeof memory);
    if (!telegram_updates(&a, text, v, &n, &err)) {
        LAW(err.code == ERR_PARSE);
        return;
    }
    LAW(n >= 0 && n <= TELEGRAM_UPDATES_MAX);
    for (int i = 0; i < n; i++) {
        LAW(v[i].id > 0 && v[i].id < INT64_MAX);
        LAW(!v[i].is_message || (v[i].chat != 0 && v[i].text.n > 0 && v[i].text.n <= 1024));
        LAW(v[i].at >= 0);
    }
}

static void look_at_order(str text) {
    str rest;
    const telegram_order o = telegram_order_of(text, STR("our_bot"), &rest);
    LAW(o >= TELEGRAM_NONE && o < TELEGRAM_ORDER_COUNT);
    const bool is_order = str_starts(str_trim(text), STR("/"));
    LAW(o == TELEGRAM_NONE || is_order);
    LAW(o != TELEGRAM_NONE || !is_order || str_find_byte(text, '@') >= 0);
    LAW(telegram_first_id(text) >= 0);
    LAW(rest.n <= text.n);
}

static void look_at_meaning(str text, int status) {
    struct http_answer a;
    struct sent s = {0};
    http_answer_clear(&a);
    a.end = HTTP_ANSWERED;
    a.status = status;
    a.body = text;
    telegram_meaning(&a, &s);
    LAW(s.end >= SENT_DONE && s.end <= SENT_BAD);
    LAW(s.end != SENT_DONE || str_find(text, STR("true")) >= 0);
    LAW(s.wait >= 0 && s.wait <= USEC_PER_DAY);
    LAW((s.end == SENT_DONE) == (s.why[0] == '\0'));
    for (int which = CHANNEL_DISCORD; which <= CHANNEL_WEBHOOK; which++) {
        hook_meaning((notify_channel)which, &a, &s);
        LAW(s.end >= SENT_DONE && s.end <= SENT_BAD);
        LAW(s.wait >= 0 && s.wait <= USEC_PER_DAY);
    }
}

/* What goes out of any text is well-formed and holds no long run of a key's letters. */
static void look_at_words(str text) {
    static char block[1 << 16];
    struct buf out;
    ptrdiff_t run = 0;
    buf_init_fixed(&out, block, sizeof block);
    message_clean(str_head(text, 4096), &out);
    for (ptrdiff_t i = 0; i < out.len; i++) {
        const char c = out.p[i];
        const bool of_a_key = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '_' || c == '-';
        LAW((unsigned char)c >= ' ');
        run = of_a_key ? run + 1 : 0;
        LAW(run < 40);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static const int statuses[] = {200, 204, 302, 400, 401, 403, 404, 409, 410, 429, 500, 503};
    if (bytes == 0) return 0;
    const str text = str_from_bytes(data + 1, (ptrdiff_t)bytes - 1);
    look_at_updates(text);
    look_at_order(text);
    look_at_meaning(text, statuses[data[0] % COUNT_OF(statuses)]);
    look_at_words(text);
    return 0;
}
