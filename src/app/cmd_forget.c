/* cmd_forget: `bullfinch db forget`: what a post said, or all that an author said, leaves the
 * store.
 *
 * The text goes at once, whether a trader runs or not; what the posts opened is the trader's to
 * close, by a command in the same transaction. The bytes go when the file is written anew: here, or
 * by the trader that runs.
 *
 * Failure: says that nothing was forgotten. */
#include "app/orders.h"

#include <inttypes.h>

static bool post_id_of(str text, int64_t *ret, struct error *err) {
    if (str_to_i64(text, ret) && *ret != 0) return true;
    return fail(err, ERR_USAGE, 0,
                "db forget: \"" STR_FMT "\" is no id of a post; bullfinch show posts lists them",
                STR_ARG(str_head(text, 60)));
}

static bool forget(struct app *app, struct store *s, int64_t id, str author, struct forgotten *ret,
                   struct error *err) {
    char actor[64];
    const str who = str_from_z(app_actor(actor));
    const usec since = time_monotonic_us();
    for (;;) {
        const usec now = orders_now(s, &app->boot);
        const bool ok = author.p ? store_forget_author(s, author, who, now, ret, err)
                                 : store_forget_post(s, id, who, now, ret, err);
        if (ok) return true;
        if (err->code != ERR_BUSY || time_monotonic_us() - since > ORDERS_PATIENCE)
            return fail_in(err, "nothing was forgotten");
        orders_pause(ORDERS_PAUSE);
    }
}

/* Tries for a while. Where a trader runs the file is not written anew under its hands: it does that
 * itself within a day. */
static bool scrub(struct store *s, bool *ret_clean, struct error *err) {
    const usec since = time_monotonic_us();
    int64_t pid;
    for (;;) {
        const bool running = store_trader_running(s, &pid);
        if (!store_scrub(s, !running, ret_clean, err)) return false;
        *ret_clean = *ret_clean && !running;
        if (running) return true;
        if (*ret_clean || time_monotonic_us() - since > ORDERS_PATIENCE / 5) return true;
        orders_pause(ORDERS_PAUSE);
    }
}

/* Where the bytes still are, and when they go. */
static str what_is_left(const struct store *s) {
    if (store_is_file(s))
        return STR("Its bytes are still in free space of the file; the run that writes there "
                   "removes them within a day, and when it ends.\n");
    return STR("Its bytes are still in free space of the database, until the server cleans up "
               "(autovacuum). At once, by the tables' owner: VACUUM FULL tweets, dead_letters\n");
}

static exit_status answer(struct app *app, struct store *s, const struct forgotten *f, bool clean) {
    struct error err;
    struct buf out;
    int64_t pid;
    const bool running = store_trader_running(s, &pid);
    buf_init(&out, 4096);
    if (app->json) {
        buf_printf(&out,
                   "{\"posts\":%" PRId64 ",\"authors\":%" PRId64 ",\"commands\":%" PRId64
                   ",\"running\":%s,\"clean\":%s}\n",
                   f->posts, f->authors, f->commands, running ? "true" : "false",
                   clean ? "true" : "false");
    } else {
        buf_printf(&out, "Forgotten: the text of %" PRId64 " post%s.\n", f->posts,
                   f->posts == 1 ? "" : "s");
        if (f->authors > 0)
            buf_printf(&out, "And what was kept of %" PRId64 " author%s: name, habits, record.\n",
                       f->authors, f->authors == 1 ? "" : "s");
        if (f->commands > 0 && running)
            buf_put(&out, STR("The trader closes what is open of it, as trading.on_retraction says."
                              "\n"));
        else if (f->commands > 0)
            buf_put(&out, STR("No trader is running: what is open of it is closed at the next "
                              "start.\n"));
        if (!clean) buf_put(&out, what_is_left(s));
        buf_put(&out, STR("Backups keep what they have: make a new one, and remove the old.\n"));
    }
    const bool ok = app_print(&out, &err);
    buf_fini(&out);
    return ok ? EXIT_DONE : app_fail(&err);
}

static exit_status forget_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s;
    struct forgotten f;
    int64_t id = 0;
    bool clean = false;
    const str author = args_get(args, "author", (str){NULL, 0});
    if ((args->pos_count == 1) == (author.p != NULL)) {
        IGNORE(fail(&err, ERR_USAGE, 0, "db forget: a POST_ID, or --author WHO"), "printed next");
        return app_fail(&err);
    }
    if (author.p && author.n < 2) {
        IGNORE(fail(&err, ERR_USAGE, 0, "db forget: --author wants an id, source:id, or @name"),
               "printed next");
        return app_fail(&err);
    }
    if ((!author.p && !post_id_of(args->pos[0], &id, &err)) || !orders_open(app, &s, &err))
        return app_fail(&err);
    const bool ok = forget(app, s, id, author, &f, &err) && scrub(s, &clean, &err);
    const exit_status status = ok ? answer(app, s, &f, clean) : app_fail(&err);
    store_close(s);
    return status;
}

static const struct opt forget_opts[] = {
    {"author", "WHO", "All posts of this author: his id, source:id, or @name."}, {0}};

const struct cmd cmd_db_forget = {
    .group = "Store",
    .name = "db forget",
    .pos = "POST_ID",
    .brief = "Remove what a post said, or all that an author said.",
    .about =
        "The text and the author's name go at once, from posts and dead letters, and their bytes "
        "from the store's free space: of a file at once, or within a day where a trader runs; of "
        "PostgreSQL where this role may clean up, else when the server does; ids, numbers and what "
        "was "
        "traded stay. Of an author, his habits and his record go too, and the names under which "
        "his "
        "id was looked up. A position that the post "
        "opened is treated as if its source had said that it "
        "was deleted. An id that is not X's begins with a minus: write -- before it.",
    .opts = forget_opts,
    .pos_max = 1,
    .needs_config = true,
    .run = forget_run};
