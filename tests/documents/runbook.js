// docs/runbook.md has a section for each alert of deploy/prometheus/alerts.yaml, and each of its sections is of one; each says
// what it means, what to look at and what to do, and each alert names its section.
'use strict';
const fs = require('fs');
const path = require('path');
const { root, read, headings } = require('./markdown.js');
const { tell, ended } = require('../deploy/program.js');

const file = path.join(root, 'deploy/prometheus/alerts.yaml');
const rules = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''; // without it no alert is found, which is told
const alerts = [...rules.matchAll(/^\s*- alert: (\S+)$/gm)].map((m) => m[1]);
const links = [...rules.matchAll(/runbook_url: \S*docs\/runbook\.md#(\S+)$/gm)].map((m) => m[1]);
const doc = read('docs/runbook.md');
const sections = headings(doc, 3);
const text = fs.readFileSync(path.join(root, 'docs/runbook.md'), 'utf8');

const without = (all, of) => all.filter((a) => !of.includes(a)).join(' ');
tell('there are alerts', alerts.length >= 15 ? null : `${alerts.length} were found`);
tell('each alert has a section in docs/runbook.md', without(alerts, sections));
tell('each section of docs/runbook.md is of an alert', without(sections, alerts));
tell('each alert names its section', without(alerts.map((a) => a.toLowerCase()), links) || without(links, alerts.map((a) => a.toLowerCase())));
const poor = sections.filter((s) => {
  const body = text.split(`### ${s}\n`)[1]?.split(/^##/m)[0] ?? '';
  return !['**Means**', '**Look**', '**Do**'].every((word) => body.includes(word));
});
tell('each section says what it means, what to look at and what to do', poor.join(' '));
ended();
