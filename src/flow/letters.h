/* letters: eight bytes of a text at a time, for the tokeniser's common case.
 *
 * A word of ASCII letters is read, measured, put into lower case and looked through for repeats
 * without a look at each letter by itself. Bytes stand in the order of the text, the first lowest
 * (words.c asserts that the machine has them so). */
#ifndef BF_FLOW_LETTERS_H
#define BF_FLOW_LETTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LETTERS_EACH UINT64_C(0x0101010101010101) /* times a byte: that byte eight times */
#define LETTERS_TOP (LETTERS_EACH * 0x80)

/* Eight bytes from p. */
static inline uint64_t letters_load(const char *p) {
    uint64_t block;
    memcpy(&block, p, 8);
    return block;
}

/* n < 8 bytes from p, zeros behind; nothing behind them is read. */
static inline uint64_t letters_load_few(const char *p, int n) {
    if (n >= 4) {
        uint32_t low, high;
        memcpy(&low, p, 4);
        memcpy(&high, p + n - 4, 4);
        return low | (uint64_t)high << 8 * (n - 4);
    }
    if (n <= 0) return 0;
    const uint64_t first = (unsigned char)p[0], middle = (unsigned char)p[n / 2];
    return first | middle << 8 * (n / 2) | (uint64_t)(unsigned char)p[n - 1] << 8 * (n - 1);
}

/* The top bit of each byte that is no small ASCII letter. */
static inline uint64_t letters_none(uint64_t block) {
    const uint64_t low = block & ~LETTERS_TOP;
    const uint64_t from_a = low + LETTERS_EACH * (0x80 - 'a');
    const uint64_t beyond_z = low + LETTERS_EACH * (0x7F - 'z');
    return (~from_a | beyond_z | block) & LETTERS_TOP;
}

/* The top bit of each byte that is c, which is ASCII. */
static inline uint64_t letters_equal(uint64_t block, char c) {
    const uint64_t differ = block ^ LETTERS_EACH * (unsigned char)c;
    return ~(((differ & ~LETTERS_TOP) + ~LETTERS_TOP) | differ) & LETTERS_TOP;
}

/* All bits of the bytes before the first whose top bit is set in `stops`. */
static inline uint64_t letters_before(uint64_t stops) { return ((stops & -stops) >> 7) - 1; }

/* Do three equal letters stand in a row, the last of them in this block? valid: its bits that
 * count; before: the block in front of it, 0 for none. */
static inline bool letters_thrice(uint64_t block, uint64_t valid, uint64_t before) {
    const uint64_t one = block ^ (block << 8 | before >> 56);
    const uint64_t two = block ^ (block << 16 | before >> 48);
    const uint64_t differ = one | two | ~valid; /* a byte of zeros: the same as both before it */
    return ((differ - LETTERS_EACH) & ~differ & LETTERS_TOP) != 0;
}

#endif
