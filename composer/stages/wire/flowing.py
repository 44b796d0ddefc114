"""The first part of wiring: what flows at a site, and what of it the site's hub has to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from composer.diagnostic import Diagnostic, Rejected, has_errors
from composer.model.figures import Sizing
from composer.model.links import LinkSummary
from composer.model.share import Share
from composer.model.stack import Component, Stack
from composer.model.traffic import Traffic
from composer.stages.wire.bridges import bridge_rows
from composer.stages.wire.buffer import buffer_of, buffer_spec, is_needed
from composer.stages.wire.relay import relay_rows, relay_spec, with_relay
from composer.stages.wire.sharing import shares
from composer.stages.wire.sizing import MOST, sizing_of
from composer.stages.wire.specs import SPECS
from composer.stages.wire.summary import summarise
from composer.stages.wire.traffic import traffic
from composer.stages.wire.words import check_words


@dataclass(frozen=True, eq=False)
class Flowing:
    """The *stack* with a *relay* only where there is something to pass on and a *buffer* only where it is needed, the *specs* of
    components in the common shape, what is shared, what flows, and how large that makes the *ingress*."""

    stack: Stack
    relay: Component | None
    buffer: Component | None
    ingress: Component | None
    specs: dict[Component, dict[str, Any]]
    shares: tuple[Share, ...]
    traffic: Traffic
    sizing: Sizing


def flowing(stack: Stack, children: Sequence[LinkSummary], findings: list[Diagnostic]) -> Flowing:
    """What flows at the site, of which *children* are those whose uplinks end there; *findings* takes what is wrong with it."""
    specs = {c: SPECS[c.role](c, stack, findings) for c in stack.components if c.role in SPECS}
    shared = shares(stack, specs, findings)
    stack, relay = with_relay(stack, shared, findings)
    more = relay_rows(relay, shared) if relay else ()
    found = traffic(stack, specs, (*more, *bridge_rows(stack, children)))
    if relay:
        specs[relay] = relay_spec(shared)
    ingress = next((c for c in stack.components if c.role == "ingress"), None)
    sites = sum(child.connections for child in children)
    sizing = sizing_of(stack, specs, found, ingress, sites)
    buffer = buffer_of(stack)
    if buffer and ingress and is_needed(buffer, sizing, MOST):
        specs[buffer] = buffer_spec(stack)
        sizing = sizing_of(stack, specs, found, ingress, sites)
    elif buffer:
        stack = replace(stack, components=tuple(c for c in stack.components if c is not buffer))
        buffer = None
    return Flowing(stack, relay, buffer, ingress, specs, shared, found, sizing)


def uplink_summary(stack: Stack, hub: str, children: Sequence[LinkSummary] = ()) -> LinkSummary:
    """What the site tells its *hub*, whatever else is wrong with it. Raises Rejected where its words cannot be understood."""
    wrong = check_words(stack)
    if has_errors(wrong):
        raise Rejected(wrong)
    found = flowing(stack, children, [])
    return summarise(stack.site, hub, stack.tenants, found.traffic, children, buffered=found.buffer is not None)
