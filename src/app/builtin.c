/* builtin: files of the source tree that the assembler puts into the program as they are. They are
 * read-only data; nothing is parsed here. */
#include "app/builtin.h"

#ifndef BF_SOURCE_DIR
#error "the build names the source tree"
#endif

__asm__(".section .rodata\n"
        "bf_exchange_info:\n"
        ".incbin \"" BF_SOURCE_DIR "/demo/exchangeInfo.json\"\n"
        "bf_exchange_info_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const char bf_exchange_info[], bf_exchange_info_end[];

str builtin_exchange_info(void) {
    return (str){bf_exchange_info, bf_exchange_info_end - bf_exchange_info};
}
