"""What holds for the traffic and the topics of any site."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from math import isclose
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from composer.diagnostic import Diagnostic, Rejected, in_order
from composer.model import matching
from composer.model.links import over_the_link
from composer.model.stack import Wiring
from composer.model.topics import covers, overlaps
from composer.stages.load import read_payload
from composer.stages.wire import check_topics, rates, schema_paths, wire
from composer.stages.wire.graph.loops import _circles
from composer.stages.wire.graph.tenant import graphs
from composer.stages.wire.traffic import traffic
from tests.wire.sites import LINK, files, resolved

TOPICS = st.sampled_from(["a", "a/b", "a/{device}", "b/{device}/c", "a//b", "x/y/z"])
FILTERS = TOPICS | st.sampled_from(["#", "a/#", "+", "+/+", "a/+", "b/+/c", "from/globex/a", "nobody/+"])
QOS = st.sampled_from([0, 1, 2])
SCHEMA = st.sampled_from(["files/one.json", "files/two.json", "files/broken.json"])
RECORDS = st.fixed_dictionaries(
    {"topic": TOPICS, "rate": st.sampled_from(["1/s", "7/min", "1/d"]), "bytes": st.integers(1, 999)},
    optional={"qos": QOS, "schema": SCHEMA},
)
OUTPUTS = st.fixed_dictionaries(
    {"topic": TOPICS},
    optional={"qos": QOS, "keep": st.sampled_from(["100%", "5%"]), "rate": st.just("3/s"), "schema": SCHEMA},
)
STEPS = st.lists(
    st.sampled_from(
        [
            {"filter": "x > 1"},
            {"keep": ["x"]},
            {"drop": ["x"]},
            {"map": {"y": "x"}},
            {"window": {"every": "10s", "by": "device", "mean": ["x"]}},
            {"window": {"every": "1m"}},
        ]
    ),
    max_size=2,
)
CLASSES = st.fixed_dictionaries(
    {"count": st.integers(1, 40), "publish": st.lists(RECORDS, max_size=2)},
    optional={"subscribe": st.lists(TOPICS, max_size=2, unique=True)},
)
STREAMS = st.fixed_dictionaries(
    {"blueprint": st.just("stream-bento@1"), "to": OUTPUTS, "do": STEPS},
).flatmap(
    lambda stream: st.builds(
        lambda source: {**stream, "from": source},
        FILTERS | st.dictionaries(st.sampled_from(["i", "j", "k"]), FILTERS, min_size=1, max_size=3),
    )
)
FUNCTIONS = st.fixed_dictionaries(
    {
        "blueprint": st.just("function-http@1"),
        "on": st.lists(FILTERS, min_size=1, max_size=2, unique=True),
        "params": st.just({"image": "ghcr.io/a/b:1"}),
    },
    optional={"emits": st.lists(OUTPUTS, min_size=1, max_size=2), "accepts": SCHEMA, "qos": QOS},
)
TENANTS = st.fixed_dictionaries(
    {
        "devices": st.dictionaries(st.sampled_from(["c1", "c2"]), CLASSES, max_size=2),
        "streams": st.dictionaries(st.sampled_from(["s1", "s2", "s3"]), STREAMS, max_size=3),
        "functions": st.dictionaries(st.sampled_from(["f1", "f2"]), FUNCTIONS, max_size=2),
    },
    optional={
        "uplink": st.fixed_dictionaries(
            {}, optional={k: st.lists(FILTERS, max_size=2, unique_by=over_the_link) for k in ("up", "down")}
        )
    },
)
SITES = st.dictionaries(st.sampled_from(["acme", "acme-eu", "globex"]), TENANTS, min_size=1, max_size=2)

PAYLOADS = {
    "files/one.json": '{"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}}}',
    "files/two.json": '{"type": "object", "required": ["y"], "properties": {"y": {"$ref": "#/properties/y"}}}',
    "files/broken.json": "{",
}


def taken(tenants: dict[str, Any]) -> tuple[Wiring, list[Diagnostic]]:
    """A site of these tenants with an uplink, taken as far as the findings on its topics."""
    here = f"  tenants: {json.dumps({name: {} for name in tenants})}\n"
    api = {"apiVersion": "edge-composer.io/v1alpha1", "kind": "Tenant"}
    documents = {
        f"tenants/{name}.yaml": json.dumps({**api, "metadata": {"name": name}, "spec": spec})
        for name, spec in tenants.items()
    }
    with TemporaryDirectory() as folder:
        stack = resolved(Path(folder), {**files(here), **documents, **PAYLOADS}, LINK)
        try:
            wiring, _ = wire(stack, LINK)
        except Rejected as rejected:
            # Too much for any broker: what sizing says of the site, and no question of this page.
            assume(not all("W060" <= d.code <= "W079" for d in rejected.diagnostics if d.is_error))
            raise
        paths = schema_paths(wiring.traffic)
        return wiring, in_order(check_topics(wiring, {path: read_payload(stack.fleet, path) for path in paths}))


def turned(value: Any) -> Any:
    """The same with the keys of all mappings the other way round."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(each) for each in value] if isinstance(value, list) else value


def rows(wiring: Wiring) -> list[tuple[Any, ...]]:
    """What is published, in an order that does not depend on documents."""
    return sorted(
        (p.principal.tenant, p.principal.kind, p.principal.name, p.topic, p.rate, p.bytes, p.schema)
        for p in wiring.traffic.publications
    )


@given(SITES)
@settings(max_examples=15)
def test_traffic_does_not_depend_on_the_order_of_keys_and_findings_are_findings(tenants: dict[str, Any]) -> None:
    wiring, found = taken(tenants)
    other, again = taken(turned(tenants))
    assert rows(wiring) == rows(other)
    assert any(d.code == "W022" for d in found) == any(d.code == "W022" for d in again)
    if not any(d.code == "W022" for d in found):  # what goes in circles has no beginning to say it of
        assert Counter(d.code for d in found) == Counter(d.code for d in again)
    assert all(d.place.line and d.message for d in found)


@given(SITES)
@settings(max_examples=15)
def test_what_comes_out_of_a_stream_without_steps_is_what_goes_in(tenants: dict[str, Any]) -> None:
    for spec in tenants.values():
        for stream in spec["streams"].values():
            stream |= {"to": {"topic": stream["to"]["topic"], "keep": "100%"}, "do": []}
    wiring, found = taken(tenants)
    if any(d.code == "W022" for d in found):
        return
    for graph in graphs(wiring.stack, wiring.traffic):
        for stream in (p for p in graph.publications if p.principal.kind == "stream"):
            inputs = [i for i, s in enumerate(graph.subscriptions) if s.principal == stream.principal]
            arriving = [graph.publications[each] for i in inputs for each in graph.reached[i]]
            assert isclose(stream.rate, sum(p.rate for p in arriving), rel_tol=1e-9)
            volume = sum(p.rate * p.bytes for p in arriving)
            assert volume <= stream.rate * stream.bytes * (1 + 1e-9)
            assert stream.rate * (stream.bytes - 1) <= volume * (1 + 1e-9)


def many(classes: int) -> dict[str, Any]:
    """A tenant with so many device classes below one level, and a stream and a function for each."""
    numbers = range(classes)
    record = {"rate": "1/s", "bytes": 10}
    return {
        "devices": {f"c{n}": {"count": 5, "publish": [{"topic": f"hall/m{n}/{{device}}", **record}]} for n in numbers},
        "streams": {
            f"s{n}": {"blueprint": "stream-bento@1", "from": f"hall/m{n}/+", "to": {"topic": f"out/m{n}"}}
            for n in numbers
        },
        "functions": {
            f"f{n}": {"blueprint": "function-http@1", "on": f"out/m{n}", "params": {"image": "ghcr.io/a/b:1"}}
            for n in numbers
        },
    }


def calls(classes: int) -> int:
    """Calls of the composer's own functions from the traffic of a site to the findings on its topics."""
    wiring, found = taken({"acme": many(classes)})
    assert found == []
    specs = {w.component: w.context["spec"] for w in wiring.wired if w.context["spec"]}
    for cached in (matching.reach, overlaps, covers, rates._order, _circles):
        cached.cache_clear()
    counted = 0

    def count(frame: Any, event: str, _argument: Any) -> None:
        nonlocal counted
        counted += event == "call" and "composer" in frame.f_code.co_filename

    sys.setprofile(count)
    try:
        check_topics(replace(wiring, traffic=traffic(wiring.stack, specs)), {})
    finally:
        sys.setprofile(None)
    return counted


def test_twice_the_device_classes_are_about_twice_the_work() -> None:
    assert calls(80) < 2.2 * calls(40)
