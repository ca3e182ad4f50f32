/* table: see the header. Two passes: the widest cell of each column, then the rows. Values come
 * from the store's JSON as they are; only their look is changed, never a digit that counts. Pure
 * but for terminal_has_color. */
#include "app/table.h"

#include <stdlib.h>
#include <unistd.h>
#include <utf8proc.h>

#include "base/base.h"
#include "base/json.h"

#define CELL_BYTES 512
#define COLUMNS_MAX 24

bool terminal_has_color(int fd) {
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    if (no && *no) return false;
    return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

int text_width(str s) {
    int width = 0;
    for (ptrdiff_t pos = 0; pos < s.n;) {
        const int w = utf8proc_charwidth((utf8proc_int32_t)str_utf8_next(s, &pos));
        width += w > 0 ? w : 0;
    }
    return width;
}

str text_head(str s, int width) {
    ptrdiff_t pos = 0;
    while (pos < s.n) {
        ptrdiff_t next = pos;
        const int w = utf8proc_charwidth((utf8proc_int32_t)str_utf8_next(s, &next));
        if (w > width) break;
        width -= w > 0 ? w : 0;
        pos = next;
    }
    return str_head(s, pos);
}

/* "0.50000000" -> "0.5" */
static str without_zeros(str s) {
    if (str_find_byte(s, '.') < 0) return s;
    while (s.n > 0 && s.p[s.n - 1] == '0') s.n--;
    if (s.n > 0 && s.p[s.n - 1] == '.') s.n--;
    return s;
}

/* "2021-05-19T15:55:41.123456Z" -> "2021-05-19 15:55:41" */
static void put_time(struct buf *cell, str s) {
    buf_put(cell, str_head(s, 10));
    if (s.n > 11) {
        buf_put_byte(cell, ' ');
        buf_put(cell, str_head(str_tail(s, 11), 8));
    }
}

static str cell_of(const json_t *row, const struct column *c, char block[CELL_BYTES]) {
    const json_t *v = json_object_get(row, c->key);
    const bool empty = v == NULL || (json_is_string(v) && json_string_length(v) == 0);
    if (empty && c->instead != NULL) v = json_object_get(row, c->instead);
    struct buf cell;
    buf_init_fixed(&cell, block, CELL_BYTES);
    if (!v || json_is_null(v)) return STR("-");
    if (json_is_integer(v)) {
        buf_put_i64(&cell, json_integer_value(v));
    } else if (json_is_boolean(v)) {
        buf_put(&cell, json_is_true(v) ? STR("yes") : STR("no"));
    } else if (json_is_real(v)) {
        buf_printf(&cell, "%.4g", json_real_value(v));
    } else if (json_is_string(v)) {
        str s = json_str(v);
        if (c->kind == COLUMN_AMOUNT || c->kind == COLUMN_PROFIT) s = without_zeros(s);
        if (c->width_max > 0) s = str_head(s, 4 * (ptrdiff_t)c->width_max);
        if (c->kind == COLUMN_TIME)
            put_time(&cell, s);
        else
            buf_put_line(&cell, s);
    } else {
        return STR("...");
    }
    const str s = buf_str(&cell);
    if (s.n == 0) return STR("-");
    return c->width_max > 0 ? text_head(s, c->width_max) : s;
}

static void put_cell(struct buf *out, str text, const struct column *c, int width, bool last,
                     bool color) {
    const int pad = width - text_width(text);
    const bool right = c->kind != COLUMN_TEXT && c->kind != COLUMN_TIME;
    const bool minus = text.n > 1 && text.p[0] == '-';
    const bool zero = str_eq(text, STR("0")) || str_eq(text, STR("-"));
    const bool paint = color && c->kind == COLUMN_PROFIT && !zero;
    if (right) buf_printf(out, "%*s", pad, "");
    if (paint) buf_put(out, minus ? STR("\033[31m") : STR("\033[32m"));
    buf_put(out, text);
    if (paint) buf_put(out, STR("\033[0m"));
    if (!right && !last) buf_printf(out, "%*s", pad, "");
    buf_put(out, last ? STR("\n") : STR("  "));
}

void table_put(struct buf *out, const json_t *rows, const struct column *columns, int count,
               bool color) {
    PRE(count <= COLUMNS_MAX);
    char block[CELL_BYTES];
    int width[COLUMNS_MAX] = {0};
    const size_t row_count = json_array_size(rows);
    for (int c = 0; c < count; c++) width[c] = text_width(str_from_z(columns[c].title));
    for (size_t r = 0; r < row_count; r++)
        for (int c = 0; c < count; c++)
            width[c] = (int)i64_max(
                width[c], text_width(cell_of(json_array_get(rows, r), &columns[c], block)));

    if (color) buf_put(out, STR("\033[1m"));
    for (int c = 0; c < count; c++) {
        const struct column title = {.kind = columns[c].kind};
        put_cell(out, str_from_z(columns[c].title), &title, width[c], c == count - 1, false);
    }
    if (color) buf_put(out, STR("\033[0m"));
    for (size_t r = 0; r < row_count; r++)
        for (int c = 0; c < count; c++)
            put_cell(out, cell_of(json_array_get(rows, r), &columns[c], block), &columns[c],
                     width[c], c == count - 1, color);
}
