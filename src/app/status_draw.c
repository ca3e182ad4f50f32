/* status_draw: the picture of a run as lines of text. Pure: a moment in, lines out.
 *
 * From top to bottom: what runs and when it is, how far it is, counts, the account, live
 * sources, positions, the last trades, the last posts that said something. What does not fit the
 * terminal is left out from the bottom, and each line is cut at the right edge. */
#include "app/status_int.h"

#include <inttypes.h>

#include "app/table.h"

__extension__ typedef __int128 wide_int;

#define LINE_BYTES 1024

struct canvas {
    struct buf *out;
    const struct status_style *style;
    int lines;
    struct buf line; /* the one being made, without escape codes in its width */
    char block[LINE_BYTES];
    int width; /* columns that the line takes so far */
};

typedef enum paint { PLAIN, BOLD, DIM, GOOD, BAD, WARM } paint;

static const char *const codes[] = {"", "\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[33m"};

/* --- lines ------------------------------------------------------------------------------- */

static void put(struct canvas *c, paint how, str text) {
    const str shown = text_head(text, c->style->width - c->width);
    const bool painted = c->style->color && how != PLAIN && shown.n > 0;
    if (painted) buf_put(&c->line, str_from_z(codes[how]));
    buf_put(&c->line, shown);
    if (painted) buf_put(&c->line, STR("\033[0m"));
    c->width += text_width(shown);
}

static void put_f(struct canvas *c, paint how, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void put_f(struct canvas *c, paint how, const char *fmt, ...) {
    char block[LINE_BYTES];
    struct buf b;
    va_list args;
    buf_init_fixed(&b, block, sizeof block);
    va_start(args, fmt);
    buf_vprintf(&b, fmt, args);
    va_end(args);
    put(c, how, buf_str(&b));
}

static void put_to(struct canvas *c, int column) {
    if (c->width < column) put_f(c, PLAIN, "%*s", column - c->width, "");
}

static void end_line(struct canvas *c) {
    if (c->lines < c->style->height - 1) {
        buf_put(c->out, buf_str(&c->line));
        buf_put(c->out, STR("\033[K\n")); /* clears what an earlier, longer line left */
        c->lines++;
    }
    buf_clear(&c->line);
    c->width = 0;
}

static bool wide(const struct canvas *c) { return c->style->width >= 100; }

/* --- numbers ----------------------------------------------------------------------------- */

/* 12345678 cents -> "123,456.78", rounded half away from zero. */
static str money_text(int64_t e8, bool sign, char block[48]) {
    const int64_t unit = E8 / 100;
    const uint64_t size = e8 < 0 ? (uint64_t)0 - (uint64_t)e8 : (uint64_t)e8;
    const uint64_t cents = (size + (uint64_t)unit / 2) / (uint64_t)unit;
    uint64_t whole = cents / 100;
    char digits[24];
    int n = 0;
    do {
        if (n % 4 == 3) digits[n++] = ',';
        digits[n++] = (char)('0' + whole % 10);
        whole /= 10;
    } while (whole > 0);
    struct buf b;
    buf_init_fixed(&b, block, 48);
    if (e8 < 0 && cents > 0)
        buf_put_byte(&b, '-');
    else if (sign)
        buf_put_byte(&b, '+');
    while (n > 0) buf_put_byte(&b, digits[--n]);
    buf_printf(&b, ".%02d", (int)(cents % 100));
    return buf_str(&b);
}

static void put_profit(struct canvas *c, int64_t e8) {
    char block[48];
    put(c, e8 > 0 ? GOOD : e8 < 0 ? BAD : PLAIN, money_text(e8, true, block));
}

static void put_share(struct canvas *c, paint how, int64_t bp, bool sign) {
    const int64_t size = bp < 0 ? -bp : bp;
    put_f(c, how, "%s%" PRId64 ".%02d %%",
          bp < 0 ? "-"
          : sign ? "+"
                 : "",
          size / 100, (int)(size % 100));
}

static void put_amount(struct canvas *c, int64_t e8) {
    char block[AMOUNT_TEXT_BYTES];
    put(c, PLAIN, amount_format_e8(e8, block));
}

static void put_clock(struct canvas *c, paint how, usec at) {
    char block[TIME_TEXT_BYTES];
    put(c, how, str_head(str_tail(time_format_rfc3339(at, block), 11), 8));
}

static void put_duration(struct canvas *c, usec t) {
    const int64_t s = t / USEC_PER_S;
    if (s >= 3600)
        put_f(c, PLAIN, "%" PRId64 "h %02dm", s / 3600, (int)(s / 60 % 60));
    else if (s >= 60)
        put_f(c, PLAIN, "%" PRId64 "m %02ds", s / 60, (int)(s % 60));
    else
        put_f(c, PLAIN, "%" PRId64 "s", s);
}

/* --- parts of the picture ---------------------------------------------------------------- */

static paint paint_of(mode m) {
    switch (m) {
    case MODE_AUTO:
        return GOOD;
    case MODE_MANUAL:
    case MODE_OBSERVE:
        return WARM;
    case MODE_HALTED:
        return BAD;
    }
    WRONG("a mode out of its list");
}

static void draw_head(struct canvas *c, const struct status_info *info,
                      const struct status_picture *p) {
    char block[TIME_TEXT_BYTES], factor[AMOUNT_TEXT_BYTES];
    put(c, BOLD, STR("bullfinch  "));
    put_f(c, paint_of(p->mode), "%s", mode_name(p->mode));
    if (p->mode == MODE_HALTED && *p->mode_reason) put_f(c, DIM, " (%s)", p->mode_reason);
    put_f(c, PLAIN, "  " STR_FMT, STR_ARG(info->cfg->venue_kind));
    if (info->speed_e8 == RUN_SPEED_MAX)
        put(c, PLAIN, STR("  full speed"));
    else if (info->speed_e8 > 0)
        put_f(c, PLAIN, "  speed " STR_FMT, STR_ARG(amount_format_e8(info->speed_e8, factor)));
    str at = str_head(time_format_rfc3339(p->now, block), 19);
    put_to(c, c->style->width - 24);
    put(c, PLAIN, STR(" "));
    put(c, BOLD, str_head(at, 10));
    put(c, PLAIN, STR(" "));
    put(c, BOLD, str_tail(at, 11));
    put(c, DIM, STR(" UTC"));
    end_line(c);
}

static void draw_bar(struct canvas *c, const struct status_picture *p) {
    if (p->share_bp < 0) return;
    const int cells = (int)i64_clamp(c->style->width - 34, 10, 60);
    const int full = (int)((int64_t)cells * p->share_bp / 10000);
    for (int i = 0; i < cells; i++) {
        const bool done = i < full;
        put(c, done ? GOOD : DIM,
            c->style->utf8 ? done ? STR("\u2588") : STR("\u2591")
            : done ? STR("#")
                           : STR("."));
    }
    put_f(c, PLAIN, " %3d %% of the posts", p->share_bp / 100);
    if (p->left >= 0) {
        put(c, PLAIN, STR(", "));
        put_duration(c, p->left);
        put(c, PLAIN, STR(" left"));
    }
    end_line(c);
}

static void draw_counts(struct canvas *c, const struct status_picture *p) {
    put_f(c, PLAIN, "posts %" PRId64, p->posts);
    if (p->posts_a_second > 0) put_f(c, DIM, " (%" PRId64 "/s)", p->posts_a_second);
    put_f(c, PLAIN, "   signals %" PRId64 "   trades %" PRId64 "   refused %" PRId64, p->signals,
          p->trades, p->refused);
    if (p->waiting > 0) put_f(c, WARM, "   waiting %d", p->waiting);
    if (wide(c)) put_f(c, DIM, "   prices %" PRId64 "   ahead %d", p->prices, p->queue);
    if (wide(c) && p->memory > 0) put_f(c, DIM, "   memory %" PRId64 " MiB", p->memory >> 20);
    end_line(c);
}

static void draw_account(struct canvas *c, const struct status_info *info,
                         const struct status_picture *p) {
    char block[48];
    const money gain = money_minus(p->equity, p->start);
    put(c, PLAIN, STR("equity "));
    put(c, BOLD, money_text(money_e8(p->equity), false, block));
    put_f(c, PLAIN, " " STR_FMT "  ", STR_ARG(info->cfg->venue_quote_asset));
    put_profit(c, money_e8(gain));
    if (money_e8(p->start) > 0) {
        put(c, PLAIN, STR(" ("));
        const int64_t bp = money_ratio_bp(gain, p->start);
        put_share(c, bp > 0 ? GOOD : bp < 0 ? BAD : PLAIN, bp, true);
        put(c, PLAIN, STR(")"));
    }
    put(c, PLAIN, STR("   day's drawdown "));
    put_share(c, p->drawdown_bp > 0 ? WARM : PLAIN, p->drawdown_bp, false);
    if (wide(c))
        put_f(c, DIM, "   fees " STR_FMT, STR_ARG(money_text(money_e8(p->fees), false, block)));
    end_line(c);
}

static void draw_title(struct canvas *c, const char *title) {
    end_line(c);
    put_f(c, DIM, "%s", title);
    end_line(c);
}

/* "live", or why not and until when. */
static void draw_feeds(struct canvas *c, const struct status_picture *p) {
    if (p->feed_count == 0) return;
    draw_title(c, "SOURCES");
    for (int i = 0; i < p->feed_count; i++) {
        const struct status_feed *f = &p->feed[i];
        const struct source_status *s = &f->status;
        const source_state state = f->known ? s->state : SOURCE_STARTING;
        const bool live = state == SOURCE_LIVE;
        put_f(c, PLAIN, "  %-18s ", f->key);
        put_f(c,
              live                       ? GOOD
              : state == SOURCE_STARTING ? DIM
                                         : WARM,
              "%-11s", source_state_name(state));
        put_f(c, PLAIN, " %" PRId64 " kept of %" PRId64 " posts", f->kept, s->posts);
        if (s->missed > 0) put_f(c, PLAIN, ", %" PRId64 " missed", s->missed);
        if (live && s->last_post_at > 0) {
            put(c, DIM, STR(", last "));
            put_duration(c, i64_max(p->wall_now - s->last_post_at, 0));
            put(c, DIM, STR(" ago"));
        }
        if (s->narrow) put(c, WARM, STR(", narrowed to the budget"));
        if (!live && s->until > 0) {
            put(c, PLAIN, STR(", until "));
            put_clock(c, PLAIN, s->until);
        }
        if (!live && *s->why) put_f(c, DIM, ": %s", s->why);
        end_line(c);
    }
}

static void put_side(struct canvas *c, side s) {
    put_f(c, s == SIDE_LONG ? GOOD : BAD, "%-5s", s == SIDE_LONG ? "LONG" : "SHORT");
}

static void draw_positions(struct canvas *c, const struct status_picture *p) {
    draw_title(c, p->position_count > 0 ? "POSITIONS" : "POSITIONS  none");
    const int shown = p->position_count < STATUS_POSITIONS ? p->position_count : STATUS_POSITIONS;
    for (int i = 0; i < shown; i++) {
        const struct position *x = &p->positions[i];
        put_f(c, BOLD, "  %-10s ", x->symbol);
        put_side(c, qty_e8(x->size) > 0 ? SIDE_LONG : SIDE_SHORT);
        put(c, PLAIN, STR("  "));
        put_amount(c, qty_e8(qty_abs(x->size)));
        put(c, DIM, STR(" at "));
        put_amount(c, price_e8(x->avg_entry));
        put_to(c, 48);
        put(c, PLAIN, STR("  "));
        put_profit(c, money_e8(x->unrealized));
        end_line(c);
    }
}

static void draw_trades(struct canvas *c, const struct status_picture *p) {
    if (p->trade_count == 0) return;
    draw_title(c, "TRADES");
    for (int i = 0; i < p->trade_count; i++) {
        const struct status_trade *t = &p->trade[i];
        put(c, PLAIN, STR("  "));
        put_clock(c, DIM, t->at);
        put_f(c, PLAIN, "  %-10s ", t->symbol);
        put_side(c, t->side);
        put(c, PLAIN, STR("  "));
        if (t->status == TRADE_CANCELLED) {
            put(c, DIM, STR("not filled"));
        } else if (!t->entered) {
            put(c, DIM, STR("ordered"));
        } else if (t->status == TRADE_OPEN) {
            put(c, PLAIN, STR("opened at "));
            put_amount(c, price_e8(t->entry));
        } else {
            put_profit(c, money_e8(t->pnl));
            put_f(c, PLAIN, "  %s", reason_text(t->why));
        }
        end_line(c);
    }
}

static void draw_posts(struct canvas *c, const struct status_picture *p) {
    if (p->post_count == 0) return;
    draw_title(c, "POSTS");
    for (int i = 0; i < p->post_count; i++) {
        const struct status_post *x = &p->post[i];
        put(c, PLAIN, STR("  "));
        put_clock(c, DIM, x->at);
        put_f(c, x->score >= 70 ? BOLD : PLAIN, " %4d ", x->score);
        put_f(c,
              x->polarity_bp > 0   ? GOOD
              : x->polarity_bp < 0 ? BAD
                                   : DIM,
              "%-10s ", *x->symbol ? x->symbol : "-");
        put_f(c, DIM, "@%s ", x->username);
        put(c, PLAIN, str_from_z(x->text));
        end_line(c);
    }
}

usec status_left(const struct status_info *info, usec now) {
    if (info->speed_e8 <= 0 || info->last <= 0) return -1;
    const wide_int left = (wide_int)i64_max(info->last - now, 0) * E8 / info->speed_e8;
    return left > USEC_NEVER ? USEC_NEVER : (usec)left;
}

void status_rewind(int lines, bool resized, struct buf *out) {
    if (lines <= 0) return;
    if (resized)
        buf_put(out, STR("\033[H\033[J"));
    else
        buf_printf(out, "\033[%dA\r", lines);
}

int status_draw(const struct status_info *info, const struct status_picture *p,
                const struct status_style *style, struct buf *out) {
    struct canvas c = {.out = out, .style = style};
    buf_init_fixed(&c.line, c.block, sizeof c.block);
    if (!p->known) {
        put(&c, DIM, STR("bullfinch is starting ..."));
        end_line(&c);
        return c.lines;
    }
    draw_head(&c, info, p);
    draw_bar(&c, p);
    draw_counts(&c, p);
    draw_account(&c, info, p);
    draw_feeds(&c, p);
    draw_positions(&c, p);
    draw_trades(&c, p);
    draw_posts(&c, p);
    return c.lines;
}
