/* feedkit: see the header. A call's answer comes when the simulator's delay is over; one that the
 * simulator cuts, resets or keeps to itself is LOST, at once or when the request's time is up. A
 * streamed answer's chunks are put together and cut into lines. */
#include "feedkit.h"

#include <stdio.h>

#include "askkit.h"

void feedkit_init(struct feedkit *k, struct connector *c, struct sim_face *face) {
    *k = (struct feedkit){.c = c, .face = face, .stream = -1, .gone_at = USEC_NEVER};
    k->opened_at = USEC_NEVER;
    buf_init(&k->body, HTTP_BODY_MAX);
    buf_init(&k->gone_body, HTTP_BODY_MAX);
    buf_init(&k->chunk, 4 << 20);
    buf_init(&k->line, 8 << 20);
}

static void stream_end(struct feedkit *k, usec now) {
    if (k->stream >= 0 && k->gone_at == USEC_NEVER) k->face->close(k->face->ctx, now, k->stream);
    k->stream = -1;
    k->refused = false;
    k->opened_at = k->gone_at = USEC_NEVER;
    buf_clear(&k->line);
    k->line_at = 0;
}

void feedkit_fini(struct feedkit *k, usec now) {
    stream_end(k, now);
    buf_fini(&k->body);
    buf_fini(&k->gone_body);
    buf_fini(&k->chunk);
    buf_fini(&k->line);
}

/* --- asking the simulator ---------------------------------------------------------------- */

static void call(struct feedkit *k, usec now, const struct connector_step *step) {
    int stream;
    PRE(!k->calling);
    k->answer_at = ask_face(k->face, now, &step->request, &k->body, &stream, &k->answer);
    PRE(stream < 0);
    k->calling = true;
    k->calls++;
    k->lost_calls += k->answer.end == HTTP_LOST;
    if (k->trace)
        printf("%lld %s CALL %s " STR_FMT "?" STR_FMT " -> %d %s " STR_FMT "\n", (long long)now,
               k->c->ops->kind, http_method_name(step->request.method), STR_ARG(step->request.path),
               STR_ARG(step->request.query), k->answer.status, k->answer.why,
               STR_ARG(str_head(buf_str(&k->body), 200)));
}

static void lost(struct feedkit *k, usec at, const char *why) {
    http_answer_clear(&k->gone_as);
    k->gone_as.end = HTTP_LOST;
    snprintf(k->gone_as.why, sizeof k->gone_as.why, "%s", why);
    k->gone_at = at;
}

static void open_socket(struct feedkit *k, usec now, const struct connector_step *step) {
    struct buf path;
    buf_init(&path, 1 << 20);
    buf_put(&path, step->request.path);
    if (step->request.query.n > 0) buf_put_byte(&path, '?');
    buf_put(&path, step->request.query);
    k->stream = k->face->open(k->face->ctx, now, buf_str(&path), 1);
    buf_fini(&path);
    k->opened_at = now + 1000;
    if (k->stream >= 0) return;
    k->refused = true;
    lost(k, now + 1000, "refused");
}

static void open_lines(struct feedkit *k, usec now, const struct connector_step *step) {
    struct http_answer answer;
    int stream;
    const usec at = ask_face(k->face, now, &step->request, &k->gone_body, &stream, &answer);
    k->opened_at = at;
    k->stream = stream;
    if (stream >= 0 && answer.end == HTTP_ANSWERED) return;
    if (stream >= 0) k->face->close(k->face->ctx, now, stream);
    k->stream = -1;
    k->refused = true;
    k->gone_as = answer;
    k->gone_at = at;
}

static void open_stream(struct feedkit *k, usec now, const struct connector_step *step) {
    PRE(k->stream < 0 && !k->refused);
    k->streams++;
    if (k->c->ops->web_socket)
        open_socket(k, now, step);
    else
        open_lines(k, now, step);
    if (k->trace)
        printf("%lld %s OPEN " STR_FMT " -> %s %d\n", (long long)now, k->c->ops->kind,
               STR_ARG(str_head(step->request.path, 60)), k->refused ? "refused" : "open",
               k->refused ? k->gone_as.status : 0);
}

/* --- telling the connector --------------------------------------------------------------- */

/* The next whole line of what has come; false: none. */
static bool next_line(struct feedkit *k, str *ret) {
    const str rest = str_tail(buf_str(&k->line), k->line_at);
    const ptrdiff_t end = str_find_byte(rest, '\n');
    if (end < 0) {
        memmove(k->line.p, rest.p, (size_t)rest.n);
        k->line.len = rest.n;
        k->line_at = 0;
        return false;
    }
    *ret = str_head(rest, end);
    if (str_ends(*ret, STR("\r"))) ret->n--;
    k->line_at += end + 1;
    return true;
}

/* One message or line of the stream; false: nothing is there now. */
static bool tell_line(struct feedkit *k, usec now) {
    int code = 1000;
    str line;
    if (k->stream < 0 || k->opened_at != USEC_NEVER || k->gone_at != USEC_NEVER) return false;
    while (k->c->ops->web_socket || k->line.len == 0 || !next_line(k, &line)) {
        buf_clear(&k->chunk);
        const sim_frame f = k->face->next(k->face->ctx, now, k->stream, &k->chunk, &code);
        if (f == SIM_NOTHING) return false;
        if (f == SIM_SHUT) {
            lost(k, now, code == 0 ? "the line broke" : "closed by the server");
            return true;
        }
        if (k->c->ops->web_socket && f == SIM_PING) continue;
        if (k->c->ops->web_socket) {
            line = buf_str(&k->chunk);
            break;
        }
        buf_put(&k->line, buf_str(&k->chunk));
    }
    k->lines++;
    if (k->trace)
        printf("%lld %s LINE " STR_FMT "\n", (long long)now, k->c->ops->kind,
               STR_ARG(str_head(line, 400)));
    connector_line(k->c, now, line);
    return true;
}

static bool tell(struct feedkit *k, usec now) {
    if (k->calling && k->answer_at <= now) {
        k->calling = false;
        connector_answered(k->c, now, &k->answer);
        return true;
    }
    if (k->stream >= 0 && k->opened_at <= now) {
        k->opened_at = USEC_NEVER;
        connector_opened(k->c, now);
        return true;
    }
    if (k->gone_at <= now) {
        const struct http_answer a = k->gone_as;
        k->gone_at = k->opened_at = USEC_NEVER;
        k->stream = -1;
        k->refused = false;
        buf_clear(&k->line);
        k->line_at = 0;
        if (k->trace)
            printf("%lld %s GONE %d %s\n", (long long)now, k->c->ops->kind, a.status, a.why);
        connector_gone(k->c, now, &a);
        return true;
    }
    return tell_line(k, now);
}

/* What the connector wants next; false: to wait. */
static bool ask_step(struct feedkit *k, usec now) {
    struct connector_step step;
    connector_step(k->c, now, &step);
    switch (step.act) {
    case CONNECTOR_WAIT:
        k->until = step.until;
        return step.until <= now;
    case CONNECTOR_CALL:
        call(k, now, &step);
        return true;
    case CONNECTOR_OPEN:
        open_stream(k, now, &step);
        return true;
    case CONNECTOR_SHUT:
        PRE(k->stream >= 0 || k->refused);
        if (k->stream >= 0 && k->gone_at == USEC_NEVER)
            k->face->close(k->face->ctx, now, k->stream);
        lost(k, now, "shut by us");
        return true;
    case CONNECTOR_SEND:
        if (k->stream >= 0) k->face->message(k->face->ctx, now, k->stream, step.text);
        return true;
    }
    WRONG("an act out of its list");
}

static void drain(struct feedkit *k, usec now, struct arena *scratch, feedkit_take *take,
                  void *ctx) {
    struct intake it;
    arena_reset(scratch);
    while (connector_item(k->c, now, scratch, &it)) take(ctx, &it);
}

#define TURNS_MAX 1000000 /* at one moment: more is a connector that turns in circles */

void feedkit_run(struct feedkit *k, usec now, struct arena *scratch, feedkit_take *take,
                 void *ctx) {
    for (int n = 0; n < TURNS_MAX; n++) {
        drain(k, now, scratch, take, ctx);
        if (!tell(k, now) && !ask_step(k, now)) return;
    }
    WRONG("a connector that never waits");
}

usec feedkit_next(const struct feedkit *k) {
    usec at = k->until;
    if (k->calling) at = i64_min(at, k->answer_at);
    if (k->stream >= 0) at = i64_min(at, k->opened_at);
    return i64_min(at, k->gone_at);
}
