// @binance/connector, the exchange's library of before.
'use strict';

const {env, begin, end, test, equal, SYMBOL, at, setPrice} = require('./lib');
const {all, START} = require('./suite');
const {Spot} = require('@binance/connector');

function open(key = env.key, secret = env.secret) {
    return new Spot(key, secret, {baseURL: env.url});
}

const c = open();
const data = async promise => (await promise).data;
const signed = (method, path, p) => data(c.signRequest(method, path, p));
const order = ({symbol, side, type, ...rest}) => [symbol, side, type, rest];

const api = {
    ack: {},
    ping: () => data(c.ping()),
    time: async () => (await data(c.time())).serverTime,
    info: () => data(c.exchangeInfo()),
    account: () => data(c.account()),
    price: async symbol => (await data(c.tickerPrice(symbol))).price,
    bookTicker: symbol => data(c.bookTicker(symbol)),
    day: symbol => data(c.ticker24hr(symbol)),
    klines: (symbol, interval, limit) => data(c.klines(symbol, interval, {limit})),
    order: p => data(c.newOrder(...order(p))),
    testOrder: p => data(c.newOrderTest(...order(p))),
    query: ({symbol, ...rest}) => data(c.getOrder(symbol, rest)),
    cancel: ({symbol, ...rest}) => data(c.cancelOrder(symbol, rest)),
    openOrders: symbol => data(c.openOrders({symbol})),
    trades: ({symbol, ...rest}) => data(c.myTrades(symbol, rest)),
    oco: p => signed('POST', '/api/v3/orderList/oco', p),
    otoco: p => signed('POST', '/api/v3/orderList/otoco', p),
    opoco: p => signed('POST', '/api/v3/orderList/opoco', p),
    queryList: p => data(c.getOCOOrder(p)),
    cancelList: ({symbol, ...rest}) => data(c.cancelOCOOrder(symbol, rest)),
    stranger: ({key, secret}) => data(open(key, secret).account()),
    error: e => e.response.data,
};

(async () => {
    begin('@binance/connector');
    await all(api);
    await test('OCO by its own function, to buy', async () => {
        await setPrice(START);
        const list = await data(c.newOCOOrder(SYMBOL, 'BUY', '0.01', 'STOP_LOSS_LIMIT', 'LIMIT_MAKER', {
            aboveStopPrice: at(START, 1.1), abovePrice: at(START, 1.11), aboveTimeInForce: 'GTC', belowPrice: at(START, 0.9),
        }));
        equal(list.contingencyType, 'OCO', 'contingencyType');
        await api.cancelList({symbol: SYMBOL, orderListId: list.orderListId});
    });
    end();
})();
