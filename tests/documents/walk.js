// docs/walk.md and docs/extend.md: each file that they name is there, and each function (`name()`) is defined in the file that
// stands right behind it ("`name()` in `file`"), else in the one that was named last before it.
'use strict';
const fs = require('fs');
const path = require('path');
const { root, read } = require('./markdown.js');
const { tell, ended } = require('../deploy/program.js');

const FILE = /^(src|tests|web|sql|models|scripts|tools|demo)\/[\w./-]+\.\w+$/;

// A definition: its line begins with the type, and the parameters are followed by a brace.
const defines = (file, name) => new RegExp(`^[a-zA-Z][^;\\n]*[ *]${name}\\((?:[^;{]|\\n)*\\{`, 'm').test(fs.readFileSync(path.join(root, file), 'utf8'));

function wrong(file) {
  const bad = [];
  let functions = 0;
  let source = null;
  const text = read(file).prose.map((p) => p.text).join('\n');
  for (const m of text.matchAll(/`([^`]+)`/g)) {
    const name = m[1].match(/^(\w+)\(\)$/);
    if (FILE.test(m[1]) && !m[1].includes('NAME')) {
      source = fs.existsSync(path.join(root, m[1])) ? m[1] : null;
      if (source === null) bad.push(`there is no ${m[1]}`);
    } else if (name) {
      functions++;
      const behind = text.slice(m.index + m[0].length).match(/^\s+(?:in|of)\s+`([^`]+)`/)?.[1];
      const where = behind && FILE.test(behind) ? behind : source;
      if (!where) bad.push(`of which file is ${m[1]}?`);
      else if (fs.existsSync(path.join(root, where)) && !defines(where, name[1])) bad.push(`${where} does not define ${name[1]}`);
    }
  }
  return { bad, functions };
}

for (const [file, least] of [['docs/walk.md', 60], ['docs/extend.md', 5]]) {
  const { bad, functions } = wrong(file);
  tell(`files and functions that ${file} names are there`, bad.join('; '));
  tell(`${file} names functions`, functions >= least ? null : `${functions} were found, ${least} at least were expected`);
}
ended();
