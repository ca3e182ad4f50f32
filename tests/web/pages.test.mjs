// Each page, wide and narrow, dark and light: it opens without an error, asks nobody else, does not
// scroll sideways, and axe finds nothing. Screenshots stay in build/test/screenshots.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import path from 'node:path';
import { Bullfinch, openBrowser, openPage, shots, until, violations } from './lib.mjs';

let b, browser;
const pages = [];
before(async () => {
  b = await Bullfinch.start();
  browser = await openBrowser();
  const t = await until('a trade was closed', () => b.sql("SELECT id, tweet_id FROM trades WHERE status = 'CLOSED' LIMIT 1")[0], 120_000);
  const { author } = b.one(`SELECT author FROM trades WHERE id = ${t.id}`);
  pages.push(['overview', '/'], ['posts', '/posts'], ['authors', '/authors'], ['author', `/authors?id=${encodeURIComponent(author)}`], ['post', `/post?id=${t.tweet_id}`], ['trades', '/trades'], ['trade', `/trade?id=${t.id}`],
    ['symbols', '/symbol'], ['symbol', '/symbol?s=BTCUSDT'], ['risk', '/risk'], ['why', '/why'], ['operations', '/operations'], ['settings', '/settings'], ['sign-in', '/sign-in']);
});
after(async () => {
  await browser?.close();
  await b?.stop();
});

for (const [width, dark] of [[1440, true], [390, false], [360, true], [2560, false]]) {
  test(`every page is whole at ${width} px, ${dark ? 'dark' : 'light'}`, async () => {
    const page = await openPage(browser, b, { width, dark, token: b.readToken });
    for (const [name, address] of pages) {
      await page.goto(address);
      await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
      // The skeletons are gone: each card has its data, or says why not.
      await until(`${name} has loaded`, async () => (await page.locator('.skeleton').count()) === 0);
      await page.evaluate(() => document.fonts.ready);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0, `${name} scrolls sideways by ${wide} px at ${width}`);
      assert.deepEqual(await page.getByText('That failed').count(), 0, `a card of ${name} failed`);
      assert.deepEqual(await page.getByText('Not there', { exact: true }).count(), 0, `a card of ${name} asks for what is not there`);
      await page.screenshot({ path: path.join(shots, `${name}-${width}-${dark ? 'dark' : 'light'}.png`), fullPage: width < 2000 });
      assert.deepEqual(await violations(page), [], `axe on ${name} at ${width}`);
    }
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
}

test('axe finds what is wrong, so its silence means something', async () => {
  const page = await openPage(browser, b, { token: b.readToken });
  await page.goto('/');
  await until('the page has loaded', async () => (await page.locator('article[data-post]').count()) > 0);
  await page.evaluate(() => document.body.append(new Image()));
  assert.match((await violations(page)).join('\n'), /^image-alt/m);
  await page.context().close();
});

test('a page that is not there says so, and leads back', async () => {
  const page = await openPage(browser, b, { token: b.readToken });
  const answer = await page.goto('/nothing-here');
  assert.equal(answer.status(), 404);
  await page.getByRole('link', { name: 'To the overview' }).waitFor();
  await page.context().close();
});

test('everything can be reached by keyboard, and the first stop skips to the content', async () => {
  const page = await openPage(browser, b, { token: b.readToken });
  await page.goto('/risk');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'To the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await page.getByRole('button', { name: 'Halt trading' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Halt trading', 'the focus is back where it was');
  await page.context().close();
});
