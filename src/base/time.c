/* Time: reading the clocks, and UTC dates to and from microseconds.
 *
 * The calendar is the proleptic Gregorian one without leap seconds (a ":60" is refused), counted in
 * days from a 1 March, which puts the leap day at the end of the year. Parsing refuses what it does
 * not know; formatting is total over int64. A virtual clock may be read on any thread while its
 * owner moves it (log lines do that), hence the relaxed atomics. No locale, no libc time zone. */
#include "base/time.h"

#include <time.h>

#define DAYS_PER_ERA 146097    /* 400 years */
#define DAYS_TO_1970_03 719468 /* from 0000-03-01 to 1970-01-01 */
#define TWITTER_EPOCH_MS INT64_C(1288834974657)
#define SNOWFLAKE_FIRST INT64_C(29700000000)

static usec read_clock(clockid_t id) {
    struct timespec ts;
    int rc = clock_gettime(id, &ts);
    POST(rc == 0);
    return (usec)ts.tv_sec * USEC_PER_S + ts.tv_nsec / 1000;
}

usec time_wall_us(void) { return read_clock(CLOCK_REALTIME); }

usec time_monotonic_us(void) { return read_clock(CLOCK_MONOTONIC); }

int64_t time_monotonic_ns(void) {
    struct timespec ts;
    int rc = clock_gettime(CLOCK_MONOTONIC, &ts);
    POST(rc == 0);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

usec steady_now(struct steady *s, usec wall, usec mono, usec *ret_jump) {
    const usec passed = s->mono == 0 || mono < s->mono ? 0 : mono - s->mono;
    const usec due = s->at + passed;
    *ret_jump = s->mono != 0 && wall > due ? wall - due : 0;
    if (wall >= s->at || s->mono == 0) {
        if (wall > s->at) s->at = wall;
        s->mono = mono;
    } else {
        s->at += passed / 2;
        s->mono += passed - passed % 2; /* an odd one counts the next time */
    }
    return s->at;
}

void clock_init_wall(struct clock *c) { *c = (struct clock){0}; }

void clock_init_virtual(struct clock *c, usec at) {
    *c = (struct clock){.is_virtual = true, .at = at};
}

usec clock_now(const struct clock *c) {
    return c->is_virtual ? __atomic_load_n(&c->at, __ATOMIC_RELAXED) : time_wall_us();
}

void clock_advance(struct clock *c, usec to) {
    PRE(c->is_virtual);
    if (to > c->at) __atomic_store_n(&c->at, to, __ATOMIC_RELAXED);
}

static int64_t div_floor(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int64_t days_from_date(int64_t year, int month, int day) {
    year -= month <= 2;
    int64_t era = div_floor(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
           day_of_year - DAYS_TO_1970_03;
}

static void date_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day) {
    days += DAYS_TO_1970_03;
    int64_t era = div_floor(days, DAYS_PER_ERA);
    int64_t doe = days - era * DAYS_PER_ERA; /* day of the era */
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / (DAYS_PER_ERA - 1)) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int shifted = (int)((5 * doy + 2) / 153); /* 0 is March */
    *ret_day = (int)(doy - (153 * shifted + 2) / 5 + 1);
    *ret_month = shifted < 10 ? shifted + 3 : shifted - 9;
    *ret_year = era * 400 + yoe + (*ret_month <= 2);
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Takes `count` digits as a number from the front of *s. */
static bool take_digits(str *s, int count, int *ret) {
    if (s->n < count) return false;
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (s->p[i] < '0' || s->p[i] > '9') return false;
        value = value * 10 + (s->p[i] - '0');
    }
    *s = str_tail(*s, count);
    *ret = value;
    return true;
}

static bool take_byte(str *s, char c) {
    if (s->n == 0 || s->p[0] != c) return false;
    *s = str_tail(*s, 1);
    return true;
}

/* ".5": 1 to 9 digits, to microseconds, finer ones cut. No point: 0. */
static bool take_fraction(str *s, int *ret_us) {
    *ret_us = 0;
    if (!take_byte(s, '.')) return true;
    int scale = 100000, digits = 0, digit;
    while (digits < 9 && take_digits(s, 1, &digit)) {
        *ret_us += digit * scale;
        scale /= 10;
        digits++;
    }
    return digits > 0;
}

/* "Z", "+hh:mm", "-hh:mm": the seconds that the local time is ahead of UTC. */
static bool take_offset(str *s, int *ret_s) {
    *ret_s = 0;
    if (take_byte(s, 'Z')) return true;
    bool west = s->n && s->p[0] == '-';
    int hours, minutes;
    if (!take_byte(s, west ? '-' : '+') || !take_digits(s, 2, &hours) || !take_byte(s, ':') ||
        !take_digits(s, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_s = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
}

bool time_parse_rfc3339(str s, usec *ret) {
    int year, month, day, hour, minute, second, us, offset_s;
    if (!take_digits(&s, 4, &year) || !take_byte(&s, '-') || !take_digits(&s, 2, &month) ||
        !take_byte(&s, '-') || !take_digits(&s, 2, &day)) {
        return false;
    }
    if (!take_byte(&s, 'T') && !take_byte(&s, ' ')) return false;
    if (!take_digits(&s, 2, &hour) || !take_byte(&s, ':') || !take_digits(&s, 2, &minute) ||
        !take_byte(&s, ':') || !take_digits(&s, 2, &second)) {
        return false;
    }
    if (!take_fraction(&s, &us) || !take_offset(&s, &offset_s) || s.n != 0) return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return false;
    if (hour > 23 || minute > 59 || second > 59) return false;
    int64_t seconds = days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    seconds -= offset_s;
    if (seconds < 0 || seconds >= days_from_date(10000, 1, 1) * 86400) return false;
    *ret = seconds * USEC_PER_S + us;
    return true;
}

static char *put_two(char *at, int64_t value) {
    at[0] = (char)('0' + value / 10);
    at[1] = (char)('0' + value % 10);
    return at + 2;
}

/* Years of any length; the usual ones have four digits. */
static char *put_year(char *at, int64_t year) {
    if (year < 0) *at++ = '-';
    const int64_t y = year < 0 ? -year : year;
    int64_t step = 10000;
    while (y / step >= 10) step *= 10;
    for (; step >= 10000; step /= 10)
        if (y >= step) *at++ = (char)('0' + y / step % 10);
    return put_two(put_two(at, y / 100 % 100), y % 100);
}

str time_format_rfc3339(usec t, char block[TIME_TEXT_BYTES]) {
    int64_t days = time_utc_day(t), year;
    int64_t us = t % USEC_PER_DAY;
    if (us < 0) us += USEC_PER_DAY;
    int month, day;
    date_from_days(days, &year, &month, &day);
    char *at = put_year(block, year);
    *at++ = '-';
    at = put_two(at, month);
    *at++ = '-';
    at = put_two(at, day);
    *at++ = 'T';
    at = put_two(at, us / USEC_PER_HOUR);
    *at++ = ':';
    at = put_two(at, us / USEC_PER_MIN % 60);
    *at++ = ':';
    at = put_two(at, us / USEC_PER_S % 60);
    *at++ = '.';
    us %= USEC_PER_S;
    at = put_two(put_two(put_two(at, us / 10000), us / 100 % 100), us % 100);
    *at++ = 'Z';
    *at = 0;
    POST(at - block < TIME_TEXT_BYTES);
    return (str){block, at - block};
}

int64_t time_utc_day(usec t) { return div_floor(t, USEC_PER_DAY); }

void time_utc_month(usec t, usec *ret_begin, usec *ret_end) {
    int64_t year;
    int month, day;
    date_from_days(time_utc_day(t), &year, &month, &day);
    *ret_begin = days_from_date(year, month, 1) * USEC_PER_DAY;
    *ret_end = days_from_date(year + (month == 12), month % 12 + 1, 1) * USEC_PER_DAY;
}

bool time_from_snowflake(int64_t id, usec *ret) {
    if (id < SNOWFLAKE_FIRST) return false;
    *ret = ((id >> 22) + TWITTER_EPOCH_MS) * USEC_PER_MS;
    return true;
}
