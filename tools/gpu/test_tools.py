#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the parts that need no GPU:  python3 tools/gpu/test_tools.py"""
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import nvml     # noqa: E402
import plan     # noqa: E402
import session  # noqa: E402
import spread   # noqa: E402


def filled_sampler(records, samples):
    """A sampler whose file holds these, without the process that writes it."""
    sampler = object.__new__(nvml.Sampler)
    file = tempfile.TemporaryFile()
    file.truncate(nvml.FILE_BYTES)
    sampler.file, sampler.map = file, mmap.mmap(file.fileno(), 0)
    for i, record in enumerate(records):
        nvml.RECORD.pack_into(sampler.map, nvml.HEADER_BYTES + i * nvml.RECORD.size, *record)
    for i, sample in enumerate(samples):
        nvml.POWER.pack_into(sampler.map, nvml.POWER_AT + i * nvml.POWER.size, *sample)
    struct.pack_into("<qq", sampler.map, 0, len(records), len(samples))
    return sampler


def steady(watts, seconds, sample_watts):
    """Records each 5 ms with a counter that steps each 100 ms, samples each 20 ms."""
    records = [(i * 5_000_000, i // 20 * int(watts * 100), 0, 0, 50_000, 1980, 3201, 60, 0x4)
               for i in range(int(seconds * 200))]
    samples = [(i * 20_000_000, int(sample_watts * 1000)) for i in range(int(seconds * 50))]
    return filled_sampler(records, samples)


class Power(unittest.TestCase):
    def window(self, t0_s, t1_s):
        sampler = steady(600, 3, 610)
        self.addCleanup(sampler.file.close)
        return sampler.window(int(t0_s * 1e9), int(t1_s * 1e9))

    def test_a_long_window_takes_its_power_from_the_energy_counter(self):
        got = nvml.window_summary(*self.window(0.33, 2.41))
        self.assertAlmostEqual(got["power_w"], 600.0)
        self.assertEqual(got["power_src"], "energy_counter")
        self.assertAlmostEqual(got["power_samples_w"], 610.0)
        self.assertAlmostEqual(got["power_memory_w"], 50.0)
        self.assertEqual(got["limited_by"], "sw_power_cap")

    def test_a_short_window_takes_its_power_from_the_samples(self):
        got = nvml.window_summary(*self.window(1.0, 1.2))
        self.assertAlmostEqual(got["power_w"], 610.0)
        self.assertEqual(got["power_src"], "samples")
        self.assertIsNone(got["power_memory_w"])

    def test_an_empty_window_has_no_power(self):
        self.assertIsNone(nvml.window_summary([], [])["power_w"])

    def test_idle_is_not_a_limit_of_the_clock(self):
        self.assertEqual(nvml.reason_names(0x1), "")
        self.assertEqual(nvml.reason_names(0x24), "sw_power_cap+sw_thermal")


class Plan(unittest.TestCase):
    def test_at_least_400_gemm_shapes_in_four_formats(self):
        points = plan.gemm_points()
        self.assertGreaterEqual(len({(p["m"], p["n"], p["k"]) for p in points}), 400)
        self.assertEqual({p["fmt"] for p in points}, set(plan.FORMATS))

    def test_no_point_is_listed_twice(self):
        for name, (points, _share) in plan.GROUPS.items():
            keys = [str(sorted(p.items())) for p in points()]
            self.assertEqual(len(keys), len(set(keys)), name)

    def test_the_dry_run_needs_no_gpu_library(self):
        here = os.path.dirname(os.path.abspath(__file__))
        done = subprocess.run([sys.executable, "-S", os.path.join(here, "measure.py"), "--dry-run"],
                              capture_output=True, text=True, check=True)
        self.assertIn("gemm", done.stdout)


class Spread(unittest.TestCase):
    def test_difference_is_relative_to_the_mean(self):
        self.assertAlmostEqual(spread.relative_difference(90.0, 110.0), 0.2)
        self.assertIsNone(spread.relative_difference(None, 1.0))

    def test_only_common_points_are_compared(self):
        a = {("x",): {"op": "x", "latency_us": "10", "energy_j": "1"},
             ("y",): {"op": "y", "latency_us": "10", "energy_j": "1"}}
        b = {("x",): {"op": "x", "latency_us": "11", "energy_j": ""}}
        got = spread.group_differences(a, b, ("op",))
        self.assertEqual(list(got), ["x"])
        self.assertAlmostEqual(got["x"][0][0], 1 / 10.5)
        self.assertEqual(got["x"][1], [])

    def test_summary_is_median_p90_and_largest(self):
        self.assertEqual(spread.summary([i / 100 for i in range(1, 11)]),
                         ["0.0550", "0.1000", "0.1000"])


class Sheet(unittest.TestCase):
    def test_fields_never_break_the_row(self):
        self.assertEqual(session.shown("a, b\nc"), "a; b c")
        self.assertEqual(session.shown(None), "")
        self.assertEqual(session.shown(1234567.8), "1.23457e+06")

    def test_an_unknown_column_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            sheet = session.Sheet(os.path.join(folder, "x.csv"), ["a"])
            with self.assertRaises(KeyError):
                sheet.add({"b": 1})
            sheet.file.close()


if __name__ == "__main__":
    unittest.main()
