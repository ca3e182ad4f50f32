/* openapi: docs/openapi.yaml as read-only bytes of the program. */
    .section .rodata
    .global bf_openapi
    .global bf_openapi_end
bf_openapi:
    .incbin "openapi.yaml"
bf_openapi_end:
    .byte 0

    .section .note.GNU-stack, "", %progbits
