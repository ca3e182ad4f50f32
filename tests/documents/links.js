// Every relative link of every document leads to a file of the checkout, and every anchor to a heading there; and the
// README's list names every document.
'use strict';
const fs = require('fs');
const path = require('path');
const { root, documents, read, anchors, links } = require('./markdown.js');
const { tell, ended } = require('../deploy/program.js');

const files = documents();
const known = new Map(files.map((f) => [f, read(f)]));

function wrong(file, to) {
  if (/^[a-z]+:/.test(to) || to.startsWith('../../')) return null; // elsewhere, or of the site that shows the checkout
  const [name, anchor] = to.split('#');
  const target = name === '' ? file : path.normalize(path.join(path.dirname(file), decodeURI(name)));
  if (target.startsWith('..') || !fs.existsSync(path.join(root, target))) return `there is no ${target}`;
  if (anchor === undefined) return null;
  if (!known.has(target)) return `${target} is no document, and has no #${anchor}`;
  return anchors(known.get(target)).has(anchor) ? null : `${target} has no heading #${anchor}`;
}

let count = 0;
for (const file of files) {
  const bad = [];
  for (const { line, to } of links(known.get(file))) {
    count++;
    const why = wrong(file, to);
    if (why) bad.push(`line ${line}: ${why}`);
  }
  tell(`links of ${file} lead somewhere`, bad.join('; '));
}
tell('there are links', count >= 100 ? null : `${count} were found`);
const named = new Set(links(known.get('README.md')).map((l) => l.to.split('#')[0]));
const unnamed = files.filter((f) => /^docs\//.test(f) && !named.has(f));
tell('README.md names every document of docs/', unnamed.join(' '));
ended();
