/* config_docs and config_example: the table as a page of documentation and as a file to start from.
 *
 * Both are made of the rows alone, so that a new row is documented by being there. The example
 * holds every value as a comment: a value that stands in a file beats the profile and later
 * defaults, so a file should hold only what somebody decided. Pure; nothing fails but the buffer's
 * maximum. */
#include "config/config_int.h"

static bool is_section_start(int row) {
    return row == 0 ||
           !str_eq(str_from_z(config_rows[row].section), str_from_z(config_rows[row - 1].section));
}

/* ---- the page ---- */

static const char intro[] =
    "# Configuration\n"
    "\n"
    "This page is made from the table in src/config/table.h; `bullfinch config docs` prints it.\n"
    "`bullfinch config print` shows the values that count and where each came from.\n"
    "\n"
    "## Where values come from\n"
    "\n"
    "The first of these that gives a key counts:\n"
    "\n"
    "1. `--set section.key=value` on the command line; of two for one key the last,\n"
    "2. the environment variable `BULLFINCH_SECTION__KEY`, such as\n"
    "   `BULLFINCH_TRADING__SIGNAL_THRESHOLD=80` (two underscores between section and key),\n"
    "3. the settings table of the store, for the keys marked reloadable:\n"
    "   a running trader takes a change up at once (`bullfinch config set`, the dashboard): it "
    "counts for what\n"
    "   is decided from then on, while sources ask for other authors from the next start on,\n"
    "4. the file: the one that `--config FILE` names, else `bullfinch.yaml` in the working "
    "directory\n"
    "   if it is there,\n"
    "5. the profile,\n"
    "6. the default.\n"
    "\n"
    "All of them are checked before anything starts, also values that another level overrides, "
    "and\n"
    "every mistake is reported at once: unknown sections and keys with what was probably meant,\n"
    "wrong types, values out of range, values that contradict each other.\n"
    "\n"
    "## The file\n"
    "\n"
    "One YAML document of at most 1 MiB: sections, with keys in them. A list is a YAML list, or "
    "names\n"
    "with commas between; that is also how lists are given in the environment and to `--set`.\n"
    "Weights are `name: weight` lines, or `name=weight` with commas between. Numbers are plain\n"
    "decimals of at most 8 places: no exponent, no percent sign (0.01 is 1 %). Anchors, aliases "
    "and\n"
    "tags are refused.\n"
    "\n"
    "```yaml\n"
    "trading:\n"
    "  signal_threshold: 80\n"
    "  muted_symbols: [SHIBUSDT, PEPEUSDT]\n"
    "judge:\n"
    "  author_weights:\n"
    "    somebody: 0.8\n"
    "    x:44196397@elonmusk: 1.5\n"
    "sources:\n"
    "  - {kind: jetstream}\n"
    "  - {kind: x_stream, authors: [44196397@elonmusk]}\n"
    "```\n"
    "\n"
    "`sources` is a list of up to 16 sources of posts, each with the keys of the section "
    "`source`.\n"
    "One of them may be a replay; two of one kind need names of their own. `source.kind`,\n"
    "`source.path` and so on are the first entry; a file has either `source` or `sources`. The\n"
    "environment and `--set` change the first entry.\n"
    "\n"
    "## Secrets\n"
    "\n"
    "A secret never stands in the configuration: a key gives the name of a file or of an "
    "environment\n"
    "variable that holds it. A URL with a password in it is refused, and is not repeated in the\n"
    "message.\n"
    "\n"
    "## Profiles\n"
    "\n"
    "`--profile NAME` or `BULLFINCH_PROFILE=NAME` changes some defaults:\n"
    "\n";

/* The type and the range, for a cell of a table. */
static void put_type(struct buf *out, const struct config_row *row) {
    str words[CONFIG_CHOICES_MAX];
    int count = 0;
    switch (row->type) {
    case CFG_INT:
        buf_put(out, STR("whole number, "));
        break;
    case CFG_FRAC:
        buf_put(out, config_row_is_share(row) ? STR("share, ") : STR("decimal number, "));
        break;
    case CFG_MONEY:
        buf_put(out, STR("amount, "));
        break;
    case CFG_BOOL:
        break;
    case CFG_STR:
        buf_put(out, STR("text, "));
        break;
    case CFG_CHOICE:
        count = config_row_choices(row, words);
        for (int i = 0; i < count; i++)
            buf_printf(out, "%s`" STR_FMT "`", i > 0 ? ", " : "", STR_ARG(words[i]));
        return;
    case CFG_LIST:
        buf_put(out, STR("list of names, "));
        break;
    case CFG_WEIGHTS:
        buf_put(out, STR("name: weight, "));
        break;
    }
    config_row_put_range(out, row);
}

/* Text of the table, without what would end the cell. */
static void put_cell(struct buf *out, str text) {
    for (ptrdiff_t i = 0; i < text.n; i++) {
        if (text.p[i] == '|') buf_put_byte(out, '\\');
        buf_put_byte(out, text.p[i]);
    }
}

static void put_row(struct buf *out, const struct config_row *row) {
    str def = config_row_default(row);
    buf_printf(out, "| `%s` | ", row->name);
    put_type(out, row);
    buf_put(out, STR(" | "));
    if (def.n > 0)
        buf_printf(out, "`" STR_FMT "`", STR_ARG(def));
    else
        buf_put(out, STR("empty"));
    buf_printf(out, " | %s | ", row->flags & CFG_RELOAD ? "yes" : "no");
    put_cell(out, str_from_z(row->help));
    if (row->flags & CFG_SECRET)
        buf_put(out, STR(" Names a file or an environment variable, never the secret itself."));
    buf_put(out, STR(" |\n"));
}

void config_docs(struct buf *out) {
    buf_put(out, str_from_z(intro));
    config_put_profiles(out);
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        if (is_section_start(i)) {
            buf_printf(out, "\n## %s\n\n", config_rows[i].section);
            buf_put(out, STR("| key | type and range | default | reloadable | meaning |\n"
                             "|-----|----------------|---------|------------|---------|\n"));
        }
        put_row(out, &config_rows[i]);
    }
}

/* ---- the example ---- */

#define COMMENT_COLUMNS 96

/* A comment of whole words, two columns in. */
static void put_comment(struct buf *out, str text) {
    str word;
    ptrdiff_t column = 0;
    while (str_cut(&text, ' ', &word)) {
        if (column > 0 && column + 1 + word.n > COMMENT_COLUMNS) {
            buf_put_byte(out, '\n');
            column = 0;
        }
        buf_put(out, column == 0 ? STR("  # ") : STR(" "));
        column += (column == 0 ? 4 : 1) + word.n;
        buf_put(out, word);
    }
    buf_put_byte(out, '\n');
}

static void put_example_value(struct buf *out, const struct config_row *row) {
    str def = config_row_default(row);
    switch (row->type) {
    case CFG_INT:
    case CFG_FRAC:
    case CFG_MONEY:
    case CFG_BOOL:
    case CFG_CHOICE:
        buf_put(out, def);
        return;
    case CFG_STR:
        buf_put_json_str(out, def);
        return;
    case CFG_LIST:
        if (def.n > 0)
            buf_put_json_str(out, def);
        else
            buf_put(out, STR("[]"));
        return;
    case CFG_WEIGHTS:
        if (def.n > 0)
            buf_put_json_str(out, def);
        else
            buf_put(out, STR("{}"));
        return;
    }
    WRONG("a type that is not in the list");
}

static bool has_short_keys(int first) {
    for (int i = first; i < CONFIG_ROW_COUNT && (i == first || !is_section_start(i)); i++) {
        if (!(config_rows[i].flags & CFG_ADVANCED)) return true;
    }
    return false;
}

void config_example(struct buf *out) {
    buf_put(out, STR("# bullfinch's configuration: the keys that are changed most often, each with "
                     "its default.\n"
                     "# Take the # away from what you decide; what stands here beats the profile.\n"
                     "# All keys, and where else values can come from: docs/configuration.md\n"));
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        const struct config_row *row = &config_rows[i];
        if (is_section_start(i) && has_short_keys(i)) buf_printf(out, "\n%s:\n", row->section);
        if (row->flags & CFG_ADVANCED) continue;
        char block[512];
        struct buf range;
        buf_init_fixed(&range, block, sizeof block);
        put_comment(out, str_from_z(row->help));
        if (row->type != CFG_STR && row->type != CFG_LIST) {
            config_row_put_range(&range, row);
            buf_put(out, STR("  # "));
            buf_put(out, buf_str(&range));
            buf_put_byte(out, '\n');
        }
        buf_printf(out, "  #%s: ", row->name);
        put_example_value(out, row);
        buf_put_byte(out, '\n');
    }
}

/* ---- words for completion ---- */

void config_words(struct buf *out) {
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        const struct config_row *const row = &config_rows[i];
        str words[CONFIG_CHOICES_MAX];
        buf_printf(out, ROW_KEY_FMT " %s", ROW_KEY_ARG(row),
                   row->flags & CFG_RELOAD ? "reloadable" : "-");
        if (row->type == CFG_BOOL) buf_put(out, STR(" true false"));
        const int count = row->type == CFG_CHOICE ? config_row_choices(row, words) : 0;
        for (int w = 0; w < count; w++) buf_printf(out, " " STR_FMT, STR_ARG(words[w]));
        buf_put_byte(out, '\n');
    }
}
