/* bpe: text -> the numbers that RoBERTa reads. Byte-level pair encoding as GPT-2 has it.
 *
 * A tokenizer is one block of bytes without pointers: made from a checkpoint's vocab.json and
 * merges.txt, kept in a model file, mapped from there and used as it lies. */
#ifndef BF_MODEL_BPE_H
#define BF_MODEL_BPE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

#define BPE_VOCAB_MAX (1 << 20)
#define BPE_MERGES_MAX (1 << 20)
/* Memory that bpe_encode takes from scratch for a text of so many bytes, at the worst: a single
 * word of all of them. */
#define BPE_SCRATCH_BYTES(text_bytes) (28 * (ptrdiff_t)(text_bytes) + 256)

struct bpe; /* read-only, any thread */

/* Compiles the contents of vocab.json and merges.txt into `out` (initialised; takes up to 32 MiB).
 * Errors: ERR_PARSE with the line or the token; ERR_LIMIT too large. */
MUST_CHECK bool bpe_compile(str vocab_json, str merges_txt, struct buf *out, struct error *err);

/* Over compiled bytes, which are borrowed for as long as *ret, and aligned to 8. Every number in
 * them is checked. Errors: ERR_DAMAGED. */
MUST_CHECK bool bpe_open(struct arena *boot, str bytes, struct bpe **ret, struct error *err);

/* One more than the greatest number that encoding gives. */
int32_t bpe_vocab_count(const struct bpe *b);

/* Writes the numbers of `text` between those of <s> and </s>, at most max (>= 2) of them: what does
 * not fit is cut off before </s>. Returns how many. The special tokens' names are understood in
 * the text as well. text: valid UTF-8. scratch: by value, see BPE_SCRATCH_BYTES. */
int bpe_encode(const struct bpe *b, struct arena scratch, str text, int max, int32_t *ret_ids);

/* What the checkpoint was trained on: between blanks, "@" and what follows is "@user", and what
 * begins with "http" is "http". In `a`. */
str bpe_masked(struct arena *a, str text);

#endif
