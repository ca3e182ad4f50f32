/* link: which coins sentences are about. The sentences are the project's own. */
#include "flow/reader.h"

#include "base/buf.h"
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

/* "BTC:cashtag ETH:name" in order of appearance. */
static str linked(const char *text) {
    static char out[1024];
    const struct reading *r = readkit_read(&kit, str_from_z(text));
    struct buf b;
    buf_init_fixed(&b, out, sizeof out);
    for (int i = 0; i < r->mention_count; i++) {
        str pair = str_from_z(r->mentions[i].symbol);
        assert_true(str_ends(pair, STR("USDT")));
        buf_printf(&b, "%s" STR_FMT ":%s", i ? " " : "", STR_ARG(str_head(pair, pair.n - 4)),
                   link_reason_name(r->mentions[i].reason));
    }
    return buf_str(&b);
}

/* "$TSLA:stock" of the misses. */
static str missed(const char *text) {
    static char out[1024];
    const struct reading *r = readkit_read(&kit, str_from_z(text));
    struct buf b;
    buf_init_fixed(&b, out, sizeof out);
    for (int i = 0; i < r->miss_count; i++) {
        const struct miss *m = &r->misses[i];
        buf_printf(&b, "%s" STR_FMT ":%s", i ? " " : "",
                   STR_ARG(((str){kit.post.text.p + m->begin, m->end - m->begin})),
                   miss_reason_name(m->reason));
    }
    return buf_str(&b);
}

struct link_case {
    const char *text, *links;
};

static void check_links(const struct link_case *table, int count) {
    for (int i = 0; i < count; i++) {
        str got = linked(table[i].text);
        if (!str_eq(got, str_from_z(table[i].links))) {
            fail_msg("\"%s\"\n  got  " STR_FMT "\n  want %s", table[i].text, STR_ARG(got),
                     table[i].links);
        }
    }
}

static void test_coins_are_linked_by_what_names_them(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"$BTC and $eth", "BTC:cashtag ETH:cashtag"},
        {"#Bitcoin #xrp", "BTC:hashtag XRP:hashtag"},
        {"BTCUSDT and ethusdt", "BTC:pair ETH:pair"},
        {"BTC/USDT, SOL-USD, $DOGE/usdt", "BTC:pair SOL:pair DOGE:pair"},
        {"ETH/BTC is about both", "ETH:pair BTC:ticker"},
        {"BTC or btc", "BTC:ticker"},
        {"SOL in capitals, on the chart", "SOL:ticker"},
        {"Smith (INJ), Okafor (INJ)", ""},
        {"link below 12 is a gift", "LINK:ticker"},
        {"unstaked my dot", "DOT:ticker"},
        {"Cardano's formula for the cubic", ""},
        {"miners moved: not ETH — ETC.", "ETC:ticker"},
        {"ETHBTC at 0.024", "ETH:pair BTC:pair"},
        {"bitcoin's price, two dogecoins", "BTC:name DOGE:name"},
        {"Shiba Inu and shiba-inu tokens", "SHIB:name"},
        {"Bitcoin Cash is not what you think", "BCH:name"},
        {"stacking sats", "BTC:nickname"},
        {"Doge", "DOGE:name"},
        {"who let the doge out", "DOGE:name"},
        {"DOOOOOGE", "DOGE:name"},
        {"\xE2\x82\xBF", "BTC:nickname"},
        {"ETH", "ETH:ticker"},
        {"(BTC)", "BTC:ticker"},
        {"\xE2\x80\x9C"
         "BTC\xE2\x80\x9D",
         "BTC:ticker"},
        {"BTC,ETH;SOL", "BTC:ticker ETH:ticker SOL:ticker"},
    };
    check_links(table, COUNT_OF(table));
}

static void test_names_in_other_scripts_are_linked(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"ビットコインが上がる", "BTC:name"},    {"今天比特币大涨", "BTC:name"},
        {"비트코인은 오른다", "BTC:name"},       {"Биткоин растёт", "BTC:name"},
        {"以太坊和比特币", "ETH:name BTC:name"}, {"도지코인 가자", "DOGE:name"},
    };
    check_links(table, COUNT_OF(table));
}

static void test_ordinary_words_are_not_coins(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"one day the gas will be fun for people", ""},
        {"HOT coin", "HOT:ticker"},
        {"ONE coin to rule them all", ""},
        {"ONE of us", ""},
        {"buy GAS, the token of Neo", "GAS:ticker"},
        {"GAS prices at the pump station", ""},
        {"NO ONE NEEDS GAS COINS AT ALL", ""}, /* all in capitals: no evidence */
        {"$ONE", "ONE:cashtag"},
        {"$ONE shares after earnings", ""},
        {"$GAS on binance", "GAS:cashtag"},
        {"GASUSDT", "GAS:pair"},
        {"the link is near the dot", ""},
        {"#near the beach", ""},
        {"#NEAR in my wallet", "NEAR:hashtag"},
        {"I am NOT selling my BTC", "BTC:ticker"},
        {"avalanche in the alps", ""},
        {"Avalanche is the best blockchain", "AVAX:name"},
        {"the cosmos is large", ""},
        {"my name is Sol and Ada is my sister", ""},
    };
    check_links(table, COUNT_OF(table));
}

static void test_shares_are_not_coins(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"$TSLA $AAPL", ""},
        {"$T dividend is safe", ""},
        {"$T", ""},
        {"$T token, threshold network", "T:name"},
        {"$CVX earnings beat", ""},
        {"$CVX the defi token", "CVX:cashtag"},
    };
    check_links(table, COUNT_OF(table));
    assert_str(missed("$TSLA and $T"), "$TSLA:stock $T:stock");
}

static void test_nothing_is_linked_inside_words_links_and_names(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"meth teeth something", ""},
        {"bitcoiners and dogematic", ""},
        {"https://dogecoin.com/btc?eth=1", ""},
        {"see dogecoin.com", ""},
        {"vitalik.eth wrote", ""},
        {"@dogecoin @BTC_Archive", ""},
        {"mail me at eth@btc.com", ""},
        {"underdoge", ""},
    };
    check_links(table, COUNT_OF(table));
    assert_str(missed("dogematic"), "dogematic:inside_word");
    assert_str(missed("meth"), "meth:inside_word");
    assert_str(missed("hi @dogecoin"), "@dogecoin:inside_link");
}

static void test_other_assets_are_told_apart(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"WBTC and stETH", ""},
        {"$WBTC $STETH", ""},
        {"BABYDOGE", ""},
        {"baby doge is cute", ""},
        {"ETHW", ""},
        {"bitcoin gold", ""},
        {"Elon Musk owns DOGE", "DOGE:name"},
    };
    check_links(table, COUNT_OF(table));
    assert_str(missed("WBTC, $BABYDOGE"), "WBTC:other_asset $BABYDOGE:other_asset");
    assert_str(missed("$ZZZQ"), "$ZZZQ:not_listed");
    assert_str(missed("$ZZZQ/eth"), "$ZZZQ/eth:not_listed");
}

static void test_the_department_is_no_coin(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"DOGE cut federal spending at the agency", ""},
        {"the Department of Government Efficiency, DOGE", ""},
        {"Doge devs improve efficiency", "DOGE:name"},
        {"$DOGE and the federal government", "DOGE:cashtag"},
    };
    check_links(table, COUNT_OF(table));
}

static int confidence(const char *text, const char *symbol) {
    const struct mention *m = readkit_find(readkit_read(&kit, str_from_z(text)), symbol);
    return m ? m->confidence_bp : -1;
}

static void test_confidence_falls_with_the_evidence(void **state) {
    (void)state;
    assert_true(confidence("$BTC", "BTCUSDT") > confidence("BTC", "BTCUSDT"));
    assert_true(confidence("BTC", "BTCUSDT") > confidence("btc", "BTCUSDT"));
    assert_true(confidence("$DOGE", "DOGEUSDT") > confidence("dogefather", "DOGEUSDT"));
    assert_true(confidence("ONE coin", "ONEUSDT") < 8000);
    /* labels below a post on another coin */
    assert_true(confidence("$ZZZQ to the moon #solana", "SOLUSDT") < 7000);
    assert_true(confidence("to the moon #solana", "SOLUSDT") > 9000);
}

static void test_a_list_of_coins_is_no_opinion_on_each(void **state) {
    (void)state;
    int six = confidence("$BTC $ETH $SOL $XRP $ADA $DOGE", "BTCUSDT");
    int nine = confidence("$BTC $ETH $SOL $XRP $ADA $DOGE $LTC $BCH $TRX", "BTCUSDT");
    assert_int_equal(six, confidence("$BTC", "BTCUSDT"));
    assert_int_equal(nine, six * 6 / 9);
    const struct reading *r = readkit_read(
        &kit, STR("$BTC $ETH $SOL $XRP $ADA $DOGE $LTC $BCH $TRX $BNB $XLM $ATOM $ALGO $XMR $ZEC "
                  "$XTZ $EOS $NEO"));
    assert_int_equal(r->mention_count, MENTIONS_MAX);
    assert_int_equal(r->miss_count, 2);
    assert_int_equal(r->misses[0].reason, MISS_TOO_MANY);
}

static void test_a_mention_shows_its_strongest_evidence(void **state) {
    (void)state;
    const struct reading *r = readkit_read(&kit, STR("bitcoin, btc and $BTC"));
    assert_int_equal(r->mention_count, 1);
    assert_int_equal(r->mentions[0].reason, LINK_CASHTAG);
    assert_int_equal(r->mentions[0].begin, 17);
    assert_int_equal(r->mentions[0].end, 21);
}

static void test_the_venue_says_what_may_be_linked(void **state) {
    (void)state;
    static const char *const venue[] = {"ETHUSDC", "NEWCOINUSDC", "ETHBTC"};
    struct readkit own;
    readkit_open(&own, &(struct reader_options){
                           .symbols = venue, .symbol_count = 3, .quote_asset = STR("USDC")});
    const struct reading *r = readkit_read(&own, STR("$BTC $ETH $NEWCOIN"));
    assert_int_equal(r->mention_count, 2);
    assert_string_equal(r->mentions[0].symbol, "ETHUSDC");
    assert_string_equal(r->mentions[1].symbol, "NEWCOINUSDC");
    assert_int_equal(r->misses[0].reason, MISS_NOT_LISTED);
    assert_int_equal(readkit_read(&own, STR("a newcoin is born"))->mention_count, 0);
    readkit_close(&own);
}

static void test_extra_names_are_added(void **state) {
    (void)state;
    struct readkit own;
    readkit_open(&own, &(struct reader_options){
                           .extra = STR("# mine\nBTCUSDT\tBTC\tgrandpa coin\t\t\r\n"
                                        "QQQQUSDT\tQQQQ\tquadruple|~the\tfour q|4q\tword\n")});
    assert_non_null(readkit_find(readkit_read(&own, STR("I hold grandpa coin")), "BTCUSDT"));
    assert_non_null(readkit_find(readkit_read(&own, STR("quadruple!")), "QQQQUSDT"));
    const struct reading *r = readkit_read(&own, STR("four q"));
    assert_int_equal(r->mentions[0].reason, LINK_NICKNAME);
    readkit_close(&own);
}

static void test_mistakes_in_extra_names_have_their_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } table[] = {{"BTCUSDT", "extra symbols:1"},
                 {"# x\nAAUSDT\tAA\tx\t\tsometimes\n", "extra symbols:2: unknown flag"},
                 {"AAUSDT\tAA\tethereum\t\t\n", "two coins"},
                 {"AAUSDT\tAA\t...|!\t\t\n", "no word"},
                 {"AAUSDT\tAA\t$aa\t\t\n", "no word"},
                 {"BTCUSDT\tBTC\t-ethereum\t\t\n", "extra symbols:1: no name of this coin"},
                 {"AAUSDT\tAA\tx\t\tsure,word\n", "neither"},
                 {"AAUSDT\t\tname\t\t\n", "no ticker"},
                 {"AAUSDT\tAA\tb\tc\t\td\n", "five columns"},
                 {"AAUSDT\tAA\t^short\t\t\n", "6 to 16 letters"},
                 {"DOGEUSDT\tBTC\tx\t\t\n", "extra symbols:1: the pair is not that"},
                 {"BTCEUR\tBTC\tx\t\t\n", "does not end with the quote asset"},
                 {"BTCUSDT\tBTC\tx\t\t\nBTCUSDT\tBTC\ty\t\t\n", "symbols:2: a second line"},
                 {"BTCUSDT\tBTC\tfoo||bar\t\t\n", "an empty name"},
                 {"BTCUSDT\tBTC\t\tThe\t\n", "a word of every day"},
                 {"\xFF\t\n", "UTF-8"}};
    for (int i = 0; i < COUNT_OF(table); i++) {
        struct arena boot;
        struct reader *r;
        struct error err = {0};
        arena_open(&boot, 64 << 20);
        assert_fails(reader_open(&boot,
                                 &(struct reader_options){.extra = str_from_z(table[i].text)}, &r,
                                 &err),
                     &err, ERR_CONFIG);
        if (!strstr(err.msg, table[i].says))
            fail_msg("\"%s\" lacks \"%s\"", err.msg, table[i].says);
        arena_close(&boot);
    }
}

/* --- texts of all sizes and dresses ------------------------------------------------------- */

static void test_names_are_found_however_they_are_dressed(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"𝗕𝗶𝘁𝗰𝗼𝗶𝗻 and 𝐄𝐓𝐇", "BTC:name ETH:ticker"},
        {"Ｂｉｔｃｏｉｎ、ＳＯＬ", "BTC:name SOL:ticker"},
        {"ⓑⓣⓒ", "BTC:ticker"},
        {"$D\xD0\x9EGE", "DOGE:cashtag"}, /* a Cyrillic O */
        {"\xD0\x92itcoin", "BTC:name"},   /* a Cyrillic В */
        {"биткоином, биткоины и биткойна", "BTC:name"},
        {"البيتكوين وبالبيتكوين", "BTC:name"},
        {"Bitcoin'i sattım, bitcoina nie sprzedam", "BTC:name"},
        {"ETH's fees, BTCs, Cardano's devs", "ETH:ticker BTC:ticker ADA:name"},
        {"#BitcoinPizzaDay #XRPArmy #BuyDogecoin", "BTC:hashtag XRP:hashtag DOGE:hashtag"},
        {"#bitcoinmining", "BTC:hashtag"},
        {"ETH-based, pro-XRP, BTC-denominated", "ETH:ticker XRP:ticker BTC:ticker"},
        {"etherium and bitocin", "ETH:name BTC:name"},
    };
    check_links(table, COUNT_OF(table));
}

static void test_context_makes_a_word_a_coin(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"short DOT here", "DOT:ticker"},
        {"a DOT on the map", ""},
        {"NEAR at $3.2", "NEAR:ticker"},
        {"NEAR the end", ""},
        {"DOT 20%, LINK 30%, ATOM 50%", "DOT:ticker LINK:ticker ATOM:ticker"},
        {"btc, eth and link", "BTC:ticker ETH:ticker LINK:ticker"},
        {"eth has a link", "ETH:ticker"},
        {"The Sandbox opens, SAND too", "SAND:name"},
        {"the sandbox opens, sand too", ""},
        {"sold my ada for good", "ADA:ticker"},
        {"sol y playa, ada yaprak", ""},
        {"three .eth names", ""},
        {"ETH-PERP, SOL/USDT", "ETH:pair SOL:pair"},
        {"wintry weather", ""},
    };
    check_links(table, COUNT_OF(table));
}

static void test_words_of_another_sense_speak_against_a_ticker(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"ETH rallied", "ETH:ticker"},
        {"A professor at ETH writes about robots", ""},
        {"#ETH students build a robot", ""},
        {"A professor bought ETH at 2400 on Binance", "ETH:ticker"},
        {"UNI unlock tomorrow", "UNI:ticker"},
        {"UNI library open until tomorrow", ""},
        {"Seagate's backlog: $STX up 4%", ""},
        {"the doge and his palace", ""},
        {"NEAR MISS on the runway, prices up 3%", ""},
        {"bought a CAKE", ""},
        {"LINK: https://example.com/chart", ""},
        {"LLLINKKK for the chart", ""},
        {"LTC Perez speaks", ""},
        {"LTC breaks out, says Perez", "LTC:ticker"},
        {"FIL and the children visit a museum, target met", ""},
        {"FIL and the children, target met", "FIL:ticker"},
        {"THETA \u22127%", "THETA:ticker"},
    };
    check_links(table, COUNT_OF(table));
}

static void test_lists_and_duels_make_small_letters_coins(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"dot,link,uni are defi", "DOT:ticker LINK:ticker UNI:ticker"},
        {"dot,link,uni", ""},
        {"near,ftm,one,luna: my portfolio", "NEAR:ticker FTM:ticker ONE:ticker LUNA:ticker"},
        {"bonk flipped wif", "BONK:name WIF:ticker"},
        {"sold fantom into sui", "FTM:name SUI:ticker"},
        {"FIL vs AR", "FIL:ticker AR:ticker"},
        {"bonk and a wig", ""},
    };
    check_links(table, COUNT_OF(table));
}

static void test_names_with_one_letter_wrong_need_crypto_beside_them(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"bought polkadt", "DOT:name"},      {"pokladot wallet", "DOT:name"},
        {"chainlonk token", "LINK:name"},    {"chainlnik", ""},
        {"cardaano coin pumps", "ADA:name"}, {"pardano coin pumps", ""},
        {"polkadotss wallet", ""},
    };
    check_links(table, COUNT_OF(table));
}

static void test_words_of_the_stock_market_speak_against_cashtags(void **state) {
    (void)state;
    static const struct link_case table[] = {
        {"$SUI to 5 soon", "SUI:cashtag"},
        {"$SUI raises its dividend, REITs are back", ""},
        {"$LTC holders", "LTC:cashtag"},
        {"LTC Properties, $LTC, declares a dividend", ""},
        {"$BTC up while earnings disappoint", "BTC:cashtag"},
    };
    check_links(table, COUNT_OF(table));
    assert_str(missed("$SUI raises its dividend"), "$SUI:stock");
}

/* The last words of a text of 25,000 characters. */
static void check_long(const char *filler, const char *end) {
    static char text[131072];
    ptrdiff_t n = 0, unit = (ptrdiff_t)strlen(filler), tail = (ptrdiff_t)strlen(end);
    ptrdiff_t chars = 0, unit_chars = 0, tail_chars = 0;
    for (ptrdiff_t i = 0; i < unit; i++) unit_chars += ((unsigned char)filler[i] & 0xC0) != 0x80;
    for (ptrdiff_t i = 0; i < tail; i++) tail_chars += ((unsigned char)end[i] & 0xC0) != 0x80;
    while (chars + unit_chars + tail_chars <= 25000 && n + unit + tail <= (ptrdiff_t)sizeof text) {
        memcpy(text + n, filler, (size_t)unit);
        n += unit;
        chars += unit_chars;
    }
    memcpy(text + n, end, (size_t)tail);
    const struct reading *r = readkit_read(&kit, (str){text, n + tail});
    const struct mention *m = readkit_find(r, "BTCUSDT");
    if (!m) fail_msg("nothing found behind \"%s\" over and over", filler);
    assert_true(m->end > n);
}

static void test_long_posts_are_read_to_the_end(void **state) {
    (void)state;
    check_long("a ", "bitcoin");
    check_long("!?", " bitcoin");
    check_long("word ", "bitcoin");
    check_long("ночь ", "биткоин");
    check_long("今日は天気が良い", "、ビットコイン");
    check_long("天", "，比特币");
    check_long("🙂", "₿");
    check_long("x", " BTC");
}

static void test_names_beyond_the_places_kept_are_still_names(void **state) {
    (void)state;
    static char text[25000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = "bitcoin "[i % 8];
    struct arena a = kit.scratch;
    struct words w;
    struct links links;
    reader_split(kit.reader, &a, (str){text, sizeof text - 1}, &w, &links);
    assert_int_equal(links.hit_count, LINK_HITS_MAX);
    for (int i = 0; i < 1000; i++) assert_true(w.v[i].flags & WORD_COIN);
}

static void test_the_user_takes_names_away(void **state) {
    (void)state;
    struct readkit own;
    readkit_open(&own, &(struct reader_options){.extra = STR("BTCUSDT\tBTC\t\t-digital gold\n"
                                                             "SOLUSDT\tSOL\t\t\toff\n"
                                                             "ETHUSDT\tETH\t\t\tword\n")});
    assert_int_equal(readkit_read(&own, STR("digital gold"))->mention_count, 0);
    assert_int_equal(readkit_read(&own, STR("ETH stands on a table"))->mention_count, 0);
    const struct reading *r = readkit_read(&own, STR("$SOL and $BTC"));
    assert_int_equal(r->mention_count, 1);
    assert_string_equal(r->mentions[0].symbol, "BTCUSDT");
    assert_int_equal(r->misses[0].reason, MISS_NOT_LISTED);
    readkit_close(&own);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coins_are_linked_by_what_names_them),
        cmocka_unit_test(test_names_in_other_scripts_are_linked),
        cmocka_unit_test(test_ordinary_words_are_not_coins),
        cmocka_unit_test(test_shares_are_not_coins),
        cmocka_unit_test(test_nothing_is_linked_inside_words_links_and_names),
        cmocka_unit_test(test_other_assets_are_told_apart),
        cmocka_unit_test(test_the_department_is_no_coin),
        cmocka_unit_test(test_confidence_falls_with_the_evidence),
        cmocka_unit_test(test_a_list_of_coins_is_no_opinion_on_each),
        cmocka_unit_test(test_a_mention_shows_its_strongest_evidence),
        cmocka_unit_test(test_the_venue_says_what_may_be_linked),
        cmocka_unit_test(test_extra_names_are_added),
        cmocka_unit_test(test_mistakes_in_extra_names_have_their_line),
        cmocka_unit_test(test_names_are_found_however_they_are_dressed),
        cmocka_unit_test(test_context_makes_a_word_a_coin),
        cmocka_unit_test(test_words_of_another_sense_speak_against_a_ticker),
        cmocka_unit_test(test_lists_and_duels_make_small_letters_coins),
        cmocka_unit_test(test_names_with_one_letter_wrong_need_crypto_beside_them),
        cmocka_unit_test(test_words_of_the_stock_market_speak_against_cashtags),
        cmocka_unit_test(test_long_posts_are_read_to_the_end),
        cmocka_unit_test(test_names_beyond_the_places_kept_are_still_names),
        cmocka_unit_test(test_the_user_takes_names_away),
    };
    return cmocka_run_group_tests(tests, open_kit, close_kit);
}
