/* What is taken back: a post that is deleted, edited into something else, or denied by its author.
 *
 * In: deletions, edits (readings of the same chain) and later posts of an author whose post opened
 * a position. Out: signals that still wait are refused; a position is closed, or halved, as
 * trading.on_retraction says, and the trade's row says why. Exits are never held up, so none of
 * this asks for the mode.
 *
 * What a post says of a coin after it was first traded is one of three things: it stands, it is
 * weaker, it is gone. Deleted is gone. An edit is measured by its base score, which neither the
 * author's weight nor age moves, against that of the signal that opened the position. A later post
 * of the same author is measured only if it takes something back: the opposite opinion on the same
 * coin does by itself; words of denial (infer/denial.c) do where they are addressed to the post.
 *
 * Failure: none; word of a post that is not known is remembered for the case that it comes late.
 * Thread: the trader's. */
#include "flow/trader_int.h"

#include "flow/signal.h"

typedef enum stance { STANCE_FIRM, STANCE_WEAKER, STANCE_GONE } stance;

/* What of a trade or of a waiting signal is compared. */
struct claim {
    const char *symbol, *author;
    side opinion;
    int base_score;
    int64_t tweet_id, root_id;
    usec posted_at, since;
};

static struct claim claim_of_trade(const struct trade *tr) {
    return (struct claim){.symbol = tr->symbol,
                          .author = tr->author,
                          .opinion = tr->side,
                          .base_score = tr->base_score,
                          .tweet_id = tr->tweet_id,
                          .root_id = tr->root_id,
                          .posted_at = tr->posted_at,
                          .since = tr->created_at};
}

static struct claim claim_of_signal(const struct signal *s) {
    return (struct claim){.symbol = s->symbol,
                          .author = s->author,
                          .opinion = s->side,
                          .base_score = s->base_score,
                          .tweet_id = s->tweet_id,
                          .root_id = s->root_id,
                          .posted_at = s->posted_at,
                          .since = s->created_at};
}

/* --- doing it -------------------------------------------------------------------------------- */

/* `by`: the post that takes it back; the deleted one itself. */
static void take_back(struct trader *t, struct trade *tr, stance now, reason why, int64_t by) {
    const str rule = t->cfg->trading_on_retraction;
    if (now == STANCE_FIRM) return;
    const bool keep = str_eq(rule, STR("keep"));
    const bool all = now == STANCE_GONE && str_eq(rule, STR("close"));
    const bool due = tr->exit_due && (!tr->shrink_due || !all);
    if (due || (!all && tr->shrunk_reason != REASON_NONE)) return; /* it was done already */
    const char *what = keep ? "keep" : all ? "close" : "shrink";
    char block[TRADE_NAME_BYTES];
    ledger(t, "retract trade=%s tweet=%lld %s %s", trade_name(tr, block), (long long)by,
           reason_name(why), what);
    audit(t, "program", "retract", "trade", tr->id, tr->id, "post %lld: %s, %s", (long long)by,
          reason_name(why), what);
    t->acts->durable = true;
    if (keep) return;
    if (all)
        trade_want_exit(t, tr, why);
    else
        trade_want_shrink(t, tr, why);
}

/* --- edits ----------------------------------------------------------------------------------- */

static const struct mention *mention_of(const struct reading *r, const char *symbol) {
    for (int i = 0; i < r->mention_count; i++) {
        if (strcmp(r->mentions[i].symbol, symbol) == 0) return &r->mentions[i];
    }
    return NULL;
}

static bool agrees(const struct mention *m, side with) {
    return !m->abstain && (m->polarity_bp > 0) == (with == SIDE_LONG);
}

/* What is left of a claim by this mention, which may be NULL. */
static stance measure(const struct trader *t, const struct mention *m, const struct claim *c) {
    if (m == NULL || !agrees(m, c->opinion)) return STANCE_GONE;
    const int64_t left = base_score(m->confidence_bp, m->polarity_bp) * E8;
    const bool weaker = left < c->base_score * t->cfg->trading_retraction_weaker;
    return weaker ? STANCE_WEAKER : STANCE_FIRM;
}

/* Whoever names another's post as the first of his chain takes nothing back. */
void on_edit(struct trader *t, const struct reading *r) {
    const int64_t root = r->post->root_id;
    char author[AUTHOR_BYTES];
    judge_author_key(r->post, author);
    for (int i = 0; i < t->trade_count; i++) {
        struct trade *tr = &t->trades[i];
        if (tr->root_id != root || !author_may_be(tr->author, author)) continue;
        const struct claim c = claim_of_trade(tr);
        const bool hacked = (r->cues & CUE_HACKED) != 0;
        const stance now = hacked ? STANCE_GONE : measure(t, mention_of(r, tr->symbol), &c);
        take_back(t, tr, now, REASON_RETRACTION, r->post->id);
    }
    for (int i = t->signal_count - 1; i >= 0; i--) { /* the newer version speaks for the chain */
        const struct signal *s = &t->signals[i];
        if (s->root_id != root || !author_may_be(s->author, author)) continue;
        signal_withdraw(t, i, REASON_RETRACTED);
    }
}

/* --- denials --------------------------------------------------------------------------------- */

/* Whom a reply or a quote answers. */
typedef enum address { ADDRESS_NOBODY, ADDRESS_THIS, ADDRESS_OTHER } address;

static address address_of(const struct trader *t, const struct post *p, const struct claim *c) {
    if (p->ref == POST_REF_NONE || p->ref_id == 0) return ADDRESS_NOBODY;
    if (p->ref_id == c->tweet_id || p->ref_id == c->root_id) return ADDRESS_THIS;
    const struct post_memory *m = judge_find_post(&t->judge, p->ref_id);
    return m != NULL && m->root_id == c->root_id ? ADDRESS_THIS : ADDRESS_OTHER;
}

/* What a later post of the same author leaves of a claim. */
static stance after(const struct trader *t, const struct reading *r, const struct claim *c) {
    if (r->cues & CUE_HACKED) return STANCE_GONE;
    const struct mention *m = mention_of(r, c->symbol);
    const bool opposite = m != NULL && !m->abstain && !agrees(m, c->opinion);
    const int score = m != NULL ? base_score(m->confidence_bp, m->polarity_bp) : 0;
    if (opposite && score >= t->cfg->trading_denial_score) return STANCE_GONE;
    if ((r->cues & (CUE_DENIAL | CUE_CORRECTION)) == 0) return STANCE_FIRM;
    const address to = address_of(t, r->post, c);
    if (to == ADDRESS_OTHER) return STANCE_FIRM;
    if (m != NULL) return measure(t, m, c);
    if (r->mention_count > 0) return STANCE_FIRM; /* of other coins */
    const bool clear = to == ADDRESS_THIS || (r->cues & CUE_DENIAL) != 0;
    return clear ? STANCE_GONE : STANCE_FIRM;
}

static bool is_later(const struct trader *t, const struct reading *r, const char *author,
                     const struct claim *c) {
    const usec window = t->cfg->trading_denial_window_s * USEC_PER_S;
    return strcmp(c->author, author) == 0 && c->root_id != r->post->root_id &&
           r->post->created_at > c->posted_at && t->now - c->since < window;
}

void on_later_post(struct trader *t, const struct reading *r, const char *author) {
    if (r->post->ref == POST_REF_RETWEET) return; /* the words are another's */
    for (int i = 0; i < t->trade_count; i++) {
        struct trade *tr = &t->trades[i];
        const struct claim c = claim_of_trade(tr);
        if (!is_later(t, r, author, &c)) continue;
        take_back(t, tr, after(t, r, &c), REASON_DENIED, r->post->id);
    }
    for (int i = t->signal_count - 1; i >= 0; i--) {
        const struct claim c = claim_of_signal(&t->signals[i]);
        if (is_later(t, r, author, &c) && after(t, r, &c) == STANCE_GONE)
            signal_withdraw(t, i, REASON_DENIED);
    }
}

/* --- deletions ------------------------------------------------------------------------------- */

static bool is_of(int64_t tweet_id, int64_t root_id, const struct deletion *d) {
    return tweet_id == d->tweet_id || root_id == d->tweet_id || root_id == d->root_id;
}

/* Word of a post that is known to be somebody else's is not obeyed. */
static bool is_anothers(const struct trader *t, const struct deletion *d) {
    const struct post_memory *m = judge_find_post(&t->judge, d->tweet_id);
    if (m != NULL && !author_may_be(m->author, d->author)) return true;
    for (int i = 0; i < t->trade_count; i++) {
        const struct trade *tr = &t->trades[i];
        if (is_of(tr->tweet_id, tr->root_id, d) && !author_may_be(tr->author, d->author))
            return true;
    }
    return false;
}

int on_deletion(struct trader *t, const struct deletion *told) {
    struct deletion d = *told;
    const struct post_memory *m = judge_find_post(&t->judge, d.tweet_id);
    d.root_id = m != NULL ? m->root_id : d.tweet_id;
    d.at = t->now;
    if (is_anothers(t, &d)) {
        ledger(t, "deletion tweet=%lld not obeyed: another author's", (long long)d.tweet_id);
        tell(t, TELL_UNUSUAL, "deletion_of_another",
             "post %lld: the word of its deletion names another author; not obeyed",
             (long long)d.tweet_id);
        return 0;
    }
    if (!deleted_has(&t->deleted, t->now, d.tweet_id, d.root_id, d.author)) {
        deleted_put(&t->deleted, &d);
        act(t, ACTION_PUT_DELETION)->u.deletion = d;
        ledger(t, "deletion tweet=%lld", (long long)d.tweet_id);
        audit(t, d.actor, "deletion", "post", d.tweet_id, 0, "its text was removed");
    }
    int count = 0;
    for (int i = 0; i < t->trade_count; i++) {
        struct trade *tr = &t->trades[i];
        if (!is_of(tr->tweet_id, tr->root_id, &d)) continue;
        take_back(t, tr, STANCE_GONE, REASON_DELETED, d.tweet_id);
        count++;
    }
    for (int i = t->signal_count - 1; i >= 0; i--) {
        const struct signal *s = &t->signals[i];
        if (is_of(s->tweet_id, s->root_id, &d)) signal_withdraw(t, i, REASON_DELETED);
    }
    t->acts->durable = true;
    return count;
}

bool on_deleted_post(struct trader *t, const struct reading *r) {
    char author[AUTHOR_BYTES];
    if (t->deleted.count == 0) return false;
    judge_author_key(r->post, author);
    if (!deleted_has(&t->deleted, t->now, r->post->id, r->post->root_id, author)) return false;
    if (judge_find_post(&t->judge, r->post->id) != NULL) return true; /* a repetition */
    t->account.posts++;
    struct action *put = act(t, ACTION_PUT_POST);
    put->u.post.reading = r;
    put->u.post.outcome = REASON_DELETED;
    t->refused[REASON_DELETED]++;
    ledger(t, "refusal tweet=%lld %s", (long long)r->post->id, reason_name(REASON_DELETED));
    return true;
}
