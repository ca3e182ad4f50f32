/* message: what a person reads, and the bytes that a channel wants of it.
 *
 * The text is plain, in lines, and short enough for every channel (MESSAGE_TEXT_BYTES, where
 * Discord takes 2000 characters and Telegram 4096); what a channel would read as a command of its
 * own is escaped for it. No message holds what looks like a key or a token: message_clean sees to
 * that, whoever wrote the words. Pure. */
#ifndef BF_OPS_MESSAGE_H
#define BF_OPS_MESSAGE_H

#include "base/buf.h"
#include "config/config.h"
#include "store/notices.h"

#define MESSAGE_TEXT_BYTES 900
#define MESSAGE_NOTICES_MAX 12

struct message {
    str name; /* of the installation, "" none */
    const struct delivery *v;
    int count;        /* 1 to MESSAGE_NOTICES_MAX */
    int64_t left_out; /* before these, because too many waited */
    usec now;
};

/* One line, without control characters; long runs of letters and digits become "[hidden]": so keys,
 * tokens, signatures look, and nothing that people read does. */
void message_clean(str text, struct buf *out);

/* The text, of as many of the notices as fit (one at least). Returns how many. */
int message_text(const struct message *m, struct buf *out);
/* "[prod] Protection: DOGEUSDT has no protection": one line, for a mail's subject. */
void message_subject(const struct message *m, struct buf *out);
bool message_is_urgent(const struct message *m);

/* --- bodies of requests ------------------------------------------------------------------- */
void message_telegram(str chat, str text, struct buf *out);
void message_discord(str text, struct buf *out);
void message_slack(str text, struct buf *out);
/* count: of the notices, as message_text said. */
void message_webhook(const struct message *m, int count, str text, struct buf *out);
/* Headers and body, lines ended by CR LF. id: unique to the message, of letters, digits, - and .
 */
struct mail_head {
    str from, id, domain;
    const struct config_list *to;
};
void message_mail(const struct mail_head *head, usec now, str subject, str text, struct buf *out);
/* "v1=HEX" of "TIMESTAMP.BODY". */
#define MESSAGE_SIGNATURE_BYTES 80
str message_sign(str secret, int64_t timestamp, str body, char block[MESSAGE_SIGNATURE_BYTES]);

#endif
