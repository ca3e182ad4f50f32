/* glyph: what single characters are to the tokeniser. */
#ifndef BF_FLOW_GLYPH_H
#define BF_FLOW_GLYPH_H

#include "base/base.h"

typedef enum char_class {
    CHAR_SPACE,
    CHAR_LETTER,
    CHAR_DIGIT,
    CHAR_PUNCT,
    CHAR_EMOJI,
    CHAR_MARK,  /* combines with the letter before it */
    CHAR_JOINER /* invisible: neither breaks nor makes a word */
} char_class;

/* The class of a character beyond ASCII. */
char_class glyph_class(uint32_t cp);

/* Letters and digits in fancy dress (full-width, mathematical, circled, squared) as the ASCII that
 * people read; 0: none of these. */
uint32_t glyph_plain(uint32_t cp);

/* Letters of other scripts that look like Latin ones, in lower case; 0: none. */
char glyph_look_alike(uint32_t cp);

/* Scripts that set no blanks between words: a run of one of them is one word. 0: any other. */
int glyph_wide_script(uint32_t cp);

#endif
