"""Two spellings of one address are one repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.git.address import identity, portable

ONE = [
    ["ssh://git@git.example.com/edge/delivery.git", "ssh://git@GIT.example.com:22/edge/delivery.git/"],
    [
        "git@git.example.com:edge/delivery",
        "ssh://git@git.example.com/edge/delivery.git",
        "git@Git.Example.com:/edge//delivery.git",
    ],
    ["https://git.example.com/edge/delivery", "HTTPS://git.example.com:443/edge/./delivery.git/"],
    ["https://git.example.com/%65dge/delivery", "https://git.example.com./x/../edge/delivery"],
    ["http://[::1]:80/delivery.git", "http://[::1]/delivery"],
    ["ssh://git@git.example.com/~/delivery", "git@git.example.com:delivery.git"],
]
DIFFERENT = [
    ("https://git.example.com/edge/delivery", "https://git.example.com/edge/Delivery"),
    ("https://git.example.com/edge/delivery", "https://git.example.com:8443/edge/delivery"),
    ("https://git.example.com/edge/delivery", "http://git.example.com/edge/delivery"),
    ("ssh://git@git.example.com/edge/delivery", "ssh://other@git.example.com/edge/delivery"),
    ("ssh://git@git.example.com/edge/delivery", "ssh://git@git.example.com/edge/delivery-eu"),
    ("out/delivery.git", "out/delivery-eu.git"),
]


@pytest.mark.parametrize("spellings", ONE, ids=lambda spellings: spellings[0])
def test_spellings_of_one_address_are_one_repository(spellings: list[str], tmp_path: Path) -> None:
    assert len({identity(address, tmp_path) for address in spellings}) == 1


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_addresses_that_differ_in_more_are_two(one: str, other: str, tmp_path: Path) -> None:
    assert identity(one, tmp_path) != identity(other, tmp_path)


def test_a_folder_is_the_same_by_every_way_to_it(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "fleet", tmp_path / "repositories"
    (elsewhere / "delivery.git").mkdir(parents=True)
    root.mkdir()
    (root / "out").symlink_to(elsewhere)
    spellings = [
        "out/delivery.git",
        "out/delivery.git/",
        "./out//./delivery.git",
        "../repositories/delivery.git",
        f"{elsewhere}/delivery.git",
        f"{elsewhere}/delivery",
        f"file://{elsewhere}/delivery.git",
        f"FILE://localhost{elsewhere}/delivery",
    ]
    assert {identity(address, root) for address in spellings} == {str(elsewhere / "delivery.git")}


def test_what_lies_in_the_fleet_or_is_found_from_it_is_the_same_in_every_clone(tmp_path: Path) -> None:
    one, other = tmp_path / "one/fleet", tmp_path / "other/fleet"
    for address in (
        "out/delivery.git",
        "../delivery.git",
        "git@git.example.com:edge/delivery.git",
        "/srv/delivery.git",
    ):
        assert portable(address, one) == portable(address, other)
    assert portable("out/delivery.git/", one) == portable(f"{one}/out/delivery.git", one) == "out/delivery.git"
    assert portable("/srv/delivery.git", one) == "/srv/delivery.git"
