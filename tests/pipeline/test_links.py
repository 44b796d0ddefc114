"""Hubs and their sites: who is composed when, what travels with a change, and what a broken site holds up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from subprocess import run

import pytest

from composer.pipeline.line import Line
from composer.pipeline.links import Links
from composer.pipeline.publish import Order, publish_sites
from composer.pipeline.verify import verify_sites
from composer.stages.load import load_fleet, possible_hubs
from composer.stages.publish import Verdict
from tests.cli.kit import FLEET, NOTE, blueprint, commit, composer, trees
from tests.load.fleets import DESIGN, change, document, write
from tests.pipeline.fleets import UPLINK, Run, cache_file, publish, site

BROKER = "components: {ingress: {blueprint: mqtt-mosquitto@1}}"
ACME = """\
  devices: {press: {names: "press-{0..2}", publish: [{topic: "press/{device}/state", rate: 1/s, bytes: 9}]}}
  uplink: {up: [press/+/state]}
"""


def tenants(**overlays: str) -> str:
    return f"tenants: {{{', '.join(f'{name}: {{{said}}}' for name, said in overlays.items())}}}"


def leaf(name: str, acme: str = "", hub: str = "hub") -> str:
    return site(name, UPLINK % hub, BROKER, tenants(acme=acme))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sites of a hub that has a hub of its own, and one that stands alone; all published."""
    root = tmp_path_factory.mktemp("links")
    blueprint(root, manifest=NOTE)
    files = {
        "fleet.yaml": FLEET,
        "tenants/acme.yaml": document("Tenant", "acme", "").rstrip() + f"\n{ACME}",
        **{f"{name}.yaml": leaf(name) for name in "abc"},
        "alone.yaml": site("alone", BROKER, tenants(acme="")),
        "hub.yaml": site("hub", "hub: true", UPLINK % "top", BROKER, tenants(acme="uplink: {up: null}")),
        "top.yaml": site("top", "hub: true", BROKER, tenants(acme="uplink: {up: null}")),
        "files/ca.pem": (DESIGN / "sites/files/hub-eu.pem").read_text(),
    }
    write(root, files)
    commit(root)
    assert publish(root).failed == set()
    return root


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "fleet"))


LINK_CHANGES = {
    "a filter more": 'uplink: {up: [press/+/state, "+/press-1/+"]}',
    "a filter down": "uplink: {down: [press/+/cmd]}",
    "nothing goes up any more": "uplink: {up: []}",
    "more of it": 'devices: {press: {names: "press-{0..8}"}}',
}


@pytest.mark.parametrize("what", LINK_CHANGES)
def test_a_site_that_tells_its_hub_something_else_takes_the_hub_along(root: Path, what: str) -> None:
    write(root, {"fleet.yaml": FLEET, "a.yaml": leaf("a", LINK_CHANGES[what])})
    before = trees(root)
    after = publish(root)
    assert {name for name in before if after.trees[name] != before[name]} == {"site/a", "site/hub"}
    assert after.composed == {"a", "hub"}


OTHER_CHANGES = {
    "its domain": ("domain: a.example.com", "domain: b.example.com"),
    "a parameter": ("mqtt-mosquitto@1}", "mqtt-mosquitto@1, params: {maxConnections: 7}}"),
    "a comment": ("spec:", "spec: # here"),
}


@pytest.mark.parametrize("what", OTHER_CHANGES)
def test_a_site_that_tells_its_hub_the_same_leaves_it_alone(root: Path, what: str) -> None:
    change(root, "sites/a.yaml", OTHER_CHANGES[what])
    assert publish(root).composed == {"a"}


def test_a_tenant_s_document_reaches_every_site_and_their_hub(root: Path) -> None:
    change(root, "sites/tenants/acme.yaml", ("press/+/state", "press/#"))
    assert publish(root).composed == {"a", "b", "c", "alone", "hub", "top"}


def published(root: Path, *words: str) -> set[str]:
    """The sites that `composer publish` commits to."""
    ran = composer(root, "publish", "--allow-dirty", *words)
    assert ran.code == 0, ran.err
    return {line.split()[0].removeprefix("site/") for line in ran.out.splitlines()}


def shown(root: Path, *words: str) -> set[str]:
    """The sites that `composer diff` has changes of."""
    ran = composer(root, "diff", "--format", "json", *words)
    assert ran.code == 0, ran.err
    return {name for found in json.loads(ran.out)["changes"] for name in found["sites"]}


def test_diff_and_publish_of_one_site_show_its_hub_where_the_link_changed(root: Path) -> None:
    write(root, {"fleet.yaml": FLEET, "a.yaml": leaf("a", LINK_CHANGES["a filter more"])})
    assert shown(root, "a") == {"a", "hub"}
    assert shown(root, "a", "--base", "HEAD") == {"a", "hub"}
    assert published(root, "a") == {"a", "hub"}
    assert publish(root).composed == set()


def test_hubs_are_proved_with_what_their_sites_told_them_when_they_were_published(root: Path) -> None:
    """Site and hub come from a later commit than the others, and what is not published yet proves nothing wrong."""
    write(root, {"fleet.yaml": FLEET, "a.yaml": leaf("a", LINK_CHANGES["a filter more"])})
    commit(root, message="published")
    assert published(root) == {"a", "hub"}
    write(root, {"fleet.yaml": FLEET, "b.yaml": leaf("b", LINK_CHANGES["a filter down"])})
    commit(root, message="not published")
    before = trees(root)
    fleet, _ = load_fleet(root)
    found = verify_sites(fleet, sorted(fleet.sites), 1)
    assert {proof.record.site: proof.verdict for proof in found.proofs} == dict.fromkeys(fleet.sites, Verdict.EQUAL)
    assert len({proof.record.source for proof in found.proofs}) == 2
    assert (found.findings, found.absent, trees(root)) == ((), (), before)


@pytest.mark.parametrize("cached", [True, False])
def test_publishing_that_broke_off_before_the_hub_brings_it_when_it_is_run_again(root: Path, cached: bool) -> None:
    """The site's branch moved and the hub's did not, as when the command is killed, or a server refuses the one."""
    before = git(root, "rev-parse", "site/hub")
    write(root, {"fleet.yaml": FLEET, "a.yaml": leaf("a", LINK_CHANGES["a filter more"])})
    assert published(root, "a") == {"a", "hub"}
    done = trees(root)
    git(root, "update-ref", "refs/heads/site/hub", before)
    if not cached:
        cache_file(root).unlink()
    assert shown(root, "a") == {"hub"}
    assert published(root, "a") == {"hub"}
    assert trees(root) == done
    change(root, "sites/hub.yaml", ("hub: true", "hub: true\n  offline: 1h"))
    assert published(root, "a") == set()


def git(root: Path, *words: str) -> str:
    return run(
        ["git", "--git-dir", root / "out/delivery.git", *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_diff_and_publish_of_one_site_leave_a_hub_alone_that_waits_for_something_else(root: Path) -> None:
    change(root, "sites/hub.yaml", ("hub.example.com", "hub2.example.com"))
    change(root, "sites/b.yaml", ("tenants: {acme: {}}", "tenants: {acme: {uplink: {up: [x]}}}"))
    publish_only = ("alone.example.com", "alone2.example.com")
    change(root, "sites/alone.yaml", publish_only)
    assert shown(root, "alone") == {"alone"}
    assert published(root, "alone") == {"alone"}


def test_a_site_that_leaves_its_hub_takes_it_along(root: Path) -> None:
    change(root, "sites/a.yaml", (UPLINK % "hub", "offline: 1h"))
    assert published(root, "a") == {"a", "hub"}
    assert publish(root).composed == set()


def test_a_site_that_moves_to_another_hub_takes_both_along(root: Path) -> None:
    change(root, "sites/a.yaml", ("site: hub", "site: top"))
    assert published(root, "a") == {"a", "hub", "top"}
    assert publish(root).composed == set()


def test_a_new_site_takes_its_hub_along_and_one_that_is_gone_changes_it(root: Path) -> None:
    write(root, {"fleet.yaml": FLEET, "d.yaml": leaf("d")})
    assert published(root, "d") == {"d", "hub"}
    (root / "sites/b.yaml").unlink()
    assert publish(root).composed == {"hub"}


def test_what_a_hub_passes_on_travels_all_the_way_up(root: Path) -> None:
    change(root, "sites/hub.yaml", ("up: null", 'up: ["sites/+/press/#"]'))
    assert published(root, "hub") == {"hub", "top"}
    write(root, {"fleet.yaml": FLEET, "a.yaml": leaf("a", LINK_CHANGES["more of it"])})
    assert published(root, "a") == {"a", "hub", "top"}
    assert published(root) == set()


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_a_hub_comes_to_the_same_tree_alone_or_with_its_sites_by_any_number_of_processes(root: Path, jobs: int) -> None:
    expected = trees(root)
    for names in (["hub"], ["top", "hub"], sorted(expected)):
        cache_file(root).unlink(missing_ok=True)
        shutil.rmtree(root / "out/delivery.git")
        fleet, _ = load_fleet(root)
        done = publish_sites(fleet, Order([n.removeprefix("site/") for n in names], jobs, allow_dirty=True))
        assert done.failed == ()
        assert trees(root).items() <= expected.items()


def hub_rules(root: Path) -> str:
    composed = Line(load_fleet(root)[0]).compose("hub")
    found = {r.object["metadata"]["name"]: r.object for r in composed.objects}
    text: str = found["ingress-bridges-0"]["data"]["access.acl"]
    return text


BROKEN_ELSEWHERE = {
    "an unknown key": ("cluster: {", "clutter: 1\n  cluster: {"),
    "no version of the cluster": ('version: "1.33", ', ""),
    "a parameter of the wrong type": ("mqtt-mosquitto@1}", "mqtt-mosquitto@1, params: {maxConnections: many}}"),
    "a label of the wrong form": ("labels: {}", "labels: 7"),
    "a name that is another's": ("name: a,", "name: b,"),
    "a stream that cannot be": ("acme: {}", "acme: {streams: {x: {blueprint: nowhere@1}}}"),
}


@pytest.mark.parametrize("what", BROKEN_ELSEWHERE)
def test_a_site_that_is_broken_elsewhere_keeps_its_rules_at_the_hub(root: Path, what: str) -> None:
    before = hub_rules(root)
    change(root, "sites/a.yaml", BROKEN_ELSEWHERE[what])
    run = publish(root)
    assert run.failed == {"a"}
    assert hub_rules(root) == before
    assert "user a\n" in before


def test_a_hub_is_told_of_a_site_whose_rates_are_not_known_and_goes_on(root: Path) -> None:
    change(root, "sites/a.yaml", BROKEN_ELSEWHERE["a parameter of the wrong type"])
    change(root, "sites/hub.yaml", ("hub.example.com", "hub2.example.com"))
    run = publish(root)
    assert (run.failed, "hub" in run.composed) == ({"a"}, True)
    ran = composer(root, "validate", "--format", "json", "hub")
    assert [(f["code"], f["severity"], f["file"]) for f in ran.findings] == [("W056", "warning", "sites/hub.yaml")]
    assert "what a sends to hub hub cannot be worked out" in ran.findings[0]["message"]


OVEN = "{oven: {count: 1, publish: [{topic: oven/x, rate: 1/s, bytes: 9, schema: files/none.json}]}}"
BROKEN_BESIDES = {
    "a payload schema that is missing": ("acme: {}", f"acme: {{devices: {OVEN}}}"),
    "a CA that is missing": ("files/ca.pem", "files/none.pem"),
    "a budget that is too small": ("uplink: {", "uplink: {dailyBudget: 1B, "),
    "a filter nobody publishes to": ("acme: {}", "acme: {devices: {oven: {count: 1, subscribe: [nobody/says]}}}"),
}


@pytest.mark.parametrize("what", BROKEN_BESIDES)
def test_a_site_with_another_mistake_changes_nothing_at_its_hub(root: Path, what: str) -> None:
    """Its rates are known, so that its hub has the same tree as before, without a word."""
    before = trees(root)
    change(root, "sites/a.yaml", BROKEN_BESIDES[what])
    run = publish(root)
    assert (run.failed, run.trees) == ({"a"}, before)
    assert composer(root, "validate", "--format", "json", "hub").findings == []


BROKEN_LINKS = {
    "no YAML": ("spec:", "spec: ]"),
    "no filter": ("acme: {}", 'acme: {uplink: {up: ["a/#/b"]}}'),
    "no mapping of tenants": ("acme: {}", "acme: 7"),
    "a tenant that is nowhere": ("acme: {}", "acme: {}, nobody: {}"),
    "a profile that is nowhere": ("uplink:", "profiles: [none]\n  uplink:"),
}


@pytest.mark.parametrize("what", BROKEN_LINKS)
def test_a_hub_keeps_its_state_while_the_links_of_a_site_cannot_be_read(root: Path, what: str) -> None:
    """All others go on, and the hub as soon as the site is mended or gone."""
    before = trees(root)
    change(root, "sites/a.yaml", BROKEN_LINKS[what])
    change(root, "sites/b.yaml", ("b.example.com", "b2.example.com"))
    run = publish(root)
    assert run.failed == {"a", "hub"}
    assert {name for name in before if run.trees[name] != before[name]} == {"site/b"}
    ran = composer(root, "validate", "--format", "json", "hub")
    assert [(f["code"], f["file"]) for f in ran.findings] == [("W050", "sites/hub.yaml")]
    assert "what a may do at hub hub cannot be read" in ran.findings[0]["message"]
    (root / "sites/a.yaml").unlink()
    assert publish(root) == Run({"hub"}, set(), {**run.trees, "site/hub": trees(root)["site/hub"]})


def test_hubs_come_after_their_sites_and_before_their_own_hub(root: Path) -> None:
    fleet, _ = load_fleet(root)
    assert possible_hubs(fleet) == {"hub", "top"}
    assert Links(fleet, 1).levels(["top", "hub"]) == [["hub"], ["top"]]


def test_a_hub_is_found_however_its_name_is_written(root: Path) -> None:
    change(root, "sites/a.yaml", ("site: hub", 'site: "a\\x6cone"'))
    assert possible_hubs(load_fleet(root)[0]) == {"hub", "top", "alone"}
    assert published(root, "a") == {"a", "alone", "hub"}


def test_sites_that_name_each_other_fail_and_nothing_hangs(root: Path) -> None:
    change(root, "sites/a.yaml", ("site: hub", "site: b"))
    change(root, "sites/b.yaml", ("site: hub", "site: a"))
    assert publish(root).failed == {"a", "b"}
