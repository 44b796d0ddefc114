"""Laws of names, labels and images, held against definitions written down a second time, letter by letter."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from composer.source.packaged import packaged
from composer.stages.check import check
from composer.stages.check.labels import label_fault
from composer.stages.check.schemas import schemas_for
from tests.check.sites import context, rendered

SCHEMAS = schemas_for((1, 33), packaged("schemas"), None)
LOWER = string.ascii_lowercase + string.digits
ANY = string.ascii_letters + string.digits

NEARLY_NAMES = st.text(alphabet="abz09-.AZ_ é\n", max_size=70)
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,60}[a-z0-9])?", fullmatch=True) | NEARLY_NAMES


def is_label(text: str) -> bool:
    inner = all(letter in LOWER + "-" for letter in text)
    return 0 < len(text) <= 63 and inner and text[0] != "-" and text[-1] != "-"


def is_subdomain(text: str) -> bool:
    parts = text.split(".")
    return (
        len(text) <= 253
        and all(part and all(c in LOWER + "-" for c in part) for part in parts)
        and all("-" not in (part[0], part[-1]) for part in parts)
    )


def accepts(api_version: str, kind: str, name: str, **body: Any) -> bool:
    found = SCHEMAS.kind(api_version, kind)
    assert found
    return found.accepts({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **body})


@given(NAMES)
@example("a" * 63)
@example("a" * 64)
def test_a_namespace_is_called_by_a_dns_label(name: str) -> None:
    assert accepts("v1", "Namespace", name) == is_label(name)


@given(NAMES)
def test_a_service_is_called_by_a_dns_label_that_begins_with_a_letter(name: str) -> None:
    assert accepts("v1", "Service", name) == (is_label(name) and name[0] in string.ascii_lowercase)


@given(NAMES)
@example("a" * 253)
@example("a" * 254)
@example("a..b")
def test_most_objects_are_called_by_a_dns_name(name: str) -> None:
    assert accepts("v1", "ConfigMap", name) == is_subdomain(name)


@given(st.text(alphabet="ab:/%.A é", max_size=5))
def test_a_role_is_called_by_anything_that_fits_into_a_path(name: str) -> None:
    assert accepts("rbac.authorization.k8s.io/v1", "ClusterRole", name) == (name != "" and not set(name) & set("/%"))


@given(st.text(alphabet="abz09-A.", max_size=17))
def test_a_port_has_a_short_name_with_a_letter(name: str) -> None:
    spec = {"containers": [{"name": "x", "ports": [{"containerPort": 1, "name": name}]}]}
    expected = is_label(name) and len(name) <= 15 and "--" not in name and any(c.isalpha() for c in name)
    assert accepts("v1", "Pod", "x", spec=spec) == expected


@given(st.text(alphabet="aZ0-_./ é", max_size=70), st.text(alphabet="aZ0-_. é", max_size=70))
def test_a_label_is_a_qualified_name_and_a_short_value(key: str, value: str) -> None:
    def is_word(text: str) -> bool:
        inner = all(letter in ANY + "-_." for letter in text)
        return 0 < len(text) <= 63 and inner and text[0] in ANY and text[-1] in ANY

    prefix, slash, name = key.rpartition("/")
    fine = is_word(name) and (not slash or is_subdomain(prefix)) and (value == "" or is_word(value))
    assert (label_fault(key, value) == "") == fine


REGISTRIES = st.sampled_from(["", "ghcr.io/", "localhost:5000/", "registry.example.com:443/"])
REPOSITORIES = st.from_regex(r"[a-z0-9]{1,8}(/[a-z0-9]{1,8}){0,2}", fullmatch=True)
TAGS = st.from_regex(r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,20})?", fullmatch=True) | st.just(":latest")
DIGESTS = st.sampled_from(["", "@sha256:" + "0a" * 32])


@settings(max_examples=60)
@given(REGISTRIES, REPOSITORIES, TAGS, DIGESTS)
def test_an_image_is_pinned_by_a_digest_or_a_tag_but_latest(
    registry: str, repository: str, tag: str, digest: str
) -> None:
    image = f"{registry}{repository}{tag}{digest}"
    spec = f"{{containers: [{{name: x, image: '{image}'}}]}}"
    text = f"[{{apiVersion: v1, kind: Pod, metadata: {{name: x, namespace: default}}, spec: {spec}}}]"
    codes = {d.code for d in check(rendered(text), context())} & {"K020", "K021", "K022"}
    if digest or (tag and tag != ":latest"):
        assert codes == set()
    else:
        assert codes == {"K021" if tag else "K020"}
