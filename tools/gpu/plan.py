# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: every group is a list of points (dicts).  Plain Python, no GPU needed.

Shapes are those of published models (n = output width, k = input width of a linear layer),
whole and cut by tensor parallelism.
"""

LLAMA_8B = {"hidden": 4096, "heads": 32, "kv_heads": 8, "head_dim": 128, "inter": 14336,
            "vocab": 128256, "layers": 32}

# (n, k): Llama-3.1-8B, Llama-3.1-70B (whole and TP 8), Llama-3.2-1B, Qwen2.5-7B, Qwen3-32B,
# DeepSeek-V3 (one expert and the dense projections).
NK_8B = [(6144, 4096), (4096, 4096), (28672, 4096), (4096, 14336)]
NK_70B = [(10240, 8192), (8192, 8192), (57344, 8192), (8192, 28672)]
NK_70B_TP8 = [(1280, 8192), (8192, 1024), (7168, 8192), (8192, 3584)]
NK_1B = [(3072, 2048), (2048, 2048), (16384, 2048), (2048, 8192)]
NK_QWEN_7B = [(4608, 3584), (37888, 3584), (3584, 18944)]
NK_QWEN_32B = [(10240, 5120), (5120, 8192), (51200, 5120), (5120, 25600)]
NK_DEEPSEEK = [(4096, 7168), (7168, 2048), (24576, 1536), (7168, 16384)]
NK_HEAD = [(128256, 4096)]

M_ALL = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384]
M_MAIN = [1, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192]
M_FEW = [1, 8, 16, 64, 128, 256, 1024, 4096]
M_BETWEEN = [24, 48, 96, 192, 384]
M_RAGGED = [3, 17, 33, 65, 129, 257, 513, 1000, 2049]

FORMATS = {  # our name -> (dtype, w_bits, a_bits, w_type, a_type) of the CSV
    "bf16": ("bf16", 16, 16, "bf16", "bf16"),
    "fp16": ("fp16", 16, 16, "fp16", "fp16"),
    "fp8": ("fp8_static", 8, 8, "fp8", "fp8"),
    "int8": ("int8_sq", 8, 8, "int8", "int8"),
}

MAX_GEMM_FLOPS = 1.2e13


def gemm_points():
    """One linear layer without bias; int8 needs m > 16 in this library."""
    wanted = []

    def add(fmt, nks, ms, launch="graph", kernel=None):
        for n, k in nks:
            for m in ms:
                if fmt == "int8" and m <= 16:
                    continue
                if n > 100000 and m > 1024 or 2.0 * m * n * k > MAX_GEMM_FLOPS:
                    continue
                wanted.append({"fmt": fmt, "m": m, "n": n, "k": k, "launch": launch,
                               "kernel": kernel or {"bf16": "cublas", "fp16": "cublas",
                                                    "fp8": "cublaslt_fast_accum",
                                                    "int8": "cublaslt_int32_out"}[fmt]})

    add("bf16", NK_8B, M_ALL)
    add("bf16", NK_8B[:3:2], M_RAGGED)
    add("bf16", NK_8B, M_BETWEEN)
    add("bf16", NK_70B + NK_1B + NK_QWEN_32B + NK_70B_TP8 + NK_QWEN_7B, M_MAIN)
    add("bf16", NK_DEEPSEEK + NK_HEAD, M_MAIN)
    add("fp16", NK_8B + NK_70B[2:], M_FEW)
    add("fp8", NK_8B + NK_70B, M_MAIN)
    add("fp8", NK_70B_TP8 + NK_QWEN_32B + NK_DEEPSEEK + NK_1B, M_FEW)
    add("fp8", NK_8B[2:3], [16, 256, 4096], kernel="cublaslt_slow_accum")
    add("int8", NK_8B + NK_70B, [17] + M_MAIN)
    add("int8", NK_QWEN_32B, [32] + M_FEW)
    add("bf16", NK_8B[:3], [1, 16, 256, 2048], launch="eager")
    return wanted


def bandwidth_points():
    """Sizes are bytes of one buffer.  'rotate' walks over more than the L2, 'same' does not."""
    points = []
    for power in range(14, 34):
        size = 1 << power
        for op in ("read", "write", "copy", "copy_memcpy"):
            points.append({"op": op, "bytes": size, "buffers": "rotate"})
        if size <= 1 << 28:
            for op in ("read", "copy"):
                points.append({"op": op, "bytes": size, "buffers": "same"})
    for power in range(12, 31, 3):
        for op in ("host_to_device", "device_to_host"):
            points.append({"op": op, "bytes": 1 << power, "buffers": "same"})
    return points


HEADS = [(32, 8, 128), (64, 8, 128), (32, 32, 128), (8, 1, 128), (28, 4, 128), (32, 8, 64),
         (40, 8, 128)]


def prefill_points():
    points = []
    for i, (heads, kv_heads, dim) in enumerate(HEADS):
        shapes = [(1, s) for s in (128, 512, 1024, 2048, 4096, 8192, 16384)]
        shapes += [(4, 512), (4, 2048), (4, 8192), (16, 128), (16, 1024), (16, 4096), (64, 512)]
        if i < 1:
            shapes += [(1, 256), (1, 32768), (2, 1024), (2, 4096), (8, 2048), (32, 512),
                       (1, 1000), (1, 3000), (64, 128)]
        for batch, seq in shapes:
            if batch * seq * heads * dim * 2 > 1.2e9:
                continue
            for kernel in ("sdpa_flash", "sdpa_cudnn"):
                points.append({"kernel": kernel, "causal": 1, "batch": batch, "seq": seq,
                               "heads": heads, "kv_heads": kv_heads, "dim": dim})
    for seq in (512, 2048, 8192):
        for kernel in ("sdpa_flash", "sdpa_cudnn"):
            points.append({"kernel": kernel, "causal": 0, "batch": 1, "seq": seq,
                           "heads": 32, "kv_heads": 8, "dim": 128})
    return points


KV_LIMIT_BYTES = 20e9


def decode_points():
    points = []
    for i, (heads, kv_heads, dim) in enumerate(HEADS):
        shapes = [(b, c) for b in (1, 8, 32, 128) for c in (512, 2048, 8192, 32768)]
        shapes += [(1, 131072), (16, 4096), (64, 2048), (256, 1024)]
        if i < 2:
            shapes += [(2, 2048), (4, 2048), (4, 8192), (16, 1024), (64, 1000), (64, 3000),
                       (256, 2048)]
        for batch, ctx in shapes:
            if batch * ctx * kv_heads * dim * 4 > KV_LIMIT_BYTES:
                continue
            kernels = ["sdpa_flash"] + (["sdpa_cudnn"] if i < 3 else [])
            for kernel in kernels:
                points.append({"kernel": kernel, "batch": batch, "kv_len": ctx, "heads": heads,
                               "kv_heads": kv_heads, "dim": dim})
    return points


def elementwise_points():
    points = []
    rows_all = (1, 8, 32, 128, 512, 2048, 8192, 16384)
    for cols in (2048, 4096, 8192):
        for rows in rows_all:
            for op, kernel in (("rmsnorm", "torch"), ("rmsnorm", "fused"), ("layernorm", "torch"),
                               ("residual_add", "torch"), ("embedding", "torch"),
                               ("quant_bf16_to_fp8", "torch"), ("rope_kv_write", "fused")):
                points.append({"op": op, "kernel": kernel, "rows": rows, "cols": cols})
    for cols in (8192, 14336, 28672):
        for rows in rows_all:
            for kernel in ("fused", "torch"):
                points.append({"op": "silu_mul", "kernel": kernel, "rows": rows, "cols": cols})
            points.append({"op": "gelu", "kernel": "torch", "rows": rows, "cols": cols})
    for cols in (1024, 4096, 16384, 128256):
        for rows in rows_all:
            if rows * cols <= 3e8:
                points.append({"op": "softmax", "kernel": "torch", "rows": rows, "cols": cols})
    return points


def launch_points():
    names = ["empty_eager_host", "empty_eager_host_from_c",
             "empty_eager_device", "empty_sync_host", "empty_graph_node",
             "graph_replay_1_node_host", "graph_replay_100_nodes_host",
             "graph_replay_1000_nodes_host", "graph_replay_1_node_sync_host",
             "torch_add_1_element_host", "torch_mm_m1_4096_host", "event_pair_device"]
    return [{"what": name} for name in names]


def layer_points():
    """Llama-3.1-8B: one layer, its operators, 32 layers, and the whole model with head."""
    points = []
    prefill = [(1, 128), (1, 512), (1, 2048), (1, 8192), (4, 512), (4, 2048), (16, 512),
               (1, 16384)]
    decode = [(1, 512), (1, 2048), (1, 8192), (1, 32768), (8, 512), (8, 2048), (8, 8192),
              (32, 512), (32, 2048), (32, 8192), (64, 2048), (128, 512), (128, 2048), (256, 512)]
    for phase, shapes in (("prefill", prefill), ("decode", decode)):
        for batch, seq in shapes:
            for what, launch in (("layer", "graph"), ("stack", "graph"), ("model", "graph"),
                                 ("layer", "eager"), ("stack", "eager")):
                tokens = batch * seq if phase == "prefill" else batch
                if tokens > 8192 and what == "model" or tokens > 2048 and launch == "eager":
                    continue
                points.append({"phase": phase, "batch": batch, "seq": seq, "what": what,
                               "launch": launch})
            if (batch, seq) in ((1, 2048), (4, 2048), (32, 2048), (128, 2048), (1, 8192)):
                points.append({"phase": phase, "batch": batch, "seq": seq, "what": "operators",
                               "launch": "graph"})
    return points


def gemm_class(fmt, m, n, k, data="random"):
    return {"class": "gemm_" + fmt, "op": "gemm", "fmt": fmt, "m": m, "n": n, "k": k,
            "data": data}


def power_points():
    """Long repeats, one row of joules per operator class and intensity."""
    points = [{"class": "static", "op": "spin", "blocks": b} for b in (1, 132, 1056)]
    points += [{"class": "fp32_fma", "op": "fma"}]
    for op in ("read", "write", "copy"):
        points.append({"class": "hbm_" + op, "op": op, "bytes": 1 << 30})
    points += [{"class": "l2_" + op, "op": op, "bytes": 1 << 23} for op in ("read", "copy")]
    points += [gemm_class("bf16", m, 8192, 8192) for m in (1, 16, 64, 128, 256, 512, 2048, 8192)]
    points += [gemm_class("fp8", m, 8192, 8192) for m in (1, 16, 128, 256, 512, 8192)]
    points += [gemm_class("fp16", m, 8192, 8192) for m in (16, 8192)]
    points += [gemm_class("int8", m, 8192, 8192) for m in (32, 256, 8192)]
    points += [gemm_class("bf16", 8192, 8192, 8192, "zeros"),
               gemm_class("fp8", 8192, 8192, 8192, "zeros"),
               gemm_class("bf16", 8192, 28672, 4096), gemm_class("bf16", 16, 28672, 4096)]
    for kernel in ("sdpa_flash", "sdpa_cudnn"):
        points.append({"class": "attention_prefill", "op": "prefill", "kernel": kernel,
                       "batch": 4, "seq": 4096})
        points.append({"class": "attention_decode", "op": "decode", "kernel": kernel,
                       "batch": 32, "kv_len": 8192})
    for op in ("rmsnorm", "silu_mul", "softmax", "residual_add", "embedding"):
        cols = 14336 if op == "silu_mul" else 4096
        points.append({"class": op, "op": "elementwise", "name": op, "rows": 16384,
                       "cols": cols})
    for phase, batch, seq in (("prefill", 4, 2048), ("decode", 1, 2048), ("decode", 32, 2048),
                              ("decode", 128, 2048)):
        points.append({"class": "stack_" + phase, "op": "stack", "batch": batch, "seq": seq})
    return points


QUICK = {"gemm": 24, "elementwise": 40, "power": 100, "launch": 100, "bandwidth": 16}
QUICK_DEFAULT = 12



def warmth(name, point):
    """Points of like power follow each other, because a power-capped neighbour leaves a low clock
    behind for some 0.1 s; the order inside a class is random."""
    if name == "gemm":
        return (point["m"] > 32) + (point["m"] > 128)
    if name == "attention_prefill":
        return int(point["batch"] * point["seq"] * point["heads"] > 60000)
    if name == "attention_decode":
        return int(point["kv_len"] * point["batch"] * point["kv_heads"] > 500000)
    return 0


# name -> (points, share of the time).  Run in this order.
GROUPS = {
    "idle": (lambda: [{"what": w} for w in ("context", "after_load")], 12),
    "launch": (launch_points, 6),
    "bandwidth": (bandwidth_points, 34),
    "gemm": (gemm_points, 160),
    "attention_decode": (decode_points, 50),
    "attention_prefill": (prefill_points, 52),
    "elementwise": (elementwise_points, 34),
    "power": (power_points, 66),
    "layer": (layer_points, 42),  # last: it overwrites random data with keys and values
}


def thin(points, most):
    """At most `most` points, evenly spaced over the list."""
    if len(points) <= most:
        return points
    return [points[i * len(points) // most] for i in range(most)]
