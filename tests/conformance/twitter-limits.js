// What npm's twitter-api-v2 makes of X's refusals: too many requests, no credits, caps, broken answers.
// The simulator has 3 searches, $0.03 of credits, and the fault plan of conformance.sh.
'use strict';

const {TwitterApi, ApiResponseError, ApiPartialResponseError, ApiRequestError, ETwitterApiError} = require('twitter-api-v2');

const {env, begin, test, that, equal, fails, end} = require('./lib');
const {settings, isProblem, publish, topUp} = require('./twitter');

begin('twitter-api-v2 limits');

const api = new TwitterApi(env.key, settings).v2;

async function refused(promise, code) {
    const e = await fails(promise);
    that(e instanceof ApiResponseError, `it fails with ${e}`);
    equal(e.type, ETwitterApiError.Response, 'type of error');
    equal(e.code, code, 'code');
    return e;
}

(async () => {
    await test('the fourth search of three is a rate limit error', async () => {
        for (let left = 2; left >= 0; left--) equal((await api.search('quagga')).rateLimit.remaining, left, 'remaining');
        const e = await refused(api.search('quagga'), 429);
        that(e.rateLimitError, 'it is no rate limit error');
        equal(e.rateLimit.limit, 3, 'limit');
        equal(e.rateLimit.remaining, 0, 'remaining');
        const wait = e.rateLimit.reset - Date.now() / 1000;
        that(wait > 0 && wait <= 901, `the window ends in ${wait} s`);
        equal(e.data.title, 'Too Many Requests', 'title');
    });

    await test('credits run out, and come back', async () => {
        const names = ['alfa', 'bravo', 'charlie', 'delta'];
        for (const n of names) await publish({username: n, text: 'hello'});
        for (const n of names.slice(0, 3)) await api.userByUsername(n);
        const e = await refused(api.userByUsername('delta'), 402);
        equal(e.data.title, 'CreditsDepleted', 'title');
        that(e.data.type.endsWith('/problems/credits'), `type is ${e.data.type}`);
        await topUp('1');
        equal((await api.userByUsername('delta')).data.username, 'delta', 'username');
        await api.userByUsername('delta');
    });

    await test('a page of HTML is a response error', async () => {
        const e = await refused(api.usage(), 503);
        that(String(e.data).includes('503'), 'it is no page');
    });

    await test('half an answer is a partial response', async () => {
        const e = await fails(api.usage());
        that(e instanceof ApiPartialResponseError, `it fails with ${e}`);
    });

    await test('a closed line is a request error', async () => {
        const e = await fails(api.usage());
        that(e instanceof ApiRequestError, `it fails with ${e}`);
    });

    await test('the three kinds of 429 are told apart', async () => {
        const rate = await refused(api.usage(), 429);
        equal(rate.data.title, 'Too Many Requests', 'title');
        const cap = await refused(api.usage(), 429);
        equal(cap.data.title, 'UsageCapExceeded', 'title');
        that(isProblem(cap, 'usage-capped'), `type is ${cap.data.type}`);
        const lines = await refused(api.usage(), 429);
        equal(lines.data.connection_issue, 'TooManyConnections', 'connection_issue');
    });

    await test('caps and refusals of the account are told', async () => {
        const cap = await refused(api.usage(), 403);
        equal(cap.data.title, 'SpendCapReached', 'title');
        that(/^\d{4}-\d\d-01$/.test(cap.data.reset_date), `reset_date is ${cap.data.reset_date}`);
        const app = await refused(api.usage(), 403);
        equal(app.data.reason, 'client-not-enrolled', 'reason');
        that((await refused(api.usage(), 401)).isAuthError, 'it is no auth error');
    });

    await test('afterwards all is well', async () => {
        that(Number((await api.usage()).data.project_cap) > 0, 'no cap is told');
    });
    end();
})();
