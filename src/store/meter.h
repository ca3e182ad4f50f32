/* meter: whether the store does what it is asked, for the page of metrics. */
#ifndef BF_STORE_METER_H
#define BF_STORE_METER_H

/* Before bullfinch_store_up is looked at: a server that was asked ten seconds ago, and has not
 * answered anybody in this process since, is told as one that is away. Thread: any. */
void store_meter_look(void);

#endif
