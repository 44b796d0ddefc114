"""A comparison as a comment of a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from composer.diagnostic import Place, error, warning
from composer.report.comment import FLAVOURS, MARKER_ROOM, Troubles, comment
from composer.report.diff import human
from composer.report.diff_json import as_json
from composer.report.markdown import code, fenced
from composer.report.unified import unified
from composer.stages.compare import SiteDiff, compare, compare_files, group
from tests.publish.making import config_map, deployment
from tests.report.hostile import PIECES, TEXTS, harmless


def diff_of(old: dict[str, Any], new: dict[str, Any], *sites: str) -> list[SiteDiff]:
    return [SiteDiff(site, f"site/{site}", compare(old, new), {}, {}) for site in sites or ("berlin-01",)]


def shown(
    diffs: list[SiteDiff], flavour: str = "github", unchanged: int = 0, gone: Sequence[str] = (), **troubles: Any
) -> str:
    return comment(group(diffs, unchanged, gone), FLAVOURS[flavour], Troubles(**troubles))


CONF = "".join(f"line {number}\n" for number in range(20))


def test_a_comment_reads_like_this() -> None:
    old = {"a": deployment("app", image="a:1"), "b": config_map("conf", CONF + "max 1000\n"), "c": config_map("gone")}
    new = {
        "a": deployment("app", image="a:2"),
        "b": config_map("conf", CONF + "max 2000\n"),
        "d": config_map("new"),
        "e": config_map("also-new"),
    }
    diffs = diff_of(old, new, "berlin-01", "paris-02")
    assert shown(diffs, unchanged=3) == (
        "#### 5 distinct changes at 2 of 5 sites\n"
        "\n"
        "2 added, 2 changed, 1 removed. Reaches 10 objects, of 1 tenant: `acme`.\n"
        "\n"
        "| look twice | changes | objects | sites |\n"
        "|---|--:|--:|--:|\n"
        "| deletes an object | 1 | 2 | 2 |\n"
        "| restarts pods | 1 | 2 | 2 |\n"
        "\n"
        "**1 object removed** at 2 sites: `berlin-01`, `paris-02`\n"
        "\n"
        "```diff\n"
        "- ConfigMap edge-platform/gone\n"
        "```\n"
        "\n"
        "**`~ Deployment tenant-acme/app`** at 2 sites: `berlin-01`, `paris-02`\n"
        "\n"
        "```diff\n"
        "! spec.template: restarts its pods\n"
        "@@ spec.template.spec.containers[name=app].image @@\n"
        "- a:1\n"
        "+ a:2\n"
        "```\n"
        "\n"
        "**2 objects added** at 2 sites: `berlin-01`, `paris-02`\n"
        "\n"
        "```diff\n"
        "+ ConfigMap edge-platform/also-new\n"
        "+ ConfigMap edge-platform/new\n"
        "```\n"
        "\n"
        "**`~ ConfigMap edge-platform/conf`** at 2 sites: `berlin-01`, `paris-02`\n"
        "\n"
        "```diff\n"
        "@@ data.file @@\n"
        "@ line 19\n"
        "  line 18\n"
        "  line 19\n"
        "- max 1000\n"
        "+ max 2000\n"
        "```\n"
        "\n"
    )


def test_no_changes_are_one_line() -> None:
    assert shown([], unchanged=10_000) == "#### No changes at 10,000 sites\n\n"


def test_sites_that_failed_or_are_gone_and_findings_stand_before_the_changes() -> None:
    findings = [warning("L999", f"nothing uses {number}", Place("sites/a.yaml", number, 1)) for number in range(1, 30)]
    findings.append(error("L120", "no parameter", Place("sites/z.yaml", 1, 1)))
    diffs = diff_of({}, {"a": config_map("a")})
    text = shown(diffs, "markdown", failed=["a"], gone=["b", "c"], findings=findings)
    before, _, _ = text.partition("**1 object added**")
    assert "**Not rendered, and not shown here:** 1 site: `a`.\n" in before
    assert "**No longer in the fleet:** 2 sites: `b`, `c`. Their branches stay until they are removed.\n" in before
    assert "```text\nsites/z.yaml:1:1: error[L120] no parameter\nsites/a.yaml:1:1: warning[L999]" in before
    assert "… 10 more findings not shown\n" in before


def test_long_blocks_are_folded_away_where_the_forge_can() -> None:
    diffs = diff_of({}, {str(n): config_map(f"c-{n:02}") for n in range(30)})
    assert "<details><summary>30 lines</summary>\n\n```diff\n+ ConfigMap edge-platform/c-00\n" in shown(diffs, "gitlab")
    assert "<details>" not in shown(diffs, "markdown")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_comment_never_gets_longer_than_the_forge_takes_and_counts_what_is_missing(flavour: str) -> None:
    most = FLAVOURS[flavour].most
    number = max(most // 8_000, 40)
    old = {str(n): config_map(f"c-{n:04}", "é\n") for n in range(number)}
    new = {str(n): config_map(f"c-{n:04}", f"{n}{'ü' * 190}\n" * 60) for n in range(number)}
    text = shown(diff_of({**old, "claim": CLAIM}, new), flavour)
    assert most // 2 < len(text.encode()) <= most - MARKER_ROOM
    left_out = re.search(
        r"\*\*Not shown, to keep the comment short enough:\*\* ([\d,]+) distinct changes at 1 site", text
    )
    assert left_out
    assert int(left_out[1].replace(",", "")) + text.count("`~ ConfigMap") == number
    # What cannot be undone is what is shown first.
    assert text.index("- PersistentVolumeClaim edge-platform/store\n! deletes the claim") < text.index("ConfigMap")


CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "store", "namespace": "edge-platform"},
    "spec": {"resources": {"requests": {"storage": "1Gi"}}},
}


def test_one_enormous_change_is_shown_shorter_and_leaves_room_for_others() -> None:
    old = {"a": config_map("a"), "b": config_map("b")}
    fields = {f"field-{n:04}": "x" * 180 for n in range(2_000)}
    new = {"a": {**config_map("a"), "data": fields}, "b": config_map("b", "b: 2\n")}
    text = shown(diff_of(old, new))
    assert "more fields not shown" in text
    assert "+ b: 2" in text
    assert "Not shown, to" not in text


@pytest.mark.parametrize("flavour", ["github", "markdown"])
def test_a_thousand_sites_with_hostile_values_are_one_harmless_comment_that_fits(flavour: str) -> None:
    sites = [f"site-{number:04}" for number in range(1_000)]
    evil = [f"{PIECES[number % len(PIECES)] * 40}{number}" for number in range(len(sites))]
    diffs = []
    for number, (site, text) in enumerate(zip(sites, evil, strict=True)):
        before = {"a": config_map("a", "x"), **({"gone": config_map(f"of-{site}")} if number % 3 else {"claim": CLAIM})}
        after = {"a": config_map("a", text), **({"new": config_map(text)} if number % 5 else {})}
        diffs += diff_of(before, after, site)
    found = [
        error("L120", text * 20, Place(f"sites/{site}.yaml", 1, 1)) for site, text in zip(sites, evil, strict=True)
    ]
    text = shown(diffs, flavour, failed=sites, gone=evil, findings=found)
    assert FLAVOURS[flavour].most // 2 < len(text.encode()) <= FLAVOURS[flavour].most - MARKER_ROOM
    assert_harmless(text)
    assert "**Not shown, to keep the comment short enough:** " in text
    assert "… 980 more findings not shown" in text
    assert "at 334 sites: `site-0000`, `site-0003`, `site-0006`, `site-0009`, `site-0012` and 329 more\n" in text


def test_very_many_changes_are_counted_though_there_is_room() -> None:
    old = {str(n): config_map(f"c-{n:04}", "1") for n in range(310)}
    new = {str(n): config_map(f"c-{n:04}", f"{n}.") for n in range(310)}
    text = shown(diff_of(old, new), "gitlab")
    assert text.count("`~ ConfigMap") == 300
    assert text.endswith("10 distinct changes at 1 site. `composer diff --format json` has them.\n")


def test_values_of_secrets_are_in_no_comment() -> None:
    secret = (
        b"apiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: {last: hunter0}}\nstringData: {a: hunter1}\n"
    )
    broken = b"kind: Secret\n\tstringData: {a: hunter1}\n"
    other = secret.replace(b"hunter", b"other-hunter")
    sops = secret.replace(b"hunter1", b"'ENC[AES256_GCM,data:hunter,iv:x,tag:x,type:str]'").replace(b"hunter0", b"x")
    for old, new in (
        (secret, other),
        (broken, secret),
        (broken, broken + b"# hunter2\n"),
        (sops, sops.replace(b"data:", b"data:other-")),
        (secret, None),
        (None, secret),
    ):
        before, after = ({"platform/s.yaml": text} if text else {} for text in (old, new))
        diffs = [SiteDiff("berlin-01", "site/berlin-01", compare_files(before, after), before, after)]
        texts = [*(shown(diffs, flavour) for flavour in FLAVOURS), human(group(diffs)), as_json(group(diffs))]
        assert not any("hunter" in text for text in [*texts, *unified(diffs)])


# Whatever a value holds

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
FOLDS = re.compile(r"<details><summary>[\d,]+ (line|finding)s?</summary>\n|</details>\n?")
PROSE = re.compile(r"[A-Za-z0-9 .,:()'…\n]*")


def inline(tokens: list[Token]) -> list[Token]:
    return [child for token in tokens if token.type == "inline" for child in token.children or ()]


def assert_harmless(text: str) -> None:
    """Values stand in code alone; there is no HTML, link, mention or reference but what the composer itself says."""
    assert harmless(text)
    tokens = MARKDOWN.parse(text)
    assert all(FOLDS.fullmatch(token.content) for token in tokens if token.type == "html_block")
    assert {token.type for token in inline(tokens)} <= {
        "text",
        "code_inline",
        "strong_open",
        "strong_close",
        "softbreak",
    }
    assert all(PROSE.fullmatch(token.content) for token in inline(tokens) if token.type == "text")
    assert {token.info for token in tokens if token.type == "fence"} <= {"diff", "text"}
    assert {token.tag for token in tokens if token.type == "heading_open"} == {"h4"}
    assert not any(token.type in ("code_block", "blockquote_open", "hr") for token in tokens)


def hostile_object(name: str, key: str, value: str, tenant: str) -> dict[str, Any]:
    labels = {"edge-composer.io/tenant": tenant}
    return {
        "apiVersion": "v1",
        "kind": f"Kind{name}",
        "metadata": {"name": name, "namespace": name, "labels": labels},
        "data": {key: value, f"{key}.acl": value},
    }


@given(TEXTS, TEXTS, TEXTS, TEXTS, st.sampled_from(sorted(FLAVOURS)))
@settings(max_examples=150)
def test_nothing_in_a_value_leaves_its_block(old: str, new: str, name: str, key: str, flavour: str) -> None:
    before = {"a": hostile_object(name, key, old, name), "b": hostile_object(f"x{name}", key, old, name)}
    after = {"a": hostile_object(name, key, new, name), "c": hostile_object(f"y{name}", key, new, name)}
    before["d"], after["d"] = (hostile_object(f"z{name}", key, f"{side}\n{old}\n{side}", key) for side in (new, "x"))
    found = [error("L120", f"{old}{new}", Place(name, 1, 1), hint=key)]
    diffs = diff_of(before, after, name or "x", "other")
    assert_harmless(shown(diffs, flavour, failed=[key], gone=[name], findings=found))


@given(TEXTS)
def test_inline_code_holds_all_of_a_text_and_nothing_else(text: str) -> None:
    (block,) = [token for token in MARKDOWN.parse(f"at {code(text)} end") if token.type == "inline"]
    assert [child.type for child in block.children or ()] == ["text", "code_inline", "text"]


@given(st.lists(TEXTS, max_size=4))
def test_a_block_of_code_has_a_line_for_each_text(lines: list[str]) -> None:
    (fence,) = MARKDOWN.parse(fenced(lines))
    assert (fence.type, fence.info, fence.content.count("\n")) == ("fence", "diff", len(lines))


@pytest.mark.parametrize("piece", PIECES)
def test_each_known_trick_fails_in_every_format_of_a_comparison(piece: str) -> None:
    values = [piece, f"a\n{piece}\nb", f"a\n{piece}\nc"]
    before = {str(n): config_map(f"n{n}", value) for n, value in enumerate(values)}
    after = {str(n): config_map(f"n{n}", f"{value}x\nlast") for n, value in enumerate(values)}
    after["new"] = config_map(piece)
    comparison = group(diff_of(before, after))
    for text in (human(comparison), as_json(comparison)):
        assert harmless(text)
    for flavour in FLAVOURS.values():
        assert_harmless(comment(comparison, flavour, Troubles()))


@given(TEXTS, TEXTS, TEXTS)
def test_no_format_of_a_comparison_carries_a_command(old: str, new: str, name: str) -> None:
    before, after = (
        hostile_object("a", name, f"1\n{old}\n2\n3\n4", "t"),
        hostile_object("a", name, f"1\n{old}\n{new}", "t"),
    )
    comparison = group(diff_of({"a": before}, {"a": after}))
    assert harmless(human(comparison))
    assert harmless(as_json(comparison))


@given(TEXTS, TEXTS, TEXTS)
def test_a_patch_carries_no_command_and_moves_no_cursor(old: str, new: str, path: str) -> None:
    before, after = ({path: f"a\n{text}\nb\n".encode(errors="surrogatepass")} for text in (old, new))
    diffs = [SiteDiff("x", "site/x", (), before, after)] if before != after else []
    # A patch changes no byte of what it shows, so it shows only what is harmless.
    text = "".join(unified(diffs)).replace("\t", "")
    assert harmless(text) or not text
