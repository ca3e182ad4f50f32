/* eval_targets: how well polarity towards a coin is read, measured on labelled posts.
 *
 * In: a file of JSON lines, each a post, a pair and the opinion that it holds of that pair's coin.
 * Out: a table of label against reading, macro recall, and how many contrasts (posts that differ in
 * little and mean something else) are right on every side. A coin that the linker does not find is
 * read "none": that is what trading would do. For makers; not for judging trades. One thread.
 * Failure: a file that cannot be read, or a line that is not of this shape. */
#include "app/eval_targets.h"

#include <inttypes.h>

#include "source/jscan.h"

#define FILE_BYTES_MAX (64 << 20)
#define LINE_BYTES (8 << 20) /* what one line may take while it is read */
#define PAIRS_MAX 65536

struct line {
    str text, symbol, pair; /* pair.p NULL: in none */
    int64_t polarity;
    int seen; /* bits: text, symbol, polarity */
};

struct pair {
    str name;
    int lines;
    bool wrong;
};

struct run {
    const struct reader *reader;
    struct arena mem;
    struct pair *pairs;
    int pair_count;
    struct buf *misses;
    struct eval_targets *ret;
};

/* --- a line -------------------------------------------------------------------------------- */

static bool take_member(struct jscan *s, str key, struct line *ret, struct error *err) {
    struct jvalue v;
    const ptrdiff_t from = s->at;
    if (!jscan_value(s, &v, err)) return false;
    if (str_eq(key, STR("text")) && v.kind == JKIND_STRING) {
        ret->text = v.string;
        ret->seen |= 1;
    } else if (str_eq(key, STR("symbol")) && v.kind == JKIND_STRING) {
        ret->symbol = v.string;
        ret->seen |= 2;
    } else if (str_eq(key, STR("polarity")) && v.kind == JKIND_INTEGER && v.integer >= -1 &&
               v.integer <= 1) {
        ret->polarity = v.integer;
        ret->seen |= 4;
    } else if (str_eq(key, STR("pair")) && (v.kind == JKIND_STRING || v.kind == JKIND_INTEGER)) {
        ret->pair =
            v.kind == JKIND_STRING ? v.string : str_trim((str){s->text.p + from, s->at - from});
    }
    return jscan_skip(s, &v, err);
}

static bool line_parse(struct arena *a, str text, struct line *ret, struct error *err) {
    struct jscan s;
    struct jvalue v;
    bool end = false;
    *ret = (struct line){0};
    jscan_init(&s, a, text);
    if (!jscan_value(&s, &v, err)) return false;
    if (v.kind != JKIND_OBJECT) return fail(err, ERR_PARSE, 0, "not an object");
    for (;;) {
        str key;
        if (!jscan_member(&s, &key, &end, err)) return false;
        if (end) break;
        if (!take_member(&s, key, ret, err)) return false;
    }
    if (ret->seen != 7)
        return fail(err, ERR_PARSE, 0, "needs \"text\", \"symbol\" and \"polarity\" (-1, 0, 1)");
    if (ret->symbol.n <= 4 || !str_ends(ret->symbol, STR("USDT")))
        return fail(err, ERR_PARSE, 0, "\"symbol\" is no pair (such as BTCUSDT)");
    return jscan_end(&s, err);
}

/* --- its reading --------------------------------------------------------------------------- */

static const struct mention *find_mention(const struct reading *r, str symbol) {
    for (int i = 0; i < r->mention_count; i++) {
        if (str_eq(str_from_z(r->mentions[i].symbol), symbol)) return &r->mentions[i];
    }
    return NULL;
}

static void put_miss(struct buf *out, const struct line *l, const struct mention *m,
                     const struct reading *r) {
    static const struct {
        uint32_t bit;
        const char *name;
    } cues[] = {{CUE_QUESTION, "question"}, {CUE_CONDITIONAL, "condition"},
                {CUE_PAST, "past"},         {CUE_SARCASM, "irony"},
                {CUE_REPORTED, "reported"}, {CUE_NEGATED, "negated"}};
    buf_printf(out, "%+" PRId64 " " STR_FMT " ", l->polarity, STR_ARG(l->symbol));
    if (!m) {
        buf_put(out, STR("not linked"));
    } else if (m->abstain) {
        buf_put(out, STR("no opinion"));
    } else {
        const int bp = m->polarity_bp < 0 ? -m->polarity_bp : m->polarity_bp;
        buf_printf(out, "read %c%d.%02d", m->polarity_bp < 0 ? '-' : '+', bp / 10000,
                   bp % 10000 / 100);
    }
    for (int i = 0; i < COUNT_OF(cues); i++) {
        if (r->cues & cues[i].bit) buf_printf(out, ", %s", cues[i].name);
    }
    if (l->pair.p) buf_printf(out, " [" STR_FMT "]", STR_ARG(l->pair));
    buf_put(out, STR(": "));
    for (ptrdiff_t i = 0; i < l->text.n; i++) {
        const char c = l->text.p[i];
        buf_put_byte(out, c == '\n' || c == '\r' ? ' ' : c);
    }
    buf_put_byte(out, '\n');
}

static struct pair *pair_of(struct run *run, str name) {
    for (int i = 0; i < run->pair_count; i++) {
        if (str_eq(run->pairs[i].name, name)) return &run->pairs[i];
    }
    if (run->pair_count == PAIRS_MAX) return NULL;
    struct pair *p = &run->pairs[run->pair_count++];
    *p = (struct pair){.name = name};
    return p;
}

static bool take_line(struct run *run, str json, struct error *err) {
    struct line line;
    struct post post;
    struct reading reading;
    if (!line_parse(&run->mem, json, &line, err)) return false;
    struct arena scratch = run->mem;
    const struct raw_post raw = {.id = STR("1"),
                                 .source = STR("text"),
                                 .created_at = STR("1970-01-01T00:00:00Z"),
                                 .text = line.text};
    if (!feed_normalize(&scratch, &raw, 0, &post, err)) return false;
    reader_read(run->reader, scratch, &post, 1, &reading);
    const struct mention *m = find_mention(&reading, line.symbol);
    const int read = !m || m->abstain ? 1 : m->polarity_bp > 0 ? 2 : 0;
    const bool right = read == line.polarity + 1;
    run->ret->matrix[line.polarity + 1][read]++;
    run->ret->posts++;
    run->ret->unlinked += !m;
    if (!right && run->misses) put_miss(run->misses, &line, m, &reading);
    struct pair *pair = line.pair.p ? pair_of(run, line.pair) : NULL;
    if (line.pair.p && !pair) return fail(err, ERR_LIMIT, 0, "more than %d pairs", PAIRS_MAX);
    if (pair) pair->lines++;
    if (pair && !right) pair->wrong = true;
    return true;
}

/* --- the file ------------------------------------------------------------------------------ */

static bool take_file(struct run *run, const char *path, struct error *err) {
    str rest, json;
    int64_t number = 0;
    if (!app_read_file(&run->mem, path, FILE_BYTES_MAX, &rest, err)) return false;
    while (str_cut(&rest, '\n', &json)) {
        number++;
        if (str_trim(json).n == 0) continue;
        if (!take_line(run, json, err)) return fail_in(err, "%s:%" PRId64, path, number);
    }
    return true;
}

bool eval_targets_file(const struct reader *r, const char *path, struct buf *misses,
                       struct eval_targets *ret, struct error *err) {
    struct run run = {.reader = r, .misses = misses, .ret = ret};
    *ret = (struct eval_targets){0};
    arena_open(&run.mem, 4 * (ptrdiff_t)FILE_BYTES_MAX + LINE_BYTES);
    run.pairs = NEW_ARRAY(&run.mem, struct pair, PAIRS_MAX);
    const bool ok = take_file(&run, path, err);
    for (int i = 0; i < run.pair_count; i++) {
        const bool contrast = run.pairs[i].lines > 1;
        ret->pairs += contrast;
        ret->pairs_right += contrast && !run.pairs[i].wrong;
        ret->alone += !contrast;
    }
    arena_close(&run.mem);
    if (ok && ret->posts == 0) return fail(err, ERR_PARSE, 0, "%s: no labelled post in it", path);
    return ok;
}

int64_t eval_targets_recall_bp(const struct eval_targets *e) {
    int64_t sum = 0, labels = 0;
    for (int i = 0; i < 3; i++) {
        const int64_t all = e->matrix[i][0] + e->matrix[i][1] + e->matrix[i][2];
        if (all == 0) continue;
        sum += e->matrix[i][i] * 10000 / all;
        labels++;
    }
    return labels ? sum / labels : 0;
}

void eval_targets_put(struct buf *out, const char *path, const struct eval_targets *e, bool json) {
    static const char *const names[] = {"against", "none", "for"};
    const int recall = (int)eval_targets_recall_bp(e);
    const int64_t(*m)[3] = e->matrix;
    if (json) {
        buf_put(out, STR("{\"file\":"));
        buf_put_json_str(out, str_from_z(path));
        buf_printf(out,
                   ",\"macro_recall\":%d.%04d,\"pairs\":%" PRId64 ",\"pairs_right\":%" PRId64
                   ",\"pairs_alone\":%" PRId64 ",\"unlinked\":%" PRId64 ",\"matrix\":[",
                   recall / 10000, recall % 10000, e->pairs, e->pairs_right, e->alone, e->unlinked);
        for (int i = 0; i < 3; i++)
            buf_printf(out, "%s[%" PRId64 ",%" PRId64 ",%" PRId64 "]", i ? "," : "", m[i][0],
                       m[i][1], m[i][2]);
        buf_put(out, STR("]}\n"));
        return;
    }
    buf_printf(out,
               "%s: macro recall %d.%02d %%, contrasts right on all sides %" PRId64 " of %" PRId64
               ", coin not linked %" PRId64 "\n  towards it  read against   none    for\n",
               path, recall / 100, recall % 100, e->pairs_right, e->pairs, e->unlinked);
    for (int i = 0; i < 3; i++)
        buf_printf(out, "  %-10s  %12" PRId64 "  %5" PRId64 "  %5" PRId64 "\n", names[i], m[i][0],
                   m[i][1], m[i][2]);
    if (e->alone > 0)
        buf_printf(out, "  pairs with one line only, no contrasts: %" PRId64 "\n", e->alone);
}
