/* infer: what sentences say of coins. The sentences are the project's own or well known. */
#include "flow/infer/infer_int.h"
#include "flow/reader.h"

#include "readkit.h"

static struct readkit kit;

static int open_kit(void **state) {
    (void)state;
    readkit_open(&kit, &(struct reader_options){0});
    return 0;
}

static int close_kit(void **state) {
    (void)state;
    readkit_close(&kit);
    return 0;
}

struct polarity_case {
    const char *text, *symbol;
    int least_bp, most_bp;
};

static void check_polarity(const struct polarity_case *table, int count) {
    for (int i = 0; i < count; i++) {
        const struct reading *r = readkit_read(&kit, str_from_z(table[i].text));
        const struct mention *m = readkit_find(r, table[i].symbol);
        if (!m) fail_msg("\"%s\": no %s", table[i].text, table[i].symbol);
        if (m->polarity_bp < table[i].least_bp || m->polarity_bp > table[i].most_bp) {
            fail_msg("\"%s\": %s is %d, expected %d..%d", table[i].text, table[i].symbol,
                     m->polarity_bp, table[i].least_bp, table[i].most_bp);
        }
        assert_int_equal(m->abstain, m->polarity_bp == 0);
    }
}

#define CLEAR 8000, 10000
#define UP 1500, 10000
#define NOTHING 0, 0
#define DOWN -10000, -1500
#define CLEAR_DOWN -10000, -8000

static void test_clear_calls_are_clear(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"Just bought a big bag of $DOGE, to the moon", "DOGEUSDT", CLEAR},
        {"$ETH is crashing, selling everything", "ETHUSDT", CLEAR_DOWN},
        {"Super bullish on Bitcoin, buying more", "BTCUSDT", CLEAR},
        {"BTC dumping hard, get out now", "BTCUSDT", CLEAR_DOWN},
        {"SOL is a scam, sold everything", "SOLUSDT", CLEAR_DOWN},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_mild_ones_are_not(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"You can now buy ferry tickets with Bitcoin", "BTCUSDT", 1500, 8000},
        {"Ethereum is undervalued", "ETHUSDT", 1500, 8000},
        {"#SOL breakout soon", "SOLUSDT", 1500, 8000},
        {"Dogecoin is the people\xE2\x80\x99s crypto", "DOGEUSDT", 1500, 8000},
        {"$SOL looks weak here, might short", "SOLUSDT", -8000, -1500},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_a_name_alone_is_no_opinion(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"Doge", "DOGEUSDT", NOTHING},
        {"$BTC", "BTCUSDT", NOTHING},
        {"GM $BTC", "BTCUSDT", NOTHING},
        {"$BTC $ETH https://example.com", "ETHUSDT", NOTHING},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_negation_turns_round(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"not buying DOGE", "DOGEUSDT", -10000, 0},
        {"Do not be lured into selling #BTC", "BTCUSDT", UP},
        {"We kept every Doge and won't sell one", "DOGEUSDT", UP},
        {"It's not a scam, Bitcoin is the future", "BTCUSDT", UP},
        {"never been more bullish on ETH", "ETHUSDT", UP},
        {"can't stop buying DOGE", "DOGEUSDT", UP},
        {"Never sell your Bitcoin", "BTCUSDT", UP},
        {"closed my BTC long", "BTCUSDT", DOWN},
        {"Don't touch $TRUMP, it's a scam", "TRUMPUSDT", DOWN},
    };
    check_polarity(table, COUNT_OF(table));
}

static int polarity(const char *text, const char *symbol) {
    const struct mention *m = readkit_find(readkit_read(&kit, str_from_z(text)), symbol);
    assert_non_null(m);
    return m->polarity_bp;
}

static void test_cues_take_force_from_an_opinion(void **state) {
    (void)state;
    int plain = polarity("ETH will moon", "ETHUSDT");
    assert_true(plain > 3000);
    assert_true(polarity("will ETH moon?", "ETHUSDT") < plain * 6 / 10);
    assert_true(polarity("if ETH breaks out it will moon", "ETHUSDT") < plain);
    assert_true(polarity("Should I buy $XRP at this price?", "XRPUSDT") < 4500);
    assert_true(polarity("wow bitcoin to the moon, yeah right", "BTCUSDT") < 3000);
    assert_true(polarity("Bitcoin was pumping back in 2017", "BTCUSDT") < 6000);
}

static void test_news_has_a_direction(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"El Salvador makes bitcoin legal tender", "BTCUSDT", UP},
        {"MicroStrategy buys 10,000 bitcoin", "BTCUSDT", UP},
        {"Binance will list $PEPE", "PEPEUSDT", UP},
        {"XRP won the lawsuit against the SEC", "XRPUSDT", UP},
        {"BTC +10% today", "BTCUSDT", UP},
        {"China bans bitcoin mining", "BTCUSDT", DOWN},
        {"Binance halts BNB withdrawals", "BNBUSDT", DOWN},
        {"Coinbase to delist $XRP", "XRPUSDT", DOWN},
        {"The ferry has suspended payments in Bitcoin", "BTCUSDT", DOWN},
        {"Bitcoin falls below $60k as old coins move", "BTCUSDT", DOWN},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_cues_are_told(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t cues;
    } table[] = {
        {"should I buy $BTC?", CUE_QUESTION},
        {"if BTC holds", CUE_CONDITIONAL},
        {"used to own BTC", CUE_PAST},
        {"yeah right, BTC", CUE_SARCASM},
        {"analyst says BTC", CUE_REPORTED},
        {"not buying BTC", CUE_NEGATED},
        {"Send 1 ETH get 2 back, giveaway", CUE_GIVEAWAY},
        {"$ETH airdrop is live, claim now https://x.example", CUE_GIVEAWAY},
        {"Connect your wallet and verify https://x.example", CUE_PHISHING},
        {"enter your seed phrase to recover", CUE_PHISHING},
        {"join my VIP signals group, link in bio", CUE_PROMO},
    };
    for (int i = 0; i < COUNT_OF(table); i++) {
        const struct reading *r = readkit_read(&kit, str_from_z(table[i].text));
        if (!(r->cues & table[i].cues)) fail_msg("\"%s\": cues %x", table[i].text, r->cues);
    }
    const struct reading *r = readkit_read(&kit, STR("Bought some bitcoin today, feeling good"));
    assert_int_equal(r->cues, 0);
    r = readkit_read(&kit, STR("never share your seed phrase"));
    assert_int_equal(r->cues & CUE_PHISHING, 0);
}

static void test_coins_in_one_post_are_told_apart(void **state) {
    (void)state;
    static const struct {
        const char *text, *up, *down;
    } table[] = {
        {"sell BTC, buy ETH", "ETHUSDT", "BTCUSDT"},
        {"Long ETH short BTC", "ETHUSDT", "BTCUSDT"},
        {"sell BTC buy ETH", "ETHUSDT", "BTCUSDT"},
        {"swapped my BTC for ETH", "ETHUSDT", "BTCUSDT"},
        {"rotating into SOL from ETH", "SOLUSDT", "ETHUSDT"},
        {"ETH over BTC any day", "ETHUSDT", "BTCUSDT"},
        {"I prefer ETH to BTC", "ETHUSDT", "BTCUSDT"},
        {"BTC pumping while ETH is crashing", "BTCUSDT", "ETHUSDT"},
        {"dumped my ADA bags for SOL", "SOLUSDT", "ADAUSDT"},
        {"Sold all my ETH, moving to SOL", "SOLUSDT", "ETHUSDT"},
        {"I'd rather hold BTC than ETH", "BTCUSDT", "ETHUSDT"},
        {"ETH worse than SOL", "SOLUSDT", "ETHUSDT"},
        {"$SOL > $ETH", "SOLUSDT", "ETHUSDT"},
        {"$BTC looks bullish but $ETH is dead", "BTCUSDT", "ETHUSDT"},
        {"ETH is going to the moon. BTC is going to zero.", "ETHUSDT", "BTCUSDT"},
    };
    for (int i = 0; i < COUNT_OF(table); i++) {
        int up = polarity(table[i].text, table[i].up);
        int down = polarity(table[i].text, table[i].down);
        if (up <= 0 || down >= 0) fail_msg("\"%s\": up %d, down %d", table[i].text, up, down);
    }
    assert_true(polarity("Buying $BTC and $ETH", "BTCUSDT") > 0);
    assert_true(polarity("Buying $BTC and $ETH", "ETHUSDT") > 0);
}

static void test_what_ends_turns_round_what_it_ends(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"shorts got liquidated on BTC", "BTCUSDT", UP},
        {"longs got liquidated on BTC", "BTCUSDT", DOWN},
        {"sell pressure on ETH is gone", "ETHUSDT", UP},
        {"buyers of ETH are gone", "ETHUSDT", DOWN},
        {"SOL broke resistance", "SOLUSDT", UP},
        {"SOL lost support", "SOLUSDT", DOWN},
        {"the ban on XRP was lifted", "XRPUSDT", UP},
        {"closed my DOGE short", "DOGEUSDT", UP},
        {"closed my DOGE long", "DOGEUSDT", DOWN},
        {"buying the ETH dip", "ETHUSDT", UP},
        {"no reason to sell $ADA", "ADAUSDT", UP},
        {"no reason to buy $ADA", "ADAUSDT", DOWN},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_who_asks_supposes_or_looks_back_has_no_opinion(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"should I buy DOGE now?", "DOGEUSDT", NOTHING},
        {"is ETH going to zero?", "ETHUSDT", NOTHING},
        {"if BTC breaks 70k it will pump", "BTCUSDT", NOTHING},
        {"I was bullish on SOL back in 2021", "SOLUSDT", NOTHING},
        {"an analyst says BTC will crash", "BTCUSDT", NOTHING},
        {"no opinion on XRP", "XRPUSDT", NOTHING},
        {"$ADA could go either way", "ADAUSDT", NOTHING},
        {"sold my truck, still reading about BTC", "BTCUSDT", NOTHING},
        {"why would anyone sell BTC now?", "BTCUSDT", UP},
        {"why would anyone buy BTC now?", "BTCUSDT", DOWN},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_agreeing_with_others_makes_their_words_ones_own(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"they say ETH is dead. They are right.", "ETHUSDT", DOWN},
        {"they say ETH is dead. They are wrong.", "ETHUSDT", UP},
        {"my uncle says DOGE will crash and I agree", "DOGEUSDT", DOWN},
        {"I was bullish on SOL, not anymore", "SOLUSDT", DOWN},
        {"\"BTC is dead\", wrote a columnist", "BTCUSDT", NOTHING},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_what_fails_is_turned_round(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"$ETH failed to break out", "ETHUSDT", DOWN},
        {"$ETH failed to break down", "ETHUSDT", UP},
        {"$ETH failed to impress", "ETHUSDT", DOWN},
        {"no way $ETH falls from here", "ETHUSDT", UP},
        {"if you sold your ETH here you will regret it", "ETHUSDT", UP},
        {"if ETH is dead then why do people keep building on it", "ETHUSDT", UP},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_numbers_tell_a_direction(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"$INJ went from 38 to 7", "INJUSDT", DOWN},
        {"$INJ went from 1.3 to 38", "INJUSDT", UP},
        {"my $INJ is up 6x", "INJUSDT", UP},
        {"my $INJ is down 60%", "INJUSDT", DOWN},
        {"BTC funds \u2212$402m yesterday", "BTCUSDT", DOWN},
        {"BTC funds +$402m yesterday", "BTCUSDT", UP},
        {"$XRP to 5 this cycle", "XRPUSDT", UP},
        {"$ETH lost 3k", "ETHUSDT", DOWN},
        {"$ETH to 3 wallets of mine", "ETHUSDT", NOTHING},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_a_disclaimer_takes_a_view_back(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"golden cross on the ADA daily. Coin flip.", "ADAUSDT", NOTHING},
        {"closed the AVAX short, flat into the weekend", "AVAXUSDT", NOTHING},
        {"nice double top on LTC, no trade", "LTCUSDT", NOTHING},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_a_pair_sets_one_coin_against_the_other(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"ETH/BTC making new lows", "ETHUSDT", DOWN},
        {"ETH/BTC making new lows", "BTCUSDT", UP},
        {"not selling my ETH for SOL", "ETHUSDT", UP},
        {"not selling my ETH for SOL", "SOLUSDT", DOWN},
        {"I'd rather watch paint dry than hold ADA", "ADAUSDT", DOWN},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_but_outweighs_and_although_is_outweighed(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"BTC looks great but I am selling", "BTCUSDT", DOWN},
        {"BTC looks awful but I am buying", "BTCUSDT", UP},
        {"although ETH fell, I keep accumulating", "ETHUSDT", UP},
        {"everything crashes except SOL", "SOLUSDT", UP},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_a_clear_call_reaches_what_trading_asks_for(void **state) {
    (void)state;
    static const struct {
        const char *text, *symbol;
        int sign;
    } table[] = {{"buy DOGE now", "DOGEUSDT", 1},      {"sell DOGE now", "DOGEUSDT", -1},
                 {"BTC to the moon", "BTCUSDT", 1},    {"dumping all my XRP", "XRPUSDT", -1},
                 {"loading up on SOL", "SOLUSDT", 1},  {"$ADA is a scam", "ADAUSDT", -1},
                 {"I am shorting ETH", "ETHUSDT", -1}, {"just bought more BTC", "BTCUSDT", 1}};
    for (int i = 0; i < COUNT_OF(table); i++) {
        const struct mention *m =
            readkit_find(readkit_read(&kit, str_from_z(table[i].text)), table[i].symbol);
        assert_non_null(m);
        if (m->polarity_bp * table[i].sign <= 0 ||
            base_score(m->confidence_bp, m->polarity_bp) < 70)
            fail_msg("\"%s\": %d", table[i].text, m->polarity_bp);
    }
}

static void test_scripts_without_blanks_are_read(void **state) {
    (void)state;
    static const struct polarity_case table[] = {
        {"\u6BD4\u7279\u5E01\u8981\u6DA8\u4E86", "BTCUSDT", UP},
        {"\u6BD4\u7279\u5E01\u8981\u8DCC\u4E86", "BTCUSDT", DOWN},
        {"\u6BD4\u7279\u5E01\u4E0D\u4F1A\u8DCC", "BTCUSDT", UP},
    };
    check_polarity(table, COUNT_OF(table));
}

static void test_a_mistake_in_the_opinions_is_told_with_its_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *told;
    } table[] = {
        {"# comment\nact\t20\tbuy\nwish\t1\tx\n", "opinions.tsv:3: no such role"},
        {"act\tmuch\tbuy\n", "opinions.tsv:1: the weight"},
        {"act\t41\tbuy\n", "opinions.tsv:1: the weight"},
        {"act\t20\n", "opinions.tsv:1: not role"},
        {"act\t20\tbuy||sell\n", "opinions.tsv:1: a phrase is empty"},
    };
    for (int i = 0; i < COUNT_OF(table); i++) {
        struct arena boot;
        struct vocabulary *v;
        struct error err;
        arena_open(&boot, 8 << 20);
        assert_false(vocabulary_open(&boot, str_from_z(table[i].text), &v, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_non_null(strstr(err.msg, table[i].told));
        arena_close(&boot);
    }
}

static void test_verbs_are_listed_with_their_forms(void **state) {
    (void)state;
    static const char *const forms[] = {"dump",    "dumps",  "dumped",  "dumping", "rallies",
                                        "rallied", "dipped", "dipping", "crashes", "loved"};
    struct arena boot;
    struct vocabulary *v;
    struct error err;
    arena_open(&boot, 8 << 20);
    assert_ok(vocabulary_open(&boot, STR("say\t5\tdump*|rally*|dip**|crash*|love*\n"), &v, &err),
              &err);
    for (int i = 0; i < COUNT_OF(forms); i++) {
        struct arena scratch = boot;
        struct words w;
        int end;
        words_split(&scratch, str_from_z(forms[i]), &w);
        if (vocabulary_find(v, &w, 0, &end)->role != ROLE_SAY) fail_msg("%s", forms[i]);
    }
    arena_close(&boot);
}

static void test_probabilities_sum_to_one_and_label_is_the_largest(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "I love this",
                                        "I hate this",
                                        "it is",
                                        "!!!",
                                        "$BTC",
                                        "terrible awful horrible scam",
                                        "best day ever :)"};
    for (int i = 0; i < COUNT_OF(texts); i++) {
        const struct reading *r = readkit_read(&kit, str_from_z(texts[i]));
        int sum = 0;
        for (int k = 0; k < 3; k++) {
            assert_in_range(r->probs_bp[k], 0, 10000);
            assert_true(r->probs_bp[r->label] >= r->probs_bp[k]);
            sum += r->probs_bp[k];
        }
        assert_int_equal(sum, 10000);
        assert_int_equal(r->sentiment_bp, r->probs_bp[2] - r->probs_bp[0]);
    }
    assert_int_equal(readkit_read(&kit, STR("I love this so much"))->label, LABEL_POSITIVE);
    assert_int_equal(readkit_read(&kit, STR("this is terrible, I hate it"))->label, LABEL_NEGATIVE);
    assert_int_equal(readkit_read(&kit, STR(""))->label, LABEL_NEUTRAL);
}

static int distance(const char *a, const char *b) {
    uint64_t first = readkit_read(&kit, str_from_z(a))->simhash;
    return __builtin_popcountll(first ^ readkit_read(&kit, str_from_z(b))->simhash);
}

static void test_near_copies_share_their_simhash(void **state) {
    (void)state;
    const char *post = "Bitcoin just broke above its range and I think the next stop is a new high";
    assert_int_equal(distance(post, "@a @b BITCOIN just broke above its range and I think the next "
                                    "stop is a new high!!! https://t.example/x"),
                     0);
    assert_true(distance(post, "Bitcoin just broke above its range and I think the next stop is a "
                               "new low") <= 12);
    assert_true(distance(post, "Ethereum developers agreed today on the date of the coming "
                               "upgrade") > 16);
    assert_int_equal(readkit_read(&kit, STR("two words @user https://x.example ..."))->token_count,
                     2);
}

static void test_a_very_long_post_is_read_within_the_scratch(void **state) {
    (void)state;
    static char text[POST_TEXT_BYTES_MAX];
    static const char unit[] = "buy $BTC, sell ETH! ";
    for (size_t i = 0; i < sizeof text; i++) text[i] = unit[i % (sizeof unit - 1)];
    const struct reading *r = readkit_read(&kit, (str){text, sizeof text});
    assert_int_equal(r->mention_count, 2);
    for (size_t i = 0; i < sizeof text; i++) text[i] = i % 2 ? ' ' : (char)('a' + i / 2 % 26);
    assert_int_equal(readkit_read(&kit, (str){text, sizeof text})->mention_count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clear_calls_are_clear),
        cmocka_unit_test(test_mild_ones_are_not),
        cmocka_unit_test(test_a_name_alone_is_no_opinion),
        cmocka_unit_test(test_negation_turns_round),
        cmocka_unit_test(test_cues_take_force_from_an_opinion),
        cmocka_unit_test(test_news_has_a_direction),
        cmocka_unit_test(test_cues_are_told),
        cmocka_unit_test(test_coins_in_one_post_are_told_apart),
        cmocka_unit_test(test_what_ends_turns_round_what_it_ends),
        cmocka_unit_test(test_who_asks_supposes_or_looks_back_has_no_opinion),
        cmocka_unit_test(test_agreeing_with_others_makes_their_words_ones_own),
        cmocka_unit_test(test_what_fails_is_turned_round),
        cmocka_unit_test(test_numbers_tell_a_direction),
        cmocka_unit_test(test_a_disclaimer_takes_a_view_back),
        cmocka_unit_test(test_a_pair_sets_one_coin_against_the_other),
        cmocka_unit_test(test_but_outweighs_and_although_is_outweighed),
        cmocka_unit_test(test_a_clear_call_reaches_what_trading_asks_for),
        cmocka_unit_test(test_scripts_without_blanks_are_read),
        cmocka_unit_test(test_a_mistake_in_the_opinions_is_told_with_its_line),
        cmocka_unit_test(test_verbs_are_listed_with_their_forms),
        cmocka_unit_test(test_probabilities_sum_to_one_and_label_is_the_largest),
        cmocka_unit_test(test_near_copies_share_their_simhash),
        cmocka_unit_test(test_a_very_long_post_is_read_within_the_scratch),
    };
    return cmocka_run_group_tests(tests, open_kit, close_kit);
}
