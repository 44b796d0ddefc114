"""What is applied once at a cluster, as YAML with what must be there before in comments, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from composer.emit import to_yaml
from composer.model.prerequisites import Bootstrap, Capability, Expected, Prerequisites
from composer.report.visible import json_inert, visible

ENGINES = {"flux": "Flux", "argocd": "Argo CD"}


def as_yaml(found: Bootstrap) -> str:
    """A stream of objects for `kubectl apply -f -`."""
    comments = "".join(f"# {visible(line)}".rstrip() + "\n" for line in _comments(found))
    return comments + "".join(f"---\n{to_yaml(object_)}" for object_ in found.objects)


def _comments(found: Bootstrap) -> Iterator[str]:
    engine = ENGINES.get(found.engine, found.engine)
    yield f"Applied once, {engine} makes the cluster of site {found.site} follow branch {found.branch}"
    yield f"of {found.repository}, these objects among the rest."
    needs = found.prerequisites
    for title, lines in _sections(needs):
        if lines:
            yield ""
            yield f"{title}:"
            yield from (f"  {line}" for line in lines)


def _sections(needs: Prerequisites) -> Iterator[tuple[str, Sequence[str]]]:
    yield "Installed before", [_capability(each) for each in (needs.kubernetes, *needs.capabilities)]
    yield "Kinds they bring", [f"{kind} ({version})" for version, kind in needs.kinds]
    yield "Namespaces that are there", needs.namespaces
    secrets = [each for each in needs.objects if (each.group, each.kind) == ("", "Secret")]
    yield "Secrets that are there", [_expected(each, "") for each in secrets]
    yield "Others that are there", [_expected(each, f"{each.kind} ") for each in needs.objects if each not in secrets]


def _capability(each: Capability) -> str:
    needs = "; ".join(f"{span} for {', '.join(blueprints)}" for span, blueprints in each.needs)
    return f"{each.name} {each.version}" + (f" ({needs})" if needs else "")


def _expected(each: Expected, kind: str) -> str:
    where = f"{each.namespace}/{each.name}" if each.namespace else each.name
    labels = " ".join(f"{key}={value}" for key, value in sorted(each.labels.items()))
    notes = [f"for {', '.join(each.needed_by)}"] if each.needed_by else []
    notes += [f"with labels {labels}"] if labels else []
    return f"{kind}{where}" + (f" ({', '.join(notes)})" if notes else "")


def as_json(found: Bootstrap) -> str:
    """Everything, for programs."""
    needs = found.prerequisites
    shown = {
        "site": found.site,
        "engine": found.engine,
        "repository": found.repository,
        "branch": found.branch,
        "objects": found.objects,
        "prerequisites": {
            "kubernetes": _capability_entry(needs.kubernetes),
            "capabilities": [_capability_entry(each) for each in needs.capabilities],
            "kinds": [{"apiVersion": version, "kind": kind} for version, kind in needs.kinds],
            "namespaces": needs.namespaces,
            "objects": [_expected_entry(each) for each in needs.objects],
        },
    }
    return json_inert(json.dumps(shown, indent=2)) + "\n"


def _capability_entry(each: Capability) -> dict[str, Any]:
    needs = [{"range": span, "blueprints": blueprints} for span, blueprints in each.needs]
    return {"name": each.name, "version": each.version, "needs": needs}


def _expected_entry(each: Expected) -> dict[str, Any]:
    identity = {"group": each.group, "kind": each.kind, "namespace": each.namespace or None, "name": each.name}
    return {**identity, "labels": dict(sorted(each.labels.items())), "neededBy": each.needed_by}


FORMATS: Mapping[str, Callable[[Bootstrap], str]] = {"yaml": as_yaml, "json": as_json}
"""Format -> what shows it in that."""
