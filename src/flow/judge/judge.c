/* judge: see the header. The score is one product in integers:
 *
 *   score = round(100 * confidence * |polarity| * author * freshness * copies * priced_in)
 *
 * with every factor in basis points; a factor that is switched off is 10,000, and then the score is
 * the base score. Each factor is kept in the signal, so that a person can see what it did. */
#include "flow/judge/judge.h"

#include "config/config.h"
#include "flow/judge/priced_in.h"

#define SLOTS 8192 /* power of two, twice the authors */
_Static_assert(SLOTS >= 2 * JUDGE_AUTHORS_MAX, "author slots half empty at least");
#define FUTURE_TOLERANCE (2 * USEC_PER_S)

/* --- names ---------------------------------------------------------------------------------------
 * Look-alikes: two names with the same skeleton look the same to a hurried reader. The skeleton
 * folds case, drops separators and maps what is drawn alike in Latin, digits and Cyrillic. */

static char fold_ascii(char c) {
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    switch (c) {
    case '0':
        return 'o';
    case '1':
    case 'i':
    case '|':
        return 'l';
    case '3':
        return 'e';
    case '4':
        return 'a';
    case '5':
        return 's';
    case '7':
        return 't';
    case '8':
        return 'b';
    case '_':
    case '-':
    case '.':
        return '\0';
    default: /* not an enum */
        return c;
    }
}

/* clang-format off */
static const struct {
    uint32_t cp;
    char like;
} look_alikes[] = {
    /* Cyrillic */
    {0x430, 'a'}, {0x410, 'a'}, {0x435, 'e'}, {0x415, 'e'}, {0x43E, 'o'}, {0x41E, 'o'},
    {0x440, 'p'}, {0x420, 'p'}, {0x441, 'c'}, {0x421, 'c'}, {0x445, 'x'}, {0x425, 'x'},
    {0x443, 'y'}, {0x423, 'y'}, {0x456, 'l'}, {0x406, 'l'}, {0x455, 's'}, {0x405, 's'},
    {0x458, 'j'}, {0x408, 'j'}, {0x43A, 'k'}, {0x41A, 'k'}, {0x442, 't'}, {0x422, 't'},
    {0x43D, 'h'}, {0x41D, 'h'}, {0x412, 'b'}, {0x432, 'b'}, {0x41C, 'm'}, {0x43C, 'm'},
    {0x4BB, 'h'}, {0x4CF, 'l'}, {0x501, 'd'}, {0x51B, 'q'}, {0x51D, 'w'},
    /* Greek */
    {0x3BF, 'o'}, {0x39F, 'o'}, {0x3B1, 'a'}, {0x391, 'a'}, {0x392, 'b'}, {0x395, 'e'},
    {0x397, 'h'}, {0x399, 'l'}, {0x3B9, 'l'}, {0x39A, 'k'}, {0x3BA, 'k'}, {0x39C, 'm'},
    {0x39D, 'n'}, {0x3BD, 'v'}, {0x3A1, 'p'}, {0x3C1, 'p'}, {0x3A4, 't'}, {0x3C4, 't'},
    {0x3A5, 'y'}, {0x3A7, 'x'}, {0x3C7, 'x'},
    /* Latin with a twist */
    {0x131, 'l'}, {0x261, 'g'}, {0x269, 'l'},
};
/* clang-format on */

static char fold_wide(uint32_t cp) {
    if (cp >= 0xFF21 && cp <= 0xFF5A) return fold_ascii((char)(cp - 0xFF21 + 'A')); /* full width */
    for (ptrdiff_t i = 0; i < COUNT_OF(look_alikes); i++) {
        if (look_alikes[i].cp == cp) return look_alikes[i].like;
    }
    return '?';
}

/* Skeleton of a name, at most AUTHOR_BYTES bytes; also "rn" reads as "m", "vv" as "w". */
static ptrdiff_t skeleton(str name, char ret[AUTHOR_BYTES]) {
    ptrdiff_t n = 0;
    for (ptrdiff_t pos = 0; pos < name.n && n < AUTHOR_BYTES - 1;) {
        const uint32_t cp = str_utf8_next(name, &pos);
        const char c = cp < 0x80 ? fold_ascii((char)cp) : fold_wide(cp);
        if (c == '\0') continue;
        if (c == 'n' && n > 0 && ret[n - 1] == 'r')
            ret[n - 1] = 'm';
        else if (c == 'v' && n > 0 && ret[n - 1] == 'v')
            ret[n - 1] = 'w';
        else
            ret[n++] = c;
    }
    ret[n] = '\0';
    return n;
}

void judge_author_key(const struct post *p, char ret[AUTHOR_BYTES]) {
    struct buf b;
    buf_init_fixed(&b, ret, AUTHOR_BYTES);
    buf_put(&b, p->source);
    buf_put_byte(&b, ':');
    if (p->author_id.n == 0) buf_put_byte(&b, '@');
    buf_put(&b, p->author_id.n > 0 ? p->author_id : p->username);
}

/* Does a name in the configuration ("name", "@name" or "source:id") mean this author? */
static bool names_author(str entry, str key, str username) {
    if (str_find_byte(entry, ':') >= 0) return str_eq(entry, key);
    if (str_starts(entry, STR("@"))) entry = str_tail(entry, 1);
    return str_eq_nocase(entry, username);
}

static int list_find(const struct config_list *list, str key, str username) {
    for (int i = 0; i < list->count; i++) {
        if (names_author(list->names[i], key, username)) return i;
    }
    return -1;
}

static bool is_lookalike(const struct judge *j, str username) {
    char own[AUTHOR_BYTES];
    const str mine = str_from_bytes(own, skeleton(username, own));
    if (mine.n < 4) return false; /* too short to imitate anybody */
    bool alike = false;
    for (int i = 0; i < j->watched_count; i++) {
        if (str_eq_nocase(username, j->watched_names[i])) return false; /* is one himself */
        alike = alike || str_eq(mine, j->watched[i]);
    }
    return alike;
}

static void watch_names(struct judge *j, struct arena *boot) {
    const struct config_list *w = &j->cfg->judge_author_weights;
    j->watched = NEW_ARRAY(boot, str, JUDGE_WATCHED_MAX);
    j->watched_names = NEW_ARRAY(boot, str, JUDGE_WATCHED_MAX);
    for (int i = 0; i < w->count && j->watched_count < JUDGE_WATCHED_MAX; i++) {
        str name = w->names[i];
        if (str_find_byte(name, ':') >= 0 || w->weights[i] == 0) continue;
        if (str_starts(name, STR("@"))) name = str_tail(name, 1);
        char block[AUTHOR_BYTES];
        j->watched[j->watched_count] = str_dup(boot, str_from_bytes(block, skeleton(name, block)));
        j->watched_names[j->watched_count++] = name;
    }
}

/* --- authors -----------------------------------------------------------------------------------
 */

static int32_t *author_slot(struct judge *j, str key) {
    for (uint64_t i = str_hash(key);; i++) {
        int32_t *slot = &j->author_slots[i & (SLOTS - 1)];
        if (*slot == 0 || str_eq(str_from_z(j->authors[*slot - 1].key), key)) return slot;
    }
}

struct author *judge_find_author(struct judge *j, str key) {
    const int32_t *slot = author_slot(j, key);
    return *slot == 0 ? NULL : &j->authors[*slot - 1];
}

static usec last_heard(const struct author *a) {
    return i64_max(a->last_post_at, a->last_trade_at + USEC_PER_DAY);
}

static int heard_after(const struct judge *j, usec at) {
    int count = 0;
    for (int i = 0; i < j->author_count; i++) count += last_heard(&j->authors[i]) > at;
    return count;
}

/* Forgets the half of the authors that was silent for longest, and indexes the rest anew. Happens
 * once in JUDGE_AUTHORS_MAX / 2 new authors; their rows stay in the store. The moment that parts
 * the halves is found by bisection: at most 64 looks at the table, no memory, no sorting. */
static void forget_silent(struct judge *j) {
    const int room = JUDGE_AUTHORS_MAX / 2;
    usec lo = 0, hi = USEC_NEVER; /* heard_after(hi) <= room */
    while (lo < hi) {
        const usec middle = lo + (hi - lo) / 2;
        if (heard_after(j, middle) <= room)
            hi = middle;
        else
            lo = middle + 1;
    }
    int ties = room - heard_after(j, hi); /* of those heard at that very moment, so many stay */
    int kept = 0;
    for (int i = 0; i < j->author_count; i++) {
        const usec heard = last_heard(&j->authors[i]);
        if (heard < hi || (heard == hi && ties-- <= 0)) continue;
        j->authors[kept++] = j->authors[i];
    }
    j->author_count = kept;
    memset(j->author_slots, 0, SLOTS * sizeof *j->author_slots);
    for (int i = 0; i < kept; i++) *author_slot(j, str_from_z(j->authors[i].key)) = i + 1;
}

void judge_put_author(struct judge *j, const struct author *a) {
    struct author *known = judge_find_author(j, str_from_z(a->key));
    if (known != NULL) {
        *known = *a;
        return;
    }
    if (j->author_count == JUDGE_AUTHORS_MAX) forget_silent(j);
    j->authors[j->author_count++] = *a;
    *author_slot(j, str_from_z(a->key)) = j->author_count;
}

static struct author *author_of(struct judge *j, usec now, const struct post *p) {
    struct author fresh = {0};
    judge_author_key(p, fresh.key);
    IGNORE(str_copyz(p->username, fresh.username, AUTHOR_BYTES), "names are cut");
    struct author *a = judge_find_author(j, str_from_z(fresh.key));
    if (a == NULL) {
        fresh.last_post_at = now;
        judge_put_author(j, &fresh);
        a = judge_find_author(j, str_from_z(fresh.key));
    }
    POST(a != NULL);
    a->posts++;
    a->last_post_at = now;
    if (a->day != time_utc_day(now)) {
        a->day = time_utc_day(now);
        a->trades_today = 0;
    }
    return a;
}

/* --- memory of posts -----------------------------------------------------------------------------
 */

void judge_init(struct judge *j, struct arena *boot, const struct config *cfg) {
    *j = (struct judge){.cfg = cfg};
    j->memory = NEW_ARRAY(boot, struct post_memory, JUDGE_MEMORY_MAX);
    j->authors = NEW_ARRAY(boot, struct author, JUDGE_AUTHORS_MAX);
    j->author_slots = NEW_ARRAY(boot, int32_t, SLOTS);
    records_init(&j->records, boot);
    watch_names(j, boot);
}

static struct post_memory *memory_at(const struct judge *j, int i) {
    return &j->memory[(j->memory_first + i) % JUDGE_MEMORY_MAX];
}

static void forget_old(struct judge *j, usec now) {
    while (j->memory_count > 0 && memory_at(j, 0)->at < now - JUDGE_WINDOW) {
        j->memory_first = (j->memory_first + 1) % JUDGE_MEMORY_MAX;
        j->memory_count--;
    }
}

void judge_put_memory(struct judge *j, const struct post_memory *m) {
    if (j->memory_count == JUDGE_MEMORY_MAX) {
        j->memory_first = (j->memory_first + 1) % JUDGE_MEMORY_MAX;
        j->memory_count--;
    }
    *memory_at(j, j->memory_count++) = *m;
}

void judge_remember(struct judge *j, usec now, const struct reading *r, const struct opinion *op,
                    struct post_memory *ret) {
    PRE(!op->repeated);
    struct post_memory m = {
        .tweet_id = r->post->id,
        .root_id = r->post->root_id,
        .cluster_id = op->cluster_id,
        .simhash = r->simhash,
        .token_count = r->token_count,
        .at = now,
    };
    memcpy(m.author, op->author->key, AUTHOR_BYTES);
    judge_put_memory(j, &m);
    *ret = m;
}

static bool is_near_copy(const struct post_memory *m, const struct reading *r) {
    if (r->post->ref != POST_REF_NONE && r->post->ref != POST_REF_REPLY &&
        m->tweet_id == r->post->ref_id) {
        return true; /* a retweet or quote of it */
    }
    return m->token_count >= JUDGE_COPY_WORDS && r->token_count >= JUDGE_COPY_WORDS &&
           __builtin_popcountll(m->simhash ^ r->simhash) <= JUDGE_COPY_BITS;
}

/* Looks through the memory, oldest first: the first match names the cluster. */
static void recall(struct judge *j, const struct reading *r, const char *author,
                   struct opinion *op) {
    for (int i = 0; i < j->memory_count; i++) {
        const struct post_memory *m = memory_at(j, i);
        if (m->tweet_id == r->post->id) {
            op->repeated = true;
            return;
        }
        if (m->root_id == r->post->root_id) {
            op->edit = true;
            op->root_seen = op->root_seen || m->tweet_id == m->root_id;
            /* ids of a chain grow; those of other sources have no order and no edits */
            op->outdated = op->outdated || (r->post->id > 0 && m->tweet_id > r->post->id);
            op->cluster_id = m->cluster_id;
            op->copy = false;
        } else if (op->cluster_id == 0 && is_near_copy(m, r)) {
            op->cluster_id = m->cluster_id;
            op->copy = strcmp(m->author, author) != 0;
        }
    }
}

/* --- the post as a whole -------------------------------------------------------------------------
 */

/* 10,000 at age 0, half at each half-life: a shift and a straight line between. */
static int32_t freshness_bp(usec age, int64_t half_life_s) {
    if (age <= 0) return (int32_t)BP_ONE;
    const int64_t half = half_life_s * USEC_PER_S;
    const int64_t halvings = age / half;
    if (halvings >= 14) return 0;
    const int64_t upper = BP_ONE >> halvings;
    return (int32_t)(upper - (upper / 2) * (age % half) / half);
}

/* What became of a chain is known for as long as the memory reaches: an edit of an older one could
 * be traded a second time. */
static bool chain_is_old(const struct opinion *op, usec now, const struct post *p) {
    usec began;
    if (!p->edited || op->root_seen) return false;
    return !time_from_snowflake(p->root_id, &began) || now - began >= JUDGE_WINDOW;
}

static reason post_refusal(const struct judge *j, usec now, const struct reading *r,
                           const struct author *a) {
    const struct config *cfg = j->cfg;
    const struct post *p = r->post;
    const str key = str_from_z(a->key), name = str_from_z(a->username);
    if (p->created_at > i64_max(p->received_at, now) + FUTURE_TOLERANCE) return REASON_FUTURE_TIME;
    if (now - p->created_at > cfg->trading_max_signal_age_s * USEC_PER_S) return REASON_STALE;
    if (p->ref == POST_REF_RETWEET) return REASON_RETWEET;
    if (list_find(&cfg->trading_muted_authors, key, name) >= 0) return REASON_MUTED_AUTHOR;
    if (cfg->judge_lookalike && is_lookalike(j, p->username)) return REASON_LOOKALIKE;
    if (cfg->judge_scam && (r->cues & (CUE_GIVEAWAY | CUE_PHISHING)) != 0) return REASON_SCAM;
    return REASON_NONE;
}

/* 1 - weight * (1 - factor): so much of a factor counts. */
static int32_t weighed(int64_t weight_e8, int32_t factor_bp) {
    return (int32_t)(BP_ONE - weight_e8 * (BP_ONE - factor_bp) / E8);
}

void judge_post(struct judge *j, usec now, const struct reading *r, struct opinion *ret) {
    const struct config *cfg = j->cfg;
    *ret = (struct opinion){
        .author_bp = BP_ONE, .record_bp = BP_ONE, .freshness_bp = BP_ONE, .copies_bp = BP_ONE};
    forget_old(j, now);
    char key[AUTHOR_BYTES];
    judge_author_key(r->post, key);
    recall(j, r, key, ret);
    if (ret->repeated) return;
    if (ret->cluster_id == 0) ret->cluster_id = r->post->root_id;
    ret->author = author_of(j, now, r->post);
    ret->refusal = ret->outdated                     ? REASON_EDIT
                   : chain_is_old(ret, now, r->post) ? REASON_STALE
                                                     : post_refusal(j, now, r, ret->author);
    const int i =
        list_find(&cfg->judge_author_weights, str_from_z(key), str_from_z(ret->author->username));
    ret->listed = i >= 0;
    ret->record_bp =
        weighed(cfg->judge_record, record_factor(records_find(&j->records, str_from_z(key))));
    if (cfg->judge_author) {
        const int64_t weight =
            i >= 0 ? cfg->judge_author_weights.weights[i] : cfg->judge_default_author_weight;
        ret->author_bp = (int32_t)(weight / (E8 / BP_ONE));
    }
    if (cfg->judge_freshness) {
        ret->freshness_bp =
            freshness_bp(now - r->post->created_at, cfg->judge_freshness_half_life_s);
    }
    if (cfg->judge_copies && ret->copy) {
        ret->copies_bp = (int32_t)(cfg->judge_copy_penalty / (E8 / BP_ONE));
    }
}

/* --- one mention --------------------------------------------------------------------- */

static int score_of(const int32_t parts[PART_COUNT]) {
    const int64_t polarity =
        parts[PART_POLARITY] < 0 ? -(int64_t)parts[PART_POLARITY] : parts[PART_POLARITY];
    int64_t product = parts[PART_CONFIDENCE] * polarity; /* 1e8 is one */
    for (int i = PART_AUTHOR; i < PART_COUNT; i++) product = product * parts[i] / BP_ONE;
    return (int)i64_min((product + 500000) / 1000000, 100);
}

/* A muted symbol is written as the pair ("DOGEUSDT") or as the coin ("DOGE", "$doge"). */
static bool is_muted(const struct config *cfg, str symbol) {
    const struct config_list *muted = &cfg->trading_muted_symbols;
    const str quote = cfg->venue_quote_asset;
    const str coin = str_ends(symbol, quote) ? str_head(symbol, symbol.n - quote.n) : symbol;
    for (int i = 0; i < muted->count; i++) {
        str name = muted->names[i];
        if (str_starts(name, STR("$"))) name = str_tail(name, 1);
        if (str_eq_nocase(name, symbol) || str_eq_nocase(name, coin)) return true;
    }
    return false;
}

void judge_mention(const struct judge *j, const struct opinion *op, const struct mention *m,
                   struct signal *s) {
    s->parts_bp[PART_CONFIDENCE] = m->confidence_bp;
    s->parts_bp[PART_POLARITY] = m->abstain ? 0 : m->polarity_bp;
    s->parts_bp[PART_AUTHOR] = op->author_bp;
    s->parts_bp[PART_RECORD] = op->record_bp;
    s->parts_bp[PART_FRESHNESS] = op->freshness_bp;
    s->parts_bp[PART_COPIES] = op->copies_bp;
    s->parts_bp[PART_PRICED_IN] = BP_ONE;
    s->side = m->abstain || m->polarity_bp == 0 ? SIDE_NONE
              : m->polarity_bp > 0              ? SIDE_LONG
                                                : SIDE_SHORT;
    s->base_score = base_score(m->confidence_bp, s->parts_bp[PART_POLARITY]);
    s->score = score_of(s->parts_bp);
    if (s->side == SIDE_NONE) {
        s->reason = REASON_ABSTAIN;
    } else if (op->refusal != REASON_NONE) {
        s->reason = op->refusal;
    } else if (is_muted(j->cfg, str_from_z(s->symbol))) {
        s->reason = REASON_MUTED_SYMBOL;
    } else if (s->score < j->cfg->trading_signal_threshold) {
        s->reason = REASON_BELOW_THRESHOLD;
    } else {
        s->reason = REASON_NONE;
    }
}

reason judge_priced_in(const struct judge *j, struct signal *s, usec now, price now_price) {
    if (!j->cfg->judge_priced_in) return REASON_NONE;
    if (price_is_zero(s->seen)) return REASON_NO_PRICE;
    s->parts_bp[PART_PRICED_IN] = priced_in_factor(j->cfg, s, now, now_price);
    s->score = score_of(s->parts_bp);
    return s->score >= j->cfg->trading_signal_threshold ? REASON_NONE : REASON_PRICED_IN;
}
