/* lexicon: compiles lists of coins into one table of words and phrases.
 *
 * In: models/symbols.tsv (coins), models/assets.tsv (what is no coin, and telling words), a list of
 * pairs from the venue, the user's file of further names in the format of symbols.tsv. Out: a
 * lexicon that never changes. Names marked for it are also
 * read with one letter wrong: all such forms are made once, so that looking one up costs no more
 * than a bit for nearly every word. Where one text has several meanings (T is a coin and a share)
 * its term carries them all, and the linker decides in context. A pair of the venue that no file
 * knows is linked by its ticker only, and as if that were an ordinary word. Failure: ERR_CONFIG,
 * naming file and line. Runs once at start; memory from `boot`. */
#include "flow/link/lexicon.h"

#include "base/buf.h"

struct compile {
    struct lexicon *lex;
    struct arena *boot;
    const struct reader_options *opt;
    str quote;
    const char *file; /* for messages */
    int line;
    bool *named; /* by coin: the user's file has its line; NULL in the files that ship */
    int term_max;
    int sense_max;
};

static bool complain(const struct compile *c, struct error *err, const char *what, str text) {
    return fail(err, ERR_CONFIG, 0, "%s:%d: %s \"" STR_FMT "\"", c->file, c->line, what,
                STR_ARG(str_head(text, 60)));
}

/* --- terms ----------------------------------------------------------------------------------- */

static bool has_word(struct arena scratch, str text) {
    struct words w;
    words_split(&scratch, text, &w);
    word_kind kind = w.count > 0 ? (word_kind)w.v[0].kind : WORD_PUNCT;
    return kind == WORD_TEXT || kind == WORD_NUMBER || kind == WORD_EMOJI;
}

static struct term *term_make(struct compile *c, str text) {
    struct lexicon *lex = c->lex;
    PRE(lex->term_count < c->term_max);
    int idx = phrases_add(lex->phrases, *c->boot, text, lex->term_count);
    if (idx != PHRASE_NONE) return &lex->terms[idx];
    struct term *t = &lex->terms[lex->term_count++];
    *t = (struct term){.ticker = COIN_NONE, .name = COIN_NONE, .sense = SENSE_NONE};
    return t;
}

static bool is_wide(uint32_t cp) { return cp >= 0x0E00 && cp <= 0xD7A3; }

/* The form of a name's first word; the name may be one that has no ending. */
static void note_start(struct compile *c, str name) {
    struct arena scratch = *c->boot;
    struct words w;
    words_split(&scratch, name, &w);
    if (w.v[0].norm_bytes < NAME_START_BYTES) return;
    uint32_t bit = lexicon_start(word_norm(&w, 0));
    c->lex->name_starts[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void note_wide(struct lexicon *lex, str text) {
    ptrdiff_t at = 0;
    uint32_t cp = str_utf8_next(text, &at);
    if (!is_wide(cp)) return;
    lex->wide_first[(cp >> 6) & 63] |= UINT64_C(1) << (cp & 63);
    if (text.n > lex->wide_bytes_max) lex->wide_bytes_max = (int)text.n;
}

/* --- names with one letter wrong -------------------------------------------------------------- */

#define TYPO_NAME_MIN 6
#define TYPO_NAME_MAX 16
#define TYPOS_OF_LETTER 54 /* more than the forms below */

struct typos {
    struct compile *c;
    int term; /* of the name */
};

static void typo_add(const struct typos *t, const char *form, int bytes) {
    struct lexicon *lex = t->c->lex;
    str text = {form, bytes};
    uint64_t hash = word_hash(text);
    if (lexicon_find(lex, text)) return;
    phrases_add(lex->typos, *t->c->boot, text, t->term);
    lex->typo_bits[hash >> 6 & 1023] |= UINT64_C(1) << (hash & 63);
}

/* The name with the letter at `at` left out, changed, swapped with the next, or another before it.
 * The first letter is right; an s at the end makes a plural. */
static void typos_at(const struct typos *t, str name, int at) {
    char form[TYPO_NAME_MAX + 1];
    int n = (int)name.n;
    memcpy(form, name.p, (size_t)at);
    memcpy(form + at, name.p + at + 1, (size_t)(n - at - 1));
    typo_add(t, form, n - 1);
    memcpy(form, name.p, (size_t)n);
    if (at + 1 < n && form[at] != form[at + 1]) {
        form[at] = name.p[at + 1];
        form[at + 1] = name.p[at];
        typo_add(t, form, n);
        form[at + 1] = name.p[at + 1];
    }
    for (char letter = 'a'; letter <= 'z'; letter++) {
        form[at] = letter;
        if (letter != name.p[at]) typo_add(t, form, n);
    }
    memcpy(form + at + 1, name.p + at, (size_t)(n - at));
    for (char letter = 'a'; letter <= 'z'; letter++) {
        form[at] = letter;
        typo_add(t, form, n + 1);
    }
}

/* Names of one word of small letters a to z. */
static bool add_typos(struct compile *c, str name, struct error *err) {
    bool plain = name.n >= TYPO_NAME_MIN && name.n <= TYPO_NAME_MAX;
    for (ptrdiff_t i = 0; i < name.n; i++) plain = plain && name.p[i] >= 'a' && name.p[i] <= 'z';
    if (!plain) return complain(c, err, "typos are made only of 6 to 16 letters a to z, not", name);
    const struct typos t = {c, phrases_find_form(c->lex->phrases, name)};
    for (int at = 1; at < name.n; at++) typos_at(&t, name, at);
    return true;
}

/* A name that the user does not want. False: the coin has none such. */
static bool take_name(struct compile *c, int coin, str name) {
    struct lexicon *lex = c->lex;
    struct words w;
    struct arena scratch = *c->boot;
    int end = 0;
    words_split(&scratch, name, &w);
    int idx = phrases_find(lex->phrases, &w, 0, &end);
    if (idx == PHRASE_NONE || end != w.count || lex->terms[idx].name != coin) return false;
    lex->terms[idx].name = COIN_NONE;
    return true;
}

static bool add_names(struct compile *c, int coin, str list, link_reason reason,
                      struct error *err) {
    str name;
    while (str_cut(&list, '|', &name)) {
        name = str_trim(name);
        bool guarded = str_starts(name, STR("~")), taken = str_starts(name, STR("-"));
        bool typos = str_starts(name, STR("^"));
        if (guarded || taken || typos) name = str_tail(name, 1);
        if (name.n == 0) continue;
        if (!has_word(*c->boot, name)) return complain(c, err, "no word in name", name);
        if (taken) {
            if (!take_name(c, coin, name)) return complain(c, err, "no name of this coin:", name);
            continue;
        }
        struct term *t = term_make(c, name);
        if (t->name != COIN_NONE && t->name != coin) {
            return complain(c, err, "name of two coins", name);
        }
        t->name = (int16_t)coin;
        t->name_reason = (uint8_t)reason;
        t->flags &= (uint16_t)~TERM_GUARDED;
        if (guarded) t->flags |= TERM_GUARDED;
        note_wide(c->lex, name);
        if (!guarded) note_start(c, name);
        if (typos && !add_typos(c, name, err)) return false;
    }
    return true;
}

/* --- what only a user's file may get wrong --------------------------------------------------- */

static bool is_everyday(str name) {
    static const char *const words[] = {
        "the",  "and",  "you",  "that", "this", "for", "are",  "was",  "with", "have",
        "not",  "but",  "all",  "can",  "out",  "get", "just", "like", "now",  "one",
        "they", "what", "will", "from", "your", "its", "it",   "is",   "in",   "on",
        "of",   "to",   "a",    "i",    "we",   "he",  "she",  "me",   "my",   "be",
        "do",   "so",   "if",   "or",   "as",   "at",  "by",   "up",   "no",   "an"};
    for (int i = 0; i < COUNT_OF(words); i++) {
        if (str_eq_nocase(name, str_from_z(words[i]))) return true;
    }
    return false;
}

static bool user_names(const struct compile *c, str list, struct error *err) {
    const str all = list;
    str name;
    if (str_trim(list).n == 0) return true;
    while (str_cut(&list, '|', &name)) {
        name = str_trim(name);
        if (name.n == 0) return complain(c, err, "an empty name in", all);
        if (is_everyday(str_starts(name, STR("^")) ? str_tail(name, 1) : name))
            return complain(c, err, "a word of every day needs ~ in front:", name);
    }
    return true;
}

static bool user_line(struct compile *c, const str column[5], struct error *err) {
    const str pair = str_trim(column[0]), base = str_trim(column[1]);
    if (!str_ends(pair, c->quote))
        return complain(c, err, "the pair does not end with the quote asset:", pair);
    if (!str_eq(str_head(pair, pair.n - c->quote.n), base))
        return complain(c, err, "the pair is not that of the base:", pair);
    return user_names(c, column[2], err) && user_names(c, column[3], err);
}

/* --- coins ----------------------------------------------------------------------------------- */

static bool is_listed(const struct reader_options *opt, const char *pair) {
    if (!opt->symbols) return true;
    for (int i = 0; i < opt->symbol_count; i++) {
        if (strcmp(opt->symbols[i], pair) == 0) return true;
    }
    return false;
}

static int coin_find(const struct lexicon *lex, str base) {
    for (int i = 0; i < lex->coin_count; i++) {
        if (str_eq_nocase(str_from_z(lex->coins[i].base), base)) return i;
    }
    return COIN_NONE;
}

static int coin_make(struct compile *c, str base, uint16_t flags) {
    struct lexicon *lex = c->lex;
    int idx = lex->coin_count++;
    struct coin *coin = &lex->coins[idx];
    struct buf pair;
    buf_init_fixed(&pair, coin->pair, sizeof coin->pair);
    buf_put(&pair, base);
    buf_put(&pair, c->quote);
    IGNORE(str_copyz(base, coin->base, sizeof coin->base), "its length was checked");
    coin->listed = is_listed(c->opt, buf_z(&pair));
    coin->flags = flags;
    term_make(c, base)->ticker = (int16_t)idx;
    return idx;
}

static bool base_is_fine(const struct compile *c, str base) {
    return base.n > 0 && base.n + c->quote.n < SYMBOL_BYTES && has_word(*c->boot, base);
}

#define FLAG_OFF (1 << 15) /* of a line, not of a coin: the user wants no links to it */

static bool parse_flags(struct compile *c, str list, uint16_t *ret, struct error *err) {
    static const struct {
        const char *name;
        uint16_t flags;
    } table[] = {{"sure", COIN_SURE},   {"lower", COIN_LOWER},
                 {"word", COIN_WORD},   {"stock", COIN_STOCK},
                 {"share", COIN_SHARE}, {"abbr", COIN_ABBR | COIN_WORD},
                 {"off", FLAG_OFF},     {"common", COIN_COMMON | COIN_WORD},
                 {"loud", COIN_LOUD},   {"plain", COIN_PLAIN}};
    str flag;
    *ret = 0;
    while (str_cut(&list, ',', &flag)) {
        flag = str_trim(flag);
        if (flag.n == 0) continue;
        int i = 0;
        while (i < COUNT_OF(table) && !str_eq(flag, str_from_z(table[i].name))) i++;
        if (i == COUNT_OF(table)) return complain(c, err, "unknown flag", flag);
        *ret |= table[i].flags;
    }
    if ((*ret & COIN_WORD) && (*ret & (COIN_SURE | COIN_LOWER)))
        return complain(c, err, "a word is neither sure nor lower:", list);
    return true;
}

static bool symbols_line(struct compile *c, str line, struct error *err) {
    str column[5] = {{0}};
    str rest = line;
    for (int i = 0; i < 5; i++) {
        if (!str_cut(&rest, '\t', &column[i]) && i < 2) {
            return complain(c, err,
                            "expected pair, base, names, nicknames, flags parted by tabs:", line);
        }
    }
    if (rest.p) return complain(c, err, "more than five columns:", line);
    str base = str_trim(column[1]);
    uint16_t flags;
    if (!parse_flags(c, column[4], &flags, err)) return false;
    if (!base_is_fine(c, base)) return complain(c, err, "no ticker:", base);
    if (c->named && !user_line(c, column, err)) return false;
    int coin = coin_find(c->lex, base);
    if (coin == COIN_NONE) {
        if (c->lex->coin_count >= COINS_MAX) return complain(c, err, "too many coins at", base);
        coin = coin_make(c, base, flags & (uint16_t)~FLAG_OFF);
    } else if (str_trim(column[4]).n > 0) {
        c->lex->coins[coin].flags = flags & (uint16_t)~FLAG_OFF;
    }
    if (c->named && c->named[coin]) return complain(c, err, "a second line of", column[0]);
    if (c->named) c->named[coin] = true;
    if (flags & FLAG_OFF) c->lex->coins[coin].listed = false;
    return add_names(c, coin, column[2], LINK_NAME, err) &&
           add_names(c, coin, column[3], LINK_NICKNAME, err);
}

/* --- assets ---------------------------------------------------------------------------------- */

static bool all_capitals(str text) {
    for (ptrdiff_t i = 0; i < text.n; i++) {
        if (text.p[i] >= 'a' && text.p[i] <= 'z') return false;
    }
    return true;
}

/* "sense<tab>UNI<tab>students|campus", "namesake<tab>ADA<tab>formula" */
static bool sense_line(struct compile *c, str line, bool names, struct error *err) {
    str ticker, word;
    struct lexicon *lex = c->lex;
    if (!str_cut(&line, '\t', &ticker)) return complain(c, err, "no ticker in", line);
    int coin = coin_find(lex, ticker);
    if (coin == COIN_NONE) return complain(c, err, "other senses of no coin:", ticker);
    while (str_cut(&line, '|', &word)) {
        word = str_trim(word);
        if (!has_word(*c->boot, word)) return complain(c, err, "no word in", word);
        struct term *t = term_make(c, word);
        PRE(lex->sense_count < c->sense_max);
        lex->senses[lex->sense_count] = (struct sense){(int16_t)coin, t->sense, names};
        t->sense = (int16_t)lex->sense_count++;
        t->flags |= TERM_SENSE;
    }
    return true;
}

static bool assets_line(struct compile *c, str line, struct error *err) {
    static const struct {
        const char *name;
        uint16_t flag;
    } kinds[] = {{"other", TERM_OTHER},   {"stock", TERM_STOCK}, {"quote", TERM_QUOTE},
                 {"crypto", TERM_CRYPTO}, {"hint", TERM_HINT},   {"trade", TERM_TRADE},
                 {"shares", TERM_SHARES}, {"state", TERM_STATE}, {"not", TERM_NOT},
                 {"move", TERM_MOVE},     {"life", TERM_LIFE},   {"behind", TERM_BEHIND},
                 {"before", TERM_BEFORE}};
    str kind, word;
    if (!str_cut(&line, '\t', &kind)) return true;
    uint16_t flag = 0;
    bool names = str_eq(kind, STR("namesake"));
    if (names || str_eq(kind, STR("sense"))) return sense_line(c, line, names, err);
    for (int i = 0; i < COUNT_OF(kinds); i++) {
        if (str_eq(kind, str_from_z(kinds[i].name))) flag = kinds[i].flag;
    }
    if (!flag) return complain(c, err, "unknown kind", kind);
    while (str_cut(&line, '|', &word)) {
        word = str_trim(word);
        if (!has_word(*c->boot, word)) return complain(c, err, "no word in", word);
        struct term *t = term_make(c, word);
        t->flags |= flag;
        if (flag & (TERM_CRYPTO | TERM_HINT | TERM_NOT)) note_wide(c->lex, word);
        if (flag == TERM_OTHER && all_capitals(word)) t->flags |= TERM_CAPITALS;
    }
    return true;
}

/* --- files ----------------------------------------------------------------------------------- */

typedef bool line_fn(struct compile *c, str line, struct error *err);

static bool each_line(struct compile *c, const char *file, str content, line_fn *take,
                      struct error *err) {
    str line;
    c->file = file;
    c->line = 0;
    if (!str_utf8_valid(content)) return fail(err, ERR_CONFIG, 0, "%s: not UTF-8", file);
    while (str_cut(&content, '\n', &line)) {
        c->line++;
        if (str_ends(line, STR("\r"))) line.n--;
        if (str_trim(line).n == 0 || line.p[0] == '#') continue;
        if (!take(c, line, err)) return false;
    }
    return true;
}

/* More than the words that a list can hold: a word ends at a byte that is no letter, or where the
 * script changes. */
static int words_bound(str s) {
    int n = 1;
    for (ptrdiff_t i = 0; i < s.n; i++) {
        unsigned char b = (unsigned char)s.p[i];
        n += b >= 0xE0 || (b < 0x80 && !((b | 0x20) >= 'a' && (b | 0x20) <= 'z'));
    }
    return n;
}

/* More than the forms of names marked ^ in a file: of each letter behind the mark. */
static int typos_bound(str s) {
    int n = 1;
    for (ptrdiff_t i = 0; i < s.n; i++) {
        if (s.p[i] != '^') continue;
        while (i + 1 < s.n && s.p[i + 1] >= 'a' && s.p[i + 1] <= 'z') {
            n += TYPOS_OF_LETTER;
            i++;
        }
    }
    return n;
}

static bool venue_coins(struct compile *c, struct error *err) {
    for (int i = 0; i < c->opt->symbol_count; i++) {
        str pair = str_from_z(c->opt->symbols[i]);
        if (!str_ends(pair, c->quote)) continue;
        str base = str_head(pair, pair.n - c->quote.n);
        if (!base_is_fine(c, base) || coin_find(c->lex, base) != COIN_NONE) continue;
        if (c->lex->coin_count >= COINS_MAX) {
            return fail(err, ERR_CONFIG, 0, "the venue lists more than %d coins", COINS_MAX);
        }
        coin_make(c, base, COIN_WORD);
    }
    return true;
}

bool lexicon_open(struct arena *boot, const struct reader_options *opt, str symbols, str assets,
                  struct lexicon **ret, struct error *err) {
    struct compile c = {.boot = boot, .opt = opt, .quote = opt->quote_asset};
    if (c.quote.n == 0) c.quote = STR("USDT");
    int bound = words_bound(symbols) + words_bound(assets) + words_bound(opt->extra) +
                4 * (opt->symbols ? opt->symbol_count : 0) + 16;
    c.term_max = bound;
    c.sense_max = (int)i64_min(words_bound(assets), INT16_MAX);
    c.lex = NEW(boot, struct lexicon);
    c.lex->coins = NEW_ARRAY(boot, struct coin, COINS_MAX);
    c.lex->terms = NEW_ARRAY(boot, struct term, bound);
    c.lex->phrases = phrases_open(boot, bound);
    c.lex->typos = phrases_open(boot, typos_bound(symbols) + typos_bound(opt->extra));
    c.lex->senses = NEW_ARRAY(boot, struct sense, c.sense_max);
    if (!each_line(&c, "symbols.tsv", symbols, symbols_line, err)) return false;
    if (!each_line(&c, "assets.tsv", assets, assets_line, err)) return false;
    c.named = NEW_ARRAY(boot, bool, COINS_MAX);
    if (!each_line(&c, opt->extra_file ? opt->extra_file : "extra symbols", opt->extra,
                   symbols_line, err))
        return false;
    if (opt->symbols && !venue_coins(&c, err)) return false;
    c.lex->doge = coin_find(c.lex, STR("DOGE"));
    *ret = c.lex;
    return true;
}

int lexicon_coins(const struct lexicon *lex) {
    int n = 0;
    for (int i = 0; i < lex->coin_count; i++) n += lex->coins[i].listed;
    return n;
}
