"""`make chaos SEEDS=n`: rounds of every fault, and a tenth as many of two publishers over
500 branches, as a table in Markdown. Ends with 1 where a promise was broken."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.faults import FAULTS, Round, has_namespaces, play, two_publishers
from tests.chaos.world import World, changed, copied, make
from tests.conftest import find_programs

SITES, MANY = 14, 500


def main(seeds: int) -> int:
    """Plays *seeds* rounds of each fault, and a tenth as many of two publishers. Gives the exit code."""
    programs = find_programs("lighttpd")
    broken: list[str] = []
    with TemporaryDirectory() as folder:
        world = make(Path(folder) / "world", SITES, programs)
        print(
            "| fault | rounds | how the publishing ended | branches moved by then | runs until all had | broken promises |"
        )
        print("|---|---:|---|---|---|---:|")
        for name in FAULTS:
            rounds = list(_rounds(world, programs, name, seeds, broken))
            print(f"| {name}{_weaker(name)} | {seeds} | {_row(rounds)} | {seeds - len(rounds)} |", flush=True)
        pairs = max(1, seeds // 10)
        print(f"| two publishers at once, {MANY} branches | {pairs} | {_many(Path(folder), programs, pairs, broken)} |")
    print(*broken, sep="\n")
    return 1 if broken else 0


def _rounds(world: World, programs: Mapping[str, str], name: str, seeds: int, broken: list[str]) -> Iterator[Round]:
    for seed in range(seeds):
        with copied(world, programs) as played:
            try:
                yield play(played, FAULTS[name], seed)
            except AssertionError as promise:
                broken.append(f"\n{name}, seed {seed}: {promise}")


def _weaker(name: str) -> str:
    """What is said of a fault that this machine allows in part only."""
    return (
        "" if has_namespaces() or "disk" not in name else " (NO FILE SYSTEM MAY BE MOUNTED HERE: a limit on files only)"
    )


def _row(rounds: list[Round]) -> str:
    codes = Counter("killed" if r.code < 0 else f"exit {r.code}" for r in rounds)
    moved = [r.moved for r in rounds]
    some = sum(0 < number < SITES for number in moved)
    runs = Counter(r.runs for r in rounds)
    ended = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
    branches = f"none: {moved.count(0)}, some: {some}, all: {moved.count(SITES)}"
    return f"{ended} | {branches} | {', '.join(f'{run}: {count}' for run, count in sorted(runs.items()))}"


def _many(folder: Path, programs: Mapping[str, str], pairs: int, broken: list[str]) -> str:
    world = make(folder / "many", MANY, programs)
    moved: list[tuple[int, int]] = []
    for number in range(pairs):
        with copied(world, programs) as one:
            other = replace(one, folder=one.folder / "other")
            shutil.copytree(one.root, other.root)
            changed(other.root, "newer", MANY)
            try:
                moved.append(two_publishers(one, other))
            except AssertionError as promise:
                broken.append(f"\ntwo publishers, pair {number}: {promise}")
    first, second = (sum(numbers) for numbers in zip(*moved, strict=True)) if moved else (0, 0)
    return f"both done | {first} by one, {second} by the other | up to 3 | {pairs - len(moved)}"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
