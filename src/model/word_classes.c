/* word_classes: reads the file that says which words say the same.
 *
 * A set of training texts knows a word only if it has it; a class lends the weights of the words
 * that are known to those that are not ("horrid" reads like "awful"). The classes are written by
 * hand, what they weigh is learnt. In: the text of models/classes.txt. Out: a table of words and of
 * their stems. Failure: a line that cannot be read names its place. Training only. */
#include "model/word_classes.h"

#include <stdlib.h>

static int32_t *slot_of(const struct word_classes *c, uint64_t hash, bool stem) {
    uint64_t mask = (UINT64_C(1) << c->slots_log2) - 1;
    uint64_t i = (hash ^ (stem ? UINT64_C(0x5555) : 0)) & mask;
    while (c->slot[i] >= 0 && (c->v[c->slot[i]].hash != hash || c->v[c->slot[i]].stem != stem))
        i = (i + 1) & mask;
    return &c->slot[i];
}

static void put(struct word_classes *c, str form, int class, bool stem) {
    uint64_t hash = word_hash(form);
    int32_t *slot = slot_of(c, hash, stem);
    if (*slot >= 0) return;
    *slot = c->count;
    c->v[c->count++] = (struct class_word){form, hash, class, stem};
}

static bool has_letters(str word) {
    return word.n > 2 && ((unsigned char)word.p[0] | 0x20) >= 'a' &&
           ((unsigned char)word.p[0] | 0x20) <= 'z';
}

static void put_words(struct arena *a, struct word_classes *c, str words, int class) {
    str word;
    char block[STEM_BYTES_MAX];
    while (str_cut(&words, ' ', &word)) {
        if (word.n == 0) continue;
        put(c, word, class, false);
        if (has_letters(word)) put(c, str_dup(a, linear_stem(word, block)), class, true);
    }
}

/* "NAME SIGN": opens a class. */
static bool open_class(struct word_classes *c, str head, struct error *err) {
    static const char signs[] = "-0+";
    const char *sign = head.n > 2 ? strchr(signs, head.p[head.n - 1]) : NULL;
    if (!sign || *sign == '\0' || head.p[head.n - 2] != ' ')
        return fail(err, ERR_PARSE, 0, "expected \"NAME +:\", \"NAME -:\" or \"NAME 0:\"");
    if (c->class_count + 1 >= CLASSES_MAX)
        return fail(err, ERR_PARSE, 0, "more than %d classes", CLASSES_MAX - 1);
    c->sign[++c->class_count] = (int8_t)(sign - signs - 1);
    return true;
}

static bool read_line(struct arena *a, struct word_classes *c, str line, struct error *err) {
    ptrdiff_t colon = str_find(line, STR(": "));
    if (line.n == 0 || line.p[0] == '#') return true;
    if (colon >= 0) {
        if (!open_class(c, str_head(line, colon), err)) return false;
        line = str_tail(line, colon + 2);
    }
    if (c->class_count == 0) return fail(err, ERR_PARSE, 0, "words before the first class");
    put_words(a, c, line, c->class_count);
    return true;
}

bool word_classes_read(struct arena *a, str text, struct word_classes *ret, struct error *err) {
    struct word_classes c = {.slots_log2 = 2};
    while ((ptrdiff_t)1 << c.slots_log2 < 2 * (text.n + 2)) c.slots_log2++;
    c.slot = NEW_ARRAY(a, int32_t, (ptrdiff_t)1 << c.slots_log2);
    memset(c.slot, 0xFF, sizeof(int32_t) << c.slots_log2);
    c.v = NEW_ARRAY(a, struct class_word, text.n + 2);
    str line;
    for (int n = 1; str_cut(&text, '\n', &line); n++) {
        if (!read_line(a, &c, str_trim(line), err)) return fail_in(err, "word classes, line %d", n);
    }
    *ret = c;
    return true;
}

int word_classes_find(const struct word_classes *c, str form, bool stems) {
    int32_t at = *slot_of(c, word_hash(form), false);
    char block[STEM_BYTES_MAX];
    if (at < 0 && stems) at = *slot_of(c, word_hash(linear_stem(form, block)), true);
    return at < 0 ? 0 : c->v[at].class;
}
