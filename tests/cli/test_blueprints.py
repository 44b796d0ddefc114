"""`composer test` and `composer crds import`: what somebody who writes blueprints uses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.kit import blueprint, composer, fleet, note, notes, site

CASE = """
case: %s
params: {text: hello}
site: {components: {ingress: null, note: {blueprint: note@1}}}
expect: {objects: [{kind: ConfigMap, metadata: {name: note}, data: {text: %s}}]}
"""

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ovens.example.com}
spec:
  group: example.com
  names: {kind: Oven, plural: ovens}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {celsius: {type: integer, maximum: 300}}}
"""

OVEN = """
apiVersion: example.com/v1
kind: Oven
metadata: {name: oven, namespace: "{{ component.namespace }}"}
spec: {celsius: "{{ params.celsius }}"}
"""


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A fleet whose own blueprint has a case that passes."""
    root = notes(tmp_path, "a")
    folder = root / "blueprints/note/v1/tests"
    folder.mkdir()
    (folder / "good.yaml").write_text(CASE % ("a text arrives", "hello"))
    return root


def test_the_cases_of_a_blueprint_are_run(cases: Path) -> None:
    ran = composer(cases, "test", "note")
    assert (ran.code, ran.out, ran.err) == (0, "passed  note@1.0.0: a text arrives\n", "1 case, 0 failed\n")


def test_a_case_that_fails_gives_1_and_says_what_is_different(cases: Path) -> None:
    (cases / "blueprints/note/v1/tests/bad.yaml").write_text(CASE % ("another text arrives", "goodbye"))
    ran = composer(cases, "test", "note")
    assert (ran.code, ran.err) == (1, "2 cases, 1 failed\n")
    failed, problem, passed = ran.out.splitlines()
    assert failed == "FAILED  note@1.0.0: another text arrives"
    assert problem == (
        "        blueprints/note/v1/tests/bad.yaml: ConfigMap/note differs: data.text is 'hello', expected 'goodbye'"
    )
    assert passed.startswith("passed")


def test_a_case_is_run_with_the_blueprint_as_it_is_now(cases: Path) -> None:
    manifest = cases / "blueprints/note/v1/manifests/object.yaml"
    manifest.write_text(manifest.read_text().replace('text: "{{ params.text }}"', 'text: "{{ params.txt }}"'))
    ran = composer(cases, "test", "note")
    assert ran.code == 1
    assert "T003" in ran.out or "T011" in ran.out


def test_a_blueprint_that_does_not_exist_is_a_usage_error_with_the_nearest_one(cases: Path) -> None:
    ran = composer(cases, "test", "nota")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'note'?" in ran.err


def test_the_blueprints_that_come_with_the_composer_pass_all_their_cases(cases: Path) -> None:
    ran = composer(cases, "test")
    assert ran.code == 0
    for name in ("base", "tenancy", "mqtt-mosquitto", "stream-bento", "function-http", "gateway-telegraf"):
        assert f"passed  {name}@" in ran.out


def test_an_imported_definition_lets_its_kind_be_checked(tmp_path: Path) -> None:
    root = fleet(
        tmp_path,
        {
            "a.yaml": site("a", "components: {oven: {blueprint: oven@1, params: {celsius: 250}}}"),
            "b.yaml": site("b", "components: {oven: {blueprint: oven@1, params: {celsius: 900}}}"),
        },
    )
    blueprint(root, "oven", OVEN, "celsius: {type: integer, required: true, meta: {help: How hot.}}")
    unknown = composer(root, "validate", "--format", "json")
    assert {finding["code"] for finding in unknown.findings} == {"K003"}
    (tmp_path / "oven.yaml").write_text(DEFINITION)
    ran = composer(root, "crds", "import", "oven.yaml")
    assert (ran.code, ran.err) == (0, "1 schema, 1 file changed\n")
    assert json.loads((root / ran.out.strip()).read_text())
    assert composer(root, "crds", "import", "oven.yaml").err == "1 schema, 0 files changed\n"
    known = composer(root, "validate", "--format", "json")
    assert [(finding["code"], finding["sites"]) for finding in known.findings] == [("K006", ["b"])]


def test_a_file_without_definitions_gives_1(tmp_path: Path) -> None:
    root = fleet(tmp_path, {"a.yaml": site("a", note("text: x"))})
    ran = composer(root, "crds", "import", "sites/a.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert "error[K050]" in ran.err


def test_nothing_to_import_from_is_a_usage_error(tmp_path: Path) -> None:
    assert composer(notes(tmp_path, "a"), "crds", "import").code == 2
    assert composer(tmp_path, "crds").code == 2
    assert composer(tmp_path, "crds", "import", "nowhere.yaml").code == 2


def test_an_empty_file_holds_no_definition(tmp_path: Path) -> None:
    root = notes(tmp_path, "a")
    (root / "empty.yaml").write_text("")
    (root / "remark.yaml").write_text("# nothing here\n---\n")
    ran = composer(root, "crds", "import", "empty.yaml", "remark.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert "error[K050]" in ran.err
