/* ws_server: a WebSocket server on a loopback port, written out byte for byte: a thread of its own,
 * connections one after the other, each served by a function of the test. */
#ifndef BF_TESTS_LIB_WS_SERVER_H
#define BF_TESTS_LIB_WS_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "check.h"
#include "sim/frame.h"

enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10, FIN = 0x80 };

struct server {
    int listener, port;
    pthread_t thread;
    void (*serve)(struct server *s, int fd); /* NULL: closes what connects */
    char request[4096];
    int connections;
    int pings, texts;
    char got[16][64];
};

static inline void put(int fd, const void *p, size_t n) {
    const char *at = p;
    while (n > 0) {
        const ssize_t done = send(fd, at, n, MSG_NOSIGNAL);
        if (done <= 0) return;
        at += done;
        n -= (size_t)done;
    }
}

static inline bool get(int fd, void *p, size_t n) {
    char *at = p;
    while (n > 0) {
        const ssize_t done = recv(fd, at, n, 0);
        if (done <= 0) return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static inline void frame(int fd, int head, const char *text, size_t n) {
    unsigned char h[10] = {(unsigned char)head};
    size_t bytes = 2;
    if (n < 126) {
        h[1] = (unsigned char)n;
    } else {
        h[1] = 127;
        for (int i = 0; i < 8; i++) h[2 + i] = (unsigned char)(n >> (56 - 8 * i));
        bytes = 10;
    }
    put(fd, h, bytes);
    put(fd, text, n);
}

static inline void say(int fd, int head, const char *text) { frame(fd, head, text, strlen(text)); }

/* A frame of the client, short or of 16 bits of length; its opcode, -1 when it went. */
static inline int hear(int fd, char *block, size_t bytes) {
    unsigned char h[2], more[2], mask[4];
    if (!get(fd, h, 2) || !(h[1] & 0x80)) return -1;
    size_t n = h[1] & 0x7f;
    if (n == 126) {
        if (!get(fd, more, 2)) return -1;
        n = (size_t)(more[0] << 8 | more[1]);
    }
    assert_true(n < bytes);
    if (!get(fd, mask, 4) || !get(fd, block, n)) return -1;
    for (size_t i = 0; i < n; i++) block[i] = (char)(block[i] ^ mask[i % 4]);
    block[n] = '\0';
    return h[0] & 15;
}

static inline bool shake(struct server *s, int fd) {
    char accept[FRAME_ACCEPT_BYTES], answer[256];
    size_t have = 0;
    while (have == 0 || strstr(s->request, "\r\n\r\n") == NULL) {
        if (have + 1 >= sizeof s->request || !get(fd, s->request + have, 1)) return false;
        s->request[++have] = '\0';
    }
    const char *key = strstr(s->request, "Sec-WebSocket-Key: ");
    if (key == NULL || !frame_accept(str_from_bytes(key + 19, 24), accept)) return false;
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             accept);
    put(fd, answer, strlen(answer));
    return true;
}

static inline void *server_run(void *arg) {
    struct server *s = arg;
    for (;;) {
        const int fd = accept(s->listener, NULL, NULL);
        if (fd < 0) return NULL;
        s->connections++;
        if (s->serve != NULL) s->serve(s, fd);
        close(fd);
    }
}

static inline void server_open(struct server *s, void (*serve)(struct server *s, int fd)) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    *s = (struct server){.serve = serve};
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(s->listener, 16), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &n), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, server_run, s), 0);
}

static inline void server_close(struct server *s) {
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
}

#endif
