/* words: what posts are cut into. */
#include "flow/words.h"

#include "base/buf.h"
#include "check.h"

static char block[2 << 20];

static struct words split(str text) {
    struct arena a;
    struct words w;
    arena_init(&a, block, sizeof block);
    words_split(&a, text, &w);
    return w;
}

/* The words' normalised forms, separated by blanks, each after a letter for its kind. */
static str shape(const char *text) {
    static char out[4096];
    static const char kinds[] = "wnch@~ep";
    struct words w = split(str_from_z(text));
    struct buf b;
    buf_init_fixed(&b, out, sizeof out);
    for (int i = 0; i < w.count; i++) {
        if (i) buf_put_byte(&b, ' ');
        buf_put_byte(&b, kinds[w.v[i].kind]);
        buf_put(&b, word_norm(&w, i));
    }
    return buf_str(&b);
}

static void test_text_is_cut_into_kinds(void **state) {
    (void)state;
    assert_str(shape("Buy $DOGE now!"), "wbuy cdoge wnow p!");
    assert_str(shape("#Bitcoin @user 100k $50 10x"), "hbitcoin @user n100k n50 n10x");
    assert_str(shape("1INCH 1000SATS $1INCH"), "w1inch w1000sats c1inch");
    assert_str(shape("BTC/USDT BTC-USD"), "wbtc p/ wusdt wbtc p- wusd");
    assert_str(shape("hi:) ;-D :( <3"), "whi p: p) e:) e:( e:3");
    assert_str(shape("wow!!! really?? hmm..."), "wwow p!! wreally p?? whmm p..");
    assert_str(shape("a@b.com US$5"), "~~ wus p$ n5");
    assert_str(shape(""), "");
}

static void test_links_are_one_word_and_show_nothing(void **state) {
    (void)state;
    assert_str(shape("see https://dogecoin.com/eth now"), "wsee ~~ wnow");
    assert_str(shape("HTTP://x.co/BTC"), "~~");
    assert_str(shape("http and dogecoin.com, vitalik.eth"), "~~ wand ~~ p, ~~");
    assert_str(shape("www.btc.org/x?y"), "~~");
    assert_str(shape("the end.of it"), "wthe wend p. wof wit");
}

static void test_elongations_are_cut(void **state) {
    (void)state;
    assert_str(shape("MOOOON mooooonnn sooooo yesss weeeed"), "wmoon wmoon wso wyes wweed");
    assert_str(shape("1000000 aabb"), "n1000000 waabb");
}

static void test_apostrophes_are_one(void **state) {
    (void)state;
    assert_str(shape("don\xE2\x80\x99t don't 'quoted'"), "wdon't wdon't p' wquoted p'");
}

static void test_other_scripts(void **state) {
    (void)state;
    assert_str(shape("БИТКОИН растёт"), "wбиткоин wрастёт");
    assert_str(shape("ビットコインが上がる"), "wビットコイン wが w上 wがる");
    assert_str(shape("＃比特币 ＄BTC"), "h比特币 cbtc");
    assert_str(shape("🚀🚀🏽👍"), "e🚀 e🚀 e👍");
    assert_str(shape("₿ up"), "e₿ wup");
}

static void test_fancy_letters_read_as_plain_ones(void **state) {
    (void)state;
    assert_str(shape("𝗕𝗶𝘁𝗰𝗼𝗶𝗻 ＥＴＨ ⓑⓣⓒ 🅱🆃🅲 ℬℰℳ"), "wbitcoin weth wbtc wbtc wbem");
    assert_str(shape("＄１００ 𝟓𝟎"), "n100 n50");
}

static void test_look_alikes_among_latin_letters_read_as_they_look(void **state) {
    (void)state;
    assert_str(shape("D\xD0\x9EGE \xD0\x92itcoin"), "wdoge wbitcoin"); /* Cyrillic О, В */
    assert_str(shape("биткоин и btc"), "wбиткоин wи wbtc");
    assert_str(shape("xбж"), "wxбж"); /* letters that look like none stay */
}

static void test_addresses_are_links(void **state) {
    (void)state;
    assert_str(shape("write to eth.support@mail.com now"), "wwrite wto ~~ wnow");
    assert_str(shape("5 btc @ 100"), "n5 wbtc p@ n100");
}

static void test_flags(void **state) {
    (void)state;
    struct words w = split(STR("BTC Eth I doge\nx"));
    assert_int_equal(w.count, 5);
    assert_int_equal(w.v[0].flags, WORD_UPPER | WORD_SPACED | WORD_LINE);
    assert_int_equal(w.v[1].flags, WORD_TITLE | WORD_SPACED);
    assert_int_equal(w.v[2].flags, WORD_TITLE | WORD_SPACED); /* one capital is no shouting */
    assert_int_equal(w.v[3].flags, WORD_SPACED);
    assert_int_equal(w.v[4].flags, WORD_SPACED | WORD_LINE);
}

static void test_negation_reaches_to_the_end_of_the_clause(void **state) {
    (void)state;
    struct words w = split(STR("not buying this, buying that"));
    assert_true(w.v[0].flags & WORD_NEGATION);
    assert_true(w.v[1].flags & WORD_NEGATED);
    assert_true(w.v[2].flags & WORD_NEGATED);
    assert_false(w.v[4].flags & WORD_NEGATED);
}

static void test_equal_forms_have_equal_hashes(void **state) {
    (void)state;
    struct words w = split(STR("Bitcoin #BITCOIN $bitcoin bitcoins"));
    assert_true(w.v[0].hash == w.v[1].hash && w.v[1].hash == w.v[2].hash);
    assert_true(w.v[0].hash != w.v[3].hash);
    assert_true(w.v[0].hash == word_hash(STR("bitcoin")));
}

static void test_a_long_text_is_read_up_to_the_limit(void **state) {
    (void)state;
    static char text[2 * WORDS_MAX + 64];
    memset(text, ' ', sizeof text);
    for (size_t i = 0; i < sizeof text; i += 2) text[i] = 'a';
    struct words w = split((str){text, sizeof text});
    assert_int_equal(w.count, WORDS_MAX);
    assert_true(w.cut);
}

static void test_a_long_word_keeps_its_place(void **state) {
    (void)state;
    static char text[5000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i % 26);
    struct words w = split((str){text, sizeof text});
    assert_int_equal(w.count, 1);
    assert_int_equal(w.v[0].end, sizeof text);
    assert_in_range(w.v[0].norm_bytes, 200, WORD_NORM_BYTES_MAX);
    assert_false(w.cut);
}

/* Words whose text goes on are read eight letters at a time, those at its end one by one. */
static void test_a_word_reads_the_same_wherever_it_stands(void **state) {
    (void)state;
    static const char *const words[] = {"a",
                                        "I",
                                        "Moon",
                                        "MOON",
                                        "mOON",
                                        "staking",
                                        "STAKINGS",
                                        "stakings",
                                        "Liquidity",
                                        "decentralization",
                                        "DECENTRALIZATION",
                                        "decentralizations",
                                        "hoooold",
                                        "abcdefggghi",
                                        "abcdefgggghi",
                                        "abcdefghhh",
                                        "abcdefghiii",
                                        "http",
                                        "https",
                                        "www",
                                        "not",
                                        "Nothing"};
    char text[64];
    for (int i = 0; i < COUNT_OF(words); i++) {
        const struct words last = split(str_from_z(words[i]));
        const struct word alone = last.v[0];
        char norm[WORD_NORM_BYTES_MAX];
        memcpy(norm, last.norm + alone.norm, alone.norm_bytes);
        for (const char *mark = " ,!?;)/\"\n&"; *mark; mark++) {
            (void)snprintf(text, sizeof text, "%s%c                         ", words[i], *mark);
            const struct words w = split(str_from_z(text));
            assert_in_range(w.count, 1, 2);
            assert_int_equal(w.v[0].hash, alone.hash);
            assert_int_equal(w.v[0].kind, alone.kind);
            assert_int_equal(w.v[0].flags, alone.flags);
            assert_int_equal(w.v[0].end, alone.end);
            assert_true(str_eq(word_norm(&w, 0), (str){norm, alone.norm_bytes}));
        }
    }
}

/* What stands right behind letters may belong to them. */
static void test_letters_are_no_word_before_what_goes_on(void **state) {
    (void)state;
    assert_str(shape("don't stop-loss a_b abc1 caf\u00e9 x              "),
               "wdon't wstop p- wloss wa_b wabc1 wcaf\u00e9 wx");
    assert_str(shape("end. next: go.com btc:usd me@x.io www. http: done            "),
               "wend p. wnext p: ~~ wbtc p: wusd ~~ ~~ ~~ p: wdone");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_cut_into_kinds),
        cmocka_unit_test(test_links_are_one_word_and_show_nothing),
        cmocka_unit_test(test_elongations_are_cut),
        cmocka_unit_test(test_apostrophes_are_one),
        cmocka_unit_test(test_other_scripts),
        cmocka_unit_test(test_fancy_letters_read_as_plain_ones),
        cmocka_unit_test(test_look_alikes_among_latin_letters_read_as_they_look),
        cmocka_unit_test(test_addresses_are_links),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_negation_reaches_to_the_end_of_the_clause),
        cmocka_unit_test(test_equal_forms_have_equal_hashes),
        cmocka_unit_test(test_a_long_text_is_read_up_to_the_limit),
        cmocka_unit_test(test_a_long_word_keeps_its_place),
        cmocka_unit_test(test_a_word_reads_the_same_wherever_it_stands),
        cmocka_unit_test(test_letters_are_no_word_before_what_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
