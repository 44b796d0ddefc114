"""How far a long command is: a bar on a terminal, a line now and then in CI, nothing in a pipe; and what to say at Ctrl-C."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, TextIO

from composer.cli import exits
from composer.model.wording import count

if TYPE_CHECKING:
    from composer.pipeline.watch import Phase

FIRST, BAR, LINES = 0.5, 0.1, 10.0
"""Seconds until a bar is shown at all, between two states of it, and between two lines."""

NOTHING_DONE = "nothing was written"
WAIT = ("moving branches", "pushing")
"""Phases that are waited for: they are short, and afterwards everybody knows where each branch is."""


class Progress:
    """A watch to be handed to the pipeline. *consequence* says what a command that is left now has done, unless branches move."""

    def __init__(
        self, stream: TextIO, style: str, consequence: str = NOTHING_DONE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._style = style
        self.consequence = consequence
        self._clock = clock
        self._started = self._shown = clock()
        self._width = 0
        self._at = ("", 0, 0)
        self.interrupted = False

    def __call__(self, phase: Phase, done: int, total: int) -> None:
        changed = phase != self._at[0]
        self._at = (phase, done, total)
        now = self._clock()
        if self._style == "bar" and now - self._started >= FIRST and (changed or now - self._shown >= BAR):
            import shutil

            self._shown = now
            self._draw(_bar(phase, done, total, shutil.get_terminal_size().columns))
        elif self._style == "lines" and now - self._shown >= LINES:
            self._shown = now
            print(f"{phase}: {done:,} of {count(total, 'site')}", file=self._stream, flush=True)

    def clear(self) -> None:
        """Takes the bar away, so that other text can stand there."""
        if self._width:
            self._draw("")

    def interrupt(self) -> None:
        """Ctrl-C: ends at once, or, where branches are under way, once it is known what became of them."""
        phase, done, total = self._at
        if phase in WAIT and not self.interrupted:
            self.interrupted = True
            _write(f"\ninterrupted while {phase}: waiting for what is under way; Ctrl-C again leaves at once\n")
            return
        far = f" while {phase}, {done:,} of {count(total, 'site')}" if total else ""
        what = "each branch is as it was or as it should be, and the same command does the rest"
        _write(f"\ninterrupted{far}: {what if phase in WAIT else self.consequence}\n")
        leave(exits.INTERRUPTED)

    def _draw(self, text: str) -> None:
        self._stream.write(f"\r{text.ljust(self._width)}" if text else f"\r{' ' * self._width}\r")
        self._stream.flush()
        self._width = len(text)


def _bar(phase: str, done: int, total: int, columns: int) -> str:
    """The bar, never as wide as the terminal, which would begin a new line."""
    numbers = f" {done:,}/{total:,}"
    room = max(0, min(30, columns - len(phase) - len(numbers) - 4))
    full = room * done // total if total else 0
    return f"{phase} [{'#' * full}{'.' * (room - full)}]{numbers}"[: columns - 1]


def style_of(stream: TextIO) -> str:
    """What fits a stream: a bar, lines, or nothing."""
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return "bar"
    return "lines" if os.environ.get("CI") else ""


_shown: list[Progress] = []
"""The progress of the command that runs, if it has any: a signal has nobody else to ask."""


def watching(consequence: str = NOTHING_DONE, *, quiet: bool = False) -> Progress:
    """The progress of this command on stderr; *quiet*, where its results go to the same terminal meanwhile."""
    progress = Progress(sys.stderr, "" if quiet else style_of(sys.stderr), consequence)
    _shown[:] = [progress]
    return progress


def on_interrupt(*_: object) -> None:
    """The handler of Ctrl-C. Not by KeyboardInterrupt: raised where nothing can be raised, it would be lost."""
    if _shown:
        _shown[0].interrupt()
    else:
        _write("\ninterrupted\n")
        leave(exits.INTERRUPTED)


def leave(code: int) -> NoReturn:
    """Ends at once: what is in memory need not be taken apart, and nobody waits for workers that are gone."""
    if "composer.source.temporary" in sys.modules:
        from composer.source.temporary import remove_temporary_folders

        remove_temporary_folders()
    # A signal may have come in the middle of writing, where nothing more can be written.
    with suppress(OSError, RuntimeError):
        sys.stderr.flush()
    os._exit(code)


def _write(text: str) -> None:
    """Past all buffers, which may be in use where the signal came."""
    with suppress(OSError):
        os.write(2, text.encode())
