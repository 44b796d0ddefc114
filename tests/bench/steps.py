"""Parts of the line on their own, each run as a process: `python -m tests.bench.steps shares|files|push FLEET [JOBS|ADDRESS]`."""

from __future__ import annotations

import gc
import sys
import time
from collections import defaultdict
from pathlib import Path

from composer.git.remote import push, remote_of
from composer.git.repository import Repository
from composer.pipeline.branch import files_of
from composer.pipeline.line import Line
from composer.pipeline.run import compose_all
from composer.stages.check import CheckContext, check
from composer.stages.load import check_references, load_fleet, load_site
from composer.stages.wire import wire


def shares(root: Path, most: int = 1000) -> None:
    """Prints the CPU seconds of each stage over the first sites of a fleet, in one process."""
    fleet, _ = load_fleet(root)
    line = Line(fleet)
    spent: dict[str, float] = defaultdict(float)
    gc.freeze()
    for name in sorted(fleet.sites)[:most]:
        started = time.process_time()
        document = load_site(fleet, name)
        check_references(fleet, document)
        spent["load"] += (loaded := time.process_time()) - started
        stack, _ = line.resolver.resolve(document)
        spent["resolve"] += (resolved := time.process_time()) - loaded
        wiring, _ = wire(stack, None)
        spent["wire"] += (wired := time.process_time()) - resolved
        objects = [o for w in wiring.wired for o in line.renderer.render(w.component, w.context)]
        spent["render"] += (rendered := time.process_time()) - wired
        check(objects, CheckContext.of(wiring))
        spent["check"] += time.process_time() - rendered
    print(*(f"{stage}={seconds:.6f}" for stage, seconds in spent.items()))


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
    print(len(Line(fleet).compose(min(fleet.sites)).objects))


if __name__ == "__main__":
    command, folder, *more = sys.argv[1:]
    if command == "files":
        files(Path(folder), int(more[0]))
    elif command == "push":
        push_all(Path(folder), more[0])
    else:
        {"shares": shares, "objects": objects}[command](Path(folder))
