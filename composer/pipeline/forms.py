"""New documents from a form: what is asked, and the text that the answers make.

A form is a skeleton that comes with the composer; answers are edited into it the way `composer set` edits documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from composer.diagnostic import Place, Rejected, error
from composer.model.fieldpath import resolve_path
from composer.model.fleet import Fleet
from composer.pipeline.edit import Assignment, edited, no_such
from composer.source.document import Document
from composer.source.packaged import packaged
from composer.source.reader import parse
from composer.stages.load import check_schema

COMMAND_LINE = Place("command line")
_SKELETON = "skeleton"
"""What the skeletons are called, wherever their own name stands."""


@dataclass(frozen=True, slots=True)
class Question:
    """One line of a form: *flag* names it (--flag), *ask* says what is wanted.

    *path* is where the value goes, *read* makes it of the text; an empty answer takes the value out of the skeleton.
    *default* is the answer where none is given ({name} and {engine} stand for the document's name and what the fleet's
    engine is as a capability). *among* is the section of the fleet ("profiles", "tenants", "sites") whose names are answers.
    A *layered* question is not put where a lower layer says something at *path* already.
    """

    flag: str
    ask: str
    path: str
    default: str = ""
    among: str = ""
    read: Callable[[str], Any] = str
    layered: bool = False


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", text) if word]


def _names(text: str) -> dict[str, Any]:
    return {word: {} for word in _words(text)}


def _uplink(text: str) -> dict[str, Any]:
    return {"site": text}


def _ingress(text: str) -> dict[str, Any]:
    return {"ingress": {"blueprint": text}}


def _pairs(text: str) -> dict[str, str]:
    pairs = [word.partition("=") for word in _words(text)]
    if any(not key or not sign for key, sign, _ in pairs):
        raise ValueError("expected KEY=VALUE, several of them with commas between")
    return {key: value for key, _, value in pairs}


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise ValueError("expected a whole number")
    return int(text)


def _devices(text: str) -> dict[str, Any]:
    found = {}
    for word in _words(text):
        name, sign, count = word.partition("=")
        publish = [{"topic": f"{name}/{{device}}/state", "rate": "1/s", "bytes": 100, "qos": 1}]
        found[name] = {"count": _number(count) if sign else 1, "publish": publish}
    return found


_BOX = "spec.cluster.nodes.0"

FORMS: Mapping[str, tuple[Question, ...]] = {
    "site": (
        Question("profiles", "profiles, lowest first", "spec.profiles", among="profiles", read=_words),
        Question("domain", "DNS domain of the cluster", "spec.cluster.domain", "{name}.edge.example.com"),
        Question("kubernetes", "version of Kubernetes", "spec.cluster.version", "1.33", layered=True),
        Question(
            "capabilities",
            "what is installed there",
            "spec.cluster.capabilities",
            "cert-manager=1.18,{engine}",
            read=_pairs,
            layered=True,
        ),
        Question("arch", "processor architecture of its box", f"{_BOX}.arch", "amd64"),
        Question("cpu", "its CPUs", f"{_BOX}.cpu", "4"),
        Question("memory", "its memory", f"{_BOX}.memory", "8Gi"),
        Question("storage", "its storage", f"{_BOX}.storage", "64Gi"),
        Question("hub", "site its uplink ends at", "spec.uplink", among="sites", read=_uplink, layered=True),
        Question("tenants", "tenants it serves", "spec.tenants", among="tenants", read=_names),
        Question("labels", "labels, such as ring=canary", "metadata.labels", read=_pairs),
    ),
    "tenant": (
        Question("cpu", "CPUs of its workloads", "spec.quota.cpu", "1"),
        Question("memory", "their memory", "spec.quota.memory", "1Gi"),
        Question("storage", "their storage", "spec.quota.storage", "5Gi"),
        Question("connections", "connections of its devices", "spec.quota.connections", "50", read=_number),
        Question("messages", "their messages a second", "spec.quota.messagesPerSecond", "50", read=_number),
        Question("devices", "classes of devices, such as sensor=20", "spec.devices", read=_devices),
    ),
    "profile": (
        Question("kubernetes", "version of Kubernetes", "spec.cluster.version", "1.33"),
        Question(
            "capabilities",
            "what is installed there",
            "spec.cluster.capabilities",
            "cert-manager=1.18,{engine}",
            read=_pairs,
        ),
        Question("offline", "how long sites do without the cloud", "spec.offline", "24h"),
        Question("hub", "site their uplink ends at", "spec.uplink", among="sites", read=_uplink),
        Question("ingress", "blueprint of their broker", "spec.components", "mqtt-mosquitto@1", read=_ingress),
    ),
    "blueprint": (Question("summary", "what it is, in one sentence", "spec.summary", "A program of our own."),),
}
"""Kind of document -> its questions, in order."""


ENGINE_VERSIONS: Mapping[str, str] = {"flux": "2.6", "argocd": "3.0"}
"""Engine -> the version that new documents suppose at clusters."""


def default_of(question: Question, fleet: Fleet, name: str, profiles: Sequence[str]) -> str:
    """The answer where none is given: "" where the fleet's defaults or one of the *profiles* say something already."""
    below = [fleet.document.data["spec"].get("defaults") or {}, *(fleet.profiles[p].data["spec"] for p in profiles)]
    path = question.path.removeprefix("spec.")
    if question.layered and any(resolve_path(path, layer) is not None for layer in below):
        return ""
    engine = (fleet.document.data["spec"].get("delivery") or {}).get("engine") or "flux"
    return question.default.format(name=name, engine=f"{engine}={ENGINE_VERSIONS[engine]}")


def read_answer(question: Question, text: str, fleet: Fleet) -> Any:
    """What an answer stands for. Raises Rejected where it cannot be one."""
    if not text.strip():
        return None
    try:
        value = question.read(text.strip())
    except ValueError as wrong:
        raise Rejected([error("X002", f"--{question.flag} {text!r}: {wrong}", COMMAND_LINE)]) from None
    names: Mapping[str, Any] = getattr(fleet, question.among) if question.among else {}
    unknown = [word for word in _words(text) if word not in names] if question.among else []
    if unknown:
        raise Rejected(no_such(question.among, word, names) for word in unknown)
    return value


def filled(kind: str, name: str, answers: Mapping[str, Any], file: str) -> Document:
    """The document of that *kind* called *name*, to stand in *file*; *answers* maps each flag to its value, or None."""
    return _answered(kind, answers, parse(_skeleton(f"{kind}.yaml", name), file))


def filled_blueprint(name: str, answers: Mapping[str, Any], folder: str) -> dict[str, str]:
    """Path -> text of every file of a new blueprint in *folder*."""
    root = packaged("starter") / "new/blueprint"
    paths = [file.relative_to(root).as_posix() for file in sorted(root.rglob("*")) if file.is_file()]
    files = {f"{folder}/{path}": _skeleton(f"blueprint/{path}", name) for path in paths}
    main = f"{folder}/blueprint.yaml"
    document = _answered("blueprint", answers, parse(files[main], main))
    findings = check_schema(document, "Blueprint")
    if findings:
        raise Rejected(findings)
    return {**files, main: document.text}


def _answered(kind: str, answers: Mapping[str, Any], skeleton: Document) -> Document:
    given = [(question.path, answers[question.flag]) for question in FORMS[kind]]
    return edited(skeleton, [Assignment(path, value, removed=value is None) for path, value in given])


def _skeleton(path: str, name: str) -> str:
    return (packaged("starter") / "new" / path).read_text("utf-8").replace(_SKELETON, name)
