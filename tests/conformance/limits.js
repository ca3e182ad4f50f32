// Limits, on an exchange of their own that has small ones: weight 300 a minute, 3 orders a day.
'use strict';

const {env, load, begin, end, test, that, equal, signed, publicCall, fails, raw, encode, sign} = require('./lib');
let ccxt;
const {Spot, TooManyRequestsError, RateLimitBanError} = require('@binance/spot');

const LIMIT = {symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '40000.00'};

function exchange() {
    const ex = new ccxt.binance({apiKey: env.key, secret: env.secret, enableRateLimit: false});
    for (const [name, url] of Object.entries(ex.urls.api)) {
        if (typeof url === 'string') ex.urls.api[name] = env.url + new URL(url).pathname;
    }
    return ex;
}

const spot = new Spot({
    configurationRestAPI: {apiKey: env.key, apiSecret: env.secret, basePath: env.url, timeout: 5000, retries: 0},
}).restAPI;

// Until a call is refused: a minute may end, and with it what was counted, at any moment.
async function spend(call) {
    let got;
    for (let i = 0; i < 100; i++) {
        got = await call();
        if (got.status !== 200) break;
    }
    return got;
}

async function spendAndFail(call) {
    for (let i = 0; i < 100; i++) {
        try {
            await call();
        } catch (e) {
            return e;
        }
    }
    return new Error('a hundred calls went through');
}

(async () => {
    begin('limits');
    ccxt = await load('ccxt');
    await test('unfilled orders: the fourth of a day is refused', async () => {
        const first = await signed('POST', '/api/v3/order', LIMIT);
        that(Number(first.headers.get('x-mbx-order-count-10s')) >= 1, 'X-MBX-ORDER-COUNT-10S');
        equal(first.headers.get('x-mbx-order-count-1d'), '1', 'X-MBX-ORDER-COUNT-1D');
        await signed('POST', '/api/v3/order', LIMIT);
        await signed('POST', '/api/v3/order', LIMIT);
        const over = await signed('POST', '/api/v3/order', LIMIT);
        equal(over.status, 429, 'status');
        equal(over.body.code, -1015, 'code');
        const wait = Number(over.headers.get('retry-after'));
        that(wait >= 1 && wait <= 86400, `Retry-After ${wait}`);
        const e = await fails(exchange().privatePostOrder(LIMIT));
        that(e instanceof ccxt.DDoSProtection, `ccxt says ${e.constructor.name} ${e.message}`);
        const count = await signed('GET', '/api/v3/rateLimit/order');
        equal(count.body.find(c => c.interval === 'DAY').count, 3, 'count');
    });
    await test('weight: 429 with Retry-After, and what libraries make of it', async () => {
        const over = await spend(() => publicCall('/api/v3/exchangeInfo'));
        equal(over.status, 429, `status (${over.text})`);
        equal(over.body.code, -1003, 'code');
        const wait = Number(over.headers.get('retry-after'));
        that(wait >= 1 && wait <= 60, `Retry-After ${wait}`);
        const used = Number(over.headers.get('x-mbx-used-weight-1m'));
        that(used > 280, `X-MBX-USED-WEIGHT-1M ${used}`);
        const e = await spendAndFail(() => exchange().publicGetExchangeInfo());
        that(e instanceof ccxt.DDoSProtection, `ccxt says ${e.constructor.name} ${e.message}`);
        const s = await spendAndFail(() => spot.exchangeInfo());
        that(s instanceof TooManyRequestsError, `@binance/spot says ${s.name}`);
    });
    await test('who goes on is banned: 418', async () => {
        const got = await raw('GET', '/api/v3/account', {
            query: (p => `${p}&signature=${sign(p)}`)(encode({timestamp: Date.now()})),
            key: env.key, headers: {'X-Sim-Fault': 'ban_418;amount=600'},
        });
        that(got.status === 418 || got.status === 429, `status ${got.status}`);
        let last = got;
        for (let i = 0; i < 200 && last.status !== 418; i++) last = await publicCall('/api/v3/ping');
        equal(last.status, 418, 'status');
        that(Number(last.headers.get('retry-after')) > 0, 'no Retry-After');
        that(/banned until [0-9]{13}/.test(last.body.msg), `msg ${last.body.msg}`);
        const e = await fails(exchange().publicGetPing());
        that(e instanceof ccxt.DDoSProtection, `ccxt says ${e.constructor.name}`);
        const s = await fails(spot.ping());
        that(s instanceof RateLimitBanError, `@binance/spot says ${s.name}`);
    });
    end();
})();
