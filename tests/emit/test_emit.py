"""The writer: one canonical text, and the same values for every reader."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from composer.emit import to_yaml
from composer.source.reader import parse
from tests.conftest import Needs
from tests.emit.values import TRAPS, leaves, texts, trees


def typed(value: Any) -> Any:
    """The value with its types told apart, which == does not do for 1, 1.0 and True."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return type(value).__name__, repr(value)


def ruamel(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@settings(max_examples=300, deadline=None)
@given(trees(leaves))
@example(
    {
        "a": {
            "b": [[1, [2, {"c": []}]], {}, {"x": "a\nb\n\n", "y": " a\n"}],
            "x" * 300: {"k": "v"},
            "y" * 300: [1],
        }
    }
)
@example([" a\nb", ["\ta\n", {"k": "\n a"}]])
def test_every_value_arrives_unchanged(value: Any) -> None:
    text = to_yaml(value)
    assert typed(yaml.load(text, yaml.CSafeLoader)) == typed(value)
    assert typed(yaml.safe_load(text)) == typed(value)
    assert typed(parse(text, "f").data if value is not None else None) == typed(value)


@settings(max_examples=100, deadline=None)
@given(trees(leaves))
def test_every_value_arrives_unchanged_in_ruamel(value: Any) -> None:
    assert typed(ruamel(to_yaml(value))) == typed(value)


@pytest.mark.parametrize("text", TRAPS, ids=ascii)
def test_a_text_that_readers_disagree_about_arrives_unchanged(text: str) -> None:
    value = {text: text, "list": [text, [text], {"k": text}], "map": {"k": {"k": text}}}
    written = to_yaml(value)
    assert yaml.safe_load(written) == ruamel(written) == parse(written, "f").data == value


LOST_BY_KUSTOMIZE = re.compile("[\x7f-\x9f\ufffe\uffff]")
"""It refuses or changes these in any spelling, since it writes and reads the object once more for itself."""


def config_map(data: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config"}, "data": data}


def as_kubernetes_reads(kubectl: str, text: bytes) -> Any:
    """What kubectl, without a cluster, understands of an object."""
    command = [kubectl, "patch", "--local", "-f", "-", "--type", "merge", "-p", "{}", "-o", "json"]
    return json.loads(subprocess.run(command, input=text, capture_output=True, check=True).stdout)


def test_every_text_arrives_unchanged_in_kubectl(needs: Needs) -> None:
    samples = [*TRAPS, *generated(600)]
    values = {f"k{index}": text for index, text in enumerate(samples)}
    value = config_map({**values, **dict.fromkeys(samples, "as a key")})
    assert as_kubernetes_reads(needs("kubectl")["kubectl"], to_yaml(value).encode()) == value


def test_every_text_arrives_unchanged_through_kustomize(tmp_path: Path, needs: Needs) -> None:
    kubectl = needs("kubectl")["kubectl"]
    samples = [text for text in [*TRAPS, *generated(600)] if not LOST_BY_KUSTOMIZE.search(text)]
    value = config_map({f"k{index}": text for index, text in enumerate(samples)})
    (tmp_path / "config.yaml").write_bytes(to_yaml(value).encode())
    (tmp_path / "kustomization.yaml").write_text(to_yaml({"resources": ["config.yaml"]}))
    output = subprocess.run([kubectl, "kustomize", tmp_path], capture_output=True, check=True).stdout
    assert as_kubernetes_reads(kubectl, output) == value


def generated(count: int) -> list[str]:
    """Texts of the same strategy as the property tests, the same ones in every run."""
    found: list[str] = []

    @settings(max_examples=count, deadline=None, database=None, derandomize=True)
    @given(texts)
    def collect(text: str) -> None:
        found.append(text)

    collect()
    return found


@pytest.mark.parametrize(
    "number", [0.1, 1e16, 1e-7, -0.0, 1.0, 1e300, 5e-324, float("inf"), float("-inf"), 123456789.125]
)
def test_a_float_stays_the_same_float_for_every_reader(number: float) -> None:
    written = to_yaml({"a": number})
    for found in (yaml.safe_load(written), ruamel(written), parse(written, "f").data):
        assert (type(found["a"]), repr(found["a"])) == (float, repr(number))


def test_not_a_number_stays_so() -> None:
    assert to_yaml({"a": float("nan")}) == "a: .nan\n"


# The canonical form


def test_keys_stand_in_a_fixed_order_whatever_order_they_were_set_in() -> None:
    value = {
        "spec": {
            "b": 1,
            "a": {"metadata": {"z": 1, "labels": {"b": "x", "a": "x"}, "name": "pod"}},
            "kind": "K",
        },
        "data": {},
        "metadata": {
            "creator": "x",
            "annotations": {"a": "b"},
            "labels": {},
            "namespace": "ns",
            "name": "pod",
        },
        "kind": "Deployment",
        "apiVersion": "apps/v1",
    }
    expected = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: pod
  namespace: ns
  labels: {}
  annotations:
    a: b
  creator: x
data: {}
spec:
  a:
    metadata:
      name: pod
      labels:
        a: x
        b: x
      z: 1
  b: 1
  kind: K
"""
    assert to_yaml(value) == expected
    assert to_yaml(dict(reversed(value.items()))) == expected


def test_an_object_looks_as_people_write_it() -> None:
    value = {
        "metadata": {"name": "press-mean"},
        "spec": {
            "containers": [
                {
                    "name": "bento",
                    "image": "ghcr.io/acme/bento:1.4.0@sha256:0123",
                    "args": ["-c", "/etc/bento/config.yaml"],
                    "resources": {"limits": {"cpu": "250m", "memory": "128Mi"}},
                    "env": [{"name": "URL", "value": "mqtts://mqtt:8883"}, {"name": "ON", "value": "on"}],
                }
            ],
            "empty": [],
            "nested": [["a", "b"], [{"c": None}]],
        },
        "data": {
            "mosquitto.conf": "listener 8883\n\n# end\n",
            "cut": "a\nb",
            "lead": "  a\nb\n",
            "bell": "a\nb\x07",
        },
        "flags": [True, 1, 1.5],
    }
    assert (
        to_yaml(value)
        == """\
metadata:
  name: press-mean
data:
  bell: "a\\nb\\u0007"
  cut: |-
    a
    b
  lead: |2
      a
    b
  mosquitto.conf: |
    listener 8883

    # end
flags:
- true
- 1
- 1.5
spec:
  containers:
  - args:
    - "-c"
    - /etc/bento/config.yaml
    env:
    - name: URL
      value: mqtts://mqtt:8883
    - name: "ON"
      value: "on"
    image: ghcr.io/acme/bento:1.4.0@sha256:0123
    name: bento
    resources:
      limits:
        cpu: 250m
        memory: 128Mi
  empty: []
  nested:
  - - a
    - b
  - - c: null
"""
    )


@given(trees(leaves))
def test_the_text_is_canonical(value: Any) -> None:
    """Writing what was read gives the same text, which ends in a line break and hides nothing."""
    text = to_yaml(value)
    assert text.endswith("\n")
    assert value is None or to_yaml(parse(text, "f").data) == text
    assert all(char in "\n\t" or not (char < " " or "\x7f" <= char <= "\xa0") for char in text)


@given(st.lists(texts, min_size=1, max_size=3))
def test_a_value_never_leaves_its_place(values: list[str]) -> None:
    """Whatever a value holds, the text stays one document of the kind that was meant."""
    value = {"kind": "ConfigMap", "data": {str(index): text for index, text in enumerate(values)}}
    documents = list(yaml.safe_load_all(to_yaml(value)))
    assert documents == [value]


def test_subclasses_of_str_and_tuples_are_written_as_what_they_are() -> None:
    class Name(str):
        __slots__ = ()

    assert to_yaml({"a": Name("no"), "b": (Name("x"), "z"), "c": ()}) == 'a: "no"\nb:\n- x\n- z\nc: []\n'


@pytest.mark.parametrize("value", [{"a": {1, 2}}, {"a": b"x"}, {1: "a"}, {"a": object()}, {None: 1}, [{"a": 1j}]])
def test_what_is_not_plain_data_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        to_yaml(value)


@pytest.mark.parametrize("value", ["\ud800", "a\nb\ud800", {"\ud800": 1}])
def test_a_text_that_utf8_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="surrogates"):
        to_yaml({"a": value})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a\n"),
        ("a\nb", '"a\\nb"\n'),
        (1, "1\n"),
        (None, "null\n"),
        ({}, "{}\n"),
        ([], "[]\n"),
        (["a"], "- a\n"),
    ],
)
def test_a_value_alone_is_written_too(value: Any, text: str) -> None:
    assert to_yaml(value) == text
