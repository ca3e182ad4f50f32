// After the build: which inline scripts the pages have, by hash, for the Content-Security-Policy
// (out/csp.json), and how many bytes of script the overview loads, compressed.
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

const overview = await readFile(path.join(root, 'index.html'), 'utf8');
const scripts = new Set([...overview.matchAll(/<script\b[^>]*\bsrc="([^"]+)"/g)].filter((m) => !m[0].includes('noModule') && !m[0].includes('nomodule')).map((m) => m[1]));
let bytes = 0;
for (const s of scripts) bytes += gzipSync(await readFile(path.join(root, s)), { level: 9 }).length;
console.log(`${pages.length} pages, ${hashes.size} inline scripts, first script of the overview ${(bytes / 1024).toFixed(0)} KiB compressed`);
