"""What streams, functions and gateways say, brought into one shape: lists instead of short forms, defaults filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from composer.diagnostic import Diagnostic, Related, did_you_mean, error
from composer.model.stack import Component, Stack
from composer.model.topics import bind, to_filter
from composer.stages.wire.places import place_of
from composer.stages.wire.words import device_topic_fault

QOS = 1
"""Where nothing is said, messages are delivered at least once."""


def _record(written: Mapping[str, Any], stack: Stack, **values: str) -> dict[str, Any]:
    """A publisher's record with its defaults, as it is at the site; *values* fill further placeholders."""
    record = {"qos": QOS, "retain": False, **written, "topic": bind(written["topic"], site=stack.site, **values)}
    if "schema" in written:
        record["schema"] = at_site(written["schema"], stack)
    return record


def at_site(path: str, stack: Stack) -> str:
    """The path of a file that may have the site's name in it."""
    return path.replace("{site}", stack.site)


def _filter(written: str, stack: Stack) -> str:
    return to_filter(bind(written, site=stack.site))


def stream_spec(component: Component, stack: Stack, _findings: list[Diagnostic]) -> dict[str, Any]:
    source = component.spec["from"]
    inputs = {"input": source} if isinstance(source, str) else source
    return {
        "inputs": [{"name": name, "filter": _filter(written, stack)} for name, written in inputs.items()],
        "to": _record(component.spec["to"], stack),
        "do": component.spec.get("do") or [],
    }


def function_spec(component: Component, stack: Stack, _findings: list[Diagnostic]) -> dict[str, Any]:
    spec = component.spec
    emits = spec.get("emits") or []
    filters = [spec["on"]] if isinstance(spec["on"], str) else spec["on"]
    return {
        "on": [_filter(written, stack) for written in filters],
        "qos": spec.get("qos", QOS),
        "emits": [_record(written, stack) for written in (emits if isinstance(emits, list) else [emits])],
        "deadletter": bind(spec.get("deadLetter", f"dead-letter/{component.name}"), site=stack.site),
    }


def gateway_spec(component: Component, stack: Stack, findings: list[Diagnostic]) -> dict[str, Any]:
    devices = component.spec.get("devices") or {}
    found = [device for name in devices for device in _device(component, stack, name, findings)]
    return {"bus": component.spec.get("bus") or {}, "devices": found}


def _device(component: Component, stack: Stack, name: str, findings: list[Diagnostic]) -> Iterator[dict[str, Any]]:
    """The device with its profile, or nothing where the document does not make sense."""
    written = component.spec["devices"][name]
    tenant = component.tenant or written.get("tenant", "")
    if tenant not in stack.tenants:
        findings.append(_no_such_tenant(component, stack, name, tenant))
        return
    profile = _profile(stack, tenant, written.get("profile", ""))
    if profile is None:
        findings.append(_no_such_profile(component, stack, tenant, name))
        return
    if wrong := _profile_fault(component, written["profile"], profile):
        findings.append(replace(wrong, place=place_of(component, ("devices", name, "profile"))))
        return
    if profile["protocol"] == "modbus" and "unit" not in written:
        findings.append(_no_unit(component, name))
        return
    publish = [_record(said, stack, device=name) for said in profile.get("publish") or []]
    yield {**written, "name": name, "tenant": tenant, "profile": profile, "publish": publish}


PROTOCOLS = {"tcp": "modbus", "serial": "modbus", "opcua": "opcua"}
"""Sort of bus -> what devices on it speak."""


def _profile_fault(component: Component, name: str, profile: Mapping[str, Any]) -> Diagnostic | None:
    """Why the device profile called *name* cannot be used by a device of this gateway, if so."""
    faults = (device_topic_fault(said["topic"]) for said in profile.get("publish") or [])
    if wrong := next(filter(None, faults), ""):
        message = f"device profile {name!r} publishes to a topic that cannot be: {wrong}"
        return error("W006", message, place_of(component))
    bus = next((sort for sort in PROTOCOLS if sort in component.spec["bus"]), "")
    if bus and PROTOCOLS[bus] != profile["protocol"]:
        message = (
            f"device profile {name!r} is for {profile['protocol']}, but devices on this bus speak {PROTOCOLS[bus]}"
        )
        related = [Related("the bus", place_of(component, ("bus", bus), key=True))]
        return error("W009", message, place_of(component), related=related)
    return None


def _profile(stack: Stack, tenant: str, name: str) -> Mapping[str, Any] | None:
    """The device profile of that name: the tenant's own before the fleet's."""
    for owner in (stack.tenants[tenant], stack.fleet.document.data["spec"]):
        found: Mapping[str, Any] | None = (owner.get("deviceProfiles") or {}).get(name)
        if found is not None:
            return found
    return None


def _no_such_tenant(component: Component, stack: Stack, name: str, tenant: str) -> Diagnostic:
    if not tenant:
        place = place_of(component, ("devices", name), key=True)
        return error(
            "W001", f"device {name} of gateway {component.name} belongs to no tenant", place, hint="add `tenant:`"
        )
    place = place_of(component, ("devices", name, "tenant"))
    hint = did_you_mean(tenant, stack.tenants) or f"list it: spec.tenants.{tenant}: {{}}"
    return error("W002", f"device {name} belongs to tenant {tenant!r}, which is not at this site", place, hint=hint)


def _no_such_profile(component: Component, stack: Stack, tenant: str, name: str) -> Diagnostic:
    wanted = component.spec["devices"][name].get("profile", "")
    known = {
        *(stack.tenants[tenant].get("deviceProfiles") or {}),
        *(stack.fleet.document.data["spec"].get("deviceProfiles") or {}),
    }
    hint = (
        did_you_mean(wanted, known)
        or "device profiles stand in the tenant document or in fleet.yaml: spec.deviceProfiles"
    )
    place = place_of(component, ("devices", name, "profile"))
    return error("W003", f"there is no device profile {wanted!r}", place, hint=hint)


def _no_unit(component: Component, name: str) -> Diagnostic:
    message = f"device {name} of gateway {component.name} speaks Modbus, but has no unit"
    place = place_of(component, ("devices", name), key=True)
    return error(
        "W010", message, place, hint="add `unit:`, the number by which it answers; alone on a TCP port often 1"
    )


SPECS = {"stream": stream_spec, "function": function_spec, "gateway": gateway_spec}
"""Role -> how its spec is read."""
