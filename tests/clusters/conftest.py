"""One server for a module's tests, which begin with no cluster on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clusters.server import Api, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Api]:
    with serving() as started:
        yield started


@pytest.fixture
def api(server: Api) -> Api:
    server.forget()
    return server
