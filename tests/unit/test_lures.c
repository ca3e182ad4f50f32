/* lures: which posts are giveaways or phishing, and which only share words with them. */
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

static uint32_t lures_of(const char *text) {
    return readkit_read(&kit, str_from_z(text))->cues & (CUE_GIVEAWAY | CUE_PHISHING);
}

static void check_lures(const char *const *texts, int count, uint32_t want) {
    for (int i = 0; i < count; i++) {
        if (!(lures_of(texts[i]) & want)) fail_msg("\"%s\" is no lure of %x", texts[i], want);
    }
}

static void check_none(const char *const *texts, int count) {
    for (int i = 0; i < count; i++) {
        const uint32_t got = lures_of(texts[i]);
        if (got) fail_msg("\"%s\" is a lure: %x", texts[i], got);
    }
}

static void test_to_give_and_to_get_more_is_a_giveaway(void **state) {
    (void)state;
    static const char *const texts[] = {
        "Send one BTC and get two back, to the moon",
        "Send 0.1 BTC get 0.2 BTC back!",
        "Send 1BTC, get 2BTC",
        "All Bitcoin sent to our address will be sent back to you doubled",
        "You send $1,000, I send back $2,000! only for the next half hour",
        "Return 2x your $BTC, limited event example.com/x",
        "deposit and receive double",
        "invest $200 and earn $5000 in a week",
        "every holder receives 2x, scan the QR code",
        "Transfer 500 DOGE to the pool and receive 1000 DOGE within the hour",
        "Participate with any ETH and get double back",
        "Contribute 2 ETH\nReceive 4 ETH",
        "Send $BTC to this address and you will receive twice as much",
        "Invest $1k today and get $10k on Friday",
        "Scan the QR and get 5x back on your Bitcoin",
        "We return 3x your crypto, no questions",
    };
    check_lures(texts, COUNT_OF(texts), CUE_GIVEAWAY);
}

static void test_a_sale_to_be_quick_for_is_a_giveaway(void **state) {
    (void)state;
    static const char *const texts[] = {
        "presale whitelist mint now",
        "Our presale is live, be early",
        "Whitelist closes tonight, join now for $SOL",
        "12 allowlist places, secure your spot",
    };
    check_lures(texts, COUNT_OF(texts), CUE_GIVEAWAY);
}

static void test_what_asks_for_a_wallet_or_its_secret_is_phishing(void **state) {
    (void)state;
    static const char *const texts[] = {
        "Connect wallet to get your $SOL reward",
        "Check your eligibility: connect your wallet at example.com",
        "Link your wallet and claim 500 DOGE",
        "Sync a wallet to receive the bonus",
        "Enter your 12 word phrase to validate",
        "Import your recovery phrase here to unlock your ETH",
        "Please submit the private key of the old account",
        "To verify, type in the seed phrase",
        "Claim the $ARB airdrop at https://example.com/arb",
        "The airdrop ends today! claim yours: example.com",
    };
    check_lures(texts, COUNT_OF(texts), CUE_PHISHING);
}

static void test_posts_of_traders_are_no_lures(void **state) {
    (void)state;
    static const char *const texts[] = {
        "send it",
        "SEND IT! $BTC gets a 2x from here",
        "BTC sent to cold wallet",
        "doubled my ETH bag",
        "get 2x from here",
        "connect the dots, $SOL is next",
        "Send $DOGE to $1, then get 2x more",
        "Send ETH to the moon and get twice the fun",
        "I sent 1 BTC to the exchange and got filled at 60k",
        "They invest $200 and earn $5000, I lose both",
        "Connect your wallet to the new exchange, fees are low",
        "My wallet is empty but $ETH looks great",
        "My hardware wallet stores the seed phrase in steel",
        "The presale raised five million, now listed",
        "Volume doubled and BTC is back above support",
        "Deposit rates doubled, people return to $AAVE",
        "Depositing ETH at 3% seems fine to me",
        "Transfer of 5000 BTC to an exchange, careful",
        "Invest in $SOL now and get 10x by December",
        "BTC will return 2x in a year",
        "Get 2x leverage on your long",
        "Two whales sent ETH back to the exchange",
        "The link between my wallet and my mood is strong",
        "The airdrop made people sell, price down",
        "Private keys matter, hold your own BTC",
    };
    check_none(texts, COUNT_OF(texts));
}

static void test_who_warns_does_not_lure(void **state) {
    (void)state;
    static const char *const texts[] = {
        "Don't fall for giveaways. Buy $ADA, massive breakout",
        "Beware: send 1 BTC and get 2 back is how they rob you",
        "Scam alert: sites that ask you to connect your wallet to claim a reward",
        "Never share your seed phrase, whoever asks to verify it",
        "Another fake giveaway in his name. $DOGE holds up well",
        "Nobody should ever enter a seed phrase. Do not enter yours",
    };
    check_none(texts, COUNT_OF(texts));
}

static void test_a_warning_before_a_lure_with_a_link_excuses_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {
        "Beware of fakes! Only here: send 1 BTC and get 2 back https://example.com/x",
    };
    check_lures(texts, COUNT_OF(texts), CUE_GIVEAWAY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_give_and_to_get_more_is_a_giveaway),
        cmocka_unit_test(test_a_sale_to_be_quick_for_is_a_giveaway),
        cmocka_unit_test(test_what_asks_for_a_wallet_or_its_secret_is_phishing),
        cmocka_unit_test(test_posts_of_traders_are_no_lures),
        cmocka_unit_test(test_who_warns_does_not_lure),
        cmocka_unit_test(test_a_warning_before_a_lure_with_a_link_excuses_nothing),
    };
    return cmocka_run_group_tests_name("lures", tests, open_kit, close_kit);
}
