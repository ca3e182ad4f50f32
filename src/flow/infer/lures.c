/* lures: giveaways and phishing told by what stands together, not by one phrase.
 *
 * In: the words of a post, its cues so far. Out: the cues, with CUE_GIVEAWAY or CUE_PHISHING added.
 * A lure has parts that are harmless alone: "send", "one BTC", "get", "two". Looked for are
 *   to give something and to get more of it back     send one BTC, get two
 *   to return a multiple of what is yours            return 2x your BTC
 *   a code to scan with a multiple to get            every holder receives 2x, scan the QR code
 *   a wallet to connect with something to get        connect wallet to get your reward
 *   a secret to type in                              enter your 12 word phrase
 *   an airdrop to claim behind a link; a presale or a whitelist to be quick for
 * each within a window of words. What the author or others did ("I sent", "they invest") is none,
 * nor is "send it" or "send DOGE to 1". Who warns ("don't fall for", "scam alert") is no luring
 * author: a warning takes the cues away, except where a combination stands with a link, because
 * those who lure warn of others too; a post lost costs less than one believed.
 *
 * A word that is no anchor costs one bit test: nearly all of them. Integers only; pure. */
#include "flow/infer/infer_int.h"
#include "flow/reading.h"

#define LURES (CUE_GIVEAWAY | CUE_PHISHING)

enum {
    PART_GIVE = 1 << 0,   /* send */
    PART_INVEST = 1 << 1, /* gives money, where "send" may give a coin */
    PART_SENT = 1 << 2,   /* sent to our address */
    PART_RETURN = 1 << 3,
    PART_CODE = 1 << 4,
    PART_WALLET = 1 << 5,
    PART_SECRET = 1 << 6,
    PART_AIRDROP = 1 << 7,
    PART_SALE = 1 << 8,
    PART_ANCHORS = (1 << 9) - 1,
    PART_BACK = 1 << 9,  /* gets it back */
    PART_MORE = 1 << 10, /* a multiple */
    PART_CONNECT = 1 << 11,
    PART_PRIZE = 1 << 12,
    PART_CLAIM = 1 << 13,
    PART_ENTER = 1 << 14,
    PART_HURRY = 1 << 15,
    PART_WARNING = 1 << 16,
    PART_OTHERS = 1 << 17, /* before a verb: not a call to the reader */
    PART_PLAIN = 1 << 18,  /* behind a multiple: of a price or a position */
    PART_IT = 1 << 19,     /* "send it" */
    PART_MOON = 1 << 20,   /* where prices are sent */
    PART_YOURS = 1 << 21,
    PART_FUNDS = 1 << 22,
    PART_ADDRESS = 1 << 23,
};

static const struct {
    const char *phrases; /* separated by |; each stands once */
    int parts;
} rows[] = {
    {"send|sending", PART_GIVE | PART_ENTER},
    {"deposit|transfer|participate|contribute", PART_GIVE | PART_FUNDS},
    {"invest", PART_GIVE | PART_INVEST},
    {"sent|deposited|transferred", PART_SENT},
    {"return|send back|sending back|give back|giving back|sent back", PART_RETURN | PART_BACK},
    {"returned|back|get|gets|getting|earn|earns", PART_BACK},
    {"receive|receives|receiving|recieve", PART_BACK | PART_PRIZE},
    {"get your|get free|get a free", PART_BACK | PART_PRIZE},
    {"double|doubled|twice|triple|tripled|twofold", PART_MORE},
    {"qr code|qr", PART_CODE},
    {"wallet|wallets", PART_WALLET},
    {"connect|link|sync|connecting|syncing|linking", PART_CONNECT},
    {"reward|rewards|bonus|eligible|eligibility", PART_PRIZE},
    {"claim", PART_CLAIM | PART_PRIZE},
    {"airdrop|airdrops", PART_AIRDROP | PART_PRIZE},
    {"seed phrase|recovery phrase|secret phrase|seed words|12 word|24 word|12 words|24 words|"
     "twelve word|private key|private keys|secret recovery phrase",
     PART_SECRET},
    {"enter|submit|validate|verify|import", PART_ENTER},
    {"presale|whitelist|allowlist", PART_SALE},
    {"mint now|join now|buy now|register now|apply now|live now|is live|now live|secure your spot|"
     "grab your spot|spots left",
     PART_HURRY},
    {"don't fall for|do not fall for|dont fall for|never fall for|beware|scam alert|fake giveaway|"
     "fake giveaways|fake airdrop|fake airdrops|never share|never enter|never give|never send|"
     "never connect|never type|don't send|do not send|don't share|do not share|don't connect|"
     "do not connect|don't enter|do not enter|watch out for|is a scam|are a scam|are scams|"
     "are all scams|stay away from|report these|scammers",
     PART_WARNING},
    {"i|we|they|he|she|who|people|whales|could|would|did|i'd", PART_OTHERS},
    {"from|leverage|long|longs|short|shorts|position|top|bottom|digits", PART_PLAIN},
    {"it|this|that|them", PART_IT},
    {"the moon|moon|zero|valhalla|new highs|the stars", PART_MOON},
    {"your|any|all|every", PART_YOURS},
    {"money|crypto|coins|investment|funds", PART_FUNDS},
    {"address", PART_ADDRESS},
};

struct lures {
    struct phrases *phrases; /* -> PART_ */
    uint64_t anchors[64];    /* bits of the hashes of first words */
};

struct lures *lures_open(struct arena *boot) {
    struct lures *l = NEW(boot, struct lures);
    int bound = 16;
    for (int i = 0; i < COUNT_OF(rows); i++) bound += phrases_list_bound(rows[i].phrases);
    l->phrases = phrases_open(boot, bound);
    for (int i = 0; i < COUNT_OF(rows); i++)
        phrases_add_list(l->phrases, *boot, rows[i].phrases, rows[i].parts,
                         rows[i].parts & PART_ANCHORS ? l->anchors : NULL);
    return l;
}

/* --- parts ----------------------------------------------------------------------------------- */

struct look {
    const struct lures *l;
    const struct words *w;
};

static int parts_at(struct look k, int at) {
    if (at < 0 || at >= k.w->count) return 0;
    int end;
    const int parts = phrases_find(k.l->phrases, k.w, at, &end);
    return parts == PHRASE_NONE ? 0 : parts;
}

/* Is there one of `parts` among the words [first, end)? */
static bool has_part(struct look k, int first, int end, int parts) {
    for (int i = first > 0 ? first : 0; i < end && i < k.w->count; i++) {
        if (parts_at(k, i) & parts) return true;
    }
    return false;
}

static bool is_told(struct look k, int at) {
    return (k.w->v[at].flags & WORD_NEGATED) || (parts_at(k, at - 1) & PART_OTHERS);
}

static bool is_coin(struct look k, int at) {
    return (k.w->v[at].flags & WORD_COIN) || k.w->v[at].kind == WORD_CASHTAG;
}

struct amount {
    int64_t millionths; /* 0: none */
    uint64_t unit;      /* hash; 0: none is named */
};

#define AMOUNT_MAX (INT64_MAX / 10000) /* millionths; leaves room for a digit and for a k */

/* Digits with a point; *ret_rest: what stands behind them ("k", "btc"). */
static int64_t digits_of(str form, str *ret_rest) {
    int64_t n = 0, scale = 1000000;
    bool point = false;
    ptrdiff_t i = 0;
    for (; i < form.n; i++) {
        const char c = form.p[i];
        if (c == ',') continue;
        if (c == '.') {
            point = true;
            continue;
        }
        if (c < '0' || c > '9') break;
        if (point && scale == 1) continue;
        if (n > AMOUNT_MAX / 1000000) return 0;
        n = n * 10 + (c - '0');
        if (point) scale /= 10;
    }
    *ret_rest = str_tail(form, i);
    return n * scale;
}

static int64_t number_word(str form) {
    static const char *const numbers[] = {"one", "two", "three", "four", "five", "ten"};
    static const int values[] = {1, 2, 3, 4, 5, 10};
    for (int i = 0; i < COUNT_OF(numbers); i++) {
        if (str_eq(form, str_from_z(numbers[i]))) return (int64_t)values[i] * 1000000;
    }
    return 0;
}

/* 0.1 BTC, $1,000, 5k, 1BTC, one BTC. */
static struct amount amount_at(struct look k, int at) {
    const struct word *v = &k.w->v[at];
    struct amount a = {0};
    str form = word_norm(k.w, at), rest = {0};
    if (v->kind != WORD_NUMBER && v->kind != WORD_TEXT) return a;
    a.millionths = (v->flags & WORD_DIGIT) || v->kind == WORD_NUMBER ? digits_of(form, &rest)
                                                                     : number_word(form);
    if (a.millionths == 0 || a.millionths > AMOUNT_MAX) return (struct amount){0};
    if (v->kind == WORD_NUMBER && rest.n == 1) {
        if (rest.p[0] == 'k') a.millionths *= 1000;
        if (rest.p[0] == 'x') return (struct amount){0};
    }
    if (k.w->text.p[v->begin] == '$')
        a.unit = 1;
    else if (v->kind == WORD_TEXT && rest.n > 0)
        a.unit = word_hash(rest);
    else if (at + 1 < k.w->count && is_coin(k, at + 1))
        a.unit = k.w->v[at + 1].hash;
    return a;
}

/* double, 2x, twice; not "2x from here". */
static bool is_multiple(struct look k, int at) {
    const struct word *v = &k.w->v[at];
    bool more = (parts_at(k, at) & PART_MORE) != 0;
    if (v->kind == WORD_NUMBER && v->norm_bytes >= 2) {
        const str form = word_norm(k.w, at);
        more |= form.p[form.n - 1] == 'x' && form.p[0] >= '1';
    }
    return more && !(parts_at(k, at + 1) & PART_PLAIN);
}

static bool has_multiple(struct look k, int first, int end) {
    for (int i = first > 0 ? first : 0; i < end && i < k.w->count; i++) {
        if (is_multiple(k, i)) return true;
    }
    return false;
}

/* --- combinations ---------------------------------------------------------------------------- */

#define GIVE_REACH 24 /* words behind the giving in which the getting stands */
#define NEAR 12

/* Is more of `given` said among the words around the getting at `at`, behind `first`? */
static bool gets_more(struct look k, int first, int at, struct amount given) {
    for (int i = at - 3 > first ? at - 3 : first + 1; i < at + 6 && i < k.w->count; i++) {
        if (is_multiple(k, i)) return true;
        const struct amount a = amount_at(k, i);
        const bool same = !a.unit || !given.unit || a.unit == given.unit;
        if (given.millionths && a.millionths > given.millionths && same) return true;
    }
    return false;
}

/* "send DOGE to 1", "send BTC to the moon": about a price. */
static bool is_price(struct look k, int coin) {
    if (coin + 2 >= k.w->count || !str_eq(word_norm(k.w, coin + 1), STR("to"))) return false;
    return k.w->v[coin + 2].kind == WORD_NUMBER || (parts_at(k, coin + 2) & PART_MOON);
}

/* What is given behind the verb at `at`: its last word, -1: nothing is. */
static int stake_of(struct look k, int at, int parts, struct amount *ret) {
    *ret = (struct amount){0};
    if (parts & PART_SENT) {
        const bool to = at + 1 < k.w->count && str_eq(word_norm(k.w, at + 1), STR("to"));
        return to && has_part(k, at + 2, at + 7, PART_ADDRESS) ? at + 1 : -1;
    }
    for (int i = at + 1; i < at + 6 && i < k.w->count; i++) {
        const int here = parts_at(k, i);
        if (i == at + 1 && (here & PART_IT)) return -1;
        if (here & PART_BACK) return i == at + 2 ? at : -1; /* deposit and receive */
        *ret = amount_at(k, i);
        if (ret->millionths) return i;
        if (is_coin(k, i) && !(parts & PART_INVEST)) return is_price(k, i) ? -1 : i;
    }
    return -1;
}

static bool is_give(struct look k, int at, int parts) {
    struct amount given;
    if (!(parts & PART_SENT) && is_told(k, at)) return false;
    const int stake = stake_of(k, at, parts, &given);
    if (stake < 0) return false;
    for (int i = stake + 1; i < at + GIVE_REACH && i < k.w->count; i++) {
        if ((parts_at(k, i) & PART_BACK) && gets_more(k, stake, i, given)) return true;
    }
    return false;
}

/* return 2x your BTC */
static bool is_return(struct look k, int at) {
    if (k.w->v[at].flags & WORD_NEGATED) return false; /* "we return" is an offer */
    for (int i = at + 1; i < at + 4 && i < k.w->count; i++) {
        if (!is_multiple(k, i) || !(parts_at(k, i + 1) & PART_YOURS) || i + 2 >= k.w->count)
            continue;
        if (is_coin(k, i + 2) || (parts_at(k, i + 2) & PART_FUNDS)) return true;
    }
    return false;
}

static bool is_code(struct look k, int at) {
    for (int i = at > GIVE_REACH ? at - GIVE_REACH : 0; i < at + GIVE_REACH && i < k.w->count;
         i++) {
        if ((parts_at(k, i) & PART_BACK) && has_multiple(k, i + 1, i + 4)) return true;
    }
    return false;
}

static bool is_connect(struct look k, int at) {
    for (int i = at > 4 ? at - 4 : 0; i < at; i++) {
        if ((parts_at(k, i) & PART_CONNECT) && !is_told(k, i))
            return has_part(k, i - NEAR, i, PART_PRIZE) ||
                   has_part(k, at + 1, at + NEAR, PART_PRIZE);
    }
    return false;
}

static bool is_enter(struct look k, int at) {
    for (int i = at > 6 ? at - 6 : 0; i < at + 8 && i < k.w->count; i++) {
        if ((parts_at(k, i) & PART_ENTER) && !is_told(k, i)) return true;
    }
    return false;
}

static uint32_t lure_at(struct look k, int at, bool link) {
    const int parts = parts_at(k, at);
    uint32_t cues = 0;
    if ((parts & (PART_GIVE | PART_SENT)) && is_give(k, at, parts)) cues |= CUE_GIVEAWAY;
    if ((parts & PART_RETURN) && is_return(k, at)) cues |= CUE_GIVEAWAY;
    if ((parts & PART_CODE) && is_code(k, at)) cues |= CUE_GIVEAWAY;
    if ((parts & PART_SALE) && has_part(k, at - NEAR, at + NEAR, PART_HURRY)) cues |= CUE_GIVEAWAY;
    if ((parts & PART_WALLET) && is_connect(k, at)) cues |= CUE_PHISHING;
    if ((parts & PART_SECRET) && is_enter(k, at)) cues |= CUE_PHISHING;
    if ((parts & PART_AIRDROP) && link && has_part(k, at - NEAR, at + NEAR, PART_CLAIM))
        cues |= CUE_PHISHING;
    return cues;
}

uint32_t lures_cues(const struct lures *l, const struct words *w, uint32_t cues) {
    const struct look k = {l, w};
    uint32_t found = 0;
    int link = -1; /* looked for where there is an anchor */
    for (int at = 0; at < w->count; at++) {
        if (!phrase_may_start(l->anchors, w->v[at].hash)) continue;
        for (int i = 0; link < 0 && i < w->count; i++) {
            if (w->v[i].kind == WORD_LINK) link = 1;
        }
        link = link > 0;
        found |= lure_at(k, at, link);
        if (found == LURES) break;
    }
    if (!((cues | found) & LURES)) return cues;
    if (has_part(k, 0, w->count, PART_WARNING) && !(found && link > 0))
        return cues & ~(uint32_t)LURES;
    return cues | found;
}
