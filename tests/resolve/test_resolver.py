"""Layers through the resolver: which one wins, what null removes, and what cannot be resolved at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from composer.diagnostic import Diagnostic, Rejected
from composer.merge import merge as merge_data
from composer.model.stack import Component, Stack
from composer.source.reader import parse
from composer.stages.load import load_fleet, load_site
from composer.stages.resolve import Resolver
from tests.load.fleets import document, lines, write

BLUEPRINT = """\
apiVersion: edge-composer.io/v1alpha1
kind: Blueprint
metadata: {name: %s}
spec: {version: %s, summary: A test., role: %s, scope: %s%s}
"""
PARAMS = """\
who: {type: string, default: blueprint, meta: {help: A word.}}
words: {type: list, default: [a, b], schema: {type: string}, meta: {help: Words.}}
deep: {type: dict, default: {}, valuesrules: {type: string}, meta: {help: Words by name.}}
"""
CLUSTER = 'cluster: {version: "1.33", domain: a.example.com, capabilities: {cert-manager: "1.18", flux: "2.6"}}'


def blueprint(
    root: Path, name: str, *, version: str = "1.0.0", role: str = "front", scope: str = "any", more: str = ""
) -> None:
    folder = root / "blueprints" / name / f"v{version.partition('.')[0]}"
    folder.mkdir(parents=True)
    (folder / "blueprint.yaml").write_text(BLUEPRINT % (name, version, role, scope, more))
    (folder / "params.yaml").write_text(PARAMS)


def resolved(root: Path, files: Mapping[str, str], site: str = "a") -> Stack:
    """The stack of a site. Raises Rejected."""
    fleet, _ = load_fleet(write(root, files))
    stack, findings = Resolver(fleet).resolve(load_site(fleet, site))
    assert findings == []
    return stack


def refused(root: Path, files: Mapping[str, str], site: str = "a") -> list[Diagnostic]:
    with pytest.raises(Rejected) as caught:
        resolved(root, files, site)
    return sorted(caught.value.diagnostics, key=Diagnostic.sort_key)


def component(stack: Stack, name: str) -> Component:
    return next(c for c in stack.components if c.name == name)


def names(stack: Stack) -> list[str]:
    return [c.name for c in stack.components if c.name not in ("base", "tenancy", "delivery")]


def site(*spec: str, profiles: str = "", name: str = "a") -> str:
    listed = [f"profiles: [{profiles}]"] if profiles else []
    return document("Site", name, "{" + ", ".join([CLUSTER, *listed, *spec]) + "}")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    blueprint(tmp_path, "note")
    blueprint(tmp_path, "job", role="stream", scope="tenant")
    return tmp_path


# What each layer says, lowest first: (the document, the part of its spec).
PLATFORM = {
    "fleet defaults.blueprints": ("fleet", "blueprints: {note: {params: {who: %s}}}"),
    "fleet components": ("fleet", "components: {note: {params: {who: %s}}}"),
    "profile defaults.blueprints": ("profile", "defaults: {blueprints: {note: {params: {who: %s}}}}"),
    "profile components": ("profile", "components: {note: {params: {who: %s}}}"),
    "later profile defaults.blueprints": ("later", "defaults: {blueprints: {note: {params: {who: %s}}}}"),
    "later profile components": ("later", "components: {note: {params: {who: %s}}}"),
    "site": ("site", "components: {note: {blueprint: note@1, params: {who: %s}}}"),
}
TENANT = {
    "fleet defaults.blueprints": ("fleet", "blueprints: {job: {params: {who: %s}}}"),
    "fleet tenants": ("fleet", "tenants: {acme: {streams: {mean: {params: {who: %s}}}}}"),
    "profile defaults.blueprints": ("profile", "defaults: {blueprints: {job: {params: {who: %s}}}}"),
    "profile tenants": ("profile", "tenants: {acme: {streams: {mean: {params: {who: %s}}}}}"),
    "later profile defaults.blueprints": ("later", "defaults: {blueprints: {job: {params: {who: %s}}}}"),
    "later profile tenants": ("later", "tenants: {acme: {streams: {mean: {params: {who: %s}}}}}"),
    "tenant": ("tenant", "streams: {mean: {blueprint: job@1, from: a, to: {topic: b}, params: {who: %s}}}"),
    "site": ("site", "tenants: {acme: {streams: {mean: {params: {who: %s}}}}}"),
}


def layered(chosen: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Documents in which each of the chosen layers says its name."""
    said: dict[str, dict[str, Any]] = {place: {} for place in ("fleet", "profile", "later", "tenant", "site")}
    merge(said["site"], "tenants: {acme: {}}, components: {note: {blueprint: note@1}}")
    merge(said["tenant"], "streams: {mean: {blueprint: job@1, from: a, to: {topic: b}}}")
    for layer, (place, written) in chosen.items():
        merge(said[place], written % f"'{layer}'")
    spec = {place: json.dumps(value) for place, value in said.items()}
    cluster = f"{{{CLUSTER}, profiles: [low, high], {spec['site'][1:]}"
    return {
        "fleet.yaml": document("Fleet", "f", f"{{defaults: {spec['fleet']}}}"),
        "profiles/low.yaml": document("Profile", "low", spec["profile"]),
        "profiles/high.yaml": document("Profile", "high", spec["later"]),
        "tenants/acme.yaml": document("Tenant", "acme", spec["tenant"]),
        "a.yaml": document("Site", "a", cluster),
    }


def merge(into: dict[str, Any], written: str) -> None:
    into |= merge_data(into, parse(f"{{{written}}}", "test").data)


@pytest.mark.parametrize(("ladder", "name"), [(PLATFORM, "note"), (TENANT, "mean")])
def test_a_higher_layer_wins_over_all_below_it(root: Path, ladder: dict[str, tuple[str, str]], name: str) -> None:
    """Layers are added one by one, lowest first: each time the newest one has its say."""
    order = list(ladder)
    assert component(resolved(root, layered({})), name).params["who"] == "blueprint"
    for length in range(1, len(order) + 1):
        chosen = {layer: ladder[layer] for layer in order[:length]}
        assert component(resolved(root, layered(chosen)), name).params["who"] == order[length - 1]


@pytest.mark.parametrize(("ladder", "name"), [(PLATFORM, "note"), (TENANT, "mean")])
def test_each_layer_alone_wins_over_the_blueprint_s_default(
    root: Path, ladder: dict[str, tuple[str, str]], name: str
) -> None:
    for layer in ladder:
        assert component(resolved(root, layered({layer: ladder[layer]})), name).params["who"] == layer


def test_mappings_merge_and_lists_replace(root: Path) -> None:
    fleet = "{defaults: {components: {note: {blueprint: note@1, params: {words: [x], deep: {a: low, b: low}}}}}}"
    files = {
        "fleet.yaml": document("Fleet", "f", fleet),
        "a.yaml": site("components: {note: {params: {words: [y, z], deep: {b: high, c: high}}}}"),
    }
    params = component(resolved(root, files), "note").params
    assert (params["words"], params["deep"]) == (["y", "z"], {"a": "low", "b": "high", "c": "high"})


# --- null ---------------------------------------------------------------------------------------------------------------

NOTED = "components: {note: {blueprint: note@1, params: {who: me, deep: {a: x}}}}"


@pytest.mark.parametrize("remover", ["profile", "site"])
def test_null_removes_a_component(root: Path, remover: str) -> None:
    gone = "components: {note: null}"
    files = {
        "fleet.yaml": document("Fleet", "f", f"{{defaults: {{{NOTED}}}}}"),
        "profiles/p.yaml": document("Profile", "p", f"{{{gone}}}" if remover == "profile" else "{}"),
        "a.yaml": site(gone, profiles="p") if remover == "site" else site(profiles="p"),
        "b.yaml": site(name="b"),
    }
    assert names(resolved(root, files)) == []
    assert names(resolved(root, files, "b")) == ["note"]


def test_a_component_that_was_removed_may_come_back_without_its_past(root: Path) -> None:
    files = {
        "fleet.yaml": document("Fleet", "f", f"{{defaults: {{{NOTED}}}}}"),
        "profiles/p.yaml": document("Profile", "p", "{components: {note: null}}"),
        "a.yaml": site("components: {note: {blueprint: note@1}}", profiles="p"),
    }
    assert component(resolved(root, files), "note").params["who"] == "blueprint"


def test_null_removes_a_parameter_so_that_the_layer_below_counts(root: Path) -> None:
    files = {
        "fleet.yaml": document("Fleet", "f", f"{{defaults: {{{NOTED}}}}}"),
        "a.yaml": site("components: {note: {params: {deep: {a: null}}}}"),
    }
    assert component(resolved(root, files), "note").params["deep"] == {}


def test_null_removes_what_the_platform_has_by_itself(root: Path) -> None:
    files = {"a.yaml": site("components: {delivery: null}")}
    assert "delivery" not in [c.name for c in resolved(root, files).components]


@pytest.mark.parametrize("remover", ["tenant", "site"])
def test_null_removes_a_stream_and_a_tenant_s_value(root: Path, remover: str) -> None:
    stream = "streams: {mean: {blueprint: job@1, from: a, to: {topic: b}}}, quota: {cpu: '1', memory: 1Gi}"
    gone = "{streams: {mean: null}, quota: {cpu: null}}"
    files = {
        "profiles/p.yaml": document("Profile", "p", f"{{tenants: {{acme: {{{stream}}}}}}}"),
        "tenants/acme.yaml": document("Tenant", "acme", gone if remover == "tenant" else "{}"),
        "a.yaml": site(f"tenants: {{acme: {gone if remover == 'site' else '{}'}}}", profiles="p"),
    }
    stack = resolved(root, files)
    assert names(stack) == []
    assert stack.tenants["acme"]["quota"] == {"memory": "1Gi"}


def test_null_removes_a_tenant(root: Path) -> None:
    files = {
        "fleet.yaml": document("Fleet", "f", "{defaults: {tenants: {acme: {}}}}"),
        "tenants/acme.yaml": document("Tenant", "acme"),
        "a.yaml": site("tenants: {acme: null}"),
    }
    assert dict(resolved(root, files).tenants) == {}


@pytest.mark.parametrize(
    ("path", "spec", "where"),
    [
        ("fleet.yaml", "defaults: {components: {nowt: null}}", "4:32"),
        ("profiles/p.yaml", "components: {nowt: null}", "4:21"),
        ("profiles/p.yaml", "tenants: {nobody: null}", "4:18"),
        ("profiles/p.yaml", "offline: null", "4:8"),
        ("tenants/acme.yaml", "streams: {nowt: null}", "4:18"),
        ("tenants/acme.yaml", "quota: {cpu: null}", "4:16"),
    ],
)
@pytest.mark.parametrize("overlay", ["{}", "{quota: {memory: 1Gi}}"])
def test_null_with_nothing_to_remove_is_an_error_at_its_line(
    root: Path, path: str, spec: str, where: str, overlay: str
) -> None:
    kind, name = {"fleet": ("Fleet", "f"), "profi": ("Profile", "p"), "tenan": ("Tenant", "acme")}[path[:5]]
    files = {
        "profiles/p.yaml": document("Profile", "p"),
        "tenants/acme.yaml": document("Tenant", "acme"),
        "a.yaml": site(f"tenants: {{acme: {overlay}}}", profiles="p"),
        path: document(kind, name, f"{{{spec}}}"),
    }
    assert [f"{d.place} {d.code}" for d in refused(root, files)] == [f"sites/{path}:{where} L101"]


def test_null_with_nothing_to_remove_is_an_error_in_a_site_too(root: Path) -> None:
    files = {"a.yaml": site("components: {nowt: null}", "offline: null")}
    found = refused(root, files)
    assert [d.code for d in found] == ["L101", "L101"]
    assert ["nowt" in d.message or "offline" in d.message for d in found] == [True, True]


# --- blueprints ---------------------------------------------------------------------------------------------------------


def test_another_blueprint_drops_the_parameters_of_the_one_before(root: Path) -> None:
    blueprint(root, "other")
    files = {
        "fleet.yaml": document(
            "Fleet", "f", f"{{defaults: {{{NOTED}, blueprints: {{other: {{params: {{words: [e]}}}}}}}}}}"
        ),
        "a.yaml": site("components: {note: {blueprint: other@1, params: {deep: {b: y}}}}"),
    }
    found = component(resolved(root, files), "note")
    assert found.blueprint.name == "other"
    assert found.params == {"who": "blueprint", "words": ["e"], "deep": {"b": "y"}}


def test_another_version_of_a_blueprint_keeps_them(root: Path) -> None:
    blueprint(root, "note", version="2.0.0")
    files = {
        "fleet.yaml": document("Fleet", "f", f"{{defaults: {{{NOTED}}}}}"),
        "a.yaml": site("components: {note: {blueprint: note@2}}"),
    }
    found = component(resolved(root, files), "note")
    assert (found.blueprint.version, found.params["who"]) == ("2.0.0", "me")


@pytest.mark.parametrize(
    ("reference", "version"), [("note@1", "1.4.2"), ("note@1.4.2", "1.4.2"), ("note@2", "2.0.0"), ("job", "1.0.0")]
)
def test_a_blueprint_is_named_by_its_major_or_exact_version(tmp_path: Path, reference: str, version: str) -> None:
    blueprint(tmp_path, "note", version="1.4.2")
    blueprint(tmp_path, "note", version="2.0.0")
    blueprint(tmp_path, "job")
    files = {"a.yaml": site(f"components: {{x: {{blueprint: {reference}}}}}")}
    assert component(resolved(tmp_path, files), "x").blueprint.version == version


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("noet", "L001 there is no blueprint 'noet' | did you mean 'note'?"),
        ("note@1.4.1", "L002 there is no blueprint note@1.4.1 | versions of note here: 1.4.2, 2.0.0"),
        ("note@3", "L002 there is no blueprint note@3 | versions of note here: 1.4.2, 2.0.0"),
        ("note", "L003 blueprint 'note' has several major versions | write note@1 or note@2"),
    ],
)
def test_a_blueprint_that_cannot_be_told_is_an_error_where_it_is_named(
    tmp_path: Path, reference: str, message: str
) -> None:
    blueprint(tmp_path, "note", version="1.4.2")
    blueprint(tmp_path, "note", version="2.0.0")
    text = site(f"components: {{x: {{blueprint: {reference}}}}}")
    column = text.splitlines()[3].index(f"blueprint: {reference}") + len("blueprint: ") + 1
    assert lines(refused(tmp_path, {"a.yaml": text})) == [f"sites/a.yaml:4:{column} {message}"]


def test_a_broken_blueprint_stops_the_sites_that_use_it_and_no_others(root: Path) -> None:
    (root / "blueprints/job/v1/blueprint.yaml").write_text("kind: Blueprint\n")
    files = {"a.yaml": site("components: {x: {blueprint: job@1}}"), "b.yaml": site(NOTED, name="b")}
    assert {d.place.file for d in refused(root, files)} == {"blueprints/job/v1/blueprint.yaml"}
    assert names(resolved(root, files, "b")) == ["note"]


def test_a_component_without_a_blueprint_is_an_error(root: Path) -> None:
    found = refused(root, {"a.yaml": site("components: {nowt: {params: {who: me}}}")})
    assert [(d.code, d.message) for d in found] == [("L009", "nowt has no blueprint: no layer says which one it uses")]


@pytest.mark.parametrize(
    ("made", "code", "message"),
    [
        ({"role": "function"}, "L004", "bad has the role 'function'; here a stream is needed"),
        ({"role": "stream", "scope": "site"}, "L005", "bad can only be used by the site itself"),
        ({"more": ', kubernetes: ">=1.34"'}, "L006", "bad@1.0.0 needs Kubernetes >=1.34, the site's cluster is 1.33"),
        ({"more": ', requires: {knative: "*"}'}, "L007", "bad@1.0.0 needs knative *, which the site lacks"),
        (
            {"more": ', requires: {flux: ">=2.7 <3"}'},
            "L008",
            "bad@1.0.0 needs flux >=2.7 <3, the site has 2.6",
        ),
    ],
)
def test_a_blueprint_must_fit_where_it_is_used(root: Path, made: dict[str, str], code: str, message: str) -> None:
    blueprint(root, "bad", **{"role": "stream", "scope": "tenant", **made})
    tenant = "{streams: {x: {blueprint: bad@1, from: a, to: {topic: b}}}}"
    files = {"tenants/acme.yaml": document("Tenant", "acme", tenant), "a.yaml": site("tenants: {acme: {}}")}
    found = refused(root, files)
    assert [(d.code, d.message, str(d.place)) for d in found] == [(code, message, "sites/tenants/acme.yaml:4:33")]


@pytest.mark.parametrize(
    ("old", "new", "code", "where", "hint"),
    [
        ('"1.33"', '"1.27"', "L006", "version", ""),
        ("cert-manager:", "cert-manger:", "L007", "capabilities", "is it 'cert-manger' that should be called so?"),
        ('cert-manager: "1.18"', 'cert-manager: "1.2"', "L008", "capabilities.cert-manager", ""),
    ],
)
def test_what_a_cluster_lacks_is_shown_where_the_cluster_is_described(
    root: Path, old: str, new: str, code: str, where: str, hint: str
) -> None:
    text = site("tenants: {}")
    assert old in text
    written = parse(text.replace(old, new), "sites/a.yaml")
    route = ("spec", "cluster", *where.split("."))
    found = next(d for d in refused(root, {"a.yaml": written.text}) if d.code == code)
    assert [str(related.place) for related in found.related] == [str(written.place(route))]
    assert hint in found.hint


def test_a_tenant_s_blueprint_cannot_be_the_platform_s(root: Path) -> None:
    found = refused(root, {"a.yaml": site("components: {x: {blueprint: job@1}}")})
    assert ("L005", "job can only be used by a tenant") in [(d.code, d.message) for d in found]


@pytest.mark.parametrize("version", ["1.30", "1.33", "1.34"])
def test_the_range_of_kubernetes_versions_is_that_of_the_site_s_own_cluster(root: Path, version: str) -> None:
    """Shared components are built once, but what a cluster has is asked at each site."""
    blueprint(root, "new", more=', kubernetes: ">=1.33"')
    fleet = document("Fleet", "f", "{defaults: {components: {new: {blueprint: new@1}}}}")
    files = {"fleet.yaml": fleet, "a.yaml": site().replace("1.33", version), "b.yaml": site(name="b")}
    if version == "1.30":
        assert [d.code for d in refused(root, files)] == ["L006"]
    else:
        assert names(resolved(root, files)) == ["new"]


# --- documents that are not there, or broken ----------------------------------------------------------------------------


def test_unknown_profiles_and_tenants_are_errors_where_they_are_named(root: Path) -> None:
    files = {
        "profiles/small.yaml": document("Profile", "small"),
        "tenants/acme.yaml": document("Tenant", "acme"),
        "a.yaml": document("Site", "a", "{profiles: [smal]}"),
        "b.yaml": site("tenants: {acne: {}}", name="b"),
        "c.yaml": site("tenants: {zeta: {}}", name="c"),
    }
    assert lines(refused(root, files)) == ["sites/a.yaml:4:19 L010 there is no profile 'smal' | did you mean 'small'?"]
    assert [(d.code, d.hint) for d in refused(root, files, "b")] == [("L011", "did you mean 'acme'?")]
    assert [(d.code, d.hint) for d in refused(root, files, "c")] == [("L011", "add sites/tenants/zeta.yaml")]


@pytest.mark.parametrize("broken", ["profiles/p.yaml", "tenants/acme.yaml"])
def test_a_broken_document_stops_the_sites_that_use_it_and_no_others(root: Path, broken: str) -> None:
    files = {
        "profiles/p.yaml": document("Profile", "p"),
        "tenants/acme.yaml": document("Tenant", "acme"),
        "a.yaml": site("tenants: {acme: {}}", profiles="p"),
        "b.yaml": site(NOTED, name="b"),
        broken: "apiVersion: edge-composer.io/v1alpha1\nkind: [\n",
    }
    assert {d.place.file for d in refused(root, files)} == {f"sites/{broken}"}
    assert names(resolved(root, files, "b")) == ["note"]


def test_a_site_that_never_says_its_cluster_is_incomplete(root: Path) -> None:
    found = refused(root, {"a.yaml": document("Site", "a")})
    assert [(d.message, str(d.place)) for d in found if d.code == "L013"] == [
        ("cluster is missing: no layer says it", "sites/a.yaml:4:1")
    ]


def test_no_layer_exceeds_what_the_fleet_allows_a_tenant(root: Path) -> None:
    files = {
        "fleet.yaml": document("Fleet", "f", "{policies: {tenantLimits: {cpu: '2', memory: 2Gi, connections: 10}}}"),
        "tenants/acme.yaml": document("Tenant", "acme", "{quota: {cpu: 2500m, memory: 2048Mi, connections: 10}}"),
        "a.yaml": site("tenants: {acme: {quota: {connections: 11}}}"),
        "b.yaml": site("tenants: {acme: {quota: {cpu: '2'}}}", name="b"),
    }
    found = refused(root, files)
    assert [(d.code, d.message) for d in found] == [
        ("L012", "tenant acme asks for connections 11, the fleet allows a tenant at most 10"),
        ("L012", "tenant acme asks for cpu 2500m, the fleet allows a tenant at most 2"),
    ]
    assert [d.place.file for d in found] == ["sites/a.yaml", "sites/tenants/acme.yaml"]
    assert [str(r.place) for r in found[1].related] == ["sites/fleet.yaml:4:39"]
    assert resolved(root, files, "b").tenants["acme"]["quota"]["cpu"] == "2"


def test_everything_wrong_with_a_site_is_said_at_once(root: Path) -> None:
    tenant = "{streams: {x: {blueprint: nowt@1, from: a, to: {topic: b}}}}"
    files = {
        "tenants/acme.yaml": document("Tenant", "acme", tenant),
        "a.yaml": site(
            "offline: null",
            "components: {x: {blueprint: note@1.0.1}, y: {blueprint: note@9}, note: {blueprint: note@1, params: {hwo: me}}}",
            "tenants: {acme: {}, nobody: {}}",
        ),
    }
    assert sorted(d.code for d in refused(root, files)) == ["L001", "L002", "L002", "L011", "L101", "L120"]
