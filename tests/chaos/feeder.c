/* feeder: see the header.
 *
 * Some threads bring posts, each one post at a time, as a client would that wants none to be lost:
 * no answer, or another than 200, and it brings the same post to the other serve. One thread
 * publishes. The rates leave the machine room: it is not a test of load. Failure: an exchange that
 * does not publish ends the program, since it is not harmed. */
#include "feeder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../kill/kill.h"

#define POSTS_MAX 100000
#define BRINGERS 3
#define BRING_MS 1000 /* between two posts of one of them, about */
#define PUBLISH_MS 500
#define PAUSE_MS 500  /* before the same post once more */
#define PATIENCE_S 15 /* for an answer; serve waits ten seconds for the store */

typedef enum fed { FED_NOT, FED_PUSHED, FED_PUBLISHED } fed;

struct bringer {
    struct feeder *f;
    pthread_t thread;
    struct rng rng;
    int serve; /* whom it brings the next one to */
};

struct feeder {
    struct rig *r;
    struct bringer v[BRINGERS + 1]; /* the last one publishes */
    atomic_bool hold;               /* no new ones */
    atomic_bool abandon;            /* nor the old ones any more */
    pthread_mutex_t mutex;
    fed state[POSTS_MAX];
    int count, waiting;
    int64_t again;
};

/* --- HTTP, one request a connection -------------------------------------------------------------
 */

static bool send_all(int fd, const char *text, size_t n) {
    while (n > 0) {
        const ssize_t done = send(fd, text, n, MSG_NOSIGNAL);
        if (done <= 0) return false;
        text += done;
        n -= (size_t)done;
    }
    return true;
}

/* The status; 0: no answer. */
static int http_post(int port, const char *path, const char *token, const char *body) {
    char head[512], answer[64] = "";
    const struct timeval patience = {PATIENCE_S, 0};
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int status = 0;
    if (fd < 0) give_up("no socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int n = snprintf(head, sizeof head,
                           "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: "
                           "application/json\r\nContent-Length: %zu\r\nConnection: "
                           "close\r\n%s%s%s\r\n",
                           path, port, strlen(body), token[0] ? "Authorization: Bearer " : "",
                           token, token[0] ? "\r\n" : "");
    size_t have = 0;
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 &&
        send_all(fd, head, (size_t)n) && send_all(fd, body, strlen(body))) {
        while (have + 1 < sizeof answer && strchr(answer, '\n') == NULL) {
            const ssize_t got = recv(fd, answer + have, sizeof answer - 1 - have, 0);
            if (got <= 0) break;
            have += (size_t)got;
            answer[have] = '\0';
        }
    }
    close(fd);
    if (sscanf(answer, "HTTP/1.1 %d", &status) != 1) return 0;
    return status;
}

int feeder_bring(const struct rig *r, bot serve, const char *json) {
    return http_post(r->serve_port[serve - SERVE_1], "/api/ingest", r->token, json);
}

/* --- posts
 * ---------------------------------------------------------------------------------------- */

static int next_number(struct feeder *f) {
    pthread_mutex_lock(&f->mutex);
    if (f->count == POSTS_MAX) give_up("more than %d posts", POSTS_MAX);
    const int number = f->count++;
    f->waiting++;
    pthread_mutex_unlock(&f->mutex);
    return number;
}

static void accepted(struct feeder *f, int number, fed how) {
    pthread_mutex_lock(&f->mutex);
    f->state[number] = how;
    f->waiting--;
    pthread_mutex_unlock(&f->mutex);
}

static void not_accepted(struct feeder *f) {
    pthread_mutex_lock(&f->mutex);
    f->again++;
    pthread_mutex_unlock(&f->mutex);
}

static void text_of(struct rng *r, int number, char out[POST_TEXT_ROOM]) {
    char last[24];
    snprintf(last, sizeof last, " %c%d", FEEDER_MARK, number);
    post_text(r, last, out);
}

/* Until it is accepted, or nobody serves any more. */
static void bring(struct bringer *b, int number) {
    char text[POST_TEXT_ROOM], body[POST_TEXT_ROOM + 300], at[TIME_TEXT_BYTES];
    const int author = (int)rng_below(&b->rng, POST_AUTHORS);
    text_of(&b->rng, number, text);
    snprintf(body, sizeof body,
             "{\"id\":\"%d\",\"created_at\":\"" STR_FMT "\",\"author_id\":\"90000000%04d\","
             "\"username\":\"author_%d\",\"text\":\"%s\",\"lang\":\"en\"}",
             number + 1, STR_ARG(time_format_rfc3339(time_wall_us(), at)), author, author, text);
    while (!atomic_load(&b->f->abandon)) {
        const int status = feeder_bring(b->f->r, b->serve ? SERVE_2 : SERVE_1, body);
        b->serve = !b->serve;
        if (status == 200) {
            accepted(b->f, number, FED_PUSHED);
            return;
        }
        not_accepted(b->f);
        /* 422: by its clock, which may be wrong, the post is of the future */
        if (status >= 400 && status < 500 && status != 422)
            give_up("serve answers %d to post %d", status, number);
        wait_ms(PAUSE_MS);
    }
}

static void publish(struct bringer *b, int number) {
    char text[POST_TEXT_ROOM], body[POST_TEXT_ROOM + 100];
    text_of(&b->rng, number, text);
    snprintf(body, sizeof body, "{\"username\":\"author_%d\",\"text\":\"%s\"}",
             (int)rng_below(&b->rng, POST_AUTHORS), text);
    if (http_post(b->f->r->sim_port, "/sim/x/publish", "", body) != 200)
        give_up("the exchange does not publish post %d", number);
    accepted(b->f, number, FED_PUBLISHED);
}

static void *run(void *arg) {
    struct bringer *const b = arg;
    const bool publishes = b == &b->f->v[BRINGERS];
    const int64_t ms = publishes ? PUBLISH_MS : BRING_MS;
    while (!atomic_load(&b->f->abandon)) {
        wait_ms(rng_between(&b->rng, ms / 2, ms * 3 / 2));
        if (atomic_load(&b->f->hold)) continue;
        const int number = next_number(b->f);
        if (publishes)
            publish(b, number);
        else
            bring(b, number);
    }
    return NULL;
}

/* --- from outside
 * --------------------------------------------------------------------------------- */

struct feeder *feeder_start(struct rig *r) {
    struct feeder *const f = calloc(1, sizeof *f);
    if (f == NULL) give_up("no memory");
    f->r = r;
    pthread_mutex_init(&f->mutex, NULL);
    for (int i = 0; i <= BRINGERS; i++) {
        f->v[i] = (struct bringer){.f = f, .serve = i & 1};
        rng_init(&f->v[i].rng, r->seed + (uint64_t)i * 1000003);
        if (pthread_create(&f->v[i].thread, NULL, run, &f->v[i]) != 0) give_up("no threads");
    }
    return f;
}

void feeder_hold(struct feeder *f, bool on) { atomic_store(&f->hold, on); }

struct feeder_counts feeder_count(struct feeder *f) {
    struct feeder_counts c = {0};
    pthread_mutex_lock(&f->mutex);
    for (int i = 0; i < f->count; i++) {
        c.pushed += f->state[i] == FED_PUSHED;
        c.published += f->state[i] == FED_PUBLISHED;
    }
    c.again = f->again;
    c.waiting = f->waiting;
    pthread_mutex_unlock(&f->mutex);
    return c;
}

int feeder_posts(struct feeder *f) {
    pthread_mutex_lock(&f->mutex);
    const int n = f->count;
    pthread_mutex_unlock(&f->mutex);
    return n;
}

bool feeder_accepted(struct feeder *f, int number, bool *ret_pushed) {
    pthread_mutex_lock(&f->mutex);
    const fed state = f->state[number];
    pthread_mutex_unlock(&f->mutex);
    *ret_pushed = state == FED_PUSHED;
    return state != FED_NOT;
}

void feeder_close(struct feeder *f) {
    atomic_store(&f->abandon, true);
    for (int i = 0; i <= BRINGERS; i++) pthread_join(f->v[i].thread, NULL);
    pthread_mutex_destroy(&f->mutex);
    free(f);
}
