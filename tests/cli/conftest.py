from __future__ import annotations

from pathlib import Path

import pytest

from tests.publish.server import Server, by_file


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """A server that is a folder: nothing has to run for it."""
    folder = tmp_path / "server"
    folder.mkdir()
    with by_file(folder) as found:
        return found
