#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run-to-run spread of two measured passes, by file and operator group.

    python3 tools/gpu/spread.py reports/measured/h200/pass_a reports/measured/h200/pass_b

For each point found in both passes: |a - b| / ((a + b) / 2) of latency, and of energy per call
where both passes have it.  Prints one CSV row per group: median, p90 and largest.
"""
import csv
import os
import statistics
import sys

# file -> (columns that identify a point, columns that name its group)
FILES = {
    "gemm": (("kernel", "dtype", "launch", "m", "n", "k"), ("dtype", "launch", "regime")),
    "attention_prefill": (("kernel", "causal", "batch", "seq", "heads", "kv_heads", "head_dim"),
                          ("kernel",)),
    "attention_decode": (("kernel", "batch", "kv_len", "heads", "kv_heads", "head_dim"),
                         ("kernel",)),
    "elementwise": (("op", "kernel", "rows", "cols"), ("op", "kernel")),
    "bandwidth": (("kernel", "op", "buffers", "bytes"), ("kernel", "buffers")),
    "layer_llama3": (("phase", "batch", "seq", "op", "launch", "kernel"),
                     ("phase", "op", "launch")),
    "launch": (("what",), ("what",)),
    "power": (("class", "op", "kernel", "dtype", "shape", "data"), ("class",)),
}
COLUMNS = ["file", "group", "points", "latency_median_ratio", "latency_p90_ratio",
           "latency_max_ratio", "energy_points", "energy_median_ratio", "energy_p90_ratio"]


def number(text):
    """A float, or None for an empty field."""
    return float(text) if text else None


def relative_difference(a, b):
    """|a - b| over the mean of both; None when one is missing or both are 0."""
    if a is None or b is None or a + b == 0:
        return None
    return abs(a - b) / ((a + b) / 2)


def percentile(ordered, share):
    """Nearest-rank percentile of a sorted list."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def read_points(path, keys):
    with open(path, encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if "m" in row:
            row["regime"] = "m<=256" if int(row["m"]) <= 256 else "m>256"
    return {tuple(row[key] for key in keys): row for row in rows}


def group_differences(pass_a, pass_b, group_keys):
    """group -> (latency differences, energy differences) over the common points."""
    groups = {}
    for key in sorted(pass_a.keys() & pass_b.keys()):
        a, b = pass_a[key], pass_b[key]
        latency, energy = groups.setdefault(" ".join(a[k] for k in group_keys), ([], []))
        column = "value_us" if "value_us" in a else "latency_us"
        for column, target in ((column, latency), ("energy_j", energy)):
            if column in a:
                ratio = relative_difference(number(a[column]), number(b[column]))
                if ratio is not None:
                    target.append(ratio)
    return groups


def summary(values):
    """Median, p90, largest; empty fields for no values."""
    if not values:
        return ["", "", ""]
    ordered = sorted(values)
    return [f"{v:.4f}" for v in (statistics.median(ordered), percentile(ordered, 0.9),
                                 ordered[-1])]


def main(folder_a, folder_b):
    print(",".join(COLUMNS))
    for name, (keys, group_keys) in FILES.items():
        paths = [os.path.join(folder, name + ".csv") for folder in (folder_a, folder_b)]
        if not all(map(os.path.exists, paths)):
            continue
        passes = [read_points(path, keys) for path in paths]
        groups = group_differences(*passes, group_keys)
        everything = ([], [])
        for latency, energy in groups.values():
            everything[0].extend(latency)
            everything[1].extend(energy)
        for group, (latency, energy) in [("all", everything), *groups.items()]:
            if latency:
                print(",".join([name, group, str(len(latency)), *summary(latency),
                                str(len(energy)), *summary(energy)[:2]]))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
