"""What must be said once all layers are put together: hardly anything is required of one document alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from composer.model.fieldpath import path_text
from composer.model.patterns import Pattern, matching
from composer.source.document import Route


@dataclass(frozen=True, slots=True)
class Rule:
    """What mappings *at* a pattern need: *all_of* these keys, *exactly* or *at_least* one of those."""

    at: Pattern
    all_of: tuple[str, ...] = ()
    exactly: tuple[str, ...] = ()
    at_least: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that is not there at *route* (or, of things that exclude each other, there twice)."""

    route: Route
    message: str


PROFILES: Pattern = ("deviceProfiles", "*")

SITE = (
    Rule((), all_of=("cluster",)),
    Rule(("cluster",), all_of=("version", "domain")),
    Rule(("uplink",), all_of=("site", "ca", "identity")),
    Rule(("uplink", "identity"), all_of=("secret",)),
    Rule(("licences", "*"), all_of=("secret",)),
)
TENANT = (
    Rule(("devices", "*"), exactly=("names", "count")),
    Rule(("devices", "*", "at"), all_of=("matchLabels",)),
    Rule(("secrets", "*"), exactly=("existing", "externalSecret", "sops")),
    Rule(("secrets", "*", "externalSecret"), all_of=("store", "key")),
    Rule(PROFILES, all_of=("protocol", "points", "publish")),
    Rule(("devices", "*", "readers", "*"), all_of=("topics",)),
    Rule(("uses", "*"), exactly=("gateway", "devices")),
    Rule(("uses", "*"), exactly=("device", "devices")),
)
COMPONENT: Mapping[str, tuple[Rule, ...]] = {
    "stream": (Rule((), all_of=("from", "to")), Rule(("to",), all_of=("topic",))),
    "function": (Rule((), all_of=("on",)), Rule(("emits",), all_of=("topic",))),
    "gateway": (
        Rule((), all_of=("bus", "devices")),
        Rule(("bus",), exactly=("tcp", "serial", "opcua")),
        Rule(("bus", "serial"), at_least=("path", "resource")),
        Rule(("bus", "login"), all_of=("secret",)),
        Rule(("bus", "identity"), all_of=("secret",)),
        Rule(("devices", "*"), all_of=("profile",)),
        Rule(("devices", "*", "readers", "*"), all_of=("topics",)),
    ),
}
"""Role of a component -> what its merged entry needs."""


def lacks(spec: Mapping[str, Any], rules: tuple[Rule, ...]) -> Iterator[Lack]:
    """What *spec*, with all layers put together, lacks."""
    for rule in rules:
        if rule.at and rule.at[0] not in spec:
            continue
        for route, found in matching(spec, rule.at):
            if isinstance(found, dict):
                yield from _broken(rule, route, found)


def _broken(rule: Rule, route: Route, found: Mapping[str, Any]) -> Iterator[Lack]:
    for key in rule.all_of:
        if key not in found:
            yield Lack((*route, key), f"{path_text((*route, key))} is missing: no layer says it")
    there = [key for key in (*rule.exactly, *rule.at_least) if key in found]
    if not there and (rule.exactly or rule.at_least):
        yield Lack(route, f"{path_text(route)} needs one of {', '.join((*rule.exactly, *rule.at_least))}")
    elif rule.exactly and len(there) > 1:
        yield Lack((*route, there[-1]), f"{path_text(route)} has {' and '.join(there)}, of which only one can hold")


def point_lacks(spec: Mapping[str, Any]) -> Iterator[Lack]:
    """What the points of a spec's device profiles lack: registers of Modbus, nodes of OPC UA."""
    for route, profile in matching(spec, PROFILES):
        for index, point in enumerate(profile.get("points") or ()):
            for key in _needed(profile.get("protocol"), point):
                if key not in point:
                    where = (*route, "points", index)
                    message = f"{path_text(where)}: a point of {profile['protocol']} needs {key!r}"
                    yield Lack(where, message)


def _needed(protocol: str | None, point: Mapping[str, Any]) -> tuple[str, ...]:
    if protocol == "opcua":
        return ("node",)
    if protocol == "modbus":
        bits = point.get("register") in ("coil", "discrete")
        return ("register", "address") if bits else ("register", "address", "type")
    return ()
