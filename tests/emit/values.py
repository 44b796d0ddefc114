"""Values that YAML readers disagree about."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

# fmt: off
WORDS = r"""
    no No on off y Y n N yes true True null Null NULL ~ nan .nan inf .inf -.INF None NaN
    1 -1 +1 0 007 012 0o7 0x1F 0b1 1_000 1e3 1E3 1e+3 1.5 .5 5. 1.10 +.5 -0 1:30 12:30 12:30:45 1e 1e1_0
    190:20:30 685_230.15 0x_1 0b_1 1__0 2024-01-01 2024-1-1 2024-01-01T10:00:00Z 1.2.3
    = << - -- --- ... ? : @ ` ! & * % # | > ' " , [ ] { } \ $ / _ + . .. ; ( ) '' "" \n
    {{x}} ${x} $(x) *a &a !a !!str #a a# a: :a a:b -a ?a %a @a `a` [a] {a} a,b ,a <a |a >a a& a*
    10Gi 250m 500M 1/s 6/min 72h 0x1g 1e3m 10.0.0.1 10.0.0.1/32 ::1 [::1] a=b =a 0.1% 5@x 1inf 1nan 1y 1n
""".split()  # noqa: SIM905 - a table to read

LINES = [
    "", " ", "a: b", "a #b", "a  b", " a", "a ", "a\t", "\ta", "a\tb", "a :b", "a : b", "- a", "? a", "a -",
    "a, b", "{{ x }}", "{% x %}", "123 456", "'it''s'", '"q"', "null # x", "a'b\"c", "1 2", "true false",
    "{'a': 1}", "\n", "\n\n", "a\n", "\n\ta\nb",
    "a\nb", "a\nb\n", "a\n\n", "a\n\n\nb\n\n", "\na", " a\nb", "\ta\nb",
    "a\n b", "a \nb", "a\n ", "a\n\t\nb", "a\r\nb", "a\rb", "a\n---\nkind: ClusterRole", "---\na",
    "a\n...\nb", "#a\n#b", "- a\n- b\n", "a\n\tb",
]

CHARACTERS = [
    "\0", "\x07", "\x1b[31m", "\x7f", "\x85", "a\x85b\nc", "\xa0", "é", "日本", "😀", "\u2028", "a\u2029b\nc",
    "\ufeff", "\u200b", "\u202ex", "\ufffe", "\uffff", "\ufffd", "\ue000", "\U0010ffff", "\U000e0001",
    "a\u0300",
]
# fmt: on

TRAPS = [*WORDS, *LINES, *CHARACTERS, "x" * 2000]

texts = st.one_of(
    st.sampled_from(TRAPS),
    st.text(max_size=20),
    st.text("ab01 \n\t:#-'\"{}[],&*!|>?%@`\\=.~_é\u2028\r", max_size=12),
    st.text("0123456789abcdefxoXETZ_.:+- ", max_size=12),
    st.lists(st.sampled_from(["a", "", " ", "  b", "c ", "\t", "#d", "- e", "f: g"]), max_size=6).map("\n".join),
)
leaves = texts | st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False)


def trees(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nested lists and mappings of *values*."""
    return st.recursive(
        values,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=15,
    )
