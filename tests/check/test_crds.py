"""CustomResourceDefinitions become strict schemas: from files, bundles, and a cluster that is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from composer.cli.main import main
from composer.diagnostic import Place
from composer.emit import to_yaml
from composer.source.reader import parse_all
from composer.stages.check.crds import schemas_of
from composer.stages.check.schemas import compile_schema

BUNDLE = """
apiVersion: v1
kind: Namespace
metadata: {name: presses}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: presses.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Press, plural: presses}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          description: A press.
          required: [spec, status]
          properties:
            apiVersion: {type: string}
            kind: {type: string}
            metadata: {type: object}
            status: {type: object, properties: {ready: {type: boolean}}}
            spec:
              type: object
              required: [force]
              properties:
                force: {type: integer, format: int32, minimum: 0, exclusiveMinimum: true, default: 5}
                mode: {type: string, enum: [fast, slow], nullable: true}
                port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
                labels: {type: object, additionalProperties: {type: string}}
                nothing: {type: object}
                free:
                  type: object
                  x-kubernetes-preserve-unknown-fields: true
                  properties: {a: {type: integer}}
                any: {x-kubernetes-preserve-unknown-fields: true}
                template:
                  type: object
                  x-kubernetes-embedded-resource: true
                  properties: {spec: {type: object}}
                weird: {type: string, pattern: '^[a-z\\d-_]+$'}
                steps:
                  type: array
                  maxItems: 2
                  items: {type: object, properties: {name: {type: string}}}
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                tool:
                  type: object
                  properties: {drill: {type: string}, saw: {type: string}}
                  oneOf: [{required: [drill]}, {required: [saw]}]
              x-kubernetes-validations: [{rule: self.force < 100}]
    - name: v1beta1
      served: false
      storage: false
      schema: {openAPIV3Schema: {type: object}}
"""
PATH = "crds/example.com/press_v1.json"


def imported(text: str) -> tuple[dict[str, Any], list[str]]:
    documents = [(d.data, d.place()) for d in parse_all(text, "bundle.yaml")]
    schemas, findings = schemas_of(documents)
    return {s.path: json.loads(s.content) for s in schemas}, [f"{d.place.line}: {d.code}" for d in findings]


def press(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Press",
        "metadata": {"name": "x"},
        "spec": {"force": 1, **spec},
    }


def test_each_served_version_of_each_definition_becomes_a_schema() -> None:
    schemas, findings = imported(BUNDLE)
    assert list(schemas) == [PATH]
    assert findings == ["6: K052"]
    schema = schemas[PATH]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert (schema["title"], schema["x-scope"], schema["required"]) == ("Press", "Namespaced", ["spec"])
    assert "description" not in json.dumps(schema)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"mode": "fast"},
        {"mode": None},
        {"port": 80},
        {"port": "http"},
        {"labels": {"a": "b"}},
        {"nothing": {}},
        {"free": {"a": 1, "b": [2]}},
        {"any": 5},
        {"any": {"a": None}},
        {"template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {}}, "spec": {}}},
        {"weird": "anything"},
        {"steps": [{"name": "a"}]},
        {"tool": {"drill": "x"}},
    ],
)
def test_what_the_definition_allows_is_accepted(spec: dict[str, Any]) -> None:
    schema = imported(BUNDLE)[0][PATH]
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(press(**spec))) == []
    assert compile_schema(schema)(press(**spec))


@pytest.mark.parametrize(
    "spec",
    [
        {"force": 0},
        {"force": "1"},
        {"force": None},
        {"mode": "medium"},
        {"port": 1.5},
        {"port": None},
        {"labels": {"a": 1}},
        {"nothing": {"a": 1}},
        {"free": {"a": "x"}},
        {"template": {"kind": "Pod"}},
        {"template": {"apiVersion": "v1", "kind": "Pod", "spce": {}}},
        {"steps": [{}, {}, {}]},
        {"steps": [{"nmae": "a"}]},
        {"tool": {}},
        {"tool": {"drill": "x", "saw": "y"}},
        {"tool": {"hammer": "x"}},
        {"frce": 1},
    ],
)
def test_what_it_does_not_allow_or_would_drop_is_refused(spec: dict[str, Any]) -> None:
    assert not compile_schema(imported(BUNDLE)[0][PATH])(press(**spec))


def test_a_status_is_never_rendered() -> None:
    assert not compile_schema(imported(BUNDLE)[0][PATH])({**press(), "status": {"ready": True}})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("apiextensions.k8s.io/v1\n", "apiextensions.k8s.io/v1beta1\n"),
        ("group: example.com", "group: ../../outside"),
        ("group: example.com", "group: 5"),
        ("kind: Press,", "kind: ../Press,"),
        ("    - name: v1\n", "    - name: ../v1\n"),
        ("scope: Namespaced", "scope: Everywhere"),
        ("openAPIV3Schema:", "other:"),
        ("minimum: 0", "minimum: x"),
        ("properties: {name: {type: string}}", "properties: 5"),
    ],
)
def test_a_definition_that_makes_no_sense_is_a_finding_at_its_place(old: str, new: str) -> None:
    assert old in BUNDLE
    schemas, findings = imported(BUNDLE.replace(old, new, 1))
    assert schemas == {}
    assert "6: K051" in findings


def test_definitions_inside_a_list_are_found() -> None:
    items = [d.data for d in parse_all(BUNDLE, "bundle.yaml")]
    assert list(imported(to_yaml({"apiVersion": "v1", "kind": "List", "items": items}))[0]) == [PATH]


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites/fleet.yaml").write_text(
        "{apiVersion: edge-composer.io/v1alpha1, kind: Fleet, metadata: {name: x}, spec: {}}\n"
    )
    return tmp_path


def run(fleet: Path, *words: str) -> int:
    return main(["-C", str(fleet), "crds", "import", *words])


def test_the_command_writes_the_schemas_of_files_into_the_fleet(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bundle := fleet / "bundle.yaml").write_text(BUNDLE)
    assert run(fleet, str(bundle)) == 0
    said = capsys.readouterr()
    assert said.out == f"schemas/{PATH}\n"
    assert "1 schema, 1 file changed" in said.err
    written = (fleet / "schemas" / PATH).read_text()
    assert json.loads(written) == imported(BUNDLE)[0][PATH]
    assert run(fleet, str(bundle)) == 0
    assert "1 schema, 0 files changed" in capsys.readouterr().err


def test_the_command_says_when_there_is_nothing_to_import(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(fleet, str(fleet / "sites/fleet.yaml")) == 1
    assert "K050" in capsys.readouterr().err
    assert run(fleet) == 2
    assert run(fleet, str(fleet / "absent.yaml")) == 2
    assert "absent.yaml" in capsys.readouterr().err


def test_no_link_is_followed_out_of_the_fleet(fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (fleet / "schemas").mkdir()
    (fleet / "schemas/crds").symlink_to(outside)
    (fleet / "bundle.yaml").write_text(BUNDLE)
    assert run(fleet, str(fleet / "bundle.yaml")) == 2
    assert [path for path in outside.rglob("*") if path.is_file()] == []


class Cluster(BaseHTTPRequestHandler):
    """The part of a Kubernetes API that lists CustomResourceDefinitions, one a page."""

    definitions: list[dict[str, Any]]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.headers["Authorization"])
        path, _, query = self.path.partition("?")
        options = dict(pair.partition("=")[::2] for pair in query.split("&"))
        if path != "/apis/apiextensions.k8s.io/v1/customresourcedefinitions":
            self.send_error(404)
            return
        at = int(options.get("continue") or 0)
        more = str(at + 1) if at + 1 < len(self.definitions) else ""
        answer = {
            "kind": "CustomResourceDefinitionList",
            "metadata": {"continue": more},
            "items": [self.definitions[at]],
        }
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A cluster with two definitions, known to kubectl as context "edge"."""
    press = next(d.data for d in parse_all(BUNDLE, "x") if d.data["kind"] != "Namespace")
    saw = json.loads(json.dumps(press).replace("Press", "Saw").replace("presses", "saws"))
    items = [{key: definition[key] for key in ("metadata", "spec")} for definition in (press, saw)]
    asked: list[str] = []
    handler = type("Handler", (Cluster,), {"definitions": items, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "u", "user": {"token": "let-me-in"}}],
        "contexts": [{"name": "edge", "context": {"cluster": "c", "user": "u"}}],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    yield asked
    server.shutdown()
    server.server_close()


def test_the_definitions_of_a_cluster_are_imported_page_by_page(
    fleet: Path, cluster: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(fleet, "--context", "edge") == 0
    assert capsys.readouterr().out == f"schemas/{PATH}\nschemas/crds/example.com/saw_v1.json\n"
    assert cluster == ["Bearer let-me-in"] * 2


@pytest.mark.usefixtures("cluster")
def test_a_cluster_that_cannot_be_asked_is_a_finding(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(fleet, "--context", "core") == 2
    assert "K053" in capsys.readouterr().err
    assert not (fleet / "schemas").exists()


def test_a_place_of_a_cluster_names_it() -> None:
    schemas, findings = schemas_of([({"kind": "CustomResourceDefinition"}, Place("cluster edge"))])
    assert (schemas, [str(d.place) for d in findings]) == ([], ["cluster edge"])
