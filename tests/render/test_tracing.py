"""Of every field one can ask which leaf of which template made it, and what that leaf read."""

from __future__ import annotations

from typing import Any

import pytest

from composer.source.document import Route
from composer.stages.render import Origin, Traced
from tests.render.kit import traced

CONTEXT: dict[str, Any] = {
    "site": {"name": "b", "domain": "b.example.com", "labels": {"ring": "canary"}, "hosts": ["h0", "h1"]},
    "params": {"size": 5, "deep": {"a": {"b": 1}}, "list": [{"k": 1}, {"k": 2}], "on": True},
    "component": {"fullname": "broker", "labels": {"app": "x", "part": "y"}},
    "tenants": [{"name": "acme", "quota": {"cpu": "1"}}, {"name": "globex", "quota": {}}],
}
CONTEXT["tenant"] = CONTEXT["tenants"][1]

MANIFEST = """\
kind: Thing
name: "{{ component.fullname }}"
url: "mqtts://{{ component.fullname }}.{{ site.domain }}:8883"
labels: {$merge: ["{{ component.labels }}", {part: "{{ site.name }}", own: z}]}
size: "{{ params.size + 1 }}"
whole: "{{ params.deep }}"
list:
  - first
  - $for: {each: tenants, as: t}
    $do: {n: "{{ t.name }}", cpu: "{{ t.quota.cpu|default('none') }}"}
  - $for: {each: site.hosts, as: h}
    $do: "{{ h }}"
map:
  $for: {each: site.labels|items, as: [k, v]}
  $do: {"{{ k }}": "{{ v }}"}
used: {$use: {name: probe, with: {port: "{{ params.size }}"}}}
picked: "{{ params.list|selectattr('k', 'gt', 1)|map(attribute='k')|first }}"
mine: "{{ tenant.name }}"
text: "{{ text('t.j2') }}"
digest: "{{ text('t.j2')|sha256 }}"
maybe: {$if: params.on, $do: "{{ site.name }}"}
nothing: {}
none: {items: [], merged: {$merge: [{}]}}
default: "{{ params.on.off|default(1) }}"
stated: {$use: {name: probe, with: {port: 7}}}
passed: {$use: {name: outer, with: {inner: {deep: [8]}}}}
"""


@pytest.fixture(scope="module")
def thing() -> Traced:
    outer = "$use: {name: probe, with: {port: '{{ inner.deep[0] }}'}}"
    fragments = {"probe": "# a probe\nport: '{{ port }}'\nat: '{{ site.domain }}'", "outer": outer}
    files = {"t.j2": "{% for t in tenants %}{{ t.name|json }}{% endfor %}{{ site.name|json }}"}
    [found] = traced(MANIFEST, CONTEXT, params="size deep list on", files=files, fragments=fragments)
    return found


def of(thing: Traced, *route: str | int) -> Origin:
    [(at, origin)] = thing.at(route)
    assert at == route
    return origin


@pytest.mark.parametrize(
    ("route", "line", "source", "reads"),
    [
        (("kind",), 1, "", []),
        (("name",), 2, "{{ component.fullname }}", [("component", "fullname")]),
        (
            ("url",),
            3,
            "mqtts://{{ component.fullname }}.{{ site.domain }}:8883",
            [("component", "fullname"), ("site", "domain")],
        ),
        (("labels", "app"), 4, "{{ component.labels }}", [("component", "labels", "app")]),
        (("labels", "part"), 4, "{{ site.name }}", [("site", "name")]),
        (("labels", "own"), 4, "", []),
        (("size",), 5, "{{ params.size + 1 }}", [("params", "size")]),
        (("whole", "a", "b"), 6, "{{ params.deep }}", [("params", "deep", "a", "b")]),
        (("list", 0), 8, "", []),
        (("list", 1, "n"), 10, "{{ t.name }}", [("tenants", 0, "name")]),
        (("list", 2, "n"), 10, "{{ t.name }}", [("tenants", 1, "name")]),
        (("list", 1, "cpu"), 10, "{{ t.quota.cpu|default('none') }}", [("tenants", 0, "quota", "cpu")]),
        (("list", 4), 12, "{{ h }}", [("site", "hosts", 1)]),
        (("map", "ring"), 15, "{{ v }}", [("site", "labels")]),
        (("used", "port"), 2, "{{ port }}", [("params", "size")]),
        (("used", "at"), 3, "{{ site.domain }}", [("site", "domain")]),
        (("mine",), 18, "{{ tenant.name }}", [("tenant", "name")]),
        (("maybe",), 21, "{{ site.name }}", [("site", "name")]),
        (("nothing",), 22, "", []),
        (("none", "items"), 23, "", []),
        (("none", "merged"), 23, "", []),
        (("default",), 24, "{{ params.on.off|default(1) }}", [("params", "on")]),
    ],
)
def test_a_field_knows_its_leaf_and_its_inputs(
    thing: Traced, route: Route, line: int, source: str, reads: list[Route]
) -> None:
    origin = of(thing, *route)
    assert (origin.place.line, origin.source, list(origin.reads)) == (line, source, reads)
    assert origin.place.file.endswith("_lib/probe.yaml" if route[0] == "used" else "manifests/m.yaml")


@pytest.mark.parametrize(
    ("route", "name", "value", "line"), [("stated", "port", 7, 25), ("passed", "inner.deep.0", 8, 26)]
)
def test_what_a_template_gives_a_fragment_is_told_with_its_line(
    thing: Traced, route: str, name: str, value: int, line: int
) -> None:
    origin = of(thing, route, "port")
    assert (origin.source, origin.reads) == ("{{ port }}", ())
    assert [(given.name, given.value, given.place.line) for given in origin.stated] == [(name, value, line)]


def test_reads_pass_through_filters_and_text_templates(thing: Traced) -> None:
    assert {("params", "list", 0, "k"), ("params", "list", 1, "k")} <= set(of(thing, "picked").reads)
    for field in ("text", "digest"):
        assert set(of(thing, field).reads) == {("tenants", 0, "name"), ("tenants", 1, "name"), ("site", "name")}


def test_a_mapping_answers_with_all_its_leaves(thing: Traced) -> None:
    found = [(route, origin.source) for route, origin in thing.at(("labels",))]
    assert found == [
        (("labels", "app"), "{{ component.labels }}"),
        (("labels", "part"), "{{ site.name }}"),
        (("labels", "own"), ""),
    ]


@pytest.mark.parametrize("route", [("nope",), ("list", 9), ("name", "x"), ("labels", "app", "x")])
def test_a_field_that_is_not_there_is_a_lookup_error(thing: Traced, route: Route) -> None:
    with pytest.raises((LookupError, TypeError)):
        thing.at(route)
