"""How commands ask clusters: the kubeconfig's keys, the time each may take."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from composer.clusters import Kubeconfig


def seconds(text: str) -> float:
    """A time limit, for argparse."""
    number = float(text)
    if not 0 < number <= 3600:
        raise argparse.ArgumentTypeError("from above 0 to 3600")
    return number


@contextmanager
def kubeconfig() -> Iterator[Kubeconfig]:
    """The kubeconfig that `kubectl` would read too. Keys of it lie in a folder that goes with this process, on Ctrl-C too."""
    from composer.clusters import Kubeconfig

    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        before = signal.getsignal(signal.SIGINT)

        def leave(number: int, frame: FrameType | None) -> None:
            shutil.rmtree(folder, ignore_errors=True)
            if callable(before):
                before(number, frame)

        signal.signal(signal.SIGINT, leave)
        try:
            yield Kubeconfig(os.environ.get("KUBECONFIG") or "~/.kube/config", Path(folder))
        finally:
            signal.signal(signal.SIGINT, before)
