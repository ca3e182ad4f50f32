// Runs the dashboard's tests: `scripts/web test [FILE...]`.
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const named = process.argv.slice(2).map((f) => path.resolve(f));
const files = named.length ? named : readdirSync(here).filter((f) => f.endsWith('.test.mjs')).sort().map((f) => path.join(here, f));
const counts = { pass: 0, fail: 0 };
// One after the other: two cores, and each has a program and a browser of its own.
const stream = run({ files, concurrency: 1, timeout: 600_000 });
stream.on('test:pass', (t) => { if (t.details.type !== 'suite' && !t.name.endsWith('.mjs')) counts.pass++; });
stream.on('test:fail', (t) => { if (t.details.type !== 'suite' && !t.name.endsWith('.mjs')) counts.fail++; process.exitCode = 1; });
stream.compose(new spec()).pipe(process.stdout);
stream.on('end', () => setImmediate(() => console.log(`${counts.pass} passed, ${counts.fail} failed`)));
