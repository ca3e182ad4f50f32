/* cmd_serve: `bullfinch serve`, the HTTP interface and the dashboard in a process of their own.
 *
 * It reads the store that a trader (`bullfinch run`) writes, and writes there what people ask for;
 * the two share nothing else, so that either may be stopped, restarted or killed alone. Failure: an
 * address that cannot be had, a store that is not there. Thread: the main one, which waits.
 */
#include <poll.h>

#include "app/cmds.h"
#include "app/signals.h"
#include "app/wire_api.h"

static exit_status run_serve(struct app *app, const struct args *args) {
    struct error err;
    struct api *api;
    (void)args;
    const atomic_int *const stop = signals_install();
    app_go_live(app);
    const bool ok = wire_api_alone(app, &api, &err);
    while (ok && atomic_load(stop) == 0) IGNORE(poll(NULL, 0, 500) != 0, "a signal ends it early");
    if (ok) api_close(api);
    config_live_free(app->live);
    return ok ? EXIT_DONE : app_fail(&err);
}

const struct cmd cmd_serve = {
    .group = "Trading",
    .name = "serve",
    .pos = "",
    .brief = "Serve the HTTP interface and the dashboard beside a running trader.",
    .about = "It listens at api.listen and works on the same store as a `bullfinch run` of another "
             "process: what that one writes is shown, and what people ask for here (halt, approve, "
             "...) is written to the store, where the trader finds it. Posts cannot be brought to "
             "it; the run that has the push source takes them. Ctrl-C or SIGTERM ends it.\n\n"
             "bullfinch run has the same interface inside, where api.listen is set.\n\n"
             "Examples:\n"
             "  bullfinch serve --set api.listen=127.0.0.1:8080\n"
             "  bullfinch serve --config demo/bullfinch.yaml --set api.listen=[::1]:8080",
    .needs_config = true,
    .run = run_serve};
