// binance-api-node: everything in the query, no recvWindow, and the OCO endpoint of old.
'use strict';

const {env, begin, end, test, that, equal, SYMBOL, at, setPrice, moving, members} = require('./lib');
const F = require('./fields');
const {all, START} = require('./suite');
const Binance = require('binance-api-node').default;

function open(key = env.key, secret = env.secret) {
    return Binance({apiKey: key, apiSecret: secret, httpBase: env.url, httpFutures: env.url});
}

const c = open();
const signed = (method, path, p) => c.privateRequest(method, path, {...p});

const api = {
    ack: {newOrderRespType: 'ACK'},
    ping: () => c.ping(),
    time: () => c.time(),
    info: () => c.exchangeInfo(),
    account: () => c.accountInfo(),
    price: async symbol => (await c.prices({symbol}))[symbol],
    bookTicker: async symbol => (await c.allBookTickers())[symbol],
    day: symbol => c.dailyStats({symbol}),
    klines: async (symbol, interval, limit) => // it names the columns; the last is dropped
        (await c.candles({symbol, interval, limit})).map(k => [k.openTime, k.open, k.high, k.low, k.close, k.volume,
            k.closeTime, k.quoteVolume, k.trades, k.baseAssetVolume, k.quoteAssetVolume, '0']),
    order: p => c.order({...p}),
    testOrder: p => c.orderTest({...p}),
    query: p => c.getOrder({...p}),
    cancel: p => c.cancelOrder({...p}),
    openOrders: symbol => c.openOrders({symbol}),
    trades: p => c.myTrades({...p}),
    oco: p => signed('POST', '/api/v3/orderList/oco', p),
    otoco: p => signed('POST', '/api/v3/orderList/otoco', p),
    opoco: p => signed('POST', '/api/v3/orderList/opoco', p),
    queryList: p => c.getOrderOco({...p}),
    cancelList: p => c.cancelOrderOco({...p}),
    stranger: ({key, secret}) => open(key, secret).accountInfo(),
    error: e => ({code: e.code, msg: e.message}),
};

(async () => {
    begin('binance-api-node');
    await all(api);
    await test('OCO by the endpoint of old', async () => {
        await setPrice(START);
        const list = await c.orderOco({
            symbol: SYMBOL, side: 'SELL', quantity: '0.01', price: at(START, 1.1), stopPrice: at(START, 0.9),
            stopLimitPrice: at(START, 0.89),
        });
        members(list, F.LIST, 'list');
        equal(list.contingencyType, 'OCO', 'contingencyType');
        const types = list.orderReports.map(r => r.type).sort().join(' ');
        equal(types, 'LIMIT_MAKER STOP_LOSS_LIMIT', 'types');
        await api.cancelList({symbol: SYMBOL, orderListId: list.orderListId});
    });
    await test('streams', async () => {
        const line = Binance({wsBase: `${env.url.replace('http:', 'ws:')}/ws`}).ws;
        const seen = {};
        const note = name => m => { seen[name] = m; };
        line.ticker(SYMBOL, note('ticker'));
        line.aggTrades([SYMBOL], note('aggTrades'));
        line.candles(SYMBOL, '1m', note('candles'));
        line.depth(SYMBOL, note('depth'));
        line.partialDepth({symbol: SYMBOL, level: 5}, note('partialDepth'));
        line.bookTicker(SYMBOL, note('bookTicker'));
        await moving(() => Object.keys(seen).length === 6, () => `only ${Object.keys(seen)} came`);
        equal(seen.aggTrades.symbol, SYMBOL, 'symbol');
        equal(seen.partialDepth.bids.length, 5, 'levels');
        that(Number(seen.candles.high) >= Number(seen.candles.low), 'high is below low');
        that(Number(seen.ticker.curDayClose) > 0, 'no last price');
        that(seen.depth.firstUpdateId <= seen.depth.finalUpdateId, 'update ids');
    });
    end();
})();
