/* room: see the header.
 *
 * In: the sizes that the store and the kernel tell. Out: alerts, a line of the log an hour, and
 * fewer rows where there were too many for their bound. What is freed of a file is used again by
 * what comes, so the file grows to its bound and no further. A database server gives back in its
 * own time what was removed, and counts it until then; so of one it is only told. Failure: the
 * store's. Thread: the housekeeper's. */
#include "run/room.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"

#define TELL_US USEC_PER_HOUR
#define SQUEEZE_US (10 * USEC_PER_MIN)
#define MIB (INT64_C(1) << 20)
#define PATH_BYTES 4096
#define SENTENCE_BYTES 240

/* --- looking ----------------------------------------------------------------------------- */

/* Of a file of the kernel's, which gives its first lines in one read; empty where it is not there.
 */
static str kernel_says(const char *path, char *block, size_t bytes) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return STR("");
    const ssize_t n = read(fd, block, bytes);
    close(fd);
    return str_from_bytes(block, n > 0 ? n : 0);
}

int64_t room_memory(void) {
    char block[128];
    str rest = kernel_says("/proc/self/statm", block, sizeof block), all, resident;
    int64_t pages = 0;
    if (!str_cut(&rest, ' ', &all) || !str_cut(&rest, ' ', &resident)) return 0;
    return str_to_i64(resident, &pages) ? pages * sysconf(_SC_PAGESIZE) : 0;
}

int64_t room_memory_left(void) {
    char block[2048];
    str rest = kernel_says("/proc/meminfo", block, sizeof block), line;
    const str name = STR("MemAvailable:"), unit = STR("kB");
    int64_t kib = 0;
    while (str_cut(&rest, '\n', &line)) {
        if (!str_starts(line, name) || !str_ends(line, unit)) continue;
        const str number = str_trim(str_head(str_tail(line, name.n), line.n - name.n - unit.n));
        return str_to_i64(number, &kib) && kib < INT64_MAX / 1024 ? kib * 1024 : 0;
    }
    return 0;
}

bool room_disk(const char *file, struct room_disk *ret) {
    char folder[PATH_BYTES];
    struct statvfs fs;
    const char *const slash = strrchr(file, '/');
    const ptrdiff_t n = slash == file ? 1 : slash ? slash - file : 0;
    if (!str_copyz(n > 0 ? str_from_bytes(file, n) : STR("."), folder, sizeof folder)) return false;
    if (statvfs(folder, &fs) != 0) return false;
    *ret = (struct room_disk){.free = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize,
                              .size = (int64_t)fs.f_blocks * (int64_t)fs.f_frsize};
    return true;
}

bool room_look(struct store *s, struct room_seen *ret, struct error *err) {
    struct room_disk disk;
    int64_t unused;
    ret->free = store_is_file(s) && room_disk(store_path(s), &disk) ? disk.free : -1;
    if (!store_room(s, &unused, &ret->all, err)) return false;
    ret->used = ret->all - unused;
    return true;
}

/* --- telling ----------------------------------------------------------------------------- */

static bool tell(struct store *s, const char *source, bool is_short, const char *what, usec wall,
                 struct error *err) {
    const struct alert_turn t = {is_short, is_short ? "short" : "enough", what};
    bool news;
    if (!store_alert_turn(s, source, &t, wall, &news, err)) return false;
    if (news)
        log_write(is_short ? LOG_UNUSUAL : LOG_INFO, is_short ? "disk_short" : "disk_enough",
                  (struct log_field[]){LOG_Z("what", what)}, 1);
    return true;
}

/* Nine tenths of its bound, until it is under eight. */
static bool tell_bound(struct store *s, const struct room_seen *seen, int64_t most, usec wall,
                       struct error *err) {
    char what[SENTENCE_BYTES];
    const bool much = most > 0 && seen->used > most / 10 * 9;
    const bool little = most == 0 || seen->used < most / 10 * 8;
    if (!much && !little) return true;
    snprintf(what, sizeof what,
             much ? "the store takes %" PRId64 " of %" PRId64 " MiB (retention.disk_mb)"
                  : "the store takes %" PRId64 " MiB, well within retention.disk_mb (%" PRId64 ")",
             seen->used / MIB, most / MIB);
    return tell(s, "store_size", much, what, wall, err);
}

static bool tell_disk(struct store *s, const struct room_seen *seen, int64_t least, usec wall,
                      struct error *err) {
    char what[SENTENCE_BYTES];
    const bool short_of = seen->free >= 0 && seen->free < least;
    const bool enough = seen->free < 0 || seen->free >= least + least / 4;
    if (!short_of && !enough) return true;
    snprintf(what, sizeof what,
             short_of ? "%" PRId64 " MiB are free on the store's disk; make room before it is full"
                      : "%" PRId64 " MiB are free on the store's disk",
             seen->free / MIB);
    return tell(s, "disk", short_of, what, wall, err);
}

static void log_use(struct room_watch *r, const struct room_seen *seen) {
    if (time_monotonic_us() < r->tell_at) return;
    r->tell_at = time_monotonic_us() + TELL_US;
    log_info("resources", LOG_I("memory_mib", room_memory() / MIB),
             LOG_I("store_mib", seen->all / MIB), LOG_I("used_mib", seen->used / MIB),
             LOG_I("disk_free_mib", seen->free < 0 ? -1 : seen->free / MIB));
}

/* --- making room ------------------------------------------------------------------------- */

static usec sooner(usec age, usec most) { return age == 0 ? most : i64_min(age, most); }

/* A step further each time, until it fits or all that may go is gone. */
static bool squeeze(struct store *s, const struct prune_ask *round, struct room_seen *seen,
                    int64_t most, int64_t ret_gone[PRUNE_COUNT], struct error *err) {
    static const prune_kind kinds[] = {PRUNE_SIGNALS, PRUNE_POSTS, PRUNE_READINGS, PRUNE_CANDLES,
                                       PRUNE_LETTERS, PRUNE_GAPS,  PRUNE_ALERTS};
    static const int days[] = {180, 90, 45, 21, 10, 5, 2, 1};
    struct prune_ask ask = *round;
    usec from = 0, readings_from = 0; /* all are looked at, whatever the round has seen */
    for (ptrdiff_t i = 0; i < COUNT_OF(days) && seen->used > most / 10 * 9; i++) {
        int64_t gone[PRUNE_COUNT];
        bool all;
        for (ptrdiff_t k = 0; k < COUNT_OF(kinds); k++)
            ask.age[kinds[k]] = sooner(ask.age[kinds[k]], days[i] * USEC_PER_DAY);
        from = readings_from = 0;
        ask.posts_from = &from;
        ask.readings_from = &readings_from;
        if (!store_prune(s, &ask, gone, &all, err)) return false;
        for (prune_kind k = 0; k < PRUNE_COUNT; k++) ret_gone[k] += gone[k];
        if (!all) return true; /* the process ends */
        if (!room_look(s, seen, err)) return false;
    }
    return true;
}

bool room_keep(struct room_watch *r, struct store *s, const struct config *cfg,
               const struct prune_ask *ask, int64_t ret_gone[PRUNE_COUNT], struct error *err) {
    const int64_t most = cfg->retention_disk_mb * MIB;
    struct room_seen seen;
    memset(ret_gone, 0, PRUNE_COUNT * sizeof ret_gone[0]);
    if (!room_look(s, &seen, err)) return false;
    log_use(r, &seen);
    if (!tell_bound(s, &seen, most, ask->wall, err) ||
        !tell_disk(s, &seen, cfg->retention_disk_free_mb * MIB, ask->wall, err))
        return false;
    if (most == 0 || seen.used <= most || !store_is_file(s)) return true;
    if (time_monotonic_us() < r->squeeze_at) return true;
    r->squeeze_at = time_monotonic_us() + SQUEEZE_US;
    if (!squeeze(s, ask, &seen, most, ret_gone, err)) return false;
    if (seen.used > most)
        log_unusual("disk_bound_exceeded", LOG_I("used_mib", seen.used / MIB),
                    LOG_I("most_mib", most / MIB),
                    LOG_Z("why", "what is left is of the last day, or explains trades; raise "
                                 "retention.disk_mb"));
    return true;
}
