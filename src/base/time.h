/* Time: int64 microseconds since 1970-01-01 UTC (`usec`), and where "now" comes from.
 *
 * What decides gets `now` as a parameter. A struct clock is held only at the edges (src/run,
 * src/app): wall, or virtual, which stands still until it is moved and never goes back. */
#ifndef BF_BASE_TIME_H
#define BF_BASE_TIME_H

#include "base/base.h"
#include "base/str.h"

typedef int64_t usec;
#define USEC_NEVER INT64_MAX
#define USEC_PER_MS INT64_C(1000)
#define USEC_PER_S INT64_C(1000000)
#define USEC_PER_MIN (60 * USEC_PER_S)
#define USEC_PER_HOUR (3600 * USEC_PER_S)
#define USEC_PER_DAY (86400 * USEC_PER_S)

struct clock {
    bool is_virtual;
    usec at; /* virtual only */
};

void clock_init_wall(struct clock *c);
void clock_init_virtual(struct clock *c, usec at);
usec clock_now(const struct clock *c);
void clock_advance(struct clock *c, usec to); /* PRE: virtual; earlier than now: stays */

usec time_wall_us(void);      /* wall clock; edges only */
usec time_monotonic_us(void); /* never jumps; edges only */
int64_t time_monotonic_ns(void);

/* A wall clock by which spans are measured: where the wall's was set back, it goes on at half speed
 * until that has caught up. Where it was set forward it follows, and *ret_jump says by how much (0:
 * it was not). Begins at zero, or with `at` where it must not be before. */
struct steady {
    usec at, mono; /* at the last reading; mono 0: none yet */
};
usec steady_now(struct steady *s, usec wall, usec mono, usec *ret_jump);

/* RFC 3339: "2021-05-19T12:34:56Z", ".5"...".123456" fractions (up to 9 digits are taken, what is
 * finer than a microsecond is cut), "Z" or "+hh:mm"; also a blank instead of T. False on anything
 * else (month 13, 30 February, year < 1970 or > 9999 ...). */
MUST_CHECK bool time_parse_rfc3339(str s, usec *ret);
#define TIME_TEXT_BYTES 32
str time_format_rfc3339(usec t, char block[TIME_TEXT_BYTES]); /* always 6 decimals and Z */
int64_t time_utc_day(usec t);                                 /* days since 1970-01-01, floor */
/* The calendar month (UTC) that `t` lies in: its first moment, and that of the next. */
void time_utc_month(usec t, usec *ret_begin, usec *ret_end);

/* Snowflake: (id >> 22) + 1288834974657 ms. Ids under 29,700,000,000 are older than the scheme:
 * returns false for them and for ids <= 0. */
MUST_CHECK bool time_from_snowflake(int64_t id, usec *ret);

#endif
