"""Folders that are needed for a while, and go even where the command is left at once."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_there: list[Path] = []
"""Those of this process that are there: whoever leaves at once has nobody else to ask."""


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder that nobody else can enter, for as long as the block runs."""
    with TemporaryDirectory(prefix="composer-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _there.append(folder)
        try:
            yield folder
        finally:
            _there.remove(folder)


def remove_temporary_folders() -> None:
    """Takes away all that are there, for who ends the process without leaving their blocks. A git that ends at the same moment
    may still write a file where one was taken away.
    """
    for folder in tuple(_there):
        for _ in range(_TRIES):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(_PAUSE)


_TRIES = 40
_PAUSE = 0.05
"""Seconds between them."""
