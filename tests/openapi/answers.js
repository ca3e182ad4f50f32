// Each operation that reads, asked as its description says, and each answer held against it; and
// whether all that the server has is described.
//
//   node answers.js SPEC URL TOKEN
'use strict';
const { Spec } = require('./spec');
const { ask } = require('./client');
const { Chance, right } = require('./values');

const [, , file, url, token] = process.argv;
const spec = new Spec(file);
const c = new Chance(1);
const headers = { Authorization: `Bearer ${token}` };
let failed = 0;
const say = (ok, name, why) => {
  if (!ok) failed++;
  console.log(ok ? `ok ${name}` : `not ok ${name}: ${why}`);
};

// One thing is asked for by what its list names.
const SINGLE = { getTweet: ['/api/tweets?symbol=DOGEUSDT', 'tweets', 'id'], getTrade: ['/api/trades', 'trades', 'id'], getAuthor: ['/api/authors', 'authors', 'key'] };

async function single(operation) {
  const [list, member, name] = SINGLE[operation.id];
  const [first] = JSON.parse((await ask(url, { method: 'GET', target: list, headers })).body)[member];
  const answer = await ask(url, { method: 'GET', target: `${operation.path}?id=${encodeURIComponent(first?.[name] ?? '')}`, headers });
  const bad = spec.wrong(operation, answer);
  say(!bad && answer.status === 200, `${operation.id} of one that is there answers as described`, bad || answer.status);
}

async function main() {
  for (const operation of spec.operations) {
    if (operation.method !== 'get') continue;
    const query = operation.parameters.filter((p) => p.in === 'query' && p.required)
      .map((p) => `${p.name}=${encodeURIComponent(right(c, spec, p.schema))}`).join('&');
    const target = operation.path.replace('{file}', '') + (query ? `?${query}` : '');
    const answer = await ask(url, { method: 'GET', target, headers });
    const bad = spec.wrong(operation, answer);
    say(!bad && answer.status < 500, `${operation.id} answers as described (${answer.status})`, bad);
    if (operation.id in SINGLE) await single(operation);
    const head = await ask(url, { method: 'HEAD', target, headers });
    say(head.status === answer.status && head.body === '', `${operation.id}: HEAD is the same without a body`, `${head.status}`);
  }
  const metrics = (await ask(url, { method: 'GET', target: '/metrics', headers })).body;
  const routes = new Set([...metrics.matchAll(/api_request_duration_seconds_count\{endpoint="([^"]+)"/g)].map((m) => m[1]));
  const described = new Set(Object.keys(spec.doc.paths));
  const missing = [...routes].filter((r) => !described.has(r));
  say(routes.size > 3 && !missing.length, 'all that there is stands in the description', missing.join(' '));
  const gone = [...described].filter((r) => !routes.has(r));
  say(!gone.length, 'and all that is described is there', gone.join(' '));
  process.exit(failed ? 1 : 0);
}
main();
