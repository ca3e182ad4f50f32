// docs/brief.md: nothing of the brief is missing, every file that a row names is there and every test of it exists; and what can be
// asked of the program is so: columns of its tables, routes, defaults, names of metrics.
'use strict';
const fs = require('fs');
const path = require('path');
const { execFileSync } = require('child_process');
const { root, read } = require('./markdown.js');
const { tell, run, ended } = require('../deploy/program.js');

// How many points each of the twenty tasks has.
const POINTS = [3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4];
const COLUMNS = {
  tweets: 'id author text created_at sentiment_score signal_score processed created_at_db',
  trades: 'id tweet_id symbol side leverage quantity entry_price stop_loss take_profit status pnl created_at closed_at',
  positions: 'symbol size avg_entry leverage unrealized_pnl updated_at',
};
const ENDPOINTS = ['GET /health', 'GET /api/tweets', 'GET /api/trades', 'GET /api/positions', 'GET /api/metrics', 'POST /api/override/toggle'];
const PARAMETERS = { signal_threshold: '70', position_size_percent: '0.01', stop_loss_percent: '0.02', take_profit_percent: '0.04', max_daily_drawdown: '0.05', max_open_positions: '5' };
const METRICS = ['tweets_processed_total', 'trades_executed_total', 'current_pnl', 'api_request_duration_seconds', 'worker_task_duration_seconds'];
const TARGETS = { 'tweet to signal': '5 s', 'signal to order': '2 s', 'first load of the dashboard': '1 s', 'answer of the API': '500 ms', 'test coverage': '80 %' };

// Rows of the tables, by the heading above them: {section: [[cell, ...], ...]}
const sections = {};
let section = '';
for (const { text } of read('docs/brief.md').prose) {
  const heading = text.match(/^## (.*)/);
  if (heading) section = heading[1];
  const row = text.match(/^\| (.*) \|$/);
  if (row && !/^[-| ]*$/.test(row[1])) (sections[section] ??= []).push(row[1].split('|').map((c) => c.trim()));
}
const rows = (name) => sections[name].slice(1);
const plain = (cell) => cell.replace(/`/g, '');
const missing = (all, have) => all.filter((a) => !have.includes(a)).join(', ');

tell('each point of each task is listed', missing(POINTS.flatMap((n, i) => Array.from({ length: n }, (_, j) => `${i + 1}.${j + 1}`)), rows('Tasks').map((r) => r[0])));
tell('each table is listed', missing(Object.keys(COLUMNS), rows('Tables').map((r) => plain(r[0]))));
for (const r of rows('Tables')) tell(`each column of ${plain(r[0])} is listed`, missing(COLUMNS[plain(r[0])].split(' '), plain(r[1]).split(' ')));
tell('each endpoint is listed', missing(ENDPOINTS, rows('Endpoints').map((r) => plain(r[0]))));
tell('each parameter is listed', missing(Object.keys(PARAMETERS).map((p) => `trading.${p}`), rows('Parameters').map((r) => plain(r[0]))));
tell('each metric is listed', missing(METRICS, rows('Metrics').map((r) => plain(r[0]))));
tell('each target is listed', missing(Object.keys(TARGETS), rows('Targets').map((r) => r[0])));
for (const [name, most] of Object.entries(TARGETS)) tell(`${name} is the brief's`, rows('Targets').find((r) => r[0] === name)?.[1].includes(most) ? null : `it is not ${most}`);

// -- what a row names is there ------------------------------------------------------------------------------

function wrong(cell) {
  let file = null;
  const bad = [];
  for (const m of cell.matchAll(/`([^`]+)`|"([^"]+)"/g)) {
    if (m[1]?.includes('/') || /\.\w+$/.test(m[1] ?? '')) {
      file = m[1].replace(/\/$/, '');
      if (!fs.existsSync(path.join(root, file))) bad.push(`there is no ${file}`);
    } else if (file && fs.existsSync(path.join(root, file)) && !fs.readFileSync(path.join(root, file), 'utf8').includes(m[1] ?? m[2])) {
      bad.push(`${file} has no ${m[1] ?? m[2]}`);
    }
  }
  if (file === null) bad.push('it names no file');
  return bad.join(', ');
}
for (const [name, all] of Object.entries(sections)) {
  if (all[0].at(-1) !== 'shown by') continue;
  const bad = all.slice(1).flatMap((r) => [wrong(r.at(-2)), wrong(r.at(-1))].filter(Boolean).map((why) => `${plain(r[0])}: ${why}`));
  tell(`what ${name} names is there, and the test too`, bad.join('; '));
}

// -- what the program says ----------------------------------------------------------------------------------

const db = path.join(process.env.SCRATCH, 'brief.db');
fs.rmSync(db, { force: true });
run(['db', 'migrate', '--set', `store.url=sqlite:${db}`]);
for (const [table, columns] of Object.entries(COLUMNS)) {
  const have = execFileSync('sqlite3', [db, `SELECT name FROM pragma_table_info('${table}')`], { encoding: 'utf8' }).split('\n');
  tell(`${table} has these columns`, missing(columns.split(' '), have));
}
const routes = fs.readFileSync(path.join(root, 'docs/openapi.yaml'), 'utf8');
for (const endpoint of ENDPOINTS) {
  const [method, at] = endpoint.split(' ');
  tell(`${endpoint} is served`, new RegExp(`^  ${at}:\\n(?:    .*\\n|\\n)*?    ${method.toLowerCase()}:`, 'm').test(routes) ? null : 'docs/openapi.yaml, which is held against the program, does not have it');
}
const described = run(['config', 'docs']).said;
for (const r of rows('Parameters')) {
  const [inside, key] = plain(r[0]).split('.');
  const line = described.split(`\n## ${inside}\n`)[1]?.split('\n## ')[0].split('\n').find((l) => l.startsWith(`| \`${key}\` `));
  tell(`${plain(r[0])} is ${r[1]} by default`, line?.split(' | ')[2] === `\`${r[1]}\`` ? null : `the program says: ${line}`);
}
for (const r of rows('Metrics')) {
  const file = r[2].match(/`([^`]+)`/)?.[1] ?? '';
  tell(`${plain(r[0])} is a metric`, fs.existsSync(path.join(root, file)) && fs.readFileSync(path.join(root, file), 'utf8').includes(`bullfinch_${plain(r[0])}`) ? null : `${file} does not make it`);
}
ended();
