// ws: market streams, the WebSocket API and user data, as a client of one's own would read them.
'use strict';

const {
    env, SYMBOL, begin, end, test, that, equal, members, signed, sign, setPrice, id, fail,
} = require('./lib');
const F = require('./fields');
const WebSocket = require('ws');

const BASE = env.url.replace('http:', 'ws:');

// A connection whose messages can be waited for in any order.
class Line {
    static open(path) {
        const line = new Line();
        line.seen = [];
        line.waiters = [];
        line.pings = 0;
        line.ws = new WebSocket(BASE + path);
        line.ws.on('message', text => line.take(JSON.parse(text.toString())));
        line.ws.on('ping', () => line.pings++);
        return new Promise((resolve, reject) => {
            line.ws.on('open', () => resolve(line));
            line.ws.on('error', reject);
        });
    }

    take(msg) {
        const i = this.waiters.findIndex(w => w.want(msg));
        if (i >= 0) this.waiters.splice(i, 1)[0].resolve(msg);
        else this.seen.push(msg);
    }

    // The first message that `want` accepts, of those that came and those that will.
    next(want, what) {
        const i = this.seen.findIndex(want);
        if (i >= 0) return Promise.resolve(this.seen.splice(i, 1)[0]);
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                try {
                    fail(`${what} did not come; came: ${JSON.stringify(this.seen.slice(-3)).slice(0, 300)}`);
                } catch (e) {
                    reject(e);
                }
            }, 8000);
            this.waiters.push({want, resolve: msg => { clearTimeout(timer); resolve(msg); }});
        });
    }

    async ask(method, params, more = {}) {
        const ref = id('q');
        this.ws.send(JSON.stringify({id: ref, method, ...(params ? {params} : {}), ...more}));
        return this.next(m => m.id === ref, `the answer to ${method}`);
    }

    close() {
        this.ws.close();
    }
}

// As the WebSocket API signs: all parameters by name, joined, not percent-encoded.
function signedParams(params) {
    const all = {...params, apiKey: env.key, timestamp: Date.now()};
    const text = Object.keys(all).sort().map(k => `${k}=${all[k]}`).join('&');
    return {...all, signature: sign(text)};
}

async function marketStreams() {
    const low = SYMBOL.toLowerCase();
    await test('bookTicker on a raw stream', async () => {
        const line = await Line.open(`/ws/${low}@bookTicker`);
        await setPrice(50000);
        const b = await line.next(m => m.s === SYMBOL && m.b !== undefined, 'bookTicker');
        members(b, ['u', 's', 'b', 'B', 'a', 'A'], 'bookTicker');
        that(Number(b.b) < Number(b.a), 'bid is not below ask');
        line.close();
    });
    await test('several streams on one connection', async () => {
        const line = await Line.open(`/stream?streams=${low}@aggTrade/${low}@kline_1m/${low}@miniTicker`);
        await setPrice(50100);
        const t = await line.next(m => m.stream === `${low}@aggTrade`, 'aggTrade');
        members(t.data, ['e', 'E', 's', 'a', 'p', 'q', 'f', 'l', 'T', 'm', 'M'], 'aggTrade');
        const k = await line.next(m => m.stream === `${low}@kline_1m`, 'kline');
        members(k.data, ['e', 'E', 's', 'k'], 'kline');
        members(k.data.k, ['t', 'T', 's', 'i', 'f', 'L', 'o', 'c', 'h', 'l', 'v', 'n', 'x', 'q', 'V', 'Q', 'B'], 'k');
        await line.next(m => m.stream === `${low}@miniTicker`, 'miniTicker');
        line.close();
    });
    await test('SUBSCRIBE, LIST_SUBSCRIPTIONS, UNSUBSCRIBE', async () => {
        const line = await Line.open('/ws');
        line.ws.send(JSON.stringify({method: 'SUBSCRIBE', params: [`${low}@bookTicker`], id: 1}));
        const done = await line.next(m => m.id === 1, 'the answer');
        equal(JSON.stringify(done), '{"result":null,"id":1}', 'answer');
        line.ws.send(JSON.stringify({method: 'LIST_SUBSCRIPTIONS', id: 2}));
        equal((await line.next(m => m.id === 2, 'the list')).result.join(), `${low}@bookTicker`, 'subscriptions');
        await line.next(m => m.b !== undefined, 'bookTicker');
        line.ws.send(JSON.stringify({method: 'UNSUBSCRIBE', params: [`${low}@bookTicker`], id: 3}));
        equal((await line.next(m => m.id === 3, 'the answer')).result, null, 'result');
        line.close();
    });
}

async function api() {
    await test('WebSocket API: public calls', async () => {
        const line = await Line.open('/ws-api/v3');
        const ping = await line.ask('ping');
        members(ping, ['id', 'status', 'result', 'rateLimits'], 'answer');
        equal(ping.status, 200, 'status');
        const time = await line.ask('time');
        that(Math.abs(time.result.serverTime - Date.now()) < 2000, 'server time');
        const price = await line.ask('ticker.price', {symbol: SYMBOL});
        equal(price.result.symbol, SYMBOL, 'symbol');
        const info = await line.ask('exchangeInfo', {symbols: [SYMBOL]});
        equal(info.result.symbols.length, 1, 'symbols');
        const bad = await line.ask('ticker.price', {symbol: 'NOSUCHUSDT'});
        equal(bad.status, 400, 'status');
        equal(bad.error.code, -1121, 'code');
        line.close();
    });
    await test('WebSocket API: an order is placed, asked for, cancelled', async () => {
        const line = await Line.open('/ws-api/v3');
        const o = await line.ask('order.place', signedParams({
            symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', price: '40000.00', quantity: '0.01000000',
            newOrderRespType: 'RESULT',
        }));
        equal(o.status, 200, `status (${JSON.stringify(o.error)})`);
        members(o.result, F.ORDER_RESULT, 'order');
        const q = await line.ask('order.status', signedParams({symbol: SYMBOL, orderId: o.result.orderId}));
        members(q.result, F.ORDER_STORED, 'stored order');
        const a = await line.ask('account.status', signedParams({}));
        members(a.result, F.ACCOUNT, 'account');
        const c = await line.ask('order.cancel', signedParams({symbol: SYMBOL, orderId: o.result.orderId}));
        equal(c.result.status, 'CANCELED', 'status');
        const wrong = await line.ask('account.status', {...signedParams({}), signature: '0'.repeat(64)});
        equal(wrong.error.code, -1022, 'code');
        line.close();
    });
}

async function userData() {
    await test('user data: reports of an order, and balances', async () => {
        const line = await Line.open('/ws-api/v3');
        const sub = await line.ask('userDataStream.subscribe.signature', signedParams({}));
        equal(sub.status, 200, `status (${JSON.stringify(sub.error)})`);
        const number = sub.result.subscriptionId;
        const report = (coid, kind) => line.next(
            m => m.subscriptionId === number && m.event.e === 'executionReport' && m.event.x === kind &&
                (m.event.c === coid || m.event.C === coid), `executionReport ${kind}`);
        const coid = id('uds');
        await signed('POST', '/api/v3/order', {
            symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', price: '40000.00', quantity: '0.01', newClientOrderId: coid,
        });
        const fresh = (await report(coid, 'NEW')).event;
        members(fresh, F.EXECUTION_REPORT, 'executionReport', F.EXECUTION_REPORT_CONDITIONAL);
        equal(fresh.X, 'NEW', 'X');
        equal(fresh.w, true, 'w');
        const account = (await line.next(m => m.event && m.event.e === 'outboundAccountPosition', 'balances')).event;
        members(account, ['e', 'E', 'u', 'B'], 'outboundAccountPosition');
        that(account.B.some(b => b.a === 'USDT' && Number(b.l) > 0), 'nothing locked');
        await signed('DELETE', '/api/v3/order', {symbol: SYMBOL, origClientOrderId: coid});
        const gone = (await report(coid, 'CANCELED')).event;
        equal(gone.C, coid, 'C is the order\'s id');
        that(gone.c !== coid, 'c is the cancel\'s id');

        const bought = id('uds');
        await signed('POST', '/api/v3/order', {
            symbol: SYMBOL, side: 'BUY', type: 'MARKET', quantity: '0.01', newClientOrderId: bought,
        });
        await report(bought, 'NEW');
        let filled = 0, last;
        do {
            last = (await report(bought, 'TRADE')).event;
            filled += Number(last.l);
            that(last.t > 0, 'no trade id');
        } while (last.X !== 'FILLED');
        that(Math.abs(filled - 0.01) < 1e-9 && Math.abs(Number(last.z) - 0.01) < 1e-9, `filled ${filled}`);
        const again = await line.ask('userDataStream.subscribe.signature', signedParams({}));
        equal(again.error && again.error.code, -2035, 'code of a second subscription');
        const off = await line.ask('userDataStream.unsubscribe', {subscriptionId: number});
        equal(off.status, 200, 'status');
        line.close();
    });
    await test('user data: a list', async () => {
        const line = await Line.open('/ws-api/v3');
        await line.ask('userDataStream.subscribe.signature', signedParams({}));
        const list = id('udl');
        await signed('POST', '/api/v3/orderList/oco', {
            symbol: SYMBOL, side: 'SELL', quantity: '0.01', aboveType: 'TAKE_PROFIT', aboveStopPrice: '60000.00',
            belowType: 'STOP_LOSS', belowStopPrice: '40000.00', listClientOrderId: list,
        });
        const status = (await line.next(m => m.event && m.event.e === 'listStatus' && m.event.C === list, 'listStatus')).event;
        members(status, ['e', 'E', 's', 'g', 'c', 'l', 'L', 'r', 'C', 'T', 'O'], 'listStatus');
        equal(status.c, 'OCO', 'c');
        equal(status.l, 'EXEC_STARTED', 'l');
        equal(status.O.length, 2, 'orders');
        await signed('DELETE', '/api/v3/orderList', {symbol: SYMBOL, listClientOrderId: list});
        await line.next(m => m.event && m.event.e === 'listStatus' && m.event.C === list && m.event.l === 'ALL_DONE', 'listStatus ALL_DONE');
        line.close();
    });
}

(async () => {
    begin('ws');
    await marketStreams();
    await api();
    await userData();
    end();
})();
