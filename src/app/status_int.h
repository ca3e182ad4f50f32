/* What status.c (the thread, what is watched) and status_draw.c (the picture) share. */
#ifndef BF_APP_STATUS_INT_H
#define BF_APP_STATUS_INT_H

#include "app/status.h"

#define STATUS_POSITIONS 8
#define STATUS_TRADES 6
#define STATUS_POSTS 5
#define STATUS_TEXT_BYTES 400

struct status_trade {
    int64_t id;
    usec at;
    side side;
    char symbol[SYMBOL_BYTES];
    qty quantity;
    price entry;
    trade_status status;
    bool entered;
    reason why;
    money pnl;
};

struct status_post {
    usec at;
    int score;
    reason outcome;
    char symbol[SYMBOL_BYTES]; /* of its strongest mention, "" if none */
    int32_t polarity_bp;
    char username[48];
    char text[STATUS_TEXT_BYTES];
};

/* One moment of a run, copied: the picture is a function of it. */
struct status_feed {
    char key[FEED_BYTES];
    int64_t kept;
    bool known;
    struct source_status status;
};

struct status_picture {
    bool known; /* at least one tick came */
    usec now;
    mode mode;
    char mode_reason[64];
    int64_t posts, prices, signals, trades, refused;
    int64_t offset; /* bytes of the source */
    int queue, waiting;
    bool posts_ended, prices_ended;
    money equity, start, fees;
    int64_t drawdown_bp;
    int position_count;
    struct position positions[STATUS_POSITIONS];
    struct status_trade trade[STATUS_TRADES]; /* newest first */
    int trade_count;
    struct status_post post[STATUS_POSTS]; /* newest first */
    int post_count;
    struct status_feed feed[RUN_FEEDS_MAX]; /* live sources */
    int feed_count;
    usec wall_now;
    /* of the wall */
    int64_t posts_a_second;
    int64_t memory; /* bytes; 0: not known */
    usec left;      /* -1 unknown */
    int share_bp;   /* of the posts file that is done; -1 unknown */
};

struct status_style {
    int width, height; /* of the terminal */
    bool color, utf8;
};

/* The lines of the picture, each ended by a line feed and none wider or more than the terminal.
 * Returns their number. */
int status_draw(const struct status_info *info, const struct status_picture *p,
                const struct status_style *style, struct buf *out);

/* Puts the cursor to where the last frame of `lines` lines begins. When the terminal's size has
 * changed since, its lines may have been broken anew and nobody knows where that is: then the
 * screen is cleared, and the frame begins at its top. */
void status_rewind(int lines, bool resized, struct buf *out);

/* Time on the wall until virtual time reaches the end of the prices; -1 where the speed is not a
 * number or the end not known. */
usec status_left(const struct status_info *info, usec now);

#endif
