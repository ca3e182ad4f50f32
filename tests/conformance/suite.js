// The same way through the exchange for every library that hands through what it says: connectivity,
// exchange info, account, prices, klines, orders of each kind, order lists, and errors.
//
// A library is given as an object of functions that take the exchange's own parameters and give the
// exchange's own answers. `error(e)` makes {code, msg} of what the library throws.
'use strict';

const {
    SYMBOL, BASE, QUOTE, test, that, equal, amount, fails, until, setPrice, at, id,
} = require('./lib');
const F = require('./fields');
const {members} = require('./lib');

const START = 50000;

async function free(api, asset) {
    const account = await api.account();
    const b = account.balances.find(x => x.asset === asset);
    that(b !== undefined, `no balance of ${asset}`);
    return {free: Number(b.free), locked: Number(b.locked)};
}

function legs(list) {
    equal(list.symbol, SYMBOL, 'symbol');
    const of = {};
    for (const o of list.orders) of[o.clientOrderId] = o.orderId;
    return of;
}

async function expect(api, promise, code, msg) {
    const e = api.error(await fails(promise));
    if (code !== undefined) equal(e.code, code, 'code');
    if (typeof msg === 'string') equal(e.msg, msg, 'msg');
    if (msg instanceof RegExp) that(msg.test(e.msg), `msg is ${JSON.stringify(e.msg)}, should match ${msg}`);
}

async function market(api) {
    await test('connectivity', async () => {
        await api.ping();
        const now = await api.time();
        that(Math.abs(now - Date.now()) < 2000, `server time ${now} is not now`);
    });

    await test('exchange info', async () => {
        const info = await api.info();
        const s = info.symbols.find(x => x.symbol === SYMBOL);
        that(s !== undefined, 'the symbol is not listed');
        equal(s.status, 'TRADING', 'status');
        equal(s.baseAsset, BASE, 'baseAsset');
        equal(s.quoteAsset, QUOTE, 'quoteAsset');
        that(s.ocoAllowed && s.otoAllowed && s.opoAllowed, 'order lists are not allowed');
        that(s.orderTypes.includes('STOP_LOSS') && s.orderTypes.includes('LIMIT_MAKER'), 'order types are missing');
        const types = s.filters.map(f => f.filterType);
        for (const t of ['PRICE_FILTER', 'LOT_SIZE', 'NOTIONAL']) that(types.includes(t), `no filter ${t}`);
        amount(s.filters.find(f => f.filterType === 'PRICE_FILTER').tickSize, 0.01, 'tickSize');
        that(info.rateLimits.some(l => l.rateLimitType === 'REQUEST_WEIGHT' && l.interval === 'MINUTE'),
            'no request weight limit');
    });

    await test('account', async () => {
        const a = await api.account();
        equal(a.canTrade, true, 'canTrade');
        equal(a.accountType, 'SPOT', 'accountType');
        that((await free(api, QUOTE)).free > 1000, 'no quote to begin with');
        that((await free(api, BASE)).free > 0.1, 'no base to begin with');
    });

    await test('prices', async () => {
        await setPrice(START);
        const p = Number(await api.price(SYMBOL));
        that(Math.abs(p - START) < START / 10, `price ${p} is not near ${START}`);
        const b = await api.bookTicker(SYMBOL);
        that(Number(b.bidPrice) > 0 && Number(b.bidPrice) < Number(b.askPrice), 'bid is not below ask');
        that(Number(b.bidQty) > 0 && Number(b.askQty) > 0, 'nothing is offered');
        const day = await api.day(SYMBOL);
        equal(day.symbol, SYMBOL, 'symbol');
        that(Number(day.highPrice) >= Number(day.lowPrice), 'high is below low');
    });

    await test('klines', async () => {
        const rows = await api.klines(SYMBOL, '1m', 10);
        that(rows.length >= 1 && rows.length <= 10, `${rows.length} klines`);
        for (const k of rows) {
            equal(k.length, 12, 'columns');
            const [open, high, low, close] = k.slice(1, 5).map(Number);
            that(high >= Math.max(open, close) && low <= Math.min(open, close), `range ${k}`);
            equal(Number(k[6]) - Number(k[0]), 59999, 'length in ms');
        }
        for (let i = 1; i < rows.length; i++) that(rows[i][0] > rows[i - 1][0], 'klines out of order');
    });
}

async function orders(api) {
    await test('test order', async () => {
        const got = await api.testOrder({
            symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: at(START, 0.8),
        });
        equal(JSON.stringify(got), '{}', 'answer');
        equal((await api.openOrders(SYMBOL)).length, 0, 'open orders');
    });

    await test('limit order, query, open orders, cancel', async () => {
        const before = await free(api, QUOTE), coid = id('lim'), price = at(START, 0.8);
        const o = await api.order({
            symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price,
            newClientOrderId: coid, newOrderRespType: 'FULL',
        });
        members(o, F.ORDER_FULL, 'order');
        equal(o.status, 'NEW', 'status');
        equal(o.clientOrderId, coid, 'clientOrderId');
        amount(o.price, price, 'price');
        amount(o.origQty, 0.01, 'origQty');
        equal(o.fills.length, 0, 'fills');
        const locked = await free(api, QUOTE);
        amount(locked.locked - before.locked, 0.01 * Number(price), 'locked');
        amount(before.free - locked.free, 0.01 * Number(price), 'taken from free');

        const q = await api.query({symbol: SYMBOL, orderId: o.orderId});
        members(q, F.ORDER_STORED, 'stored order');
        equal(q.clientOrderId, coid, 'clientOrderId');
        equal(q.status, 'NEW', 'status');
        equal(q.isWorking, true, 'isWorking');
        equal(String((await api.query({symbol: SYMBOL, origClientOrderId: coid})).orderId), String(o.orderId), 'by client id');

        const open = await api.openOrders(SYMBOL);
        equal(open.length, 1, 'open orders');
        equal(open[0].clientOrderId, coid, 'open order');

        const c = await api.cancel({symbol: SYMBOL, orderId: o.orderId});
        members(c, F.ORDER_CANCELED, 'cancelled order');
        equal(c.status, 'CANCELED', 'status');
        equal(c.origClientOrderId, coid, 'origClientOrderId');
        that(c.clientOrderId !== coid, 'the cancel has the order\'s id');
        equal((await api.openOrders(SYMBOL)).length, 0, 'open orders');
        equal((await api.query({symbol: SYMBOL, orderId: o.orderId})).status, 'CANCELED', 'status');
        amount((await free(api, QUOTE)).locked, before.locked, 'locked');
    });

    await test('market order and my trades', async () => {
        const before = await free(api, BASE), quote = await free(api, QUOTE);
        const o = await api.order({symbol: SYMBOL, side: 'BUY', type: 'MARKET', quantity: '0.01', newOrderRespType: 'FULL'});
        members(o, F.ORDER_FULL, 'order');
        equal(o.status, 'FILLED', 'status');
        amount(o.executedQty, 0.01, 'executedQty');
        const sum = o.fills.reduce((s, f) => s + Number(f.qty), 0);
        const cost = o.fills.reduce((s, f) => s + Number(f.qty) * Number(f.price), 0);
        const fee = o.fills.reduce((s, f) => s + (f.commissionAsset === BASE ? Number(f.commission) : 0), 0);
        amount(sum, 0.01, 'sum of fills');
        that(Math.abs(cost - Number(o.cummulativeQuoteQty)) < 1e-6, `cost ${cost}, told ${o.cummulativeQuoteQty}`);
        amount((await free(api, BASE)).free - before.free, 0.01 - fee, 'base received');
        that(Math.abs(quote.free - (await free(api, QUOTE)).free - cost) < 1e-6, 'quote paid');

        const trades = await api.trades({symbol: SYMBOL, orderId: o.orderId});
        equal(trades.length, o.fills.length, 'trades');
        for (const t of trades) {
            members(t, F.TRADE, 'trade');
            equal(String(t.orderId), String(o.orderId), 'orderId');
            equal(t.isBuyer, true, 'isBuyer');
            equal(t.isMaker, false, 'isMaker');
            const f = o.fills.find(x => String(x.tradeId) === String(t.id));
            that(f !== undefined, `trade ${t.id} is not among the fills`);
            amount(t.qty, f.qty, 'qty');
            amount(t.price, f.price, 'price');
        }
    });

    await test('market order for an amount of quote', async () => {
        const o = await api.order({symbol: SYMBOL, side: 'BUY', type: 'MARKET', quoteOrderQty: '100', newOrderRespType: 'FULL'});
        equal(o.status, 'FILLED', 'status');
        amount(o.origQuoteOrderQty, 100, 'origQuoteOrderQty');
        that(Number(o.cummulativeQuoteQty) <= 100 && Number(o.cummulativeQuoteQty) > 98, `paid ${o.cummulativeQuoteQty}`);
    });

    await test('stop order fires', async () => {
        await setPrice(START);
        const o = await api.order({
            symbol: SYMBOL, side: 'SELL', type: 'STOP_LOSS', quantity: '0.01', stopPrice: at(START, 0.9), newOrderRespType: 'RESULT',
        });
        members(o, F.ORDER_RESULT.concat('stopPrice'), 'order');
        equal(o.status, 'NEW', 'status');
        equal(o.workingTime, -1, 'workingTime');
        equal((await api.query({symbol: SYMBOL, orderId: o.orderId})).isWorking, false, 'isWorking');
        await setPrice(at(START, 0.89));
        const q = await until(() => api.query({symbol: SYMBOL, orderId: o.orderId}), x => x.status === 'FILLED', 'fill');
        amount(q.executedQty, 0.01, 'executedQty');
        equal(q.isWorking, true, 'isWorking');
        amount(q.stopPrice, at(START, 0.9), 'stopPrice');
        await setPrice(START);
    });

    await test('stop limit order rests, default answer is ACK', async () => {
        await setPrice(START);
        const coid = id('stp');
        const o = await api.order({
            symbol: SYMBOL, side: 'SELL', type: 'STOP_LOSS_LIMIT', timeInForce: 'GTC', quantity: '0.01',
            stopPrice: at(START, 0.9), price: at(START, 0.89), newClientOrderId: coid, ...api.ack,
        });
        members(o, F.ORDER_ACK, 'order');
        const q = await api.query({symbol: SYMBOL, origClientOrderId: coid});
        equal(q.type, 'STOP_LOSS_LIMIT', 'type');
        const c = await api.cancel({symbol: SYMBOL, origClientOrderId: coid});
        members(c, F.ORDER_CANCELED.concat('stopPrice'), 'cancelled stop order');
        equal(c.status, 'CANCELED', 'status');
    });
}

function coids(prefix) {
    return {list: id(prefix + 'L'), working: id(prefix + 'W'), above: id(prefix + 'A'), below: id(prefix + 'B')};
}

async function cancelList(api, list) {
    const done = await api.cancelList({symbol: SYMBOL, orderListId: list.orderListId});
    members(done, F.LIST, 'cancelled list');
    equal(done.listStatusType, 'ALL_DONE', 'listStatusType');
    equal(done.listOrderStatus, 'ALL_DONE', 'listOrderStatus');
    for (const r of done.orderReports) equal(r.status, 'CANCELED', 'status');
    equal((await api.openOrders(SYMBOL)).length, 0, 'open orders');
}

async function lists(api) {
    await test('OCO', async () => {
        await setPrice(START);
        const c = coids('oco');
        const list = await api.oco({
            symbol: SYMBOL, side: 'SELL', quantity: '0.01', listClientOrderId: c.list,
            aboveType: 'LIMIT_MAKER', abovePrice: at(START, 1.1), aboveClientOrderId: c.above,
            belowType: 'STOP_LOSS_LIMIT', belowStopPrice: at(START, 0.9), belowPrice: at(START, 0.89),
            belowTimeInForce: 'GTC', belowClientOrderId: c.below,
        });
        members(list, F.LIST, 'list');
        equal(list.contingencyType, 'OCO', 'contingencyType');
        equal(list.listStatusType, 'EXEC_STARTED', 'listStatusType');
        equal(list.listOrderStatus, 'EXECUTING', 'listOrderStatus');
        equal(list.listClientOrderId, c.list, 'listClientOrderId');
        const of = legs(list);
        equal(Object.keys(of).sort().join(' '), [c.above, c.below].sort().join(' '), 'legs');
        const stop = await api.query({symbol: SYMBOL, orderId: of[c.below]});
        equal(stop.type, 'STOP_LOSS_LIMIT', 'type');
        equal(String(stop.orderListId), String(list.orderListId), 'orderListId');
        const stored = await api.queryList({orderListId: list.orderListId});
        members(stored, F.LIST_STORED, 'stored list');
        await cancelList(api, list);
    });

    await test('OCO: the target takes the stop with it', async () => {
        await setPrice(START);
        const c = coids('tgt');
        const list = await api.oco({
            symbol: SYMBOL, side: 'SELL', quantity: '0.01', listClientOrderId: c.list,
            aboveType: 'LIMIT_MAKER', abovePrice: at(START, 1.05), aboveClientOrderId: c.above,
            belowType: 'STOP_LOSS', belowStopPrice: at(START, 0.9), belowClientOrderId: c.below,
        });
        const of = legs(list);
        await setPrice(at(START, 1.06));
        await until(() => api.query({symbol: SYMBOL, orderId: of[c.above]}), x => x.status === 'FILLED', 'target');
        const stop = await api.query({symbol: SYMBOL, orderId: of[c.below]});
        equal(stop.status, 'EXPIRED', 'status of the stop');
        await setPrice(START);
    });

    await test('OTOCO', async () => {
        await setPrice(START);
        const c = coids('otoco');
        const list = await api.otoco({
            symbol: SYMBOL, listClientOrderId: c.list, newOrderRespType: 'RESULT',
            workingType: 'LIMIT', workingSide: 'BUY', workingTimeInForce: 'FOK', workingPrice: at(START, 1.05),
            workingQuantity: '0.01', workingClientOrderId: c.working,
            pendingSide: 'SELL', pendingQuantity: '0.01',
            pendingAboveType: 'TAKE_PROFIT', pendingAboveStopPrice: at(START, 1.1), pendingAboveClientOrderId: c.above,
            pendingBelowType: 'STOP_LOSS', pendingBelowStopPrice: at(START, 0.9), pendingBelowClientOrderId: c.below,
        });
        members(list, F.LIST, 'list');
        equal(list.contingencyType, 'OTO', 'contingencyType');
        const of = legs(list);
        equal(Object.keys(of).length, 3, 'orders');
        const report = coid => list.orderReports.find(r => r.clientOrderId === coid);
        equal(report(c.working).status, 'FILLED', 'status of the entry');
        for (const leg of [c.above, c.below]) {
            equal(report(leg).status, 'PENDING_NEW', 'status of a leg in the answer');
            equal(report(leg).workingTime, -1, 'workingTime of a leg');
            const q = await api.query({symbol: SYMBOL, orderId: of[leg]});
            equal(q.status, 'NEW', 'status of a leg afterwards');
            amount(q.origQty, 0.01, 'quantity of a leg');
        }
        equal((await api.openOrders(SYMBOL)).length, 2, 'open orders');
        await cancelList(api, list);
    });

    await test('OTOCO whose entry does not fill expires', async () => {
        await setPrice(START);
        const c = coids('fok');
        const list = await api.otoco({
            symbol: SYMBOL, listClientOrderId: c.list, newOrderRespType: 'RESULT',
            workingType: 'LIMIT', workingSide: 'BUY', workingTimeInForce: 'FOK', workingPrice: at(START, 0.9),
            workingQuantity: '0.01', workingClientOrderId: c.working,
            pendingSide: 'SELL', pendingQuantity: '0.01',
            pendingAboveType: 'LIMIT_MAKER', pendingAbovePrice: at(START, 1.1), pendingAboveClientOrderId: c.above,
            pendingBelowType: 'STOP_LOSS', pendingBelowStopPrice: at(START, 0.8), pendingBelowClientOrderId: c.below,
        });
        equal(list.listOrderStatus, 'ALL_DONE', 'listOrderStatus');
        for (const coid of [c.working, c.above, c.below]) {
            const q = await api.query({symbol: SYMBOL, origClientOrderId: coid});
            equal(q.status, 'EXPIRED', 'status');
            equal(q.expiryReason, coid === c.working ? 'UNFILLED_FOK_ORDER_EXPIRED' : 'OTO_PHASE_ONE_EXPIRED', 'expiryReason');
        }
    });

    await test('OPOCO', async () => {
        await setPrice(START);
        const c = coids('opoco'), before = await free(api, BASE);
        const list = await api.opoco({
            symbol: SYMBOL, listClientOrderId: c.list, newOrderRespType: 'RESULT',
            workingType: 'LIMIT', workingSide: 'BUY', workingTimeInForce: 'FOK', workingPrice: at(START, 1.05),
            workingQuantity: '0.01', workingClientOrderId: c.working, pendingSide: 'SELL',
            pendingAboveType: 'TAKE_PROFIT', pendingAboveStopPrice: at(START, 1.1), pendingAboveClientOrderId: c.above,
            pendingBelowType: 'STOP_LOSS', pendingBelowStopPrice: at(START, 0.9), pendingBelowClientOrderId: c.below,
        });
        equal(list.contingencyType, 'OTO', 'contingencyType');
        const of = legs(list), after = await free(api, BASE);
        const trades = await api.trades({symbol: SYMBOL, orderId: of[c.working]});
        const fee = trades.reduce((s, t) => s + (t.commissionAsset === BASE ? Number(t.commission) : 0), 0);
        const q = await api.query({symbol: SYMBOL, orderId: of[c.above]});
        equal(q.status, 'NEW', 'status of a leg');
        const step = 0.00001, sized = Math.floor(((0.01 - fee) / step) + 1e-6) * step;
        amount(q.origQty, sized, 'quantity of a leg');
        amount(after.locked - before.locked, sized, 'base locked, once for the pair');
        await cancelList(api, list);
    });
}

async function errors(api) {
    const limit = {symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: at(START, 0.8)};
    await setPrice(START);

    await test('error: invalid symbol', () => expect(api, api.price('NOSUCHUSDT'), -1121, 'Invalid symbol.'));
    await test('error: lot size', () =>
        expect(api, api.order({...limit, quantity: '0.000001'}), -1013, 'Filter failure: LOT_SIZE'));
    await test('error: price filter', () =>
        expect(api, api.order({...limit, price: '40000.001'}), -1013, 'Filter failure: PRICE_FILTER'));
    await test('error: notional', () =>
        expect(api, api.order({...limit, quantity: '0.00001'}), -1013, 'Filter failure: NOTIONAL'));
    await test('error: too much precision', () =>
        expect(api, api.order({...limit, quantity: '0.0100000001'}), -1111, 'Parameter \'quantity\' has too much precision.'));
    await test('error: no funds', () =>
        expect(api, api.order({...limit, quantity: '200'}), -2010, 'Account has insufficient balance for requested action.'));
    await test('error: stop on the wrong side', () =>
        expect(api, api.order({symbol: SYMBOL, side: 'SELL', type: 'STOP_LOSS', quantity: '0.01', stopPrice: at(START, 1.1)}),
            -2010, 'Order would trigger immediately.'));
    await test('error: limit maker that would take', () =>
        expect(api, api.order({symbol: SYMBOL, side: 'BUY', type: 'LIMIT_MAKER', quantity: '0.01', price: at(START, 1.1)}),
            -2010, 'Order would immediately match and take.'));
    await test('error: client id of a live order', async () => {
        const coid = id('dup');
        await api.order({...limit, newClientOrderId: coid});
        await expect(api, api.order({...limit, newClientOrderId: coid}), -2010, 'Duplicate order sent.');
        await api.cancel({symbol: SYMBOL, origClientOrderId: coid});
    });
    await test('error: cancel of what is not there', () =>
        expect(api, api.cancel({symbol: SYMBOL, orderId: 999999999}), -2011, 'Unknown order sent.'));
    await test('error: query of what is not there', () =>
        expect(api, api.query({symbol: SYMBOL, orderId: 999999999}), -2013, 'Order does not exist.'));
    await test('error: prices of an OCO', () =>
        expect(api, api.oco({
            symbol: SYMBOL, side: 'SELL', quantity: '0.01', aboveType: 'LIMIT_MAKER', abovePrice: at(START, 0.95),
            belowType: 'STOP_LOSS', belowStopPrice: at(START, 0.9),
        }), -2010, 'The relationship of the prices for the orders is not correct.'));
    if (api.stranger) {
        await test('error: wrong secret', () =>
            expect(api, api.stranger({secret: 'wrong'.repeat(10)}), -1022, 'Signature for this request is not valid.'));
        await test('error: unknown key', () =>
            expect(api, api.stranger({key: 'A'.repeat(64)}), -2015, 'Invalid API-key, IP, or permissions for action.'));
    }
}

async function all(api) {
    await market(api);
    await orders(api);
    await lists(api);
    await errors(api);
}

module.exports = {market, orders, lists, errors, all, expect, START};
