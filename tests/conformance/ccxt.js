// ccxt: its unified calls, its implicit ones for order lists, and its exceptions.
'use strict';

const {
    env, load, begin, end, test, that, equal, amount, fails, until, setPrice, at, id,
} = require('./lib');
const F = require('./fields');
const {members} = require('./lib');
let ccxt;

const MARKET = 'BTC/USDT', SYMBOL = 'BTCUSDT', START = 50000;

function open(key = env.key, secret = env.secret, headers = {}) {
    const ex = new ccxt.binance({
        apiKey: key, secret, headers, enableRateLimit: false,
        options: {
            fetchCurrencies: false, fetchMargins: false, fetchMarkets: {types: ['spot']},
            adjustForTimeDifference: false, warnOnFetchOpenOrdersWithoutSymbol: false,
        },
    });
    for (const [name, url] of Object.entries(ex.urls.api)) {
        if (typeof url === 'string') ex.urls.api[name] = env.url + new URL(url).pathname;
    }
    return ex;
}

// The exception's own class, not one above it.
async function thrown(promise, kind, msg) {
    const e = await fails(promise);
    equal(e.constructor.name, kind.name, `exception (${e.message})`);
    if (msg) that(e.message.includes(msg), `it says ${e.message}`);
}

let ex;

async function market() {
    await test('markets from exchange info', async () => {
        await ex.loadMarkets();
        const m = ex.market(MARKET);
        equal(m.id, SYMBOL, 'id');
        equal(m.spot, true, 'spot');
        equal(m.active, true, 'active');
        amount(m.precision.price, 0.01, 'price precision');
        amount(m.precision.amount, 0.00001, 'amount precision');
        amount(m.limits.cost.min, 5, 'least cost');
        amount(m.limits.amount.min, 0.00001, 'least amount');
    });

    await test('connectivity and time', async () => {
        await ex.publicGetPing();
        const now = await ex.fetchTime();
        that(Math.abs(now - Date.now()) < 2000, `server time ${now} is not now`);
        equal((await ex.fetchStatus().catch(e => ({status: e.constructor.name}))).status !== undefined, true, 'status');
    });

    await test('account', async () => {
        const b = await ex.fetchBalance();
        that(b.USDT.free > 1000 && b.BTC.free > 0.1, 'nothing to begin with');
        amount(b.USDT.total, b.USDT.free + b.USDT.used, 'total');
    });

    await test('prices', async () => {
        await setPrice(START);
        const t = await ex.fetchTicker(MARKET);
        that(Math.abs(t.last - START) < START / 10, `last ${t.last}`);
        that(t.bid > 0 && t.bid < t.ask && t.high >= t.low, `bid ${t.bid} ask ${t.ask}`);
        const bids = await ex.fetchBidsAsks([MARKET]);
        that(bids[MARKET].bid > 0, 'no bid');
        const all = await ex.fetchTickers();
        that(all[MARKET] !== undefined, 'not among the tickers');
        const book = await ex.fetchOrderBook(MARKET, 5);
        that(book.bids.length > 0 && book.asks.length > 0 && book.bids[0][0] < book.asks[0][0], 'book');
        const last = await ex.fetchLastPrices([MARKET]);
        that(last[MARKET].price > 0, 'no last price');
        const trades = await ex.fetchTrades(MARKET, undefined, 5);
        that(trades.length > 0 && trades[0].price > 0 && trades[0].amount > 0, 'no trades of the market');
    });

    await test('klines', async () => {
        const rows = await ex.fetchOHLCV(MARKET, '1m', undefined, 10);
        that(rows.length >= 1, 'none');
        for (const [t, o, h, l, c] of rows) {
            equal(t % 60000, 0, 'open time on the minute');
            that(h >= Math.max(o, c) && l <= Math.min(o, c), `range ${[o, h, l, c]}`);
        }
    });
}

async function orders() {
    await test('test order', async () => {
        await ex.createOrder(MARKET, 'limit', 'buy', 0.01, 40000, {test: true});
        equal((await ex.fetchOpenOrders(MARKET)).length, 0, 'open orders');
    });

    await test('limit order, query, open orders, cancel', async () => {
        const coid = id('ccxt');
        const o = await ex.createOrder(MARKET, 'limit', 'buy', 0.01, 40000, {newClientOrderId: coid});
        equal(o.status, 'open', 'status');
        equal(o.clientOrderId, coid, 'clientOrderId');
        amount(o.price, 40000, 'price');
        amount(o.remaining, 0.01, 'remaining');
        equal(o.timeInForce, 'GTC', 'timeInForce');
        const q = await ex.fetchOrder(o.id, MARKET);
        equal(q.clientOrderId, coid, 'clientOrderId');
        const by = await ex.fetchOrder(undefined, MARKET, {origClientOrderId: coid});
        equal(by.id, o.id, 'id by client id');
        const list = await ex.fetchOpenOrders(MARKET);
        equal(list.length, 1, 'open orders');
        const c = await ex.cancelOrder(o.id, MARKET);
        equal(c.status, 'canceled', 'status');
        equal((await ex.fetchOpenOrders(MARKET)).length, 0, 'open orders');
        const closed = await ex.fetchOrders(MARKET);
        that(closed.some(x => x.id === o.id && x.status === 'canceled'), 'it is not in the history');
    });

    await test('market order and my trades', async () => {
        const before = (await ex.fetchBalance()).BTC.total;
        const o = await ex.createOrder(MARKET, 'market', 'buy', 0.01);
        equal(o.status, 'closed', 'status');
        amount(o.filled, 0.01, 'filled');
        that(Math.abs(o.average - o.cost / o.filled) < 0.01, `average ${o.average}, cost ${o.cost}`);
        const trades = (await ex.fetchMyTrades(MARKET)).filter(t => t.order === o.id);
        amount(trades.reduce((s, t) => s + t.amount, 0), 0.01, 'sum of trades');
        equal(trades[0].side, 'buy', 'side');
        equal(trades[0].takerOrMaker, 'taker', 'takerOrMaker');
        const fee = trades.reduce((s, t) => s + (t.fee.currency === 'BTC' ? t.fee.cost : 0), 0);
        amount((await ex.fetchBalance()).BTC.total - before, 0.01 - fee, 'base received');
        const sold = await ex.createOrder(MARKET, 'market', 'sell', 0.01);
        equal(sold.status, 'closed', 'status');
    });

    await test('market order by cost', async () => {
        const o = await ex.createOrder(MARKET, 'market', 'buy', undefined, undefined, {cost: 100});
        equal(o.status, 'closed', 'status');
        that(o.cost <= 100 && o.cost > 98, `cost ${o.cost}`);
    });

    await test('stop order fires', async () => {
        await setPrice(START);
        const o = await ex.createOrder(MARKET, 'market', 'sell', 0.01, undefined, {stopLossPrice: 45000});
        equal(o.type, 'market', 'type');
        amount(o.triggerPrice, 45000, 'triggerPrice');
        await setPrice(44500);
        const q = await until(() => ex.fetchOrder(o.id, MARKET), x => x.status === 'closed', 'fill');
        amount(q.filled, 0.01, 'filled');
        await setPrice(START);
    });

    await test('take profit limit and trailing stop rest', async () => {
        await setPrice(START);
        const a = await ex.createOrder(MARKET, 'limit', 'sell', 0.01, 55000, {takeProfitPrice: 54000});
        const b = await ex.createOrder(MARKET, 'market', 'sell', 0.01, undefined, {trailingPercent: 5, stopLossOrTakeProfit: 'stopLoss'});
        equal((await ex.fetchOpenOrders(MARKET)).length, 2, 'open orders');
        equal(a.info.type, 'TAKE_PROFIT_LIMIT', 'type');
        equal(Number(b.info.trailingDelta), 500, 'trailingDelta');
        const gone = await ex.cancelAllOrders(MARKET);
        equal(gone.length, 2, 'cancelled');
    });

    await test('an order is edited', async () => {
        const o = await ex.createOrder(MARKET, 'limit', 'buy', 0.01, 40000);
        const e = await ex.editOrder(o.id, MARKET, 'limit', 'buy', 0.02, 41000);
        that(e.id !== o.id, 'the same order');
        amount(e.amount, 0.02, 'amount');
        equal((await ex.fetchOrder(o.id, MARKET)).status, 'canceled', 'status of the old one');
        await ex.cancelOrder(e.id, MARKET);
    });
}

async function lists() {
    const pending = {
        workingType: 'LIMIT', workingSide: 'BUY', workingTimeInForce: 'FOK', workingPrice: at(START, 1.05),
        workingQuantity: '0.01', pendingSide: 'SELL', pendingAboveType: 'TAKE_PROFIT',
        pendingAboveStopPrice: at(START, 1.1), pendingBelowType: 'STOP_LOSS', pendingBelowStopPrice: at(START, 0.9),
    };
    const cancel = async list => {
        const done = await ex.privateDeleteOrderList({symbol: SYMBOL, orderListId: list.orderListId});
        equal(done.listOrderStatus, 'ALL_DONE', 'listOrderStatus');
        equal((await ex.fetchOpenOrders(MARKET)).length, 0, 'open orders');
    };
    await test('OCO', async () => {
        await setPrice(START);
        const list = await ex.privatePostOrderListOco({
            symbol: SYMBOL, side: 'SELL', quantity: '0.01', aboveType: 'TAKE_PROFIT', aboveStopPrice: at(START, 1.1),
            belowType: 'STOP_LOSS', belowStopPrice: at(START, 0.9),
        });
        members(list, F.LIST, 'list');
        equal((await ex.fetchOpenOrders(MARKET)).length, 2, 'open orders');
        await cancel(list);
    });
    await test('OTOCO', async () => {
        await setPrice(START);
        const list = await ex.privatePostOrderListOtoco({symbol: SYMBOL, ...pending, pendingQuantity: '0.01'});
        const open = await ex.fetchOpenOrders(MARKET);
        equal(open.length, 2, 'legs');
        amount(open[0].amount, 0.01, 'quantity');
        await cancel(list);
    });
    await test('OPOCO', async () => {
        await setPrice(START);
        const list = await ex.privatePostOrderListOpoco({symbol: SYMBOL, ...pending});
        const open = await ex.fetchOpenOrders(MARKET);
        equal(open.length, 2, 'legs');
        that(open[0].amount > 0.0099 && open[0].amount <= 0.01, `quantity ${open[0].amount}`);
        await cancel(list);
    });
}

async function errors() {
    await setPrice(START);
    const buy = (amount, price, params = {}) => ex.createOrder(MARKET, 'limit', 'buy', amount, price, params);
    await test('BadSymbol', () => thrown(ex.publicGetTickerPrice({symbol: 'NOSUCHUSDT'}), ccxt.BadSymbol, '-1121'));
    await test('InsufficientFunds', () => thrown(buy(150, 49000), ccxt.InsufficientFunds, 'insufficient balance'));
    const plain = {symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '40000'};
    await test('InvalidOrder by LOT_SIZE and PRICE_FILTER', async () => {
        await thrown(ex.privatePostOrder({...plain, quantity: '0.000001'}), ccxt.InvalidOrder, 'LOT_SIZE');
        await thrown(ex.privatePostOrder({...plain, price: '40000.001'}), ccxt.InvalidOrder, 'PRICE_FILTER');
    });
    await test('BadRequest by NOTIONAL', () =>
        thrown(ex.privatePostOrder({...plain, quantity: '0.00001'}), ccxt.BadRequest, 'NOTIONAL'));
    await test('OrderImmediatelyFillable', () =>
        thrown(ex.createOrder(MARKET, 'limit', 'buy', 0.01, 55000, {postOnly: true}), ccxt.OrderImmediatelyFillable));
    await test('OrderImmediatelyFillable by a stop', () =>
        thrown(ex.createOrder(MARKET, 'market', 'sell', 0.01, undefined, {stopLossPrice: 55000}), ccxt.OrderImmediatelyFillable));
    await test('DuplicateOrderId or InvalidOrder', async () => {
        const coid = id('dup');
        const o = await buy(0.01, 40000, {newClientOrderId: coid});
        const e = await fails(buy(0.01, 40000, {newClientOrderId: coid}));
        that(e instanceof ccxt.InvalidOrder, e.constructor.name);
        await ex.cancelOrder(o.id, MARKET);
    });
    await test('OrderNotFound by a cancel', () => thrown(ex.cancelOrder('999999999', MARKET), ccxt.OrderNotFound, '-2011'));
    await test('OrderNotFound by a query', () => thrown(ex.fetchOrder('999999999', MARKET), ccxt.OrderNotFound, '-2013'));
    await test('BadRequest by a parameter too many', () =>
        thrown(ex.privatePostOrder({symbol: SYMBOL, side: 'BUY', type: 'MARKET', quantity: '0.01', price: '40000'}),
            ccxt.BadRequest, '-1106'));
    await test('AuthenticationError by a wrong secret', () =>
        thrown(open(env.key, 'x'.repeat(64)).fetchBalance(), ccxt.AuthenticationError, '-1022'));
    await test('AuthenticationError by an unknown key', () =>
        thrown(open('A'.repeat(64)).fetchBalance(), ccxt.AuthenticationError, '-2015'));
    await test('AuthenticationError by a key of no shape', () =>
        thrown(open('no key').fetchBalance(), ccxt.AuthenticationError, '-2014'));
    await test('InvalidNonce by a late timestamp', () => {
        const late = open();
        late.nonce = () => Date.now() - 60000;
        return thrown(late.fetchBalance(), ccxt.InvalidNonce, '-1021');
    });
    await test('InvalidNonce by an early timestamp', () => {
        const early = open();
        early.nonce = () => Date.now() + 5000;
        return thrown(early.fetchBalance(), ccxt.InvalidNonce, '-1021');
    });
    const faulty = fault => open(env.key, env.secret, {'X-Sim-Fault': fault});
    // It looks at the status before the code: 429 and 418 are this, whatever the body says.
    await test('DDoSProtection by 429', () => thrown(faulty('rate_429;amount=1').fetchBalance(), ccxt.DDoSProtection, '-1003'));
    await test('DDoSProtection by too many orders', () =>
        thrown(faulty('orders_429;amount=1').createOrder(MARKET, 'limit', 'buy', 0.01, 40000), ccxt.DDoSProtection, '-1015'));
    await test('ExchangeNotAvailable by HTML', () => thrown(faulty('html_502').fetchBalance(), ccxt.ExchangeNotAvailable));
    await test('RequestTimeout by -1007', () => thrown(faulty('timeout_not').createOrder(MARKET, 'limit', 'buy', 0.01, 40000),
        ccxt.RequestTimeout, '-1007'));
}

(async () => {
    begin('ccxt');
    ccxt = await load('ccxt');
    ex = open();
    await market();
    await orders();
    await lists();
    await errors();
    end();
})();
