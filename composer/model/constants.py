"""Every figure that sizing starts from: its name, unit, bounds, value and where the value comes from.

`fleet.yaml` overrides each under `spec.capacity`. The schema of that mapping and the table in docs/capacity.md are made from
CONSTANTS, so nothing is said twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from composer.model import units
from composer.source.document import Route

MEASURED, DOCUMENTED, ASSUMED = "measured", "documented", "assumed"


@dataclass(frozen=True, slots=True)
class Constant:
    """One figure. *group* is the mapping it stands in ("" for none), *unit* one of UNITS, *source* how sure it is.

    *value*, *low* and *high* are as documents write them, *because* tells what the value rests on.
    """

    group: str
    name: str
    unit: str
    value: str | int
    low: str | int
    high: str | int
    meaning: str
    source: str
    because: str

    @property
    def key(self) -> str:
        """How messages name it, and how it stands below spec.capacity: mosquitto21.session."""
        return f"{self.group}.{self.name}" if self.group else self.name

    @property
    def route(self) -> Route:
        """Where fleet.yaml overrides it."""
        return ("spec", "capacity", *self.key.split("."))

    @property
    def amount(self) -> float:
        """The value as a number: bytes, seconds, a rate per second, a share of 1, a count."""
        return self.read(self.value)

    def read(self, written: str | float) -> float:
        """What a document writes, as a number. Raises UnitError."""
        return UNITS[self.unit](written)


def _count(written: str | float) -> int:
    if isinstance(written, int) and not isinstance(written, bool):
        return written
    raise units.UnitError("a whole number")


UNITS: Mapping[str, Callable[[str | float], float]] = {
    "size": units.size,
    "duration": units.duration,
    "rate": units.rate,
    "percentage": units.percentage,
    "quantity": units.quantity,
    "count": _count,
}
"""Kind of value, as documents write it -> how it is read."""


def _broker(line: str, release: str, **measured: tuple[str, str]) -> tuple[Constant, ...]:
    """The constants of one release line of Mosquitto."""
    meanings = {
        "base": ("1MB", "1GiB", "Memory of the broker before anybody connects."),
        "session": ("100B", "1MiB", "Memory of the broker for a connected client, without TLS and subscriptions."),
        "tls": ("0B", "1MiB", "Memory of the broker for the TLS of a connection, with the client's certificate."),
        "subscription": ("10B", "64KiB", "Memory of the broker for one subscription of one client."),
        "queued": ("50B", "64KiB", "Memory of the broker for a message that waits, besides its payload."),
        "retained": ("50B", "64KiB", "Memory of the broker for a retained message, besides its payload."),
        "accessRow": ("10B", "64KiB", "Memory of the broker for one line of an access list."),
    }
    return tuple(
        Constant(line, name, "size", value, *meanings[name], MEASURED, f"Mosquitto {release}: {how}")
        for name, (value, how) in measured.items()
    )


CONSTANTS: tuple[Constant, ...] = (
    *_broker(
        "mosquitto20",
        "2.0.11",
        base=("10MB", "9.9 MB, OpenSSL 3.0"),
        session=("750B", "749 B over 5,000 clients"),
        tls=("24000B", "24,050 B over 3,000 clients, TLS 1.3, ECDSA P-256, OpenSSL 3.0"),
        subscription=("1030B", "1,030 B for a topic of three levels of its own"),
        queued=("450B", "391 to 445 B at 50 to 1,000 B of payload, after a restart"),
        retained=("1150B", "1,140 to 1,150 B for a topic of its own"),
        accessRow=("150B", "130 B over 10,000 lines of 5,000 users"),
    ),
    *_broker(
        "mosquitto21",
        "2.1.2",
        base=("13200kB", "13.2 MB, OpenSSL 3.6"),
        session=("5080B", "5,084 B over 5,000 clients"),
        tls=("32000B", "32,070 B over 3,000 clients, TLS 1.3, ECDSA P-256, OpenSSL 3.6"),
        subscription=("1000B", "983 B for a topic of three levels of its own"),
        queued=("920B", "514 to 530 B while queueing, 910 to 925 B after a restart"),
        retained=("1200B", "1,185 to 1,206 B for a topic of its own"),
        accessRow=("150B", "150 B over 10,000 lines of 5,000 users"),
    ),
    Constant(
        "", "kernelSocket", "size", "4KiB", "1KiB", "1MiB",
        "Memory of the kernel for one idle connection, charged to the broker's pod.",
        MEASURED, "3.7 to 4.2 KB an end on Linux 6.18, loopback, empty buffers",
    ),
    Constant(
        "", "storedMessage", "size", "112B", "50B", "64KiB",
        "What a queued or retained message takes in the broker's store, besides its payload.",
        MEASURED, "112 B in Mosquitto 2.0.11 and 2.1.2, with a topic of 28 characters",
    ),
    Constant(
        "", "storeCopies", "count", 2, 1, 10,
        "Copies of the store on the volume while it is saved.",
        DOCUMENTED, "Mosquitto writes mosquitto.db.new before it renames it",
    ),
    Constant(
        "", "memoryHeadroom", "percentage", "34%", "0%", "100%",
        "How far a memory limit stands above what is needed.",
        ASSUMED, "at 34% three quarters of the limit, where the broker stops by itself, still hold everything",
    ),
    Constant(
        "", "storageHeadroom", "percentage", "25%", "0%", "100%",
        "How far a volume stands above what is needed.",
        ASSUMED, "room for the file system's own",
    ),
    Constant(
        "", "connectionHeadroom", "percentage", "25%", "0%", "100%",
        "How far the broker's limit of connections stands above what is expected.",
        ASSUMED, "sessions that are dead but not noticed yet, and people who look",
    ),
    Constant(
        "", "queueHeadroom", "percentage", "10%", "0%", "100%",
        "How far queue limits stand above what `offline` needs.",
        ASSUMED, "rates are averages",
    ),
    Constant(
        "", "queueMemoryMost", "size", "4GiB", "0B", "1TiB",
        "Memory that a broker is asked to spend on messages for the hub; above it, a buffer on disk keeps them.",
        ASSUMED, "half of an edge box; the broker writes its whole queue at each save",
    ),
    Constant(
        "", "bufferedMessage", "size", "100B", "20B", "64KiB",
        "What a message takes in the buffer on disk, besides its payload.",
        MEASURED, "30 B with a topic of 30 characters in SQLite, of which the longest have 60 to 100",
    ),
    Constant(
        "", "bufferLog", "size", "64MiB", "1MiB", "1TiB",
        "What the buffer's log of changes takes on its volume.",
        MEASURED, "9 MB with 30,000 messages taken in and handed out at once",
    ),
    Constant(
        "", "bufferMessages", "rate", "1000/s", "1/s", "100000/s",
        "Messages that the buffer on disk can take while it hands out as many.",
        MEASURED, "2,500 a second handed out after an outage on two cores of a server, 120 B, hub and broker beside it",
    ),
    Constant(
        "", "brokerConnections", "count", 50000, 100, 10000000,
        "Connections that one broker should be asked to hold.",
        ASSUMED, "Mosquitto works in one thread; 20,000 were tried, and it took them",
    ),
    Constant(
        "", "connectionsMin", "count", 100, 1, 10000000,
        "The broker's limit of connections at least.",
        ASSUMED, "small sites grow without a change of their branch",
    ),
    Constant(
        "", "queueMessagesMin", "count", 10000, 1, 100000000,
        "Messages that the broker may queue for one client at least.",
        ASSUMED, "room for clients that no document speaks of",
    ),
    Constant(
        "", "queueBytesMin", "size", "16MiB", "1MiB", "2047MiB",
        "Bytes that the broker may queue for one client at least.",
        ASSUMED, "room for clients that no document speaks of",
    ),
    Constant(
        "", "memoryMin", "size", "128MiB", "32MiB", "1TiB",
        "Memory that a broker is given at least.",
        ASSUMED, "probes and the shell run in the same container",
    ),
    Constant(
        "", "volumeMin", "size", "1GiB", "64MiB", "1PiB",
        "Size of a broker's volume at least.",
        ASSUMED, "the smallest volume that most storage classes make",
    ),
    Constant(
        "", "steps", "count", 4, 1, 64,
        "Sizes of memory and volumes for each doubling: 4 means 1, 1.25, 1.5, 1.75, 2 GiB and so on.",
        ASSUMED, "a site grows by a fifth before its branch changes",
    ),
    Constant(
        "", "restart", "duration", "60s", "1s", "1h",
        "How long a stream or function may be away while its pod starts again; the broker queues for it meanwhile.",
        ASSUMED, "a pull from a local registry and a start",
    ),
    Constant(
        "", "tlsHandshakes", "rate", "400/s", "1/s", "100000/s",
        "TLS connections that the broker can take, on its one core.",
        MEASURED, "620 to 850 a second on one core of a server (1.2 to 1.6 ms each, with the client's certificate, "
        "ECDSA P-256); less for smaller machines",
    ),
    Constant(
        "", "messages", "rate", "10000/s", "10/s", "1000000/s",
        "Messages that the broker can take and hand out, together, on its one core.",
        MEASURED, "15,000 to 31,000 a second on one core of a server, 200 B at QoS 1 over TLS, one at a time",
    ),
    Constant(
        "", "descriptors", "count", 64, 8, 10000,
        "Open files of the broker besides its connections.",
        MEASURED, "20 to 30 with one listener; more listeners, more certificates",
    ),
    Constant(
        "", "nodeDescriptors", "count", 1048576, 1024, 1073741816,
        "Open files that the container runtime allows a process.",
        ASSUMED, "LimitNOFILE of k3s and containerd as their packages set it; 1,024 where nobody did",
    ),
    Constant(
        "", "conntrackEntries", "count", 2, 1, 10,
        "Entries of the node's connection table for one connection: to the Service, and to the pod.",
        DOCUMENTED, "EMQX's guide to tuning asks for two a connection and a quarter more",
    ),
    Constant(
        "", "conntrackPerCore", "count", 32768, 1024, 10000000,
        "Entries of a node's connection table for each of its cores.",
        DOCUMENTED, "conntrack.maxPerCore of kube-proxy",
    ),
    Constant(
        "", "conntrackMin", "count", 131072, 1024, 100000000,
        "Entries of a node's connection table at least.",
        DOCUMENTED, "conntrack.min of kube-proxy",
    ),
    Constant(
        "", "frontConnections", "count", 4000, 1, 1000000,
        "Connections of devices that one pod of a front takes.",
        ASSUMED, "48 KiB of memory each; as many as one pod of some hundred MiB holds",
    ),
    Constant(
        "", "frontReplicasMin", "count", 1, 1, 100,
        "Pods of a front at least.",
        ASSUMED, "a second one on the same box saves nothing; say 2 where fronts stand on several nodes",
    ),
    Constant(
        "", "proxyPorts", "count", 64512, 1024, 64512,
        "Connections from one proxy to one broker: each takes a source port.",
        DOCUMENTED, "ports 1024 to 65535",
    ),
    Constant(
        "", "keepAlive", "duration", "60s", "1s", "18h",
        "How often an idle client says that it is there.",
        ASSUMED, "the default of most client libraries",
    ),
    Constant(
        "", "mqttOverhead", "size", "7B", "2B", "64KiB",
        "Bytes of an MQTT message besides its topic and payload.",
        DOCUMENTED, "MQTT 3.1.1: fixed header 2 to 5, topic length 2, packet identifier 2",
    ),
    Constant(
        "", "tlsOverhead", "size", "29B", "0B", "1KiB",
        "Bytes of TLS around one message.",
        DOCUMENTED, "TLS 1.2 with AES-GCM: header 5, nonce 8, tag 16; TLS 1.3 takes 22",
    ),
    Constant(
        "", "tcpOverhead", "size", "52B", "20B", "1KiB",
        "Bytes of IP and TCP around one message.",
        DOCUMENTED, "IPv4 20, TCP 20, timestamps 12",
    ),
    Constant(
        "", "serverMemory", "size", "1596MB", "0B", "1TiB",
        "Memory that the system takes of a node with the control plane.",
        DOCUMENTED, "resource profiling of k3s v1.26.5: a server with a workload, x86",
    ),
    Constant(
        "", "serverMemoryArm", "size", "1588MB", "0B", "1TiB",
        "The same on arm.",
        DOCUMENTED, "resource profiling of k3s v1.26.5: a server with a workload, Raspberry Pi 4",
    ),
    Constant(
        "", "serverCpu", "quantity", "300m", "0", "64",
        "Cores that the system takes of a node with the control plane.",
        DOCUMENTED, "resource profiling of k3s v1.26.5: 30 % of a core on a Raspberry Pi 4",
    ),
    Constant(
        "", "agentMemory", "size", "275MB", "0B", "1TiB",
        "Memory that the system takes of a node without the control plane.",
        DOCUMENTED, "resource profiling of k3s v1.26.5: an agent, x86",
    ),
    Constant(
        "", "agentCpu", "quantity", "100m", "0", "64",
        "Cores that the system takes of a node without the control plane.",
        ASSUMED, "a third of what a server takes",
    ),
    Constant(
        "", "podsPerNode", "count", 110, 1, 1000,
        "Pods that the kubelet of a node takes.",
        DOCUMENTED, "maxPods of the kubelet",
    ),
)  # fmt: skip
"""In the order of the schema and of the table in docs/capacity.md."""


@dataclass(frozen=True, eq=False, slots=True)
class Constants:
    """The constants as one fleet has them: key -> number. Equal fleets share one, so it can be a key of caches by identity."""

    amounts: Mapping[str, float]
    overridden: frozenset[str] = frozenset()

    def __getitem__(self, key: str) -> float:
        return self.amounts[key]


PACKAGED = Constants(MappingProxyType({constant.key: constant.amount for constant in CONSTANTS}))
"""What holds where fleet.yaml overrides nothing."""


def written_at(spec: Mapping[str, Any], constant: Constant) -> str | int | None:
    """What *spec*, that of a fleet document, writes for the constant, or None."""
    found: Any = spec.get("capacity") or {}
    for step in constant.key.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    written: str | int | None = found
    return written
