/* eval_links: posts whose coins are known, held against what the linker finds in them.
 *
 * In: a file with one JSON object a line: `text`, and `symbols`, an array of pairs ("BTCUSDT") or
 * tickers ("BTC") that the text is about; empty for a post about no coin. Out: precision and recall
 * over all links (each coin of each post counts one), and how many posts about no coin were given a
 * link all the same. --misses shows each wrong post: what is missing, what is too much with the
 * words and the kind of evidence that led to it, and why the linker passed over the rest. Lines
 * that begin with % are remarks. Failure: an unreadable file, a line that is no such object. One
 * thread. */
#include "app/eval_links.h"

#include <inttypes.h>

#include "app/score_view.h"
#include "source/jscan.h"

#define FILE_BYTES_MAX (64 << 20)
#define OUT_BYTES (8 << 20)
#define POST_BYTES (16 << 20)
#define TRUTH_MAX 64 /* coins of one post */

struct truth {
    str text;
    str symbols[TRUTH_MAX];
    bool found[TRUTH_MAX];
    int count;
};

struct eval_links {
    const struct reader *reader;
    struct arena mem, scratch;
    struct buf *show; /* NULL: nothing is shown */
    struct link_counts n;
};

/* --- lines ----------------------------------------------------------------------------------- */

static bool take_symbols(struct jscan *s, struct truth *t, struct error *err) {
    struct jvalue v;
    if (!jscan_value(s, &v, err)) return false;
    if (v.kind != JKIND_ARRAY) return fail(err, ERR_PARSE, 0, "`symbols` is no array");
    for (;;) {
        bool end;
        if (!jscan_item(s, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(s, &v, err)) return false;
        if (v.kind != JKIND_STRING || v.string.n == 0)
            return fail(err, ERR_PARSE, 0, "`symbols` holds what is no pair");
        if (t->count == TRUTH_MAX)
            return fail(err, ERR_LIMIT, 0, "more than %d symbols", TRUTH_MAX);
        t->found[t->count] = false;
        t->symbols[t->count++] = v.string;
    }
}

static bool take_line(struct jscan *s, struct truth *ret, struct error *err) {
    struct jvalue v;
    bool has_symbols = false;
    ret->text = (str){NULL, 0};
    ret->count = 0;
    if (!jscan_value(s, &v, err)) return false;
    if (v.kind != JKIND_OBJECT) return fail(err, ERR_PARSE, 0, "no JSON object");
    for (;;) {
        str key;
        bool end;
        if (!jscan_member(s, &key, &end, err)) return false;
        if (end) break;
        if (str_eq(key, STR("symbols"))) {
            has_symbols = true;
            if (!take_symbols(s, ret, err)) return false;
            continue;
        }
        if (!jscan_value(s, &v, err)) return false;
        if (str_eq(key, STR("text")) && v.kind == JKIND_STRING) ret->text = v.string;
        if (!jscan_skip(s, &v, err)) return false;
    }
    if (!ret->text.p || !has_symbols) return fail(err, ERR_PARSE, 0, "no `text`, or no `symbols`");
    return jscan_end(s, err);
}

/* --- counting -------------------------------------------------------------------------------- */

/* "BTCUSDT" and "BTC" both name the pair BTCUSDT. */
static bool names_pair(str truth, const char *pair) {
    const str p = str_from_z(pair);
    return str_eq(truth, p) || (str_ends(p, STR("USDT")) && str_eq(truth, str_head(p, p.n - 4)));
}

static bool is_wanted(struct truth *t, const char *pair) {
    bool wanted = false;
    for (int i = 0; i < t->count; i++) {
        if (!names_pair(t->symbols[i], pair)) continue;
        t->found[i] = wanted = true;
    }
    return wanted;
}

static str evidence(const struct post *p, int begin, int end) {
    return (str){p->text.p + begin, end - begin};
}

static void show_post(struct buf *out, int64_t line, struct truth *t, const struct post *p,
                      const struct reading *rd) {
    buf_printf(out, "%" PRId64 ": ", line);
    buf_put_json_str(out, t->text);
    buf_put_byte(out, '\n');
    for (int i = 0; i < t->count; i++)
        if (!t->found[i]) buf_printf(out, "    missing  " STR_FMT "\n", STR_ARG(t->symbols[i]));
    for (int i = 0; i < rd->mention_count; i++) {
        const struct mention *m = &rd->mentions[i];
        if (is_wanted(t, m->symbol)) continue;
        buf_printf(out, "    wrong    %s, %d.%02d %%, %s \"" STR_FMT "\"\n", m->symbol,
                   (int)m->confidence_bp / 100, (int)m->confidence_bp % 100,
                   link_reason_name(m->reason), STR_ARG(evidence(p, m->begin, m->end)));
    }
    for (int i = 0; i < rd->miss_count; i++) {
        const struct miss *m = &rd->misses[i];
        buf_printf(out, "    passed   \"" STR_FMT "\", %s\n",
                   STR_ARG(evidence(p, m->begin, m->end)), miss_reason_name(m->reason));
    }
}

static bool take_post(struct eval_links *e, str line, int64_t number, struct error *err) {
    struct arena mem = e->mem;
    struct jscan s;
    struct truth *t = NEW(&mem, struct truth);
    struct reading *rd = NEW(&mem, struct reading);
    struct post post;
    jscan_init(&s, &mem, line);
    if (!take_line(&s, t, err) || !score_post(&mem, line, &post, err))
        return fail_in(err, "line %" PRId64, number);
    reader_read(e->reader, e->scratch, &post, 1, rd);
    int right = 0, found = 0;
    for (int i = 0; i < rd->mention_count; i++) right += is_wanted(t, rd->mentions[i].symbol);
    for (int i = 0; i < t->count; i++) found += t->found[i];
    const int wrong = rd->mention_count - right;
    e->n.posts++;
    e->n.right += right;
    e->n.wrong += wrong;
    e->n.missing += t->count - found;
    e->n.about_none += t->count == 0;
    e->n.about_none_linked += t->count == 0 && wrong > 0;
    if (e->show && (wrong > 0 || found < t->count)) show_post(e->show, number, t, &post, rd);
    return true;
}

static bool take_lines(struct eval_links *e, str content, struct error *err) {
    str line;
    for (int64_t number = 1; str_cut(&content, '\n', &line); number++) {
        if (str_trim(line).n == 0 || line.p[0] == '%') continue;
        if (!take_post(e, line, number, err)) return false;
    }
    return true;
}

bool links_count(const struct reader *r, str content, struct buf *show, struct link_counts *ret,
                 struct error *err) {
    struct eval_links e = {.reader = r, .show = show};
    arena_open(&e.mem, POST_BYTES);
    arena_open(&e.scratch, READER_SCRATCH_BYTES);
    bool ok = take_lines(&e, content, err);
    if (ok && e.n.posts == 0) ok = fail(err, ERR_PARSE, 0, "no labelled post in it");
    if (ok) *ret = e.n;
    arena_close(&e.scratch);
    arena_close(&e.mem);
    return ok;
}

/* --- what is printed ------------------------------------------------------------------------- */

/* 0.9731; 1 when there was nothing to be wrong about. */
static void put_share(struct buf *out, int64_t some, int64_t all) {
    const int64_t e4 = all ? some * 10000 / all : 10000;
    buf_printf(out, "%d.%04d", (int)(e4 / 10000), (int)(e4 % 10000));
}

static void put_json(struct buf *out, const char *path, const struct link_counts *n) {
    buf_put(out, STR("{\"file\":"));
    buf_put_json_str(out, str_from_z(path));
    buf_printf(out, ",\"posts\":%" PRId64 ",\"precision\":", n->posts);
    put_share(out, n->right, n->right + n->wrong);
    buf_put(out, STR(",\"recall\":"));
    put_share(out, n->right, n->right + n->missing);
    buf_printf(out,
               ",\"right\":%" PRId64 ",\"wrong\":%" PRId64 ",\"missing\":%" PRId64
               ",\"about_no_coin\":%" PRId64 ",\"about_no_coin_linked\":%" PRId64 "}\n",
               n->right, n->wrong, n->missing, n->about_none, n->about_none_linked);
}

static void put_text(struct buf *out, const char *path, const struct link_counts *n) {
    buf_printf(out, "%s: %" PRId64 " posts, precision ", path, n->posts);
    put_share(out, n->right, n->right + n->wrong);
    buf_put(out, STR(", recall "));
    put_share(out, n->right, n->right + n->missing);
    buf_printf(out,
               "\n  links right %" PRId64 ", wrong %" PRId64 ", missing %" PRId64
               "; posts about no coin %" PRId64 ", linked all the same %" PRId64 "\n",
               n->right, n->wrong, n->missing, n->about_none, n->about_none_linked);
}

exit_status eval_links(struct app *app, const struct args *args) {
    struct error err;
    struct reader *r;
    struct link_counts n;
    struct buf out;
    str content;
    const char *path = str_dupz(&app->boot, args_get(args, "links", STR("")));
    if (!reader_open(&app->boot, &(struct reader_options){0}, &r, &err) ||
        !app_read_file(&app->boot, path, FILE_BYTES_MAX, &content, &err))
        return app_fail(&err);
    buf_init(&out, OUT_BYTES);
    bool ok = links_count(r, content, args_has(args, "misses") ? &out : NULL, &n, &err) ||
              fail_in(&err, "%s", path);
    if (ok) {
        if (app->json)
            put_json(&out, path, &n);
        else
            put_text(&out, path, &n);
        ok = app_print(&out, &err);
    }
    buf_fini(&out);
    return ok ? EXIT_DONE : app_fail(&err);
}
