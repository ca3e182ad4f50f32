/* setting: would the whole configuration still be good with one more row in the settings table?
 *
 * In: the rows that there are, and the one that is meant. Out: yes, or every mistake. Nothing is
 * stored here. Failure: as config_load's. Thread: any. */
#include "config/config.h"

bool config_try_setting(struct arena *a, const struct config_input *in, str key, str value,
                        struct buf *report, struct error *err) {
    str *rows = NEW_ARRAY(a, str, in->settings_count + 1);
    int n = 0;
    for (int i = 0; i < in->settings_count; i++) {
        str rest = in->settings[i], name;
        IGNORE(str_cut(&rest, '=', &name), "rows have the form key=value");
        if (!str_eq(name, key)) rows[n++] = in->settings[i];
    }
    if (value.n > 0) {
        const ptrdiff_t bytes = key.n + value.n + 2;
        struct buf b;
        buf_init_fixed(&b, NEW_ARRAY(a, char, bytes), bytes);
        buf_printf(&b, STR_FMT "=" STR_FMT, STR_ARG(key), STR_ARG(value));
        rows[n++] = buf_str(&b);
    }
    struct config_input with = *in;
    struct config cfg;
    with.settings = rows;
    with.settings_count = n;
    return config_load(a, &with, &cfg, report, err);
}
