"""`make bench`: speed and memory on generated fleets, as a table in Markdown.

Figures are of whole processes, measured from outside. Each row is the median of several runs where runs are short.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from tests.bench import plain_git
from tests.bench.fleet import site_document, site_name, write_fleet
from tests.bench.measure import Run, composer, measure, peak_of_group
from tests.bench.yardstick import files_of, microseconds_per_object
from tests.publish.server import by_file, by_http

SIZES = (100, 1000, 10000)
RUNS_OF_SHORT = 5
REPOSITORY = Path(__file__).resolve().parents[2]


class Fleet:
    """A generated fleet in a repository of its own."""

    def __init__(self, parent: Path, sites: int) -> None:
        self.sites = sites
        self.root = parent / f"fleet-{sites}"
        write_fleet(self.root, sites)
        self._git("init", "--quiet")
        self.commit()

    def commit(self) -> None:
        (self.root / ".gitignore").write_text("out/\nrendered/\nsample/\nplain/\n")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", "fleet")

    def _git(self, *words: str) -> None:
        identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *words], cwd=self.root, check=True, stdout=subprocess.DEVNULL)

    def run(self, *words: str) -> Run:
        return measure(composer(*words), self.root, PYTHONPATH=str(REPOSITORY))

    def peak(self, *words: str) -> float:
        """MB of memory of a whole command on a fleet on which nothing was done yet."""
        self.forget()
        return peak_of_group(composer(*words), self.root, PYTHONPATH=str(REPOSITORY))

    def step(self, *words: str) -> Run:
        return measure([sys.executable, "-m", "tests.bench.steps", *words], REPOSITORY)

    def forget(self) -> None:
        """Removes whatever an earlier run left."""
        shutil.rmtree(self.root / "out", ignore_errors=True)

    def edit_one(self, seed: int) -> None:
        """Gives one site another parameter value."""
        number = self.sites // 2
        file = self.root / f"sites/r{number // 1000:02d}/{site_name(number)}.yaml"
        file.write_text(site_document(number).replace("maxConnections: ", f"maxConnections: {seed}"))


def middle(run: Callable[[], Run], runs: int) -> Run:
    """The run with the median wall time."""
    return sorted((run() for _ in range(runs)), key=lambda r: r.wall)[runs // 2]


def bench(parent: Path, sizes: list[int]) -> None:
    """Measures and prints; the largest fleet decides the rows that have no size."""
    say_machine()
    rows: dict[int, dict[str, float]] = {}
    for sites in sizes:
        rows[sites] = measure_fleet(Fleet(parent, sites))
    print_table(rows)
    helps = [measure(composer("--help"), REPOSITORY).wall * 1000 for _ in range(RUNS_OF_SHORT)]
    print(f"\n`composer --help`: {median(helps):.0f} ms (target: under 150)")


def measure_fleet(fleet: Fleet) -> dict[str, float]:
    """Every figure of one fleet by its name in the table."""
    row: dict[str, float] = {}
    runs = 5 if fleet.sites <= 1000 else 3
    sample = Sample(fleet)
    turns = [in_turn(fleet, sample) for _ in range(runs)]
    for name in turns[0]:
        row[name] = median(turn[name] for turn in turns)
    row["wiring, share of the line (target 0.20)"] = wiring_share(fleet)
    fleet.forget()
    made = fleet.step("files", str(fleet.root), "2")
    cold = fleet.run("publish", "--jobs", "2")
    assert cold.code == 0, cold
    git = plain_git.fast_import(fleet.root, fleet.root / "plain")
    row["publish, cold: wall s"] = cold.wall
    row["plain git fast-import of the same files: CPU s"] = git.cpu
    row["commits against plain fast-import, CPU (target 1.3)"] = (cold.cpu - made.cpu) / git.cpu
    again = middle(lambda: fleet.run("publish", "--jobs", "2"), RUNS_OF_SHORT)
    row["publish, nothing changed: wall s"] = again.wall
    row["nothing changed against cold (target 0.02)"] = again.wall / cold.wall
    row.update(pushed(fleet))
    row.update(edited(fleet))
    fleet.commit()
    row["peak memory of all processes, MB (target 500)"] = fleet.peak("publish", "--jobs", "2")
    return row


def in_turn(fleet: Fleet, sample: Sample) -> dict[str, float]:
    """One process, the yardstick, two processes, right after one another, so that a machine that changes its pace changes all."""
    one = fleet.run("validate", "--jobs", "1")
    yardstick = sample.microseconds()
    two = fleet.run("validate", "--jobs", "2")
    mine = one.cpu / fleet.sites / sample.objects * 1e6
    return {
        "objects a site": sample.objects,
        "validate, 1 process: wall s": one.wall,
        "validate, 1 process: CPU µs an object": mine,
        "yardstick: CPU µs an object": yardstick,
        "CPU against the yardstick (target 0.25)": mine / yardstick,
        "validate, 2 processes: wall s": two.wall,
        "speed-up by the second process (target 1.7)": one.wall / two.wall,
        "CPU ms a site": one.cpu / fleet.sites * 1000,
    }


def edited(fleet: Fleet) -> dict[str, float]:
    """One site edited, with a warm cache: diff of all sites, render of that one."""
    seeds = iter(range(1, 10))

    def diff() -> Run:
        fleet.edit_one(next(seeds))
        return fleet.run("diff")

    found = middle(diff, RUNS_OF_SHORT)
    name = site_name(fleet.sites // 2)
    rendered = middle(lambda: fleet.run("render", name, "-o", str(fleet.root / "rendered")), RUNS_OF_SHORT)
    return {"one site edited, diff: wall s (target 1)": found.wall, "one site edited, render: wall s": rendered.wall}


def pushed(fleet: Fleet) -> dict[str, float]:
    """All branches, new to a server, beside one plain push of the same; over http where there is a web server."""
    row: dict[str, float] = {}
    lighttpd = shutil.which("lighttpd", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
    for name, server in (("file", by_file), ("http", partial(by_http, programs={"lighttpd": lighttpd or ""}))):
        if name == "http" and not lighttpd:
            continue
        with server(empty(fleet.root / "out/plain")) as plain:
            git = plain_git.push(fleet.root / "out/delivery.git", plain.address)
        with server(empty(fleet.root / "out/server")) as mine:
            plain_git.forget_remotes(fleet.root / "out/delivery.git")
            step = fleet.step("push", str(fleet.root), mine.address)
            assert step.code == 0, step
        row[f"push of new branches by {name}: wall s"] = step.wall
        row[f"push by {name} against one plain push, wall (target 1.2)"] = step.wall / git.wall
    return row


def empty(folder: Path) -> Path:
    """The folder, with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


class Sample:
    """Two rendered sites, by which the yardstick goes; *objects* is the number of a site's objects."""

    def __init__(self, fleet: Fleet) -> None:
        folder = fleet.root / "sample"
        names = [site_name(0), site_name(1)]
        fleet.run("render", *names, "-o", str(folder))
        self._first, self._second = (files_of(folder / name) for name in names)
        self._rounds = max(20, min(200, fleet.sites))
        self.objects = len(self._first)

    def microseconds(self) -> float:
        """The yardstick's CPU time for one object."""
        return microseconds_per_object(self._first, self._second, self._rounds)


def wiring_share(fleet: Fleet) -> float:
    command = [sys.executable, "-m", "tests.bench.steps", "shares", str(fleet.root)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    spent = {stage: float(seconds) for stage, _, seconds in (word.partition("=") for word in done.stdout.split())}
    return spent["wire"] / sum(spent.values())


def say_machine() -> None:
    cpu = next(
        (x.partition(":")[2].strip() for x in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in x), ""
    )
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    print(f"{len(os.sched_getaffinity(0))} processors ({cpu}), Python {platform.python_version()}, git {git}\n")


def print_table(rows: dict[int, dict[str, float]]) -> None:
    sizes = list(rows)
    print("| what | " + " | ".join(f"{size:,} sites" for size in sizes) + " |")
    print("|---|" + "---:|" * len(sizes))
    for name in rows[sizes[0]]:
        print(f"| {name} | " + " | ".join(shown(rows[size][name]) for size in sizes) + " |")
    if len(sizes) > 1:
        cost = "CPU ms a site"
        print(
            f"\nCost a site at {sizes[-1]:,} against {sizes[0]:,} sites: {rows[sizes[-1]][cost] / rows[sizes[0]][cost]:.2f}"
        )


def shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


if __name__ == "__main__":
    chosen = [int(word) for word in sys.argv[1:]] or list(SIZES)
    with tempfile.TemporaryDirectory() as folder:
        bench(Path(folder), chosen)
