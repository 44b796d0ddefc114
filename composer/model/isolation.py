"""The walls of a site: who may do what, what is shared, which limits hold, each with the line of the document that implies it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from composer.diagnostic import Place
from composer.model.component import Component
from composer.model.grants import Flow, Grant, Permission
from composer.model.share import Share


@dataclass(frozen=True, slots=True)
class Right:
    """A row of the grant table, and where a document implies it."""

    grant: Grant
    place: Place


@dataclass(frozen=True, slots=True)
class Way:
    """A network flow of a component, and where a document implies it."""

    component: Component
    flow: Flow
    place: Place


@dataclass(frozen=True, slots=True)
class Permitted:
    """What delivery may do at the cluster's API, and where a document implies it."""

    permission: Permission
    place: Place


class Held(NamedTuple):
    """What an account, user or group may do at the cluster's API, by a role that a component binds it to:
    *what* is "verbs on resources", a rule each. *namespace* is "" for the whole cluster."""

    component: Component
    account: str
    namespace: str
    role: str
    what: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Shared:
    """What one tenant gives another on purpose, where its owner says so and where its reader asks for it."""

    share: Share
    granted: Place
    used: Place


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a tenant. *enforced* names the object and field that hold it; "" means that it is only counted in sums."""

    name: str
    value: str
    enforced: str


@dataclass(frozen=True)
class Isolation:
    """The walls of a site: rights and limits of each tenant, what is shared, who may talk to whom, what delivery may touch,
    and what components *held* out to accounts besides.

    A tenant that is not at the site has rights there where it comes over the uplinks of other sites.
    """

    site: str
    rights: Mapping[str, tuple[Right, ...]]
    limits: Mapping[str, tuple[Limit, ...]]
    shared: tuple[Shared, ...]
    ways: tuple[Way, ...]
    permitted: tuple[Permitted, ...]
    held: tuple[Held, ...] = ()
