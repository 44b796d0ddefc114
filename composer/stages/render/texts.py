"""Text templates (files/*.j2): Jinja2 in the sandbox; values pass a quoting filter and are never pasted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import DictLoader, Template, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import Context, Undefined

from composer.diagnostic import Diagnostic, Place, error
from composer.model.blueprint import Blueprint
from composer.stages.render.codegen import ExpressionGenerator
from composer.stages.render.filters.quoted import Quoted
from composer.stages.render.filters.quoting import FILTERS as QUOTING
from composer.stages.render.limits import Meter, check_length
from composer.stages.render.names import Names, handed_over
from composer.stages.render.refusal import Refused, kind_of
from composer.stages.render.sandbox import Sandbox
from composer.stages.render.values import finite, nothing

FOLDER = "files/"
_LITERAL = "$literal"
_STEPS = "$steps"
_NOT_HERE = (nodes.Extends, nodes.Block)


@pass_context
def shown(context: Context, value: Any) -> str:
    """*value* as it appears in the text: quoted text and numbers as they are, booleans as true and false."""
    text = value if isinstance(value, Quoted) else _words(value)
    meter(context).text(len(text))
    return text


def _words(value: Any) -> str:
    if type(value) is Undefined:
        return ""  # an inline `if` without `else`
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(finite(value))
    raise _unquoted(value)


def _unquoted(value: object) -> Refused:
    if isinstance(value, Undefined | None):
        return nothing(value)
    if isinstance(value, str):
        hint = f"end the expression with a filter of the language of this file: {', '.join(sorted(QUOTING))}"
        return Refused("T012", "a string is pasted into the text without quoting", hint)
    return Refused("T012", f"{kind_of(value)} has no text of its own", "use |json, |yaml, |toml or |join")


@pass_context
def steps(context: Context, values: Any) -> Iterator[Any]:
    """The items of *values*, each counted as a turn of a loop."""
    if isinstance(values, Undefined | None):
        raise nothing(values)
    counting = meter(context)
    for value in values:
        counting.steps(1)
        yield value


def meter(context: Context) -> Meter:
    """The meter of the component that is being rendered."""
    made: Meter = context.environment.meter  # type: ignore[attr-defined]
    return made


class TextSandbox(Sandbox):
    """The environment of a blueprint's text templates, which may include and import one another only."""

    code_generator_class = ExpressionGenerator

    def __init__(self, meter: Meter, files: Mapping[str, str]) -> None:
        texts = {path.removeprefix(FOLDER): text for path, text in files.items() if path.endswith(".j2")}
        super().__init__(meter, loader=DictLoader(texts), finalize=shown, trim_blocks=True, lstrip_blocks=True)
        self.filters[_LITERAL] = Quoted
        self.filters[_STEPS] = steps

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        for loop in template.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, _STEPS, [], [], None, None, lineno=loop.lineno)
        for output in template.find_all(nodes.Output):
            output.nodes = [_with_literals(child) for child in output.nodes]
        template.set_environment(self)
        return template


def _with_literals(node: nodes.Expr) -> nodes.Expr:
    """*node*, of which the strings that the author wrote need no quoting."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return nodes.Filter(node, _LITERAL, [], [], None, None, lineno=node.lineno)
    if isinstance(node, nodes.CondExpr):
        other = _with_literals(node.expr2) if node.expr2 is not None else None
        return nodes.CondExpr(node.test, _with_literals(node.expr1), other, lineno=node.lineno)
    if isinstance(node, nodes.Concat):
        return nodes.Concat([_with_literals(part) for part in node.nodes], lineno=node.lineno)
    return node


class Texts:
    """The text templates of one blueprint, compiled; *findings* gets what is wrong with them.

    *extra* are the names that manifests hand over with `text(name, key=value)`.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        sandbox: Sandbox,
        names: Names,
        extra: frozenset[str],
        findings: list[Diagnostic],
    ) -> None:
        self.blueprint = blueprint
        self.sandbox = sandbox
        self.findings = findings
        trees = {name: tree for name in sorted(names.texts) if (tree := self._read(name)) is not None}
        bound = extra.union(*(_bound(tree) for tree in trees.values()))
        for name, tree in trees.items():
            self._check(name, tree, names, bound)
        self._templates = {} if findings else {name: self._compiled(name) for name in trees}

    def __contains__(self, name: object) -> bool:
        return name in self._templates

    def render(self, name: str, variables: dict[str, Any]) -> Quoted:
        """The text that template *name* makes of *variables*."""
        template = self._templates[name]
        made, length = [], 0
        for part in template.root_render_func(template.new_context(variables)):
            made.append(part)
            length += len(part)
            check_length(length)
        return Quoted("".join(made))

    def place(self, name: str, line: int) -> Place:
        """Line *line* of template *name*."""
        path = FOLDER + name
        lines = self.blueprint.files[path].split("\n")
        source = lines[line - 1] if 0 < line <= len(lines) else ""
        return Place(f"{self.blueprint.folder}/{path}", line, 1 if line else 0, source, max(1, len(source)))

    def _read(self, name: str) -> nodes.Template | None:
        try:
            return self.sandbox.parse(self.blueprint.files[FOLDER + name], name)
        except TemplateSyntaxError as failure:
            self._report(name, Refused("T001", f"the template cannot be read: {failure.message}", "", failure.lineno))
        except RecursionError:
            self._report(name, Refused("T001", "the template is nested too deeply"))
        return None

    def _compiled(self, name: str) -> Template:
        try:
            return self.sandbox.get_template(name)
        except (SyntaxError, RecursionError) as failure:  # Python's compiler has limits of its own
            self._report(name, Refused("T001", f"the template cannot be compiled: {failure}"))
            return self.sandbox.from_string("")

    def _check(self, name: str, tree: nodes.Template, names: Names, bound: frozenset[str]) -> None:
        for refusal in names.check(tree, bound):
            self._report(name, refusal)
        for statement in tree.find_all(_NOT_HERE):
            hint = "use include, or a macro"
            self._report(name, Refused("T004", "text templates do not extend one another", hint, statement.lineno))
        for other in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport)):
            assert isinstance(other, nodes.Include | nodes.Import | nodes.FromImport)
            for refusal in names.check_text(other.template, other):
                self._report(name, refusal)

    def _report(self, name: str, refusal: Refused) -> None:
        place = self.place(name, refusal.line)
        self.findings.append(error(refusal.code, refusal.message, place, hint=refusal.hint))


def _bound(tree: nodes.Template) -> frozenset[str]:
    """The names that a template binds, and those Jinja2 binds for it."""
    names = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    names |= {macro.name for macro in tree.find_all(nodes.Macro)}
    names |= {imported.target for imported in tree.find_all(nodes.Import)}
    for imported in tree.find_all(nodes.FromImport):
        names |= {name if isinstance(name, str) else name[1] for name in imported.names}
    names |= handed_over(tree)
    return frozenset(names | {"loop", "caller", "varargs", "kwargs"})
