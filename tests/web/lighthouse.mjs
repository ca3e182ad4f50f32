// Lighthouse, as npm has it, against a running dashboard. `scripts/web` brings it into build/lighthouse:
// it is no part of the dashboard, and larger than all that is.
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort, openBrowser, root } from './lib.mjs';

const require = createRequire(path.join(root, 'build', 'lighthouse', 'package.json'));
const { default: lighthouse, desktopConfig } = await import(pathToFileURL(require.resolve('lighthouse')));

/** What it says of a page, seen on a desk (`desktop`) or on a slow telephone (`mobile`); a new browser each time. */
export async function look(url, device, onlyCategories) {
  const port = await freePort();
  const browser = await openBrowser(`--remote-debugging-port=${port}`);
  try {
    return (await lighthouse(url, { port, onlyCategories, logLevel: 'error' }, device === 'desktop' ? desktopConfig : undefined)).lhr;
  } finally {
    await browser.close();
  }
}

/** What costs a category its points, a line each. */
export function losses(lhr, category) {
  return lhr.categories[category].auditRefs.filter((r) => r.weight > 0 && (lhr.audits[r.id].score ?? 1) < 1)
    .map((r) => `${r.id}: ${lhr.audits[r.id].title} ${JSON.stringify(lhr.audits[r.id].details?.items?.slice(0, 3) ?? '').slice(0, 600)}`);
}
