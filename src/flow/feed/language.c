/* language: a cheap guess for posts whose source names none.
 *
 * In: a clean text. Out: one of a dozen tags, or "und". Scripts decide where they can (kana is
 * Japanese, Hangul Korean, ...); languages in Latin letters are told by their most frequent words,
 * two of which must be seen, or one in a text of up to six words. Not for anything that decides a
 * trade: the tag is stored and shown, and lets a person filter. Pure, no memory. */
#include <utf8proc.h>

#include "flow/feed/feed_int.h"

typedef enum lang_idx {
    LANG_EN,
    LANG_ES,
    LANG_PT,
    LANG_DE,
    LANG_FR,
    LANG_TR,
    LANG_ID,
    LANG_IT,
    LANG_COUNT
} lang_idx;

/* Words that are frequent in one of these languages and rare as words of the others. */
static const char *const lang_words[LANG_COUNT] = {
    [LANG_EN] = "the and is are was this that you your for with have has will not but what when "
                "just from they would should my we it's i'm don't of to be been there their about "
                "who why how can get more all out up now it buy going next so it if he she his",
    [LANG_ES] = "el los las una que es por con para está esta pero como más muy también hoy ya "
                "hay del al su sus porque cuando todo siempre nada ser tiene son lo mi",
    [LANG_PT] = "não você uma com para está isso mais mas muito também hoje já tem do da dos das "
                "na no em são ele ela foi vai meu minha por quando agora o os",
    [LANG_DE] = "der die das und ist nicht ich ein eine mit auf für den dem auch sich aber wie wir "
                "sie noch nur schon wird sind haben hat es zu im von mir wurde kein heute",
    [LANG_FR] = "le les des est une pas je vous nous avec pour dans sur ce cette qui que mais plus "
                "aussi c'est j'ai très tout bien au aux sont il elle être fait du et",
    [LANG_TR] = "ve bir bu için çok ne da değil var mı mi ama daha gibi kadar sonra şimdi ben sen "
                "biz yok ile olan bugün en artık",
    [LANG_ID] = "yang dan di ini itu tidak dengan untuk akan saya kamu ada dari bisa juga sudah "
                "aja nya lagi kalo gak kita apa jadi",
    [LANG_IT] = "il gli che è non per con una sono della del anche più ma come questo questa oggi "
                "ho hai ha nel alla di ci si perché molto sempre tutto"};
static const char *const lang_tags[LANG_COUNT] = {"en", "es", "pt", "de", "fr", "tr", "id", "it"};

#define SLOTS 1024 /* of the table of frequent words; a power of two, over twice their number */

struct slot {
    uint32_t key;  /* of the word, 0: empty */
    uint8_t langs; /* bit per language */
};

static uint32_t key_add(uint32_t key, uint32_t cp) { return (key ^ cp) * UINT32_C(0x01000193); }
#define KEY_START UINT32_C(0x811C9DC5)

static struct slot *slot_find(struct slot *table, uint32_t key) {
    uint32_t i = (key ^ (key >> 15)) & (SLOTS - 1);
    while (table[i].key && table[i].key != key) i = (i + 1) & (SLOTS - 1);
    return &table[i];
}

/* Filled before main: the table is constant data in all but the writing of it. */
static struct slot lang_table[SLOTS];

__attribute__((constructor)) static void lang_table_fill(void) {
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        str rest = str_from_z(lang_words[lang]), word;
        while (str_cut(&rest, ' ', &word)) {
            uint32_t key = KEY_START;
            for (ptrdiff_t at = 0; at < word.n;) key = key_add(key, str_utf8_next(word, &at));
            struct slot *slot = slot_find(lang_table, key);
            slot->key = key;
            slot->langs |= (uint8_t)(1U << lang);
        }
    }
}

struct tally {
    int han, kana, hangul, cyrillic, arabic, latin, words;
    int hits[LANG_COUNT];
};

static void count_letter(struct tally *t, uint32_t cp) {
    if (cp < 0x250)
        t->latin++;
    else if (cp >= 0x400 && cp <= 0x52F)
        t->cyrillic++;
    else if (cp >= 0x600 && cp <= 0x6FF)
        t->arabic++;
    else if (cp >= 0x3041 && cp <= 0x30FF)
        t->kana++;
    else if (cp >= 0x3400 && cp <= 0x9FFF)
        t->han++;
    else if (cp >= 0xAC00 && cp <= 0xD7A3)
        t->hangul++;
}

static bool is_letter(uint32_t cp) {
    if (cp < 0x80) return (cp | 0x20) >= 'a' && (cp | 0x20) <= 'z';
    if (cp >= 0x2000 && cp < 0x2C00) return false;
    return cp < 0x10000 && cp >= 0xC0;
}

static void count_word(struct tally *t, uint32_t key) {
    const struct slot *slot = slot_find(lang_table, key);
    t->words++;
    for (unsigned langs = slot->langs; langs; langs &= langs - 1) t->hits[__builtin_ctz(langs)]++;
}

/* A word that starts with @ or holds :// says nothing of the language; the rest is counted. */
static struct tally tally_text(str s) {
    struct tally t = {0};
    for (ptrdiff_t at = 0; at < s.n;) {
        uint32_t cp = str_utf8_next(s, &at);
        if (cp == '@' || cp == '#' || cp == '$' || (cp == ':' && at < s.n && s.p[at] == '/')) {
            while (at < s.n && (unsigned char)s.p[at] > ' ') at++;
            continue;
        }
        if (!is_letter(cp)) continue;
        uint32_t key = KEY_START;
        ptrdiff_t end = at;
        for (; is_letter(cp) || cp == '\'' || cp == 0x2019;) {
            count_letter(&t, cp);
            uint32_t lower = cp < 0x80 ? (cp == '\'' ? cp : cp | 0x20)
                                       : (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp);
            key = key_add(key, lower == 0x2019 ? '\'' : lower);
            at = end;
            if (end >= s.n) break;
            cp = str_utf8_next(s, &end);
        }
        count_word(&t, key);
    }
    return t;
}

str feed_language(str text) {
    struct tally t = tally_text(str_head(text, 1000));
    int other = t.kana + t.hangul + t.han + t.cyrillic + t.arabic;
    if (other > t.latin / 2 && other > 0) {
        if (t.kana > 0 && t.kana + t.han >= t.hangul) return STR("ja");
        if (t.hangul > t.han) return STR("ko");
        if (t.han > t.cyrillic && t.han > t.arabic) return STR("zh");
        return t.cyrillic >= t.arabic ? STR("ru") : STR("ar");
    }
    int best = 0, second = 0, which = LANG_EN;
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        if (t.hits[lang] > best) {
            second = best;
            best = t.hits[lang];
            which = lang;
        } else if (t.hits[lang] > second) {
            second = t.hits[lang];
        }
    }
    bool enough = best >= 2 || (best == 1 && t.words <= 6);
    if (!enough || best == second) return STR("und");
    return str_from_z(lang_tags[which]);
}
