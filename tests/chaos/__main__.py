"""`make chaos SEEDS=n`: rounds of every fault, as a table in Markdown. Ends with 1 where a promise was broken."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.faults import FAULTS, Round, play, two_publishers
from tests.chaos.world import World, changed, copied, make
from tests.conftest import find_programs

SITES, MANY = 14, 500


def main(seeds: int) -> int:
    """Plays *seeds* rounds of each fault, and one of two publishers over 500 branches. Gives the exit code."""
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
            print(f"| {name} | {seeds} | {_row(rounds)} | {seeds - len(rounds)} |", flush=True)
        print(f"| two publishers at once, {MANY} branches | 1 | {_many(Path(folder), programs, broken)} |")
    print(*broken, sep="\n")
    return 1 if broken else 0


def _rounds(world: World, programs: Mapping[str, str], name: str, seeds: int, broken: list[str]) -> Iterator[Round]:
    for seed in range(seeds):
        with copied(world, programs) as played:
            try:
                yield play(played, FAULTS[name], seed)
            except AssertionError as promise:
                broken.append(f"\n{name}, seed {seed}: {promise}")


def _row(rounds: list[Round]) -> str:
    codes = Counter("killed" if r.code < 0 else f"exit {r.code}" for r in rounds)
    moved = [r.moved for r in rounds]
    some = sum(0 < number < SITES for number in moved)
    runs = Counter(r.runs for r in rounds)
    ended = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
    branches = f"none: {moved.count(0)}, some: {some}, all: {moved.count(SITES)}"
    return f"{ended} | {branches} | {', '.join(f'{run}: {count}' for run, count in sorted(runs.items()))}"


def _many(folder: Path, programs: Mapping[str, str], broken: list[str]) -> str:
    world = make(folder / "many", MANY, programs)
    with copied(world, programs) as one:
        shutil.copytree(one.root, folder / "other/fleet")
        other = replace(one, folder=folder / "other")
        changed(other.root, "newer", MANY)
        try:
            first, second = two_publishers(one, other)
        except AssertionError as promise:
            broken.append(f"\ntwo publishers: {promise}")
            return "| | | 1"
        return f"both done | {first} by one, {second} by the other | up to 3 | 0"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
