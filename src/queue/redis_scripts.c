/* redis_scripts: what must happen in Redis as one.
 *
 * Each script does a few commands of the same names that are used elsewhere, and no more. KEYS are
 * always fresh, late, delayed, epoch, unswept, marked, in this order, as far as it needs them; all
 * have the same hash tag. A command that may fail for want of memory is called by pcall and looked
 * at, so that what it was to move stays where it was.
 *
 * Before version 7, Redis copied scripts to its replicas as text, and let none write that had asked
 * for the time or a random thing before; replicate_commands() there means: copy what they did. */
#include "queue/redis_int.h"

#define BEGIN                                                                                      \
    "if redis.replicate_commands then redis.replicate_commands() end\n"                            \
    "local call, pcall = redis.call, redis.pcall\n"                                                \
    "local function failed(r) return type(r) == 'table' and r.err end\n"

/* ARGV: group, run id, random text, the epoch that is broken, the one that is known (each '' none).
 * An epoch is a queue's life without a loss: it ends when the server was started anew, or is empty,
 * or somebody has removed a stream (who finds that out says that this one is broken, and only the
 * first of them begins another). Where there was one before, in Redis or in the caller's memory,
 * jobs may be lost: marked once an epoch, whoever comes first. A Redis that is full keeps the old
 * one, so that it can be emptied. Returns the epoch, and 1 where this call marked a loss. */
static const char adopt[] =
    BEGIN "local old = call('GET', KEYS[4])\n"
          "local run, broken, known = ARGV[2], ARGV[4], ARGV[5]\n"
          "local epoch = old\n"
          "local lost = known ~= '' and old ~= known\n"
          "if not old or old == broken or (run ~= '' and string.sub(old, -#run) ~= run) then\n"
          "  local function begin()\n"
          "    for i = 1, 2 do\n"
          "      local made = pcall('XGROUP', 'CREATE', KEYS[i], ARGV[1], '0', 'MKSTREAM')\n"
          "      if failed(made) and not string.find(made.err, 'BUSYGROUP') then return made end\n"
          "    end\n"
          "    return pcall('SET', KEYS[4], ARGV[3] .. ':' .. run)\n"
          "  end\n"
          "  local begun = begin()\n"
          "  if failed(begun) then\n"
          "    if old and old ~= broken then return {old, 0} end\n"
          "    return begun\n"
          "  end\n"
          "  epoch = ARGV[3] .. ':' .. run\n"
          "  lost = lost or old\n"
          "end\n"
          "if not lost or call('GET', KEYS[6]) == epoch then return {epoch, 0} end\n"
          "if failed(pcall('SET', KEYS[6], epoch)) then return {epoch, 0} end\n"
          "if failed(pcall('SET', KEYS[5], '1')) then return {epoch, 0} end\n"
          "return {epoch, 1}\n";

/* ARGV: epoch, capacity, then 'f' or 'l' and a job for each. Returns how many were put. */
static const char put[] = BEGIN
    "if call('GET', KEYS[4]) ~= ARGV[1] then return redis.error_reply('NOEPOCH another') end\n"
    "local room = tonumber(ARGV[2]) - call('XLEN', KEYS[1]) - call('XLEN', KEYS[2])\n"
    "             - call('ZCARD', KEYS[3])\n"
    "local n = 0\n"
    "for i = 3, #ARGV, 2 do\n"
    "  if n >= room then break end\n"
    "  local to = ARGV[i] == 'f' and KEYS[1] or KEYS[2]\n"
    "  local added = pcall('XADD', to, '*', 'job', ARGV[i + 1])\n"
    "  if failed(added) then\n"
    "    if n == 0 then return added end\n"
    "    break\n"
    "  end\n"
    "  n = n + 1\n"
    "end\n"
    "return n\n";

/* ARGV: group, now, oldest time that is fresh ('' any), most to move. Ends pauses that are over,
 * and moves what was fresh and is late by now, of what nobody has taken. Returns when the next
 * pause ends, or nothing. */
static const char tend[] =
    BEGIN "local over = call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[2], 'LIMIT', 0, ARGV[4])\n"
          "for _, job in ipairs(over) do\n"
          "  if failed(pcall('XADD', KEYS[2], '*', 'job', job)) then break end\n"
          "  call('ZREM', KEYS[3], job)\n"
          "end\n"
          "local function age()\n"
          "  local groups = pcall('XINFO', 'GROUPS', KEYS[1])\n"
          "  local last, oldest, left = nil, tonumber(ARGV[3]), tonumber(ARGV[4])\n"
          "  if failed(groups) then return end\n"
          "  for _, g in ipairs(groups) do\n"
          "    local f = {}\n"
          "    for i = 1, #g, 2 do f[g[i]] = g[i + 1] end\n"
          "    if f.name == ARGV[1] then last = f['last-delivered-id'] end\n"
          "  end\n"
          "  while last and left > 0 do\n"
          "    local old = call('XRANGE', KEYS[1], '(' .. last, '+', 'COUNT', 1)[1]\n"
          "    if not old then return end\n"
          "    local at = string.match(old[2][2], '^bf1 %d+ (%-?%d+) ')\n"
          "    if at and tonumber(at) >= oldest then return end\n"
          "    if failed(pcall('XADD', KEYS[2], '*', 'job', old[2][2])) then return end\n"
          "    call('XDEL', KEYS[1], old[1])\n"
          "    left = left - 1\n"
          "  end\n"
          "end\n"
          "if ARGV[3] ~= '' then age() end\n"
          "local first = call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')\n"
          "return first[2] or false\n";

/* ARGV: group, how many of the first stream, entries of it, entries of the second. They are done.
 * No MULTI: of a Redis that is full it would be refused, and this is what makes room there. */
static const char done[] =
    BEGIN "local split = 2 + tonumber(ARGV[2])\n"
          "for i, span in ipairs({{3, split}, {split + 1, #ARGV}}) do\n"
          "  if span[1] <= span[2] then\n"
          "    call('XACK', KEYS[i], ARGV[1], unpack(ARGV, span[1], span[2]))\n"
          "    call('XDEL', KEYS[i], unpack(ARGV, span[1], span[2]))\n"
          "  end\n"
          "end\n"
          "return 1\n";

/* ARGV: group, 1 or 2 (which stream), entry, end of its pause, the job as it will come again.
 * Returns 0 where the entry is nobody's any more: somebody else has done it. */
static const char retry[] = BEGIN "local from = KEYS[tonumber(ARGV[2])]\n"
                                  "local set = pcall('ZADD', KEYS[3], ARGV[4], ARGV[5])\n"
                                  "if failed(set) then return set end\n"
                                  "if call('XACK', from, ARGV[1], ARGV[3]) == 0 then\n"
                                  "  call('ZREM', KEYS[3], ARGV[5])\n"
                                  "  return 0\n"
                                  "end\n"
                                  "call('XDEL', from, ARGV[3])\n"
                                  "return 1\n";

/* ARGV: group, how long they have been idle in ms, then for each: 1 or 2, consumer, entry, and how
 * often it was taken ('' as it stands). Touches those only that are still the consumer's. */
static const char keep[] =
    BEGIN "local n = 0\n"
          "for i = 3, #ARGV, 4 do\n"
          "  local key, who, id, tries = KEYS[tonumber(ARGV[i])], ARGV[i+1], ARGV[i+2], ARGV[i+3]\n"
          "  local mine = pcall('XPENDING', key, ARGV[1], id, id, 1, who)\n"
          "  if not failed(mine) and mine[1] then\n"
          "    local what = {'XCLAIM', key, ARGV[1], who, 0, id, 'IDLE', ARGV[2], 'JUSTID'}\n"
          "    if tries ~= '' then what[10], what[11] = 'RETRYCOUNT', tries end\n"
          "    call(unpack(what))\n"
          "    n = n + 1\n"
          "  end\n"
          "end\n"
          "return n\n";

/* ARGV: group, idle time in ms, then names. Forgets consumers of these names, and all that were
 * idle for so long, but none with an entry in his hands: it would never come again. */
static const char forget[] =
    BEGIN "local named, n = {}, 0\n"
          "for i = 3, #ARGV do named[ARGV[i]] = true end\n"
          "for i = 1, 2 do\n"
          "  local all = pcall('XINFO', 'CONSUMERS', KEYS[i], ARGV[1])\n"
          "  for _, c in ipairs(failed(all) and {} or all) do\n"
          "    local f = {}\n"
          "    for k = 1, #c, 2 do f[c[k]] = c[k + 1] end\n"
          "    if f.pending == 0 and (named[f.name] or f.idle >= tonumber(ARGV[2])) then\n"
          "      call('XGROUP', 'DELCONSUMER', KEYS[i], ARGV[1], f.name)\n"
          "      n = n + 1\n"
          "    end\n"
          "  end\n"
          "end\n"
          "return n\n";

const char *const redis_scripts[REDIS_SCRIPT_COUNT] = {
    [SCRIPT_ADOPT] = adopt, [SCRIPT_PUT] = put,   [SCRIPT_TEND] = tend,    [SCRIPT_DONE] = done,
    [SCRIPT_RETRY] = retry, [SCRIPT_KEEP] = keep, [SCRIPT_FORGET] = forget};
