"""The yardstick: the same objects by plain Jinja2 text templates, parsed with PyYAML's C loader. One process, nothing else.

The templates are made from what the composer renders for two sites: a line that differs between them gets an expression,
every other line is plain text, which is the cheapest text template that yields the same objects.
"""

from __future__ import annotations

import difflib
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import jinja2
import yaml


def templates(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(path -> template text, variable -> its value at the first site) for the files of two sites."""
    texts: dict[str, str] = {}
    values: dict[str, str] = {}
    for path in sorted(first.keys() & second.keys()):
        lines: list[str] = []
        for left, right in zip(first[path].splitlines(), second[path].splitlines(), strict=False):
            if left == right:
                lines.append("{% raw %}" + left + "{% endraw %}" if "{" in left else left)
            else:
                lines.append(_expression(left, right, values))
        texts[path] = "\n".join(lines) + "\n"
    return texts, values


def _expression(left: str, right: str, values: dict[str, str]) -> str:
    """The line with what differs replaced by a variable."""
    match = difflib.SequenceMatcher(None, left, right, autojunk=False).find_longest_match()
    start = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), match.a)
    name = f"v{len(values)}"
    values[name] = left[start:]
    prefix = left[:start]
    return ("{% raw %}" + prefix + "{% endraw %}" if "{" in prefix else prefix) + "{{ site." + name + " }}"


def microseconds_per_object(first: Mapping[str, str], second: Mapping[str, str], rounds: int) -> float:
    """CPU time to render and parse one object, over *rounds* sites."""
    texts, values = templates(first, second)
    environment = jinja2.Environment(autoescape=False)
    compiled = [environment.from_string(text) for text in texts.values()]
    started = time.process_time()
    for _ in range(rounds):
        for template in compiled:
            yaml.load(template.render(site=values), Loader=yaml.CSafeLoader)
    return (time.process_time() - started) / (rounds * len(compiled)) * 1e6


def files_of(folder: Path) -> dict[str, str]:
    """The object files of a rendered site."""
    found = (p for p in sorted(folder.rglob("*.yaml")) if p.name not in ("kustomization.yaml", "composer.lock.yaml"))
    return {str(p.relative_to(folder)): p.read_text() for p in found}


if __name__ == "__main__":
    print(microseconds_per_object(files_of(Path(sys.argv[1])), files_of(Path(sys.argv[2])), int(sys.argv[3])))
