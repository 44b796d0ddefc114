"""What clusters say they applied, against where the sites' branches stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from composer.clusters import Connection, Kubeconfig, Refused, Told, application, ask_all, kustomization, source
from composer.diagnostic import Diagnostic
from composer.git.batch import Batch
from composer.git.commits import ancestors
from composer.git.repository import Head, heads
from composer.model.fleet import Fleet
from composer.model.status import Delivered, SiteStatus, State
from composer.pipeline.branch import active
from composer.pipeline.contexts import DELIVERING, contexts_of, delivering_context
from composer.pipeline.deliveries import Sharding, present_deliveries
from composer.pipeline.delivery import Delivery
from composer.pipeline.watch import Phase, Watch, counted, unwatched
from composer.stages.compare import read_object
from composer.stages.publish import read_record, trailers_of

KINDS: Mapping[tuple[str, str], tuple[str, Callable[[Mapping[str, Any]], Told]]] = {
    ("source.toolkit.fluxcd.io", "GitRepository"): ("gitrepositories", source),
    ("source.toolkit.fluxcd.io", "OCIRepository"): ("ocirepositories", source),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): ("kustomizations", kustomization),
    ("argoproj.io", "Application"): ("applications", application),
}
"""Group and kind of what delivers a branch -> how paths spell it, and who reads what it says."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How clusters are asked: *context* goes before what sites say, each may take *seconds*."""

    kubeconfig: Kubeconfig
    context: str = ""
    seconds: float = 10.0


@dataclass(frozen=True, eq=False)
class Statuses:
    """The sites in order, and what is wrong with the documents of those that could not be asked for it."""

    sites: tuple[SiteStatus, ...]
    findings: tuple[Diagnostic, ...] = field(repr=False)


@dataclass(frozen=True, eq=False)
class _Branch:
    """What a site's branch says: its head, the commit of the fleet that names, and the objects that deliver it."""

    name: str
    head: Head
    source: str
    objects: tuple[Mapping[str, Any], ...]


def status_of(fleet: Fleet, names: Sequence[str], asking: Asking, watch: Watch = unwatched) -> Statuses:
    """What the clusters of these sites say. One that cannot be asked keeps no other. Raises Rejected."""
    branches = _branches(fleet, names)
    contexts, findings = contexts_of(fleet, names, asking.context)
    contexts = {name: _serving(fleet, branches.get(name), asking, context) for name, context in contexts.items()}

    def row(name: str, state: State, message: str = "", delivered: Sequence[Delivered] = ()) -> SiteStatus:
        known = branches.get(name)
        head = known.head.commit if known else ""
        return SiteStatus(name, contexts.get(name, ""), active(fleet, name), head, state, message, tuple(delivered))

    def ask(name: str) -> SiteStatus:
        if name not in branches:
            return row(name, State.UNPUBLISHED)
        if name not in contexts:
            return row(name, State.UNREACHABLE, "its document has errors")
        connection = asking.kubeconfig.connect(contexts[name], asking.seconds)
        found = [_asked(connection, branches[name], each) for each in branches[name].objects]
        if not found:
            return row(name, State.MISSING, "the branch holds nothing that delivers it")
        return row(name, _worst(found), "", found)

    answers = ask_all(ask, lambda name, why: row(name, State.UNREACHABLE, why), names, asking.seconds)
    rows = list(counted(answers, watch, len(names), phase=Phase.ASKING))
    return Statuses(tuple(_counted(fleet, rows)), tuple(findings))


def _serving(fleet: Fleet, known: _Branch | None, asking: Asking, own: str) -> str:
    """The context of the cluster that delivers the site: its own, or that of the one that serves many."""
    if asking.context or known is None:
        return own
    return delivering_context(fleet, known.objects, own)


def _branches(fleet: Fleet, names: Sequence[str]) -> dict[str, _Branch]:
    """What the branches of those sites that have one say."""
    found: dict[str, _Branch] = {}
    sharding = Sharding(fleet)
    with present_deliveries(sharding, sharding.homes(names)) as targets:
        for target, some in targets.groups(names):
            known = heads(target.repository)
            with target.repository.reading() as objects:
                for name in some:
                    head = known.get(active(fleet, name))
                    if head:
                        found[name] = _read(objects, name, active(fleet, name), head)
    return found


def _read(objects: Batch, site: str, name: str, head: Head) -> _Branch:
    (entries,) = objects.trees([head.tree])
    paths = [path for path in sorted(entries) if path.startswith(DELIVERING)]
    read = map(read_object, paths, objects.contents([entries[path].id for path in paths]))
    delivering = tuple(each for each in read if (each.get("apiVersion", "").partition("/")[0], each["kind"]) in KINDS)
    return _Branch(name, head, read_record(objects, site, name, head).source, delivering)


def _asked(connection: Connection, known: _Branch, written: Mapping[str, Any]) -> Delivered:
    """What the cluster says of one of the objects on the branch. Raises Unreachable."""
    version, metadata = written["apiVersion"], written["metadata"]
    plural, read = KINDS[version.partition("/")[0], written["kind"]]
    namespace, name = metadata.get("namespace", "default"), metadata["name"]

    def found(state: State, revision: str = "", message: str = "") -> Delivered:
        return Delivered(written["kind"], namespace, name, state, revision, None, message)

    try:
        told = read(connection.get(f"/apis/{version}/namespaces/{namespace}/{plural}/{name}"))
    except Refused as refused:
        return found(State.MISSING if refused.is_missing else State.UNREACHABLE, "", str(refused))
    return found(_state(told, known), told.revision, told.failure or told.note)


def _state(told: Told, known: _Branch) -> State:
    if told.failure:
        return State.FAILED
    if told.suspended:
        return State.SUSPENDED
    # What came from a registry was packed from a commit of the fleet, which the head names.
    if not told.commit or told.commit not in (known.head.commit, known.source):
        return State.OLDER
    return State.DRIFTED if told.drifted else State.APPLIED


def _worst(found: Sequence[Delivered]) -> State:
    order = list(State)
    return min((each.state for each in found), key=order.index)


def _counted(fleet: Fleet, rows: Sequence[SiteStatus]) -> Iterator[SiteStatus]:
    """The rows with how many commits what is not at its branch's head is behind that, where the branch tells."""
    late = [row for row in rows if any(_is_late(row, each) for each in row.delivered)]
    counts = _distances(fleet, late) if late else {}
    for row in rows:
        below = counts.get(row.site)
        yield _placed(row, below) if below else row


def _is_late(row: SiteStatus, each: Delivered) -> bool:
    return each.state in (State.OLDER, State.SUSPENDED, State.FAILED) and Told(each.revision).commit not in (
        "",
        row.head,
    )


def _placed(row: SiteStatus, below: Mapping[str, int]) -> SiteStatus:
    delivered = tuple(_behind(each, below.get(Told(each.revision).commit)) for each in row.delivered)
    return replace(row, delivered=delivered, state=_worst(delivered))


def _behind(each: Delivered, commits: int | None) -> Delivered:
    if not commits:
        return each
    return replace(each, behind=commits, state=State.BEHIND if each.state is State.OLDER else each.state)


def _distances(fleet: Fleet, rows: Sequence[SiteStatus]) -> dict[str, Mapping[str, int]]:
    """Site -> commits below its branch's head, and those of the fleet that they were made from -> how far below."""
    by_site = {row.site: row for row in rows}
    found: dict[str, Mapping[str, int]] = {}
    sharding = Sharding(fleet)
    with present_deliveries(sharding, sharding.homes(by_site)) as targets:
        for target, some in targets.groups(list(by_site)):
            for name in some:
                found[name] = _below(target, by_site[name])
    return found


def _below(target: Delivery, row: SiteStatus) -> Mapping[str, int]:
    wanted = {Told(each.revision).commit for each in row.delivered} - {""}
    found = _walked(target, row.head, wanted)
    if wanted - found.keys():
        target.deepen([row.branch])
        found = _walked(target, row.head, wanted)
    return found


def _walked(target: Delivery, head: str, wanted: set[str]) -> dict[str, int]:
    """How far below the head each wanted commit lies, by its own id or by that of its source; the nearest counts."""
    found: dict[str, int] = {}
    with target.repository.reading() as objects:
        for distance, commit in enumerate(ancestors(objects, head)):
            source_id = trailers_of(commit.content).get("Composer-Source", "")
            for id_ in (commit.id, source_id):
                found.setdefault(id_, distance)
            if wanted <= found.keys():
                break
    return {id_: distance for id_, distance in found.items() if id_ in wanted}
