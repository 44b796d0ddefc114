"""Where a command's words go when nobody can take them: a full disk, a pipe whose reader has left, a closed descriptor."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO

LEAST = 3
"""Standard input, output and error: a file that got one of their numbers would be written to by whoever prints."""


class Outlet(io.FileIO):
    """A descriptor that is written to until that fails once. *lost* is why; what comes later is thrown away."""

    lost: OSError | None = None

    def write(self, content: Any, /) -> int:
        """A command that moves branches goes on, whoever listens."""
        try:
            if self.lost is None:
                return super().write(content) or 0
        except OSError as problem:
            self.lost = problem
        return len(content)


def open_streams() -> Outlet:
    """Has standard output and standard error go through outlets; the one of standard output is returned."""
    while (null := os.open(os.devnull, os.O_RDWR)) < LEAST:
        pass
    os.close(null)
    output, errors = Outlet(1, "w", closefd=False), Outlet(2, "w", closefd=False)
    sys.stdout = _text(output, sys.stdout, "strict")
    sys.stderr = _text(errors, sys.stderr, "backslashreplace")
    return output


def is_lost(stream: TextIO) -> bool:
    """Whether nobody takes what is written any more."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return isinstance(raw, Outlet) and raw.lost is not None


def _text(outlet: Outlet, before: TextIO | None, errors: str) -> TextIO:
    """A text stream as Python would have opened it."""
    by_line = errors != "strict" or outlet.isatty()
    encoding = before.encoding if before else "utf-8"
    how = (before.errors if before else None) or errors
    return io.TextIOWrapper(io.BufferedWriter(outlet), encoding, how, line_buffering=by_line)
