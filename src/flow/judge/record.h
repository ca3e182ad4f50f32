/* record: what came of an author's opinions, and what that is worth. docs/author-record.md */
#ifndef BF_FLOW_JUDGE_RECORD_H
#define BF_FLOW_JUDGE_RECORD_H

#include "base/arena.h"
#include "flow/event.h"

#define RECORDS_MAX 2048
#define RECORD_WINDOW 200           /* outcomes in `recent`, before both counts are halved */
#define RECORD_MEAN_OVER 50         /* the mean return forgets over so many */
#define RECORD_DOUBT 20             /* outcomes of a coin, thrown in before his own are looked at */
#define RECORD_RETURN_MAX (E8 / 10) /* one outcome counts for 10 % at most */
#define RECORD_LEAST_BP 5000        /* the factor's range */
#define RECORD_MOST_BP 12500

struct records {
    struct author_record *v; /* unordered; found through slots */
    int count;
    int32_t *slots; /* open addressing, index + 1, 0 empty */
};

void records_init(struct records *r, struct arena *boot);
void records_put(struct records *r, const struct author_record *a);   /* from the store */
struct author_record *records_find(const struct records *r, str key); /* NULL if there is none */

void records_remove(struct records *r, str key); /* none is fine */

/* His record, made if there is none. When there is no room, the one that says least goes, and its
 * key is written to *ret_forgotten (else it is left empty): its row has to go too. */
struct author_record *records_of(struct records *r, const char key[AUTHOR_BYTES],
                                 char ret_forgotten[AUTHOR_BYTES]);

/* One more outcome: the return of following him, 1e-8, signed. */
void record_count(struct author_record *a, int64_t ret);

/* The factor, basis points; one without a record (a may be NULL). How much of it counts is for the
 * judge to say. */
int32_t record_factor(const struct author_record *a);

#endif
