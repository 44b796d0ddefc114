"""Parts of the line on their own, each run as a process: `python -m tests.bench.steps shares|files|push FLEET [JOBS|ADDRESS]`."""

from __future__ import annotations

import gc
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

from composer.cli.main import COLLECT
from composer.git.push import push
from composer.git.remote import remote_of
from composer.git.repository import Repository
from composer.pipeline import line
from composer.pipeline.branch import files_of
from composer.pipeline.run import compose_all
from composer.stages.check import CheckContext
from composer.stages.load import load_fleet
from composer.stages.render import Renderer
from composer.stages.resolve import Resolver

STAGES: Mapping[str, Sequence[tuple[object, str]]] = {
    "load": [
        *((line, name) for name in ("load_site", "check_references", "read_payload", "read_certificates", "encrypted")),
    ],
    "resolve": [(Resolver, "resolve"), (Resolver, "spec")],
    "wire": [*((line, name) for name in ("wire", "check_topics", "schema_paths", "unknown_children", "child_of"))],
    "render": [(Renderer, "render")],
    "check": [(line, "check"), (CheckContext, "of")],
}
"""Stage -> the functions of it that the line calls, each as it is looked up."""


class Stopwatch:
    """CPU seconds by stage. What one stage calls of another counts for the other alone."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._running = ["rest"]
        self._since = time.process_time()

    def restart(self) -> None:
        """Forgets what was spent until now."""
        self.spent.clear()
        self._since = time.process_time()

    def switch(self, stage: str) -> None:
        now = time.process_time()
        self.spent[self._running[-1]] += now - self._since
        self._since = now
        self._running.append(stage)

    def back(self) -> None:
        now = time.process_time()
        self.spent[self._running.pop()] += now - self._since
        self._since = now

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def run(*arguments: Any, **named: Any) -> Any:
            self.switch(stage)
            try:
                return function(*arguments, **named)
            finally:
                self.back()

        return run


def shares(root: Path, most: int = 1000) -> None:
    """Prints the CPU seconds of each stage over the first sites of a fleet, as the line itself runs them in one process."""
    fleet, _ = load_fleet(root)
    watch = Stopwatch()
    for stage, functions in STAGES.items():
        for owner, name in functions:
            setattr(owner, name, watch.timed(stage, getattr(owner, name)))
    composing = line.Line(fleet)
    gc.freeze()
    gc.set_threshold(*COLLECT)
    watch.restart()
    for name in sorted(fleet.sites)[:most]:
        watch.switch("rest")
        composed = composing.compose(name)
        watch.back()
        assert composed.ok, composed.findings
    print(*(f"{stage}={watch.spent[stage]:.6f}" for stage in (*STAGES, "rest")))


def files(root: Path, jobs: int) -> None:
    """Makes every site's branch files and hands them to the parent process, which lets go of them: a publish without Git."""
    fleet, _ = load_fleet(root)
    for _made in compose_all(fleet, sorted(fleet.sites), jobs, files_of):
        pass


def push_all(root: Path, address: str) -> None:
    """Pushes the branches of the fleet's delivery repository to an empty one on a server, as `composer publish` does."""
    remote = remote_of(address)
    assert remote is not None
    refused = push(Repository((root / "out/delivery.git").resolve()), remote)
    assert not refused, refused


def objects(root: Path) -> None:
    """Prints the number of objects of the first site."""
    fleet, _ = load_fleet(root)
    print(len(line.Line(fleet).compose(min(fleet.sites)).objects))


if __name__ == "__main__":
    command, folder, *more = sys.argv[1:]
    if command == "files":
        files(Path(folder), int(more[0]))
    elif command == "push":
        push_all(Path(folder), more[0])
    else:
        {"shares": shares, "objects": objects}[command](Path(folder))
