"""Reading files: nothing outside of the root, nothing but regular files, nothing too large."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from composer.diagnostic import Place, Rejected
from composer.source.files import DOCUMENT_LIMIT, list_files, read_bytes, read_text
from composer.source.reader import read_document
from tests.source.reading import findings_of

OPEN = Path("/proc/self/fd")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A fleet's folder, beside a file that is none of its business."""
    (tmp_path / "secret.yaml").write_text("password: x\n")
    (tmp_path / "fleet" / "sites").mkdir(parents=True)
    (tmp_path / "fleet" / "sites" / "a.yaml").write_text("a: 1\n")
    return tmp_path / "fleet"


def codes(action: Callable[[], object]) -> list[str]:
    return [finding.code for finding in findings_of(action)]


def test_a_file_is_read_as_it_is(root: Path) -> None:
    assert read_bytes(root, "sites/a.yaml") == b"a: 1\n"
    assert read_text(root, "sites/../sites/a.yaml") == "a: 1\n"


def test_a_missing_file_is_an_error_that_names_the_nearest(root: Path) -> None:
    (finding,) = findings_of(lambda: read_bytes(root, "sites/b.yaml"))
    assert (finding.code, finding.place) == ("Y001", Place("sites/b.yaml"))
    assert "a.yaml" in finding.hint


def test_a_hint_never_names_what_lies_outside(root: Path) -> None:
    (finding,) = findings_of(lambda: read_bytes(root, "../secret.yml"))
    assert (finding.code, finding.hint) == ("Y001", "")


@pytest.mark.parametrize("path", ["no/such/folder.yaml", "sites/a.yaml/below", "a\0b", "x" * 300])
def test_a_path_that_cannot_be_opened_is_an_error(root: Path, path: str) -> None:
    assert codes(lambda: read_bytes(root, path)) == ["Y001"]


def test_a_folder_is_not_read(root: Path) -> None:
    assert codes(lambda: read_bytes(root, "sites")) == ["Y002"]


def test_a_pipe_is_refused_without_waiting_for_a_writer(root: Path) -> None:
    os.mkfifo(root / "pipe.yaml")
    assert codes(lambda: read_bytes(root, "pipe.yaml")) == ["Y002"]


def test_a_socket_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)  # the path of a socket has to be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.yaml")
        assert codes(lambda: read_bytes(root, "s.yaml")) == ["Y001"]


def test_a_device_is_refused(root: Path) -> None:
    (root / "zero.yaml").symlink_to("/dev/zero")
    assert codes(lambda: read_bytes(root, "zero.yaml")) == ["Y004"]
    assert codes(lambda: read_bytes(Path("/dev"), "zero")) == ["Y002"]


def test_a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_not(root: Path) -> None:
    (root / "big.yaml").write_bytes(b"#" * DOCUMENT_LIMIT)
    assert len(read_bytes(root, "big.yaml")) == DOCUMENT_LIMIT
    (root / "big.yaml").write_bytes(b"#" * (DOCUMENT_LIMIT + 1))
    assert codes(lambda: read_bytes(root, "big.yaml")) == ["Y003"]
    assert len(read_bytes(root, "big.yaml", limit=2 * DOCUMENT_LIMIT)) == DOCUMENT_LIMIT + 1


def test_a_file_of_fifty_megabytes_is_refused_without_reading_it(root: Path) -> None:
    with (root / "huge.yaml").open("wb") as file:
        file.truncate(50 << 20)
    code = f"""
from pathlib import Path
from composer.source.files import read_bytes
from tests.source.test_files import codes
import resource
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(codes(lambda: read_bytes(Path({str(root)!r}), "huge.yaml")))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 10_000)
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.split("\n")[:2] == ["['Y003']", "True"]


# Links


@pytest.mark.parametrize("target", ["../secret.yaml", "../../secret.yaml", "sites/../../secret.yaml"])
def test_a_path_out_of_the_tree_is_refused(root: Path, target: str) -> None:
    (root.parent.parent / "secret.yaml").write_text("x: 1")
    assert codes(lambda: read_bytes(root, target)) == ["Y004"]


def test_an_absolute_path_is_refused(root: Path) -> None:
    assert codes(lambda: read_bytes(root, str(root.parent / "secret.yaml"))) == ["Y004"]


def test_a_link_to_a_file_outside_is_refused(root: Path) -> None:
    (root / "link.yaml").symlink_to("../secret.yaml")
    assert codes(lambda: read_bytes(root, "link.yaml")) == ["Y004"]


def test_a_link_over_several_hops_that_ends_outside_is_refused(root: Path) -> None:
    (root / "one.yaml").symlink_to("sites/two.yaml")
    (root / "sites" / "two.yaml").symlink_to("../three.yaml")
    (root / "three.yaml").symlink_to(root.parent / "secret.yaml")
    assert codes(lambda: read_bytes(root, "one.yaml")) == ["Y004"]


def test_a_linked_folder_that_leads_outside_is_refused(root: Path) -> None:
    (root / "up").symlink_to("..")
    assert codes(lambda: read_bytes(root, "up/secret.yaml")) == ["Y004"]
    assert read_bytes(root, "up/fleet/sites/a.yaml") == b"a: 1\n"


def test_a_folder_whose_name_only_begins_like_the_root_is_outside(root: Path) -> None:
    (root.parent / "fleet-2").mkdir()
    (root.parent / "fleet-2" / "a.yaml").write_text("a: 2")
    assert codes(lambda: read_bytes(root, "../fleet-2/a.yaml")) == ["Y004"]


def test_links_inside_of_the_tree_are_followed(root: Path) -> None:
    (root / "link.yaml").symlink_to("sites/a.yaml")
    (root / "folder").symlink_to("sites")
    assert read_bytes(root, "link.yaml") == read_bytes(root, "folder/a.yaml") == b"a: 1\n"


def test_the_root_may_itself_be_a_link_or_relative(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root.parent / "alias").symlink_to("fleet")
    monkeypatch.chdir(root.parent)
    for way in (root.parent / "alias", Path("fleet"), Path("alias"), Path("./alias/../fleet")):
        assert read_bytes(way, "sites/a.yaml") == b"a: 1\n"
        assert codes(lambda way=way: read_bytes(way, "../secret.yaml")) == ["Y004"]  # type: ignore[misc]


def test_a_link_to_nothing_says_what_it_names(root: Path) -> None:
    (root / "x.yaml").symlink_to("sites/gone.yaml")
    with pytest.raises(Rejected) as rejected:
        read_bytes(root, "x.yaml")
    (found,) = rejected.value.diagnostics
    assert (found.code, found.hint) == ("Y001", "it is a link to sites/gone.yaml, which is not there")


def test_a_circle_of_links_is_an_error(root: Path) -> None:
    (root / "x.yaml").symlink_to("y.yaml")
    (root / "y.yaml").symlink_to("x.yaml")
    assert codes(lambda: read_bytes(root, "x.yaml")) == ["Y001"]


def outcome(root: Path) -> bytes | list[str]:
    try:
        return read_bytes(root, "link.yaml")
    except Rejected as rejected:
        return [finding.code for finding in rejected.diagnostics]


def test_a_link_that_is_swapped_while_it_is_read_never_gives_what_lies_outside(root: Path) -> None:
    """While somebody turns a link back and forth, every read gives the inner file or is refused."""
    stop = threading.Event()
    link = root / "link.yaml"
    link.symlink_to("sites/a.yaml")

    def swap() -> None:
        while not stop.is_set():
            for target in ("../secret.yaml", "sites/a.yaml"):
                (root / "new").symlink_to(target)
                (root / "new").replace(link)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(500):
            assert outcome(root) in (b"a: 1\n", ["Y004"])
    finally:
        stop.set()
        swapper.join()


# Text


@pytest.mark.parametrize(
    ("data", "line", "column", "hint"),
    [
        (b"a: \xff", 1, 4, "UTF-8"),
        ("a: é\nb: ".encode() + b"\xe9x", 2, 4, "UTF-8"),
        (b"a: \xed\xa0\x80", 1, 4, "UTF-8"),
        (b"a: \xc0\x80", 1, 4, "UTF-8"),
        ("a: 1".encode("utf-16"), 1, 1, "UTF-16"),
    ],
)
def test_a_file_that_is_not_utf8_is_an_error_at_its_first_bad_byte(
    root: Path, data: bytes, line: int, column: int, hint: str
) -> None:
    (root / "x.yaml").write_bytes(data)
    (finding,) = findings_of(lambda: read_document(root, "x.yaml"))
    assert (finding.code, str(finding.place)) == ("Y005", f"x.yaml:{line}:{column}")
    assert hint in finding.hint


# Listing


def test_files_are_listed_in_the_order_of_their_names(root: Path) -> None:
    for path in ("sites/b/c.yaml", "sites/b.yaml", "sites/b/a.yml", "sites/files/x.yaml", "sites/README.md"):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text("")
    (root / "sites" / ".hidden").mkdir()
    (root / "sites" / ".hidden" / "x.yaml").write_text("")
    (root / "sites" / "linked.yaml").symlink_to("a.yaml")
    found = list_files(root, "sites", (".yaml", ".yml"), without=["sites/files"])
    names = ["sites/a.yaml", "sites/b.yaml", "sites/b/a.yml", "sites/b/c.yaml", "sites/linked.yaml"]
    assert found == (names, [])


def test_a_folder_that_is_not_there_holds_no_files(root: Path) -> None:
    assert list_files(root, "profiles", ".yaml") == ([], [])


@pytest.mark.parametrize("target", ["../../", ".", "b"])
def test_a_linked_folder_is_reported_and_not_followed(root: Path, target: str) -> None:
    (root / "sites" / "b").mkdir()
    (root / "sites" / "link").symlink_to(target)
    files, findings = list_files(root, "sites", ".yaml")
    assert files == ["sites/a.yaml"]
    assert [(finding.code, finding.place.file) for finding in findings] == [("Y021", "sites/link")]


def test_a_circle_of_links_is_listed_and_refused_when_it_is_read(root: Path) -> None:
    (root / "sites" / "x.yaml").symlink_to("x.yaml")
    assert list_files(root, "sites", ".yaml") == (["sites/a.yaml", "sites/x.yaml"], [])
    assert codes(lambda: read_bytes(root, "sites/x.yaml")) == ["Y001"]


def test_a_file_where_a_folder_is_expected_is_an_error(root: Path) -> None:
    _, findings = list_files(root, "sites/a.yaml", ".yaml")
    assert [finding.code for finding in findings] == ["Y001"]


def test_reading_leaves_no_file_open(root: Path) -> None:
    (root / "link.yaml").symlink_to("../secret.yaml")
    before = len(list(OPEN.iterdir()))
    for path in ("sites/a.yaml", "link.yaml", "sites", "missing"):
        try:
            read_bytes(root, path)
        except Rejected:
            continue
    assert len(list(OPEN.iterdir())) == before
