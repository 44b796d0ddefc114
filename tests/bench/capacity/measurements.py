"""The rows of the benchmark: what is done to a broker, what its process takes then, and what was predicted."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.capacity.crowd import Crowd, crowd, publish_all, read, subscribe_packet
from tests.bench.capacity.machine import Usage, socket_memory, usage
from tests.bench.capacity.prediction import predicted, queue
from tests.bench.capacity.site import RETAINED, Bench


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. *measured* and *predicted* are bytes of the broker's process, *cpu* its seconds since it started."""

    what: str
    measured: float
    predicted: float
    cpu: float = 0
    kernel: float | None = None
    """Bytes of the kernel for one end of a connection, where it tells."""

    @property
    def ratio(self) -> float:
        return self.predicted / self.measured


def connections(bench: Bench, sizes: list[int], *, tls: bool) -> Iterator[Row]:
    """A row for each of *sizes*: so many clients, each with a subscription of its own."""
    context = bench.tls("device-1") if tls else None
    port = bench.port if tls else bench.broker.probe_port
    with bench.running() as pid, crowd(port, context) as clients:
        before, kernel = usage(pid), socket_memory()
        for number in sizes:
            clients.grow(number)
            found, now = usage(pid), socket_memory()
            held = (now - kernel) / number / 2 if now is not None and kernel is not None else None
            sums = {"devices": number, "subscriptions": number, "accessRows": len(RETAINED)}
            expected = predicted(bench.release, tls=tls, **sums)
            name = f"{number:,} clients, {'TLS' if tls else 'plain'}, a subscription each"
            yield Row(name, found.resident, expected, found.cpu - before.cpu, held)


def waiting(bench: Bench, messages: int, payload: int) -> Iterator[Row]:
    """Messages for an absent client: while they come, and once the broker has read them back after a restart."""
    sums = {**queue(messages, payload), "accessRows": len(RETAINED)}
    expected = predicted(bench.release, **sums)
    with bench.running() as pid:
        absent = Crowd(bench.port, bench.tls("desk")).connect("absent", clean=False)
        absent.sendall(subscribe_packet("device/+/value"))
        read(absent, 5)
        absent.close()
        sender = Crowd(bench.port, bench.tls("device-1")).connect("sender")
        publish_all(sender, (("device/device-1/value", b"x" * payload) for _ in range(messages)))
        name = f"{messages:,} messages of {payload} B waiting"
        yield Row(name, usage(pid).resident, expected, usage(pid).cpu)
        sender.close()
    with bench.running(keep=True) as pid:
        yield Row(f"{name}, after a restart", usage(pid).resident, expected, usage(pid).cpu)


def retained(bench: Bench, payload: int) -> Row:
    """A retained message on each of many topics."""
    sums = {
        "retainedMessages": len(RETAINED),
        "retainedBytes": len(RETAINED) * payload,
        "accessRows": len(RETAINED),
    }
    with bench.running() as pid:
        sender = Crowd(bench.port, bench.tls("desk")).connect("sender")
        publish_all(sender, ((topic, b"x" * payload) for topic in RETAINED), retain=True)
        found = usage(pid)
        sender.close()
    name = f"{len(RETAINED):,} retained messages of {payload} B"
    return Row(name, found.resident, predicted(bench.release, **sums), found.cpu)


def passing(bench: Bench, messages: int) -> tuple[Usage, float]:
    """CPU seconds of the broker for messages of 200 B at QoS 1, one after the other, from one TLS client to another."""
    with bench.running() as pid:
        reader = Crowd(bench.port, bench.tls("desk")).connect("reader")
        reader.sendall(subscribe_packet("device/+/value"))
        read(reader, 5)
        sender = Crowd(bench.port, bench.tls("device-1")).connect("sender")
        before = usage(pid)
        for _ in range(messages):
            publish_all(sender, iter([("device/device-1/value", b"x" * 200)]))
            _take(reader)
        after = usage(pid)
        time.sleep(0)
        return after, after.cpu - before.cpu


def _take(reader: socket.socket) -> None:
    """Reads one PUBLISH and acknowledges it."""
    length, shift, first = 0, 0, read(reader, 2)[1:]
    while True:
        length |= (first[0] & 127) << shift
        if not first[0] & 128:
            break
        shift, first = shift + 7, read(reader, 1)
    body = read(reader, length)
    topic = int.from_bytes(body[:2])
    reader.sendall(b"\x40\x02" + body[2 + topic : 4 + topic])
