/* The judge: is it news, whose is it, how fresh, and what score is left. */
#include "flow/judge/judge.h"

#include "base/rng.h"
#include "flowkit.h"

static struct arena memory;
static struct rng rng;
static struct judge judge;
static struct config *cfg;

#define NOW (KIT_DAY + 12 * USEC_PER_HOUR)

/* What the judge said of the last post. */
static struct {
    struct post post;
    struct reading reading;
    struct opinion opinion;
    struct signal signal;
} last;

static void fresh_with(const char *a, const char *b, const char *c) {
    arena_reset(&memory);
    cfg = kit_config(&memory, a, a ? b : NULL, a && b ? c : NULL, NULL);
    judge_init(&judge, &memory, cfg);
}

static void fresh(void) { fresh_with(NULL, NULL, NULL); }

static void a_post(int64_t id, const char *author, usec at) {
    last.post = kit_post(id, author, at);
    last.reading = kit_reading(&last.post);
    last.reading.keys = 1; /* any may be a copy of any */
    kit_mention(&last.reading, "DOGEUSDT", 10000, 9000);
}

/* Judges `last`, remembers it, and makes the signal of its first mention. */
static reason judged_at(usec now) {
    last.reading.post = &last.post;
    judge_post(&judge, now, &last.reading, &last.opinion);
    if (last.opinion.repeated) return REASON_NONE;
    struct post_memory row;
    judge_remember(&judge, now, &last.reading, &last.opinion, &row);
    last.signal = (struct signal){.sym = DOGE};
    memcpy(last.signal.symbol, "DOGEUSDT", sizeof "DOGEUSDT");
    judge_mention(&judge, &last.opinion, &last.reading.mentions[0], &last.signal);
    return last.signal.reason;
}

static void judges(reason want) {
    const reason got = judged_at(NOW);
    if (got != want) fail_msg("%s, want %s", reason_name(got), reason_name(want));
}

/* --- chains, copies ------------------------------------------------------------------ */

static void test_a_post_seen_again_is_repeated(void **state) {
    (void)state;
    fresh();
    a_post(101, "alice", NOW);
    judges(REASON_NONE);
    assert_false(last.opinion.repeated);
    judges(REASON_NONE);
    assert_true(last.opinion.repeated);
    assert_int_equal(judge_find_author(&judge, STR("x:@alice"))->posts, 1);
}

static void test_an_edit_belongs_to_its_chain_and_is_no_copy(void **state) {
    (void)state;
    fresh();
    a_post(101, "alice", NOW);
    judges(REASON_NONE);
    const uint64_t hash = last.reading.simhash;
    a_post(105, "alice", NOW);
    last.post.root_id = 101;
    last.post.edited = true;
    last.reading.simhash = hash ^ 1;
    judges(REASON_NONE);
    assert_true(last.opinion.edit);
    assert_false(last.opinion.copy);
    assert_false(last.opinion.outdated);
    assert_int_equal(last.opinion.cluster_id, 101);
}

/* An id that X would give to a post of then. */
static int64_t snowflake(usec at) {
    return (at / USEC_PER_MS - INT64_C(1288834974657)) * (INT64_C(1) << 22);
}

static void an_edit(int64_t id, int64_t root) {
    a_post(id, "alice", NOW);
    last.post.root_id = root;
    last.post.edited = true;
}

static void test_a_version_that_comes_after_a_newer_one_is_not_judged(void **state) {
    (void)state;
    fresh();
    const int64_t root = snowflake(NOW - USEC_PER_MIN);
    an_edit(root + 5, root);
    judges(REASON_NONE);
    a_post(root, "alice", NOW);
    judges(REASON_EDIT);
    an_edit(root + 3, root);
    judges(REASON_EDIT);
    an_edit(root + 7, root);
    judges(REASON_NONE);
}

static void test_an_edit_of_a_chain_older_than_the_memory_is_stale(void **state) {
    (void)state;
    fresh();
    const int64_t root = snowflake(NOW - JUDGE_WINDOW);
    an_edit(root + 5, root);
    judges(REASON_STALE);
    an_edit(root + 7, root); /* a version is remembered, the first one is not */
    judges(REASON_STALE);
    an_edit(snowflake(NOW), snowflake(NOW - JUDGE_WINDOW + USEC_PER_S));
    judges(REASON_NONE);
    an_edit(205, 201); /* an id that says nothing of its time */
    judges(REASON_STALE);
    a_post(301, "alice", NOW);
    judges(REASON_NONE);
    an_edit(305, 301); /* whose first version was seen */
    judges(REASON_NONE);
}

static void copy_of(uint64_t simhash, int bits, int64_t id, const char *author) {
    a_post(id, author, NOW);
    last.reading.simhash = simhash;
    for (int i = 0; i < bits; i++) last.reading.simhash ^= UINT64_C(1) << (i * 5);
}

static void test_a_near_copy_by_another_author_is_one_opinion_at_half_the_score(void **state) {
    (void)state;
    fresh();
    a_post(101, "alice", NOW);
    judges(REASON_NONE);
    const uint64_t hash = last.reading.simhash;
    copy_of(hash, JUDGE_COPY_BITS, 201, "bob");
    judges(REASON_BELOW_THRESHOLD);
    assert_true(last.opinion.copy);
    assert_int_equal(last.opinion.cluster_id, 101);
    assert_int_equal(last.signal.parts_bp[PART_COPIES], 5000);
    assert_int_equal(last.signal.score, 45);
    copy_of(hash, JUDGE_COPY_BITS + 1, 202, "carol");
    last.reading.simhash ^= UINT64_C(0xFFF) << 20; /* far from the copy as well */
    judges(REASON_NONE);
    assert_int_equal(last.opinion.cluster_id, 202);
}

static void test_a_near_copy_by_its_own_author_joins_the_cluster_without_penalty(void **state) {
    (void)state;
    fresh();
    a_post(101, "alice", NOW);
    judges(REASON_NONE);
    copy_of(last.reading.simhash, 0, 201, "alice");
    judges(REASON_NONE);
    assert_false(last.opinion.copy);
    assert_int_equal(last.opinion.cluster_id, 101);
}

static void test_a_short_text_is_a_copy_only_if_it_is_the_same_and_soon(void **state) {
    (void)state;
    fresh();
    a_post(101, "alice", NOW);
    last.reading.token_count = 4;
    const uint64_t hash = last.reading.simhash;
    judges(REASON_NONE);
    copy_of(hash, 1, 201, "bob"); /* a word of four is another one */
    last.reading.token_count = 4;
    judges(REASON_NONE);
    copy_of(hash, 0, 202, "carol");
    last.reading.token_count = 4;
    judges(REASON_BELOW_THRESHOLD);
    assert_int_equal(last.opinion.cluster_id, 101);
    copy_of(hash, 0, 203, "dave"); /* the same bits of another length */
    judges(REASON_NONE);
    copy_of(hash, 0, 204, "erin");
    last.reading.token_count = 4;
    last.post.created_at = last.post.received_at = NOW + JUDGE_SHORT_WINDOW + 1;
    assert_int_equal(judged_at(NOW + JUDGE_SHORT_WINDOW + 1), REASON_NONE);
    assert_int_equal(last.opinion.cluster_id, 204);
}

/* --- what makes a copy --------------------------------------------------------------- */

/* bob's post with alice's words, of this coin and side. */
static void same_words(int64_t id, const char *symbol, int polarity_bp) {
    a_post(101, "alice", NOW);
    const uint64_t hash = last.reading.simhash;
    a_post(id, "bob", NOW);
    last.reading.simhash = hash;
    last.reading.mention_count = 0;
    kit_mention(&last.reading, symbol, 10000, polarity_bp);
}

static void test_the_same_words_of_another_coin_are_no_copy(void **state) {
    (void)state;
    fresh();
    a_post(101, "alice", NOW);
    judges(REASON_NONE);
    same_words(201, "BTCUSDT", 9000);
    judges(REASON_NONE);
    assert_int_equal(last.opinion.cluster_id, 201);
    same_words(202, "DOGEUSDT", -9000);
    judges(REASON_NONE);
    assert_int_equal(last.opinion.cluster_id, 202);
    same_words(203, "DOGEUSDT", 9000);
    judges(REASON_BELOW_THRESHOLD);
    assert_int_equal(last.opinion.cluster_id, 101);
}

static void test_of_two_coins_only_the_repeated_one_is_penalised(void **state) {
    (void)state;
    fresh();
    a_post(101, "alice", NOW);
    judges(REASON_NONE);
    same_words(201, "DOGEUSDT", 9000);
    kit_mention(&last.reading, "BTCUSDT", 10000, 9000);
    judges(REASON_BELOW_THRESHOLD);
    assert_int_equal(last.signal.parts_bp[PART_COPIES], 5000);
    struct signal btc = {0};
    memcpy(btc.symbol, "BTCUSDT", sizeof "BTCUSDT");
    judge_mention(&judge, &last.opinion, &last.reading.mentions[1], &btc);
    assert_int_equal(btc.parts_bp[PART_COPIES], 10000);
    assert_int_equal(btc.reason, REASON_NONE);
}

static void with_numbers(int64_t id, uint64_t numbers, const char *author) {
    a_post(101, "alice", NOW);
    const uint64_t hash = last.reading.simhash;
    a_post(id, author, NOW);
    last.reading.simhash = hash;
    last.reading.numbers = numbers;
}

static void test_a_number_exchanged_for_another_makes_another_post(void **state) {
    (void)state;
    fresh();
    with_numbers(101, 0x11, "alice"); /* 60,000, say */
    judges(REASON_NONE);
    with_numbers(201, 0x22, "bob"); /* 70,000 */
    judges(REASON_NONE);
    assert_int_equal(last.opinion.cluster_id, 201);
    with_numbers(202, 0, "carol"); /* left out */
    judges(REASON_BELOW_THRESHOLD);
    with_numbers(203, 0x111, "dave"); /* one more */
    judges(REASON_BELOW_THRESHOLD);
    assert_int_equal(last.opinion.cluster_id, 101);
}

static void test_copies_count_within_their_window(void **state) {
    (void)state;
    fresh_with("judge.copy_window_s=3600", NULL, NULL);
    a_post(101, "alice", NOW - USEC_PER_HOUR);
    const uint64_t hash = last.reading.simhash;
    assert_int_equal(judged_at(NOW - USEC_PER_HOUR), REASON_NONE);
    copy_of(hash, 2, 201, "bob");
    judges(REASON_BELOW_THRESHOLD);
    fresh_with("judge.copy_window_s=3599", NULL, NULL);
    a_post(101, "alice", NOW - USEC_PER_HOUR);
    assert_int_equal(judged_at(NOW - USEC_PER_HOUR), REASON_NONE);
    copy_of(hash, 2, 201, "bob");
    judges(REASON_NONE);
}

static bool share_a_key(uint64_t a, uint64_t b) {
    for (int i = 0; i < 16; i++) {
        if ((a >> i / 4 * 16 & 0xFFFF) == (b >> i % 4 * 16 & 0xFFFF)) return true;
    }
    return false;
}

/* Among the posts that share a key the index finds what a walk over the whole memory finds, and the
 * oldest of it. */
static void test_the_index_misses_no_copy(void **state) {
    (void)state;
    enum { POSTS = 3000 };
    static uint64_t hashes[POSTS], keys[POSTS];
    static int64_t clusters[POSTS];
    fresh();
    uint64_t seeds[40];
    for (int i = 0; i < COUNT_OF(seeds); i++) seeds[i] = rng_next(&rng);
    for (int i = 0; i < POSTS; i++) {
        uint64_t h = seeds[rng_below(&rng, COUNT_OF(seeds))];
        keys[i] = h & UINT64_C(0xFF00FF00FF00FF) *
                          (uint64_t)rng_between(&rng, 1, 3); /* some are shared */
        for (uint64_t flips = rng_below(&rng, 16); flips > 0; flips--) {
            h ^= UINT64_C(1) << rng_below(&rng, 64);
        }
        int64_t want = i + 1;
        for (int k = 0; k < i && want == i + 1; k++) {
            if (__builtin_popcountll(hashes[k] ^ h) > JUDGE_COPY_BITS) continue;
            if (share_a_key(keys[k], keys[i])) want = clusters[k];
        }
        hashes[i] = h;
        clusters[i] = want;
        a_post(i + 1, i % 2 ? "alice" : "bob", NOW);
        last.reading.simhash = h;
        last.reading.keys = keys[i];
        IGNORE(judged_at(NOW), "only the cluster matters");
        if (last.opinion.cluster_id != want) {
            fail_msg("post %d: cluster %lld, want %lld", i + 1, (long long)last.opinion.cluster_id,
                     (long long)want);
        }
    }
}

static void test_a_retweet_is_refused_and_a_quote_is_of_the_cluster(void **state) {
    (void)state;
    fresh();
    a_post(101, "alice", NOW);
    judges(REASON_NONE);
    a_post(201, "bob", NOW);
    last.post.ref = POST_REF_RETWEET;
    last.post.ref_id = 101;
    judges(REASON_RETWEET);
    assert_int_equal(last.opinion.cluster_id, 101);
    a_post(202, "carol", NOW);
    last.post.ref = POST_REF_QUOTE;
    last.post.ref_id = 101;
    judges(REASON_BELOW_THRESHOLD);
    assert_int_equal(last.opinion.cluster_id, 101);
    a_post(203, "dave", NOW);
    last.post.ref = POST_REF_REPLY;
    last.post.ref_id = 101;
    judges(REASON_NONE);
    assert_int_equal(last.opinion.cluster_id, 203);
}

/* By bob, of the post 101; the mentions are the caller's. */
static void a_quote(int64_t id) {
    a_post(id, "bob", NOW);
    last.post.ref = POST_REF_QUOTE;
    last.post.ref_id = 101;
    last.reading.mention_count = 0;
}

static void test_a_quote_that_does_not_agree_is_its_own_opinion(void **state) {
    (void)state;
    fresh();
    a_post(101, "alice", NOW);
    last.reading.mention_count = 0;
    kit_mention(&last.reading, "DOGEUSDT", 10000, 9000);
    judges(REASON_NONE);
    a_quote(201);
    kit_mention(&last.reading, "DOGEUSDT", 10000, -9000); /* the other side */
    judges(REASON_NONE);
    assert_int_equal(last.opinion.cluster_id, 201);
    assert_int_equal(last.signal.parts_bp[PART_COPIES], 10000);
    a_quote(202);
    kit_mention(&last.reading, "ETHUSDT", 10000, 9000); /* another coin */
    judges(REASON_NONE);
    assert_int_equal(last.opinion.cluster_id, 202);
    assert_false(last.opinion.copy);
    a_quote(203); /* another coin, then the same one with the same side */
    kit_mention(&last.reading, "ETHUSDT", 10000, 9000);
    kit_mention(&last.reading, "DOGEUSDT", 10000, 9000);
    judges(REASON_NONE);
    assert_int_equal(last.opinion.cluster_id, 101);
    judge_mention(&judge, &last.opinion, &last.reading.mentions[1], &last.signal);
    assert_int_equal(last.signal.reason, REASON_BELOW_THRESHOLD);
    assert_int_equal(last.signal.parts_bp[PART_COPIES], 5000);
}

static void test_copies_of_copies_are_of_the_first(void **state) {
    (void)state;
    fresh();
    a_post(101, "alice", NOW);
    judges(REASON_NONE);
    const uint64_t hash = last.reading.simhash;
    copy_of(hash, 11, 201, "bob");
    judges(REASON_BELOW_THRESHOLD);
    copy_of(hash ^ UINT64_C(0x6), 11, 202, "carol"); /* 13 bits from alice, 2 from bob */
    judges(REASON_BELOW_THRESHOLD);
    assert_int_equal(last.opinion.cluster_id, 101);
}

/* --- whose --------------------------------------------------------------------------- */

static void by_name(const char *name, reason want) {
    static int64_t id = 1000;
    a_post(id++, name, NOW);
    const reason got = judged_at(NOW);
    if (got != want) fail_msg("%s: %s, want %s", name, reason_name(got), reason_name(want));
}

static void test_look_alikes_of_watched_names_are_refused(void **state) {
    (void)state;
    fresh_with("judge.author_weights=elonmusk=1.5,arm_holder=1,cz_binance=1", NULL, NULL);
    by_name("elonmusk", REASON_NONE);
    by_name("ElonMusk", REASON_NONE);
    by_name("eIonmusk", REASON_LOOKALIKE); /* capital i */
    by_name("e1onmusk", REASON_LOOKALIKE);
    by_name("elon_musk", REASON_LOOKALIKE);
    by_name("el0nmu5k", REASON_LOOKALIKE);
    by_name("elonrnusk", REASON_LOOKALIKE);              /* rn as m */
    by_name("\xd0\xb5lonmusk", REASON_LOOKALIKE);        /* Cyrillic e */
    by_name("el\xd0\xben\xd0\xbcusk", REASON_LOOKALIKE); /* Cyrillic o and m */
    by_name("elonmu\xd1\x95k", REASON_LOOKALIKE);        /* Cyrillic dze */
    by_name("\xce\xb5lonmusk", REASON_NONE);             /* epsilon is drawn otherwise */
    by_name("\xef\xbd\x85lonmusk", REASON_LOOKALIKE);    /* full width */
    by_name("\xc3\xa9lonmusk", REASON_LOOKALIKE);        /* e with an accent */
    by_name("elonmusk2", REASON_LOOKALIKE);
    by_name("elon_musk_01", REASON_LOOKALIKE);
    by_name("ellonmuskk", REASON_LOOKALIKE);
    by_name("elonmusk_official", REASON_LOOKALIKE);
    by_name("ElonMusk0fficial", REASON_LOOKALIKE);
    by_name("realElonMusk", REASON_LOOKALIKE);
    by_name("TheRealElonMusk1", REASON_LOOKALIKE);
    by_name("elonmusk.bsky.social", REASON_LOOKALIKE);
    by_name("elonmusk_giveaway", REASON_LOOKALIKE);
    by_name("arrnholder", REASON_LOOKALIKE);
    by_name("CZ_B1nance", REASON_LOOKALIKE);
}

static void test_other_names_are_no_look_alikes(void **state) {
    (void)state;
    fresh_with("judge.author_weights=elonmusk=1.5,cz=1,x:123=2", NULL, NULL);
    by_name("elon", REASON_NONE);
    by_name("elonmust", REASON_NONE);
    by_name("melonmusk", REASON_NONE);
    by_name("c2", REASON_NONE);
    by_name("C_Z", REASON_NONE); /* too short to imitate anybody */
    by_name("", REASON_NONE);
}

static void test_a_watched_name_that_looks_like_another_is_itself(void **state) {
    (void)state;
    fresh_with("judge.author_weights=btc_lion=1,btclion=1", NULL, NULL);
    by_name("btc_lion", REASON_NONE);
    by_name("btclion", REASON_NONE);
    by_name("btc1ion", REASON_LOOKALIKE);
}

static void by_id(const char *source, const char *id, const char *name, reason want) {
    static int64_t post_id = 5000;
    a_post(post_id++, name, NOW);
    last.post.source = str_from_z(source);
    last.post.author_id = str_from_z(id);
    const reason got = judged_at(NOW);
    if (got != want) {
        fail_msg("%s:%s %s: %s, want %s", source, id, name, reason_name(got), reason_name(want));
    }
}

static void test_a_name_with_an_id_belongs_to_that_id(void **state) {
    (void)state;
    fresh_with("judge.author_weights=x:44196397@elonmusk=1.2,carol=1", NULL, NULL);
    by_id("x", "44196397", "elonmusk", REASON_NONE);
    assert_int_equal(last.signal.parts_bp[PART_AUTHOR], 12000);
    by_id("x", "44196397", "newname", REASON_NONE); /* it is he, whatever he calls himself */
    assert_int_equal(last.signal.parts_bp[PART_AUTHOR], 12000);
    by_id("x", "999", "elonmusk", REASON_LOOKALIKE);
    by_id("x", "998", "ElonMusk", REASON_LOOKALIKE);
    by_id("bsky", "did:plc:1", "elonmusk", REASON_LOOKALIKE); /* on another source too */
    by_id("x", "", "elonmusk", REASON_NONE);                  /* a source that tells no ids */
    assert_int_equal(last.signal.parts_bp[PART_AUTHOR], 12000);
    by_id("x", "997", "e1onmusk", REASON_LOOKALIKE);
    by_id("x", "1", "carol", REASON_NONE); /* no id was given: the name is enough */
}

static void test_a_listed_id_s_name_is_learned_from_its_posts(void **state) {
    (void)state;
    fresh_with("judge.author_weights=x:44196397=1", NULL, NULL);
    by_id("x", "999", "elonmusk", REASON_NONE); /* nobody knows yet */
    by_id("x", "44196397", "elonmusk", REASON_NONE);
    by_id("x", "999", "elonmusk", REASON_LOOKALIKE);
    by_id("x", "998", "e1on_musk", REASON_LOOKALIKE);
    by_id("x", "44196397", "cryptoking", REASON_NONE);
    by_id("x", "999", "elonmusk", REASON_NONE);
    by_id("x", "997", "crypto_king", REASON_LOOKALIKE);
    struct author row =
        *judge_find_author(&judge, STR("x:44196397")); /* a restart knows it again */
    fresh_with("judge.author_weights=x:44196397=1", NULL, NULL);
    judge_put_author(&judge, &row);
    by_id("x", "996", "cryptok1ng", REASON_LOOKALIKE);
}

static void test_the_name_of_a_forgotten_author_is_nobody_s(void **state) {
    (void)state;
    fresh_with("judge.author_weights=x:44196397=1", NULL, NULL);
    by_id("x", "44196397", "elonmusk", REASON_NONE);
    by_id("x", "999", "elonmusk", REASON_LOOKALIKE);
    judge_forget_author(&judge, STR("x:44196397"));
    struct author row = *judge_find_author(&judge, STR("x:44196397"));
    assert_string_equal(row.username, "");
    by_id("x", "999", "elonmusk", REASON_NONE);
    fresh_with("judge.author_weights=x:44196397=1", NULL, NULL); /* a restart says the same */
    judge_put_author(&judge, &row);
    by_id("x", "999", "elonmusk", REASON_NONE);
    by_id("x", "44196397", "elonmusk", REASON_NONE); /* until he posts again */
    by_id("x", "998", "elonmusk", REASON_LOOKALIKE);
}

static void test_the_most_exact_entry_counts(void **state) {
    (void)state;
    fresh_with("judge.author_weights=bob=0.9,x:@bob=1.1,x:7=1.2", NULL, NULL);
    by_id("x", "7", "bob", REASON_NONE);
    assert_int_equal(last.signal.parts_bp[PART_AUTHOR], 12000);
    by_id("x", "8", "bob", REASON_LOOKALIKE); /* the name is 7's by now */
    fresh_with("judge.author_weights=bob=0.9,x:@bob=1.1", NULL, NULL);
    by_id("x", "8", "bob", REASON_NONE);
    assert_int_equal(last.signal.parts_bp[PART_AUTHOR], 11000);
    by_id("bsky", "8", "bob", REASON_NONE);
    assert_int_equal(last.signal.parts_bp[PART_AUTHOR], 9000);
}

static void test_strangers_of_an_open_source_are_scored_and_not_traded(void **state) {
    (void)state;
    fresh_with("source.strangers=yes", "judge.author_weights=alice=1,x:5=1", NULL);
    by_id("x", "1", "alice", REASON_NONE);
    by_id("x", "5", "eve", REASON_NONE);
    by_id("x", "2", "bob", REASON_STRANGER);
    assert_int_equal(last.signal.score, 90);
    by_id("another", "2", "bob", REASON_NONE); /* no source of that name */
    fresh_with("source.strangers=yes", "judge.trade_strangers=true", NULL);
    by_id("x", "2", "bob", REASON_NONE);
    fresh(); /* a replay lets in whom its file has */
    by_id("x", "2", "bob", REASON_NONE);
    cfg->sources[0].kind = STR("jetstream");
    by_id("bsky", "3", "carl", REASON_STRANGER);
    by_id("x", "3", "carl", REASON_NONE); /* of no source that there is */
    static const str authors[] = {{"did:plc:a", 9}};
    cfg->sources[0].authors = (struct config_list){.count = 1, .names = authors};
    by_id("bsky", "6", "fay", REASON_NONE); /* only those that are listed come */
    cfg->sources[0].authors = (struct config_list){0};
    cfg->sources[0].strangers = STR("no");
    by_id("bsky", "4", "dan", REASON_NONE);
}

static void test_a_name_of_weight_zero_is_not_watched(void **state) {
    (void)state;
    fresh_with("judge.author_weights=spammer=0", NULL, NULL);
    by_name("sparnmer", REASON_NONE);
    by_name("spammer", REASON_BELOW_THRESHOLD);
    assert_int_equal(last.signal.score, 0);
}

static void test_look_alikes_pass_when_the_rule_is_off(void **state) {
    (void)state;
    fresh_with("judge.author_weights=elonmusk=1.5", "judge.lookalike=false", NULL);
    by_name("e1onmusk", REASON_NONE);
}

static void test_weights_are_by_name_or_by_source_and_id(void **state) {
    (void)state;
    fresh_with("judge.author_weights=Alice=0.5,x:77=2", "judge.default_author_weight=0.8", NULL);
    by_name("alice", REASON_BELOW_THRESHOLD);
    assert_int_equal(last.signal.parts_bp[PART_AUTHOR], 5000);
    assert_int_equal(last.signal.score, 45);
    by_name("bob", REASON_NONE);
    assert_int_equal(last.signal.score, 72);
    a_post(1, "carol", NOW);
    last.post.author_id = STR("77");
    judges(REASON_NONE);
    assert_int_equal(last.signal.parts_bp[PART_AUTHOR], 20000);
    assert_int_equal(last.signal.score, 100); /* 180, cut */
}

static void test_muted_authors_and_symbols_are_refused(void **state) {
    (void)state;
    fresh_with("trading.muted_authors=Bob,x:9", NULL, NULL);
    by_name("bob", REASON_MUTED_AUTHOR);
    by_name("bobby", REASON_NONE);
    a_post(1, "someone", NOW);
    last.post.author_id = STR("9");
    judges(REASON_MUTED_AUTHOR);
    static const char *const doge[] = {"DOGEUSDT", "dogeusdt", "DOGE", "$doge"};
    for (ptrdiff_t i = 0; i < COUNT_OF(doge); i++) {
        char set[64];
        snprintf(set, sizeof set, "trading.muted_symbols=%s", doge[i]);
        fresh_with(set, NULL, NULL);
        by_name("alice", REASON_MUTED_SYMBOL);
    }
    fresh_with("trading.muted_symbols=DOG,USDT,BTC", NULL, NULL);
    by_name("alice", REASON_NONE);
}

static void test_scams_are_refused_and_promotion_is_not(void **state) {
    (void)state;
    fresh();
    a_post(1, "alice", NOW);
    last.reading.cues = CUE_GIVEAWAY;
    judges(REASON_SCAM);
    a_post(2, "alice", NOW);
    last.reading.cues = CUE_PHISHING | CUE_PAST;
    judges(REASON_SCAM);
    a_post(3, "alice", NOW);
    last.reading.cues = CUE_PROMO | CUE_QUESTION;
    judges(REASON_NONE);
    fresh_with("judge.scam=false", NULL, NULL);
    a_post(4, "alice", NOW);
    last.reading.cues = CUE_GIVEAWAY;
    judges(REASON_NONE);
}

/* --- when ---------------------------------------------------------------------------- */

static void at_age(usec age, reason want, int freshness_bp) {
    static int64_t id = 1;
    a_post(id++, "alice", NOW - age);
    last.post.received_at = NOW;
    const reason got = judged_at(NOW);
    if (got != want || last.signal.parts_bp[PART_FRESHNESS] != freshness_bp) {
        fail_msg("age %lld: %s %d, want %s %d", (long long)age, reason_name(got),
                 last.signal.parts_bp[PART_FRESHNESS], reason_name(want), freshness_bp);
    }
}

static void test_freshness_halves_with_each_half_life(void **state) {
    (void)state;
    fresh_with("trading.max_signal_age_s=86400", "trading.signal_threshold=0", NULL);
    at_age(0, REASON_NONE, 10000);
    at_age(-USEC_PER_S, REASON_NONE, 10000); /* a clock a little ahead */
    at_age(60 * USEC_PER_S, REASON_NONE, 7500);
    at_age(120 * USEC_PER_S, REASON_NONE, 5000);
    at_age(240 * USEC_PER_S, REASON_NONE, 2500);
    at_age(13 * 120 * USEC_PER_S, REASON_NONE, 1);
    at_age(14 * 120 * USEC_PER_S, REASON_NONE, 0);
    at_age(USEC_PER_DAY, REASON_NONE, 0);
}

static void test_freshness_never_grows_with_age(void **state) {
    (void)state;
    fresh_with("trading.max_signal_age_s=86400", "trading.signal_threshold=0", NULL);
    int before = 10001;
    for (int i = 0; i < 4000; i++) {
        a_post(i + 1, "alice", NOW - i * (USEC_PER_S / 2));
        judges(REASON_NONE);
        assert_true(last.signal.parts_bp[PART_FRESHNESS] <= before);
        before = last.signal.parts_bp[PART_FRESHNESS];
    }
}

static void test_a_post_is_stale_after_two_minutes(void **state) {
    (void)state;
    fresh_with("judge.freshness=false", NULL, NULL);
    at_age(120 * USEC_PER_S, REASON_NONE, 10000);
    at_age(120 * USEC_PER_S + 1, REASON_STALE, 10000);
}

static void test_a_post_from_the_future_is_refused(void **state) {
    (void)state;
    fresh();
    at_age(-2 * USEC_PER_S, REASON_NONE, 10000);
    at_age(-2 * USEC_PER_S - 1, REASON_FUTURE_TIME, 10000);
}

/* --- the score ----------------------------------------------------------------------- */

static void test_with_all_factors_off_the_score_is_the_base_score(void **state) {
    (void)state;
    arena_reset(&memory);
    cfg = kit_config(&memory, "judge.freshness=false", "judge.author=false", "judge.copies=false",
                     "judge.priced_in=false", "trading.max_signal_age_s=86400",
                     "trading.signal_threshold=0", NULL);
    judge_init(&judge, &memory, cfg);
    for (int i = 0; i < 5000; i++) {
        a_post(1 + (int64_t)rng_below(&rng, 50), "alice", NOW - (usec)rng_below(&rng, 1u << 30));
        struct mention *m = &last.reading.mentions[0];
        m->confidence_bp = (int32_t)rng_between(&rng, 0, 10000);
        m->polarity_bp = (int32_t)rng_between(&rng, -10000, 10000);
        last.reading.post = &last.post;
        judge_post(&judge, NOW, &last.reading, &last.opinion);
        if (last.opinion.repeated) fail_msg("nothing is remembered here");
        struct signal s = {0};
        judge_mention(&judge, &last.opinion, m, &s);
        s.seen = P("1");
        assert_int_equal(judge_priced_in(&judge, &s, NOW, P("5")), REASON_NONE);
        assert_int_equal(s.score, base_score(m->confidence_bp, m->polarity_bp));
        assert_int_equal(s.score, s.base_score);
        assert_int_equal(s.side, m->polarity_bp > 0   ? SIDE_LONG
                                 : m->polarity_bp < 0 ? SIDE_SHORT
                                                      : SIDE_NONE);
    }
}

static void test_an_abstention_is_no_side_and_no_score(void **state) {
    (void)state;
    fresh();
    a_post(1, "alice", NOW);
    last.reading.mentions[0].abstain = true;
    judges(REASON_ABSTAIN);
    assert_int_equal(last.signal.side, SIDE_NONE);
    assert_int_equal(last.signal.score, 0);
    assert_int_equal(last.signal.base_score, 0);
}

static void test_the_threshold_itself_trades(void **state) {
    (void)state;
    fresh();
    a_post(1, "alice", NOW);
    last.reading.mentions[0].polarity_bp = 7000;
    judges(REASON_NONE);
    a_post(2, "alice", NOW);
    last.reading.mentions[0].polarity_bp = 6949; /* 69.49 */
    judges(REASON_BELOW_THRESHOLD);
    a_post(3, "alice", NOW);
    last.reading.mentions[0].polarity_bp = -6950; /* halves round up */
    judges(REASON_NONE);
    assert_int_equal(last.signal.side, SIDE_SHORT);
}

static struct signal seen_at(side s, const char *price_text) {
    struct signal sig = {
        .side = s, .seen = P(price_text), .seen_at = NOW - USEC_PER_MIN, .score = 100};
    for (int i = 0; i < PART_COUNT; i++) sig.parts_bp[i] = 10000;
    return sig;
}

static void test_priced_in_falls_to_nothing_at_its_limit(void **state) {
    (void)state;
    fresh_with("trading.signal_threshold=0", "judge.priced_in_percent=0.02", NULL);
    static const struct {
        side s;
        const char *seen, *now;
        int bp;
    } cases[] = {
        {SIDE_LONG, "100", "100", 10000},  {SIDE_LONG, "100", "90", 10000},
        {SIDE_LONG, "100", "100.5", 9375}, {SIDE_LONG, "100", "101", 7500},
        {SIDE_LONG, "100", "102", 0},      {SIDE_LONG, "100", "500", 0},
        {SIDE_SHORT, "100", "99", 7500},   {SIDE_SHORT, "100", "98", 0},
        {SIDE_SHORT, "100", "110", 10000},
    };
    for (ptrdiff_t i = 0; i < COUNT_OF(cases); i++) {
        struct signal s = seen_at(cases[i].s, cases[i].seen);
        assert_int_equal(judge_priced_in(&judge, &s, NOW, P(cases[i].now)), REASON_NONE);
        assert_int_equal(s.parts_bp[PART_PRICED_IN], cases[i].bp);
        assert_int_equal(s.score, (cases[i].bp + 50) / 100);
    }
}

static void test_priced_in_refuses_under_the_threshold(void **state) {
    (void)state;
    fresh_with("judge.priced_in_percent=0.02", NULL, NULL);
    struct signal s = seen_at(SIDE_LONG, "100");
    /* 1 - (109/200)^2 = 0.7029 */
    assert_int_equal(judge_priced_in(&judge, &s, NOW, P("101.09")), REASON_NONE);
    s = seen_at(SIDE_LONG, "100");
    assert_int_equal(judge_priced_in(&judge, &s, NOW, P("101.12")), REASON_PRICED_IN);
    assert_int_equal(s.score, 69);
}

static void test_a_price_that_nobody_saw_is_not_made_up(void **state) {
    (void)state;
    fresh();
    struct signal s = seen_at(SIDE_LONG, "0");
    assert_int_equal(judge_priced_in(&judge, &s, NOW, P("110")), REASON_NO_PRICE);
    assert_int_equal(s.score, 100);
    fresh_with("judge.priced_in=false", NULL, NULL);
    assert_int_equal(judge_priced_in(&judge, &s, NOW, P("110")), REASON_NONE);
}

static void test_the_same_move_weighs_by_what_was_usual(void **state) {
    (void)state;
    fresh_with("trading.signal_threshold=0", "judge.priced_in_sigmas=4",
               "judge.priced_in_percent=0.5");
    static const struct {
        const char *usual; /* a minute */
        int minutes;
        const char *now, *sigmas;
        int bp;
    } cases[] = {
        {"0.01", 1, "102", "2", 7500},          /* half the limit */
        {"0.01", 4, "102", "1", 9375},          /* the usual move doubles in four minutes */
        {"0.01", 4, "104", "2", 7500},          /* */
        {"0.01", 0, "102", "2", 7500},          /* at once: a minute is the least */
        {"0.02", 1, "102", "1", 9375},          /* */
        {"0.005", 1, "102", "4", 0},            /* the limit */
        {"0.005", 1, "130", "60", 0},           /* */
        {"0.1", 1, "149.9", "4.99", 0},         /* */
        {"0.2", 1, "149.9", "2.495", 6109},     /* */
        {"0.2", 1, "150", "2.5", 0},            /* 50 % is too much in any storm */
        {"0.01", 1, "98", "0", 10000},          /* against the signal */
        {"0", 1, "102", "0", 9984},             /* not known: the percentage alone */
        {"0.00000001", 1, "100.05", "1", 9375}, /* a still price: 5 bp are noise */
        {"0.00000001", 1, "100.2", "4", 0},
    };
    for (ptrdiff_t i = 0; i < COUNT_OF(cases); i++) {
        struct signal s = seen_at(SIDE_LONG, "100");
        s.seen_volatility = kit_e8(cases[i].usual);
        s.seen_at = NOW - cases[i].minutes * USEC_PER_MIN;
        assert_int_equal(judge_priced_in(&judge, &s, NOW, P(cases[i].now)), REASON_NONE);
        if (s.sigmas != kit_e8(cases[i].sigmas) || s.parts_bp[PART_PRICED_IN] != cases[i].bp) {
            fail_msg("case %td: %lld sigmas, factor %d", i, (long long)s.sigmas,
                     s.parts_bp[PART_PRICED_IN]);
        }
        struct signal mirror = seen_at(SIDE_SHORT, "100");
        mirror.seen_volatility = s.seen_volatility;
        mirror.seen_at = s.seen_at;
        const price down = price_from_e8(2 * kit_e8("100") - kit_e8(cases[i].now));
        assert_int_equal(judge_priced_in(&judge, &mirror, NOW, down), REASON_NONE);
        assert_int_equal(mirror.sigmas, s.sigmas);
        assert_int_equal(mirror.moved, s.moved);
    }
}

static void test_without_a_limit_in_sigmas_the_percentage_decides(void **state) {
    (void)state;
    fresh_with("judge.priced_in_sigmas=0", "judge.priced_in_percent=0.04", NULL);
    struct signal s = seen_at(SIDE_LONG, "100");
    s.seen_volatility = 1;
    assert_int_equal(judge_priced_in(&judge, &s, NOW, P("102")), REASON_NONE);
    assert_int_equal(s.parts_bp[PART_PRICED_IN], 7500);
    assert_int_equal(s.sigmas, kit_e8("40")); /* told all the same */
}

/* --- what is kept -------------------------------------------------------------------- */

static void test_a_post_is_remembered_for_24_hours(void **state) {
    (void)state;
    fresh_with("trading.max_signal_age_s=86400", "judge.freshness=false", NULL);
    a_post(1, "alice", NOW);
    judges(REASON_NONE);
    judge_post(&judge, NOW + JUDGE_WINDOW, &last.reading, &last.opinion);
    assert_true(last.opinion.repeated);
    judge_post(&judge, NOW + JUDGE_WINDOW + 1, &last.reading, &last.opinion);
    assert_false(last.opinion.repeated);
    assert_int_equal(judge.memory_count, 0);
}

static void test_the_oldest_post_makes_room(void **state) {
    (void)state;
    fresh();
    for (int i = 0; i <= JUDGE_MEMORY_MAX; i++) {
        const struct post_memory m = {.tweet_id = i + 1, .root_id = i + 1, .at = NOW};
        judge_put_memory(&judge, &m);
    }
    assert_int_equal(judge.memory_count, JUDGE_MEMORY_MAX);
    a_post(2, "alice", NOW);
    judge_post(&judge, NOW, &last.reading, &last.opinion);
    assert_true(last.opinion.repeated);
    a_post(1, "alice", NOW);
    judge_post(&judge, NOW, &last.reading, &last.opinion);
    assert_false(last.opinion.repeated);
    a_post(JUDGE_MEMORY_MAX + 1, "alice", NOW);
    judge_post(&judge, NOW, &last.reading, &last.opinion);
    assert_true(last.opinion.repeated);
}

static struct author an_author(int i, usec at) {
    struct author a = {.last_post_at = at};
    snprintf(a.key, sizeof a.key, "x:%d", i);
    return a;
}

static bool knows(int i) {
    char key[32];
    snprintf(key, sizeof key, "x:%d", i);
    return judge_find_author(&judge, str_from_z(key)) != NULL;
}

/* Whoever was traded today, or is listed by id, stays; his row says that he went. */
static void test_the_author_silent_for_longest_makes_room(void **state) {
    (void)state;
    fresh_with("judge.author_weights=x:9=1", NULL, NULL);
    for (int i = 0; i < JUDGE_AUTHORS_MAX; i++) {
        struct author a = an_author(i, NOW - USEC_PER_DAY);
        a.heard = i + 1;
        if (i == 7) a.last_trade_at = NOW - USEC_PER_HOUR;
        judge_put_author(&judge, &a);
    }
    assert_int_equal(judge.author_count, JUDGE_AUTHORS_MAX);
    a_post(1, "again", NOW);
    last.post.author_id = STR("0"); /* is heard again: no longer the oldest */
    judges(REASON_NONE);
    assert_null(last.opinion.gone);
    for (int i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "new%d", i);
        a_post(10 + i, name, NOW);
        judges(REASON_NONE);
        assert_non_null(last.opinion.gone);
        assert_true(last.opinion.gone->forgotten);
        const int gone = i < 6 ? i + 1 : i == 6 ? 8 : i + 3; /* 0, 7 and 9 stay */
        char key[32];
        snprintf(key, sizeof key, "x:%d", gone);
        assert_string_equal(last.opinion.gone->key, key);
        assert_false(knows(gone));
    }
    assert_true(knows(0) && knows(7) && knows(9) && knows(13));
    assert_int_equal(judge.author_count, JUDGE_AUTHORS_MAX);
}

static void test_authors_of_one_moment_stay_bounded_and_findable(void **state) {
    (void)state;
    fresh();
    for (int i = 0; i < 3 * JUDGE_AUTHORS_MAX; i++) {
        const struct author a = an_author(i, NOW);
        judge_put_author(&judge, &a);
        assert_true(judge.author_count <= JUDGE_AUTHORS_MAX);
        assert_true(knows(i));
    }
    int found = 0;
    for (int i = 0; i < 3 * JUDGE_AUTHORS_MAX; i++) found += knows(i);
    assert_int_equal(found, judge.author_count);
}

static void test_a_new_day_starts_an_author_s_count_anew(void **state) {
    (void)state;
    fresh();
    struct author a = an_author(5, NOW - USEC_PER_DAY);
    a.day = time_utc_day(NOW - USEC_PER_DAY);
    a.trades_today = 4;
    a.posts = 9;
    judge_put_author(&judge, &a);
    a_post(1, "alice", NOW);
    last.post.author_id = STR("5");
    judges(REASON_NONE);
    const struct author *now = judge_find_author(&judge, STR("x:5"));
    assert_int_equal(now->trades_today, 0);
    assert_int_equal(now->posts, 10);
    assert_int_equal(now->last_post_at, NOW);
}

static void test_author_keys_name_source_and_id_or_name(void **state) {
    (void)state;
    char key[AUTHOR_BYTES];
    struct post p = kit_post(1, "alice", NOW);
    judge_author_key(&p, key);
    assert_string_equal(key, "x:@alice");
    p.author_id = STR("44196397");
    judge_author_key(&p, key);
    assert_string_equal(key, "x:44196397");
    static const char name[] =
        "0123456789012345678901234567890123456789012345678901234567890123456789";
    p.author_id = str_from_z(name);
    judge_author_key(&p, key);
    assert_int_equal(strlen(key), AUTHOR_BYTES - 1);
}

static int set_up(void **state) {
    (void)state;
    rng_init(&rng, test_seed());
    arena_open(&memory, 256 << 20);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_close(&memory);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_post_seen_again_is_repeated),
        cmocka_unit_test(test_an_edit_belongs_to_its_chain_and_is_no_copy),
        cmocka_unit_test(test_a_version_that_comes_after_a_newer_one_is_not_judged),
        cmocka_unit_test(test_an_edit_of_a_chain_older_than_the_memory_is_stale),
        cmocka_unit_test(test_a_near_copy_by_another_author_is_one_opinion_at_half_the_score),
        cmocka_unit_test(test_a_near_copy_by_its_own_author_joins_the_cluster_without_penalty),
        cmocka_unit_test(test_a_short_text_is_a_copy_only_if_it_is_the_same_and_soon),
        cmocka_unit_test(test_a_retweet_is_refused_and_a_quote_is_of_the_cluster),
        cmocka_unit_test(test_a_quote_that_does_not_agree_is_its_own_opinion),
        cmocka_unit_test(test_copies_of_copies_are_of_the_first),
        cmocka_unit_test(test_look_alikes_of_watched_names_are_refused),
        cmocka_unit_test(test_other_names_are_no_look_alikes),
        cmocka_unit_test(test_a_watched_name_that_looks_like_another_is_itself),
        cmocka_unit_test(test_a_name_with_an_id_belongs_to_that_id),
        cmocka_unit_test(test_a_listed_id_s_name_is_learned_from_its_posts),
        cmocka_unit_test(test_the_name_of_a_forgotten_author_is_nobody_s),
        cmocka_unit_test(test_the_most_exact_entry_counts),
        cmocka_unit_test(test_strangers_of_an_open_source_are_scored_and_not_traded),
        cmocka_unit_test(test_the_same_words_of_another_coin_are_no_copy),
        cmocka_unit_test(test_of_two_coins_only_the_repeated_one_is_penalised),
        cmocka_unit_test(test_a_number_exchanged_for_another_makes_another_post),
        cmocka_unit_test(test_copies_count_within_their_window),
        cmocka_unit_test(test_the_index_misses_no_copy),
        cmocka_unit_test(test_a_name_of_weight_zero_is_not_watched),
        cmocka_unit_test(test_look_alikes_pass_when_the_rule_is_off),
        cmocka_unit_test(test_weights_are_by_name_or_by_source_and_id),
        cmocka_unit_test(test_muted_authors_and_symbols_are_refused),
        cmocka_unit_test(test_scams_are_refused_and_promotion_is_not),
        cmocka_unit_test(test_freshness_halves_with_each_half_life),
        cmocka_unit_test(test_freshness_never_grows_with_age),
        cmocka_unit_test(test_a_post_is_stale_after_two_minutes),
        cmocka_unit_test(test_a_post_from_the_future_is_refused),
        cmocka_unit_test(test_with_all_factors_off_the_score_is_the_base_score),
        cmocka_unit_test(test_an_abstention_is_no_side_and_no_score),
        cmocka_unit_test(test_the_threshold_itself_trades),
        cmocka_unit_test(test_priced_in_falls_to_nothing_at_its_limit),
        cmocka_unit_test(test_priced_in_refuses_under_the_threshold),
        cmocka_unit_test(test_a_price_that_nobody_saw_is_not_made_up),
        cmocka_unit_test(test_the_same_move_weighs_by_what_was_usual),
        cmocka_unit_test(test_without_a_limit_in_sigmas_the_percentage_decides),
        cmocka_unit_test(test_a_post_is_remembered_for_24_hours),
        cmocka_unit_test(test_the_oldest_post_makes_room),
        cmocka_unit_test(test_the_author_silent_for_longest_makes_room),
        cmocka_unit_test(test_authors_of_one_moment_stay_bounded_and_findable),
        cmocka_unit_test(test_a_new_day_starts_an_author_s_count_anew),
        cmocka_unit_test(test_author_keys_name_source_and_id_or_name),
    };
    return cmocka_run_group_tests_name("judge", tests, set_up, tear_down);
}
