"""One attempt to place a site's pods, and what stands in its way in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from composer.diagnostic import Related
from composer.model.packing import Load, Outcome, Pool, Shortage, pack, shortages
from composer.model.units import show_quantity
from composer.stages.check.loads import Ground, Grown
from composer.stages.check.places import written_at
from composer.stages.check.workloads import Workload

LARGEST = 3
"""How many of the largest consumers a finding points at."""


class Trial(NamedTuple):
    """*missing* is what shows without packing. Machines that are full before any load is placed are among it."""

    loads: tuple[Load, ...]
    pools: tuple[Pool, ...]
    outcome: Outcome
    missing: tuple[Shortage, ...]

    @property
    def fits(self) -> bool:
        return self.outcome.shares is not None


class Reason(NamedTuple):
    """Why pods find no place: a sentence, what to do (or ""), and where the largest consumers are written."""

    text: str
    hint: str
    related: tuple[Related, ...]


def everything(_: Workload) -> bool:
    return True


def nothing(_: Workload) -> bool:
    return False


def only(workload: Workload) -> Grown:
    return lambda other: other is workload


def try_out(ground: Ground, grown: Grown) -> Trial:
    """The site's pods on its machines, those of some workloads with what they have more for a while."""
    loads, pools = ground.loads(grown), ground.pools(grown)
    full = tuple(_full(ground, grown, pools))
    if full:
        return Trial(loads, pools, Outcome(None), full)
    outcome = pack(loads, pools)
    return Trial(loads, pools, outcome, () if outcome.shares is not None else tuple(shortages(loads, pools)))


def _full(ground: Ground, grown: Grown, pools: Sequence[Pool]) -> Iterator[Shortage]:
    """Machines that have less than the pods need that run on each of them."""
    names = tuple(daemon.name for daemon in ground.daemons if daemon.steady or grown(daemon))
    for pool, machine in zip(pools, ground.machines, strict=True):
        for dimension, room in enumerate(pool.room):
            if room < 0:
                here = tuple(name for name in names if machine.key in ground.where[name])
                offered = ground.offered(machine, ground.dimensions[dimension])
                yield Shortage(here, (machine.key,), dimension, offered - room, offered, alone=True)


def reasons(ground: Ground, trial: Trial) -> list[Reason]:
    """At least one reason why the trial failed: pods that fit nowhere, else sums that do not do, else the parts that are left."""
    sums = list({s.dimension: s for s in reversed(trial.missing) if not s.alone and s.dimension is not None}.values())
    alone = [shortage for shortage in trial.missing if shortage.alone]
    chosen = alone or sums[::-1] or trial.missing
    return [_reason(ground, trial, shortage) for shortage in chosen] or [_left_over(ground, trial)]


def _reason(ground: Ground, trial: Trial, shortage: Shortage) -> Reason:
    names = node_names(ground, shortage.pools, numbers=not shortage.alone)
    if shortage.dimension is None:
        label = _label(ground, shortage.loads[0])
        text = f"{label} has {shortage.needed:,} pods, of which {names} {_take(shortage)} only {shortage.room:,}"
        return Reason(text, "more nodes, or fewer replicas", _largest(ground, trial, shortage.loads, None))
    resource = ground.dimensions[shortage.dimension]
    needed, room = show(resource, shortage.needed), show(resource, shortage.room)
    lacking = show(resource, shortage.needed - shortage.room)
    taken = _taken(ground, shortage)
    if ground.workload(shortage.loads[0]).everywhere:
        text = f"the pods on every node need {resource} {needed}, but {names} can give only {room}{taken}: {lacking} are missing"
    elif shortage.alone:
        text = (
            f"{_label(ground, shortage.loads[0])} needs {resource} {needed}, but {names} can give only {room}{taken}: "
            f"{lacking} are missing, and no other node has more"
        )
    elif resource == "pods":
        text = f"there are {needed} pods, but {names} {_take(shortage)} only {room}"
    else:
        whose = "the pods" if set(shortage.pools) == {*ground.keys} else f"the pods for {names} alone"
        text = f"{whose} need {resource} {needed}, but {names} can give only {room}{taken}: {lacking} are missing"
    hint = "one pod has it at a time" if resource not in _BYTES and "/" in resource else ""
    return Reason(text, hint, _largest(ground, trial, shortage.loads, shortage.dimension))


def _take(shortage: Shortage) -> str:
    return "takes" if len(shortage.pools) == 1 else "take"


def _left_over(ground: Ground, trial: Trial) -> Reason:
    """There is enough of everything in sum, but not in one piece."""
    load = next(load for load in trial.loads if load.name in trial.outcome.left)
    needs = (
        f"{resource} {show(resource, need)}"
        for resource, need in zip(ground.dimensions, load.needs, strict=True)
        if need and resource != "pods"
    )
    what = f"{_label(ground, load.name)} ({', '.join(needs)})"
    ending = "finds no place" if trial.outcome.proved else "found no place, as far as was searched"
    text = f"the nodes have enough of everything together, but not in one piece: {what} {ending}"
    dimension = max(range(len(load.needs)), key=lambda d: _part(load, trial.pools, d))
    return Reason(text, "", _largest(ground, trial, tuple(load.name for load in trial.loads), dimension))


def _part(load: Load, pools: Sequence[Pool], dimension: int) -> float:
    return load.needs[dimension] / max(1, *(pool.room[dimension] for pool in pools))


def _largest(ground: Ground, trial: Trial, names: Sequence[str], dimension: int | None) -> tuple[Related, ...]:
    """Where the largest consumers of a dimension are written, with what they take."""
    at = ground.dimensions.index("pods") if dimension is None else dimension
    resource = ground.dimensions[at]
    taking = [(load.needs[at], load.pods, load.name) for load in trial.loads if load.name in names and load.needs[at]]
    taking += [(w.needs.get(resource, 0), w.steady, w.name) for w in ground.daemons if w.name in names]
    largest = sorted(taking, key=lambda found: (-found[0] * found[1], found[2]))[:LARGEST]
    return tuple(_consumer(ground, name, resource, amount, pods) for amount, pods, name in largest)


def _consumer(ground: Ground, name: str, resource: str, amount: int, pods: int) -> Related:
    many = f"{pods} x " if pods != 1 else ""
    message = f"{_label(ground, name)}: {many}{resource} {show(resource, amount)}"
    component = ground.workload(name).pod.subject.rendered.component
    behind = written_at(component)
    return Related(message, behind[0].place if behind else ground.nodes.place(()))


def _label(ground: Ground, name: str) -> str:
    return ground.workload(name).label


def node_names(ground: Ground, keys: Sequence[str], *, numbers: bool) -> str:
    """Names of machines, with *numbers* those of a pool with how many they are."""
    counts: dict[str, int] = {}
    for machine in ground.machines:
        if machine.key in keys:
            counts[machine.name] = counts.get(machine.name, 0) + machine.machines
    names = [name if count == 1 or not numbers else f"{name} ({count:,} nodes)" for name, count in counts.items()]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"node{'s' if len(names) > 1 else ''} {shown}" if names else "no node"


def _taken(ground: Ground, shortage: Shortage) -> str:
    """What the machines have that is not for these pods: " (8Gi less 1.49Gi for the system)"."""
    resource = ground.dimensions[shortage.dimension or 0]
    counted = [(m, 1 if shortage.alone else m.machines) for m in ground.machines if m.key in shortage.pools]
    has = sum(machine.has.get(resource, 0) * count for machine, count in counted)
    system = has - sum(machine.left.get(resource, 0) * count for machine, count in counted)
    if resource not in ("cpu", "memory", "storage") or not has:
        return ""
    everywhere = has - system - shortage.room
    parts = [
        f"{show(resource, amount)} for {whom}"
        for amount, whom in ((system, "the system"), (everywhere, "pods on every node"))
        if amount > 0
    ]
    return f" ({show(resource, has)} less {' and '.join(parts)})" if parts else ""


_BYTES = ("memory", "storage")


def show(resource: str, thousandths: int) -> str:
    """An amount for people: four figures of bytes and cores, exact for the rest."""
    if resource in _BYTES:
        for unit, size in (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
            if thousandths >= 1000 * size:
                return f"{thousandths / 1000 / size:.4g}{unit}"
    return (
        f"{thousandths / 1000:.4g}" if resource == "cpu" and thousandths > 1000 else show_quantity(thousandths / 1000)
    )
