"""Small sites, written as people write them and taken as far as their wiring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from composer.diagnostic import Diagnostic, Rejected
from composer.model.stack import Component, HubLink, Stack, Wiring
from composer.stages.load import load_fleet, load_site
from composer.stages.resolve import Resolver
from composer.stages.wire import wire
from tests.load.fleets import write

SITE = """\
apiVersion: edge-composer.io/v1alpha1
kind: Site
metadata: {name: berlin, labels: {region: eu, kind: metal-works}}
spec:
  cluster: {version: "1.33", domain: berlin.example.com, capabilities: {cert-manager: "1.18", flux: "2.6"}}
  components: {ingress: {blueprint: mqtt-mosquitto@1}}
"""
"""A site with a broker; more of its spec can be added at the end, from line 7 on."""

TENANT = """\
apiVersion: edge-composer.io/v1alpha1
kind: Tenant
metadata: {name: %s}
spec:
"""
"""A tenant; its spec is added from line 5 on."""

FLEET = """\
apiVersion: edge-composer.io/v1alpha1
kind: Fleet
metadata: {name: test}
spec:
"""
"""A fleet; its spec is added from line 5 on."""

PLC = """\
  deviceProfiles:
    plc:
      protocol: modbus
      points: [{name: pressure, register: holding, address: 0, type: INT16}]
      publish: [{topic: "plc/{device}/state", rate: 1/s, bytes: 60}]
"""
OPC = """\
  deviceProfiles:
    opc:
      protocol: opcua
      points: [{name: pressure, node: "ns=2;s=Pressure"}]
      publish: [{topic: "opc/{device}/state", rate: 1/s, bytes: 60}]
"""

UPLINK = "  uplink: {site: hub, ca: files/hub.pem, identity: {secret: bridge-hub}}\n"

LINK = HubLink("hub", "mqtt.hub.example.com", "a certificate")


def files(site: str = "", fleet: str = "", **tenants: str) -> dict[str, str]:
    """The documents of a fleet with one site; everything given goes to the end of a document's spec."""
    documents = {f"tenants/{name}.yaml": TENANT % name + (spec or "  {}\n") for name, spec in tenants.items()}
    return {"fleet.yaml": FLEET + (fleet or "  {}\n"), "berlin.yaml": SITE + site, **documents}


BROKER = """\
apiVersion: edge-composer.io/v1alpha1
kind: Blueprint
metadata: {name: broker}
spec: {version: 1.0.0, summary: Can share subscriptions., role: ingress, scope: site, provides: [mqtt, shared-subscriptions]}
"""


def sharing(root: Path, documents: Mapping[str, str]) -> dict[str, str]:
    """The documents with another broker, a blueprint of the fleet's own, that serves shared filters."""
    folder = root / "blueprints/broker/v1"
    (folder / "manifests").mkdir(parents=True)
    (folder / "blueprint.yaml").write_text(BROKER)
    (folder / "params.yaml").write_text("{}\n")
    (folder / "manifests/none.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: n, namespace: edge-platform}\n"
    )
    return {name: text.replace("mqtt-mosquitto@1", "broker@1") for name, text in documents.items()}


def _linked(site: str) -> str:
    """The site with an uplink that is never away for long, unless it says otherwise: tests may publish as much as they like."""
    return site + UPLINK + ("" if "offline:" in site else "  offline: 1h\n")


def resolved(root: Path, documents: Mapping[str, str], link: HubLink | None = None) -> Stack:
    """The stack of the site berlin, which has an uplink where *link* is given. Raises Rejected."""
    if link:
        hub = {"hub.yaml": SITE.replace("berlin", "hub"), "files/hub.pem": link.ca}
        documents = {**documents, **hub, "berlin.yaml": _linked(documents["berlin.yaml"])}
    fleet, findings = load_fleet(write(root, documents))
    assert findings == []
    stack, findings = Resolver(fleet).resolve(load_site(fleet, "berlin"))
    assert findings == []
    return stack


def wired(root: Path, documents: Mapping[str, str], link: HubLink | None = None) -> Wiring:
    """The wiring of the site berlin, which has an uplink where *link* is given. Raises Rejected."""
    wiring, findings = wire(resolved(root, documents, link), link)
    assert findings == []
    return wiring


def rejected(root: Path, documents: Mapping[str, str]) -> list[Diagnostic]:
    """The findings that keep the site from being wired."""
    try:
        wired(root, documents)
    except Rejected as refused:
        return list(refused.diagnostics)
    raise AssertionError("nothing was found")


def lines(findings: list[Diagnostic]) -> list[str]:
    return sorted(f"{d.place} {d.code} {d.message}" for d in findings)


def component(wiring: Wiring, name: str) -> Component:
    found = [c for c in wiring.stack.components if c.name == name]
    assert len(found) == 1, f"{len(found)} components are called {name}"
    return found[0]


def context(wiring: Wiring, name: str) -> dict[str, Any]:
    """What the templates of a component read."""
    wanted = component(wiring, name)
    return next(w.context for w in wiring.wired if w.component is wanted)


def rows(wiring: Wiring) -> list[str]:
    """The grant table, a line each."""
    return sorted(
        f"{g.principal.tenant}: {g.principal.kind} {g.principal.name} {g.action} {g.filter}" for g in wiring.grants
    )


def listener(wiring: Wiring, tenant: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = context(wiring, "ingress")["listeners"]
    return next(each for each in found if each["tenant"] == tenant)


def users(wiring: Wiring, tenant: str) -> dict[str, tuple[list[str], list[str]]]:
    """User name -> what it may publish and subscribe to, by the rules of the tenant's listener."""
    found = listener(wiring, tenant)["users"]
    assert len({user["name"] for user in found}) == len(found)
    return {user["name"]: (user["publish"], user["subscribe"]) for user in found}
