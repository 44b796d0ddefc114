"""Text templates: ordinary Jinja2, in which values are quoted and never pasted."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.render.kit import findings, one, places, text

CONTEXT = {
    "params": {"s": "a b", "n": 7, "f": 0.5, "yes": True, "list": ["x", "y"], "nothing": None},
    "site": {"name": "b"},
}
PARAMS = "s n f yes list nothing"


def shown(template: str, **parts: Any) -> Any:
    return text(template, CONTEXT, params=PARAMS, **parts)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ params.s|json }}", '"a b"'),
        ("{{ params.n }} {{ params.f }} {{ params.yes }} {{ 1 == 2 }}", "7 0.5 true false"),
        ("{{ params.n + 1 }} {{ params.list|length }}", "8 2"),
        ("{{ 'on' if params.yes else 'off' }}", "on"),
        ("{{ ', ' if params.yes }}{{ ', ' if not params.yes }}.", ", ."),
        ("{{ params.list|map('json')|join(', ') }}", '"x", "y"'),
        ("{{ [1, 2]|join(',') }}", "1,2"),
        ("{{ 'k=' ~ params.s|json ~ ';' ~ params.n }}", 'k="a b";7'),
        ("{{ '{{' }} {% raw %}{{ x }}{% endraw %}", "{{ {{ x }}"),
        ("{% macro m(x) %}<{{ x|json }}>{% endmacro %}{{ m(params.s) }}{{ m(x=1) }}", '<"a b"><1>'),
        ("{% macro m() %}({{ caller() }}){% endmacro %}{% call m() %}{{ params.n }}{% endcall %}", "(7)"),
        ("{% set x %}{{ params.n }},{% endset %}{{ x }}{{ x }}", "7,7,"),
        ("{% filter indent(2) %}a\n{{ params.n }}{% endfilter %}", "a\n  7"),
        ("{{ params.list|json|indent(1) }}", '["x","y"]'),
        ("{% with x = params.n %}{{ x }}{% endwith %}", "7"),
        ("{# nothing #}x", "x"),
        ("{% for x in [{'n': 1, 'c': [{'n': 2}]}] recursive %}{{ x.n }}{{ loop(x.c|default([])) }}{% endfor %}", "12"),
        ("{% for x in [] %}{% else %}none{% endfor %}", "none"),
    ],
)
def test_what_is_quoted_or_written_by_the_author_is_printed(template: str, expected: str) -> None:
    assert shown(template) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "params.s",
        "params.s ~ ''",
        "'x' ~ params.s",
        "params.s|json|upper",
        "params.s|default('x')",
        "params.list|join(',')",
        "params.s if params.yes else 'x'",
        "params.list",
        "[params.s]|first",
        "params.s|json|replace('a', params.s)",
        "params.s|trim",
        "params.s|b64encode",
        "params",
        "{'a': params.s}.a",
    ],
)
def test_what_is_pasted_is_refused_at_its_line(expression: str) -> None:
    template = f"first\n{{{{ {expression} }}}}\n"
    found = findings("a: \"{{ text('t.j2') }}\"", CONTEXT, params=PARAMS, files={"t.j2": template})
    assert places(found) == ["t.j2:2:1 T012"]
    assert found[0].place.source == f"{{{{ {expression} }}}}"
    assert found[0].related[0].place.file.endswith("m.yaml")


@pytest.mark.parametrize(
    "template",
    [
        "{{ params.nothing }}",
        "{{ params.s.x|json }}",
        "{% if site.nope %}{% endif %}",
        "{% for x in site.nope %}{% endfor %}",
    ],
)
def test_nothing_is_an_error(template: str) -> None:
    found = findings("a: \"{{ text('t.j2') }}\"", CONTEXT, params=PARAMS, files={"t.j2": f"\n\n{template}"})
    assert places(found) == ["t.j2:3:1 T008"]


def test_statements_take_no_line_of_their_own() -> None:
    line = "  {{ loop.index }}={{ x|json }}{{ ',' if not loop.last }}\n"
    template = f"a\n  {{% for x in params.list %}}\n{line}  {{% endfor %}}\nend\n"
    assert shown(template) == 'a\n  1="x",\n  2="y"\nend\n'


def test_a_template_sees_the_names_handed_to_it() -> None:
    files = {
        "t.j2": "{{ what|json }} {{ params.n }} {{ text('u.j2', deep=what)}}",
        "u.j2": "<{{ deep|json }}>",
    }
    manifest = "a: \"{{ text('t.j2', what='x') }}\"\nb: \"{{ text('t.j2', what=site.name) }}\""
    assert one(manifest, CONTEXT, params=PARAMS, files=files) == {"a": '"x" 7 <"x">', "b": '"b" 7 <"b">'}


def test_templates_include_and_import_one_another() -> None:
    files = {
        "lib.j2": "{% macro m(x) %}[{{ x|json }}]{% endmacro %}{% set two = 2 %}",
        "part.j2": "part of {{ site.name|json }}",
        "t.j2": "{% import 'lib.j2' as lib %}{% from 'lib.j2' import m as again %}"
        "{{ lib.m(1) }}{{ again(2) }}{{ lib.two }} {% include 'part.j2' %}",
    }
    assert one("a: \"{{ text('t.j2') }}\"", CONTEXT, files=files) == {"a": '[1][2]2 part of "b"'}


def test_the_text_of_two_places_is_rendered_once_and_has_one_digest() -> None:
    manifest = """
a: "{{ text('t.j2') }}"
b: "{{ text('t.j2')|sha256 }}"
c: "{{ (text('t.j2') ~ text('t.j2'))|length }}"
"""
    made = one(manifest, CONTEXT, files={"t.j2": "{{ site.name|json }}\n"})
    assert made == {"a": '"b"\n', "b": hashlib.sha256(b'"b"\n').hexdigest(), "c": 8}


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ("a\n{{ parms.s|json }}", "2:1 T003"),
        ("a\n{{ params.nope|json }}", "2:1 T003"),
        ("a\n\n{{ params.s|jsn }}", "3:1 T004"),
        ("{% if params.s is strng %}{% endif %}", "1:1 T004"),
        ("\n{% include 'x.j2' %}", "2:1 T007"),
        ("\n{% include params.s %}", "2:1 T007"),
        ("{% import '/etc/passwd' as x %}", "1:1 T007"),
        ("\n{% extends 'u.j2' %}", "2:1 T004"),
        ("\n{% block x %}{% endblock %}", "2:1 T004"),
        ("{{ 1", "1:1 T001"),
        ("x\n{% for %}", "2:1 T001"),
        ("{% nope %}", "1:1 T001"),
        ("{% for a in [1] %}" * 25 + "{% endfor %}" * 25, "0:0 T001"),
    ],
)
def test_a_mistake_is_found_when_the_blueprint_is_compiled(template: str, place: str) -> None:
    found = findings("a: 1", CONTEXT, params=PARAMS, files={"t.j2": template, "u.j2": ""})
    assert places(found) == [f"t.j2:{place}"]


def test_a_mistake_in_an_included_template_is_found_at_its_line() -> None:
    files = {"t.j2": "x\n{% include 'u.j2' %}", "u.j2": "\n\n{{ site.name }}"}
    found = findings("a: \"{{ text('t.j2') }}\"", CONTEXT, files=files)
    assert places(found) == ["u.j2:3:1 T012"]


def test_lines_end_as_they_are_written() -> None:
    assert shown("a\n\nb") == "a\n\nb"
    assert shown("a\n") == "a\n"
