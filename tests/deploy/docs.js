// Commands that docs/scaling.md and the heads of deploy/*.yaml name, as one would type them: bullfinch's own
// with their options, services of compose files, units, files of the checkout.
'use strict';
const fs = require('fs');
const path = require('path');
const YAML = require('yaml');
const { tell, wrong, ended } = require('./program.js');

const root = path.resolve(__dirname, '../..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

// Lines that are set off, with what goes on behind a backslash, and whatever stands between backticks.
function commands(file) {
  const fenced = (t) => t.replace(/^```sh.*\n([^]*?)^```$/gm, (all, block) => block.replace(/^/gm, '    '));
  const text = file.endsWith('.md') ? fenced(read(file)) : read(file).replace(/^#( ?)/gm, '$1 ');
  const lines = text.replace(/\\\n\s*/g, '').split('\n').filter((l) => l.startsWith('    ')).map((l) => l.trim());
  const inline = file.endsWith('.md') ? [...text.matchAll(/`([^`\n]+)`/g)].map((m) => m[1]) : [];
  return [...lines, ...inline].map((l) => l.replace(/\s+#.*$/, '').replace(/^(time|sudo( -u \w+)?)\s+/, ''));
}

// What is wrong with it; null: nothing, or it is none of ours.
function judge(line) {
  const words = line.split(/\s+/);
  if (words[0] === 'bullfinch') return words.length > 1 && !/[A-Z]{3}$/.test(line) ? wrong(words.slice(1)) : null;
  if (words[0] === 'docker' && words[1] === 'compose') {
    const file = words[words.indexOf('-f') + 1];
    if (!fs.existsSync(path.join(root, file))) return `no file ${file}`;
    const at = words.indexOf('--rm');
    if (at < 0) return null;
    if (!YAML.parse(read(file), { merge: true }).services[words[at + 1]]) return `${file} has no service ${words[at + 1]}`;
    return wrong(words.slice(at + 2));
  }
  if (words[0] === 'make') return read('Makefile').includes(`\n${words[1] ?? 'build'}:`) ? null : `no target ${words[1]}`;
  if (words[0] === 'systemctl')
    for (const unit of words.filter((w) => /^bullfinch[a-z@.-]/.test(w)))
      if (!fs.existsSync(path.join(root, 'deploy/systemd', unitFile(unit)))) return `there is no unit ${unit}`;
  for (const f of line.match(/(?<![\w/])deploy\/[\w./-]+\w/g) ?? [])
    if (!fs.existsSync(path.join(root, f)) && !f.startsWith('deploy/secrets')) return `there is no ${f}`;
  return null;
}

function unitFile(unit) {
  const name = unit.replace(/@.*$/, '@');
  return /\.(service|target)$/.test(name) ? name : `${name}.service`;
}

const files = ['docs/scaling.md', 'docs/deployment.md', 'deploy/compose.yaml', 'deploy/compose.embedded.yaml'];
for (const file of files) {
  const all = commands(file);
  const ours = all.filter((l) => /^(bullfinch|docker compose|systemctl|make) /.test(l));
  tell(`${file} names commands`, ours.length >= 3 ? null : `${ours.length} were found`);
  for (const line of new Set(all)) {
    const why = judge(line);
    if (why || ours.includes(line)) tell(`${file}: ${line}`, why);
  }
}
for (const page of ['scaling.md', 'deployment.md', 'security.md']) {
  const links = [...read(`docs/${page}`).matchAll(/\]\(([^)#]+)\)/g)].map((m) => m[1]);
  tell(`links of docs/${page} lead somewhere`, links.filter((l) => !fs.existsSync(path.join(root, 'docs', l))).join(' '));
}
ended();
