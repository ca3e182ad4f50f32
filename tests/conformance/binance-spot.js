// @binance/spot, the exchange's own library.
'use strict';

const {env, begin, end, test, that, fails, equal} = require('./lib');
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
    end();
})();
