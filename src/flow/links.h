/* links: what the linker found in a post, for the stages behind it. */
#ifndef BF_FLOW_LINKS_H
#define BF_FLOW_LINKS_H

#include "flow/reading.h"

#define LINK_HITS_MAX 64 /* places in one post; mentions beyond keep their first places */

/* One place where a coin stands. */
struct link_hit {
    int16_t mention;    /* index into links.mentions */
    int16_t first, end; /* words first..end-1 */
};

struct links {
    int mention_count;
    struct mention mentions[MENTIONS_MAX]; /* polarity not yet told */
    int hit_count;
    struct link_hit hits[LINK_HITS_MAX]; /* in order of the text */
    int miss_count;
    struct miss misses[MISSES_MAX];
    int coin_count; /* different coins, those beyond MENTIONS_MAX included */
    bool crypto;    /* the post uses words of crypto, or names a coin */
    bool shares;    /* the post uses words of the stock market */
};

#endif
