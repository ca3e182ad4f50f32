/* builtin: files that builtin.S has the assembler put into the program as they are. They are
 * read-only data; nothing is parsed here. */
#include "app/builtin.h"

extern const char bf_exchange_info[], bf_exchange_info_end[];

str builtin_exchange_info(void) {
    return (str){bf_exchange_info, bf_exchange_info_end - bf_exchange_info};
}
