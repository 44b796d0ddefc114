"""Where the CI of a new fleet gets the composer from."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from composer import __version__
from composer.pipeline.requirement import ANY_INDEX, origin_recorded
from tests.cli.kit import commit, composer
from tests.publish.making import git

NAME = f"edge_composer-{__version__}-py3-none-any.whl"


def requirement(root: Path) -> str:
    """The line that pip reads."""
    (line,) = (line for line in (root / "requirements.txt").read_text().splitlines() if not line.startswith("#"))
    return line


def wheel(file: Path, metadata: str = f"edge_composer-{__version__}.dist-info/METADATA") -> Path:
    with ZipFile(file, "w") as opened:
        opened.writestr(metadata, "Name: edge-composer\n")
    return file


@pytest.mark.parametrize(
    "address",
    [
        "git+https://git.example.com/edge/composer.git@v0.1.0",
        "git+ssh://git@git.example.com/edge/composer.git@0123abc",
        f"https://files.example.com/{NAME}",
    ],
)
def test_an_address_stands_in_the_requirements(tmp_path: Path, address: str) -> None:
    ran = composer(tmp_path, "init", "new", "--forge", "gitlab", "--composer", address)
    assert ran.code == 0
    assert requirement(tmp_path / "new") == f"edge-composer[gitlab] @ {address}"
    assert Requirement(requirement(tmp_path / "new")).url == address
    assert "pip looks for" not in ran.err


def test_of_a_wheel_the_fleet_keeps_a_copy(tmp_path: Path) -> None:
    content = wheel(tmp_path / NAME).read_bytes()
    assert composer(tmp_path, "init", "new", "--composer", NAME).code == 0
    assert requirement(tmp_path / "new") == f"./wheels/{NAME}[github,gitlab]"
    assert (tmp_path / "new/wheels" / NAME).read_bytes() == content
    assert composer(tmp_path / "new", "validate").code == 0


def test_without_a_word_it_is_where_this_one_is_from_or_an_index_which_is_said(tmp_path: Path) -> None:
    """Whoever runs the tests may have a clone of the composer from somewhere."""
    ran = composer(tmp_path, "init", "new", "--forge", "github")
    name, _, address = requirement(tmp_path / "new").partition(" @ ")
    assert name == ("edge-composer[github]" if address else f"edge-composer[github]=={__version__}")
    assert (f"pip looks for edge-composer[github]=={__version__} in its index" in ran.err) == (not address)


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("ext::sh -c id", "neither an address nor a wheel"),
        ("ext://sh", "no address that begins with"),
        ("git+https://host/x.git --index-url=https://evil.example.com", "no address that begins with"),
        ("git+https://host/x.git\n--pre", "no address that begins with"),
        ("https://ci:secret-word@host/x.whl", "holds a secret"),
        ("git+https://secret-word@host/x.git", "holds a secret"),
        ("missing.whl", "neither an address nor a wheel"),
        (NAME.replace(__version__, "9.9.9"), "cannot be read"),
        ("broken/" + NAME, "cannot be read"),
        ("other/" + NAME, "is no wheel of edge-composer"),
        (f"../{NAME}.txt", "neither an address nor a wheel"),
    ],
)
def test_what_nobody_could_install_from_is_refused_and_nothing_is_written(tmp_path: Path, named: str, why: str) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / NAME).write_text("no archive")
    (tmp_path / "other").mkdir()
    wheel(tmp_path / "other" / NAME, "other-1.0.dist-info/METADATA")
    ran = composer(tmp_path, "init", "new", "--composer", named)
    assert (ran.code, "error[E006]" in ran.err, why in ran.err) == (2, True, True), ran.err
    assert "secret-word" not in ran.err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("record", "address"),
    [
        (
            {"url": "https://git.example.com/x.git", "vcs_info": {"vcs": "git", "commit_id": "0123abc"}},
            "git+https://git.example.com/x.git@0123abc",
        ),
        (
            {"url": "ssh://git@git.example.com/x.git", "vcs_info": {"vcs": "git", "commit_id": "0123abc"}},
            "git+ssh://git@git.example.com/x.git@0123abc",
        ),
        ({"url": "https://files.example.com/x.whl", "archive_info": {}}, "https://files.example.com/x.whl"),
        ({"url": "https://ci:word@files.example.com/x.whl", "archive_info": {}}, ""),
        ({"url": "file:///home/me/x.whl", "archive_info": {}}, ""),
        ({}, ""),
    ],
)
def test_an_installed_composer_is_asked_for_where_it_came_from_if_others_get_there(
    record: dict[str, object], address: str
) -> None:
    found = origin_recorded(json.dumps(record) if record else "")
    assert (found.address, found == ANY_INDEX) == (address, not address)


@pytest.mark.parametrize(
    ("cloned_from", "address"),
    [
        ("https://git.example.com/x.git", "git+https://git.example.com/x.git@{commit}"),
        ("git@git.example.com:edge/x.git", "git+ssh://git@git.example.com/edge/x.git@{commit}"),
        ("ssh://git@git.example.com/x.git", "git+ssh://git@git.example.com/x.git@{commit}"),
        ("https://ci:word@git.example.com/x.git", ""),
        ("/srv/x.git", ""),
        ("ext::sh -c id", ""),
    ],
)
def test_a_checkout_is_asked_for_where_it_was_cloned_from_once_its_commit_is_there(
    tmp_path: Path, cloned_from: str, address: str
) -> None:
    record = json.dumps({"url": tmp_path.as_uri(), "dir_info": {"editable": True}})
    assert origin_recorded(record) == ANY_INDEX
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/file").write_text("")
    commit_id = commit(tmp_path)
    git(tmp_path, "config", "remote.origin.url", cloned_from)
    assert origin_recorded(record) == ANY_INDEX
    git(tmp_path, "update-ref", "refs/remotes/origin/main", commit_id)
    assert origin_recorded(record).address == address.format(commit=commit_id)
    inside = json.dumps({"url": (tmp_path / "inside").as_uri(), "dir_info": {}})
    assert origin_recorded(inside) == ANY_INDEX
