"""`composer schema export`: what editors get finds mistakes in documents, and none in what the composer takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from composer.diagnostic import Rejected
from composer.pipeline.create import put_file
from composer.pipeline.schemas import editor_schema
from composer.source.packaged import packaged
from composer.source.reader import read_document
from composer.stages.load import KINDS, load_fleet, schema_of
from tests.cli.kit import ROOT, blueprint, composer, notes
from tests.load.fleets import DESIGN

STARTER = packaged("starter") / "fleet"
FLEETS = {"example": ROOT, "design": DESIGN, "starter": STARTER}
DOCUMENTS = {
    f"{name} {path.relative_to(root)}": (root, path.relative_to(root))
    for name, root in FLEETS.items()
    for path in sorted(root.glob("sites/**/*.yaml"))
}
BLUEPRINTS = sorted(path.relative_to(ROOT) for path in ROOT.glob("blueprints/*/*/blueprint.yaml"))


def validator(root: Path) -> Draft202012Validator:
    text, findings = editor_schema(load_fleet(root)[0])
    assert findings == []
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    """That of a fleet with the packaged blueprints alone."""
    return validator(STARTER)


def faults(schema: Draft202012Validator, document: Any) -> list[str]:
    return sorted(error.json_path for error in schema.iter_errors(document))


@pytest.mark.parametrize(("root", "path"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_every_document_that_the_composer_takes_is_taken(schema: Draft202012Validator, root: Path, path: Path) -> None:
    assert faults(schema, read_document(root, str(path)).data) == []


@pytest.mark.parametrize("path", BLUEPRINTS, ids=str)
def test_blueprints_are_documents_too(schema: Draft202012Validator, path: Path) -> None:
    data = read_document(ROOT, str(path)).data
    assert faults(schema, data) == []
    assert faults(schema, {**data, "spec": {**data["spec"], "role": "ingres"}}) == ["$.spec.role"]


def site(**spec: Any) -> Any:
    return {"apiVersion": "edge-composer.io/v1alpha1", "kind": "Site", "metadata": {"name": "a"}, "spec": spec}


def tenant(**spec: Any) -> Any:
    return {**site(**spec), "kind": "Tenant"}


def fleet(**spec: Any) -> Any:
    return {**site(**spec), "kind": "Fleet"}


BENTO = {"blueprint": "stream-bento@1"}
INGRESS = "$.spec.components.ingress"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (site(components={"ingress": {"blueprint": "mqtt-mosquitto@1", "params": {"maxConnections": 200}}}), []),
        (site(components={"ingress": {"blueprint": "mqtt-mosquitto", "params": {"maxConnections": None}}}), []),
        (
            site(components={"ingress": {"blueprint": "mqtt-mosquitto@1", "params": {"maxConnections": "lots"}}}),
            [f"{INGRESS}.params.maxConnections"],
        ),
        (
            site(components={"ingress": {"blueprint": "mqtt-mosquitto@1.0.0", "params": {"maxConections": 1}}}),
            [f"{INGRESS}.params"],
        ),
        (site(components={"ingress": {"blueprint": "mqtt-mosquito@1"}}), [f"{INGRESS}.blueprint"]),
        (site(components={"ingress": BENTO}), [f"{INGRESS}.blueprint"]),
        (site(components={"ingress": {"params": {"what": "no blueprint beside it says"}}}), []),
        (site(components={"ingress": None}), []),
        (tenant(streams={"mean": {**BENTO, "params": {"window": "60s"}}}), []),
        (tenant(streams={"mean": {**BENTO, "params": {"window": 60}}}), ["$.spec.streams.mean.params.window"]),
        (
            site(tenants={"acme": {"streams": {"mean": {**BENTO, "params": {"windw": "60s"}}}}}),
            ["$.spec.tenants.acme.streams.mean.params"],
        ),
        (
            site(gateways={"hall": {"blueprint": "gateway-telegraf@1", "params": {"retries": -1}}}),
            ["$.spec.gateways.hall.params.retries"],
        ),
        (
            fleet(defaults={"blueprints": {"stream-bento": {"params": {"logLevel": "LOUD"}}}}),
            ["$.spec.defaults.blueprints['stream-bento'].params.logLevel"],
        ),
        (
            {**fleet(defaults={"blueprints": {"stream-bento": {"params": {"maxInFlight": 3}}}}), "kind": "Profile"},
            [],
        ),
        ({**site(), "kind": "Sight"}, ["$.kind"]),
        (site(ofline="1h"), ["$.spec"]),
    ],
)
def test_a_wrong_parameter_is_found_and_right_ones_pass(
    schema: Draft202012Validator, document: Any, expected: list[str]
) -> None:
    assert [re.sub(r"\['([a-z]+)'\]", r".\1", path) for path in faults(schema, document)] == expected


def test_the_fleets_own_blueprints_are_known_and_shadow_the_packaged_ones(tmp_path: Path) -> None:
    root = notes(tmp_path, "a")
    blueprint(root, "stream-bento", params="speed: {type: integer, meta: {help: How fast.}}", role="stream")
    own = validator(root)
    assert faults(own, read_document(root, "sites/a.yaml").data) == []
    noted = {"blueprint": "note@1", "params": {"text": 5}}
    assert faults(own, site(components={"note": noted})) == ["$.spec.components.note.params.text"]
    assert "stream-bento@1" in own.schema["$defs"]
    assert list(own.schema["$defs"]["stream-bento@1"]["properties"]) == ["speed"]


def test_a_blueprint_with_two_majors_is_named_with_its_version(tmp_path: Path) -> None:
    root = notes(tmp_path, "a")
    second = root / "blueprints/note/v2"
    second.mkdir()
    (second / "blueprint.yaml").write_text(
        (root / "blueprints/note/v1/blueprint.yaml").read_text().replace("1.0", "2.0")
    )
    (second / "params.yaml").write_text("words: {type: string}")
    own = validator(root)
    for reference, params, expected in [
        ("note@1", {"text": "x"}, []),
        ("note@2", {"words": "x"}, []),
        ("note@2.0.0", {"text": "x"}, ["$.spec.components.note.params"]),
        ("note", {}, ["$.spec.components.note.blueprint"]),
    ]:
        assert faults(own, site(components={"note": {"blueprint": reference, "params": params}})) == expected
    both = fleet(defaults={"blueprints": {"note": {"params": {"text": "x"}}}})
    assert faults(own, both) == []


def test_definitions_of_one_name_are_the_same_in_every_kind() -> None:
    found: dict[str, Any] = {}
    for kind in KINDS:
        for name, definition in schema_of(kind)["$defs"].items():
            assert found.setdefault(name, definition) == definition


def test_it_is_written_into_the_fleet_or_a_folder_and_only_where_it_differs(tmp_path: Path) -> None:
    root = notes(tmp_path, "a")
    first = composer(root, "schema", "export")
    assert (first.code, first.out, first.err) == (0, "schemas/documents.schema.json\n", "written\n")
    text = (root / "schemas/documents.schema.json").read_text()
    assert composer(root, "schema", "export").err == "unchanged\n"
    assert composer(root, "schema", "export", "-o", "out/x").out == "out/x/documents.schema.json\n"
    assert (root / "out/x/documents.schema.json").read_text() == text


def test_a_broken_blueprint_is_a_finding_and_the_others_are_there(tmp_path: Path) -> None:
    root = notes(tmp_path, "a")
    (root / "blueprints/note/v1/params.yaml").write_text("text: {type: strng}")
    ran = composer(root, "schema", "export")
    assert ran.code == 1
    assert "error[L110]" in ran.err
    written = json.loads((root / "schemas/documents.schema.json").read_text())
    assert "mqtt-mosquitto@1" in written["$defs"]


def test_nothing_is_written_through_a_link_that_leads_out_of_the_fleet(tmp_path: Path) -> None:
    root = notes(tmp_path / "fleet", "a")
    (tmp_path / "elsewhere").mkdir()
    (root / "schemas").symlink_to(tmp_path / "elsewhere")
    ran = composer(root, "schema", "export")
    assert (ran.code, list((tmp_path / "elsewhere").iterdir())) == (2, [])
    assert "error[Y004]" in ran.err


def test_editors_find_the_schema_for_every_document_of_a_new_fleet(tmp_path: Path) -> None:
    assert composer(tmp_path, "init", "fleet").code == 0
    root = tmp_path / "fleet"
    associations = json.loads((root / ".vscode/settings.json").read_text())["yaml.schemas"]
    ((file, patterns),) = associations.items()
    assert json.loads((root / file).read_text())["$defs"].keys() >= {*KINDS, "mqtt-mosquitto@1"}
    # As the YAML language server reads patterns: a star is anything, slashes too.
    expressions = [re.compile(re.escape(pattern).replace(r"\*", ".*") + "$") for pattern in patterns]
    documents = [str(p.relative_to(root)) for p in root.glob("sites/**/*.yaml")]
    assert len(documents) == 5
    assert all(any(e.search(path) for e in expressions) for path in [*documents, "blueprints/x/v1/blueprint.yaml"])
    assert not any(
        e.search(path)
        for e in expressions
        for path in ["out/manifests/hub/platform/x.yaml", "blueprints/x/v1/manifests/y.yaml"]
    )


def test_a_file_in_another_encoding_is_replaced(tmp_path: Path) -> None:
    root = notes(tmp_path, "a")
    assert composer(root, "schema", "export", "-o", ".").code == 0
    file = root / "documents.schema.json"
    written = file.read_bytes()
    file.write_bytes(b"\xff")
    assert composer(root, "schema", "export", "-o", ".").err == "written\n"
    assert file.read_bytes() == written


@pytest.mark.parametrize("target", ["{outside}", "{outside}/missing", "schemas"], ids=["a folder", "nothing", "itself"])
def test_a_linked_folder_leads_nowhere_and_nothing_is_made_there(tmp_path: Path, target: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    root = notes(tmp_path / "fleet", "a")
    (root / "schemas").symlink_to(target.format(outside=outside))
    with pytest.raises(Rejected) as refused:
        put_file(root, "schemas/deep/file.json", "{}")
    assert [d.code for d in refused.value.diagnostics] == ["E002" if target == "schemas" else "Y004"]
    assert not list(outside.iterdir())
