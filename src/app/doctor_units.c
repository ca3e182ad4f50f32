/* doctor_units: see the header.
 *
 * In: unit files and the drop-ins beside them. Out: a line for each unit that is installed. A
 * setting's last line counts; an empty one is a value as well. Names of the walls are those of
 * deploy/systemd, which have them all (tests/unit/test_doctor_units.c). What cannot be read is
 * not judged. Thread: the main one. */
#include "app/doctor_units.h"

#include <dirent.h>
#include <stdlib.h>

#define UNIT_BYTES 65536
#define DROP_INS_MAX 32
#define PATH_BYTES 1024
#define NAMED 4 /* of what is lacking; the rest is counted */

/* value NULL: any but an empty one. */
static const struct wall {
    const char *key, *value;
} walls[] = {{"NoNewPrivileges", "yes"},
             {"CapabilityBoundingSet", ""},
             {"ProtectSystem", "strict"},
             {"ProtectHome", "yes"},
             {"PrivateTmp", "yes"},
             {"PrivateDevices", "yes"},
             {"ProtectKernelTunables", "yes"},
             {"ProtectKernelModules", "yes"},
             {"ProtectControlGroups", "yes"},
             {"ProtectProc", "invisible"},
             {"RestrictNamespaces", "yes"},
             {"RestrictSUIDSGID", "yes"},
             {"MemoryDenyWriteExecute", "yes"},
             {"RestrictAddressFamilies", NULL},
             {"SystemCallFilter", NULL},
             {"MemoryMax", NULL},
             {"LimitCORE", "0"},
             {"UMask", "0077"},
             {"User", NULL}};

/* "FOLDER/NAME" and so on, "" where it is too long for a path. */
PRINTF_LIKE(2, 3)
static const char *path_of(char block[PATH_BYTES], const char *fmt, ...) {
    struct buf b;
    va_list args;
    buf_init_fixed(&b, block, PATH_BYTES);
    va_start(args, fmt);
    buf_vprintf(&b, fmt, args);
    va_end(args);
    return buf_full(&b) ? "" : buf_z(&b);
}

struct unit {
    bool good[COUNT_OF(walls)];
    bool no_code; /* memory cannot be made executable */
};

static void take_line(struct unit *u, str line) {
    str value = str_trim(line), key;
    if (value.n == 0 || value.p[0] == '#' || value.p[0] == ';') return;
    if (!str_cut(&value, '=', &key)) return;
    value = str_trim(value);
    for (ptrdiff_t i = 0; i < COUNT_OF(walls); i++) {
        if (!str_eq(str_trim(key), str_from_z(walls[i].key))) continue;
        const char *const want = walls[i].value;
        u->good[i] = want ? str_eq(value, str_from_z(want)) : value.n > 0;
    }
}

static bool take_file(struct unit *u, struct arena scratch, const char *path) {
    struct error none;
    str rest, line;
    if (!app_read_file(&scratch, path, UNIT_BYTES, &rest, &none)) return false;
    while (rest.n > 0) {
        IGNORE(str_cut(&rest, '\n', &line), "the last line may have no end");
        take_line(u, line);
    }
    return true;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void take_drop_ins(struct unit *u, struct arena scratch, const char *unit_path) {
    char folder[PATH_BYTES], path[PATH_BYTES];
    char *names[DROP_INS_MAX];
    const struct dirent *e;
    int count = 0;
    DIR *const d = opendir(path_of(folder, "%s.d", unit_path));
    if (d == NULL) return;
    while ((e = readdir(d)) != NULL && count < DROP_INS_MAX)
        if (str_ends(str_from_z(e->d_name), STR(".conf")))
            names[count++] = str_dupz(&scratch, str_from_z(e->d_name));
    closedir(d);
    qsort(names, (size_t)count, sizeof names[0], by_name);
    for (int i = 0; i < count; i++)
        IGNORE(!take_file(u, scratch, path_of(path, "%s.d/%s", unit_path, names[i])),
               "one that cannot be read says nothing");
}

static void judge(struct doctor *d, const char *name, const struct unit *u) {
    const bool makes_code = !str_eq(d->app->cfg.model_kind, STR("linear"));
    char block[240];
    int count = 0;
    struct buf lacks;
    buf_init_fixed(&lacks, block, sizeof block);
    for (ptrdiff_t i = 0; i < COUNT_OF(walls); i++) {
        const bool code = strcmp(walls[i].key, "MemoryDenyWriteExecute") == 0;
        if (u->good[i] || (code && makes_code)) continue;
        if (count++ < NAMED) buf_printf(&lacks, "%s%s", count > 1 ? ", " : "", walls[i].key);
    }
    if (count > NAMED) buf_printf(&lacks, " and %d more", count - NAMED);
    if (lacks.len > 0)
        doctor_find(d, GRADE_WARN, "unit", "%s lacks %s: take the one of deploy/systemd", name,
                    buf_z(&lacks));
    else if (makes_code && u->no_code)
        doctor_find(d, GRADE_WARN, "unit",
                    "%s: MemoryDenyWriteExecute keeps oneDNN from working for model.kind " STR_FMT
                    ", which then may be slower: deploy/systemd/machine-code.conf",
                    name, STR_ARG(d->app->cfg.model_kind));
    else
        doctor_find(d, GRADE_OK, "unit", "%s has all its walls", name);
}

void doctor_units(struct doctor *d, const char *const *folders, int count) {
    static const char *const names[] = {"bullfinch.service", "bullfinch-ingest.service",
                                        "bullfinch-analyze@.service", "bullfinch-trade@.service",
                                        "bullfinch-serve.service"};
    struct arena scratch;
    char path[PATH_BYTES];
    arena_open(&scratch, 16 * UNIT_BYTES);
    for (ptrdiff_t n = 0; n < COUNT_OF(names); n++) {
        struct unit u = {0};
        bool found = false;
        for (int i = 0; i < count && !found; i++)
            found = take_file(&u, scratch, path_of(path, "%s/%s", folders[i], names[n]));
        if (!found) continue;
        for (int i = count - 1; i >= 0; i--)
            take_drop_ins(&u, scratch, path_of(path, "%s/%s", folders[i], names[n]));
        for (ptrdiff_t i = 0; i < COUNT_OF(walls); i++)
            if (strcmp(walls[i].key, "MemoryDenyWriteExecute") == 0) u.no_code = u.good[i];
        judge(d, names[n], &u);
    }
    arena_close(&scratch);
}

void doctor_look_at_units(struct doctor *d) {
    static const char *const folders[] = {"/etc/systemd/system", "/run/systemd/system",
                                          "/usr/local/lib/systemd/system",
                                          "/usr/lib/systemd/system", "/lib/systemd/system"};
    doctor_units(d, folders, COUNT_OF(folders));
}
