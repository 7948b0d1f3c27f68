#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure one GPU: memory, matrix products, attention, element-wise operations, launches, a
decoder stack, and the power of all of these.  One run fits into --budget-s seconds.

    python3 tools/gpu/measure.py --dry-run                     list the plan, needs no GPU
    python3 tools/gpu/measure.py --quick --out DIR             smoke run of about a minute
    python3 tools/gpu/measure.py --budget-s 470 --out DIR --seed 1

Rows are written and flushed one by one, so that a run that is stopped loses nothing.  The order
of the points inside a group is shuffled by --seed: two passes see different neighbours.
"""
import argparse
import os
import random
import sys

import plan

STARTUP_S = 16        # imports, pools of random data, compiling, the two idle windows


def main():
    args = arguments()
    chosen = args.groups.split(",") if args.groups else list(plan.GROUPS)
    groups = {}
    for name in chosen:
        points = plan.GROUPS[name][0]()
        if args.quick:
            points = plan.thin(points, plan.QUICK.get(name, plan.QUICK_DEFAULT))
        elif name not in ("idle", "launch", "power"):
            random.Random(f"{name}/{args.seed}").shuffle(points)
            points.sort(key=lambda point, name=name: plan.warmth(name, point))
        groups[name] = points
    if args.dry_run:
        print_plan(groups, args)
        return 0
    os.makedirs(args.out, exist_ok=True)
    import session  # needs torch
    return session.run(groups, args)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", default="out", help="folder for the CSV files")
    parser.add_argument("--budget-s", type=float, default=None, help="seconds for everything")
    parser.add_argument("--seed", type=int, default=1, help="order of the points")
    parser.add_argument("--groups", default="", help="only these, comma separated")
    parser.add_argument("--device", default="h200_sxm", help="device name in the CSV files")
    parser.add_argument("--quick", action="store_true", help="a few points of each group")
    parser.add_argument("--dry-run", action="store_true", help="list the plan and stop")
    parser.add_argument("--append", action="store_true", help="add to existing files")
    args = parser.parse_args()
    args.budget_s = args.budget_s or (95 if args.quick else 470)
    return args


def print_plan(groups, args):
    shares = sum(plan.GROUPS[name][1] for name in groups)
    left = args.budget_s - STARTUP_S
    print(f"{'group':<20}{'points':>8}{'seconds':>9}{'s/point':>9}")
    for name, points in groups.items():
        seconds = left * plan.GROUPS[name][1] / shares
        print(f"{name:<20}{len(points):>8}{seconds:>9.1f}{seconds / len(points):>9.3f}")
    shapes = {(p["m"], p["n"], p["k"]) for p in groups.get("gemm", [])}
    print(f"{'all':<20}{sum(map(len, groups.values())):>8}{args.budget_s:>9.1f}")
    print(f"gemm: {len(shapes)} different (m, n, k)")


if __name__ == "__main__":
    sys.exit(main())
