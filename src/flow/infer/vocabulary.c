/* vocabulary: words and phrases that say where a price goes, or what a sentence does.
 *
 * The model knows how a text sounds; these words say what traders mean by it. Each row lists
 * phrases with a weight in tenths of a nat (added to the model's logits, positive is up) or with
 * cues. The rows are few and written by hand: what needs statistics belongs into the model.
 * Compiled into a phrase table at start; read-only afterwards. */
#include "flow/infer/infer_int.h"
#include "flow/reading.h"

struct row {
    const char *phrases; /* separated by | */
    struct sense sense;
};

#define UP(tenths)                                                                                 \
    { ROLE_DIRECTION, (tenths), 0 }
#define DOWN(tenths)                                                                               \
    { ROLE_DIRECTION, -(tenths), 0 }
#define CUE(bits)                                                                                  \
    { ROLE_CUE, 0, (bits) }

static const struct row rows[] = {
    /* --- what people do --- */
    {"buy|buying|buys|buyers|bid|bidding|bids|longing|buyback|scooping|scooped|loading|loaded|"
     "stacking|stack|dca|dca'd|dcaing|adding more|added more|bought more|buy more|buying more",
     UP(15)},
    {"bought|longed|aped|ape in|aping|going long|went long|i'm long|im long|long on|open long|"
     "all in|going all in|load up|loading up|back up the truck|filled my bags|fill your bags|"
     "buy the dip|buying the dip|bought the dip|btfd|buy now|time to buy|strong buy|market buy",
     UP(19)},
    {"just bought|big bag|bag of|huge bag", UP(8)},
    {"long|longs|accumulate|accumulating|accumulated|accumulation|accumulates", UP(12)},
    {"hodl|hodling|hodler|hodlers|hold|holding|holders|diamond hands|won't sell|wont sell|"
     "not selling|never selling|haven't sold|have not sold|has not sold|hasn't sold|didn't sell|"
     "didn't sell any|stop selling|will never sell",
     UP(10)},
    {"stake|staked|staking", UP(3)},
    {"sell everything|selling everything|sold everything|selling it all|sold it all|sell it all|"
     "selling all|sold all|dump it|dumped it|get out|getting out|got out|exit now|cash out|"
     "cashed out|going short|went short|i'm short|im short|short on|open short|stay away|"
     "sell now|time to sell|strong sell|panic selling|paper hands|avoid",
     DOWN(19)},
    {"shorting|shorted|short|shorts|sellers|dumping|dumped|dump|dumps|"
     "offloading|offloaded|unloading|unloaded|exit|exiting|exited|taking profits|take profits|"
     "took profits|profit taking|unstaking|outflow|outflows|selloff|sell-off|sell off|selling off",
     DOWN(15)},
    {"inflow|inflows|adopt|adopts|adopted|adoption|accepts|accepting|now accepts|will accept|"
     "approved|approves|approval|etf approved|partners with|partnership|integrates|integration",
     UP(11)},
    {"will list|lists|to list|listing on|now listed|gets listed|listed on|mass adoption|legal "
     "tender|"
     "strategic reserve",
     UP(15)},
    /* --- where prices go --- */
    {"moon|mooning|mooned|moons|to the moon|moonshot|skyrocket|skyrocketing|skyrocketed|"
     "parabolic|going parabolic|explode|exploding|explodes|exploded|take off|taking off|lift off|"
     "liftoff|blast off|send it|sending|to valhalla|rip higher|ripping|melt up",
     UP(18)},
    {"pump|pumping|pumped|pumps|surge|surges|surging|surged|soar|soars|soaring|soared|rally|"
     "rallies|rallying|rallied|breakout|breaking out|breaks out|broke out|break out|bounce|"
     "bouncing|bounced|rebound|rebounds|rebounding|recover|recovers|recovering|climb|climbs|"
     "climbing|climbed|jumps|jumped|rises|rising|gain|gains|gained|going up|goes up|up only|"
     "number go up|higher high|higher highs|higher|uptrend|reversal up|golden cross|green candle|"
     "green candles|outperform|outperforms|outperforming|outperformed|flips|flippening|"
     "gonna run|about to run|going to run|ready to run|will run",
     UP(13)},
    {"bull|bulls|bullish|super bullish|very bullish|mega bullish|so bullish|bullrun|bull run|"
     "bull market|ath|aths|all time high|all-time high|new high|new highs|record high|undervalued|"
     "underestimated|gem|hidden gem|10x|20x|50x|100x|1000x|lambo|wagmi|bottom is in|bottomed|"
     "easy money|free money|generational wealth|next leg up|leg up|supercycle|promising|"
     "future of money|the future|best investment|best crypto|people's crypto|unstoppable",
     UP(15)},
    {"up|green", UP(5)},
    {"down|red", DOWN(6)},
    {"strong|strength|support held|holding support|oversold|cheap|discount|undervalue", UP(7)},
    {"crash|crashing|crashed|crashes|collapse|collapsing|collapsed|collapses|plunge|plunges|"
     "plunging|plunged|plummet|plummets|plummeting|plummeted|tank|tanks|tanking|tanked|nuke|"
     "nuking|nuked|bleed|bleeding|bled|bloodbath|capitulation|capitulate|free fall|freefall|"
     "to zero|going to zero|goes to zero|go to zero|worthless|dead coin|is dead|death spiral|"
     "implode|imploded|imploding|wiped out|wipeout|obliterated",
     DOWN(19)},
    {"drop|drops|dropping|dropped|fall|falls|falling|fell|decline|declines|declining|declined|"
     "slump|slumps|slumped|slide|slides|sliding|slid|dip|dipping|dipped|correction|pullback|"
     "breakdown|breaking down|broke down|breaks down|lower low|lower lows|lower|downtrend|"
     "death cross|going down|goes down|goes lower|down only|red candle|red candles|rejected|"
     "rejection|losing support|lost support|underperform|underperforms|underperforming|"
     "liquidated|liquidation|liquidations|loses|losing",
     DOWN(12)},
    {"bear|bears|bearish|very bearish|super bearish|bear market|overvalued|overbought|bubble|"
     "top is in|topped|ngmi|rekt|wrecked|bagholder|bag holder|bagholders|bull trap|dead cat|"
     "dead cat bounce|no future",
     DOWN(15)},
    /* --- what people think of it --- */
    {"scam|scams|scammed|scammers|scammer|ponzi|fraud|fraudulent|rug|rugged|rugpull|rug pull|"
     "rugs|hacked|hack|exploit|exploited|drained|stolen|shitcoin|trash|garbage|pyramid scheme|"
     "delist|delisted|delisting|delists|insolvent|bankrupt|bankruptcy|halts withdrawals|"
     "suspend|suspends|suspended|halt|halts|halted|no longer accept|no longer accepts|stops "
     "accepting|"
     "lawsuit|sues|sued|charged with|ban|bans|banned|banning|crackdown|sanctions|sanctioned",
     DOWN(15)},
    {"fud|weak|weakness|dumb|useless|broken", DOWN(7)},
    {"🚀|🌙|🌕|🌝|📈|🐂|🐮|🟢|💎|🤑|🔥", UP(7)},
    {"📉|🐻|🔴|🩸|💀|🪦|☠|🚨", DOWN(5)},
    {"love|loving|great|amazing|awesome|best|excited|happy|beautiful|incredible|genius", UP(6)},
    {"hate|worst|terrible|awful|horrible|sad|angry|disgusting|disappointing|disappointed|scary|"
     "worried|worry|concerned|concerns|danger|dangerous|disaster",
     DOWN(7)},
    {"won the lawsuit|wins the lawsuit|wins lawsuit|won its case|wins its case|lawsuit dismissed|"
     "case dismissed|drops the lawsuit|drops lawsuit|drops the case|lawsuit is over|not a security",
     UP(17)},
    {"lfg|fav|favorite|favourite|own some|hodling strong", UP(8)},
    {"looks heavy|looking heavy|taking profit|take profit|took profit", DOWN(9)},
    {"buy the rumor|buy the rumour|buy the news|sell the news|sell the rumor|sell the rumour",
     UP(0)},
    {"moving to|moved to|moving into|moved into|switching to|switched to|rotated into", UP(13)},
    {"resistance broken|breaks resistance|broke resistance|breaking resistance|above resistance|"
     "so back|we're back|is back|etf filing|files for|the bottom|bottom is in|outstanding",
     UP(11)},
    {"support broken|breaks support|broke support|breaking support|below support|so over|"
     "finished|cooked|the top|outage|depeg|depegs|depegged|sell pressure|"
     "selling pressure",
     DOWN(11)},
    /* what looks like its opposite */
    {"never been more|never more|can't stop|cant stop|couldn't stop|can't wait to|not only|not "
     "just|"
     "no doubt|not a bad|isn't a bad|not too late|without a doubt|no wonder",
     {ROLE_AFFIRM, 0, 0}},
    {"closed my|closing my|close my|covered my|covering my|stopped out of|regret|regretting|"
     "regretted|regrets|stop|stopped|stops",
     {ROLE_TURN, -8, 0}},
    /* verbs that give one coin for another */
    {"sell|sells|selling|sold|swap|swapping|swapped|rotate|rotating|rotated|trade my|traded "
     "my|ditch|ditching|"
     "ditched|dumped my|dumping my|dump my|exchange my|convert|converting|converted",
     {ROLE_SWAP, -15, 0}},
    {"prefer|prefers|preferred|i'd rather", {ROLE_PREFER, 0, 0}},
    {"into|for|to|than|→|->", {ROLE_INTO, 0, 0}},
    {"worse than|weaker than|inferior to|lags|lagging behind|behind", {ROLE_UNDER, 0, 0}},
    {"from|out of", {ROLE_FROM, 0, 0}},
    {"over|beats|beat|outperforms|flips|flipping|better than|stronger than|superior to|rather than|"
     "instead of|>|more than",
     {ROLE_OVER, 0, 0}},
    /* --- how much --- */
    {"very|super|extremely|massive|massively|huge|insanely|absolutely|totally|so|hard|mega|"
     "heavily|fucking|fuckin|definitely|really|big",
     {ROLE_STRONGER, 13, 0}},
    {"slightly|might|may|could|would|maybe|perhaps|somewhat|a bit|a little|kinda|kind "
     "of|possibly|potentially|probably",
     {ROLE_WEAKER, 6, 0}},
    /* --- what the sentence does --- */
    {"but|however|while|whereas|although|though|yet|meanwhile|except", {ROLE_BREAK, 0, 0}},
    {"and|then|&|so i|whilst", {ROLE_JOIN, 0, 0}},
    {"if|unless|in case|assuming|suppose|would have|would be|could have|were to|whether|only if|"
     "depends",
     CUE(CUE_CONDITIONAL)},
    {"should i|should we|is it|are we|will it|would you|do you|does anyone|anyone|what if|why is|"
     "why are|how is|can it|thoughts on|what do you|who is|who else|which coin|what coin",
     CUE(CUE_QUESTION)},
    {"used to|last year|years ago|year ago|months ago|back in|in 2009|in 2010|in 2011|in 2012|"
     "in 2013|in 2014|in 2015|in 2016|in 2017|in 2018|in 2019|once was|remember when|"
     "wish i|should have|shoulda|could've|should've|previously|long ago|at the time",
     CUE(CUE_PAST)},
    {"oh great|oh good|just what we needed|lol sure|yeah right|sure buddy|what could go wrong|what "
     "could possibly go wrong|as if|"
     "good luck with that|🙄|🤡|lmao sure|/s|said no one|totally not|cool story|nice try",
     CUE(CUE_SARCASM)},
    {"according to|reportedly|reports|reported|says|said|claims|claimed|rumor|rumour|rumors|"
     "rumored|alleged|allegedly|sources say|heard that|predicts|predicted|analyst|analysts",
     CUE(CUE_REPORTED)},
    /* --- what nobody should act on --- */
    {"giveaway|giveaways|giving away|double your|send back double|get back double|2x back|"
     "airdrop is live|free airdrop|send 1 get 2|we are giving|i am giving|i'm giving away|"
     "doubling all|participate send|send any amount",
     CUE(CUE_GIVEAWAY | HALF_PRIZE)},
    {"airdrop|airdrops|airdropping|prize|prizes|reward pool|free tokens|free coins|free nft",
     CUE(HALF_PRIZE)},
    {"claim|claim now|claim here|claim yours|claim your|retweet|rt and|rt &|like and retweet|"
     "follow and|dm me|dm to|drop your|first 100|first 500|first 1000|first come|whitelist spot|"
     "hurry|limited spots|eligible|register now|tag 3|tag three",
     CUE(HALF_CLAIM)},
    {"connect your wallet|connect wallet|seed phrase|recovery phrase|secret phrase|private key|"
     "private keys|wallet validation|sync your wallet|12 words|24 words|wallet password",
     CUE(HALF_SECRET)},
    {"enter|validate|verify|synchronize|restore|submit|import|migrate|rectify|recover your|"
     "suspended|unlock",
     CUE(HALF_ENTER)},
    {"recovered my funds|recover lost|recover your lost|hacker who helped|validate your wallet|"
     "verify your wallet|wallet will be suspended|claim your free|claim your airdrop|"
     "enter your seed|enter your recovery|contact support at",
     CUE(CUE_PHISHING)},
    {"join my|join our|join us on telegram|telegram group|telegram channel|vip group|vip signals|"
     "vip channel|free signals|signals group|discord link|link in bio|link in my bio|t.me|"
     "dm for|subscribe|sign up|use my code|use code|referral|promo code|my course|copy trading|"
     "follow me for|pump group",
     CUE(CUE_PROMO)},
};

struct vocabulary {
    struct phrases *phrases; /* -> index of the row */
};

static int words_bound(void) {
    int n = 16;
    for (int i = 0; i < COUNT_OF(rows); i++) {
        for (const char *p = rows[i].phrases; *p; p++) {
            n += !((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') ? 1 : 0;
        }
    }
    return n;
}

struct vocabulary *vocabulary_open(struct arena *boot) {
    struct vocabulary *v = NEW(boot, struct vocabulary);
    v->phrases = phrases_open(boot, words_bound());
    for (int i = 0; i < COUNT_OF(rows); i++) {
        str rest = str_from_z(rows[i].phrases), phrase;
        while (str_cut(&rest, '|', &phrase)) {
            IGNORE(phrases_add(v->phrases, *boot, phrase, i) != PHRASE_NONE,
                   "a phrase listed twice keeps its first row");
        }
    }
    return v;
}

const struct sense *vocabulary_find(const struct vocabulary *v, const struct words *w, int at,
                                    int *ret_end) {
    static const struct sense nothing;
    int row = phrases_find(v->phrases, w, at, ret_end);
    return row < 0 ? &nothing : &rows[row].sense;
}
