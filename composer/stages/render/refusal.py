"""How a template says no while it runs: a code, a message and a hint. The renderer knows the place."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - a verdict on the template, not a malfunction
    """A template did what it may not do. *code* is the diagnostic's, *line* counts within a text template."""

    def __init__(self, code: str, message: str, hint: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.line = line


def kind_of(value: object) -> str:
    """What people call the type of *value*: "a string", "null", "a mapping"."""
    if value is None:
        return "null"
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return type(value).__name__


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a string"),
    (dict, "a mapping"),
    ((list, tuple), "a list"),
)
