/* Which keys name files and folders: told by their names, so that a new one need not be listed
 * anywhere. In: a configuration. Out: the paths, borrowed from it. Any thread. */
#include "config/config_int.h"

/* "x.token_file", "api.web_dir"; three have names of their own. */
static bool names_a_path(const struct config_row *row) {
    const int idx = (int)(row - config_rows);
    const str name = str_from_z(row->name);
    if (row->type != CFG_STR) return false;
    if (idx == CFG_ROW_venue_prices || idx == CFG_ROW_venue_exchange_info) return true;
    return str_ends(name, STR("file")) || str_ends(name, STR("_dir"));
}

static void add(struct config_path *ret, int *count, struct config_path p) {
    if (p.path.n > 0 && *count < CONFIG_PATHS_MAX) ret[(*count)++] = p;
}

int config_paths(const struct config *cfg, struct config_path ret[CONFIG_PATHS_MAX]) {
    int count = 0;
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        const struct config_row *const row = &config_rows[i];
        if (!names_a_path(row)) continue;
        str path;
        memcpy(&path, (const char *)cfg + row->offset, sizeof path);
        add(ret, &count,
            (struct config_path){row->section, row->name, path, (row->flags & CFG_SECRET) != 0});
    }
    for (int i = 0; i < cfg->source_count; i++)
        add(ret, &count, (struct config_path){"source", "path", cfg->sources[i].path, false});
    return count;
}
