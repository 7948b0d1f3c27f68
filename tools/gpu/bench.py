# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing of one operation on the GPU: CUDA-graph replays between events, with power.

An operation is a callable `call(i)`; `i` selects the i-th set of rotating buffers.  A graph holds
R calls with i = 0 .. R-1; events stand between replays, so one sample is the mean of R calls.
Samples are given per call.  Replays are queued behind a spin kernel, so that the host is ahead of
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

    def run(self, call, bytes_per_call, target_s, launch="graph", skip_s=0.0, copies=None):
        """Time `call` for about target_s seconds; returns the measured columns as a dict.

        bytes_per_call decides the rotation; skip_s is left out of the power window (ramp).
        """
        copies = copies or copies_for(bytes_per_call)
        call_us = max(self.estimate_us(call, copies), 0.5)
        n_calls = max(1, min(MAX_COPIES, int(GRAPH_TARGET_US / call_us) + 1))
        if call_us < 2000 or bytes_per_call < 4 * L2_BYTES:
            n_calls = max(n_calls, min(copies, int(20 * GRAPH_TARGET_US / call_us) + 1))
        graph = None
        if launch == "graph":
            graph = self.capture(lambda i: call(i % copies), n_calls)
            step = graph.replay
        else:
            n_calls = max(1, min(n_calls, 64))

            def step():
                for i in range(n_calls):
                    call(i % copies)
        step_us = self.timed_us(lambda i: step(), 1, 1)
        if step_us < 20000:
            step_us = max(self.timed_us(lambda i: step(), 1, 1), 1.0)
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
        samples = sorted(self.elapsed_us(j, j + 1) / n_calls for j in range(n_samples))
        mean_us = self.elapsed_us(0, n_samples) / n_calls / n_samples
        del graph
        return self.columns(samples, mean_us, n_calls, copies, t0, t1, skip_s,
                            copies * bytes_per_call)

    def columns(self, samples, mean_us, n_calls, copies, t0, t1, skip_s, working_set):
        power = window_summary(self.sampler.window(t0 + int(skip_s * 1e9), t1)) \
            if self.sampler else window_summary([])
        energy = None if power["power_w"] is None else power["power_w"] * mean_us * 1e-6
        return {
            "latency_us": statistics.median(samples), "min_us": samples[0],
            "p10_us": percentile(samples, 0.1), "p90_us": percentile(samples, 0.9),
            "mean_us": mean_us, "n_samples": len(samples), "calls_per_sample": n_calls,
            "run_s": (t1 - t0) * 1e-9, "working_set_bytes": int(working_set),
            "energy_j": energy, **{k: power[k] for k in
                                   ("power_w", "power_src", "power_memory_w", "sm_mhz", "mem_mhz",
                                    "temp_c", "limited_by")},
        }


MEASURED = ["latency_us", "power_w", "energy_j", "min_us", "p10_us", "p90_us", "mean_us",
            "n_samples", "calls_per_sample", "run_s", "working_set_bytes", "power_src",
            "power_memory_w", "sm_mhz", "mem_mhz", "temp_c", "limited_by"]
