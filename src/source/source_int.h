/* What sources share among themselves. */
#ifndef BF_SOURCE_SOURCE_INT_H
#define BF_SOURCE_SOURCE_INT_H

#include "source/source.h"

/* Counts a piece of bad input and tells whoever listens. */
void source_complain(struct source *s, str where, str what, str payload);

#endif
