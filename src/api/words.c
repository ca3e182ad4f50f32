/* words: see the header.
 *
 * In: what the store has of a post. Out: what the reader of this process makes of the same text,
 * and what each word does to that: to the mood of the whole post, and to confidence times polarity
 * of each coin, in basis points as shares. `agrees` tells whether it is what the stored score was
 * made of: another model, or other names of coins, may have read the post then. Never fails: a text
 * that is gone, or no reader, is an answer. Takes as long as reading the text once for each word;
 * no store, no lock. Thread: any. */
#include "api/words.h"

#include "api/put.h"
#include "flow/weigh.h"

#define MENTIONS_BYTES 8192 /* of MENTIONS_MAX, as the store has them */

static void put_nothing(struct buf *b, const char *why, const struct view_said *said) {
    buf_printf(b, "{\"state\":\"%s\",\"model\":null", why);
    if (said->model.n > 0)
        api_put_text(b, "stored_by", said->model);
    else
        buf_put(b, STR(",\"stored_by\":null"));
    buf_put(b, STR(",\"agrees\":null,\"sentiment_score\":null"));
    api_put_share(b, "least", WEIGH_COUNTS_BP);
    buf_put(b, STR(",\"cut\":false,\"together\":false,\"coins\":[],\"words\":[]}"));
}

/* Is it what stands in the store? */
static bool agrees(const struct view_said *said, const struct reading *rd) {
    char block[MENTIONS_BYTES];
    struct buf now;
    buf_init_fixed(&now, block, sizeof block);
    store_put_mentions(&now, rd);
    return str_eq(said->model, str_from_z(rd->model)) && said->sentiment_bp == rd->sentiment_bp &&
           str_eq(said->mentions, buf_str(&now));
}

static const char *is_together(const struct weights *w, int mention) {
    return w->together >> mention & 1 ? "true" : "false";
}

static void put_coins(struct buf *b, const struct reading *rd, const struct weights *w) {
    buf_put(b, STR(",\"coins\":["));
    for (int i = 0; i < rd->mention_count; i++) {
        const struct mention *const m = &rd->mentions[i];
        buf_printf(b, "%s{\"symbol\":\"%s\"", i > 0 ? "," : "", m->symbol);
        api_put_share(b, "confidence", m->confidence_bp);
        api_put_share(b, "polarity", m->abstain ? 0 : m->polarity_bp);
        api_put_share(b, "value", mention_value_bp(m));
        buf_printf(b, ",\"together\":%s}", is_together(w, i));
    }
    buf_put_byte(b, ']');
}

/* Coins to which the word does nothing are left out. */
static void put_effects(struct buf *b, const struct reading *rd, const struct weight *v) {
    bool first = true;
    buf_put(b, STR(",\"coins\":["));
    for (int i = 0; i < rd->mention_count; i++) {
        const bool names = v->names >> i & 1, links = v->links >> i & 1;
        if (v->value_bp[i] == 0 && v->alone_bp[i] == 0 && !names && !links) continue;
        buf_printf(b, "%s{\"symbol\":\"%s\"", first ? "" : ",", rd->mentions[i].symbol);
        api_put_share(b, "value", v->value_bp[i]);
        api_put_share(b, "alone", v->alone_bp[i]);
        buf_printf(b, ",\"names\":%s,\"links\":%s}", names ? "true" : "false",
                   links ? "true" : "false");
        first = false;
    }
    buf_put_byte(b, ']');
}

static void put_words(struct buf *b, str text, const struct reading *rd, const struct weights *w) {
    buf_put(b, STR(",\"words\":["));
    for (int i = 0; i < w->count; i++) {
        const struct weight *const v = &w->v[i];
        buf_printf(b, "%s{\"begin\":%d,\"end\":%d", i > 0 ? "," : "", (int)v->begin, (int)v->end);
        api_put_text(b, "text", (str){text.p + v->begin, v->end - v->begin});
        api_put_share(b, "sentiment", v->sentiment_bp);
        api_put_share(b, "alone", v->alone_sentiment_bp);
        put_effects(b, rd, v);
        buf_put_byte(b, '}');
    }
    buf_put_byte(b, ']');
}

void words_put(const struct reader *r, struct arena scratch, const struct view_said *said,
               struct buf *out) {
    if (said->deleted || r == NULL) {
        put_nothing(out, said->deleted ? "deleted" : "no_reader", said);
        return;
    }
    struct reading *const rd = NEW(&scratch, struct reading);
    struct weights *const w = NEW(&scratch, struct weights);
    const struct post post = {.text = said->text};
    reader_read(r, scratch, &post, 1, rd);
    weigh_words(r, scratch, &post, rd, w);
    buf_printf(out, "{\"state\":\"weighed\",\"model\":\"%s\"", rd->model);
    if (said->model.n > 0) {
        const bool known = said->mentions.p != NULL; /* else retention thinned it out */
        api_put_text(out, "stored_by", said->model);
        buf_printf(out, ",\"agrees\":%s", !known ? "null" : agrees(said, rd) ? "true" : "false");
    } else {
        buf_put(out, STR(",\"stored_by\":null,\"agrees\":null"));
    }
    api_put_share(out, "sentiment_score", rd->sentiment_bp);
    api_put_share(out, "least", WEIGH_COUNTS_BP);
    buf_printf(out, ",\"cut\":%s,\"together\":%s", w->cut ? "true" : "false",
               is_together(w, WEIGH_WHOLE_POST));
    put_coins(out, rd, w);
    put_words(out, said->text, rd, w);
    buf_put_byte(out, '}');
}
