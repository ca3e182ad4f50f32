/* doctor_model: the model that reads posts, as `run` would open it.
 *
 * In: model.kind and model.file. Out: findings: which it is, or why it cannot be used (no file, a
 * hash, labels, what it says of a few plain texts), and what it takes of the machine's memory. The
 * model is run once, so that its tables are there when memory is counted. Main thread. */
#include "app/doctor.h"

#include <inttypes.h>

#include "model/roberta.h"
#include "run/room.h"

static void tell_memory(struct doctor *d, int64_t takes, int64_t left) {
    if (left == 0 || takes <= 0) return;
    doctor_find(d,
                takes > left       ? GRADE_BAD
                : takes > left / 2 ? GRADE_WARN
                                   : GRADE_OK,
                "memory", "the model takes %" PRId64 " MiB, of %" PRId64 " MiB that are free%s",
                takes >> 20, left >> 20,
                takes > left / 2
                    ? ": convert it with --precision int8, or give the machine more memory"
                    : "");
}

void doctor_look_at_model(struct doctor *d) {
    const struct config *const cfg = &d->app->cfg;
    struct roberta *r;
    struct error err;
    if (str_eq(cfg->model_kind, STR("linear"))) {
        doctor_find(d, GRADE_OK, "model", "the linear one, which is in the program");
        return;
    }
    const int64_t left = room_memory_left(), before = room_memory();
    const struct roberta_options opt = {.path = str_dupz(&d->app->boot, cfg->model_file),
                                        .engine = {.threads = (int)cfg->model_threads}};
    if (!roberta_open(&d->app->boot, &opt, &r, &err)) {
        doctor_find(d, GRADE_BAD, "model", "model.file: %s", err.msg);
        return;
    }
    const struct packed *const p = roberta_packed(r);
    if (packed_verify(p, &err) && roberta_self_test(r, &err))
        doctor_find(d, GRADE_OK, "model",
                    "model.file " STR_FMT ": %s, %s, %s; its test texts are "
                    "read as they should be",
                    STR_ARG(cfg->model_file), p->name, precision_name(p->precision),
                    roberta_about(r));
    else
        doctor_find(d, GRADE_BAD, "model", "model.file " STR_FMT ": %s", STR_ARG(cfg->model_file),
                    err.msg);
    tell_memory(d, i64_max(room_memory() - before, p->bytes.n), left);
    roberta_close(r);
}
