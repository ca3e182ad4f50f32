// deploy/compose*.yaml, the Dockerfile and bullfinch.yaml: parsed, held against each other and against
// the program.
'use strict';
const fs = require('fs');
const path = require('path');
const YAML = require('yaml');
const { tell, wrong, misconfigured, ended } = require('./program.js');

const root = path.resolve(__dirname, '../..');
const deploy = path.join(root, 'deploy');
const text = (name) => fs.readFileSync(path.join(root, name), 'utf8');
// ${NAME:-word} where nobody gave NAME.
const plain = (s) => s.replace(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1');
const dockerfile = text('deploy/Dockerfile');
const ports = { postgres: 5432, redis: 6379 }; // where their images listen
const user = dockerfile.match(/^USER (\d+):(\d+)$/m);

// What of it a check finds, as one text; '' is good.
const all = (list, f) => list.map(f).filter(Boolean).join('; ');
const set = (v) => (Array.isArray(v) ? v : Object.keys(v ?? {}));

function hardened([name, s]) {
  const lacks = [];
  if (s.read_only !== true) lacks.push('read_only');
  if (String(s.cap_drop) !== 'ALL' || s.cap_add) lacks.push('cap_drop: [ALL]');
  if (!set(s.security_opt).includes('no-new-privileges:true')) lacks.push('no-new-privileges');
  if (!s.mem_limit) lacks.push('mem_limit');
  if (s.privileged || s.network_mode || s.pid) lacks.push('to be left within its walls');
  return lacks.length ? `${name} lacks ${lacks}` : null;
}

// Each name of a file in the environment is that of a secret that the service has; and the other way round.
function secrets(doc) {
  return ([name, s]) => {
    const has = set(s.secrets);
    const told = JSON.stringify([s.environment, s.command, s.entrypoint, s.healthcheck]);
    const named = [...told.matchAll(/\/run\/secrets\/([a-z-]+)/g)].map((m) => m[1]);
    const made = JSON.stringify(s.volumes ?? []).includes('create.sql') ? text('deploy/postgresql/create.sql') : '';
    const used = [...named, ...[...made.matchAll(/'secrets'\/([a-z-]+)/g)].map((m) => m[1])];
    const missing = used.filter((n) => !has.includes(n));
    const idle = has.filter((n) => !used.includes(n));
    const unknown = has.filter((n) => !doc.secrets?.[n]);
    return missing.length + idle.length + unknown.length ? `${name}: missing ${missing}, unused ${idle}, undefined ${unknown}` : null;
  };
}

// "scheme://user@host:port/..." leads to a service on a network of the same name, at its port.
function reached(doc) {
  return ([name, s]) => all(Object.entries(s.environment ?? {}), ([key, value]) => {
    const m = String(value).match(/^(?:postgresql|rediss?):\/\/(?:[^@/]*@)?([^:/]+):(\d+)/);
    if (!m) return null;
    const other = doc.services[m[1]];
    if (!other) return `${name}: ${key} names ${m[1]}, which is no service`;
    if (Number(m[2]) !== ports[m[1]]) return `${name}: ${key} has port ${m[2]}, ${m[1]} listens at ${ports[m[1]]}`;
    return set(s.networks).some((n) => set(other.networks).includes(n)) ? null : `${name} shares no network with ${m[1]}`;
  });
}

// What is published is what is listened at, and only on this machine.
function published([name, s]) {
  const listens = String(s.environment?.BULLFINCH_API__LISTEN ?? '').match(/^0\.0\.0\.0:(\d+)$/)?.[1];
  const out = (s.ports ?? []).map((p) => p.match(/^127\.0\.0\.1:\$\{[A-Z_]+:-\d+\}:(\d+)$/)?.[1] ?? `(${p})`);
  if (!listens) return out.length ? `${name} publishes ${out} and listens nowhere` : null;
  if (String(out) !== listens) return `${name} listens at ${listens} and publishes ${out}`;
  if (String(s.healthcheck?.test) !== 'CMD,bullfinch,health') return `${name}: its health is not asked at ${listens}`;
  return dockerfile.includes(`EXPOSE ${listens}\n`) ? null : `the image does not expose ${listens}`;
}

const volumes = (doc) => ([name, s]) => all(s.volumes ?? [], (v) => {
  const from = plain(v).split(':')[0];
  if (!from.startsWith('.')) return from in (doc.volumes ?? {}) ? null : `${name}: no volume ${from}`;
  if (!v.endsWith(':ro')) return `${name}: ${v} can be written`;
  return fs.existsSync(path.join(deploy, from)) ? null : `${name}: ${from} is not there`;
});

// Each of ours that stays says how it is; the words for it are a command of the program.
function looked([name, s]) {
  if (s.restart === 'no') return s.healthcheck?.disable === true ? null : `${name} ends, and is looked at`;
  const [how, program, ...words] = s.healthcheck?.test ?? [];
  if (how !== 'CMD' || program !== 'bullfinch') return `${name}: ${s.healthcheck?.test}`;
  if (words.includes('--role') && words[2] !== s.command[0]) return `${name}: looks for ${words[2]}`;
  return wrong(words);
}

// The configuration that a service would run with.
function configured([name, s]) {
  const mounted = JSON.stringify(s.volumes ?? []).includes(':/etc/bullfinch/bullfinch.yaml');
  const settings = [];
  const bad = wrong([...s.command], settings);
  const env = Object.fromEntries(Object.entries(s.environment ?? {}).map(([k, v]) => [k, plain(v)]));
  return bad ?? misconfigured(mounted ? path.join(deploy, 'bullfinch.yaml') : null, env, settings);
}

for (const file of ['compose.yaml', 'compose.embedded.yaml']) {
  const doc = YAML.parse(text(`deploy/${file}`), { merge: true });
  const services = Object.entries(doc.services);
  const ours = services.filter(([, s]) => s.image === 'bullfinch:local');
  const say = (what, why) => tell(`${file}: ${what}`, why);
  say('there is something of ours in it', ours.length ? null : 'nothing');
  say('every service has no rights, no disk to write to and a limit of memory', all(services, hardened));
  say('each secret that a service names is one that it has', all(services, secrets(doc)));
  say('addresses lead to services on the same network', all(services, reached(doc)));
  say('the interface is published where it listens, on 127.0.0.1', all(services, published));
  say('what is mounted from here is there, and cannot be written', all(services, volumes(doc)));
  say('who is waited for is there', all(services, ([n, s]) => set(s.depends_on).find((d) => !doc.services[d]) && `${n}: ${set(s.depends_on)}`));
  say('each of ours says how it is', all(ours, looked));
  say('each is started again when it ends, or has done its work', all(services, ([n, s]) => !['unless-stopped', 'no'].includes(s.restart) && n));
  for (const s of ours) say(`${s[0]} is a command with a configuration that the program takes`, configured(s));
  if (file !== 'compose.yaml') continue;
  const outside = services.filter(([, s]) => set(s.networks).includes('outside')).map(([n]) => n);
  say('the inner network has no way out', doc.networks.inside?.internal === true ? null : 'inside is not internal');
  say('only ingest, trade and serve reach outside', String(outside.sort()) === 'ingest,serve,trade' ? null : outside);
  say('there are two of analyze and two of trade', doc.services.analyze.scale === 2 && doc.services.trade.scale === 2 ? null : 'not so');
  say('those who read files of the group are in it', all(services, ([n, s]) =>
    set(s.secrets).length && s.image !== 'bullfinch:local' && !set(s.group_add).includes(user[2]) && n));
}

const environments = ['dev', 'staging', 'prod'].map((n) => [n, Object.fromEntries(
  text(`deploy/environments/${n}.env`).split('\n').filter((l) => /^[A-Z]/.test(l)).map((l) => l.split('=')))]);
tell('each environment is of its own profile', all(environments, ([n, e]) => e.BULLFINCH_PROFILE !== n && n) ||
  all(environments, ([, e]) => misconfigured(path.join(deploy, 'bullfinch.yaml'), { BULLFINCH_PROFILE: e.BULLFINCH_PROFILE })));
for (const key of ['COMPOSE_PROJECT_NAME', 'BULLFINCH_PORT', 'BULLFINCH_SECRETS'])
  tell(`no two environments share ${key}`, new Set(environments.map(([, e]) => e[key])).size === 3 ? null : 'they do');
const said = text('deploy/compose.yaml');
tell('what an environment says is asked for', all(environments, ([, e]) => Object.keys(e).find((k) =>
  k !== 'COMPOSE_PROJECT_NAME' && !said.includes(`\${${k}:-`))));

tell('embedded.yaml is a configuration', misconfigured(path.join(deploy, 'embedded.yaml'), {}));
tell('bullfinch.yaml is a configuration', misconfigured(path.join(deploy, 'bullfinch.yaml'), {}));
tell('the image runs as nobody', user && Number(user[1]) > 0 && dockerfile.includes(`--gid ${user[2]}`) ? null : 'no USER');
tell('its group is the one of the secrets', text('deploy/secrets.sh').includes(`group=\${2:-${user[2]}}`) ? null : user[2]);
const copied = [...dockerfile.matchAll(/^COPY (?!--from)(\S+) /gm)].map((m) => m[1]);
tell('it looks at itself without a shell', /^HEALTHCHECK .*CMD \["bullfinch", "health"\]$/m.test(dockerfile) && !dockerfile.match(/^ +curl /m) ? null : 'it does not');
tell('what it copies is there', all(copied, (f) => !fs.existsSync(path.join(root, f)) && f) || (copied.length === 0 && 'nothing is copied'));
ended();
