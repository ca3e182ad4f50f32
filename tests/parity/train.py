#!/usr/bin/env python3
"""Trains a small RoBERTa, and leaves it as a checkpoint in the files that Hugging Face publishes.

    train.py BULLFINCH FOLDER VOCAB MERGES [LABELLED.tsv...]

A labelled file has one text a line: label (0 negative, 1 neutral, 2 positive), tab, text. Without
one, texts are made of the words with values in models/valence.txt: enough to tell good from bad, and
for tests to have a model whose labels mean something. EPOCHS, HIDDEN, LAYERS, SEED, THREADS change
what their names say. Needs torch; a text's tokens come from `bullfinch model tokenize`.
"""
import json
import os
import random
import re
import subprocess
import sys

import torch

import checkpoint

BULLFINCH, FOLDER, VOCAB, MERGES = sys.argv[1:5]
FILES = sys.argv[5:]
NUMBERS = {name: int(os.environ.get(name, value)) for name, value in
           (('EPOCHS', 3), ('HIDDEN', 128), ('LAYERS', 2), ('SEED', 1), ('THREADS', 1), ('BATCH', 64), ('TEXTS', 12000))}
TOKENS = 96  # of a text, in training


def labelled(path):
    with open(path, encoding='utf-8') as f:
        for line in f:
            label, text = line.rstrip('\n').split('\t', 1)
            yield int(label), re.sub(r'\\u([0-9a-fA-F]{4})', lambda m: chr(int(m.group(1), 16)), text)


def made(count, r):
    """Sentences whose label follows from the words in them."""
    words = {0: [], 1: ['table', 'meeting', 'report', 'office', 'train', 'window', 'number', 'page', 'street', 'hour'], 2: []}
    with open('models/valence.txt', encoding='utf-8') as f:
        for line in f:
            m = re.fullmatch(r'(-?\d) -?\d: (.*)', line.strip())
            if m and abs(int(m.group(1))) >= 2:
                words[2 if int(m.group(1)) > 0 else 0] += [w for w in m.group(2).split('|') if re.fullmatch('[a-z]{3,}', w)]
    strong = {0: ['hate', 'terrible', 'worst', 'disaster', 'awful'], 2: ['love', 'wonderful', 'great', 'happy', 'best']}
    frames = ['I {} this, it is {}', 'what a {} day, {}', 'this is so {} and {}!', '{} news about the {}', 'the {} $BTC is {}',
              'This is the {}, what a {}', '@user {} {} http', 'we saw the {} {} again', 'so {} about it, {}', '{} and {} today']
    for _ in range(count):
        label = r.choice((0, 1, 2))
        pick = lambda: r.choice(strong[label]) if label != 1 and r.random() < 0.4 else r.choice(words[label])
        yield label, r.choice(frames).format(pick(), pick())


def tokens(texts):
    done = subprocess.run([BULLFINCH, 'model', 'tokenize', '--posts', '--vocab', VOCAB, '--merges', MERGES, '-'],
                          input=''.join(json.dumps({'text': t}) + '\n' for t in texts), capture_output=True, text=True, check=True)
    ids = [json.loads(line)['ids'] for line in done.stdout.splitlines()]
    return [i if len(i) <= TOKENS else i[:TOKENS - 1] + i[-1:] for i in ids]


class Options:
    """What checkpoint.py makes of its command line."""
    hidden, layers, heads, inner, positions = NUMBERS['HIDDEN'], NUMBERS['LAYERS'], 4, 4 * NUMBERS['HIDDEN'], 514


def train(config, weights, ids, labels, r):
    shares = torch.tensor([max(labels.count(k), 1) for k in range(3)], dtype=torch.float)
    loss_of = torch.nn.CrossEntropyLoss(weight=shares.sum() / shares / 3)
    for w in weights.values():
        w.requires_grad_(True)
    optimizer = torch.optim.AdamW(weights.values(), lr=1e-3, weight_decay=0.01)
    batch = NUMBERS['BATCH']
    steps = NUMBERS['EPOCHS'] * -(-len(ids) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-3, total_steps=steps, pct_start=0.1)
    for epoch in range(NUMBERS['EPOCHS']):
        order = sorted(range(len(ids)), key=lambda i: (len(ids[i]), r.random()))  # like lengths together
        batches = [order[at:at + batch] for at in range(0, len(order), batch)]
        r.shuffle(batches)
        total = 0.0
        for some in batches:
            longest = max(len(ids[i]) for i in some)
            padded = torch.tensor([ids[i] + [config['pad_token_id']] * (longest - len(ids[i])) for i in some])
            mask = torch.tensor([[1] * len(ids[i]) + [0] * (longest - len(ids[i])) for i in some])
            loss = loss_of(checkpoint.logits(config, weights, padded, mask), torch.tensor([labels[i] for i in some]))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(some)
        print(f'epoch {epoch + 1}: loss {total / len(ids):.4f}', flush=True)


def main():
    torch.manual_seed(NUMBERS['SEED'])
    torch.set_num_threads(NUMBERS['THREADS'])
    r = random.Random(NUMBERS['SEED'])
    pairs = [pair for path in FILES for pair in labelled(path)] or list(made(NUMBERS['TEXTS'], r))
    labels, ids = [label for label, _ in pairs], tokens([text for _, text in pairs])
    with open(VOCAB) as f:
        config = checkpoint.config_of(Options, max(json.load(f).values()) + 1)
    weights = checkpoint.random_weights(config, NUMBERS['SEED'], 0.5)
    for name in list(weights):
        if 'embeddings' in name and 'LayerNorm' not in name:
            weights[name] = weights[name] * 0.1
    train(config, weights, ids, labels, r)
    checkpoint.save_folder(FOLDER, config, {name: w.detach() for name, w in weights.items()}, VOCAB, MERGES)


if __name__ == '__main__':
    main()
