/* Rows on their own: can a trader start from them, and do those that speak of posts, authors and
 * signals speak of the same ones?
 *
 * The schema's own rules are looked at with the file's structure. Here stands what it cannot say
 * (names and blobs that only this program reads, ties without a foreign key), and once more what a
 * start would trip over, such as a record with more hits than outcomes. In, out, failure: as
 * check.c. */
#include "store/check_int.h"

#include <inttypes.h>

#include "store/columns.h"

/* -- can they be read? ----------------------------------------------------------------------- */

typedef bool (*row_check)(struct query *q, struct error *err);

#define READS(name, type)                                                                          \
    static bool reads_##name(struct query *q, struct error *err) {                                 \
        struct type v;                                                                             \
        return row_get_##name(q, &v, err);                                                         \
    }
READS(signal, signal)
READS(trade, trade)
READS(order, order)
READS(author, author)
READS(record, author_record)
READS(forecast, forecast)
READS(memory, post_memory)
#undef READS

struct table {
    const char *what;
    struct sql sql; /* what names a row, then its columns */
    row_check reads;
};

#define TABLE(says, table, COLUMNS, key, name)                                                     \
    {                                                                                              \
        .what = says,                                                                              \
        .sql = {"SELECT " key ", " SQL_COLUMNS(COLUMNS) " FROM " table " ORDER BY 1",              \
                .large = true},                                                                    \
        .reads = reads_##name                                                                      \
    }

static bool read_table(struct check *c, const struct table *t, struct error *err) {
    struct query q;
    struct error why;
    char key[AUTHOR_BYTES];
    bool row;
    if (!query_open(c->s, &t->sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        col_z(&q, key, sizeof key);
        if (!t->reads(&q, &why)) {
            check_finding(c, "%s %s: its row cannot be read, so no trader starts from it", t->what,
                          key);
        }
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

bool check_readable(struct check *c, struct error *err) {
    static const struct table tables[] = {
        TABLE("signal", "signals", SIGNAL, "id", signal),
        TABLE("trade", "trades", TRADE, "id", trade),
        TABLE("order", "orders", ORDER, "id", order),
        TABLE("the habits of author", "authors", AUTHOR, "key", author),
        TABLE("the record of", "author_records", RECORD, "key", record),
        TABLE("the forecast of signal", "forecasts", FORECAST, "id", forecast),
        TABLE("the memory of post", "post_memory", MEMORY, "tweet_id", memory)};
    for (int i = 0; i < COUNT_OF(tables); i++) {
        if (!read_table(c, &tables[i], err)) return false;
    }
    return true;
}

/* -- ties ------------------------------------------------------------------------------------ */

/* Rows of (what names it, what is wrong): one finding each, "WHAT NAME WRONG". */
static bool find_rows(struct check *c, const char *what, const struct sql *sql, struct error *err) {
    struct query q;
    char name[AUTHOR_BYTES];
    bool row;
    if (!query_open(c->s, sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        col_z(&q, name, sizeof name);
        const str wrong = col_str(&q);
        check_finding(c, "%s %s " STR_FMT, what, name, STR_ARG(wrong));
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

bool check_deletions(struct check *c, struct error *err) {
    /* unless the word of it named another author */
#define TOLD(position)                                                                             \
    "SELECT t.id, CASE WHEN t.text <> '' THEN 'was deleted and still has its text' "               \
    "WHEN t.author <> '' THEN 'was deleted and still has its author''s name' "                     \
    "ELSE 'was deleted, and its row does not say so' END "                                         \
    "FROM deletions d JOIN tweets t ON t.id = d.tweet_id "                                         \
    "WHERE (t.text <> '' OR t.author <> '' OR t.deleted_at IS NULL) AND "                          \
    "(d.author = '' OR t.author_id = '' OR " position "(d.author, ':@') > 0 OR "                   \
    "substr(t.source || ':' || t.author_id, 1, 63) = d.author) ORDER BY t.id"
    static const struct sql told = {TOLD("instr"), TOLD("strpos")};
#undef TOLD
    /* a version of its chain, or a retweet: the post itself was found above */
    static const struct sql others = {
        "SELECT id, 'was deleted and still has its text' FROM tweets WHERE deleted_at IS NOT NULL "
        "AND text <> '' AND id NOT IN (SELECT tweet_id FROM deletions) ORDER BY id"};
    /* by its own id, by its chain's, by that of what it repeats */
    static const struct sql untold = {
        "SELECT id, 'says that it was deleted, and there is no word of that' FROM tweets "
        "WHERE deleted_at IS NOT NULL AND id NOT IN (SELECT tweet_id FROM deletions) "
        "AND NOT (root_id IN (SELECT tweet_id FROM deletions UNION SELECT root_id FROM deletions "
        "UNION SELECT t.root_id FROM deletions d JOIN tweets t ON t.id = d.tweet_id)) "
        "AND NOT (ref_id IS NOT NULL AND ref_id IN (SELECT tweet_id FROM deletions UNION "
        "SELECT root_id FROM deletions UNION SELECT t.root_id FROM deletions d JOIN tweets t "
        "ON t.id = d.tweet_id)) ORDER BY id"};
    return find_rows(c, "post", &told, err) && find_rows(c, "post", &others, err) &&
           find_rows(c, "post", &untold, err);
}

bool check_authors(struct check *c, struct error *err) {
    static const struct sql records = {
        "SELECT key, 'is of an author that is not there' FROM author_records "
        "WHERE key NOT IN (SELECT key FROM authors) ORDER BY key"};
    static const struct sql forecasts = {
        "SELECT f.id, CASE WHEN s.id IS NULL THEN 'is of one that is not there' "
        "ELSE 'has another author, pair or side' END FROM forecasts f "
        "LEFT JOIN signals s ON s.id = f.id WHERE s.id IS NULL OR s.author <> f.author OR "
        "s.symbol <> f.symbol OR s.side <> f.side ORDER BY f.id"};
    return find_rows(c, "the record of", &records, err) &&
           find_rows(c, "the forecast of signal", &forecasts, err);
}
