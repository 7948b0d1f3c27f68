# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations that are timed: pools of random data, our kernels, and call(i) makers.

Each maker returns (call, bytes_per_call): the bytes that must come from or go to memory in one
call when nothing is cached, which decides how many buffer sets rotate.
"""
import ctypes
import os
import subprocess

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from bench import copies_for

BACKENDS = {"sdpa_flash": SDPBackend.FLASH_ATTENTION, "sdpa_cudnn": SDPBackend.CUDNN_ATTENTION}
GIB = 1 << 30


def start_build(folder):
    """Compile kernels.cu in the background; returns (process, path of the library)."""
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(folder, "libcosim_gpu.so")
    command = ["nvcc", "-O3", "-std=c++17", "-gencode=arch=compute_90,code=sm_90", "-shared",
               "-Xcompiler", "-fPIC", "-o", path, os.path.join(here, "kernels.cu")]
    return subprocess.Popen(command), path


class Kernels:
    """kernels.cu through ctypes; every call raises on a launch error."""

    def __init__(self, path):
        self.lib = ctypes.CDLL(path)

    def __call__(self, name, *args):
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        converted = [ctypes.c_void_p(a.data_ptr()) if torch.is_tensor(a) else a for a in args]
        status = getattr(self.lib, "k_" + name)(*converted, stream)
        if status:
            raise RuntimeError(f"kernel {name}: CUDA error {status}")


class Pool:
    """A flat tensor; take(i, shape) is the i-th disjoint view, wrapping around at the end."""

    def __init__(self, flat):
        self.flat = flat

    def take(self, i, shape):
        n = 1
        for extent in shape:
            n *= extent
        step = -(-n // 128) * 128
        slots = max(1, self.flat.numel() // step)
        if n > self.flat.numel():
            raise RuntimeError(f"pool too small for {shape}")
        at = (i % slots) * step
        return self.flat[at:at + n].view(shape)


def random_flat(n, std, dtype=torch.bfloat16, chunk=1 << 29):
    """Normal random numbers, made in pieces; int8 is rounded from a deviation of 32."""
    out = torch.empty(n, dtype=dtype, device="cuda")
    for at in range(0, n, chunk):
        part = out[at:at + chunk]
        if dtype in (torch.bfloat16, torch.float16):
            part.normal_(0.0, std)
            continue
        piece = torch.empty(part.numel(), dtype=torch.bfloat16, device="cuda").normal_(0.0, std)
        if dtype == torch.int8:
            piece = piece.mul_(32).round_().clamp_(-127, 127)
        part.copy_(piece.to(dtype))
    return out


class Ops:
    def __init__(self, kernels, scale=1.0):
        torch.manual_seed(20240607)
        self.k = kernels
        self.weight = Pool(random_flat(int(8.4e9 * scale), 0.02))
        self.value = Pool(random_flat(int(17.3e9 * scale), 1.0))
        self.typed = {
            "bf16": self.weight,
            "fp16": Pool(random_flat(2 * GIB // 2, 0.5, torch.float16)),
            "fp8": Pool(random_flat(2 * GIB, 1.0, torch.float8_e4m3fn)),
            "int8": Pool(random_flat(2 * GIB, 1.0, torch.int8)),
        }
        self.out = torch.empty(9 * GIB, dtype=torch.uint8, device="cuda")
        self.sink = torch.empty(64, dtype=torch.uint8, device="cuda")
        self.one = torch.ones((), dtype=torch.float32, device="cuda")
        torch.cuda.synchronize()

    def scratch(self, dtype, shape, i=0):
        """The i-th uninitialised buffer of this shape in the output area."""
        return Pool(self.out.view(dtype)).take(i, shape)

    # -- linear layers ---------------------------------------------------------------------

    def gemm(self, fmt, m, n, k, kernel="", data="random"):
        size = {"bf16": 2, "fp16": 2, "fp8": 1, "int8": 1}[fmt]
        n_bytes = n * k * size
        pool = self.typed[fmt]
        copies = copies_for(n_bytes)
        if data == "zeros":
            zero = torch.zeros(max(n, m), k, dtype=torch.bfloat16, device="cuda")
            zero = zero.to(pool.flat.dtype)
            weights, x = [zero[:n].t()] * copies, zero[:m]
        else:
            weights = [pool.take(i, (n, k)).t() for i in range(copies)]
            x = (self.value if fmt == "bf16" else pool).take(0, (m, k))
        if fmt == "fp8":
            out = self.scratch(torch.bfloat16, (m, n))
            fast = "slow" not in kernel

            def call(i):
                torch._scaled_mm(x, weights[i], scale_a=self.one, scale_b=self.one,
                                 out_dtype=torch.bfloat16, use_fast_accum=fast, out=out)
        elif fmt == "int8":
            out = self.scratch(torch.int32, (m, n))

            def call(i):
                torch._int_mm(x, weights[i], out=out)
        else:
            out = self.scratch(x.dtype, (m, n))

            def call(i):
                torch.mm(x, weights[i], out=out)
        return call, n_bytes

    # -- attention -------------------------------------------------------------------------

    def prefill(self, batch, seq, heads, kv_heads, dim, causal=1):
        n_bytes = 2 * batch * seq * dim * (2 * heads + 2 * kv_heads)
        copies = copies_for(n_bytes)
        rows = heads + 2 * kv_heads

        def split(i):
            flat = self.value.take(i, (batch * seq * rows * dim,))
            q, k, v = flat.split([batch * seq * h * dim for h in (heads, kv_heads, kv_heads)])
            return [t.view(batch, seq, -1, dim).transpose(1, 2) for t in (q, k, v)]

        sets = [split(i) for i in range(copies)]

        def call(i):
            q, k, v = sets[i]
            return F.scaled_dot_product_attention(q, k, v, is_causal=bool(causal),
                                                  enable_gqa=heads != kv_heads)
        return call, n_bytes

    def decode(self, batch, kv_len, heads, kv_heads, dim):
        n_bytes = 4 * batch * kv_len * kv_heads * dim
        copies = copies_for(n_bytes)
        caches = [self.value.take(i, (2, batch, kv_len, kv_heads, dim)).transpose(2, 3)
                  for i in range(copies)]
        query = self.typed["bf16"].take(0, (batch, 1, heads, dim)).transpose(1, 2)

        def call(i):
            return F.scaled_dot_product_attention(query, caches[i][0], caches[i][1],
                                                  enable_gqa=heads != kv_heads)
        return call, n_bytes

    # -- memory ----------------------------------------------------------------------------

    def memory(self, op, n_bytes, rotate=True):
        moved = n_bytes * (2 if op.startswith("copy") else 1)
        copies = copies_for(moved) if rotate else 1
        source = [self.value.take(i, (n_bytes // 2,)) for i in range(copies)]
        target = [self.scratch(torch.bfloat16, (n_bytes // 2,), i) for i in range(copies)] \
            if op != "read" else []
        calls = {
            "read": lambda i: self.k("read", source[i], ctypes.c_size_t(n_bytes), self.sink),
            "write": lambda i: self.k("write", target[i], ctypes.c_size_t(n_bytes), i + 1),
            "copy": lambda i: self.k("copy", target[i], source[i], ctypes.c_size_t(n_bytes)),
            "copy_memcpy": lambda i: target[i].copy_(source[i]),
        }
        return calls[op], (moved if rotate else 1), copies

    def host_copy(self, op, n_bytes):
        host = torch.empty(n_bytes, dtype=torch.uint8, pin_memory=True)
        device = self.out[:n_bytes]
        if op == "host_to_device":
            return lambda i: device.copy_(host, non_blocking=True)
        return lambda i: host.copy_(device, non_blocking=True)

    # -- rows x cols -----------------------------------------------------------------------

    def elementwise(self, op, kernel, rows, cols):
        """Inputs and outputs rotate together.  Returns (call, bytes_per_call)."""
        wide = 2 if op == "silu_mul" else 1
        reads = {"residual_add": 2, "silu_mul": 2}.get(op, 1)
        out_size = 1 if op == "quant_bf16_to_fp8" else 2
        if op == "rope_kv_write":
            return self.rope(rows, cols)
        n_bytes = rows * cols * (2 * reads + out_size)
        copies = copies_for(n_bytes)
        x = [self.value.take(i, (rows, wide * cols)) for i in range(copies)]
        kind = torch.float8_e4m3fn if out_size == 1 else torch.bfloat16
        y = [self.scratch(kind, (rows, cols), i) for i in range(copies)]
        gain = self.weight.take(0, (cols,))
        if op == "residual_add":
            z = [self.value.take(copies + i, (rows, cols)) for i in range(copies)]
            return lambda i: torch.add(x[i], z[i], out=y[i]), n_bytes
        if op == "embedding":
            ids = torch.randint(0, 128256, (copies, rows), device="cuda")
            table = self.weight.take(0, (128256, cols))
            return lambda i: torch.index_select(table, 0, ids[i], out=y[i]), n_bytes
        if op == "silu_mul" and kernel == "torch":
            return lambda i: torch.mul(F.silu(x[i][:, :cols]), x[i][:, cols:], out=y[i]), n_bytes
        calls = {
            ("rmsnorm", "torch"): lambda i: F.rms_norm(x[i], (cols,), gain, 1e-5),
            ("rmsnorm", "fused"): lambda i: self.k("rmsnorm", y[i], x[i], gain, rows, cols),
            ("layernorm", "torch"): lambda i: F.layer_norm(x[i], (cols,), gain, gain),
            ("quant_bf16_to_fp8", "torch"): lambda i: y[i].copy_(x[i]),
            ("silu_mul", "fused"): lambda i: self.k("silu_mul", y[i], x[i], rows, cols),
            ("gelu", "torch"): lambda i: F.gelu(x[i]),
            ("softmax", "torch"): lambda i: torch.softmax(x[i], -1),
        }
        return calls[op, kernel], n_bytes

    def rope(self, rows, q_cols):
        """Rotary embedding of q and k of one sequence of `rows` tokens, K and V into a cache."""
        dim, heads = 128, q_cols // 128
        kv_heads = heads // 4
        n_bytes = 4 * rows * (heads + 2 * kv_heads) * dim
        copies = copies_for(n_bytes)
        qkv = [self.value.take(i, (rows, heads + 2 * kv_heads, dim)) for i in range(copies)]
        out = [self.scratch(torch.bfloat16, (rows, heads + 2 * kv_heads, dim), i).flatten()
               for i in range(copies)]
        parts = [o.split([rows * h * dim for h in (heads, kv_heads, kv_heads)]) for o in out]
        table = rope_table(rows, dim)
        return lambda i: self.k("rope", *parts[i], qkv[i], table, rows, rows, 0, rows, heads,
                                kv_heads, dim), n_bytes


def rope_table(positions, dim, base=500000.0):
    """(cos, sin) per position and pair; base of Llama-3.1."""
    freq = base ** (-torch.arange(0, dim, 2, device="cuda", dtype=torch.float32) / dim)
    angle = torch.arange(positions, device="cuda", dtype=torch.float32)[:, None] * freq
    return torch.stack([angle.cos(), angle.sin()], -1).contiguous()


def attention_backend(kernel):
    return sdpa_kernel(BACKENDS[kernel])


def relative_error(got, want):
    got, want = got.double(), want.double()
    return float((got - want).norm() / want.norm())


def check_kernels(ops):
    """Relative errors of our kernels and of the low-precision products against float64 on the GPU."""
    errors = {}
    x = ops.value.take(3, (64, 4096))
    gain = ops.weight.take(5, (4096,))
    y = torch.full_like(x, float("nan"))
    ops.k("rmsnorm", y, x, gain, 64, 4096)
    xd = x.double()
    want = xd * (xd.pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt() * gain.double()
    errors["rmsnorm"] = relative_error(y, want)
    y = torch.full((64, 2048), float("nan"), dtype=torch.bfloat16, device="cuda")
    ops.k("silu_mul", y, x, 64, 2048)
    errors["silu_mul"] = relative_error(y, F.silu(xd[:, :2048]) * xd[:, 2048:])
    y = torch.full_like(x, float("nan"))
    ops.k("copy", y, x, ctypes.c_size_t(x.numel() * 2))
    errors["copy"] = relative_error(y, x)

    tokens, heads, kv_heads, dim, room, first = 6, 4, 2, 128, 16, 5
    qkv = ops.value.take(9, (tokens, heads + 2 * kv_heads, dim))
    q = torch.full((tokens, heads, dim), float("nan"), dtype=torch.bfloat16, device="cuda")
    k, v = (torch.zeros(2, room, kv_heads, dim, dtype=torch.bfloat16, device="cuda")
            for _ in range(2))
    table = rope_table(room, dim)
    ops.k("rope", q, k, v, qkv, table, tokens, 3, first, room, heads, kv_heads, dim)
    cos, sin = (table[first:first + 3, :, j].double().repeat(2, 1)[:, None] for j in range(2))
    a, b = qkv.double()[..., :64], qkv.double()[..., 64:]
    turned = torch.cat([a * cos - b * sin, a * sin + b * cos], -1)
    errors["rope_q"] = relative_error(q, turned[:, :heads])
    errors["rope_k"] = relative_error(k[:, first:first + 3].reshape(tokens, kv_heads, dim),
                                      turned[:, heads:heads + kv_heads])
    errors["rope_v"] = relative_error(v[:, first:first + 3].reshape(tokens, kv_heads, dim),
                                      qkv[:, heads + kv_heads:])
    for fmt, m in (("bf16", 5), ("fp16", 5), ("fp8", 5), ("int8", 32)):
        call, _ = ops.gemm(fmt, m, 512, 1024)
        kind = torch.int32 if fmt == "int8" else torch.float16 if fmt == "fp16" else torch.bfloat16
        out = ops.scratch(kind, (m, 512))
        out.zero_()
        call(1)
        x = (ops.value if fmt == "bf16" else ops.typed[fmt]).take(0, (m, 1024))
        want = x.double() @ ops.typed[fmt].take(1, (512, 1024)).double().t()
        errors["gemm_" + fmt] = relative_error(out, want)
    for kernel in BACKENDS:
        errors[kernel] = check_attention(ops, kernel)
    torch.cuda.synchronize()
    return errors


def check_attention(ops, kernel):
    """Decode attention with grouped heads against float64; the error's text when it is refused."""
    try:
        with attention_backend(kernel):
            call, _ = ops.decode(2, 256, 8, 2, 128)
            got = call(1)
    except RuntimeError as error:
        return str(error).splitlines()[0]
    keys, values = ops.value.take(1, (2, 2, 256, 2, 128)).transpose(2, 3).double()
    query = ops.typed["bf16"].take(0, (2, 1, 8, 128)).transpose(1, 2).double()
    keys, values = (t.repeat_interleave(4, dim=1) for t in (keys, values))
    scores = torch.softmax(query @ keys.transpose(-1, -2) / 128 ** 0.5, -1)
    return relative_error(got, scores @ values)
