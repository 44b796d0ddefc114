"""The fast verdict and its explanation agree on every document, however odd."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.emit import to_yaml
from composer.source.document import Document
from composer.source.reader import parse, read_document
from composer.stages.load import check_schema
from composer.stages.load.explain import explain
from composer.stages.load.schema import _schema, _validator
from tests.load.fleets import DESIGN

EXAMPLES = {
    "Site": read_document(DESIGN, "sites/eu/de/berlin-01.yaml").data,
    "Tenant": read_document(DESIGN, "sites/tenants/acme.yaml").data,
    "Fleet": read_document(DESIGN, "sites/fleet.yaml").data,
    "Profile": read_document(DESIGN, "sites/profiles/k3s-small.yaml").data,
}

ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 70_000) | st.floats(0, 10) | st.text("a1/+#{}. \n", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text("ab-", min_size=1, max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


def routes(value: Any, route: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [route, *(found for key, inner in items for found in routes(inner, (*route, key)))]


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, Any]:
    """A good document in which something was replaced, removed or added."""
    kind = draw(st.sampled_from(sorted(EXAMPLES)))
    data = copy.deepcopy(EXAMPLES[kind])
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(routes(data)[1:]))
        holder = data
        for step in parents:
            holder = holder[step]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                holder[last] = draw(ODD)
            case "remove":
                del holder[last]
            case "add" if isinstance(holder, dict):
                holder[draw(st.text("abc", min_size=1, max_size=4))] = draw(ODD)
    return kind, data


@given(changed())
def test_what_is_refused_is_explained_and_nothing_else(case: tuple[str, Any]) -> None:
    kind, data = case
    document = parse(to_yaml(data), "a.yaml")
    assert document.data == data
    findings = check_schema(document, kind)
    assert bool(findings) is not _validator(kind).is_valid(data)
    assert "D011" not in {finding.code for finding in findings}
    assert all(finding.place.line for finding in findings)
    assert findings == sorted(set(findings), key=lambda finding: finding.sort_key())


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_a_document_without_faults_has_nothing_to_explain_but_that(kind: str) -> None:
    document = Document("a.yaml", to_yaml(EXAMPLES[kind]), EXAMPLES[kind])
    assert check_schema(document, kind) == []
    assert [finding.code for finding in explain(document, _schema(kind))] == ["D011"]


def test_the_schemas_are_found_next_to_the_composer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _schema.cache_clear()
    assert _schema("Site")["title"] == "Site"
