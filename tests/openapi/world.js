// What the answers of a running bullfinch said so far: ids, cursors, names, codes and the like, to be
// used in the requests that follow.
'use strict';

const KEPT = 64; // of each kind, the latest

const COINS = ['BTC', 'ETH', 'DOGE', 'SOL', 'XRP', 'ADA', 'LTC', 'LINK'];

class World {
  constructor(tokens) {
    this.tokens = tokens; // by role
    this.kinds = new Map();
    this.posts = 0;
  }

  add(kind, value) {
    if (value === undefined || value === null || value === '') return;
    const list = this.kinds.get(kind) ?? [];
    if (list.includes(value)) return;
    list.push(value);
    if (list.length > KEPT) list.shift();
    this.kinds.set(kind, list);
  }

  all(kind) { return this.kinds.get(kind) ?? []; }
  some(c, kind) { return this.all(kind).length ? c.of(this.all(kind)) : undefined; }

  // What may be there once only is taken away by who uses it.
  take(c, kind) {
    const value = this.some(c, kind);
    if (value !== undefined) this.kinds.set(kind, this.all(kind).filter((v) => v !== value));
    return value;
  }

  // How things stand now, in place of how they stood.
  replace(kind, values) { this.kinds.set(kind, values.slice(0, KEPT)); }

  // Another text about one coin each time, so that none is a copy of another.
  post(c) {
    this.posts++;
    const coin = COINS[this.posts % COINS.length], mood = c.of(['buy', 'buy', 'buy', 'sell', 'none']);
    const words = Array.from({ length: 6 }, () => c.below(1e9).toString(36)).join(' ');
    const text = { buy: `I just bought $${coin}. ${coin} is going to the moon, very bullish`,
      sell: `Shorting $${coin} here. The chart is ugly and weak. Very bearish`, none: 'Good morning' }[mood];
    return { id: `r${this.posts}-${c.below(1e9)}`, username: 'alice', author_id: '7',
      created_at: new Date(Date.now() - 100).toISOString(), text: `${text} ${words}` };
  }

  learn(operation, rq, answer) {
    if (answer.headers.etag && answer.status === 200)
      this.add(`etag ${operation.id}`, JSON.stringify([rq.target, answer.headers.etag]));
    if (answer.status >= 300 || answer.empty) return;
    if (rq.headers['Idempotency-Key'] && rq.way === 'right')
      this.add(`sent ${operation.id}`, JSON.stringify({ role: rq.role, headers: rq.headers, value: rq.value }));
    const note = LESSONS[operation.id];
    if (!note) return;
    note(this, /json/.test(answer.type ?? '') ? JSON.parse(answer.body) : answer.body, rq, answer);
  }
}

const ids = (w, kind, list) => list.forEach((x) => w.add(kind, x.id));
const command = (w, v) => w.add('command', v.id);
const next = (w, path, v) => w.add(`next ${path}`, v.next);

const LESSONS = {
  getTweets(w, v) {
    ids(w, 'tweet', v.tweets);
    for (const t of v.tweets) { w.add('author', t.username); w.add('source', t.source); w.add('outcome', t.outcome); }
    next(w, '/api/tweets', v);
  },
  getSignals(w, v) {
    ids(w, 'signal', v.signals);
    for (const s of v.signals) w.add('reason', s.reason);
    next(w, '/api/signals', v);
  },
  getTrades(w, v) { ids(w, 'trade', v.trades); next(w, '/api/trades', v); },
  getAuthors(w, v) {
    for (const a of v.authors) w.add('key', a.key);
    next(w, '/api/authors', v);
  },
  getGaps(w, v) { next(w, '/api/gaps', v); },
  getAudit(w, v) {
    for (const a of v.audit) { w.add('actor', a.actor); w.add('entity', a.entity); }
    next(w, '/api/audit', v);
  },
  getPositions(w, v) { w.replace('held', v.positions.map((p) => p.symbol)); },
  getApprovals(w, v) { w.replace('waiting', v.approvals.map((a) => a.id)); },
  getDeadLetters(w, v) {
    for (const d of v.dead_letters) if (d.status === 'dead') w.add('dead', d.id);
    next(w, '/api/dead_letters', v);
  },
  getSymbols(w, v) { v.symbols.forEach((s) => w.add('symbol', s.symbol)); },
  getConfig(w, v) {
    for (const k of v.keys) if (k.reloadable && k.default !== '') w.add('setting', JSON.stringify([k.key, k.default]));
  },
  getEvents(w, v) { for (const m of v.matchAll(/^id: (.*)$/gm)) w.add('event', m[1]); },
  postFlatten(w, v, rq) { if (v.code) w.add(`code ${rq.role}`, v.code); else command(w, v); },
  postSession(w, v, rq, answer) {
    w.add('session', JSON.stringify({ cookie: answer.headers['set-cookie'][0].split(';')[0], csrf: v.csrf, role: v.role }));
  },
  postIngest(w, v) { v.ids.forEach((id) => w.add('tweet', id)); },
  postDeadLetterRetry(w, v) { if (v.ok) w.add('handled', v.id); },
  postDeadLetterDrop(w, v) { w.add('handled', v.id); },
  postOverride: command, postHalt: command, postResume: command, postApprove: command, postReject: command,
  postReconcile: command, postPositionClose: command,
};

module.exports = { World };
