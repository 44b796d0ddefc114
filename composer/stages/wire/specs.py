"""What streams, functions and gateways say, brought into one shape: lists instead of short forms, defaults filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composer.diagnostic import Diagnostic, did_you_mean, error
from composer.model.stack import Component, Stack
from composer.model.topics import bind, to_filter
from composer.stages.wire.places import place_of
from composer.stages.wire.words import topic_fault

QOS = 1
"""Where nothing is said, messages are delivered at least once."""


def record(written: Mapping[str, Any]) -> dict[str, Any]:
    """A publisher's record with its defaults."""
    return {"qos": QOS, "retain": False, **written}


def stream_spec(component: Component, _stack: Stack, _findings: list[Diagnostic]) -> dict[str, Any]:
    source = component.spec["from"]
    inputs = {"input": source} if isinstance(source, str) else source
    return {
        "inputs": [{"name": name, "filter": to_filter(written)} for name, written in inputs.items()],
        "to": record(component.spec["to"]),
        "do": component.spec.get("do") or [],
    }


def function_spec(component: Component, _stack: Stack, _findings: list[Diagnostic]) -> dict[str, Any]:
    spec = component.spec
    emits = spec.get("emits") or []
    filters = [spec["on"]] if isinstance(spec["on"], str) else spec["on"]
    return {
        "on": [to_filter(written) for written in filters],
        "qos": spec.get("qos", QOS),
        "emits": [record(written) for written in (emits if isinstance(emits, list) else [emits])],
        "deadletter": spec.get("deadLetter", f"dead-letter/{component.name}"),
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
    said = profile.get("publish") or []
    wrong = next((fault for spoken in said if (fault := topic_fault(spoken["topic"]))), "")
    if wrong:
        message = f"device profile {written['profile']!r} publishes to a topic that cannot be: {wrong}"
        findings.append(error("W006", message, place_of(component, ("devices", name, "profile"))))
        return
    publish = [record({**spoken, "topic": bind(spoken["topic"], device=name)}) for spoken in said]
    yield {**written, "name": name, "tenant": tenant, "profile": profile, "publish": publish}


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


SPECS = {"stream": stream_spec, "function": function_spec, "gateway": gateway_spec}
"""Role -> how its spec is read."""
