// What is answered where no trader runs (202), where too many have come (503), and where one comes
// too often (429), held against the description.
//
//   node crowded.js SPEC URL URL_WITH_A_LIMIT TOKEN_ROLE=TOKEN...
//
// The first server has no trader and the usual limits of connections, the second one lets one
// request a minute in, of each token and of those without any.
'use strict';
const http = require('http');
const { Spec } = require('./spec');
const { Chance } = require('./values');
const { World } = require('./world');
const { Judge } = require('./judge');
const { whole } = require('./cards');

const CONNECTIONS = 192; // of this machine, beside event streams: docs/api.md

const [, , file, url, limited, ...pairs] = process.argv;
const spec = new Spec(file);
const world = new World(Object.fromEntries(pairs.map((p) => p.split(/=(.*)/s))));
const judge = new Judge(spec, url, world), slow = new Judge(spec, limited, world);
const c = new Chance(1);
const byId = Object.fromEntries(spec.operations.map((o) => [o.id, o]));

// A right one, by admin, of whom it does not matter that others have asked before.
function made(operation, value) {
  const rq = { ...whole(c, world, spec, operation), way: 'right' };
  return value === undefined ? rq : { ...rq, role: 'admin', headers: { ...rq.headers, Authorization: `Bearer ${world.tokens.admin}` }, value };
}

async function statuses(of, list, most) {
  const odd = [];
  for (const o of list) {
    const answer = await of.exchange(o, made(o), most);
    if (answer?.status !== most) odd.push(`${o.id} ${answer?.status}`);
    else if (!(answer.headers['retry-after'] > 0)) odd.push(`${o.id} without Retry-After`);
  }
  return odd;
}

async function withoutTrader() {
  const ask = made(byId.getHealth);
  const health = await judge.exchange(byId.getHealth, { ...ask, query: [] }, 200);
  judge.say(JSON.parse(health?.body ?? '{}').status === 'degraded', 'without a trader it is degraded, and serves', health?.status);
  const strict = await judge.exchange(byId.getHealth, { ...ask, query: [['strict', 'true']] }, 503);
  judge.say(strict?.status === 503, 'who is strict gets 503', strict?.status);
  const late = [];
  const orders = [['postHalt', { reason: 'x' }], ['postResume', {}], ['postOverride', { mode: 'auto' }], ['postReconcile', {}], ['postFlatten', {}]];
  for (const [id, value] of orders) {
    const first = await judge.exchange(byId[id], made(byId[id], value));
    const answer = id === 'postFlatten' ? await judge.exchange(byId[id], made(byId[id], { code: JSON.parse(first.body).code })) : first;
    if (answer?.status !== 202 || !answer.headers.location) late.push(`${id} ${answer?.status}`);
  }
  judge.say(!late.length, 'what is ordered without a trader is stored', late.join(', '));
}

// Connections that have asked once, and stay.
function hold(n) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: n });
  const one = () => new Promise((resolve, reject) => {
    http.get(`${url}/health`, { agent }, (rs) => rs.resume().on('end', resolve)).on('error', reject);
  });
  return Promise.all(Array.from({ length: n }, one)).then(() => agent);
}

async function main() {
  await withoutTrader();
  judge.useNewConnections();
  const held = await hold(CONNECTIONS);
  // streams have places of their own
  const full = await statuses(judge, spec.operations.filter((o) => o.id !== 'getEvents'), 503);
  judge.say(!full.length, 'where there is no place each operation says so', full.join(', '));
  held.destroy();
  for (const token of [undefined, ...Object.values(world.tokens)]) { // each has its own request a minute
    const { Authorization, ...others } = made(byId.getHealth).headers;
    const headers = token ? { ...others, Authorization: `Bearer ${token}` } : others;
    await slow.exchange(byId.getHealth, { ...made(byId.getHealth), headers }, 503);
  }
  const often = await statuses(slow, spec.operations, 429);
  judge.say(!often.length, 'who comes too often is told by each operation', often.join(', '));
  for (const [what, f] of slow.findings) judge.findings.set(what, f);
  judge.end('and all of it as described');
}
main();
