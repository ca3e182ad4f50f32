/* app: the edge of the program. Commands, their options, what they print, how they exit.
 *
 * Only here are argv, the environment, the terminal and signals looked at, and only wire.c names
 * concrete stores, venues and sources. A command is a row in commands.c and a function of its own
 * file that returns an exit status. */
#ifndef BF_APP_APP_H
#define BF_APP_APP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/secret.h"
#include "config/live.h"
#include "store/store.h"

/* What the shell is told. */
typedef enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_REFUSED = 3 /* by a safety rule */
} exit_status;

/* --- args.c: options and what stands between them ---------------------------------------- */

struct opt {
    const char *name; /* without "--"; NULL ends a list */
    const char *arg;  /* what its value is called in help; NULL: a flag */
    const char *help;
    const char *words; /* the values that there are, where they are few; for completion */
};

#define ARGS_GIVEN_MAX 128
#define ARGS_POS_MAX 16

struct args {
    struct {
        const struct opt *opt;
        str value;
    } given[ARGS_GIVEN_MAX];
    int given_count;
    str pos[ARGS_POS_MAX];
    int pos_count;
};

/* own, common: lists of options, own may be NULL. argv: what follows the command's name. Errors:
 * ERR_USAGE, with the nearest option's name where one is near. */
MUST_CHECK bool args_parse(const struct opt *own, const struct opt *common, int argc,
                           char *const *argv, struct args *ret, struct error *err);
bool args_has(const struct args *a, const char *name);
str args_get(const struct args *a, const char *name, str otherwise); /* the last one given */
/* A whole number of least..most, or `otherwise` when it was not given. Errors: ERR_USAGE. */
MUST_CHECK bool args_get_i64(const struct args *a, const char *name, int64_t otherwise,
                             int64_t least, int64_t most, int64_t *ret, struct error *err);
/* "90s", "30m", "2h", "1d"; a bare number is seconds. */
MUST_CHECK bool duration_parse(str s, usec *ret);
/* How many single edits lie between two words (swaps count one); for suggestions. */
int edit_distance(str a, str b);

/* --- app.c ------------------------------------------------------------------------------- */

struct app {
    struct arena boot;         /* lives as long as the process */
    struct config cfg;         /* filled for commands that need it */
    struct config_input given; /* what it was read from, for as long as the process */
    struct config_live *live;  /* what holds while people change settings; run and serve */
    struct secret
        store_password; /* read when a store is opened first, for as long as the process */
    bool store_bulk;    /* struct store_options */
    bool store_warned;  /* what is odd about the way to the store was told */
    bool json;          /* --json */
    char *const *env;
};

/* Prints "bullfinch: message" on standard error; returns the status that fits the error. */
exit_status app_fail(const struct error *err);
/* Reads the configuration with what the command line says, and the store's settings where there is
 * a store. False: everything wrong with it stands on standard error already. */
bool app_load_config(struct app *app, const struct args *args, struct error *err);
/* From now on people may change settings: app->live. */
void app_go_live(struct app *app);
/* How the configured store is opened. Errors: ERR_CONFIG, and those of wire_secret. */
MUST_CHECK bool app_store_options(struct app *app, store_access access, bool create,
                                  struct store_options *ret, struct error *err);
/* A connection to it. Errors as store_open. */
MUST_CHECK bool app_store_open(struct app *app, store_access access, bool create,
                               struct store **ret, struct error *err);
/* Writes all of it to standard output. Errors: ERR_IO (disk full, reader gone). */
MUST_CHECK bool app_print(const struct buf *b, struct error *err);
/* The configuration's key that an option is a shorter name of ("source.kind" of --source KIND), or
 * NULL. */
const char *app_key_of(const struct opt *o);
/* "cli:root" in `block`: who gives this command. */
const char *app_actor(char block[64]);
/* Content of a file, up to max bytes, in `a`. Errors: ERR_NOT_FOUND, ERR_IO, ERR_LIMIT. */
MUST_CHECK bool app_read_file(struct arena *a, const char *path, ptrdiff_t max, str *ret,
                              struct error *err);

/* --- commands.c -------------------------------------------------------------------------- */

struct cmd {
    const char *group; /* heading in the help */
    const char *name;  /* "run", "db migrate" */
    const char *pos;   /* usage of what is no option: "FILE", "[ID]" */
    const char *brief; /* one line */
    const char *about; /* what --help says further; paragraphs parted by a blank line */
    const struct opt *opts;
    int pos_min, pos_max;
    bool needs_config;
    exit_status (*run)(struct app *app, const struct args *args);
    const char *words; /* as in struct opt, of what is no option */
};

/* The program without argv[0]. */
exit_status commands_run(struct app *app, int argc, char *const *argv);

#endif
