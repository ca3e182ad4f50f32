/* What every back-end of the store must do, whoever keeps the rows. */
#ifndef BF_TESTS_CONTRACT_STORE_CONTRACT_H
#define BF_TESTS_CONTRACT_STORE_CONTRACT_H

#include "store/store.h"

struct store_place {
    const char *name;
    /* Writes the URL of a new, empty place; every call another one. */
    void (*make)(char *url, ptrdiff_t bytes);
    void (*remove)(const char *url); /* and whatever was left there */
    bool shared;                     /* several connections can have the same place open */
    /* Commands of somebody who may do more there than the store's own connection. NULL: nobody. */
    bool (*force)(const char *url, const char *sql, struct error *err);
};

/* Runs all tests on a place; returns the number of failures. */
int store_contract_run(const struct store_place *place);

#endif
