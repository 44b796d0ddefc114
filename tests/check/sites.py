"""Sites for tests: objects as a person writes them into a manifest, and the findings they should give.

A case is a file of tests/check/cases: a list of objects, where a comment `#! K020 some words` says that a
finding of that code points at this line, and that its message holds these words. Comments before the first
object say more:

    # about: K020 K021      only findings of these codes count; others may be there too
    # by: acme stream       tenant ("-" for the platform) and role of the component that made the objects
    # kubernetes: 1.30      the cluster's version
    # secrets: ns/name      Secrets that documents declare

`#! by acme stream` on the first line of an object says the same for this object alone. The objects of
prelude.yaml are part of every case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from composer.diagnostic import Place
from composer.model.blueprint import Blueprint
from composer.model.stack import Component, Rendered
from composer.source.document import Document
from composer.source.reader import parse
from composer.stages.check import CheckContext

HERE = Path(__file__).parent
VERSION = "1.33"

_HEADER = re.compile(r"# (about|by|kubernetes|secrets): (.+)")
_EXPECTED = re.compile(r"#! ([KW]\d{3}) ?([^#]*)")
_BY = re.compile(r"#! by (\S+) (\S+)")


@dataclass(frozen=True)
class Case:
    """The objects of a case and the (line, code, words) of the findings it expects."""

    objects: list[Rendered]
    context: CheckContext
    about: frozenset[str]
    expected: list[tuple[int, str, str]]


def component(
    tenant: str = "",
    role: str = "stream",
    manifests: Mapping[str, Document] | None = None,
    params: Mapping[str, Any] | None = None,
    fragments: Mapping[str, Document] | None = None,
) -> Component:
    """A component whose blueprint has the given manifests."""
    manifest = parse(f"spec: {{version: 1.0.0, role: {role}}}", "blueprint.yaml")
    rules = parse("{}", "params.yaml")
    blueprint = Blueprint(
        name="press-mean",
        version="1.0.0",
        folder="blueprints/press-mean/v1",
        origin="fleet",
        digest="",
        manifest=manifest,
        params=rules,
        manifests=manifests or {},
        files={},
        fragments=fragments or {},
    )
    return Component("press-mean", role, tenant, blueprint, {}, params or {})


def context(version: str = VERSION, fleet: Path | None = None, **secrets: Iterable[str]) -> CheckContext:
    """A context with the Secrets declared in each namespace (with _ for -)."""
    declared = {namespace.replace("_", "-"): frozenset(names) for namespace, names in secrets.items()}
    return CheckContext(version, lambda: Place("sites/berlin-01.yaml", 9, 14), fleet, declared)


def rendered(text: str, tenant: str = "", role: str = "stream", **more: Any) -> list[Rendered]:
    """The objects of a manifest, a list, as *role* of *tenant* would make them."""
    document = parse(text, "blueprints/press-mean/v1/manifests/objects.yaml")
    owner = component(tenant, role, {"manifests/objects.yaml": document}, **more)
    return _objects(document, lambda _: owner)


def _objects(document: Document, owner: Any) -> list[Rendered]:
    lines = [document.place((index,)).line for index in range(len(document.data))]
    return [Rendered(thing, owner(line), document.file, line) for thing, line in zip(document.data, lines, strict=True)]


def prelude() -> list[Rendered]:
    """What every site has: the platform's and two tenants' namespaces, priorities, issuers."""
    document = parse((HERE / "prelude.yaml").read_text(), "prelude.yaml")
    owner = component("", "base", {"manifests/prelude.yaml": document})
    return _objects(document, lambda _: owner)


def read_case(file: Path) -> Case:
    text = file.read_text()
    header = dict(_HEADER.findall(text))
    document = parse(text, file.name)
    manifests = {"manifests/case.yaml": document}
    tenant, role = header.get("by", "- stream").split()
    owner = component(tenant.strip("-"), role, manifests)
    named = _named_components(text, manifests)
    secrets: dict[str, list[str]] = {}
    for path in header.get("secrets", "").split():
        namespace, _, name = path.partition("/")
        secrets.setdefault(namespace, []).append(name)
    return Case(
        [*prelude(), *_objects(document, lambda line: named.get(line, owner))],
        context(header.get("kubernetes", VERSION), **secrets),
        frozenset(header.get("about", "").split()),
        _expected(text),
    )


def _named_components(text: str, manifests: Mapping[str, Document]) -> dict[int, Component]:
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        for tenant, role in _BY.findall(line):
            found[number] = component(tenant.strip("-"), role, manifests)
    return found


def _expected(text: str) -> list[tuple[int, str, str]]:
    return [
        (number, code, words.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        for code, words in _EXPECTED.findall(line)
    ]
