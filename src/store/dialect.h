/* dialect: the words in which the two databases differ, for statements that stand once.
 *
 * A statement is a macro of D, which is SQLITE or PG, and is written for both at once:
 *
 *     #define NEWEST(D) "SELECT " D##_MAX "(a, b) FROM t"
 *     static const struct sql newest = IN_BOTH(NEWEST);
 *
 * Amounts and times are whole numbers in SQLite (1e-8, microseconds), and what they are called in
 * PostgreSQL: so what is reckoned with them differs most. */
#ifndef BF_STORE_DIALECT_H
#define BF_STORE_DIALECT_H

#define IN_BOTH(TEXT)                                                                              \
    { TEXT(SQLITE), TEXT(PG) }

/* The larger and the smaller of several values. PostgreSQL's pass over NULL, SQLite's do not. */
#define SQLITE_MAX "max"
#define PG_MAX "greatest"
#define SQLITE_MIN "min"
#define PG_MIN "least"

#define SQLITE_FALSE "0"
#define PG_FALSE "FALSE"

/* Where a text begins within another, from 1; 0: nowhere. */
#define SQLITE_POSITION "instr"
#define PG_POSITION "strpos"

/* --- texts: the case of ASCII letters does not count --------------------------------------------
 */
#define SQLITE_LIKE "LIKE"
#define PG_LIKE "ILIKE"
#define SQLITE_SAME_NAME(column, value) column " = " value " COLLATE NOCASE"
#define PG_SAME_NAME(column, value) "lower(" column ") = lower(" value ")"
#define SQLITE_JSON_TEXT(column) column
#define PG_JSON_TEXT(column) "CAST(" column " AS TEXT)"

/* --- times; us: a number of microseconds ---------------------------------------------------------
 */
#define SQLITE_TIME(value) value /* a parameter that is one */
#define PG_TIME(value) "CAST(" value " AS TIMESTAMPTZ)"
#define SQLITE_EPOCH "0"
#define PG_EPOCH "to_timestamp(0)"
#define SQLITE_NEVER "9223372036854775807"
#define PG_NEVER "'infinity'"
#define SQLITE_AFTER(time, us) time " + " us
#define PG_AFTER(time, us) time " + CAST(" us " AS BIGINT) * interval '1 microsecond'"
#define SQLITE_BEFORE(time, us) time " - " us
#define PG_BEFORE(time, us) time " - CAST(" us " AS BIGINT) * interval '1 microsecond'"
/* From one to another, in microseconds; neither is "never". */
#define SQLITE_SPAN(from, to) "(" to " - " from ")"
#define PG_SPAN(from, to) "CAST(round(extract(epoch FROM (" to " - " from ")) * 1000000) AS BIGINT)"
/* The UTC day's beginning, and its number. */
#define SQLITE_DAY(time) time " / 86400000000 * 86400000000"
#define PG_DAY(time) "date_trunc('day', " time ", 'UTC')"
#define SQLITE_DAY_NUMBER(time) time " / 86400000000"
#define PG_DAY_NUMBER(time) "CAST(floor(extract(epoch FROM " time ") / 86400) AS BIGINT)"
/* As text: 2026-11-30, 2026-11-30 12:00:00 */
#define SQLITE_DATE(time) "date(" time " / 1000000, 'unixepoch')"
#define PG_DATE(time) "to_char(" time " AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
#define SQLITE_MINUTE_TEXT(time) "strftime('%Y-%m-%d %H:%M:%S', " time " / 1000000, 'unixepoch')"
#define PG_MINUTE_TEXT(time) "to_char(" time " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
/* Where a statement is not given the time: the wall clock's. */
#define SQLITE_WALL_NOW "CAST(strftime('%s', 'now') AS INTEGER) * 1000000"
#define PG_WALL_NOW "clock_timestamp()"

/* --- amounts -------------------------------------------------------------------------------------
 */
/* Seconds of so many microseconds, as an amount. */
#define SQLITE_SECONDS(us) us " * 100"
#define PG_SECONDS(us) "round(" us " / 1000000.0, 8)"
/* price x quantity, rounded; doubles hold it to the last digit that is shown */
#define SQLITE_WORTH(quantity, price)                                                              \
    "CAST(round(" quantity " * 1.0 * " price " / 100000000) AS INTEGER)"
#define PG_WORTH(quantity, price) "round(" quantity " * " price ", 8)"
/* A quotient, cut to the last digit that is kept */
#define SQLITE_SHARE(sum, by) "CAST(" sum " / " by " AS INTEGER)"
#define PG_SHARE(sum, by) "trunc(" sum " / " by ", 8)"

#endif
