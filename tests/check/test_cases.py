"""Every case: objects as a person writes them, and the findings that stand beside them as comments."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.stages.check import check
from tests.check.sites import HERE, context, prelude, read_case

CASES = sorted((HERE / "cases").glob("*.yaml"))


@pytest.mark.parametrize("file", CASES, ids=[file.stem for file in CASES])
def test_a_case_gives_exactly_the_findings_written_beside_its_lines(file: Path) -> None:
    case = read_case(file)
    found = [d for d in check(case.objects, case.context) if not case.about or d.code in case.about]
    assert {d.place.file for d in found} <= {file.name}
    said = [f"{d.place.line}: {d.code} {d.message}" for d in found]
    where = sorted((d.place.line, d.code) for d in found)
    assert where == sorted((line, code) for line, code, _ in case.expected), "\n".join(said)
    for line, code, words in case.expected:
        assert any(text.startswith(f"{line}: {code} ") and words in text for text in said), (
            line,
            code,
            words,
            said,
        )


def test_the_prelude_of_the_cases_has_no_findings() -> None:
    assert check(prelude(), context()) == []
