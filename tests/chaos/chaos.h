/* chaos: the program in its processes apart, on a real PostgreSQL and a real Redis, while all that
 * can go wrong does.
 *
 *   proc.c      programs: started, killed, started again
 *   clock.c     a library in front of their clocks, which can be set
 *   rig.c       the servers and the bullfinches, put together
 *   feeder.c    posts, brought in both ways there are
 *   script.c    what goes wrong when: from a seed
 *   inject.c    and how; tests/lib/tcp_proxy.c is the wires
 *   ledger.c    what PostgreSQL and Redis hold
 *   verdict.c   what must be true in the end
 *   chaos.c     the run
 *   fencing.c   a smaller one, of two traders; lost_word.c: one of posts that were left lying */
#ifndef BF_TESTS_CHAOS_CHAOS_H
#define BF_TESTS_CHAOS_CHAOS_H

#include "base/time.h"

/* Ends the program with a sentence. */
_Noreturn void give_up(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* What happened, with its time since the beginning; any thread. */
void tell(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The beginning is now. */
void tell_from_now(void);
/* "ok NAME", or "not ok NAME: WRONG"; how many of these there were is verdicts_bad(). */
void verdict(const char *name, int64_t wrong);
int verdicts_bad(void);

#endif
