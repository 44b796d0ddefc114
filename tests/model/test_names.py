"""Names, held against git and against what Kubernetes allows."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from composer.model import names
from composer.model.names import branch_fault, branch_of, expand_names, shorten, site_name_fault, slug
from composer.model.units import UnitError


@pytest.mark.parametrize("good", ["a", "a-b", "0", "x" * 63, "berlin-01"])
def test_labels_are_lower_case_letters_digits_and_inner_dashes(good: str) -> None:
    assert names.is_label(good)


@pytest.mark.parametrize("bad", ["", "-a", "a-", "A", "a.b", "a_b", "x" * 64, "a\n", "ä", None, 5])
def test_what_dns_does_not_allow_is_no_label(bad: object) -> None:
    assert not names.is_label(bad)


def test_host_names_are_labels_joined_by_dots() -> None:
    assert names.is_hostname("berlin-01.edge.example.com")
    assert names.is_hostname(".".join(["x" * 63] * 3))
    for bad in (
        "",
        ".",
        "a..b",
        "a.",
        ".a",
        "a.-b",
        "A.b",
        "a.b\n",
        ".".join(["x" * 62] * 5),
        "x" * 64 + ".com",
        7,
    ):
        assert not names.is_hostname(bad)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "empty"),
        ("Berlin", "upper-case"),
        ("eu/berlin", "slash"),
        ("..", "dot"),
        ("a.lock", "dot"),
        ("-berlin", "begins with a dash"),
        ("berlin-", "ends with a dash"),
        ("berlin-next", "promotion"),
        ("x" * 64, "longer than 63"),
        ("köln", "characters other than"),
        ("a b", "characters other than"),
        ("a\n", "characters other than"),
    ],
)
def test_a_name_that_cannot_be_a_sites_is_told_why(name: str, fault: str) -> None:
    assert fault in site_name_fault(name)


@given(st.from_regex(names.LABEL, fullmatch=True))
def test_every_label_can_be_a_sites_name_but_those_kept_for_promotion(name: str) -> None:
    assert (site_name_fault(name) == "") == (not name.endswith("-next"))


@given(st.text(st.characters(codec="ascii"), max_size=10))
def test_a_sites_name_is_always_a_label_and_makes_a_good_branch(name: str) -> None:
    if not site_name_fault(name):
        assert names.is_label(name)
        assert branch_fault(branch_of(None, name)) == ""


def test_the_branch_of_a_site_follows_the_pattern() -> None:
    assert branch_of(None, "berlin-01") == "site/berlin-01"
    assert branch_of("env/{site}/live", "berlin-01") == "env/berlin-01/live"


BRANCHES = st.lists(st.sampled_from("a-./@{~^:?*[\\ \x00\x7fé" + "H"), max_size=6).map("".join)


@settings(max_examples=60, deadline=None)
@given(
    BRANCHES
    | st.sampled_from(["a.lock", "a.lock/b", "a/.b", "HEAD", "refs/heads/x", "a..b", "@", "a@{b", "a//b", "a/"])
)
@example("site/berlin-01")
def test_a_branch_without_faults_is_one_that_git_takes(branch: str) -> None:
    if "\0" in branch:
        assert branch_fault(branch)
        return
    asked = subprocess.run(["git", "check-ref-format", f"refs/heads/{branch}"], check=False)
    taken = asked.returncode == 0 and not branch.startswith("-") and branch != "@"
    own = branch == "HEAD" or branch.startswith("refs/")
    assert (branch_fault(branch) == "") == (taken and not own)


def test_branches_of_promotion_are_kept_free() -> None:
    assert "promotion" in branch_fault("site/berlin-next")
    assert branch_fault("site/next-berlin") == ""


@pytest.mark.parametrize(
    ("pattern", "expanded"),
    [
        ("press", ["press"]),
        ("press-{008..011}", ["press-008", "press-009", "press-010", "press-011"]),
        ("p{1..3}", ["p1", "p2", "p3"]),
        ("p{9..11}", ["p9", "p10", "p11"]),
        ("p{0..1}", ["p0", "p1"]),
        ("p{7..7}", ["p7"]),
        ("door-{left,right}", ["door-left", "door-right"]),
        ("{a,b}{1..2}", ["a1", "a2", "b1", "b2"]),
        ("{a,}b{,c}", ["ab", "abc", "b", "bc"]),
        ("line-{1..2}-press-{00..01}.x", [f"line-{a}-press-{b}.x" for a in "12" for b in ("00", "01")]),
    ],
)
def test_a_pattern_stands_for_its_names_in_order(pattern: str, expanded: list[str]) -> None:
    found = expand_names(pattern)
    assert list(found) == expanded
    assert len(found) == len(expanded)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("", "a name"),
        ("p-{5..1}", "goes up"),
        ("p-{01..100}", "same number of digits"),
        ("p-{", "a name"),
        ("p-}", "a name"),
        ("{{1..2}}", "a name"),
        ("p-{a}", "a range such as"),
        ("p-{}", "a range such as"),
        ("p-{a..c}", "a range such as"),
        ("p-{x,x}", "a range such as"),
        ("-x", "letters, digits"),
        ("{,a}-x", "letters, digits"),
        ("a/b", "letters, digits"),
        ("a+", "letters, digits"),
        ("p-{a,b/c}", "letters, digits"),
        ("{x,}", "letters, digits"),
        ("{x,}{y,}", "letters, digits"),
        ("{x,}-y", "letters, digits"),
        ("{a,aa}{a,aa}", "each of them once"),
        ("x" * 65, "at most 64 characters"),
        ("x" * 60 + "{00000..00001}", "at most 64 characters"),
        ("p-{0..1000000}", "at most 1000000"),
        ("{0..999}{0..999}{0..999}", "at most 1000000"),
    ],
)
def test_a_pattern_that_cannot_be_expanded_is_told_why(bad: str, why: str) -> None:
    with pytest.raises(UnitError, match=re.escape(why)):
        expand_names(bad)


def test_a_million_names_are_counted_without_being_made() -> None:
    found = expand_names("meter-{000000..999999}")
    assert len(found) == 1_000_000
    assert next(iter(found)) == "meter-000000"


@given(st.text(st.sampled_from("ab-{}.,019"), max_size=14))
def test_every_name_of_a_pattern_is_one_a_certificate_and_a_topic_can_hold(pattern: str) -> None:
    try:
        found = expand_names(pattern)
    except UnitError:
        return
    if len(found) <= 1000:
        expanded = list(found)
        assert len(expanded) == len(found)
        assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name) for name in expanded)


@given(st.from_regex(r"[a-z0-9]([-.a-z0-9]{0,80}[a-z0-9])?", fullmatch=True), st.integers(20, 63))
def test_a_shortened_name_fits_and_names_that_fit_stay(name: str, limit: int) -> None:
    short = shorten(name, limit)
    assert len(short) <= limit
    assert (short == name) == (len(name) <= limit)
    assert re.fullmatch(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?", short)


def test_names_with_the_same_beginning_stay_apart_and_are_the_same_every_time() -> None:
    assert shorten("x" * 70 + "a") != shorten("x" * 70 + "b")
    assert shorten("press-mean-of-the-very-long-name", 20) == "press-mean-8dc2d51a"


@given(st.text(max_size=80), st.integers(20, 63))
def test_a_slug_is_a_label_whatever_it_is_made_of(text: str, limit: int) -> None:
    made = slug(text, limit)
    assert names.is_label(made)
    assert len(made) <= limit


@given(st.text(max_size=20), st.text(max_size=20))
def test_different_texts_have_different_slugs(one: str, other: str) -> None:
    assert (slug(one) == slug(other)) == (one == other)
