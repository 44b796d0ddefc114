"""What the tests of the reader share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from composer.diagnostic import Diagnostic, Rejected
from composer.source.reader import parse

FILE = "sites/berlin-01.yaml"


def read(text: str) -> Any:
    """The data of a text that is expected to be fine."""
    return parse(text, FILE).data


def findings_of(action: Callable[[], object]) -> tuple[Diagnostic, ...]:
    """What a refused action found."""
    with pytest.raises(Rejected) as caught:
        action()
    return caught.value.diagnostics


def refusals(text: str) -> list[str]:
    """The findings of a text, as `line:column code`."""
    found = findings_of(lambda: parse(text, FILE))
    assert all(finding.place.file == FILE for finding in found)
    return [f"{finding.place.line}:{finding.place.column} {finding.code}" for finding in found]
