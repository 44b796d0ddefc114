"""What tests of all areas share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

# How fast a machine makes examples says nothing about the code. In CI the examples are the same in every run, so that a
# failure belongs to the change it is reported for; elsewhere they are new ones each time.
_SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
settings.register_profile("here", deadline=None, suppress_health_check=_SLOW)
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

Needs = Callable[..., dict[str, str]]
"""Program names to their paths; skips the test, loudly, where one is missing."""


@pytest.fixture(scope="session")
def needs() -> Needs:
    """For tests that run real programs: `needs("mosquitto")`.

    With COMPOSER_REQUIRE_SERVICES=1 a missing program fails the test, so that no build loses it unnoticed.
    """
    return find_programs


def find_programs(*names: str) -> dict[str, str]:
    search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])
    found = {name: shutil.which(name, path=search) for name in names}
    missing = ", ".join(name for name, path in found.items() if path is None)
    if missing and os.environ.get("COMPOSER_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{missing} is not installed, and COMPOSER_REQUIRE_SERVICES=1 asks for it")
    if missing:
        pytest.skip(f"SKIPPED: {missing} is not installed")
    return {name: path for name, path in found.items() if path}
