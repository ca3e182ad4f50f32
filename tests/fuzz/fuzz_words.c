/* Law: a text is cut into words that stand in it, in order, without overlap, whole characters each;
 * the same text is cut the same way twice; and a word's normalised form is a word again, with the
 * same form, so that lexicons may be written either way. */
#include <string.h>

#include "flow/words.h"
#include "fuzz.h"

#define TEXT_BYTES_MAX 131072

static bool starts_character(str text, ptrdiff_t at) {
    return at == text.n || ((unsigned char)text.p[at] & 0xC0) != 0x80;
}

static void check_word(const struct words *w, int i) {
    const struct word *v = &w->v[i];
    LAW(v->begin >= (i ? w->v[i - 1].end : 0) && v->begin < v->end && v->end <= w->text.n);
    LAW(starts_character(w->text, v->begin) && starts_character(w->text, v->end));
    LAW(v->norm_bytes > 0 && v->kind <= WORD_PUNCT);
    LAW(str_utf8_valid(word_norm(w, i)));
    LAW(v->hash == word_hash(word_norm(w, i)));
}

/* A form with a point may read as a domain, and http as a link. */
static void check_form(struct arena scratch, const struct words *w, int i) {
    str form = word_norm(w, i);
    bool link = str_find_byte(form, '.') >= 0 || str_starts(form, STR("http"));
    if (w->v[i].kind != WORD_TEXT || link) return;
    if (w->v[i].end - w->v[i].begin > WORD_NORM_BYTES_MAX / 2) return; /* the form was cut */
    struct words again;
    words_split(&scratch, form, &again);
    LAW(again.count == 1 && str_eq(word_norm(&again, 0), form));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena a;
    if (!a.base) arena_open(&a, 16 << 20);
    arena_reset(&a);
    str text = str_from_bytes(data, (ptrdiff_t)bytes);
    if (bytes > TEXT_BYTES_MAX || !str_utf8_valid(text)) return 0;
    struct words w, twin;
    words_split(&a, text, &w);
    words_split(&a, text, &twin);
    LAW(w.count <= WORDS_MAX && (!w.cut || w.count == WORDS_MAX));
    LAW(w.count == twin.count);
    LAW(w.count == 0 || memcmp(w.v, twin.v, sizeof w.v[0] * (size_t)w.count) == 0);
    for (int i = 0; i < w.count; i++) check_word(&w, i);
    for (int i = 0; i < w.count && i < 200; i++) check_form(a, &w, i);
    return 0;
}
