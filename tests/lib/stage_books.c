/* stage_books: see the header. What the store refuses ends the test program. */
#include "stage_books.h"

#include "check.h"

#include "store/store_int.h"

struct books {
    struct arena boot;
    struct store *store;
    struct buf report;
};

struct books *books_open(void) {
    struct arena a;
    struct error err;
    arena_open(&a, 16 << 20);
    struct books *b = NEW(&a, struct books);
    b->boot = a;
    const struct store_options opt = {
        .url = STR("sqlite::memory:"), .access = STORE_WRITE, .create = true};
    assert_ok(store_open(&b->boot, &opt, &b->store, &err), &err);
    buf_init(&b->report, 1 << 16);
    return b;
}

void books_close(struct books *b) {
    if (b == NULL) return;
    store_close(b->store);
    buf_fini(&b->report);
    struct arena a = b->boot;
    arena_close(&a);
}

void books_turn(struct books *b, const struct actions *acts) {
    struct error err;
    assert_ok(store_begin(b->store, true, &err), &err);
    assert_ok(store_apply(b->store, acts, &err), &err);
    assert_ok(store_commit(b->store, &err), &err);
}

void books_control(struct books *b, const struct control *c) {
    struct error err;
    assert_ok(store_begin(b->store, true, &err), &err);
    assert_ok(row_put_control(b->store, c, &err), &err);
    assert_ok(store_commit(b->store, &err), &err);
}

void books_forget_author(struct books *b, const char *key) {
    struct error err;
    bool any;
    assert_ok(store_begin(b->store, true, &err), &err);
    assert_ok(author_clear(b->store, key, &any, &err), &err);
    assert_ok(store_commit(b->store, &err), &err);
}

const char *books_check(struct books *b) {
    struct error err;
    buf_clear(&b->report);
    if (!store_check(b->store, &b->report, &err) && b->report.len == 0) fail_msg("%s", err.msg);
    return buf_z(&b->report);
}
