/* wire_model: the model that the configuration names. */
#ifndef BF_APP_WIRE_MODEL_H
#define BF_APP_WIRE_MODEL_H

#include "app/app.h"
#include "flow/model.h"

/* NULL: the linear one in the program. A RoBERTa is mapped, tried on a few texts, and stays open as
 * long as the process; all readers share it. Errors: ERR_CONFIG no file is named, or what is wrong
 * with it. */
MUST_CHECK bool wire_model(struct app *app, const struct model **ret, struct error *err);

#endif
