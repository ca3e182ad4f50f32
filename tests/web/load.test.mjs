// What the overview costs: the bytes of script that a browser really fetches for it, and what Lighthouse
// holds against it apart from time. How fast it is, `make bench` measures.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Bullfinch, openBrowser, openPage, until } from './lib.mjs';
import { look, losses } from './lighthouse.mjs';

const SCRIPT_BYTES_MAX = 300 * 1024;
const LEAST = 0.95;

let b, browser;
before(async () => {
  b = await Bullfinch.demo();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await b?.stop();
});

/** The overview with all that it draws, and what the browser's network says of each request for it. */
async function loadOverview() {
  const page = await openPage(browser, b);
  const network = await page.context().newCDPSession(page);
  const requests = new Map();
  network.on('Network.requestWillBeSent', (e) => requests.set(e.requestId, { url: e.request.url, type: e.type, bytes: 0 }));
  network.on('Network.responseReceived', (e) => Object.assign(requests.get(e.requestId) ?? {}, { packed: Object.entries(e.response.headers).some(([k, v]) => k.toLowerCase() === 'content-encoding' && v === 'gzip') }));
  network.on('Network.loadingFinished', (e) => Object.assign(requests.get(e.requestId) ?? {}, { bytes: e.encodedDataLength, whole: true }));
  await network.send('Network.enable');
  await page.goto('/');
  await page.locator('.recharts-area-curve').first().waitFor();
  await page.getByTestId('connection').filter({ hasText: 'Live' }).waitFor();
  await until('each card has its data', async () => (await page.locator('.skeleton').count()) === 0);
  return { page, requests };
}
const scripts = (requests) => [...requests.values()].filter((r) => r.type === 'Script');

test(`the overview loads at most ${SCRIPT_BYTES_MAX / 1024} KiB of script, its chart included`, async () => {
  const { page, requests } = await loadOverview();
  await until('each script has come', () => scripts(requests).every((s) => s.whole));
  const all = scripts(requests);
  const bytes = all.reduce((sum, s) => sum + s.bytes, 0);
  console.log(`the overview loads ${all.length} scripts, ${(bytes / 1024).toFixed(0)} KiB`);
  assert.ok(all.length > 0 && bytes <= SCRIPT_BYTES_MAX, `${(bytes / 1024).toFixed(0)} KiB:\n${all.map((s) => `${s.bytes} ${s.url}`).join('\n')}`);
  // On loopback each is known by its name, packed where that is smaller.
  assert.deepEqual(all.filter((s) => !s.packed && s.bytes > 2048).map((s) => s.url), []);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('the overview asks each of its questions once to begin with, and for no other page until somebody turns to it', async () => {
  const { page, requests } = await loadOverview();
  const asked = [...requests.values()].map((r) => r.url.slice(b.url.length));
  assert.equal(asked.filter((u) => u.startsWith('/api/equity')).length, 1);
  assert.equal(asked.filter((u) => u === '/api/session').length, 1);
  assert.deepEqual(asked.filter((u) => u.includes('_rsc=')), []);
  await page.getByRole('link', { name: 'Risk' }).hover();
  await until('the page that the pointer is on is fetched', () => [...requests.values()].some((r) => r.url.includes('/risk')));
  await page.context().close();
});

for (const device of ['desktop', 'mobile']) {
  test(`Lighthouse gives the overview ${LEAST * 100} and more for accessibility and best practices (${device})`, async () => {
    const lhr = await look(b.url, device, ['accessibility', 'best-practices']);
    assert.equal(lhr.runtimeError, undefined, lhr.runtimeError?.message);
    for (const category of ['accessibility', 'best-practices'])
      assert.ok(lhr.categories[category].score >= LEAST, `${category}: ${lhr.categories[category].score}\n${losses(lhr, category).join('\n')}`);
  });
}
