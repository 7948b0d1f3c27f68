# SPDX-License-Identifier: GPL-3.0-or-later
"""A decoder stack of Llama-3.1-8B shape with random weights, made of separate kernels.

Per layer: rmsnorm, qkv product, rope with the write of K and V into the cache, attention,
output product, residual add, rmsnorm, gate-and-up product, silu_mul, down product, residual add.
Weights of the layers are disjoint, so each layer's weights come from memory.
"""
import torch
import torch.nn.functional as F

from ops import rope_table
from plan import LLAMA_8B

OPERATORS = ("rmsnorm", "qkv", "rope_kv_write", "attention", "o", "residual_add", "rmsnorm2",
             "gate_up", "silu_mul", "down", "residual_add2")


class Stack:
    """`phase` prefill: batch sequences of seq new tokens; decode: one new token at kv_len = seq."""

    def __init__(self, ops, phase, batch, seq, n_layers, shape=None):
        shape = shape or LLAMA_8B
        self.ops, self.phase, self.batch, self.seq = ops, phase, batch, seq
        self.n_layers = n_layers
        self.hidden, self.heads, self.kv_heads = shape["hidden"], shape["heads"], shape["kv_heads"]
        self.dim, self.inter, self.vocab = shape["head_dim"], shape["inter"], shape["vocab"]
        self.tokens = batch * (seq if phase == "prefill" else 1)
        self.table = rope_table(seq, self.dim)
        self.take_weights()
        self.take_caches()
        self.take_buffers()

    def take_weights(self):
        flat, at = self.ops.weight.flat, 0

        def next_view(*shape):
            nonlocal at
            n = 1
            for extent in shape:
                n *= extent
            view = flat[at:at + n].view(shape)
            at += n
            return view

        d, kv = self.hidden, self.kv_heads * self.dim
        self.layers = [{
            "norm1": next_view(d), "norm2": next_view(d),
            "qkv": next_view(d + 2 * kv, d).t(), "o": next_view(d, d).t(),
            "gate_up": next_view(2 * self.inter, d).t(), "down": next_view(d, self.inter).t(),
        } for _ in range(self.n_layers)]
        self.head = next_view(self.vocab, d).t()
        self.embedding = next_view(self.vocab, d)

    def take_caches(self):
        shape = (2, self.batch, self.seq, self.kv_heads, self.dim)
        n = 2 * self.batch * self.seq * self.kv_heads * self.dim
        if n * self.n_layers > self.ops.value.flat.numel():
            raise RuntimeError("key-value cache larger than the pool")
        self.caches = [self.ops.value.take(i, shape) for i in range(self.n_layers)]

    def take_buffers(self):
        at = 0

        def next_buffer(*shape):
            nonlocal at
            n = 2
            for extent in shape:
                n *= extent
            view = self.ops.out[at:at + n].view(torch.bfloat16).view(shape)
            at += -(-n // 256) * 256
            return view

        t, d = self.tokens, self.hidden
        self.x, self.h, self.y = next_buffer(t, d), next_buffer(t, d), next_buffer(t, d)
        self.qkv = next_buffer(t, (self.heads + 2 * self.kv_heads) * self.dim)
        self.q = next_buffer(t, self.heads * self.dim)
        self.gate_up = next_buffer(t, 2 * self.inter)
        self.act = next_buffer(t, self.inter)
        self.logits = next_buffer(self.batch, self.vocab)
        self.x.normal_()
        self.ids = torch.randint(0, self.vocab, (t,), device="cuda")
        self.attended = self.q

    def attention(self, layer):
        per_sequence = self.tokens // self.batch
        q = self.q.view(self.batch, per_sequence, self.heads, self.dim).transpose(1, 2)
        k, v = (c.transpose(1, 2) for c in self.caches[layer])
        out = F.scaled_dot_product_attention(q, k, v, is_causal=self.phase == "prefill",
                                             enable_gqa=True)
        self.attention_copies = not out.transpose(1, 2).is_contiguous()
        self.attended = out.transpose(1, 2).reshape(self.tokens, self.heads * self.dim)

    def operator(self, name, layer):
        w, k = self.layers[layer], self.ops.k
        t, d = self.tokens, self.hidden
        if name == "rmsnorm":
            k("rmsnorm", self.h, self.x, w["norm1"], t, d)
        elif name == "rmsnorm2":
            k("rmsnorm", self.h, self.x, w["norm2"], t, d)
        elif name == "rope_kv_write":
            per_sequence = t // self.batch
            first = 0 if self.phase == "prefill" else self.seq - 1
            k("rope", self.q, self.caches[layer][0], self.caches[layer][1], self.qkv, self.table,
              t, per_sequence, first, self.seq, self.heads, self.kv_heads, self.dim)
        elif name == "attention":
            self.attention(layer)
        elif name == "silu_mul":
            k("silu_mul", self.act, self.gate_up, t, self.inter)
        elif name.startswith("residual_add"):
            self.x.add_(self.y)
        else:
            source, target = {"qkv": (self.h, self.qkv), "o": (self.attended, self.y),
                              "gate_up": (self.h, self.gate_up), "down": (self.act, self.y)}[name]
            torch.mm(source, w[name], out=target)

    def layer(self, i):
        for name in OPERATORS:
            self.operator(name, i)

    def stack(self, _i):
        for layer in range(self.n_layers):
            self.layer(layer)

    def model(self, _i):
        """Embedding, all layers, final norm and head of the last token of each sequence."""
        torch.index_select(self.embedding, 0, self.ids, out=self.x)
        self.stack(0)
        last = self.x[self.tokens // self.batch - 1::self.tokens // self.batch].contiguous()
        self.ops.k("rmsnorm", self.h, last, self.layers[0]["norm1"], self.batch, self.hidden)
        torch.mm(self.h[:self.batch], self.head, out=self.logits)

    def finite(self):
        """True when one pass over the stack gives finite logits."""
        self.x.normal_()
        self.model(0)
        return bool(torch.isfinite(self.logits).all())


BACKEND = {"prefill": "sdpa_cudnn", "decode": "sdpa_flash"}  # of the stack, by phase


def check(ops, backend):
    """Finite logits in both phases; does the attention's output need one more copy?"""
    out = {}
    for phase, kernel in BACKEND.items():
        with backend(kernel):
            stack = Stack(ops, phase, 2, 128, LLAMA_8B["layers"])
            out[phase] = {"finite": stack.finite(), "attention_copies": stack.attention_copies}
    return out
