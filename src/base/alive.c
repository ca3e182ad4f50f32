/* alive: see the header.
 *
 * In: calls of the main loop. Out: datagrams to a Unix socket. Invariant: at most one datagram a
 * quarter of the watchdog's time, and nothing that waits: a socket that takes nothing now is tried
 * at the next call. Failure: of a datagram nobody's; who listens for it decides what silence means.
 * Thread: the main one. */
#include "base/alive.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

#define TEXT_BYTES 256
#define WAIT_US (10 * USEC_PER_S)   /* between two words of who waits */
#define EXTEND_US (30 * USEC_PER_S) /* that the start may take from such a word on */

static struct {
    int fd; /* 0: nobody listens */
    struct sockaddr_un to;
    socklen_t to_bytes;
    usec every; /* between two beats; USEC_NEVER: one is enough */
    usec beat_at, wait_at;
    bool ready, waited, stops;
} alive;

static bool address_of(const char *address) {
    const size_t n = address ? strlen(address) : 0;
    if (n < 2 || n >= sizeof alive.to.sun_path) return false;
    if (*address != '/' && *address != '@') return false;
    alive.to = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(alive.to.sun_path, address, n);
    if (*address == '@') alive.to.sun_path[0] = '\0'; /* of no file */
    alive.to_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (*address == '/'));
    return true;
}

void alive_open(const char *address, usec watchdog) {
    if (alive.fd > 0) close(alive.fd);
    memset(&alive, 0, sizeof alive);
    if (!address_of(address)) return;
    alive.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (alive.fd < 0) alive.fd = 0;
    alive.every = watchdog > 0 ? i64_max(watchdog / 4, 1) : USEC_NEVER;
}

static bool say(const char *text) {
    const size_t n = strlen(text);
    return sendto(alive.fd, text, n, MSG_NOSIGNAL, (const struct sockaddr *)&alive.to,
                  alive.to_bytes) == (ssize_t)n;
}

void alive_beat(void) {
    if (alive.fd == 0 || alive.stops) return;
    const usec mono = time_monotonic_us();
    const bool known = alive.ready && !alive.waited;
    if (known && mono < alive.beat_at) return;
    if (!say(known ? "WATCHDOG=1" : "READY=1\nSTATUS=at work\nWATCHDOG=1")) return;
    alive.ready = true;
    alive.waited = false;
    alive.beat_at = alive.every == USEC_NEVER ? USEC_NEVER : mono + alive.every;
}

void alive_waits(const char *what) {
    char text[TEXT_BYTES];
    if (alive.fd == 0 || alive.stops) return;
    const usec mono = time_monotonic_us();
    if (mono < alive.wait_at) return;
    snprintf(text, sizeof text, "STATUS=waits for %.150s\nEXTEND_TIMEOUT_USEC=%lld\nWATCHDOG=1",
             what, (long long)EXTEND_US);
    if (!say(text)) return;
    alive.waited = true;
    alive.wait_at = mono + i64_min(WAIT_US, alive.every) / 2;
}

void alive_stops(void) {
    if (alive.fd == 0 || alive.stops) return;
    IGNORE(!say("STOPPING=1\nSTATUS=ends"), "it will see");
    alive.stops = true;
}
