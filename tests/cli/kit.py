"""Small fleets, and the composer as people run it: in a process of its own."""

from __future__ import annotations

import atexit
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

from composer.source.reader import parse_all
from tests.cli import ready
from tests.cli.ready import ask, get_ready
from tests.load.fleets import document, write
from tests.publish.making import git

ROOT = Path(__file__).parents[2]

_CAPABILITIES = '{cert-manager: "1.18", flux: "2.6"}'
_NODES = '[{name: box, arch: amd64, cpu: "4", memory: 8Gi, storage: 64Gi}]'
CLUSTER = f'version: "1.33", capabilities: {_CAPABILITIES}, nodes: {_NODES}'
FLEET = document("Fleet", "test", '{delivery: {engine: flux, url: "https://git.example.com/delivery.git"}}')

_BLUEPRINT = """
apiVersion: edge-composer.io/v1alpha1
kind: Blueprint
metadata: {name: %s}
spec: {version: 1.0.0, summary: Texts of a site., role: %s, scope: site}
"""
_NOTE_PARAMS = """
text: {type: string, default: "", meta: {help: A text.}}
texts: {type: dict, default: {}, valuesrules: {type: string}, meta: {help: Texts by name.}}
immutable: {type: boolean, default: false, meta: {help: Whether it may change.}}
"""
NOTE = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: "{{ component.fullname }}"
  namespace: "{{ component.namespace }}"
immutable:
  $if: params.immutable
  $do: true
data:
  $merge:
    - "{{ params.texts }}"
    - {text: "{{ params.text }}"}
"""
"""A manifest that holds a text: enough to see a value on its whole way."""


_HEEDED_BY_PYTHON = ("PYTHON", "LANG", "LC_", "TZ")


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def findings(self) -> list[Any]:
        """What `--format json` said on standard output."""
        found: list[Any] = json.loads(self.out)["findings"]
        return found

    @property
    def objects(self) -> list[Any]:
        """What `render -o -` printed."""
        return [read.data for read in parse_all(self.out, "printed")]


def environment(**extra: str) -> dict[str, str]:
    """Variables for the composer: its own code, compiled once and not in every process, and nothing of the user's Git."""
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    code = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(ROOT / ".pytest_cache/bytecode")}
    # In CI, what takes long says so in between, and tests would depend on how fast the machine is.
    return {**inherited, **code, "CI": "", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **extra}


def start(fleet: Path, *words: str, wrapper: tuple[str, ...] = (), **extra: str) -> subprocess.Popen[str]:
    """The composer under way in the fleet's folder, in a process group of its own."""
    return subprocess.Popen(
        [*wrapper, sys.executable, "-m", "composer", *words],
        cwd=fleet,
        env=environment(**extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def composer(fleet: Path, *words: str, wrapper: tuple[str, ...] = (), **extra: str) -> Ran:
    """`composer WORDS` in the fleet's folder, to its end: from Python's start on where that makes a difference."""
    if wrapper or any(key.startswith(_HEEDED_BY_PYTHON) for key in extra):
        process = start(fleet, *words, wrapper=wrapper, **extra)
        out, err = process.communicate()
        return Ran(process.returncode, out, err)
    with Path(os.devnull).open() as nothing, _written() as out_file, _written() as err_file:
        files = (nothing.fileno(), out_file.fileno(), err_file.fileno())
        code = ask(ready_composer(), words, str(fleet), environment(**extra), files)
        return Ran(code, _read(out_file), _read(err_file))


def _written() -> IO[str]:
    """A file for somebody else to write."""
    return TemporaryFile("w+", encoding="utf-8")


def _read(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


@cache
def ready_composer() -> str:
    """Where a composer waits for commands: see `ready`."""
    folder = TemporaryDirectory()
    address = Path(folder.name) / "composer"
    waiting = get_ready(address, environment())
    atexit.register(_dismiss, folder, waiting)
    return str(address)


def put_program(folder: Path, *words: str) -> None:
    """Puts a program `composer` into *folder*: the one that is ready, or Python with the given words."""
    words = words or ("-IS", ready.__file__, ready_composer())
    script = folder / "composer"
    script.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, *words])} "$@"\n')
    script.chmod(0o755)


def _dismiss(folder: TemporaryDirectory[str], waiting: subprocess.Popen[bytes]) -> None:
    waiting.communicate()
    folder.cleanup()


def site(name: str, *lines: str, labels: str = "{}") -> str:
    """A site's document; *lines* are further lines of its spec."""
    spec = [f"cluster: {{domain: {name}.example.com, {CLUSTER}}}", *lines]
    return document("Site", name, "\n  " + "\n  ".join(spec), labels)


def note(params: str) -> str:
    """The line of a site that makes a note of these parameters."""
    return f"components: {{note: {{blueprint: note@1, params: {{{params}}}}}}}"


def noted(name: str, text: str = "hello", labels: str = "{}") -> str:
    """A site with one component of the blueprint `note`."""
    return site(name, note(f"text: {json.dumps(text)}"), labels=labels)


def blueprint(
    root: Path, name: str = "note", manifest: str = NOTE, params: str = _NOTE_PARAMS, role: str = "addon"
) -> None:
    """A blueprint of the fleet's own."""
    folder = root / "blueprints" / name / "v1"
    (folder / "manifests").mkdir(parents=True)
    (folder / "blueprint.yaml").write_text(_BLUEPRINT % (name, role))
    (folder / "params.yaml").write_text(params)
    (folder / "manifests/object.yaml").write_text(manifest)


def fleet(root: Path, files: Mapping[str, str]) -> Path:
    """A fleet with the blueprint `note` and *files* (paths below sites/)."""
    blueprint(root)
    return write(root, {"fleet.yaml": FLEET, **files})


def notes(root: Path, *names: str) -> Path:
    """A fleet of sites with one note each."""
    return fleet(root, {f"{name}.yaml": noted(name) for name in names})


def example(root: Path) -> Path:
    """A copy of the example fleet."""
    shutil.copytree(ROOT / "sites", root / "sites")
    return root


def commit(root: Path, date: str = "2024-05-06T07:08:09+0200", message: str = "a change") -> str:
    """Commits the fleet; gives the commit's id."""
    if not (root / ".git").exists():
        git(root, "init", "-q", "-b", "main")
        (root / ".gitignore").write_text("out/\n")
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", message, GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
    return git(root, "rev-parse", "HEAD")


def delivery(root: Path) -> Path:
    """The delivery repository of a fleet."""
    return root / "out/delivery.git"


def trees(root: Path) -> dict[str, str]:
    """The tree at the tip of every branch that was published."""
    rows = git(delivery(root), "for-each-ref", "--format=%(refname:lstrip=2) %(tree)", "refs/heads").split("\n")
    return dict(row.split() for row in rows if row)


def identity(object_: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """What tells one object from another."""
    metadata = object_["metadata"]
    return object_["apiVersion"], object_["kind"], metadata.get("namespace", ""), metadata["name"]
