/* cmd_sim_x: X's part of `bullfinch sim`: posts from a file or made up, the account's money and
 * limits, the same fault plan as the exchange's (with a chance and counts of its own).
 *
 * In: options. Out: the faces of X and Jetstream over one timeline. The posts' file is read whole
 * at the start, so that everybody on it is known from then on; lines that are no posts are told and
 * passed over. Prices are those of X's price list of 2026-08 (docs.x.com, pricing). Thread: the
 * main one. */
#include "app/cmd_sim_x.h"

#include "app/sim_posts.h"
#include "sim/faults.h"
#include "sim/x_face.h"
#include "sim/x_posts.h"

#define POST_E8 (E8 / 200)
#define USER_E8 (E8 / 100)
#define FAULT_SEED UINT64_C(0x7E57F0057) /* X's chances are not the exchange's */

struct sim_x {
    struct arena *boot;
    const struct args *args;
    struct sim_posts posts;
    struct x_posts *timeline;
    struct x_face_options opt;
    struct x_face *face;
};

/* --- options -----------------------------------------------------------------------------------
 */

static bool get_e8(const struct sim_x *s, const char *name, int64_t least, int64_t *ret,
                   struct error *err) {
    const str text = args_get(s->args, name, (str){NULL, 0});
    if (!text.p || (amount_parse_e8(text, ret) && *ret >= least)) return true;
    return fail(err, ERR_USAGE, 0, "--%s: \"" STR_FMT "\" is not a number that it can be", name,
                STR_ARG(text));
}

static bool get_duration(const struct sim_x *s, const char *name, usec *ret, struct error *err) {
    const str text = args_get(s->args, name, STR("0s"));
    if (duration_parse(text, ret)) return true;
    return fail(err, ERR_USAGE, 0, "--%s: \"" STR_FMT "\" is no duration such as 12h", name,
                STR_ARG(text));
}

/* ENDPOINT=N */
static bool set_limit(struct sim_x *s, str text, struct error *err) {
    const struct {
        str name;
        int64_t *to;
    } limits[] = {{STR("search"), &s->opt.search_limit},
                  {STR("stream"), &s->opt.stream_limit},
                  {STR("users"), &s->opt.users_limit},
                  {STR("usage"), &s->opt.usage_limit}};
    str name;
    const str whole = text;
    int64_t n = 0;
    const bool cut = str_cut(&text, '=', &name) && text.p && str_to_i64(text, &n) && n > 0;
    for (ptrdiff_t i = 0; cut && i < COUNT_OF(limits); i++) {
        if (!str_eq(name, limits[i].name)) continue;
        *limits[i].to = n;
        return true;
    }
    return fail(err, ERR_USAGE, 0,
                "--x-limit: \"" STR_FMT "\" is not such as search=10; there are search, stream, "
                "users, usage",
                STR_ARG(whole));
}

static bool read_limits(struct sim_x *s, struct error *err) {
    for (int i = 0; i < s->args->given_count; i++)
        if (strcmp(s->args->given[i].opt->name, "x-limit") == 0 &&
            !set_limit(s, s->args->given[i].value, err))
            return false;
    return args_get_i64(s->args, "x-usage-cap", 0, 1, INT64_MAX, &s->opt.usage_cap, err);
}

static bool read_money(struct sim_x *s, struct error *err) {
    int64_t credits = -1, cap = 0;
    if (!get_e8(s, "x-credits", 0, &credits, err) || !get_e8(s, "x-spend-cap", 1, &cap, err))
        return false;
    s->opt.credits = money_from_e8(credits);
    s->opt.spend_cap = money_from_e8(cap);
    s->opt.price[RESOURCE_POST] = s->opt.price[RESOURCE_EVENT] = money_from_e8(POST_E8);
    s->opt.price[RESOURCE_USER] = money_from_e8(USER_E8);
    return true;
}

static bool read_timeline(struct sim_x *s, struct error *err) {
    struct x_posts_options po = {.speed_e8 = E8, .seed = s->opt.seed, .start = s->opt.start};
    const str path = args_get(s->args, "posts", (str){NULL, 0});
    if (!get_e8(s, "posts-speed", E8 / 1000, &po.speed_e8, err) ||
        !get_e8(s, "posts-rate", E8 / 1000, &po.rate_e8, err) ||
        !get_duration(s, "posts-history", &po.history, err))
        return false;
    if (po.rate_e8 > 0 && (args_has(s->args, "posts-speed") || po.history > 0))
        return fail(err, ERR_USAGE, 0,
                    "--posts-rate: posts at a rate have neither --posts-speed nor --posts-history");
    const str lines = args_get(s->args, "jetstream", (str){NULL, 0});
    if (!sim_posts_read(s->boot, path.p ? str_dupz(s->boot, path) : NULL,
                        lines.p ? str_dupz(s->boot, lines) : NULL, &s->posts, err))
        return false;
    po.posts = s->posts.v;
    po.count = s->posts.count;
    s->timeline = x_posts_new(s->boot, &po, &s->opt.timeline, &s->opt.users, &s->opt.user_count);
    return true;
}

static bool read_plan(struct sim_x *s, str plan, const struct symbols *symbols, struct error *err) {
    if (plan.n == 0) return true;
    return faults_parse(s->boot, plan, s->opt.seed ^ FAULT_SEED, &s->opt.faults, err) &&
           faults_begin(s->opt.faults, symbols, s->opt.start, err);
}

bool sim_x_open(struct arena *boot, const struct args *args, uint64_t seed, str plan,
                const struct symbols *symbols, usec start, struct sim_x **ret, struct error *err) {
    struct sim_x *s = NEW(boot, struct sim_x);
    s->boot = boot;
    s->args = args;
    s->opt.seed = seed;
    s->opt.start = start;
    s->opt.token = args_get(args, "x-token", STR(""));
    const bool ok = read_limits(s, err) && read_money(s, err) &&
                    get_duration(s, "x-lag", &s->opt.index_lag, err) && read_timeline(s, err) &&
                    read_plan(s, plan, symbols, err) && x_face_open(boot, &s->opt, &s->face, err);
    if (ok)
        *ret = s;
    else
        sim_x_close(s);
    return ok;
}

int sim_x_faces(struct sim_x *s, struct sim_face *v, int most) {
    PRE(most >= 2);
    x_face_x(s->face, &v[0]);
    x_face_jetstream(s->face, &v[1]);
    return 2;
}

void sim_x_close(struct sim_x *s) {
    if (!s) return;
    x_face_close(s->face);
    x_posts_free(s->timeline);
    sim_posts_fini(&s->posts);
}
