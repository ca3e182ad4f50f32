/* embedded: slices over what embedded.S put into the program. */
#include "flow/embedded.h"

extern const char bf_embedded_symbols[], bf_embedded_symbols_end[];
extern const char bf_embedded_assets[], bf_embedded_assets_end[];
extern const char bf_embedded_linear[], bf_embedded_linear_end[];
extern const char bf_embedded_classes[], bf_embedded_classes_end[];
extern const char bf_embedded_valence[], bf_embedded_valence_end[];
extern const char bf_embedded_opinions[], bf_embedded_opinions_end[];

str embedded_symbols(void) {
    return (str){bf_embedded_symbols, bf_embedded_symbols_end - bf_embedded_symbols};
}

str embedded_assets(void) {
    return (str){bf_embedded_assets, bf_embedded_assets_end - bf_embedded_assets};
}

str embedded_linear(void) {
    return (str){bf_embedded_linear, bf_embedded_linear_end - bf_embedded_linear};
}

str embedded_classes(void) {
    return (str){bf_embedded_classes, bf_embedded_classes_end - bf_embedded_classes};
}

str embedded_valence(void) {
    return (str){bf_embedded_valence, bf_embedded_valence_end - bf_embedded_valence};
}

str embedded_opinions(void) {
    return (str){bf_embedded_opinions, bf_embedded_opinions_end - bf_embedded_opinions};
}
