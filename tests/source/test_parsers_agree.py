"""libyaml and PyYAML's own parser give the same data and the same findings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from composer.diagnostic import Rejected
from composer.source import events
from composer.source.pure import PureParser
from composer.source.reader import parse
from tests.source.test_reader import laughs

PIECES = [
    *("a", "b", "é", "1", "~", "no", "http://x:1"),
    *(": ", ":", "- ", "? ", ", ", "[", "]", "{", "}", "{{ v }}", "<<: "),
    *("\n", "\n  ", "\n    ", " ", "\t", "\r\n", "---\n", "...\n", "%"),
    *("'q'", '"d"', '"\\n"', '"\\x41"', "'", '"', "|\n   t", ">-\n  f", "|2\n    t\n"),
    *("x?y", "x?", "x:", "?", "]", "}"),
    *("'a\tb'", '"a\n\tb"', "|\n    a\n    \tb\n", "|\t\n  a\n", ">\n  \ta\n", "\t# c", "|1\n \ta\n"),
    *("&x ", "*x", "!!str ", "!!int ", "!t ", "! ", "#x", " # c", "@", "`"),
]
texts = st.tuples(st.sampled_from(["", "a: ", "a:\n  "]), st.lists(st.sampled_from(PIECES), max_size=10)).map(
    lambda parts: parts[0] + "".join(parts[1])
)


@pytest.mark.skipif(events.FASTEST is PureParser, reason="PyYAML was built without libyaml")
@settings(max_examples=400, deadline=None)
@given(texts)
@example("a: {b: c:d, e: [f, g: h]}")
@example("a:\tb\n")
@example("a: x\n  \ty")
@example("a: |\n  x\n  \ty\nb: 'x\ty'\nc: \"x\ty\" # z\n")
@example("%YAML 1.2\n---\na: 1")
@example("%FOO bar\n---\na: 1")
@example("a: |\n  x\n\n\nb: >+\n  y\n  z\n\n")
@example("? a\n? b\n")
@example("a: !<tag:yaml.org,2002:str> 1\nb: !<!x> 2")
@example(laughs(5))
def test_both_parsers_read_a_text_equally(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fast = outcome(text)
        patch.setattr(events, "FASTEST", PureParser)
        assert outcome(text) == fast


def outcome(text: str) -> Any:
    """The data, or where each finding lies; what is found before a syntax error depends on the look-ahead."""
    try:
        return parse(text, "f").data
    except Rejected as rejected:
        found = [(finding.code, finding.place) for finding in rejected.diagnostics]
        return "not YAML" if {"Y007", "Y018"} & {code for code, _ in found} else found
