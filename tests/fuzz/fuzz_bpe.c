/* Law: whatever bytes stand where a compiled tokenizer should be, they open or are refused as
 * damaged; and an open one gives any text numbers below its vocabulary, between the same two, the
 * same way twice.
 *
 * First byte: 0 the rest is vocab.json, a zero byte and merges.txt; 1 the rest is laid over a small
 * tokenizer: pairs of two bytes (where) and one (what); else the rest is a text. */
#include "base/buf.h"
#include "fuzz.h"
#include "model/bpe.h"

#define TEXT_BYTES_MAX 4096
#define IDS_MAX 600

static const char vocab[] =
    "{\"<s>\":0,\"<pad>\":1,\"</s>\":2,\"<unk>\":3,\"a\":4,\"b\":5,\"ab\":6,\"\\u0120\":7,"
    "\"\\u0120ab\":8,\"c\":9,\"abc\":10,\"<mask>\":11}";
static const char merges[] = "#version: 0.2\na b\n\xC4\xA0 ab\nab c\n";

static void read_text(const struct bpe *b, struct arena scratch, str text) {
    int32_t once[IDS_MAX], again[IDS_MAX];
    text = bpe_masked(&scratch, text);
    const int n = bpe_encode(b, scratch, text, IDS_MAX, once);
    LAW(n >= 2 && n <= IDS_MAX);
    LAW(bpe_encode(b, scratch, text, IDS_MAX, again) == n);
    for (int i = 0; i < n; i++) {
        LAW(once[i] == again[i]);
        LAW(once[i] >= 0 && once[i] < bpe_vocab_count(b));
    }
}

static void open_and_read(struct arena boot, struct arena scratch, str bytes, str text) {
    struct bpe *b;
    struct error err = {0};
    if (bpe_open(&boot, bytes, &b, &err)) {
        read_text(b, scratch, text);
    } else {
        LAW(err.code == ERR_DAMAGED);
    }
}

static void compile_and_read(struct arena boot, struct arena scratch, str files, struct buf *out) {
    struct error err = {0};
    str rest = files, first;
    IGNORE(!str_cut(&rest, '\0', &first), "an empty input has an empty vocab.json");
    if (bpe_compile(first, rest, out, &err)) {
        struct bpe *b;
        LAW(bpe_open(&boot, buf_str(out), &b, &err));
        read_text(b, scratch, STR("abc <mask> ab</s>c  \xF0\x9F\x9A\x80 @a http://b"));
    } else {
        LAW(err.code == ERR_PARSE || err.code == ERR_LIMIT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena boot, scratch;
    if (!boot.base) {
        arena_open(&boot, 1 << 20);
        arena_open(&scratch, 1 << 20);
    }
    if (bytes < 1 || bytes > TEXT_BYTES_MAX) return 0;
    const str rest = {(const char *)data + 1, (ptrdiff_t)bytes - 1};
    struct buf compiled;
    struct error err;
    buf_init(&compiled, 1 << 20);
    if (data[0] == 0) {
        compile_and_read(boot, scratch, rest, &compiled);
    } else {
        LAW(bpe_compile(str_from_z(vocab), str_from_z(merges), &compiled, &err));
        for (ptrdiff_t i = 0; data[0] == 1 && i + 3 <= rest.n; i += 3) {
            const ptrdiff_t at = (uint8_t)rest.p[i] | (uint8_t)rest.p[i + 1] << 8;
            if (at < compiled.len) compiled.p[at] = (char)(compiled.p[at] ^ rest.p[i + 2]);
        }
        const bool text = data[0] > 1 && str_utf8_valid(rest);
        open_and_read(boot, scratch, buf_str(&compiled), text ? rest : STR("abc ab bab abcabc"));
    }
    buf_fini(&compiled);
    return 0;
}
