/* cmd_small: version and help. */
#include "app/cmds.h"

#include <sqlite3.h>

#include "model/product.h"

static exit_status print(struct buf *out) {
    struct error err;
    const bool ok = app_print(out, &err);
    buf_fini(out);
    return ok ? EXIT_DONE : app_fail(&err);
}

static exit_status version_run(struct app *app, const struct args *args) {
    struct buf out;
    buf_init(&out, 4096);
    if (args && app->json)
        buf_printf(&out, "{\"version\":\"%s\",\"sqlite\":\"%s\",\"roberta\":\"%s\"}\n", BF_VERSION,
                   sqlite3_libversion(), products_built_with());
    else
        buf_printf(&out, "bullfinch %s (SQLite %s, %s)\n", BF_VERSION, sqlite3_libversion(),
                   products_built_with());
    return print(&out);
}

const struct cmd cmd_version = {.group = "Program",
                                .name = "version",
                                .pos = "",
                                .brief = "Show which bullfinch this is.",
                                .run = version_run};

static exit_status help_run(struct app *app, const struct args *args) {
    struct buf out;
    buf_init(&out, 1 << 20);
    if (args_has(args, "man")) {
        help_man(&out);
        return print(&out);
    }
    if (args_has(args, "completion")) {
        struct error err;
        const str shell = args_get(args, "completion", STR(""));
        if (complete_script(shell, &out)) return print(&out);
        buf_fini(&out);
        fail(&err, ERR_USAGE, 0,
             "help --completion: no shell \"" STR_FMT "\"; there are bash and zsh", STR_ARG(shell));
        return app_fail(&err);
    }
    if (args->pos_count == 0) {
        help_all(&out);
        return print(&out);
    }
    char name[64];
    struct buf joined;
    buf_init_fixed(&joined, name, sizeof name);
    for (int i = 0; i < args->pos_count; i++)
        buf_printf(&joined, "%s" STR_FMT, i ? " " : "", STR_ARG(args->pos[i]));
    for (int i = 0; i < commands_count; i++) {
        if (!str_eq(buf_str(&joined), str_from_z(commands_all[i]->name))) continue;
        help_one(commands_all[i], &out);
        return print(&out);
    }
    buf_fini(&out);
    char *argv[] = {name, (char[]){"--help"}};
    return commands_run(app, 2, argv); /* a family, or nothing that there is */
}

static const struct opt help_opts[] = {
    {"man", NULL, "Print the man page, in roff."},
    {"completion", "SHELL", "Print completion for a shell: bash or zsh.", "bash zsh"},
    {0}};

const struct cmd cmd_help = {.group = "Program",
                             .name = "help",
                             .pos = "[COMMAND]",
                             .brief = "Explain a command, or list them all.",
                             .opts = help_opts,
                             .pos_max = 2,
                             .run = help_run};
