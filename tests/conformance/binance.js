// binance (tiagosiebler).
'use strict';

const {env, begin, end, test, equal, fails} = require('./lib');
const {all} = require('./suite');
const {MainClient} = require('binance');

function open(key = env.key, secret = env.secret) {
    return new MainClient({api_key: key, api_secret: secret, baseUrl: env.url, disableTimeSync: true});
}

const c = open();
const api = {
    ack: {newOrderRespType: 'ACK'}, // it asks for more of its own
    ping: () => c.testConnectivity(),
    time: async () => (await c.get('api/v3/time')).serverTime, // its own getServerTime has a host of its own
    info: () => c.getExchangeInfo(),
    account: () => c.getAccountInformation(),
    price: async symbol => (await c.getSymbolPriceTicker({symbol})).price,
    bookTicker: symbol => c.getSymbolOrderBookTicker({symbol}),
    day: symbol => c.get24hrChangeStatistics({symbol}),
    klines: (symbol, interval, limit) => c.getKlines({symbol, interval, limit}),
    order: p => c.submitNewOrder({...p}), // it writes into what it is given
    testOrder: p => c.testNewOrder(p),
    query: p => c.getOrder(p),
    cancel: p => c.cancelOrder(p),
    openOrders: symbol => c.getOpenOrders({symbol}),
    trades: p => c.getAccountTradeList(p),
    oco: p => c.submitNewOrderList(p),
    otoco: p => c.submitNewOrderListOTOCO(p),
    opoco: p => c.submitNewOrderListOPOCO(p),
    queryList: p => c.getOCO(p),
    cancelList: p => c.cancelOCO(p),
    stranger: ({key, secret}) => open(key, secret).getAccountInformation(),
    error: e => ({code: e.code, msg: e.message}),
};

(async () => {
    begin('binance');
    await all(api);
    await test('an order is replaced, all are cancelled', async () => { // its amend asks the futures host
        const order = {symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.02', price: '40000.00'};
        const o = await api.order(order);
        const r = await c.replaceOrder({...order, quantity: '0.01', cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: o.orderId});
        equal(r.cancelResult, 'SUCCESS', 'cancelResult');
        equal(Number(r.newOrderResponse.origQty), 0.01, 'origQty');
        const none = await fails(c.replaceOrder({...order, cancelReplaceMode: 'STOP_ON_FAILURE', cancelOrderId: o.orderId}));
        equal(none.code, -2022, 'code');
        equal((await c.cancelAllSymbolOrders({symbol: 'BTCUSDT'})).length, 1, 'cancelled');
    });
    end();
})();
