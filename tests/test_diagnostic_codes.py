"""The page of diagnostics and the code agree."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import composer
from composer.report.codes import all_codes, explain_code, title_of
from composer.source.packaged import packaged

CODE = re.compile(r"[A-Z]\d{3}")
FAMILIES = "YDLWTKBXER"


def codes_in(tree: ast.AST) -> set[str]:
    """The strings that are codes, and nothing else, wherever they stand."""
    strings = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {text for text in strings if isinstance(text, str) and CODE.fullmatch(text)}


def used() -> dict[str, str]:
    """Every code of the package, and a module that uses it."""
    package = Path(composer.__file__).parent
    found = {}
    for module in sorted(package.rglob("*.py")):
        for code in codes_in(ast.parse(module.read_text(encoding="utf-8"))):
            found[code] = str(module.relative_to(package))
    return found


def test_every_code_has_a_section() -> None:
    assert {code: module for code, module in used().items() if code not in all_codes()} == {}


def test_every_section_is_about_a_code_that_is_used() -> None:
    assert set(all_codes()) - used().keys() == set()


def test_a_code_belongs_to_a_known_family() -> None:
    assert {code for code in used() if code[0] not in FAMILIES} == set()


def test_a_section_stands_once_and_in_order_within_its_family() -> None:
    page = packaged("diagnostics.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\S+)", page, re.MULTILINE)
    assert headings == sorted(set(headings), key=lambda code: (FAMILIES.index(code[0]), code))


def test_every_heading_of_the_page_is_a_section() -> None:
    page = packaged("diagnostics.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^## ", page, re.MULTILINE)) == len(all_codes())


@pytest.mark.parametrize("code", all_codes())
def test_a_section_says_more_than_its_title(code: str) -> None:
    heading, _, body = (explain_code(code) or "").partition("\n\n")
    assert heading == f"## {code} - {title_of(code)}"
    assert len(body) > 80


def test_a_code_that_does_not_exist_has_no_section() -> None:
    assert (explain_code("Y999"), title_of("Y999"), explain_code("")) == (None, None, None)
