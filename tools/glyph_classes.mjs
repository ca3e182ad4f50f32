// Prints src/model/glyph_classes.h: which code points are letters (\p{L}) and numbers (\p{N}), as
// this Node's Unicode has them.
//
//     node tools/glyph_classes.mjs >src/model/glyph_classes.h
'use strict';

function ranges(pattern) {
    const out = [];
    for (let cp = 0; cp <= 0x10FFFF; cp++) {
        if ((cp >= 0xD800 && cp <= 0xDFFF) || !pattern.test(String.fromCodePoint(cp))) continue;
        const last = out[out.length - 1];
        if (last && last[1] === cp - 1) last[1] = cp;
        else out.push([cp, cp]);
    }
    return out;
}

function table(name, list) {
    const hex = cp => '0x' + cp.toString(16).toUpperCase().padStart(4, '0');
    const lines = [];
    let line = '   ';
    for (const [first, last] of list) {
        const item = ` {${hex(first)}, ${hex(last)}},`;
        if (line.length + item.length > 100) {
            lines.push(line);
            line = '   ';
        }
        line += item;
    }
    lines.push(line);
    return `static const struct glyph_range ${name}[] = {\n${lines.join('\n')}\n};\n`;
}

const letters = ranges(/^\p{L}$/u), numbers = ranges(/^\p{N}$/u);
process.stdout.write(`/* glyph_classes: letters and numbers of Unicode ${process.versions.unicode}, in order. Made by
 * tools/glyph_classes.mjs; not for editing. */
#ifndef BF_MODEL_GLYPH_CLASSES_H
#define BF_MODEL_GLYPH_CLASSES_H

#include <stdint.h>

struct glyph_range {
    uint32_t first, last;
};

/* clang-format off */
${table('glyph_letters', letters)}
${table('glyph_numbers', numbers)}/* clang-format on */

#endif
`);
