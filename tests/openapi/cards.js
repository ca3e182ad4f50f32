// Requests made from the description: the right one, and the ways to get one wrong. A way is a
// function that changes a right request and returns it, or null where there is nothing to get wrong.
'use strict';
const zlib = require('zlib');
const { ODD, right, wrong } = require('./values');

// Which kind of thing that was heard of stands for a parameter; `next` and others belong to a path.
const KNOWN = {
  'getTweet.id': 'tweet', 'getTrade.id': 'trade', 'getAuthor.id': 'key', 'getCommand.id': 'command', 'getCandles.symbol': 'symbol',
  'getTweets.source': 'source', 'getTweets.outcome': 'outcome', 'getSignals.reason': 'reason', 'getAudit.actor': 'actor',
  'getAudit.entity': 'entity', symbol: 'symbol', author: 'author', 'Last-Event-ID': 'event',
};
const EVENTS = ['post', 'signal', 'trade', 'order', 'position', 'equity', 'mode', 'source', 'command', 'alert'];
const FILES = ['', '', 'trade', 'index.html', 'posts', 'risk', '404.html', 'icon.svg'];
const BODY_MAX = { postSession: 256 };
const COMMAND_MAX = 8192;

const secured = (o) => !(o.op.security && !o.op.security.length);
const changes = (o) => o.method !== 'get';
const takesKey = (o) => o.parameters.some((p) => p.name === 'Idempotency-Key');
const bearer = (t) => `Bearer ${t}`;

// --- a right one ------------------------------------------------------------------------------

function valueOf(c, w, spec, o, p) {
  if (p.name === 'before') return w.some(c, `next ${o.path}`);
  if (o.id === 'getEvents' && p.name === 'types') return EVENTS.filter(() => c.maybe(0.5)).join(',') || 'mode';
  const kind = KNOWN[`${o.id}.${p.name}`] ?? KNOWN[p.name];
  return (kind && w.some(c, kind)) ?? (p.name === 'before' ? undefined : right(c, spec, p.schema));
}

function queryOf(c, w, spec, o) {
  const pairs = [];
  for (const p of o.parameters) {
    if (p.in !== 'query' || (!p.required && c.maybe(0.5))) continue;
    const value = valueOf(c, w, spec, o, p);
    if (value !== undefined) pairs.push([p.name, String(value)]);
  }
  return pairs;
}

const BODIES = {
  postApprove: (c, w) => ({ signal_id: w.take(c, 'waiting') ?? '1' }),
  postReject: (c, w) => ({ signal_id: w.take(c, 'waiting') ?? '1' }),
  postPositionClose: (c, w) => ({ symbol: w.take(c, 'held') ?? 'BTCUSDT' }),
  postDeadLetterRetry: (c, w) => ({ id: w.take(c, 'dead') ?? '1' }),
  postDeadLetterDrop: (c, w) => ({ id: w.take(c, 'dead') ?? '1' }),
  postSession: (c, w) => ({ token: w.tokens[c.of(['read', 'trade', 'admin'])] }),
  postHalt: (c) => ({ reason: 'x', ...later(c) }),
  postOverride: (c) => c.of([{}, { mode: 'auto' }, { mode: 'manual' }, { mode: 'manual', reason: 'é' }, { mode: 'observe', ...later(c) }]),
  postFlatten: (c, w, role) => {
    const code = c.maybe(0.5) ? w.take(c, `code ${role}`) : undefined;
    return code ? { code } : {};
  },
  putSetting: (c, w) => {
    const [key, value] = JSON.parse(w.some(c, 'setting') ?? '["trading.signal_threshold","70"]');
    return { key, value: c.maybe(0.3) ? '' : value };
  },
  postIngest: (c, w) => c.of([() => w.post(c), () => [w.post(c), w.post(c)],
    () => ({ delete: { tweet: { id: '1', author_id: '7' }, event_at: new Date().toISOString() } })])(),
};
const later = (c) => (c.maybe(0.3) ? { until: new Date(Date.now() + 500 + c.below(5000)).toISOString() } : {});

function bodyOf(c, w, spec, o, role) {
  if (BODIES[o.id]) return BODIES[o.id](c, w, role);
  return right(c, spec, o.body.content['application/json'].schema);
}

function roleFor(c, o) {
  if (o.id === 'postIngest') return 'ingest';
  return changes(o) ? c.of(['trade', 'admin']) : c.of(['read', 'trade', 'admin']);
}

// Of all that a request is made of; `send` puts it together.
function whole(c, w, spec, o) {
  const rq = { operation: o, method: o.method.toUpperCase(), path: o.path, query: queryOf(c, w, spec, o), headers: {}, role: roleFor(c, o) };
  if (o.path === '/{file}') rq.path = `/${c.of(FILES)}`;
  if (secured(o) || c.maybe(0.5)) rq.headers.Authorization = bearer(w.tokens[rq.role]);
  const event = o.id === 'getEvents' && c.maybe(0.5) && w.some(c, 'event');
  if (event) rq.headers['Last-Event-ID'] = event;
  if (takesKey(o) && c.maybe(0.5)) rq.headers['Idempotency-Key'] = `k${c.below(1e9)}`;
  if (c.maybe(0.3)) rq.headers['Accept-Encoding'] = c.of(['gzip', 'gzip;q=0.5, br', 'identity', '*;q=0']);
  if (o.body) {
    rq.value = bodyOf(c, w, spec, o, rq.role);
    rq.headers['Content-Type'] = 'application/json';
    if (o.id === 'postIngest' && c.maybe(0.3)) asLines(rq);
  }
  return rq;
}

function asLines(rq) {
  rq.headers['Content-Type'] = 'application/x-ndjson';
  rq.body = [].concat(rq.value).map((v) => JSON.stringify(v)).join('\n');
}

// As it goes over the wire.
function send(rq) {
  const query = rq.query.map(([k, v, raw]) => `${k}=${raw ? v : encodeURIComponent(v)}`).join('&');
  const body = rq.body ?? (rq.value === undefined || rq.method === 'HEAD' ? undefined : JSON.stringify(rq.value));
  const headers = { ...rq.headers };
  if (body !== undefined) headers['Content-Length'] = Buffer.byteLength(body);
  return { ...rq, headers, body, target: rq.path + (query && `?${query}`) };
}

// --- the ways -----------------------------------------------------------------------------------

const need = (is, rq) => (is ? rq : null);
const hasBody = (rq) => rq.value !== undefined;

// Somebody else's word for who he is.
const strangers = {
  nobody(c, w, spec, rq) { delete rq.headers.Authorization; return need(secured(rq.operation), rq); },
  role(c, w, spec, rq) {
    if (rq.operation.id === 'postSession') rq.value = { token: w.tokens.ingest };
    else rq.headers.Authorization = bearer(w.tokens[changes(rq.operation) ? 'read' : 'ingest']);
    return need(secured(rq.operation) || rq.operation.id === 'postSession', rq);
  },
  forged(c, w, spec, rq) {
    rq.headers.Authorization = c.of(['Bearer x', 'Bearer', 'Basic YTpi', bearer(`bft_${'A'.repeat(43)}`), 'bearer  ', bearer(`${w.tokens.read}x`),
      bearer(w.tokens.read.slice(0, -1)), bearer(w.tokens.read.toUpperCase()), bearer(` ${'\t'.repeat(9)}`)]);
    return rq;
  },
  host(c, w, spec, rq) {
    delete rq.headers.Authorization;
    rq.headers.Host = c.of(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', 'localhost.', '[::1', '[evil]', '127.0.0.1:80@evil.example']);
    return rq;
  },
  session(c, w, spec, rq) {
    const of = w.some(c, 'session');
    if (!of) return null;
    const { cookie, csrf, role } = JSON.parse(of);
    delete rq.headers.Authorization;
    rq.headers.Cookie = cookie;
    rq.role = role;
    if (changes(rq.operation)) rq.headers['X-CSRF-Token'] = csrf;
    return rq;
  },
  page(c, w, spec, rq) {
    if (!strangers.session(c, w, spec, rq) || !changes(rq.operation)) return null;
    if (c.maybe(0.5)) rq.headers['X-CSRF-Token'] = c.of(['', '0'.repeat(64), 'x']);
    else rq.headers.Origin = c.of(['null', 'https://evil.example', 'http://127.0.0.1:1', '', 'file://']);
    return rq;
  },
};

const queries = {
  value(c, w, spec, rq) {
    const known = rq.operation.parameters.filter((p) => p.in === 'query');
    if (!known.length) return null;
    const { name } = c.of(known);
    rq.query = rq.query.filter(([k]) => k !== name);
    rq.query.push([name, c.of(ODD)]);
    return rq;
  },
  escapes(c, w, spec, rq) {
    const known = rq.operation.parameters.filter((p) => p.in === 'query');
    if (!known.length) return null;
    rq.query = rq.query.filter(([k]) => k !== known[0].name);
    rq.query.push([known[0].name, c.of(['%', '%0', '%zz', '%00', '%c0%ae', '%e0%80%af', '%ff', '%ed%a0%80', '%f8%88%80%80%80', '%u0041', '+', '%25%30%30']), true]);
    return rq;
  },
  name(c, w, spec, rq) {
    rq.query.push([c.of(['x', 'Limit', '%6cimit', 'limit%00', 'bf_session', '__proto__']), c.of(ODD)]);
    return need(rq.operation.id !== 'getFile' && rq.operation.id !== 'getHealth' && rq.operation.id !== 'getMetrics', rq);
  },
  twice(c, w, spec, rq) {
    if (!rq.query.length) return null;
    rq.query.push(rq.query[0]);
    return rq;
  },
  gone(c, w, spec, rq) {
    if (rq.query.some(([k]) => k === 'id')) rq.query = [['id', String(9e15 + c.below(1e9))]];
    else if (rq.value?.signal_id) rq.value.signal_id = String(9e15 + c.below(1e9));
    else if (rq.value?.id && rq.operation.id !== 'postIngest') rq.value.id = String(9e15 + c.below(1e9));
    else if (rq.operation.id === 'postPositionClose') rq.value.symbol = 'NOPEUSDT';
    else if (rq.operation.id === 'getCandles') rq.query = [['symbol', 'NOPEUSDT']];
    else if (rq.operation.id === 'getFile') rq.path = `/${c.of(['nope', '../x', '.git', 'a/b/c', '%2e%2e/x', '..%2f..%2fetc/passwd', '%c0%ae%c0%ae/x', 'x%00.html', '_next/'])}`;
    else return null;
    return rq;
  },
};

const bodies = {
  member(c, w, spec, rq) {
    if (!hasBody(rq)) return null;
    rq.value = Array.isArray(rq.value) ? rq.value.map((v) => wrong(c, v)) : wrong(c, rq.value);
    return rq;
  },
  more(c, w, spec, rq) {
    if (!hasBody(rq)) return null;
    const name = c.of(['x', '__proto__', 'constructor', 'ID', 'reason ']);
    rq.body = `{${JSON.stringify(name)}:1,${JSON.stringify(rq.value).slice(1)}`.replace(',}', '}');
    if (rq.operation.id === 'postIngest') rq.body = JSON.stringify({ ...w.post(c), created_at: '2999-01-01T00:00:00Z' });
    rq.headers['Content-Type'] = 'application/json';
    return rq;
  },
  text(c, w, spec, rq) {
    if (!hasBody(rq)) return null;
    const text = JSON.stringify(rq.value);
    rq.body = c.of([text.slice(0, c.below(text.length - 1) + 1), `${text}}`, '['.repeat(c.below(4000) + 1), 'null', '[]', '7',
      Buffer.from([0xff, 0xfe, ...Buffer.from(text)]), Buffer.from([...Buffer.from(text), 0]), `\ufeff${text}`]);
    if (BODY_MAX[rq.operation.id] === 256) rq.body = rq.body.slice(0, 200);
    return rq;
  },
  type(c, w, spec, rq) {
    if (!hasBody(rq)) return null;
    rq.headers['Content-Type'] = c.of(['text/plain', 'application/xml', '', 'application/json; charset=latin1', 'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x', 'application/jsonx', 'text/json']);
    return rq;
  },
  packed(c, w, spec, rq) {
    if (!hasBody(rq)) return null;
    const most = BODY_MAX[rq.operation.id] ?? COMMAND_MAX;
    rq.body = zlib.gzipSync(Buffer.alloc(Math.min(most * 100, 1 << 20), '{')).subarray(0, most);
    rq.headers['Content-Encoding'] = c.of(['gzip', 'deflate', 'br', 'gzip, gzip', 'x']);
    return rq;
  },
  large(c, w, spec, rq) {
    if (!hasBody(rq)) return null;
    rq.headers['Content-Type'] = 'application/json';
    rq.body = undefined;
    if (rq.operation.id === 'postIngest') rq.value = Array.from({ length: 1001 }, () => ({ id: '1', text: 'x' }));
    else rq.body = `{"x":"${'y'.repeat((BODY_MAX[rq.operation.id] ?? COMMAND_MAX) + c.below(100))}"}`;
    return rq;
  },
  unwanted(c, w, spec, rq) {
    if (rq.operation.body || rq.operation.id === 'getEvents') return null;
    rq.body = '{}';
    return rq;
  },
};

// What HTTP knows beside; most of it is right.
const manners = {
  head(c, w, spec, rq) { rq.method = 'HEAD'; return need(!changes(rq.operation), rq); },
  options(c, w, spec, rq) { rq.method = 'OPTIONS'; rq.value = rq.body = undefined; rq.other = [204]; return need(rq.operation.id !== 'getFile', rq); },
  method(c, w, spec, rq) {
    rq.method = c.of(['PATCH', 'DELETE', 'PUT', 'TRACE', 'PROPFIND', 'LOCK']);
    rq.value = rq.body = undefined;
    delete rq.headers['Content-Type'];
    rq.other = [404, 405, 501];
    return need(spec.operations.every((o) => o.path !== rq.operation.path || o.method.toUpperCase() !== rq.method), rq);
  },
  range(c, w, spec, rq) {
    rq.headers.Range = c.of(['bytes=0-1', 'bytes=-1', 'bytes=9999999999999999999-', 'bytes=0-0,1-1,2-2', 'x']);
    return need(!changes(rq.operation), rq);
  },
  tag(c, w, spec, rq) {
    const of = w.some(c, `etag ${rq.operation.id}`);
    if (!of) return null;
    const [target, tag] = JSON.parse(of);
    rq.path = target;
    rq.query = [];
    rq.headers['If-None-Match'] = c.of([tag, tag, `W/${tag}`, `"x", ${tag}`, '*', '"x"', '"', ',,,']);
    return rq;
  },
  again(c, w, spec, rq) {
    const sent = w.some(c, `sent ${rq.operation.id}`);
    return sent ? { ...rq, ...JSON.parse(sent) } : null;
  },
  // Of another request's key, or of what is not as it was any more.
  conflict(c, w, spec, rq) {
    if (!takesKey(rq.operation)) return null;
    if (rq.value.signal_id) rq.value.signal_id = w.some(c, 'signal') ?? '1';
    else if (rq.value.id) rq.value.id = w.some(c, 'handled') ?? '1';
    else if (rq.operation.id === 'postFlatten') rq.value = { code: 'f'.repeat(32) };
    else {
      const sent = w.some(c, `sent ${rq.operation.id}`);
      if (!sent) return null;
      const { role, headers } = JSON.parse(sent);
      Object.assign(rq, { role, headers });
    }
    if (/^postDeadLetters/.test(rq.operation.id)) rq.value = { source: `s${c.below(1e9)}` };
    else if (rq.operation.id !== 'putSetting' && !rq.value.id) rq.value.reason = `why ${c.below(1e9)}`;
    return rq;
  },
  key(c, w, spec, rq) {
    if (!takesKey(rq.operation)) return null;
    rq.headers['Idempotency-Key'] = c.of(['', 'a b', 'x'.repeat(129), 'é', '"', '%00']).replace(/[^\x20-\x7e]/g, '\u00e9');
    return rq;
  },
};

const WAYS = { ...strangers, ...queries, ...bodies, ...manners };

// Those that need what was answered before.
const EARNED = ['session', 'page', 'tag', 'twice', 'again', 'conflict'];

// Those that an operation can be got wrong in, found out with requests that nobody sends.
function waysOf(c, w, spec, o) {
  const can = (name) => Array.from({ length: 8 }).some(() => WAYS[name](c, w, spec, whole(c, w, spec, o)));
  return Object.keys(WAYS).filter((name) => EARNED.includes(name) || can(name));
}

module.exports = { WAYS, send, waysOf, whole };
