"""Text made harmless: values may hold terminal escapes, line breaks, characters that reverse a line, and CI commands."""

from __future__ import annotations

import re

_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_MARKED = re.compile(r"#(?=#\w*\[)")
"""GitHub and Azure run `##[command]` wherever it stands in a line of a job's output, TeamCity `##teamcity[`."""

_COMMAND = re.compile(r"\s*::")
"""GitHub runs a line that begins so."""

_COMMANDS = re.compile(rf"^{_COMMAND.pattern}|{_MARKED.pattern}", re.MULTILINE)


def visible(text: str) -> str:
    r"""The text on one line, with everything that is no printable character as an escape such as `\x1b`."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _escape(char) for char in text)
    return _MARKED.sub(r"\\x23", text) if "##" in text else text


def inert(line: str) -> str:
    r"""A whole line of output that no CI system takes for a command; `::` at its beginning becomes `\x3a:`."""
    return line.replace(":", "\\x3a", 1) if _COMMAND.match(line) else line


def holds_commands(text: str) -> bool:
    """Whether a CI system would find a command in this text of several lines."""
    return bool(_COMMANDS.search(text))


def json_inert(text: str) -> str:
    """The same JSON, in which no CI system finds a command."""
    return _MARKED.sub(r"\\u0023", text)


def _escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
