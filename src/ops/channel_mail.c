/* Mail: a message as a mail of its own, by SMTP.
 *
 * The Message-ID is the message's own, so that a mail that is sent again is known as the same by
 * whoever gets it. */
#include <inttypes.h>

#include "net/smtp.h"
#include "ops/channel_int.h"

struct mail {
    struct channel base;
    struct mail_options opt;
    struct secret password;
    char url[SMTP_URL_BYTES];
    bool loopback;
    const char *from;
    const char **to;
    struct buf text;
};

static void mail_send(struct channel *c, const struct message *m, str id, struct sent *ret) {
    struct mail *const v = (struct mail *)c;
    char text_block[MESSAGE_TEXT_BYTES + 128], subject_block[NOTICE_TEXT_BYTES + 192];
    struct buf text, subject;
    struct smtp_answer a;
    buf_init_fixed(&text, text_block, sizeof text_block);
    buf_init_fixed(&subject, subject_block, sizeof subject_block);
    IGNORE(message_text(m, &text) < 1, "who sends has counted them, too");
    message_subject(m, &subject);
    const struct mail_head head = {.from = v->opt.from,
                                   .id = id,
                                   .domain =
                                       str_tail(v->opt.from, str_find_byte(v->opt.from, '@') + 1),
                                   .to = v->opt.to};
    buf_clear(&v->text);
    message_mail(&head, m->now, buf_str(&subject), buf_str(&text), &v->text);
    POST(!buf_full(&v->text));
    const struct smtp_mail mail = {.url = v->url,
                                   .loopback = v->loopback,
                                   .user = v->opt.user,
                                   .password = &v->password,
                                   .from = v->from,
                                   .to = v->to,
                                   .to_count = v->opt.to->count,
                                   .text = buf_str(&v->text),
                                   .timeout = CHANNEL_TIMEOUT,
                                   .go_on = c->go_on,
                                   .go_on_ctx = c->go_on_ctx};
    smtp_send(&mail, &a);
    static const sent_end ends[] = {[SMTP_SENT] = SENT_DONE,
                                    [SMTP_LATER] = SENT_LATER,
                                    [SMTP_REFUSED] = SENT_REFUSED,
                                    [SMTP_BAD] = SENT_BAD};
    if (a.end != SMTP_SENT && a.code > 0)
        sent_say(ret, ends[a.end], 0, "answered %d: %s", a.code, a.why);
    else
        sent_say(ret, ends[a.end], 0, "%s", a.why);
    ret->maybe = a.maybe;
}

static void mail_close(struct channel *c) {
    struct mail *const v = (struct mail *)c;
    secret_wipe(&v->password);
    buf_fini(&v->text);
}

static const struct channel_ops mail_ops = {CHANNEL_MAIL, mail_send, mail_close};

bool mail_open(struct arena *boot, const struct mail_options *opt, struct secret *password,
               struct channel **ret, struct error *err) {
    struct mail *const v = NEW(boot, struct mail);
    v->base.ops = &mail_ops;
    v->opt = *opt;
    v->password = *password;
    *password = (struct secret){0};
    v->from = str_dupz(boot, opt->from);
    v->to = NEW_ARRAY(boot, const char *, opt->to->count);
    for (int i = 0; i < opt->to->count; i++) v->to[i] = str_dupz(boot, opt->to->names[i]);
    buf_init(&v->text, CHANNEL_BODY_BYTES);
    if (!smtp_url(opt->url, v->url, &v->loopback, err)) {
        mail_close(&v->base);
        return fail_in(err, "mail.url");
    }
    *ret = &v->base;
    return true;
}
