// node-binance-api: orders in the body, the rest in the query; what it has no function for goes
// through its signed request.
'use strict';

const {env, SYMBOL, begin, end, test, that, moving} = require('./lib');
const {all} = require('./suite');
const Module = require('node-binance-api');
const Binance = Module.default || Module;

function open(key = env.key, secret = env.secret) {
    return new Binance().options({
        APIKEY: key, APISECRET: secret, test: false, useServerTime: false,
        urls: {base: `${env.url}/api/`, fapi: `${env.url}/fapi/`},
    });
}

const c = open();
const signed = (path, p, method) => c.privateSpotRequest(path, {...p}, method);

// Its answers are those of the exchange, but for numbers that it parses: tests compare amounts.
const api = {
    ack: {newOrderRespType: 'ACK'},
    ping: () => c.ping(),
    time: async () => (await c.time()).serverTime,
    info: () => c.exchangeInfo(),
    account: () => signed('v3/account', {}, 'GET'),
    price: async symbol => (await c.publicRequest(`${env.url}/api/v3/ticker/price`, {symbol})).price,
    bookTicker: symbol => c.publicRequest(`${env.url}/api/v3/ticker/bookTicker`, {symbol}),
    day: symbol => c.publicRequest(`${env.url}/api/v3/ticker/24hr`, {symbol}),
    klines: (symbol, interval, limit) => c.publicRequest(`${env.url}/api/v3/klines`, {symbol, interval, limit}),
    order: ({type, side, symbol, quantity, price, ...flags}) => c.order(type, side, symbol, quantity, price, flags),
    testOrder: ({type, side, symbol, quantity, price, ...flags}) =>
        c.order(type, side, symbol, quantity, price, {...flags, test: true}),
    query: ({symbol, orderId, ...flags}) => c.orderStatus(symbol, orderId, flags),
    cancel: ({symbol, orderId, ...flags}) => c.cancel(symbol, orderId, flags),
    openOrders: symbol => c.openOrders(symbol),
    trades: ({symbol, ...flags}) => c.trades(symbol, flags),
    oco: ({side, symbol, quantity, ...flags}) => c.ocoOrder(side, symbol, quantity, flags),
    otoco: p => signed('v3/orderList/otoco', p, 'POST'),
    opoco: p => signed('v3/orderList/opoco', p, 'POST'),
    queryList: p => signed('v3/orderList', p, 'GET'),
    cancelList: p => signed('v3/orderList', p, 'DELETE'),
    stranger: ({key, secret}) => open(key, secret).privateSpotRequest('v3/account', {}, 'GET'),
    error: e => JSON.parse(e.message), // it throws the body's text
};

(async () => {
    begin('node-binance-api');
    await all(api);
    await test('streams', async () => {
        const line = open(), seen = {};
        const note = name => (...what) => { seen[name] = what; };
        line.stream = `${env.url.replace('http:', 'ws:')}/ws/`;
        line.combineStream = `${env.url.replace('http:', 'ws:')}/stream?streams=`;
        line.tradesStream([SYMBOL], note('trades'));
        line.candlesticksStream([SYMBOL], '1m', note('candlesticks'));
        line.bookTickersStream(SYMBOL, note('bookTickers'));
        line.prevDayStream(SYMBOL, note('prevDay'));
        line.depthCacheStream([SYMBOL], note('depthCache'), 10); // puts a snapshot and the changes together
        await moving(() => Object.keys(seen).length === 5, () => `only ${Object.keys(seen)} came`);
        const cache = seen.depthCache[1];
        const [bid, ask] = [Math.max(...Object.keys(cache.bids).map(Number)), Math.min(...Object.keys(cache.asks).map(Number))];
        that(bid > 0 && bid < ask, `bid ${bid}, ask ${ask}`);
    });
    end();
})();
