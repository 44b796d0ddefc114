"""Words with rules of their own inside documents: topics, filters, device names, stream expressions.

Schemas look at their rough shape; here they are read for real, once for each distinct text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from composer.diagnostic import Diagnostic, error
from composer.model.expression import ExpressionError, parse
from composer.model.links import over_the_link
from composer.model.names import expand_names
from composer.model.stack import Component, Stack
from composer.model.topics import placeholders, topic, topic_filter
from composer.model.units import UnitError
from composer.model.uplink import filter_of
from composer.source.document import Route
from composer.stages.wire.places import place_of, tenant_place

Word = tuple[Route, str, Callable[[str], str]]
"""Where a text stands, the text, and what says what is wrong with it ("" where nothing is)."""


def check_words(stack: Stack) -> list[Diagnostic]:
    """A finding for each topic, filter, name pattern or expression of the stack that cannot be read."""
    findings: list[Diagnostic] = []
    for component in stack.components:
        faults = _shared_faults(component) if component.shared else _component_faults(component)
        findings += [error("W006", found, place_of(component, route)) for route, found in faults]
    for tenant in stack.tenants:
        for route, text, fault in _tenant_words(stack.tenants[tenant]):
            if found := fault(text):
                findings.append(error("W006", found, tenant_place(stack, tenant, route)))
            elif route[0] == "uplink" and (found := _uplink_fault(text)):
                message = f"{text!r} cannot go over the uplink: {found}"
                findings.append(error("W007", message, tenant_place(stack, tenant, route)))
        findings += _said_twice(stack, tenant)
    return findings


def _said_twice(stack: Stack, tenant: str) -> Iterator[Diagnostic]:
    """Filters of what comes down that are the same to a bridge, which would carry each message once."""
    entries = (stack.tenants[tenant].get("uplink") or {}).get("down") or ()
    seen: dict[str, int] = {}
    for index, text in enumerate(map(filter_of, entries) if len(entries) > 1 else ()):
        first = seen.setdefault(over_the_link(text), index)
        if first != index:
            message = f"{text!r} comes down twice: {filter_of(entries[first])!r} stands above"
            hint = "leave one out; where several devices have commands of their own, their rates make one sum"
            yield error("W057", message, tenant_place(stack, tenant, ("uplink", "down", index)), hint=hint)


def _component_faults(component: Component) -> tuple[tuple[Route, str], ...]:
    return tuple((route, found) for route, text, fault in _component_words(component) if (found := fault(text)))


_shared_faults = lru_cache(maxsize=1024)(_component_faults)


def _component_words(component: Component) -> Iterator[Word]:
    spec = component.spec
    if component.role == "stream":
        yield from _filters(("from",), spec.get("from"))
        yield from _topic(("to",), spec.get("to"))
        yield from _steps(spec.get("do") or [])
    elif component.role == "function":
        yield from _filters(("on",), spec.get("on"))
        yield from _emits(spec.get("emits"))
        if "deadLetter" in spec:
            yield (("deadLetter",), spec["deadLetter"], literal_topic_fault)
    elif component.role == "gateway":
        yield from _reader_words(spec.get("devices") or {})


def _reader_words(devices: Mapping[str, Any]) -> Iterator[Word]:
    """The topics that devices or classes give to readers."""
    for name, written in devices.items():
        for reader, said in (written.get("readers") or {}).items():
            yield from _filters(("devices", name, "readers", reader, "topics"), said.get("topics"))


def _emits(written: Any) -> Iterator[Word]:
    for index, record in enumerate(written if isinstance(written, list) else [written]):
        yield from _topic(("emits", index) if isinstance(written, list) else ("emits",), record)


def _filters(route: Route, written: Any) -> Iterator[Word]:
    """A filter, a list of them, or a mapping of them."""
    if isinstance(written, str):
        yield (route, written, filter_fault)
    elif isinstance(written, dict):
        yield from (((*route, name), text, filter_fault) for name, text in written.items())
    else:
        yield from (((*route, index), text, filter_fault) for index, text in enumerate(written or []))


def _topic(route: Route, record: Mapping[str, Any] | None) -> Iterator[Word]:
    if record:
        yield ((*route, "topic"), record["topic"], topic_fault)


def _steps(steps: list[Mapping[str, Any]]) -> Iterator[Word]:
    for index, step in enumerate(steps):
        if "filter" in step:
            yield (("do", index, "filter"), step["filter"], expression_fault)
        for field, text in (step.get("map") or {}).items():
            yield (("do", index, "map", field), text, expression_fault)


def _tenant_words(spec: Mapping[str, Any]) -> Iterator[Word]:
    for name, written in (spec.get("devices") or {}).items():
        route = ("devices", name)
        if "names" in written:
            yield ((*route, "names"), written["names"], names_fault)
        for index, record in enumerate(written.get("publish") or []):
            yield ((*route, "publish", index, "topic"), record["topic"], device_topic_fault)
        for index, text in enumerate(written.get("subscribe") or []):
            yield ((*route, "subscribe", index), text, device_filter_fault)
    yield from _reader_words(spec.get("devices") or {})
    for index, use in enumerate(spec.get("uses") or []):
        yield from _filters(("uses", index, "topics"), use["topics"])
    for direction, entries in (spec.get("uplink") or {}).items():
        for index, entry in enumerate(entries or ()):
            inside = () if isinstance(entry, str) else ("topic",)
            yield (("uplink", direction, index, *inside), filter_of(entry), filter_fault)


@lru_cache(maxsize=8192)
def topic_fault(text: str) -> str:
    if text.startswith("$"):
        return f"{text!r} is not a topic to publish to: those that begin with $ are the broker's own"
    return _fault(topic, text)


@lru_cache(maxsize=8192)
def filter_fault(text: str) -> str:
    return _fault(topic_filter, text)


def uplink_fault(text: str) -> str:
    """Whatever is wrong with a filter of an uplink, or ""."""
    return filter_fault(text) or _uplink_fault(text)


DEVICE = frozenset({"device", "site"})
"""Placeholders that are known of a device. Streams and functions fill others from their messages."""


@lru_cache(maxsize=8192)
def device_topic_fault(text: str) -> str:
    return topic_fault(text) or _placeholder_fault(text, DEVICE)


@lru_cache(maxsize=8192)
def device_filter_fault(text: str) -> str:
    return filter_fault(text) or _placeholder_fault(text, DEVICE)


@lru_cache(maxsize=8192)
def literal_topic_fault(text: str) -> str:
    return topic_fault(text) or _placeholder_fault(text, frozenset({"site"}))


@lru_cache(maxsize=8192)
def _uplink_fault(text: str) -> str:
    if text.startswith("$share/"):
        return "a bridge carries every message of a filter; there is nobody to share them with"
    return "brokers' bridges take no blanks in topics" if any(map(str.isspace, text)) else ""


def _placeholder_fault(text: str, known: frozenset[str]) -> str:
    unknown = [name for name in placeholders(text) if name not in known]
    choices = " and ".join(f"{{{name}}}" for name in sorted(known))
    return f"{{{unknown[0]}}} in {text!r} stands for nothing; here, there is {choices}" if unknown else ""


@lru_cache(maxsize=8192)
def names_fault(text: str) -> str:
    return _fault(expand_names, text)


@lru_cache(maxsize=8192)
def expression_fault(text: str) -> str:
    try:
        parse(text)
    except ExpressionError as wrong:
        return f"{text!r} is not an expression: {wrong}"
    return ""


def _fault(read: Callable[[str], object], text: str) -> str:
    try:
        read(text)
    except UnitError as wrong:
        return f"{text!r} is not {wrong}"
    return ""
