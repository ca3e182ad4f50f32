// One request, and all of its answer. A stream is read for its first bytes.
'use strict';
const http = require('http');

const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

function ask(base, { method, target, headers = {}, body }) {
  return new Promise((resolve, reject) => {
    const to = new URL(base);
    const rq = http.request({ host: to.hostname, port: to.port, method, path: target, headers, agent, timeout: 30000 }, (rs) => {
      const parts = [];
      const done = () => resolve({ status: rs.statusCode, type: rs.headers['content-type'], headers: rs.headers,
        body: Buffer.concat(parts).toString('utf8'), empty: method === 'HEAD' });
      rs.on('data', (d) => {
        parts.push(d);
        if (/event-stream/.test(rs.headers['content-type'] ?? '')) { rq.destroy(); done(); }
      });
      rs.on('end', done);
      rs.on('error', (e) => { if (!/aborted/.test(e.message)) reject(e); });
    });
    rq.on('timeout', () => rq.destroy(new Error('no answer within 30 s')));
    rq.on('error', (e) => { if (!rq.destroyed || /no answer/.test(e.message) || !rq.res) reject(e); });
    if (body !== undefined) rq.write(body);
    rq.end();
  });
}

module.exports = { ask };
