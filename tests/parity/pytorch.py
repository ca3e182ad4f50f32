#!/usr/bin/env python3
"""The engine beside PyTorch: the same logits, from every form of file, in every precision and way.

    pytorch.py BULLFINCH SCRATCH VOCAB MERGES [POSTS]

Checkpoints have random weights in small shapes (checkpoint.py). The texts are posts, cut and put
together to 1 to 512 tokens. Prints "ok NAME" or "not ok NAME: why", and the greatest difference.
N: how many texts (300), SEED repeats a run.
"""
import json
import os
import random
import subprocess
import sys
import time

import torch

import checkpoint

BULLFINCH, SCRATCH, VOCAB, MERGES = sys.argv[1:5]
POSTS = sys.argv[5] if len(sys.argv) > 5 else 'demo/posts.jsonl'
COUNT = int(os.environ.get('N', '300'))
SEED = int(os.environ.get('SEED', str(time.time_ns() % 10**9)))
HERE = os.path.dirname(os.path.abspath(__file__))
failures = 0


def case(name, good, why):
    global failures
    failures += not good
    print(f'ok {name} ({why})' if good else f'not ok {name}: {why}', flush=True)


def bullfinch(*args, lines=None):
    text = None if lines is None else ''.join(json.dumps(line) + '\n' for line in lines)
    done = subprocess.run([BULLFINCH, *args], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f'bullfinch {" ".join(args)}: {done.stderr.strip()}')
    return done.stdout.splitlines()


def texts_of_all_lengths():
    """From nothing to more than fits, most of them as long as posts are."""
    with open(POSTS) as f:
        posts = [json.loads(line)['text'] for line in f]
    r = random.Random(SEED)
    texts = ['', 'a', ' '.join(posts)[:20000]]
    while len(texts) < COUNT:
        text = ' '.join(r.choice(posts) for _ in range(r.choice((1, 1, 1, 2, 4, 9))))
        texts.append(text[:r.randrange(1, len(text) + 1)] if r.random() < 0.5 else text)
    return texts[:max(COUNT, 3)]


def ids_of(texts, most):
    lines = bullfinch('model', 'tokenize', '--posts', '--vocab', VOCAB, '--merges', MERGES, '-',
                      lines=[{'text': t} for t in texts])
    ids = [json.loads(line)['ids'] for line in lines]
    return [i if len(i) <= most else i[:most - 1] + i[-1:] for i in ids]


def of_pytorch(folder, ids, batch):
    """Texts of like lengths together, as they would be padded."""
    config, weights = checkpoint.load(folder)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    out = [None] * len(ids)
    with torch.no_grad():
        for at in range(0, len(order), batch):
            some = order[at:at + batch]
            longest = max(len(ids[i]) for i in some)
            padded = torch.tensor([ids[i] + [config['pad_token_id']] * (longest - len(ids[i])) for i in some])
            mask = torch.tensor([[1] * len(ids[i]) + [0] * (longest - len(ids[i])) for i in some])
            for i, row in zip(some, checkpoint.logits(config, weights, padded, mask)):
                out[i] = row.tolist()
    return out


def of_bullfinch(model, texts, *options):
    lines = bullfinch('model', 'run', model, '-', *options, lines=[{'text': t} for t in texts])
    return [json.loads(line) for line in lines]


def compare(name, got, want, ids, most):
    worst = max(abs(a - b) for g, w in zip(got, want) for a, b in zip(g['logits'], w))
    lengths = [g['tokens'] for g in got] == [len(i) for i in ids]
    same = sum(g['logits'].index(max(g['logits'])) == w.index(max(w)) for g, w in zip(got, want))
    case(name, worst <= most and lengths and len(got) == len(want),
         f'greatest difference {worst:.2g}, at most {most:g}; {same} of {len(want)} labels the same')


def make(name, form, dtype, **shape):
    folder = os.path.join(SCRATCH, name)
    options = [f'--{key}={value}' for key, value in shape.items()]
    subprocess.run([sys.executable, os.path.join(HERE, 'checkpoint.py'), 'make', folder, '--vocab', VOCAB,
                    '--merges', MERGES, '--form', form, '--dtype', dtype, f'--seed={SEED % 1000}', *options], check=True)
    return folder


def convert(folder, precision):
    out = f'{folder}.{precision}'
    bullfinch('model', 'convert', folder, '--out', out, '--precision', precision, '--replace')
    return out


def try_shape(name, texts, folder, slow):
    with open(os.path.join(folder, 'config.json')) as f:
        config = json.load(f)
    ids = ids_of(texts, config['max_position_embeddings'] - 2)
    want = of_pytorch(folder, ids, 8)
    if slow:
        compare(f'{name}: the slow path', of_bullfinch(folder, texts[:40]), want[:40], ids[:40], 1e-4)
    for precision, most in (('fp32', 1e-4), ('bf16', 2e-2), ('int8', 6e-2)):
        model = convert(folder, precision)
        compare(f'{name}: {precision}', of_bullfinch(model, texts), want, ids, most)
        compare(f'{name}: {precision}, two threads', of_bullfinch(model, texts[:60], '--threads', '2'), want[:60],
                ids[:60], most)
    for kernels in ('plain', 'avx2'):
        try:
            got = of_bullfinch(f'{folder}.fp32', texts[:60], '--way', 'plain', '--kernels', kernels)
        except RuntimeError as e:
            case(f'{name}: {kernels}', 'there are no kernels' in str(e), 'this processor has none')
            continue
        compare(f'{name}: fp32 by {kernels} loops', got, want[:60], ids[:60], 1e-4)


def main():
    print(f'seed {SEED}, PyTorch {torch.__version__}')
    torch.set_num_threads(1)
    texts = texts_of_all_lengths()
    try_shape('safetensors', texts, make('small', 'safetensors', 'float32'), True)
    try_shape('odd widths', texts[:60], make('odd', 'safetensors', 'float32', hidden=72, heads=3, layers=3, inner=200,
                                             positions=130), True)
    one = make('one', 'safetensors', 'float32', hidden=32, heads=4, layers=1, inner=64)
    try_shape('one layer', texts[:60], one, False)
    for form, dtype in (('zip', 'float32'), ('zip', 'float16'), ('zip', 'bfloat16'), ('safetensors', 'float16'),
                        ('safetensors', 'bfloat16')):
        name = f'{form} of {dtype}'
        folder = make(name.replace(' ', '-'), form, dtype)
        ids = ids_of(texts[:60], 512)
        compare(name, of_bullfinch(convert(folder, 'fp32'), texts[:60]), of_pytorch(folder, ids, 8), ids, 1e-4)
    sys.exit(failures > 0)


if __name__ == '__main__':
    main()
