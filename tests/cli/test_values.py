"""Values that look like something else arrive as they were written, whoever reads the rendered YAML."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from ruamel.yaml import YAML

from tests.cli.kit import composer, delivery, fleet, note, site
from tests.conftest import Needs
from tests.publish.making import git

WORDS = "no on y n Yes OFF true null ~ = << 1e3 1_000 0o7 010 0x1F 0b1 .5 .inf .NaN 12:30 1:2:3 2024-01-01 - ? : * & ! % @ `"
TEXTS = [
    *WORDS.split(),
    "",
    " ",
    " leading and trailing ",
    'it\'s "quoted"',
    "{{ params.text }}",
    "{% for x in y %}",
    "${HOME} $(HOME) $HOME ${!x}",
    "#no comment",
    "a: b",
    "a #b",
    "{a: b}",
    "[a]",
    "- a",
    "--- a",
    "...",
    "\n",
    "a\n",
    "a\n\n\n",
    "\n a\n  b\n",
    "a\n---\nkind: ClusterRole\n",
    "a\r\nb\rc",
    "\ta\tb",
    "a\x00b\x07\x1b[31m\x7f\x85\u2028\ufeff",
    "\u202eabc\U0001f600\u00fc",
    "\\n \\u0041 %20 &amp;",
    "x" * 5000,
    "word " * 500,
    "1" * 40,
]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published fleet with one site, whose ConfigMap holds all texts."""
    root = fleet(tmp_path_factory.mktemp("values"), {"a.yaml": site("a", note(f"texts: {flow(expected())}"))})
    assert composer(root, "render").code == 0
    assert composer(root, "publish", "--allow-dirty").code == 0
    return root


def expected() -> dict[str, str]:
    return {f"t-{index:02}": text for index, text in enumerate(TEXTS)}


def flow(texts: Mapping[str, str]) -> str:
    """The texts as somebody may write them in a document, on one line."""
    return yaml.safe_dump(texts, default_flow_style=True, default_style='"', width=1e9).strip()


def read_by(kubectl: str, file: str, content: bytes = b"") -> dict[str, str]:
    """The data of a ConfigMap as kubectl, without a cluster, understands it."""
    words = [kubectl, "label", "--local", f"--filename={file}", "--output=json", "probe=probe"]
    read = subprocess.run(words, input=content, check=True, capture_output=True)
    data: dict[str, str] = json.loads(read.stdout)["data"]
    return data


def check(data: Mapping[str, object]) -> None:
    assert {key: value for key, value in data.items() if key != "text"} == expected()


def file(root: Path) -> Path:
    return root / "out/manifests/a/platform/edge-platform/configmap_note.yaml"


def test_pyyaml_reads_every_text_as_it_was_written(rendered: Path) -> None:
    check(yaml.safe_load(file(rendered).read_bytes())["data"])


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_ruamel_reads_every_text_as_it_was_written(rendered: Path, version: str) -> None:
    reader = YAML(typ="safe", pure=True)
    reader.version = version  # type: ignore[assignment]
    check(reader.load(io.BytesIO(file(rendered).read_bytes()))["data"])


def test_kubectl_reads_every_text_as_it_was_written(rendered: Path, needs: Needs) -> None:
    kubectl = needs("kubectl")["kubectl"]
    check(read_by(kubectl, str(file(rendered))))


def test_kustomize_hands_every_text_on_as_it_was_written(tmp_path: Path, needs: Needs) -> None:
    """Except for U+007F, which kustomize itself cannot print, and U+0085, which it takes for a line break."""
    kubectl = needs("kubectl")["kubectl"]
    texts = {key: text.translate({0x7F: None, 0x85: None}) for key, text in expected().items()}
    root = fleet(tmp_path, {"a.yaml": site("a", note(f"texts: {flow(texts)}"))})
    assert composer(root, "render").code == 0
    built = subprocess.run([kubectl, "kustomize", root / "out/manifests/a"], check=True, capture_output=True)
    (found,) = [part for part in built.stdout.split(b"\n---\n") if b"\nkind: ConfigMap\n" in part]
    assert {key: text for key, text in read_by(kubectl, "-", found).items() if key != "text"} == texts


def test_the_composer_reads_its_own_output_back(rendered: Path) -> None:
    (found,) = [o for o in composer(rendered, "render", "-o", "-").objects if o["metadata"]["name"] == "note"]
    check(found["data"])
    assert composer(rendered, "diff").out == "no changes at 1 site\n"
    branch = git(delivery(rendered), "show", "site/a:platform/edge-platform/configmap_note.yaml")
    assert branch == file(rendered).read_text(encoding="utf-8").strip()
