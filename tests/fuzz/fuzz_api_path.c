/* Law: whatever a path looks like, the file that it leads to stands in the folder that is served
 * and is not hidden; and whatever a client says of what it takes, has and has read last, only what
 * it said counts: gzip if it named it, 304 if it has the tag, one beginning of a stream. Input: a
 * path, Accept-Encoding, If-None-Match, Last-Event-ID and types, a line each. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/dress.h"
#include "api/events.h"
#include "api/files.h"
#include "fuzz.h"

static char dir[64];

static void put(const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    PRE(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void remove_dir(void) {
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    IGNORE(system(command) != 0, "it is below /tmp");
}

/* web/ with a page, a file below it, a hidden one, and links out of it. */
static void make_dir(void) {
    char path[128];
    memcpy(dir, "/tmp/bf-fuzz-XXXXXX", 20);
    PRE(mkdtemp(dir) != NULL);
    PRE(atexit(remove_dir) == 0);
    snprintf(path, sizeof path, "%s/web", dir);
    PRE(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/web/a", dir);
    PRE(mkdir(path, 0700) == 0);
    put("secret", "outside");
    put("web/index.html", "inside");
    put("web/a/b.js", "inside");
    put("web/.env", "outside");
    snprintf(path, sizeof path, "%s/web/l", dir);
    PRE(symlink("..", path) == 0);
}

static bool names(str header, const char *word) {
    const str w = str_from_z(word);
    for (ptrdiff_t i = 0; i + w.n <= header.n; i++)
        if (str_eq_nocase(str_head(str_tail(header, i), w.n), w)) return true;
    return false;
}

static void nothing(void *reader) { (void)reader; }
static void woken(void *reader, usec mono) { (void)reader, (void)mono; }
static bool stays(void *reader) {
    (void)reader;
    return false;
}

static void try_stream(struct arena *a, str last_id, str types) {
    static const struct api_events_ops ops = {nothing, woken, nothing, stays};
    struct api_events_ask ask = {0};
    struct error err;
    char got[512];
    ptrdiff_t n, all = 0;
    if (!api_events_types(types, &ask.types, &err)) {
        LAW(err.code == ERR_PARSE && ask.types == 0);
        return;
    }
    LAW(ask.types & BIT(CHANGE_RELOAD));
    IGNORE(!str_copyz(last_id, ask.last_id, sizeof ask.last_id), "as the handler does");
    struct api_events *const e = api_events_new(a, &ops, 7, 1);
    api_events_put(e, CHANGE_RELOAD, STR("{}"));
    api_events_put(e, CHANGE_RELOAD, STR("{}"));
    struct api_stream *const s = api_stream_open(e, &ask, NULL, 0);
    while ((n = api_stream_read(e, s, got + all, 100, 0)) > 0) all += n;
    const str out = {got, all};
    const bool begins = str_eq(out, STR("retry: 2000\nid: 7-2\n\n"));
    const bool caught_up = str_starts(out, STR("retry: 2000\n\n"));
    LAW(begins || caught_up || str_starts(out, STR("retry: 2000\nid: 7-2\nevent: reload\n")));
    LAW(!begins || ask.last_id[0] == '\0');
    LAW(!caught_up || str_starts(str_from_z(ask.last_id), STR("7-")));
    api_stream_close(e, s);
    api_events_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    str rest = str_from_bytes(data, (ptrdiff_t)bytes), path = {0}, takes = {0}, has = {0},
        last = {0};
    struct arena a;
    struct api_file f;
    if (dir[0] == '\0') make_dir();
    if (bytes == 0) return 0;
    IGNORE(!str_cut(&rest, '\n', &path) || !str_cut(&rest, '\n', &takes) ||
               !str_cut(&rest, '\n', &has) || !str_cut(&rest, '\n', &last),
           "lines that are not there are empty");
    char served[128];
    snprintf(served, sizeof served, "%s/web", dir);
    arena_open(&a, 16 << 20);
    const struct api_files *const files = api_files_new(&a, str_from_z(served));
    if (api_files_find(files, &a, path, &f)) {
        LAW(str_eq(f.bytes, STR("inside")));
        LAW(path.p[0] == '/');
    }
    LAW(!api_takes_gzip(takes) || names(takes, "gzip") || names(takes, "*"));
    LAW(!api_tag_matches(has, STR("\"x\"")) || names(has, "\"x\"") || str_eq(has, STR("*")));
    try_stream(&a, last, rest);
    arena_close(&a);
    return 0;
}
