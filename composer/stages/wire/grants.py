"""The grant table: who may publish and subscribe to what, as it follows from devices, gateways, streams and functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composer.model.grants import Grant, Principal, Said
from composer.model.stack import Component, Stack
from composer.model.topics import bind, is_widened, to_filter, unshared, whole_levels
from composer.stages.wire.listeners import device_names


def device_grants(stack: Stack) -> Iterator[Grant]:
    """The rows of the device classes at the site. Their filters keep the placeholder {device}."""
    for tenant in stack.tenants:
        for name in classes_here(stack, tenant):
            yield from _class_grants(stack, tenant, name)


def classes_here(stack: Stack, tenant: str) -> list[str]:
    """The tenant's device classes that are at the site."""
    classes = stack.tenants[tenant].get("devices") or {}
    return [name for name, written in classes.items() if is_here(written, stack)]


def is_here(device_class: Mapping[str, Any], stack: Stack) -> bool:
    """Whether a device class is at the site: where its labels match; without any, at every site but hubs."""
    wanted = (device_class.get("at") or {}).get("matchLabels")
    if wanted is None:
        return not stack.spec.get("hub")
    return all(stack.labels.get(key) == value for key, value in wanted.items())


NAMELESS = (
    "the names of these devices are not told to the broker, so it lets every client of the tenant do this as itself"
)
"""Why the rows of a class without known names are wider than the class."""

NAMELESS_PARTS = (
    "the names of these devices are not told to the broker, whose rules know no parts of levels, so it lets every client of "
    "the tenant do this under any name"
)
"""The same where a name is only part of a level."""

PARTS = "the broker's rules know neither parts of levels nor the same word twice, so every word will do there"
"""Why the row of a stream or function is wider than what it publishes to."""


def _filling(topic: str) -> str:
    """Why the filter for what somebody fills in is wider than that, or ""."""
    return PARTS if is_widened(topic) else ""


def _class_grants(stack: Stack, tenant: str, name: str) -> Iterator[Grant]:
    written = stack.tenants[tenant]["devices"][name]
    principal = Principal(tenant, name, "class")
    route = f"tenants.{tenant}.devices.{name}"
    told = bool(device_names(stack, tenant, name))
    for index, said in enumerate(written.get("publish") or []):
        here = Said(tenant, ("devices", name, "publish", index))
        yield Grant(principal, "publish", *_of_class(said["topic"], stack, f"{route}.publish", told), here)
    for index, text in enumerate(written.get("subscribe") or []):
        here = Said(tenant, ("devices", name, "subscribe", index))
        yield Grant(principal, "subscribe", *_of_class(unshared(text), stack, f"{route}.subscribe", told), here)


def _of_class(text: str, stack: Stack, because: str, told: bool) -> tuple[str, str, str]:
    """Filter, why and reason for widening; *told* is whether the broker is told the devices one by one."""
    topic = bind(text, site=stack.site)
    if told:
        return topic, because, ""
    whole = whole_levels(topic)
    return whole, because, NAMELESS if whole == topic else NAMELESS_PARTS


def component_grants(component: Component, spec: Mapping[str, Any]) -> Iterator[Grant]:
    """The rows of one stream, function or gateway; *spec* is its spec in the common shape."""
    return GRANTS[component.role](component, spec) if component.role in GRANTS else iter(())


def _stream_grants(component: Component, spec: Mapping[str, Any]) -> Iterator[Grant]:
    principal = Principal(component.tenant, component.name, "stream")
    route = f"tenants.{component.tenant}.streams.{component.name}"
    for source in spec["inputs"]:
        yield Grant(
            principal,
            "subscribe",
            unshared(source["filter"]),
            f"{route}.from",
            said=Said(component.tenant, ("from",), component),
        )
    yield Grant(
        principal,
        "publish",
        to_filter(spec["to"]["topic"]),
        f"{route}.to",
        _filling(spec["to"]["topic"]),
        said=Said(component.tenant, ("to",), component),
    )


def _function_grants(component: Component, spec: Mapping[str, Any]) -> Iterator[Grant]:
    principal = Principal(component.tenant, component.name, "function")
    route = f"tenants.{component.tenant}.functions.{component.name}"
    for topic_filter in spec["on"]:
        yield Grant(
            principal,
            "subscribe",
            unshared(topic_filter),
            f"{route}.on",
            said=Said(component.tenant, ("on",), component),
        )
    for said in spec["emits"]:
        yield Grant(
            principal,
            "publish",
            to_filter(said["topic"]),
            f"{route}.emits",
            _filling(said["topic"]),
            said=Said(component.tenant, ("emits",), component),
        )
    yield Grant(
        principal,
        "publish",
        spec["deadletter"],
        f"{route}.deadLetter",
        said=Said(component.tenant, ("deadLetter",), component),
    )


def _gateway_grants(component: Component, spec: Mapping[str, Any]) -> Iterator[Grant]:
    """One principal for each tenant the gateway serves: it speaks for that tenant's devices alone."""
    owner = f"tenants.{component.tenant}." if component.tenant else ""
    for device in spec["devices"]:
        principal = Principal(device["tenant"], component.name, "gateway")
        route = f"{owner}gateways.{component.name}.devices.{device['name']}"
        here = Said(device["tenant"], ("devices", device["name"]), component)
        for said in device["publish"]:
            yield Grant(principal, "publish", to_filter(said["topic"]), route, said=here)


def _buffer_grants(component: Component, spec: Mapping[str, Any]) -> Iterator[Grant]:
    """It listens to exactly what its tenants send up. What it may do at the hub, the site's bridge may."""
    for each in spec["tenants"]:
        principal = Principal(each["name"], component.name, "buffer")
        route = f"tenants.{each['name']}.uplink.up"
        for index, text in enumerate(each["filters"]):
            yield Grant(principal, "subscribe", text, route, said=Said(each["name"], ("uplink", "up", index)))


GRANTS = {"stream": _stream_grants, "function": _function_grants, "gateway": _gateway_grants, "buffer": _buffer_grants}
"""Role -> the rows its spec implies."""
