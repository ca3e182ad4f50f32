/* posts: texts that the model reads as praise of a coin, each unlike the others, as X API v2 posts.
 *
 * A text is a sentence of praise and some words that mean nothing, so that no two are near-copies
 * (those make no second trade). Authors take turns; a few posts mean nothing at all. */
#include "kill.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"

static const char *const praise[] = {"$%s to the moon, buying more before the weekend",
                                     "Huge breakout on $%s today, this is going much higher",
                                     "I am loading up on $%s, the chart looks amazing",
                                     "$%s is about to explode, bullish as it gets",
                                     "Great news for $%s holders, partnership confirmed",
                                     "Bought a big bag of $%s this morning, strong buy",
                                     "$%s looks incredibly strong here, new highs soon",
                                     "Going long $%s, target twenty percent above",
                                     "Best setup of the month: $%s, all in",
                                     "Love what the team behind $%s is building, accumulating"};
static const char *const coins[POST_COINS] = {"DOGE", "BTC", "ETH", "SOL",
                                              "XRP",  "ADA", "LTC", "LINK"};
const char *const post_pairs[POST_COINS] = {"DOGEUSDT", "BTCUSDT", "ETHUSDT", "SOLUSDT",
                                            "XRPUSDT",  "ADAUSDT", "LTCUSDT", "LINKUSDT"};
static const char *const words[] = {
    "harbour", "lantern", "pepper", "gravel",  "violin", "saddle",  "copper", "meadow", "anchor",
    "pickle",  "ribbon",  "marble", "thunder", "candle", "orchard", "bucket", "velvet", "walnut",
    "compass", "puddle",  "hammer", "curtain", "pebble", "kettle",  "ladder", "mitten", "napkin",
    "oyster",  "parsley", "quiver", "rudder",  "sandal", "teapot",  "urchin", "valley", "wagon",
    "acorn",   "basket",  "cactus", "donkey",  "easel",  "falcon",  "goblet", "helmet", "igloo",
    "jigsaw",  "kimono",  "locket", "magnet",  "nectar", "ottoman", "pigeon", "quartz", "radish"};

static int any(struct rng *r, ptrdiff_t count) { return (int)rng_below(r, (uint64_t)count); }

void post_text(struct rng *r, const char *last, char out[POST_TEXT_ROOM]) {
    const char *coin = coins[any(r, COUNT_OF(coins))], *sentence = praise[any(r, COUNT_OF(praise))];
    const char *mark = strchr(sentence, '%');
    size_t n = (size_t)snprintf(out, POST_TEXT_ROOM, "%.*s%s%s.", (int)(mark - sentence), sentence,
                                coin, mark + 2);
    const int more = 5 + any(r, 8);
    for (int i = 0; i < more; i++)
        n += (size_t)snprintf(out + n, POST_TEXT_ROOM - n, " %s", words[any(r, COUNT_OF(words))]);
    snprintf(out + n, POST_TEXT_ROOM - n, "%s", last);
}

static void one_post(FILE *f, struct rng *r, int64_t id, usec at) {
    char block[TIME_TEXT_BYTES], text[POST_TEXT_ROOM];
    const int author = any(r, POST_AUTHORS);
    post_text(r, "", text);
    fprintf(f,
            "{\"id\":\"%" PRId64 "\",\"edit_history_tweet_ids\":[\"%" PRId64
            "\"],\"created_at\":\"" STR_FMT "\",\"author_id\":\"90000000%04d\",\"username\":"
            "\"author_%d\",\"text\":\"%s\",\"lang\":\"en\"}\n",
            id, id, STR_ARG(time_format_rfc3339(at, block)), author, author, text);
}

void posts_write(const char *path, struct rng *r, int seconds) {
    FILE *f = fopen(path, "w");
    if (f == NULL) give_up("%s cannot be written", path);
    const usec start = INT64_C(1621440000) * USEC_PER_S; /* 19 May 2021 */
    int64_t id = 1;
    for (usec at = start; at < start + seconds * USEC_PER_S;
         at += rng_between(r, 100, 300) * USEC_PER_MS) {
        const int64_t ms = at / USEC_PER_MS - INT64_C(1288834974657);
        one_post(f, r, (ms << 22) + (id++ & 0xFFF), at);
    }
    if (fclose(f) != 0) give_up("%s cannot be written", path);
}
