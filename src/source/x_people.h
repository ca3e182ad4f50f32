/* x_people: the authors of one X account: who a name is, and what an id is called.
 *
 * Found by hashes: each post of a stream asks for its author's name. A name is found whatever its
 * case is. Strings that were given once stay where they are (the arena), so they may be lent for
 * ever; places of persons move when one is added. Its user locks. */
#ifndef BF_SOURCE_X_PEOPLE_H
#define BF_SOURCE_X_PEOPLE_H

#include "base/arena.h"
#include "base/str.h"

typedef enum x_person_state {
    PERSON_ASK, /* followed by name, and not known */
    PERSON_ASKED,
    PERSON_KNOWN,
    PERSON_NOBODY
} x_person_state;
struct x_person {
    str id, name; /* "" not known */
    x_person_state state;
    int asked; /* so often */
};
struct x_people {
    struct arena *memory;
    struct x_person *list;
    int count, room;
    int32_t *by_id, *by_name; /* open addressing, places + 1; 0: free */
    int32_t slots;            /* of each, a power of two; at most half are taken */
    int32_t ids, names;       /* taken, those of former names too */
};

void x_people_init(struct x_people *p, struct arena *memory); /* which it keeps */
/* NULL: nobody of this name, or id, was told of. */
struct x_person *x_people_of_name(const struct x_people *p, str name);
struct x_person *x_people_of_id(const struct x_people *p, str id);
/* The id is called so. An id of "": there is nobody of this name. */
void x_people_know(struct x_people *p, str id, str name);
/* He is to be asked for, unless he is there already. */
void x_people_ask(struct x_people *p, str name);

#endif
