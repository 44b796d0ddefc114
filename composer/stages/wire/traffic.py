"""What flows over a site's broker, worked out from devices, gateways, streams, functions and the uplink."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from composer.model.stack import Component, Stack
from composer.model.traffic import Publication, Subscription, Traffic
from composer.stages.wire.rates import Volume, volumes
from composer.stages.wire.rows import Draft, Row, class_rows, component_rows, uplink_rows

Specs = Mapping[Component, Mapping[str, Any]]
"""Component -> its spec in the common shape."""


def traffic(stack: Stack, specs: Specs, more: Iterable[Row] = ()) -> Traffic:
    """All rows of the site. *more* are rows that no document implies by itself, such as those of relays: what is listened to,
    and drafts of what is published at a stated rate. They take part in everything that follows from others.
    """
    rows: dict[str, list[Row]] = {tenant: list(class_rows(stack, tenant)) for tenant in stack.tenants}
    for component, spec in specs.items():
        for row in component_rows(stack, component, spec):
            rows[row.principal.tenant].append(row)
    for tenant in stack.tenants:
        rows[tenant] += uplink_rows(stack, tenant)
    for row in more:
        rows[row.principal.tenant].append(row)
    publications: list[Publication] = []
    subscriptions: list[Subscription] = []
    for found in rows.values():
        drafts = [row for row in found if isinstance(row, Draft)]
        listening = [row for row in found if isinstance(row, Subscription)]
        publications += map(_publication, drafts, volumes(drafts, listening))
        subscriptions += listening
    return Traffic(tuple(publications), tuple(subscriptions))


def _publication(draft: Draft, volume: Volume) -> Publication:
    return Publication(
        principal=draft.principal,
        topic=draft.topic,
        filter=draft.filter,
        rate=volume.rate,
        bytes=volume.bytes,
        qos=draft.record["qos"],
        retain=draft.record.get("retain", False),
        schema=volume.schema,
        senders=draft.senders,
        said=draft.said,
    )
