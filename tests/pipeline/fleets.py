"""A small fleet that reads everything a site can be made of, and the composer's work on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from composer.pipeline.publish import Order, publish_sites
from composer.stages.load import load_fleet
from tests.cli.kit import FLEET, NOTE, blueprint, trees
from tests.load.fleets import DESIGN, document, write

_ENC = "ENC[AES256_GCM,data:%s,iv:aaaa,tag:bbbb,type:str]"
SOPS = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: mes-a, namespace: tenant-acme}}
stringData: {{token: "{_ENC % "c2VjcmV0"}"}}
sops: {{mac: "{_ENC % "bWFj"}", version: 3.9.0}}
"""
UPLINK = "uplink: {site: %s, ca: files/ca.pem, identity: {secret: bridge}}"
INGRESS = "components: {ingress: {blueprint: door@1}}"
HEARS = "tenants: {acme: {secrets: null, devices: null, uplink: null, uses: null}}"
NOTED = "components: {note: {blueprint: note@1}}"
RECORD = "{topic: a, rate: 1/s, bytes: 9, schema: files/%s.json}"
ACME = f"""\
  secrets: {{mes-a: {{sops: "secrets/{{site}}.yaml"}}}}
  devices:
    oven: {{at: {{matchLabels: {{x: y}}}}, names: b, publish: [{RECORD % "shared"}]}}
    kiln: {{names: c, publish: [{RECORD % "read"}]}}
  uplink: {{up: [a]}}
  uses: [{{tenant: owner, gateway: g, device: d, topics: [t]}}]
"""
OVERLAY = f"""\
  tenants:
    acme:
      devices: {{press: {{names: a, publish: [{RECORD % "own"}]}}}}
"""
CAPABILITIES = '{cert-manager: "1.18", flux: "2.6"}'


def site(name: str, *spec: str) -> str:
    cluster = f'cluster: {{version: "1.33", domain: {name}.example.com, capabilities: {CAPABILITIES}}}'
    return document("Site", name, "").rstrip() + "".join(f"\n  {line}" for line in (cluster, *spec)) + "\n"


def everything(root: Path) -> Path:
    """The sites "a" (which reads all there is), "b" (a note alone), and the hubs "hub" and "top"."""
    blueprint(root, manifest=NOTE + "    - {$use: extra}\n")
    blueprint(root, "spare")
    blueprint(root, "door", role="ingress")
    (root / "blueprints/_lib").mkdir()
    (root / "blueprints/_lib/extra.yaml").write_text('more: "{{ site.name }}"\n')
    files = {
        "fleet.yaml": FLEET,
        "profiles/low.yaml": document("Profile", "low", f"{{{NOTED}}}"),
        "profiles/hub.yaml": document("Profile", "hub"),
        "tenants/acme.yaml": document("Tenant", "acme", "").rstrip() + f"\n{ACME}",
        "tenants/owner.yaml": document("Tenant", "owner"),
        "tenants/other.yaml": document("Tenant", "other"),
        "a.yaml": site("a", "profiles: [low]", UPLINK % "hub") + OVERLAY,
        "b.yaml": site("b", NOTED),
        "hub.yaml": site("hub", "hub: true", "profiles: [hub]", UPLINK % "top", INGRESS, HEARS),
        "top.yaml": site("top", "hub: true", INGRESS),
        "secrets/a.yaml": SOPS,
        "files/ca.pem": (DESIGN / "sites/files/hub-eu.pem").read_text(),
        "files/own.json": "{}\n",
        "files/read.json": "{}\n",
        "files/shared.json": "{}\n",
    }
    return write(root, files)


def noted(root: Path, *names: str) -> Path:
    """A fleet of sites with a note each."""
    blueprint(root)
    return write(root, {"fleet.yaml": FLEET, **{f"{name}.yaml": site(name, NOTED) for name in names}})


@dataclass(frozen=True)
class Run:
    """What publishing did: the sites that were composed, those of them that failed, and all trees afterwards."""

    composed: set[str]
    failed: set[str]
    trees: dict[str, str]


def publish(root: Path, jobs: int = 1) -> Run:
    fleet, _ = load_fleet(root)
    done = publish_sites(fleet, Order(sorted(fleet.sites), jobs, allow_dirty=True))
    assert [r.outcome for r in done.results if r.outcome not in ("published", "unchanged")] == []
    composed = {r.site for r in done.results} | set(done.failed)
    assert composed.isdisjoint(done.unchanged)
    return Run(composed, set(done.failed), trees(root))


def cache_file(root: Path) -> Path:
    return root / "out/cache.json"


def cached(root: Path) -> dict[str, str]:
    """Site -> the tree that the cache knows."""
    written = json.loads(cache_file(root).read_text())
    return {name: tree for name, (_, tree, *_) in written["sites"].items()}
