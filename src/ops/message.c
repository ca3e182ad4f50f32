/* Messages as text, and as each channel wants them. In: notices. Out: bytes. Texts are ours and the
 * venue's, so each channel's marks are escaped. Failure: none; a buffer that is too small is its
 * owner's mistake. Any thread. */
#include "ops/message.h"

#include <inttypes.h>

#include "base/hash.h"

#define HIDDEN_LEAST 38 /* a client order id has at most 36 characters */
#define LATE (2 * USEC_PER_MIN)
#define NAME_BYTES 40

/* --- words ---------------------------------------------------------------------------------- */

static bool is_of_a_key(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* A token of ours, or a bot's behind its number. */
static bool is_secret(str run, bool behind_colon) {
    return run.n >= HIDDEN_LEAST || str_starts(run, STR("bft_")) || (behind_colon && run.n >= 30);
}

void message_clean(str text, struct buf *out) {
    for (ptrdiff_t i = 0; i < text.n;) {
        ptrdiff_t n = 0;
        while (i + n < text.n && is_of_a_key(text.p[i + n])) n++;
        const bool behind_colon = i > 0 && text.p[i - 1] == ':';
        const str run = {text.p + i, n};
        if (n > 0) buf_put(out, is_secret(run, behind_colon) ? STR("[hidden]") : run);
        i += n;
        if (i == text.n) return;
        const char c = text.p[i++];
        buf_put_byte(out, (c >= 0 && c < ' ') || c == 127 ? ' ' : c);
    }
}

static void put_name(const struct message *m, struct buf *out) {
    if (m->name.n > 0) buf_printf(out, "[" STR_FMT "] ", STR_ARG(str_head(m->name, NAME_BYTES)));
}

/* "12:03:10 UTC", with the day where it is not today's. */
static void put_time(usec at, usec now, struct buf *out) {
    char block[TIME_TEXT_BYTES];
    const str text = time_format_rfc3339(at, block);
    const bool today = time_utc_day(at) == time_utc_day(now);
    const str day = str_head(text, 10), clock = str_head(str_tail(text, 11), 8);
    if (!today) buf_printf(out, STR_FMT " ", STR_ARG(day));
    buf_printf(out, STR_FMT " UTC", STR_ARG(clock));
}

static void put_line(const struct delivery *d, usec now, struct buf *out) {
    const struct notice *const n = &d->notice;
    buf_printf(out, "%s%s: ", d->urgent ? "URGENT " : "", notice_title(n->kind));
    message_clean(str_from_z(n->text), out);
    if (now - n->at > LATE) {
        buf_put(out, STR(" ("));
        put_time(n->at, now, out);
        buf_put_byte(out, ')');
    }
    if (d->tries > 0) buf_put(out, STR(" (may have been told before)"));
}

/* Ends at a character's end. */
static str cut_utf8(str s, ptrdiff_t most) {
    str head = str_head(s, most);
    while (head.n > 0 && head.n < s.n && (s.p[head.n] & 0xC0) == 0x80) head.n--;
    return head;
}

int message_text(const struct message *m, struct buf *out) {
    int n = 0;
    PRE(m->count >= 1 && m->count <= MESSAGE_NOTICES_MAX);
    put_name(m, out);
    for (; n < m->count; n++) {
        char block[NOTICE_TEXT_BYTES + 160];
        struct buf line;
        buf_init_fixed(&line, block, sizeof block);
        put_line(&m->v[n], m->now, &line);
        if (n > 0 && out->len + 1 + line.len > MESSAGE_TEXT_BYTES) break;
        if (n > 0) buf_put_byte(out, '\n');
        buf_put(out, cut_utf8(buf_str(&line), MESSAGE_TEXT_BYTES));
    }
    if (m->left_out > 0)
        buf_printf(out, "\n%" PRId64 " more were left out: bullfinch notify list", m->left_out);
    return n;
}

void message_subject(const struct message *m, struct buf *out) {
    put_name(m, out);
    put_line(&m->v[0], m->v[0].notice.at, out);
    if (m->count > 1) buf_printf(out, " (and %d more)", m->count - 1);
}

bool message_is_urgent(const struct message *m) {
    for (int i = 0; i < m->count; i++)
        if (m->v[i].urgent) return true;
    return false;
}

/* --- chats ---------------------------------------------------------------------------------- */

void message_telegram(str chat, str text, struct buf *out) {
    buf_put(out, STR("{\"chat_id\":"));
    buf_put_json_str(out, chat);
    buf_put(out, STR(",\"text\":"));
    buf_put_json_str(out, text);
    buf_put(out, STR(",\"link_preview_options\":{\"is_disabled\":true}}"));
}

/* Marks of Markdown get a backslash. */
static void put_discord(str text, struct buf *out) {
    for (ptrdiff_t i = 0; i < text.n; i++) {
        if (strchr("\\*_~`|>#[]()<@", text.p[i]) != NULL && text.p[i] != '\0')
            buf_put_byte(out, '\\');
        buf_put_byte(out, text.p[i]);
    }
}

void message_discord(str text, struct buf *out) {
    char block[2 * MESSAGE_TEXT_BYTES + 256];
    struct buf escaped;
    buf_init_fixed(&escaped, block, sizeof block);
    put_discord(text, &escaped);
    buf_put(out, STR("{\"content\":"));
    buf_put_json_str(out, buf_str(&escaped));
    /* nobody is called by name; links show no preview (flag 4) */
    buf_put(out, STR(",\"allowed_mentions\":{\"parse\":[]},\"flags\":4}"));
}

static void put_slack(str text, struct buf *out) {
    for (ptrdiff_t i = 0; i < text.n; i++) {
        const char c = text.p[i];
        if (c == '&')
            buf_put(out, STR("&amp;"));
        else if (c == '<')
            buf_put(out, STR("&lt;"));
        else if (c == '>')
            buf_put(out, STR("&gt;"));
        else
            buf_put_byte(out, c);
    }
}

void message_slack(str text, struct buf *out) {
    char block[5 * MESSAGE_TEXT_BYTES + 640];
    struct buf escaped;
    buf_init_fixed(&escaped, block, sizeof block);
    put_slack(text, &escaped);
    buf_put(out, STR("{\"text\":"));
    buf_put_json_str(out, buf_str(&escaped));
    buf_put(out, STR(",\"mrkdwn\":false,\"unfurl_links\":false,\"unfurl_media\":false}"));
}

/* --- webhook -------------------------------------------------------------------------------- */

static void put_member(struct buf *b, const char *name, str text) {
    buf_printf(b, ",\"%s\":", name);
    buf_put_json_str(b, text);
}

static void put_notice(const struct delivery *d, struct buf *out) {
    char at[TIME_TEXT_BYTES], block[NOTICE_TEXT_BYTES + 64];
    struct buf text;
    const struct notice *const n = &d->notice;
    buf_init_fixed(&text, block, sizeof block);
    message_clean(str_from_z(n->text), &text);
    buf_printf(out, "{\"id\":\"%" PRId64 "\"", n->id);
    put_member(out, "at", time_format_rfc3339(n->at, at));
    put_member(out, "event", str_from_z(notice_name(n->kind)));
    put_member(out, "what", str_from_z(n->what));
    put_member(out, "text", buf_str(&text));
    buf_printf(out, ",\"urgent\":%s,\"again\":%s}", d->urgent ? "true" : "false",
               d->tries > 0 ? "true" : "false");
}

void message_webhook(const struct message *m, int count, str text, struct buf *out) {
    buf_put(out, STR("{\"name\":"));
    buf_put_json_str(out, m->name);
    put_member(out, "text", text);
    buf_put(out, STR(",\"notices\":["));
    for (int i = 0; i < count; i++) {
        if (i > 0) buf_put_byte(out, ',');
        put_notice(&m->v[i], out);
    }
    buf_put(out, STR("]}"));
}

str message_sign(str secret, int64_t timestamp, str body, char block[MESSAGE_SIGNATURE_BYTES]) {
    uint8_t mac[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    struct buf b;
    buf_init(&b, body.n + 64);
    buf_printf(&b, "%" PRId64 ".", timestamp);
    buf_put(&b, body);
    hmac_sha256(secret, buf_str(&b), mac);
    buf_fini(&b);
    buf_init_fixed(&b, block, MESSAGE_SIGNATURE_BYTES);
    buf_printf(&b, "v1=" STR_FMT, STR_ARG(hex_format(mac, SHA256_BYTES, hex)));
    return buf_str(&b);
}

/* --- mail ----------------------------------------------------------------------------------- */

static void put_base64(str s, struct buf *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (ptrdiff_t i = 0; i < s.n; i += 3) {
        const unsigned char *const p = (const unsigned char *)s.p + i;
        const ptrdiff_t left = s.n - i;
        const uint32_t v = (uint32_t)p[0] << 16 | (left > 1 ? (uint32_t)p[1] << 8 : 0) |
                           (left > 2 ? (uint32_t)p[2] : 0);
        buf_put_byte(out, digits[v >> 18]);
        buf_put_byte(out, digits[v >> 12 & 63]);
        buf_put_byte(out, left > 1 ? digits[v >> 6 & 63] : '=');
        buf_put_byte(out, left > 2 ? digits[v & 63] : '=');
    }
}

/* RFC 2047: words of at most 75 characters, each of whole characters. */
static void put_subject(str s, struct buf *out) {
    while (s.n > 0) {
        const str head = cut_utf8(s, 42);
        buf_put(out, STR("=?UTF-8?B?"));
        put_base64(head, out);
        buf_put(out, STR("?="));
        s = str_tail(s, head.n);
        if (s.n > 0) buf_put(out, STR("\r\n "));
    }
}

/* RFC 5322: "Mon, 30 Nov 2026 17:00:00 +0000"; 1970 began on a Thursday. */
static void put_date(usec at, struct buf *out) {
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char block[TIME_TEXT_BYTES];
    const str t = time_format_rfc3339(at, block);
    int64_t month = 1;
    IGNORE(!str_to_i64((str){t.p + 5, 2}, &month), "it is one");
    buf_printf(out, "%s, " STR_FMT " %s " STR_FMT " " STR_FMT " +0000", days[time_utc_day(at) % 7],
               STR_ARG(((str){t.p + 8, 2})), months[month - 1], STR_ARG(str_head(t, 4)),
               STR_ARG(((str){t.p + 11, 8})));
}

void message_mail(const struct mail_head *head, usec now, str subject, str text, struct buf *out) {
    buf_put(out, STR("Date: "));
    put_date(now, out);
    buf_printf(out, "\r\nFrom: bullfinch <" STR_FMT ">\r\nTo: ", STR_ARG(head->from));
    for (int i = 0; i < head->to->count; i++)
        buf_printf(out, "%s<" STR_FMT ">", i > 0 ? ",\r\n " : "", STR_ARG(head->to->names[i]));
    buf_printf(out, "\r\nMessage-ID: <" STR_FMT "@" STR_FMT ">\r\nSubject: ", STR_ARG(head->id),
               STR_ARG(head->domain));
    put_subject(subject, out);
    buf_put(out, STR("\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: base64\r\n\r\n"));
    for (str rest = text; rest.n > 0; rest = str_tail(rest, 57)) {
        put_base64(str_head(rest, 57), out);
        buf_put(out, STR("\r\n"));
    }
}
