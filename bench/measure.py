"""Runs a command in a process of its own and measures it. Imports nothing heavy: a child's peak
memory starts from its parent's."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass


@dataclass
class Measured:
    """What one command took."""

    seconds: float
    peak_bytes: int
    output: str


def run(command: list) -> Measured:
    """Runs `command` to its end; ends the benchmark with its words when it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        child = subprocess.Popen([str(word) for word in command], stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if child.returncode != 0:
            err.seek(0)
            words = err.read().decode(errors="replace")[-2000:]
            sys.exit(f"failed with {child.returncode}: {' '.join(map(str, command))}\n{words}")
        unit = 1 if sys.platform == "darwin" else 1024
        return Measured(seconds, usage.ru_maxrss * unit, out.read().decode())


def median_of(runs: list) -> dict:
    """Median time and median peak memory of several runs."""
    return {
        "seconds": round(statistics.median(run.seconds for run in runs), 3),
        "peak_mib": round(statistics.median(run.peak_bytes for run in runs) / 2**20, 1),
        "all_seconds": [round(run.seconds, 3) for run in runs],
    }
