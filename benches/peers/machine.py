"""The machine of the comparison, and the load of other processes."""

import hashlib
import os
import pathlib
import platform
import sys
import time


def facts():
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
    }


def cpu_model():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Watch:
    """Observes the machine before and after a process."""

    def __init__(self):
        self.load, self.busy = os.getloadavg()[0], busy_seconds()
        self.started, self.clock = time.time(), time.perf_counter()

    def until_now(self, usage):
        """`usage` holds the resources of the process. Its peak memory is its largest resident set."""
        wall, busy = time.perf_counter() - self.clock, busy_seconds()
        cpu = usage.ru_utime + usage.ru_stime
        others = None if busy is None else max(0.0, busy - self.busy - cpu)
        kibibytes = usage.ru_maxrss / 1024 if sys.platform == "darwin" else usage.ru_maxrss
        return {
            "started": round(self.started, 3),
            "process_seconds": round(wall, 3),
            "cpu_seconds": round(cpu, 3),
            "peak_memory_mib": round(kibibytes / 1024, 1),
            "load_before": self.load,
            "load_after": os.getloadavg()[0],
            "share_of_others": None if others is None else round(others / wall / os.cpu_count(), 4),
        }


def busy_seconds():
    """Busy core seconds of all processes since the system started; None if unknown."""
    try:
        with open("/proc/stat") as file:
            user, nice, system, _idle, _waiting, *interrupts_and_stolen = map(int, file.readline().split()[1:9])
    except OSError:
        return None
    return (user + nice + system + sum(interrupts_and_stolen)) / os.sysconf("SC_CLK_TCK")
