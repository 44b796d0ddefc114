"""Texts that mean something to terminals, forges and CI systems."""

from __future__ import annotations

import re

from hypothesis import strategies as st

PIECES = [
    "\x1b[31mred\x1b[0m",
    "\x9b2J",
    "\x1b]8;;http://x\x07",
    "```",
    "`",
    "~~~",
    "``````` ",
    "\n",
    "\r\n",
    "\n\n```\n@everyone\n```diff\n",
    "::error file=x::pwned",
    "\n::set-output name=x::y",
    "##[error]pwned",
    "##vso[task.complete]",
    "##teamcity[buildStop]",
    "section_start:1:x\r\x1b[0K",
    "@everyone",
    "@acme/security",
    "#123",
    "owner/repo#1",
    "!42",
    "/close",
    "\n/merge\n",
    "GH-1",
    "<b>",
    "</details>",
    "<!-- edge-composer: diff -->",
    "<script>alert(1)</script>",
    "&lt;",
    "]]>",
    "[free](http://x)",
    "![x](http://x/y.png)",
    "http://evil.example.com",
    "| a | b |",
    "---",
    "> quote",
    "# title",
    "**bold**",
    "$`x`$",
    "\u202egnp.exe\u2066",
    "\u2028",
    "\0",
    "\ufeff",
    " ",
    "%0A::error::x",
    "{site}",
    ":::::",
]
TEXTS = st.lists(
    st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=4
).map("".join)
"""Such texts, alone and joined."""

_COMMAND = re.compile(r"\s*::|.*##\w*\[")


def harmless(output: str) -> bool:
    """Whether nothing in the output can move a terminal's cursor, reverse a line or be a CI system's command."""
    lines = output.split("\n")
    return all(line.isprintable() and not _COMMAND.match(line) for line in lines)
