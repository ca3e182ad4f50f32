/* jetstream: Bluesky's posts, as a connector over a WebSocket. No account, no key, nothing billed.
 *
 *     names asked for ──► OPEN ──► (authors, where they do not fit into the address: SEND) ──►
 *     events ──► ... silence or a loss ──► patience, the next base ──► OPEN from 5 s before
 *
 * The place in the stream is a time (time_us): the newest that was passed on. Events come a little
 * out of order, and two servers give the same event different times, so each connection begins
 * REWIND before it and what was passed on already is known by its id (jetstream_recent.c). Posts
 * of authors that are not followed are passed over, whatever the server thinks of its filter.
 *
 * Each loss of sight is a gap, from when nothing was heard any more to when the connection stood
 * again; it is CLOSED then, and FILLED once the replay has come to that time (or nothing more has
 * come for QUIET from a server that is alive). The servers keep 36 hours: what is older is LOST,
 * a gap of its own. A gap that is not yet filled at a restart is in the state, and goes on.
 *
 * The state is words: cursor=TIME, and where they apply at=TIME (the stream was seen alive then,
 * with nothing to tell), gap=FROM,UNTIL,POSTS,open|closed and seen=KEYS. It stands on each post and
 * gap, and on an intake of its own once a second while anything comes: posts are dropped behind us
 * when they name no coin, and their states with them.
 *
 * A server that sends everybody's posts and is silent for 30 s hangs. Few authors may be silent for
 * hours; there the WebSocket's own pings tell, and for a server that answers them and hangs all the
 * same the connection is made anew after half an hour without a message.
 *
 * Invariants: OFF, OPENING, LIVE, SHUTTING as the connector's contract has them; cursor never goes
 * back but once, when a guess from our own clock is replaced by a server's time. Failure: patience
 * of 250 ms doubling to 30 s, a breaker after 8. Pure; memory from the boot arena, but for one
 * growing text. One thread. */
#include "source/jetstream.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/rng.h"
#include "base/url.h"
#include "source/jetstream_int.h"

#define RESOLVE "/xrpc/com.atproto.identity.resolveHandle"
#define BASES_MAX 16
#define REWIND (5 * USEC_PER_S)
#define KEPT (36 * USEC_PER_HOUR) /* by the servers */
#define SILENCE (30 * USEC_PER_S)
#define SILENCE_FEW (30 * USEC_PER_MIN)
#define OPEN_PATIENCE (30 * USEC_PER_S) /* until it must stand */
#define STOOD (10 * USEC_PER_S)         /* a connection that lived so long was no failure */
#define QUIET (10 * USEC_PER_S)
#define MISSED (10 * USEC_PER_S) /* older at receipt, and in a gap */
#define QUERY_AUTHORS_MAX 80     /* more do not fit into the address */
#define QUERY_BYTES_MAX 3900     /* nor does more than this */
#define OUT_BYTES_MAX (1 << 20)
#define STATE_WORDS_BYTES 160 /* without the keys */
#define STATE_EACH USEC_PER_S /* while something else comes */
#define STATE_IDLE (10 * USEC_PER_S)
#define DELETED_KEY INT64_C(0x2545F4914F6CDD1D) /* tells word of a deletion from its post */

typedef enum phase { OFF, OPENING, LIVE, SHUTTING } phase;

struct jetstream {
    struct connector connector;
    str name, resolver;
    str bases[BASES_MAX];
    int base_count, base_at;
    struct jetstream_people *people;
    struct jetstream_recent *recent;
    struct rng rng;
    struct patience patience;
    usec start;

    phase phase;
    usec phase_since, heard_at; /* a message */
    bool stood;                 /* the stream was open before it went */
    bool say_authors;           /* they changed, or are to be said after opening */
    const char *shut_why;
    bool calling;

    usec cursor;       /* 0: nothing was ever opened */
    bool cursor_guess; /* it is our own clock's */
    usec alive_at;     /* sign of life of an open stream */
    usec state_at;     /* when it was last told by itself */

    bool has_gap, tell_gap, has_lost;
    struct gap gap, lost;

    str line;
    bool has_line;

    struct source_status status;
    struct blindness blind;
    struct buf out;
};

static struct jetstream *of(struct connector *c) { return (struct jetstream *)c; }
static const struct jetstream *of_const(const struct connector *c) {
    return (const struct jetstream *)c;
}

static bool everybody(const struct jetstream *j) { return jetstream_people_everybody(j->people); }

/* --- how it stands --------------------------------------------------------------------------- */

static void stand(struct jetstream *j, usec now, source_state state, usec until, const char *why) {
    struct source_status *s = &j->status;
    if (s->state == state && s->until == until && strcmp(s->why, why) == 0) return;
    if (s->state != state) s->since = now;
    s->state = state;
    s->until = until;
    IGNORE(str_copyz(str_from_z(why), s->why, WHY_BYTES), "a sentence for people may be cut");
}

/* Why it is not open though nothing failed. */
static void stand_waiting(struct jetstream *j, usec now) {
    char why[WHY_BYTES];
    const int waiting = jetstream_people_waiting(j->people),
              nobody = jetstream_people_nobody(j->people);
    const char *told = jetstream_people_why(j->people);
    if (waiting == 0) {
        snprintf(why, sizeof why,
                 "none of the %d authors is known to Bluesky: put their names right", nobody);
        stand(j, now, SOURCE_CONFIG, jetstream_people_due(j->people), why);
    } else if (told[0] != '\0') {
        stand(j, now, SOURCE_RETRYING, jetstream_people_due(j->people), told);
    } else {
        snprintf(why, sizeof why, "asks who %d authors are", waiting);
        stand(j, now, SOURCE_STARTING, 0, why);
    }
}

static void stand_failed(struct jetstream *j, usec now, const struct http_answer *a) {
    const str base = j->bases[j->base_at];
    const bool answered = a->end == HTTP_ANSWERED && a->status >= 400;
    const char *how = j->stood ? "was lost" : "could not be opened";
    char why[WHY_BYTES];
    if (answered)
        snprintf(why, sizeof why, STR_FMT " %s: it answered with status %d",
                 STR_ARG(str_head(base, 60)), how, a->status);
    else
        snprintf(why, sizeof why, STR_FMT " %s: %.100s", STR_ARG(str_head(base, 60)), how,
                 j->shut_why != NULL ? j->shut_why : a->why);
    if (answered && a->status == 429)
        stand(j, now, SOURCE_LIMITED, j->patience.until, why);
    else
        stand(j, now, patience_is_open(&j->patience) ? SOURCE_BROKEN : SOURCE_RETRYING,
              j->patience.until, why);
}

/* What is amiss though posts come. */
static void put_remark(const struct jetstream *j, char ret[WHY_BYTES]) {
    const int nobody = jetstream_people_nobody(j->people),
              waiting = jetstream_people_waiting(j->people);
    const char *told = jetstream_people_why(j->people);
    if (nobody > 0)
        snprintf(ret, WHY_BYTES,
                 "%d of the authors %s unknown to Bluesky (%.79s): nothing of theirs is seen",
                 nobody, nobody == 1 ? "is" : "are", jetstream_people_a_nobody(j->people));
    else if (waiting > 0 && told[0] != '\0')
        IGNORE(str_copyz(str_from_z(told), ret, WHY_BYTES), "a sentence for people may be cut");
}

static void status(const struct connector *c, usec now, struct source_status *ret) {
    const struct jetstream *j = of_const(c);
    *ret = j->status;
    if (ret->state == SOURCE_LIVE) put_remark(j, ret->why);
    ret->blind = blind_today(&j->blind, now);
}

/* --- gaps ------------------------------------------------------------------------------------ */

static void gap_begin(struct jetstream *j, usec from, usec until, const char *why) {
    if (!j->has_gap) j->gap = (struct gap){.from = i64_min(from, until)};
    j->has_gap = j->tell_gap = true;
    j->gap.until = until;
    j->gap.state = GAP_OPEN;
    IGNORE(str_copyz(str_from_z(why), j->gap.why, WHY_BYTES), "a sentence for people may be cut");
}

/* The connection stands: what is missing up to now comes by itself, as far as it is kept. */
static void gap_close(struct jetstream *j, usec now) {
    if (!j->has_gap) return;
    if (j->gap.from < now - KEPT) {
        j->lost = j->gap;
        j->has_lost = true;
        j->lost.state = GAP_LOST;
        j->lost.until = now - KEPT;
        j->lost.posts = 0;
        snprintf(j->lost.why, sizeof j->lost.why,
                 "older than the 36 hours that Bluesky's servers keep: it cannot be fetched");
        j->gap.from = now - KEPT;
    }
    j->gap.state = GAP_CLOSED;
    j->gap.until = i64_max(now, j->gap.from);
    j->tell_gap = true;
}

static bool in_gap(const struct jetstream *j, usec time) {
    return j->has_gap && time >= j->gap.from && time <= j->gap.until;
}

/* --- the state ------------------------------------------------------------------------------- */

static void put_state(const struct jetstream *j, struct arena *a, struct intake *ret) {
    const int seen = jetstream_recent_told(j->recent), most = STATE_WORDS_BYTES + seen;
    struct buf text;
    buf_init_fixed(&text, arena_alloc(a, 1, 1, most), most);
    buf_put(&text, STR("cursor="));
    buf_put_i64(&text, j->cursor);
    if (j->alive_at > j->cursor + USEC_PER_S) buf_printf(&text, " at=%" PRId64, j->alive_at);
    if (j->has_gap)
        buf_printf(&text, " gap=%" PRId64 ",%" PRId64 ",%" PRId64 ",%s", j->gap.from, j->gap.until,
                   j->gap.posts, gap_state_name(j->gap.state));
    if (seen > 0) {
        buf_put(&text, STR(" seen="));
        jetstream_recent_put(j->recent, &text);
    }
    POST(!buf_full(&text));
    ret->state = buf_str(&text);
}

static bool take_times(str text, int64_t *ret, int count) {
    str part;
    for (int i = 0; i < count; i++)
        if (!str_cut(&text, ',', &part) || !str_to_i64(part, &ret[i]) || ret[i] < 0) return false;
    return text.p == NULL;
}

static bool take_gap(struct jetstream *j, str text) {
    int64_t n[3];
    ptrdiff_t comma = text.n;
    while (comma > 0 && text.p[comma - 1] != ',') comma--;
    if (comma == 0 || !take_times(str_head(text, comma - 1), n, 3) || n[0] > n[1]) return false;
    if (!gap_state_from_name(str_tail(text, comma), &j->gap.state)) return false;
    if (j->gap.state != GAP_OPEN && j->gap.state != GAP_CLOSED) return false;
    j->gap.from = n[0];
    j->gap.until = n[1];
    j->gap.posts = n[2];
    j->has_gap = true;
    return true;
}

static bool take_word(struct jetstream *j, str word, str *ret_seen) {
    str name;
    if (!str_cut(&word, '=', &name) || word.p == NULL) return false;
    if (str_eq(name, STR("cursor"))) return take_times(word, &j->cursor, 1) && j->cursor > 0;
    if (str_eq(name, STR("at"))) return take_times(word, &j->alive_at, 1);
    if (str_eq(name, STR("gap"))) return take_gap(j, word);
    if (!str_eq(name, STR("seen"))) return false;
    *ret_seen = word;
    return true;
}

/* A stop is a loss of sight too. */
static bool take_state(struct jetstream *j, str state, usec now, struct error *err) {
    str rest = state, word, seen = {0};
    if (state.n == 0) return true;
    while (str_cut(&rest, ' ', &word))
        if (!take_word(j, word, &seen)) goto damaged;
    if (j->cursor == 0 || !jetstream_recent_take(j->recent, j->cursor, seen)) goto damaged;
    /* a clock of ours that runs behind must not make the servers skip anything */
    j->cursor = i64_min(j->cursor, now + REWIND);
    gap_begin(j, i64_max(j->cursor, j->alive_at), now, "the program was not running");
    return true;
damaged:
    return fail(err, ERR_DAMAGED, 0,
                "the stored state of source " STR_FMT " cannot be read (\"" STR_FMT
                "\"): remove it, and the source begins at now",
                STR_ARG(j->name), STR_ARG(str_head(state, 60)));
}

/* --- what it asks for ------------------------------------------------------------------------ */

static void ask_who(struct jetstream *j, str name, struct connector_step *ret) {
    j->calling = true;
    j->status.calls++;
    buf_clear(&j->out);
    buf_put(&j->out, STR("handle="));
    url_encode(&j->out, name, ":");
    ret->act = CONNECTOR_CALL;
    ret->base = j->resolver;
    ret->request = (struct http_request){.method = HTTP_GET,
                                         .path = STR(RESOLVE),
                                         .query = buf_str(&j->out),
                                         .timeout = 10 * USEC_PER_S};
}

/* 0: from now on. */
static usec cursor_to_ask(const struct jetstream *j) {
    return j->cursor > 0 ? i64_max(j->cursor - REWIND, 1) : 0;
}

/* False: the authors do not fit into it, and are to be sent behind. */
static bool put_query(struct jetstream *j, bool with_authors) {
    const usec cursor = cursor_to_ask(j);
    int at = 0;
    str did;
    if (with_authors && jetstream_people_count(j->people) > QUERY_AUTHORS_MAX) return false;
    buf_clear(&j->out);
    buf_printf(&j->out, "wantedCollections=%s&maxMessageSizeBytes=%d", JETSTREAM_COLLECTION,
               POST_LINE_BYTES_MAX);
    if (cursor > 0) buf_printf(&j->out, "&cursor=%" PRId64, cursor);
    if (!with_authors) buf_put(&j->out, STR("&requireHello=true"));
    while (with_authors && jetstream_people_next(j->people, &at, &did)) {
        buf_put(&j->out, STR("&wantedDids="));
        url_encode(&j->out, did, ":");
    }
    POST(!buf_full(&j->out));
    return j->out.len <= QUERY_BYTES_MAX;
}

static void open_stream(struct jetstream *j, usec now, struct connector_step *ret) {
    j->say_authors = !put_query(j, true);
    const bool fits = !j->say_authors || put_query(j, false);
    POST(fits);
    j->stood = false;
    j->shut_why = NULL;
    j->phase = OPENING;
    j->phase_since = now;
    j->status.calls++;
    ret->act = CONNECTOR_OPEN;
    ret->base = j->bases[j->base_at];
    ret->request = (struct http_request){.method = HTTP_GET,
                                         .path = STR("/subscribe"),
                                         .query = buf_str(&j->out),
                                         .timeout = 10 * USEC_PER_S};
}

static void send_authors(struct jetstream *j, struct connector_step *ret) {
    int at = 0;
    str did;
    buf_clear(&j->out);
    buf_printf(&j->out,
               "{\"type\":\"options_update\",\"payload\":{\"wantedCollections\":[\"%s\"],"
               "\"wantedDids\":[",
               JETSTREAM_COLLECTION);
    for (bool first = true; jetstream_people_next(j->people, &at, &did); first = false) {
        if (!first) buf_put_byte(&j->out, ',');
        buf_put_json_str(&j->out, did);
    }
    buf_printf(&j->out, "],\"maxMessageSizeBytes\":%d}}", POST_LINE_BYTES_MAX);
    POST(!buf_full(&j->out));
    j->say_authors = false;
    ret->act = CONNECTOR_SEND;
    ret->text = buf_str(&j->out);
}

static void shut(struct jetstream *j, usec now, const char *why, struct connector_step *ret) {
    j->shut_why = why;
    j->phase = SHUTTING;
    j->phase_since = now;
    ret->act = CONNECTOR_SHUT;
}

static void step_off(struct jetstream *j, usec now, struct connector_step *ret) {
    const bool nobody = !everybody(j) && jetstream_people_count(j->people) == 0;
    if (nobody || !jetstream_people_ready(j->people))
        stand_waiting(j, now);
    else if (now < j->patience.until)
        ret->until = i64_min(ret->until, j->patience.until);
    else
        open_stream(j, now, ret);
}

/* When item() has something to give though nothing came. */
static usec item_due(const struct jetstream *j) {
    usec at = j->alive_at > j->state_at ? j->state_at + STATE_IDLE : USEC_NEVER;
    if (j->has_gap && j->gap.state == GAP_CLOSED && !everybody(j))
        at = i64_min(at, i64_max(j->phase_since, j->heard_at) + QUIET);
    return at;
}

static void step_live(struct jetstream *j, usec now, struct connector_step *ret) {
    const usec limit = j->heard_at + (everybody(j) ? SILENCE : SILENCE_FEW);
    if (j->say_authors)
        send_authors(j, ret);
    else if (now >= limit)
        shut(j, now, everybody(j) ? "no message for 30 s" : "no message for half an hour", ret);
    else
        ret->until = i64_min(ret->until, i64_min(limit, item_due(j)));
}

static void step(struct connector *c, usec now, struct connector_step *ret) {
    struct jetstream *j = of(c);
    str name;
    if (!j->calling && jetstream_people_ask(j->people, now, &name)) {
        ask_who(j, name, ret);
        return;
    }
    ret->until = jetstream_people_due(j->people);
    switch (j->phase) {
    case OFF:
        step_off(j, now, ret);
        break;
    case OPENING:
        if (now >= j->phase_since + OPEN_PATIENCE)
            shut(j, now, "it did not answer within 30 s", ret);
        else
            ret->until = i64_min(ret->until, j->phase_since + OPEN_PATIENCE);
        break;
    case LIVE:
        step_live(j, now, ret);
        break;
    case SHUTTING:
        break;
    }
}

/* --- what it is told ------------------------------------------------------------------------- */

static void answered(struct connector *c, usec now, const struct http_answer *a) {
    struct jetstream *j = of(c);
    const int nobody = jetstream_people_nobody(j->people);
    j->calling = false;
    if (jetstream_people_answered(j->people, now, a, &j->rng) && j->phase != OFF)
        j->say_authors = true;
    if (jetstream_people_nobody(j->people) > nobody)
        connector_complain(c, STR(RESOLVE),
                           STR("there is nobody of this name on Bluesky: nothing of his is seen"),
                           jetstream_people_last(j->people));
    if (a->end != HTTP_ANSWERED || a->status != 200) j->status.failures++;
}

/* Where nothing was ever seen, the place to go on from is our own clock's. */
static void guess_cursor(struct jetstream *j, usec at) {
    if (j->cursor > 0) return;
    j->cursor = at;
    j->cursor_guess = true;
}

static void opened(struct connector *c, usec now) {
    struct jetstream *j = of(c);
    if (j->phase != OPENING) return; /* being shut */
    j->phase = LIVE;
    j->phase_since = j->heard_at = j->alive_at = now;
    j->stood = true;
    j->status.last_sign_at = now;
    guess_cursor(j, now);
    blind_end(&j->blind, now);
    gap_close(j, now);
    stand(j, now, SOURCE_LIVE, 0, "");
}

static void line(struct connector *c, usec now, str text) {
    struct jetstream *j = of(c);
    if (!j->stood) return;
    j->alive_at = j->status.last_sign_at = now;
    j->has_line = text.n > 0;
    if (!j->has_line) return;
    j->line = text;
    j->heard_at = now;
    patience_ok(&j->patience);
}

static void gone(struct connector *c, usec now, const struct http_answer *a) {
    struct jetstream *j = of(c);
    const bool hung = j->stood && j->shut_why != NULL && everybody(j);
    const usec from = hung ? j->heard_at : j->stood ? now : j->start;
    if (j->stood && now - j->phase_since >= STOOD) patience_ok(&j->patience);
    patience_failed(&j->patience, now, &j->rng);
    if (a->end == HTTP_ANSWERED && a->retry_after_s > 0 && a->retry_after_s <= 86400)
        j->patience.until = i64_max(j->patience.until, now + a->retry_after_s * USEC_PER_S);
    j->status.failures++;
    guess_cursor(j, j->start);
    stand_failed(j, now, a);
    gap_begin(j, from, now, j->status.why);
    blind_begin(&j->blind, now);
    j->base_at = (j->base_at + 1) % j->base_count;
    j->phase = OFF;
    j->phase_since = now;
    j->stood = false;
    j->has_line = false;
}

/* --- what it passes on ----------------------------------------------------------------------- */

static void give_gap(struct jetstream *j, struct arena *a, struct intake *ret) {
    ret->kind = INTAKE_GAP;
    ret->u.gap = j->gap;
    j->tell_gap = false;
    if (j->gap.state == GAP_FILLED) j->has_gap = false;
    put_state(j, a, ret);
}

/* The replay has come to where the connection stood again. */
static bool is_filled(const struct jetstream *j, usec time) {
    return j->has_gap && j->gap.state == GAP_CLOSED && time >= j->gap.until;
}

static bool is_quiet(const struct jetstream *j, usec now) {
    return j->phase == LIVE && !everybody(j) && !j->say_authors &&
           now - i64_max(j->phase_since, j->heard_at) >= QUIET;
}

/* The server's time is taken, but not one that our clock calls the future: a rewind would skip. */
static void advance(struct jetstream *j, usec now, usec time) {
    time = i64_min(time, now + REWIND);
    if (j->cursor_guess)
        j->cursor = time;
    else
        j->cursor = i64_max(j->cursor, time);
    j->cursor_guess = false;
    jetstream_recent_forget(j->recent, j->cursor - REWIND);
}

/* A post that is new and wanted; its time has been reached. */
static bool give_post(struct jetstream *j, usec now, struct arena *a, struct post *p,
                      struct intake *ret) {
    const usec time = p->created_at;
    int64_t key = p->deleted ? p->id ^ DELETED_KEY : p->id;
    if (key == 0) key = 1;
    if (!jetstream_people_follows(j->people, p->author_id)) return false;
    if (jetstream_recent_has(j->recent, key)) {
        if (j->connector.source != NULL) j->connector.source->counts.repeated++;
        return false;
    }
    jetstream_recent_add(j->recent, i64_min(time, j->cursor), key);
    p->username = jetstream_people_name(j->people, p->author_id);
    if (in_gap(j, time)) {
        j->gap.posts++;
        p->missed = now - time > MISSED;
    }
    j->status.posts++;
    j->status.missed += p->missed;
    j->status.last_post_at = now;
    ret->kind = INTAKE_POST;
    ret->post = *p;
    put_state(j, a, ret);
    return true;
}

/* The message that was told last. False: nothing comes of it (any more). */
static bool give_line(struct jetstream *j, usec now, struct arena *a, struct intake *ret) {
    struct error err;
    struct post p;
    bool any;
    usec time;
    if (!jetstream_parse(a, j->line, j->name, now, &p, &any, &time, &err)) {
        j->has_line = false;
        connector_complain(&j->connector, j->name, str_from_z(err.msg), j->line);
        return false;
    }
    if (is_filled(j, time)) { /* first that, then the message once more */
        j->gap.state = GAP_FILLED;
        give_gap(j, a, ret);
        return true;
    }
    j->has_line = false;
    advance(j, now, time);
    return any && give_post(j, now, a, &p, ret);
}

static bool item(struct connector *c, usec now, struct arena *a, struct intake *ret) {
    struct jetstream *j = of(c);
    if (jetstream_people_item(j->people, &ret->u.handle)) {
        ret->kind = INTAKE_HANDLE;
        return true;
    }
    if (j->has_lost) {
        ret->kind = INTAKE_GAP;
        ret->u.gap = j->lost;
        j->has_lost = false;
        put_state(j, a, ret);
        return true;
    }
    if (j->tell_gap) {
        give_gap(j, a, ret);
        return true;
    }
    if (j->has_line && give_line(j, now, a, ret)) return true;
    if (j->has_gap && j->gap.state == GAP_CLOSED && is_quiet(j, now)) {
        j->gap.state = GAP_FILLED;
        give_gap(j, a, ret);
        return true;
    }
    const usec pause = j->heard_at > j->state_at ? STATE_EACH : STATE_IDLE;
    if (j->phase != LIVE || j->alive_at <= j->state_at || now < j->state_at + pause) return false;
    ret->kind = INTAKE_NONE;
    j->state_at = now;
    put_state(j, a, ret);
    return true;
}

static void close_it(struct connector *c) { buf_fini(&of(c)->out); }

/* --- opening --------------------------------------------------------------------------------- */

static const struct connector_ops ops = {.kind = "jetstream",
                                         .web_socket = true,
                                         .step = step,
                                         .answered = answered,
                                         .opened = opened,
                                         .line = line,
                                         .gone = gone,
                                         .item = item,
                                         .status = status,
                                         .close = close_it};

static bool take_bases(struct jetstream *j, struct arena *boot, str text, struct error *err) {
    str rest = str_trim(text), word;
    while (str_cut(&rest, ' ', &word)) {
        if (word.n == 0) continue;
        while (str_ends(word, STR("/"))) word.n--;
        if (!str_starts(word, STR("wss://")) && !str_starts(word, STR("ws://")))
            return fail(err, ERR_CONFIG, 0,
                        "Jetstream's address \"" STR_FMT "\": expected wss://HOST",
                        STR_ARG(str_head(word, 80)));
        if (j->base_count == BASES_MAX)
            return fail(err, ERR_CONFIG, 0, "more than %d addresses of Jetstream", BASES_MAX);
        j->bases[j->base_count++] = str_dup(boot, word);
    }
    return j->base_count > 0 ||
           fail(err, ERR_CONFIG, 0,
                "no address of Jetstream: give wss://jetstream2.us-east.bsky.network or another");
}

bool jetstream_open(struct arena *boot, const struct jetstream_options *opt, struct connector **ret,
                    struct error *err) {
    struct jetstream *j = NEW(boot, struct jetstream);
    j->connector.ops = &ops;
    j->name = str_dup(boot, opt->name);
    j->resolver = str_dup(boot, opt->resolver);
    while (str_ends(j->resolver, STR("/"))) j->resolver.n--;
    j->start = opt->now;
    j->patience =
        (struct patience){.first = 250 * USEC_PER_MS, .most = 30 * USEC_PER_S, .breaker = 8};
    rng_init(&j->rng, opt->seed);
    j->recent = jetstream_recent_new(boot);
    if (!take_bases(j, boot, opt->base, err) ||
        !jetstream_people_open(boot, opt, &j->people, err) ||
        !take_state(j, opt->state, opt->now, err))
        return false;
    j->status.state = SOURCE_STARTING;
    j->status.since = opt->now;
    IGNORE(str_copyz(STR("connecting"), j->status.why, WHY_BYTES), "it fits");
    blind_begin(&j->blind, opt->now);
    buf_init(&j->out, OUT_BYTES_MAX);
    *ret = &j->connector;
    return true;
}
