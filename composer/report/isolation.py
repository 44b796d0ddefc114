"""The walls of a site as text for people, as JSON, and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from composer.diagnostic import Place
from composer.model.grants import Flow
from composer.model.isolation import Held, Isolation, Limit, Permitted, Right, Shared, Way
from composer.model.units import show_rate
from composer.report.markdown import code
from composer.report.visible import json_inert, visible

Table = tuple[str, Sequence[str], list[tuple[str, ...]]]
"""Title, names of columns, rows."""


def _where(place: Place) -> str:
    return f"{place.file}:{place.line}" if place.line else place.file


def _peer(flow: Flow) -> str:
    peer = flow.peer
    labels = ",".join(f"{key}={value}" for key, value in peer.labels)
    if peer.namespace:
        return f"{peer.namespace} {labels}".rstrip()
    return peer.cidr or ("every address outside private ranges" if peer.outside else "every address")


def tables(found: Isolation) -> Iterator[Table]:
    """Everything there is to show, tenant by tenant."""
    for tenant, rights in found.rights.items():
        yield f"Tenant {tenant}", ("principal", "may", "topics", "because"), [_right(right) for right in rights]
        limits = found.limits.get(tenant, ())
        yield f"Limits of tenant {tenant}", ("limit", "value", "held by"), [_limit(limit) for limit in limits]
    shared = [_shared(each) for each in found.shared]
    yield "Shared on purpose", ("owner", "reader", "topics", "at most", "granted", "used"), shared
    yield "Wider than the documents", ("what", "why", "because"), list(_widened(found))
    ways = [_way(way) for way in found.ways]
    yield "Network", ("component", "direction", "peer", "port", "because"), ways
    applied = ("account", "may", "what", "where", "because")
    yield "Delivery", applied, [_permitted(rows) for rows in _alike(found.permitted)]
    given = ("account", "may", "where", "because")
    yield "Rights given by components", given, [_held(each) for each in found.held]


def _right(right: Right) -> tuple[str, ...]:
    who = right.grant.principal
    return f"{who.kind} {who.name}", right.grant.action, right.grant.filter, _where(right.place)


def _limit(limit: Limit) -> tuple[str, ...]:
    return limit.name, limit.value, limit.enforced or "nobody: declared"


def _shared(each: Shared) -> tuple[str, ...]:
    topics = " ".join(topic.filter for topic in each.share.topics)
    limit = show_rate(each.share.limit)
    return each.share.owner, each.share.reader, topics, limit, _where(each.granted), _where(each.used)


def _widened(found: Isolation) -> Iterator[tuple[str, ...]]:
    for tenant, rights in found.rights.items():
        for right in rights:
            if right.grant.widened:
                what = f"{tenant}: {right.grant.principal.kind} {right.grant.principal.name} {right.grant.action}"
                yield f"{what} {right.grant.filter}", right.grant.widened, _where(right.place)
    for way in found.ways:
        if way.flow.widened:
            what = f"{way.component.label}: {way.flow.direction} {_peer(way.flow)} {way.flow.port}"
            yield what, way.flow.widened, _where(way.place)
    for each in found.permitted:
        if each.permission.widened:
            account, verbs, kinds, namespace, _ = _permitted([each])
            yield f"{account}: {verbs} {kinds} in {namespace}", each.permission.widened, _where(each.place)


def _alike(permitted: Sequence[Permitted]) -> list[list[Permitted]]:
    """Rows that differ in the kind alone, together."""
    found: dict[Any, list[Permitted]] = {}
    for each in permitted:
        row = each.permission
        found.setdefault((row.account, row.namespace, row.verbs, row.because, row.widened), []).append(each)
    return list(found.values())


def _permitted(rows: Sequence[Permitted]) -> tuple[str, ...]:
    row = rows[0].permission
    kinds = " ".join(f"{each.permission.group or 'v1'}/{each.permission.kind}" for each in rows)
    where = {"": "the whole cluster", "*": "every namespace"}.get(row.namespace, row.namespace)
    return row.account, " ".join(row.verbs), kinds, where, f"{row.because}, {_where(rows[0].place)}"


def _held(each: Held) -> tuple[str, ...]:
    where = each.namespace or "the whole cluster"
    because = f"{each.component.label} binds it to {each.role}, {_where(each.place)}"
    return each.account, "; ".join(each.what), where, because


def _way(way: Way) -> tuple[str, ...]:
    flow = way.flow
    return (
        way.component.label,
        flow.direction,
        _peer(flow),
        f"{flow.port}/{flow.protocol}",
        f"{flow.because}, {_where(way.place)}",
    )


def text(found: Isolation) -> str:
    """Tables in columns."""
    return "\n".join(_columns(*table) for table in tables(found))


def _columns(title: str, names: Sequence[str], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return f"{title}: nothing\n"
    rows = [tuple(map(visible, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (names, *rows)
    )
    return "".join([f"{title}\n", *(f"  {line}\n" for line in lines)])


def markdown(found: Isolation) -> str:
    """A section for each table."""
    return "\n".join(_section(*table) for table in tables(found))


def _section(title: str, names: Sequence[str], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return f"## {title}\n\nNothing.\n"
    lines = [names, ["---"] * len(names), *([_cell(cell) for cell in row] for row in rows)]
    return f"## {title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    """A value in a table, which a vertical bar would end even in code."""
    return code(text.replace("|", "\\x7c")) if text else ""


def as_json(found: Isolation) -> str:
    """Everything, field by field."""
    shown: dict[str, Any] = {
        "site": found.site,
        "tenants": {
            tenant: {
                "rights": [_right_entry(right) for right in rights],
                "limits": [_entry(x) for x in found.limits.get(tenant, ())],
            }
            for tenant, rights in found.rights.items()
        },
        "shared": [
            dict(zip(("owner", "reader", "topics", "limit", "granted", "used"), _shared(x), strict=True))
            for x in found.shared
        ],
        "network": [_way_entry(way) for way in found.ways],
        "delivery": [_permitted_entry(each) for each in found.permitted],
        "accounts": [dict(zip(("account", "may", "where", "because"), _held(x), strict=True)) for x in found.held],
    }
    return json_inert(json.dumps(shown, indent=2)) + "\n"


def _right_entry(right: Right) -> dict[str, Any]:
    grant = right.grant
    who = {"kind": grant.principal.kind, "name": grant.principal.name}
    row = {"action": grant.action, "filter": grant.filter, "because": grant.because, "place": _where(right.place)}
    return {**who, **row, "widened": grant.widened or None}


def _entry(limit: Limit) -> dict[str, Any]:
    return {"name": limit.name, "value": limit.value, "enforced": limit.enforced or None}


def _way_entry(way: Way) -> dict[str, Any]:
    flow = way.flow
    row = {
        "component": way.component.name,
        "tenant": way.component.tenant or None,
        "direction": flow.direction,
        "peer": _peer(flow),
    }
    why = {"because": flow.because, "place": _where(way.place), "widened": flow.widened or None}
    return {**row, "port": flow.port, "protocol": flow.protocol, **why}


def _permitted_entry(each: Permitted) -> dict[str, Any]:
    row = each.permission
    what = {"group": row.group, "kind": row.kind, "resource": row.resource, "verbs": list(row.verbs)}
    why = {"because": row.because, "place": _where(each.place), "widened": row.widened or None}
    return {"tenant": row.tenant or None, "account": row.account, "namespace": row.namespace or None, **what, **why}


FORMATS: Mapping[str, Callable[[Isolation], str]] = {"text": text, "json": as_json, "markdown": markdown}
"""Format -> what shows a site in it."""
