/* What the files of the check share: check.c (the books), check_rows.c (rows on their own, deleted
 * posts, authors), check_sources.c (live sources). */
#ifndef BF_STORE_CHECK_INT_H
#define BF_STORE_CHECK_INT_H

#include "store/store_int.h"

struct check {
    struct store *s;
    struct buf *report;
    int64_t findings;
    money cash, pnl, fees; /* of all fills and trades */
    bool sums_fit;
};

/* One line of the report. */
void check_finding(struct check *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* --- check_rows.c: false when something could not be read at all ----------------------------- */
/* Each row that a trader starts from can be understood. */
MUST_CHECK bool check_readable(struct check *c, struct error *err);
/* Of a deleted post no text is left, and what says that it was deleted agrees. */
MUST_CHECK bool check_deletions(struct check *c, struct error *err);
/* Records are of known authors, opinions that are followed of known signals. */
MUST_CHECK bool check_authors(struct check *c, struct error *err);

/* --- check_sources.c: the same --------------------------------------------------------------- */
/* What live sources left can be read, and the sums of what was billed cover what is kept of it. */
MUST_CHECK bool check_sources(struct check *c, struct error *err);

#endif
