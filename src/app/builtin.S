/* builtin: files of the source tree as read-only bytes of the program. Paths are found through the
 * include directories. */
    .section .rodata
    .global bf_exchange_info
    .global bf_exchange_info_end
bf_exchange_info:
    .incbin "exchangeInfo.json"
bf_exchange_info_end:
    .byte 0

    .section .note.GNU-stack, "", %progbits
