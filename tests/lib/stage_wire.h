/* stage_wire: the paper venue, behind a line on which requests and answers can get lost. */
#ifndef BF_TESTS_LIB_STAGE_WIRE_H
#define BF_TESTS_LIB_STAGE_WIRE_H

#include "stage.h"

#define NEWS_MAX 64

struct wire {
    struct venue base;
    struct venue *paper;
    stage_fate fate; /* of the next request that is no question */
    int fate_skips;  /* but of the one after so many */
    struct report news[NEWS_MAX];
    int news_count;
    bool news_due; /* from the next step on */
    bool far;
    stage_fate line; /* of every request */
    usec line_until;
    struct snapshot shot;
    struct open_order strangers[8];
    int stranger_count;
    char fee_asset[16];
    int64_t fee_e8;
};

extern const struct venue_ops wire_ops;
struct match;
struct match *wire_engine(struct wire *w);
/* False: it is not there. */
bool wire_remove_stranger(struct wire *w, const char *coid);

#endif
