// What pages show is what the store has, and what their buttons do stands there afterwards.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Bullfinch, openBrowser, openPage, until } from './lib.mjs';

let b, browser, page;
before(async () => {
  b = await Bullfinch.start();
  browser = await openBrowser();
  page = await openPage(browser, b, { token: b.tradeToken });
});
after(async () => {
  await browser?.close();
  await b?.stop();
});
const quoted = (s) => `'${String(s).replaceAll("'", "''")}'`;

test('without a token nothing is shown, a wrong one is refused, a right one opens the page that was asked for', async () => {
  const other = await openPage(browser, b);
  await other.goto('/trades');
  await other.waitForURL(/\/sign-in\?to=/);
  await other.getByLabel('Token').fill('bft_wrong');
  await other.getByRole('button', { name: 'Sign in' }).click();
  await other.getByRole('alert').filter({ hasText: 'token' }).waitFor();
  await other.getByLabel('Token').fill(b.readToken);
  await other.getByRole('button', { name: 'Sign in' }).click();
  await other.waitForURL(/\/trades$/);
  const cookies = await other.context().cookies();
  assert.ok(cookies.length > 0 && cookies.every((c) => c.httpOnly && c.sameSite === 'Strict'), 'no cookie that a script could read');
  assert.ok(!(await other.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).includes('bft_'), 'the token is kept nowhere');
  await other.context().close();
});

test('a post in the feed is the one in the store, with its verdict', async () => {
  await page.goto('/');
  const first = page.locator('article[data-post]').first();
  await first.waitFor();
  const id = await first.getAttribute('data-post');
  const row = b.one(`SELECT text, author FROM tweets WHERE id = ${id}`);
  const shown = (await page.locator(`article[data-post="${id}"] p`).first().textContent()).trim();
  assert.equal(shown.replace(/\s+/g, ' '), row.text.replace(/\s+/g, ' ').trim());
});

test('posts arrive in the feed by themselves', async () => {
  await page.goto('/');
  await page.getByTestId('connection').filter({ hasText: 'Live' }).waitFor();
  const before = await page.locator('article[data-post]').first().getAttribute('data-post');
  await until('another post is first', async () => (await page.locator('article[data-post]').first().getAttribute('data-post')) !== before, 60_000);
});

test('searching finds what the store has, and only that', async () => {
  await page.goto('/posts?author=orbital_finch');
  await page.locator('li[data-post]').first().waitFor();
  const ids = await page.locator('li[data-post]').evaluateAll((l) => l.map((e) => e.dataset.post));
  const others = b.sql(`SELECT id FROM tweets WHERE id IN (${ids.join()}) AND author <> 'orbital_finch'`);
  assert.deepEqual(others, []);
  await page.getByLabel('Part of the text').fill('zzz-no-such-text');
  await page.getByText('No post fits').waitFor();
});

test('a post’s page shows its score with the parts that are stored, and its way', async () => {
  const s = await until('a signal was traded', () => b.sql("SELECT tweet_id, symbol, score, parts FROM signals WHERE verdict = 'traded' LIMIT 1")[0], 60_000);
  await page.goto(`/post?id=${s.tweet_id}`);
  const table = page.getByRole('table', { name: `Parts of the score of ${s.symbol}` });
  await table.waitFor();
  for (const [name, value] of Object.entries(JSON.parse(s.parts))) {
    const row = table.getByRole('row', { name: new RegExp(`^${name.replace('_', ' ')}`) });
    assert.match(await row.textContent(), new RegExp(Number(value).toFixed(2).replace('.', '\\.')), name);
  }
  await page.getByText(`${s.score} of 100`).waitFor();
  for (const step of ['Posted', 'Received', 'Judged', 'Order sent', 'Filled']) await page.getByText(step, { exact: true }).first().waitFor();
});

test('the words that moved a score are those of the API, and marked where they stand in the stored text', async () => {
  const traded = await until('signals were traded', () => { const r = b.sql("SELECT tweet_id, symbol FROM signals WHERE verdict = 'traded' ORDER BY id LIMIT 6"); return r.length === 6 && r; }, 120_000);
  for (const { tweet_id, symbol } of traded) await wordsAreThere(tweet_id, symbol);
});
async function wordsAreThere(tweet_id, symbol) {
  const stored = Buffer.from(b.one(`SELECT text FROM tweets WHERE id = ${tweet_id}`).text);
  const { weighed } = await b.get(`/api/tweet?id=${tweet_id}`);
  const { together } = weighed.coins.find((c) => c.symbol === symbol);
  const words = weighed.words.flatMap((w) => w.coins.filter((c) => c.symbol === symbol).map((c) => ({ ...w, ...c, value: together ? c.alone : c.value })));
  const said = words.filter((w) => !w.names && Math.abs(w.value) >= weighed.least);
  assert.ok(said.length > 0 && weighed.state === 'weighed' && weighed.agrees);
  for (const w of weighed.words) assert.equal(stored.subarray(w.begin, w.end).toString(), w.text);
  await page.goto(`/post?id=${tweet_id}`);
  const choice = page.getByRole('group', { name: 'Towards which coin' }).getByRole('button', { name: symbol.replace(/USDT$/, '') });
  const list = page.getByRole('table', { name: `Words that moved ${symbol}` });
  await until('the page has the post', async () => (await list.count()) + (await choice.count()) > 0);
  if (await choice.count()) await choice.click();
  const shown = await list.locator('tr[data-word]').evaluateAll((l) => l.map((e) => [e.dataset.word, Number(e.dataset.value)]));
  assert.deepEqual(shown, said.toSorted((a, c) => Math.abs(c.value) - Math.abs(a.value)).map((w) => [w.text, w.value]));
  for (const w of said) await list.getByText(`${w.value > 0 ? '+' : '−'}${Math.floor((Math.round(Math.abs(w.value) * 1e4) + 50) / 100)}`, { exact: true }).first().waitFor();
  const marks = await page.locator('[data-text] mark[data-weight]').evaluateAll((l) => l.map((e) => [e.firstChild.textContent, Number(e.dataset.weight), getComputedStyle(e).textDecorationStyle]));
  assert.deepEqual(marks, said.map((w) => [w.text, w.value, w.value > 0 ? 'solid' : 'dashed']), 'in the order of the text, the sign told by the line too');
  const whole = await page.locator('[data-text]').evaluate((e) => { for (const s of e.querySelectorAll('.sr-only')) s.remove(); return e.textContent; });
  assert.equal(whole, stored.toString());
}

test('a score that another model made is told from the words of this one, and a deleted post has none', async () => {
  const [one, two] = await until('two posts have a score', () => { const r = b.sql("SELECT id, model FROM tweets WHERE signal_score > 0 ORDER BY id LIMIT 2"); return r.length === 2 && r; }, 60_000);
  b.write(`UPDATE tweets SET model = 'linear-1' WHERE id = ${one.id}`);
  await page.goto(`/post?id=${one.id}`);
  await page.getByText(`The stored score was made by linear-1; the words are weighed by ${one.model}`).waitFor();
  b.write(`UPDATE tweets SET text = '', author = '', deleted_at = created_at WHERE id = ${two.id}`);
  await page.goto(`/post?id=${two.id}`);
  await page.getByText('with it which words moved the score').waitFor();
  assert.equal(await page.getByText('Which words moved it').count(), 0);
});

test('trades sort by profit, and the CSV has them as they are stored', async () => {
  await until('two trades were closed', () => b.one("SELECT count(*) AS n FROM trades WHERE status = 'CLOSED'").n >= 2, 120_000);
  await page.goto('/trades?status=CLOSED');
  await page.getByRole('button', { name: 'Profit' }).click();
  await until('it is sorted', async () => (await page.locator('th[aria-sort]').count()) === 1);
  await page.getByText('Columns').click();
  await page.getByLabel('Id', { exact: true }).check();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export CSV' }).click()]);
  const [head, ...lines] = readFileSync(await download.path(), 'utf8').trim().split('\r\n').map((l) => l.split(','));
  const at = (name) => head.indexOf(name);
  assert.ok(lines.length >= 2);
  let last = null;
  for (const l of lines) {
    const row = b.one(`SELECT pnl, symbol, status FROM trades WHERE id = ${l[at('Id')]}`);
    assert.equal(l[at('Symbol')], row.symbol);
    assert.equal(Math.round(Number(l[at('Profit')]) * 1e8), row.pnl);
    if (last !== null) assert.ok((first(lines) <= final(lines) ? row.pnl >= last : row.pnl <= last), 'in the order of the profit');
    last = row.pnl;
  }
  function first(v) { return Number(v[0][at('Profit')]); }
  function final(v) { return Number(v[v.length - 1][at('Profit')]); }
});

test('authors have the record and the profit that the store has, are found by name, and a post leads to its author', async () => {
  const t = await until('a trade was closed', () => b.sql("SELECT author, tweet_id, (SELECT author FROM tweets WHERE id = tweet_id) AS name FROM trades WHERE status = 'CLOSED' ORDER BY id LIMIT 1")[0], 120_000);
  await page.goto(`/post?id=${t.tweet_id}`);
  await page.getByRole('link', { name: `@${t.name}`, exact: true }).first().click();
  await page.waitForURL((u) => u.pathname === '/authors' && u.searchParams.get('id') === t.author);
  const card = page.locator(`[data-author="${t.author}"]`);
  await card.waitFor();
  await until('the card has what is stored', async () => {
    const row = b.one(`SELECT count(*) AS trades, (SELECT count(*) FROM authors) AS authors, (SELECT posts FROM authors WHERE key = ${quoted(t.author)}) AS posts FROM trades WHERE author = ${quoted(t.author)} AND status <> 'CANCELLED'`);
    const text = await card.textContent();
    return text.includes(`${row.trades} trade`) && text.includes(`Posts${row.posts}`);
  });
  await page.getByLabel('Name or key').fill(t.name.toUpperCase());
  const rows = page.getByRole('table', { name: 'Authors' }).locator('tbody tr');
  await until('only he is left', async () => (await rows.count()) === 1);
  assert.match(await rows.first().textContent(), new RegExp(`@${t.name}`));
  await rows.first().getByRole('link', { name: /^[\d,]+$/ }).click();
  await page.waitForURL((u) => u.pathname === '/posts' && u.searchParams.get('author') === t.name);
  await page.getByRole('link', { name: `About @${t.name}` }).waitFor();
  await page.goto('/authors');
  await page.getByRole('button', { name: 'Profit' }).click();
  await until('it is sorted', async () => (await page.locator('th[aria-sort]').count()) === 1);
  const shown = await page.getByRole('table', { name: 'Authors' }).locator('tbody tr td:nth-child(8) span[title]').evaluateAll((l) => l.map((e) => Number(e.title)));
  assert.ok(shown.length > 0);
  const up = (await page.locator('th[aria-sort]').getAttribute('aria-sort')) === 'ascending';
  assert.deepEqual(shown, shown.toSorted((x, y) => (up ? x - y : y - x)));
});

test('a trade’s page shows its orders and fills', async () => {
  const t = b.one("SELECT id FROM trades WHERE status = 'CLOSED' LIMIT 1");
  const orders = b.sql(`SELECT client_order_id FROM orders WHERE trade_id = ${t.id}`);
  await page.goto(`/trade?id=${t.id}`);
  for (const o of orders) await page.getByRole('cell', { name: o.client_order_id }).waitFor();
  await page.getByText('Why was it closed?').waitFor();
});

test('a coin’s candles, marks and lines are those of the store', async () => {
  const trade = await until('an entry', () => b.sql("SELECT t.id, t.symbol FROM trades t JOIN fills f ON f.trade_id = t.id WHERE f.leg = 'entry' ORDER BY t.id LIMIT 1")[0], 90_000);
  await page.goto(`/symbol?s=${trade.symbol}`);
  const card = page.getByRole('region', { name: /^Price of/ });
  await card.locator('canvas').first().waitFor();
  await card.getByText('As tables').click();
  await card.locator(`a[href="/trade?id=${trade.id}"]`, { hasText: 'Entry' }).first().waitFor();
  const day = b.one(`SELECT max(high) AS high, min(low) AS low FROM candles WHERE symbol = ${quoted(trade.symbol)}`);
  await card.getByRole('button', { name: '1h', exact: true }).click();
  await card.locator('figure[aria-label*="of 1h each"]').waitFor();
  await card.getByText('As tables').click();
  const highs = await card.getByRole('table', { name: /^Candles/ }).locator('tbody tr td:nth-child(3) span').evaluateAll((l) => l.map((e) => Number(e.title)));
  assert.ok(highs.length > 0 && Math.max(...highs) >= day.high / 1e8, `${highs} against ${day.high}`);
  await page.goto(`/trade?id=${trade.id}`);
  const own = b.one(`SELECT stop_loss FROM trades WHERE id = ${trade.id}`);
  await page.getByRole('region', { name: /^Price of/ }).locator('figure p span[title]').nth(1).waitFor();
  const titles = await page.getByRole('region', { name: /^Price of/ }).locator('figure p span[title]').evaluateAll((l) => l.map((e) => Number(e.title)));
  assert.ok(titles.includes(own.stop_loss / 1e8), `${titles} has the stop ${own.stop_loss}`);
});

test('an open trade shows what it would come to', async () => {
  const row = (id) => page.getByRole('table', { name: 'Trades' }).locator('tr', { has: page.locator(`a[href="/trade?id=${id}"]`) });
  const held = () => b.sql("SELECT p.trade_id AS id, p.unrealized_pnl AS profit FROM positions p JOIN trades t ON t.id = p.trade_id WHERE t.status = 'OPEN' AND t.entered_at > 0 LIMIT 1")[0];
  await page.goto('/trades');
  await until('the row of an open trade has the profit of its position, to the last digit', async () => {
    const p = held();
    if (!p) return false;
    const shown = row(p.id).locator('[title="If it were closed now"] span[title]');
    return (await shown.count()) === 1 && Math.round(Number(await shown.getAttribute('title', { timeout: 500 })) * 1e8) === p.profit;
  }, 180_000);
});

test('a coin is found by the name that it is shown with, and what is no coin is told so', async () => {
  const { symbol } = await until('a trade', () => b.sql("SELECT symbol FROM trades WHERE status = 'CLOSED' LIMIT 1")[0], 120_000);
  const base = symbol.replace(/USDT$/, '');
  for (const at of ['/trades', '/posts', '/why']) {
    await page.goto(at);
    const asked = page.waitForRequest((r) => new URL(r.url()).searchParams.get('symbol') === symbol);
    await page.getByLabel('Coin, as BTC').fill(base.toLowerCase());
    await asked;
    assert.equal(await page.getByText('The exchange has no coin').count(), 0);
    await page.getByLabel('Coin, as BTC').fill('nosuchcoin');
    await page.getByText('The exchange has no coin NOSUCHCOIN.').waitFor();
  }
  await page.goto(`/symbol?symbol=${symbol}`);
  await page.getByRole('heading', { name: base, exact: true }).waitFor();
});

test('the columns of a table are chosen in what Escape and a press elsewhere close', async () => {
  await page.goto('/trades');
  const choice = page.getByLabel('Fees', { exact: true });
  for (const close of [() => page.keyboard.press('Escape'), () => page.getByRole('heading', { name: 'Trades', exact: true }).click()]) {
    await page.getByText('Columns').click();
    await choice.waitFor();
    await close();
    await choice.waitFor({ state: 'hidden' });
  }
});

test('who may only look cannot halt, and is told what is missing', async () => {
  const other = await openPage(browser, b, { token: b.readToken });
  await other.goto('/risk');
  await other.getByRole('button', { name: 'Halt trading' }).click();
  await other.getByRole('note').getByRole('link', { name: /role trade/ }).waitFor();
  await other.getByLabel(/^Why\?/).fill('only looking');
  await other.getByRole('button', { name: 'Halt now' }).click();
  await other.getByRole('alert').filter({ hasText: 'role trade' }).waitFor();
  assert.notEqual(b.one('SELECT mode FROM control').mode, 'halted');
  await other.context().close();
});

test('halting halts in the database, with who and why; the page says so at once; why-not names it first', async () => {
  await page.goto('/risk');
  await page.getByRole('button', { name: 'Halt trading' }).click();
  await page.getByLabel(/^How long/).selectOption('own');
  await page.getByLabel(/^Until when/).fill('2021-12-31T12:30');
  await page.getByLabel(/^Why\?/).fill('a test of the brake');
  await page.getByRole('button', { name: 'Halt now' }).click();
  await page.getByTestId('verdict').filter({ hasText: 'Halted' }).waitFor();
  const c = b.one('SELECT mode, reason, actor, until FROM control_v');
  assert.deepEqual([c.mode, c.reason, c.actor, c.until], ['halted', 'a test of the brake', 'api:desk', '2021-12-31T12:30:00.000000Z']);
  const changes = page.getByRole('region', { name: 'Changes of the mode' });
  await changes.getByRole('listitem').filter({ hasText: 'a test of the brake' }).filter({ hasText: 'api:desk' }).waitFor();
  await page.goto('/why');
  await page.getByTestId('answer').filter({ hasText: /halted/i }).waitFor();
  assert.equal(await page.locator('li[data-step="halt"]').getAttribute('data-ok'), 'no');
});

test('resuming goes back to the mode before', async () => {
  await page.goto('/risk');
  await page.getByRole('button', { name: 'Resume trading' }).click();
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await page.getByTestId('verdict').filter({ hasText: 'Trading' }).waitFor();
  assert.equal(b.one('SELECT mode FROM control').mode, 'auto');
});

test('in manual mode an entry waits, and is approved and rejected by its buttons', async () => {
  await page.goto('/risk');
  await page.getByRole('radio', { name: /Manual/ }).click();
  await page.getByRole('button', { name: 'Switch' }).click();
  await page.getByTestId('verdict').filter({ hasText: 'Manual' }).waitFor();
  assert.equal(b.one('SELECT mode FROM control').mode, 'manual');
  const waiting = () => b.sql("SELECT id FROM signals WHERE verdict = 'waiting'").map((r) => r.id);
  for (const [button, fact] of [[/^Approve/, "approved = 1 OR verdict = 'traded'"], ['Reject', "reason = 'REJECTED_BY_USER'"]]) {
    const row = page.locator('li[data-signal]').first();
    await row.waitFor({ timeout: 180_000 });
    const id = await row.getAttribute('data-signal');
    assert.ok(waiting().includes(Number(id)), `signal ${id} is shown as waiting, and waits`);
    await page.locator(`li[data-signal="${id}"]`).getByRole('button', { name: button }).click();
    await until(`signal ${id} is decided: ${fact}`, () => b.sql(`SELECT id FROM signals WHERE id = ${id} AND (${fact})`).length > 0);
    await page.locator(`li[data-signal="${id}"]`).waitFor({ state: 'detached' });
  }
  await page.getByRole('radio', { name: /Automatic/ }).click();
  await page.getByRole('button', { name: 'Switch' }).click();
  await until('automatic again', () => b.one('SELECT mode FROM control').mode === 'auto');
});

test('closing everything names what is held, sells it, and halts', async () => {
  const held = await until('something is held', () => { const p = b.sql('SELECT symbol FROM positions'); return p.length > 0 && p; }, 180_000);
  await page.goto('/risk');
  await page.getByRole('button', { name: 'Close everything…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(held[0].symbol.replace('USDT', ''), { exact: true }).waitFor();
  await dialog.getByRole('button', { name: /^Close \d+ and halt/ }).click();
  await until('nothing is held', () => b.sql('SELECT symbol FROM positions').length === 0, 60_000);
  assert.equal(b.one('SELECT mode FROM control').mode, 'halted');
});

test('a dead letter is shown with its error, and dropped by its button', async () => {
  const l = b.one("SELECT id, error FROM dead_letters WHERE status = 'dead'");
  await page.goto('/operations');
  const row = page.locator(`li[data-letter="${l.id}"]`);
  await row.getByText(l.error).waitFor();
  await row.getByRole('button', { name: 'Retry' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
  await until('the try is counted', () => b.one(`SELECT attempts FROM dead_letters WHERE id = ${l.id}`).attempts > 1);
  await row.getByRole('button', { name: 'Drop' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Drop' }).click();
  await until('it is dropped', () => b.one(`SELECT status FROM dead_letters WHERE id = ${l.id}`).status === 'dropped');
  await row.waitFor({ state: 'detached' });
});

test('queues, breakers and threads are those of the run and of the store', async () => {
  b.write(`INSERT INTO feeds (feed, kind, state, since, until, why, updated_at) VALUES
    ('x_search:try', 'x_search', 'broken', ${(Date.now() - 60_000) * 1000}, ${(Date.now() + 600_000) * 1000}, 'HTTP status 503', ${Date.now() * 1000})`);
  await page.goto('/operations');
  const queue = (name) => page.locator(`[data-queue="${name}"]`);
  await queue('dead letters').waitFor();
  await until('dead letters are counted as they are stored', async () => Number(await queue('dead letters').getAttribute('data-waiting')) === b.one("SELECT count(*) AS n FROM dead_letters WHERE status = 'dead'").n);
  await queue('posts read ahead').getByText(/ of 64/).waitFor();
  const breaker = page.locator('[data-breaker="x_search:try"]');
  await breaker.getByText('open', { exact: true }).waitFor();
  assert.match(await breaker.textContent(), /HTTP status 503\. Opened 1 min ago\. Tried again in (9|10) min/);
  const worker = b.one("SELECT name, pid FROM workers WHERE role = 'run'");
  await page.locator(`[data-worker="${worker.name}"][data-health="well"]`).getByText(`pid ${worker.pid}`).waitFor();
  await page.locator('[data-task="trader"]').getByText(/waits for work|the replay/).waitFor();
  b.write("DELETE FROM feeds WHERE feed = 'x_search:try'");
  await page.goto('/operations');
  await page.locator('[data-queue]').first().waitFor();
  assert.equal(await breaker.count(), 0);
});

test('the audit log is verified as the store has it', async () => {
  await page.goto('/operations');
  await page.getByRole('button', { name: 'Verify the chain' }).click();
  const said = page.getByText(/^All [\d,]+ rows are as they were written/);
  await said.waitFor();
  const n = Number((await said.textContent()).replace(/\D/g, ''));
  assert.ok(n > 0 && n <= b.one('SELECT count(*) AS n FROM audit_log').n);
});

test('a setting is found by its key and stored by its button', async () => {
  await page.goto('/settings?key=trading.signal_threshold');
  const row = page.locator('[data-key="trading.signal_threshold"]');
  await row.getByRole('button', { name: 'Change' }).click();
  await page.getByLabel(/^Value/).fill('81');
  await page.getByRole('button', { name: 'Store it' }).click();
  await row.getByText('81', { exact: true }).waitFor();
  await row.getByText('settings', { exact: true }).waitFor();
  assert.equal(b.one("SELECT value FROM settings WHERE key = 'trading.signal_threshold'").value, '81');
  const told = b.one("SELECT status, result FROM commands WHERE verb = 'setting'");
  assert.deepEqual(told, { status: 'done', result: 'holds from now on' }, 'the trader decides by it');
});

test('a program that hangs is seen to, and heard of again', async () => {
  await page.goto('/');
  await page.getByTestId('connection').filter({ hasText: 'Live' }).waitFor();
  await page.locator('article[data-post]').first().waitFor();
  b.process.kill('SIGSTOP');
  await page.getByTestId('verdict').filter({ hasText: 'No answer' }).waitFor({ timeout: 30_000 });
  b.process.kill('SIGCONT');
  await page.getByTestId('verdict').filter({ hasNotText: 'No answer' }).waitFor({ timeout: 30_000 });
});

test('the page says when nobody answers, never shows old numbers as new, and comes back by itself', async () => {
  await page.goto('/');
  await page.getByTestId('connection').filter({ hasText: 'Live' }).waitFor();
  // What was never answered cannot grow old.
  await page.locator('article[data-post]').first().waitFor();
  await page.getByText(/^began with/).waitFor();
  await b.kill();
  await page.getByTestId('verdict').filter({ hasText: 'No answer' }).waitFor({ timeout: 30_000 });
  await page.getByText(/\d+ s old/).first().waitFor({ timeout: 60_000 });
  await b.run();
  // Sessions end with the program: whoever looks signs in again, and is where he was.
  await page.waitForURL(/\/sign-in/, { timeout: 90_000 });
  await page.getByLabel('Token').fill(b.tradeToken);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((u) => u.pathname === '/');
  await page.getByTestId('connection').filter({ hasText: 'Live' }).waitFor({ timeout: 60_000 });
  assert.deepEqual(page.faults, []);
});

test('without a trader, what is not reachable is named, and what only he knows is told as unknown', async () => {
  await b.kill('SIGTERM');
  await b.serve();
  const alone = await openPage(browser, b, { token: b.readToken });
  await alone.goto('/operations');
  await alone.getByText('not reachable', { exact: true }).waitFor();
  assert.match(await alone.locator('li', { hasText: 'not reachable' }).textContent(), /Trader/);
  assert.equal(await alone.getByText('That failed').count(), 0);
  await alone.getByText('No trader is running on this store.').first().waitFor();
  assert.equal(await alone.locator('[data-queue="posts read ahead"]').count(), 0);
  assert.equal(await alone.locator('[data-task]').count(), 0);
  assert.equal(Number(await alone.locator('[data-queue="commands for the trader"]').getAttribute('data-waiting')), b.one("SELECT count(*) AS n FROM commands WHERE status = 'pending'").n);
  await alone.context().close();
});

test('that nobody would be told is said on every page until it is put away, and not where somebody would be', async () => {
  const alone = await openPage(browser, b, { token: b.readToken });
  await alone.goto('/trades');
  await alone.getByTestId('untold').filter({ hasText: 'no channel is configured' }).waitFor();
  await alone.getByTestId('untold').getByRole('link').click();
  await alone.waitForURL(/\/operations/);
  await alone.getByTestId('untold').getByRole('button').click();
  await alone.getByTestId('untold').waitFor({ state: 'detached' });
  await alone.reload();
  await alone.getByText('no channel is configured').waitFor(); // its card; the line on top stays away
  assert.equal(await alone.getByTestId('untold').count(), 0);
  await b.kill('SIGTERM');
  await b.serve('--set', `webhook.url_file=${b.secretFile('url', 'https://127.0.0.1:9/hook')}`, '--set', `webhook.secret_file=${b.secretFile('word', 'of-this-test-alone-0123456789')}`);
  const other = await openPage(browser, b, { token: b.readToken });
  await other.goto('/operations');
  await other.locator('[data-channel="webhook"]').waitFor();
  assert.equal(await other.getByTestId('untold').count(), 0);
  await other.context().close();
  await alone.context().close();
});
