/* wire_model: see the header. Once a process, on the main thread, before readers begin. */
#include "app/wire_model.h"

#include "model/desk.h"
#include "model/roberta.h"

#define E8_PER_BP 10000

bool wire_model(struct app *app, const struct model **ret, struct error *err) {
    const struct config *cfg = &app->cfg;
    struct roberta *r;
    *ret = NULL;
    if (str_eq(cfg->model_kind, STR("linear"))) return true;
    PRE(cfg->model_file.n > 0); /* config/check.c */
    const struct roberta_options opt = {.path = str_dupz(&app->boot, cfg->model_file),
                                        .engine = {.threads = (int)cfg->model_threads}};
    if (!roberta_open(&app->boot, &opt, &r, err) || !roberta_self_test(r, err) ||
        !roberta_model(&app->boot, r, ret, err))
        return fail_in(err, "model.file");
    *ret = desk_model(
        &app->boot,
        &(struct desk_options){.slow = *ret,
                               .fast = model_linear(),
                               .batcher = {.texts_max = (int)cfg->model_batch,
                                           .deadline = cfg->model_deadline_ms * USEC_PER_MS}});
    if (str_eq(cfg->model_kind, STR("cascade")))
        *ret = cascade_model(&app->boot, &(struct cascade_options){
                                             .first = model_linear(),
                                             .second = *ret,
                                             .sure_bp = (int32_t)(cfg->model_sure / E8_PER_BP)});
    return true;
}
