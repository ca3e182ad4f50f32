// fly.toml, railway.json and web/vercel.json, held against their shapes and against the program: Vercel's
// by the schemas that its own tools check with (@vercel/routing-utils), the others' by schemas of ours.
'use strict';
const fs = require('fs');
const path = require('path');
const Ajv = require('ajv');
const { parse } = require('smol-toml');
const vercel = require('@vercel/routing-utils');
const { tell, wrong, misconfigured, ended } = require('./program.js');

const root = path.resolve(__dirname, '../..');
const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');
const ajv = new Ajv({ strict: false, allErrors: true });

function fits(schema, value) {
  const validate = ajv.compile(schema);
  return validate(value) ? null : ajv.errorsText(validate.errors);
}
const schema = (name) => JSON.parse(fs.readFileSync(path.join(__dirname, 'schemas', name), 'utf8'));
const dockerfile = read('deploy/Dockerfile');
const port = Number(dockerfile.match(/^EXPOSE (\d+)$/m)[1]);
const volume = dockerfile.match(/^VOLUME (\S+)$/m)[1];

function fly() {
  const f = parse(read('deploy/fly.toml'));
  tell('fly.toml has the shape of an app configuration', fits(schema('fly.json'), f));
  tell('and one with a wrong key has not', fits(schema('fly.json'), { ...f, volums: {} }) ? null : 'it was taken');
  tell('fly.toml builds our image', path.join('deploy', f.build.dockerfile) === 'deploy/Dockerfile' ? null : f.build.dockerfile);
  tell('its volume is where the image keeps what it keeps', f.mounts.destination === volume ? null : f.mounts.destination);
  tell('its store is on the volume', f.env.BULLFINCH_STORE__URL.startsWith(`sqlite:${volume}/`) ? null : f.env.BULLFINCH_STORE__URL);
  tell('its port is the one that is listened at', f.http_service.internal_port === port && f.env.BULLFINCH_API__LISTEN.endsWith(`:${port}`) ? null : f.http_service.internal_port);
  tell('it never sleeps, as a trader does not', f.http_service.auto_stop_machines === false && f.http_service.min_machines_running >= 1 ? null : 'it may');
  const settings = [];
  tell('its process is a command', wrong(f.processes.app.split(' '), settings));
  tell('with a configuration that the program takes', misconfigured(null, f.env, settings));
  const mb = Number(f.vm[0].memory.replace('mb', ''));
  tell('256 MB are enough for it', mb <= 256 ? null : mb);
}

function railway() {
  const r = JSON.parse(read('deploy/railway.json'));
  tell('railway.json has the shape of a service configuration', fits(schema('railway.json'), r));
  tell('and one with a wrong value has not', fits(schema('railway.json'), { ...r, build: { builder: 'DOCKER' } }) ? null : 'it was taken');
  tell('railway.json builds our image', fs.existsSync(path.join(root, r.build.dockerfilePath)) ? null : r.build.dockerfilePath);
  const [program, ...words] = r.deploy.startCommand.split(' ');
  tell('its start is a command', program === 'bullfinch' ? wrong(words) : program);
  tell('there is one of it: a store has one trader', r.deploy.numReplicas === 1 ? null : r.deploy.numReplicas);
}

function pages() {
  const v = JSON.parse(read('web/vercel.json'));
  for (const key of ['rewrites', 'headers', 'cleanUrls'])
    tell(`vercel.json: ${key} are as Vercel checks them`, key in v ? fits(vercel[`${key}Schema`], v[key]) : 'not there');
  const { error, routes } = vercel.getTransformedRoutes({ rewrites: v.rewrites, headers: v.headers, cleanUrls: v.cleanUrls });
  tell('vercel.json: Vercel makes routes of it', error ? error.message : routes && routes.length >= 3 ? null : 'none');
  const bad = vercel.getTransformedRoutes({ rewrites: [{ source: '/api/:path*', destination: '/api/:other*' }] });
  tell('and none of a rewrite that names what its source has not', bad.error ? null : 'it was taken');
  const scripts = JSON.parse(read('web/package.json')).scripts;
  tell('vercel.json builds by a script that there is', v.buildCommand.replace('npm run ', '') in scripts ? null : v.buildCommand);
}

fly();
railway();
pages();
ended();
