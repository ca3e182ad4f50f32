/* The store's contract on SQLite: as a file, and in memory. */
#include "store_contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static char dir[] = "/tmp/bullfinch-store-XXXXXX";
static int made;

static void make_file(char *url, ptrdiff_t bytes) {
    const int n = snprintf(url, (size_t)bytes, "sqlite:%s/%d.db", dir, ++made);
    assert_true(n > 0 && n < bytes);
}

static void remove_file(const char *url) {
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (int i = 0; i < COUNT_OF(suffixes); i++) {
        char path[600];
        const int n = snprintf(path, sizeof path, "%s%s", url + sizeof "sqlite:" - 1, suffixes[i]);
        assert_true(n > 0 && n < (int)sizeof path);
        IGNORE(unlink(path), "not each test leaves each of them");
    }
}

static void make_memory_url(char *url, ptrdiff_t bytes) {
    const int n = snprintf(url, (size_t)bytes, "sqlite::memory:");
    assert_true(n > 0 && n < bytes);
}

static void remove_nothing(const char *url) { (void)url; }

int main(void) {
    const struct store_place file = {"sqlite file", make_file, remove_file, true};
    const struct store_place memory = {"sqlite memory", make_memory_url, remove_nothing, false};
    if (!mkdtemp(dir)) return 1;
    int failed = store_contract_run(&file);
    failed += store_contract_run(&memory);
    if (rmdir(dir) != 0) failed++; /* something was left behind */
    return failed;
}
