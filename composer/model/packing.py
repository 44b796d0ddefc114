"""Pods packed onto machines: a packing, the proof that there is none, or neither.

Equal pods are one *load*, equal machines one *pool*, and a pool of ten thousand costs what a pool of one does. Amounts are
whole numbers by dimension (cpu, memory...), the same dimensions in the same order everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

Amounts = tuple[int, ...]

UNBOUNDED = 10**30
"""Room in a dimension of which nothing is known: more than any sum of amounts that Kubernetes can hold."""

MOST_SEARCHED = 48
"""Pods up to which a packing is searched for exactly where quick ways find none."""

STEPS = 10_000
"""How far that search goes; about half a second."""


class Load(NamedTuple):
    """*pods* equal pods. *where* names the pools they may run on, *most* how many of them a machine takes (0: any number),
    *apart* the loads none of which may be on a machine with them."""

    name: str
    pods: int
    needs: Amounts
    where: tuple[str, ...]
    most: int = 0
    apart: tuple[str, ...] = ()


class Pool(NamedTuple):
    """*machines* equal machines with *room* for pods on each."""

    name: str
    machines: int
    room: Amounts


class Share(NamedTuple):
    """*machines* machines of a pool, each of which holds so many pods of each load."""

    pool: str
    machines: int
    holds: tuple[tuple[str, int], ...]


class Shortage(NamedTuple):
    """Why there can be no packing: *loads* need *needed* of a *dimension* (None: places on machines for whole pods), and the
    *pools* have *room* of it. With *alone* these are one pod and the machine that takes it best."""

    loads: tuple[str, ...]
    pools: tuple[str, ...]
    dimension: int | None
    needed: int
    room: int
    alone: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A packing (*shares*), or None: then *proved* says whether it is certain that there is none, and *left* which loads
    found no place."""

    shares: tuple[Share, ...] | None
    proved: bool = True
    left: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def pack(loads: tuple[Load, ...], pools: tuple[Pool, ...]) -> Outcome:
    """The loads, whose names differ, on the pools, whose names differ. The order of either makes no difference."""
    problem = _Problem(sorted((x for x in loads if x.pods), key=_by_name), sorted(pools, key=_by_room))
    left: tuple[str, ...] = ()
    for order in problem.orders():
        machines = problem.fill(order)
        if machines.left == ():
            return Outcome(machines.shares())
        left = left or machines.left
    if next(shortages(loads, pools), None):
        return Outcome(None, left=left)
    found = _Search(problem).run() if sum(load.pods for load in problem.loads) <= MOST_SEARCHED else None
    if found is None:
        return Outcome(None, proved=False, left=left)
    return Outcome(found.shares()) if found.left == () else Outcome(None, left=left)


def shortages(loads: Sequence[Load], pools: Sequence[Pool]) -> Iterator[Shortage]:
    """What is missing, as far as it shows without packing: pods too large for any machine first, then sums."""
    known = {pool.name: pool for pool in sorted(pools, key=_by_room)}
    wanted = sorted((load for load in loads if load.pods), key=_by_name)
    for load in wanted:
        yield from _alone(load, [known[name] for name in known if name in load.where])
    for where in sorted({tuple(sorted(load.where)) for load in wanted}, key=lambda names: (len(names), names)):
        yield from _together([x for x in wanted if set(x.where) <= set(where)], [known[n] for n in where])


def _by_name(load: Load) -> tuple[str, int]:
    return load.name, load.pods


def _by_room(pool: Pool) -> tuple[Amounts, int, str]:
    return pool.room, pool.machines, pool.name


def _alone(load: Load, pools: Sequence[Pool]) -> Iterator[Shortage]:
    lacking = [(_lacking(load.needs, pool.room), pool) for pool in pools]
    if lacking and all(dimensions for dimensions, _ in lacking):
        dimensions, pool = min(lacking, key=lambda found: (len(found[0]), [-x for x in found[1].room]))
        worst = max(dimensions, key=lambda d: (load.needs[d] - pool.room[d]) / load.needs[d])
        yield Shortage((load.name,), (pool.name,), worst, load.needs[worst], pool.room[worst], alone=True)
        return
    taken = sum(pool.machines * _on_each(load, pool.room) for pool in pools)
    if load.pods > taken:
        yield Shortage((load.name,), tuple(pool.name for pool in pools), None, load.pods, taken, alone=False)


def _on_each(load: Load, room: Amounts) -> int:
    """How many pods of a load an empty machine takes, at most all of them."""
    fitting = (have // need for need, have in zip(load.needs, room, strict=True) if need)
    return min(load.pods, load.most or load.pods, *fitting)


def _lacking(needs: Amounts, room: Amounts) -> list[int]:
    return [d for d, (need, have) in enumerate(zip(needs, room, strict=True)) if need > have]


def _together(loads: Sequence[Load], pools: Sequence[Pool]) -> Iterator[Shortage]:
    for dimension in range(len(loads[0].needs)):
        needed = sum(load.needs[dimension] * load.pods for load in loads)
        room = sum(pool.room[dimension] * pool.machines for pool in pools)
        if needed > room:
            names = tuple(load.name for load in loads)
            yield Shortage(names, tuple(pool.name for pool in pools), dimension, needed, room, alone=False)


class _Machine(NamedTuple):
    """What machines of a pool look like: what is left on each, and what each holds (load -> pods, sorted)."""

    pool: int
    room: Amounts
    holds: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Filled:
    """Machines and how many look like that; *left* are loads that found no place."""

    problem: _Problem
    machines: Mapping[_Machine, int]
    left: tuple[str, ...] = ()

    def shares(self) -> tuple[Share, ...]:
        loads, pools = self.problem.loads, self.problem.pools
        return tuple(
            Share(pools[m.pool].name, count, tuple((loads[load].name, pods) for load, pods in m.holds))
            for m, count in sorted(self.machines.items())
        )


class _Problem:
    """Loads and pools by number, with what is asked of them again and again."""

    def __init__(self, loads: Sequence[Load], pools: Sequence[Pool]) -> None:
        self.loads = loads
        self.pools = pools
        numbers = {load.name: number for number, load in enumerate(loads)}
        places = {pool.name: number for number, pool in enumerate(pools)}
        self.where = [frozenset(places[name] for name in load.where) for load in loads]
        apart = [{numbers[name] for name in load.apart if name in numbers} for load in loads]
        self.apart = [
            frozenset(other for other in range(len(loads)) if other in apart[one] or one in apart[other])
            for one in range(len(loads))
        ]

    @cached_property
    def totals(self) -> Amounts:
        """The room of all machines together; 0 where it is unbounded and so never binds."""
        sums = (sum(room * pool.machines for pool, room in self._rooms(d)) for d in range(len(self.pools[0].room)))
        return tuple(0 if total >= UNBOUNDED else total for total in sums)

    def _rooms(self, dimension: int) -> Iterator[tuple[Pool, int]]:
        return ((pool, pool.room[dimension]) for pool in self.pools)

    def shares_of(self, amounts: Amounts) -> list[float]:
        return [amount / total if total else 0.0 for amount, total in zip(amounts, self.totals, strict=True)]

    def orders(self) -> Iterator[list[int]]:
        """Loads by what makes them hard to place: by their largest share of all room, then by all shares together."""
        numbers = range(len(self.loads))
        for hardness in (max, sum):
            shares = [hardness(self.shares_of(load.needs)) if load.needs else 0.0 for load in self.loads]
            yield sorted(numbers, key=lambda n: (len(self.where[n]), -shares[n], self.loads[n]))
            yield sorted(numbers, key=lambda n: (-shares[n], len(self.where[n]), self.loads[n]))

    def empty(self) -> dict[_Machine, int]:
        return {_Machine(number, pool.room): pool.machines for number, pool in enumerate(self.pools)}

    def takes(self, number: int, machine: _Machine) -> int:
        """How many more pods of a load the machine takes, at most all of them."""
        load, held = self.loads[number], 0
        if machine.pool not in self.where[number]:
            return 0
        for other, pods in machine.holds:
            if other in self.apart[number]:
                return 0
            if other == number:
                held = pods
        most = min(load.pods, load.most - held) if load.most else load.pods
        fitting = (have // need for need, have in zip(load.needs, machine.room, strict=True) if need)
        return min(most, *fitting, UNBOUNDED)

    def loaded(self, number: int, machine: _Machine, pods: int) -> _Machine:
        """The machine with so many more pods of a load."""
        needs = self.loads[number].needs
        room = tuple(have - need * pods for need, have in zip(needs, machine.room, strict=True))
        holds = dict(machine.holds)
        holds[number] = holds.get(number, 0) + pods
        return _Machine(machine.pool, room, tuple(sorted(holds.items())))

    def fill(self, order: Sequence[int]) -> _Filled:
        """Each load in turn on the machines that it fills best."""
        machines = self.empty()
        left: list[str] = []
        for number in order:
            if self._place(number, machines):
                left.append(self.loads[number].name)
        return _Filled(self, machines, tuple(left))

    def _place(self, number: int, machines: dict[_Machine, int]) -> int:
        """Puts a load onto *machines*; gives how many pods are left."""
        left = self.loads[number].pods
        fitting = [machine for machine in machines if self.takes(number, machine)]
        for machine in sorted(fitting, key=lambda m: (sum(self.shares_of(m.room)), m)):
            each = self.takes(number, machine)
            full = min(left // each, machines[machine])
            self._move(machines, machine, self.loaded(number, machine, each), full)
            left -= full * each
            if left and machine in machines:
                self._move(machines, machine, self.loaded(number, machine, left), 1)
                left = 0
            if not left:
                break
        return left

    @staticmethod
    def _move(machines: dict[_Machine, int], before: _Machine, after: _Machine, count: int) -> None:
        if count:
            machines[before] -= count
            machines[after] = machines.get(after, 0) + count
            if not machines[before]:
                del machines[before]


class _Search:
    """Pods one by one, the hardest first, on every sort of machine, as far as STEPS go."""

    def __init__(self, problem: _Problem) -> None:
        self.problem = problem
        order = next(problem.orders())
        self.pods = [number for number in order for _ in range(problem.loads[number].pods)]
        self.failed: set[tuple[int, tuple[object, ...]]] = set()
        self.steps = STEPS
        self.matters = [bool(load.most or apart) for load, apart in zip(problem.loads, problem.apart, strict=True)]

    def run(self) -> _Filled | None:
        """Machines with all pods, or with none (and all *left*) where it is certain that this cannot be; None: given up."""
        found = self._from(0, self.problem.empty())
        if found is not None:
            return _Filled(self.problem, found)
        if self.steps <= 0:
            return None
        return _Filled(self.problem, self.problem.empty(), tuple(load.name for load in self.problem.loads))

    def _from(self, depth: int, machines: dict[_Machine, int]) -> dict[_Machine, int] | None:
        if depth == len(self.pods):
            return machines
        key = (depth, self._key(machines))
        self.steps -= 1
        if key in self.failed or self.steps <= 0:
            return None
        for machine, loaded in self._choices(self.pods[depth], machines):
            after = dict(machines)
            self.problem._move(after, machine, loaded, 1)
            found = self._from(depth + 1, after)
            if found is not None or self.steps <= 0:
                return found
        self.failed.add(key)
        return None

    def _choices(self, number: int, machines: dict[_Machine, int]) -> Iterator[tuple[_Machine, _Machine]]:
        fitting = sorted(machine for machine in machines if self.problem.takes(number, machine))
        for machine in sorted(fitting, key=lambda m: sum(self.problem.shares_of(m.room))):
            yield machine, self.problem.loaded(number, machine, 1)

    def _key(self, machines: dict[_Machine, int]) -> tuple[object, ...]:
        """Equal for machines that take the same further pods."""
        counts: dict[tuple[object, ...], int] = {}
        for machine, count in machines.items():
            held = tuple(pair for pair in machine.holds if self.matters[pair[0]])
            looks = (machine.pool, machine.room, held)
            counts[looks] = counts.get(looks, 0) + count
        return tuple(sorted(counts.items()))
