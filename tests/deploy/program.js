// The program as the deployment files and documents use it: its commands and options by --help, a
// configuration by `config check`, and the lines that tell how each case went.
'use strict';
const { spawnSync } = require('child_process');

let failures = 0;

// One case: `why` is falsy where all is well, else what is wrong.
function tell(name, why) {
  if (why) failures++;
  console.log(why ? `not ok ${name}: ${String(why).replace(/\s+/g, ' ').trim()}` : `ok ${name}`);
}

// Only what is given: what stands in this shell's environment must not stand in for what a file lacks.
function run(args, env = {}) {
  const r = spawnSync(process.env.BULLFINCH, args, {
    env: { PATH: process.env.PATH, ...env }, encoding: 'utf8', cwd: process.env.SCRATCH, timeout: 20000,
  });
  return { status: r.status, said: `${r.stdout}${r.stderr}` };
}

// "db migrate --json FILE" -> its help, by as many first words as make a command (two at most).
function help(words) {
  for (const n of [2, 1]) {
    const name = words.slice(0, n);
    if (name.length < n || name.some((w) => w.startsWith('-'))) continue;
    const r = run([...name, '--help']);
    if (r.status === 0 && r.said.includes('\n  --config FILE ')) return { name, text: r.said };
  }
  return null;
}

// What is wrong with a command line, or null. settings: collects what --set gives.
function wrong(words, settings = []) {
  const h = help(words);
  if (!h) return `bullfinch ${words.join(' ')}: there is no such command`;
  for (let i = h.name.length; i < words.length; i++) {
    const word = words[i];
    if (!word.startsWith('--')) continue;
    const m = h.text.match(new RegExp(`^ {2}${word.replace(/[^a-z-]/g, '')}( [A-Z=|]+)?(\\s|$)`, 'm'));
    if (!m) return `bullfinch ${h.name.join(' ')} has no option ${word}`;
    if (m[1]) i++;
    if (word === '--set') settings.push(words[i]);
  }
  return null;
}

// Does the program take this configuration? null, or its words.
function misconfigured(file, env, settings = []) {
  const args = ['config', 'check', ...(file ? ['--config', file] : [])];
  for (const s of settings) args.push('--set', s);
  const r = run(args, env);
  return r.status === 0 ? null : r.said;
}

module.exports = { tell, run, wrong, misconfigured, ended: () => process.exit(failures === 0 ? 0 : 1) };
