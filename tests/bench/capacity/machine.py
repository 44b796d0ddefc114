"""What the kernel knows of a process and of its own memory."""

from __future__ import annotations

import os
import platform
import re
import resource
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")

SOCKET_SLABS = ("sock_inode_cache", "TCP", "TCPv6", "filp", "dentry", "eventpoll_epi", "eventpoll_pwq", "tw_sock_TCP")
"""Caches of the kernel that hold something for each socket."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes of a process' own memory, now (*resident*) and at most, and the seconds of CPU it has taken."""

    resident: int
    peak: int
    cpu: float


def usage(pid: int) -> Usage:
    """What process *pid* takes, without the memory that the kernel holds for it."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    resident, peak = (int(_field(status, name)) * 1024 for name in ("VmRSS", "VmHWM"))
    times = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return Usage(resident, peak, (int(times[11]) + int(times[12])) / TICK)


def _field(status: str, name: str) -> str:
    found = re.search(rf"(?m)^{name}:\s+(\d+) kB$", status)
    assert found, name
    return found[1]


def socket_memory() -> int | None:
    """Bytes the kernel holds for all sockets of the machine, buffers included; None where it does not tell."""
    try:
        slabs = Path("/proc/slabinfo").read_text(encoding="ascii")
    except OSError:
        return None
    total = 0
    for name in SOCKET_SLABS:
        found = re.search(rf"(?m)^{name} +(\d+) +\d+ +(\d+)", slabs)
        total += int(found[1]) * int(found[2]) if found else 0
    pages = re.search(r"(?m)^TCP: .* mem (\d+)", Path("/proc/net/sockstat").read_text(encoding="ascii"))
    return total + (int(pages[1]) * PAGE if pages else 0)


def most_sockets() -> int:
    """How many sockets one process of this machine may hold; the limit is raised as far as it goes."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def describe() -> str:
    """The machine in one line."""
    cpu = re.search(r"(?m)^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    total = re.search(r"(?m)^MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
    memory = f"{int(total[1]) / 2**20:.0f} GiB" if total else "unknown memory"
    return f"{os.cpu_count()} x {cpu[1] if cpu else platform.machine()}, {memory}, Linux {platform.release().split('-')[0]}"
