"""web_pack: the dashboard's files as bytes of the program.

    web_pack.py DIRECTORY OUT.c OUT.S OUT.bin OUT.d

Writes all files below DIRECTORY one after the other into OUT.bin, each as it is and, where that is
smaller, packed by gzip; a table of them in OUT.c, sorted by path; OUT.S, which has the assembler
include the bytes; and into OUT.d what this was made of, so that it is made again when a file changes,
comes or goes. Without DIRECTORY the table is empty: then the program says that its dashboard was not
built. The same files give the same bytes.
"""
import gzip
import hashlib
import os
import sys

TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.json': 'application/json',
    '.txt': 'text/plain; charset=utf-8',
    '.svg': 'image/svg+xml',
    '.png': 'image/png',
    '.ico': 'image/x-icon',
    '.woff2': 'font/woff2',
    '.webmanifest': 'application/manifest+json',
}
NOT_SERVED = {'/csp.json'}


def files_below(root):
    for folder, names, files in os.walk(root):
        names.sort()
        yield folder, None
        for name in sorted(files):
            yield os.path.join(folder, name), '/' + os.path.relpath(os.path.join(folder, name), root)


def quoted(text):
    if any(ord(c) < 32 or c in '"\\' or ord(c) > 126 for c in text):
        sys.exit(f'web_pack: {text!r}: a name with odd characters cannot be served')
    return f'"{text}"'


def main(root, out_c, out_s, out_bin, out_d):
    rows, made_of, at = [], [], 0
    blob = bytearray()
    for place, path in files_below(root):
        made_of.append(place)
        if path is None or path in NOT_SERVED or path.endswith('.map'):
            continue
        with open(place, 'rb') as f:
            data = f.read()
        packed = gzip.compress(data, 9, mtime=0)
        if len(packed) >= len(data) or len(data) < 512:
            packed = b''
        kind = TYPES.get(os.path.splitext(path)[1], 'application/octet-stream')
        tag = hashlib.sha256(data).hexdigest()[:24]
        forever = 'true' if path.startswith('/_next/static/') else 'false'
        at = len(blob)
        blob += data + packed
        rows.append((path, f'    {{{quoted(path)}, {quoted(kind)}, "{tag}", {at}, {len(data)}, '
                           f'{len(packed)}, {forever}}},\n'))
    rows.sort(key=lambda row: row[0].encode())
    if not made_of:  # it is looked for again when it may have come
        parent = os.path.dirname(os.path.abspath(root))
        made_of = [parent if os.path.isdir(parent) else os.path.dirname(parent)]
    with open(out_bin, 'wb') as f:
        f.write(blob or b'\0')
    with open(out_c, 'w', encoding='ascii') as f:
        f.write('/* Made by src/api/web_pack.py. */\n#include "api/files.h"\n\n')
        f.write('const struct web_file bf_web_files[] = {\n' + ''.join(row for _, row in rows))
        f.write('    {0}};\n')
        f.write(f'const int bf_web_file_count = {len(rows)};\n')
    with open(out_s, 'w', encoding='utf-8') as f:
        f.write('/* Made by src/api/web_pack.py. */\n    .section .rodata\n    .global bf_web\n'
                f'bf_web:\n    .incbin "{os.path.abspath(out_bin)}"\n'
                '    .section .note.GNU-stack, "", %progbits\n')
    with open(out_d, 'w', encoding='utf-8') as f:
        f.write(f'{out_c} {out_s} {out_bin}:')
        for place in made_of:
            f.write(' ' + place.replace('\\', '\\\\').replace(' ', '\\ ').replace('$', '$$'))
        f.write('\n')


main(*sys.argv[1:])
