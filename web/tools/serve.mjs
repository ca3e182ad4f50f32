// For development and for looking at a build: serves web/out as bullfinch does, and hands /api,
// /health and /metrics on to a running one. Nothing is made up here.
//
//   npm run dev -- --to http://127.0.0.1:8080 --port 3000
import http from 'node:http';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { to: { type: 'string', default: 'http://127.0.0.1:8080' }, port: { type: 'string', default: '3000' } } });
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'out');
const to = new URL(values.to);
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.woff2': 'font/woff2', '.svg': 'image/svg+xml', '.json': 'application/json', '.txt': 'text/plain; charset=utf-8', '.ico': 'image/x-icon', '.png': 'image/png' };
// The policy as bullfinch makes it; read with each page, since the build may be a newer one.
async function policy() {
  const { scripts } = JSON.parse(await readFile(path.join(root, 'csp.json'), 'utf8'));
  return `default-src 'none'; script-src 'self' ${scripts.map((s) => `'${s}'`).join(' ')}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
}

async function file(name) {
  const at = path.join(root, name);
  if (at !== root && !at.startsWith(root + path.sep)) return null;
  try {
    return { body: await readFile(at), type: TYPES[path.extname(at)] ?? 'application/octet-stream' };
  } catch {
    return null;
  }
}

const server = http.createServer(async (req, res) => {
  const url = new URL(req.url ?? '/', 'http://localhost');
  if (/^\/(api\/|health$|metrics$)/.test(url.pathname)) {
    const up = http.request({ host: to.hostname, port: to.port, path: req.url, method: req.method, headers: { ...req.headers, host: to.host, origin: to.origin } }, (from) => {
      res.writeHead(from.statusCode ?? 502, from.headers);
      from.pipe(res);
    });
    up.on('error', () => {
      if (!res.headersSent) res.writeHead(502);
      res.end();
    });
    res.on('close', () => up.destroy());
    req.pipe(up);
    return;
  }
  const name = decodeURIComponent(url.pathname).replace(/\/$/, '/index.html');
  const found = (await file(name)) ?? (path.extname(name) ? null : await file(`${name}.html`));
  const answer = found ?? (await file('404.html')) ?? { body: '', type: 'text/plain' };
  res.writeHead(found ? 200 : 404, { 'Content-Type': answer.type, 'Content-Security-Policy': await policy(), 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' });
  res.end(answer.body);
});
server.listen(Number(values.port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port} -> ${to.origin}`));
