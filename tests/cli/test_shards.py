"""Delivery repositories by labels: every site's branch in its own, and what is said when a site changes sides."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.kit import commit, composer, fleet, noted
from tests.load.fleets import change, document
from tests.pipeline import fleets
from tests.publish.making import git
from tests.publish.server import Server, by_file

EU, US, REST = "out/eu.git", "out/us.git", "out/delivery.git"


def delivered(eu: str = EU, us: str = US) -> str:
    """A fleet whose sites in eu and us have repositories of their own."""
    shards = [
        f'{{name: eu, matchLabels: {{region: eu}}, repository: "{eu}", url: "https://git.example.com/eu.git"}}',
        f'{{name: us, matchLabels: {{region: us}}, repository: "{us}", url: "https://git.example.com/us.git"}}',
    ]
    return document(
        "Fleet", "test", f'{{delivery: {{url: "https://git.example.com/rest.git", shards: [{", ".join(shards)}]}}}}'
    )


def sharded(root: Path, eu: str = EU, us: str = US) -> Path:
    """The sites "a" in eu, "b" in us, and "c" nowhere."""
    regions = {"a": "eu", "b": "us", "c": "none"}
    sites = {f"{name}.yaml": noted(name, labels=f"{{region: {region}}}") for name, region in regions.items()}
    fleet(root, {"fleet.yaml": delivered(eu, us), **sites})
    commit(root)
    return root


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = sharded(tmp_path_factory.mktemp("sharded"))
    ran = composer(root, "publish")
    assert (ran.code, ran.err) == (0, "3 sites published, 0 unchanged, in 3 repositories\n")
    return root


@pytest.fixture
def published(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "fleet"))


def branches(root: Path) -> dict[str, list[str]]:
    """Repository -> its branches."""
    found = {}
    for place in (EU, US, REST):
        rows = git(root / place, "for-each-ref", "--format=%(refname:lstrip=2)") if (root / place).exists() else ""
        found[place] = rows.split()
    return found


EACH_ITS_OWN = {EU: ["site/a"], US: ["site/b"], REST: ["site/c"]}


def move(root: Path, name: str, old: str, new: str) -> None:
    change(root, f"sites/{name}.yaml", (f"region: {old}", f"region: {new}"))
    commit(root)


def test_every_branch_is_in_its_own_repository_and_points_its_cluster_there(published: Path) -> None:
    assert branches(published) == EACH_ITS_OWN
    for place, name in ((EU, "a"), (US, "b"), (REST, "c")):
        source = git(published / place, "grep", "-h", "url: https", f"site/{name}")
        assert {line.strip() for line in source.splitlines()} == {
            f"url: https://git.example.com/{Path(place).stem.replace('delivery', 'rest')}.git"
        }


def test_commands_look_for_each_branch_in_its_own_repository(published: Path) -> None:
    assert composer(published, "diff", "--exit-code").out == "no changes at 3 sites\n"
    assert composer(published, "publish").err == "0 sites published, 3 unchanged, in 3 repositories\n"
    assert composer(published, "verify").code == 0
    told = composer(published, "explain", "a", "GitRepository/edge-stack", "spec.url").out
    assert "sites/fleet.yaml" in told
    assert "https://git.example.com/eu.git" in told
    for place in (EU, US, REST):
        assert composer(published, "render", "-o", f"{place}/x").code == 2


def test_a_plan_covers_all_repositories(published: Path) -> None:
    for name in ("a", "b", "c"):
        change(published, f"sites/{name}.yaml", ("hello", "goodbye"))
    commit(published)
    assert composer(published, "diff", "--save", "plan.json").code == 0
    ran = composer(published, "publish", "--plan", "plan.json")
    assert (ran.code, ran.err) == (0, "3 sites published, 0 unchanged, in 3 repositories\n")


def test_a_plan_that_is_stale_in_one_repository_is_published_to_none(published: Path) -> None:
    for name in ("a", "b"):
        change(published, f"sites/{name}.yaml", ("hello", "goodbye"))
    commit(published)
    assert composer(published, "diff", "--save", "plan.json").code == 0
    assert composer(published, "publish", "b").code == 0
    change(published, "sites/b.yaml", ("goodbye", "again"))
    commit(published)
    before = git(published / EU, "rev-parse", "site/a")
    assert composer(published, "publish", "--plan", "plan.json").code == 4
    assert git(published / EU, "rev-parse", "site/a") == before


def test_a_shard_for_others_changes_nothing_at_a_site(published: Path) -> None:
    change(published, "sites/fleet.yaml", ("region: us", "region: asia"), (EU, f"./{EU}/"))
    ran = composer(published, "diff", "a", "c")
    assert ran.out == "no changes at 2 sites\n"


def test_spellings_of_one_address_are_one_repository_with_one_push(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    with by_file(tmp_path / "server") as server:
        address = server.address
        root = sharded(tmp_path / "fleet", address, f"{address.removesuffix('.git')}/")
        server.hook("pre-receive", f"echo push >> {tmp_path}/pushes; cat >> {tmp_path}/pushes")
        ran = composer(root, "publish")
        assert (ran.code, ran.err) == (0, "3 sites published, 0 unchanged, in 2 repositories\n")
        assert sorted(server.heads()) == ["site/a", "site/b"]
    lines = (tmp_path / "pushes").read_text().splitlines()
    assert (lines.count("push"), len(lines)) == (1, 3)


def test_a_server_that_refuses_holds_the_other_repositories_up_no_more_than_the_other_branches(tmp_path: Path) -> None:
    servers: Mapping[str, Server] = {}
    for name in ("eu", "us"):
        (tmp_path / name).mkdir()
        with by_file(tmp_path / name) as server:
            servers = {**servers, name: server}
    root = sharded(tmp_path / "fleet", servers["eu"].address, servers["us"].address)
    servers["eu"].hook("pre-receive", "exit 1")
    ran = composer(root, "publish")
    assert (ran.code, "1 site not published: a" in ran.err) == (3, True)
    assert sorted(servers["us"].heads()) == ["site/b"]
    servers["eu"].hook("pre-receive", "exit 0")
    assert composer(root, "publish").err == "1 site published, 2 unchanged, in 3 repositories\n"


def test_a_site_whose_labels_lead_elsewhere_is_held_until_somebody_says_so(published: Path) -> None:
    move(published, "a", "eu", "us")
    shown = composer(published, "diff", "a")
    assert shown.code == 0
    assert "warning[B059]: site a is to be delivered to" in shown.err
    refused = composer(published, "publish")
    assert (refused.code, branches(published)) == (3, EACH_ITS_OWN)
    assert "error[B059]" in refused.err
    assert "publish it with --move" in refused.err
    assert composer(published, "publish", "--move").code == 0
    assert branches(published) == {**EACH_ITS_OWN, US: ["site/a", "site/b"]}
    for command in ("publish", "diff"):
        ran = composer(published, command)
        assert ran.code == 0
        assert "warning[B060]: in " in ran.err
        assert "1 branch is of no site there: site/a" in ran.err
    assert composer(published, "publish", "b").err == f"0 sites published, 1 unchanged, in {published / US}\n"


def test_branches_of_sites_that_are_gone_are_shown_and_those_of_others_are_not(published: Path) -> None:
    (published / "sites/c.yaml").unlink()
    commit(published)
    git(published / REST, "branch", "main", "site/c")
    git(published / REST, "branch", "site/foreign", git(published / REST, "commit-tree", "-m", "x", "site/c^{tree}"))
    ran = composer(published, "publish")
    assert ran.code == 0
    assert f"in {published / REST}, 1 branch is of no site there: site/c" in ran.err


def test_a_broken_document_is_no_reason_to_look_for_its_branch_elsewhere(published: Path) -> None:
    (published / "sites/a.yaml").write_text("kind: [")
    commit(published)
    ran = composer(published, "publish")
    assert (ran.code, "B059" in ran.err, "B060" in ran.err) == (3, False, False)


def test_a_hub_in_another_repository_follows_its_sites(tmp_path: Path) -> None:
    root = fleets.everything(tmp_path)
    (root / "sites/fleet.yaml").write_text(delivered())
    change(root, "sites/a.yaml", ("labels: {}", "labels: {region: eu}"))
    commit(root)
    assert composer(root, "publish").code == 0
    assert branches(root)[EU] == ["site/a"]
    change(root, "sites/tenants/acme.yaml", ("up: [a]", "down: [a]"))
    commit(root)
    ran = composer(root, "publish", "a")
    assert [line.split()[0] for line in ran.out.splitlines()] == ["site/a", "site/hub"], ran.err
    assert composer(root, "diff").out == "no changes at 4 sites\n"


def test_an_address_of_a_kind_that_is_not_allowed_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    root = sharded(tmp_path / "fleet", us="git://git.example.com/x.git")
    for command in ("publish", "diff"):
        ran = composer(root, command)
        assert (ran.code, "error[B040]" in ran.err) == ({"publish": 5, "diff": 2}[command], True)
    assert not (root / "out").exists()


@pytest.fixture
def half(tmp_path: Path) -> Path:
    """A published fleet of sites in eu and us, each with a server; that of us is out of reach by now."""
    addresses = []
    for name in ("eu", "us"):
        (tmp_path / name).mkdir()
        with by_file(tmp_path / name) as server:
            addresses.append(server.address)
    root = sharded(tmp_path / "fleet", *addresses)
    assert composer(root, "publish").code == 0
    (tmp_path / "us").rename(tmp_path / "away")
    change(root, "sites/a.yaml", ("hello", "goodbye"))
    commit(root)
    return root


def test_a_repository_that_the_sites_do_not_need_may_be_out_of_reach(half: Path) -> None:
    assert "at 1 site: a" in composer(half, "diff", "a", "c", "--save", "plan.json").out
    assert composer(half, "publish", "--plan", "plan.json").err == "1 site published, 1 unchanged, in 2 repositories\n"
    assert composer(half, "publish", "a", "--adopt").err.startswith("0 sites published, 1 unchanged, in file://")
    assert composer(half, "verify", "a", "c").code == 0
    assert composer(half, "rollback", "a").code == 0
    asked = composer(half, "status", "a", "--timeout", "1s", KUBECONFIG="/nonexistent")
    assert "B042" not in asked.err + asked.out
    for words in (("diff",), ("diff", "b"), ("publish", "a", "b"), ("verify", "b"), ("rollback", "b"), ("remove", "a")):
        ran = composer(half, *words)
        assert "error[B042]: the delivery repository file://" in ran.err, words


def test_a_site_without_a_branch_is_looked_for_everywhere_unless_somebody_says_that_it_goes_there(half: Path) -> None:
    (half / "sites/d.yaml").write_text(noted("d", labels="{region: eu}"))
    commit(half)
    assert "error[B042]" in composer(half, "publish", "d").err
    assert composer(half, "publish", "d", "--move").err.startswith("1 site published, 0 unchanged, in file://")
    assert composer(half, "publish", "d").err.startswith("0 sites published, 1 unchanged, in file://")


def test_a_site_that_is_published_alone_is_found_where_it_was_and_held(published: Path) -> None:
    move(published, "a", "eu", "us")
    refused = composer(published, "publish", "a")
    assert (refused.code, "error[B059]: site a" in refused.err, branches(published)) == (5, True, EACH_ITS_OWN)
    assert composer(published, "publish", "a", "--move").code == 0
    assert branches(published) == {**EACH_ITS_OWN, US: ["site/a", "site/b"]}


def test_a_hub_that_is_published_alone_is_held_where_its_sites_are_gone_from_other_repositories(tmp_path: Path) -> None:
    root = fleets.everything(tmp_path)
    (root / "sites/fleet.yaml").write_text(delivered())
    for name in ("a", "b"):
        change(root, f"sites/{name}.yaml", ("labels: {}", "labels: {region: eu}"))
    commit(root)
    assert composer(root, "publish").code == 0
    for name in ("a", "b"):
        (root / f"sites/{name}.yaml").unlink()
    commit(root)
    for name in ("hub", "top"):
        ran = composer(root, "publish", name)
        assert (ran.code, "error[B064]" in ran.err) == (5, True), ran.err
