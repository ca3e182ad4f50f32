/* commands: which command the first words mean, its options, its help.
 *
 * Names are one word or two ("db check"). What is not a name gets the nearest one suggested. A
 * command that needs the configuration gets it read and checked before it runs, so that every
 * mistake is told before anything happens. Thread: the main one. */
#include "app/cmds.h"

#include <stdio.h>

const struct cmd *const commands_all[] = {
#define X(name) &cmd_##name,
    CMD_LIST(X)
#undef X
};
const int commands_count = (int)COUNT_OF(commands_all);

const struct opt commands_common[] = {
    {"config", "FILE", "Configuration file; without it bullfinch.yaml, where there is one."},
    {"profile", "NAME", "dev, staging or prod: the set of defaults.", "dev staging prod"},
    {"set", "KEY=VALUE", "One configuration value, section.key=value; as often as wanted."},
    {"json", NULL, "Print results as JSON."},
    {"help", NULL, "Show this help."},
    {0}};

/* "db check" in argv: the number of words it takes, 0 when this is another command. */
static int words_of(const struct cmd *c, int argc, char *const *argv) {
    str rest = str_from_z(c->name), word;
    int n = 0;
    while (str_cut(&rest, ' ', &word)) {
        if (n >= argc || !str_eq(str_from_z(argv[n]), word)) return 0;
        n++;
    }
    return n;
}

static bool is_family(str word) {
    for (int i = 0; i < commands_count; i++) {
        const str name = str_from_z(commands_all[i]->name);
        if (str_starts(name, word) && name.n > word.n && name.p[word.n] == ' ') return true;
    }
    return false;
}

static exit_status print_and_end(struct buf *out) {
    struct error err;
    const bool ok = app_print(out, &err);
    buf_fini(out);
    return ok ? EXIT_DONE : app_fail(&err);
}

static exit_status no_such_command(int argc, char *const *argv) {
    const str word = str_from_z(argv[0]);
    const bool family = is_family(word);
    struct buf said;
    buf_init(&said, 4096);
    buf_printf(&said, "%s%s%s", argv[0], family && argc > 1 ? " " : "",
               family && argc > 1 ? argv[1] : "");
    const struct cmd *near = NULL;
    int least = 3;
    for (int i = 0; i < commands_count; i++) {
        str rest = str_from_z(commands_all[i]->name), first;
        int d = edit_distance(rest, buf_str(&said));
        if (!family) { /* "dlqq" means a family, whatever stands behind it */
            IGNORE(!str_cut(&rest, ' ', &first), "a name is not empty");
            d = (int)i64_min(d, edit_distance(first, word));
        }
        if (d < least) {
            near = commands_all[i];
            least = d;
        }
    }
    if (near)
        fprintf(stderr, "bullfinch: no command \"%s\"; did you mean \"%s\"?\n", buf_z(&said),
                near->name);
    else
        fprintf(stderr, "bullfinch: no command \"%s\"; bullfinch --help shows them all\n",
                buf_z(&said));
    buf_fini(&said);
    return EXIT_USAGE;
}

static exit_status without_command(int argc, char *const *argv) {
    struct buf out;
    buf_init(&out, 1 << 20);
    const str word = argc > 0 ? str_from_z(argv[0]) : STR("--help");
    const bool wants_help =
        argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if (str_eq(word, STR("--help")) || str_eq(word, STR("-h"))) {
        help_all(&out);
        return print_and_end(&out);
    }
    if (is_family(word) && (argc == 1 || wants_help)) {
        help_family(word, &out);
        const exit_status status = print_and_end(&out);
        return argc == 1 && status == EXIT_DONE ? EXIT_USAGE : status;
    }
    buf_fini(&out);
    if (word.n > 0 && word.p[0] == '-') {
        fprintf(stderr, "bullfinch: options stand behind the command: bullfinch run %s ...\n",
                argv[0]);
        return EXIT_USAGE;
    }
    return no_such_command(argc, argv);
}

static exit_status run_one(struct app *app, const struct cmd *c, int argc, char *const *argv) {
    struct error err;
    struct args args;
    if (!args_parse(c->opts, commands_common, argc, argv, &args, &err)) {
        IGNORE(fail_in(&err, "%s", c->name), "printed next");
        return app_fail(&err);
    }
    if (args_has(&args, "help")) {
        struct buf out;
        buf_init(&out, 1 << 20);
        help_one(c, &out);
        return print_and_end(&out);
    }
    if (args.pos_count < c->pos_min || args.pos_count > c->pos_max) {
        fprintf(stderr, "bullfinch: usage: bullfinch %s%s%s [OPTIONS]\n", c->name,
                *c->pos ? " " : "", c->pos);
        return EXIT_USAGE;
    }
    app->json = args_has(&args, "json");
    if (c->needs_config && !app_load_config(app, &args, &err)) return app_fail(&err);
    return c->run(app, &args);
}

exit_status commands_run(struct app *app, int argc, char *const *argv) {
    if (argc == 1 && strcmp(argv[0], "--version") == 0) return cmd_version.run(app, NULL);
    for (int i = 0; argc > 0 && i < commands_count; i++) {
        const struct cmd *c = commands_all[i];
        const int words = words_of(c, argc, argv);
        //~ 2. A row of the table; its function is in the file cmd_*.c of its family.
        if (words > 0) return run_one(app, c, argc - words, argv + words);
    }
    return without_command(argc, argv);
}
