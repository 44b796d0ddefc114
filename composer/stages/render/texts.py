"""The text templates of a blueprint (files/*.j2)."""

from __future__ import annotations

from typing import Any

from jinja2 import Template, TemplateSyntaxError, nodes

from composer.diagnostic import Diagnostic, Place, error
from composer.model.blueprint import Blueprint
from composer.stages.render.filters.quoted import Quoted
from composer.stages.render.limits import MAX_STRING, check_length
from composer.stages.render.names import Names, handed_over
from composer.stages.render.parts import Part, parts_in, widest
from composer.stages.render.refusal import Refused
from composer.stages.render.syntax import below
from composer.stages.render.text_sandbox import MAX_LEVELS, TextSandbox, Trees

FOLDER = "files/"
_BY_JINJA = frozenset({"loop", "caller", "varargs", "kwargs"})


class Texts:
    """The text templates of one blueprint, compiled; *findings* gets what is wrong with them.

    *extra* are the names that manifests hand over with `text(name, key=value)`.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        sandbox: TextSandbox,
        names: Names,
        extra: frozenset[str],
        findings: list[Diagnostic],
    ) -> None:
        self.blueprint = blueprint
        self.sandbox = sandbox
        self.findings = findings
        trees = {name: tree for name in sorted(names.texts) if (tree := self._parsed(name)) is not None}
        found = {name: below(tree, MAX_LEVELS) for name, tree in trees.items()}
        bound = extra.union(_BY_JINJA, *map(_bound, found.values()))
        for name in trees:
            self._check(name, found[name], names, bound)
        own = {name: widest(parts_in(tree)) for name, tree in trees.items()}
        every = widest(part for parts in own.values() for part in parts)
        self._parts = {name: every if any(map(_reaches_out, found[name])) else own[name] for name in trees}
        sandbox.loader = Trees(trees)
        self._templates = {} if findings else {name: self._compiled(name) for name in trees}

    def __contains__(self, name: object) -> bool:
        return name in self._templates

    def render(self, name: str, variables: dict[str, Any]) -> Quoted:
        """The text that template *name* makes of *variables*, counted. Raises Refused where it does not fit a ConfigMap."""
        context = self.sandbox.context_class(self.sandbox, variables, name, {})
        made, length = [], 0
        for part in self._templates[name].root_render_func(context):
            made.append(part)
            length += len(part)
            if length > MAX_STRING:
                check_length(length)
        self.sandbox.meter.text(length)
        return Quoted("".join(made))

    def parts_of(self, name: str) -> tuple[Part, ...]:
        """The parts of the context that template *name* can read, itself or through other templates."""
        return self._parts[name]

    def place(self, name: str, line: int) -> Place:
        """Line *line* of template *name*."""
        path = FOLDER + name
        lines = self.blueprint.files[path].split("\n")
        source = lines[line - 1] if 0 < line <= len(lines) else ""
        file = f"blueprints/_lib/{name}" if path in self.blueprint.shared else f"{self.blueprint.folder}/{path}"
        return Place(file, line, 1 if line else 0, source, max(1, len(source)))

    def _parsed(self, name: str) -> nodes.Template | None:
        try:
            return self.sandbox.parse(self.blueprint.files[FOLDER + name], name)
        except TemplateSyntaxError as failure:
            self._report(name, Refused("T001", f"the template cannot be read: {failure.message}", "", failure.lineno))
        except (Refused, RecursionError):
            self._report(name, Refused("T001", "the template is nested too deeply"))
        return None

    def _compiled(self, name: str) -> Template:
        try:
            return self.sandbox.get_template(name)
        except (SyntaxError, RecursionError) as failure:  # Python's compiler has limits of its own
            self._report(name, Refused("T001", f"the template cannot be compiled: {failure}"))
            return self.sandbox.from_string("")

    def _check(self, name: str, found: list[nodes.Node], names: Names, bound: frozenset[str]) -> None:
        for refusal in names.check(found, bound):
            self._report(name, refusal)
        for node in found:
            if isinstance(node, nodes.Extends | nodes.Block):
                hint = "use include, or a macro"
                self._report(name, Refused("T004", "text templates do not extend one another", hint, node.lineno))
            elif isinstance(node, nodes.Include | nodes.Import | nodes.FromImport):
                for refusal in names.check_text(node.template, node):
                    self._report(name, refusal)

    def _report(self, name: str, refusal: Refused) -> None:
        place = self.place(name, refusal.line)
        self.findings.append(error(refusal.code, refusal.message, place, hint=refusal.hint))


def _reaches_out(node: nodes.Node) -> bool:
    """Whether the node brings in another template."""
    if isinstance(node, nodes.Call):
        return isinstance(node.node, nodes.Name) and node.node.name == "text"
    return isinstance(node, nodes.Include | nodes.Import | nodes.FromImport)


def _bound(found: list[nodes.Node]) -> frozenset[str]:
    """The names that the statements among the nodes *found* bind."""
    names = set(handed_over(found))
    for node in found:
        if (isinstance(node, nodes.Name) and node.ctx != "load") or isinstance(node, nodes.Macro):
            names.add(node.name)
        elif isinstance(node, nodes.Import):
            names.add(node.target)
        elif isinstance(node, nodes.FromImport):
            names.update(name if isinstance(name, str) else name[1] for name in node.names)
    return frozenset(names)
