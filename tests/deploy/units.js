// deploy/systemd: each unit's command, options, configuration and credentials, held against the program
// and against each other; as they are, and with every line that is offered as a comment.
'use strict';
const fs = require('fs');
const path = require('path');
const { tell, wrong, misconfigured, ended } = require('./program.js');

const deploy = path.resolve(__dirname, '../../deploy');
const directory = path.join(deploy, 'systemd');
const units = fs.readdirSync(directory).filter((f) => f.endsWith('.service'));

function parse(text) {
  const unit = {};
  for (const line of text.split('\n')) {
    const m = line.match(/^([A-Za-z]+)=(.*)$/);
    if (m) (unit[m[1]] ??= []).push(m[2]);
  }
  return unit;
}

function problems(unit) {
  const bad = [];
  const words = unit.ExecStart[0].split(/\s+/);
  const settings = [];
  if (words.shift() !== '/usr/local/bin/bullfinch') bad.push('not the program that scripts/install leaves');
  bad.push(wrong(words, settings));
  const given = Object.fromEntries((unit.Environment ?? []).map((e) => {
    const at = e.indexOf('=');
    return [e.slice(0, at), e.slice(at + 1).replaceAll('%S', '/var/lib').replaceAll('%d', '/run/credentials/x')];
  }));
  bad.push(misconfigured(unit.file, given, settings));
  const loaded = (unit.LoadCredential ?? []).map((l) => l.split(':'));
  const named = (unit.Environment ?? []).flatMap((e) => [...e.matchAll(/%d\/(\S+)/g)].map((m) => m[1]));
  for (const [id, from] of loaded) {
    if (from !== `/etc/bullfinch/secrets/${id}`) bad.push(`${id} comes from ${from}`);
    if (!named.includes(id)) bad.push(`${id} is loaded and not used`);
  }
  for (const id of named) if (!loaded.some(([l]) => l === id)) bad.push(`${id} is used and not loaded`);
  return bad.filter(Boolean).join('; ');
}

const walls = new Set();
for (const name of units) {
  const text = fs.readFileSync(path.join(directory, name), 'utf8');
  const file = path.join(deploy, name === 'bullfinch.service' ? 'embedded.yaml' : 'bullfinch.yaml');
  for (const [what, t] of [['', text], [', with all that it offers', text.replace(/^#((LoadCredential|Environment)=)/gm, '$1')]])
    tell(`${name} is a command with a configuration that the program takes${what}`, problems({ ...parse(t), file }));
  walls.add(text.slice(text.indexOf('NoNewPrivileges='), text.indexOf('[Install]')));
  const unit = parse(text);
  const watched = unit.Type?.[0] === 'notify' && unit.NotifyAccess?.[0] === 'main' && Number(unit.WatchdogSec?.[0]) > 0;
  tell(`${name} says when it is ready, and is watched`, watched ? null : 'Type, NotifyAccess, WatchdogSec');
  const again = unit.Restart?.[0] === 'always' && unit.RestartSec?.[0] === '1' && unit.StartLimitIntervalSec?.[0] === '0';
  tell(`${name} is started again, whatever happens`, again ? null : 'Restart, RestartSec, StartLimitIntervalSec');
  const target = name === 'bullfinch.service' ? 'multi-user.target' : 'bullfinch.target';
  tell(`${name} is wanted by ${target}`, unit.WantedBy?.[0] === target ? null : unit.WantedBy);
}
tell('all units have the same walls', walls.size === 1 ? null : `${walls.size} different ones`);
ended();
