/* raw_server: a server on a loopback port that does with each request what a script says, and keeps
 * what it received. A thread of its own; connections one after the other. */
#ifndef BF_TESTS_LIB_RAW_SERVER_H
#define BF_TESTS_LIB_RAW_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "check.h"

typedef enum raw_then {
    RAW_KEEP,  /* read the next request on the same connection */
    RAW_CLOSE, /* the connection is closed, in good order */
    RAW_RESET, /* the same with a reset */
    RAW_STALL  /* nothing more, until the client goes */
} raw_then;

struct raw_step {
    const char *text; /* sent as it stands; NULL: nothing */
    raw_then then;
    const char *late; /* sent behind it, once raw_late_go() was called; NULL: nothing */
    bool drip;        /* a byte at a time, as fast as the client takes them, for ever */
};

#define RAW_REQUESTS_MAX 32
#define RAW_REQUEST_BYTES 8192

struct raw_server {
    int listener, port;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    const struct raw_step *steps;
    int step_count;
    bool late_go, late_done; /* guarded by the mutex */
    int connections, closed; /* the same */
    int request_count;       /* the same */
    char requests[RAW_REQUESTS_MAX][RAW_REQUEST_BYTES];
};

static inline void raw_put(int fd, const char *text, size_t n) {
    while (n > 0) {
        const ssize_t done = send(fd, text, n, MSG_NOSIGNAL);
        if (done <= 0) return;
        text += done;
        n -= (size_t)done;
    }
}

/* Reads one request with its body. False: the client went. */
static inline bool raw_read(struct raw_server *s, int fd, char *block) {
    size_t have = 0, body = 0;
    char *end = NULL;
    (void)s;
    for (;;) {
        if (end != NULL && have >= (size_t)(end - block) + 4 + body) return true;
        const ssize_t n = recv(fd, block + have, RAW_REQUEST_BYTES - 1 - have, 0);
        if (n <= 0) return false;
        have += (size_t)n;
        block[have] = '\0';
        end = strstr(block, "\r\n\r\n");
        const char *length = strstr(block, "Content-Length: ");
        if (length != NULL) body = strtoul(length + 16, NULL, 10);
    }
}

static inline void raw_wait_late(struct raw_server *s) {
    pthread_mutex_lock(&s->mutex);
    while (!s->late_go) pthread_cond_wait(&s->changed, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
}

static inline void raw_mark(struct raw_server *s, bool *flag, int *count) {
    pthread_mutex_lock(&s->mutex);
    if (flag != NULL) *flag = true;
    if (count != NULL) ++*count;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->mutex);
}

/* Does one step; false: the connection is over. */
static inline bool raw_do(struct raw_server *s, int fd, const struct raw_step *step) {
    char byte;
    if (step->text != NULL) raw_put(fd, step->text, strlen(step->text));
    while (step->drip && send(fd, "x", 1, MSG_NOSIGNAL) == 1)
        if (recv(fd, &byte, 1, MSG_DONTWAIT) == 0) break;
    if (step->late != NULL) {
        raw_wait_late(s);
        raw_put(fd, step->late, strlen(step->late));
        raw_mark(s, &s->late_done, NULL);
    }
    switch (step->then) {
    case RAW_KEEP:
        return true;
    case RAW_CLOSE:
        return false;
    case RAW_RESET: {
        const struct linger now = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        return false;
    }
    case RAW_STALL:
        while (recv(fd, &byte, 1, 0) > 0) continue;
        return false;
    }
    return false;
}

static inline void *raw_run(void *arg) {
    struct raw_server *s = arg;
    for (;;) {
        const int fd = accept(s->listener, NULL, NULL);
        if (fd < 0) return NULL;
        raw_mark(s, NULL, &s->connections);
        for (bool open = true; open;) {
            const int idx = s->request_count; /* only this thread writes it */
            if (idx == RAW_REQUESTS_MAX || !raw_read(s, fd, s->requests[idx])) break;
            raw_mark(s, NULL, &s->request_count);
            const struct raw_step *step = &s->steps[idx < s->step_count ? idx : s->step_count - 1];
            open = raw_do(s, fd, step);
        }
        close(fd);
        raw_mark(s, NULL, &s->closed);
    }
}

/* The last step is repeated. */
static inline void raw_open(struct raw_server *s, const struct raw_step *steps, int count) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    memset(s, 0, sizeof *s);
    s->steps = steps;
    s->step_count = count;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(s->listener, 16), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &n), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, raw_run, s), 0);
}

static inline void raw_late_go(struct raw_server *s) {
    raw_mark(s, &s->late_go, NULL);
    pthread_mutex_lock(&s->mutex);
    while (!s->late_done) pthread_cond_wait(&s->changed, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
}

/* Until so many connections were closed by the server. */
static inline void raw_wait_closed(struct raw_server *s, int count) {
    pthread_mutex_lock(&s->mutex);
    while (s->closed < count) pthread_cond_wait(&s->changed, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
}

static inline int raw_requests(struct raw_server *s) {
    pthread_mutex_lock(&s->mutex);
    const int n = s->request_count;
    pthread_mutex_unlock(&s->mutex);
    return n;
}

/* Call it when the client has closed. What came until then is counted. */
static inline void raw_close(struct raw_server *s) {
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->mutex);
}

#endif
