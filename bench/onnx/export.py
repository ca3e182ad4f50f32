#!/usr/bin/env python3
"""Writes a checkpoint of RoBERTa as ONNX, so that ONNX Runtime can be measured beside `bullfinch`.

    export.py FOLDER OUT.onnx [--int8]

The graph is the one that Hugging Face's exporter makes: inputs input_ids and attention_mask, output
logits. With --int8 each product with weights is quantized as onnxruntime's quantize_dynamic does it
(DynamicQuantizeLinear, MatMulInteger; weights int8 with a scale for each column). ONNX Runtime fuses
normalisations, GELU and quantized products when it loads the model. Needs torch, to read the weights.
"""
import argparse
import os
import struct
import sys

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tests', 'parity'))
import checkpoint  # noqa: E402

FLOAT, INT8, INT64 = 1, 3, 7


# --- protocol buffers ---------------------------------------------------------------------------

def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def number(field, n):
    return varint(field << 3) + varint(n)


def data(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def single(field, x):
    return varint(field << 3 | 5) + struct.pack('<f', x)


# --- ONNX's messages ----------------------------------------------------------------------------

def attribute(name, value):
    if isinstance(value, float):
        return data(1, name) + single(2, value) + number(20, 1)
    if isinstance(value, int):
        return data(1, name) + number(3, value) + number(20, 2)
    return data(1, name) + b''.join(number(8, v) for v in value) + number(20, 7)


def tensor(name, t):
    kind = {torch.float32: FLOAT, torch.int8: INT8, torch.int64: INT64}[t.dtype]
    return b''.join(number(1, d) for d in t.shape) + number(2, kind) + data(8, name) + data(9, t.contiguous().numpy().tobytes())


def value_info(name, kind, dims):
    shape = b''.join(data(1, data(2, d) if isinstance(d, str) else number(1, d)) for d in dims)
    return data(1, name) + data(2, data(1, number(1, kind) + data(2, shape)))


class Graph:
    def __init__(self, int8):
        self.nodes, self.initializers, self.count, self.int8 = [], [], 0, int8
        self.quantized = {}  # an activation is quantized once, whatever it is multiplied with

    def add(self, op, inputs, outputs=1, **attributes):
        self.count += 1
        names = [f'{op}_{self.count}_{i}' for i in range(outputs)]
        self.nodes.append(b''.join(data(1, i) for i in inputs) + b''.join(data(2, o) for o in names) +
                          data(3, f'{op}_{self.count}') + data(4, op) +
                          b''.join(data(5, attribute(k, v)) for k, v in attributes.items()))
        return names[0] if outputs == 1 else names

    def constant(self, t):
        self.count += 1
        name = f'constant_{self.count}'
        self.initializers.append(tensor(name, t))
        return name

    def linear(self, x, w, b):
        """w: [out][in], as PyTorch has it."""
        if not self.int8:
            return self.add('Add', [self.add('MatMul', [x, self.constant(w.t())]), self.constant(b)])
        scale = (w.abs().amax(1) / 127).clamp(min=1e-12)
        q = torch.round(w / scale[:, None]).to(torch.int8)
        if x not in self.quantized:
            self.quantized[x] = self.add('DynamicQuantizeLinear', [x], 3)
        xq, x_scale, x_zero = self.quantized[x]
        zero = self.constant(torch.zeros(w.shape[0], dtype=torch.int8))
        sums = self.add('MatMulInteger', [xq, self.constant(q.t()), x_zero, zero])
        factor = self.add('Mul', [x_scale, self.constant(scale)])
        return self.add('Add', [self.add('Mul', [self.add('Cast', [sums], to=FLOAT), factor]), self.constant(b)])

    def norm(self, x, w, name, eps):
        return self.add('LayerNormalization', [x, self.constant(w[name + '.weight']), self.constant(w[name + '.bias'])],
                        axis=-1, epsilon=eps)

    def gelu(self, x):
        erf = self.add('Erf', [self.add('Div', [x, self.constant(torch.tensor(2.0).sqrt())])])
        y = self.add('Mul', [x, self.add('Add', [erf, self.constant(torch.tensor(1.0))])])
        return self.add('Mul', [y, self.constant(torch.tensor(0.5))])


def build(config, w, int8):
    g = Graph(int8)
    h, heads, eps = config['hidden_size'], config['num_attention_heads'], config['layer_norm_eps']
    ints = lambda *v: g.constant(torch.tensor(v, dtype=torch.int64))
    split = lambda x: g.add('Reshape', [x, ints(0, 0, heads, h // heads)])
    linear = lambda x, name: g.linear(x, w[name + '.weight'], w[name + '.bias'])
    positions = g.add('Mul', [g.add('CumSum', ['attention_mask', g.constant(torch.tensor(1))]), 'attention_mask'])
    positions = g.add('Add', [positions, g.constant(torch.tensor(config['pad_token_id']))])
    words = g.add('Gather', [g.constant(w['roberta.embeddings.word_embeddings.weight']), 'input_ids'])
    table = w['roberta.embeddings.position_embeddings.weight'] + w['roberta.embeddings.token_type_embeddings.weight'][0]
    x = g.norm(g.add('Add', [words, g.add('Gather', [g.constant(table), positions])]), w, 'roberta.embeddings.LayerNorm', eps)
    mask = g.add('Cast', [g.add('Unsqueeze', ['attention_mask', ints(1, 2)])], to=FLOAT)
    mask = g.add('Mul', [g.add('Sub', [g.constant(torch.tensor(1.0)), mask]), g.constant(torch.tensor(-3.4e38))])
    for i in range(config['num_hidden_layers']):
        name = f'roberta.encoder.layer.{i}.'
        q, k, v = (split(linear(x, name + 'attention.self.' + part)) for part in ('query', 'key', 'value'))
        q, v = (g.add('Transpose', [t], perm=[0, 2, 1, 3]) for t in (q, v))
        scores = g.add('MatMul', [q, g.add('Transpose', [k], perm=[0, 2, 3, 1])])
        scores = g.add('Div', [scores, g.constant(torch.tensor(float(h // heads)).sqrt())])
        weight = g.add('Softmax', [g.add('Add', [scores, mask])], axis=-1)
        attended = g.add('Transpose', [g.add('MatMul', [weight, v])], perm=[0, 2, 1, 3])
        attended = linear(g.add('Reshape', [attended, ints(0, 0, h)]), name + 'attention.output.dense')
        x = g.norm(g.add('Add', [attended, x]), w, name + 'attention.output.LayerNorm', eps)
        inner = g.gelu(linear(x, name + 'intermediate.dense'))
        x = g.norm(g.add('Add', [linear(inner, name + 'output.dense'), x]), w, name + 'output.LayerNorm', eps)
    first = g.add('Gather', [x, g.constant(torch.tensor(0))], axis=1)
    g.nodes.append(data(1, linear(g.add('Tanh', [linear(first, 'classifier.dense')]), 'classifier.out_proj')) +
                   data(2, 'logits') + data(3, 'logits') + data(4, 'Identity'))
    graph = b''.join(data(1, n) for n in g.nodes) + data(2, 'roberta') + b''.join(data(5, t) for t in g.initializers)
    for name in ('input_ids', 'attention_mask'):
        graph += data(11, value_info(name, INT64, ['batch', 'tokens']))
    graph += data(12, value_info('logits', FLOAT, ['batch', len(config['id2label'])]))
    return number(1, 8) + data(7, graph) + data(8, number(2, 17))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('folder')
    p.add_argument('out')
    p.add_argument('--int8', action='store_true')
    a = p.parse_args()
    with open(a.out, 'wb') as f:
        f.write(build(*checkpoint.load(a.folder), a.int8))


if __name__ == '__main__':
    main()
