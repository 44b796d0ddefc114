"""What applying sites would change at their clusters, as the servers themselves say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from composer.clusters import Kubeconfig, Resources, Tried, Verdict, ask_all, try_object
from composer.diagnostic import Diagnostic, Place, error, warning
from composer.model.fleet import Fleet
from composer.pipeline.branch import branch
from composer.pipeline.contexts import DELIVERING, delivering_context
from composer.pipeline.diff import Differences
from composer.pipeline.line import Composed
from composer.pipeline.run import compose_all
from composer.pipeline.watch import Phase, Watch, counted, unwatched
from composer.stages.compare import SiteDiff, compare
from composer.stages.publish.written import written

MANAGERS = {"flux": "kustomize-controller", "argocd": "argocd-controller"}
"""Engine -> the name under which it applies objects (FieldManager of Flux's kustomize-controller, of Argo CD's application
controller with server-side apply). Both apply with force."""

_MOST_UNTRIED = 5


@dataclass(frozen=True, slots=True)
class Trial:
    """How servers are asked: site -> context, how long all of a site may take and each answer."""

    kubeconfig: Kubeconfig
    contexts: Mapping[str, str]
    seconds: float = 300.0
    answer: float = 30.0


class _Object(NamedTuple):
    path: str
    place: Place
    object: Mapping[str, Any]


class _Site(NamedTuple):
    """A composed site; no objects where it has errors."""

    name: str
    manager: str
    objects: tuple[_Object, ...]
    findings: tuple[Diagnostic, ...]
    ok: bool


class _Answered(NamedTuple):
    site: str
    tried: tuple[tuple[_Object, Tried], ...]
    unreachable: str = ""


def against_servers(
    fleet: Fleet, names: Sequence[str], jobs: int, trial: Trial, watch: Watch = unwatched
) -> Differences:
    """The sites against what their clusters hold. Nothing is written there.

    What a server would refuse is an error among the findings, one that cannot be asked a warning; neither keeps other sites.
    """
    sites = counted(compose_all(fleet, names, jobs, _prepared), watch, len(names))
    composed = {site.name: site for site in sites}
    findings = [finding for site in composed.values() for finding in site.findings]

    def ask(name: str) -> _Answered:
        site, own = composed[name], trial.contexts[name]
        delivering = delivering_context(fleet, (o.object for o in site.objects if _delivers(o)), own)
        servers = {
            context: Resources(trial.kubeconfig.connect(context, trial.answer))
            for context in dict.fromkeys((own, delivering))
        }
        return _Answered(
            name,
            tuple(
                (each, try_object(servers[delivering if _delivers(each) else own], each.object, site.manager))
                for each in site.objects
            ),
        )

    able = [name for name in names if composed[name].ok]
    answers = ask_all(ask, lambda name, why: _Answered(name, (), why), able, trial.seconds)
    answered = list(counted(answers, watch, len(able), phase=Phase.ASKING))
    diffs = [_diff(fleet, each) for each in answered if not each.unreachable]
    for each in answered:
        findings += [finding.at_site(each.site) for finding in _findings(fleet, each, trial.contexts[each.site])]
    failed = [name for name in names if not composed[name].ok] + [each.site for each in answered if each.unreachable]
    changed = tuple(diff for diff in diffs if diff.changes)
    return Differences(changed, len(diffs) - len(changed), tuple(sorted(failed)), tuple(findings), {})


def _delivers(each: _Object) -> bool:
    """Whether this is one of the objects that deliver the site, which may lie at another cluster."""
    return each.path.startswith(DELIVERING)


def _prepared(composed: Composed) -> _Site:
    if not composed.ok or composed.wiring is None:
        return _Site(composed.site, "", (), composed.findings, ok=False)
    engine = composed.wiring.wired[0].context["delivery"]["engine"]
    objects = (_Object(written(r).path, Place(r.manifest, r.line, 1), r.object) for r in composed.objects)
    return _Site(composed.site, MANAGERS[engine], tuple(objects), composed.findings, ok=True)


def _diff(fleet: Fleet, answered: _Answered) -> SiteDiff:
    taken = [(each.path, tried) for each, tried in answered.tried if tried.verdict is Verdict.TAKEN]
    old = {path: tried.before for path, tried in taken if tried.before}
    new = {path: tried.after for path, tried in taken}
    return SiteDiff(answered.site, branch(fleet, answered.site), compare(old, new), {}, {})


def _findings(fleet: Fleet, answered: _Answered, context: str) -> list[Diagnostic]:
    if answered.unreachable:
        message = f"site {answered.site}: cannot ask the cluster of context {context}: {answered.unreachable}"
        return [warning("K053", message, Place(fleet.sites[answered.site]))]
    found = [_refused(each, tried, context) for each, tried in answered.tried if tried.verdict is Verdict.REFUSED]
    found += [
        warning("K056", f"{_label(each.object)}: the server of context {context} warns: {said}", each.place)
        for each, tried in answered.tried
        for said in tried.warnings
    ]
    untried = [(each, tried) for each, tried in answered.tried if tried.verdict is Verdict.UNTRIED]
    return found + _untried(fleet, answered.site, untried)


def _refused(each: _Object, tried: Tried, context: str) -> Diagnostic:
    message = f"{_label(each.object)}: the server of context {context} would refuse it: {tried.message}"
    return error("K054", message, each.place)


def _untried(fleet: Fleet, site: str, untried: Sequence[tuple[_Object, Tried]]) -> list[Diagnostic]:
    """One note for all objects that hang on the same."""
    reasons: dict[str, list[str]] = {}
    for each, tried in untried:
        reasons.setdefault(tried.message, []).append(_label(each.object))
    return [warning("K055", _not_tried(reason, labels), Place(fleet.sites[site])) for reason, labels in reasons.items()]


def _not_tried(reason: str, labels: Sequence[str]) -> str:
    more = len(labels) - _MOST_UNTRIED
    shown = f"{', '.join(labels[:_MOST_UNTRIED])}{f' and {more:,} more' if more > 0 else ''}"
    return f"not tried, because {reason}: {shown}"


def _label(object_: Mapping[str, Any]) -> str:
    metadata = object_["metadata"]
    namespace = metadata.get("namespace")
    return f"{object_['kind']} {namespace + '/' if namespace else ''}{metadata['name']}"
