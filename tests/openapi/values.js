// Chance with a seed, and values by a schema: right ones, and ones that are wrong in ways that people
// and programs get them wrong.
'use strict';

class Chance {
  constructor(seed) { this.s = seed >>> 0; }
  next() { // mulberry32
    this.s = (this.s + 0x6d2b79f5) >>> 0;
    let t = this.s;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  below(n) { return Math.floor(this.next() * n); }
  of(list) { return list[this.below(list.length)]; }
  maybe(p) { return this.next() < p; }
}

const ODD = ['', ' ', '0', '-1', '1e9', '9223372036854775807', '9223372036854775808', '-9223372036854775808', '1.5', 'NaN',
  'null', 'true', '%', '%00', '%zz', '\u0000', '\u202e', 'é', '😀', '"', "'", '\\', '../../etc/passwd', '<script>alert(1)</script>',
  "' OR 1=1 --", '; DROP TABLE tweets', 'BTCUSDT', 'btcusdt', '2026-01-01T00:00:00Z', '2026-13-45T99:99:99Z', '1970-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999Z', 'a'.repeat(300), 'x'.repeat(5000), '{}', '[]', '1,2,3', 'post,trade', '0x10', '+1', '٣'];

const ODD_JSON = [null, true, false, 0, -1, 1.5, 1e308, 9007199254740993, '', 'x', [], {}, [[]], { a: { b: {} } }, ...ODD];

function right(c, spec, schema, depth = 0) {
  const s = spec.at(schema) ?? {};
  if (s.const !== undefined) return s.const;
  if (s.enum) return c.of(s.enum);
  if (s.examples && c.maybe(0.5)) return c.of(s.examples);
  if (s.example !== undefined && c.maybe(0.5)) return s.example;
  if (s.oneOf || s.anyOf) {
    const one = right(c, spec, c.of(s.oneOf ?? s.anyOf), depth);
    if (!s.properties) return one;
  }
  if (s.allOf) return Object.assign({}, ...s.allOf.map((x) => right(c, spec, x, depth)));
  const type = Array.isArray(s.type) ? c.of(s.type) : s.type;
  if (type === 'null') return null;
  if (type === 'boolean') return c.maybe(0.5);
  if (type === 'integer' || type === 'number') {
    const lo = s.minimum ?? 0;
    return lo + c.below(Math.min((s.maximum ?? lo + 1000) - lo, 1e6) + 1);
  }
  if (type === 'array') return depth > 3 ? [] : Array.from({ length: c.below(3) + (s.minItems ?? 0) }, () => right(c, spec, s.items, depth + 1));
  if (type === 'object' || s.properties) {
    const o = {};
    for (const [k, v] of Object.entries(s.properties ?? {}))
      if ((s.required ?? []).includes(k) || c.maybe(0.5)) o[k] = right(c, spec, v, depth + 1);
    return o;
  }
  return text(c, s);
}

const PLAIN = ['1', '42', 'BTCUSDT', 'DOGEUSDT', 'alice', 'x', 'hello world', 'élan', '😀', "it's", 'a\\b', '"quoted"', '<b>'];

// One that its schema allows.
function text(c, s) {
  if (s.format === 'date-time') return new Date(Date.now() - c.below(1e9)).toISOString();
  if (/\[0-9\]\+\[smhd\]/.test(s.pattern ?? '')) return c.maybe(0.2) ? 'all' : `${1 + c.below(1000)}${c.of([...'smhd'])}`;
  if (/\[0-9\]/.test(s.pattern ?? '')) return String(1 + c.below(c.of([10, 1000, 1e9])));
  const pattern = new RegExp(s.pattern ?? '', 'u');
  const fits = PLAIN.filter((v) => pattern.test(v) && Buffer.byteLength(v) <= (s.maxLength ?? Infinity));
  return c.of(fits);
}

// Something of it wrong: a member gone, changed, added, or all of it another thing.
function wrong(c, value) {
  if (value === null || typeof value !== 'object' || c.maybe(0.1)) return c.of(ODD_JSON);
  if (Array.isArray(value)) return value.length && c.maybe(0.7) ? value.map((v, i) => (i === 0 ? wrong(c, v) : v)) : [...value, c.of(ODD_JSON)];
  const o = { ...value }, keys = Object.keys(o);
  const k = keys.length ? c.of(keys) : 'x';
  if (c.maybe(0.3)) delete o[k];
  else if (c.maybe(0.2)) o[c.of(['x', '__proto__', 'constructor', '', 'id ', 'ID'])] = c.of(ODD_JSON);
  else o[k] = c.maybe(0.5) ? c.of(ODD_JSON) : wrong(c, o[k]);
  return o;
}

module.exports = { Chance, ODD, right, wrong };
