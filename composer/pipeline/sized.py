"""A derived size in words: its formula, what that reads, and the lines of documents behind it."""

from __future__ import annotations

from collections.abc import Iterator

from composer.merge import Origin, origin
from composer.model.constants import CONSTANTS, Constant, written_at
from composer.model.figures import Figure, Sizing, Term, show_amount
from composer.model.stack import Component, Wiring
from composer.model.wording import count
from composer.stages.wire.sizing import Part, figures, part_place, parts_of, unit_of
from composer.stages.wire.sizing.demand import SUMS

MOST_PARTS = 3
"""Lines named of each sum: those that add most."""


def sized(wiring: Wiring, key: str) -> Iterator[str]:
    """How the figure *key* of the site's broker came about, from its formula down to documents and constants."""
    sizing = wiring.sizing
    if sizing is None:
        return
    found = [f for f in figures(sizing.amounts, key) if f.amount or f.key == key]
    leaves: dict[str, Term] = {}
    for figure in found:
        yield _formula(figure)
        leaves |= {term.key: term for term in figure.inputs}
    known = {figure.key for figure in figures(sizing.amounts, key)}
    parts = all_parts(wiring)
    for term in leaves.values():
        if term.key not in known:
            yield from _leaf(wiring, sizing, term, parts)


def all_parts(wiring: Wiring) -> list[Part]:
    """What each line of the site's documents adds to the sums."""
    specs = {wired.component: wired.context["spec"] for wired in wiring.wired if wired.context["spec"]}
    return parts_of(wiring.stack, specs, wiring.traffic)


def _formula(figure: Figure) -> str:
    return f"{figure.key} ({figure.meaning}) = {figure.formula} = {show_amount(figure.amount, figure.unit)}"


def _leaf(wiring: Wiring, sizing: Sizing, term: Term, parts: list[Part]) -> Iterator[str]:
    amount = show_amount(term.amount, term.unit)
    if term.key in SUMS and not term.amount:
        yield f"{term.key} ({SUMS[term.key][1]}) = 0"
    elif term.key in SUMS:
        yield f"{term.key} ({SUMS[term.key][1]}) = {amount}"
        yield from _parts(wiring, term, [part for part in parts if part.sum == term.key])
        yield from _sites(wiring) if term.key == "sites" else ()
    elif term.key == "offline":
        found = origin(wiring.stack.layers, ("offline",))
        yield f"offline = {amount}, {found.place if found else 'where no document says it'}"
    elif term.key == "perFront":
        said = [found.place for c in wiring.stack.components if (found := _said_by(c, "front"))]
        yield from (f"perFront = {amount}, {place}" for place in said)
        yield from () if said else (constant_line(wiring, sizing, "frontConnections"),)
    elif term.key == "allowed":
        said = [found.place for component in wiring.stack.components if (found := _said_by(component, "ingress"))]
        yield from (f"allowed = {amount}, {place}" for place in said)
    else:
        yield constant_line(wiring, sizing, term.key)


def _said_by(component: Component, role: str) -> Origin | None:
    """What says how many connections *component* may take, if that is its role and a document says so."""
    return origin(component.param_layers, ("maxConnections",)) if component.role == role else None


def _parts(wiring: Wiring, term: Term, parts: list[Part]) -> Iterator[str]:
    largest = sorted(parts, key=lambda part: -part.amount)
    for part in largest[:MOST_PARTS]:
        if part.amount and part.tenant:
            amount = show_amount(part.amount, term.unit)
            yield f"  {amount}: {part.label} of tenant {part.tenant}, {part_place(wiring.stack, part)}"
    if len(largest) > MOST_PARTS:
        yield f"  ... and {count(len(largest) - MOST_PARTS, 'more line')}"


def _sites(wiring: Wiring) -> Iterator[str]:
    """The sites whose uplinks end here, each with its document."""
    sending = [child.site for child in wiring.children if child.connections]
    for site in sending[:MOST_PARTS]:
        yield f"  1 connection: site {site}, {wiring.stack.fleet.sites[site]}"
    if len(sending) > MOST_PARTS:
        yield f"  ... and {count(len(sending) - MOST_PARTS, 'more site')}"


def constant_line(wiring: Wiring, sizing: Sizing, name: str) -> str:
    """A constant with its source, or with the line of the fleet that overrides it."""
    constant = _named(sizing, name)
    amount = show_amount(sizing.amounts[name], unit_of(name))
    document = wiring.stack.fleet.document
    if written_at(document.data["spec"], constant) is not None:
        return f"{constant.key} = {amount}, {document.place(constant.route)}"
    return f"{constant.key} = {amount}, {constant.source}: {constant.because}"


def _named(sizing: Sizing, name: str) -> Constant:
    return next(c for c in CONSTANTS if c.name == name and c.group in ("", sizing.line))
