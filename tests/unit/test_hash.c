/* hash: published vectors (FIPS 180-2, RFC 4648), and pieces give what the whole gives. */
#include "base/hash.h"

#include "base/rng.h"
#include "check.h"

static void digest_is(str text, const char *want) {
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    sha256_once(text, digest);
    assert_int_equal(hex_format(digest, SHA256_BYTES, hex).n, 64);
    assert_string_equal(hex, want);
}

static void test_digests_are_those_of_the_standard(void **state) {
    (void)state;
    digest_is((str){0}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_is(STR("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_is(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_pieces_give_the_digest_of_the_whole(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, test_seed());
    char text[1000];
    for (int i = 0; i < (int)sizeof text; i++) text[i] = (char)rng_next(&rng);
    struct sha256 *h = sha256_new();
    for (int round = 0; round < 50; round++) { /* and again with the same object: it restarts */
        str whole = str_from_bytes(text, rng_between(&rng, 0, sizeof text)), rest = whole;
        while (rest.n) {
            ptrdiff_t n = rng_between(&rng, 0, 100);
            sha256_add(h, str_head(rest, n));
            rest = str_tail(rest, n);
        }
        uint8_t got[SHA256_BYTES], want[SHA256_BYTES];
        sha256_finish(h, got);
        sha256_once(whole, want);
        assert_memory_equal(got, want, SHA256_BYTES);
    }
    sha256_free(h);
    sha256_free(NULL);
}

static void test_base32_takes_the_leading_bits(void **state) {
    (void)state;
    char block[32];
    const uint8_t foobar[] = "foobar";
    assert_str(base32_format(foobar, 8, block), "mzxw6ytb");
    assert_str(base32_format(foobar, 9, block), "mzxw6ytbo");
    assert_str(base32_format(foobar, 0, block), "");
    const uint8_t ends[5] = {0x00, 0x44, 0x32, 0x14, 0xC7}; /* 0 1 2 3 4 5 6 7 in fives */
    assert_str(base32_format(ends, 8, block), "abcdefgh");
    const uint8_t ones[5] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    assert_str(base32_format(ones, 8, block), "77777777");
}

static void test_base32_of_20_digits_reads_13_bytes(void **state) {
    (void)state;
    uint8_t *exact = malloc(13); /* the sanitizer sees a byte too many */
    memset(exact, 0, 13);
    char block[20];
    assert_str(base32_format(exact, 20, block), "aaaaaaaaaaaaaaaaaaaa");
    free(exact);
}

static void test_the_same_bytes_are_the_same(void **state) {
    (void)state;
    uint8_t a[32] = {1, 2, 3}, b[32] = {1, 2, 3};
    assert_true(bytes_same(a, b, sizeof a));
    b[31] = 1;
    assert_false(bytes_same(a, b, sizeof a));
    assert_true(bytes_same(a, b, 31));
    assert_true(bytes_same(a, b, 0));
}

static void test_random_bytes_are_not_those_of_before(void **state) {
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    assert_true(bytes_random(a, sizeof a) && bytes_random(b, sizeof b));
    assert_false(bytes_same(a, b, sizeof a));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_bytes_are_the_same),
        cmocka_unit_test(test_random_bytes_are_not_those_of_before),
        cmocka_unit_test(test_digests_are_those_of_the_standard),
        cmocka_unit_test(test_pieces_give_the_digest_of_the_whole),
        cmocka_unit_test(test_base32_takes_the_leading_bits),
        cmocka_unit_test(test_base32_of_20_digits_reads_13_bytes),
    };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
