/* face: what all faces do in the same way. Pure. */
#include "sim/face.h"

sim_delivery sim_delivery_after(fault_kind k) {
    switch ((int)k) { /* the few that matter here */
    case FAULT_CLOSE_AFTER:
        return SIM_CLOSE;
    case FAULT_RESET_AFTER:
        return SIM_RESET;
    case FAULT_TRUNCATE:
        return SIM_TRUNCATE;
    case FAULT_TRICKLE:
        return SIM_TRICKLE;
    case FAULT_SILENCE:
        return SIM_SILENCE;
    default: /* not an enum */
        return SIM_WHOLE;
    }
}
