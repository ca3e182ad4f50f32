/* Law: whatever the user's file of names holds, the reader opens or says why with a line; and what
 * then is linked in a text was listed, stands in the text, starts and ends with a word (in scripts
 * without blanks: lies in one), and is named once; what was passed over stands in the text too;
 * and linking the same words again finds the same.
 *
 * The input is a file of names, a zero byte, and a text. */
#include <string.h>

#include "flow/reader.h"
#include "fuzz.h"

#define BOOT_BYTES (32 << 20)
#define INPUT_BYTES_MAX 4096

static const char *const venue[] = {"BTCUSDT", "ETHUSDT", "AAUSDT", "ONEUSDT", "XUSDT"};

static bool is_listed(const char *symbol) {
    for (int i = 0; i < COUNT_OF(venue); i++) {
        if (strcmp(symbol, venue[i]) == 0) return true;
    }
    return false;
}

static bool at_words(const struct words *w, int begin, int end) {
    bool begins = false, ends = false;
    for (int i = 0; i < w->count; i++) {
        begins |= w->v[i].begin == begin;
        ends |= w->v[i].end == end;
    }
    return begins && ends;
}

static void check_links(const struct words *w, const struct links *links) {
    LAW(links->mention_count <= MENTIONS_MAX && links->miss_count <= MISSES_MAX);
    for (int i = 0; i < links->mention_count; i++) {
        const struct mention *m = &links->mentions[i];
        LAW(is_listed(m->symbol));
        LAW(m->begin < m->end && at_words(w, m->begin, m->end));
        LAW(m->confidence_bp > 0 && m->confidence_bp <= 10000 && m->reason != LINK_NONE);
        for (int k = 0; k < i; k++) LAW(strcmp(m->symbol, links->mentions[k].symbol) != 0);
    }
    for (int i = 0; i < links->miss_count; i++) {
        const struct miss *m = &links->misses[i];
        LAW(m->begin < m->end && at_words(w, m->begin, m->end) && m->reason != MISS_NONE);
    }
    int last = 0;
    for (int i = 0; i < links->hit_count; i++) {
        const struct link_hit *hit = &links->hits[i];
        LAW(hit->mention >= 0 && hit->mention < links->mention_count);
        LAW(hit->first >= last && hit->first < hit->end && hit->end <= w->count);
        LAW(w->v[hit->first].flags & WORD_COIN);
        last = hit->first;
    }
}

static void check_again(struct arena scratch, const struct reader *r, str text,
                        const struct links *links) {
    struct words words;
    struct links again;
    reader_split(r, &scratch, text, &words, &again);
    LAW(again.mention_count == links->mention_count && again.hit_count == links->hit_count &&
        again.miss_count == links->miss_count && again.coin_count == links->coin_count);
    for (int i = 0; i < again.mention_count; i++) {
        LAW(strcmp(again.mentions[i].symbol, links->mentions[i].symbol) == 0);
        LAW(again.mentions[i].confidence_bp == links->mentions[i].confidence_bp);
    }
}

/* The reader with this file of names; NULL: the file is refused, as it should. Opening takes a
 * thousand times as long as linking, so the one that was opened last is kept as long as the file is
 * the same. */
static const struct reader *reader_with(str file) {
    static struct arena boot;
    static struct reader *kept;
    static char kept_file[INPUT_BYTES_MAX];
    static ptrdiff_t kept_bytes = -1;
    if (!boot.base) arena_open(&boot, BOOT_BYTES);
    if (kept_bytes >= 0 && str_eq(file, (str){kept_file, kept_bytes})) return kept;
    arena_reset(&boot);
    struct reader_options opt = {.symbols = venue, .symbol_count = COUNT_OF(venue), .extra = file};
    struct error err = {0};
    kept_bytes = -1;
    if (!reader_open(&boot, &opt, &kept, &err)) {
        LAW(err.code == ERR_CONFIG && strncmp(err.msg, "extra symbols:", 14) == 0);
        return NULL;
    }
    kept_bytes = file.n;
    memcpy(kept_file, file.p, (size_t)file.n);
    return kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena scratch;
    if (!scratch.base) arena_open(&scratch, READER_SCRATCH_BYTES);
    const uint8_t *zero = bytes ? memchr(data, 0, bytes) : NULL;
    if (!zero || bytes > INPUT_BYTES_MAX) return 0;
    const struct reader *r = reader_with(str_from_bytes(data, zero - data));
    str text = str_from_bytes(zero + 1, (ptrdiff_t)bytes - (zero - data) - 1);
    if (!r || !str_utf8_valid(text)) return 0;
    struct words words;
    struct links links;
    struct arena a = scratch;
    reader_split(r, &a, text, &words, &links);
    check_links(&words, &links);
    check_again(a, r, text, &links);
    return 0;
}
