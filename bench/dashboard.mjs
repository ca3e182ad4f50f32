// The dashboard's overview in a real Chromium, measured by Lighthouse while the demo's day runs: one
// JSON object a line, as bench.h has them, the median of five looks. Where there is no Chromium it says so.
import { Bullfinch, findChromium } from '../tests/web/lib.mjs';
import { look } from '../tests/web/lighthouse.mjs';

const LOOKS = 5;
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const report = (what, value, unit) => console.log(JSON.stringify({ bench: 'dashboard', what, value, unit }).replaceAll('":', '": ').replaceAll(',"', ', "'));

async function measure() {
  const b = await Bullfinch.demo();
  try {
    for (const device of ['desktop', 'mobile']) {
      const seen = [];
      // Now and then the browser's record of a look lacks the paint: that look says nothing, and is not counted.
      for (let i = 0; i < 2 * LOOKS && seen.length < LOOKS; i++) {
        const lhr = await look(b.url, device, ['performance']);
        if (lhr.categories.performance.score !== null) seen.push(lhr);
      }
      if (seen.length < LOOKS) throw new Error(`Lighthouse measured ${seen.length} of ${2 * LOOKS} looks (${device})`);
      report(`Lighthouse performance, ${device}`, median(seen.map((l) => Math.round(l.categories.performance.score * 100))), 'of 100');
      if (device === 'desktop')
        report('first load, largest paint', median(seen.map((l) => l.audits.metrics.details.items[0].observedLargestContentfulPaint)), 'ms');
    }
  } finally {
    await b.stop();
  }
}

if (findChromium()) await measure();
else console.error('bench: there is no Chromium: the dashboard is not measured (apt-get install chromium, or name one in CHROMIUM)');
