#!/usr/bin/env python3
"""What a trained model loses in fewer bits: labels and macro-averaged recall beside PyTorch's floats.

    accuracy.py BULLFINCH FOLDER SCRATCH [LABELLED.tsv...]

FOLDER is a trained checkpoint. Without labelled files its texts are made as train.py makes them, of
another seed. Held: int8 gives the same label on 99 % of the texts, and a macro-recall within 0.3
points; bf16 and fp32 at least that. N: texts to be made (2000).
"""
import json
import os
import random
import subprocess
import sys

import torch

import checkpoint

BULLFINCH, FOLDER, SCRATCH = sys.argv[1:4]
FILES = sys.argv[4:]
failures = 0


def case(name, good, why):
    global failures
    failures += not good
    print(f'ok {name} ({why})' if good else f'not ok {name}: {why}', flush=True)


def lines_of(args, texts):
    done = subprocess.run([BULLFINCH, *args], input=''.join(json.dumps({'text': t}) + '\n' for t in texts),
                          capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def recall(labels, said):
    """Mean over the labels that occur, in percent."""
    each = [(sum(s == k for label, s in zip(labels, said) if label == k), labels.count(k)) for k in set(labels)]
    return 100 * sum(hit / count for hit, count in each) / len(each)


def main():
    sys.argv[1:] = [BULLFINCH, FOLDER, os.path.join(FOLDER, 'vocab.json'), os.path.join(FOLDER, 'merges.txt')]
    import train
    pairs = [p for path in FILES for p in train.labelled(path)] or \
        list(train.made(int(os.environ.get('N', '2000')), random.Random(99)))
    labels, texts = [label for label, _ in pairs], [text for _, text in pairs]
    config, weights = checkpoint.load(FOLDER)
    most = config['max_position_embeddings'] - 2
    ids = [line['ids'] for line in lines_of(['model', 'tokenize', '--posts', '--vocab', sys.argv[3], '--merges',
                                             sys.argv[4], '-'], texts)]
    ids = [i if len(i) <= most else i[:most - 1] + i[-1:] for i in ids]
    want = []
    torch.set_num_threads(1)
    with torch.no_grad():
        for text in ids:
            want.append(checkpoint.logits(config, weights, torch.tensor([text]), torch.ones(1, len(text), dtype=torch.int64))[0].tolist())
    said = [row.index(max(row)) for row in want]
    whole = recall(labels, said)
    for precision, same_least in (('fp32', 0.9995), ('bf16', 0.99), ('int8', 0.99)):
        model = os.path.join(SCRATCH, 'accuracy.' + precision)
        subprocess.run([BULLFINCH, 'model', 'convert', FOLDER, '--out', model, '--precision', precision, '--replace'], check=True)
        got = [line['logits'] for line in lines_of(['model', 'run', model, '-'], texts)]
        worst = max(abs(a - b) for g, w in zip(got, want) for a, b in zip(g, w))
        labels_got = [row.index(max(row)) for row in got]
        same = sum(a == b for a, b in zip(labels_got, said)) / len(said)
        off = recall(labels, labels_got) - whole
        case(f'{precision} says what PyTorch says', same >= same_least and abs(off) <= 0.3,
             f'{len(texts)} texts, {100 * same:.2f} % the same label, macro-recall {whole:.2f} % and {off:+.2f}, '
             f'greatest difference of a logit {worst:.2g}')
    sys.exit(failures > 0)


if __name__ == '__main__':
    main()
