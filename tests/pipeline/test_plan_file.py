"""Plans as files: what was saved is what is read, and everything else is told apart from it."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from composer.diagnostic import Rejected
from composer.pipeline.plan_file import Pin, Plan, plan_text, read_plan, write_plan

TREE, OTHER = "ab" * 20, "cd" * 20
PLAN = Plan("test", "ef" * 20, {"a": Pin("out/delivery.git", "site/a", "", TREE), "b": Pin("x", "site/b", OTHER, TREE)})


def signed(change: Any, text: str = plan_text(PLAN)) -> str:
    """The plan's text with a change to what it says, and a digest that fits it: what a liar would write."""
    body = json.loads(text)
    del body["digest"]
    change(body)
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return json.dumps({**body, "digest": f"sha256:{sha256(text.encode()).hexdigest()}"})


def refused(folder: Path, content: str | bytes) -> tuple[str, str]:
    """Code and message of what is said of a plan with this content."""
    file = folder / "plan.json"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(Rejected) as rejected:
        read_plan(file)
    (finding,) = rejected.value.diagnostics
    assert finding.place.file == str(file)
    return finding.code, finding.message


def test_what_was_saved_is_read_again_and_the_same_plan_is_the_same_bytes(tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.json", PLAN)
    read = read_plan(tmp_path / "plan.json")
    assert (read.fleet, read.source, read.sites) == (PLAN.fleet, PLAN.source, PLAN.sites)
    assert (
        plan_text(read)
        == (tmp_path / "plan.json").read_text()
        == plan_text(Plan("test", PLAN.source, dict(reversed(PLAN.sites.items()))))
    )
    assert [file.name for file in tmp_path.iterdir()] == ["plan.json"]


def test_ten_thousand_sites_are_two_megabytes(tmp_path: Path) -> None:
    sites = {f"s-{number:05}": Pin("x", f"site/s-{number:05}", OTHER, TREE) for number in range(10_000)}
    write_plan(tmp_path / "plan.json", Plan("test", "none", sites))
    assert (tmp_path / "plan.json").stat().st_size < 2_000_000
    assert read_plan(tmp_path / "plan.json").sites == sites


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_plan_whose_end_is_missing_is_told_so(tmp_path: Path, share: float) -> None:
    text = plan_text(PLAN)
    assert refused(tmp_path, text[: int(len(text) * share)]) == (
        "B051",
        "this is no plan of the composer: its end is missing",
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"[]",
        b"null",
        b'"plan"',
        b'{"kind":"Site"}',
        b'{"kind":"Plan"}',
        b'{"kind":"Plan","format":true}',
        b"[" * 100_000,
        b'{"kind":"Plan","format":1e999}',
        b"{a: 1}",
    ],
    ids=range(11),
)
def test_what_is_no_plan_is_told_so(tmp_path: Path, content: bytes) -> None:
    assert refused(tmp_path, content)[0] == "B051"


def test_a_plan_that_was_changed_is_told_so(tmp_path: Path) -> None:
    for old, new in ((TREE, OTHER), ("site/a", "site/b"), ('"test"', '"prod"'), ('"format":1', '"format":0')):
        assert refused(tmp_path, plan_text(PLAN).replace(old, new, 1))[0] == "B053"


def test_a_plan_of_a_newer_composer_is_told_so_whatever_else_it_says(tmp_path: Path) -> None:
    code, message = refused(tmp_path, '{"kind":"Plan","format":2,"composer":"9.1.0","pages":[1]}')
    assert (code, "9.1.0" in message) == ("B052", True)


@pytest.mark.parametrize(
    "row",
    [
        {"../../etc": [0, "site/a", "", TREE]},
        {"\x1b[31ma": [0, "site/a", "", TREE]},
        {"a": [0, "--upload-pack=x", "", TREE]},
        {"a": [0, "site/a\nb", "", TREE]},
        {"a": [7, "site/a", "", TREE]},
        {"a": [-1, "site/a", "", TREE]},
        {"a": [True, "site/a", "", TREE]},
        {"a": [0, "site/a", "HEAD", TREE]},
        {"a": [0, "site/a", "", "--all"]},
        {"a": [0, "site/a", "", None]},
        {"a": [0, "site/a", ""]},
        {"a": "site/a"},
        ["a"],
        None,
    ],
    ids=repr,
)
def test_a_plan_with_strange_rows_is_no_plan_even_with_a_digest_that_fits(tmp_path: Path, row: Any) -> None:
    assert refused(tmp_path, signed(lambda body: body.update(sites=row)))[0] == "B051"


def test_a_file_that_cannot_be_read_or_written_is_told_so(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing", tmp_path / "no/folder/plan.json"):
        with pytest.raises(Rejected, match="B050"):
            read_plan(path)
    for path in (tmp_path, tmp_path / "no/folder/plan.json"):
        with pytest.raises(Rejected, match="B050"):
            write_plan(path, PLAN)


def test_a_link_in_the_place_of_a_plan_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("dear")
    (tmp_path / "plan.json").symlink_to(tmp_path / "victim")
    write_plan(tmp_path / "plan.json", PLAN)
    assert (tmp_path / "victim").read_text() == "dear"
    assert read_plan(tmp_path / "plan.json").sites == PLAN.sites
