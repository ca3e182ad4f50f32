/* The store's contract on PostgreSQL: a server of its own, a schema for each case. */
#include "store_contract.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

#include "pg_server.h"

static struct pg_server server;
static int made;

static void make_schema(char *url, ptrdiff_t bytes) {
    char name[32];
    snprintf(name, sizeof name, "case_%d", ++made);
    pg_server_url(&server, name, url, bytes);
}

static void remove_schema(const char *url) {
    char text[96];
    const char *const name = strstr(url, "schema=");
    assert_non_null(name);
    snprintf(text, sizeof text, "DROP SCHEMA IF EXISTS \"%s\" CASCADE", name + strlen("schema="));
    pg_server_sql(&server, "public", text);
}

int main(void) {
    const struct store_place place = {"postgresql", make_schema, remove_schema, true, NULL};
    pg_server_start(&server);
    const int failed = store_contract_run(&place);
    pg_server_stop(&server);
    return failed;
}
