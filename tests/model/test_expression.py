"""The expressions of stream steps: what they mean, what is refused, and that Bento sees them the same way."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.model.expression import (
    Binary,
    Call,
    EvaluationError,
    Expression,
    ExpressionError,
    Field,
    Literal,
    Unary,
    evaluate,
    fields_of,
    parse,
    to_bloblang,
)

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("bento.json").read_text())
"""What Bento 1.20 made of these expressions and this message."""

CASES = RECORDED["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["expression"] for case in CASES])
def test_an_expression_has_the_value_that_bento_gave_it(case: dict[str, Any]) -> None:
    expression = parse(case["expression"])
    assert to_bloblang(expression) == case["bloblang"]
    if case.get("fails"):
        with pytest.raises(EvaluationError):
            evaluate(expression, RECORDED["message"])
        return
    value = evaluate(expression, RECORDED["message"])
    assert isinstance(value, bool) is isinstance(case["value"], bool)
    assert value == pytest.approx(case["value"])


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("pressure > 180", Binary(">", Field(("pressure",)), Literal(180))),
        ("a.b.c", Field(("a", "b", "c"))),
        ("`a b`.`c`", Field(("a b", "c"))),
        ("`and` and `true`", Binary("and", Field(("and",)), Field(("true",)))),
        ("a or b and c", Binary("or", Field(("a",)), Binary("and", Field(("b",)), Field(("c",))))),
        (
            "a || b && !c",
            Binary("or", Field(("a",)), Binary("and", Field(("b",)), Unary("not", Field(("c",))))),
        ),
        ("not a == 1", Unary("not", Binary("==", Field(("a",)), Literal(1)))),
        ("a - b - c", Binary("-", Binary("-", Field(("a",)), Field(("b",))), Field(("c",)))),
        ("a + b * c", Binary("+", Field(("a",)), Binary("*", Field(("b",)), Field(("c",))))),
        ("(a + b) * c", Binary("*", Binary("+", Field(("a",)), Field(("b",))), Field(("c",)))),
        ("-a * b", Binary("*", Unary("-", Field(("a",))), Field(("b",)))),
        ("a*-b", Binary("*", Field(("a",)), Unary("-", Field(("b",))))),
        ("a - -1", Binary("-", Field(("a",)), Unary("-", Literal(1)))),
        ("min(a, 2, b.c)", Call("min", (Field(("a",)), Literal(2), Field(("b", "c"))))),
        ("min", Field(("min",))),
        ("a == 'it''s'", None),
        ("a == 'it\\'s'", Binary("==", Field(("a",)), Literal("it's"))),
        ('a == "\\"\\n\\t\\\\"', Binary("==", Field(("a",)), Literal('"\n\t\\'))),
        ("a == null", Binary("==", Field(("a",)), Literal(None))),
        ("a == true", Binary("==", Field(("a",)), Literal(True))),
        ("1.5e3 < a", Binary("<", Literal(1500.0), Field(("a",)))),
        (".5 < a", Binary("<", Literal(0.5), Field(("a",)))),
        ("a\n  > 1", Binary(">", Field(("a",)), Literal(1))),
    ],
)
def test_an_expression_reads_as_mathematics_does(text: str, parsed: Expression | None) -> None:
    if parsed is None:
        with pytest.raises(ExpressionError):
            parse(text)
    else:
        assert parse(text) == parsed


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("", "expected a field, a number or a text, not the end", 0),
        ("a >", "not the end", 3),
        ("a b", "expected an operator or the end, not 'b'", 2),
        ("(a", "expected ) here, not the end", 2),
        ("a)", "expected an operator or the end, not ')'", 1),
        ("a = 3", "write ==", 2),
        ("a & b", "write `and` or `or`", 2),
        ("1 < x < 5", "do not chain", 2),
        ("a.", "after the dot", 2),
        ("a.5", "expected an operator or the end, not '.5'", 1),
        ("a > 'x", "the quote ' is never closed", 4),
        ("a > `x", "the quote ` is never closed", 4),
        ("`` > 1", "a field's name is neither empty", 0),
        ("`a\x07` > 1", "control characters", 0),
        ("'\\q' == a", "\\q is no escape", 1),
        ("1a > 1", "no number", 0),
        ("a ? b", "'?' means nothing", 2),
        ("a; b", "';' means nothing", 1),
        ("rond(a)", "did you mean 'round'?", 0),
        ("now()", "there is no function 'now'", 0),
        ("abs()", "abs takes 1 argument, not 0", 0),
        ("abs(a, b)", "abs takes 1 argument, not 2", 0),
        ("min(a)", "min takes 2 arguments or more, not 1", 0),
        ("round(a, b)", "digits from 0 to 9", 0),
        ("round(a, 10)", "digits from 0 to 9", 0),
        ("exists(a + 1)", "exists asks for a field", 0),
        ("9223372036854775808 > a", "too large", 0),
        ("1e999 > a", "too large", 0),
        ("a and 5", "and takes true or false, not a number", 2),
        ("not 'x'", "not takes true or false, not a text", 0),
        ("a + 1 > 'x'", "> takes two numbers or two texts", 6),
        ("'x' * a", "* takes a number, not a text", 4),
        ("null > a", "> takes a number or a text, not null", 5),
        ("a == 1 == true", "do not chain", 2),
        ("(a > 1) == 1", "a number and true or false are never equal", 8),
        ("a / (2 - 2)", "division by zero", 2),
        ("a % 0.5", "division by zero", 2),
        ("1e308 * 10 > a", "too large", 6),
        ("lower(5)", "lower takes a text, not a number", 0),
        ("(" * 60 + "a" + ")" * 60, "nested too deeply", 41),
        ("-" * 60 + "a", "nested too deeply", 41),
        ("a" * 2001, "more than 2000 characters", 2000),
    ],
)
def test_what_cannot_be_read_is_told_where_and_why(text: str, message: str, offset: int) -> None:
    with pytest.raises(ExpressionError, match=re.escape(message)) as refused:
        parse(text)
    assert refused.value.offset == offset


def test_a_long_chain_of_operators_is_no_deep_nesting() -> None:
    assert evaluate(parse("+".join(["a"] * 201)), {"a": 1}) == 201
    with pytest.raises(ExpressionError, match="more than 200 operators"):
        parse("+".join(["a"] * 202))


def test_the_fields_of_an_expression_are_named_once_each_in_order() -> None:
    found = fields_of(parse("b > 1 and exists(a.x) or min(b, c) < 2"))
    assert [".".join(field.path) for field in found] == ["b", "a.x", "c"]


HOSTILE = [
    "${HOME}",
    "${!env()}",
    "$",
    '"',
    "\\",
    "'",
    "`",
    "\n",
    "#",
    "ä",
    "\u2028",
    "{",
    "}",
    "a.b",
    "~1",
    "\x7f",
    "\u00a0",
]


@given(st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=5).map("".join))
def test_a_text_reaches_bloblang_as_one_quoted_text_and_nothing_is_filled_in(value: str) -> None:
    written = to_bloblang(Binary("==", Field(("a",)), Literal(value)))
    assert "$" not in written
    assert "\n" not in written
    assert json.loads(written.removeprefix("this.a == ")) == value


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_a_field_of_any_name_is_one_step_of_a_path(name: str) -> None:
    written = to_bloblang(Field((name,)))
    assert "$" not in written
    step = written.removeprefix("this.")
    assert step == name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else json.loads(step) == name


@pytest.mark.parametrize(
    ("text", "bloblang"),
    [
        ("1e-7 < a", "0.0000001 < this.a"),
        ("1e3 < a", "1000.0 < this.a"),
        ("1e22 < a", "10000000000000000000000.0 < this.a"),
        ("a == true", "this.a == true"),
        ("a", "this.a"),
        ("not a", "!(this.a)"),
        ("lower(s) == 'x'", '(this.s).lowercase() == "x"'),
    ],
)
def test_numbers_are_written_as_bloblang_reads_them(text: str, bloblang: str) -> None:
    assert to_bloblang(text) == bloblang


OPERANDS = st.sampled_from(["a", "b.c", "5", "2.5", "'x'", "true", "null", "`q r`"])
EXPRESSIONS = st.recursive(
    OPERANDS,
    lambda inner: st.one_of(
        st.builds(
            "({} {} {})".format,
            inner,
            st.sampled_from([*"+-*/%<>", "==", "!=", "<=", ">=", "and", "or"]),
            inner,
        ),
        st.builds("not ({})".format, inner),
        st.builds("-({})".format, inner),
        st.builds("{}({})".format, st.sampled_from(["abs", "round", "length", "upper", "exists"]), inner),
        st.builds("max({}, {})".format, inner, inner),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS | st.text(st.sampled_from("ab1.5'\"`()<>=!&|+-*/% ,andort\\"), max_size=30))
def test_any_text_is_an_expression_or_refused_within_it(text: str) -> None:
    try:
        parsed = parse(text)
    except ExpressionError as refused:
        offset = refused.offset
    else:
        offset = 0
        assert "$" not in to_bloblang(parsed)
    assert 0 <= offset <= len(text)


@given(
    EXPRESSIONS,
    st.fixed_dictionaries({"a": st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=2)}),
)
def test_an_expression_has_a_value_or_none_but_never_breaks(text: str, message: dict[str, Any]) -> None:
    try:
        value = evaluate(parse(text), message)
    except (ExpressionError, EvaluationError):
        return
    assert value is None or isinstance(value, bool | int | float | str)
