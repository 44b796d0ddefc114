"""`make bench-capacity`: as many real connections as the machine allows against the rendered broker, as a table in Markdown."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench.capacity import measurements
from tests.bench.capacity.machine import describe, most_sockets
from tests.bench.capacity.measurements import Row
from tests.bench.capacity.site import Bench

SPARE = 100
"""Sockets and files that are no connections of the crowd."""

MOST = 100_000
MESSAGES, PAYLOADS = 100_000, (50, 220, 1000)


def main(most: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), "count: 100")
        number = min(most, most_sockets() - SPARE)
        version = bench.version
        print(f"{describe()}; {version}\n")
        print("| what | measured | predicted | predicted/measured |\n|---|---:|---:|---:|")
        for tls in (False, True):
            rows = list(measurements.connections(bench, sorted({1000, number // 2, number}), tls=tls))
            for row in rows:
                show(row)
            remark(rows[-1], number, "TLS connections" if tls else "plain connections")
        for payload in PAYLOADS:
            for row in measurements.waiting(bench, MESSAGES, payload):
                show(row)
        show(measurements.retained(bench, 220))
        _, cpu = measurements.passing(bench, 5000)
        print(f"\nmessages in and out at QoS 1 over TLS, one at a time: {2 * 5000 / cpu:,.0f} a second of CPU")
    print("\n".join(REMARKS))


REMARKS: list[str] = []


def show(row: Row) -> None:
    print(
        f"| {row.what} | {row.measured / 1e6:,.1f} MB | {row.predicted / 1e6:,.1f} MB | {row.ratio:.2f} |", flush=True
    )


def remark(row: Row, number: int, what: str) -> None:
    held = f"; {row.kernel:,.0f} B of the kernel for each end" if row.kernel else ""
    REMARKS.append(f"{what}: {number / row.cpu:,.0f} a second of the broker's CPU{held}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MOST)
