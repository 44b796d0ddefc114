"""Which kubeconfig context means the cluster of a site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from composer.diagnostic import Diagnostic, Rejected
from composer.model.fleet import Fleet
from composer.stages.load import load_site
from composer.stages.resolve import Resolver

DEFAULT = "{site}"


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


def central_context(fleet: Fleet) -> str:
    """The context of the cluster whose Argo CD serves sites from elsewhere, "" where the fleet names none."""
    context: str = (fleet.document.data["spec"].get("delivery") or {}).get("context") or ""
    return context


def _named(pattern: str, site: str) -> str:
    return pattern.replace("{site}", site)
