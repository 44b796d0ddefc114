"""Pods on machines: laws that hold for every packing, and cases with known answers."""

from __future__ import annotations

from collections import Counter
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from composer.model.packing import Load, Outcome, Pool, pack, shortages

POOLS = ("a", "b", "c")


@st.composite
def problems(draw: st.DrawFn, pods: int = 3) -> tuple[tuple[Load, ...], tuple[Pool, ...]]:
    """Small loads and pools of two dimensions, tight enough that both answers occur."""
    pools = tuple(
        Pool(name, draw(st.integers(1, 2)), (draw(st.integers(0, 12)), draw(st.integers(0, 12))))
        for name in POOLS[: draw(st.integers(1, 3))]
    )
    names = [f"l{number}" for number in range(draw(st.integers(1, 3)))]
    loads = tuple(
        Load(
            name,
            draw(st.integers(0, pods)),
            (draw(st.integers(0, 8)), draw(st.integers(0, 8))),
            tuple(draw(st.sets(st.sampled_from([p.name for p in pools]), min_size=1))),
            draw(st.sampled_from([0, 0, 1, 2])),
            tuple(draw(st.sets(st.sampled_from(names), max_size=1)) - {name}),
        )
        for name in names
    )
    return loads, pools


def fits_by_trying_everything(loads: tuple[Load, ...], pools: tuple[Pool, ...]) -> bool:
    """Every pod on every machine: the answer that cannot be wrong."""
    machines = [pool for pool in pools for _ in range(pool.machines)]
    pods = [load for load in loads for _ in range(load.pods)]
    return any(
        all(
            _is_right(loads, pool, [pod for pod, at in zip(pods, choice, strict=True) if at == number])
            for number, pool in enumerate(machines)
        )
        for choice in product(range(len(machines)), repeat=len(pods))
    )


def _is_right(loads: tuple[Load, ...], pool: Pool, pods: list[Load]) -> bool:
    """Whether one machine of the pool may hold these pods."""
    held = Counter(pod.name for pod in pods)
    sums = [sum(pod.needs[d] for pod in pods) for d in range(len(pool.room))]
    return (
        all(need <= room for need, room in zip(sums, pool.room, strict=True))
        and all(pool.name in load.where for load in loads if held[load.name])
        and all(not load.most or held[load.name] <= load.most for load in loads)
        and not any(held[load.name] and held[other] for load in loads for other in load.apart)
    )


@given(problems())
def test_a_packing_holds_every_pod_once_and_overfills_no_machine(
    problem: tuple[tuple[Load, ...], tuple[Pool, ...]],
) -> None:
    loads, pools = problem
    outcome = pack(loads, pools)
    if outcome.shares is None:
        return
    by_name = {load.name: load for load in loads}
    placed: Counter[str] = Counter()
    for pool in pools:
        assert sum(share.machines for share in outcome.shares if share.pool == pool.name) == pool.machines
        for share in (share for share in outcome.shares if share.pool == pool.name):
            assert _is_right(loads, pool, [by_name[name] for name, pods in share.holds for _ in range(pods)])
            placed.update({name: pods * share.machines for name, pods in share.holds})
    assert placed == Counter({load.name: load.pods for load in loads if load.pods})


@settings(max_examples=60)
@given(problems(pods=2))
def test_the_answer_is_that_of_trying_everything(problem: tuple[tuple[Load, ...], tuple[Pool, ...]]) -> None:
    outcome = pack(*problem)
    assert outcome.shares is not None or outcome.proved
    assert (outcome.shares is not None) == fits_by_trying_everything(*problem)


@given(problems(), st.integers(0, 12), st.integers(0, 12))
def test_one_more_machine_never_makes_what_fits_not_fit(
    problem: tuple[tuple[Load, ...], tuple[Pool, ...]], one: int, two: int
) -> None:
    loads, pools = problem
    wider = tuple(load._replace(where=(*load.where, "more")) for load in loads)
    if pack(loads, pools).shares is not None:
        assert pack(loads, (*pools, Pool("more", 1, (one, two)))).shares is not None
        assert pack(wider, (*pools, Pool("more", 1, (one, two)))).shares is not None


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_pods_and_machines_makes_no_difference(
    problem: tuple[tuple[Load, ...], tuple[Pool, ...]], random: object
) -> None:
    loads, pools = (list(part) for part in problem)
    random.shuffle(loads)  # type: ignore[attr-defined]
    random.shuffle(pools)  # type: ignore[attr-defined]
    assert pack(tuple(loads), tuple(pools)) == pack(*problem)


@given(problems())
def test_what_is_called_missing_is_missing(problem: tuple[tuple[Load, ...], tuple[Pool, ...]]) -> None:
    if next(shortages(*problem), None):
        assert not fits_by_trying_everything(*problem) if _is_small(problem) else pack(*problem).shares is None


def _is_small(problem: tuple[tuple[Load, ...], tuple[Pool, ...]]) -> bool:
    loads, pools = problem
    return int(sum(pool.machines for pool in pools)) ** int(sum(load.pods for load in loads)) < 1000


def test_what_first_fit_cannot_place_is_found() -> None:
    """Three machines filled to the last, which the largest first never finds."""
    loads = tuple(Load(f"p{n}", 1, (size,), ("box",)) for n, size in enumerate((44, 24, 24, 22, 21, 17, 8, 8, 6, 6)))
    outcome = pack(loads, (Pool("box", 3, (60,)),))
    assert outcome.shares is not None
    assert sorted(sum(loads[int(name[1:])].needs[0] for name, _ in share.holds) for share in outcome.shares) == [
        60,
        60,
        60,
    ]


def test_ten_thousand_machines_are_filled_as_one() -> None:
    loads = (Load("big", 10_000, (3,), ("pool",), most=1), Load("small", 20_000, (1,), ("pool",)))
    outcome = pack(loads, (Pool("pool", 10_000, (5,)),))
    assert outcome.shares == ((("pool", 10_000, (("big", 1), ("small", 2)))),)
    assert pack((loads[0]._replace(pods=10_001), loads[1]), (Pool("pool", 10_000, (5,)),)) == Outcome(
        None, proved=True, left=("big",)
    )
