"""Writes the tables of docs/capacity.md from the code: `python -m tests.generate.build_capacity`.

What stands above the marker is written by hand and stays.
"""

from __future__ import annotations

from collections.abc import Iterator

from composer.model.constants import CONSTANTS
from composer.stages.wire.sizing import explained_formulas
from composer.stages.wire.sizing.demand import SUMS
from tests.generate.build_schemas import ROOT

PAGE = ROOT / "docs/capacity.md"
MARKER = "<!-- made by tests/generate/build_capacity.py from the code; do not edit below -->\n"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page with everything below the marker made anew."""
    written = PAGE.read_text(encoding="utf-8").partition(MARKER)[0]
    return written + MARKER + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from ("", "## Formulas", "", "| figure | unit | what it is | formula |", "|---|---|---|---|")
    for found in explained_formulas():
        yield f"| `{found.key}` | {found.unit} | {found.meaning} | {found.formula} |"
    yield from ("", "What formulas read of the documents:", "", "| sum | unit | what it is |", "|---|---|---|")
    for key, (unit, meaning) in SUMS.items():
        yield f"| `{key}` | {unit} | {meaning} |"
    yield "| `offline` | seconds | how long the uplink may be away |"
    yield "| `allowed` | connections | the parameter `maxConnections`, where a document says it |"
    yield from ("", "## Constants", "", "Each can be overridden in `fleet.yaml`, under `spec.capacity`.", "")
    yield from ("| constant | value | bounds | what it is | source |", "|---|---|---|---|---|")
    for constant in CONSTANTS:
        bounds = f"{constant.low} to {constant.high}"
        source = f"{constant.source}: {constant.because}"
        yield f"| `{constant.key}` | {constant.value} | {bounds} | {constant.meaning} | {source} |"


if __name__ == "__main__":
    main()
