/* bpe: byte-level pair encoding, number for number as Hugging Face's tokenizers do it.
 *
 * In: valid UTF-8. Out: token numbers. First the text is cut at the names of special tokens, then
 * into pieces by GPT-2's pattern,
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *
 * and each piece, byte for byte, is put together by the merges: always the pair with the lowest
 * rank, of equals the leftmost. The pattern is matched by hand: it needs one code point to look
 * ahead, and no piece is looked at twice. \p{L} and \p{N} are tables of our own (glyph_classes.h):
 * a library's would change with the system's version of Unicode, and so the numbers of a text. \s
 * is JavaScript's, which counts U+FEFF and not U+0085.
 *
 * Invariants: a piece of n bytes takes n log n steps, also where all of the text is one; nothing is
 * kept between calls. Failure: files that do not fit together are refused when they are compiled.
 * Any thread. */
#include "model/bpe.h"

#include <jansson.h>
#include <utf8proc.h>

#include "base/json.h"
#include "model/glyph_classes.h"

#define BPE_MAGIC UINT32_C(0x31455042) /* "BPE1" */
#define EMPTY UINT32_MAX
#define SPECIALS 5

/* In the order of their numbers in every RoBERTa; <mask> takes the white space before it along. */
static const char *const special_names[SPECIALS] = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"};
enum { SPECIAL_BEGIN, SPECIAL_PAD, SPECIAL_END, SPECIAL_UNKNOWN, SPECIAL_MASK };

struct head {
    uint32_t magic;
    int32_t vocab_count;
    int32_t special[SPECIALS]; /* numbers; of <mask> and <pad> -1 where there is none */
    uint32_t slots_log2;
    int32_t byte_token[256]; /* -1: unknown */
};

/* left and right side by side become `merged`. Open addressing; left EMPTY: a free slot. */
struct merge {
    uint32_t left, right, rank, merged;
};

_Static_assert(sizeof(struct head) % 8 == 0 && sizeof(struct merge) == 16, "no gaps in the file");

struct bpe {
    const struct head *head;
    const struct merge *slots;
    uint32_t slot_mask;
};

static uint32_t pair_hash(uint32_t left, uint32_t right) {
    const uint64_t mixed = ((uint64_t)left << 32 | right) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(mixed >> 32);
}

/* --- compiling ------------------------------------------------------------------------------- */

/* GPT-2 writes each byte as a character that can be printed: itself, or 256 and up in order. */
static str byte_name(int byte, char block[4]) {
    uint32_t shift = 0;
    const bool printable =
        (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
    for (int i = 0; i < byte && !printable; i++)
        shift += !((i >= '!' && i <= '~') || (i >= 0xA1 && i <= 0xFF && i != 0xAD));
    const uint32_t cp = printable ? (uint32_t)byte : 256 + shift;
    return (str){block, utf8proc_encode_char((utf8proc_int32_t)cp, (utf8proc_uint8_t *)block)};
}

static int32_t number_of(const json_t *vocab, str token) {
    const json_t *v = json_object_getn(vocab, token.p, (size_t)token.n);
    return json_is_integer(v) ? (int32_t)json_integer_value(v) : -1;
}

static bool vocab_sane(json_t *vocab, struct head *h, struct error *err) {
    const char *token;
    json_t *v;
    if (json_object_size(vocab) > BPE_VOCAB_MAX)
        return fail(err, ERR_LIMIT, 0, "vocab.json: more than %d tokens", BPE_VOCAB_MAX);
    json_object_foreach(vocab, token, v) {
        const json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
        if (n < 0 || n >= BPE_VOCAB_MAX)
            return fail(err, ERR_PARSE, 0, "vocab.json: \"%.80s\" has no number of 0 to %d", token,
                        BPE_VOCAB_MAX - 1);
        if (n >= h->vocab_count) h->vocab_count = (int32_t)n + 1;
    }
    for (int i = 0; i < SPECIALS; i++) {
        h->special[i] = number_of(vocab, str_from_z(special_names[i]));
        if (h->special[i] < 0 && i != SPECIAL_MASK && i != SPECIAL_PAD)
            return fail(err, ERR_PARSE, 0, "vocab.json: there is no \"%s\"; is this RoBERTa's?",
                        special_names[i]);
    }
    for (int i = 0; i < 256; i++) {
        char block[4];
        h->byte_token[i] = number_of(vocab, byte_name(i, block));
    }
    return true;
}

static struct merge *slot_of(struct merge *slots, uint32_t mask, uint32_t left, uint32_t right) {
    uint32_t at = pair_hash(left, right) & mask;
    while (slots[at].left != EMPTY && (slots[at].left != left || slots[at].right != right))
        at = (at + 1) & mask;
    return &slots[at];
}

static bool add_merge(const json_t *vocab, str line, uint32_t rank, struct merge *slots,
                      uint32_t mask, struct error *err) {
    char block[1024];
    str left, right = line;
    if (!str_cut(&right, ' ', &left) || left.n == 0 || right.n == 0 ||
        str_find_byte(right, ' ') >= 0 || left.n + right.n > COUNT_OF(block))
        return fail(err, ERR_PARSE, 0, "\"" STR_FMT "\" is no pair of tokens",
                    STR_ARG(str_head(line, 80)));
    memcpy(block, left.p, (size_t)left.n);
    memcpy(block + left.n, right.p, (size_t)right.n);
    const str parts[3] = {left, right, {block, left.n + right.n}};
    int32_t number[3];
    for (int i = 0; i < 3; i++) {
        number[i] = number_of(vocab, parts[i]);
        if (number[i] < 0)
            return fail(err, ERR_PARSE, 0, "\"" STR_FMT "\" is not in vocab.json",
                        STR_ARG(str_head(parts[i], 80)));
    }
    struct merge *m = slot_of(slots, mask, (uint32_t)number[0], (uint32_t)number[1]);
    if (m->left != EMPTY) return true; /* the first of two lines counts */
    *m = (struct merge){(uint32_t)number[0], (uint32_t)number[1], rank, (uint32_t)number[2]};
    return true;
}

static bool add_merges(const json_t *vocab, str text, struct merge *slots, uint32_t mask,
                       struct error *err) {
    str rest = text, line;
    uint32_t rank = 0;
    for (int at = 1; str_cut(&rest, '\n', &line); at++) {
        if (str_ends(line, STR("\r"))) line.n--;
        if ((at == 1 && str_starts(line, STR("#version"))) || line.n == 0) continue;
        if (!add_merge(vocab, line, rank++, slots, mask, err))
            return fail_in(err, "merges.txt:%d", at);
    }
    return true;
}

static int64_t line_count(str text) {
    int64_t n = 1;
    for (ptrdiff_t i = 0; i < text.n; i++) n += text.p[i] == '\n';
    return n;
}

static bool compile(json_t *vocab, str merges, struct buf *out, struct error *err) {
    struct head h = {.magic = BPE_MAGIC, .slots_log2 = 1};
    struct arena mem;
    const int64_t lines = line_count(merges);
    if (lines > BPE_MERGES_MAX)
        return fail(err, ERR_LIMIT, 0, "merges.txt: more than %d lines", BPE_MERGES_MAX);
    if (!vocab_sane(vocab, &h, err)) return false;
    while (INT64_C(1) << h.slots_log2 < 2 * lines) h.slots_log2++;
    const ptrdiff_t count = (ptrdiff_t)1 << h.slots_log2;
    const ptrdiff_t bytes = count * (ptrdiff_t)sizeof(struct merge);
    arena_open(&mem, bytes + 64);
    struct merge *slots = NEW_ARRAY(&mem, struct merge, count);
    memset(slots, 0xFF, (size_t)bytes);
    const bool ok = add_merges(vocab, merges, slots, (uint32_t)count - 1, err);
    if (ok) {
        buf_put(out, str_from_bytes(&h, sizeof h));
        buf_put(out, str_from_bytes(slots, bytes));
    }
    arena_close(&mem);
    return ok && (!buf_full(out) || fail(err, ERR_LIMIT, 0, "tokenizer: over %td bytes", out->max));
}

bool bpe_compile(str vocab_json, str merges_txt, struct buf *out, struct error *err) {
    json_error_t why;
    json_t *vocab = json_loadb(vocab_json.p, (size_t)vocab_json.n, JSON_REJECT_DUPLICATES, &why);
    if (!vocab) return fail(err, ERR_PARSE, 0, "vocab.json:%d: %s", why.line, why.text);
    const bool ok = json_is_object(vocab) ? compile(vocab, merges_txt, out, err)
                                          : fail(err, ERR_PARSE, 0, "vocab.json is no object");
    json_decref(vocab);
    return ok;
}

/* --- opening --------------------------------------------------------------------------------- */

static bool damaged(struct error *err, const char *what) {
    return fail(err, ERR_DAMAGED, 0, "tokenizer: %s", what);
}

/* A full table would be searched for ever, and a number out of the vocabulary would reach beyond
 * the embeddings. */
static bool slots_sane(const struct merge *slots, ptrdiff_t count, uint32_t vocab) {
    ptrdiff_t used = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        const struct merge *m = &slots[i];
        if (m->left == EMPTY) continue;
        used++;
        if (m->left >= vocab || m->right >= vocab || m->merged >= vocab ||
            m->rank >= BPE_MERGES_MAX)
            return false;
    }
    return used <= count / 2;
}

bool bpe_open(struct arena *boot, str bytes, struct bpe **ret, struct error *err) {
    const struct head *h = (const struct head *)(const void *)bytes.p;
    if (bytes.n < (ptrdiff_t)sizeof *h || h->magic != BPE_MAGIC)
        return damaged(err, "no beginning");
    if (h->vocab_count < 1 || h->vocab_count > BPE_VOCAB_MAX) return damaged(err, "vocabulary");
    for (int i = 0; i < SPECIALS; i++) {
        const int32_t least = i == SPECIAL_MASK || i == SPECIAL_PAD ? -1 : 0;
        if (h->special[i] < least || h->special[i] >= h->vocab_count)
            return damaged(err, "special tokens");
    }
    for (int i = 0; i < 256; i++)
        if (h->byte_token[i] < -1 || h->byte_token[i] >= h->vocab_count)
            return damaged(err, "tokens of bytes");
    if (h->slots_log2 < 1 || h->slots_log2 > 22) return damaged(err, "number of merges");
    const ptrdiff_t count = (ptrdiff_t)1 << h->slots_log2;
    if (bytes.n != (ptrdiff_t)sizeof *h + count * (ptrdiff_t)sizeof(struct merge))
        return damaged(err, "length");
    const struct merge *slots = (const struct merge *)(const void *)(h + 1);
    if (!slots_sane(slots, count, (uint32_t)h->vocab_count)) return damaged(err, "merges");
    struct bpe *b = NEW(boot, struct bpe);
    *b = (struct bpe){h, slots, (uint32_t)count - 1};
    *ret = b;
    return true;
}

int32_t bpe_vocab_count(const struct bpe *b) { return b->head->vocab_count; }

/* --- one piece: merging ---------------------------------------------------------------------- */

/* Tokens of a piece in a row that only shrinks: a merge writes its token over the left one and
 * unlinks the right one. */
struct piece {
    int32_t *token; /* -1: an unknown byte, which merges with nothing */
    int32_t *next;  /* index; `count`: none */
    int32_t *before;
    int32_t count;
    uint64_t *heap; /* rank << 32 | index of the left one; what is out of date is passed over */
    int32_t heap_count;
};

static void heap_push(struct piece *p, uint64_t v) {
    int32_t at = p->heap_count++;
    while (at > 0 && p->heap[(at - 1) / 2] > v) {
        p->heap[at] = p->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    p->heap[at] = v;
}

static uint64_t heap_pop(struct piece *p) {
    const uint64_t top = p->heap[0], last = p->heap[--p->heap_count];
    int32_t at = 0, child;
    while ((child = 2 * at + 1) < p->heap_count) {
        if (child + 1 < p->heap_count && p->heap[child + 1] < p->heap[child]) child++;
        if (p->heap[child] >= last) break;
        p->heap[at] = p->heap[child];
        at = child;
    }
    p->heap[at] = last;
    return top;
}

/* The merge of the token at `at` and the one behind it, NULL: there is none. */
static const struct merge *merge_at(const struct bpe *b, const struct piece *p, int32_t at) {
    const int32_t right = p->next[at];
    if (right >= p->count || p->token[at] < 0 || p->token[right] < 0) return NULL;
    const uint32_t l = (uint32_t)p->token[at], r = (uint32_t)p->token[right];
    uint32_t slot = pair_hash(l, r) & b->slot_mask;
    for (; b->slots[slot].left != EMPTY; slot = (slot + 1) & b->slot_mask)
        if (b->slots[slot].left == l && b->slots[slot].right == r) return &b->slots[slot];
    return NULL;
}

static void offer(const struct bpe *b, struct piece *p, int32_t at) {
    const struct merge *m = merge_at(b, p, at);
    if (m) heap_push(p, (uint64_t)m->rank << 32 | (uint32_t)at);
}

static void merge_all(const struct bpe *b, struct piece *p) {
    for (int32_t i = 0; i + 1 < p->count; i++) offer(b, p, i);
    while (p->heap_count > 0) {
        const uint64_t top = heap_pop(p);
        const int32_t at = (int32_t)(uint32_t)top;
        if (p->next[at] < 0) continue; /* merged into the one before it */
        const struct merge *m = merge_at(b, p, at);
        if (!m || m->rank != top >> 32) continue;
        const int32_t gone = p->next[at];
        p->token[at] = (int32_t)m->merged;
        p->next[at] = p->next[gone];
        p->next[gone] = -1;
        if (p->next[at] < p->count) p->before[p->next[at]] = at;
        offer(b, p, at);
        if (p->before[at] >= 0) offer(b, p, p->before[at]);
    }
}

/* Where numbers go, until `max` are there. */
struct ids {
    int32_t *v;
    int count, max;
};

static void put_id(struct ids *out, int32_t id) {
    if (out->count < out->max) out->v[out->count++] = id;
}

static void encode_piece(const struct bpe *b, struct arena scratch, str text, struct ids *out) {
    struct piece p = {.count = (int32_t)text.n};
    p.token = NEW_ARRAY(&scratch, int32_t, text.n);
    p.next = NEW_ARRAY(&scratch, int32_t, text.n);
    p.before = NEW_ARRAY(&scratch, int32_t, text.n);
    p.heap = NEW_ARRAY(&scratch, uint64_t, 2 * text.n); /* a merge takes one and adds two */
    for (int32_t i = 0; i < p.count; i++) {
        p.token[i] = b->head->byte_token[(unsigned char)text.p[i]];
        p.next[i] = i + 1;
        p.before[i] = i - 1;
    }
    merge_all(b, &p);
    for (int32_t i = 0; i < p.count; i = p.next[i])
        put_id(out, p.token[i] >= 0 ? p.token[i] : b->head->special[SPECIAL_UNKNOWN]);
}

/* --- pieces: the pattern --------------------------------------------------------------------- */

typedef enum glyph_class { GLYPH_OTHER, GLYPH_LETTER, GLYPH_NUMBER, GLYPH_SPACE } glyph_class;

static bool is_space(uint32_t cp) {
    return (cp >= 9 && cp <= 13) || cp == ' ' || cp == 0xA0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F ||
           cp == 0x205F || cp == 0x3000 || cp == 0xFEFF;
}

static bool is_in(const struct glyph_range *ranges, ptrdiff_t count, uint32_t cp) {
    ptrdiff_t from = 0, to = count; /* the first range that ends at or behind cp */
    while (from < to) {
        const ptrdiff_t mid = from + (to - from) / 2;
        if (ranges[mid].last < cp)
            from = mid + 1;
        else
            to = mid;
    }
    return from < count && ranges[from].first <= cp;
}

static glyph_class class_of(uint32_t cp) {
    if ((cp | 32) >= 'a' && (cp | 32) <= 'z') return GLYPH_LETTER;
    if (cp >= '0' && cp <= '9') return GLYPH_NUMBER;
    if (is_space(cp)) return GLYPH_SPACE;
    if (cp < 128) return GLYPH_OTHER;
    if (is_in(glyph_letters, COUNT_OF(glyph_letters), cp)) return GLYPH_LETTER;
    if (is_in(glyph_numbers, COUNT_OF(glyph_numbers), cp)) return GLYPH_NUMBER;
    return GLYPH_OTHER;
}

/* Behind the run of one class that begins at `at`. ret_last: where its last code point begins. */
static ptrdiff_t run_end(str text, ptrdiff_t at, glyph_class c, ptrdiff_t *ret_last) {
    ptrdiff_t next = at;
    while (at < text.n && class_of(str_utf8_next(text, &next)) == c) {
        *ret_last = at;
        at = next;
    }
    return at;
}

/* 's 't 're 've 'm 'll 'd: how many bytes, 0: none of them. */
static ptrdiff_t contraction(str text) {
    static const char *const ends[] = {"s", "t", "re", "ve", "m", "ll", "d"};
    if (!str_starts(text, STR("'"))) return 0;
    for (int i = 0; i < COUNT_OF(ends); i++)
        if (str_starts(str_tail(text, 1), str_from_z(ends[i])))
            return 1 + (ptrdiff_t)strlen(ends[i]);
    return 0;
}

/* Bytes of the next piece of a text that is not empty. */
static ptrdiff_t piece_bytes(str text) {
    ptrdiff_t last = 0, first = text.p[0] == ' ' && text.n > 1, next = first;
    const ptrdiff_t short_end = contraction(text);
    if (short_end > 0) return short_end;
    const glyph_class c = class_of(str_utf8_next(text, &next));
    if (c != GLYPH_SPACE) return run_end(text, first, c, &last);
    /* white space up to the last before something else, which may belong to that */
    const ptrdiff_t end = run_end(text, 0, GLYPH_SPACE, &last);
    return end == text.n || last == 0 ? end : last;
}

/* --- texts ----------------------------------------------------------------------------------- */

static void encode_plain(const struct bpe *b, struct arena scratch, str text, struct ids *out) {
    while (text.n > 0 && out->count < out->max) {
        const ptrdiff_t n = piece_bytes(text);
        encode_piece(b, scratch, str_head(text, n), out);
        text = str_tail(text, n);
    }
}

/* Which special token's name stands at the beginning, -1: none. */
static int special_at(const struct bpe *b, str text) {
    for (int i = 0; i < SPECIALS; i++)
        if (b->head->special[i] >= 0 && str_starts(text, str_from_z(special_names[i]))) return i;
    return -1;
}

static str without_space_behind(str text) {
    ptrdiff_t end = 0;
    for (ptrdiff_t at = 0; at < text.n;)
        if (class_of(str_utf8_next(text, &at)) != GLYPH_SPACE) end = at;
    return str_head(text, end);
}

int bpe_encode(const struct bpe *b, struct arena scratch, str text, int max, int32_t *ret_ids) {
    PRE(max >= 2 && text.n <= INT32_MAX / 64);
    struct ids out = {.v = ret_ids, .max = max - 1};
    put_id(&out, b->head->special[SPECIAL_BEGIN]);
    ptrdiff_t from = 0, at = 0;
    while (at < text.n && out.count < out.max) {
        const int which = text.p[at] == '<' ? special_at(b, str_tail(text, at)) : -1;
        if (which < 0) {
            at++;
            continue;
        }
        str plain = {text.p + from, at - from};
        if (which == SPECIAL_MASK) plain = without_space_behind(plain);
        encode_plain(b, scratch, plain, &out);
        put_id(&out, b->head->special[which]);
        from = at += (ptrdiff_t)strlen(special_names[which]);
    }
    encode_plain(b, scratch, str_tail(text, from), &out);
    ret_ids[out.count++] = b->head->special[SPECIAL_END];
    return out.count;
}

/* --- what the checkpoint was trained on ------------------------------------------------------ */

str bpe_masked(struct arena *a, str text) {
    struct buf out;
    const ptrdiff_t most = 3 * text.n + 8; /* "@a" becomes "@user" */
    buf_init_fixed(&out, arena_alloc(a, 1, 1, most), most);
    str rest = text, part;
    for (bool first = true; str_cut(&rest, ' ', &part); first = false) {
        if (!first) buf_put_byte(&out, ' ');
        if (str_starts(part, STR("@")) && part.n > 1) part = STR("@user");
        if (str_starts(part, STR("http"))) part = STR("http");
        buf_put(&out, part);
    }
    POST(!buf_full(&out));
    return buf_str(&out);
}
