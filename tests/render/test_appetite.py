"""A template that wants too much memory or time fails its component, and does so before it has got it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from composer.diagnostic import Place, Rejected
from composer.stages.render import Renderer, compile_blueprint, deadline, render
from composer.stages.render.limits import MAX_STRING
from tests.render.kit import blueprint, component, findings, objects, places

HUNGRY = [
    "'a' * 1000000000",
    "[1] * 1000000000",
    "1000000000 * 'a'",
    "'a'|indent(1000000000)",
    "range(1000000000)",
    "range(1000000000)|list",
    "10 ** 10 ** 10",
    "2 ** 4096",
    "(2 ** 100) * (2 ** 100)",
    "[site.big] * 90000",
    "([site.big] * 90000)|join",
    "([site.big] * 90000)|json",
    "([range(90000)|list] * 9000)|flatten",
    "site.big ~ site.big ~ site.big",
    "site.big + site.big + site.big",
    "site.big|replace('a', 'bbbb')",
    "site.list + site.list",
    "[site.big, site.big, site.big]|join(',')",
]

CONTEXT = {"site": {"big": "a" * 400_000, "list": list(range(60_000))}}


@pytest.mark.parametrize("expression", HUNGRY)
def test_an_expression_that_wants_too_much_is_refused(expression: str) -> None:
    [found] = findings(f'a: "{{{{ {expression} }}}}"', CONTEXT)
    assert found.code == "T013"


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(90000) %}{% for b in range(90000) %}x{% endfor %}{% endfor %}",
        "{% for a in range(9) %}{{ site.big|json }}{% endfor %}",
        "{% macro m() %}{{ site.big|json }}{{ site.big|json }}{% endmacro %}"
        "{% for a in range(90) %}{{ m()|length }}{% endfor %}",
        "{% macro m() %}{{ site.big|json }}{{ site.big|json }}{{ site.big|json }}{% endmacro %}{{ m()|length }}",
        "{% macro m() %}{% for a in range(2000) %}" + "x" * 1000 + "{% endfor %}{% endmacro %}{{ m()|length }}",
        "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(1) }}",
        "{% macro m(x, n) %}{{ m(x ~ x, n - 1) if n else x }}{% endmacro %}{{ m('abc', 60) }}",
        "{% macro m(x, n) %}{{ m([x, x], n - 1) if n else x|json }}{% endmacro %}{{ m(1, 50) }}",
        "{{ text('t.j2') }}",
        "{% include 't.j2' %}",
        "{% for a in range(2000) %}" + "x" * 1000 + "{% endfor %}",
    ],
)
def test_a_text_template_that_wants_too_much_is_refused(template: str) -> None:
    found = findings("a: \"{{ text('t.j2') }}\"", CONTEXT, files={"t.j2": template})
    assert [finding.code for finding in found] == ["T013"]


@pytest.mark.parametrize("template", ["{{ n }}{{ site.big|json }}", "{{ n }}" + "x" * 400_000])
def test_many_texts_that_each_fit_are_made_but_not_without_end(template: str) -> None:
    manifest = "l: [{$for: {each: range(%d), as: n}, $do: \"{{ text('t.j2', n=n)|length }}\"}]"
    [made] = objects(manifest % 60, CONTEXT, files={"t.j2": template})
    assert sum(made["l"]) > 20 * MAX_STRING
    assert [d.code for d in findings(manifest % 180, CONTEXT, files={"t.j2": template})] == ["T013"]


def test_loops_of_a_manifest_are_counted_together() -> None:
    inner = "[{$for: {each: range(90000), as: c}, $do: 1}]"
    for name in ("b", "a"):
        inner = f"[{{$for: {{each: range(90000), as: {name}}}, $do: {inner}}}]"
    assert [finding.code for finding in findings(f"l: {inner}")] == ["T013"]


def test_the_limits_count_for_each_component_anew() -> None:
    text = "{{ ('a' * 900000)|json }}{% for a in range(90000) %}{% for b in range(9) %}{% endfor %}{% endfor %}"
    made = blueprint(
        "l: [{$for: {each: range(60000), as: a}, $do: 1}]\nt: \"{{ text('t.j2')|length }}\"", files={"t.j2": text}
    )
    program = compile_blueprint(made)
    for _ in range(5):
        assert render(program, component(made), {})[0].object["t"] == 900_002


def test_objects_are_counted() -> None:
    manifest = "$for: {each: range(6000), as: n}\n$do: {kind: A}"
    assert "T013" in {finding.code for finding in findings(manifest)}


def test_fragments_that_multiply_are_refused() -> None:
    fragments = {f"f{n}": f"[{{$use: f{n + 1}}}, {{$use: f{n + 1}}}]" for n in range(40)} | {"f40": "[1]"}
    assert {finding.code for finding in findings("a: {$use: f0}", fragments=fragments)} == {"T013"}


def test_a_manifest_that_is_too_deep_is_refused() -> None:
    assert places(findings("a: " + "[" * 58 + "]" * 58 + "\nb: " + "[" * 63 + "]" * 63)) == ["m.yaml:2:64 T013"]
    deep = {f"f{n}": "[" * 30 + f"{{$use: f{n + 1}}}" + "]" * 30 for n in range(20)} | {"f20": "[1]"}
    assert {finding.code for finding in findings("a: {$use: f0}", fragments=deep)} == {"T013"}


def test_too_many_loops_in_one_another_are_refused() -> None:
    loops, end = "", ""
    for level in range(12):
        loops += f"[{{$for: {{each: tenants, as: x{level}}}, $do: "
        end = "}]" + end
    assert {finding.code for finding in findings(f"a: {loops}1{end}")} == {"T013"}


def test_eight_loops_in_one_another_work_with_shared_expressions() -> None:
    loops, end = "", ""
    for level in range(8):
        leaf = f'"{{{{ x{level} }}}}"'
        loops += f"[{{$for: {{each: tenants, as: x{level}}}, $do: {{n: {leaf}, m: {leaf}, k: "
        end = "}}]" + end
    made = objects(f"a: {loops}1{end}", {"tenants": ["t"]})[0]["a"]
    for _ in range(7):
        assert (made[0]["n"], made[0]["m"]) == ("t", "t")
        made = made[0]["k"]


@pytest.mark.parametrize(
    "expression", ["(" * 500 + "1" + ")" * 500, "[" * 90 + "]" * 90, "1" + " + 1" * 500, "not " * 300 + "1"]
)
def test_an_expression_that_is_nested_too_deeply_is_refused(expression: str) -> None:
    found = findings(f'a: "{{{{ {expression} }}}}"')
    assert [finding.code for finding in found] == ["T001"]


def test_a_text_template_that_is_nested_too_deeply_is_refused() -> None:
    for template in (
        "{% if 1 %}" * 500 + "{% endif %}" * 500,
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{{ 1" + " + 1" * 3000 + " }}",
    ):
        found = findings("a: 1", files={"t.j2": template})
        assert [finding.code for finding in found] == ["T001"]


def test_a_template_that_takes_too_long_is_stopped_where_it_was() -> None:
    slow = "\n{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}\n{{ m(60) }}"
    made = blueprint("a: \"{{ text('t.j2') }}\"", files={"t.j2": slow})
    program = compile_blueprint(made)
    with pytest.raises(Rejected) as caught, deadline(0.2, Place("sites/a.yaml")):
        render(program, component(made), {})
    [found] = caught.value.diagnostics
    assert found.code == "T014"
    assert found.place.file.endswith("files/t.j2")


def test_a_deadline_also_stops_what_is_no_template() -> None:
    with pytest.raises(Rejected) as caught, deadline(0.05, Place("sites/a.yaml")):
        time.sleep(30)
    assert [str(finding.place) for finding in caught.value.diagnostics] == ["sites/a.yaml"]


def test_a_deadline_that_is_met_leaves_nothing_behind() -> None:
    with deadline(0.05, Place("sites/a.yaml")):
        pass
    time.sleep(0.1)


def test_what_a_site_may_want_does_not_depend_on_the_sites_before_it() -> None:
    """Each manifest alone stays within the limits, both together do not, also where one of them is not made again."""
    manifests = {
        f"{name}.yaml": f"""
apiVersion: v1
kind: {name}
data: [{{$for: {{each: range(30), as: n}}, $do: "{{{{ text('{name}.j2', n=n)|length }}}}"}}]
"""
        for name in "ab"
    }
    files = {f"{name}.j2": f"{{{{ n }}}}{{{{ site.{name}|json }}}}" for name in "ab"}
    shared = replace(component(blueprint(manifests, files=files)), shared=True)
    large, small = "x" * 700_000, "y"
    renderer = Renderer()
    for _ in range(2):
        assert len(renderer.render(shared, {"site": {"a": small, "b": large}})) == 2
        with pytest.raises(Rejected) as caught:
            renderer.render(shared, {"site": {"a": large, "b": large}})
        assert [finding.code for finding in caught.value.diagnostics] == ["T013"]
        assert len(renderer.render(shared, {"site": {"a": large, "b": small}})) == 2
