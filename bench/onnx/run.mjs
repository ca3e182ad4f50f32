// ONNX Runtime and `bullfinch model bench` on the same model, in turn, on the same number of threads.
//
//     node run.mjs BULLFINCH FOLDER     with base.onnx, base8.onnx and base.{int8,bf16,fp32} in FOLDER
//
// Prints one JSON object a line, as bench/ does, and a table with the ratios on standard error.
// ROUNDS turns (5), RUNS in each (20), THREADS (1). Medians over all runs of all turns.
'use strict';

import {execFileSync} from 'node:child_process';
import {createRequire} from 'node:module';
import path from 'node:path';

const ort = createRequire(path.join(process.env.NODE_PATH, 'package.json'))('onnxruntime-node');
const [, , bullfinch, folder] = process.argv;
const turns = Number(process.env.ROUNDS ?? 5), runs = Number(process.env.RUNS ?? 20);
const threads = Number(process.env.THREADS ?? 1), tokens = 32;

const median = list => list.sort((a, b) => a - b)[list.length >> 1];

async function session(file) {
    return ort.InferenceSession.create(path.join(folder, file),
        {intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all'});
}

async function onnx(s, posts) {
    const count = posts * tokens, dims = [posts, tokens];
    const ids = BigInt64Array.from({length: count}, (_, i) => BigInt(i % tokens ? 5 + (i * 7919) % 50000 : 0));
    const feeds = {input_ids: new ort.Tensor('int64', ids, dims),
        attention_mask: new ort.Tensor('int64', new BigInt64Array(count).fill(1n), dims)};
    const ms = [];
    await s.run(feeds);
    for (let i = 0; i < runs; i++) {
        const from = process.hrtime.bigint();
        await s.run(feeds);
        ms.push(Number(process.hrtime.bigint() - from) / 1e6);
    }
    return median(ms);
}

function ours(file, posts) {
    const said = execFileSync(bullfinch, ['model', 'bench', path.join(folder, file), '--posts', posts, '--tokens', tokens,
        '--rounds', runs, '--threads', threads, '--json'], {encoding: 'utf8'});
    return JSON.parse(said).median_ms;
}

const cases = [['int8', 'base8.onnx', 'base.int8', 1, 0.65], ['int8', 'base8.onnx', 'base.int8', 8, 0.70],
    ['bf16 for fp32', 'base.onnx', 'base.bf16', 1, 0.40], ['fp32', 'base.onnx', 'base.fp32', 1, 1]];
const sessions = {};
for (const [, file] of cases) sessions[file] ??= await session(file);
const times = cases.map(() => ({theirs: [], ours: []}));
for (let turn = 0; turn < turns; turn++) {
    for (const [i, [, theirs, own, posts]] of cases.entries()) {
        times[i].theirs.push(await onnx(sessions[theirs], posts));
        times[i].ours.push(ours(own, posts));
    }
}
for (const [i, [name, , , posts, most]] of cases.entries()) {
    const theirs = median(times[i].theirs), own = median(times[i].ours);
    const what = `${name}, ${posts} x ${tokens} tokens, ${threads} thread${threads > 1 ? 's' : ''}`;
    console.log(JSON.stringify({bench: 'model', what, value: own, unit: 'ms'}));
    console.log(JSON.stringify({bench: 'model', what: what + ', ONNX Runtime', value: theirs, unit: 'ms'}));
    console.error(`${what.padEnd(44)} ${own.toFixed(2).padStart(8)} ms, ONNX Runtime ${theirs.toFixed(2).padStart(8)} ms: ` +
        `${(own / theirs).toFixed(3)} (wanted: ${most})`);
}
