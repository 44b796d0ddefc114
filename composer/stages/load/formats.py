"""What a schema's `format` means: the exact rules of the composer's own units, names and topics.

Patterns in the schemas are for editors and may be looser. Each check raises UnitError, whose text ends the
sentence "expected ...".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from composer.model.expression import ExpressionError, parse
from composer.model.images import image
from composer.model.names import branch_fault, branch_of, expand_names, is_hostname
from composer.model.topics import topic, topic_filter
from composer.model.units import (
    UnitError,
    cidr,
    duration,
    percentage,
    port,
    quantity,
    rate,
    size,
)

Check = Callable[[object], bool]


def fits(check: Check) -> Check:
    """*check* as a plain question, which is answered and raises nothing."""

    def ask(value: object) -> bool:
        try:
            return check(value)
        except UnitError:
            return False

    return ask


def _of_text(check: Callable[[str], object]) -> Check:
    """*check* for values that are text; formats say nothing about others."""

    def ask(value: object) -> bool:
        if isinstance(value, str):
            check(value)
        return True

    return ask


def _hostname(value: str) -> None:
    if not is_hostname(value):
        raise UnitError("a host name such as berlin-01.edge.example.com")


def _address(value: str) -> None:
    expected = "host:port, such as 10.20.0.5:502"
    host, _, number = value.rpartition(":")
    if not host or not number.isdecimal():
        raise UnitError(expected)
    try:
        port(int(number))
    except UnitError as problem:
        raise UnitError(f"{expected}, with {problem}") from None


def _opcua(value: str) -> None:
    expected = "an OPC UA address such as opc.tcp://10.40.0.9:4840"
    try:
        address = urlsplit(value)
        good = address.scheme == "opc.tcp" and address.hostname and address.port != 0
    except ValueError:
        good = False
    if not good:
        raise UnitError(expected)


def _branch(value: str) -> None:
    fault = branch_fault(branch_of(value, "site"))
    if fault:
        raise UnitError(f"a branch name with {{site}} in it; as it is, {fault}")


def _expression(value: str) -> None:
    try:
        parse(value)
    except ExpressionError as problem:
        raise UnitError(f"an expression such as pressure > 180 ({problem})") from None


FORMATS: Mapping[str, Check] = {
    "edge-address": _of_text(_address),
    "edge-branch": _of_text(_branch),
    "edge-cidr": _of_text(cidr),
    "edge-device-names": _of_text(expand_names),
    "edge-duration": _of_text(duration),
    "edge-expression": _of_text(_expression),
    "edge-filter": _of_text(topic_filter),
    "edge-hostname": _of_text(_hostname),
    "edge-image": _of_text(image),
    "edge-opcua": _of_text(_opcua),
    "edge-percentage": _of_text(percentage),
    "edge-quantity": _of_text(quantity),
    "edge-rate": _of_text(rate),
    "edge-size": _of_text(size),
    "edge-topic": _of_text(topic),
}
