/* doctor_notify: would anybody be told? Secrets are read, nothing is sent: `bullfinch notify test`
 * does that. Failure: a finding. Thread: the main one. */
#include "app/doctor.h"

#include "app/wire_notify.h"
#include "run/hearers.h"

static grade grade_of(const struct channel_row *v) {
    return v->state == CHANNEL_IS_REFUSED || v->state == CHANNEL_IS_RETRYING ? GRADE_WARN
                                                                             : GRADE_OK;
}

static void look_at_channel(struct doctor *d, const struct channel_row *v) {
    struct error err;
    struct channel *c = NULL;
    notify_channel which;
    char at[TIME_TEXT_BYTES];
    const str name = str_from_z(v->name);
    if (!notify_channel_from_name(name, &which)) return;
    if (notify_is_configured(&d->app->cfg, which) && !wire_channel(d->app, which, &c, &err)) {
        doctor_find(d, GRADE_BAD, "notify", "%s", err.msg);
        return;
    }
    channel_close(c);
    if (v->sent_at == 0)
        doctor_find(d, grade_of(v), "notify",
                    "%s: nothing was sent yet; bullfinch notify test %s tries it%s%s", v->name,
                    v->name, v->why[0] != '\0' ? ": " : "", v->why);
    else
        doctor_find(d, grade_of(v), "notify", "%s: %s, last told at " STR_FMT " UTC%s%s", v->name,
                    channel_state_name(v->state),
                    STR_ARG(str_head(time_format_rfc3339(v->sent_at, at), 19)),
                    v->why[0] != '\0' ? ": " : "", v->why);
}

void doctor_look_at_notify(struct doctor *d) {
    struct error err;
    struct store *s = NULL;
    struct hearers h;
    if (!app_store_open(d->app, STORE_READ, false, &s, &err)) s = NULL; /* told elsewhere */
    const bool ok = hearers_read(s, &d->app->cfg, &h, &err);
    store_close(s);
    if (!ok) {
        doctor_find(d, GRADE_BAD, "notify", "%s", err.msg);
        return;
    }
    for (int i = 0; i < h.count; i++) look_at_channel(d, &h.v[i]);
    if (!h.told) doctor_find(d, GRADE_WARN, "notify", "nobody would be told: %s", h.why);
}
