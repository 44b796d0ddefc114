from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from composer.diagnostic import Diagnostic, Rejected
from composer.stages.publish import SiteFiles, Written, write_tree
from composer.stages.publish.folder import _Writer
from tests.publish.making import config_map, rendered, site, with_text

BROKER = "platform/edge-platform/configmap_broker.yaml"


def held(folder: Path) -> dict[str, bytes]:
    """Path -> content of every file, links not followed."""
    found = (Path(top) / name for top, _, names in os.walk(folder) for name in names)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def refusal(target: Path, files: SiteFiles) -> Diagnostic:
    with pytest.raises(Rejected) as rejected:
        write_tree(target, files.files)
    (finding,) = rejected.value.diagnostics
    return finding


def two_maps() -> SiteFiles:
    return site(
        "berlin-01",
        [rendered(config_map(name, namespace=name), role="ingress") for name in ("broker", "front")],
    )


def test_a_folder_holds_exactly_the_sites_files(tmp_path: Path) -> None:
    files = with_text("berlin-01", "one")
    written = write_tree(tmp_path / "out" / "berlin-01", files.files)
    assert held(tmp_path / "out" / "berlin-01") == files.files
    assert written == Written(len(files.files), 0)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["berlin-01"]


def test_only_what_differs_is_touched(tmp_path: Path) -> None:
    target = tmp_path / "berlin-01"
    write_tree(target, with_text("berlin-01", "one").files)
    assert write_tree(target, with_text("berlin-01", "one").files) == Written(0, 0)
    before = {path: (target / path).stat().st_ino for path in held(target)}
    assert write_tree(target, with_text("berlin-01", "two").files) == Written(2, 0)
    after = {path: (target / path).stat().st_ino for path in held(target)}
    assert {path for path in before if before[path] != after[path]} == {BROKER, "composer.lock.yaml"}
    assert held(target) == with_text("berlin-01", "two").files


def test_what_an_earlier_run_wrote_goes_and_what_others_wrote_stays(tmp_path: Path) -> None:
    target = tmp_path / "berlin-01"
    write_tree(target, two_maps().files)
    (target / "NOTES.md").write_text("mine")
    (target / "platform" / "broker" / "mine.txt").write_text("mine")
    rest = with_text("berlin-01", "x")
    assert write_tree(target, rest.files).removed == 2
    mine = {"NOTES.md": b"mine", "platform/broker/mine.txt": b"mine"}
    assert held(target) == {**rest.files, **mine}
    assert not (target / "platform" / "front").exists()


def test_what_is_gone_already_need_not_be_removed(tmp_path: Path) -> None:
    target = tmp_path / "berlin-01"
    write_tree(target, two_maps().files)
    shutil.rmtree(target / "platform")
    (target / "platform" / "broker" / "configmap_broker.yaml").mkdir(parents=True)
    rest = with_text("berlin-01", "x")
    write_tree(target, rest.files)
    assert held(target) == rest.files


def test_somebody_elses_file_in_the_way_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "berlin-01"
    (target / BROKER).parent.mkdir(parents=True)
    (target / BROKER).write_text("mine")
    finding = refusal(target, with_text("berlin-01", "one"))
    assert (finding.code, finding.place.file) == ("B032", str(target / BROKER))
    assert held(target) == {BROKER: b"mine"}


def test_a_file_of_ours_that_was_edited_is_written_anew(tmp_path: Path) -> None:
    target = tmp_path / "berlin-01"
    write_tree(target, with_text("berlin-01", "one").files)
    (target / BROKER).write_text("edited")
    write_tree(target, with_text("berlin-01", "one").files)
    assert held(target) == with_text("berlin-01", "one").files


@pytest.mark.parametrize("place", ["", "berlin-01", "berlin-01/platform", f"berlin-01/{BROKER}", ".berlin-01.new"])
def test_a_link_is_never_written_through(tmp_path: Path, place: str) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    out = tmp_path / "out"
    (out / place).parent.mkdir(parents=True, exist_ok=True)
    (out / place if place else out).symlink_to(victim)
    finding = refusal(out / "berlin-01", with_text("berlin-01", "one"))
    assert finding.code == "B030"
    assert not list(victim.iterdir())


def test_a_link_to_a_file_is_not_taken_for_the_file(tmp_path: Path) -> None:
    target = tmp_path / "berlin-01"
    write_tree(target, with_text("berlin-01", "one").files)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (target / BROKER).unlink()
    (target / BROKER).symlink_to(victim)
    assert refusal(target, with_text("berlin-01", "two")).code == "B030"
    assert victim.read_text() == "precious"


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "berlin-01").write_text("mine")
    finding = refusal(tmp_path / "berlin-01", with_text("berlin-01", "one"))
    assert finding.code == "B030"
    (tmp_path / "paris-02").mkdir()
    os.mkfifo(tmp_path / "paris-02" / "kustomization.yaml")
    assert refusal(tmp_path / "paris-02", with_text("paris-02", "one")).code == "B031"


@contextmanager
def room_for(number: int) -> Iterator[None]:
    """A disk that takes no file longer than this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_leaves_the_old_files_as_they_were(tmp_path: Path) -> None:
    target = tmp_path / "berlin-01"
    write_tree(target, with_text("berlin-01", "one").files)
    with room_for(4096):
        finding = refusal(target, with_text("berlin-01", "x" * 10_000))
        new = refusal(tmp_path / "paris-02", with_text("paris-02", "x" * 10_000))
    assert (finding.code, finding.place.file) == ("B031", str(target / BROKER))
    assert "too large" in finding.message
    assert held(target) == with_text("berlin-01", "one").files
    assert new.place.file == str(tmp_path / "paris-02" / BROKER)
    assert [path.name for path in tmp_path.iterdir()] == ["berlin-01"]


def test_a_run_killed_while_it_moved_files_is_made_good_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "berlin-01"
    write_tree(target, with_text("berlin-01", "one").files)
    real = os.replace

    def killed(*words: object, **options: object) -> None:
        if killed.left == 0:  # type: ignore[attr-defined]
            os._exit(9)
        killed.left -= 1  # type: ignore[attr-defined]
        real(*words, **options)  # type: ignore[arg-type]

    for left in range(4):
        write_tree(target, with_text("berlin-01", "one").files)
        killed.left = left  # type: ignore[attr-defined]
        monkeypatch.setattr(os, "replace", killed)
        child = os.fork()
        if child == 0:
            write_tree(target, two_maps().files)
            os._exit(0)
        assert os.waitpid(child, 0)[1] >> 8 == 9
        monkeypatch.setattr(os, "replace", real)
        # Not the same render: what the killed one has put there is still known to be the composer's.
        third = site("berlin-01", [rendered(config_map("third", namespace="third"), role="ingress")])
        write_tree(target, third.files)
        assert held(target) == third.files
        assert [path.name for path in tmp_path.iterdir()] == ["berlin-01"]


def test_a_folder_swapped_for_a_link_midway_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, victim = tmp_path / "berlin-01", tmp_path / "victim"
    victim.mkdir()
    write_tree(target, with_text("berlin-01", "one").files)
    stage = _Writer._stage

    def swapping(self: _Writer, changed: dict[str, bytes]) -> None:
        stage(self, changed)
        target.rename(tmp_path / "moved")
        target.symlink_to(victim)

    monkeypatch.setattr(_Writer, "_stage", swapping)
    write_tree(target, with_text("berlin-01", "two").files)
    assert not list(victim.iterdir())
