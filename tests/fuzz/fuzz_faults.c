/* Law: whatever the bytes are, reading them as a fault plan either fails with a message that begins
 * "fault plan: ", or gives a plan that can be tied to an exchange or is told which symbol is not
 * listed; then only faults that can befall requests, messages and the exchange befall them, with
 * amounts within their terms, the same ones for the same seed. Read as X-Sim-Fault they end in one
 * fault of a request, or in a message. */
#include <string.h>

#include "base/arena.h"
#include "fuzz.h"
#include "sim/faults_int.h"

static struct symbol listed[] = {{.name = "BTCUSDT"}, {.name = "DOGEUSDT"}};
static const struct symbols symbols = {listed, COUNT_OF(listed)};

static void check(const struct fault *f, uint32_t place) {
    const struct fault_terms *t = fault_terms(f->kind);
    LAW((t->places & place) != 0);
    LAW(f->sym >= SYM_NONE && f->sym < symbols.count);
    LAW(f->delay >= 0 && f->delay <= 600 * USEC_PER_S);
    LAW(t->delay != FAULT_DELAY_NONE || f->delay == 0);
    if (t->unit == FAULT_UNIT_NONE)
        LAW(f->amount == 0);
    else
        LAW(f->amount >= t->lo && f->amount <= t->hi);
}

/* Plays it, and returns a sum of what happened. */
static int64_t play(struct faults *f) {
    struct fault one;
    struct error err = {0};
    int64_t sum = 0;
    for (int i = 0; i < 40; i++) {
        const usec now = i * i * USEC_PER_S;
        while (faults_due(f, now, &one)) {
            check(&one, FAULT_OF_EXCHANGE);
            sum = sum * 31 % 1000003 + (int)one.kind;
        }
        LAW(faults_next(f) > now);
        LAW(faults_of_request(f, now, i % 2 ? STR("POST") : STR("GET"), STR("/api/v3/order"),
                              STR(""), &one, &err));
        check(&one, FAULT_OF_REQUEST);
        sum = sum * 31 % 1000003 + (int)one.kind;
        one = faults_of_message(f, now, i % 3 == 0);
        check(&one, FAULT_OF_MESSAGE);
        sum = sum * 31 % 1000003 + (int)one.kind;
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena arena;
    const str text = str_from_bytes(data, (ptrdiff_t)bytes);
    int64_t sums[2] = {0};
    if (arena.base == NULL) arena_open(&arena, 1 << 24);
    for (int twice = 0; twice < 2; twice++) {
        struct faults *f = NULL;
        struct error err = {0};
        arena_reset(&arena);
        if (!faults_parse(&arena, text, 3, &f, &err)) {
            LAW(strncmp(err.msg, "fault plan: ", 12) == 0 && err.code != ERR_OK);
            continue;
        }
        if (!faults_begin(f, &symbols, 0, &err)) {
            LAW(err.code == ERR_NOT_FOUND);
            continue;
        }
        sums[twice] = play(f);
    }
    LAW(sums[0] == sums[1]);
    struct fault one;
    struct error err = {0};
    if (fault_parse(&symbols, text, &one, &err))
        check(&one, FAULT_OF_REQUEST);
    else
        LAW(strncmp(err.msg, "X-Sim-Fault: ", 13) == 0);
    return 0;
}
