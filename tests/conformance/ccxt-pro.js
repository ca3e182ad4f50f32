// ccxt's WebSocket side: what it watches, what it trades over the WebSocket API, user data.
'use strict';

const lib = require('./lib');
const {env, load, begin, end, test, that, equal, fails, setPrice, id} = require('./lib');

const MARKET = 'BTC/USDT', START = 50000;
let ccxt, ex;

// Every text that names a host is turned to ours, and keeps its path.
function turn(urls) {
    for (const [name, url] of Object.entries(urls)) {
        if (url !== null && typeof url === 'object') {
            turn(url);
        } else if (typeof url === 'string') {
            const base = url.startsWith('ws') ? env.url.replace('http:', 'ws:') : env.url;
            urls[name] = base + new URL(url).pathname.replace(/\/$/, '');
        }
    }
}

async function open() {
    const got = new ccxt.pro.binance({
        apiKey: env.key, secret: env.secret, enableRateLimit: false, newUpdates: true,
        options: {
            fetchCurrencies: false, fetchMargins: false, fetchMarkets: {types: ['spot']}, defaultType: 'spot',
            adjustForTimeDifference: false,
        },
    });
    turn(got.urls.api);
    await got.loadHttpProxyAgent(); // it asks for this where an address is ws://
    return got;
}

async function moving(promise) {
    let done = false;
    const got = promise.finally(() => { done = true; });
    got.catch(() => {}); // it is told by whoever waits for it
    await lib.moving(() => done, () => 'nothing came');
    return got;
}

(async () => {
    begin('ccxt.pro');
    ccxt = await load('ccxt');
    ex = await open();
    await setPrice(START);
    await test('markets', () => ex.loadMarkets());
    await test('watches the ticker, the best prices, the book', async () => {
        const t = await moving(ex.watchTicker(MARKET));
        that(t.last > 0 && t.high >= t.low, `ticker ${t.last}`);
        const b = (await moving(ex.watchBidsAsks([MARKET])))[MARKET];
        that(b.bid > 0 && b.bid < b.ask, `bid ${b.bid} ask ${b.ask}`);
        const book = await moving(ex.watchOrderBook(MARKET));
        that(book.bids.length > 0 && book.bids[0][0] < book.asks[0][0], 'book');
        const again = await moving(ex.watchOrderBook(MARKET));
        that(again.nonce >= book.nonce, `the book goes on from ${book.nonce} to ${again.nonce}`);
    });
    await test('watches trades and klines', async () => {
        const trades = await moving(ex.watchTrades(MARKET));
        that(trades.length > 0 && trades[0].price > 0 && trades[0].amount > 0, 'trades');
        const rows = await moving(ex.watchOHLCV(MARKET, '1m'));
        that(rows.length > 0 && rows[rows.length - 1][2] >= rows[rows.length - 1][3], 'klines');
    });
    await test('trades over the WebSocket API', async () => {
        const o = await ex.createOrderWs(MARKET, 'limit', 'buy', 0.01, 40000);
        equal(o.status, 'open', 'status');
        equal((await ex.fetchOrderWs(o.id, MARKET)).status, 'open', 'status of what is asked for');
        equal((await ex.fetchOpenOrdersWs(MARKET)).length, 1, 'open orders');
        equal((await ex.cancelOrderWs(o.id, MARKET)).status, 'canceled', 'status');
        const e = await fails(ex.cancelOrderWs('999999999', MARKET));
        that(e instanceof ccxt.OrderNotFound, `${e.constructor.name} ${e.message}`);
    });
    await test('watches its own orders, trades and balances', async () => {
        const order = ex.watchOrders(MARKET), balance = ex.watchBalance();
        await new Promise(done => setTimeout(done, 200)); // it subscribes without telling when it has
        const coid = id('pro');
        const o = await ex.createOrder(MARKET, 'limit', 'buy', 0.01, 40000, {newClientOrderId: coid});
        const seen = await order;
        equal(seen[0].clientOrderId, coid, 'clientOrderId');
        equal(seen[0].status, 'open', 'status');
        that((await balance).USDT.used >= 400, 'used');
        const mine = ex.watchMyTrades(MARKET);
        await ex.cancelOrder(o.id, MARKET);
        const bought = await ex.createOrder(MARKET, 'market', 'buy', 0.01);
        const trades = await mine;
        equal(trades[0].order, bought.id, 'order');
        that(trades[0].amount > 0 && trades[0].amount <= 0.01, `amount ${trades[0].amount}`);
        that(trades[0].fee && trades[0].fee.currency === 'BTC', `fee ${JSON.stringify(trades[0].fee)}`);
    });
    end();
})();
