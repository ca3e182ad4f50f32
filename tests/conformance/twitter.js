// twitter-api-v2 as it is, but its connections to api.x.com end at the simulator: an agent that makes
// plain sockets. And the simulator's owner's doors.
'use strict';

const https = require('https');
const net = require('net');

const {env, fail} = require('./lib');

class Loopback extends https.Agent {
    createConnection() {
        return net.connect(env.port, '127.0.0.1');
    }
}
const settings = {httpAgent: new Loopback({keepAlive: true})};

async function owner(method, path, body) {
    const r = await fetch(`${env.url}/sim/x/${path}`, {method, body: body && JSON.stringify(body)});
    const got = await r.json();
    if (r.status !== 200) fail(`/sim/x/${path}: ${JSON.stringify(got)}`);
    return got;
}

// By the last part of its type: X gives it under either of its hosts, and the library's own table of them
// (EApiV2ErrorCode) names pages of the documentation instead.
const isProblem = (e, name) => String(e.data && e.data.type).endsWith(`/problems/${name}`);

module.exports = {
    settings,
    isProblem,
    publish: async post => (await owner('POST', 'publish', post)).id,
    edit: async (id, text) => (await owner('POST', 'edit', {id, text})).id,
    remove: id => owner('POST', `delete?id=${id}`),
    cut: () => owner('POST', 'cut'),
    topUp: dollars => owner('POST', `topup?dollars=${dollars}`),
    bill: () => owner('GET', 'bill'),
};
