"""A blueprint, compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jinja2.runtime import Context

from composer.diagnostic import Diagnostic, Rejected, in_order
from composer.model.blueprint import Blueprint
from composer.stages.render.compiler import program_tree
from composer.stages.render.limits import Meter, capped_range
from composer.stages.render.names import Names, handed_over
from composer.stages.render.sandbox import TextFunction
from composer.stages.render.structure import Structure
from composer.stages.render.structures import StructureSandbox
from composer.stages.render.syntax import below
from composer.stages.render.text_sandbox import TextSandbox
from composer.stages.render.texts import Texts
from composer.stages.render.tree import Expression, Root, expressions
from composer.stages.render.values import MAX_DEPTH

Yielded = Iterator[tuple[int, list[Any]]]


@dataclass(frozen=True, eq=False)
class Program:
    """A blueprint, compiled: *function* yields the objects of each of *roots*. For one component at a time.

    *extra* are the names that manifests hand to text templates.
    """

    blueprint: Blueprint
    roots: tuple[Root, ...] = field(repr=False)
    names: Names = field(repr=False)
    extra: frozenset[str] = field(repr=False)
    texts: Texts = field(repr=False)
    sandbox: StructureSandbox = field(repr=False)
    function: Callable[[Context], Yielded] = field(repr=False)


def compile_blueprint(blueprint: Blueprint) -> Program:
    """The program of *blueprint*, compiled on first use. Raises Rejected with all findings."""
    program = _compile(blueprint)
    if isinstance(program, Program):
        return program
    raise Rejected(program)


@lru_cache(maxsize=1024)
def _compile(blueprint: Blueprint) -> Program | list[Diagnostic]:
    """The program, or why there is none, which is worth remembering for the other sites too."""
    findings: list[Diagnostic] = []
    names = Names.of(blueprint)
    structure = Structure(names, blueprint.fragments, findings)
    roots = tuple(root for _, document in sorted(blueprint.manifests.items()) for root in structure.roots(document))
    meter = Meter()
    extra = frozenset().union(*(handed_over(below(found.node, MAX_DEPTH)) for found in _expressions(roots)))
    texts = Texts(blueprint, TextSandbox(meter), names, extra, findings)
    if findings:
        return in_order(findings)
    sandbox = StructureSandbox(meter)
    function = sandbox.function(program_tree(roots), f"manifests of {blueprint.label}")
    return Program(blueprint, roots, names, extra, texts, sandbox, function)


def _expressions(roots: Iterable[Root]) -> Iterable[Expression]:
    """The expressions that name the function `text`, each of them once."""
    found = {e.key: e for root in roots for e in expressions(root.node) if "text" in e.names}
    return found.values()


class Text(TextFunction):
    """The function `text` of one component: a text template, rendered with its context."""

    def __init__(self, texts: Texts, context: Mapping[str, Any]) -> None:
        self._texts = texts
        self._context = context
        self._made: dict[str, str] = {}

    def __call__(self, name: str, /, **extra: Any) -> str:
        if extra:
            return self._texts.render(name, {**variables(self._context, self), **extra})
        if name not in self._made:
            self._made[name] = self._texts.render(name, variables(self._context, self))
        return self._made[name]


def variables(context: Mapping[str, Any], text: Text) -> dict[str, Any]:
    """What the expressions of a component may name."""
    return {**context, "text": text, "range": capped_range}
