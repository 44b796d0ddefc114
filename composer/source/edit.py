"""Edits of documents that people wrote: only the text of the value asked for changes, every other byte stays.

ruamel.yaml tells where each value begins and ends, comments left aside, and spells new values in the style of the old
ones. What comes out is read again: an edit that would change anything else (through an alias, say) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString

from composer.diagnostic import Rejected, error
from composer.source.document import Document, Route
from composer.source.reader import parse
from composer.source.scalars import plain

Node = Any
"""A node of ruamel.yaml's tree; which attributes it has depends on its `id`."""

_OLD_READERS = re.compile(r"(?i:y|n|yes|no|on|off)|[-+]?[0-9][0-9_:.-]*")
"""Text that is text in YAML 1.2, but a boolean, number or date in the YAML 1.1 of older tools; it goes in quotes."""

_PLAIN = re.compile(r"[A-Za-z0-9_./](?:[^\s,\[\]{}:#'\"]|[: ](?=[^\s,\[\]{}:#'\"]))*")

_ALIAS = re.compile(r"\s*\*[^\s,\[\]{}]+")


def set_value(document: Document, route: Route, value: Any) -> Document:
    """The document with *value* (plain data) at *route*; mappings on the way are made where there are none.

    A list takes one more item at the index after its last. Where the value is there already, nothing changes at all.
    Raises Rejected where the route leads through something that holds no values, or other values would change too.
    """
    wanted, same = _changed(document.data, route, value)
    if same:
        return document
    return _checked(document, route, wanted, lambda: _Text(document.text).set(route, value))


def remove_value(document: Document, route: Route) -> Document:
    """The document without the entry or item at *route*, which must be there. Raises Rejected as set_value does."""
    wanted = _without(document.data, route)
    return _checked(document, route, wanted, lambda: _Text(document.text).remove(route))


def _checked(document: Document, route: Route, wanted: Any, edit: Callable[[], str]) -> Document:
    place = document.place(route)
    try:
        edited = parse(edit(), document.file)
    except (Rejected, _EntangledError, ValueError):  # of the latter kind: a sign is not where it was looked for
        edited = None
    if edited is None or not _equal(edited.data, wanted):
        message = "this cannot be changed by itself: an alias, an anchor or an unusual layout ties it to other values"
        raise Rejected([error("X011", message, place, hint="edit the file by hand")])
    return edited


# --- what is wanted, as data ------------------------------------------------------------------------------------------


def _changed(data: Any, route: Route, value: Any) -> tuple[Any, bool]:
    """The data with the value at the route, and whether it was there before."""
    if not route:
        return value, _equal(data, value)
    step, rest = route[0], route[1:]
    if isinstance(step, int):
        there = step < len(data)
        inner, same = _changed(data[step] if there else None, rest, value)
        return [*data[:step], inner, *data[step + 1 :]], same and there
    there = isinstance(data, dict) and step in data
    inner, same = _changed(data[step] if there else None, rest, value)
    return {**(data or {}), step: inner}, same and there


def _without(data: Any, route: Route) -> Any:
    step, rest = route[0], route[1:]
    if rest:
        return _changed(data, (step,), _without(data[step], rest))[0]
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    kept = [(key, value) for key, value in pairs if key != step]
    return dict(kept) if isinstance(data, dict) else [value for _, value in kept]


def _equal(one: Any, other: Any) -> bool:
    """Whether two values are the same in type and content; 1, 1.0 and true are not."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


# --- the same, as text ------------------------------------------------------------------------------------------------


class _EntangledError(Exception):
    """The value's text is not its own."""


class _Text:
    """A document's text with its tree of nodes, each of which knows where it begins and ends."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.line_break = "\r\n" if "\r\n" in text else "\n"
        self.root: Any = YAML(typ="rt", pure=True).compose(StringIO(text))

    def set(self, route: Route, value: Any) -> str:
        node, after = self.root, 0
        for index, step in enumerate(route):
            found = self._child(node, step, after)
            if found is None:
                return self._added(node, after, step, _nested(route[index + 1 :], value))
            node, after = found
        return self._replaced(node, after, value)

    def remove(self, route: Route) -> str:
        node, after = self.root, 0
        for step in route[:-1]:
            found = self._child(node, step, after)
            assert found is not None
            node, after = found
        if len(node.value) == 1:
            return self._replaced(node, after, {} if node.id == "mapping" else [])
        return self._cut(node, route[-1])

    # --- where things are

    def _child(self, node: Node, step: str | int, after: int) -> tuple[Any, int] | None:
        """The value at one step below *node*, and where at the earliest its text begins; None where there is none."""
        if node.start_mark.index < after:
            raise _EntangledError  # an alias: what stands below it is written elsewhere
        if isinstance(step, int):
            return (node.value[step], self._start(node, step)) if step < len(node.value) else None
        if node.id != "mapping":
            return None
        return next(((value, self._value_start(key)) for key, value in node.value if key.value == step), None)

    def _value_start(self, key: Node) -> int:
        """The place after the colon behind a key, or after the key where it has none."""
        end: int = key.end_mark.index
        gap = re.compile(r"\s*:").match(self.text, end)
        return gap.end() if gap else end

    def _start(self, node: Node, index: int) -> int:
        """Where the entry or item begins: at its key, behind its dash."""
        child = node.value[index]
        if node.id == "mapping":
            return int(child[0].start_mark.index)
        if node.flow_style:
            return int(child.start_mark.index)
        return self._dash(child) + 1

    def _dash(self, item: Node) -> int:
        return self.text.rindex("-", 0, item.start_mark.index + (not item.value))

    def _end(self, node: Node, after: int) -> int:
        """Where the text of a value ends; *after* is where at the earliest it begins. Comments behind it do not count."""
        if node.start_mark.index < after:
            alias = _ALIAS.match(self.text, after)
            return alias.end() if alias else after
        start, end = node.start_mark.index, node.end_mark.index
        if node.id == "scalar":
            if node.style in ("|", ">"):
                return int(start + len(self.text[start:end].rstrip()))
            return int(end) if self.text[start:end].strip() else after
        if node.flow_style:
            return int(end)
        last = len(node.value) - 1
        return self._entry_end(node, last)

    def _entry_end(self, node: Node, index: int) -> int:
        child = node.value[index]
        if node.id == "mapping":
            return self._end(child[1], self._value_start(child[0]))
        return self._end(child, self._start(node, index))

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _line_end(self, index: int) -> int:
        found = self.text.find("\n", index)
        return found + 1 if found >= 0 else len(self.text)

    # --- what is done

    def _replaced(self, node: Node, after: int, value: Any) -> str:
        end = self._end(node, after)
        start = max(node.start_mark.index, after)
        if end == after:  # nothing stands there yet
            colon = "" if self.text[after - 1 : after] in (":", "-") else ":"
            return f"{self.text[:after]}{colon} {_spelled(value)}{self.text[after:]}"
        if node.start_mark.index < after:  # an alias, which goes
            start = after + len(self.text[after:end]) - len(self.text[after:end].lstrip())
        gap = self.text[after:start]
        if "\n" not in gap:
            return f"{self.text[:start]}{_spelled(value, node)}{self.text[end:]}"
        # What stood on lines of its own moves behind the key; a comment there stays.
        comment = gap[: gap.index("\n")].rstrip()
        return f"{self.text[:after]} {_spelled(value)}{comment}{self.text[end:]}"

    def _added(self, node: Node, after: int, step: str | int, value: Any) -> str:
        """One more entry or item at the end of *node*."""
        entry = _spelled(value) if isinstance(step, int) else f"{_spelled(step)}: {_spelled(value)}"
        if node.id == "scalar":
            return self._replaced(node, after, {step: value})
        if not node.value:
            inside = self.text.index("{" if node.id == "mapping" else "[", node.start_mark.index) + 1
            return f"{self.text[:inside]}{entry}{self.text[inside:]}"
        end = self._entry_end(node, len(node.value) - 1)
        if node.flow_style:
            return f"{self.text[:end]}, {entry}{self.text[end:]}"
        first = self._dash(node.value[0]) if isinstance(step, int) else node.value[0][0].start_mark.index
        pad = " " * (first - self._line_start(first))
        line = f"{pad}{'- ' if isinstance(step, int) else ''}{entry}"
        following = self._line_end(end)
        if self.text[following - 1 : following] != "\n":
            return f"{self.text}{self.line_break}{line}{self.line_break}"
        ending = "\r\n" if self.text[:following].endswith("\r\n") else "\n"
        return f"{self.text[:following]}{line}{ending}{self.text[following:]}"

    def _cut(self, node: Node, step: str | int) -> str:
        """Without one of several entries or items of *node*."""
        index = step if isinstance(step, int) else next(i for i, (k, _) in enumerate(node.value) if k.value == step)
        start, end = self._start(node, index), self._entry_end(node, index)
        last = index == len(node.value) - 1
        if node.flow_style:
            start, end = (self._entry_end(node, index - 1), end) if last else (start, self._start(node, index + 1))
            return self.text[:start] + self.text[end:]
        if node.id == "sequence":
            start -= 1
        line = self._line_start(start)
        if not self.text[line:start].strip():
            return self.text[:line] + self.text[self._line_end(end) :]
        if last:
            raise _EntangledError  # something else stands before it on its line
        # The first entry stands behind the dash of an item: the next one takes its place.
        following = self._start(node, index + 1) - (node.id == "sequence")
        if self.text[self._line_end(end) : following].strip():
            raise _EntangledError  # comments stand between them
        return self.text[:start] + self.text[following:]


def _nested(route: Route, value: Any) -> Any:
    for step in reversed(route):
        value = {step: value} if isinstance(step, str) else [value]
    return value


def _spelled(value: Any, old: Node | None = None) -> str:
    """The value on one line, as ruamel.yaml writes it; a text in the quotes of the *old* one, where it had some."""
    yaml = YAML(typ="rt", pure=True)
    yaml.default_flow_style = True
    yaml.width = 1 << 30
    yaml.brace_single_entry_mapping_in_flow_sequence = True
    out = StringIO()
    yaml.dump({"value": _styled(value, getattr(old, "style", None))}, out)
    return out.getvalue().removeprefix("{value: ").removesuffix("}\n")


def _styled(value: Any, quotes: str | None = None) -> Any:
    if isinstance(value, dict):
        return {_styled(key): _styled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_styled(inner) for inner in value]
    if not isinstance(value, str):
        return value
    if quotes == "'" and value.isprintable():
        return SingleQuotedScalarString(value)
    if quotes in ('"', "'") or _OLD_READERS.fullmatch(value) or not value.isprintable():
        return DoubleQuotedScalarString(value)
    return value if _stays_plain(value) else DoubleQuotedScalarString(value)


def _stays_plain(text: str) -> bool:
    """Whether the text needs no quotes, in braces neither."""
    return _PLAIN.fullmatch(text) is not None and isinstance(plain(text), str)
