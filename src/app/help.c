/* help: what `--help` and the man page say, made from the rows of the commands. Nothing about a
 * command is written down twice. Pure but for the terminal's width, which is taken as 80. */
#include "app/cmds.h"

#define WIDTH 80
#define INDENT 26 /* where the explanations begin */

/* Words of `text` from column `col` on, wrapped; continued lines begin at column `indent`. */
static void put_wrapped(struct buf *out, str text, int col, int indent) {
    str word;
    while (str_cut(&text, ' ', &word)) {
        if (col > indent && col + 1 + word.n > WIDTH) {
            buf_printf(out, "\n%*s", indent, "");
            col = indent;
        } else if (col > indent) {
            buf_put_byte(out, ' ');
            col++;
        }
        buf_put(out, word);
        col += (int)word.n;
    }
    buf_put_byte(out, '\n');
}

/* "  left   explanation", the explanation wrapped in its own column. */
static void put_row(struct buf *out, const char *left, const char *text) {
    const int n = (int)strlen(left);
    buf_printf(out, "  %s", left);
    if (n + 3 > INDENT)
        buf_printf(out, "\n%*s", INDENT, "");
    else
        buf_printf(out, "%*s", INDENT - 2 - n, "");
    put_wrapped(out, str_from_z(text), INDENT, INDENT);
}

static void put_paragraphs(struct buf *out, const char *text) {
    str rest = str_from_z(text), line;
    while (str_cut(&rest, '\n', &line)) {
        if (line.n > 0 && line.p[0] == ' ') { /* an example: as it is */
            buf_put(out, line);
            buf_put_byte(out, '\n');
        } else {
            put_wrapped(out, line, 0, 0);
        }
    }
}

static void put_options(struct buf *out, const struct opt *opts) {
    for (; opts && opts->name; opts++) {
        char block[64];
        struct buf left;
        buf_init_fixed(&left, block, sizeof block);
        buf_printf(&left, "--%s%s%s", opts->name, opts->arg ? " " : "", opts->arg ? opts->arg : "");
        put_row(out, buf_z(&left), opts->help);
    }
}

static void put_name(struct buf *b, const struct cmd *c) {
    buf_printf(b, "%s%s%s", c->name, *c->pos ? " " : "", c->pos);
}

static void put_cmd_row(struct buf *out, const struct cmd *c) {
    char block[96];
    struct buf left;
    buf_init_fixed(&left, block, sizeof block);
    put_name(&left, c);
    put_row(out, buf_z(&left), c->brief);
}

void help_all(struct buf *out) {
    const char *group = "";
    put_paragraphs(out,
                   "bullfinch reads posts about crypto, works out which coin each is about and "
                   "what it says, and trades on that, on paper and on test networks.\n\n"
                   "Usage: bullfinch COMMAND [OPTIONS]");
    for (int i = 0; i < commands_count; i++) {
        const struct cmd *c = commands_all[i];
        if (strcmp(group, c->group) != 0) buf_printf(out, "\n%s\n", c->group);
        group = c->group;
        put_cmd_row(out, c);
    }
    put_paragraphs(out,
                   "\nbullfinch COMMAND --help says more of each. A first try:\n"
                   "  bullfinch run --speed max --exit-at-end --posts demo/posts.jsonl "
                   "--prices demo/prices\n\n"
                   "Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused by a safety rule.");
}

void help_family(str family, struct buf *out) {
    buf_printf(out, "Usage: bullfinch " STR_FMT " COMMAND [OPTIONS]\n\n", STR_ARG(family));
    for (int i = 0; i < commands_count; i++) {
        const str name = str_from_z(commands_all[i]->name);
        if (str_starts(name, family) && name.n > family.n && name.p[family.n] == ' ')
            put_cmd_row(out, commands_all[i]);
    }
}

void help_one(const struct cmd *c, struct buf *out) {
    buf_put(out, STR("Usage: bullfinch "));
    put_name(out, c);
    buf_put(out, STR(" [OPTIONS]\n\n"));
    put_paragraphs(out, c->brief);
    if (c->about) {
        buf_put_byte(out, '\n');
        put_paragraphs(out, c->about);
    }
    buf_put(out, STR("\nOptions:\n"));
    put_options(out, c->opts);
    put_options(out, commands_common);
}

/* --- the man page ------------------------------------------------------------------------ */

/* Roff text: a line that begins with a dot or a quote is text all the same, hyphens are hyphens. */
static void put_roff_str(struct buf *out, str text) {
    bool line_begins = true;
    for (ptrdiff_t i = 0; i < text.n; i++) {
        const char c = text.p[i];
        if (line_begins && (c == '.' || c == '\'')) buf_put(out, STR("\\&"));
        if (c == '-')
            buf_put(out, STR("\\-"));
        else if (c == '\\')
            buf_put(out, STR("\\e"));
        else
            buf_put_byte(out, c);
        line_begins = c == '\n';
    }
}

static void put_roff(struct buf *out, const char *text) { put_roff_str(out, str_from_z(text)); }

static void put_roff_paragraphs(struct buf *out, const char *text) {
    str rest = str_from_z(text), line;
    while (str_cut(&rest, '\n', &line)) {
        const bool example = line.n > 0 && line.p[0] == ' ';
        buf_put(out, example ? STR(".br\n") : line.n == 0 ? STR(".PP\n") : STR(""));
        put_roff_str(out, line);
        if (line.n > 0) buf_put_byte(out, '\n');
    }
}

static void put_roff_options(struct buf *out, const struct opt *opts) {
    for (; opts && opts->name; opts++) {
        buf_printf(out, ".TP\n\\fB\\-\\-");
        put_roff(out, opts->name);
        buf_printf(out, "\\fR%s%s\n", opts->arg ? " " : "", opts->arg ? opts->arg : "");
        put_roff(out, opts->help);
        buf_put_byte(out, '\n');
    }
}

void help_man(struct buf *out) {
    buf_put(
        out,
        STR(".\\\" Made by bullfinch help --man; do not edit.\n"
            ".TH BULLFINCH 1 \"\" \"bullfinch " BF_VERSION "\" \"User Commands\"\n"
            ".SH NAME\nbullfinch \\- trades on posts about crypto, on paper and on test networks\n"
            ".SH SYNOPSIS\n.B bullfinch\n.I COMMAND\n[\\fIOPTIONS\\fR]\n"
            ".SH COMMANDS\n"));
    for (int i = 0; i < commands_count; i++) {
        const struct cmd *c = commands_all[i];
        buf_put(out, STR(".SS "));
        buf_printf(out, "\"bullfinch %s%s%s\"\n", c->name, *c->pos ? " " : "", c->pos);
        put_roff_paragraphs(out, c->brief);
        if (c->about) {
            buf_put(out, STR(".PP\n"));
            put_roff_paragraphs(out, c->about);
        }
        put_roff_options(out, c->opts);
    }
    buf_put(out, STR(".SH OPTIONS OF EVERY COMMAND\n"));
    put_roff_options(out, commands_common);
    buf_put(out, STR(".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage, 3 refused by a safety "
                     "rule.\n.SH FILES\nbullfinch.yaml, bullfinch.db\n"));
}
