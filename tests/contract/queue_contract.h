/* What every implementation of the queue must do. */
#ifndef BF_TESTS_CONTRACT_QUEUE_CONTRACT_H
#define BF_TESTS_CONTRACT_QUEUE_CONTRACT_H

#include "queue/queue.h"

struct queue_place {
    const char *name;
    /* Each call gives a queue of its own, empty. */
    bool (*open)(const struct queue_options *opt, struct queue **ret, struct error *err);
    int times; /* how often what depends on chance is done */
};

int queue_contract_run(const struct queue_place *place); /* the number of failures */

#endif
