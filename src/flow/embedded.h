/* embedded: the data files that are part of the program (models/), as borrowed slices. */
#ifndef BF_FLOW_EMBEDDED_H
#define BF_FLOW_EMBEDDED_H

#include "base/str.h"

str embedded_symbols(void);  /* models/symbols.tsv */
str embedded_assets(void);   /* models/assets.tsv */
str embedded_linear(void);   /* models/linear.bin; aligned to 64 bytes */
str embedded_classes(void);  /* models/classes.txt */
str embedded_valence(void);  /* models/valence.txt */
str embedded_opinions(void); /* models/opinions.tsv */

#endif
