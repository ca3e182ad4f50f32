/* denial: words by which an author takes back what he wrote before.
 *
 * In: the words of a post. Out: cues. Three kinds, by how far they reach:
 *   CUE_HACKED      somebody else wrote in his name: all that he posted lately
 *   CUE_DENIAL      a post of his does not count any more
 *   CUE_CORRECTION  something was wrong; says little unless the post names the coin again
 * The words alone close nothing: the trader asks first whether this author's post opened a
 * position (trader_retract.c). Phrases are in the first person or speak of "my post", because
 * "fake news" and "was he hacked?" are said of others every day. A phrase that is negated, or that
 * stands behind "if", says nothing. A correction has its colon: without one it is a market's.
 *
 * A word that starts no phrase costs one bit test: nearly all of them. Integers only; pure. */
#include "flow/infer/infer_int.h"
#include "flow/reading.h"

struct denial {
    struct phrases *phrases; /* -> index of the row */
    uint64_t starts[64];     /* bits of the hashes of first words */
};

#define OPENS                                                                                      \
    (UINT32_C(1) << 31) /* counts only as the first words of a post: "It wasn't me" does not */
_Static_assert(CUE_COUNT < 31, "a bit beside the cues");

static const struct {
    const char *phrases; /* separated by | */
    uint32_t cue;
} rows[] = {
    {"i was hacked|i got hacked|i've been hacked|i have been hacked|we were hacked|we got hacked|"
     "we've been hacked|i am hacked|i'm hacked|hacked account|"
     "account was hacked|account got hacked|account has been hacked|account is hacked|"
     "account hacked|account had been hacked|account was compromised|account got compromised|"
     "account has been compromised|account is compromised|account compromised|"
     "account was breached|account was hijacked|account has been hijacked|"
     "twitter was hacked|x was hacked|"
     "regained access to my account|regained control of my account|got my account back|"
     "tweet was not me|tweet wasn't me|tweet wasnt me|post was not me|post wasn't me|"
     "tweets were not me|tweets weren't me|posts were not me|posts weren't me|"
     "not me hacked|not me. hacked|not me, hacked|not me! hacked|not me: hacked|"
     "that wasn't me|that was not me|this wasn't me|this was not me|that wasnt me|not posted by "
     "me|not written by me|"
     "did not post that|didn't post that|did not post this|didn't post this|"
     "did not tweet that|didn't tweet that|did not write that|didn't write that|"
     "ignore all my posts|ignore all posts|ignore all previous posts|ignore all tweets|"
     "ignore all my tweets|ignore everything i posted|disregard all posts|disregard all my posts",
     CUE_HACKED},
    {"wasn't me|wasnt me|was not me", CUE_HACKED | OPENS},
    {"ignore previous tweet|ignore previous post|ignore previous tweets|ignore previous posts|"
     "ignore last tweet|ignore last post|ignore my last|ignore my previous|ignore my "
     "earlier|ignore my post|ignore my tweet|"
     "ignore that post|ignore that tweet|ignore the last post|ignore the last tweet|"
     "ignore the previous post|ignore the previous tweet|ignore my prior|"
     "disregard my|disregard that post|disregard that tweet|disregard the last post|"
     "disregard the previous post|disregard the last tweet|disregard the previous tweet|"
     "deleting this|deleted this|will delete this|deleting that|deleting my last|"
     "deleted my last|deleting my post|deleted my post|deleting my tweet|deleted my tweet|"
     "deleted that post|deleted that tweet|deleted the post|deleted the tweet|"
     "i take that back|i take it back|taking that back|i retract|retracting my|"
     "i retract that|scratch that|my last post was wrong|my last tweet was wrong|"
     "my previous post was wrong|my post was wrong|my tweet was wrong|my post was fake|"
     "my last post was fake|my last post was a joke|my post was a joke|my tweet was a joke|"
     "i was joking about|i was wrong about|posted by mistake|posted in error|tweeted by mistake|"
     "sent by mistake|posted that by mistake|posted this by mistake|was a scheduled post|"
     "i sold all|i sold everything|i've sold all|i have sold all|"
     "i sold my entire|sold all my|sold my entire|sold all of my|i no longer hold|"
     "i closed my position|closed my position",
     CUE_DENIAL},
    {"correction:|corrected:|corrected post|corrected tweet|changed my mind|fake news|false "
     "alarm|false report|this is false|that is false|"
     "that was false|not true|isn't true|is untrue|was untrue|misread|i misread|"
     "update on my last|i stand corrected|was inaccurate|is inaccurate|was incorrect|"
     "is incorrect|not confirmed after all|turns out to be fake|turned out to be fake|was a hoax|"
     "is a hoax|got it wrong|i was wrong",
     CUE_CORRECTION},
};

struct denial *denial_open(struct arena *boot) {
    struct denial *d = NEW(boot, struct denial);
    int bound = 16;
    for (int i = 0; i < COUNT_OF(rows); i++) bound += phrases_list_bound(rows[i].phrases);
    d->phrases = phrases_open(boot, bound);
    for (int i = 0; i < COUNT_OF(rows); i++)
        phrases_add_list(d->phrases, *boot, rows[i].phrases, i, d->starts);
    return d;
}

/* "if my account was hacked", "don't ignore my post". Only the words right before it: in "I can't
 * believe I was hacked" the negation is about something else. */
static bool is_taken_away(const struct words *w, int at) {
    static const char *const before[] = {"if", "unless", "imagine", "when", "before"};
    if (at > 0 && (w->v[at - 1].flags & WORD_NEGATION)) return true;
    for (int back = 1; back <= 2 && at - back >= 0; back++) {
        for (ptrdiff_t i = 0; i < COUNT_OF(before); i++) {
            if (str_eq(word_norm(w, at - back), str_from_z(before[i]))) return true;
        }
    }
    return false;
}

/* Stands nothing but users that are answered before word `at`? */
static bool is_first(const struct words *w, int at) {
    while (at > 0 && w->v[at - 1].kind == WORD_USER) at--;
    return at == 0;
}

uint32_t denial_cues(const struct denial *d, const struct words *w) {
    uint32_t cues = 0;
    for (int at = 0; at < w->count; at++) {
        if (!phrase_may_start(d->starts, w->v[at].hash)) continue;
        int end;
        const int row = phrases_find(d->phrases, w, at, &end);
        if (row == PHRASE_NONE || is_taken_away(w, at)) continue;
        if (end < w->count && word_is_mark(w, end, '?')) continue; /* a question */
        if ((rows[row].cue & OPENS) && !is_first(w, at)) continue;
        cues |= rows[row].cue;
    }
    return cues & ~OPENS;
}
