"""From the text of an expression to its parts: a precedence-climbing parser.

Precedence, loosest first: or; and; not; comparisons, which do not chain; + -; * / %; the minus sign.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from composer.diagnostic import did_you_mean
from composer.model.expression.kinds import fault_of
from composer.model.expression.nodes import FUNCTIONS, Binary, Call, Expression, Field, Literal, Unary
from composer.model.expression.tokens import ExpressionError, Token, tokens

DEEPEST = 40
"""Levels of nesting; more are for machines to read."""

MOST_OPERATORS = 200

_PRECEDENCE = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "%"), 6),
}
_SIGNS = {"not": 3, "-": 7}
_COMPARISON = 4
_SPELLINGS = {"&&": "and", "||": "or", "!": "not"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_WORDS = frozenset({"and", "or", "not", *_CONSTANTS})


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """The expression that *text* states. Raises ExpressionError."""
    parser = _Parser(text)
    expression = parser.expression(0, 0)
    parser.expect_end()
    return expression


class _Parser:
    """Reads one expression from front to back, one word ahead."""

    def __init__(self, text: str) -> None:
        self._rest: Iterator[Token] = tokens(text)
        self._next = next(self._rest)
        self._operators = 0

    def expression(self, least: int, depth: int) -> Expression:
        """The longest expression from here on whose operators bind at least as tightly as *least*."""
        if depth > DEEPEST:
            raise ExpressionError("the expression is nested too deeply", self._next.offset)
        left = self._operand(depth)
        while (operator := self._operator()) in _PRECEDENCE and _PRECEDENCE[operator] >= least:
            offset, tightness = self._take().offset, _PRECEDENCE[operator]
            left = self._sound(Binary(operator, left, self.expression(tightness + 1, depth + 1)), offset)
            if tightness == _COMPARISON and _PRECEDENCE.get(self._operator()) == _COMPARISON:
                raise ExpressionError("comparisons do not chain; write `a < b and b < c`", offset)
        return left

    def expect_end(self) -> None:
        if self._next.kind != "end":
            raise ExpressionError(f"expected an operator or the end, not {_shown(self._next)}", self._next.offset)

    def _take(self) -> Token:
        taken = self._next
        if taken.kind != "end":
            self._next = next(self._rest)
        return taken

    def _operator(self) -> str:
        """The operator ahead in its one spelling, or ""."""
        if self._next.kind not in ("operator", "name"):
            return ""
        return _SPELLINGS.get(self._next.text, self._next.text)

    def _operand(self, depth: int) -> Expression:
        """What stands between two operators, with the signs in front of it."""
        operator = self._operator()
        if operator in _SIGNS:
            offset = self._take().offset
            return self._sound(Unary(operator, self.expression(_SIGNS[operator], depth + 1)), offset)
        token = self._take()
        if operator == "(":
            inner = self.expression(0, depth + 1)
            self._expect(")")
            return inner
        if token.kind == "quoted" or (token.kind == "name" and token.text not in _WORDS):
            return self._call(token, depth) if self._is_call(token) else self._field(token)
        return _literal(token)

    def _is_call(self, name: Token) -> bool:
        return name.kind == "name" and self._next.kind == "operator" and self._next.text == "("

    def _field(self, first: Token) -> Field:
        path = [first.text]
        while self._operator() == ".":
            self._take()
            step = self._take()
            if step.kind not in ("name", "quoted"):
                raise ExpressionError("expected the name of a field after the dot", step.offset)
            path.append(step.text)
        return Field(tuple(path))

    def _call(self, name: Token, depth: int) -> Expression:
        signature = FUNCTIONS.get(name.text)
        if signature is None:
            hint = did_you_mean(name.text, FUNCTIONS) or f"there are {', '.join(FUNCTIONS)}"
            raise ExpressionError(f"there is no function {name.text!r}; {hint}", name.offset)
        self._expect("(")
        arguments: list[Expression] = []
        while self._operator() != ")":
            if arguments:
                self._expect(",")
            arguments.append(self.expression(0, depth + 1))
        self._expect(")")
        if len(arguments) < signature.least or len(arguments) > (signature.most or len(arguments)):
            raise ExpressionError(f"{name.text} takes {signature}, not {len(arguments)}", name.offset)
        _check_arguments(name, arguments)
        return self._sound(Call(name.text, tuple(arguments)), name.offset)

    def _sound(self, expression: Expression, offset: int) -> Expression:
        """The expression, unless it can never have a value or there are too many in one."""
        self._operators += 1
        if self._operators > MOST_OPERATORS:
            raise ExpressionError(f"the expression has more than {MOST_OPERATORS} operators and functions", offset)
        if fault := fault_of(expression):
            raise ExpressionError(fault, offset)
        return expression

    def _expect(self, operator: str) -> None:
        if self._next.kind != "operator" or self._next.text != operator:
            raise ExpressionError(f"expected {operator} here, not {_shown(self._next)}", self._next.offset)
        self._take()


def _check_arguments(name: Token, arguments: list[Expression]) -> None:
    """What some functions ask of the form of their arguments."""
    if name.text == "exists" and not isinstance(arguments[0], Field):
        raise ExpressionError("exists asks for a field: exists(pressure)", name.offset)
    if name.text == "round" and len(arguments) == 2:
        digits = arguments[1]
        if not isinstance(digits, Literal) or type(digits.value) is not int or not 0 <= digits.value <= 9:
            raise ExpressionError("round takes a number of digits from 0 to 9: round(pressure, 2)", name.offset)


def _literal(token: Token) -> Literal:
    if token.kind == "number":
        return Literal(_number(token))
    if token.kind == "text":
        return Literal(token.text)
    if token.kind == "name" and token.text in _CONSTANTS:
        return Literal(_CONSTANTS[token.text])
    raise ExpressionError(f"expected a field, a number or a text, not {_shown(token)}", token.offset)


def _number(token: Token) -> int | float:
    if token.text.isdecimal():
        whole = int(token.text)
        if whole >= 2**63:
            raise ExpressionError("the number is too large", token.offset)
        return whole
    number = float(token.text)
    if number == float("inf"):
        raise ExpressionError("the number is too large", token.offset)
    return number


def _shown(token: Token) -> str:
    return "the end" if token.kind == "end" else repr(token.text)
