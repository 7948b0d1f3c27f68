# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing of one operation on the GPU: CUDA-graph replays between events, with power.

An operation is a callable `call(i)`; `i` selects the i-th set of rotating buffers.  A graph holds
R calls with i = 0 .. R-1; events stand between replays, so one sample is the mean of R calls.
Samples are given per call.  The first quarter of a run is left out of all statistics but the
minimum: clocks and power need some 50 ms to settle after the neighbour before.  Replays are queued behind a spin kernel, so that the host is ahead of
the GPU and its launch time is not inside the samples.
"""
import statistics
import time

import torch

from nvml import window_summary

L2_BYTES = 60e6          # reported by the device; the rotation must be well above it
ROTATE_BYTES = 3.3 * L2_BYTES
MAX_COPIES = 512
GRAPH_TARGET_US = 1000.0
MAX_SAMPLES = 4000
MIN_SAMPLES = 5


def copies_for(bytes_per_call):
    """How many buffer sets make the rotation larger than 3 x L2."""
    return int(max(1, min(MAX_COPIES, -(-ROTATE_BYTES // max(bytes_per_call, 1)))))


def percentile(ordered, share):
    """Nearest-rank percentile of a sorted list."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Bench:
    def __init__(self, sampler):
        self.sampler = sampler
        self.stream = torch.cuda.Stream()
        torch.cuda.set_stream(self.stream)
        self.events = [torch.cuda.Event(enable_timing=True) for _ in range(MAX_SAMPLES + 1)]
        # An anchor graph keeps the memory pool alive, so that all later graphs share it.
        self.pool = torch.cuda.graph_pool_handle()
        one = torch.zeros(1, device="cuda")
        torch.cuda.synchronize()
        self.anchor = self.capture(lambda i: one.add_(1), 1)

    def capture(self, call, n_calls):
        graph = torch.cuda.CUDAGraph()
        graph.capture_begin(pool=self.pool, capture_error_mode="thread_local")
        results = []  # kept until the end, so that outputs of the calls do not share memory
        try:
            for i in range(n_calls):
                results.append(call(i))
        except BaseException:
            try:
                graph.capture_end()
            except RuntimeError:
                pass
            raise
        graph.capture_end()
        return graph

    def elapsed_us(self, a, b):
        return self.events[a].elapsed_time(self.events[b]) * 1e3

    def timed_us(self, call, copies, n_calls):
        self.events[0].record()
        for i in range(n_calls):
            call(i % copies)
        self.events[1].record()
        torch.cuda.synchronize()
        return self.elapsed_us(0, 1) / n_calls

    def estimate_us(self, call, copies):
        self.timed_us(call, copies, 1)
        once = self.timed_us(call, copies, 1)
        return once if once > 5000 else self.timed_us(call, copies, 3)

    def run(self, call, bytes_per_call, target_s, launch="graph", copies=None):
        """Time `call` for about target_s seconds; returns the measured columns as a dict.

        bytes_per_call decides the rotation, unless the number of copies is given.
        """
        copies = copies or copies_for(bytes_per_call)
        call_us = max(self.estimate_us(call, copies), 0.5)
        n_calls = max(1, min(MAX_COPIES, int(GRAPH_TARGET_US / call_us) + 1))
        if call_us < 2000 or bytes_per_call < 4 * L2_BYTES:
            n_calls = max(n_calls, min(copies, int(20 * GRAPH_TARGET_US / call_us) + 1))
        graph = None
        if launch == "graph":
            graph, n_calls, step_us = self.sized_graph(call, copies, n_calls)
            step = graph.replay
        else:
            n_calls = max(1, min(n_calls, 64))

            def step():
                for i in range(n_calls):
                    call(i % copies)
            step_us = self.timed_us(lambda i: step(), 1, 1)
        fewest = MIN_SAMPLES if step_us < 50000 else 3
        n_samples = int(max(fewest, min(MAX_SAMPLES, target_s * 1e6 / step_us)))
        if launch == "graph":
            torch.cuda._sleep(400_000)  # cycles, about 0.2 ms: lets the host get ahead
        t0 = time.monotonic_ns()
        self.events[0].record()
        for j in range(n_samples):
            step()
            self.events[j + 1].record()
        torch.cuda.synchronize()
        t1 = time.monotonic_ns()
        del graph
        samples = [self.elapsed_us(j, j + 1) / n_calls for j in range(n_samples)]
        return {"calls_per_sample": n_calls, "working_set_bytes": int(copies * bytes_per_call),
                **self.statistics(samples, t0, t1)}

    def sized_graph(self, call, copies, n_calls):
        """A graph of n_calls, or of more when the estimate was the host's time, not the GPU's."""
        while True:
            graph = self.capture(lambda i: call(i % copies), n_calls)
            step_us = self.timed_us(lambda i: graph.replay(), 1, 1)
            if step_us < 20 * GRAPH_TARGET_US:
                step_us = max(self.timed_us(lambda i: graph.replay(), 1, 1), 1.0)
            if step_us > GRAPH_TARGET_US / 2 or n_calls == MAX_COPIES:
                return graph, n_calls, step_us
            n_calls = min(MAX_COPIES, 1 + int(n_calls * GRAPH_TARGET_US / step_us))

    def statistics(self, samples, t0, t1):
        settled = samples[len(samples) // 4:]
        ordered = sorted(settled)
        mean_us = sum(settled) / len(settled)
        settled_share = sum(settled) / sum(samples)
        begin = t1 - int((t1 - t0) * settled_share)
        power = window_summary(*self.sampler.window(begin, t1))
        energy = None if power["power_w"] is None else power["power_w"] * mean_us * 1e-6
        return {"latency_us": statistics.median(ordered), "min_us": min(samples),
                "p10_us": percentile(ordered, 0.1), "p90_us": percentile(ordered, 0.9),
                "mean_us": mean_us, "n_samples": len(settled), "run_s": (t1 - t0) * 1e-9,
                "energy_j": energy, **power}


MEASURED = ["latency_us", "power_w", "energy_j", "min_us", "p10_us", "p90_us", "mean_us",
            "n_samples", "calls_per_sample", "run_s", "working_set_bytes", "power_src",
            "power_samples_w", "power_memory_w", "sm_mhz", "mem_mhz", "temp_c", "limited_by"]
