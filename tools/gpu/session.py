# SPDX-License-Identifier: GPL-3.0-or-later
"""One measuring session: divides the time, runs every group's points, writes the CSV files."""
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

START = time.monotonic()

import nvml  # noqa: E402  (START comes first: importing torch takes seconds)
import plan  # noqa: E402

OVERHEAD_S = 0.05     # first guess of a point's time outside its timed loop
LONGEST_S = {"power": 2.5, "layer": 0.6}
SHORTEST_S = 0.02
RESERVE_S = 4         # kept at the end for closing


class Sheet:
    """A CSV file, flushed after every row; None and missing fields are empty."""

    def __init__(self, path, columns, append=False):
        self.columns = columns
        fresh = not (append and os.path.exists(path))
        self.file = open(path, "w" if fresh else "a", encoding="ascii")
        if fresh:
            self.file.write(",".join(columns) + "\n")

    def add(self, row):
        unknown = set(row) - set(self.columns)
        if unknown:
            raise KeyError(f"no such columns: {sorted(unknown)}")
        self.file.write(",".join(shown(row.get(c)) for c in self.columns) + "\n")
        self.file.flush()


def shown(value):
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value).replace(",", ";").replace("\n", " ")


HEAD = ["device", "framework", "version", "kernel"]
KEYS = {
    "gemm": HEAD + ["dtype", "w_bits", "a_bits", "w_type", "a_type", "group", "act_quant",
                    "launch", "m", "n", "k"],
    "attention_prefill": HEAD + ["attn_dtype", "kv_dtype", "causal", "window", "batch", "seq",
                                 "heads", "kv_heads", "head_dim"],
    "attention_decode": HEAD + ["attn_dtype", "kv_dtype", "window", "batch", "kv_len", "heads",
                                "kv_heads", "head_dim"],
    "elementwise": ["device", "framework", "version", "op", "dtype", "launch", "rows", "cols"],
    "bandwidth": HEAD + ["op", "buffers", "launch", "bytes", "traffic_bytes"],
    "layer": ["device", "framework", "version", "model", "phase", "batch", "seq", "tp", "op",
              "layers", "launch"],
    "power": ["device", "framework", "version", "class", "op", "kernel", "dtype", "shape", "data",
              "flops", "min_bytes"],
}
FILES = {"layer": "layer_llama3.csv", "idle": "power.csv"}
LAUNCH_COLUMNS = ["device", "framework", "version", "what", "value_us", "p10_us", "p90_us",
                  "n_samples"]


class Session:
    def __init__(self, args):
        self.args = args
        self.deadline = START + args.budget_s - RESERVE_S
        self.folder = tempfile.mkdtemp(prefix="gpu_measure_")
        self.sampler = nvml.Sampler(os.path.join(self.folder, "samples.bin"))
        self.sheets, self.host = {}, {"notes": [], "groups": {}}
        self.errors = self.sheet("errors", ["group", "point", "error"])

    def sheet(self, name, columns):
        path = os.path.join(self.args.out, FILES.get(name, name + ".csv"))
        if path not in self.sheets:
            self.sheets[path] = Sheet(path, columns, self.args.append)
        return self.sheets[path]

    def sheet_of(self, group, measured):
        if group == "launch":
            return self.sheet(group, LAUNCH_COLUMNS)
        group = "power" if group == "idle" else group
        extra = ["kernel"] if group in ("elementwise", "layer") else []
        return self.sheet(group, KEYS[group] + measured + extra)

    def idle(self, what, t0, t1):
        """A row of power.csv for a window in which nothing was launched."""
        power = nvml.window_summary(*self.sampler.window(int(t0 * 1e9), int(t1 * 1e9)))
        from bench import MEASURED
        row = {"device": self.args.device, "framework": "torch", "version": self.version,
               "class": "idle", "op": what, "run_s": t1 - t0}
        row.update(power)
        self.sheet_of("power", MEASURED).add(row)
        print(f"  idle {what}: {power['power_w']} W, SM {power['sm_mhz']} MHz", flush=True)

    def open_gpu(self):
        """Compile and import while the GPU is idle, then make the pools."""
        import torch
        from bench import Bench
        import llama
        import ops
        process, path = ops.start_build(self.folder)
        if process.wait() != 0:
            raise RuntimeError("nvcc failed")
        self.version = torch.__version__
        before_context = (time.monotonic() - 3.0, time.monotonic())
        self.bench = Bench(self.sampler)
        self.ops = ops.Ops(ops.Kernels(path))
        self.attention_backend = ops.attention_backend
        if not self.args.append:
            self.idle("no_context", *before_context)
        self.host["checks_relative_error"] = ops.check_kernels(self.ops)
        self.host["stack_check"] = llama.check(self.ops, ops.attention_backend)
        print("  checks:", self.host["checks_relative_error"],
              self.host["stack_check"], flush=True)

    def describe(self):
        import torch
        info = nvml.Nvml().describe()
        properties = torch.cuda.get_device_properties(0)
        nvcc = subprocess.run(["nvcc", "--version"], capture_output=True, text=True, check=False)
        self.host.update({
            "device": self.args.device, **info, "python": platform.python_version(),
            "torch": torch.__version__, "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
            "nvcc": nvcc.stdout.strip().splitlines()[-1] if nvcc.stdout else "",
            "sm_count": properties.multi_processor_count, "l2_bytes": properties.L2_cache_size,
            "memory_bytes": properties.total_memory, "seed": self.args.seed,
            "budget_s": self.args.budget_s, "quick": self.args.quick,
        })

    def write_host(self):
        self.host["total_s"] = round(time.monotonic() - START, 1)
        with open(os.path.join(self.args.out, "host.json"), "w", encoding="ascii") as file:
            json.dump(self.host, file, indent=1, sort_keys=True)
            file.write("\n")

    def write_trace(self, bin_s=0.1):
        """The whole run's power and clocks in bins."""
        records, samples = self.sampler.window(0, time.monotonic_ns())
        if len(records) < 2:
            return
        sheet = self.sheet("trace", ["t_s", "power_samples_w", "power_instant_w",
                                     "power_average_w", "power_memory_w", "energy_j", "sm_mhz",
                                     "mem_mhz", "temp_c", "limited_by"])
        begin, bin_ns = records[0][0], int(bin_s * 1e9)
        parts, powers = {}, {}
        for r in records:
            parts.setdefault((r[0] - begin) // bin_ns, []).append(r)
        for t, mw in samples:
            powers.setdefault((t - begin) // bin_ns, []).append(mw)
        for i, part in parts.items():
            mask = 0
            for r in part:
                mask |= max(r[8], 0)
            sheet.add({"t_s": round(i * bin_s, 1),
                       "power_samples_w": mean(powers.get(i, []), 1e-3),
                       "power_instant_w": mean([r[2] for r in part], 1e-3),
                       "power_average_w": part[-1][3] / 1e3, "power_memory_w": part[-1][4] / 1e3,
                       "energy_j": round((part[-1][1] - records[0][1]) * 1e-3, 1),
                       "sm_mhz": mean([r[5] for r in part], 1), "mem_mhz": part[-1][6],
                       "temp_c": part[-1][7], "limited_by": nvml.reason_names(mask)})
        self.host["sampling"] = sampling_rates(records, samples)


def mean(values, scale):
    """Mean times scale, to 1 decimal; None for no values."""
    return round(sum(values) / len(values) * scale, 1) if values else None


def sampling_rates(records, samples):
    """How often each source of power moves."""
    def period_ms(times):
        gaps = [b - a for a, b in zip(times, times[1:])]
        return round(statistics.median(gaps) * 1e-6, 2) if gaps else None

    pairs = list(zip(records, records[1:]))
    return {"records": len(records), "power_samples": len(samples),
            "record_period_ms": period_ms([r[0] for r in records]),
            "power_sample_period_ms": period_ms([s[0] for s in samples]),
            "energy_counter_period_ms": period_ms([b[0] for a, b in pairs if a[1] != b[1]]),
            "instant_power_period_ms": period_ms([b[0] for a, b in pairs if a[2] != b[2]])}


def run(groups, args):
    session = Session(args)
    try:
        session.open_gpu()
        session.describe()
        session.write_host()
        run_groups(session, groups)
    finally:
        session.write_trace()
        session.write_host()
        session.sampler.stop()
    print(f"done in {time.monotonic() - START:.1f} s", flush=True)
    return 0


def run_groups(session, groups):
    from bench import MEASURED
    from points import RUNNERS
    names = list(groups)
    for at, name in enumerate(names):
        now = time.monotonic()
        shares = sum(plan.GROUPS[n][1] for n in names[at:])
        end = now + (session.deadline - now) * plan.GROUPS[name][1] / shares
        done, failed, lost = run_group(session, name, groups[name], end, RUNNERS[name],
                                       session.sheet_of(name, MEASURED))
        session.host["groups"][name] = {
            "points": len(groups[name]), "done": done, "failed": failed,
            "seconds": round(time.monotonic() - now, 1)}
        print(f"{name}: {done}/{len(groups[name])} points, {failed} failed, "
              f"{time.monotonic() - now:.1f} s", flush=True)
        session.write_host()
        if lost:
            restart(session, names[at + 1:])


def run_group(session, name, points, end, runner, sheet):
    """Returns (points done, points failed, True when the GPU context is lost)."""
    import torch
    overhead, done, failed, longest = OVERHEAD_S, 0, 0, LONGEST_S.get(name, 0.4)
    for i, point in enumerate(points):
        begin = time.monotonic()
        if begin >= end:
            session.host["notes"].append(f"{name}: {len(points) - i} points skipped, no time left")
            break
        target = min(longest, (end - begin) / (len(points) - i) - overhead)
        try:
            rows = list(runner(session, point, max(target, SHORTEST_S)))
        except (RuntimeError, torch.cuda.OutOfMemoryError) as error:
            failed += 1
            session.errors.add({"group": name, "point": json.dumps(point, sort_keys=True),
                                "error": str(error).splitlines()[0][:160]})
            try:
                torch.cuda.synchronize()
                torch.cuda.empty_cache()
            except RuntimeError:
                return done, failed, True
            continue
        head = {"device": session.args.device, "framework": "torch", "version": session.version}
        for row in rows:
            sheet.add({**head, **row})
        done += 1
        timed = sum(row.get("run_s") or 0.0 for row in rows)
        spent = time.monotonic() - begin - timed
        overhead += 0.1 * (min(spent, 1.0) - overhead)
    return done, failed, False


def restart(session, names):
    """A kernel killed the CUDA context: run the remaining groups in a fresh process image."""
    left = session.deadline - time.monotonic()
    session.sampler.stop()
    if not names or left < 30:
        return
    args = session.args
    command = [sys.executable, os.path.join(os.path.dirname(__file__), "measure.py"), "--append",
               "--out", args.out, "--seed", str(args.seed), "--budget-s", str(left),
               "--device", args.device, "--groups", ",".join(names)]
    os.execv(sys.executable, command + (["--quick"] if args.quick else []))

