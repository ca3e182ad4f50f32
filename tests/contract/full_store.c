/* full_store: see the header. */
#include "full_store.h"

#include <stdlib.h>

#include "rows_make.h"
#include "run_rig.h"

#include "store/candles.h"
#include "store/posts.h"
#include "store/sources.h"
#include "store/workers.h"

static struct store *s;
static struct arena a;
static struct actions *acts;
static struct rng rng;

static void commit_turn(void) {
    struct error err;
    assert_ok(store_begin(s, true, &err), &err);
    assert_ok(store_apply(s, acts, &err), &err);
    assert_ok(store_commit(s, &err), &err);
    acts->count = 0;
}

static void put_intake(str feed, const struct intake *it, usec now) {
    struct error err;
    assert_ok(store_begin(s, true, &err), &err);
    assert_ok(store_intake_put(s, feed, str_head(feed, str_find_byte(feed, ':')), it, now, &err),
              &err);
    assert_ok(store_commit(s, &err), &err);
}

/* -- what sources leave ------------------------------------------------------------------------ */

/* As many as a day may bring. */
static void put_bill(str feed) {
    static int64_t ids[4500];
    for (int i = 0; i < COUNT_OF(ids); i++) ids[i] = (i - 100) * INT64_C(1000003);
    const struct usage bill = {.resource = RESOURCE_EVENT,
                               .day = FULL_NOW / USEC_PER_DAY,
                               .returned = COUNT_OF(ids),
                               .billed = COUNT_OF(ids),
                               .amount = money_from_e8(1500000),
                               .ids = ids,
                               .reported = -1};
    put_intake(feed, &(struct intake){.kind = INTAKE_USAGE, .u.usage = bill}, FULL_NOW);
}

static void put_sources(void) {
    static const int64_t ids[] = {5, 9, -7};
    const str feeds[] = {STR("x_search:x"), STR("jetstream:bsky"), STR("replay:old")};
    const int64_t today = FULL_NOW / USEC_PER_DAY;
    for (int i = 0; i < COUNT_OF(feeds); i++) {
        const struct intake status = {.kind = INTAKE_STATUS,
                                      .state = STR("since_id=1"),
                                      .u.status = {.state = i ? SOURCE_LIVE : SOURCE_BROKEN,
                                                   .since = FULL_NOW - 90 * USEC_PER_S,
                                                   .until = i ? 0 : FULL_NOW + USEC_PER_MIN,
                                                   .why = "no \"line\" \xC3\xA9",
                                                   .posts = 3 + i,
                                                   .blind = i * 7 * USEC_PER_S,
                                                   .narrow = i == 1}};
        put_intake(feeds[i], &status, FULL_NOW - 60 * USEC_PER_S);
        for (int k = 0; k < 4; k++) {
            const usec from = FULL_NOW - (k + 1) * USEC_PER_HOUR;
            const struct gap g = {from, from + 90 * USEC_PER_S + i, (gap_state)(1 + k % 3), k,
                                  "gone"};
            put_intake(feeds[i], &(struct intake){.kind = INTAKE_GAP, .u.gap = g}, FULL_NOW);
        }
        const struct usage bill = {.resource = i ? RESOURCE_USER : RESOURCE_POST,
                                   .day = today - i,
                                   .returned = 4,
                                   .billed = 3,
                                   .amount = money_from_e8(1500000),
                                   .ids = ids,
                                   .reported = -1};
        put_intake(feeds[i], &(struct intake){.kind = INTAKE_USAGE, .u.usage = bill}, FULL_NOW);
        const struct usage told = {.day = today - i, .reported = 100 + i};
        put_intake(feeds[i], &(struct intake){.kind = INTAKE_USAGE, .u.usage = told}, FULL_NOW);
    }
    const struct handle h = {"x", "ann", "44196397", FULL_NOW};
    put_intake(feeds[0], &(struct intake){.kind = INTAKE_HANDLE, .u.handle = h}, FULL_NOW);
    put_bill(feeds[0]);
    const struct source_status live = {.state = SOURCE_LIVE, .since = FULL_NOW};
    put_intake(feeds[0], &(struct intake){.kind = INTAKE_STATUS, .u.status = live}, FULL_NOW);
}

/* Posts on their way through processes apart, and some whose sources and authors differ. */
static void put_posts(void) {
    struct post posts[40];
    struct reading readings[40];
    const struct post *of[40];
    struct post_read read[20];
    bool gone[40];
    struct error err;
    for (int i = 0; i < 40; i++) {
        make_reading(&rng, 5000 + i, &posts[i], &readings[i]);
        posts[i].source = i % 2 ? STR("x") : STR("bsky");
        posts[i].username = i % 3 ? STR("Ann") : STR("bob");
        posts[i].created_at = FULL_NOW - i / 2 * USEC_PER_MIN; /* some at one time */
        posts[i].received_at = posts[i].created_at + USEC_PER_S;
        posts[i].missed = i % 5 == 0;
        readings[i].sentiment_bp = i % 4 ? (i - 20) * 499 : 10000;
        of[i] = &posts[i];
        if (i < 20)
            read[i] = (struct post_read){&readings[i], i % 2 ? POST_READ : POST_DONE, i * 5, 0};
        if (i < 20 && i % 2 == 0) read[i].outcome = REASON_NO_COIN;
    }
    assert_ok(store_begin(s, true, &err), &err);
    assert_ok(store_posts_put(s, of, 40, FULL_NOW, gone, &err), &err);
    assert_ok(store_posts_read(s, read, 20, NULL, &err), &err);
    assert_ok(store_commit(s, &err), &err);
}

/* -- what a run leaves ------------------------------------------------------------------------- */

static void put_signals(void) {
    for (int i = 0; i < 30; i++) {
        struct signal *v = &add_action(acts, ACTION_PUT_SIGNAL)->u.signal;
        make_signal(&rng, v);
        v->id = 100000 + i;
        v->tweet_id = 5000 + i % 7;
        v->verdict = i % 3 ? VERDICT_WAITING : VERDICT_REFUSED;
        v->wants_approval = i % 2;
        v->approved = i % 4 == 1;
        v->trade_id = 0;
        v->posted_at = v->created_at = FULL_NOW - i * USEC_PER_MIN;
        IGNORE(str_copyz(i % 2 ? STR("DOGEUSDT") : STR("ETHUSDT"), v->symbol, sizeof v->symbol),
               "");
    }
    commit_turn();
}

/* Two open trades, one of them SHORT, and a last price since. */
static void put_positions(void) {
    for (int i = 0; i < 2; i++) {
        struct trade t = {.id = 200000 + i,
                          .root_id = 1,
                          .author = "x:1",
                          .strategy = "post",
                          .sym = SYM_NONE,
                          .side = i ? SIDE_SHORT : SIDE_LONG,
                          .leverage = 1,
                          .quantity = qty_from_e8(3 * E8 + 1),
                          .held = qty_from_e8(3 * E8 + 1),
                          .basis = money_from_e8(E8 + 7),
                          .stop_loss = price_from_e8(E8 / 4),
                          .take_profit = price_from_e8(E8),
                          .created_at = FULL_NOW,
                          .entered_at = FULL_NOW};
        const char *const symbol = i ? "XRPUSDT" : "ADAUSDT";
        memcpy(t.symbol, symbol, strlen(symbol));
        struct position p = {.trade_id = t.id, .leverage = 1, .updated_at = FULL_NOW};
        memcpy(p.symbol, symbol, strlen(symbol));
        p.size = qty_from_e8(i ? -(3 * E8 + 1) : 3 * E8 + 1);
        p.avg_entry = price_from_e8(E8 / 3);
        add_action(acts, ACTION_PUT_TRADE)->u.trade = t;
        add_action(acts, ACTION_PUT_POSITION)->u.position = p;
        for (int k = 0; k < 3; k++) {
            struct fill f = {.id = 300000 + 3 * i + k,
                             .trade_id = t.id,
                             .side = i ? ORDER_SELL : ORDER_BUY,
                             .leg = LEG_ENTRY,
                             .qty = qty_from_e8(E8 + k),
                             .price = price_from_e8(E8 / 3 + k),
                             .quote = money_from_e8(E8 / 3),
                             .fee_asset = "USDT",
                             .at = FULL_NOW};
            memcpy(f.symbol, symbol, strlen(symbol));
            add_action(acts, ACTION_PUT_FILL)->u.fill = f;
        }
    }
    commit_turn();
}

static void put_candles(void) {
    struct error err;
    static const char *const symbols[] = {"ADAUSDT", "XRPUSDT"};
    assert_ok(store_begin(s, true, &err), &err);
    for (int i = 0; i < 5000; i++) { /* more than two batches of a copy */
        const int64_t px = E8 / 3 + rng_between(&rng, -1000000, 1000000);
        const struct kept_candle c = {.open_at = FULL_NOW + (i / 2 - 2450) * USEC_PER_MIN,
                                      .open = price_from_e8(px),
                                      .high = price_from_e8(px + 500),
                                      .low = price_from_e8(px - 500),
                                      .close = price_from_e8(px + 7),
                                      .has_volume = i % 3 > 0,
                                      .volume = volume_from_e8(INT64_MAX - i)};
        assert_ok(store_candle_put(s, str_from_z(symbols[i % 2]), &c, &err), &err);
    }
    assert_ok(store_commit(s, &err), &err);
}

static void put_authors(void) {
    for (int i = 0; i < 12; i++) {
        make_author(&rng, &add_action(acts, ACTION_PUT_AUTHOR)->u.author);
        if (i % 2 == 0) continue;
        struct action *e = add_action(acts, ACTION_END_FORECAST);
        make_record(&rng, &e->u.ended.record);
        memcpy(e->u.ended.record.key, acts->v[acts->count - 2].u.author.key,
               sizeof e->u.ended.record.key);
        make_forecast(&rng, &add_action(acts, ACTION_PUT_FORECAST)->u.forecast);
        make_deletion(&rng, &add_action(acts, ACTION_PUT_DELETION)->u.deletion);
    }
    commit_turn();
}

/* -- what people leave ------------------------------------------------------------------------- */

static void put_people(void) {
    static const verb verbs[] = {VERB_HALT, VERB_CLOSE, VERB_MODE, VERB_RECONCILE};
    struct error err;
    int64_t id;
    bool repeated;
    for (int i = 0; i < COUNT_OF(verbs); i++) {
        char key[16];
        const struct command c = {.verb = verbs[i],
                                  .actor = "cli:ann",
                                  .reason = "\"lunch\"",
                                  .target = i,
                                  .mode = MODE_AUTO,
                                  .until = i % 2 ? USEC_NEVER : FULL_NOW + USEC_PER_DAY};
        snprintf(key, sizeof key, "k%d", i);
        assert_ok(store_command_add(s, &c, str_from_z(key), FULL_NOW, &id, &repeated, &err), &err);
    }
    assert_ok(
        store_setting_put(s, STR("trading.mode"), STR("auto"), STR("ann"), FULL_NOW, &id, &err),
        &err);
    for (int i = 0; i < 3; i++) {
        struct worker_row w = {.role = i ? WORKER_ANALYZE : WORKER_RUN,
                               .pid = 7 + i,
                               .host = "here",
                               .started_at = FULL_NOW - USEC_PER_HOUR,
                               .seen_at = FULL_NOW - i * USEC_PER_MIN,
                               .state = WORKER_IS_WORKING,
                               .task = "reads",
                               .task_since = FULL_NOW - USEC_PER_MIN,
                               .task_until = i == 1 ? 1 : 0,
                               .done = i,
                               .memory = i,
                               .stopped_at = i == 2 ? FULL_NOW : 0};
        snprintf(w.name, sizeof w.name, "here:%d:x", i);
        assert_ok(store_worker_put(s, &w, &err), &err);
    }
    for (int i = 0; i < 5; i++) {
        const struct dead_letter d = {.source = STR("x"),
                                      .kind = STR("post"),
                                      .payload = {"{\"id\":\"1\0\xFF\xFE", 12},
                                      .error = STR("no JSON"),
                                      .first_at = FULL_NOW,
                                      .last_at = FULL_NOW + i,
                                      .who = STR("bot:1:ingest"),
                                      .post_id = i % 2 ? 0 : 7};
        assert_ok(store_dead_put(s, &d, &id, &err), &err);
    }
    assert_ok(store_dead_mark(s, id, STR("dropped"), (str){0}, STR("ann"), FULL_NOW, &err), &err);
    for (int i = 0; i < 3; i++) {
        struct token_row t = {.name = i ? i == 1 ? STR("bring") : STR("watch") : STR("old"),
                              .role = i == 1 ? TOKEN_INGEST : TOKEN_READ,
                              .source = i == 1 ? STR("push") : STR(""),
                              .expires_at = i ? FULL_NOW * 2 : 0};
        memset(t.hash, 0xF0 + i, sizeof t.hash);
        assert_ok(store_token_add(s, &t, STR("ann"), FULL_NOW, &id, &err), &err);
    }
    assert_ok(store_token_revoke(s, STR("old"), STR("ann"), FULL_NOW, &err), &err);
}

void full_store_make(char dir[64], char url[160]) {
    struct error err;
    struct rig *g = rig_new();
    assert_ok(rig_replay(g, "full.db", &err), &err);
    rig_close(g);
    snprintf(dir, 64, "%.63s", g->dir);
    snprintf(url, 160, "sqlite:%s/full.db", dir);
    free(g);
    arena_open(&a, 64 << 20);
    acts = calloc(1, sizeof *acts);
    rng_init(&rng, 5);
    const struct store_options opt = {.url = str_from_z(url), .access = STORE_WRITE};
    assert_ok(store_open(&a, &opt, &s, &err), &err);
    put_sources();
    put_posts();
    put_signals();
    put_positions();
    put_candles();
    put_authors();
    put_people();
    store_close(s);
    free(acts);
    arena_close(&a);
}
