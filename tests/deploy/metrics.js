// What is said of metrics, held against what there is: docs/metrics.md against pages of running
// processes, rules and boards against docs/metrics.md, and what boards ask against a Prometheus.
//
//   node metrics.js files                    rules, their cases, boards
//   node metrics.js page ROLE TEXT OPEN      the two formats of one process' page, as files
//   node metrics.js boards URL               each query of each board, asked of the Prometheus there
'use strict';
const fs = require('fs');
const path = require('path');
const YAML = require('yaml');
const { tell, ended } = require('./program.js');

const root = path.resolve(__dirname, '../..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const yaml = (file) => YAML.parse(read(file));

// -- docs/metrics.md --------------------------------------------------------------------------------
// name -> {type, unit, labels, most, roles}
function documented() {
  const all = new Map();
  for (const row of read('docs/metrics.md').matchAll(/^\| `(bullfinch_\w+)` \| (.*) \|$/gm)) {
    const [type, unit, labels, most, roles] = row[2].split(' | ');
    all.set(row[1], { type, unit, most: Number(most), roles: roles.split(', '),
      labels: labels.split(', ').map((l) => l.replace(/`/g, '')).filter((l) => l !== '') });
  }
  return all;
}

// Names of samples as well: a histogram has three.
function isKnown(all, name) {
  if (all.has(name)) return true;
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return base !== name && all.get(base)?.type === 'histogram';
}

// -- a page -------------------------------------------------------------------------------------------
// Families in their order, with their samples: {name, type, unit, samples: [{name, labels}]}
function parse(text, open) {
  const families = [];
  const lines = text.split('\n');
  if (open && lines.at(-2) !== '# EOF') throw new Error('does not end with # EOF');
  for (const line of lines) {
    const head = line.match(/^# (HELP|TYPE|UNIT) (\w+) (.*)$/);
    if (head?.[1] === 'HELP') families.push({ name: head[2], type: '', unit: '', samples: [] });
    else if (head) families.at(-1)[head[1].toLowerCase()] = head[3];
    else if (line !== '' && line !== '# EOF') {
      const m = line.match(/^(\w+)(?:\{(.*)\})? (-?[0-9.]+)$/);
      if (!m) throw new Error(`no sample: ${line}`);
      const labels = [...(m[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((l) => l[1]);
      families.at(-1).samples.push({ name: m[1], labels, key: `${m[1]}{${m[2] ?? ''}}` });
    }
  }
  return families;
}

const endings = { counter: ['_total'], info: ['_info'], histogram: ['_bucket', '_sum', '_count'], gauge: [''] };

// What is wrong with a family; null: nothing.
function judge(f, d, open) {
  const type = !open && d.type === 'info' ? 'gauge' : d.type;
  if (f.type !== type) return `is a ${f.type}, and documented as ${d.type}`;
  if (open && f.unit !== d.unit) return `has the unit "${f.unit}", and is documented with "${d.unit}"`;
  const series = new Set();
  for (const s of f.samples) {
    const fits = endings[open ? d.type : type].some((e) => s.name === `${f.name}${open || type === 'histogram' ? e : ''}`);
    if (!fits) return `has a sample ${s.name}`;
    const labels = s.labels.filter((l) => l !== 'le');
    if (labels.join() !== d.labels.join()) return `has the labels ${labels.join()}, documented are ${d.labels.join()}`;
    series.add(s.key.replace(/(,?)le="[^"]*"/, '').replace(/_(bucket|sum|count)\{/, '{'));
  }
  return series.size > d.most + 1 ? `has ${series.size} series, documented are ${d.most}` : null;
}

function page(role, file, open) {
  const all = documented();
  const wrong = [];
  const seen = new Set();
  const format = open ? 'OpenMetrics' : 'text';
  const families = parse(fs.readFileSync(file, 'utf8'), open);
  for (const f of families) {
    const name = [f.name, `${f.name}_total`, `${f.name}_info`].find((n) => all.has(n));
    if (name === undefined || (!open && name !== f.name)) { wrong.push(`${f.name} is not documented`); continue; }
    seen.add(name);
    const d = all.get(name);
    if (!d.roles.includes(role)) wrong.push(`${name} is not documented for ${role}`);
    const why = judge(f, d, open);
    if (why) wrong.push(`${name} ${why}`);
  }
  const keys = families.flatMap((f) => f.samples.map((s) => s.key));
  if (new Set(keys).size !== keys.length) wrong.push('a series stands twice');
  const missing = [...all].filter(([n, d]) => d.roles.includes(role) && !seen.has(n)).map(([n]) => n);
  if (missing.length > 0) wrong.push(`it lacks ${missing.join(' ')}`);
  tell(`${role}, ${format}: names, types, units and labels are those of docs/metrics.md`, wrong.join('; '));
  tell(`${role}, ${format}: there is something to be seen`, keys.length < 30 && `${keys.length} series`);
}

// -- rules --------------------------------------------------------------------------------------------
const recorded = () => yaml('deploy/prometheus/recording.yaml').groups.flatMap((g) => g.rules);
const alerts = () => yaml('deploy/prometheus/alerts.yaml').groups.flatMap((g) => g.rules);

// Names in an expression that are neither documented nor recorded.
function strangers(expr) {
  const all = documented();
  const rules = new Set(recorded().map((r) => r.record));
  const names = expr.match(/\bbullfinch[_:][\w:]+/g) ?? [];
  return names.filter((n) => !(n.includes(':') ? rules.has(n) : isKnown(all, n)));
}

function files() {
  for (const r of [...recorded(), ...alerts()])
    tell(`${r.record ?? r.alert} asks for what there is`, strangers(r.expr).join(' '));
  const cases = yaml('deploy/prometheus/alerts_test.yaml').tests.flatMap((t) => t.alert_rule_test);
  for (const a of alerts()) {
    const note = a.annotations ?? {};
    const mine = cases.filter((c) => c.alertname === a.alert);
    tell(`${a.alert} says how bad it is, what, and where to read on`,
      !['critical', 'warning'].includes(a.labels?.severity) || !/^.{20,}\.$/.test(note.summary) ||
      note.runbook_url !== `docs/runbook.md#${a.alert.toLowerCase()}`);
    tell(`${a.alert} has a case that fires, and one that does not`,
      !(mine.some((c) => c.exp_alerts.length > 0) && mine.some((c) => c.exp_alerts.length === 0)) && `${mine.length} cases`);
  }
  tell('each case is of an alert', cases.filter((c) => !alerts().some((a) => a.alert === c.alertname)).map((c) => c.alertname).join(' '));
  const inhibits = yaml('deploy/alertmanager/alertmanager.yaml').inhibit_rules;
  const named = inhibits.flatMap((r) => [...r.source_matchers, ...r.target_matchers]).flatMap((m) => m.match(/"(.*)"/)[1].split('|'));
  tell('who is silenced, and by whom, are alerts', named.filter((n) => !alerts().some((a) => a.alert === n)).join(' '));
  const source = yaml('deploy/grafana/provisioning/datasources/prometheus.yaml').datasources[0].uid;
  for (const [name, board] of boards()) {
    const wrong = targets(board).flatMap((t) => [...strangers(t.expr), ...(t.datasource.uid === source ? [] : ['another data source'])]);
    tell(`the board ${name} asks for what there is, of the data source that is provisioned`, wrong.join(' '));
    const ids = board.panels.map((p) => p.id);
    tell(`the board ${name} has each number once, and no panel over another`, new Set(ids).size !== ids.length || overlap(board));
  }
}

// -- boards -------------------------------------------------------------------------------------------
function boards() {
  const dir = 'deploy/grafana/dashboards';
  return fs.readdirSync(path.join(root, dir)).filter((f) => f.endsWith('.json')).map((f) => [f, JSON.parse(read(`${dir}/${f}`))]);
}

const targets = (board) => board.panels.flatMap((p) => (p.targets ?? []).map((t) => ({ ...t, title: p.title })));

function overlap(board) {
  for (const a of board.panels) for (const b of board.panels) {
    const [p, q] = [a.gridPos, b.gridPos];
    if (a.id < b.id && p.x < q.x + q.w && q.x < p.x + p.w && p.y < q.y + q.h && q.y < p.y + p.h) return `${a.title} and ${b.title}`;
  }
  return null;
}

async function ask(url, expr) {
  const r = await fetch(`${url}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query: expr }) });
  const answer = await r.json();
  if (answer.status !== 'success') throw new Error(answer.error);
  return answer.data.result.filter((s) => s.value[1] !== 'NaN').length;
}

// Again for a while: some need two scrapes after something happened.
async function returns(url, expr) {
  for (let tries = 120; tries > 0; tries--) {
    if (await ask(url, expr) > 0) return null;
    await new Promise((go) => { setTimeout(go, 500); });
  }
  return `nothing comes of ${expr}`;
}

async function askBoards(url) {
  for (const [name, board] of boards())
    for (const t of targets(board))
      tell(`${name}: ${t.title}, ${t.refId}`, await returns(url, t.expr).catch((e) => `${e.message}: ${t.expr}`));
}

async function main([what, ...args]) {
  if (what === 'files') files();
  else if (what === 'page') { page(args[0], args[1], false); page(args[0], args[2], true); }
  else if (what === 'boards') await askBoards(args[0]);
  else throw new Error('usage: metrics.js files | page ROLE TEXT OPEN | boards URL');
  ended();
}
main(process.argv.slice(2));
