/* thin: which samples of a span are enough to draw it, and to tell the worst of it. Pure. */
#ifndef BF_STORE_THIN_H
#define BF_STORE_THIN_H

#include "base/time.h"

struct thin_sample {
    usec at;
    int64_t value;
    bool keep;
};

/* Marks what stays of the samples of one span, in the order of time: the first and the last, the
 * least and the most, and the two ends of the greatest fall relative to its height (of equal ones
 * the earliest). At most six of them. Of what is left of several spans, thinned each for itself,
 * the least, the most, the last and the greatest fall are those of all samples, and thinning again,
 * by longer spans, too, comes to the same as doing it at once. PRE: n >= 1. */
void thin_span(struct thin_sample *v, ptrdiff_t n);

#endif
