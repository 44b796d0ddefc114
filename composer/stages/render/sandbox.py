"""The Jinja2 environment of all templates: plain data, item lookups, known filters, nothing else in reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import StrictUndefined
from jinja2.environment import TemplateModule
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from composer.diagnostic import did_you_mean
from composer.stages.render.filters import FILTERS, TESTS
from composer.stages.render.filters.quoted import concat, joined
from composer.stages.render.limits import OPERATORS, Meter, capped_range
from composer.stages.render.refusal import kind_of
from composer.stages.render.values import nothing

GLOBALS: dict[str, Callable[..., Any]] = {"range": capped_range}
"""What templates may call besides `text` and their own macros."""

_LOOP_NAMES = frozenset(
    [
        "index",
        "index0",
        "revindex",
        "revindex0",
        "first",
        "last",
        "length",
        "depth",
        "depth0",
        "previtem",
        "nextitem",
        "cycle",
        "changed",
    ]
)


class Missing(StrictUndefined):
    """What a lookup yields that finds nothing; using it is an error that says what was there instead."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        if self._undefined_obj is missing:
            return f"{self._undefined_name!r} is not there for this component"
        return f"there is no {self._undefined_name!r} in {_contents(self._undefined_obj, self._undefined_name)}"


def _contents(value: object, wanted: object) -> str:
    if not isinstance(value, Mapping):
        return kind_of(value)
    hint = did_you_mean(str(wanted), [str(key) for key in value])
    keys = ", ".join(str(key) for key in list(value)[:12])
    return "the mapping, " + (hint.rstrip("?") + "?" if hint else f"which has {keys or 'no keys'}")


class TextFunction:
    """Marks the one kind of Python object that templates may call besides macros; the renderer makes them."""

    def __call__(self, name: str, /, **extra: Any) -> str:
        raise NotImplementedError


class Sandbox(ImmutableSandboxedEnvironment):
    """Dots and brackets look items up and never reach an attribute; calls reach known functions only."""

    intercepted_binops = frozenset(OPERATORS)
    concat = staticmethod(concat)

    def __init__(self, meter: Meter, **options: Any) -> None:
        super().__init__(undefined=Missing, autoescape=False, optimized=False, keep_trailing_newline=True, **options)
        self.meter = meter
        self.globals = dict(GLOBALS)
        self.filters = dict(FILTERS)
        self.tests = dict(TESTS)
        self.binop_table.update(OPERATORS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The item *attribute* of *obj*."""
        try:
            return obj[attribute]
        except (LookupError, TypeError):
            return self._other(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The item *argument* of *obj*."""
        try:
            return obj[argument]
        except (LookupError, TypeError):
            return self._other(obj, argument)

    def _other(self, obj: Any, name: Any) -> Any:
        """The few names that Jinja2's own objects have, or something undefined."""
        if isinstance(obj, LoopContext) and name in _LOOP_NAMES:
            return getattr(obj, name)
        if isinstance(obj, TemplateModule) and isinstance(name, str) and not name.startswith("_"):
            return vars(obj).get(name, self.undefined(obj=obj, name=name))
        return self.undefined(obj=obj, name=name)

    def is_safe_callable(self, obj: Any) -> bool:
        if isinstance(obj, Macro | TextFunction | LoopContext | BlockReference):
            return True
        if isinstance(getattr(obj, "__self__", None), LoopContext):
            return obj.__name__ in ("cycle", "changed")
        return any(obj is known for known in GLOBALS.values())

    def call(self, context: Context, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        """As Jinja2's, but macros and `text` are not asked whether they would like to have the context, too: they have it."""
        if type(called) is Macro or isinstance(called, TextFunction):
            kwargs.pop("_block_vars", None)
            kwargs.pop("_loop_vars", None)
            return called(*args, **kwargs)
        return super().call(context, called, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        for value in (left, right):
            if isinstance(value, Undefined):
                raise nothing(value)
        return self.binop_table[operator](left, right)

    def tilde(self, parts: Iterable[Any]) -> str:
        """What `a ~ b` yields."""
        return joined(parts)
