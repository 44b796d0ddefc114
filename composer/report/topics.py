"""The graph of a site's topics as text, Graphviz, Mermaid or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from composer.model.units import show_rate, show_size
from composer.report.topic_graph import Actor, Flow, Reader, TenantGraph
from composer.report.visible import visible

Graphs = Sequence[TenantGraph]

FEW = 10
"""Bytes a second below which a day's are shown instead."""
DAY = 86_400


def as_text(site: str, graphs: Graphs) -> str:
    """For people: tenant by tenant, whoever publishes, the topics, and below each whoever reads it."""
    blocks = ["\n".join(map(visible, _tenant_lines(graph))) for graph in graphs]
    return "\n\n".join([f"site {site}", *(blocks or ["nothing is published and nobody listens"])]) + "\n"


def _tenant_lines(graph: TenantGraph) -> Iterator[str]:
    yield f"tenant {graph.tenant}"
    for actor, flows in groupby(graph.flows, key=lambda flow: flow.actor):
        yield f"  {actor.label}"
        for flow in flows:
            yield f"    {flow.topic}  {_amount(flow)}"
            yield from (f"      -> {reader.actor.label}{_by(flow, reader)}" for reader in flow.readers)
            if not flow.readers:
                yield "      -> nobody"
    if graph.unheard:
        yield "  nobody publishes to"
        yield from (f"    {reader.filter}  <- {reader.actor.label}" for reader in graph.unheard)


def _by(flow: Flow, reader: Reader) -> str:
    """The filter somebody reads by, where it is another text than the topic."""
    return "" if reader.filter == flow.topic else f" by {reader.filter}"


def _amount(flow: Flow) -> str:
    """How much flows: "400/s of 220B at QoS 1, 88kB/s"."""
    retained = ", retained" if flow.retain else ""
    if flow.actor.kind == "uplink" and not flow.rate:
        return f"as much as comes down, at QoS {flow.qos}"
    if not flow.rate:
        return f"at QoS {flow.qos}{retained}"
    each = flow.rate * flow.bytes
    volume = f"{show_size(round(each))}/s" if each >= FEW else f"{show_size(round(each * DAY))}/d"
    return f"{show_rate(flow.rate)} of {show_size(flow.bytes)} at QoS {flow.qos}{retained}, {volume}"


def as_json(site: str, graphs: Graphs) -> str:
    """For programs: rates in messages a second, sizes in bytes."""
    return json.dumps({"site": site, "tenants": [asdict(graph) for graph in graphs]}, indent=2) + "\n"


def as_dot(site: str, graphs: Graphs) -> str:
    """For Graphviz: a cluster for each tenant, an edge for each topic and reader."""
    lines = [f"digraph {_dot(site)} {{", "  rankdir=LR;", "  node [shape=box];"]
    for number, graph in enumerate(graphs):
        numbers = _numbered(graph, number)
        lines += [f"  subgraph cluster_{number} {{", f"    label={_dot(f'tenant {graph.tenant}')};"]
        lines += [f"    {name} [label={_dot(label)}];" for name, label in numbers.values()]
        lines += [f"    {a} -> {b} [label={_dot(label)}];" for a, b, label in _edges(graph, numbers)]
        lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def _dot(text: str) -> str:
    escaped = visible(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def as_mermaid(_site: str, graphs: Graphs) -> str:
    """For Mermaid, as in Markdown on GitHub and GitLab."""
    lines = ["flowchart LR"]
    for number, graph in enumerate(graphs):
        numbers = _numbered(graph, number)
        lines.append(f"  subgraph t{number}[{_mermaid(f'tenant {graph.tenant}')}]")
        lines += [f"    {name}[{_mermaid(label)}]" for name, label in numbers.values()]
        lines += [f"    {a} -->|{_mermaid(label)}| {b}" for a, b, label in _edges(graph, numbers)]
        lines.append("  end")
    return "\n".join(lines) + "\n"


_MERMAID = str.maketrans({char: f"#{ord(char)};" for char in '"#&<>`\\{}'})


def _mermaid(text: str) -> str:
    return f'"{visible(text).translate(_MERMAID)}"'


Key = tuple[str, str] | None
Numbers = dict[Key, tuple[str, str]]
"""Kind and name of an actor, or None for nobody -> its name in the drawing and its label."""


def _numbered(graph: TenantGraph, number: int) -> Numbers:
    actors: dict[tuple[str, str], Actor] = {}
    readers = [reader for flow in graph.flows for reader in flow.readers]
    for actor in (*(flow.actor for flow in graph.flows), *(reader.actor for reader in (*readers, *graph.unheard))):
        actors.setdefault((actor.kind, actor.name), actor)
    found: Numbers = {key: (f"n{number}_{index}", actor.label) for index, (key, actor) in enumerate(actors.items())}
    if graph.unheard or any(not flow.readers for flow in graph.flows):
        found[None] = (f"n{number}_nobody", "nobody")
    return found


def _edges(graph: TenantGraph, numbers: Numbers) -> Iterator[tuple[str, str, str]]:
    """From, to, and what stands on the arrow."""
    for flow in graph.flows:
        label = f"{flow.topic} {_amount(flow)}"
        ends: list[Key] = list(dict.fromkeys(_key(reader.actor) for reader in flow.readers))
        for end in ends or [None]:
            yield numbers[_key(flow.actor)][0], numbers[end][0], label
    for reader in graph.unheard:
        yield numbers[None][0], numbers[_key(reader.actor)][0], reader.filter


def _key(actor: Actor) -> Key:
    return actor.kind, actor.name


FORMATS: dict[str, Callable[[str, Graphs], str]] = {
    "text": as_text,
    "dot": as_dot,
    "mermaid": as_mermaid,
    "json": as_json,
}
"""What `--format` chooses from."""
