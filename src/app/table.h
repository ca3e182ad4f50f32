/* table: rows of JSON objects as aligned text columns. */
#ifndef BF_APP_TABLE_H
#define BF_APP_TABLE_H

#include "base/buf.h"

#include <jansson.h>

typedef enum column_kind {
    COLUMN_TEXT,
    COLUMN_NUMBER, /* to the right */
    COLUMN_AMOUNT, /* to the right, without zeros that say nothing */
    COLUMN_PROFIT, /* an amount; red or green on a terminal */
    COLUMN_TIME    /* RFC 3339, shown to the second */
} column_kind;

struct column {
    const char *key, *title;
    column_kind kind;
    int width_max;       /* longer text is cut; 0: whole */
    const char *instead; /* key of what is shown where that is empty; NULL: nothing is */
};

/* rows: array of objects; missing and null show as "-". color: escape codes may be used. */
void table_put(struct buf *out, const json_t *rows, const struct column *columns, int count,
               bool color);

/* May standard output / error carry escape codes? A terminal, and NO_COLOR is not set. */
bool terminal_has_color(int fd);
/* Columns on a terminal a text takes: code points, two for East Asian wide ones and emoji. */
int text_width(str s);
/* The longest head of s that takes at most `width` columns. */
str text_head(str s, int width);

#endif
