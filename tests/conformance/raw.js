// No library: the members of each answer as the documentation gives them, and what the wire allows
// (parameters in query, body or both, any order, any content type), byte by byte.
'use strict';

const {
    env, SYMBOL, begin, end, test, that, equal, members, decimal, raw, publicCall, signed, encode, sign,
    setPrice, at, id, fail,
} = require('./lib');
const F = require('./fields');

const START = 50000;

async function good(promise) {
    const got = await promise;
    if (got.status !== 200) fail(`status ${got.status}: ${got.text.slice(0, 300)}`);
    return got.body;
}

async function refused(promise, status, code, msg) {
    const got = await promise;
    equal(got.status, status, `status (${got.text.slice(0, 200)})`);
    members(got.body, ['code', 'msg'], 'error');
    equal(got.body.code, code, `code (${got.body.msg})`);
    if (msg !== undefined) equal(got.body.msg, msg, 'msg');
}

const LIMIT = {symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '40000.00'};

async function info() {
    await test('exchangeInfo has every member', async () => {
        const i = await good(publicCall('/api/v3/exchangeInfo'));
        members(i, F.INFO, 'exchangeInfo', ['sors']);
        for (const l of i.rateLimits) members(l, F.RATE_LIMIT, 'rate limit');
        const kinds = i.rateLimits.map(l => `${l.rateLimitType} ${l.intervalNum} ${l.interval}`);
        for (const k of ['REQUEST_WEIGHT 1 MINUTE', 'ORDERS 10 SECOND', 'ORDERS 1 DAY', 'RAW_REQUESTS 5 MINUTE']) {
            that(kinds.includes(k), `no rate limit ${k} among ${kinds}`);
        }
        for (const s of i.symbols) {
            members(s, F.INFO_SYMBOL, s.symbol);
            for (const f of s.filters) {
                that(F.FILTERS[f.filterType] !== undefined, `filter ${f.filterType} is not documented`);
                members(f, F.FILTERS[f.filterType], `${s.symbol} ${f.filterType}`);
            }
        }
    });
    await test('exchangeInfo of one and of some symbols', async () => {
        const one = await good(publicCall('/api/v3/exchangeInfo', {symbol: SYMBOL}));
        equal(one.symbols.map(s => s.symbol).join(), SYMBOL, 'symbols');
        const some = await good(publicCall('/api/v3/exchangeInfo', {symbols: JSON.stringify([SYMBOL, 'ETHUSDT'])}));
        equal(some.symbols.length, 2, 'symbols');
        await refused(publicCall('/api/v3/exchangeInfo', {symbols: '["BTCUSDT","BTCUSDT"]'}), 400, -1151);
        await refused(publicCall('/api/v3/exchangeInfo', {symbol: 'NOSUCHUSDT'}), 400, -1121, 'Invalid symbol.');
    });
    await test('weight is told in headers', async () => {
        const a = await publicCall('/api/v3/ping');
        const b = await publicCall('/api/v3/exchangeInfo');
        const weight = r => Number(r.headers.get('x-mbx-used-weight-1m'));
        that(weight(a) > 0, 'no X-MBX-USED-WEIGHT-1M');
        that(weight(b) >= weight(a) + 20 || weight(b) < weight(a), `from ${weight(a)} to ${weight(b)}`); // a new minute
    });
}

async function marketData() {
    await test('market data has every member', async () => {
        await setPrice(START);
        const depth = await good(publicCall('/api/v3/depth', {symbol: SYMBOL, limit: 5}));
        members(depth, F.DEPTH, 'depth');
        that(depth.bids.length === 5 && depth.asks.length === 5, 'five levels a side');
        decimal(depth.bids[0][0], 'bid');
        for (const t of await good(publicCall('/api/v3/trades', {symbol: SYMBOL, limit: 5}))) {
            members(t, F.PUBLIC_TRADE, 'trade');
        }
        for (const t of await good(publicCall('/api/v3/aggTrades', {symbol: SYMBOL, limit: 5}))) {
            members(t, F.AGG_TRADE, 'aggTrade');
        }
        members(await good(publicCall('/api/v3/avgPrice', {symbol: SYMBOL})), F.AVG_PRICE, 'avgPrice');
        members(await good(publicCall('/api/v3/ticker/24hr', {symbol: SYMBOL})), F.TICKER, 'ticker');
        members(await good(publicCall('/api/v3/ticker/24hr', {symbol: SYMBOL, type: 'MINI'})), F.TICKER_MINI, 'mini ticker');
        members(await good(publicCall('/api/v3/ticker/price', {symbol: SYMBOL})), ['symbol', 'price'], 'price');
        members(await good(publicCall('/api/v3/ticker/bookTicker', {symbol: SYMBOL})), F.BOOK_TICKER, 'bookTicker');
        const all = await good(publicCall('/api/v3/ticker/price'));
        that(Array.isArray(all) && all.length > 1, 'all prices are a list');
        const two = await good(publicCall('/api/v3/ticker/bookTicker', {symbols: JSON.stringify([SYMBOL, 'ETHUSDT'])}));
        equal(two.length, 2, 'book tickers');
        members(await good(publicCall('/api/v3/time')), ['serverTime'], 'time');
        equal((await publicCall('/api/v3/ping')).text, '{}', 'ping');
    });
    await test('klines are rows of twelve', async () => {
        const rows = await good(publicCall('/api/v3/klines', {symbol: SYMBOL, interval: '1h', limit: 3}));
        for (const k of rows) {
            equal(k.length, 12, 'columns');
            for (const i of [0, 6, 8]) that(Number.isInteger(k[i]), `column ${i} is ${k[i]}`);
            for (const i of [1, 2, 3, 4, 5, 7, 9, 10]) decimal(k[i], `column ${i}`);
            equal(k[11], '0', 'last column');
        }
        await refused(publicCall('/api/v3/klines', {symbol: SYMBOL, interval: '7m'}), 400, -1120, 'Invalid interval.');
    });
    await test('an unknown path is 404', async () => equal((await publicCall('/api/v3/nowhere')).status, 404, 'status'));
}

async function account() {
    await test('account has every member', async () => {
        const a = await good(signed('GET', '/api/v3/account'));
        members(a, F.ACCOUNT, 'account');
        members(a.commissionRates, ['maker', 'taker', 'buyer', 'seller'], 'commissionRates');
        for (const b of a.balances) {
            members(b, ['asset', 'free', 'locked'], 'balance');
            decimal(b.free, 'free');
            decimal(b.locked, 'locked');
        }
        const some = await good(signed('GET', '/api/v3/account', {omitZeroBalances: 'true'}));
        that(some.balances.every(b => Number(b.free) + Number(b.locked) > 0), 'a balance of zero');
    });
    await test('commission, order counts, my filters', async () => {
        members(await good(signed('GET', '/api/v3/account/commission', {symbol: SYMBOL})), F.COMMISSION, 'commission');
        const counts = await good(signed('GET', '/api/v3/rateLimit/order'));
        equal(counts.length, 2, 'intervals');
        for (const c of counts) members(c, F.RATE_LIMIT.concat('count'), 'order count');
    });
}

async function orders() {
    await test('orders answer ACK, RESULT, FULL', async () => {
        for (const [type, want] of [['ACK', F.ORDER_ACK], ['RESULT', F.ORDER_RESULT], ['FULL', F.ORDER_FULL], [undefined, F.ORDER_FULL]]) {
            const o = await good(signed('POST', '/api/v3/order', {...LIMIT, newOrderRespType: type}));
            members(o, want, `order answered ${type}`);
            equal(o.orderListId, -1, 'orderListId');
            const c = await good(signed('DELETE', '/api/v3/order', {symbol: SYMBOL, orderId: o.orderId}));
            members(c, F.ORDER_CANCELED, 'cancelled order');
        }
        const m = await good(signed('POST', '/api/v3/order', {symbol: SYMBOL, side: 'SELL', type: 'MARKET', quantity: '0.01'}));
        members(m, F.ORDER_FULL, 'market order');
        for (const f of m.fills) members(f, F.FILL, 'fill');
        for (const name of ['price', 'origQty', 'executedQty', 'cummulativeQuoteQty']) decimal(m[name], name);
        const q = await good(signed('GET', '/api/v3/order', {symbol: SYMBOL, orderId: m.orderId}));
        members(q, F.ORDER_STORED, 'stored order');
        const t = await good(signed('GET', '/api/v3/myTrades', {symbol: SYMBOL, orderId: m.orderId}));
        for (const x of t) members(x, F.TRADE, 'trade');
    });
    await test('what is conditional comes with its condition', async () => {
        const stop = await good(signed('POST', '/api/v3/order', {
            symbol: SYMBOL, side: 'SELL', type: 'STOP_LOSS_LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '44000.00',
            stopPrice: '45000.00', trailingDelta: 100, icebergQty: '0.005', strategyId: 7, strategyType: 1000001,
            newOrderRespType: 'RESULT',
        }));
        members(stop, F.ORDER_RESULT.concat(F.ORDER_CONDITIONAL.filter(x => x !== 'expiryReason')), 'stop order');
        equal(stop.trailingDelta, 100, 'trailingDelta');
        equal(stop.strategyType, 1000001, 'strategyType');
        await good(signed('DELETE', '/api/v3/order', {symbol: SYMBOL, orderId: stop.orderId}));
        const ioc = await good(signed('POST', '/api/v3/order', {...LIMIT, timeInForce: 'IOC'}));
        equal(ioc.status, 'EXPIRED', 'status');
        equal(ioc.expiryReason, 'UNFILLED_IOC_QUANTITY_EXPIRED', 'expiryReason');
    });
    await test('cancelReplace in its three outcomes', async () => {
        const o = await good(signed('POST', '/api/v3/order', LIMIT));
        const path = '/api/v3/order/cancelReplace';
        const both = await good(signed('POST', path, {
            ...LIMIT, price: '41000.00', cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: o.orderId,
        }));
        members(both, F.REPLACED, 'cancelReplace');
        members(both.cancelResponse, F.ORDER_CANCELED, 'cancelResponse');
        members(both.newOrderResponse, F.ORDER_FULL, 'newOrderResponse');
        const none = await signed('POST', path, {...LIMIT, cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: 999999999});
        equal(none.status, 400, 'status');
        equal(none.body.code, -2022, 'code');
        equal(none.body.data.cancelResult, 'FAILURE', 'cancelResult');
        equal(none.body.data.newOrderResult, 'NOT_ATTEMPTED', 'newOrderResult');
        equal(none.body.data.cancelResponse.code, -2011, 'code within');
        equal(none.body.data.newOrderResponse, null, 'newOrderResponse');
        const half = await signed('POST', path, {...LIMIT, cancelReplaceMode: 'ALLOW_FAILURE', cancelOrderId: 999999999});
        equal(half.status, 409, 'status');
        equal(half.body.code, -2021, 'code');
        equal(half.body.data.newOrderResult, 'SUCCESS', 'newOrderResult');
        const gone = await good(signed('DELETE', '/api/v3/openOrders', {symbol: SYMBOL}));
        equal(gone.length, 2, 'cancelled orders');
    });
    await test('amend keep priority', async () => {
        const o = await good(signed('POST', '/api/v3/order', LIMIT));
        const a = await good(signed('PUT', '/api/v3/order/amend/keepPriority', {symbol: SYMBOL, orderId: o.orderId, newQty: '0.005'}));
        members(a, F.AMENDED, 'amend');
        members(a.amendedOrder, F.AMENDED_ORDER, 'amendedOrder');
        equal(a.amendedOrder.origClientOrderId, o.clientOrderId, 'origClientOrderId');
        that(a.amendedOrder.clientOrderId !== o.clientOrderId, 'the order keeps its client id');
        equal(Number(a.amendedOrder.qty), 0.005, 'qty');
        await refused(signed('GET', '/api/v3/order', {symbol: SYMBOL, origClientOrderId: o.clientOrderId}), 400, -2013);
        const coid = id('amd');
        const named = await good(signed('PUT', '/api/v3/order/amend/keepPriority', {
            symbol: SYMBOL, origClientOrderId: a.amendedOrder.clientOrderId, newQty: '0.004', newClientOrderId: coid,
        }));
        equal(named.amendedOrder.clientOrderId, coid, 'clientOrderId');
        await good(signed('DELETE', '/api/v3/order', {symbol: SYMBOL, origClientOrderId: coid}));
    });
    await test('a cancel may be restricted', async () => {
        const o = await good(signed('POST', '/api/v3/order', LIMIT));
        await refused(signed('DELETE', '/api/v3/order', {symbol: SYMBOL, orderId: o.orderId, cancelRestrictions: 'ONLY_PARTIALLY_FILLED'}),
            400, -2011, 'Order was not canceled due to cancel restrictions.');
        await good(signed('DELETE', '/api/v3/order', {symbol: SYMBOL, orderId: o.orderId, cancelRestrictions: 'ONLY_NEW'}));
        await refused(signed('DELETE', '/api/v3/openOrders', {symbol: SYMBOL}), 400, -2011, 'Unknown order sent.');
    });
}

async function lists() {
    const OTOCO = {
        symbol: SYMBOL, workingType: 'LIMIT', workingSide: 'BUY', workingTimeInForce: 'GTC', workingPrice: '40000.00',
        workingQuantity: '0.01', pendingSide: 'SELL', pendingQuantity: '0.01', pendingAboveType: 'LIMIT_MAKER',
        pendingAbovePrice: '60000.00', pendingBelowType: 'STOP_LOSS', pendingBelowStopPrice: '39000.00',
    };
    await test('order lists have every member', async () => {
        await setPrice(START);
        const l = await good(signed('POST', '/api/v3/orderList/otoco', OTOCO));
        members(l, F.LIST, 'list');
        for (const o of l.orders) members(o, F.LIST_ORDER, 'order of a list');
        for (const r of l.orderReports) members(r, F.ORDER_RESULT, 'report', ['stopPrice']);
        equal(l.orderReports.map(r => r.type).join(), 'LIMIT,STOP_LOSS,LIMIT_MAKER', 'legs');
        const stored = await good(signed('GET', '/api/v3/orderList', {origClientOrderId: l.listClientOrderId}));
        members(stored, F.LIST_STORED, 'stored list');
        const open = await good(signed('GET', '/api/v3/openOrderList'));
        that(open.some(x => x.orderListId === l.orderListId), 'not among the open lists');
        const pending = (await good(signed('GET', '/api/v3/openOrders', {symbol: SYMBOL}))).filter(o => o.status === 'PENDING_NEW');
        equal(pending.length, 2, 'pending orders that are listed');
        const c = await good(signed('DELETE', '/api/v3/orderList', {symbol: SYMBOL, listClientOrderId: l.listClientOrderId}));
        members(c, F.LIST, 'cancelled list');
        for (const r of c.orderReports) members(r, F.ORDER_CANCELED, 'report of a cancelled order', F.ORDER_CONDITIONAL);
        const all = await good(signed('GET', '/api/v3/allOrderList'));
        that(all.some(x => x.orderListId === l.orderListId && x.listStatusType === 'ALL_DONE'), 'not in the history');
    });
    await test('OTO and OPO', async () => {
        const oto = await good(signed('POST', '/api/v3/orderList/oto', {
            symbol: SYMBOL, workingType: 'LIMIT', workingSide: 'BUY', workingTimeInForce: 'GTC', workingPrice: '40000.00',
            workingQuantity: '0.01', pendingType: 'MARKET', pendingSide: 'SELL', pendingQuantity: '0.01',
        }));
        equal(oto.orders.length, 2, 'orders');
        const opo = await good(signed('POST', '/api/v3/orderList/opo', {
            symbol: SYMBOL, workingType: 'LIMIT', workingSide: 'BUY', workingTimeInForce: 'GTC', workingPrice: '40000.00',
            workingQuantity: '0.01', pendingType: 'LIMIT', pendingSide: 'SELL', pendingPrice: '60000.00', pendingTimeInForce: 'GTC',
        }));
        that(opo.orderReports[1].origQty === undefined, 'the pending order of an OPO has a quantity already');
        await good(signed('DELETE', '/api/v3/openOrders', {symbol: SYMBOL}));
    });
    await test('what lists refuse', async () => {
        const otoco = more => signed('POST', '/api/v3/orderList/otoco', {...OTOCO, ...more});
        await refused(otoco({workingType: 'MARKET'}), 400, -1159);
        await refused(otoco({pendingAboveType: 'LIMIT'}), 400, -1158, 'Order type not supported in OCO.');
        await refused(otoco({pendingBelowPrice: '38000.00'}), 400, -1106);
        await refused(otoco({pendingSide: 'SELL', pendingAbovePrice: '38000.00'}), 400, -2010,
            'The relationship of the prices for the orders is not correct.');
        await refused(signed('GET', '/api/v3/orderList', {orderListId: 999999999}), 400, -2013);
        await refused(signed('DELETE', '/api/v3/orderList', {symbol: SYMBOL, orderListId: 999999999}), 400, -2011);
    });
}

async function wire() {
    const order = () => encode({...LIMIT, newClientOrderId: id('wire'), recvWindow: 5000, timestamp: Date.now()});
    const cancelAll = () => good(signed('DELETE', '/api/v3/openOrders', {symbol: SYMBOL}));
    const post = (query, body, headers) => raw('POST', '/api/v3/order', {query, body, headers, key: env.key});

    await test('parameters in the query, the body, or both', async () => {
        let p = order();
        await good(post(`${p}&signature=${sign(p)}`));
        p = order();
        await good(post('', `${p}&signature=${sign(p)}`, {'Content-Type': 'application/x-www-form-urlencoded'}));
        p = order();
        const [q, b] = [p.slice(0, p.indexOf('&quantity')), p.slice(p.indexOf('&quantity') + 1)];
        await good(post(q, `${b}&signature=${sign(q + b)}`, {'Content-Type': 'application/x-www-form-urlencoded'}));
        await cancelAll();
    });
    await test('the signature may come first, in capitals, with any content type', async () => {
        const p = order();
        await good(post(`signature=${sign(p).toUpperCase()}&${p}`, undefined, {'Content-Type': 'application/json'}));
        await cancelAll();
    });
    await test('the signature is over the bytes as they are sent', async () => {
        const p = order().replace('40000.00', '%340000.00');
        await good(post(`${p}&signature=${sign(p)}`));
        await refused(post(`${p}&signature=${sign(decodeURIComponent(p))}`), 400, -1022);
        await cancelAll();
    });
    await test('timestamps in microseconds, and answers too', async () => {
        const o = await good(signed('POST', '/api/v3/order', {...LIMIT, timestamp: Date.now() * 1000}));
        that(o.transactTime < 1e14, `transactTime ${o.transactTime} is in ms`);
        const c = await good(signed('DELETE', '/api/v3/order', {symbol: SYMBOL, orderId: o.orderId},
            {headers: {'X-MBX-TIME-UNIT': 'MICROSECOND'}}));
        that(c.transactTime > 1e14, `transactTime ${c.transactTime} is in us`);
    });
    await test('parameters that are wrong', async () => {
        const bad = more => signed('POST', '/api/v3/order', {...LIMIT, ...more});
        await refused(bad({quantity: undefined}), 400, -1102,
            'Mandatory parameter \'quantity\' was not sent, was empty/null, or malformed.');
        await refused(bad({quantity: '1e-2'}), 400, -1100);
        await refused(bad({side: 'HOLD'}), 400, -1117, 'Invalid side.');
        await refused(bad({type: 'GUESS'}), 400, -1116, 'Invalid orderType.');
        await refused(bad({timeInForce: 'EVER'}), 400, -1115, 'Invalid timeInForce.');
        await refused(bad({stopPrice: '39000.00'}), 400, -1106, 'Parameter \'stopPrice\' sent when not required.');
        await refused(bad({unheardOf: '1'}), 400, -1104);
        await refused(bad({newClientOrderId: 'a'.repeat(37)}), 400, -1100);
        await refused(bad({symbol: ''}), 400, -1105);
        const twice = order() + '&side=BUY';
        await refused(post(`${twice}&signature=${sign(twice)}`), 400, -1101);
        await refused(signed('GET', '/api/v3/order', {symbol: SYMBOL}), 400, -1102);
    });
    await test('times that are wrong', async () => {
        await refused(signed('GET', '/api/v3/account', {timestamp: Date.now() - 10000}), 400, -1021,
            'Timestamp for this request is outside of the recvWindow.');
        await refused(signed('GET', '/api/v3/account', {timestamp: Date.now() + 5000}), 400, -1021,
            'Timestamp for this request was 1000ms ahead of the server\'s time.');
        await good(signed('GET', '/api/v3/account', {timestamp: Date.now() - 10000, recvWindow: 60000}));
        that((await signed('GET', '/api/v3/account', {recvWindow: 60001})).status === 400, 'a recvWindow of 60001');
    });
    await test('keys that are wrong', async () => {
        const p = encode({timestamp: Date.now()});
        await refused(raw('GET', '/api/v3/account', {query: `${p}&signature=${sign(p)}`, key: 'A'.repeat(64)}), 401, -2015);
        await refused(raw('GET', '/api/v3/account', {query: `${p}&signature=${sign(p)}`}), 401, -2014);
        await refused(raw('GET', '/api/v3/account', {query: p, key: env.key}), 400, -1102);
    });
}

async function faults() {
    const fault = (kind, method = 'GET', path = '/api/v3/account', p = {}) =>
        signed(method, path, p, {headers: {'X-Sim-Fault': kind}});
    await test('faults that a header names', async () => {
        const limited = await fault('rate_429;amount=5');
        equal(limited.status, 429, 'status');
        equal(limited.body.code, -1003, 'code');
        equal(limited.headers.get('retry-after'), '5', 'Retry-After');
        const gateway = await fault('html_502');
        equal(gateway.status, 502, 'status');
        that(/html/i.test(gateway.text) && gateway.body === null, 'no HTML');
        const busy = await fault('overloaded', 'POST', '/api/v3/order', LIMIT);
        equal(busy.body.code, -1008, 'code');
        let lost = null;
        await fault('close_before').catch(e => { lost = e; });
        that(lost !== null, 'an answer came through a closed connection');
    });
    await test('a reply that is lost was executed', async () => {
        const coid = id('lost');
        let lost = null;
        await fault('close_after', 'POST', '/api/v3/order', {...LIMIT, newClientOrderId: coid}).catch(e => { lost = e; });
        that(lost !== null, 'an answer came');
        const o = await good(signed('GET', '/api/v3/order', {symbol: SYMBOL, origClientOrderId: coid}));
        equal(o.status, 'NEW', 'status');
        await good(signed('DELETE', '/api/v3/order', {symbol: SYMBOL, origClientOrderId: coid}));
    });
}

(async () => {
    begin('wire');
    await info();
    await marketData();
    await account();
    await orders();
    await lists();
    await wire();
    await faults();
    end();
})();
