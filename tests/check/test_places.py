"""A finding points at the template line that placed the field: through loops, merges and fragments."""

from __future__ import annotations

import pytest

from composer.diagnostic import Place
from composer.model.stack import Component, Layer, Rendered
from composer.source.document import Document, Route
from composer.source.reader import parse
from composer.stages.check import check
from composer.stages.check.places import place_of
from tests.check.sites import component, context, prelude

FRAGMENTS = {
    "metadata": parse('name: "{{ component.fullname }}"\nnamespace: x\n', "blueprints/_lib/metadata.yaml"),
    "probe": parse("httpGet:\n  path: /\n  port: http\n", "blueprints/_lib/probe.yaml"),
    "pod": parse("serviceAccountName: x\nlivenessProbe: {$use: probe}\n", "blueprints/_lib/pod.yaml"),
}
PLAIN = """\
apiVersion: apps/v1
kind: Deployment
metadata: {$use: metadata}
spec:
  replicas: 1
  template:
    spec:
      $merge:
        - {$use: {name: pod, with: {uid: 1}}}
        - containers:
            - name: a
              image: a:1
            - $if: params.more
              name: b
              image: b:1
            - name: c
              image: c:1
          volumes:
            - name: first
            - $for: {each: tenants, as: tenant}
              $do:
                name: "{{ tenant }}"
                secret:
                  secretName: x
"""
LOOPED = """\
$for: {each: clients, as: client}
$do:
  kind: Certificate
  spec:
    secretName: "{{ client.secret }}"
"""
LISTED = """\
- kind: Role
  rules: "{{ rules }}"
- $if: params.bind
  kind: RoleBinding
  roleRef:
    name: x
"""


def at(text: str, route: Route, line: int = 1) -> str:
    document = parse(text, "blueprints/x/v1/manifests/a.yaml")
    owner = component(manifests={"manifests/a.yaml": document}, fragments=FRAGMENTS)
    place = place_of(Rendered({}, owner, document.file, line), route)
    return f"{place.file.rpartition('/')[2]}:{place.line}"


@pytest.mark.parametrize(
    ("text", "route", "line", "expected"),
    [
        (PLAIN, (), 1, "a.yaml:1"),
        (PLAIN, ("spec", "replicas"), 1, "a.yaml:5"),
        (PLAIN, ("spec", "selector"), 1, "a.yaml:4"),
        (PLAIN, ("metadata", "namespace"), 1, "metadata.yaml:2"),
        (PLAIN, ("metadata", "labels"), 1, "a.yaml:3"),
        (PLAIN, ("spec", "template", "spec", "serviceAccountName"), 1, "pod.yaml:1"),
        (PLAIN, ("spec", "template", "spec", "livenessProbe", "httpGet", "port"), 1, "probe.yaml:3"),
        (PLAIN, ("spec", "template", "spec", "containers", 0, "image"), 1, "a.yaml:12"),
        (PLAIN, ("spec", "template", "spec", "containers", 2, "image"), 1, "a.yaml:10"),
        (PLAIN, ("spec", "template", "spec", "volumes", 0), 1, "a.yaml:19"),
        (PLAIN, ("spec", "template", "spec", "volumes", 7, "secret", "secretName"), 1, "a.yaml:24"),
        (LOOPED, ("spec", "secretName"), 1, "a.yaml:5"),
        (LISTED, ("rules", 3, "verbs"), 1, "a.yaml:2"),
        (LISTED, ("roleRef", "name"), 3, "a.yaml:6"),
    ],
)
def test_the_place_of_a_field_is_its_template_line(text: str, route: Route, line: int, expected: str) -> None:
    assert at(text, route, line) == expected


def test_a_finding_also_points_at_the_document_that_asks_for_the_component() -> None:
    site = parse("spec:\n  components:\n    ingress: {blueprint: x@1}\n", "sites/berlin-01.yaml")
    layer = Layer("site", site.data["spec"]["components"]["ingress"], site, ("spec", "components", "ingress"))
    document = parse("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}", "blueprints/x/v1/manifests/a.yaml")
    plain = component(manifests={"manifests/a.yaml": document})
    owner = Component("ingress", "ingress", "", plain.blueprint, {}, {}, layers=(layer,))
    (found,) = check([*prelude(), Rendered(document.data, owner, document.file, 1)], context())
    assert found.code == "K011"
    assert [(r.message, r.place.file, r.place.line) for r in found.related] == [
        ("ingress is written here", "sites/berlin-01.yaml", 3)
    ]


def test_a_double_points_at_the_other_object() -> None:
    document: Document = parse("[{apiVersion: v1}, {apiVersion: v1}]", "a.yaml")
    owner = component(manifests={"a.yaml": document})
    thing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "edge-platform"}}
    objects = [Rendered(dict(thing), owner, "a.yaml", 1), Rendered(dict(thing), owner, "a.yaml", 1)]
    (found,) = check([*prelude(), *objects], context())
    assert [r.message for r in found.related] == ["the other one"]


def test_without_its_template_a_finding_points_at_the_manifest() -> None:
    thing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    (found,) = check([*prelude(), Rendered(thing, component(), "manifests/gone.yaml", 4)], context())
    assert found.place == Place("manifests/gone.yaml", 4)
