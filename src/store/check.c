#include "store/store_int.h"
bool store_check(struct store *s, struct buf *report, struct error *err) {
    bool sound;
    return s->ops->check_structure(s, report, &sound, err) && sound;
}
