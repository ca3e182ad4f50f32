/* Law: an amount is taken if and only if its text is a decimal that fits, and then parsing what is
 * printed gives the same value, and printing that the same text.
 *
 * Whether it is a decimal that fits is found out by a small automaton over the characters that
 * shares nothing with money.c: at most 10 digits before the point without the leading zeros, at
 * most 8 behind it without the trailing ones. */
#include <string.h>

#include "base/money.h"
#include "fuzz.h"

enum place { START, SIGN, WHOLE, POINT, DECIMALS, WRONG_TEXT };

static enum place step(enum place at, char c) {
    bool digit = c >= '0' && c <= '9';
    switch (at) {
    case START:
        return digit ? WHOLE : c == '-' ? SIGN : WRONG_TEXT;
    case SIGN:
        return digit ? WHOLE : WRONG_TEXT;
    case WHOLE:
        return digit ? WHOLE : c == '.' ? POINT : WRONG_TEXT;
    case POINT:
    case DECIMALS:
        return digit ? DECIMALS : WRONG_TEXT;
    case WRONG_TEXT:
        return WRONG_TEXT;
    }
    return WRONG_TEXT;
}

/* -1: no decimal; 0: a decimal that does not fit; 1: one that does. */
static int judge(const char *p, size_t n) {
    enum place at = START;
    int whole = 0, decimals = 0, decimals_needed = 0;
    for (size_t i = 0; i < n; i++) {
        at = step(at, p[i]);
        if (at == WHOLE && (whole > 0 || p[i] != '0')) whole++;
        if (at == DECIMALS) {
            decimals++;
            if (p[i] != '0') decimals_needed = decimals;
        }
    }
    if (at != WHOLE && at != DECIMALS) return -1;
    return whole <= 10 && decimals_needed <= 8;
}

static void check_amount(str text, int verdict) {
    int64_t value = 0, again = 0;
    bool taken = amount_parse_e8(text, &value);
    LAW(taken == (verdict == 1));
    if (!taken) return;
    LAW(value >= -AMOUNT_E8_MAX && value <= AMOUNT_E8_MAX);
    char block[AMOUNT_TEXT_BYTES], block_again[AMOUNT_TEXT_BYTES];
    str printed = amount_format_e8(value, block);
    LAW(judge(printed.p, (size_t)printed.n) == 1);
    LAW(amount_parse_e8(printed, &again));
    LAW(again == value);
    LAW(str_eq(amount_format_e8(again, block_again), printed));
    LAW(printed.n <= text.n); /* the shortest */
}

/* A volume has no sign, a larger range, and cuts: it takes what an amount takes, as the same value.
 */
static void check_volume(str text, int verdict) {
    volume v;
    int64_t value;
    bool taken = volume_parse(text, &v);
    bool sign = text.n > 0 && text.p[0] == '-';
    if (taken) LAW(verdict >= 0 && !sign && volume_e8(v) >= 0);
    if (verdict != 1 || sign) return;
    LAW(taken);
    LAW(amount_parse_e8(text, &value));
    LAW(volume_e8(v) == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    const char *p = (const char *)data;
    str text = str_from_bytes(p, (ptrdiff_t)bytes);
    int verdict = bytes ? judge(p, bytes) : -1;
    check_amount(text, verdict);
    check_volume(text, verdict);
    return 0;
}
