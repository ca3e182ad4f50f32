// Random requests made from the description, each answer held against it.
//
//   node random.js SPEC URL SEED COUNT TOKEN_ROLE=TOKEN...
//
// The same seed makes the same requests (their times of day aside). Exit status 1: an answer that is
// not as described, a status of 500 and above, or a connection that broke.
'use strict';
const { Spec } = require('./spec');
const { ask } = require('./client');
const { Chance, ODD, right, wrong } = require('./values');

const [, , file, url, seed, count, ...pairs] = process.argv;
const spec = new Spec(file);
const tokens = Object.fromEntries(pairs.map((p) => p.split(/=(.*)/s)));
const c = new Chance(Number(seed));

function query(parameters) {
  const parts = [];
  for (const p of parameters) {
    if (p.in !== 'query' || (!p.required && c.maybe(0.5)) || (p.required && c.maybe(0.05))) continue;
    const value = c.maybe(0.7) ? right(c, spec, p.schema) : c.of(ODD);
    const text = Array.isArray(value) ? value.join(',') : String(value);
    parts.push(`${p.name}=${c.maybe(0.97) ? encodeURIComponent(text) : text.replace(/[^\x21-\x7e]|[#]/g, '_')}`);
    if (c.maybe(0.02)) parts.push(parts[parts.length - 1]);
  }
  if (c.maybe(0.03)) parts.push(`${c.of(['x', 'Limit', '%6cimit', '', '='])}=${encodeURIComponent(c.of(ODD))}`);
  return parts.length ? `?${parts.join('&')}` : '';
}

function path(operation) {
  return operation.path.replace(/\{([^}]+)\}/g, (_, name) => {
    if (operation.path === '/{file}') return encodeURI(c.of(['', 'trade', 'index.html', 'nope', '_next/static/x.js', '../x', '.git', 'a/b/c', '%2e%2e/x', ...ODD.filter((x) => x.length < 400)])).replace(/[#?]/g, '_');
    const p = operation.parameters.find((x) => x.name === name);
    return encodeURIComponent(String(c.maybe(0.8) ? right(c, spec, p.schema) : c.of(ODD)));
  });
}

function body(operation, headers) {
  if (!operation.body || c.maybe(0.03)) return c.maybe(0.02) ? '{}' : undefined;
  const type = c.of(Object.keys(operation.body.content));
  headers['Content-Type'] = c.maybe(0.95) ? type : c.of(['text/plain', 'application/xml', '', 'application/json; charset=latin1', type.toUpperCase()]);
  const schema = operation.body.content[type].schema;
  let value = right(c, spec, schema);
  if (c.maybe(0.5)) value = wrong(c, value);
  if (type === 'application/x-ndjson') {
    const one = right(c, spec, spec.doc.components.schemas.Post);
    return [one, c.maybe(0.5) ? wrong(c, one) : one].map((v) => JSON.stringify(v)).join('\n');
  }
  const text = JSON.stringify(value) ?? '';
  if (c.maybe(0.05)) return text.slice(0, c.below(text.length + 1));
  if (c.maybe(0.02)) return '['.repeat(c.below(100000));
  if (c.maybe(0.02)) return Buffer.from([0xff, 0xfe, ...Buffer.from(text)]);
  return text;
}

function request() {
  const operation = c.of(spec.operations);
  const headers = {};
  const role = c.of([...Object.keys(tokens), ...Object.keys(tokens), 'admin', 'none', 'forged']);
  if (role === 'forged') headers.Authorization = c.of(['Bearer x', 'Bearer', 'Basic YTpi', `Bearer bft_${'A'.repeat(43)}`, 'bearer  ', `Bearer ${tokens.read}x`]);
  else if (tokens[role]) headers.Authorization = `Bearer ${tokens[role]}`;
  for (const p of operation.parameters)
    if (p.in === 'header' && c.maybe(0.5)) {
      const value = c.maybe(0.7) ? String(right(c, spec, p.schema)) : c.of(ODD);
      headers[p.name] = value.replace(/[^\x21-\x7e ]/g, '_');
    }
  if (c.maybe(0.2)) headers['Accept-Encoding'] = c.of(['identity', 'br', '*;q=0', '']);
  if (c.maybe(0.1)) headers['If-None-Match'] = c.of(['*', '"x"', 'W/"y", "z"', '"']);
  let method = operation.method.toUpperCase();
  if (c.maybe(0.03)) method = method === 'GET' ? 'HEAD' : method;
  const rq = { method, target: path(operation) + query(operation.parameters), headers };
  const b = method === 'HEAD' ? undefined : body(operation, headers);
  if (b !== undefined) { rq.body = b; headers['Content-Length'] = Buffer.byteLength(b); }
  return { operation, rq };
}

async function main() {
  const findings = new Map();
  const statuses = {}, seen = new Map();
  const note = (what, rq) => {
    if (!findings.has(what)) findings.set(what, { times: 0, rq });
    findings.get(what).times++;
  };
  let left = Number(count);
  async function worker() {
    while (left-- > 0) {
      const { operation, rq } = request();
      let answer;
      try {
        answer = await ask(url, rq);
      } catch (e) {
        note(`${operation.id}: ${e.message}`, rq);
        continue;
      }
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      if (answer.status < 300) seen.set(operation.id, (seen.get(operation.id) ?? 0) + 1);
      if (answer.status >= 500) note(`${operation.id}: ${answer.status} ${answer.body.slice(0, 200)}`, rq);
      const bad = spec.wrong(operation, answer);
      if (bad) note(`${operation.id}: ${bad}`, rq);
    }
  }
  console.log(`seed ${seed}, ${count} requests, ${spec.operations.length} operations`);
  await Promise.all(Array.from({ length: 8 }, worker));
  console.log(`statuses ${JSON.stringify(statuses)}`);
  console.log(`never answered with success: ${spec.operations.filter((o) => !seen.has(o.id)).map((o) => o.id).join(' ') || 'none'}`);
  for (const [what, { times, rq }] of findings)
    console.log(`finding (${times} times) ${what}\n  ${JSON.stringify({ ...rq, headers: { ...rq.headers, Authorization: rq.headers.Authorization && '...' }, body: rq.body && String(rq.body).slice(0, 300) })}`);
  process.exit(findings.size ? 1 : 0);
}
main();
