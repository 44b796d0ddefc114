"""What the documents of a site say is published and listened to, before any number that follows from others is worked out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from composer.model.grants import Principal
from composer.model.names import expand_names
from composer.model.stack import Component, Stack
from composer.model.topics import bind, to_filter, unshared
from composer.model.traffic import Said, Subscription
from composer.model.uplink import bytes_of, filter_of, rate_of
from composer.source.document import Route
from composer.stages.wire.grants import classes_here
from composer.stages.wire.specs import QOS, at_site

Steps = tuple[Mapping[str, Any], ...]


class Follows(NamedTuple):
    """How a stream's or function's numbers follow from what it listens to.

    *inputs* are the routes of its subscriptions in its entry. Where it is one *client* for all of them, it gets a message once
    that several of its filters match. *window* is the length its parameters put in place of what `do` says, or None.
    """

    inputs: tuple[Route, ...]
    client: bool
    steps: Steps = ()
    window: str | None = None


class Draft(NamedTuple):
    """A publication as documents say it: *record* holds what of rate, keep, bytes and schema they do say.

    *names* is the name pattern of a class whose devices are known, *source* the device or class that its messages are of.
    """

    principal: Principal
    topic: str
    filter: str
    record: Mapping[str, Any]
    senders: int
    said: Said
    source: str = ""
    names: str = ""
    follows: Follows | None = None


Row = Draft | Subscription


def class_rows(stack: Stack, tenant: str) -> Iterator[Row]:
    """The rows of the tenant's device classes that are at the site."""
    for name in classes_here(stack, tenant):
        written = stack.tenants[tenant]["devices"][name]
        principal = Principal(tenant, name, "class")
        names = written.get("names", "")
        count = len(expand_names(names)) if names else int(written["count"])
        for index, record in enumerate(written.get("publish") or []):
            said = Said(tenant, ("devices", name, "publish", index))
            topic = bind(record["topic"], site=stack.site)
            complete = {"qos": QOS, **record, "schema": at_site(record.get("schema", ""), stack)}
            yield Draft(principal, topic, to_filter(topic), complete, count, said, name, names)
        for index, text in enumerate(written.get("subscribe") or []):
            said = Said(tenant, ("devices", name, "subscribe", index))
            yield _subscription(principal, bind(text, site=stack.site), said, listeners=count)


def _subscription(
    principal: Principal, text: str, said: Said, *, qos: int = QOS, schema: str = "", listeners: int = 1
) -> Subscription:
    topic = unshared(text)
    group = text.split("/", 2)[1] if topic is not text else ""
    return Subscription(principal, topic, to_filter(topic), group, qos, schema, 1 if group else listeners, said)


def uplink_rows(stack: Stack, tenant: str) -> Iterator[Row]:
    """What the tenant's part of the uplink listens to (up) and publishes (down), at a site that has one.

    How much comes down is for documents to say: where they do not, the rate is 0.
    """
    written = stack.tenants[tenant].get("uplink") or {}
    if not stack.spec.get("uplink"):
        return
    principal = Principal(tenant, "uplink", "uplink")
    for index, text in enumerate(written.get("up") or []):
        yield _subscription(principal, bind(text, site=stack.site), Said(tenant, ("uplink", "up", index)))
    for index, entry in enumerate(written.get("down") or []):
        said = Said(tenant, ("uplink", "down", index))
        topic = unshared(bind(filter_of(entry), site=stack.site))
        record = {"rate": rate_of(entry), "bytes": bytes_of(entry), "qos": QOS, "schema": ""}
        yield Draft(principal, topic, to_filter(topic), record, 1, said)


def component_rows(stack: Stack, component: Component, spec: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of one stream, function or gateway; *spec* is its spec in the common shape."""
    return ROWS[component.role](stack, component, spec) if component.role in ROWS else iter(())


def _stream_rows(_stack: Stack, component: Component, spec: Mapping[str, Any]) -> Iterator[Row]:
    principal = Principal(component.tenant, component.name, "stream")
    named = not isinstance(component.spec["from"], str)
    routes = tuple(("from", each["name"]) if named else ("from",) for each in spec["inputs"])
    for each, route in zip(spec["inputs"], routes, strict=True):
        yield _subscription(principal, each["filter"], Said(component.tenant, route, component))
    window = component.params.get("window")
    follows = Follows(routes, False, tuple(spec["do"]), window if isinstance(window, str) else None)
    yield _draft(principal, spec["to"], Said(component.tenant, ("to",), component), follows)


def _function_rows(stack: Stack, component: Component, spec: Mapping[str, Any]) -> Iterator[Row]:
    tenant, written = component.tenant, component.spec
    principal = Principal(tenant, component.name, "function")
    routes = tuple(("on", index) if isinstance(written["on"], list) else ("on",) for index in range(len(spec["on"])))
    for text, route in zip(spec["on"], routes, strict=True):
        said = Said(tenant, route, component)
        accepts = at_site(written.get("accepts", ""), stack)
        yield _subscription(principal, text, said, qos=spec["qos"], schema=accepts)
    follows = Follows(routes, True)
    for index, record in enumerate(spec["emits"]):
        route = ("emits", index) if isinstance(written["emits"], list) else ("emits",)
        yield _draft(principal, {"schema": "", **record}, Said(tenant, route, component), follows)
    dead = {"topic": spec["deadletter"], "keep": "0%", "qos": QOS, "schema": ""}
    yield _draft(principal, dead, Said(tenant, ("deadLetter",), component), follows)


def _draft(principal: Principal, record: Mapping[str, Any], said: Said, follows: Follows) -> Draft:
    return Draft(principal, record["topic"], to_filter(record["topic"]), record, 1, said, follows=follows)


def _gateway_rows(_stack: Stack, component: Component, spec: Mapping[str, Any]) -> Iterator[Row]:
    """One row for each topic of each device, under the tenant that the device belongs to."""
    for device in spec["devices"]:
        tenant, name = device["tenant"], device["name"]
        principal = Principal(tenant, component.name, "gateway")
        said = Said(tenant, ("devices", name, "profile"), component)
        for record in device["publish"]:
            topic = record["topic"]
            yield Draft(principal, topic, to_filter(topic), record, 1, said, f"{component.name} {name}")


ROWS = {"stream": _stream_rows, "function": _function_rows, "gateway": _gateway_rows}
"""Role -> the rows its spec implies."""
