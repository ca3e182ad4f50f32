/* smtp: one mail to one server, over libcurl.
 *
 * Each call is a connection of its own: mails are rare, and a connection that was kept would be
 * gone. The conversation is encrypted before anything is said (smtps://, or STARTTLS, without which
 * nothing is sent), certificates are verified; without encryption it goes to this machine only. */
#ifndef BF_NET_SMTP_H
#define BF_NET_SMTP_H

#include "base/error.h"
#include "base/secret.h"
#include "base/time.h"

#define SMTP_URL_BYTES 320

/* "smtps://host[:465]", "smtp://host[:587]" -> the same with its port. Errors: ERR_REFUSED, as
 * host_url_parse says it: plain text to another machine, odd characters; ERR_CONFIG it is neither.
 */
MUST_CHECK bool smtp_url(str url, char ret[SMTP_URL_BYTES], bool *ret_loopback, struct error *err);

/* All borrowed during the call. */
struct smtp_mail {
    const char *url; /* as smtp_url made it */
    bool loopback;
    str user; /* "": no login */
    const struct secret *password;
    const char *from;      /* "bot@example.com" */
    const char *const *to; /* to_count of them */
    int to_count;
    str text; /* headers, an empty line, body; lines end in CR LF */
    usec timeout;
    bool (*go_on)(void *ctx); /* asked about once a second; false ends it. NULL: nobody is */
    void *go_on_ctx;
};

typedef enum smtp_end {
    SMTP_SENT,    /* the server took it */
    SMTP_LATER,   /* not now, or nobody knows; the same later */
    SMTP_REFUSED, /* not from us, not to them: somebody has to mend it */
    SMTP_BAD      /* not this mail */
} smtp_end;

struct smtp_answer {
    smtp_end end;
    bool maybe; /* where not SENT: it was handed over whole, and no answer came */
    int code;   /* the server's last, 0: none */
    char why[160];
};

void smtp_send(const struct smtp_mail *m, struct smtp_answer *ret);

#endif
