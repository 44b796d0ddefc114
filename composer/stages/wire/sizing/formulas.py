"""Every formula of sizing, once: they run over plain numbers to size a site, and over traced ones to explain it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from composer.stages.wire.sizing.arithmetic import Number, in_bytes, in_counts, largest


@dataclass(frozen=True, slots=True)
class Formula:
    """How one figure follows. *work* takes a namespace of everything before it."""

    key: str
    unit: str
    meaning: str
    work: Callable[[Any], Number]


FORMULAS: tuple[Formula, ...] = (
    Formula(
        "connections",
        "connections",
        "connections expected at the broker",
        lambda v: v.devices + v.gateways + v.jobs + v.sites,
    ),
    Formula(
        "maxConnections",
        "connections",
        "the broker's limit of connections",
        lambda v: in_counts(largest(v.connections * (1 + v.connectionHeadroom), v.connectionsMin)),
    ),
    Formula(
        "clients",
        "connections",
        "connections that the broker is sized for: those expected, or as many as a document allows",
        lambda v: largest(v.connections, v.allowed),
    ),
    Formula("frontClients", "connections", "connections expected through a front", lambda v: v.devices + v.sites),
    Formula(
        "frontReplicas",
        "pods",
        "pods of a front",
        lambda v: in_counts(
            largest(
                v.frontClients * (1 + v.connectionHeadroom) / v.perFront,
                v.frontClients / v.proxyPorts,
                v.frontReplicasMin,
            )
        ),
    ),
    Formula("load", "a second", "messages the broker takes and hands out", lambda v: v.messagesIn + v.messagesOut),
    Formula("traffic", "bytes a second", "payload the broker takes and hands out", lambda v: v.bytesIn + v.bytesOut),
    Formula(
        "offlineMessages",
        "messages",
        "messages for the hub while the uplink is away",
        lambda v: v.upRate * v.offline,
    ),
    Formula("offlineBytes", "bytes", "payload of these messages", lambda v: v.upBytes * v.offline),
    Formula(
        "keptMessages",
        "messages",
        "those of them that the broker keeps, not a buffer on disk",
        lambda v: v.offlineMessages * (1 - v.buffered),
    ),
    Formula("keptBytes", "bytes", "payload of these messages", lambda v: v.offlineBytes * (1 - v.buffered)),
    Formula(
        "queuedMessages",
        "messages",
        "messages for the hub that the broker has to hold",
        lambda v: v.keptMessages * (1 + v.queueHeadroom),
    ),
    Formula(
        "queuedBytes",
        "bytes",
        "payload for the hub that the broker has to hold",
        lambda v: v.keptBytes * (1 + v.queueHeadroom),
    ),
    Formula(
        "waitingMessages",
        "messages",
        "messages for streams, functions and a buffer whose pods start again",
        lambda v: (v.jobRate + v.upRate * v.buffered) * v.restart,
    ),
    Formula(
        "waitingBytes",
        "bytes",
        "payload of these messages",
        lambda v: (v.jobBytes + v.upBytes * v.buffered) * v.restart,
    ),
    Formula(
        "bufferStore",
        "bytes",
        "what the buffer on disk holds after so long",
        lambda v: (v.offlineMessages * v.bufferedMessage + v.offlineBytes + v.bufferLog) * v.buffered,
    ),
    Formula(
        "bufferVolume",
        "bytes",
        "size of the buffer's volume",
        lambda v: in_bytes(largest(v.bufferStore * (1 + v.storageHeadroom), v.volumeMin), v.steps),
    ),
    Formula(
        "bufferLoad",
        "a second",
        "messages that the buffer on disk takes",
        lambda v: v.upRate * v.buffered,
    ),
    Formula(
        "maxQueuedMessages",
        "messages",
        "the broker's limit of messages queued for one client",
        lambda v: in_counts(largest(v.queuedMessages, v.waitingMessages, v.queueMessagesMin)),
    ),
    Formula(
        "maxQueuedBytes",
        "bytes",
        "the broker's limit of payload queued for one client",
        lambda v: in_bytes(largest(v.queuedBytes, v.waitingBytes, v.queueBytesMin), v.steps),
    ),
    Formula(
        "clientMemory",
        "bytes",
        "memory for connections and subscriptions",
        lambda v: v.clients * (v.session + v.tls + v.kernelSocket) + v.subscriptions * v.subscription,
    ),
    Formula(
        "queueMemory",
        "bytes",
        "memory for messages that wait",
        lambda v: (v.queuedMessages + v.waitingMessages) * v.queued + v.queuedBytes + v.waitingBytes,
    ),
    Formula(
        "retainedMemory",
        "bytes",
        "memory for retained messages",
        lambda v: v.retainedMessages * v.retained + v.retainedBytes,
    ),
    Formula(
        "memory",
        "bytes",
        "memory the broker needs",
        lambda v: v.base + v.accessRows * v.accessRow + v.clientMemory + v.queueMemory + v.retainedMemory,
    ),
    Formula(
        "heap",
        "bytes",
        "the part of it that the broker counts itself",
        lambda v: v.memory - v.clients * (v.tls + v.kernelSocket),
    ),
    Formula(
        "memoryRequest",
        "bytes",
        "memory the broker is sure of",
        lambda v: in_bytes(largest(v.memory, v.memoryMin), v.steps),
    ),
    Formula(
        "leastLimit",
        "bytes",
        "the smallest memory limit that will do: the broker stops by itself at three quarters of it",
        lambda v: largest(v.memory, v.heap * 4 / 3),
    ),
    Formula(
        "memoryLimit",
        "bytes",
        "the broker's memory limit",
        lambda v: in_bytes(largest(largest(v.memory, v.memoryMin) * (1 + v.memoryHeadroom), v.leastLimit), v.steps),
    ),
    Formula(
        "store",
        "bytes",
        "the broker's store when everything in it waits",
        lambda v: (
            (v.queuedMessages + v.waitingMessages + v.retainedMessages) * v.storedMessage
            + v.queuedBytes
            + v.waitingBytes
            + v.retainedBytes
        ),
    ),
    Formula("stored", "bytes", "what the volume holds while the store is saved", lambda v: v.storeCopies * v.store),
    Formula(
        "volume",
        "bytes",
        "size of the volume",
        lambda v: in_bytes(largest(v.stored * (1 + v.storageHeadroom), v.volumeMin), v.steps),
    ),
    Formula("files", "open files", "open files of the broker", lambda v: v.clients + v.uplinks + v.descriptors),
    Formula(
        "entries",
        "entries",
        "entries in the connection table of the broker's node",
        lambda v: (v.clients + v.uplinks) * v.conntrackEntries,
    ),
    Formula(
        "reconnect",
        "seconds",
        "until all clients are back after the broker was away",
        lambda v: v.connections / v.tlsHandshakes,
    ),
    Formula(
        "keepAliveBytes",
        "bytes a second",
        "traffic of idle clients that say they are there",
        lambda v: v.connections * 2 * (2 + v.tlsOverhead + v.tcpOverhead) / v.keepAlive,
    ),
)
"""In an order in which each needs only those before it, what documents ask for (Demand), and constants."""
