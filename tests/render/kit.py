"""Blueprints made of a few lines, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from composer.diagnostic import Diagnostic, Rejected
from composer.model.blueprint import Blueprint
from composer.model.stack import Component
from composer.source.reader import parse
from composer.stages.render import Traced, compile_blueprint, render, trace

FOLDER = "blueprints/demo/v1"
_BLUEPRINT = """
apiVersion: edge-composer.io/v1alpha1
kind: Blueprint
metadata: {name: demo}
spec: {version: 1.0.0, role: function, scope: any, images: {main: {reference: "example.com/main:1"}}}
"""

Files = Mapping[str, str]
NOTHING: Mapping[str, Any] = {}


def blueprint(
    manifests: str | Files, *, params: str = "", files: Files = NOTHING, fragments: Files = NOTHING
) -> Blueprint:
    """A blueprint of the given texts; a single manifest is called m.yaml. *params* are names only."""
    named = {"m.yaml": manifests} if isinstance(manifests, str) else manifests
    declared = ", ".join(f"{name}: {{}}" for name in params.split())
    return Blueprint(
        name="demo",
        version="1.0.0",
        folder=FOLDER,
        origin="fleet",
        digest="",
        manifest=parse(_BLUEPRINT, f"{FOLDER}/blueprint.yaml"),
        params=parse(f"{{{declared}}}", f"{FOLDER}/params.yaml"),
        manifests={f"manifests/{name}": parse(text, f"{FOLDER}/manifests/{name}") for name, text in named.items()},
        files={f"files/{name}": text for name, text in files.items()},
        fragments={name: parse(text, f"blueprints/_lib/{name}.yaml") for name, text in fragments.items()},
    )


def component(of: Blueprint) -> Component:
    return Component("broker", "function", "acme", of, {}, {})


def objects(manifests: str | Files, context: Mapping[str, Any] = NOTHING, **parts: Any) -> list[dict[str, Any]]:
    """The objects that the manifests make of *context*."""
    made = blueprint(manifests, **parts)
    return [rendered.object for rendered in render(compile_blueprint(made), component(made), context)]


def one(manifests: str | Files, context: Mapping[str, Any] = NOTHING, **parts: Any) -> dict[str, Any]:
    """The one object that the manifests make of *context*."""
    [made] = objects(manifests, context, **parts)
    return made


def text(template: str, context: Mapping[str, Any] = NOTHING, **parts: Any) -> Any:
    """What the text template makes of *context*."""
    files = {"t.j2": template, **parts.pop("files", {})}
    return one("out: \"{{ text('t.j2') }}\"", context, files=files, **parts)["out"]


def findings(manifests: str | Files, context: Mapping[str, Any] = NOTHING, **parts: Any) -> list[Diagnostic]:
    """Why the manifests make no objects of *context*."""
    with pytest.raises(Rejected) as caught:
        objects(manifests, context, **parts)
    return list(caught.value.diagnostics)


def traced(manifests: str | Files, context: Mapping[str, Any], **parts: Any) -> list[Traced]:
    """The objects, with the origins of their values."""
    made = blueprint(manifests, **parts)
    return trace(compile_blueprint(made), component(made), context)


def places(found: list[Diagnostic]) -> list[str]:
    """The findings as "file:line:column code", the file's name without its folder."""
    return [f"{d.place.file.rpartition('/')[2]}:{d.place.line}:{d.place.column} {d.code}" for d in found]
