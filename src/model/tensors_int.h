/* What the forms of files of weights share. */
#ifndef BF_MODEL_TENSORS_INT_H
#define BF_MODEL_TENSORS_INT_H

#include "model/tensors.h"

struct zip; /* libzip's */

struct tensors {
    str bytes; /* the file */
    bool mapped;
    struct tensor *v; /* TENSORS_MAX */
    int count;
    struct zip *zip; /* NULL: safetensors */
    str zip_folder;  /* with its slash: "archive/" */
};

/* Adds a tensor: shape and type are set; count is filled in. Errors: ERR_LIMIT too many, or more
 * elements than an address reaches; ERR_PARSE the name twice. */
MUST_CHECK bool tensors_add(struct tensors *t, const struct tensor *what, struct error *err);

/* safetensors.c: the table of the whole file `bytes`. */
MUST_CHECK bool safetensors_read(struct arena *mem, str bytes, struct tensors *t,
                                 struct error *err);

/* pickle.c: the table in data.pkl. Names live in `mem`. */
MUST_CHECK bool pickle_read(struct arena *mem, str pickle, struct tensors *t, struct error *err);

/* pytorch_zip.c */
MUST_CHECK bool pytorch_zip_read(struct arena *mem, str bytes, struct tensors *t,
                                 struct error *err);
/* Reads a tensor's raw elements: which->count of them. */
MUST_CHECK bool pytorch_zip_fetch(const struct tensors *t, const struct tensor *which, char *ret,
                                  struct error *err);
void pytorch_zip_close(struct tensors *t);

#endif
