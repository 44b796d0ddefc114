"""Which kubeconfig context means the cluster of a site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from composer.diagnostic import Diagnostic, Rejected
from composer.model.fleet import Fleet
from composer.stages.load import load_site
from composer.stages.resolve import Resolver

DEFAULT = "{site}"

DELIVERING = "delivery/"
"""Where on a branch the objects lie that deliver it."""

_HERE = "https://kubernetes.default.svc"
"""How an Application names the cluster that it lies in."""


def contexts_of(fleet: Fleet, names: Sequence[str], said: str = "") -> tuple[Mapping[str, str], list[Diagnostic]]:
    """Site -> context; *said*, with {site} for the site's name, goes before `cluster.context` of its document.

    A site whose document has errors has none, and these are told.
    """
    if said:
        return {name: _named(said, name) for name in names}, []
    resolver, contexts, findings = Resolver(fleet), {}, []
    for name in names:
        try:
            cluster = resolver.spec(load_site(fleet, name)).get("cluster") or {}
            contexts[name] = _named(cluster.get("context") or DEFAULT, name)
        except Rejected as rejected:
            findings += [finding.at_site(name) for finding in rejected.diagnostics]
    return contexts, findings


def delivering_context(fleet: Fleet, delivering: Iterable[Mapping[str, Any]], own: str) -> str:
    """The context of the cluster that these objects, which deliver a site, lie in: the site's *own*, or, where Argo CD serves
    it from elsewhere, what the fleet says of that."""
    elsewhere = any(
        each["kind"] == "Application" and (each["spec"].get("destination") or {}).get("server") != _HERE
        for each in delivering
    )
    named: str = (fleet.document.data["spec"].get("delivery") or {}).get("context") or ""
    return named or own if elsewhere else own


def _named(pattern: str, site: str) -> str:
    return pattern.replace("{site}", site)
