"""The memory that sizing predicts, against what a real broker takes. `make bench-capacity` does the same with all that fits."""

from __future__ import annotations

import pytest

from tests.bench.capacity.measurements import Row, connections, retained, waiting
from tests.bench.capacity.site import Bench
from tests.conftest import Needs

FAR = 0.2


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, needs: Needs) -> Bench:
    needs("mosquitto", "mosquitto_sub", "openssl")
    return Bench(tmp_path_factory.mktemp("bench"), "count: 100")


@pytest.mark.parametrize("tls", [False, True])
def test_clients_take_the_memory_that_was_predicted_and_so_do_more_of_them(bench: Bench, tls: bool) -> None:
    few, many = connections(bench, [500, 1000], tls=tls)
    assert_near(few)
    assert_near(many)
    more = (many.predicted - few.predicted) / (many.measured - few.measured)
    assert 1 - FAR < more < 1 + FAR


def test_messages_that_wait_take_the_memory_that_was_predicted_also_after_a_restart(bench: Bench) -> None:
    coming, restored = waiting(bench, 30_000, 220)
    assert restored.ratio == pytest.approx(1, abs=FAR)
    assert coming.predicted >= coming.measured * (1 - FAR)


def test_retained_messages_take_the_memory_that_was_predicted(bench: Bench) -> None:
    assert_near(retained(bench, 1000))


def assert_near(row: Row) -> None:
    assert row.ratio == pytest.approx(1, abs=FAR), row
