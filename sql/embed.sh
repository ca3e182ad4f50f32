#!/bin/sh
# Writes the migrations of one dialect as a C file: embed.sh TABLE_NAME FILE.sql... > OUT.c
#
# Each file becomes an array of bytes (a string literal may not be that long in C17) and a row of
# the table `const struct migration TABLE_NAME[]`, in the order given. Plain sh, od and sed.
set -eu
table=$1
shift
echo '/* Made by sql/embed.sh from the files of sql/. */'
echo '#include "store/store_int.h"'
for file in "$@"; do
    name=$(basename "$file" .sql)
    echo "static const char sql_$name[] = {"
    od -An -v -tu1 "$file" | sed 's/[0-9][0-9]*/&,/g'
    echo '0};'
done
echo "const struct migration $table[] = {"
for file in "$@"; do
    name=$(basename "$file" .sql)
    version=$(echo "$name" | sed 's/_.*//; s/^0*//')
    echo "    {$version, \"$name\", sql_$name},"
done
echo '    {0, 0, 0}};'
