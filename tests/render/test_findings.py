"""What is wrong with a template is said at its place, all at once, and before rendering if possible."""

from __future__ import annotations

import pytest

from composer.diagnostic import Rejected
from composer.stages.render import compile_blueprint
from tests.render.kit import blueprint, findings, places

COMPILE_TIME = {
    'a: "{{ x"': "1:4 T001",
    'a: "{{ 1 + }}"': "1:4 T001",
    'a: "{{ }}"': "1:4 T001",
    'a: "{{ 1e999 }}"': "1:4 T001",
    "a: \"{{ '\\\\ud83d\\\\ude00' }}\"": "1:4 T001",
    "a: {$if: \"site.x == '\\\\udfff'\", b: 1}": "1:10 T001",
    "a: {$if: 'x ==', b: 1}": "1:10 T001",
    "a: {$if: '{{ x }}', b: 1}": "1:10 T001",
    "a: {$if: site.x site.y, b: 1}": "1:10 T001",
    'a: "{% if x %}{% endif %}"': "1:4 T002",
    'a: "{% raw %}{{ x }}{% endraw %}"': "1:4 T002",
    'a: "{{ parms.x }}"': "1:4 T003",
    'a: "{{ params.y }}"': "1:4 T003",
    "a: \"{{ params['y'] }}\"": "1:4 T003",
    'a: "{{ params.y|default(1) }}"': "1:4 T003",
    "a: \"{{ images['other'] }}\"": "1:4 T003",
    '"{{ nope }}": 1': "1:1 T003",
    "a: {$if: nope, b: 1}": "1:10 T003",
    "a: [{$for: {each: nope, as: x}, $do: 1}]": "1:19 T003",
    'a: "{{ site.x|tojson }}"': "1:4 T004",
    'a: "{{ site.x is callable }}"': "1:4 T004",
    "a: \"{{ site.x|map('uper')|list }}\"": "1:4 T004",
    "a: \"{{ site.x|selectattr('a', 'equals', 1)|list }}\"": "1:4 T004",
    'a: "{{ site.x.items() }}"': "1:4 T004",
    "a: {$fi: x, b: 1}": "1:5 T005",
    "a: {$do: 1}": "1:5 T005",
    "a: {$if: true, b: 1}": "1:10 T005",
    "a: {$if: '', b: 1}": "1:10 T005",
    "a: [{$for: {each: tenants}, $do: 1}]": "1:12 T005",
    "a: [{$for: {each: tenants, as: t}}]": "1:12 T005",
    "a: [{$for: {each: tenants, as: 1x}, $do: 1}]": "1:32 T005",
    "a: [{$for: {each: tenants, as: params}, $do: 1}]": "1:32 T005",
    "a: [{$for: {each: tenants, as: [k, k]}, $do: 1}]": "1:32 T005",
    "a: {$for: {each: tenants, as: t}, $do: [1]}": "1:40 T005",
    "a: {$for: {each: tenants, as: t}, $do: text}": "1:40 T005",
    "a: {$merge: {b: 1}}": "1:13 T005",
    "a: {$merge: [{b: 1}], c: 1}": "1:23 T005",
    "a: {$use: {nam: f}}": "1:11 T005",
    "a: {$use: f, b: 1}": "1:14 T005",
    "a: {$use: {name: f, with: {p: {$if: site.x, q: 1}}}}": "1:31 T005",
    "a: {$use: g}": "1:11 T006",
    "a: \"{{ text('x.j2') }}\"": "1:4 T007",
    'a: "{{ text(site.x) }}"': "1:4 T007",
    "a: null": "1:4 T008",
    "[1]": "1:2 T015",
    '"{{ site.x }}"': "1:1 T015",
}


@pytest.mark.parametrize("manifest", COMPILE_TIME)
def test_a_mistake_is_found_when_the_blueprint_is_compiled(manifest: str) -> None:
    found = findings(manifest, params="x", fragments={"f": "{z: 1}"})
    assert places(found) == [f"m.yaml:{COMPILE_TIME[manifest]}"]


def test_all_mistakes_are_found_at_once_and_in_order() -> None:
    manifests = {
        "a.yaml": 'a: "{{ nope }}"\nb: {$use: f}\nc: "{{ site.x|uper }}"\nd: "{{ params.s1ze }}"',
        "b.yaml": 'l:\n  - {$merge: 1}\n  - "{% x %}"',
    }
    found = findings(
        manifests,
        params="size",
        fragments={"f": '{k: "{{ x|nope }}"}'},
        files={"t.j2": "{{ y|json }}\n{% if %}"},
    )
    assert places(found) == [
        "f.yaml:1:5 T003",
        "f.yaml:1:5 T004",
        "t.j2:2:1 T001",
        "a.yaml:1:4 T003",
        "a.yaml:3:4 T004",
        "a.yaml:4:4 T003",
        "b.yaml:2:14 T005",
        "b.yaml:3:5 T002",
    ]
    assert found[3].hint
    assert found[4].hint == "did you mean 'upper'?"
    assert found[5].hint == "did you mean 'size'?"


def test_a_fragment_that_uses_itself_is_an_error() -> None:
    found = findings("a: {$use: f}", fragments={"f": "{b: {$use: g}}", "g": "[{$use: f}]"})
    assert places(found) == ["g.yaml:1:9 T006"]
    assert "f > g > f" in found[0].message


def test_everything_that_fails_while_rendering_is_found_at_once() -> None:
    manifest = """
a: "{{ site.nope }}"
l:
  - $for: {each: tenants, as: t}
    $do: {ok: "{{ t.name }}", bad: "{{ t.name|int }}"}
m: {$merge: ["{{ site.list }}"]}
c: {$if: site.missing, x: 1}
t: "{{ text('t.j2') }}"
"""
    context = {"site": {"list": [1]}, "tenants": [{"name": "acme"}]}
    found = findings(manifest, context, files={"t.j2": "one\n{{ site.list|json }}\n{{ tenants[0].name }}\n"})
    assert places(found) == [
        "t.j2:3:1 T012",
        "m.yaml:2:4 T008",
        "m.yaml:5:36 T011",
        "m.yaml:6:4 T011",
        "m.yaml:7:10 T008",
    ]
    assert all("broker of tenant acme" in finding.message for finding in found)
    assert [str(related.place) for related in found[0].related] == ["blueprints/demo/v1/manifests/m.yaml:8:4"]


def test_a_missing_key_names_what_is_there() -> None:
    [found] = findings('a: "{{ site.domian }}"', {"site": {"domain": "x", "name": "y"}})
    assert "'domian'" in found.message
    assert "did you mean 'domain'?" in found.message


def test_a_manifest_that_yields_no_object_is_an_error() -> None:
    found = findings("$for: {each: site.list, as: x}\n$do: '{{ x }}'", {"site": {"list": [{"kind": "A"}, "text"]}})
    assert places(found) == ["m.yaml:1:1 T015"]


def test_a_finding_shows_the_line_as_written() -> None:
    [found] = findings("kind: A\nname:   '{{ site.nope }}'  # why", {"site": {}})
    assert (found.place.line, found.place.source) == (2, "name:   '{{ site.nope }}'  # why")


def test_names_bound_outside_a_fragment_are_known_only_there() -> None:
    manifest = "a: [{$for: {each: tenants, as: t}, $do: {$use: f}}]\nb: {$use: f}"
    assert places(findings(manifest, fragments={"f": '{n: "{{ t.name }}"}'})) == ["f.yaml:1:5 T003"]


def test_a_blueprint_is_compiled_once_whether_it_is_right_or_wrong() -> None:
    right, wrong = blueprint("a: 1"), blueprint('a: "{{ nope }}"')
    assert compile_blueprint(right) is compile_blueprint(right)
    outcomes = []
    for _ in range(2):
        with pytest.raises(Rejected) as caught:
            compile_blueprint(wrong)
        outcomes.append(caught.value.diagnostics)
    assert outcomes[0][0] is outcomes[1][0]
