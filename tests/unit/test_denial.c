/* denial: which words take an earlier post back, and which only sound so. */
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

#define DENIALS (CUE_CORRECTION | CUE_DENIAL | CUE_HACKED)

static void check(const char *const *texts, int count, uint32_t want) {
    for (int i = 0; i < count; i++) {
        const uint32_t got = readkit_read(&kit, str_from_z(texts[i]))->cues & DENIALS;
        if (got != want) fail_msg("\"%s\": %x, expected %x", texts[i], got, want);
    }
}

static void test_an_account_in_other_hands_is_heard(void **state) {
    (void)state;
    static const char *const texts[] = {
        "My account was hacked, please do not click anything",
        "I can't believe it, I was hacked this morning",
        "That wasn't me. Looking into it",
        "I\u2019ve been hacked",
        "Back again: I regained access to my account an hour ago",
        "Please ignore all posts of today",
        "I DID NOT POST THAT",
        "NOT ME. hacked.",
        "wasn't me",
        "@ferryfan Wasn't me!",
        "that tweet was not me",
    };
    check(texts, COUNT_OF(texts), CUE_HACKED);
}

static void test_taking_a_post_back_is_heard(void **state) {
    (void)state;
    static const char *const texts[] = {
        "Ignore my last post, I had the wrong chart",
        "ok deleting this",
        "Posted by mistake, sorry!",
        "I sold all my DOGE today",
        "I retract that",
        "Ignore previous tweet",
        "ignore my previous tweets",
    };
    check(texts, COUNT_OF(texts), CUE_DENIAL);
}

static void test_corrections_are_heard(void **state) {
    (void)state;
    static const char *const texts[] = {
        "Correction: the vote is on Friday", "It was fake news",     "False alarm, folks",
        "Changed my mind about this one",    "Turns out to be fake",
    };
    check(texts, COUNT_OF(texts), CUE_CORRECTION);
}

static void test_what_only_sounds_so_is_not(void **state) {
    (void)state;
    static const char *const texts[] = {
        "Was my account hacked?",
        "If my account was hacked I would tell you elsewhere",
        "Don't ignore my last post",
        "An exchange lost funds to hackers again",
        "Just bought more DOGE, so happy",
        "They sold all tickets in an hour",
        "Never ignore my posts about ferries",
        "I was not hacked",
        "Not me buying the top again",
        "Never ignore previous posts of the bank",
        "A correction of ten percent would be healthy",
        "Somebody bought a million of it. It wasn't me!",
        "",
    };
    check(texts, COUNT_OF(texts), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_account_in_other_hands_is_heard),
        cmocka_unit_test(test_taking_a_post_back_is_heard),
        cmocka_unit_test(test_corrections_are_heard),
        cmocka_unit_test(test_what_only_sounds_so_is_not),
    };
    return cmocka_run_group_tests_name("denial", tests, open_kit, close_kit);
}
