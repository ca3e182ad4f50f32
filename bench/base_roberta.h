/* base_roberta: a model file of the shape of roberta-base, int8, with random weights, for what is
 * measured with one. Its tokenizer knows the words of bench_latency's posts, pairs of syllables
 * and a few others, as one token each; all else is read letter by letter. */
#ifndef BF_BENCH_BASE_ROBERTA_H
#define BF_BENCH_BASE_ROBERTA_H

#include <stdio.h>

#include "model/roberta.h"
#include "tiny_roberta.h"

#define SYLLABLES 16
static const char *const syllables[SYLLABLES] = {"ka", "lo", "mi", "ru", "te", "vo", "ni", "sa",
                                                 "be", "du", "fo", "gi", "hu", "ja", "pe", "zu"};
#define BLANK "\\u0120" /* how a blank is written in vocab.json */
#define BLANK_MERGE "\xc4\xa0"

static inline void put_token(struct buf *vocab, int *count, const char *blank, const char *a,
                             const char *b) {
    buf_printf(vocab, "%s\"%s%s%s\":%d", *count > 0 ? "," : "{", blank, a, b, *count);
    ++*count;
}

/* A word behind a blank, or without one. */
static inline void put_word(struct buf *vocab, struct buf *merges, int *count, bool blank,
                            const char *word) {
    const char *const first = blank ? BLANK : "";
    for (int n = blank ? 0 : 1; word[n] != '\0'; n++) {
        char head[32], longer[32];
        snprintf(head, sizeof head, "%.*s", n, word);
        snprintf(longer, sizeof longer, "%.*s", n + 1, word);
        put_token(vocab, count, first, longer, "");
        buf_printf(merges, "%s%s %c\n", blank ? BLANK_MERGE : "", head, word[n]);
    }
}

/* Returns how many tokens there are. */
static inline int word_tokenizer(struct arena *a, str *ret) {
    static const char *const specials[] = {"<s>", "<pad>", "</s>", "<unk>"};
    struct buf vocab, merges, compiled;
    struct error err;
    int count = 0;
    buf_init(&vocab, 1 << 20);
    buf_init(&merges, 1 << 20);
    buf_init(&compiled, 8 << 20);
    buf_put(&merges, STR("#version: 0.2\n"));
    for (int i = 0; i < COUNT_OF(specials); i++) put_token(&vocab, &count, "", specials[i], "");
    for (int c = '!'; c <= '~'; c++) {
        const char text[3] = {c == '"' || c == '\\' ? '\\' : (char)c,
                              c == '"' || c == '\\' ? (char)c : '\0', '\0'};
        put_token(&vocab, &count, "", text, "");
    }
    put_token(&vocab, &count, BLANK, "", "");
    for (int i = 0; i < SYLLABLES; i++) {
        put_token(&vocab, &count, "", syllables[i], "");
        buf_printf(&merges, "%c %c\n", syllables[i][0], syllables[i][1]);
    }
    for (int i = 0; i < SYLLABLES; i++)
        for (int k = 0; k < SYLLABLES; k++) {
            put_token(&vocab, &count, "", syllables[i], syllables[k]);
            put_token(&vocab, &count, BLANK, syllables[i], syllables[k]);
            buf_printf(&merges, "%s %s\n", syllables[i], syllables[k]);
        }
    for (int i = 0; i < SYLLABLES; i++)
        for (int k = 0; k < SYLLABLES; k++)
            buf_printf(&merges, BLANK_MERGE " %s%s\n", syllables[i], syllables[k]);
    put_word(&vocab, &merges, &count, false, "Just");
    put_word(&vocab, &merges, &count, true, "bought");
    put_word(&vocab, &merges, &count, true, "amazing");
    buf_put(&vocab, STR("}"));
    const bool ok = bpe_compile(buf_str(&vocab), buf_str(&merges), &compiled, &err);
    if (!ok) fprintf(stderr, "bench: %s\n", err.msg);
    POST(ok);
    char *p = arena_alloc(a, 1, 64, compiled.len);
    memcpy(p, compiled.p, (size_t)compiled.len);
    *ret = (str){p, compiled.len};
    buf_fini(&compiled);
    buf_fini(&merges);
    buf_fini(&vocab);
    return count;
}

/* Writes it to `path`: 85 MB, some seconds. */
MUST_CHECK static inline bool base_roberta_write(const char *path, struct error *err) {
    struct arena mem;
    struct rng r;
    arena_open(&mem, INT64_C(1) << 30);
    struct checkpoint *c = tiny_roberta(&mem, 1, 768, 12, 12, 3072);
    rng_init(&r, 2);
    c->shape.vocab = word_tokenizer(&mem, &c->tokenizer);
    c->word = tiny_floats(&mem, &r, (int64_t)c->shape.vocab * c->shape.hidden, 0.8, 0);
    const bool ok = packed_write(c, PRECISION_INT8, "base", path, true, err);
    arena_close(&mem);
    return ok;
}

#endif
