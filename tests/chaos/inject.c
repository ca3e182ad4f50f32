/* inject: see the header. Two faults may have one target: then the one that ends first ends it for
 * both; what matters is that things go wrong, and that all is well in the end.
 *
 * Failure: a disk that cannot be filled is told and left out. Thread: the main one. */
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger.h"

/* --- the disk
 * ------------------------------------------------------------------------------------- */

static void ballast_path(const struct rig *r, char out[PROC_PATH_BYTES]) {
    snprintf(out, PROC_PATH_BYTES, "%.580s/ballast", r->pg_data);
}

/* All that is free. */
static void fill_disk(const struct rig *r) {
    static const char block[1 << 16];
    char path[PROC_PATH_BYTES];
    int64_t bytes = 0;
    ballast_path(r, path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) give_up("%s: %s", path, strerror(errno));
    for (size_t piece = sizeof block; piece > 0; piece /= 2) {
        ssize_t n;
        while ((n = write(fd, block, piece)) > 0) bytes += n;
    }
    close(fd);
    tell("  (%lld MB of ballast)", (long long)(bytes >> 20));
}

static void free_disk(const struct rig *r) {
    char path[PROC_PATH_BYTES];
    ballast_path(r, path);
    if (unlink(path) != 0 && errno != ENOENT) give_up("%s: %s", path, strerror(errno));
}

/* --- Redis
 * ---------------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st, (void)type;
    return at->level == 0 ? 0 : remove(path);
}

void empty_redis(struct rig *r) {
    char path[PROC_PATH_BYTES];
    snprintf(path, sizeof path, "%s/redis", r->dir);
    proc_stop(&r->redis, SIGKILL);
    if (nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
        give_up("%s cannot be emptied: %s", path, strerror(errno));
    r->redis.wanted = true;
    r->redis.again_at = time_monotonic_us() + USEC_PER_S;
}

/* --- whom
 * ----------------------------------------------------------------------------------------- */

/* By its process id, as the database has it; the first one where that cannot be asked. */
static bot leader_of(const struct rig *r) {
    int64_t pid;
    if (!ledger_number(r, "SELECT pid FROM leader", &pid)) return TRADE_1;
    return r->bots[TRADE_2].pid != 0 && pid == r->bots[TRADE_2].pid ? TRADE_2 : TRADE_1;
}

static struct proc *target_of(struct inject *in, const struct fault *f, bot led) {
    const bool leads = f->what == MISHAP_KILL_LEADER || f->what == MISHAP_PAUSE_LEADER;
    return &in->r->bots[leads ? led : f->bot];
}

static void say(const struct inject *in, const struct fault *f, bot led) {
    const double s = (double)(f->until - f->at) / 1e6;
    const struct link *const l = &in->r->links[f->link];
    switch (f->what) {
    case MISHAP_KILL_BOT:
        tell("! %s: %s", in->r->bots[f->bot].name, mishap_name(f->what));
        return;
    case MISHAP_PAUSE_BOT:
        tell("! %s: %s for %.1f s", in->r->bots[f->bot].name, mishap_name(f->what), s);
        return;
    case MISHAP_KILL_LEADER:
    case MISHAP_PAUSE_LEADER:
        tell("! %s (%s) for %.1f s", mishap_name(f->what), in->r->bots[led].name, s);
        return;
    case MISHAP_WIRE_CUT:
    case MISHAP_WIRE_HANG:
    case MISHAP_WIRE_SLOW:
        tell("! %s and %s: %s for %.1f s%s", in->r->bots[l->from].name, server_name(l->to),
             mishap_name(f->what), s,
             f->what == MISHAP_WIRE_HANG && f->lost ? ", and is lost" : "");
        return;
    case MISHAP_CLOCK:
        tell("! %s: %s by %.1f s, for %.1f s", in->r->bots[f->bot].name, mishap_name(f->what),
             (double)f->offset / 1e6, s);
        return;
    case MISHAP_REDIS_KILL:
    case MISHAP_REDIS_EMPTY:
    case MISHAP_POSTGRES_STOP:
        tell("! %s", mishap_name(f->what));
        return;
    case MISHAP_REDIS_PAUSE:
    case MISHAP_DISK_FULL:
        tell("! %s for %.1f s", mishap_name(f->what), s);
        return;
    case MISHAP_COUNT:
        break;
    }
    WRONG("a mishap out of its list");
}

/* --- when
 * ----------------------------------------------------------------------------------------- */

static void befall(struct inject *in, const struct fault *f, bot led) {
    struct rig *const r = in->r;
    switch (f->what) {
    case MISHAP_KILL_BOT:
    case MISHAP_KILL_LEADER:
        proc_kill(target_of(in, f, led), SIGKILL);
        return;
    case MISHAP_PAUSE_BOT:
    case MISHAP_PAUSE_LEADER:
        proc_pause(target_of(in, f, led), true);
        return;
    case MISHAP_WIRE_CUT:
        tcp_proxy_set(r->links[f->link].proxy, PROXY_CUT, 0);
        return;
    case MISHAP_WIRE_HANG:
        tcp_proxy_set(r->links[f->link].proxy, PROXY_HANG, 0);
        return;
    case MISHAP_WIRE_SLOW:
        tcp_proxy_set(r->links[f->link].proxy, PROXY_SLOW, f->slow_ms * USEC_PER_MS);
        return;
    case MISHAP_REDIS_KILL:
        proc_kill(&r->redis, SIGKILL);
        return;
    case MISHAP_REDIS_EMPTY:
        empty_redis(r);
        return;
    case MISHAP_REDIS_PAUSE:
        proc_pause(&r->redis, true);
        return;
    case MISHAP_POSTGRES_STOP:
        proc_kill(&r->postgres, SIGQUIT);
        return;
    case MISHAP_CLOCK:
        atomic_store(r->clocks[f->bot], f->offset);
        return;
    case MISHAP_DISK_FULL:
        fill_disk(r);
        return;
    case MISHAP_COUNT:
        break;
    }
    WRONG("a mishap out of its list");
}

static void take_back(struct inject *in, const struct fault *f, bot led) {
    struct rig *const r = in->r;
    switch (f->what) {
    case MISHAP_PAUSE_BOT:
    case MISHAP_PAUSE_LEADER:
        proc_pause(target_of(in, f, led), false);
        return;
    case MISHAP_WIRE_HANG:
        if (f->lost) tcp_proxy_cut_once(r->links[f->link].proxy);
        tcp_proxy_set(r->links[f->link].proxy, PROXY_PASS, 0);
        return;
    case MISHAP_WIRE_CUT:
    case MISHAP_WIRE_SLOW:
        tcp_proxy_set(r->links[f->link].proxy, PROXY_PASS, 0);
        return;
    case MISHAP_REDIS_PAUSE:
        proc_pause(&r->redis, false);
        return;
    case MISHAP_CLOCK:
        atomic_store(r->clocks[f->bot], 0);
        return;
    case MISHAP_DISK_FULL:
        free_disk(r);
        return;
    case MISHAP_KILL_BOT:
    case MISHAP_KILL_LEADER:
    case MISHAP_REDIS_KILL:
    case MISHAP_REDIS_EMPTY:
    case MISHAP_POSTGRES_STOP:
        return; /* rig_watch starts it again */
    case MISHAP_COUNT:
        break;
    }
    WRONG("a mishap out of its list");
}

static void begin_next(struct inject *in) {
    const int number = in->next++;
    const struct fault *const f = &in->script->v[number];
    if (f->what == MISHAP_DISK_FULL && !in->r->has_disk) {
        in->left_out++;
        return;
    }
    const bool leads = f->what == MISHAP_KILL_LEADER || f->what == MISHAP_PAUSE_LEADER;
    const bot led = leads ? leader_of(in->r) : TRADE_1;
    say(in, f, led);
    befall(in, f, led);
    in->done[f->what]++;
    if (f->until == f->at) return;
    PRE(in->active_count < COUNT_OF(in->active));
    in->led[in->active_count] = led;
    in->active[in->active_count++] = number;
}

void inject_begin(struct inject *in, struct rig *r, const struct script *s) {
    *in = (struct inject){.r = r, .script = s, .beginning = time_monotonic_us()};
    if (!r->has_disk) tell("a full disk is not possible here: %s", r->no_disk);
}

bool inject_step(struct inject *in) {
    const usec at = time_monotonic_us() - in->beginning;
    for (int i = 0; i < in->active_count;) {
        const struct fault *const f = &in->script->v[in->active[i]];
        if (f->until > at) {
            i++;
            continue;
        }
        take_back(in, f, in->led[i]);
        in->active_count--;
        in->active[i] = in->active[in->active_count];
        in->led[i] = in->led[in->active_count];
    }
    while (in->next < in->script->count && in->script->v[in->next].at <= at) begin_next(in);
    return in->next < in->script->count || in->active_count > 0;
}

void inject_end(struct inject *in) {
    struct rig *const r = in->r;
    in->next = in->script->count;
    in->active_count = 0;
    for (int i = 0; i < r->link_count; i++) tcp_proxy_set(r->links[i].proxy, PROXY_PASS, 0);
    for (int b = 0; b < BOT_COUNT; b++) {
        proc_pause(&r->bots[b], false);
        if (r->clocks[b] != NULL) atomic_store(r->clocks[b], 0);
    }
    proc_pause(&r->redis, false);
    if (r->has_disk) free_disk(r);
}
