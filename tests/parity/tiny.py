#!/usr/bin/env python3
"""Small checkpoints and model files that are odd in one way each, for tests; needs no PyTorch.

    tiny.py make FOLDER [KEY=VALUE...]      a checkpoint of random weights, as Hugging Face has them
    tiny.py rename FILE NAME [LABEL]        a model file with another name (and first label), its sums made anew

Of `make`: seed=N; dtype=NAME, of the first tensor's header; huge=NAME, all weights with that in
their names are 3e38; labels=A,B,C; any other key goes into config.json. \\xNN in a value is that byte.
"""
import hashlib
import json
import os
import random
import struct
import sys

HIDDEN, HEADS, LAYERS, INNER, VOCAB, POSITIONS = 16, 2, 1, 32, 32, 130
HEAD_BYTES, NAME_AT, LABEL_AT = 4096, 112, 212


def make(folder, options):
    seed, dtype = int(options.pop('seed', 1)), options.pop('dtype', 'F32')
    huge, labels = options.pop('huge', None), options.pop('labels', 'negative,neutral,positive').split(',')
    chance = random.Random(seed)
    config = {'model_type': 'roberta', 'hidden_act': 'gelu', 'hidden_size': HIDDEN, 'num_attention_heads': HEADS,
              'num_hidden_layers': LAYERS, 'intermediate_size': INNER, 'vocab_size': VOCAB,
              'max_position_embeddings': POSITIONS, 'pad_token_id': 1, 'layer_norm_eps': 1e-5,
              'type_vocab_size': 1, 'id2label': {str(i): label for i, label in enumerate(labels)}}
    config.update({key: int(v) if v.isdigit() else v for key, v in options.items()})
    r = 'roberta.embeddings.'
    shapes = {r + 'word_embeddings.weight': (VOCAB, HIDDEN), r + 'position_embeddings.weight': (POSITIONS, HIDDEN),
              r + 'token_type_embeddings.weight': (1, HIDDEN)}
    norms = [r + 'LayerNorm']
    linears = {'classifier.dense': (HIDDEN, HIDDEN), 'classifier.out_proj': (len(labels), HIDDEN)}
    for i in range(LAYERS):
        p = f'roberta.encoder.layer.{i}.'
        for name in ('attention.self.query', 'attention.self.key', 'attention.self.value', 'attention.output.dense'):
            linears[p + name] = (HIDDEN, HIDDEN)
        linears[p + 'intermediate.dense'], linears[p + 'output.dense'] = (INNER, HIDDEN), (HIDDEN, INNER)
        norms += [p + 'attention.output.LayerNorm', p + 'output.LayerNorm']
    for name, shape in linears.items():
        shapes[name + '.weight'], shapes[name + '.bias'] = shape, shape[:1]
    for name in norms:
        shapes[name + '.weight'] = shapes[name + '.bias'] = (HIDDEN,)
    header, body = {}, b''
    for name, shape in shapes.items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        middle = 1 if name.endswith('Norm.weight') else 0
        numbers = [chance.gauss(middle, 0.5) for _ in range(count)]
        if huge and huge in name:
            numbers = [3e38] * count
        header[name] = {'dtype': dtype if not body else 'F32', 'shape': shape,
                        'data_offsets': [len(body), len(body) + 4 * count]}
        body += struct.pack(f'<{count}f', *numbers)
    text = json.dumps(header).encode()
    vocab = {'<s>': 0, '<pad>': 1, '</s>': 2, '<unk>': 3, '\u0120': 4, 'ab': 5}
    vocab.update({chr(ord('a') + i): 6 + i for i in range(26)})
    os.makedirs(folder, exist_ok=True)
    for name, content in (('config.json', json.dumps(config).encode()), ('vocab.json', json.dumps(vocab).encode()),
                          ('merges.txt', b'#version: 0.2\na b\n'),
                          ('model.safetensors', struct.pack('<Q', len(text)) + text + body)):
        with open(os.path.join(folder, name), 'wb') as f:
            f.write(content)


def quick_sum(block):
    """As src/model/packed.c has it."""
    most = (1 << 64) - 1
    lanes = [1, 2, 3, 4]
    for at in range(0, len(block), 32):
        for i, v in enumerate(struct.unpack_from('<4Q', block, at)):
            lane = (lanes[i] ^ v) * 0x9E3779B97F4A7C15 & most
            lanes[i] = lane ^ lane >> 29
    total = len(block)
    for lane in lanes:
        total = ((total ^ lane) * 0xD6E8FEB86659FD93 + lane) & most
    return total


def rename(path, name, label=None):
    with open(path, 'rb') as f:
        file = bytearray(f.read())
    file[NAME_AT:NAME_AT + 64] = name.ljust(64, b'\0')
    if label:
        file[LABEL_AT:LABEL_AT + 32] = label.ljust(32, b'\0')
    file[40:80] = bytes(40)
    struct.pack_into('<Q', file, 40, quick_sum(bytes(file[:HEAD_BYTES])))
    file[48:80] = hashlib.sha256(file).digest()
    with open(path, 'wb') as f:
        f.write(file)


def plain(text):
    return text.encode().decode('unicode_escape')


if sys.argv[1] == 'make':
    make(sys.argv[2], dict(plain(pair).split('=', 1) for pair in sys.argv[3:]))
else:
    rename(sys.argv[2], *(plain(text).encode('latin-1') for text in sys.argv[3:]))
