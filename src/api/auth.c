/* auth: tokens made, hashed, compared; and the copy of the store's rows that requests are held
 * against.
 *
 * In: rows of the store, read about once a second (core.c), and the header Authorization. Out: an
 * identity, or which of five things is wrong with it. What the client is told does not say which
 * (core.c): known and unknown tokens look the same from outside.
 * Invariant: a request is checked against the whole table, in constant time a row, with the read
 * lock held; a reload builds the new table beside the old one and swaps them.
 * Failure: rows that cannot be read leave the former ones in force, and their age says so. */
#include "api/auth.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/secret.h"

#define PREFIX STR("bft_")
#define TOKENS_BYTES (64 << 20) /* address space: rows are some 200 bytes */
#define RANDOM_BYTES 32
#define TEXT_CHARS 43 /* of 32 bytes in base64url */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct use {
    int64_t id;
    _Atomic usec at; /* last use; 0 none since the start */
    usec told;       /* as the store has it; the reader's thread */
};

struct table {
    struct arena arena;
    struct token_row *rows;
    struct use *uses; /* of the same index */
    int count;
};

struct api_tokens {
    pthread_rwlock_t lock;
    pthread_mutex_t loads; /* one at a time */
    struct table tables[2];
    int in_force; /* guarded */
    usec read_at; /* guarded; monotonic */
};

/* --- a token ------------------------------------------------------------------------------ */

bool api_token_make(char ret[API_TOKEN_BYTES], uint8_t ret_hash[SHA256_BYTES], struct error *err) {
    uint8_t bytes[RANDOM_BYTES + 1] = {0};
    if (!bytes_random(bytes, RANDOM_BYTES))
        return fail(err, ERR_IO, 0, "the system gave no random bytes; try again");
    memcpy(ret, PREFIX.p, (size_t)PREFIX.n);
    for (int i = 0; i < TEXT_CHARS; i++) {
        const int bit = i * 6, at = bit / 8;
        const unsigned pair = (unsigned)bytes[at] << 8 | bytes[at + 1];
        ret[PREFIX.n + i] = alphabet[pair >> (10 - bit % 8) & 63];
    }
    ret[API_TOKEN_BYTES - 1] = '\0';
    sha256_once(str_from_z(ret), ret_hash);
    memory_wipe(bytes, sizeof bytes);
    return true;
}

bool api_token_hash(str token, uint8_t ret[SHA256_BYTES]) {
    if (token.n != PREFIX.n + TEXT_CHARS || !str_starts(token, PREFIX)) return false;
    for (ptrdiff_t i = PREFIX.n; i < token.n; i++)
        if (str_find_byte(STR("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                          token.p[i]) < 0)
            return false;
    sha256_once(token, ret);
    return true;
}

int api_token_find(const struct token_row *rows, int count, const uint8_t hash[SHA256_BYTES]) {
    int found = -1;
    for (int i = 0; i < count; i++)
        if (bytes_same(rows[i].hash, hash, SHA256_BYTES)) found = i;
    return found;
}

bool api_role_allows(token_role has, token_role need) {
    switch (need) {
    case TOKEN_NONE:
        return true;
    case TOKEN_READ:
        return has == TOKEN_READ || has == TOKEN_TRADE || has == TOKEN_ADMIN;
    case TOKEN_INGEST:
        return has == TOKEN_INGEST;
    case TOKEN_TRADE:
        return has == TOKEN_TRADE || has == TOKEN_ADMIN;
    case TOKEN_ADMIN:
        return has == TOKEN_ADMIN;
    }
    WRONG("a role that is none");
}

/* --- the table ---------------------------------------------------------------------------- */

struct api_tokens *api_tokens_new(struct arena *boot) {
    struct api_tokens *t = NEW(boot, struct api_tokens);
    POST(pthread_rwlock_init(&t->lock, NULL) == 0);
    POST(pthread_mutex_init(&t->loads, NULL) == 0);
    for (int i = 0; i < 2; i++) arena_open(&t->tables[i].arena, TOKENS_BYTES);
    return t;
}

void api_tokens_free(struct api_tokens *t) {
    if (t == NULL) return;
    for (int i = 0; i < 2; i++) arena_close(&t->tables[i].arena);
    pthread_rwlock_destroy(&t->lock);
    pthread_mutex_destroy(&t->loads);
}

static struct use *find_use(const struct table *t, int64_t id) {
    for (int i = 0; i < t->count; i++)
        if (t->uses[i].id == id) return &t->uses[i];
    return NULL;
}

/* What is known of uses moves over; then the new table is in force. A use that another thread
 * notes in the old table meanwhile waits for the lock. */
static void swap(struct api_tokens *t, struct table *next, usec mono) {
    next->uses = NEW_ARRAY(&next->arena, struct use, next->count + 1);
    pthread_rwlock_wrlock(&t->lock);
    const struct table *const now = &t->tables[t->in_force];
    for (int i = 0; i < next->count; i++) {
        const struct use *const was = find_use(now, next->rows[i].id);
        next->uses[i].id = next->rows[i].id;
        next->uses[i].told = was ? was->told : next->rows[i].last_used_at;
        atomic_store(&next->uses[i].at, was ? atomic_load(&was->at) : 0);
    }
    t->in_force = (int)(next - t->tables);
    t->read_at = mono;
    pthread_rwlock_unlock(&t->lock);
}

/* The one that is not in force; only who loads changes which that is. */
static struct table *spare(struct api_tokens *t) {
    struct table *next = &t->tables[1 - t->in_force];
    arena_reset(&next->arena);
    next->count = 0;
    return next;
}

bool api_tokens_load(struct api_tokens *t, struct store *s, usec mono, struct error *err) {
    pthread_mutex_lock(&t->loads);
    struct table *next = spare(t);
    const bool ok = store_tokens(s, &next->arena, &next->rows, &next->count, err);
    if (ok) swap(t, next, mono);
    pthread_mutex_unlock(&t->loads);
    return ok;
}

void api_tokens_set(struct api_tokens *t, const struct token_row *rows, int count, usec mono) {
    pthread_mutex_lock(&t->loads);
    struct table *next = spare(t);
    next->rows = NEW_ARRAY(&next->arena, struct token_row, count + 1);
    next->count = count;
    for (int i = 0; i < count; i++) {
        next->rows[i] = rows[i];
        next->rows[i].name = str_dup(&next->arena, rows[i].name);
        next->rows[i].source = str_dup(&next->arena, rows[i].source);
    }
    swap(t, next, mono);
    pthread_mutex_unlock(&t->loads);
}

static api_auth identify(const struct token_row *row, usec now, struct api_identity *ret) {
    if (row->revoked_at != 0) return API_AUTH_REVOKED;
    if (row->expires_at != 0 && row->expires_at <= now) return API_AUTH_EXPIRED;
    *ret = (struct api_identity){.role = row->role, .token_id = row->id};
    IGNORE(str_copyz(row->name, ret->name, sizeof ret->name), "a name for logs");
    if (!str_copyz(row->source, ret->source, sizeof ret->source)) return API_AUTH_UNKNOWN;
    return API_AUTH_OK;
}

api_auth api_tokens_check(struct api_tokens *t, str authorization, usec now,
                          struct api_identity *ret) {
    uint8_t hash[SHA256_BYTES];
    const str scheme = STR("Bearer ");
    *ret = (struct api_identity){0};
    if (authorization.p == NULL) return API_AUTH_NONE;
    if (!str_eq_nocase(str_head(authorization, scheme.n), scheme) ||
        !api_token_hash(str_trim(str_tail(authorization, scheme.n)), hash))
        return API_AUTH_WRONG;
    pthread_rwlock_rdlock(&t->lock);
    const struct table *const table = &t->tables[t->in_force];
    const int i = api_token_find(table->rows, table->count, hash);
    const api_auth auth = i < 0 ? API_AUTH_UNKNOWN : identify(&table->rows[i], now, ret);
    if (auth == API_AUTH_OK) atomic_store(&table->uses[i].at, now);
    pthread_rwlock_unlock(&t->lock);
    return auth;
}

usec api_tokens_first_end(struct api_tokens *t, usec now) {
    usec first = USEC_NEVER;
    pthread_rwlock_rdlock(&t->lock);
    const struct table *const table = &t->tables[t->in_force];
    for (int i = 0; i < table->count; i++) {
        const struct token_row *const row = &table->rows[i];
        if (row->revoked_at == 0 && row->expires_at > now) first = i64_min(first, row->expires_at);
    }
    pthread_rwlock_unlock(&t->lock);
    return first == USEC_NEVER ? 0 : first;
}

bool api_tokens_by_id(struct api_tokens *t, int64_t id, usec now, struct api_identity *ret) {
    bool ok = false;
    *ret = (struct api_identity){0};
    pthread_rwlock_rdlock(&t->lock);
    const struct table *const table = &t->tables[t->in_force];
    for (int i = 0; i < table->count; i++) {
        if (table->rows[i].id != id) continue;
        ok = identify(&table->rows[i], now, ret) == API_AUTH_OK;
        if (ok) atomic_store(&table->uses[i].at, now);
    }
    pthread_rwlock_unlock(&t->lock);
    return ok;
}

bool api_tokens_exist(struct api_tokens *t) {
    bool any = false;
    pthread_rwlock_rdlock(&t->lock);
    const struct table *const table = &t->tables[t->in_force];
    for (int i = 0; i < table->count; i++) any |= table->rows[i].revoked_at == 0;
    pthread_rwlock_unlock(&t->lock);
    return any;
}

bool api_tokens_usable(struct api_tokens *t, usec now) {
    bool any = false;
    struct api_identity who;
    pthread_rwlock_rdlock(&t->lock);
    const struct table *const table = &t->tables[t->in_force];
    for (int i = 0; i < table->count; i++)
        any |= identify(&table->rows[i], now, &who) == API_AUTH_OK;
    pthread_rwlock_unlock(&t->lock);
    return any;
}

usec api_tokens_age(struct api_tokens *t, usec mono) {
    pthread_rwlock_rdlock(&t->lock);
    const usec age = mono - t->read_at;
    pthread_rwlock_unlock(&t->lock);
    return age;
}

int api_tokens_used(struct api_tokens *t, struct api_token_use *ret, int max) {
    int n = 0;
    pthread_rwlock_rdlock(&t->lock);
    const struct table *const table = &t->tables[t->in_force];
    for (int i = 0; i < table->count && n < max; i++) {
        struct use *u = &table->uses[i];
        const usec at = atomic_load(&u->at);
        if (at <= u->told) continue;
        ret[n++] = (struct api_token_use){u->id, at};
        u->told = at;
    }
    pthread_rwlock_unlock(&t->lock);
    return n;
}
