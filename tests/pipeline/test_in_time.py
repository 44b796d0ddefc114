"""Questions about one site end as validating does, whatever its blueprints are up to."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.cli.main import main
from composer.pipeline import run, schemas
from tests.pipeline.fleets import noted

SLOW = f'text: {{type: string, default: "{"a" * 40}!", regex: "(a+)+$", meta: {{help: A text.}}}}'
"""A pattern that takes years to find that it does not match."""


@pytest.mark.parametrize(
    "question",
    [
        "explain a ConfigMap/note",
        "explain a topics",
        "explain a capacity",
        "isolation a",
        "bootstrap a",
        "schema export",
    ],
)
def test_a_question_about_a_blueprint_that_runs_away_comes_to_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], question: str
) -> None:
    monkeypatch.setattr(run, "SECONDS", 0.3)
    monkeypatch.setattr(schemas, "SECONDS", 0.3)
    (noted(tmp_path, "a") / "blueprints/note/v1/params.yaml").write_text(SLOW)
    assert main(["-C", str(tmp_path), *question.split()]) in (1, 2)
    assert "T014" in "".join(capsys.readouterr())
