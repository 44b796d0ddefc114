"""A fleet, a delivery repository on a real web server, and what must hold after whatever happened to them."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp

from tests.cli.kit import Ran, commit, composer, fleet, noted
from tests.load.fleets import document
from tests.publish.making import git
from tests.publish.server import Server, Web, address, made

MOST_RUNS = 3
"""Runs after a fault by which everything has to be where it belongs; one is the rule."""


@dataclass(frozen=True)
class World:
    """A committed fleet of so many *sites*, published once and changed since, and the server it is published to.

    *old* and *new* are the trees of the branches before and after, *seconds* is what publishing takes undisturbed.
    """

    folder: Path
    sites: int
    web: Web
    old: Mapping[str, str]
    new: Mapping[str, str]
    seconds: float

    @property
    def root(self) -> Path:
        return self.folder / "fleet"

    @cached_property
    def server(self) -> Server:
        return Server(address(self.web.port), self.folder / "server/delivery.git")

    @property
    def mirror(self) -> Path:
        """The repository on the publisher's side."""
        (found,) = (self.root / "out/mirrors").glob("*.git")
        return found

    def trees(self) -> dict[str, str]:
        """Branch at the server -> its tree."""
        return trees(self.server.repository)

    def moved(self) -> int:
        """How many branches are at their new tree."""
        return sum(self.new[branch] == tree for branch, tree in self.trees().items())

    def check_whole(self) -> None:
        """Every branch is only ever the old or the new state."""
        for branch, tree in self.trees().items():
            assert tree in (self.old[branch], self.new[branch]), f"{branch} is neither old nor new"

    def settle(self) -> int:
        """Publishes again until nothing is left; gives the number of runs. Nothing is lost, doubled or damaged then."""
        runs = 1
        while (done := self.publish()).code and runs < MOST_RUNS:
            runs += 1
        assert done.code == 0, done.err
        assert self.trees() == self.new
        once = git(self.server.repository, "rev-list", "--count", "--branches")
        assert int(once) == 2 * self.sites, "each branch has its first commit and one more"
        for repository in (self.server.repository, self.mirror):
            assert git(repository, "fsck", "--full", "--strict", "--no-dangling") == ""
            left = [*repository.glob("objects/pack/tmp_*"), *repository.glob("refs/**/*.lock")]
            assert repository != self.mirror or not left, left
        assert "0 sites published" in self.publish().err
        return runs

    def publish(self, *words: str, wrapper: tuple[str, ...] = ()) -> Ran:
        return composer(self.root, "publish", *words, wrapper=wrapper)


def trees(repository: Path) -> dict[str, str]:
    rows = git(repository, "for-each-ref", "--format=%(refname:lstrip=2) %(tree)", "refs/heads").splitlines()
    return dict(row.split() for row in rows)


def make(folder: Path, sites: int, programs: Mapping[str, str]) -> World:
    """The world that every round begins with. Its server does not run."""
    (folder / "server").mkdir(parents=True)
    made(folder / "server")
    web = Web(folder / "server", programs)
    world = World(folder, sites, web, {}, {}, 0)
    web.start()
    write(world.root, web.port, "old", sites)
    assert world.publish().code == 0
    old = world.trees()
    changed(world.root, "new", sites)
    web.stop()
    with copied(replace(world, old=old), programs) as trial:
        started = time.monotonic()
        assert trial.publish().code == 0
        seconds = time.monotonic() - started
        new = trial.trees()
    return replace(world, old=old, new=new, seconds=seconds)


@contextmanager
def copied(world: World, programs: Mapping[str, str]) -> Iterator[World]:
    """The same once more in a folder beside it, with a server that runs."""
    folder = Path(mkdtemp(prefix="round-", dir=world.folder.parent))  # nothing that still runs knows of it
    shutil.copytree(world.folder, folder, dirs_exist_ok=True)
    web = Web(folder / "server", programs, world.web.port)
    web.start()
    try:
        yield replace(world, folder=folder, web=web)
    finally:
        web.kill()
        shutil.rmtree(folder, ignore_errors=True)


def write(root: Path, port: int, text: str, sites: int) -> Path:
    """A committed fleet of sites with a text each, published to the server at *port*."""
    fleet(root, {"fleet.yaml": _document(port)})
    changed(root, text, sites)
    return root


def changed(root: Path, text: str, sites: int) -> None:
    """Gives every site another text, and commits that."""
    for number in range(sites):
        noise = (
            random.Random(f"{text} {number}").randbytes(1500).hex()
        )  # hardly compresses, so that sending takes a while
        (root / f"sites/s-{number:03}.yaml").write_text(noted(f"s-{number:03}", f"{text} {noise}"))
    commit(root)


def _document(port: int) -> str:
    spec = f'{{delivery: {{repository: "{address(port)}", url: "https://git.example.com/delivery.git"}}}}'
    return document("Fleet", "test", spec)
