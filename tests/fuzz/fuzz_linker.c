/* Law: whatever the user's file of names holds, the reader opens or says why with a line; and what
 * then is linked in a text was listed, stands in the text, and is one of the file's or the
 * program's pairs.
 *
 * The input is a file of names, a zero byte, and a text. */
#include <string.h>

#include "flow/reader.h"
#include "fuzz.h"

#define BOOT_BYTES (32 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena boot, scratch;
    static const char *const venue[] = {"BTCUSDT", "ETHUSDT", "AAUSDT", "ONEUSDT", "XUSDT"};
    if (!boot.base) {
        arena_open(&boot, BOOT_BYTES);
        arena_open(&scratch, READER_SCRATCH_BYTES);
    }
    arena_reset(&boot);
    const uint8_t *zero = bytes ? memchr(data, 0, bytes) : NULL;
    if (!zero || bytes > 4096) return 0;
    struct reader_options opt = {.symbols = venue,
                                 .symbol_count = COUNT_OF(venue),
                                 .extra = str_from_bytes(data, zero - data)};
    struct reader *r;
    struct error err = {0};
    if (!reader_open(&boot, &opt, &r, &err)) {
        LAW(err.code == ERR_CONFIG && strncmp(err.msg, "extra symbols:", 14) == 0);
        return 0;
    }
    str text = str_from_bytes(zero + 1, (ptrdiff_t)bytes - (zero - data) - 1);
    struct words words;
    struct links links;
    if (!str_utf8_valid(text)) return 0;
    struct arena a = scratch;
    reader_split(r, &a, text, &words, &links);
    for (int i = 0; i < links.mention_count; i++) {
        const struct mention *m = &links.mentions[i];
        bool listed = false;
        for (int k = 0; k < COUNT_OF(venue); k++) listed |= strcmp(m->symbol, venue[k]) == 0;
        LAW(listed);
        LAW(m->begin >= 0 && m->begin < m->end && m->end <= text.n);
    }
    int last = 0;
    for (int i = 0; i < links.hit_count; i++) {
        const struct link_hit *hit = &links.hits[i];
        LAW(hit->mention >= 0 && hit->mention < links.mention_count);
        LAW(hit->first >= last && hit->first < hit->end && hit->end <= words.count);
        last = hit->first;
    }
    for (int i = 1; i < words.count; i++) LAW(words.v[i].begin >= words.v[i - 1].end);
    for (int i = 0; i < words.count; i++) {
        LAW(words.v[i].begin < words.v[i].end && words.v[i].norm_bytes > 0);
    }
    return 0;
}
