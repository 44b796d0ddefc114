"""Limits on a template's appetite: how much it may make, and how long it may take."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from typing import Any, NamedTuple

from composer.diagnostic import Place, Rejected, error
from composer.stages.render.refusal import Refused

MAX_STRING = 1 << 20
"""Characters of one string: what one ConfigMap can hold."""

MAX_TEXT = 64 << 20
"""Characters of all texts of one component and of all values printed in them: a few dozen full ConfigMaps."""

MAX_STEPS = 200_000
"""Turns of all loops in the manifests of one component together."""

MAX_TEXT_STEPS = 1_000_000
"""Turns of all loops in its text templates together: a line each for a hub of ten thousand sites with dozens of rows."""

MAX_OBJECTS = 5_000
"""Objects of one component."""

MAX_LIST = 100_000
"""Items of a list made by an operator, a filter or `range`."""

MAX_BITS = 128
"""Size of an integer made by an operator."""


class Used(NamedTuple):
    """What templates used up: turns of loops in manifests, characters of text, and turns of loops in text templates."""

    steps: int = 0
    text: int = 0
    text_steps: int = 0

    def plus(self, other: Used) -> Used:
        return Used(self.steps + other.steps, self.text + other.text, self.text_steps + other.text_steps)

    def minus(self, other: Used) -> Used:
        return Used(self.steps - other.steps, self.text - other.text, self.text_steps - other.text_steps)

    @property
    def is_too_much(self) -> bool:
        return self.steps > MAX_STEPS or self.text > MAX_TEXT or self.text_steps > MAX_TEXT_STEPS


class Meter:
    """Counts what one component's templates use up; the only thing that changes while they run."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._steps = 0
        self._text = 0
        self._text_steps = 0

    @property
    def used(self) -> Used:
        """All until now."""
        return Used(self._steps, self._text, self._text_steps)

    def charge(self, used: Used) -> None:
        """The same once more, for something that is not made again."""
        self.steps(used.steps)
        self.text(used.text)
        self.text_steps(used.text_steps)

    def steps(self, count: int) -> None:
        """*count* more turns of a loop in a manifest."""
        self._steps += count
        if self._steps > MAX_STEPS:
            raise Refused("T013", f"the loops in the manifests of this component make more than {MAX_STEPS} turns")

    def text_steps(self, count: int) -> None:
        """*count* more turns of a loop in a text template."""
        self._text_steps += count
        if self._text_steps > MAX_TEXT_STEPS:
            message = f"the loops in the text templates of this component make more than {MAX_TEXT_STEPS} turns"
            raise Refused("T013", message)

    def text(self, count: int) -> None:
        """*count* more characters of text."""
        self._text += count
        if self._text > MAX_TEXT:
            raise Refused("T013", f"the text templates of this component make more than {MAX_TEXT} characters")


def capped_text(text: str) -> str:
    """*text*, unless it is too long for one string."""
    check_length(len(text))
    return text


def check_length(length: int) -> None:
    """Raises Refused where a string of *length* characters would be too long."""
    if length > MAX_STRING:
        raise Refused("T013", f"a template makes a string of {length} characters; {MAX_STRING} are allowed")


def check_list(length: int) -> None:
    """Raises Refused where a list of *length* items would be too long."""
    if length > MAX_LIST:
        raise Refused("T013", f"an expression makes a list of {length} items; {MAX_LIST} are allowed")


def capped_range(*bounds: int) -> range:
    """The global `range`."""
    made = range(*bounds)
    check_list(len(made))
    return made


def add(left: Any, right: Any) -> Any:
    """left + right."""
    if _is_number(left) and _is_number(right):
        return _capped_number(left + right)
    if isinstance(left, Sized) and isinstance(right, Sized):
        _check_size(left, len(left) + len(right))
    return left + right


def multiply(left: Any, right: Any) -> Any:
    """left * right."""
    if _is_number(left) and _is_number(right):
        return _capped_number(left * right)
    for value, times in ((left, right), (right, left)):
        if isinstance(value, Sized) and isinstance(times, int):
            _check_size(value, len(value) * times)
    return left * right


def power(left: Any, right: Any) -> Any:
    """left ** right."""
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * right > MAX_BITS:
        raise Refused("T013", f"{left} ** {right} is too large a number")
    return left**right


def modulo(left: Any, right: Any) -> Any:
    """left % right, for numbers only: on a string it would be formatting, which can make any length."""
    if _is_number(left) and _is_number(right):
        return left % right
    raise Refused("T011", "% works on numbers only", "join strings with ~")


OPERATORS = {"+": add, "*": multiply, "**": power, "%": modulo}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _capped_number(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise Refused("T013", "an expression made too large a number")
    return value


def _check_size(value: Sized, size: int) -> None:
    (check_length if isinstance(value, str) else check_list)(size)


class Expired(BaseException):
    """The time is up. Not an Exception, so that nothing on the way takes it for a failure of its own.

    *place* is where a template was at that moment, if one was running.
    """

    place: Place | None = None


_AGAIN = 1.0
"""Seconds after which a signal is repeated, in case it came where Python ignores exceptions."""


@contextmanager
def deadline(seconds: float, place: Place) -> Iterator[None]:
    """Rejects where the body takes longer than *seconds*, at the template that ran then, or else at *place*.

    For the main thread of a process only; deadlines do not nest.
    """

    def expire(_signal: int, _frame: object) -> None:
        raise Expired

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    except Expired as expired:
        message = f"not done after {seconds:g} seconds"
        raise Rejected([error("T014", message, expired.place or place, hint="look for a loop over too much")]) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
