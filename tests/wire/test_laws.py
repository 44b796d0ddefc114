"""What holds for the grants of any site: each right has a line of a document behind it, and stays inside its tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from composer.emit import to_yaml
from composer.model.fleet import Fleet
from composer.model.stack import Wiring
from composer.stages.load import load_fleet, load_site
from composer.stages.render import Renderer
from composer.stages.resolve import Resolver
from composer.stages.wire import wire
from tests.load.fleets import write
from tests.wire import rules
from tests.wire.sites import SITE, context, files

NAMES = ["acme", "globex", "initech"]
Right = tuple[str, str, str, str]
"""Tenant, client name at its listener, action, filter."""

words = st.sampled_from(["press", "oven", "state", "x-1"])
levels = st.lists(st.one_of(words, st.just("{device}"), st.just("{site}")), min_size=1, max_size=3)
topics = levels.map("/".join)
filters = st.lists(st.one_of(words, st.just("+"), st.just("{site}")), min_size=1, max_size=3).map("/".join)
records = topics.map(lambda topic: {"topic": topic, "rate": "1/s", "bytes": 10})
classes = st.fixed_dictionaries(
    {"publish": st.lists(records, max_size=2), "subscribe": st.lists(topics, max_size=2, unique=True)},
    optional={"at": st.sampled_from([{"matchLabels": {"kind": kind}} for kind in ("metal-works", "farm")])},
)
streams = st.builds(
    lambda source, topic: {"blueprint": "stream-bento@1", "from": source, "to": {"topic": topic}},
    st.one_of(filters, st.dictionaries(st.sampled_from(["a", "b"]), filters, min_size=1)),
    topics,
)
IMAGE = {"image": "ghcr.io/acme/run:1"}
functions = st.builds(
    lambda on, emits: {"blueprint": "function-http@1", "on": on, "emits": emits, "params": IMAGE},
    st.one_of(filters, st.lists(filters, min_size=1, max_size=2, unique=True)),
    st.one_of(topics.map(lambda topic: {"topic": topic}), st.lists(topics.map(lambda t: {"topic": t}), max_size=2)),
)
tenants = st.fixed_dictionaries(
    {
        "devices": st.dictionaries(st.sampled_from(["d-a", "d-b"]), classes),
        "streams": st.dictionaries(st.sampled_from(["s-a", "s-b"]), streams),
        "functions": st.dictionaries(st.sampled_from(["f-a", "f-b"]), functions),
    }
)
sites = st.dictionaries(st.sampled_from(NAMES), tenants, min_size=1)
shared = st.dictionaries(st.sampled_from(["plc-1", "plc-2", "plc-3"]), st.sampled_from(NAMES))

PROFILE = {
    "protocol": "modbus",
    "points": [{"name": "p", "register": "holding", "address": 0, "type": "INT16"}],
    "publish": [{"topic": "{site}/{device}/state", "rate": "1/s", "bytes": 9}],
}


@given(sites, shared, st.booleans())
@settings(max_examples=60)
def test_the_grants_are_exactly_what_the_documents_imply(
    written: dict[str, Any], owners: dict[str, str], named: bool
) -> None:
    owners = {device: tenant for device, tenant in owners.items() if tenant in written}
    for tenant in written.values():
        for name, said in tenant["devices"].items():
            said.update({"names": f"{name}-{{0..1}}"} if named else {"count": 2})
    wiring = wired(written, owners)
    assert granted(wiring) == expected(written, owners, named)
    assert told_to_the_broker(wiring) == granted(wiring)
    assert told_to_clients(wiring) == {right for right in granted(wiring) if not right[1].startswith("d-")}


@given(sites, shared)
@settings(max_examples=30)
def test_a_client_belongs_to_one_tenant_and_its_topics_lie_below_that_tenant_s_mount_point(
    written: dict[str, Any], owners: dict[str, str]
) -> None:
    for tenant in written.values():
        for said in tenant["devices"].values():
            said["count"] = 1
    wiring = wired(written, {device: tenant for device, tenant in owners.items() if tenant in written})
    listeners = {each["tenant"]: each for each in context(wiring, "ingress")["listeners"]}
    assert listeners.keys() == written.keys()
    assert {each["mount"] for each in listeners.values()} == {f"t/{tenant}/" for tenant in written}
    assert len({each["port"] for each in listeners.values()}) == len(written)
    for component in wiring.wired:
        for client in component.context["clients"]:
            listener = listeners[client["tenant"]]
            assert (client["issuer"], client["port"]) == (listener["issuer"], listener["port"])
            assert component.component.tenant in ("", client["tenant"])
    assert all(grant.principal.tenant in written and grant.because for grant in wiring.grants)


@given(sites, shared, st.booleans())
@settings(max_examples=15)
def test_every_rendered_access_rule_is_a_row_and_every_row_a_rule(
    written: dict[str, Any], owners: dict[str, str], named: bool
) -> None:
    for tenant in written.values():
        for name, said in tenant["devices"].items():
            said.update({"names": f"{name}-{{0..1}}"} if named else {"count": 2})
    wiring = wired(written, {device: tenant for device, tenant in owners.items() if tenant in written})
    objects = [o for each in wiring.wired for o in RENDERER.render(each.component, each.context)]
    assert rules.broker_rules(objects) == rules.granted(wiring)
    assert rules.client_names(objects) == rules.principals(wiring)
    ruled, flows = rules.network_rules(objects), rules.flowing(wiring)
    assert ruled == {component: flows[component] for component in ruled}
    assert rules.api_rules(objects) == rules.permitted(wiring)


RENDERER = Renderer()


@cache
def library() -> Fleet:
    """A fleet whose blueprints all examples share."""
    with TemporaryDirectory() as folder:
        return load_fleet(write(Path(folder), files()))[0]


def wired(written: Mapping[str, Any], owners: Mapping[str, str]) -> Wiring:
    header = {"apiVersion": "edge-composer.io/v1alpha1"}
    gateway = {
        "blueprint": "gateway-telegraf@1",
        "bus": {"tcp": "10.0.0.1:502"},
        "devices": {device: {"tenant": tenant, "profile": "plc", "unit": 1} for device, tenant in owners.items()},
    }
    documents = {
        f"tenants/{name}.yaml": to_yaml({**header, "kind": "Tenant", "metadata": {"name": name}, "spec": spec})
        for name, spec in written.items()
    }
    fleet = {**header, "kind": "Fleet", "metadata": {"name": "f"}, "spec": {"deviceProfiles": {"plc": PROFILE}}}
    more = to_yaml({"gateways": {"hall": gateway}, "tenants": {name: {} for name in written}})
    documents |= {"fleet.yaml": to_yaml(fleet), "berlin.yaml": SITE + "".join(f"  {x}\n" for x in more.splitlines())}
    with TemporaryDirectory() as folder:
        loaded, findings = load_fleet(write(Path(folder), documents))
        assert findings == []
        loaded = replace(loaded, blueprints=library().blueprints)
        stack, _ = Resolver(loaded).resolve(load_site(loaded, "berlin"))
    return wire(stack, None)[0]


def expected(written: Mapping[str, Any], owners: Mapping[str, str], named: bool) -> set[Right]:
    """The rights, worked out from the documents in the plainest way."""
    found = {(tenant, "hall", "publish", f"berlin/{device}/state") for device, tenant in owners.items()}
    for tenant, spec in written.items():
        for name, said in spec["devices"].items():
            if said.get("at", {"matchLabels": {"kind": "metal-works"}}) == {"matchLabels": {"kind": "metal-works"}}:
                for device in (f"{name}-0", f"{name}-1") if named else ("d-?",):
                    own = device if named else "{device}"
                    pairs = [("publish", r["topic"]) for r in said["publish"]]
                    pairs += [("subscribe", f) for f in said["subscribe"]]
                    found |= {(tenant, device, action, here(f).replace("{device}", own)) for action, f in pairs}
        for name, said in spec["streams"].items():
            sources = said["from"].values() if isinstance(said["from"], dict) else [said["from"]]
            found |= {(tenant, name, "subscribe", plus(source)) for source in sources}
            found.add((tenant, name, "publish", plus(said["to"]["topic"])))
        for name, said in spec["functions"].items():
            emits = said["emits"] if isinstance(said["emits"], list) else [said["emits"]]
            sources = said["on"] if isinstance(said["on"], list) else [said["on"]]
            found |= {(tenant, name, "subscribe", plus(source)) for source in sources}
            found |= {(tenant, name, "publish", plus(record["topic"])) for record in emits}
            found.add((tenant, name, "publish", f"dead-letter/{name}"))
    return found


def here(topic: str) -> str:
    return topic.replace("{site}", "berlin")


def plus(topic: str) -> str:
    return here(topic).replace("{device}", "+")


def granted(wiring: Wiring) -> set[Right]:
    """The grant table, a class of devices row by row for each of its devices."""
    found: set[Right] = set()
    for grant in wiring.grants:
        tenant, name = grant.principal.tenant, grant.principal.name
        row = (str(grant.action), grant.filter)
        if grant.principal.kind != "class":
            found.add((tenant, name, *row))
        elif grant.widened:
            found.add((tenant, "d-?", *row))
        else:
            found |= {(tenant, d, row[0], row[1].replace("{device}", d)) for d in (f"{name}-0", f"{name}-1")}
    return found


def told_to_the_broker(wiring: Wiring) -> set[Right]:
    found = set()
    for listener in context(wiring, "ingress")["listeners"]:
        clients = [*listener["users"], *({"name": "d-?", **pattern} for pattern in listener["patterns"])]
        for client in clients:
            for action in ("publish", "subscribe"):
                found |= {(listener["tenant"], client["name"], action, filter_) for filter_ in client[action]}
    return found


def told_to_clients(wiring: Wiring) -> set[Right]:
    clients = [client for wired in wiring.wired for client in wired.context["clients"]]
    return {
        (c["tenant"], c["name"], action, f) for c in clients for action in ("publish", "subscribe") for f in c[action]
    }
