/* desk: where posts wait for a slow model.
 *
 * A model like others (flow/model.h), that asks a slow one for its callers: posts of all of them
 * that wait at the same time are computed together; those that would wait too long are left to a
 * fast one, and people are told so (log, metrics, board). A post that comes alone is computed at
 * once, on its caller's thread. */
#ifndef BF_MODEL_DESK_H
#define BF_MODEL_DESK_H

#include "flow/model.h"
#include "model/batcher.h"

struct desk_options {
    const struct model *slow, *fast; /* borrowed */
    struct batcher_options batcher;
};

/* Made in `boot`, once a process; closed never: its threads are its callers. */
const struct model *desk_model(struct arena *boot, const struct desk_options *opt);

#endif
