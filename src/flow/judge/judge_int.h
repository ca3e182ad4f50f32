/* What the judge's files share: names.c (who, and imitations), authors.c (their table), memory.c
 * (the posts
 * of 24 hours), judge.c (the opinion and the score). */
#ifndef BF_FLOW_JUDGE_JUDGE_INT_H
#define BF_FLOW_JUDGE_JUDGE_INT_H

#include "config/config.h"
#include "flow/judge/judge.h"

#define JUDGE_AUTHOR_SLOTS 8192 /* power of two, twice the authors */
_Static_assert(JUDGE_AUTHOR_SLOTS >= 2 * JUDGE_AUTHORS_MAX, "author slots half empty at least");

/* names.c */
void judge_watch_names(struct judge *j, struct arena *boot);
bool judge_is_lookalike(const struct judge *j, str username);
/* Index of the entry that means this author, -1 if none does. */
int judge_list_find(const struct config_list *list, str key, str username);

/* authors.c */
/* The post's author, his day and count brought up to date; a new one is made. Never NULL. */
struct author *judge_author_of(struct judge *j, usec now, const struct post *p);

/* memory.c */
void judge_forget_old(struct judge *j, usec now);
/* What the memory says of a post: its chain, its cluster. author: key of its author. */
void judge_recall(struct judge *j, const struct reading *r, const char *author, struct opinion *op);

#endif
