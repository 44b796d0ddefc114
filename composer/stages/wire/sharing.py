"""Sharing between tenants: the owner lists its readers, the reader lists what it uses, and both have to agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from composer.diagnostic import Diagnostic, Place, Related, did_you_mean, error
from composer.model.grants import Said
from composer.model.share import Share, SharedTopic
from composer.model.stack import Component, Stack
from composer.model.units import rate
from composer.stages.wire.places import said_place
from composer.stages.wire.sources import Key, Source, is_of_site, sources

SLACK = 2
"""Where an owner states no limit, this many times what its devices say they publish: what they say is what they do on average."""

Uses = dict[tuple[str, Key], list[int]]
"""Reader and source -> the entries of the reader's `uses` that name it."""


def shares(stack: Stack, specs: Mapping[Component, Mapping[str, Any]], findings: list[Diagnostic]) -> tuple[Share, ...]:
    """What tenants at the site share with each other, in the order of readers and of what they use."""
    uses = _uses(stack)
    readable = any("readers" in device for spec in specs.values() for device in spec.get("devices") or ())
    classes = (written for spec in stack.tenants.values() for written in (spec.get("devices") or {}).values())
    if not uses and not readable and not any("readers" in written for written in classes):
        return ()
    work = _Sharing(stack, {source.key: source for source in sources(stack, specs)}, uses)
    findings += work.reader_faults()
    found = tuple(work.shares())
    findings += work.findings
    return found


def _uses(stack: Stack) -> Uses:
    found: Uses = {}
    for tenant, spec in stack.tenants.items():
        for index, use in enumerate(spec.get("uses") or ()):
            key = (use["tenant"], use.get("gateway", ""), use["device"] if "gateway" in use else use["devices"])
            found.setdefault((tenant, key), []).append(index)
    return found


class _Sharing:
    """The work for one stack."""

    def __init__(self, stack: Stack, found: Mapping[Key, Source], uses: Uses) -> None:
        self.stack = stack
        self.sources = found
        self.uses = uses
        self.findings: list[Diagnostic] = []

    def reader_faults(self) -> Iterator[Diagnostic]:
        """What is wrong with what owners say, whoever asks for it."""
        for source in self.sources.values():
            for reader, said in source.readers.items():
                here = source.reader_said(reader)
                if reader == source.key[0]:
                    yield error("W046", f"tenant {reader} owns {source.label}", self._place(here), hint="leave it out")
                elif reader not in self.stack.tenants:
                    yield from self._absent_reader(source, reader, here)
                elif (reader, source.key) not in self.uses:
                    yield self._unasked(source, reader, here)
                else:
                    for index, wanted in enumerate(said["topics"]):
                        if not source.named(wanted):
                            yield self._no_topic(source, wanted, source.reader_said(reader, "topics", index))
                    if "rate" in said and not rate(said["rate"]):
                        yield self._never(source, reader)

    def shares(self) -> Iterator[Share]:
        for (reader, key), indexes in self.uses.items():
            used = Said(reader, ("uses", indexes[0]))
            source = self.sources.get(key)
            if key[0] == reader:
                message = f"tenant {reader} uses a device of its own; it reads that without being given it"
                self.findings.append(error("W046", message, self._place(used)))
            elif source is None:
                self.findings += self._absent_source(key, used)
            elif reader not in source.readers:
                self.findings.append(self._ungranted(source, used))
            else:
                topics = self._agreed(source, reader, indexes)
                if topics:
                    yield self._share(source, reader, topics, used)

    def _agreed(self, source: Source, reader: str, indexes: Sequence[int]) -> tuple[SharedTopic, ...]:
        """The topics that the reader asks for and is granted."""
        granted = {t.topic: t for wanted in source.readers[reader]["topics"] for t in source.named(wanted)}
        asked: dict[str, SharedTopic] = {}
        for index in indexes:
            for at, wanted in enumerate(self.stack.tenants[reader]["uses"][index]["topics"]):
                said = Said(reader, ("uses", index, "topics", at))
                named = source.named(wanted)
                refused = [topic.topic for topic in named if topic.topic not in granted]
                if not named:
                    self.findings.append(self._no_topic(source, wanted, said))
                elif refused:
                    self.findings.append(self._not_granted(source, reader, refused, said))
                else:
                    asked.update((topic.topic, topic) for topic in named)
        return tuple(asked.values())

    def _share(self, source: Source, reader: str, topics: tuple[SharedTopic, ...], used: Said) -> Share:
        owner, gateway, name = source.key
        written = source.readers[reader].get("rate")
        limit = rate(written) if written else SLACK * sum(topic.rate for topic in topics)
        granted = source.reader_said(reader)
        return Share(
            owner, reader, gateway, name, topics, limit or 1, source.devices, source.names, granted=granted, used=used
        )

    def _place(self, said: Said) -> Place:
        return said_place(self.stack, said)

    def _absent_reader(self, source: Source, reader: str, here: Said) -> Iterator[Diagnostic]:
        if is_of_site(self.stack, here):
            message = f"tenant {reader}, which may read {source.label}, is not at this site"
            hint = did_you_mean(reader, self.stack.tenants) or f"list it: spec.tenants.{reader}: {{}}"
            yield error("W044", message, self._place(here), hint=hint)

    def _absent_source(self, key: Key, used: Said) -> Iterator[Diagnostic]:
        """A use of what is not there. In a document for many sites, that only means that it is not at this one."""
        if not is_of_site(self.stack, used):
            return
        owner, gateway, name = key
        what = f"device {name} behind a gateway {gateway}" if gateway else f"device class {name}"
        hint = did_you_mean(name, [n for o, g, n in self.sources if (o, g) == (owner, gateway)])
        hint = hint or did_you_mean(gateway, [g for o, g, _ in self.sources if o == owner and g])
        if owner not in self.stack.tenants:
            hint = did_you_mean(owner, self.stack.tenants) or f"tenant {owner} is not at this site"
        message = f"tenant {owner} has no {what} at this site"
        yield error("W044", message, self._place(used), hint=hint)

    def _unasked(self, source: Source, reader: str, here: Said) -> Diagnostic:
        owner, gateway, name = source.key
        asked = [key for who, key in self.uses if who == reader and key[0] == owner]
        related = [
            Related("what it does use", self._place(Said(reader, ("uses", self.uses[reader, key][0])))) for key in asked
        ]
        which = f"gateway: {gateway}, device: {name}" if gateway else f"devices: {name}"
        topics = ", ".join(map(str, source.readers[reader]["topics"]))
        hint = f"add to the tenant {reader}: uses: [{{tenant: {owner}, {which}, topics: [{topics}]}}]"
        message = f"tenant {reader} may read {source.label}, but does not ask for it; sharing needs both sides"
        return error("W041", message, self._place(here), hint=hint, related=related)

    def _ungranted(self, source: Source, used: Said) -> Diagnostic:
        message = f"tenant {used.tenant} uses {source.label}, whose owner does not list it; sharing needs both sides"
        hint = f"add to the device: readers: {{{used.tenant}: {{topics: [...], rate: 1/s}}}}"
        related = [Related("the device", self._place(source.said))]
        return error("W042", message, self._place(used), hint=hint, related=related)

    def _never(self, source: Source, reader: str) -> Diagnostic:
        message = f"tenant {reader} may read {source.label} at a rate of zero, which is never"
        hint = "say how often it may, or take the reader out on both sides"
        return error("W028", message, self._place(source.reader_said(reader, "rate")), hint=hint)

    def _no_topic(self, source: Source, wanted: str, said: Said) -> Diagnostic:
        known = [short for short, _ in source.topics]
        hint = did_you_mean(wanted, known) or f"it publishes {', '.join(known) or 'nothing'}"
        return error("W043", f"{source.label} publishes no topic {wanted!r}", self._place(said), hint=hint)

    def _not_granted(self, source: Source, reader: str, refused: Sequence[str], said: Said) -> Diagnostic:
        message = f"tenant {reader} asks for {', '.join(refused)} of {source.label}, which it is not given"
        related = [Related("what it is given", self._place(source.reader_said(reader, "topics")))]
        return error("W045", message, self._place(said), related=related)
