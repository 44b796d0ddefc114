"""What a tenant publishes at other sites, as far as the documents say that this site reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composer.model.stack import Stack
from composer.model.topics import bind, overlaps, to_filter
from composer.stages.wire.grants import classes_here
from composer.stages.wire.graph.tenant import Graph


def published_elsewhere(graph: Graph) -> list[str]:
    """The filters of what the layers below the site's document let the tenant publish, and it does not publish here: device
    classes that are at other sites, streams and functions that this one leaves out, devices of profiles that it has none of.
    """
    stack, tenant = graph.stack, graph.tenant
    here = {("devices", name) for name in classes_here(stack, tenant)}
    here |= {(f"{c.role}s", c.name) for c in stack.components if c.tenant == tenant}
    layers = (layer.data for layer in stack.tenant_layers[tenant] if layer.document is not stack.document)
    topics = [topic for spec in layers for key, topic in _topics(spec) if key not in here]
    found = dict.fromkeys(_filter(stack, topic) for topic in topics)
    behind = [p.filter for p in graph.publications if p.principal.kind == "gateway"]
    profiled = (_filter(stack, topic) for topic in _profiled(stack))
    found |= dict.fromkeys(each for each in profiled if not any(overlaps(each, own) for own in behind))
    return list(found)


def _filter(stack: Stack, topic: str) -> str:
    return to_filter(bind(topic, site=stack.site))


def _profiled(stack: Stack) -> Iterator[str]:
    for profile in (stack.fleet.document.data["spec"].get("deviceProfiles") or {}).values():
        yield from (record["topic"] for record in profile.get("publish") or ())


def _topics(spec: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """Section and name of each publisher in a layer of the tenant's spec, with a topic of its."""
    for section, records in RECORDS.items():
        for name, written in (spec.get(section) or {}).items():
            for record in _listed((written or {}).get(records)):
                if "topic" in record:
                    yield (section, name), record["topic"]


RECORDS = {"devices": "publish", "streams": "to", "functions": "emits"}
"""Section of a tenant's spec -> where its entries say what they publish."""


def _listed(records: Any) -> list[Mapping[str, Any]]:
    return [records] if isinstance(records, dict) else records or []
