// Random requests made from the description and from what was answered before, each answer held
// against the description.
//
//   node random.js SPEC URL SEED COUNT TOKEN_ROLE=TOKEN...
//
// Each operation gets its share, half of it right requests, half of it each way of getting one wrong
// (cards.js) in turn. The same seed makes the same requests as far as the program answers alike.
// Prints a case a line, and what was sent where one failed. Fails: an answer that is not as
// described, a status of 500 and above, a connection that broke; an operation that never succeeded,
// fewer than a third of all that did; a problem that is described and never came.
'use strict';
const { Spec } = require('./spec');
const { Chance } = require('./values');
const { World } = require('./world');
const { Judge } = require('./judge');
const { WAYS, waysOf, whole } = require('./cards');

const AT_ONCE = 8;
const SHARE = 1 / 3;
// Come where there is no trader, no room, or a limit: crowded.js.
const ELSEWHERE = ['202', '429', '503'];

const [, , file, url, seed, count, ...pairs] = process.argv;
const spec = new Spec(file);
const world = new World(Object.fromEntries(pairs.map((p) => p.split(/=(.*)/s))));
const judge = new Judge(spec, url, world);
const byId = Object.fromEntries(spec.operations.map((o) => [o.id, o]));

// Of each request its own, so that what one heard does not change another's chances.
function chance(n) {
  let h = Math.imul(n + 1, 0x9e3779b1) ^ Number(seed);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return new Chance(h ^ (h >>> 16));
}

function shuffled(c, list) {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const k = c.below(i + 1);
    [out[i], out[k]] = [out[k], out[i]];
  }
  return out;
}

// --- what a right request needs to be there --------------------------------------------------------

async function order(c, id, value) {
  const rq = whole(c, world, spec, byId[id]);
  if (value !== undefined) rq.value = value;
  await judge.exchange(byId[id], { ...rq, way: 'prepared' });
}

async function look(c, id, query = []) {
  await judge.exchange(byId[id], { ...whole(c, world, spec, byId[id]), query, way: 'prepared' });
}

// A post that is traded, or waits: until one of `kind` is there, at most so often.
async function bring(c, kind, mode, list) {
  for (let tries = 0; tries < 3 && !world.all(kind).length; tries++) {
    await order(c, 'postResume', {});
    await order(c, 'postOverride', { mode });
    await order(c, 'postIngest', [world.post(c), world.post(c), world.post(c)]);
    for (let looks = 0; looks < 8 && !world.all(kind).length; looks++) await look(c, list);
  }
}

const PREPARE = {
  postApprove: (c) => bring(c, 'waiting', 'manual', 'getApprovals'),
  postReject: (c) => bring(c, 'waiting', 'manual', 'getApprovals'),
  postPositionClose: (c) => bring(c, 'held', 'auto', 'getPositions'),
  postDeadLetterRetry: (c) => world.all('dead').length || look(c, 'getDeadLetters', [['status', 'dead'], ['limit', '200']]),
  postDeadLetterDrop: (c) => world.all('dead').length || look(c, 'getDeadLetters', [['status', 'dead'], ['limit', '200']]),
};

// --- the run ---------------------------------------------------------------------------------------

function decks(c) {
  return shuffled(c, spec.operations).map((operation) => {
    const ways = waysOf(c, new World(world.tokens), spec, operation);
    return { operation, cards: shuffled(c, [...ways, ...ways.map(() => 'right')]), ways };
  });
}

async function play(c, { operation, cards }, round) {
  const way = cards[round % cards.length];
  if (way === 'right' && PREPARE[operation.id]) await PREPARE[operation.id](c);
  const rq = { ...whole(c, world, spec, operation), way };
  const made = way === 'right' ? rq : WAYS[way](c, world, spec, rq);
  // nothing to get wrong yet: then a right one
  await judge.exchange(operation, made ?? { ...whole(c, world, spec, operation), way: 'right' });
}

// What needs others to leave it alone for a moment (a signal that waits) may have had no such moment.
async function alone(piles) {
  for (const pile of piles)
    for (let tries = 0; tries < 20 && !Object.keys(judge.of(pile.operation)).some((s) => s < 300); tries++)
      await play(chance(-1 - tries), { ...pile, cards: ['right'] }, 0);
}

// The key of another request, or one with none to take: chance may have left it out.
async function conflicts(piles) {
  for (const pile of piles.filter((p) => p.operation.op.responses['409']))
    for (let tries = 0; tries < 20 && !judge.of(pile.operation)['409']; tries++)
      await play(chance(-100 - tries), { ...pile, cards: ['conflict'] }, 0);
}

function verdicts() {
  let all = 0, good = 0;
  const few = [], never = [];
  for (const o of spec.operations) {
    const t = judge.of(o), statuses = Object.keys(t);
    const sum = (list) => list.reduce((n, s) => n + t[s], 0);
    const n = sum(statuses), fine = sum(statuses.filter((s) => s < 400));
    all += n;
    good += fine;
    console.log(`# ${o.id}: ${fine} of ${n} succeeded, ${JSON.stringify(t)}`);
    if (!statuses.some((s) => s < 300)) few.push(o.id);
    for (const s of Object.keys(o.op.responses)) if (s >= 300 && !t[s] && !ELSEWHERE.includes(s)) never.push(`${o.id} ${s}`);
  }
  judge.say(!few.length, `each of ${spec.operations.length} operations has succeeded`, few.join(', '));
  judge.say(good >= all * SHARE, `of 100 random requests ${Math.floor((good * 100) / all)} succeeded, at least a third`, `${good} of ${all}`);
  judge.say(!never.length, 'each problem that is described has come', never.join(', '));
  judge.end(`${judge.sent} random requests (seed ${seed}): all answered as described, none by a failure`);
}

async function main() {
  const piles = decks(chance(0));
  let n = 0;
  async function worker() {
    while (n < Number(count)) {
      const turn = n++;
      await play(chance(turn + 1), piles[turn % piles.length], Math.floor(turn / piles.length));
    }
  }
  console.log(`# seed ${seed}, ${count} requests, ${spec.operations.length} operations`);
  // before there are others, who drop all letters at once
  await alone(piles.filter((p) => /^postDeadLetter(Retry|Drop)$/.test(p.operation.id)));
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await alone(piles);
  await conflicts(piles);
  verdicts();
}
main();
