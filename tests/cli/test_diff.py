"""`composer diff`: what publishing would change, in three formats."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.kit import Ran, blueprint, commit, composer, delivery, fleet, note, notes, site, trees
from tests.conftest import Needs
from tests.load.fleets import change, document
from tests.publish.making import git


def changes(ran: Ran) -> list[Any]:
    """The changes of `--format json`, without the lock file."""
    found: list[Any] = [c for c in json.loads(ran.out)["changes"] if c["object"]["kind"] != "Lock"]
    return found


def named(change: Any) -> str:
    return f"{change['action']} {change['object']['kind']}/{change['object']['name']}"


def in_json(root: Path, *words: str) -> list[Any]:
    return changes(composer(root, "diff", "--format", "json", *words))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sites, published."""
    root = notes(tmp_path_factory.mktemp("published"), "a", "b", "c")
    commit(root)
    assert composer(root, "publish").code == 0
    return root


@pytest.fixture
def published(original: Path, tmp_path: Path) -> Path:
    """A copy of three published sites, to be changed at will."""
    return Path(shutil.copytree(original, tmp_path / "fleet"))


def test_before_anything_is_published_everything_is_new(tmp_path: Path) -> None:
    root = notes(tmp_path, "a", "b")
    ran = composer(root, "diff", "--format", "json")
    assert ran.code == 0
    summary = json.loads(ran.out)["summary"]
    assert (summary["sites"], summary["changedSites"], summary["changed"], summary["removed"]) == (2, 2, 0, 0)
    assert "added ConfigMap/note" in [named(c) for c in changes(ran)]
    assert not delivery(root).exists()


def test_after_publishing_there_is_nothing_to_change(published: Path) -> None:
    ran = composer(published, "diff", "--exit-code")
    assert (ran.code, ran.out, ran.err) == (0, "no changes at 3 sites\n", "")


def test_one_edited_value_is_one_change_of_one_field(published: Path) -> None:
    change(published, "sites/a.yaml", ("hello", "goodbye"))
    assert in_json(published) == [
        {
            "action": "changed",
            "object": {"group": "", "kind": "ConfigMap", "namespace": "edge-platform", "name": "note"},
            "path": "platform/edge-platform/configmap_note.yaml",
            "tenant": "",
            "fields": [{"action": "changed", "path": "data.text", "old": "hello", "new": "goodbye"}],
            "dangers": [],
            "sites": ["a"],
            "templated": False,
        }
    ]
    shown = composer(published, "diff")
    assert shown.code == 0
    assert "data.text\n      - hello\n      + goodbye\n" in shown.out


def test_the_same_change_at_two_sites_is_shown_once_with_both(published: Path) -> None:
    for name in ("a", "c"):
        change(published, f"sites/{name}.yaml", ("hello", "goodbye"))
    assert [found["sites"] for found in in_json(published)] == [["a", "c"]]
    shown = composer(published, "diff").out
    assert shown.count("data.text") == 1
    assert "at 2 sites: a, c" in shown


def test_only_the_chosen_sites_are_looked_at(published: Path) -> None:
    for name in ("a", "c"):
        change(published, f"sites/{name}.yaml", ("hello", "goodbye"))
    assert [found["sites"] for found in in_json(published, "b", "c")] == [["c"]]


def test_exit_code_tells_whether_there_are_changes_and_a_mistake_counts_more(published: Path) -> None:
    change(published, "sites/a.yaml", ("hello", "goodbye"))
    assert composer(published, "diff", "--exit-code").code == 10
    change(published, "sites/b.yaml", ("text:", "txet:"))
    ran = composer(published, "diff", "--exit-code")
    assert ran.code == 1
    assert "data.text\n      - hello\n      + goodbye\n" in ran.out
    assert "error[L120]" in ran.err
    assert ran.err.endswith("1 site could not be rendered: b\n")


def test_a_unified_diff_turns_the_old_files_into_the_new_ones(published: Path, tmp_path: Path, needs: Needs) -> None:
    needs("git", "patch")
    composer(published, "render", "-o", str(tmp_path / "old"))
    change(published, "sites/a.yaml", ("hello", 'good\\nbye \\"x\\"'))
    (published / "sites/b.yaml").write_text(site("b"))
    composer(published, "render", "-o", str(tmp_path / "new"))
    patch = composer(published, "diff", "--format", "unified").out
    for program in (("git", "apply", "-"), ("patch", "-s", "-p1")):
        patched = Path(shutil.copytree(tmp_path / "old", tmp_path / program[0]))
        subprocess.run(program, input=patch, text=True, cwd=patched, check=True)
        differing = subprocess.run(["diff", "-r", patched, tmp_path / "new"], capture_output=True, check=False)
        assert (differing.stdout, differing.returncode) == (b"", 0)


def test_a_base_shows_what_changed_since_a_commit_whatever_is_published(tmp_path: Path) -> None:
    root = notes(tmp_path, "a", "b")
    first = commit(root)
    change(root, "sites/a.yaml", ("hello", "goodbye"))
    second = commit(root)
    (root / "sites/c.yaml").write_text(site("c"))
    assert [(named(c), c["sites"]) for c in in_json(root, "--base", first, "a", "b")] == [
        ("changed ConfigMap/note", ["a"])
    ]
    assert in_json(root, "--base", second, "a", "b") == []
    assert {tuple(c["sites"]) for c in in_json(root, "--base", second)} == {("c",)}


def test_a_base_that_is_no_commit_is_a_usage_error(published: Path) -> None:
    ran = composer(published, "diff", "--base", "nonsense")
    assert (ran.code, ran.out) == (2, "")
    assert "error[B014]" in ran.err


def test_what_is_dangerous_is_said(tmp_path: Path) -> None:
    root = fleet(
        tmp_path,
        {
            "tenants/acme.yaml": document("Tenant", "acme"),
            "a.yaml": site("a", note("text: old, immutable: true"), "tenants: {acme: {}}"),
            "b.yaml": site("b", "components: {claim: {blueprint: claim@1}}"),
        },
    )
    blueprint(root, "claim", CLAIM, "{}")
    commit(root)
    composer(root, "publish")
    (root / "sites/a.yaml").write_text(site("a", note("text: new, immutable: true")))
    (root / "sites/b.yaml").write_text(site("b"))
    found = {named(c): {danger["risk"] for danger in c["dangers"]} for c in in_json(root)}
    assert found["removed PersistentVolumeClaim/store"] == {"data", "capacity"}
    assert found["removed Namespace/tenant-acme"] == {"namespace"}
    assert found["changed ConfigMap/note"] == {"immutable"}
    assert "deletes the namespace and everything in it" in composer(root, "diff").out


CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: store, namespace: "{{ component.namespace }}"}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""


def test_values_cannot_deceive_the_terminal(published: Path) -> None:
    change(published, "sites/a.yaml", ("hello", "a\\u001b[31m\\u202eb"))
    for chosen in ("human", "unified", "github"):
        shown = composer(published, "diff", "--format", chosen).out
        assert "\x1b" not in shown
        assert "\u202e" not in shown


@pytest.mark.parametrize("forge", ["github", "gitlab", "markdown"])
def test_a_comment_shows_a_base_what_changes_and_what_failed(published: Path, forge: str) -> None:
    change(published, "sites/a.yaml", ("hello", "```\\n@everyone"))
    change(published, "sites/b.yaml", ("text:", "txet:"))
    (published / "sites/c.yaml").unlink()
    ran = composer(published, "diff", "--base", "HEAD", "--format", forge)
    assert ran.code == 1
    assert ran.out == COMMENT
    told = composer(published, "diff", "--base", "HEAD").out
    assert "\nNo longer in the fleet: 1 site: c. Its branch stays until it is removed.\n" in told
    assert json.loads(composer(published, "diff", "--base", "HEAD", "--format", "json").out)["gone"] == ["c"]


COMMENT = """\
#### 1 distinct change at 1 of 1 site

0 added, 1 changed, 0 removed. Reaches 1 object.

**No longer in the fleet:** 1 site: `c`. Its branch stays until it is removed.

**Not rendered, and not shown here:** 1 site: `b`.

```text
sites/b.yaml:6:57: error[L120] note (note): there is no parameter txet
```

**`~ ConfigMap edge-platform/note`** at 1 site: `a`

````diff
@@ data.text @@
@ line 1
- hello
+ ```
+ @everyone
````

"""


def test_a_branch_that_is_gone_is_new_again(published: Path) -> None:
    assert set(trees(published)) == {"site/a", "site/b", "site/c"}
    git(delivery(published), "update-ref", "-d", "refs/heads/site/b")
    assert {tuple(c["sites"]) for c in in_json(published)} == {("b",)}
