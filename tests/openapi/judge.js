// Sends requests, holds each answer against the description, counts, and says what came of it: a
// case a line.
'use strict';
const { ask, letGo } = require('./client');
const { send } = require('./cards');

function shown({ method, target, way, headers, body }) {
  const auth = headers.Authorization && '...';
  return JSON.stringify({ method, target, way, headers: { ...headers, Authorization: auth }, body: body && String(body).slice(0, 300) });
}

// What an answer to another method than those described must be: a problem, or nothing.
function wrongOther(rq, answer) {
  if (!rq.other.includes(answer.status)) return `${rq.method} is answered ${answer.status}`;
  return answer.status === 405 && !answer.headers.allow ? 'a 405 without Allow' : '';
}

class Judge {
  constructor(spec, url, world) {
    Object.assign(this, { spec, url, world, findings: new Map(), tally: new Map(), sent: 0, failed: 0, agent: undefined });
  }

  // From now on each request has a connection of its own.
  useNewConnections() {
    this.agent = false;
    letGo();
  }

  note(what, rq) {
    if (!this.findings.has(what)) this.findings.set(what, { times: 0, rq });
    this.findings.get(what).times++;
  }

  // The answer; null where the connection broke. `most`: the highest status that is no failure.
  async exchange(operation, made, most = 499) {
    const rq = send(made);
    let answer;
    this.sent++;
    try {
      answer = await ask(this.url, rq, this.agent);
    } catch (e) {
      this.note(`${operation.id}: ${e.message}`, rq);
      return null;
    }
    const other = rq.other !== undefined;
    if (answer.status > most && !other) this.note(`${operation.id}: ${answer.status} ${answer.body.slice(0, 200)}`, rq);
    const bad = other ? wrongOther(rq, answer) : this.spec.wrong(operation, answer);
    if (bad) this.note(`${operation.id}: ${bad}`, rq);
    if (!other) this.count(operation, answer.status);
    if (!other) this.world.learn(operation, rq, answer);
    return answer;
  }

  count(operation, status) {
    const t = this.tally.get(operation.id) ?? {};
    t[status] = (t[status] ?? 0) + 1;
    this.tally.set(operation.id, t);
  }

  // How often an operation was answered: { 200: 7, ... }.
  of(operation) { return this.tally.get(operation.id) ?? {}; }

  say(ok, name, why) {
    if (!ok) this.failed++;
    console.log(ok ? `ok ${name}` : `not ok ${name}: ${why}`);
  }

  // The last case, and the exit status.
  end(name) {
    this.say(!this.findings.size, name, `${this.findings.size} findings`);
    for (const [what, { times, rq }] of this.findings) console.log(`# finding (${times} times) ${what}\n#   ${shown(rq)}`);
    process.exit(this.failed ? 1 : 0);
  }
}

module.exports = { Judge };
