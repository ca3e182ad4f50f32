/* From texts to clusters: which posts the reader and the judge together take for copies. */
#include "base/hash.h"
#include "flow/judge/judge.h"
#include "flowkit.h"
#include "readkit.h"

#define NOW (KIT_DAY + 12 * USEC_PER_HOUR)

static struct readkit kit;
static struct arena memory;
static struct judge judge;
static int64_t next_id;

static void fresh(void) {
    arena_reset(&memory);
    judge_init(&judge, &memory, kit_config(&memory, NULL));
    next_id = 1;
}

/* The cluster of this text, by an author of its own. */
static int64_t cluster_of(const char *text) {
    char name[32];
    snprintf(name, sizeof name, "author%lld", (long long)next_id);
    struct reading r = *readkit_read(&kit, str_from_z(text));
    struct post p = kit_post(next_id, name, NOW);
    p.text = str_from_z(text);
    next_id++;
    r.post = &p;
    struct opinion op;
    struct post_memory row;
    judge_post(&judge, NOW, &r, &op);
    judge_remember(&judge, NOW, &r, &op, &row);
    if (r.mention_count == 0) fail_msg("no coin in: %s", text);
    return op.cluster_id;
}

static void copies(const char *a, const char *b, bool want) {
    fresh();
    const int64_t first = cluster_of(a);
    if ((cluster_of(b) == first) != want) {
        fail_msg("%s\n%s\n%s", a, b, want ? "are no copies" : "are copies");
    }
}

static void test_near_copies_of_a_text_are_one_cluster(void **state) {
    (void)state;
    static const char *const same[] = {
        "Bitcoin is going to break out tonight, I bought a lot more and you should too",
        "BITCOIN is going to break out tonight, I bought a lot more and you should too!!!",
        "@friend Bitcoin is going to break out tonight, I bought a lot more and you should too",
        ("https://example.com/x Bitcoin is going to break out tonight, I bought a lot more and "
         "you should too"),
    };
    fresh();
    for (ptrdiff_t i = 0; i < COUNT_OF(same); i++) assert_int_equal(cluster_of(same[i]), 1);
}

static void test_another_coin_or_number_makes_another_post(void **state) {
    (void)state;
    copies("BTC to the moon, buy now, this is great", "ETH to the moon, buy now, this is great",
           false);
    copies("BTC looks very bullish to me, it will reach 60000 this month, I am buying more",
           "BTC looks very bullish to me, it will reach 70000 this month, I am buying more", false);
    copies("BTC looks very bullish to me, it will reach 60000 this month, I am buying more",
           "BTC looks very bullish to me, it will reach 60000 this month, I am buying more", true);
    copies("BTC looks very bullish to me, it will reach 60000 this month, I am buying more",
           "$BTC looks very bullish to me, it will reach 60000 this month, I am buying more", true);
}

static void test_short_texts_must_be_the_same(void **state) {
    (void)state;
    copies("buying more bitcoin", "Buying more Bitcoin!", true);
    copies("buying more bitcoin", "buying some more bitcoin", false);
    copies("buying more bitcoin", "buying more ethereum", false);
}

static void test_a_number_put_behind_makes_no_new_post(void **state) {
    (void)state;
    static const char *const same[] = {
        "I love bitcoin and it is going to the moon, so buy now! 4821",
        "I love bitcoin and it is going to the moon, so buy now! 77",
        "I love bitcoin and it is going to the moon, so buy now!",
        "I love bitcoin and it is going to the moon, so buy now 9313",
        "I love bitcoin and it is going to the moon, so buy now\n5",
        "I love bitcoin and it is going to the moon, so buy now! 123456 https://example.com/x",
    };
    fresh();
    for (ptrdiff_t i = 0; i < COUNT_OF(same); i++) assert_int_equal(cluster_of(same[i]), 1);
    copies("buying more bitcoin! 4821", "buying more bitcoin! 9313", true);
    copies("buying more bitcoin 🚀 4821", "buying more bitcoin 🚀 9313", true);
    copies("buying more bitcoin\n4821", "buying more bitcoin\n9313", true);
    copies("buying more bitcoin #hodl 4821", "buying more bitcoin #hodl 9313", true);
}

static void test_a_number_that_is_said_makes_another_post(void **state) {
    (void)state;
    copies("BTC hits 60000", "BTC hits 61000", false);
    copies("BTC looks very bullish, hits 60000", "BTC looks very bullish, hits 61000", false);
    copies("I love bitcoin and it is going to the moon, to $60000",
           "I love bitcoin and it is going to the moon, to $70000", false);
    copies("I love bitcoin and it is going to the moon, up by 50%",
           "I love bitcoin and it is going to the moon, up by 60%", false);
    copies("I love bitcoin! 4821 reasons to buy more of it now",
           "I love bitcoin! 9313 reasons to buy more of it now", false);
}

static struct reading read_text(const char *text) { return *readkit_read(&kit, str_from_z(text)); }

static bool has_host(const struct reading *r, const char *host) {
    for (int i = 0; i < r->host_count; i++) {
        if (r->hosts[i] == str_hash(str_from_z(host))) return true;
    }
    return false;
}

static void test_a_reading_has_the_hosts_of_its_links_once_each(void **state) {
    (void)state;
    struct reading r = read_text("BTC: https://www.Example.com/a http://example.com:8080/b?c "
                                 "https://t.co/xyz");
    assert_int_equal(r.host_count, 2);
    assert_true(has_host(&r, "example.com") && has_host(&r, "t.co"));
    r = read_text("no link at all, only BTC");
    assert_int_equal(r.host_count, 0);
    r = read_text(
        "https://a.com/1 https://b.com/1 https://c.com/1 https://d.com/1 https://e.com/1");
    assert_int_equal(r.host_count, READING_HOSTS_MAX);
    assert_true(has_host(&r, "d.com") && !has_host(&r, "e.com"));
}

static void test_a_reading_has_its_numbers(void **state) {
    (void)state;
    const struct reading none = read_text("bitcoin is going up"),
                         one = read_text("bitcoin at 60000");
    const struct reading other = read_text("bitcoin at 70000");
    assert_true(none.numbers == 0);
    assert_true(one.numbers != 0 && other.numbers != 0 && one.numbers != other.numbers);
    assert_true(read_text("60000 for a bitcoin").numbers == one.numbers);
}

static int set_up(void **state) {
    (void)state;
    arena_open(&memory, 256 << 20);
    readkit_open(&kit, &(struct reader_options){0});
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    readkit_close(&kit);
    arena_close(&memory);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near_copies_of_a_text_are_one_cluster),
        cmocka_unit_test(test_another_coin_or_number_makes_another_post),
        cmocka_unit_test(test_short_texts_must_be_the_same),
        cmocka_unit_test(test_a_number_put_behind_makes_no_new_post),
        cmocka_unit_test(test_a_number_that_is_said_makes_another_post),
        cmocka_unit_test(test_a_reading_has_the_hosts_of_its_links_once_each),
        cmocka_unit_test(test_a_reading_has_its_numbers),
    };
    return cmocka_run_group_tests_name("copies", tests, set_up, tear_down);
}
