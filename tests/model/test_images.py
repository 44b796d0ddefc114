"""References of container images."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.model.images import Image, image, parse_image
from composer.model.units import UnitError

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nginx:1", ("docker.io", "library/nginx", "1", "")),
        ("eclipse/mosquitto:2.0.22", ("docker.io", "eclipse/mosquitto", "2.0.22", "")),
        (
            "docker.io/library/eclipse-mosquitto:2.0.22",
            ("docker.io", "library/eclipse-mosquitto", "2.0.22", ""),
        ),
        ("ghcr.io/acme/stop-press@" + DIGEST, ("ghcr.io", "acme/stop-press", "", DIGEST)),
        ("ghcr.io/acme/x:1.0@" + DIGEST, ("ghcr.io", "acme/x", "1.0", DIGEST)),
        ("localhost/x:1", ("localhost", "x", "1", "")),
        ("registry:5000/a/b_c/d__e:v1", ("registry:5000", "a/b_c/d__e", "v1", "")),
        ("[::1]:5000/x:1", ("[::1]:5000", "x", "1", "")),
        ("quay.io/a/b", ("quay.io", "a/b", "", "")),
    ],
)
def test_a_reference_is_taken_apart_with_dockers_defaults(text: str, parts: tuple[str, ...]) -> None:
    found = parse_image(text)
    assert (found.registry, found.repository, found.tag, found.digest) == parts


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "nginx:",
        "nginx:-1",
        "Nginx:1",
        "a//b:1",
        "/a:1",
        "a:1:2",
        "a b:1",
        "a@sha256:12",
        "a@md5:" + "0" * 64,
        "a:1\n",
        "${X}:1",
    ],
)
def test_what_no_registry_serves_is_no_reference(bad: str) -> None:
    with pytest.raises(UnitError, match="an image with a tag or a digest"):
        parse_image(bad)


@pytest.mark.parametrize("moving", ["nginx", "nginx:latest", "quay.io/a/b:latest"])
def test_a_reference_that_may_change_is_not_allowed(moving: str) -> None:
    with pytest.raises(UnitError, match="may change"):
        image(moving)


@pytest.mark.parametrize("pinned", ["nginx:1", "nginx@" + DIGEST, "nginx:latest@" + DIGEST])
def test_a_pinned_reference_stays_as_it_is_written(pinned: str) -> None:
    assert image(pinned) == pinned


def test_only_text_is_a_reference() -> None:
    with pytest.raises(UnitError):
        image(5)


@given(
    st.sampled_from(["docker.io", "ghcr.io", "registry.example.com:5000", "localhost"]),
    st.lists(st.from_regex(r"[a-z0-9]{1,5}((\.|_|__|-)[a-z0-9]{1,5})?", fullmatch=True), min_size=2, max_size=4),
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}", fullmatch=True),
    st.sampled_from(["", DIGEST]),
)
def test_a_reference_in_full_reads_as_it_was_written(host: str, path: list[str], tag: str, digest: str) -> None:
    written = Image(host, "/".join(path), tag, digest)
    assert parse_image(str(written)) == written


@given(st.text(max_size=30) | st.text(st.sampled_from("aA0.:/@-_[]"), max_size=600))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_image(text)
    except UnitError:
        return
    assert text == text.strip()
