"""Cerberus with the composer's own types and coercions: the last word on parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cerberus import TypeDefinition, Validator, errors
from cerberus.schema import UnvalidatedSchema

from composer.stages.resolve.rules.coerce import COERCIONS
from composer.stages.resolve.rules.kinds import TYPES, below, fits, types_of


class _Kind(type):
    """A class whose instances are what a type accepts: this is how cerberus asks for types."""

    accepts: Callable[[Any], bool]

    def __instancecheck__(cls, value: object) -> bool:
        return cls.accepts(value)


def _definition(name: str) -> TypeDefinition:
    kind = _Kind(name, (), {"accepts": staticmethod(TYPES[name].accepts)})
    return TypeDefinition(name, (kind,), ())


_Coercing: Any = type(
    "_Coercing", (), {f"_normalize_coerce_{name}": staticmethod(coerce) for name, coerce in COERCIONS.items()}
)
"""The coercions as cerberus looks for them: methods of a name that it knows when the class is made."""


class ParameterValidator(_Coercing, Validator):  # type: ignore[misc]  # cerberus has no types
    """Cerberus, with bounds that know units and patterns for whole texts of bounded length."""

    types_mapping = {name: _definition(name) for name in TYPES}  # noqa: RUF012 - cerberus asks for a plain dict

    def _BareValidator__normalize_containers(  # noqa: N802 - cerberus' own name for a method of its own
        self, mapping: Mapping[Any, Any], schema: Mapping[Any, Any]
    ) -> None:
        """Looks only into values of the shape their rule speaks of.

        Cerberus would read the rule of a list's items as the rules of a mapping's entries, and break.
        """
        shaped = {field: rule if _has_shape(rule, mapping.get(field)) else {} for field, rule in schema.items()}
        super()._BareValidator__normalize_containers(mapping, shaped)

    def _validate_min(self, bound: Any, field: Any, value: Any) -> None:
        """{'nullable': False}"""
        if below(self.schema[field], value, bound):
            self._error(field, errors.MIN_VALUE)

    def _validate_max(self, bound: Any, field: Any, value: Any) -> None:
        """{'nullable': False}"""
        if below(self.schema[field], bound, value):
            self._error(field, errors.MAX_VALUE)

    def _validate_regex(self, pattern: str, field: Any, value: Any) -> None:
        """{'type': 'string'}"""
        if isinstance(value, str) and not fits(pattern, value):
            self._error(field, errors.REGEX_MISMATCH)


def _has_shape(rule: Mapping[str, Any], value: Any) -> bool:
    kinds = types_of(rule)
    return not kinds or any(kind.accepts(value) for kind in kinds)


def validator(schema: Mapping[str, Any]) -> ParameterValidator:
    """A validator for audited rules. Looking at them again would cost cerberus more than the check."""
    return ParameterValidator(UnvalidatedSchema(dict(schema)))
