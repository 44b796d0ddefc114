"""A round of each fault; `make chaos SEEDS=n` plays n rounds."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.faults import FAULTS, play, two_publishers
from tests.chaos.world import World, changed, copied, make
from tests.conftest import Needs

SITES = 14


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, needs: Needs) -> World:
    return make(tmp_path_factory.mktemp("chaos") / "world", SITES, needs("lighttpd"))


@pytest.mark.parametrize("fault", FAULTS)
def test_after_the_fault_the_same_command_brings_everything_to_where_it_belongs(
    world: World, needs: Needs, fault: str
) -> None:
    with copied(world, needs("lighttpd")) as played:
        play(played, FAULTS[fault], seed=1)


def test_of_two_publishers_at_once_no_update_is_lost(world: World, needs: Needs, tmp_path: Path) -> None:
    with copied(world, needs("lighttpd")) as one:
        shutil.copytree(one.root, tmp_path / "other/fleet")
        other = replace(one, folder=tmp_path / "other")
        changed(other.root, "newer", SITES)
        first, second = two_publishers(one, other)
        assert first + second >= SITES
