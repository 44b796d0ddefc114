"""What a component needs of machines and contracts: architectures, serial ports, licences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from composer.diagnostic import Diagnostic, Place, Related, did_you_mean, error
from composer.merge import origin
from composer.model.stack import Component, Stack
from composer.stages.wire.places import place_of

Port = Mapping[str, str]


def architectures(component: Component, stack: Stack) -> list[str]:
    """The architectures of nodes that the component's pods must keep to, sorted; [] where any node of the site will do.

    What its images exist for is said by its blueprint, and by a parameter `architectures` for images that parameters name.
    """
    nodes = stack.spec["cluster"].get("nodes") or ()
    here = {node.get("arch", "") for node in nodes} if len(nodes) > 1 else ()
    if len(here) < 2 or "" in here:
        return []
    built = component.blueprint.architectures
    suiting = here if built is None else here & built
    said = component.params.get("architectures")
    if isinstance(said, list) and said:
        suiting &= {*said}
    return [] if suiting == here else sorted(suiting)


def licences(component: Component, stack: Stack) -> dict[str, Mapping[str, Any]]:
    """Product -> where its licence lies, for the products that the component's blueprint needs and the site has."""
    written = stack.spec.get("licences") or {}
    return {name: written[name] for name in component.blueprint.licences if name in written}


def check_serial(stack: Stack) -> list[Diagnostic]:
    """Serial buses of gateways against the serial ports of the site's nodes: each bus means one sort of port."""
    findings: list[Diagnostic] = []
    for component in stack.components:
        bus = component.spec.get("bus", {}).get("serial") if component.role == "gateway" else None
        if bus:
            findings += _serial(component, bus, stack)
    return findings


def _serial(component: Component, bus: Mapping[str, Any], stack: Stack) -> Iterable[Diagnostic]:
    nodes = stack.spec["cluster"].get("nodes")
    wanted = {key: bus[key] for key in ("path", "resource") if key in bus}
    if nodes is None:
        if len(wanted) < 2:
            missing = "resource" if "path" in wanted else "path"
            message = f"the serial bus of {component.label} has no {missing}, and no node of the site tells it"
            hint = f"add `{missing}:`, or declare the port: cluster.nodes[].serial"
            yield error("W081", message, place_of(component, ("bus", "serial"), key=True), hint=hint)
        return
    ports = [port for node in nodes for port in node.get("serial") or ()]
    suiting = {(port["path"], port["resource"]) for port in ports if wanted.items() <= port.items()}
    if not suiting:
        yield _no_port(component, wanted, ports, _nodes_place(stack))
    elif len(suiting) > 1:
        missing = "resource" if "path" in wanted else "path"
        known = " or ".join(sorted(resource if missing == "resource" else path for path, resource in suiting))
        (key, value), *_ = wanted.items()
        message = f"{value} is several serial ports of the site's nodes; which one {component.label} means is not said"
        yield error("W082", message, place_of(component, ("bus", "serial", key)), hint=f"add `{missing}:` {known}")


def _no_port(component: Component, wanted: Mapping[str, str], ports: list[Port], nodes: Place) -> Diagnostic:
    known = {key: {port[key] for port in ports} for key in wanted}
    strange = next((key for key in wanted if wanted[key] not in known[key]), next(iter(wanted)))
    what = " as ".join(wanted.values())
    message = f"no node of the site offers the serial port {what}, which {component.label} is on"
    offered = ", ".join(sorted({f"{port['path']} as {port['resource']}" for port in ports}))
    hint = did_you_mean(wanted[strange], known[strange]) or (
        f"there is {offered}" if offered else "declare it: cluster.nodes[].serial"
    )
    place = place_of(component, ("bus", "serial", strange))
    return error("W081", message, place, hint=hint, related=[Related("the nodes", nodes)])


def _nodes_place(stack: Stack) -> Place:
    found = origin(stack.layers, ("cluster", "nodes"))
    return found.place if found else stack.document.place(("spec", "cluster"))
