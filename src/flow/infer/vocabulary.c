/* vocabulary: words and phrases that say where a price goes, or what a sentence does.
 *
 * The model knows how a text sounds; these words say what traders mean by it. In: the text of
 * models/opinions.tsv, which is part of the program and explains itself in its first lines. Out: a
 * phrase table from words to senses, and a short list for scripts without blanks. Built once at
 * start, then read-only. Failure: ERR_CONFIG with the line; a test loads the file that ships. */
#include "flow/infer/infer_int.h"
#include "flow/reading.h"

#define SENSES_MAX 1024
#define WIDE_MAX 512
#define FORM_BYTES 96

struct wide {
    str text;
    int sense;
    int next; /* of the same chain, -1: none */
};

#define WIDE_CHAINS 256

struct vocabulary {
    struct phrases *phrases; /* -> index of the sense */
    struct sense senses[SENSES_MAX];
    int sense_count;
    struct wide wide[WIDE_MAX];
    int wide_count;
    int16_t wide_chain[WIDE_CHAINS]; /* by first code point, -1: none */
};

/* --- the forms of a verb -----------------------------------------------------------------------
 */

static void add(struct vocabulary *v, struct arena scratch, str phrase, int sense) {
    IGNORE(phrases_add(v->phrases, scratch, phrase, sense) != PHRASE_NONE,
           "a phrase listed twice keeps its first line");
}

static void add_ending(struct vocabulary *v, struct arena scratch, str stem, const char *ending,
                       int sense) {
    char form[FORM_BYTES];
    str end = str_from_z(ending);
    memcpy(form, stem.p, (size_t)stem.n);
    memcpy(form + stem.n, end.p, (size_t)end.n);
    add(v, scratch, (str){form, stem.n + end.n}, sense);
}

static bool has_vowel(char c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u'; }

/* dump: dump, dumps, dumped, dumping; love: loved, loving; rally: rallies, rallied; dip with
 * `twice`: dipped, dipping; crash: crashes. */
static void add_verb(struct vocabulary *v, struct arena scratch, str verb, bool twice, int sense) {
    const char last = verb.p[verb.n - 1], before = verb.n > 1 ? verb.p[verb.n - 2] : 'a';
    const bool hisses = last == 's' || last == 'x' || last == 'z' ||
                        (last == 'h' && (before == 's' || before == 'c'));
    str stem = str_head(verb, verb.n - 1);
    add(v, scratch, verb, sense);
    if (last == 'e') {
        add_ending(v, scratch, verb, "s", sense);
        add_ending(v, scratch, verb, "d", sense);
        add_ending(v, scratch, stem, "ing", sense);
    } else if (last == 'y' && !has_vowel(before)) {
        add_ending(v, scratch, stem, "ies", sense);
        add_ending(v, scratch, stem, "ied", sense);
        add_ending(v, scratch, verb, "ing", sense);
    } else {
        const char doubled[2][5] = {{last, 'e', 'd', 0}, {last, 'i', 'n', 'g', 0}};
        add_ending(v, scratch, verb, hisses ? "es" : "s", sense);
        add_ending(v, scratch, verb, twice ? doubled[0] : "ed", sense);
        add_ending(v, scratch, verb, twice ? doubled[1] : "ing", sense);
    }
}

/* --- the file ----------------------------------------------------------------------------------
 */

static bool role_from_name(str name, struct sense *ret) {
    static const char *const names[] = {
#define X(name, text) text,
        ROLE_MAP(X)
#undef X
    };
    static const struct {
        const char *name;
        uint32_t bits;
    } cues[] = {{"cue:giveaway", CUE_GIVEAWAY | HALF_PRIZE},
                {"cue:prize", HALF_PRIZE},
                {"cue:claim", HALF_CLAIM},
                {"cue:secret", HALF_SECRET},
                {"cue:enter", HALF_ENTER},
                {"cue:phishing", CUE_PHISHING},
                {"cue:promo", CUE_PROMO}};
    for (int i = 1; i < COUNT_OF(names) - 1; i++) {
        if (!str_eq(name, str_from_z(names[i]))) continue;
        ret->role = (uint8_t)i;
        return true;
    }
    for (int i = 0; i < COUNT_OF(cues); i++) {
        if (!str_eq(name, str_from_z(cues[i].name))) continue;
        ret->role = ROLE_CUE;
        ret->bits = cues[i].bits;
        return true;
    }
    return false;
}

static bool add_wide(struct vocabulary *v, str text, int sense) {
    ptrdiff_t at = 0;
    if (v->wide_count == WIDE_MAX) return false;
    const uint32_t cp = str_utf8_next(text, &at);
    int16_t *chain = &v->wide_chain[cp % WIDE_CHAINS];
    v->wide[v->wide_count] = (struct wide){text, sense, *chain};
    *chain = (int16_t)v->wide_count++;
    return true;
}

static bool add_phrases(struct vocabulary *v, struct arena scratch, str list, int sense,
                        const char **why) {
    str phrase;
    while (str_cut(&list, '|', &phrase)) {
        struct words w;
        struct arena a = scratch;
        const bool verb = str_ends(phrase, STR("*")), twice = str_ends(phrase, STR("**"));
        if (verb) phrase = str_head(phrase, phrase.n - 1 - twice);
        words_split(&a, phrase, &w);
        *why = "a phrase is empty or longer than 80 bytes";
        if (w.count == 0 || phrase.n > FORM_BYTES - 16) return false;
        *why = "too many entries";
        if (v->senses[sense].role == ROLE_WIDE) {
            if (!add_wide(v, phrase, sense)) return false;
        } else if (verb) {
            add_verb(v, scratch, phrase, twice, sense);
        } else {
            add(v, scratch, phrase, sense);
        }
    }
    return true;
}

static bool add_line(struct vocabulary *v, struct arena scratch, str line, const char **why) {
    str name, weight;
    struct sense s = {0};
    int64_t tenths = 0;
    *why = "not role, weight and phrases";
    if (!str_cut(&line, '\t', &name) || !str_cut(&line, '\t', &weight) || line.n == 0) return false;
    *why = "no such role";
    if (!role_from_name(name, &s)) return false;
    *why = "the weight is neither - nor a number from -40 to 40";
    if (!str_eq(weight, STR("-")) && (!str_to_i64(weight, &tenths) || tenths < -40 || tenths > 40))
        return false;
    *why = "too many lines";
    if (v->sense_count == SENSES_MAX) return false;
    s.weight = (int16_t)tenths;
    v->senses[v->sense_count++] = s;
    return add_phrases(v, scratch, line, v->sense_count - 1, why);
}

bool vocabulary_open(struct arena *boot, str text, struct vocabulary **ret, struct error *err) {
    struct vocabulary *v = NEW(boot, struct vocabulary);
    str line;
    int number = 0, words = 64;
    for (ptrdiff_t i = 0; i < text.n; i++) {
        words += text.p[i] == '|' || text.p[i] == ' ' || text.p[i] == '\n' || text.p[i] == '-';
        words += text.p[i] == '*' ? 3 : text.p[i] == '.' || text.p[i] == '&' || text.p[i] == '/';
    }
    v->phrases = phrases_open(boot, words);
    for (int i = 0; i < WIDE_CHAINS; i++) v->wide_chain[i] = -1;
    while (str_cut(&text, '\n', &line)) {
        const char *why;
        number++;
        if (line.n == 0 || line.p[0] == '#') continue;
        if (!add_line(v, *boot, line, &why))
            return fail(err, ERR_CONFIG, 0, "opinions.tsv:%d: %s", number, why);
    }
    *ret = v;
    return true;
}

/* --- finding -----------------------------------------------------------------------------------
 */

const struct sense *vocabulary_find(const struct vocabulary *v, const struct words *w, int at,
                                    int *ret_end) {
    static const struct sense nothing;
    int sense = phrases_find(v->phrases, w, at, ret_end);
    return sense < 0 ? &nothing : &v->senses[sense];
}

static bool wide_negation(str form, ptrdiff_t at) {
    static const char *const words[] = {"不", "没", "沒", "别", "別", "勿", "未", "안 ", "안"};
    for (int i = 0; i < COUNT_OF(words); i++) {
        if (str_ends(str_head(form, at), str_from_z(words[i]))) return true;
    }
    return false;
}

const struct sense *vocabulary_find_wide(const struct vocabulary *v, str form, ptrdiff_t *at,
                                         bool *ret_not) {
    while (*at < form.n) {
        const ptrdiff_t begin = *at;
        const struct wide *best = NULL;
        const uint32_t cp = str_utf8_next(form, at);
        for (int i = v->wide_chain[cp % WIDE_CHAINS]; i >= 0; i = v->wide[i].next) {
            const struct wide *w = &v->wide[i];
            if (str_starts(str_tail(form, begin), w->text) && (!best || w->text.n > best->text.n))
                best = w;
        }
        if (!best) continue;
        *at = begin + best->text.n;
        *ret_not = wide_negation(form, begin);
        return &v->senses[best->sense];
    }
    return NULL;
}
