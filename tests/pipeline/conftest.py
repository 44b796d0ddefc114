"""What tests of many sites share."""

from __future__ import annotations

import pytest

from tests.cli.ready import compose_example


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """What comes with the composer, read and compiled: workers are forked from this process, and each would do it again."""
    compose_example()
