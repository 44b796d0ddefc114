"""The grant table: who may publish and subscribe to what, as it follows from devices, gateways, streams and functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composer.model.grants import Grant, Principal
from composer.model.stack import Component, Stack
from composer.model.topics import to_filter


def device_grants(stack: Stack) -> Iterator[Grant]:
    """The rows of the device classes at the site. Their filters keep the placeholder {device}."""
    for tenant, spec in stack.tenants.items():
        for name, written in (spec.get("devices") or {}).items():
            if is_here(written, stack):
                yield from _class_grants(tenant, name, written)


def is_here(device_class: Mapping[str, Any], stack: Stack) -> bool:
    """Whether a device class is at the site: where its labels match; without any, at every site but hubs."""
    wanted = (device_class.get("at") or {}).get("matchLabels")
    if wanted is None:
        return not stack.spec.get("hub")
    return all(stack.labels.get(key) == value for key, value in wanted.items())


def _class_grants(tenant: str, name: str, written: Mapping[str, Any]) -> Iterator[Grant]:
    principal = Principal(tenant, name, "class")
    route = f"tenants.{tenant}.devices.{name}"
    for said in written.get("publish") or []:
        yield Grant(principal, "publish", said["topic"], f"{route}.publish")
    for topic_filter in written.get("subscribe") or []:
        yield Grant(principal, "subscribe", topic_filter, f"{route}.subscribe")


def component_grants(component: Component, spec: Mapping[str, Any]) -> Iterator[Grant]:
    """The rows of one stream, function or gateway; *spec* is its spec in the common shape."""
    return GRANTS[component.role](component, spec) if component.role in GRANTS else iter(())


def _stream_grants(component: Component, spec: Mapping[str, Any]) -> Iterator[Grant]:
    principal = Principal(component.tenant, component.name, "stream")
    route = f"tenants.{component.tenant}.streams.{component.name}"
    for source in spec["inputs"]:
        yield Grant(principal, "subscribe", to_filter(source["filter"]), f"{route}.from")
    yield Grant(principal, "publish", to_filter(spec["to"]["topic"]), f"{route}.to")


def _function_grants(component: Component, spec: Mapping[str, Any]) -> Iterator[Grant]:
    principal = Principal(component.tenant, component.name, "function")
    route = f"tenants.{component.tenant}.functions.{component.name}"
    for topic_filter in spec["on"]:
        yield Grant(principal, "subscribe", to_filter(topic_filter), f"{route}.on")
    for said in spec["emits"]:
        yield Grant(principal, "publish", to_filter(said["topic"]), f"{route}.emits")
    yield Grant(principal, "publish", to_filter(spec["deadletter"]), f"{route}.deadLetter")


def _gateway_grants(component: Component, spec: Mapping[str, Any]) -> Iterator[Grant]:
    """One principal for each tenant the gateway serves: it speaks for that tenant's devices alone."""
    owner = f"tenants.{component.tenant}." if component.tenant else ""
    for device in spec["devices"]:
        principal = Principal(device["tenant"], component.name, "gateway")
        route = f"{owner}gateways.{component.name}.devices.{device['name']}"
        for said in device["publish"]:
            yield Grant(principal, "publish", to_filter(said["topic"]), route)


GRANTS = {"stream": _stream_grants, "function": _function_grants, "gateway": _gateway_grants}
"""Role -> the rows its spec implies."""
