"""From Jinja2's syntax tree to Python: Jinja2's own compiler, taught to make objects instead of text.

A structural template is a Jinja2 tree in which an `Output` yields a tuple, and in which items of a `List` or
a `Dict` may be statements: an `If`, a `For` or a `With` splices the items of its body, and in a `Dict` an
`ExprStmt` splices the entries of a mapping. All becomes Python displays: nothing is written and parsed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.idtracking import VAR_LOAD_RESOLVE

from composer.stages.render.syntax import ANY_DEPTH, below

OWN = "_"
"""Names that begin so are made by the compiler and always have a value."""

_STATEMENTS = (nodes.If, nodes.For, nodes.With, nodes.ExprStmt)


class ExpressionGenerator(CodeGenerator):
    """What structural and text templates have in common."""

    def pull_dependencies(self, statements: Iterable[nodes.Node]) -> None:
        """Writes local names for filters and tests, which are known to exist."""
        found = [node for statement in statements for node in below(statement, ANY_DEPTH)]
        for known, kind, table in ((self.filters, nodes.Filter, "filters"), (self.tests, nodes.Test, "tests")):
            for name in sorted({node.name for node in found if isinstance(node, kind)} - known.keys()):
                known[name] = self.temporary_identifier()
                self.writeline(f"{known[name]} = environment.{table}[{name!r}]")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802
        self.write("environment.tilde((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_Name(self, node: nodes.Name, frame: Frame) -> None:  # noqa: N802
        if node.ctx == "load" and node.name.startswith(OWN):
            self.write(frame.symbols.ref(node.name))
        else:
            super().visit_Name(node, frame)


class StructureGenerator(ExpressionGenerator):
    """Generates the function that yields a component's objects."""

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802
        self.writeline("yield (", node)
        for child in node.nodes:
            self.visit(child, frame)
            self.write(", ")
        self.write(")")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:  # noqa: N802
        self._display("[", node.items, "]", frame)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802
        if all(_is_fixed(item) for item in node.items):
            self._fixed(node.items, frame)
        else:
            self.write("unique(")
            self._display("(", node.items, ")", frame)
            self.write(")")

    def visit_Pair(self, node: nodes.Pair, frame: Frame) -> None:  # noqa: N802
        self.write("(")
        self.visit(node.key, frame)
        self.write(", ")
        self.visit(node.value, frame)
        self.write(")")

    def visit_ExprStmt(self, node: nodes.ExprStmt, frame: Frame) -> None:  # noqa: N802
        """The entries of a mapping, among the items of a `Dict`."""
        self.visit(node.node, frame)
        self.write(".items()")

    def visit_With(self, node: nodes.With, frame: Frame) -> None:  # noqa: N802
        """A body of one expression for which names are bound, as an expression."""
        with self._bound(node, frame) as inner:
            self.visit(node.body[0], inner)

    def write_commons(self) -> None:
        super().write_commons()
        self.writeline("unique = environment.unique")

    def _fixed(self, items: Sequence[nodes.Node], frame: Frame) -> None:
        """A mapping in which no key can come twice: entries, some of them under a condition."""
        self.write("{")
        for item in items:
            if isinstance(item, nodes.If):
                self.write("**(")
                self._fixed(item.body, frame)
                self._condition(item, frame, "{}")
            else:
                assert isinstance(item, nodes.Pair)
                self.visit(item.key, frame)
                self.write(": ")
                self.visit(item.value, frame)
            self.write(", ")
        self.write("}")

    def _display(self, left: str, items: Sequence[nodes.Node], right: str, frame: Frame) -> None:
        """A Python list or tuple of *items*; a statement among them splices its own."""
        self.write(left)
        for item in items:
            if isinstance(item, _STATEMENTS):
                self.write("*")
                self._splice(item, frame)
            else:
                self.visit(item, frame)
            self.write(", ")
        self.write(right)

    def _splice(self, node: nodes.Node, frame: Frame) -> None:
        """An iterable of what the statement *node* puts in its place."""
        if isinstance(node, nodes.If):
            self.write("(")
            self._display("(", node.body, ")", frame)
            self._condition(node, frame, "()")
        elif isinstance(node, nodes.For):
            self._loop(node, frame)
        elif isinstance(node, nodes.With):
            with self._bound(node, frame) as inner:
                self._display("(", node.body, ")", inner)
        else:
            self.visit(node, frame)

    def _condition(self, node: nodes.If, frame: Frame, otherwise: str) -> None:
        self.write(" if ")
        self.visit(node.test, frame)
        self.write(f" else {otherwise})")

    def _loop(self, node: nodes.For, frame: Frame) -> None:
        """A list comprehension; assignments at the start of the body become variables of each turn."""
        inner = frame.inner()
        inner.symbols.analyze_node(node, for_branch="body")
        lets = [item for item in node.body if isinstance(item, nodes.Assign)]
        items = [item for item in node.body if not isinstance(item, nodes.Assign)]
        self.write("[item for ")
        for target, name in self._resolved(inner):
            self.write(f"{target} in (resolve({name!r}),) for ")
        self.visit(node.target, inner)
        self.write(" in ")
        self.visit(node.iter, frame)
        for let in lets:
            self.write(" for ")
            self.visit(let.target, inner)
            self.write(" in (")
            self.visit(let.node, inner)
            self.write(",)")
        self.write(" for item in ")
        self._display("(", items, ")", inner)
        self.write("]")

    @contextmanager
    def _bound(self, node: nodes.With, frame: Frame) -> Iterator[Frame]:
        """Writes a function around the caller's output whose parameters are the bound names, and its call."""
        inner = frame.inner()
        inner.symbols.analyze_node(node)
        resolved = self._resolved(inner)
        targets = [inner.symbols.ref(target.name) for target in node.targets if isinstance(target, nodes.Name)]
        self.write(f"(lambda {', '.join([*targets, *(target for target, _ in resolved)])}: ")
        yield inner
        self.write(")(")
        for value in node.values:
            self.visit(value, frame)
            self.write(", ")
        self.write(", ".join(f"resolve({name!r})" for _, name in resolved))
        self.write(")")

    @staticmethod
    def _resolved(frame: Frame) -> list[tuple[str, str]]:
        """The context's names that are first used inside *frame*."""
        loads = frame.symbols.loads.items()
        return [(target, name) for target, (action, name) in loads if action == VAR_LOAD_RESOLVE]


def _is_fixed(item: nodes.Node) -> bool:
    """Whether *item* adds entries to a mapping whose keys the compiler has compared already."""
    if isinstance(item, nodes.If):
        return all(_is_fixed(entry) for entry in item.body)
    return isinstance(item, nodes.Pair) and isinstance(item.key, nodes.Const)
