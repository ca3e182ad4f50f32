/* glyph: tables and ranges of Unicode, as far as words depend on them.
 *
 * utf8proc tells the category of a character; what it does not tell stands here: which blocks are
 * pictographs, which are letters in another dress, which letters of other scripts pass for Latin
 * ones, and which scripts set no blanks between words. Pure, any thread. */
#include "flow/glyph.h"

#include <utf8proc.h>

char_class glyph_class(uint32_t cp) {
    if (cp >= 0x1F3FB && cp <= 0x1F3FF) return CHAR_JOINER; /* skin tones */
    if (cp == 0xFE0F || cp == 0xFE0E || cp == 0x200D) return CHAR_JOINER;
    if (cp >= 0x1F000 && cp <= 0x1FAFF) return CHAR_EMOJI;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return CHAR_LETTER;
    case UTF8PROC_CATEGORY_ND:
        return CHAR_DIGIT;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return CHAR_MARK;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
        return CHAR_SPACE;
    case UTF8PROC_CATEGORY_SO:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SM:
        return CHAR_EMOJI;
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_SK:
        return CHAR_JOINER;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
        return CHAR_PUNCT;
    }
    return CHAR_PUNCT;
}

uint32_t glyph_plain(uint32_t cp) {
    if (cp < 0x2100) return 0;
    if (cp >= 0xFF01 && cp <= 0xFF5E) return cp - 0xFEE0;
    if (cp >= 0x24B6 && cp <= 0x24CF) return cp - 0x24B6 + 'A';
    if (cp >= 0x24D0 && cp <= 0x24E9) return cp - 0x24D0 + 'a';
    if (cp >= 0x1D400 && cp <= 0x1D6A3) {
        uint32_t i = (cp - 0x1D400) % 52;
        return i < 26 ? i + 'A' : i - 26 + 'a';
    }
    if (cp >= 0x1D7CE && cp <= 0x1D7FF) return (cp - 0x1D7CE) % 10 + '0';
    if (cp >= 0x1F130 && cp <= 0x1F189 && (cp - 0x1F130) % 32 < 26)
        return (cp - 0x1F130) % 32 + 'A';
    if (cp > 0x2134) return 0;
    /* the alphabets' gaps, which stand elsewhere for historical reasons */
    static const char gaps[] = "..C.......gHHHh.IILl.N...PQRRR......Z...Z...BC.eEF.Mo";
    uint32_t i = cp - 0x2100;
    return i < sizeof gaps - 1 && gaps[i] != '.' ? (unsigned char)gaps[i] : 0;
}

char glyph_look_alike(uint32_t cp) {
    static const struct {
        uint16_t cp;
        char latin;
    } table[] = {{0x0430, 'a'}, {0x0432, 'b'}, {0x0435, 'e'}, {0x043A, 'k'}, {0x043C, 'm'},
                 {0x043D, 'h'}, {0x043E, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0442, 't'},
                 {0x0443, 'y'}, {0x0445, 'x'}, {0x0456, 'i'}, {0x0458, 'j'}, {0x0455, 's'},
                 {0x0501, 'd'}, {0x051B, 'q'}, {0x04BB, 'h'}, {0x03B1, 'a'}, {0x03B2, 'b'},
                 {0x03B5, 'e'}, {0x03B7, 'h'}, {0x03B9, 'i'}, {0x03BA, 'k'}, {0x03BC, 'm'},
                 {0x03BD, 'v'}, {0x03BF, 'o'}, {0x03C1, 'p'}, {0x03C4, 't'}, {0x03C7, 'x'},
                 {0x0131, 'i'}, {0x0261, 'g'}, {0x2C65, 'a'}, {0x0433, 'r'}};
    for (int i = 0; i < COUNT_OF(table); i++) {
        if (table[i].cp == cp) return table[i].latin;
    }
    return 0;
}

int glyph_wide_script(uint32_t cp) {
    if (cp < 0x0E00) return 0;
    if (cp <= 0x0E7F) return 1;                   /* Thai */
    if (cp >= 0x3041 && cp <= 0x309F) return 2;   /* Hiragana */
    if (cp >= 0x30A0 && cp <= 0x30FF) return 3;   /* Katakana */
    if (cp >= 0x3400 && cp <= 0x9FFF) return 4;   /* Han */
    if (cp >= 0xAC00 && cp <= 0xD7A3) return 5;   /* Hangul */
    if (cp >= 0x20000 && cp <= 0x3FFFF) return 4; /* Han, the rare ones */
    return 0;
}
