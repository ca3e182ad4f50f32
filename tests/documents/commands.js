// Is there what a line of a document names? Commands of bullfinch's with their options, targets of make, services of compose
// files, units, files of the checkout.
'use strict';
const fs = require('fs');
const path = require('path');
const { root } = require('./markdown.js');
const { run, wrong } = require('../deploy/program.js');

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const there = (file) => fs.existsSync(path.join(root, file));

// Words as a shell parts them, as far as documents need it: quotes keep blanks.
function split(line) {
  return [...line.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map((m) => m[0].replace(/^(['"])(.*)\1$/, '$2'));
}

const seen = new Map();
// A command line of bullfinch's, or a family of commands ("dlq"); each is asked for once.
function ours(words) {
  const key = words.join(' ');
  if (!seen.has(key)) seen.set(key, words.length === 1 && run([words[0], '--help']).status === 0 ? null : wrong(words));
  return seen.get(key);
}

function unitOf(word) {
  const name = word.replace(/@.*$/, '@');
  return /\.(service|target|timer)$/.test(name) ? name : `${name}.service`;
}

function compose(words) {
  const at = words.indexOf('-f');
  if (at < 0) return null;
  if (!there(words[at + 1])) return `there is no ${words[at + 1]}`;
  const run = words.indexOf('--rm');
  if (run < 0) return null;
  const service = new RegExp(`^  ${words[run + 1]}:`, 'm');
  return service.test(read(words[at + 1])) ? ours(words.slice(run + 2)) : `${words[at + 1]} has no service ${words[run + 1]}`;
}

// What is wrong with one simple command; null: nothing, or it is none of ours.
function simple(text) {
  let words = split(text).filter((w) => !/^[<>&|;]|^2>/.test(w));
  while (/^(sudo|time|exec|-u|\w+=.*)$/.test(words[0] ?? '')) words = words.slice(words[0] === '-u' ? 2 : 1);
  words = words.map((w) => w.replace(/[)`;,]+$/, ''));
  const [first, ...rest] = words;
  if (/^(build\/|\/usr\/(local\/)?bin\/)?bullfinch$/.test(first ?? '')) {
    if (rest.length === 0 || /^(-|COMMAND)/.test(rest[0])) return null;
    return ours(rest.map((w) => w.replace(/^\[|\]$/g, '')));
  }
  if (first === 'make') {
    const target = rest.find((w) => !/^[A-Z]|=/.test(w)) ?? 'build';
    return read('Makefile').includes(`\n${target}:`) ? null : `there is no target ${target} of make`;
  }
  if (first === 'docker' && rest[0] === 'compose') return compose(rest);
  if (first === 'systemctl')
    for (const unit of rest.filter((w) => /^bullfinch[a-z@.-]*/.test(w) && !w.includes('*')))
      if (!there(path.join('deploy/systemd', unitOf(unit)))) return `there is no unit ${unit}`;
  return null;
}

function judge(line) {
  for (const part of line.replace(/^\$ /, '').split(/\s(?:&&|\|\||[|;&])(?:\s|$)|\$\(/)) {
    const why = simple(part.trim());
    if (why) return why;
  }
  for (const file of line.match(/(?<![\w/.-])(?:deploy|scripts|bench|tests|demo|models|sql)\/[\w.@-]+(?:\/[\w.@-]+)*/g) ?? [])
    if (!/NAME/.test(file) && !there(file.replace(/[.,;:]+$/, '')) && !file.startsWith('deploy/secrets')) return `there is no ${file}`;
  return null;
}

module.exports = { judge };
