/* doctor_units: the units that systemd starts bullfinch by, read as it reads them. */
#ifndef BF_APP_DOCTOR_UNITS_H
#define BF_APP_DOCTOR_UNITS_H

#include "app/doctor.h"

/* What each unit of ours that stands in one of these folders, the first one's before the others',
 * lacks of the walls that those in deploy/systemd have; with what its drop-ins change. */
void doctor_units(struct doctor *d, const char *const *folders, int count);
/* The folders that systemd looks in. */
void doctor_look_at_units(struct doctor *d);

#endif
