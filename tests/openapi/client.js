// One request, and all of its answer, unpacked. A stream is read for its first bytes.
'use strict';
const http = require('http');
const zlib = require('zlib');

const kept = new http.Agent({ keepAlive: true, maxSockets: 8 });

// Bytes that are no UTF-8 are an error here, as they are to most programs that read JSON.
function text(parts, packed) {
  const bytes = Buffer.concat(parts);
  return new TextDecoder('utf-8', { fatal: true }).decode(packed && bytes.length ? zlib.gunzipSync(bytes) : bytes);
}

function answerOf(rs, parts, method) {
  return { status: rs.statusCode, type: rs.headers['content-type'], headers: rs.headers,
    body: text(parts, rs.headers['content-encoding'] === 'gzip'), empty: method === 'HEAD' };
}

// `agent`: whose connections it goes over; false: one of its own.
function ask(base, { method, target, headers = {}, body }, agent = kept) {
  return new Promise((resolve, reject) => {
    const to = new URL(base);
    const rq = http.request({ host: to.hostname, port: to.port, method, path: target, headers, agent, timeout: 30000 }, (rs) => {
      const parts = [];
      const done = () => {
        try { resolve(answerOf(rs, parts, method)); } catch (e) { reject(e); }
      };
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

// Ends connections that wait for more.
function letGo() { kept.destroy(); }

module.exports = { ask, letGo };
