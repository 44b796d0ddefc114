"""What flows over a site's broker: who publishes what how often, and who listens to it. Worked out, never written."""

from __future__ import annotations

from typing import NamedTuple

from composer.model.grants import Principal, Said

__all__ = ["NO_TRAFFIC", "Publication", "Said", "Subscription", "Traffic"]


class Publication(NamedTuple):
    """What one principal publishes at the site's broker, relative to its tenant. What comes down from the hub is the uplink's.

    *topic* keeps its placeholders, *filter* is the narrowest filter of everything it stands for. *senders* is the number of
    devices behind a class (1 for everybody else), *rate* the messages a second of all of them together, *bytes* the payload of
    one, *schema* the path of its JSON Schema below sites/, or "".
    """

    principal: Principal
    topic: str
    filter: str
    rate: float
    bytes: int
    qos: int
    retain: bool
    schema: str
    senders: int
    said: Said

    @property
    def is_dead_letter(self) -> bool:
        """Whether this is where a function's messages go that it could not handle: nobody has to read it."""
        return self.principal.kind == "function" and self.said.route == ("deadLetter",)


class Subscription(NamedTuple):
    """What one principal listens to, relative to its tenant. What goes up to the hub, the uplink listens to.

    *filter* has no `$share/<group>/` in front; *group* is that group, or "".
    *listeners* is the number of clients that get a copy of each message: the devices of a class, 1 for everybody else and for
    a group. A placeholder {device} in *topic* means that each device gets its own messages alone. *rate* and *bytes* are what
    the listeners say that is sent to them, by whomever: messages a second for all of them, and the payload of one.
    """

    principal: Principal
    topic: str
    filter: str
    group: str
    qos: int
    schema: str
    listeners: int
    said: Said
    rate: float = 0.0
    bytes: int = 0


class Traffic(NamedTuple):
    """All rows of a site, in the order of tenants and of what their documents say."""

    publications: tuple[Publication, ...]
    subscriptions: tuple[Subscription, ...]


NO_TRAFFIC = Traffic((), ())
