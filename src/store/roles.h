/* roles: who may do what in a database that knows users, and how the server stands that has it.
 * A file has neither. */
#ifndef BF_STORE_ROLES_H
#define BF_STORE_ROLES_H

#include "store/store.h"

/* Roles of the database, which somebody has made; "": none of this kind. */
struct store_roles {
    str program; /* runs: reads all, writes what a run writes; makes and changes no tables */
    str reader;  /* looks, but not at tokens */
};

/* The commands that give these roles exactly the rights that they need, and take others away; one a
 * line. Errors: ERR_UNSUPPORTED the store is a file; ERR_USAGE a name cannot be, or is the owner's.
 */
MUST_CHECK bool store_roles_text(struct store *s, const struct store_roles *r, struct buf *ret,
                                 struct error *err);
/* Runs them, all or none. PRE: s is the owner's connection, without a transaction. */
MUST_CHECK bool store_roles_grant(struct store *s, const struct store_roles *r, struct error *err);

/* What there is to say of the server and of our place on it. */
struct store_server {
    int version;        /* 150004 */
    char encoding[16];  /* "UTF8" */
    char tls[16];       /* "TLSv1.3"; "": the connection is not encrypted */
    bool is_near;       /* a socket or the loopback: nobody can listen in */
    usec ahead;         /* its clock, before ours */
    int64_t used, most; /* connections; most: that ordinary roles may have in all */
    char role[64];
    bool is_superuser;
    bool may_clean;   /* VACUUM where texts were deleted */
    char missing[64]; /* "INSERT on fills": the first right that a run needs and lacks */
    char absent[64];  /* "fills": the first table that a run needs and that is not there */
    char excess[64];  /* "DELETE on ledger": the first right that we have and no run needs */
    int64_t excess_count;
    bool is_owner; /* of the tables: no guard in them holds for us */
};
/* *ret_any false: it is a file, and there is no server. */
MUST_CHECK bool store_server(struct store *s, struct store_server *ret, bool *ret_any,
                             struct error *err);

#endif
