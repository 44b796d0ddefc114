"""How commands ask clusters: the kubeconfig's keys, the time each may take."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from composer.source.temporary import temporary_folder

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

    with temporary_folder() as folder:
        yield Kubeconfig(os.environ.get("KUBECONFIG") or "~/.kube/config", folder)
