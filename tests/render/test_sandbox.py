"""A template reaches plain data and nothing else: no Python attribute, no file, no network, no clock."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import pytest
from jinja2.runtime import LoopContext, Undefined

from composer.stages.render.limits import Meter, capped_range
from composer.stages.render.sandbox import Sandbox
from tests.render.kit import findings, one, text

CONTEXT = {"site": {"name": "b", "list": [{"a": 1}], "f": "{0.__class__}"}, "params": {}}

ESCAPES = [
    "''.__class__.__mro__[1].__subclasses__()",
    "''['__class__']",
    "()|attr('__class__')",
    "site|attr('keys')",
    "site.keys()",
    "site.update({'x': 1})",
    "site.list.append(1)",
    "site.__init__.__globals__",
    "site.name.format(1)",
    "'{:1000000000}'.format(1)",
    "site.f.format(site)",
    "site.f.format_map(site)",
    "(site.f|attr('format'))(site)",
    "'%s' % site",
    "'%1000000000d' % 1",
    "'%s'|format(site)",
    "[site]|map(attribute='__class__')|list",
    "[site]|map(attribute='__class__.__mro__')|list",
    "['']|map('attr', '__class__')|list",
    "['a']|map(site.name)|list",
    "[site]|selectattr('__class__')|list|length ~ [][1]",
    "[site]|groupby('__class__')|first|first",
    "[site]|join(',', attribute='__class__')",
    "[site, site]|sum('__class__')",
    "range.__self__",
    "range.__globals__",
    "text.__call__",
    "text._texts",
    "text.__globals__",
    "range(3).__class__",
    "cycler.__init__.__globals__.os.popen('id').read()",
    "lipsum.__globals__['os'].popen('id').read()",
    "joiner()",
    "namespace(x=1)",
    "dict(x=1)",
    "self._TemplateReference__context",
    "self",
    "context",
    "environment",
    "request",
    "config",
    "get_flashed_messages.__globals__",
    "[1, 2, 3]|random",
    "range(10)|shuffle",
    "now()",
    "site|pprint",
    "site|xmlattr",
    "site.name|urlize",
    "site.name()",
    "site.list[0]()",
    "(1).__class__",
    "true.__class__",
    "none.__class__",
    "range(2)()",
    "text()",
    "text('/etc/passwd')",
    "text('../../../etc/passwd')",
    "range(1, 2).__reduce__()",
    "site.list.__class__.__base__.__subclasses__()",
]

STATEMENTS = [
    "{% include '/etc/passwd' %}",
    "{% include 'files/t.j2' %}",
    "{% include ['x.j2', '/etc/passwd'] %}",
    "{% import 'os' as os %}{{ os.environ|json }}",
    "{% from 'os' import environ %}{{ environ|json }}",
    "{% extends '/etc/passwd' %}",
    "{% block x %}{{ self.x.__globals__ }}{% endblock %}",
    "{% macro m() %}{% endmacro %}{{ m.__init__.__globals__|json }}",
    "{% macro m() %}{% endmacro %}{{ m._func|json }}",
    "{% macro m() %}{% endmacro %}{{ m.name|json }}",
    "{% macro m() %}{{ caller.__globals__|json }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% for x in [1] %}{{ loop.__init__.__globals__|json }}{% endfor %}",
    "{% for x in [1] %}{{ loop._iterator|json }}{% endfor %}",
    "{% for x in [1] %}{{ loop.__class__|json }}{% endfor %}",
    "{% import 't2.j2' as t %}{{ t._body_stream|json }}",
    "{% import 't2.j2' as t %}{{ t.__class__|json }}",
    "{% import 't2.j2' as t %}{{ t.__dict__|json }}",
    "{% set site.name = 'x' %}",
    "{% do site.update({}) %}",
    "{% debug %}",
    "{% set f = site.f.format %}{{ f(site)|json }}",
    "{% set x = range %}{{ x.__self__|json }}",
]


@pytest.mark.parametrize("expression", ESCAPES)
def test_an_expression_cannot_escape(expression: str) -> None:
    for template in (f"{{{{ {expression} }}}}", f"x {{{{ {expression} }}}}"):
        quoted = template.replace("\\", "\\\\").replace('"', '\\"')
        assert findings(f'a: "{quoted}"', CONTEXT, files={"t.j2": ""})
    assert findings("a: \"{{ text('t.j2') }}\"", CONTEXT, files={"t.j2": f"{{{{ ({expression})|json }}}}"})


@pytest.mark.parametrize("template", STATEMENTS)
def test_a_statement_cannot_escape(template: str) -> None:
    assert findings("a: \"{{ text('t.j2') }}\"", CONTEXT, files={"t.j2": template, "t2.j2": "x"})


class _Loop:
    """Stands for whatever object might come within reach one day."""

    secret = "s"

    def method(self) -> str:
        return self.secret


REACHABLE: list[Any] = [
    "s",
    1,
    1.5,
    True,
    None,
    [],
    {},
    (),
    b"",
    capped_range,
    range(2),
    iter([]),
    _Loop(),
    _Loop,
    sys,
]


@pytest.mark.parametrize("value", REACHABLE, ids=lambda value: type(value).__name__)
def test_no_python_attribute_is_within_reach(value: Any) -> None:
    sandbox = Sandbox(Meter())
    for name in dir(value):
        assert isinstance(sandbox.getattr(value, name), Undefined)
        assert isinstance(sandbox.getitem(value, name), Undefined)


@pytest.mark.parametrize(
    "value", [print, open, eval, _Loop, _Loop().method, "".format, {}.keys, sys.exit, type, LoopContext]
)
def test_nothing_but_known_functions_is_called(value: Any) -> None:
    assert not Sandbox(Meter()).is_safe_callable(value)


def test_loops_have_their_names_and_nothing_else() -> None:
    shown = "{{ loop.index }}{{ loop.last }}{{ loop.cycle(3, 4) }}{{ loop.length }} "
    assert text(f"{{% for x in [1, 2] %}}{shown}{{% endfor %}}") == "1false32 2true42 "


def test_the_context_cannot_be_changed() -> None:
    context = {"site": {"list": [1], "map": {"a": 1}}}
    manifest = """
a: "{{ site.list + [2] }}"
b: "{{ site.map|merge({'b': 2}) }}"
c: {$merge: ["{{ site.map }}", {c: 1}]}
"""
    one(manifest, context)
    assert context == {"site": {"list": [1], "map": {"a": 1}}}


_PROGRAM = """
import json
from tests.render.kit import objects
manifest = '''
m: {$for: {each: site.labels|items, as: [k, v]}, $do: {"{{ k }}": "{{ v }}"}}
l: "{{ site.list|unique|list + site.map|keys + (site.rows|groupby('k')|map('first')|list) }}"
t: "{{ text('t.j2') }}"
'''
site = {"labels": dict.fromkeys("zyxwv", "1"), "list": list("hello world"), "map": dict.fromkeys("qwerty")}
site["rows"] = [{"k": letter} for letter in "banana"]
files = {"t.j2": "{{ site|json }}{% for k in site.map %}{{ k|json }}{% endfor %}"}
print(json.dumps(objects(manifest, {"site": site}, files=files)))
"""


def test_the_same_comes_out_with_every_hash_seed() -> None:
    outputs = set()
    for seed in ("0", str(random.randrange(1, 4294967295))):
        run = subprocess.run(
            [sys.executable, "-c", _PROGRAM], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1
