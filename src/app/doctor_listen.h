/* doctor_listen: does something come over a WebSocket? One connection, opened to find out. */
#ifndef BF_APP_DOCTOR_LISTEN_H
#define BF_APP_DOCTOR_LISTEN_H

#include "app/doctor.h"
#include "net/ws.h"

#define DOCTOR_WHY_BYTES 160

/* Called on the connection's own thread. */
struct doctor_ear {
    void *ctx;
    void (*opened)(void *ctx, struct ws *w); /* NULL: nothing is said */
    /* Is it what is waited for? Else `why` says what is wrong with it. NULL: whatever comes is. */
    bool (*message)(void *ctx, str text, char why[DOCTOR_WHY_BYTES]);
};

/* Waits for the first message, at most `patience`. False: ret_why says for people why not (`late`
 * where nothing came). *ret_took: how long it took, either way. */
MUST_CHECK bool doctor_listen(struct doctor *d, const struct ws_target *t,
                              const struct doctor_ear *ear, usec patience, const char *late,
                              usec *ret_took, char ret_why[DOCTOR_WHY_BYTES]);

#endif
