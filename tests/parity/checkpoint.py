#!/usr/bin/env python3
"""Makes a checkpoint of RoBERTa with random weights, in the files that Hugging Face publishes, and
says what PyTorch computes with it.

    checkpoint.py make FOLDER --vocab FILE --merges FILE [--hidden N] ... [--form safetensors|zip]
    checkpoint.py logits FOLDER [--batch N] <TEXTS >LOGITS

`logits` reads {"ids": [...]} one a line and prints the labels' logits, one list a line. With
--batch, so many texts are padded to the longest and computed together, as a pipeline does it.
Used by tests only; needs torch (Debian: python3-torch).
"""
import argparse
import json
import os
import shutil
import struct
import sys

import torch

TYPES = {torch.float32: 'F32', torch.float16: 'F16', torch.bfloat16: 'BF16'}


def shapes(c):
    """Names and shapes of all tensors, as in Hugging Face's RobertaForSequenceClassification."""
    h, inner = c['hidden_size'], c['intermediate_size']
    yield 'roberta.embeddings.word_embeddings.weight', (c['vocab_size'], h)
    yield 'roberta.embeddings.position_embeddings.weight', (c['max_position_embeddings'], h)
    yield 'roberta.embeddings.token_type_embeddings.weight', (1, h)
    norms = ['roberta.embeddings.LayerNorm']
    linears = []
    for i in range(c['num_hidden_layers']):
        layer = f'roberta.encoder.layer.{i}.'
        linears += [(layer + f'attention.self.{name}', h, h) for name in ('query', 'key', 'value')]
        linears += [(layer + 'attention.output.dense', h, h), (layer + 'intermediate.dense', h, inner),
                    (layer + 'output.dense', inner, h)]
        norms += [layer + 'attention.output.LayerNorm', layer + 'output.LayerNorm']
    linears += [('classifier.dense', h, h), ('classifier.out_proj', h, len(c['id2label']))]
    for name in norms:
        yield name + '.weight', (h,)
        yield name + '.bias', (h,)
    for name, inputs, outputs in linears:
        yield name + '.weight', (outputs, inputs)
        yield name + '.bias', (outputs,)


def random_weights(config, seed, spread):
    """Wider than training begins with, so that attention and GELU work in all of their range."""
    g = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes(config):
        w = torch.randn(shape, generator=g)
        if 'LayerNorm.weight' in name:
            weights[name] = 1 + 0.1 * w
        elif name.endswith('bias'):
            weights[name] = 0.05 * w
        else:
            weights[name] = spread * w / (shape[-1] ** 0.5 if 'embeddings' not in name else 1)
    return weights


def save_safetensors(weights, path):
    header, at = {'__metadata__': {'format': 'pt'}}, 0
    blobs = []
    for name, w in weights.items():
        w = w.contiguous()
        blob = w.view(torch.int16).numpy().tobytes() if w.dtype == torch.bfloat16 else w.numpy().tobytes()
        header[name] = {'dtype': TYPES[w.dtype], 'shape': list(w.shape), 'data_offsets': [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text)
        f.writelines(blobs)


def load_safetensors(path):
    types = {name: t for t, name in TYPES.items()}
    with open(path, 'rb') as f:
        header = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        body = bytearray(f.read())
    weights = {}
    for name, t in header.items():
        if name != '__metadata__':
            begin, end = t['data_offsets']
            flat = torch.frombuffer(body, dtype=types[t['dtype']], offset=begin,
                                    count=(end - begin) // (4 if t['dtype'] == 'F32' else 2))
            weights[name] = flat.reshape(t['shape'])
    return weights


def save(weights, folder, form, dtype):
    os.makedirs(folder, exist_ok=True)
    weights = {name: w.to(dtype) for name, w in weights.items()}
    if form == 'safetensors':
        save_safetensors(weights, os.path.join(folder, 'model.safetensors'))
    else:
        from collections import OrderedDict
        table = OrderedDict(weights)
        table['roberta.embeddings.position_ids'] = torch.arange(64).reshape(1, -1)  # as old ones have
        table._metadata = OrderedDict({'': {'version': 1}})
        torch.save(table, os.path.join(folder, 'pytorch_model.bin'))


def load(folder):
    with open(os.path.join(folder, 'config.json')) as f:
        config = json.load(f)
    path = os.path.join(folder, 'model.safetensors')
    weights = load_safetensors(path) if os.path.exists(path) else torch.load(
        os.path.join(folder, 'pytorch_model.bin'), map_location='cpu')
    return config, {name: w.float() for name, w in weights.items()}


def logits(config, w, ids, mask):
    """ids, mask: [texts][tokens]; mask is 0 where a text is padded."""
    f = torch.nn.functional
    h, heads, pad, eps = (config[k] for k in ('hidden_size', 'num_attention_heads', 'pad_token_id', 'layer_norm_eps'))
    texts, tokens = ids.shape
    linear = lambda x, name: f.linear(x, w[name + '.weight'], w[name + '.bias'])
    norm = lambda x, name: f.layer_norm(x, (h,), w[name + '.weight'], w[name + '.bias'], eps)
    split = lambda x: x.reshape(texts, tokens, heads, h // heads).transpose(1, 2)
    x = w['roberta.embeddings.word_embeddings.weight'][ids]
    x = x + w['roberta.embeddings.token_type_embeddings.weight'][0]
    x = x + w['roberta.embeddings.position_embeddings.weight'][pad + mask.cumsum(1) * mask]
    x = norm(x, 'roberta.embeddings.LayerNorm')
    hidden = (1.0 - mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
    for i in range(config['num_hidden_layers']):
        name = f'roberta.encoder.layer.{i}.'
        q, k, v = (split(linear(x, name + 'attention.self.' + part)) for part in ('query', 'key', 'value'))
        weight = torch.softmax(q @ k.transpose(-1, -2) / (h // heads) ** 0.5 + hidden, -1)
        attended = (weight @ v).transpose(1, 2).reshape(texts, tokens, h)
        x = norm(x + linear(attended, name + 'attention.output.dense'), name + 'attention.output.LayerNorm')
        inner = f.gelu(linear(x, name + 'intermediate.dense'))
        x = norm(x + linear(inner, name + 'output.dense'), name + 'output.LayerNorm')
    return linear(torch.tanh(linear(x[:, 0], 'classifier.dense')), 'classifier.out_proj')


def print_logits(config, weights, batch):
    pad = config['pad_token_id']
    texts = [json.loads(line)['ids'] for line in sys.stdin]
    with torch.no_grad():
        for at in range(0, len(texts), batch):
            some = texts[at:at + batch]
            longest = max(map(len, some))
            ids = torch.tensor([t + [pad] * (longest - len(t)) for t in some])
            mask = torch.tensor([[1] * len(t) + [0] * (longest - len(t)) for t in some])
            for row in logits(config, weights, ids, mask):
                print(json.dumps([float(v) for v in row]))


def config_of(a, vocab_size):
    return {'architectures': ['RobertaForSequenceClassification'], 'model_type': 'roberta',
            'attention_probs_dropout_prob': 0.1, 'bos_token_id': 0, 'eos_token_id': 2, 'pad_token_id': 1,
            'hidden_act': 'gelu', 'hidden_dropout_prob': 0.1, 'hidden_size': a.hidden, 'initializer_range': 0.02,
            'intermediate_size': a.inner, 'layer_norm_eps': 1e-05, 'max_position_embeddings': a.positions,
            'num_attention_heads': a.heads, 'num_hidden_layers': a.layers, 'type_vocab_size': 1,
            'vocab_size': vocab_size, 'id2label': {'0': 'negative', '1': 'neutral', '2': 'positive'},
            'label2id': {'negative': 0, 'neutral': 1, 'positive': 2}}


def save_folder(folder, config, weights, vocab, merges, form='safetensors', dtype=torch.float32):
    os.makedirs(folder, exist_ok=True)
    shutil.copyfile(vocab, os.path.join(folder, 'vocab.json'))
    shutil.copyfile(merges, os.path.join(folder, 'merges.txt'))
    with open(os.path.join(folder, 'config.json'), 'w') as f:
        json.dump(config, f, indent=2)
    save(weights, folder, form, dtype)


def make(a):
    with open(a.vocab) as f:
        config = config_of(a, max(json.load(f).values()) + 1)
    save_folder(a.folder, config, random_weights(config, a.seed, a.spread), a.vocab, a.merges, a.form,
                getattr(torch, a.dtype))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest='what', required=True)
    m = sub.add_parser('make')
    m.add_argument('folder')
    m.add_argument('--vocab', required=True)
    m.add_argument('--merges', required=True)
    for name, value in (('hidden', 64), ('heads', 4), ('layers', 2), ('inner', 128), ('positions', 514), ('seed', 1)):
        m.add_argument('--' + name, type=int, default=value)
    m.add_argument('--spread', type=float, default=0.8)
    m.add_argument('--form', choices=('safetensors', 'zip'), default='safetensors')
    m.add_argument('--dtype', choices=('float32', 'float16', 'bfloat16'), default='float32')
    one = sub.add_parser('logits')
    one.add_argument('folder')
    one.add_argument('--batch', type=int, default=1)
    one.add_argument('--threads', type=int, default=1)
    a = p.parse_args()
    if a.what == 'make':
        make(a)
    else:
        torch.set_num_threads(a.threads)
        print_logits(*load(a.folder), a.batch)


if __name__ == '__main__':
    main()
