"""The documents of a site with an uplink and two tenants that look alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

FLEET = """
apiVersion: edge-composer.io/v1alpha1
kind: Fleet
metadata: {name: test}
spec: {delivery: {engine: flux, url: "https://git.example.com/delivery.git"}}
"""

TENANT = """
apiVersion: edge-composer.io/v1alpha1
kind: Tenant
metadata: {name: %s}
spec:
  devices:
    press:
      names: "press-{0..2}"
      publish: [{topic: "press/{device}/telemetry", rate: 1/s, bytes: 100, qos: 1}]
      subscribe: ["press/{device}/cmd"]
    guest:
      count: 1
      publish: [{topic: "guest/{device}/value", rate: 1/s, bytes: 100, qos: 1}]
    desk:
      names: "desk"
      publish:
        - {topic: press/press-0/cmd, rate: 1/d, bytes: 100, qos: 1}
        - {topic: press/press-1/cmd, rate: 1/d, bytes: 100, qos: 1}
      subscribe: ["press/+/telemetry", "guest/+/value"]
  uplink: {up: [press/+/telemetry], down: [press/+/cmd]}
"""

SITE = """
apiVersion: edge-composer.io/v1alpha1
kind: Site
metadata: {name: site}
spec:
  cluster:
    version: "1.33"
    domain: site.example.com
    capabilities: {cert-manager: "1.18", flux: "2.6"}
    nodes: [{name: box, arch: amd64, cpu: "4", memory: 8Gi, storage: 64Gi}]
  uplink: {site: hub, ca: files/hub.pem, identity: {secret: hub}}
  components:
    ingress:
      blueprint: mqtt-mosquitto@1
      params:
        version: "%(release)s"
        ports: {acme: %(acme)d, globex: %(globex)d}
        reload: {interval: 1s}
        logging: {types: [error, warning, notice, subscribe], connections: true}
  tenants: {acme: {quota: {connections: 6}}, globex: {}}
"""
LIMITED = "acme: {quota: {connections: 6}}"


def unlimited(text: str) -> str:
    """The site's document without a limit of connections."""
    assert LIMITED in text
    return text.replace(LIMITED, "acme: {}")


HUB = """
apiVersion: edge-composer.io/v1alpha1
kind: Site
metadata: {name: hub}
spec:
  cluster:
    version: "1.33"
    domain: hub.example.com
    capabilities: {cert-manager: "1.18", flux: "2.6"}
    nodes: [{name: box, arch: amd64, cpu: "4", memory: 8Gi, storage: 64Gi}]
"""

Change = Callable[[str], str]


def write_fleet(
    root: Path,
    ports: Mapping[str, int],
    *,
    release: str = "2.1",
    acme: Change = str,
    tenants: Change = str,
    site: Change = str,
    hub_ca: str,
) -> None:
    """Writes the fleet for *release* of Mosquitto; *acme*, *tenants* (both of them) and *site* change the documents."""
    documents = {
        "fleet.yaml": FLEET,
        "tenants/acme.yaml": tenants(acme(TENANT % "acme")),
        "tenants/globex.yaml": tenants(TENANT % "globex"),
        "site.yaml": site(SITE % {**ports, "release": release}),
        "hub.yaml": HUB,
        "files/hub.pem": hub_ca,
    }
    for path, text in documents.items():
        file = root / "sites" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
