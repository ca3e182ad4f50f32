/* link: which tradable coins a text is about, how surely, and why not where it looked so. */
#ifndef BF_FLOW_LINK_LINK_H
#define BF_FLOW_LINK_LINK_H

#include "base/error.h"
#include "flow/links.h"
#include "flow/reader.h"
#include "flow/words.h"

struct lexicon;

/* Compiles the lexicon from the texts of models/symbols.tsv and models/assets.tsv, the venue's list
 * and the user's extra names (both in opt). Everything is copied into `boot`. Errors: ERR_CONFIG
 * with file and line. */
MUST_CHECK bool lexicon_open(struct arena *boot, const struct reader_options *opt, str symbols,
                             str assets, struct lexicon **ret, struct error *err);

/* Coins that may be linked. */
int lexicon_coins(const struct lexicon *lex);

/* Finds the coins in a text; marks the words that name them (WORD_COIN, also where there are more
 * places than hits), and those that speak of crypto and of trade. Never fails; thread-safe; takes
 * no memory. */
void link_words(const struct lexicon *lex, struct words *w, struct links *ret);

#endif
