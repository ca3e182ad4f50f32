/* cmd_score: `bullfinch score`: what the reader makes of a text, without a store, prices or trades.
 *
 * One JSON object a line on standard output, in the order of the input: for a text on the command
 * line, or for each line of standard input. A line that is no post gives an object with `error` and
 * the exit status 1 at the end; nothing stops the lines behind it. */
#include "app/cmds.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "app/explain.h"
#include "app/score_view.h"
#include "app/table.h"
#include "app/wire.h"
#include "flow/appraise.h"

#define MEMORY_BYTES (16 << 20)

static exit_status score_text(const struct scorer *s, str text) {
    struct error err;
    struct arena mem, scratch;
    struct post post;
    struct reading reading;
    struct buf out;
    arena_open(&mem, MEMORY_BYTES);
    arena_open(&scratch, MEMORY_BYTES);
    buf_init(&out, MEMORY_BYTES);
    bool ok = score_post(&mem, text, &post, &err);
    if (ok) {
        struct signal signals[MENTIONS_MAX];
        reader_read(s->reader, scratch, &post, 1, &reading);
        appraise(s->appraiser, &reading, signals);
        score_json(&post, &reading, signals, &out);
        buf_put_byte(&out, '\n');
        ok = app_print(&out, &err);
    }
    buf_fini(&out);
    arena_close(&scratch);
    arena_close(&mem);
    return ok ? EXIT_DONE : app_fail(&err);
}

static exit_status explain_text(const struct app *app, const struct scorer *s, str text) {
    struct error err;
    struct arena mem;
    struct post post;
    struct buf out;
    arena_open(&mem, MEMORY_BYTES);
    struct reading *reading = NEW(&mem, struct reading);
    struct weights *weights = NEW(&mem, struct weights);
    struct signal *signals = NEW_ARRAY(&mem, struct signal, MENTIONS_MAX);
    buf_init(&out, MEMORY_BYTES);
    bool ok = score_post(&mem, text, &post, &err);
    if (ok) {
        reader_read(s->reader, mem, &post, 1, reading);
        weigh_words(s->reader, mem, &post, reading, weights);
        appraise(s->appraiser, reading, signals);
        const struct explain x = {.post = &post,
                                  .reading = reading,
                                  .weights = weights,
                                  .signals = signals,
                                  .threshold = (int)app->cfg.trading_signal_threshold,
                                  .color = terminal_has_color(STDOUT_FILENO)};
        explain_put(&x, &out);
        ok = app_print(&out, &err);
    }
    buf_fini(&out);
    arena_close(&mem);
    return ok ? EXIT_DONE : app_fail(&err);
}

static exit_status score_run(struct app *app, const struct args *args) {
    struct error err;
    const struct reader *r;
    int64_t bad = 0;
    if (!wire_scorer(app, &r, &err)) return app_fail(&err);
    const bool stream = str_eq(args->pos[0], STR("-")), explain = args_has(args, "explain");
    if (explain && stream) {
        fprintf(stderr, "bullfinch: --explain takes one TEXT, not -\n");
        return EXIT_USAGE;
    }
    const struct scorer s = {.reader = r, .appraiser = appraiser_open(&app->boot, &app->cfg)};
    if (explain) return explain_text(app, &s, args->pos[0]);
    if (!stream) return score_text(&s, args->pos[0]);
    if (!score_stream(&s, STDIN_FILENO, STDOUT_FILENO, &bad, &err)) return app_fail(&err);
    if (bad > 0) fprintf(stderr, "bullfinch: %" PRId64 " lines could not be scored\n", bad);
    return bad > 0 ? EXIT_FAILED : EXIT_DONE;
}

static const struct opt score_opts[] = {
    {"model", "NAME", "linear, roberta or cascade; instead of model.kind."},
    {"explain", NULL,
     "Show for a person which words moved it, which coin, each part, and why it would "
     "or would not trade."},
    {0}};

const struct cmd cmd_score = {
    .group = "Looking",
    .name = "score",
    .pos = "TEXT|-",
    .brief = "Show what a text says about which coins, as JSON.",
    .about = "TEXT is one post; - reads one post a line from standard input, plain text or a JSON "
             "object with `text`. Each gives one line: label, probs (negative, neutral, "
             "positive), sentiment_score, signal_score, mentions, parts, refusal.\n\n"
             "Example:\n"
             "  bullfinch score 'Just bought more $DOGE, so happy'",
    .opts = score_opts,
    .pos_min = 1,
    .pos_max = 1,
    .needs_config = true,
    .run = score_run};
