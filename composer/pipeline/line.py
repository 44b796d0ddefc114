"""One site down the line: load, resolve, wire, render, check. The stages in order, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from composer.diagnostic import Diagnostic, Rejected, has_errors, in_order
from composer.model.fleet import Fleet
from composer.model.payload import Payload
from composer.model.stack import HubLink, Rendered, Stack, Wiring
from composer.pipeline.children import Child, broken_child, child_of, unknown_children
from composer.pipeline.copies import encrypted
from composer.pipeline.inputs import Inputs, ca_of, inputs_of
from composer.source.document import Document
from composer.stages.check import CheckContext, check
from composer.stages.load import (
    check_references,
    link_of,
    load_site,
    possible_hubs,
    read_certificates,
    read_payload,
)
from composer.stages.render import Renderer
from composer.stages.resolve import Resolver
from composer.stages.wire import check_topics, schema_paths, uplink_summary, wire

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Composed:
    """A site at the end of the line. With an error among the *findings* there are no *objects*, never half of them.

    *copies* are the encrypted secrets that lie beside the objects: path on the branch -> bytes; *child* is what the site's hub
    has to know of it, or None where the site was given up half way.
    """

    site: str
    findings: tuple[Diagnostic, ...]
    objects: tuple[Rendered, ...] = ()
    copies: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    wiring: Wiring | None = field(default=None, repr=False)
    link: HubLink | None = field(default=None, repr=False)
    child: Child | None = field(default=None, repr=False)

    @cached_property
    def inputs(self) -> Inputs | None:
        """What the site was made from; worked out only when somebody asks."""
        return inputs_of(self.wiring, self.link, self.copies) if self.wiring else None

    @property
    def ok(self) -> bool:
        return not has_errors(self.findings)


class Line:
    """Takes the sites of one fleet down the line. It keeps what sites share.

    A hub's result depends on the links of its sites, which *children* tells; without it, the line looks at them itself, one
    by one. No other site's result depends on another's. Without *topics*, the graph of topics is not checked: where one
    component is looked at, nobody is at its other ends.
    """

    def __init__(
        self, fleet: Fleet, children: Callable[[str], Sequence[Child]] | None = None, *, topics: bool = True
    ) -> None:
        self.fleet = fleet
        self.topics = topics
        self._children = children or self._look
        self.resolver = Resolver(fleet)
        self.renderer = Renderer()
        self._hosts: dict[str, str] = {}
        self._schemas: dict[str, Payload] = {}

    def compose(self, site: str) -> Composed:
        """The site's objects, or the findings that stand in their way."""
        findings: list[Diagnostic] = []
        wiring: Wiring | None = None
        try:
            document = load_site(self.fleet, site)
            wiring = self._wiring(document, findings)
            if self.topics:
                findings += check_topics(wiring, self._payloads(wiring))
            objects = self._rendered(wiring, findings)
            copies = _keep(findings, encrypted, wiring.stack)
            if not has_errors(findings):
                findings += check(objects, CheckContext.of(wiring))
        except Rejected as rejected:
            findings += rejected.diagnostics
        ordered = tuple(d.at_site(site) for d in in_order(findings))
        if has_errors(ordered):
            known = child_of(wiring) if wiring else self._broken(site, ordered)
            return Composed(site, ordered, child=known)
        assert wiring is not None
        return Composed(site, ordered, tuple(objects), copies, wiring, self._link(wiring.stack), child=child_of(wiring))

    def wire(self, site: str) -> Wiring:
        """The site on the way to its objects: for questions about where they come from. Raises Rejected."""
        findings: list[Diagnostic] = []
        try:
            return self._wiring(load_site(self.fleet, site), findings)
        except Rejected as rejected:
            raise Rejected(d.at_site(site) for d in in_order([*findings, *rejected.diagnostics])) from rejected

    def rendered(self, wiring: Wiring) -> list[Rendered]:
        """The objects of a wired site, unchecked, as far as they can be rendered."""
        return self._rendered(wiring, [])

    def _wiring(self, document: Document, findings: list[Diagnostic]) -> Wiring:
        wrong_references = check_references(self.fleet, document)
        findings += wrong_references
        stack = _keep(findings, self.resolver.resolve, document)
        if has_errors(wrong_references):
            raise Rejected([])
        children = self._children(stack.site)
        findings += unknown_children(document, children)
        known = [child.summary for child in children if child.summary]
        return _keep(findings, wire, stack, self._link(stack), known)

    def look(self, site: str, hubs: frozenset[str] | None = None) -> Child:
        """What the hub of a site has to know of it. Of sites with another hub than *hubs*, only that is told."""
        findings: list[Diagnostic] = []
        try:
            document = load_site(self.fleet, site)
            link = link_of(self.fleet, document)
            if link is None or (hubs is not None and link.hub not in hubs):
                return Child(site, (link.hub,) if link else ())
            return child_of(self._wiring(document, findings))
        except Rejected as rejected:
            return self._broken(site, in_order([*findings, *rejected.diagnostics]))

    def _broken(self, site: str, findings: Sequence[Diagnostic]) -> Child:
        """A site with these *findings*, as its hub sees it: as without them, where what it sends can be worked out."""
        try:
            document = load_site(self.fleet, site)
            link = link_of(self.fleet, document)
            if link is None:
                return Child(site)
            stack, _ = self.resolver.resolve(document)
            known = [child.summary for child in self._children(site) if child.summary]
            return Child(site, (link.hub,), uplink_summary(stack, link.hub, known))
        except Rejected as rejected:
            return broken_child(self.fleet, site, (*findings, *rejected.diagnostics)[0])

    def _look(self, hub: str) -> list[Child]:
        """The children of a hub, found and looked at one by one."""
        if hub not in possible_hubs(self.fleet):
            return []
        found = (self.look(site, frozenset([hub])) for site in sorted(self.fleet.sites) if site != hub)
        return [child for child in found if hub in child.hubs]

    def _payloads(self, wiring: Wiring) -> dict[str, Payload]:
        """The payload schemas that the site names, each read once for all sites."""
        paths = schema_paths(wiring.traffic)
        for path in paths:
            if path not in self._schemas:
                self._schemas[path] = read_payload(self.fleet, path)
        return {path: self._schemas[path] for path in paths}

    def _rendered(self, wiring: Wiring, findings: list[Diagnostic]) -> list[Rendered]:
        """The objects of every component; one that fails does not keep the others' findings back."""
        objects: list[Rendered] = []
        for wired in wiring.wired:
            try:
                objects += self.renderer.render(wired.component, wired.context)
            except Rejected as rejected:
                findings += rejected.diagnostics
        return objects

    def _link(self, stack: Stack) -> HubLink | None:
        uplink = stack.spec.get("uplink")
        if not uplink:
            return None
        hub = uplink["site"]
        if hub not in self._hosts:
            spec = self.resolver.spec(load_site(self.fleet, hub))
            self._hosts[hub] = f"mqtt.{spec['cluster']['domain']}"
        return HubLink(hub, self._hosts[hub], read_certificates(self.fleet, ca_of(stack)))


def _keep(findings: list[Diagnostic], stage: Callable[..., tuple[T, list[Diagnostic]]], *inputs: object) -> T:
    """The stage's value; its findings go to *findings*."""
    value, found = stage(*inputs)
    findings += found
    return value


__all__ = ["Composed", "Line"]
