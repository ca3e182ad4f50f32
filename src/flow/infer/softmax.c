/* softmax: probabilities from logits in integers, the same on every machine.
 *
 * exp(-x) comes from a table of 1,024 steps of 1/64 nat, filled at start by repeated multiplication
 * with one constant, and is interpolated between them; beyond 16 nats it is 0. The error is under
 * 4e-5. Pure; the table is read-only. */
#include "flow/infer/infer_int.h"

__extension__ typedef __int128 int128;

#define STEPS 1024
#define STEP (NAT / 64)
#define ONE (INT64_C(1) << 30)
#define EXP_STEP_Q62 INT64_C(4540188453729421605) /* exp(-1/64) * 2^62 */

struct exp_table {
    int64_t v[STEPS + 1]; /* exp(-i/64), 1/2^30 */
};

struct exp_table *exp_table_open(struct arena *boot) {
    struct exp_table *t = NEW(boot, struct exp_table);
    int64_t exact = INT64_C(1) << 62;
    for (int i = 0; i <= STEPS; i++) {
        t->v[i] = exact >> 32;
        exact = (int64_t)((int128)exact * EXP_STEP_Q62 >> 62);
    }
    return t;
}

/* exp(-x), x >= 0 in NAT, 1/2^30. */
static int64_t exp_minus(const struct exp_table *t, int64_t x) {
    int64_t step = x / STEP;
    if (step >= STEPS) return 0;
    int64_t part = x % STEP;
    return t->v[step] - (t->v[step] - t->v[step + 1]) * part / STEP;
}

void softmax_bp(const struct exp_table *t, const int32_t logit[3], int32_t ret_bp[3]) {
    int top = 0;
    for (int k = 1; k < 3; k++) {
        if (logit[k] > logit[top]) top = k;
    }
    int64_t e[3], total = 0;
    for (int k = 0; k < 3; k++) {
        e[k] = exp_minus(t, (int64_t)logit[top] - logit[k]);
        total += e[k];
    }
    int32_t sum = 0;
    for (int k = 0; k < 3; k++) {
        ret_bp[k] = (int32_t)(e[k] * 10000 / total);
        sum += ret_bp[k];
    }
    ret_bp[top] += 10000 - sum;
}
