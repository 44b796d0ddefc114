"""The expressions of stream steps, such as `pressure > 180 and not maintenance` or `pressure / 100000`.

An expression reads the fields of one message. It can be checked, evaluated, and turned into Bloblang.
"""

from composer.model.expression.bloblang import to_bloblang
from composer.model.expression.evaluate import EvaluationError, evaluate
from composer.model.expression.nodes import Binary, Call, Expression, Field, Literal, Unary, fields_of
from composer.model.expression.parser import parse
from composer.model.expression.tokens import ExpressionError

__all__ = [
    "Binary",
    "Call",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "Field",
    "Literal",
    "Unary",
    "evaluate",
    "fields_of",
    "parse",
    "to_bloblang",
]
