/* x_people: see the header. A person stands in each table once under what he is called now; when
 * his name changes the old entry stays and finds nobody, until the tables are made anew with twice
 * the room. Memory: the arena's; nothing is given back. Failure: none. */
#include "source/x_people.h"

#define SLOTS_FIRST 256
#define NAME_HASHED 64 /* bytes of a name that its hash is made of; X has 15 */

void x_people_init(struct x_people *p, struct arena *memory) {
    *p = (struct x_people){.memory = memory};
}

/* --- the tables ------------------------------------------------------------------------------ */

static uint64_t hash_of_name(str name) {
    char lower[NAME_HASHED];
    const str head = str_head(name, NAME_HASHED);
    for (ptrdiff_t i = 0; i < head.n; i++) {
        const char c = head.p[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return str_hash((str){lower, head.n});
}

struct x_person *x_people_of_name(const struct x_people *p, str name) {
    if (name.n == 0 || p->slots == 0) return NULL;
    const uint32_t mask = (uint32_t)p->slots - 1;
    for (uint32_t at = (uint32_t)hash_of_name(name) & mask; p->by_name[at] != 0;
         at = (at + 1) & mask)
        if (str_eq_nocase(p->list[p->by_name[at] - 1].name, name))
            return &p->list[p->by_name[at] - 1];
    return NULL;
}

struct x_person *x_people_of_id(const struct x_people *p, str id) {
    if (id.n == 0 || p->slots == 0) return NULL;
    const uint32_t mask = (uint32_t)p->slots - 1;
    for (uint32_t at = (uint32_t)str_hash(id) & mask; p->by_id[at] != 0; at = (at + 1) & mask)
        if (str_eq(p->list[p->by_id[at] - 1].id, id)) return &p->list[p->by_id[at] - 1];
    return NULL;
}

static void enter(struct x_people *p, int32_t *table, uint64_t hash, int place) {
    const uint32_t mask = (uint32_t)p->slots - 1;
    uint32_t at = (uint32_t)hash & mask;
    while (table[at] != 0) at = (at + 1) & mask;
    table[at] = place + 1;
}

static void enter_id(struct x_people *p, int place) {
    enter(p, p->by_id, str_hash(p->list[place].id), place);
    p->ids++;
}

static void enter_name(struct x_people *p, int place) {
    enter(p, p->by_name, hash_of_name(p->list[place].name), place);
    p->names++;
}

/* Room for one more entry in each table. */
static void make_room(struct x_people *p) {
    if (2 * (p->ids + 1) <= p->slots && 2 * (p->names + 1) <= p->slots) return;
    p->slots = p->slots > 0 ? 2 * p->slots : SLOTS_FIRST;
    p->by_id = NEW_ARRAY(p->memory, int32_t, p->slots);
    p->by_name = NEW_ARRAY(p->memory, int32_t, p->slots);
    p->ids = p->names = 0;
    for (int i = 0; i < p->count; i++) {
        if (p->list[i].id.n > 0) enter_id(p, i);
        if (p->list[i].name.n > 0) enter_name(p, i);
    }
}

/* --- people ---------------------------------------------------------------------------------- */

static struct x_person *add(struct x_people *p) {
    if (p->count == p->room) {
        const int room = p->room > 0 ? 2 * p->room : 64;
        struct x_person *more = NEW_ARRAY(p->memory, struct x_person, room);
        for (int i = 0; i < p->count; i++) more[i] = p->list[i];
        p->list = more;
        p->room = room;
    }
    return &p->list[p->count++];
}

/* What is the same stays where it is: it may have been lent. */
static void call_him(struct x_people *p, struct x_person *who, str id, str name) {
    const int place = (int)(who - p->list);
    const bool renamed = !str_eq_nocase(who->name, name);
    make_room(p);
    if (name.n > 0 && !str_eq(who->name, name)) {
        who->name = str_dup(p->memory, name);
        if (renamed) enter_name(p, place);
    }
    if (id.n > 0 && !str_eq(who->id, id)) {
        who->id = str_dup(p->memory, id);
        enter_id(p, place);
    }
}

void x_people_know(struct x_people *p, str id, str name) {
    struct x_person *who = x_people_of_name(p, name);
    if (who == NULL) who = x_people_of_id(p, id);
    if (who == NULL) who = add(p);
    call_him(p, who, id, name);
    who->state = id.n > 0 ? PERSON_KNOWN : PERSON_NOBODY;
}

void x_people_ask(struct x_people *p, str name) {
    if (name.n == 0 || x_people_of_name(p, name) != NULL) return;
    struct x_person *who = add(p);
    call_him(p, who, (str){0}, name);
    who->state = PERSON_ASK;
}
