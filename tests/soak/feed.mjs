// feed: so many posts a second, brought to `serve` until it ends; each batch again until it is accepted.
//
//     node feed.mjs URL TOKEN POSTS_A_SECOND        SIGTERM ends it; then it prints how many were accepted
//
// One post in eight says something of a coin: so many that the trader's memory of a day's posts is full
// before memory is compared.
const [, , url, token, rate] = process.argv;
const EVERY_MS = 200;
const coins = ['BTC', 'ETH', 'SOL', 'XRP', 'DOGE', 'ADA', 'AVAX', 'LINK', 'DOT', 'LTC'];
const plain = ['Walked the dog, and it rained. No.', 'The train was late again, by minutes:', 'A lovely book about birds, page',
    'My cat slept all day. Hours:', 'Dinner for friends, and the oven is broken. Guests:', 'What a match! And the rain did not stop. Minute'];
let made = 0, accepted = 0, refusals = 0, ends = false, endsAt = 0;

const post = n => ({id: `soak${n}`, username: `user${n % 700}`, text: n % 8 === 0
    ? `Just bought a huge bag of $${coins[n / 8 % coins.length | 0]}, so happy with it! No. ${n} ${n * 7919 % 9973}`
    : `${plain[n % plain.length]} ${n}, ${n * 104729 % 99991}`});

async function bring(lines) {
    for (;;) {
        try {
            const r = await fetch(url + '/api/ingest', {method: 'POST', body: lines, signal: AbortSignal.timeout(20000),
                headers: {Authorization: `Bearer ${token}`, 'Content-Type': 'application/x-ndjson'}});
            const said = await r.text();
            if (r.status === 200) return;
            if (r.status >= 400 && r.status < 500) {
                console.error(`${r.status}: ${said}`);
                process.exit(2);
            }
        } catch { /* nobody there: again */ }
        refusals++;
        if (ends && Date.now() - endsAt > 60000) {
            console.log(JSON.stringify({accepted, refusals, left: true}));
            process.exit(1);
        }
        await new Promise(go => setTimeout(go, 500));
    }
}

process.on('SIGTERM', () => { ends = true; endsAt = Date.now(); });
const began = Date.now();
while (!ends) {
    const due = Math.floor((Date.now() - began) / 1000 * rate);
    const count = Math.min(due - made, 1000) /* as many as one request may bring */;
    if (count > 0) {
        const lines = Array.from({length: count}, (_, i) => JSON.stringify(post(made + i))).join('\n') + '\n';
        await bring(lines);
        made += count;
        accepted += count;
    }
    await new Promise(go => setTimeout(go, EVERY_MS));
}
console.log(JSON.stringify({accepted, refusals}));
