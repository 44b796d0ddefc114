"""Whole commands measured from outside: wall time, CPU time of all processes, and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds of wall and CPU time (all processes), and MB of memory of the largest process."""

    wall: float
    cpu: float
    largest: float
    code: int


_CHILD = """
import os, resource, subprocess, sys, time
started = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
wall = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, done.returncode)
"""


def measure(words: Sequence[str], folder: Path, **environment: str) -> Run:
    """Runs the command in *folder* and says what it took. A process in between keeps its figures apart from ours."""
    command = [sys.executable, "-c", _CHILD, *words]
    env = _as_installed(environment)
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    wall, cpu, largest, code = done.stdout.split()
    return Run(float(wall), float(cpu), float(largest), int(code))


def _as_installed(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a measured command: modules keep their byte code, as those of an installed package do."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, **environment}


def composer(*words: str) -> list[str]:
    return [sys.executable, "-m", "composer", *words]


def peak_of_group(words: Sequence[str], folder: Path, **environment: str) -> float:
    """MB of memory of the command and all its processes together at their worst moment, shared pages counted once."""
    env = _as_installed(environment)
    process = subprocess.Popen(words, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    worst = 0.0
    while process.poll() is None:
        worst = max(worst, sum(_proportional(pid) for pid in _family(process.pid)))
        time.sleep(0.2)
    assert process.returncode == 0, words
    return worst / 1024


def _family(pid: int) -> list[int]:
    """The process and all below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += parents.get(found[-1], [])
    return found


def _proportional(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith("Pss:")), 0.0)
