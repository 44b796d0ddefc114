"""The keys that steer a manifest: $if, $for, $do, $merge, $use and $$."""

from __future__ import annotations

from typing import Any

import pytest

from tests.render.kit import findings, objects, one, places

TENANTS = {"tenants": [{"name": "acme", "ports": [1, 2]}, {"name": "globex", "ports": []}]}


@pytest.mark.parametrize(
    ("condition", "expected"), [("true", {"a": {"x": 1}, "l": [1, {"x": 1}, 2, 3]}), ("false", {"l": [1]})]
)
def test_if_removes_its_node(condition: str, expected: Any) -> None:
    manifest = f"""
a: {{$if: "{condition}", x: 1}}
l:
  - 1
  - {{$if: "{condition}", x: 1}}
  - {{$if: "{condition}", $do: [2, 3]}}
"""
    assert one(manifest) == expected


def test_if_removes_a_field_that_is_no_mapping() -> None:
    manifest = 'a: {$if: site.x is defined, $do: "{{ site.x }}"}'
    assert objects(manifest, {"site": {}}) == [{}]
    assert objects(manifest, {"site": {"x": "v"}}) == [{"a": "v"}]


def test_if_removes_an_object() -> None:
    manifest = {"a.yaml": "$if: site.on\nkind: A", "b.yaml": "- {kind: B}\n- {$if: not site.on, kind: C}"}
    assert objects(manifest, {"site": {"on": True}}) == [{"kind": "A"}, {"kind": "B"}]
    assert objects(manifest, {"site": {"on": False}}) == [{"kind": "B"}, {"kind": "C"}]


def test_what_is_removed_is_not_evaluated() -> None:
    assert one("a: {$if: bridge is defined, x: '{{ bridge.name }}', y: '{{ bridge.name }}'}") == {}


def test_a_removed_key_is_not_evaluated() -> None:
    assert one('"{{ bridge.name }}": {$if: bridge is defined, x: 1}') == {}


def test_for_makes_items() -> None:
    manifest = """
l:
  - first
  - $for: {each: tenants, as: tenant}
    $do:
      name: "{{ tenant.name }}"
      ports:
        - $for: {each: tenant.ports, as: port}
          $do: "{{ tenant.name }}-{{ port }}"
"""
    expected = ["first", {"name": "acme", "ports": ["acme-1", "acme-2"]}, {"name": "globex", "ports": []}]
    assert one(manifest, TENANTS) == {"l": expected}


def test_for_makes_entries_beside_others() -> None:
    manifest = """
m:
  first: 1
  $for: {each: tenants, as: tenant}
  $do:
    "{{ tenant.name }}": {ports: "{{ tenant.ports }}"}
    "{{ tenant.name }}-2": "{{ tenant.name }}"
"""
    assert one(manifest, TENANTS) == {
        "m": {
            "first": 1,
            "acme": {"ports": [1, 2]},
            "acme-2": "acme",
            "globex": {"ports": []},
            "globex-2": "globex",
        }
    }


def test_for_skips_items_by_an_if_inside_it() -> None:
    manifest = """
l: [{$for: {each: tenants, as: t}, $do: {$if: t.ports, n: "{{ t.name }}"}}]
m: {$for: {each: tenants, as: t}, $do: {$if: not t.ports, "{{ t.name }}": 1}}
"""
    assert one(manifest, TENANTS) == {"l": [{"n": "acme"}], "m": {"globex": 1}}


def test_an_if_beside_a_for_decides_about_the_whole() -> None:
    manifest = """
l: [{$if: site.on, $for: {each: site.list, as: x}, $do: "{{ x }}"}]
m: {$if: site.on, $for: {each: site.list, as: x}, $do: {"{{ x }}": 1}}
"""
    assert one(manifest, {"site": {"on": False}}) == {"l": []}
    assert one(manifest, {"site": {"on": True, "list": ["a"]}}) == {"l": ["a"], "m": {"a": 1}}


def test_a_list_under_do_gives_all_its_items_for_each_turn() -> None:
    assert one("l: [{$for: {each: '[1, 2]', as: x}, $do: ['{{ x }}', [x]]}]") == {"l": [1, ["x"], 2, ["x"]]}


def test_for_takes_pairs_apart() -> None:
    manifest = 'm: {$for: {each: site.labels|items, as: [k, v]}, $do: {"{{ k }}": "{{ v }}"}}'
    assert one(manifest, {"site": {"labels": {"b": "1", "a": "2"}}}) == {"m": {"b": "1", "a": "2"}}


def test_entries_of_a_loop_may_come_from_an_expression() -> None:
    manifest = 'm: {x: 1, $for: {each: tenants, as: t}, $do: "{{ {t.name: t.ports} }}"}'
    assert one(manifest, TENANTS) == {"m": {"x": 1, "acme": [1, 2], "globex": []}}


def test_for_makes_objects() -> None:
    assert objects('$for: {each: tenants, as: t}\n$do: {kind: "{{ t.name }}"}', TENANTS) == [
        {"kind": "acme"},
        {"kind": "globex"},
    ]


def test_loops_of_one_name_in_one_another_see_the_inner_one() -> None:
    manifest = """
l:
  - $for: {each: tenants, as: x}
    $do: [{$for: {each: x.ports, as: x}, $do: "{{ x }}"}, "{{ x.name }}"]
"""
    assert one(manifest, TENANTS) == {"l": [1, 2, "acme", "globex"]}


@pytest.mark.parametrize("value", ["text", 5, {"a": 1}, None, True])
def test_for_runs_over_lists_only(value: Any) -> None:
    [found] = findings("l: [{$for: {each: site.x, as: i}, $do: 1}]", {"site": {"x": value}})
    assert found.code == ("T008" if value is None else "T011")
    assert (found.place.line, found.place.column) == (1, 19)


def test_merge_lets_later_mappings_win_and_lists_replace() -> None:
    manifest = """
m:
  $merge:
    - "{{ site.base }}"
    - {b: {y: 2}, l: [3], $for: {each: site.more, as: k}, $do: {"{{ k }}": 1}}
    - {$if: "false", b: gone}
    - $for: {each: tenants, as: t}
      $do: {"{{ t.name }}": here, last: "{{ t.name }}"}
"""
    context = {"site": {"base": {"a": 1, "b": {"x": 1, "y": 1}, "l": [1, 2]}, "more": ["k"]}, **TENANTS}
    expected = {
        "a": 1,
        "b": {"x": 1, "y": 2},
        "l": [3],
        "k": 1,
        "acme": "here",
        "globex": "here",
        "last": "globex",
    }
    assert one(manifest, context) == {"m": expected}


def test_merge_wants_mappings() -> None:
    assert places(findings('m: {$merge: [{a: 1}, "{{ site.x }}"]}', {"site": {"x": [1]}})) == ["m.yaml:1:4 T011"]


def test_a_fragment_sees_the_context_loops_and_given_names() -> None:
    manifest = """
a: {$use: probe}
b: {$use: {name: probe, with: {port: "{{ site.port }}", path: /live}}}
l: [{$for: {each: tenants, as: t}, $do: {$use: of}}]
"""
    fragments = {
        "probe": """{port: "{{ port|default(80) }}", path: "{{ path|default('/') }}", deep: {$use: inner}}""",
        "inner": "{port: \"{{ port|default('none') }}\"}",
        "of": '{tenant: "{{ t.name }}", at: "{{ site.port }}"}',
    }
    assert one(manifest, {"site": {"port": 8080}, **TENANTS}, fragments=fragments) == {
        "a": {"port": 80, "path": "/", "deep": {"port": "none"}},
        "b": {"port": 8080, "path": "/live", "deep": {"port": 8080}},
        "l": [{"tenant": "acme", "at": 8080}, {"tenant": "globex", "at": 8080}],
    }


def test_a_fragment_may_be_a_list_a_condition_or_a_whole_manifest() -> None:
    fragments = {
        "list": "[1, {$if: 'false', x: 1}, 2]",
        "maybe": "{$if: on, x: 1}",
        "loop": '$for: {each: tenants, as: t}\n$do: {kind: "{{ t.name }}"}',
    }
    manifest = """
l: {$use: list}
spliced: [0, {$use: list}, 3]
yes: {$use: {name: maybe, with: {on: true}}}
no: {$use: {name: maybe, with: {on: false}}}
items: [{$use: {name: maybe, with: {on: false}}}, {$use: {name: maybe, with: {on: true}}}]
"""
    assert objects({"a.yaml": manifest, "b.yaml": "$use: loop"}, TENANTS, fragments=fragments) == [
        {"l": [1, 2], "spliced": [0, 1, 2, 3], "yes": {"x": 1}, "items": [{"x": 1}]},
        {"kind": "acme"},
        {"kind": "globex"},
    ]


def test_a_name_given_to_a_fragment_may_shadow_the_name_of_a_loop() -> None:
    manifest = """
l:
  - $for: {each: tenants, as: t}
    $do: {"{{ t.name }}": {$use: {name: f, with: {t: "{{ t.ports }}"}}}}
"""
    assert one(manifest, TENANTS, fragments={"f": '{p: "{{ t }}"}'}) == {
        "l": [{"acme": {"p": [1, 2]}}, {"globex": {"p": []}}]
    }


def test_a_conditional_fragment_takes_the_key_with_it() -> None:
    manifest = '{"{{ site.k }}": {$use: {name: f, with: {site2: "{{ site.k }}"}}}, z: 1}'
    fragments = {"f": '{$if: site2 == "x", v: "{{ site2 }}"}'}
    assert one(manifest, {"site": {"k": "x"}}, fragments=fragments) == {"x": {"v": "x"}, "z": 1}
    assert one(manifest, {"site": {"k": "y"}}, fragments=fragments) == {"z": 1}


def test_two_dollars_are_a_literal_one() -> None:
    assert one('{$$if: 1, $$$x: 2, "{{ \'$do\' }}": 3, "$(X)": "$(Y)"}'.replace('"$(X)"', '"$$(X)"')) == {
        "$if": 1,
        "$$x": 2,
        "$do": 3,
        "$(X)": "$(Y)",
    }


def test_manifests_come_in_the_order_of_their_names() -> None:
    assert objects({"b.yaml": "kind: B", "a.yaml": "- kind: A\n- kind: A2"}) == [
        {"kind": "A"},
        {"kind": "A2"},
        {"kind": "B"},
    ]
