# SPDX-License-Identifier: GPL-3.0-or-later
"""Board power, energy and clocks through NVML (ctypes), sampled by a process of its own.

The sampler is a process, not a thread, so that it never takes Python's lock away from the
program that launches kernels.  It writes fixed records into a file that the measuring program
maps; both use CLOCK_MONOTONIC, so a time window of one is a time window of the other.

Record: t_ns, energy_mj (counter since driver load), power_instant_mw, power_average_mw,
power_memory_mw (average of about 1 s), sm_mhz, mem_mhz, temp_c, reasons (clock limit reasons,
NVML bit mask).  A quantity that this GPU does not report is -1.

The energy counter and the instantaneous power step only every 100 ms (seen on an H200); the
driver's own buffer of power samples has one each 20 ms, so it is drained into a second list.
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
POWER = struct.Struct("<qq")  # t_ns, power_mw: one sample of the driver's buffer
HEADER_BYTES = 16             # number of records, number of power samples
MAX_RECORDS = 1_000_000
MAX_POWER = 200_000
POWER_AT = HEADER_BYTES + MAX_RECORDS * RECORD.size
FILE_BYTES = POWER_AT + MAX_POWER * POWER.size
FIELDS = ("t_ns", "energy_mj", "power_instant_mw", "power_average_mw", "power_memory_mw",
          "sm_mhz", "mem_mhz", "temp_c", "reasons")

FI_POWER_AVERAGE, FI_POWER_INSTANT = 185, 186  # NVML_FI_DEV_POWER_*
TOTAL_POWER_SAMPLES = 0
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


class Sample(ctypes.Structure):
    _fields_ = [("t_us", ctypes.c_ulonglong), ("value", ctypes.c_ulonglong)]


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

    def power_mw(self, field_id=FI_POWER_INSTANT, scope=SCOPE_GPU):
        field = FieldValue(field=field_id, scope=scope)
        status = self.lib.nvmlDeviceGetFieldValues(self.dev, 1, ctypes.byref(field))
        ok = status == 0 and field.status == 0
        return field.value & 0xFFFFFFFF if ok else -1

    def buffered_power(self, last_us):
        """[(t_us since the epoch, mW)] of the driver's buffer, later than last_us."""
        kind, count = ctypes.c_uint(), ctypes.c_uint(256)
        samples = (Sample * 256)()
        status = self.lib.nvmlDeviceGetSamples(
            self.dev, TOTAL_POWER_SAMPLES, ctypes.c_ulonglong(last_us), ctypes.byref(kind),
            ctypes.byref(count), samples)
        if status != 0:
            return []
        found = [(s.t_us, s.value & 0xFFFFFFFF) for s in samples[:min(count.value, 256)]]
        return [s for s in found if s[0] > last_us]

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
            "power_instant_available": self.power_mw() >= 0,
            "power_memory_available": self.power_mw(FI_POWER_AVERAGE, SCOPE_MEMORY) >= 0,
            "power_buffer_samples": len(self.buffered_power(0)),
        }


def sample_forever(path, period_s=0.001):
    """Body of the sampler process: fast quantities each round, slow ones each 8th."""
    nvml = Nvml()
    with open(path, "r+b") as file:
        out = mmap.mmap(file.fileno(), 0)
    parent = os.getppid()
    slow, n, n_power, last_us = (-1,) * 6, 0, 0, int(time.time() * 1e6)
    while n < MAX_RECORDS:
        if n % 8 == 0:
            if os.getppid() != parent:
                return
            slow = slow_quantities(nvml)
            n_power, last_us = drain_power(nvml, out, n_power, last_us)
        energy = nvml.energy_mj()
        power = nvml.power_mw()
        now = time.monotonic_ns()
        RECORD.pack_into(out, HEADER_BYTES + n * RECORD.size, now, energy, power, *slow)
        n += 1
        struct.pack_into("<q", out, 0, n)
        time.sleep(period_s)


def slow_quantities(nvml):
    return (nvml.number("nvmlDeviceGetPowerUsage"), nvml.power_mw(FI_POWER_AVERAGE, SCOPE_MEMORY),
            nvml.number("nvmlDeviceGetClockInfo", CLOCK_SM),
            nvml.number("nvmlDeviceGetClockInfo", CLOCK_MEM),
            nvml.number("nvmlDeviceGetTemperature", 0),
            nvml.number("nvmlDeviceGetCurrentClocksThrottleReasons", kind=ctypes.c_ulonglong))


def drain_power(nvml, out, n_power, last_us):
    """Move new samples of the driver's buffer to the file, on the monotonic clock."""
    offset_ns = time.monotonic_ns() - time.time_ns()
    for t_us, mw in nvml.buffered_power(last_us):
        if n_power < MAX_POWER:
            POWER.pack_into(out, POWER_AT + n_power * POWER.size, t_us * 1000 + offset_ns, mw)
            n_power += 1
        last_us = t_us
    struct.pack_into("<q", out, 8, n_power)
    return n_power, last_us


class Sampler:
    """Starts the sampler process and answers questions about time windows."""

    def __init__(self, path):
        with open(path, "wb") as file:
            file.truncate(FILE_BYTES)
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 0)
        here = os.path.dirname(os.path.abspath(__file__))
        self.process = subprocess.Popen([sys.executable, os.path.join(here, "nvml.py"), path])

    def window(self, t0_ns, t1_ns):
        """(records, power samples) with t0 <= t <= t1."""
        n, n_power = struct.unpack_from("<qq", self.map, 0)
        return (self.cut(RECORD, HEADER_BYTES, n, t0_ns, t1_ns),
                self.cut(POWER, POWER_AT, n_power, t0_ns, t1_ns))

    def cut(self, layout, at, n, t0_ns, t1_ns):
        def entry(i):
            return layout.unpack_from(self.map, at + i * layout.size)

        def time_of(i):
            return entry(i)[0]

        lo = bisect.bisect_left(range(n), t0_ns, key=time_of)
        hi = bisect.bisect_right(range(n), t1_ns, key=time_of)
        return [entry(i) for i in range(lo, hi)]

    def stop(self):
        self.process.terminate()
        self.process.wait()


COUNTER_CHANGES = 5   # changes of the energy counter that make a window's mean power
MEMORY_WINDOW_S = 0.7  # the memory's power is an average of 1 s; shorter windows leave it out


def window_summary(records, samples):
    """Mean power and clocks of a window, from its records and the driver's power samples.

    power_w comes from the energy counter between its first and last change inside the window
    (so the counter's update period does not bias it) when it changed 5 times there; else from the
    mean of at least 3 of the driver's power samples; else it is missing (None).
    """
    out = {"power_w": None, "power_src": "", "power_samples_w": None, "power_memory_w": None,
           "sm_mhz": None, "mem_mhz": None, "temp_c": None, "limited_by": ""}
    if len(samples) >= 3:
        out["power_samples_w"] = sum(s[1] for s in samples) / len(samples) / 1e3
        out["power_w"], out["power_src"] = out["power_samples_w"], "samples"
    if not records:
        return out
    changes = [b for a, b in zip(records, records[1:]) if b[1] != a[1]]
    if len(changes) >= COUNTER_CHANGES:
        first, last = changes[0], changes[-1]
        out["power_w"] = (last[1] - first[1]) * 1e6 / (last[0] - first[0])
        out["power_src"] = "energy_counter"
    if records[-1][0] - records[0][0] >= MEMORY_WINDOW_S * 1e9 and records[-1][4] >= 0:
        out["power_memory_w"] = records[-1][4] / 1e3
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
