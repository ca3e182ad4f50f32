// After the build: which inline scripts the pages have, by hash, for the Content-Security-Policy
// (out/csp.json; bullfinch makes the same
// list itself). Fails where a page asks others, or the overview loads more than 300 KiB of script.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'out');
const pages = (await readdir(root, { recursive: true })).filter((f) => f.endsWith('.html')).sort();
const hashes = new Set();
for (const page of pages) {
  const html = await readFile(path.join(root, page), 'utf8');
  for (const [, attrs, body] of html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g))
    if (!/\bsrc=/.test(attrs)) hashes.add(`sha256-${createHash('sha256').update(body).digest('base64')}`);
  const foreign = [...html.matchAll(/\b(?:src|href)="(https?:)?\/\/[^"]*"/g)].map((m) => m[0]);
  if (foreign.length) throw new Error(`${page} asks others: ${foreign.join(' ')}`);
}
await writeFile(path.join(root, 'csp.json'), JSON.stringify({ scripts: [...hashes].sort() }, null, 1) + '\n');

// What a browser of today loads for the overview, the charts that come later included.
const overview = await readFile(path.join(root, 'index.html'), 'utf8');
const scripts = new Set();
for (const [tag, src] of overview.matchAll(/<script\b[^>]*?\bsrc="([^"]+)"[^>]*>/g)) if (!/nomodule/i.test(tag)) scripts.add(src.slice(1));
for (const chunk of await readdir(path.join(root, '_next/static/chunks')))
  if (chunk.endsWith('.js') && (await readFile(path.join(root, '_next/static/chunks', chunk), 'utf8')).includes('recharts-')) scripts.add(`_next/static/chunks/${chunk}`);
let bytes = 0;
for (const s of scripts) bytes += gzipSync(await readFile(path.join(root, s)), { level: 9 }).length;
const kib = (bytes / 1024).toFixed(0);
console.log(`web: ${pages.length} pages, ${hashes.size} inline scripts, the overview loads ${kib} KiB of compressed script`);
if (bytes > 300 * 1024) throw new Error(`the overview loads ${kib} KiB of script, more than 300`);
