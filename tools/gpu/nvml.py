# SPDX-License-Identifier: GPL-3.0-or-later
"""Board power, energy and clocks through NVML (ctypes), sampled by a process of its own.

The sampler is a process, not a thread, so that it never takes Python's lock away from the
program that launches kernels.  It writes fixed records into a file that the measuring program
maps; both use CLOCK_MONOTONIC, so a time window of one is a time window of the other.

Record: t_ns, energy_mj (counter since driver load), power_instant_mw, power_average_mw,
power_memory_mw, sm_mhz, mem_mhz, temp_c, reasons (clock limit reasons, NVML bit mask).
A quantity that this GPU does not report is -1.
"""
import bisect
import ctypes
import mmap
import os
import struct
import subprocess
import sys
import time

RECORD = struct.Struct("<qqiiiiiiq")
HEADER_BYTES = 16
MAX_RECORDS = 2_000_000
FIELDS = ("t_ns", "energy_mj", "power_instant_mw", "power_average_mw", "power_memory_mw",
          "sm_mhz", "mem_mhz", "temp_c", "reasons")

FI_POWER_INSTANT = 186  # NVML_FI_DEV_POWER_INSTANT
SCOPE_GPU, SCOPE_MEMORY = 0, 2
CLOCK_SM, CLOCK_MEM = 1, 2

REASONS = {0x1: "gpu_idle", 0x2: "app_clocks", 0x4: "sw_power_cap", 0x8: "hw_slowdown",
           0x10: "sync_boost", 0x20: "sw_thermal", 0x40: "hw_thermal", 0x80: "hw_power_brake",
           0x100: "display"}
LIMITING = 0x4 | 0x8 | 0x20 | 0x40 | 0x80


def reason_names(mask):
    """'sw_power_cap+sw_thermal' for the bits of `mask` that limit the clock; '' for none."""
    if mask < 0:
        return "unknown"
    return "+".join(name for bit, name in REASONS.items() if mask & bit & LIMITING)


class FieldValue(ctypes.Structure):
    _fields_ = [("field", ctypes.c_uint), ("scope", ctypes.c_uint), ("time", ctypes.c_longlong),
                ("latency", ctypes.c_longlong), ("type", ctypes.c_int), ("status", ctypes.c_int),
                ("value", ctypes.c_ulonglong)]


class Nvml:
    """GPU 0 of this machine.  Every getter returns -1 (or '') where NVML refuses."""

    def __init__(self):
        for name in ("libnvidia-ml.so.1", "/usr/local/nvidia/lib64/libnvidia-ml.so.1"):
            try:
                self.lib = ctypes.CDLL(name)
                break
            except OSError:
                continue
        else:
            raise OSError("libnvidia-ml.so.1 not found")
        if self.lib.nvmlInit_v2() != 0:
            raise OSError("nvmlInit failed")
        self.dev = ctypes.c_void_p()
        if self.lib.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(self.dev)) != 0:
            raise OSError("no NVML device 0")

    def number(self, function, *args, kind=ctypes.c_uint):
        out = kind()
        try:
            status = getattr(self.lib, function)(self.dev, *args, ctypes.byref(out))
        except AttributeError:
            return -1
        return out.value if status == 0 else -1

    def text(self, function, device=True):
        buf = ctypes.create_string_buffer(96)
        args = (self.dev, buf, 96) if device else (buf, 96)
        return buf.value.decode() if getattr(self.lib, function)(*args) == 0 else ""

    def instant_power_mw(self, scope=SCOPE_GPU):
        field = FieldValue(field=FI_POWER_INSTANT, scope=scope)
        status = self.lib.nvmlDeviceGetFieldValues(self.dev, 1, ctypes.byref(field))
        ok = status == 0 and field.status == 0
        return field.value & 0xFFFFFFFF if ok else -1

    def energy_mj(self):
        return self.number("nvmlDeviceGetTotalEnergyConsumption", kind=ctypes.c_ulonglong)

    def describe(self):
        """Static facts for the machine's description; no serial number, no bus address."""
        return {
            "gpu": self.text("nvmlDeviceGetName"),
            "driver": self.text("nvmlSystemGetDriverVersion", device=False),
            "power_limit_w": self.number("nvmlDeviceGetEnforcedPowerLimit") / 1e3,
            "max_sm_mhz": self.number("nvmlDeviceGetMaxClockInfo", CLOCK_SM),
            "max_mem_mhz": self.number("nvmlDeviceGetMaxClockInfo", CLOCK_MEM),
            "power_instant_available": self.instant_power_mw() >= 0,
            "power_memory_available": self.instant_power_mw(SCOPE_MEMORY) >= 0,
        }


def sample_forever(path, period_s=0.001):
    """Body of the sampler process: fast quantities each round, slow ones each 8th."""
    nvml = Nvml()
    with open(path, "r+b") as file:
        out = mmap.mmap(file.fileno(), 0)
    parent = os.getppid()
    slow, n = (-1, -1, -1, -1, -1, -1), 0
    while n < MAX_RECORDS:
        if n % 8 == 0:
            if os.getppid() != parent:
                return
            slow = (nvml.number("nvmlDeviceGetPowerUsage"), nvml.instant_power_mw(SCOPE_MEMORY),
                    nvml.number("nvmlDeviceGetClockInfo", CLOCK_SM),
                    nvml.number("nvmlDeviceGetClockInfo", CLOCK_MEM),
                    nvml.number("nvmlDeviceGetTemperature", 0),
                    nvml.number("nvmlDeviceGetCurrentClocksThrottleReasons",
                                kind=ctypes.c_ulonglong))
        energy = nvml.energy_mj()
        power = nvml.instant_power_mw()
        now = time.monotonic_ns()
        RECORD.pack_into(out, HEADER_BYTES + n * RECORD.size, now, energy, power, *slow)
        n += 1
        struct.pack_into("<q", out, 0, n)
        time.sleep(period_s)


class Sampler:
    """Starts the sampler process and answers questions about time windows."""

    def __init__(self, path):
        with open(path, "wb") as file:
            file.truncate(HEADER_BYTES + MAX_RECORDS * RECORD.size)
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 0)
        here = os.path.dirname(os.path.abspath(__file__))
        self.process = subprocess.Popen([sys.executable, os.path.join(here, "nvml.py"), path])

    def __len__(self):
        return struct.unpack_from("<q", self.map, 0)[0]

    def record(self, i):
        return RECORD.unpack_from(self.map, HEADER_BYTES + i * RECORD.size)

    def window(self, t0_ns, t1_ns):
        """All records with t0 <= t <= t1."""
        times = _Times(self)
        lo = bisect.bisect_left(times, t0_ns)
        hi = bisect.bisect_right(times, t1_ns)
        return [self.record(i) for i in range(lo, hi)]

    def stop(self):
        self.process.terminate()
        self.process.wait()


class _Times:
    def __init__(self, sampler):
        self.sampler = sampler

    def __len__(self):
        return len(self.sampler)

    def __getitem__(self, i):
        return self.sampler.record(i)[0]


def window_summary(records):
    """Mean power and clocks of a window of records.

    power_w comes from the energy counter between its first and last change inside the window
    (so the counter's update period does not bias it) when it changed at least 3 times there;
    else from the mean of instantaneous power; else it is missing (None).
    """
    out = {"power_w": None, "power_src": "", "power_instant_w": None, "power_memory_w": None,
           "sm_mhz": None, "mem_mhz": None, "temp_c": None, "limited_by": "", "n_samples": 0}
    if not records:
        return out
    out["n_samples"] = len(records)
    instant = [r[2] for r in records if r[2] >= 0]
    memory = [r[4] for r in records if r[4] >= 0]
    if instant:
        out["power_instant_w"] = sum(instant) / len(instant) / 1e3
    if memory:
        out["power_memory_w"] = sum(memory) / len(memory) / 1e3
    changes = [b for a, b in zip(records, records[1:]) if b[1] != a[1]]
    if len(changes) >= 3:
        first, last = changes[0], changes[-1]
        out["power_w"] = (last[1] - first[1]) * 1e6 / (last[0] - first[0])
        out["power_src"] = "energy_counter"
    elif instant:
        out["power_w"], out["power_src"] = out["power_instant_w"], "instant"
    for name, i in (("sm_mhz", 5), ("mem_mhz", 6), ("temp_c", 7)):
        values = [r[i] for r in records if r[i] >= 0]
        if values:
            out[name] = sum(values) / len(values)
    mask = 0
    for r in records:
        mask |= max(r[8], 0)
    out["limited_by"] = reason_names(mask)
    return out


if __name__ == "__main__":
    sample_forever(sys.argv[1])
