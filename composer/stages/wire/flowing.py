"""The first part of wiring: what flows at a site, and what of it the site's hub has to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from composer.diagnostic import Diagnostic, Rejected, has_errors
from composer.model.links import LinkSummary
from composer.model.share import Share
from composer.model.stack import Component, Stack
from composer.model.traffic import Traffic
from composer.stages.wire.bridges import bridge_rows
from composer.stages.wire.relay import relay_rows, with_relay
from composer.stages.wire.sharing import shares
from composer.stages.wire.specs import SPECS
from composer.stages.wire.summary import summarise
from composer.stages.wire.traffic import traffic
from composer.stages.wire.words import check_words


@dataclass(frozen=True, eq=False)
class Flowing:
    """The *stack* with a *relay* only where there is something to pass on, the *specs* of components in the common shape
    (without the relay's), what is shared, and what flows."""

    stack: Stack
    relay: Component | None
    specs: dict[Component, dict[str, Any]]
    shares: tuple[Share, ...]
    traffic: Traffic


def flowing(stack: Stack, children: Sequence[LinkSummary], findings: list[Diagnostic]) -> Flowing:
    """What flows at the site, of which *children* are those whose uplinks end there; *findings* takes what is wrong with it."""
    specs = {c: SPECS[c.role](c, stack, findings) for c in stack.components if c.role in SPECS}
    shared = shares(stack, specs, findings)
    stack, relay = with_relay(stack, shared, findings)
    more = relay_rows(relay, shared) if relay else ()
    return Flowing(stack, relay, specs, shared, traffic(stack, specs, (*more, *bridge_rows(stack, children))))


def uplink_summary(stack: Stack, hub: str, children: Sequence[LinkSummary] = ()) -> LinkSummary:
    """What the site tells its *hub*, whatever else is wrong with it. Raises Rejected where its words cannot be understood."""
    wrong = check_words(stack)
    if has_errors(wrong):
        raise Rejected(wrong)
    return summarise(stack.site, hub, stack.tenants, flowing(stack, children, []).traffic, children)
