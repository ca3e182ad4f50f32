/* smtp: see the header.
 *
 * In: a mail as text. Out: whether the server took it, and if not, whether trying again is of use,
 * by the first digit of its answer: 4 is for now, 5 for good. libcurl doubles the dots at lines'
 * beginnings itself. Failure: said in the answer. Thread: any. */
#include "net/smtp.h"

#include <sys/socket.h>

#include "net/hosts.h"
#include "net/http_curl_int.h"

#define CONNECT_MAX_MS 10000L
#define PORT_TLS 465
#define PORT_PLAIN 587
#define USER_BYTES 256

/* As https: the same rules hold for the host. */
static bool as_https(str url, bool *ret_tls, char ret[SMTP_URL_BYTES], struct error *err) {
    const str tls = STR("smtps://"), plain = STR("smtp://");
    struct buf b;
    *ret_tls = str_starts(url, tls);
    if (!*ret_tls && !str_starts(url, plain))
        return fail(err, ERR_CONFIG, 0, "it is neither smtps://HOST[:PORT] nor smtp://HOST[:PORT]");
    buf_init_fixed(&b, ret, SMTP_URL_BYTES);
    buf_put(&b, STR("https://"));
    buf_put(&b, str_tail(url, *ret_tls ? tls.n : plain.n));
    return !buf_full(&b) || fail(err, ERR_CONFIG, 0, "it is too long");
}

bool smtp_url(str url, char ret[SMTP_URL_BYTES], bool *ret_loopback, struct error *err) {
    char https[SMTP_URL_BYTES];
    struct host_url u;
    struct buf b;
    bool tls;
    if (!as_https(url, &tls, https, err) ||
        !host_url_parse(str_from_z(https), HOST_NOTIFY, &u, err))
        return false;
    if (u.target.n > 0 && !str_eq(u.target, STR("/")))
        return fail(err, ERR_CONFIG, 0, "there is something behind the host and port");
    const bool no_port = u.port == 443 && str_find(url, STR(":443")) < 0;
    if (no_port) u.port = tls ? PORT_TLS : PORT_PLAIN;
    buf_init_fixed(&b, ret, SMTP_URL_BYTES);
    buf_printf(&b, u.ipv6 ? "%s://[%s]:%d" : "%s://%s:%d", tls ? "smtps" : "smtp", u.host, u.port);
    *ret_loopback = u.network == NETWORK_LOOPBACK;
    return !buf_full(&b) || fail(err, ERR_CONFIG, 0, "it is too long");
}

/* --- a mail ------------------------------------------------------------------------------- */

struct sending {
    const struct smtp_mail *mail;
    str rest;
    bool stopped;
};

static size_t on_read(char *dst, size_t size, size_t count, void *ctx) {
    struct sending *const s = ctx;
    const str part = str_head(s->rest, (ptrdiff_t)(size * count));
    if (part.n > 0) memcpy(dst, part.p, (size_t)part.n);
    s->rest = str_tail(s->rest, part.n);
    return (size_t)part.n;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    struct sending *const s = ctx;
    (void)a, (void)b, (void)c, (void)d;
    s->stopped = s->mail->go_on != NULL && !s->mail->go_on(s->mail->go_on_ctx);
    return s->stopped;
}

/* What "localhost" turns out to be is looked at when it is connected to. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a) {
    const struct sending *const s = ctx;
    (void)purpose;
    if (s->mail->loopback && !host_is_loopback(&a->addr)) return CURL_SOCKET_BAD;
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static bool set_up(CURL *c, struct sending *s, char *said, struct curl_slist *to) {
    const struct smtp_mail *const m = s->mail;
    const bool tls = str_starts(str_from_z(m->url), STR("smtps:"));
    CURLcode bad = CURLE_OK;
#define SET(option, value) bad = bad != CURLE_OK ? bad : curl.easy_setopt(c, option, value)
    SET(CURLOPT_URL, m->url);
    SET(CURLOPT_PROTOCOLS_STR, tls ? "smtps" : "smtp");
    SET(CURLOPT_USE_SSL, (long)(tls || !m->loopback ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_ERRORBUFFER, said);
    SET(CURLOPT_MAIL_FROM, m->from);
    SET(CURLOPT_MAIL_RCPT, to);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)m->text.n);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_READDATA, s);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
    SET(CURLOPT_OPENSOCKETDATA, s);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, s);
    SET(CURLOPT_TIMEOUT_MS, (long)(m->timeout / USEC_PER_MS));
    SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MAX_MS);
#undef SET
    return bad == CURLE_OK;
}

/* libcurl copies both. */
static bool log_in(CURL *c, const struct smtp_mail *m) {
    char user[USER_BYTES], password[SECRET_BYTES_MAX + 1];
    if (m->user.n == 0) return true;
    const bool fits = str_copyz(m->user, user, sizeof user) &&
                      str_copyz(secret_str(m->password), password, sizeof password);
    const bool ok = fits && curl.easy_setopt(c, CURLOPT_USERNAME, user) == CURLE_OK &&
                    curl.easy_setopt(c, CURLOPT_PASSWORD, password) == CURLE_OK;
    memory_wipe(password, sizeof password);
    return ok;
}

/* Of a mail's text the server may refuse; of all else who it is from, or to, or who we are. */
static smtp_end end_of(CURLcode code, int said) {
    if (code == CURLE_OK) return SMTP_SENT;
    if (code == CURLE_LOGIN_DENIED || code == CURLE_PEER_FAILED_VERIFICATION ||
        code == CURLE_USE_SSL_FAILED)
        return SMTP_REFUSED;
    if (said == 552 || said == 554) return SMTP_BAD;
    return said >= 500 && said < 600 ? SMTP_REFUSED : SMTP_LATER;
}

static void say(struct smtp_answer *ret, smtp_end end, const char *why) {
    ret->end = end;
    IGNORE(!str_copyz(str_from_z(why), ret->why, sizeof ret->why), "cut is fine");
}

static void perform(CURL *c, const struct smtp_mail *m, struct curl_slist *to,
                    struct smtp_answer *ret) {
    char said[CURL_ERROR_SIZE] = "";
    struct sending s = {.mail = m, .rest = m->text};
    long code = 0;
    if (!set_up(c, &s, said, to) || !log_in(c, m)) {
        say(ret, SMTP_REFUSED, "this libcurl sends no mail (smtp is not part of it)");
        return;
    }
    const CURLcode rc = curl.easy_perform(c);
    IGNORE(curl.easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code) != CURLE_OK, "stays 0");
    ret->code = (int)code;
    ret->maybe = rc != CURLE_OK && s.rest.n == 0 && code < 400;
    say(ret, end_of(rc, ret->code),
        rc == CURLE_OK    ? ""
        : s.stopped       ? "stopped"
        : said[0] != '\0' ? said
                          : curl.easy_strerror(rc));
}

void smtp_send(const struct smtp_mail *m, struct smtp_answer *ret) {
    struct error err;
    struct curl_slist *to = NULL;
    CURL *c = NULL;
    *ret = (struct smtp_answer){.end = SMTP_LATER};
    if (!http_curl_up(&err)) {
        say(ret, SMTP_REFUSED, err.msg);
        return;
    }
    bool ok = (c = curl.easy_init()) != NULL;
    for (int i = 0; ok && i < m->to_count; i++) {
        struct curl_slist *const more = curl.slist_append(to, m->to[i]); /* copies */
        ok = more != NULL;
        if (ok) to = more;
    }
    if (ok)
        perform(c, m, to, ret);
    else
        say(ret, SMTP_LATER, "no memory for a mail");
    curl.easy_cleanup(c); /* NULL is fine */
    curl.slist_free_all(to);
}
