/* embedded: the data files of models/ as read-only bytes of the program. Paths are found through
 * the include directories. */
    .section .rodata
    .macro embed name, file
    .global bf_embedded_\name
    .global bf_embedded_\name\()_end
    .balign 64
bf_embedded_\name:
    .incbin "\file"
bf_embedded_\name\()_end:
    .byte 0
    .endm

    embed symbols, "symbols.tsv"
    embed assets, "assets.tsv"
    embed linear, "linear.bin"
    embed classes, "classes.txt"
    embed valence, "valence.txt"
    embed opinions, "opinions.tsv"

    .section .note.GNU-stack, "", %progbits
