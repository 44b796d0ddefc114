"""Who may do what at a site's broker, and who may talk to whom on its network: rows derived from documents, never written."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, NamedTuple

from composer.model.component import Component
from composer.source.document import Route

Action = Literal["publish", "subscribe"]
Direction = Literal["ingress", "egress"]


class Principal(NamedTuple):
    """An identity at the broker. *kind* is device, class (devices of one kind), gateway, stream, function, relay or bridge.

    A bridge is that of another site to its hub, and has that site's name; "{site}" stands for all of the hub's sites.
    In tables of traffic it is also uplink: what comes down from the hub, or goes up to it.
    """

    tenant: str
    name: str
    kind: str


class Said(NamedTuple):
    """Where a document implies a row: *route* is in the entry of *component*, or else in the merged spec of *tenant*.

    Without either, it is in the spec of the site or of the fleet. With a *site*, it is in the tenant's spec at that other site,
    where a step below a list may be the item itself.
    """

    tenant: str
    route: Route
    component: Component | None = None
    site: str = ""


class Grant(NamedTuple):
    """The right of one principal to publish to, or subscribe to, one topic filter of its tenant.

    *because* names what of the documents implies it, *said* where that stands; *widened* gives the reason where the broker
    can only be told of more than that implies, and is "" otherwise.
    """

    principal: Principal
    action: Action
    filter: str
    because: str
    widened: str = ""
    said: Said | None = None


class Peer(NamedTuple):
    """The other end of a connection: pods by namespace and labels, addresses by *cidr*, or anybody.

    A peer with neither stands for every address; *outside* leaves out private and cluster ranges.
    """

    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    cidr: str = ""
    outside: bool = False


class Flow(NamedTuple):
    """A connection the pods of one component may take part in. *port* is the port of the pods that listen.

    *said* is where a document implies it, None where the component itself does, since every pod needs it.
    """

    direction: Direction
    peer: Peer
    port: int
    because: str
    protocol: str = "TCP"
    widened: str = ""
    said: Said | None = None


class Permission(NamedTuple):
    """What delivery of one folder of the branch may do at the cluster's API: *verbs* on one *kind* of object in *namespace*.

    *tenant* is whose folder it is, "" for the platform's. *account* is the ServiceAccount, as namespace/name. "*" stands for
    every namespace, group or kind; a kind of the whole cluster has the namespace "".
    """

    tenant: str
    account: str
    namespace: str
    group: str
    kind: str
    resource: str
    verbs: tuple[str, ...]
    because: str
    widened: str = ""
    said: Said | None = None


PRIVATE_RANGES = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
"""Addresses that are not the public Internet (RFC 1918, RFC 6598, RFC 1122, RFC 3927)."""


@lru_cache(maxsize=4096)
def network_peer(peer: Peer) -> dict[str, Any] | None:
    """The peer as Kubernetes writes it in a NetworkPolicy rule, or None for everybody."""
    if peer.namespace or peer.labels:
        found: dict[str, Any] = {}
        if peer.namespace:
            found["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": peer.namespace}}
        if peer.labels:
            found["podSelector"] = {"matchLabels": dict(peer.labels)}
        return found
    if peer.cidr:
        return {"ipBlock": {"cidr": peer.cidr}}
    if peer.outside:
        return {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(PRIVATE_RANGES)}}
    return None
