/* The contract of live sources, on X's recent search, filtered stream and Activity API, and on
 * Bluesky's Jetstream. Name one as an argument, or all run; a second one
 * chooses tests by name ("*token*"). */
#include "source/jetstream.h"
#include "source_contract.h"

static struct x_source_options x_options(const struct source_opening *o) {
    static const str authors[] = {{"1001@alice", 10}};
    return (struct x_source_options){.account = o->account,
                                     .name = STR("x"),
                                     .authors = authors,
                                     .author_count = 1,
                                     .interval = 2 * USEC_PER_S,
                                     .floor = USEC_PER_S,
                                     .lag = USEC_PER_S, /* the simulator has none */
                                     .pages_max = 5,
                                     .state = o->state,
                                     .now = time_wall_us(),
                                     .seed = 7};
}

static bool connect_search(const struct source_opening *o, struct connector **ret,
                           struct error *err) {
    const struct x_source_options opt = x_options(o);
    return x_search_open(o->boot, &opt, ret, err);
}

static bool connect_stream(const struct source_opening *o, struct connector **ret,
                           struct error *err) {
    const struct x_source_options opt = x_options(o);
    return x_stream_open(o->boot, &opt, ret, err);
}

static bool connect_activity(const struct source_opening *o, struct connector **ret,
                             struct error *err) {
    const struct x_source_options opt = x_options(o);
    return x_activity_open(o->boot, &opt, ret, err);
}

static bool connect_jetstream(const struct source_opening *o, struct connector **ret,
                              struct error *err) {
    const struct jetstream_options opt = {.base = str_from_z(o->port->stream),
                                          .resolver = str_from_z(o->port->rest),
                                          .name = STR("bsky"),
                                          .state = o->state,
                                          .now = time_wall_us(),
                                          .seed = 7};
    return jetstream_open(o->boot, &opt, ret, err);
}

static const struct source_place places[] = {
    {"x_search", true, false, "/2/tweets/search/recent", connect_search},
    {"x_stream", true, false, "/2/tweets/search/stream", connect_stream},
    {"x_activity", true, true, "/2/activity/stream", connect_activity},
    {"jetstream", false, true, NULL, connect_jetstream},
};

int main(int argc, char **argv) {
    int failures = 0, runs = 0;
    if (argc > 2) cmocka_set_test_filter(argv[2]);
    for (int i = 0; i < COUNT_OF(places); i++) {
        if (argc > 1 && strcmp(argv[1], places[i].name) != 0) continue;
        failures += source_contract_run(&places[i]);
        runs++;
    }
    return failures > 0 || runs == 0;
}
