// Random requests that only read, made from the description, until the server ends by itself.
//
//   node reads.js SPEC URL SEED TOKEN
//
// Fails: an answer that is not as described, a status of 500 and above, an operation that was never
// read.
'use strict';
const { Spec } = require('./spec');
const { Chance } = require('./values');
const { World } = require('./world');
const { Judge } = require('./judge');
const { whole } = require('./cards');

const AT_ONCE = 4;
const GONE = /ECONNREFUSED|ECONNRESET|socket hang up|EPIPE/;

const [, , file, url, seed, token] = process.argv;
const spec = new Spec(file);
const world = new World({ read: token, trade: token, admin: token });
const judge = new Judge(spec, url, world);
const reads = spec.operations.filter((o) => o.method === 'get');
const c = new Chance(Number(seed));

// The end of the server breaks what is under way; what else breaks a connection is found by the
// requests that come behind it.
const broken = () => [...judge.findings.keys()].filter((what) => GONE.test(what));

async function worker() {
  while (!broken().length) {
    const operation = c.of(reads);
    // 503: what came while it was ending
    await judge.exchange(operation, { ...whole(c, world, spec, operation), way: 'right' }, 503);
  }
}

async function main() {
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  broken().forEach((what) => judge.findings.delete(what));
  const never = reads.filter((o) => !judge.of(o)[200] && o.id !== 'getCommand').map((o) => o.id); // nothing is ordered here
  judge.say(!never.length, `each of ${reads.length} operations that read was answered`, never.join(', '));
  judge.end(`${judge.sent} requests that read (seed ${seed}) while it trades: all answered as described`);
}
main();
