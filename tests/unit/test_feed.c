/* feed: raw fields become clean posts, or an error that names the member. */
#include "flow/reader.h"

#include "check.h"

static char block[1 << 20];

static struct raw_post base_post(void) {
    return (struct raw_post){
        .id = STR("1700000000000000000"), .source = STR("x"), .text = STR("hello"), .html = true};
}

static bool feed(struct raw_post raw, struct post *ret, struct error *err) {
    struct arena a;
    arena_init(&a, block, sizeof block);
    return feed_normalize(&a, &raw, 5, ret, err);
}

static str cleaned(str text) {
    static struct post p;
    struct error err;
    struct raw_post raw = base_post();
    raw.text = text;
    assert_ok(feed(raw, &p, &err), &err);
    return p.text;
}

static void test_entities_are_decoded_once(void **state) {
    (void)state;
    assert_str(cleaned(STR("S&amp;P &lt;3 &gt; &quot;x&quot; &#39;y&#x27; &apos;")),
               "S&P <3 > \"x\" 'y' '");
    assert_str(cleaned(STR("&amp;lt; &amp;amp;")), "&lt; &amp;");
    assert_str(cleaned(STR("AT&T & co; &unknown; &; &#; &#x; &")),
               "AT&T & co; &unknown; &; &#; &#x; &");
    assert_str(cleaned(STR("&#128640;&#x1F680;")), "🚀🚀");
    assert_str(cleaned(STR("&#xD800;&#x110000;&#0;")), "&#xD800;&#x110000;&#0;");
}

static void test_escapes_written_out_are_decoded(void **state) {
    (void)state;
    assert_str(cleaned(STR("it\\u2019s fine\\u002c \\u00e9t\\u00E9")), "it\xE2\x80\x99s fine, été");
    assert_str(cleaned(STR("\\u20 \\uD83D \\u0000 \\n C:\\users \\u")),
               "\\u20 \\uD83D \\u0000 \\n C:\\users \\u");
}

static void test_text_that_is_not_html_keeps_its_entities(void **state) {
    (void)state;
    struct raw_post raw = base_post();
    struct post p;
    struct error err;
    raw.html = false;
    raw.text = STR("a &amp; b");
    assert_ok(feed(raw, &p, &err), &err);
    assert_str(p.text, "a &amp; b");
}

static void test_control_characters_go_and_line_feeds_stay(void **state) {
    (void)state;
    assert_str(cleaned(STR("a\x01"
                           "b\r\nc\td\x7F")),
               "ab\nc d");
    assert_str(cleaned(STR("Bit\xE2\x80\x8B"
                           "coin\xC2\x85\xEF\xBB\xBF\xE2\x80\xAE")),
               "Bitcoin");
    assert_str(cleaned(STR("&#1;x&#8203;y")), "xy");
    assert_str(cleaned(STR("👩\xE2\x80\x8D🚀")), "👩\xE2\x80\x8D🚀"); /* a joiner makes one emoji */
}

static void test_text_is_in_nfc(void **state) {
    (void)state;
    assert_str(cleaned(STR("caf\x65\xCC\x81")), "caf\xC3\xA9");
    assert_str(cleaned(STR("\xE2\x84\xAB")), "\xC3\x85"); /* the sign of Angstroem */
    assert_str(cleaned(STR("ハ\xE3\x82\x9A")), "パ");
    assert_str(cleaned(STR("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB")), "한");
}

static void test_ill_formed_utf8_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "x\xE2\x82",
                                      "\xFF"};
    for (int i = 0; i < COUNT_OF(bad); i++) {
        struct raw_post raw = base_post();
        struct post p;
        struct error err;
        raw.text = str_from_z(bad[i]);
        assert_fails(feed(raw, &p, &err), &err, ERR_PARSE);
        assert_non_null(strstr(err.msg, "text"));
    }
}

static void test_ids_of_x_are_their_numbers(void **state) {
    (void)state;
    struct raw_post raw = base_post();
    struct post p;
    struct error err;
    raw.root_id = STR("1699999999999999999");
    assert_ok(feed(raw, &p, &err), &err);
    assert_true(p.id == INT64_C(1700000000000000000));
    assert_true(p.root_id == INT64_C(1699999999999999999));
    assert_true(p.edited);
    assert_str(p.source_id, "1700000000000000000");
}

static void test_ids_of_other_sources_are_negative_hashes(void **state) {
    (void)state;
    struct raw_post raw = base_post();
    struct post p, q, r;
    struct error err;
    raw.source = STR("bsky");
    raw.id = STR("at://did:plc:x/app.bsky.feed.post/1");
    raw.created_at = STR("2024-01-01T00:00:00Z");
    assert_ok(feed(raw, &p, &err), &err);
    assert_true(p.id < 0 && p.root_id == p.id && !p.edited);
    raw.source = STR("push");
    assert_ok(feed(raw, &q, &err), &err);
    assert_true(q.id < 0 && q.id != p.id);
    raw.id = STR("1700000000000000000"); /* digits of another source are no id of X */
    assert_ok(feed(raw, &r, &err), &err);
    assert_true(r.id < 0);
}

static void expect_error(struct raw_post raw, err_code code, const char *member) {
    struct post p;
    struct error err;
    assert_fails(feed(raw, &p, &err), &err, code);
    if (!strstr(err.msg, member)) fail_msg("\"%s\" does not name %s", err.msg, member);
}

static void test_wrong_members_are_named(void **state) {
    (void)state;
    struct raw_post raw = base_post();
    raw.id = STR("");
    expect_error(raw, ERR_PARSE, "id");
    raw.id = STR("12a");
    expect_error(raw, ERR_PARSE, "id");
    raw.id = STR("-5");
    expect_error(raw, ERR_PARSE, "id");
    raw.id = STR("0");
    expect_error(raw, ERR_RANGE, "id");
    raw.id = STR("9223372036854775808");
    expect_error(raw, ERR_RANGE, "id");
    raw.id = STR("99999999999999999999");
    expect_error(raw, ERR_RANGE, "id");
    raw = base_post();
    raw.created_at = STR("yesterday");
    expect_error(raw, ERR_PARSE, "created_at");
    raw = base_post();
    raw.source = STR("bsky");
    expect_error(raw, ERR_PARSE, "created_at");
    raw = base_post();
    raw.username = STR("\xFF");
    expect_error(raw, ERR_PARSE, "username");
}

static void test_a_text_over_the_limit_is_refused(void **state) {
    (void)state;
    static char text[POST_TEXT_BYTES_MAX + 1];
    memset(text, 'a', sizeof text);
    struct raw_post raw = base_post();
    raw.text = (str){text, sizeof text};
    expect_error(raw, ERR_RANGE, "text");
    raw.text.n--;
    struct post p;
    struct error err;
    assert_ok(feed(raw, &p, &err), &err);
    assert_int_equal(p.text.n, POST_TEXT_BYTES_MAX);
}

static void test_the_snowflake_tells_the_time(void **state) {
    (void)state;
    struct raw_post raw = base_post();
    struct post p;
    struct error err;
    raw.id = STR("1683364599280685057");
    raw.created_at = STR("2023-07-24T06:32:50.000Z");
    char text[TIME_TEXT_BYTES];
    assert_ok(feed(raw, &p, &err), &err);
    assert_str(time_format_rfc3339(p.created_at, text), "2023-07-24T06:32:50.527000Z");
    raw.created_at = STR("1999-01-01T00:00:00Z"); /* a lie does not help */
    assert_ok(feed(raw, &p, &err), &err);
    assert_str(time_format_rfc3339(p.created_at, text), "2023-07-24T06:32:50.527000Z");
    raw.id = STR("20"); /* older than the scheme */
    raw.created_at = STR("2006-03-21T20:50:14Z");
    assert_ok(feed(raw, &p, &err), &err);
    assert_str(time_format_rfc3339(p.created_at, text), "2006-03-21T20:50:14.000000Z");
}

static post_ref ref_of(str text, post_ref sent) {
    struct post p;
    struct error err;
    struct raw_post raw = base_post();
    raw.text = text;
    raw.ref = sent;
    assert_ok(feed(raw, &p, &err), &err);
    assert_true(p.ref_id == 0);
    return p.ref;
}

static void test_a_text_that_says_so_is_a_retweet(void **state) {
    (void)state;
    static const char *const are[] = {
        "RT @alice: buy bitcoin",
        "rt @al_ice9: buy bitcoin",
        " \nRT  @bob.example.com: buy bitcoin",
        "RT @carol@social.example: buy bitcoin",
        "RT @alice:",
    };
    static const char *const are_not[] = {
        "RT",
        "RT @",
        "RT @: bitcoin",
        "RT @alice",
        "RT this if you like bitcoin: yes",
        "RT @alice says: buy",
        "I said RT @alice: buy bitcoin",
        "ART @alice: bitcoin",
        "@alice: bitcoin",
    };
    for (ptrdiff_t i = 0; i < COUNT_OF(are); i++) {
        if (ref_of(str_from_z(are[i]), POST_REF_NONE) != POST_REF_RETWEET) {
            fail_msg("no retweet: %s", are[i]);
        }
    }
    for (ptrdiff_t i = 0; i < COUNT_OF(are_not); i++) {
        if (ref_of(str_from_z(are_not[i]), POST_REF_NONE) != POST_REF_NONE) {
            fail_msg("a retweet: %s", are_not[i]);
        }
    }
    assert_true(ref_of(STR("RT @alice: buy bitcoin"), POST_REF_QUOTE) == POST_REF_QUOTE);
}

static void test_language_is_taken_or_guessed(void **state) {
    (void)state;
    static const struct {
        const char *lang, *text;
    } table[] = {{"en", "The price of Bitcoin is going up and I like it"},
                 {"es", "El precio de la moneda está muy alto hoy"},
                 {"pt", "O preço da moeda não está muito alto"},
                 {"de", "Der Kurs ist heute nicht so hoch wie ich dachte"},
                 {"fr", "Le prix est très haut et je ne vends pas"},
                 {"tr", "Bu coin çok iyi ama bugün biraz düşük"},
                 {"id", "harga ini sudah naik dan saya tidak jual"},
                 {"it", "Il prezzo è molto alto e non vendo più"},
                 {"ru", "Цена биткоина растёт"},
                 {"ja", "ビットコインが上がる"},
                 {"ko", "비트코인이 오른다"},
                 {"zh", "比特币今天大涨"},
                 {"ar", "سعر البيتكوين يرتفع"},
                 {"und", "$BTC 100k"},
                 {"und", ""}};
    for (int i = 0; i < COUNT_OF(table); i++) {
        struct raw_post raw = base_post();
        struct post p;
        struct error err;
        raw.text = str_from_z(table[i].text);
        assert_ok(feed(raw, &p, &err), &err);
        if (!str_eq(p.lang, str_from_z(table[i].lang))) {
            fail_msg("\"%s\": " STR_FMT, table[i].text, STR_ARG(p.lang));
        }
        raw.lang = STR("zh-Hant");
        assert_ok(feed(raw, &p, &err), &err);
        assert_str(p.lang, "zh-Hant");
        raw.lang = STR("<script>");
        assert_ok(feed(raw, &p, &err), &err);
        assert_true(str_eq(p.lang, str_from_z(table[i].lang)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entities_are_decoded_once),
        cmocka_unit_test(test_escapes_written_out_are_decoded),
        cmocka_unit_test(test_text_that_is_not_html_keeps_its_entities),
        cmocka_unit_test(test_control_characters_go_and_line_feeds_stay),
        cmocka_unit_test(test_text_is_in_nfc),
        cmocka_unit_test(test_ill_formed_utf8_is_refused),
        cmocka_unit_test(test_ids_of_x_are_their_numbers),
        cmocka_unit_test(test_ids_of_other_sources_are_negative_hashes),
        cmocka_unit_test(test_wrong_members_are_named),
        cmocka_unit_test(test_a_text_over_the_limit_is_refused),
        cmocka_unit_test(test_the_snowflake_tells_the_time),
        cmocka_unit_test(test_a_text_that_says_so_is_a_retweet),
        cmocka_unit_test(test_language_is_taken_or_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
