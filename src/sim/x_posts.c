/* x_posts: timelines for X's face.
 *
 * In: posts as they once were, or nothing but a seed. Out: the same posts now: the first so much of
 * them (`history`) before the start, each in its distance to the next, the rest from the start on,
 * `speed` times as fast; or as many a second as wanted, without end. Ids are made of the new times,
 * in the order of the posts, and edits, deletions, replies and quotes follow the posts that they
 * mean; when the posts come round again, those of the same round. Texts that are made up are
 * sentences of our own about coins and about nothing. One thread. */
#include "sim/x_posts.h"

#include <stdlib.h>

#include "base/rng.h"
#include "sim/x_face_int.h"

#define MADE_AUTHORS 64
#define MADE_TEXTS 4096
#define MADE_TEXT_BYTES 200
#define MADE_ID_FIRST INT64_C(880001)

struct x_posts {
    struct x_posts_options opt;
    struct x_map ids; /* of the posts -> ids now */
    int64_t at;       /* the next one's place */
    int64_t given;
    int64_t last_id;
    struct rng rng;
    str *texts; /* made up */
    const struct sim_user *authors;
    int author_count;
};

/* --- texts of our own --------------------------------------------------------------------------
 */

static const char *const coins[] = {"$BTC", "$ETH", "$DOGE",    "$SOL",     "$XRP",     "$ADA",
                                    "$BNB", "$LTC", "#bitcoin", "Ethereum", "dogecoin", "Solana"};
static const char *const openings[] = {
    "Morning notes:", "For the record:", "Unpopular view:", "Quick thought:",
    "It happened:",   "Small update:",   "Charts aside,",   "As I said in May,"};
static const char *const about_coins[] = {
    "%s looks strong after that close",         "I sold the rest of my %s today",
    "%s breaks out and nobody is watching",     "the new release of %s is finally out",
    "%s will be listed on one more venue",      "somebody moved a lot of %s this hour",
    "I do not trust this rally of %s",          "%s is down again, and I am buying",
    "fees on %s are lower than they ever were", "a bridge for %s was drained last night"};
static const char *const about_nothing[] = {
    "the coffee here is better than the view",  "the train is late and the sun is out",
    "we shipped the thing and went for a walk", "reading old letters all afternoon",
    "two hours of meetings about one button",   "the cat has opinions on my keyboard",
    "rain again, and the garden loves it",      "my neighbour plays the tuba at dawn"};
static const char *const endings[] = {
    "", ".", "!", " :)", ", more tomorrow.", " https://t.co/x1y2z3"};

static const char *pick(struct rng *r, const char *const *v, ptrdiff_t count) {
    return v[rng_below(r, (uint64_t)count)];
}

/* Two of three are about a coin. */
static str make_text(struct x_posts *p, struct arena *a) {
    struct buf b;
    buf_init_fixed(&b, NEW_ARRAY(a, char, MADE_TEXT_BYTES), MADE_TEXT_BYTES);
    buf_put(&b, str_from_z(pick(&p->rng, openings, COUNT_OF(openings))));
    buf_put(&b, STR(" "));
    const bool coin = rng_below(&p->rng, 3) != 0;
    str form = str_from_z(coin ? pick(&p->rng, about_coins, COUNT_OF(about_coins))
                               : pick(&p->rng, about_nothing, COUNT_OF(about_nothing)));
    const ptrdiff_t gap = str_find(form, STR("%s"));
    if (gap >= 0) {
        buf_put(&b, str_head(form, gap));
        buf_put(&b, str_from_z(pick(&p->rng, coins, COUNT_OF(coins))));
        form = str_tail(form, gap + 2);
    }
    buf_put(&b, form);
    buf_put(&b, str_from_z(pick(&p->rng, endings, COUNT_OF(endings))));
    return buf_str(&b);
}

static void make_up(struct x_posts *p, struct arena *boot) {
    static const char *const first[] = {"quiet", "north", "river", "stone",
                                        "amber", "night", "paper", "salt"};
    static const char *const second[] = {"owl",   "fox",  "harbor", "ledger",
                                         "field", "lamp", "kite",   "mill"};
    struct sim_user *users = NEW_ARRAY(boot, struct sim_user, MADE_AUTHORS);
    for (int i = 0; i < MADE_AUTHORS; i++) {
        struct buf b;
        buf_init_fixed(&b, NEW_ARRAY(boot, char, 32), 32);
        buf_printf(&b, "%s_%s", first[i / 8], second[i % 8]);
        users[i] = (struct sim_user){MADE_ID_FIRST + i, buf_str(&b)};
    }
    p->authors = users;
    p->author_count = MADE_AUTHORS;
    p->texts = NEW_ARRAY(boot, str, MADE_TEXTS);
    for (int i = 0; i < MADE_TEXTS; i++) p->texts[i] = make_text(p, boot);
}

/* --- who is on it ------------------------------------------------------------------------------
 */

static void find_authors(struct x_posts *p, struct arena *boot) {
    struct x_map seen = {0};
    struct sim_user *users = NEW_ARRAY(boot, struct sim_user, p->opt.count);
    for (int64_t i = 0; i < p->opt.count; i++) {
        const struct sim_post *one = &p->opt.posts[i];
        if (one->author_id == 0 || one->username.n == 0) continue;
        if (!x_map_put(&seen, one->author_id, 1)) continue;
        users[p->author_count++] = (struct sim_user){one->author_id, one->username};
    }
    x_map_fini(&seen);
    p->authors = users;
}

/* --- time and ids ------------------------------------------------------------------------------
 */

/* v * num / den, in 128 bits; far beyond any run where it does not fit. */
static usec ratio(int64_t v, int64_t num, int64_t den) {
    qty ret;
    return qty_ratio(qty_from_e8(v), num, den, ROUND_FLOOR, &ret) ? qty_e8(ret) : AMOUNT_E8_MAX;
}

static usec time_of(const struct x_posts *p, const struct sim_post *one) {
    if (p->opt.rate_e8 > 0) return p->opt.start + ratio(p->given, USEC_PER_S * E8, p->opt.rate_e8);
    const usec after = one->at - p->opt.posts[0].at - p->opt.history;
    if (after <= 0) return p->opt.start + after;
    return p->opt.start + ratio(after, E8, p->opt.speed_e8);
}

static int64_t id_of(struct x_posts *p, usec at) {
    p->last_id = i64_max(x_snowflake(at), p->last_id + 1);
    return p->last_id;
}

/* What an id of the posts is now; one that is not among them stays. */
static int64_t now_of(const struct x_posts *p, int64_t id) {
    int64_t now;
    return id != 0 && x_map_find(&p->ids, id, &now) ? now : id;
}

static void give_played(struct x_posts *p, struct sim_post *ret) {
    const struct sim_post *one = &p->opt.posts[p->at++];
    if (p->at == p->opt.count && p->opt.rate_e8 > 0) p->at = 0;
    *ret = *one;
    ret->at = time_of(p, one);
    ret->root_id = now_of(p, one->root_id);
    ret->ref_id = now_of(p, one->ref_id);
    if (one->kind == SIM_POST_DELETION) return;
    ret->id = id_of(p, ret->at);
    if (one->id != 0) IGNORE(x_map_put(&p->ids, one->id, ret->id), "or it comes round again");
}

static void give_made_up(struct x_posts *p, struct sim_post *ret) {
    const struct sim_user *who = &p->authors[rng_below(&p->rng, MADE_AUTHORS)];
    const usec at = time_of(p, NULL);
    *ret = (struct sim_post){.kind = SIM_POST,
                             .at = at,
                             .id = id_of(p, at),
                             .author_id = who->id,
                             .username = who->name,
                             .text = p->texts[rng_below(&p->rng, MADE_TEXTS)],
                             .lang = STR("en")};
}

static bool next(void *ctx, struct sim_post *ret) {
    struct x_posts *p = ctx;
    if (p->opt.count > 0) {
        if (p->at == p->opt.count) return false;
        give_played(p, ret);
    } else {
        if (p->opt.rate_e8 <= 0) return false;
        give_made_up(p, ret);
    }
    p->given++;
    return true;
}

struct x_posts *x_posts_new(struct arena *boot, const struct x_posts_options *opt,
                            struct sim_timeline *ret_timeline, const struct sim_user **ret_users,
                            int *ret_user_count) {
    PRE(opt->count >= 0 && opt->rate_e8 >= 0 && opt->history >= 0);
    PRE(opt->count == 0 || opt->rate_e8 > 0 || opt->speed_e8 > 0);
    struct x_posts *p = NEW(boot, struct x_posts);
    p->opt = *opt;
    if (opt->count > 0) /* a longer history than there is ends at the start */
        p->opt.history =
            i64_min(opt->history, i64_max(0, opt->posts[opt->count - 1].at - opt->posts[0].at));
    rng_init(&p->rng, opt->seed);
    if (opt->count > 0)
        find_authors(p, boot);
    else if (opt->rate_e8 > 0)
        make_up(p, boot);
    *ret_timeline = (struct sim_timeline){next, p};
    *ret_users = p->authors;
    *ret_user_count = p->author_count;
    return p;
}

void x_posts_free(struct x_posts *p) {
    if (p) x_map_fini(&p->ids);
}
