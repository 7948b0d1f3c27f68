#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes facts/devices.csv (see COSIM_DATA) into hwdb/devices.csv. Rules: hwdb/README.md.

usage: import_devices.py FACTS.csv > hwdb/devices.csv
"""
import csv
import re
import sys

# Rows whose name does not make a good id by itself; the full name stays in the name column.
IDS = {
    "HNLPU (per chip, 16-chip system)": "hnlpu",
    "Radeon-8060S (Ryzen AI Max+ 395 iGPU)": "radeon-8060s",
    "XDNA2 NPU (Ryzen AI Max+ 395)": "xdna2-npu",
    "EPYC-9755 (Turin)": "epyc-9755",
    "Versal-VHK158 (VH1582)": "versal-vhk158",
    "Versal-VCK190 (VC1902)": "versal-vck190",
    "Snapdragon-X-Elite (X1E-80-100)": "snapdragon-x-elite",
    "TPU-v6e (Trillium)": "tpu-v6e",
    "TPU-v7 (Ironwood)": "tpu-v7",
}

# Our column, column of the facts.
COLUMNS = [
    ("name", "name"), ("vendor", "vendor"), ("class", "class"), ("year", "year"),
    ("process[nm]", "process_nm"), ("die[mm2]", "die_mm2"), ("transistors[1e9]", "transistors_bn"),
    ("cores", "sm_or_cores"), ("clock[MHz]", "boost_clock_mhz"),
    *((f"{p}[TFLOP/s]", p) for p in ("fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "fp6", "fp4")),
    *((f"{p}[TOP/s]", p) for p in ("int8", "int4", "int1")),
    ("vector_fp32[TFLOP/s]", "vector_fp32_tflops"),
    ("l1_per_core[KB]", "l1_or_sram_kb_per_core"), ("l2[MB]", "l2_mb"), ("l2_bw[GB/s]", "l2_bw_GBs"),
    ("mem_type", "mem_type"), ("mem[GB]", "mem_GB"), ("mem_bw[GB/s]", "mem_bw_GBs"),
    ("storage_bw[GB/s]", "storage_bw_GBs"), ("link_type", "link_type"),
    ("link_bw[GB/s]", "link_bw_GBs_per_dir"), ("host_type", "pcie_gen"), ("host_bw[GB/s]", "host_bw_GBs"),
    ("tdp[W]", "tdp_w"), ("idle[W]", "idle_w"), ("price[USD]", "price_usd"),
    ("cloud[USD/h]", "cloud_usd_per_hour"), ("mamf_bf16[TFLOP/s]", "mamf_bf16_tflops"),
    ("mamf_fp8[TFLOP/s]", "mamf_fp8_tflops"), ("source", "source"),
]

# Findings of the lint that were looked at and are right as they stand (see README.md).
ACCEPT = {
    **dict.fromkeys(("a100-40gb-pcie", "a100-40gb-sxm", "a100-80gb-pcie", "a100-80gb-sxm"), "sparse:int1"),
    # The int8 column is the Neural Engine, fp16 the GPU.
    **dict.fromkeys(("apple-m1", "apple-m2", "apple-m2-pro", "apple-m3", "apple-m3-pro", "apple-m4",
                     "apple-m4-pro"), "sparse:int8"),
    # fp4 was widened and int8 cut in this generation.
    **dict.fromkeys(("b300-sxm", "gb300"), "order:int8 sparse:fp4"),
    "gaudi3": "sparse:bf16",  # the matrix engine has no fast fp16 or tf32
    "groq-lpu-v1": "sparse:int8",
    # fp16 and fp8 are with fp32 accumulation, which runs at half rate; int8 and fp4 are not.
    "rtx-3090": "sparse:int8",
    "rtx-4090": "sparse:int8",
    "rtx-5090": "sparse:int8 sparse:fp4",
    "rubin-sxm": "order:int8 sparse:fp8",
    "trainium3": "sparse:fp8",
}

# Lanes that the facts leave out but their bandwidth implies.
HOSTS = {"versal-vck190": "PCIe4 x8", "versal-vhk158": "PCIe5 x8"}


def slug(name):
    if name in IDS:
        return IDS[name]
    s = name.lower().replace("+", "-plus")
    return re.sub(r"[^a-z0-9]+", "-", s).strip("-")


def host_type(text):
    if not text or not text[0].isdigit():
        return text
    if text == "3x16/4x8":  # the card takes either; the listed bandwidth is the same
        return "PCIe3 x16"
    gen, _, lanes = text.partition(" ")
    return f"PCIe{gen} {lanes or 'x16'}"


def stems(text):
    """fields_from_memory in our column names, without units."""
    if not text or text == "all":
        return text
    if text.startswith("all but "):
        out = set(text[len("all but "):].split())
        return " ".join(c.split("[")[0] for c, f in COLUMNS if f not in out
                        and f not in ("name", "vendor", "class", "source"))
    ours = {f: c.split("[")[0] for c, f in COLUMNS}
    return " ".join(ours[f] for f in text.split())


def confidence(row):
    """The rule of README.md."""
    text = row["fields_from_memory"]
    keys = [f for c, f in COLUMNS if "[" in c and row[f]]
    if text == "all":
        recalled = 1.0
    elif text.startswith("all but "):
        out = set(text[len("all but "):].split())
        recalled = sum(f not in out for f in keys) / len(keys)
    else:
        recalled = sum(f in text.split() for f in keys) / len(keys)
    c = 0.95 - 0.5 * recalled
    if "announced" in row["notes"]:
        c -= 0.2
    if "verify" in row["notes"] or "unofficial" in row["notes"]:
        c -= 0.1
    return max(0.2, c)


def main():
    rows = []
    with open(sys.argv[1], newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            out = {"id": slug(row["name"])}
            for ours, theirs in COLUMNS:
                out[ours] = row[theirs]
            out["host_type"] = HOSTS.get(out["id"], host_type(row["pcie_gen"]))
            out["from_memory"] = stems(row["fields_from_memory"])
            out["confidence_ratio"] = f"{confidence(row):.2f}"
            out["accept"] = ACCEPT.get(out["id"], "")
            out["notes"] = row["notes"]
            rows.append(out)
    rows.sort(key=lambda r: r["id"])
    w = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    w.writeheader()
    w.writerows(rows)


if __name__ == "__main__":
    main()
