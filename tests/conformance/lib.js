// What the scripts share: cases that print "ok NAME" or "not ok NAME: why", checks that say what they
// saw, and a plain client of our own for what no library offers.
//
// A script is started with SIM_URL (http://127.0.0.1:PORT), SIM_KEY and SIM_SECRET of an account
// that nobody else uses meanwhile. Prices are moved through /sim/price.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const {pathToFileURL} = require('url');

// Node 18 has it, but not under this name, and some libraries look for it there.
if (globalThis.crypto === undefined) globalThis.crypto = crypto.webcrypto;

const env = {
    url: process.env.SIM_URL,
    key: process.env.SIM_KEY,
    secret: process.env.SIM_SECRET,
    port: Number(new URL(process.env.SIM_URL).port),
};
const SYMBOL = 'BTCUSDT', BASE = 'BTC', QUOTE = 'USDT';

let client = '';
let failures = 0;

function begin(name) {
    client = name;
}

// A case that takes longer than this hangs.
const PATIENCE_MS = 20000;

async function test(name, run) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no end after ${PATIENCE_MS} ms`)), PATIENCE_MS);
    });
    try {
        await Promise.race([run(), late]);
        console.log(`ok ${client}: ${name}`);
    } catch (e) {
        failures++;
        const where = String((e && e.stack) || '').split('\n').find(l => l.includes(__dirname) && !l.includes('lib.js'));
        const said = describe(e).replace(/\s+/g, ' ').slice(0, 400);
        console.log(`not ok ${client}: ${name}: ${said}${where ? ' (' + where.trim().replace(__dirname, '') + ')' : ''}`);
    } finally {
        clearTimeout(timer);
    }
}

function describe(e) {
    if (e instanceof Check) return e.message;
    if (e && e.response && e.response.data) return JSON.stringify(e.response.data); // axios
    if (e && e.code && e.requestUrl) return JSON.stringify({code: e.code, message: e.message, url: e.requestUrl});
    if (e instanceof Error) return `${e.constructor.name} ${e.message}`;
    try {
        return JSON.stringify(e);
    } catch (_) {
        return String(e);
    }
}

// Libraries keep sockets open: the script's end is said, not awaited.
function end() {
    process.exit(failures === 0 ? 0 : 1);
}

// -- checks -------------------------------------------------------------------------------------

class Check extends Error {}

function fail(what) {
    throw new Check(what);
}

function show(v) {
    return typeof v === 'string' ? JSON.stringify(v) : String(JSON.stringify(v));
}

function that(cond, what) {
    if (!cond) fail(what);
}

function equal(got, want, what) {
    if (got !== want) fail(`${what} is ${show(got)}, should be ${show(want)}`);
}

// Amounts come as decimal text or as numbers, by the library.
function amount(got, want, what) {
    if (got === '' || got === null || got === undefined || Math.abs(Number(got) - Number(want)) > 1e-8) {
        fail(`${what} is ${show(got)}, should be ${show(want)}`);
    }
}

// The members of an object are these: all of `must`, and of others only `may`.
function members(o, must, what, may = []) {
    if (o === null || typeof o !== 'object' || Array.isArray(o)) fail(`${what} is no object: ${show(o)}`);
    const have = Object.keys(o);
    const missing = must.filter(k => !have.includes(k));
    const more = have.filter(k => !must.includes(k) && !may.includes(k));
    if (missing.length > 0) fail(`${what} lacks ${missing.join(', ')}`);
    if (more.length > 0) fail(`${what} has ${more.join(', ')}, which the documentation does not know`);
}

function decimal(v, what) {
    if (typeof v !== 'string' || !/^-?[0-9]+\.[0-9]{8}$/.test(v)) {
        fail(`${what} is ${show(v)}, should be decimal text with eight places`);
    }
}

async function fails(promise) {
    let got;
    try {
        got = await promise;
    } catch (e) {
        return e;
    }
    return fail(`accepted, should fail: ${show(got).slice(0, 200)}`);
}

// Asks until `good(answer)`; what is asynchronous at the exchange needs no fixed wait.
async function until(ask, good, what) {
    const stop = Date.now() + 5000;
    let got;
    do {
        got = await ask();
        if (good(got)) return got;
        await new Promise(done => setTimeout(done, 20));
    } while (Date.now() < stop);
    return fail(`${what} did not come: ${show(got).slice(0, 300)}`);
}

// -- a plain client -----------------------------------------------------------------------------

function encode(params) {
    return Object.entries(params)
        .filter(([, v]) => v !== undefined)
        .map(([k, v]) => `${k}=${encodeURIComponent(String(v))}`)
        .join('&');
}

function sign(text, secret = env.secret) {
    return crypto.createHmac('sha256', secret).update(text).digest('hex');
}

// The answer as it came: {status, headers, text, body}. options: key, headers, body (raw), query (raw).
async function raw(method, path, options = {}) {
    const headers = {...(options.headers || {})};
    if (options.key) headers['X-MBX-APIKEY'] = options.key;
    const url = env.url + path + (options.query ? '?' + options.query : '');
    const got = await fetch(url, {method, headers, body: options.body});
    const text = await got.text();
    let body = null;
    try {
        body = JSON.parse(text);
    } catch (_) { /* HTML, by a fault */ }
    return {status: got.status, headers: got.headers, text, body};
}

async function publicCall(path, params = {}, options = {}) {
    return raw('GET', path, {query: encode(params), ...options});
}

async function signed(method, path, params = {}, options = {}) {
    const all = {...params, recvWindow: params.recvWindow ?? 5000, timestamp: params.timestamp ?? Date.now()};
    const payload = encode(all);
    const query = `${payload}&signature=${sign(payload, options.secret)}`;
    return raw(method, path, {query, key: env.key, ...options});
}

// A library as an ES module: some cannot be had by require() from Node 18.
async function load(name) {
    const dir = path.join(process.env.NODE_PATH, name);
    const {exports} = JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8'));
    const entry = exports['.'].import;
    const got = await import(pathToFileURL(path.join(dir, entry.default ?? entry)));
    return got.default;
}

// -- the market ---------------------------------------------------------------------------------

async function setPrice(price, symbol = SYMBOL) {
    const got = await raw('POST', '/sim/price', {query: encode({symbol, price})});
    that(got.status === 200, `the price was not moved: ${got.text}`);
}

async function lastPrice(symbol = SYMBOL) {
    const got = await publicCall('/api/v3/ticker/price', {symbol});
    that(got.status === 200, `no price: ${got.text}`);
    return Number(got.body.price);
}

// Moves the price until all that is waited for has come: streams say nothing when nothing happens.
async function moving(done, what) {
    for (let i = 0; !done(); i++) {
        if (i === 300) fail(what());
        await setPrice(50000 + (i % 5));
        await new Promise(next => setTimeout(next, 20));
    }
}

const TICK = 0.01;

// share x price, on the tick, as text
function at(price, share) {
    return (Math.round((price * share) / TICK) * TICK).toFixed(2);
}

let serial = 0;
function id(prefix = 'c') {
    return `${prefix}-${process.pid.toString(36)}-${(++serial).toString(36)}`;
}

module.exports = {
    env, SYMBOL, BASE, QUOTE, begin, test, end, that, equal, amount, members, decimal, fails, until, fail,
    load, raw, publicCall, signed, encode, sign, setPrice, lastPrice, moving, at, id, show,
};
