# SPDX-License-Identifier: GPL-3.0-or-later
"""How each group's points are measured: RUNNERS[group](session, point, target_s) yields rows."""
import ctypes
import statistics
import time

import torch

import llama
from bench import percentile
from plan import FORMATS, LLAMA_8B

SPIN_CYCLES = 100_000_000   # about 50 ms at 1980 MHz
FMA_ITERS = 20_000


def gemm_columns(fmt, m, n, k):
    dtype, w_bits, a_bits, w_type, a_type = FORMATS[fmt]
    return {"dtype": dtype, "w_bits": w_bits, "a_bits": a_bits, "w_type": w_type,
            "a_type": a_type, "group": 0, "act_quant": 0, "m": m, "n": n, "k": k}


def gemm(s, p, target_s):
    call, n_bytes = s.ops.gemm(p["fmt"], p["m"], p["n"], p["k"], p["kernel"])
    yield {**gemm_columns(p["fmt"], p["m"], p["n"], p["k"]), "kernel": p["kernel"],
           "launch": p["launch"], **s.bench.run(call, n_bytes, target_s, p["launch"])}


def bandwidth(s, p, target_s):
    op, n_bytes = p["op"], p["bytes"]
    row = {"op": op, "buffers": p["buffers"], "bytes": n_bytes}
    if "host" in op:
        call = s.ops.host_copy(op, n_bytes)
        yield {**row, "kernel": "pinned_memcpy", "launch": "eager", "traffic_bytes": n_bytes,
               **s.bench.run(call, n_bytes, target_s, "eager", copies=1)}
        return
    rotate = p["buffers"] == "rotate"
    call, moved, copies = s.ops.memory(op, n_bytes, rotate)
    kernel = "memcpy" if op == "copy_memcpy" else "stream_" + op
    traffic = n_bytes * (2 if op.startswith("copy") else 1)
    measured = s.bench.run(call, moved if rotate else traffic, target_s, copies=copies)
    yield {**row, "op": op.split("_")[0], "kernel": kernel, "launch": "graph",
           "traffic_bytes": traffic, **measured}


def prefill(s, p, target_s):
    shape = (p["batch"], p["seq"], p["heads"], p["kv_heads"], p["dim"])
    with s.attention_backend(p["kernel"]):
        call, n_bytes = s.ops.prefill(*shape, p["causal"])
        measured = s.bench.run(call, n_bytes, target_s)
    yield {"kernel": p["kernel"], "attn_dtype": "bf16", "kv_dtype": "bf16", "causal": p["causal"],
           "window": 0, "batch": p["batch"], "seq": p["seq"], "heads": p["heads"],
           "kv_heads": p["kv_heads"], "head_dim": p["dim"], **measured}


def decode(s, p, target_s):
    with s.attention_backend(p["kernel"]):
        call, n_bytes = s.ops.decode(p["batch"], p["kv_len"], p["heads"], p["kv_heads"], p["dim"])
        measured = s.bench.run(call, n_bytes, target_s)
    yield {"kernel": p["kernel"], "attn_dtype": "bf16", "kv_dtype": "bf16", "window": 0,
           "batch": p["batch"], "kv_len": p["kv_len"], "heads": p["heads"],
           "kv_heads": p["kv_heads"], "head_dim": p["dim"], **measured}


def elementwise(s, p, target_s):
    call, n_bytes = s.ops.elementwise(p["op"], p["kernel"], p["rows"], p["cols"])
    cols = p["cols"] + p["cols"] // 4 if p["op"] == "rope_kv_write" else p["cols"]
    yield {"op": p["op"], "kernel": p["kernel"], "dtype": "bf16", "launch": "graph",
           "rows": p["rows"], "cols": cols, **s.bench.run(call, n_bytes, target_s)}


# -- launches ------------------------------------------------------------------------------


def host_times_us(action, n_times, batch=20, wait=False):
    """Sorted wall times per action, in small batches that never fill the launch queue.

    With wait, the time until the GPU is done is included.
    """
    times = []
    for _ in range(n_times):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        for _ in range(batch):
            action()
        if wait:
            torch.cuda.current_stream().synchronize()
        times.append((time.perf_counter() - begin) * 1e6 / batch)
    return sorted(times)


EMPTY_RUN = 200   # launches of one call of k_empty_many


def launch(s, p, _target_s):
    what, bench = p["what"], s.bench

    def empty(_i=0):
        s.ops.k("empty")

    if what.startswith("empty_graph") or what == "empty_eager_device":
        mode = "graph" if "graph" in what else "eager"
        got = bench.run(empty, 1, 0.2, mode, copies=512 if mode == "graph" else 64)
        yield {"what": what, "value_us": got["latency_us"], "p10_us": got["p10_us"],
               "p90_us": got["p90_us"], "n_samples": got["n_samples"]}
        return
    if what == "event_pair_device":
        samples = []
        for _ in range(200):
            bench.events[0].record()
            bench.events[1].record()
            torch.cuda.synchronize()
            samples.append(bench.elapsed_us(0, 1))
        samples.sort()
    elif what.startswith("graph_replay"):
        n_nodes = int(what.split("_")[2])
        graph = bench.capture(empty, n_nodes)
        wait = "sync" in what
        samples = host_times_us(graph.replay, 200, 1 if wait else 4, wait)
    else:
        x = s.ops.value.take(0, (1,))
        row, weight = s.ops.value.take(1, (1, 4096)), s.ops.weight.take(0, (4096, 4096))
        out = s.ops.scratch(torch.bfloat16, (1, 4096))
        action = {"empty_eager_host": empty, "empty_sync_host": empty,
                  "torch_add_1_element_host": lambda: x.add_(1),
                  "empty_eager_host_from_c": lambda: s.ops.k("empty_many", EMPTY_RUN),
                  "torch_mm_m1_4096_host": lambda: torch.mm(row, weight, out=out)}[what]
        single = "sync" in what or "from_c" in what
        samples = host_times_us(action, 200, 1 if single else 20, "sync" in what)
    if what == "empty_eager_host_from_c":
        samples = [t / EMPTY_RUN for t in samples]
    yield {"what": what, "value_us": statistics.median(samples), "p10_us": percentile(samples, .1),
           "p90_us": percentile(samples, .9), "n_samples": len(samples)}


# -- decoder stack -------------------------------------------------------------------------


def layer(s, p, target_s):
    kernel = llama.BACKEND[p["phase"]]
    row = {"model": "llama-3.1-8b", "phase": p["phase"], "batch": p["batch"], "seq": p["seq"],
           "tp": 1, "launch": p["launch"], "kernel": kernel}
    n_layers = LLAMA_8B["layers"]
    with s.attention_backend(kernel):
        stack = llama.Stack(s.ops, p["phase"], p["batch"], p["seq"], n_layers)
        if p["what"] == "operators":
            stack.layer(0)
            for name in llama.OPERATORS:
                if name.endswith("2"):
                    continue
                got = s.bench.run(lambda i, name=name: stack.operator(name, i % n_layers), 1e9,
                                  target_s / 4, copies=n_layers)
                yield {**row, "op": name, "layers": 1, **got}
            return
        if p["what"] == "layer":
            got = s.bench.run(lambda i: stack.layer(i % n_layers), 1e9, target_s, p["launch"],
                              copies=n_layers)
            yield {**row, "op": "layer", "layers": 1, **got}
            return
        call = stack.model if p["what"] == "model" else stack.stack
        got = s.bench.run(call, 1e9, target_s, p["launch"], copies=1)
        yield {**row, "op": p["what"], "layers": n_layers, **got}


# -- power ---------------------------------------------------------------------------------


def idle(s, p, _target_s):
    """Bins of a window without work: after the context was made, or after a heavy load."""
    if p["what"] == "after_load":
        call, n_bytes = s.ops.gemm("bf16", 8192, 8192, 8192)
        s.bench.run(call, n_bytes, 1.5)
    begin = time.monotonic()
    seconds = 2 if s.args.quick else 4
    time.sleep(seconds)
    for i in range(2 * seconds):
        s.idle(f"{p['what']}_{i * 0.5:.1f}s", begin + 0.5 * i, begin + 0.5 * (i + 1))
    return
    yield


def power(s, p, target_s):
    """A repeat of 1 s and more."""
    op, ops = p["op"], s.ops
    row = {"class": p["class"], "op": op, "dtype": "bf16", "data": p.get("data", "random"),
           "kernel": p.get("kernel", "")}
    bench = s.bench

    def timed(call, n_bytes, copies=None):
        return bench.run(call, n_bytes, target_s, copies=copies)

    if op == "spin":
        blocks = p["blocks"]
        got = timed(lambda i: ops.k("spin", blocks, ctypes.c_longlong(SPIN_CYCLES)), 1, 1)
        yield {**row, "dtype": "", "shape": f"blocks={blocks}", "flops": 0, "min_bytes": 0, **got}
    elif op == "fma":
        blocks = 132 * 8
        got = timed(lambda i: ops.k("fma", ops.sink, blocks, FMA_ITERS), 1, 1)
        yield {**row, "dtype": "fp32", "shape": f"blocks={blocks}",
               "flops": 2 * 8 * FMA_ITERS * blocks * 256, "min_bytes": 0, **got}
    elif op in ("read", "write", "copy"):
        rotate = p["class"].startswith("hbm")
        call, _, copies = ops.memory(op, p["bytes"], rotate)
        moved = p["bytes"] * (2 if op == "copy" else 1)
        yield {**row, "dtype": "", "shape": f"bytes={p['bytes']}", "flops": 0, "min_bytes": moved,
               **timed(call, moved, copies)}
    elif op == "gemm":
        yield power_gemm(row, p, ops, timed)
    elif op in ("prefill", "decode"):
        yield power_attention(row, p, s, timed)
    elif op == "elementwise":
        kernel = "fused" if p["name"] in ("rmsnorm", "silu_mul") else "torch"
        call, n_bytes = ops.elementwise(p["name"], kernel, p["rows"], p["cols"])
        yield {**row, "op": p["name"], "kernel": kernel, "flops": 0, "min_bytes": n_bytes,
               "shape": f"rows={p['rows']} cols={p['cols']}", **timed(call, n_bytes)}
    else:
        yield power_stack(row, p, s, timed)


def power_gemm(row, p, ops, timed):
    fmt, m, n, k = p["fmt"], p["m"], p["n"], p["k"]
    call, n_bytes = ops.gemm(fmt, m, n, k, data=p["data"])
    size = 1 if fmt in ("fp8", "int8") else 2
    out = 4 if fmt == "int8" else 2
    return {**row, "dtype": FORMATS[fmt][0], "shape": f"m={m} n={n} k={k}",
            "flops": 2 * m * n * k, "min_bytes": size * (n * k + m * k) + out * m * n,
            **timed(call, n_bytes)}


def power_attention(row, p, s, timed):
    heads, kv_heads, dim, batch = 32, 8, 128, p["batch"]
    with s.attention_backend(p["kernel"]):
        if p["op"] == "prefill":
            seq = p["seq"]
            call, n_bytes = s.ops.prefill(batch, seq, heads, kv_heads, dim)
            flops = 2 * batch * heads * dim * seq * (seq + 1)
            shape = f"batch={batch} seq={seq}"
        else:
            call, n_bytes = s.ops.decode(batch, p["kv_len"], heads, kv_heads, dim)
            flops = 4 * batch * heads * dim * p["kv_len"]
            shape = f"batch={batch} kv_len={p['kv_len']}"
        got = timed(call, n_bytes)
    return {**row, "shape": f"{shape} heads={heads} kv_heads={kv_heads} dim={dim}",
            "flops": flops, "min_bytes": n_bytes, **got}


def power_stack(row, p, s, timed):
    phase = p["class"].split("_")[1]
    kernel = llama.BACKEND[phase]
    with s.attention_backend(kernel):
        stack = llama.Stack(s.ops, phase, p["batch"], p["seq"], LLAMA_8B["layers"])
        got = timed(stack.stack, 1e9, 1)
    weights = sum(w.numel() for w in stack.layers[0].values()) * LLAMA_8B["layers"]
    cache = 4 * p["batch"] * p["seq"] * stack.kv_heads * stack.dim * LLAMA_8B["layers"]
    return {**row, "kernel": kernel, "shape": f"batch={p['batch']} seq={p['seq']}",
            "flops": 2 * weights * stack.tokens, "min_bytes": 2 * weights + cache, **got}


RUNNERS = {"idle": idle, "launch": launch, "bandwidth": bandwidth, "gemm": gemm,
           "attention_decode": decode, "attention_prefill": prefill, "elementwise": elementwise,
           "layer": layer, "power": power}
