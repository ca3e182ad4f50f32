// What the dashboard's tests share: a real bullfinch that replays the demo's day at sixty times its
// speed, a real Chromium, and looks into the store from outside (sqlite3), so that what a page shows
// and what a button does is held against the database, not against the API.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(path.join(root, 'web', 'package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
export const shots = path.join(root, 'build', 'test', 'screenshots');
mkdirSync(shots, { recursive: true });

const webOut = path.join(root, 'web', 'out');
const program = process.env.BULLFINCH ?? path.join(root, 'build', 'bullfinch');

/** Below those that the kernel gives to clients, any of which could have it a moment later. */
export async function freePort() {
  for (;;) {
    const port = 20000 + Math.floor(12000 * Math.random());
    const s = net.createServer().listen(port, '127.0.0.1');
    const free = await once(s, 'listening').then(() => true, () => false);
    if (!free) continue;
    s.close();
    await once(s, 'close');
    return port;
  }
}

/** One running program with its store, in a folder of its own. */
export class Bullfinch {
  /** As the demo is: without tokens, so that whoever sits at the machine may look, and with the dashboard
   * that the program has in it, packed as it was built. */
  static async demo() {
    const b = await Bullfinch.start({ tokens: false, dir: null });
    const page = await (await fetch(b.url)).text();
    assert.equal(page, readFileSync(path.join(webOut, 'index.html'), 'utf8'), 'the program has another dashboard in it than web/out: make');
    await until('trades were closed', () => b.one("SELECT count(*) AS n FROM trades WHERE status = 'CLOSED'").n >= 2, 120_000);
    return b;
  }
  /** dir: the folder that the dashboard is served from; null: the program's own. */
  static async start({ speed = 60, tokens = true, dir = webOut } = {}) {
    const b = new Bullfinch();
    b.web = dir ? ['--set', `api.web_dir=${dir}`] : [];
    b.dir = mkdtempSync(path.join(os.tmpdir(), 'bullfinch-web-'));
    b.db = path.join(b.dir, 'store.db');
    b.speed = speed;
    b.port = await freePort();
    b.url = `http://127.0.0.1:${b.port}`;
    // The demo's posts, and one line that is none: it becomes a dead letter.
    const posts = path.join(b.dir, 'posts.jsonl');
    copyFileSync(path.join(root, 'demo', 'posts.jsonl'), posts);
    const text = readFileSync(posts, 'utf8');
    rmSync(posts);
    appendFileSync(posts, '{"id": "1395045502729838000", "text": \n' + text);
    b.set = ['--config', path.join(root, 'demo', 'bullfinch.yaml'), '--set', `store.url=sqlite:${b.db}`, '--set', `source.path=${posts}`];
    if (tokens) {
      b.tradeToken = b.cli('token', 'create', 'desk', '--role', 'trade').match(/bft_[\w-]+/)[0];
      b.readToken = b.cli('token', 'create', 'guest', '--role', 'read').match(/bft_[\w-]+/)[0];
    }
    await b.run();
    return b;
  }
  cli(...args) {
    const at = args.findIndex((a) => a.startsWith('--'));
    const words = at < 0 ? args : args.slice(0, at);
    return execFileSync(program, [...words, ...this.set, ...(at < 0 ? [] : args.slice(at))], { cwd: root, encoding: 'utf8' });
  }
  run() {
    return this.begin('run', '--speed', String(this.speed), '--set', 'trading.approval_timeout_s=86400');
  }
  /** The interface alone, without a trader. */
  serve(...more) {
    return this.begin('serve', ...more);
  }
  /** A file that its owner alone can read. */
  secretFile(name, text) {
    const file = path.join(this.dir, name);
    writeFileSync(file, `${text}\n`, { mode: 0o600 });
    return file;
  }
  async begin(command, ...more) {
    const args = [command, ...this.set, ...more, '--set', `api.listen=127.0.0.1:${this.port}`,
      ...this.web, '--set', 'api.rate_limit=0'];
    this.process = spawn(program, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
    this.log = '';
    this.process.stderr.on('data', (d) => (this.log += d));
    await until('the program listens', async () => {
      assert.equal(this.process.exitCode, null, `bullfinch ended:\n${this.log}`);
      return (await fetch(`${this.url}/health`).catch(() => null)) !== null;
    });
  }
  async kill(signal = 'SIGKILL') {
    if (!this.process || this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = once(this.process, 'exit');
    this.process.kill(signal);
    await gone;
  }
  async stop() {
    await this.kill('SIGTERM');
    rmSync(this.dir, { recursive: true, force: true });
  }
  /** Rows as objects, read by another program than ours. */
  sql(query) {
    const out = execFileSync('sqlite3', ['-readonly', '-json', '-cmd', '.timeout 5000', this.db, query], { encoding: 'utf8' });
    // Ids are longer than numbers of JavaScript: they stay text.
    return out.trim() ? JSON.parse(out.replace(/("\w+":)(-?\d{16,})(?=[,}])/g, '$1"$2"')) : [];
  }
  /** What another program writes into the store, for states that take long to come by themselves. */
  write(statement) {
    execFileSync('sqlite3', ['-cmd', '.timeout 5000', this.db, statement]);
  }
  /** What the API answers a reader. */
  async get(path) {
    const answer = await fetch(this.url + path, { headers: { Authorization: `Bearer ${this.readToken}` } });
    assert.equal(answer.status, 200, path);
    return answer.json();
  }
  one(query) {
    const rows = this.sql(query);
    assert.ok(rows.length > 0, `no row: ${query}`);
    return rows[0];
  }
}

/** Waits for a fact; says which one did not come. */
export async function until(what, fact, patience_ms = 30_000) {
  const end = Date.now() + patience_ms;
  let last;
  for (;;) {
    try {
      const got = await fact();
      if (got) return got;
    } catch (e) {
      last = e;
      if (e instanceof assert.AssertionError) throw e;
    }
    if (Date.now() > end) throw new Error(`did not come: ${what}${last ? ` (${last.message})` : ''}`);
    await new Promise((f) => setTimeout(f, 100));
  }
}

/** Undefined: there is none. */
export const findChromium = () =>
  [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((f) => f && existsSync(f));

export async function openBrowser(...more) {
  const executablePath = findChromium();
  assert.ok(executablePath, 'chromium is missing: apt-get install chromium, or name one in CHROMIUM');
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', ...more],
  });
}

/** A page that notes what must not be: errors, and requests to anybody but the program. */
export async function openPage(browser, b, { width = 1440, dark = true, token } = {}) {
  const context = await browser.newContext({
    baseURL: b.url, viewport: { width, height: width < 600 ? 844 : 900 }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce', acceptDownloads: true,
  });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (e) => page.faults.push(`error in the page: ${e.message}`));
  page.on('console', (m) => {
    if (m.type() === 'error' && !/Failed to load resource|ERR_/.test(m.text())) page.faults.push(`console: ${m.text()}`);
  });
  page.on('request', (r) => {
    if (!r.url().startsWith(b.url) && !/^(data|blob):/.test(r.url())) page.faults.push(`asks others: ${r.url()}`);
  });
  if (token) await signIn(page, token);
  return page;
}

export async function signIn(page, token) {
  await page.goto('/sign-in');
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((u) => !u.pathname.startsWith('/sign-in'));
}

/** axe-core, WCAG 2.2 AA and its best practices. Run as an extension would, past the page's policy. */
export async function violations(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe });
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, {resultTypes: ['violations']}).then((r) => JSON.stringify(r.violations.map((v) => v.id + ': ' + v.help + ' — ' + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + ' | ' + (n.any[0]?.message ?? n.failureSummary ?? '').slice(0, 160)).join(' ## '))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description);
  await session.detach();
  return JSON.parse(result.value);
}
