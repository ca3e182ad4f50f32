/* The books of a stage: a real store (SQLite, in memory) that gets each turn's actions, and is
 * checked at the end of the story as `bullfinch db check` does it. */
#ifndef BF_TESTS_LIB_STAGE_BOOKS_H
#define BF_TESTS_LIB_STAGE_BOOKS_H

#include "flow/trader.h"

struct books;

struct books *books_open(void);
void books_close(struct books *b); /* NULL is fine */

void books_turn(struct books *b, const struct actions *acts);
/* What a person does to the store by himself. */
void books_control(struct books *b, const struct control *c);
void books_forget_author(struct books *b, const char *key);

/* The check's findings, one a line; "": the store is sound. Until books_close. */
const char *books_check(struct books *b);

#endif
