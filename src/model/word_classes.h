/* word_classes: which words say the same; private to training. */
#ifndef BF_MODEL_WORD_CLASSES_H
#define BF_MODEL_WORD_CLASSES_H

#include "base/arena.h"
#include "base/error.h"
#include "model/linear_int.h"

/* A word of a class, or a stem of words of a class. */
struct class_word {
    str form;
    uint64_t hash; /* of the form */
    int class;
    bool stem;
};

struct word_classes {
    struct class_word *v;
    int count;
    int32_t *slot; /* hash table into v; -1: empty */
    int slots_log2;
    int class_count; /* without 0, which is none */
    int8_t sign[CLASSES_MAX];
};

/* Reads lines "NAME SIGN: word word ...", SIGN one of + - 0; a line without a colon goes on with
 * the class before; # starts a comment. A word that stands in two classes keeps its first. Errors:
 * ERR_PARSE with the line. */
MUST_CHECK bool word_classes_read(struct arena *a, str text, struct word_classes *ret,
                                  struct error *err);

/* The class of a form, by itself or, where `stems`, by its stem; 0: none. */
int word_classes_find(const struct word_classes *c, str form, bool stems);

#endif
