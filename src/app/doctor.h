/* doctor: what the files of `bullfinch doctor` share: findings, and what one check learns for
 * another. */
#ifndef BF_APP_DOCTOR_H
#define BF_APP_DOCTOR_H

#include "app/app.h"
#include "flow/symbol.h"
#include "store/store.h"

#define DOCTOR_FINDINGS_MAX 128

typedef enum grade { GRADE_OK, GRADE_WARN, GRADE_BAD } grade;

struct finding {
    grade grade;
    const char *what; /* static */
    char text[560];
};

struct doctor {
    struct app *app;
    struct finding v[DOCTOR_FINDINGS_MAX];
    int count;
    struct symbols symbols;
    price *last; /* by symbol, 0: no price */
    bool has_symbols, has_prices, has_equity;
    bool refused; /* something is against a safety rule: it ends with that status */
    money equity;
};

void doctor_find(struct doctor *d, grade g, const char *what, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* doctor_server.c: the server that keeps the store, where it is no file. */
void doctor_look_at_server(struct doctor *d, struct store *s);
/* doctor_venue.c: hosts, keys, clock, symbols, account, limits and user data of a venue that orders
 * really go to. */
void doctor_look_at_venue(struct doctor *d);
/* doctor_venue.c: prices as they are made. */
void doctor_look_at_stream(struct doctor *d);
/* doctor_model.c: the model that reads posts: its file, its labels, its memory. */
void doctor_look_at_model(struct doctor *d);
/* doctor_queue.c: the Redis that processes share, and what waits there. */
void doctor_look_at_queue(struct doctor *d);
/* doctor_hardening.c: users, files, walls and doors. */
void doctor_look_at_hardening(struct doctor *d);
/* doctor_notify.c: who would be told if something happened. */
void doctor_look_at_notify(struct doctor *d);
/* doctor_sources.c: files, tokens, connections and budgets of where posts come from. */
void doctor_look_at_sources(struct doctor *d);

#endif
