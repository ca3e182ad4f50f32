/* doctor_server: the database server that keeps the store, where one does: which it is, who we are
 * there, and what would stand in a run's way.
 *
 * In: an open store. Out: findings. Failure: a question that cannot be asked is a finding, too. */
#include "app/doctor.h"

#include <inttypes.h>
#include <stdlib.h>

#include "store/roles.h"

#define VERSION_NEWEST 17     /* that this program is known to work with */
#define AHEAD_MOST USEC_PER_S /* of the server's clock */
#define CONNECTIONS_LEAST 10  /* that should be left for others */

static void tell_version(struct doctor *d, const struct store_server *v) {
    const int major = v->version / 10000;
    doctor_find(d, major > VERSION_NEWEST ? GRADE_WARN : GRADE_OK, "database",
                "PostgreSQL %d.%d, %s%s", major, v->version % 10000, v->encoding,
                major > VERSION_NEWEST ? ": newer than what this program was tried with" : "");
}

static void tell_wire(struct doctor *d, const struct store *s, const struct store_server *v) {
    const char *const warning = store_warning(s);
    if (warning != NULL)
        doctor_find(d, GRADE_WARN, "database", "%s", warning);
    else if (v->tls[0] == '\0' && !v->is_near)
        doctor_find(d, GRADE_WARN, "database",
                    "the connection is not encrypted: sslmode=verify-full in store.url does that");
    else
        doctor_find(d, GRADE_OK, "database", "%s",
                    v->tls[0] != '\0' ? v->tls : "on this machine: the connection needs no TLS");
}

static void tell_role(struct doctor *d, const struct store_server *v) {
    if (v->absent[0] != '\0')
        doctor_find(d, GRADE_BAD, "tables",
                    "there is no table %s: somebody removed it; bring a backup back, or begin with "
                    "an empty database and bullfinch db migrate",
                    v->absent);
    else if (v->missing[0] != '\0')
        doctor_find(d, GRADE_BAD, "role",
                    "%s lacks %s: bullfinch db roles --program %s --apply, as the tables' owner",
                    v->role, v->missing, v->role);
    else if (v->is_superuser)
        doctor_find(d, GRADE_WARN, "role",
                    "%s is a superuser, for whom no guard holds: bullfinch db roles gives another "
                    "role what a run needs",
                    v->role);
    else if (v->is_owner)
        doctor_find(d, GRADE_WARN, "role",
                    "%s owns the tables, and may take any guard of theirs away: run as another "
                    "role, which bullfinch db roles gives what a run needs",
                    v->role);
    else if (v->excess[0] != '\0')
        doctor_find(d, GRADE_WARN, "role",
                    "%s may do more than a run does (%s; %" PRId64 " such rights in all), so who "
                    "breaks into it can undo what is never undone: bullfinch db roles --program %s "
                    "--apply, as the tables' owner, takes them back",
                    v->role, v->excess, v->excess_count, v->role);
    else if (!v->may_clean)
        doctor_find(d, GRADE_OK, "role",
                    "%s may do what a run does; where texts were deleted only the tables' owner "
                    "can clean at once (VACUUM)",
                    v->role);
    else
        doctor_find(d, GRADE_OK, "role", "%s may do what a run does", v->role);
}

static void tell_clock(struct doctor *d, const struct store_server *v) {
    const int64_t ms = v->ahead / USEC_PER_MS;
    const bool is_off = llabs(v->ahead) > AHEAD_MOST;
    doctor_find(
        d, is_off ? GRADE_WARN : GRADE_OK, "database", "its clock is %" PRId64 " ms %s ours%s",
        (int64_t)llabs(ms), ms < 0 ? "behind" : "before",
        is_off ? ": a trader here would refuse most posts for their age; run an NTP client on "
                 "both machines"
               : "");
}

static void tell_connections(struct doctor *d, const struct store_server *v) {
    const bool is_tight = v->most - v->used < CONNECTIONS_LEAST;
    doctor_find(d, is_tight ? GRADE_WARN : GRADE_OK, "database",
                "%" PRId64 " of %" PRId64 " connections are used%s", v->used, v->most,
                is_tight ? ": raise max_connections, each process takes a few" : "");
}

void doctor_look_at_server(struct doctor *d, struct store *s) {
    struct store_server v;
    struct error err;
    bool any;
    if (!store_server(s, &v, &any, &err)) {
        doctor_find(d, GRADE_BAD, "database", "%s", err.msg);
        return;
    }
    if (!any) return;
    tell_version(d, &v);
    tell_wire(d, s, &v);
    tell_role(d, &v);
    tell_clock(d, &v);
    tell_connections(d, &v);
}
