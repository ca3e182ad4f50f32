// @binance/spot, the exchange's own library.
'use strict';

const {env, begin, end, test, that, fails, equal, until, setPrice} = require('./lib');
const {all} = require('./suite');
const {
    Spot, BadRequestError, UnauthorizedError, NotFoundError,
} = require('@binance/spot');

function open(key = env.key, secret = env.secret) {
    return new Spot({
        configurationRestAPI: {apiKey: key, apiSecret: secret, basePath: env.url, timeout: 5000, retries: 0},
    }).restAPI;
}

const rest = open();
const data = async promise => (await promise).data();

// It takes decimal text for numbers: what it is given is what it writes.
const api = {
    ack: {},
    ping: () => data(rest.ping()),
    time: async () => (await data(rest.time())).serverTime,
    info: () => data(rest.exchangeInfo()),
    account: () => data(rest.getAccount()),
    price: async symbol => (await data(rest.tickerPrice({symbol}))).price,
    bookTicker: symbol => data(rest.tickerBookTicker({symbol})),
    day: symbol => data(rest.ticker24hr({symbol})),
    klines: (symbol, interval, limit) => data(rest.klines({symbol, interval, limit})),
    order: p => data(rest.newOrder(p)),
    testOrder: p => data(rest.orderTest(p)),
    query: p => data(rest.getOrder(p)),
    cancel: p => data(rest.deleteOrder(p)),
    openOrders: symbol => data(rest.getOpenOrders({symbol})),
    trades: p => data(rest.myTrades(p)),
    oco: p => data(rest.orderListOco(p)),
    otoco: p => data(rest.orderListOtoco(p)),
    opoco: p => data(rest.orderListOpoco(p)),
    queryList: p => data(rest.getOrderList(p)),
    cancelList: p => data(rest.deleteOrderList(p)),
    stranger: ({key, secret}) => data(open(key, secret).getAccount()),
    error: e => ({code: e.code, msg: e.message}),
};

(async () => {
    begin('@binance/spot');
    await all(api);
    await test('errors are of its own classes', async () => {
        const bad = await fails(rest.tickerPrice({symbol: 'NOSUCHUSDT'}));
        that(bad instanceof BadRequestError, `400 is ${bad.name}`);
        const stranger = await fails(open('A'.repeat(64)).getAccount());
        that(stranger instanceof UnauthorizedError, `401 is ${stranger.name}`);
        const lost = await fails(rest.sendRequest('/api/v3/nowhere', 'GET', {}, {}));
        that(lost instanceof NotFoundError, `404 is ${lost.name}`);
    });
    await test('order amend and cancelReplace', async () => {
        const o = await api.order({
            symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.02', price: '40000.00',
        });
        const less = await data(rest.orderAmendKeepPriority({symbol: 'BTCUSDT', orderId: o.orderId, newQty: '0.01'}));
        equal(Number(less.amendedOrder.qty), 0.01, 'qty');
        const other = await data(rest.orderCancelReplace({
            symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '41000.00',
            cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: o.orderId,
        }));
        equal(other.cancelResult, 'SUCCESS', 'cancelResult');
        equal(other.newOrderResult, 'SUCCESS', 'newOrderResult');
        await api.cancel({symbol: 'BTCUSDT', orderId: other.newOrderResponse.orderId});
    });
    await test('WebSocket API', async () => {
        const line = await new Spot({
            configurationWebsocketAPI: {apiKey: env.key, apiSecret: env.secret, wsURL: `${env.url.replace('http:', 'ws:')}/ws-api/v3`},
        }).websocketAPI.connect();
        const price = (await line.tickerPrice({symbol: 'BTCUSDT'})).data;
        that(Number(price.price) > 0, 'price');
        const o = (await line.orderPlace({
            symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: 0.01, price: 40000, newOrderRespType: 'RESULT',
        })).data;
        equal(o.status, 'NEW', 'status');
        equal((await line.orderStatus({symbol: 'BTCUSDT', orderId: o.orderId})).data.status, 'NEW', 'status');
        const events = [];
        const sub = await line.userDataStreamSubscribeSignature({});
        sub.stream.on('message', m => events.push(m));
        equal((await line.orderCancel({symbol: 'BTCUSDT', orderId: o.orderId})).data.status, 'CANCELED', 'status');
        await until(async () => events, all => all.some(e => e.e === 'executionReport' && e.x === 'CANCELED'), 'the report');
        const wrong = await fails(line.orderStatus({symbol: 'BTCUSDT', orderId: 999999999}));
        equal(wrong.code, -2013, `code (${wrong.msg || wrong.message})`);
        await line.disconnect();
    });
    await test('streams', async () => {
        const streams = await new Spot({
            configurationWebsocketStreams: {wsURL: env.url.replace('http:', 'ws:')},
        }).websocketStreams.connect();
        const seen = [];
        streams.bookTicker({symbol: 'btcusdt'}).on('message', m => seen.push(m));
        streams.kline({symbol: 'btcusdt', interval: '1m'}).on('message', m => seen.push(m));
        await until(() => setPrice(50000).then(() => seen), all => all.some(m => m.b && m.a) && all.some(m => m.k), 'both streams');
        await streams.disconnect();
    });
    end();
})();
