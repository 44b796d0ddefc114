"""A generated fleet of any size. Every site differs from the others in what a real one differs in.

Each has its own name, domain and nodes, parameters of its own in three components, and its own numbers of devices.
"""

from __future__ import annotations

from pathlib import Path

FLEET = """\
apiVersion: edge-composer.io/v1alpha1
kind: Fleet
metadata: {name: bench}
spec:
  delivery: {engine: flux, repository: out/delivery.git, url: https://git.example.com/delivery.git}
"""

PROFILE = """\
apiVersion: edge-composer.io/v1alpha1
kind: Profile
metadata: {name: box}
spec:
  offline: 72h
  cluster:
    version: "1.33"
    capabilities: {cert-manager: "1.18", flux: "2.6"}
  components:
    ingress: {blueprint: mqtt-mosquitto@1, params: {maxConnections: 1000}}
"""

TENANT = """\
apiVersion: edge-composer.io/v1alpha1
kind: Tenant
metadata: {{name: {name}}}
spec:
  quota: {{cpu: "2", memory: 2Gi, storage: 10Gi, connections: 500, messagesPerSecond: 800}}
  devices:
    press:
      count: 100
      publish: [{{topic: "press/{{device}}/telemetry", rate: 1/s, bytes: 220, qos: 1}}]
      subscribe: ["press/{{device}}/cmd"]
  streams:
    mean:
      blueprint: stream-bento@1
      from: press/+/telemetry
      to: {{topic: press/mean, rate: 6/min, bytes: 120, qos: 1}}
      do: [{{window: {{every: 10s, by: device, mean: [pressure]}}}}]
    alert:
      blueprint: stream-bento@1
      from: press/+/telemetry
      to: {{topic: press/alert, keep: 1%, qos: 1}}
      do: [{{filter: "pressure > 180"}}]
  functions:
    stop:
      blueprint: function-http@1
      on: press/alert
      emits: {{topic: "press/{{device}}/cmd", keep: 100%}}
      params: {{image: "registry.example.com/{name}/stop:1.2.0", timeout: 2s}}
  uplink: {{up: [press/mean], down: [press/+/cmd]}}
"""

SITE = """\
apiVersion: edge-composer.io/v1alpha1
kind: Site
metadata:
  name: {name}
  labels: {{region: r{region}, ring: "{ring}"}}
spec:
  profiles: [box]
  cluster:
    domain: {name}.edge.example.com
    nodes:
      - {{name: {name}-a, arch: amd64, cpu: "8", memory: {memory}Gi, storage: 128Gi}}
  components:
    ingress: {{params: {{maxConnections: {connections}, maxQueuedMessages: {queue}}}}}
  tenants:
    acme:
      devices: {{press: {{count: {presses}}}}}
      streams: {{mean: {{params: {{resources: {{limits: {{memory: {stream}Mi}}}}}}}}}}
    globex:
      devices: {{press: {{count: {others}}}}}
      functions: {{stop: {{params: {{timeout: {timeout}s}}}}}}
"""


def site_name(number: int) -> str:
    return f"site-{number:05d}"


def site_document(number: int) -> str:
    """The document of one site; any two numbers below 10,000 give different values everywhere."""
    return SITE.format(
        name=site_name(number),
        region=number % 23,
        ring=number % 7,
        memory=16 + number % 48,
        connections=1000 + number,
        queue=10000 + 3 * number,
        presses=10 + number % 400,
        others=20 + number % 300,
        stream=96 + number % 160,
        timeout=2 + number % 20,
    )


def write_fleet(root: Path, sites: int) -> None:
    """A fleet of that many sites below *root*, in folders of a thousand."""
    base = root / "sites"
    for folder in ("profiles", "tenants"):
        (base / folder).mkdir(parents=True)
    (base / "fleet.yaml").write_text(FLEET)
    (base / "profiles/box.yaml").write_text(PROFILE)
    for tenant in ("acme", "globex"):
        (base / f"tenants/{tenant}.yaml").write_text(TENANT.format(name=tenant))
    for number in range(sites):
        folder = base / f"r{number // 1000:02d}"
        folder.mkdir(exist_ok=True)
        (folder / f"{site_name(number)}.yaml").write_text(site_document(number))
