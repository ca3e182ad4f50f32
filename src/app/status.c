/* status: watches a run and draws it on the terminal.
 *
 * The trader's thread only copies: what it did, into a picture behind a mutex. A thread of its own
 * draws four times a second, so that a terminal that is stopped (Ctrl-S) stops the drawing and not
 * the trading. Log lines would tear the picture: the log writes into a pipe meanwhile, and the
 * drawing thread prints what comes out of it above the picture. The pipe does not block either:
 * lines beyond its room are lost while the terminal stands still.
 *
 * Failure: no terminal, no pipe or no thread means no picture, and the run goes on with log lines.
 */
#include "app/status_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/table.h"
#include "base/log.h"
#include "run/room.h"

__extension__ typedef __int128 wide_int;

#define DRAW_MS 250
#define TICK_US (100 * USEC_PER_MS)
#define OUT_BYTES (256 << 10)
#define LOG_BLOCK 65536

struct status {
    struct status_info info;
    struct status_style style;
    pthread_t thread;
    int pipe_read, pipe_write;
    usec began; /* monotonic */
    struct buf out;
    int lines; /* on the screen */

    pthread_mutex_t mutex;
    bool stop;
    struct status_picture picture;
    usec rate_at;
    int64_t rate_posts;
    int64_t first_offset; /* -1: no tick yet */
};

/* --- the trader's thread: copying -------------------------------------------------------- */

static int64_t sum_refused(const struct trader_view *v) {
    int64_t n = 0;
    for (int i = 0; i < REASON_COUNT; i++) n += v->refused[i];
    return n;
}

/* Posts a second and the share of the file by the clock on the wall; time left by virtual time
 * where it follows a speed, else by the share. */
static void note_pace(struct status *s, const struct run_progress *p) {
    struct status_picture *x = &s->picture;
    const usec now = time_monotonic_us();
    if (now - s->rate_at >= USEC_PER_S) {
        x->posts_a_second = (p->posts - s->rate_posts) * USEC_PER_S / (now - s->rate_at);
        s->rate_at = now;
        s->rate_posts = p->posts;
        x->memory = room_memory();
    }
    if (s->first_offset < 0) s->first_offset = p->offset;
    x->share_bp = -1;
    x->left = -1;
    if (s->info.post_bytes <= 0) return;
    x->share_bp = (int)i64_clamp(p->offset * 10000 / s->info.post_bytes, 0, 10000);
    if (s->info.speed_e8 > 0 && s->info.last > 0) { /* paced: virtual time tells it exactly */
        if (!p->prices_ended) x->left = status_left(&s->info, p->now);
        return;
    }
    if (p->posts_ended) return;
    const int64_t done = p->offset - s->first_offset;
    if (done > 0 && now - s->began > USEC_PER_S)
        x->left = (usec)((wide_int)(now - s->began) * (s->info.post_bytes - p->offset) / done);
}

/* Control characters would move the cursor. */
static void copy_text(str text, char *dst, ptrdiff_t dst_bytes) {
    IGNORE(!str_copyz(text, dst, dst_bytes), "cut at a character");
    for (char *p = dst; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7F) *p = ' ';
}

static void on_tick(void *ctx, const struct run_progress *p) {
    struct status *s = ctx;
    const struct trader_view *v = &p->view;
    pthread_mutex_lock(&s->mutex);
    struct status_picture *x = &s->picture;
    x->known = true;
    x->now = p->now;
    x->mode = v->control->mode;
    IGNORE(!str_copyz(str_from_z(v->control->reason), x->mode_reason, sizeof x->mode_reason),
           "cut");
    x->posts = p->posts;
    x->prices = p->prices;
    x->signals = v->account->signals;
    x->trades = v->account->trades;
    x->refused = sum_refused(v);
    x->offset = p->offset;
    x->queue = p->waiting_posts;
    x->waiting = v->waiting;
    x->posts_ended = p->posts_ended;
    x->prices_ended = p->prices_ended;
    x->equity = v->equity;
    x->start = v->account->start;
    x->fees = v->account->fees;
    x->drawdown_bp = v->drawdown_bp;
    x->position_count = v->position_count;
    for (int i = 0; i < v->position_count && i < STATUS_POSITIONS; i++)
        x->positions[i] = v->positions[i];
    x->feed_count = p->feed_count;
    x->wall_now = time_wall_us();
    for (int i = 0; i < p->feed_count; i++) {
        struct status_feed *f = &x->feed[i];
        *f = (struct status_feed){
            .kept = p->feeds[i].kept, .known = p->feeds[i].known, .status = p->feeds[i].status};
        copy_text(p->feeds[i].key, f->key, sizeof f->key);
    }
    note_pace(s, p);
    pthread_mutex_unlock(&s->mutex);
}

/* A trade has one line, which changes with it; what is news goes on top. */
static void on_trade(void *ctx, usec now, const struct trade *t) {
    struct status *s = ctx;
    pthread_mutex_lock(&s->mutex);
    struct status_picture *x = &s->picture;
    int at = 0;
    while (at < x->trade_count && x->trade[at].id != t->id) at++;
    const bool is_new = at == x->trade_count;
    const bool entered = t->entered_at != 0;
    const bool news = is_new || x->trade[at].status != t->status || x->trade[at].entered != entered;
    if (news) {
        if (is_new && x->trade_count < STATUS_TRADES) x->trade_count++;
        const int below = is_new ? x->trade_count - 1 : at;
        memmove(&x->trade[1], &x->trade[0], sizeof x->trade[0] * (size_t)below);
        at = 0;
    }
    if (news) {
        struct status_trade *line = &x->trade[at];
        *line = (struct status_trade){.id = t->id,
                                      .at = now,
                                      .side = t->side,
                                      .quantity = t->quantity,
                                      .entry = t->entry_price,
                                      .status = t->status,
                                      .entered = entered,
                                      .why = t->closed_reason,
                                      .pnl = t->pnl};
        memcpy(line->symbol, t->symbol, sizeof line->symbol);
    }
    pthread_mutex_unlock(&s->mutex);
}

static void on_post(void *ctx, usec now, const struct reading *r, int score, reason why) {
    struct status *s = ctx;
    if (r->mention_count == 0) return; /* about no coin */
    const struct mention *best = &r->mentions[0];
    for (int i = 1; i < r->mention_count; i++)
        if (base_score(r->mentions[i].confidence_bp, r->mentions[i].polarity_bp) >
            base_score(best->confidence_bp, best->polarity_bp))
            best = &r->mentions[i];
    pthread_mutex_lock(&s->mutex);
    struct status_picture *x = &s->picture;
    if (x->post_count < STATUS_POSTS) x->post_count++;
    memmove(&x->post[1], &x->post[0], sizeof x->post[0] * (size_t)(x->post_count - 1));
    struct status_post *line = &x->post[0];
    *line = (struct status_post){.at = now,
                                 .score = score,
                                 .outcome = why,
                                 .polarity_bp = best->abstain ? 0 : best->polarity_bp};
    memcpy(line->symbol, best->symbol, sizeof line->symbol);
    const str name = r->post->username.n > 0 ? r->post->username : r->post->author_id;
    copy_text(name, line->username, sizeof line->username);
    copy_text(r->post->text, line->text, sizeof line->text);
    pthread_mutex_unlock(&s->mutex);
}

/* --- the drawing thread ------------------------------------------------------------------ */

static void write_all(int fd, str s) {
    while (s.n > 0) {
        const ssize_t n = write(fd, s.p, (size_t)s.n);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return; /* the terminal is gone */
        s = str_tail(s, n);
    }
}

static void fit_to_terminal(struct status_style *style) {
    struct winsize w = {0};
    style->width = 80;
    style->height = 24;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0) return;
    if (w.ws_col > 0) style->width = w.ws_col;
    if (w.ws_row > 0) style->height = w.ws_row;
}

/* What the log wrote meanwhile, above the picture; then the picture anew in its place. */
static void draw(struct status *s) {
    char logged[LOG_BLOCK];
    const ssize_t n = read(s->pipe_read, logged, sizeof logged);
    pthread_mutex_lock(&s->mutex);
    const struct status_picture p = s->picture;
    pthread_mutex_unlock(&s->mutex);

    const struct status_style before = s->style;
    fit_to_terminal(&s->style);
    const bool resized = before.width != s->style.width || before.height != s->style.height;
    buf_clear(&s->out);
    status_rewind(s->lines, resized, &s->out);
    if (n > 0) {
        buf_put(&s->out, STR("\033[J"));
        buf_put(&s->out, str_from_bytes(logged, n));
    }
    s->lines = status_draw(&s->info, &p, &s->style, &s->out);
    buf_put(&s->out, STR("\033[J"));
    write_all(STDERR_FILENO, buf_str(&s->out));
}

static void *run_drawing(void *arg) {
    struct status *s = arg;
    bool stop = false;
    while (!stop) {
        struct pollfd none = {.fd = -1};
        IGNORE(poll(&none, 1, DRAW_MS) != 0, "a pause, cut short by a signal at worst");
        pthread_mutex_lock(&s->mutex);
        stop = s->stop;
        pthread_mutex_unlock(&s->mutex);
        draw(s);
    }
    return NULL;
}

/* --- life -------------------------------------------------------------------------------- */

static bool is_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (ptrdiff_t i = 0; i < COUNT_OF(names); i++) {
        const char *v = getenv(names[i]);
        if (!v || !*v) continue;
        return str_find(str_from_z(v), STR("UTF-8")) >= 0 ||
               str_find(str_from_z(v), STR("utf8")) >= 0;
    }
    return false;
}

static void take_log(struct status *s) {
    log_level level = LOG_INFO;
    IGNORE(log_level_from_name(s->info.cfg->log_level, &level), "the table admits only names");
    if (level == LOG_INFO) level = LOG_UNUSUAL; /* the picture shows the rest */
    log_setup(level, LOG_LOGFMT, s->pipe_write);
}

static void give_log_back(struct status *s) {
    log_level level = LOG_INFO;
    IGNORE(log_level_from_name(s->info.cfg->log_level, &level), "the table admits only names");
    log_setup(level, str_eq(s->info.cfg->log_format, STR("json")) ? LOG_JSON : LOG_LOGFMT,
              STDERR_FILENO);
}

static bool is_dumb(void) {
    const char *term = getenv("TERM");
    return !term || !*term || strcmp(term, "dumb") == 0;
}

struct status *status_start(struct arena *boot, const struct status_info *info,
                            struct run_watch *ret_watch) {
    int fds[2];
    if (!isatty(STDERR_FILENO) || is_dumb() || pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) return NULL;
    struct status *s = NEW(boot, struct status);
    s->info = *info;
    s->style.color = terminal_has_color(STDERR_FILENO);
    s->style.utf8 = is_utf8();
    s->pipe_read = fds[0];
    s->pipe_write = fds[1];
    s->began = s->rate_at = time_monotonic_us();
    s->first_offset = -1;
    buf_init(&s->out, OUT_BYTES);
    pthread_mutex_init(&s->mutex, NULL);
    take_log(s);
    if (pthread_create(&s->thread, NULL, run_drawing, s) != 0) {
        give_log_back(s);
        close(fds[0]);
        close(fds[1]);
        buf_fini(&s->out);
        return NULL;
    }
    *ret_watch = (struct run_watch){
        .ctx = s, .every = TICK_US, .tick = on_tick, .post = on_post, .trade = on_trade};
    return s;
}

void status_stop(struct status *s) {
    if (!s) return;
    pthread_mutex_lock(&s->mutex);
    s->stop = true;
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->thread, NULL);
    give_log_back(s);
    close(s->pipe_read);
    close(s->pipe_write);
    buf_fini(&s->out);
    pthread_mutex_destroy(&s->mutex);
}
