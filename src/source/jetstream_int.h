/* What the files of jetstream share: who is followed, and what was passed on lately. */
#ifndef BF_SOURCE_JETSTREAM_INT_H
#define BF_SOURCE_JETSTREAM_INT_H

#include "source/jetstream.h"

#define JETSTREAM_COLLECTION "app.bsky.feed.post"
#define JETSTREAM_NETWORK "bsky"
#define JETSTREAM_AUTHORS_MAX 10000 /* of one connection, by the server's rule */

/* --- people (jetstream_people.c) ------------------------------------------------------------- */

struct jetstream_people;
/* Takes authors, known and resolver of the options. Errors: ERR_CONFIG an author that is neither a
 * name nor a DID, too many, a name without a resolver. */
MUST_CHECK bool jetstream_people_open(struct arena *boot, const struct jetstream_options *opt,
                                      struct jetstream_people **ret, struct error *err);
bool jetstream_people_everybody(const struct jetstream_people *p); /* nobody is named */
int jetstream_people_count(const struct jetstream_people *p);      /* DIDs that are followed */
/* Has every name been asked for, or could one not be asked for? Then the known ones may begin. */
bool jetstream_people_ready(const struct jetstream_people *p);
int jetstream_people_nobody(const struct jetstream_people *p);  /* names that are nobody's */
int jetstream_people_waiting(const struct jetstream_people *p); /* names that are to be asked for */
/* When the next name is to be asked for; USEC_NEVER. */
usec jetstream_people_due(const struct jetstream_people *p);
/* The name to ask for now, when one is due; then one answer is told. Borrowed until then. */
MUST_CHECK bool jetstream_people_ask(struct jetstream_people *p, usec now, str *ret_name);
/* Returns whether somebody more is followed now. */
bool jetstream_people_answered(struct jetstream_people *p, usec now, const struct http_answer *a,
                               struct rng *rng);
/* What came of the last answer, once. */
MUST_CHECK bool jetstream_people_item(struct jetstream_people *p, struct handle *ret);
str jetstream_people_last(const struct jetstream_people *p); /* whom the last answer was about */
const char *jetstream_people_a_nobody(const struct jetstream_people *p); /* "": there is none */
const char *jetstream_people_why(const struct jetstream_people *p); /* the last failure; "" none */
/* "" unknown. Borrowed for ever. */
str jetstream_people_name(const struct jetstream_people *p, str did);
bool jetstream_people_follows(const struct jetstream_people *p, str did);
/* Each DID that is followed, once; *at begins at 0. False: no more. */
MUST_CHECK bool jetstream_people_next(const struct jetstream_people *p, int *at, str *ret);

/* --- what was passed on lately (jetstream_recent.c) ------------------------------------------ */

#define JETSTREAM_RECENT_MAX (1 << 17) /* 5 s of 26,000 a second */
#define JETSTREAM_RECENT_TOLD 400      /* as many at most go into the state */

struct jetstream_recent;
struct jetstream_recent *jetstream_recent_new(struct arena *boot);
bool jetstream_recent_has(const struct jetstream_recent *r, int64_t key);
/* PRE: it does not have it; key is not 0. When it is full the oldest goes. */
void jetstream_recent_add(struct jetstream_recent *r, usec time, int64_t key);
/* Forgets the first ones that are older, up to one that is not. */
void jetstream_recent_forget(struct jetstream_recent *r, usec before);
/* All keys as text without blanks, or nothing where there are more than JETSTREAM_RECENT_TOLD. */
int jetstream_recent_told(const struct jetstream_recent *r); /* its bytes */
void jetstream_recent_put(const struct jetstream_recent *r, struct buf *out);
/* The same text back, all as of `time`. False: it is damaged. */
MUST_CHECK bool jetstream_recent_take(struct jetstream_recent *r, usec time, str text);

#endif
