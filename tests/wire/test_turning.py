"""Messages that go round through both ends of an uplink: a site answers what comes down, and its hub answers that."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.pipeline.line import Line
from composer.stages.load import load_fleet
from tests.load.fleets import write
from tests.wire.sites import LINK, SITE, UPLINK, files

LINKS = "  uplink: {up: [out/#, pinned/berlin], down: [in/#]}\n"
ANSWERS = "{answers: {blueprint: stream-bento@1, from: in/x, to: {topic: out/x}}}"


def site(name: str, streams: str, above: str = "", uplink: str = "{}") -> str:
    """A site with streams of the tenant acme, below the hub *above* if there is one."""
    spec = f"  tenants: {{acme: {{streams: {streams}, uplink: {uplink}}}}}\n"
    link = UPLINK.replace("site: hub", f"site: {above}") + "  offline: 1h\n" if above else ""
    return SITE.replace("berlin", name) + spec + link


def circles(root: Path, **sites: str) -> list[str]:
    documents = {
        **files(acme=LINKS),
        **{f"{name}.yaml": text for name, text in sites.items()},
        "files/hub.pem": LINK.ca,
    }
    fleet, wrong = load_fleet(write(root, documents))
    assert wrong == []
    line = Line(fleet)
    found = (d for name in sorted(fleet.sites) for d in line.compose(name).findings if d.code == "W022")
    return [f"{d.site} {d.place.file} {d.message.partition(': ')[2]}" for d in found]


@pytest.mark.parametrize(
    ("listens", "sends", "round"),
    [
        ("sites/+/out/x", "sites/berlin/in/x", True),
        ("sites/berlin/out/+", "sites/berlin/in/{y}", True),
        ("sites/+/out/x", "sites/{any}/in/x", True),
        ("sites/+/out/y", "sites/berlin/in/x", False),
        ("sites/+/out/x", "sites/berlin/in/y", False),
        ("sites/berlin/out/x", "sites/paris/in/x", False),
        ("sites/+/pinned/#", "sites/berlin/in/x", False),
        ("sites/+/out/x", "mean", False),
    ],
)
def test_w022_a_hub_and_a_site_that_answer_each_other(tmp_path: Path, listens: str, sends: str, round: bool) -> None:
    asks = f'{{asks: {{blueprint: stream-bento@1, from: "{listens}", to: {{topic: "{sends}"}}}}}}'
    below = {
        name: site(name, ANSWERS, "hub", "{up: [out/#, pinned/berlin], down: [in/#]}") for name in ("berlin", "paris")
    }
    found = circles(tmp_path, hub=site("hub", asks, uplink="{up: [], down: []}") + "  hub: true\n", **below)
    way = f"stream asks -> {sends} -> site berlin -> sites/berlin/out/x -> stream asks"
    assert found == ([f"hub sites/hub.yaml {way}"] if round else [])


def test_w022_a_circle_through_a_hub_of_a_hub_is_found_at_the_top(tmp_path: Path) -> None:
    asks = '{asks: {blueprint: stream-bento@1, from: "sites/mid/sites/+/out/#", to: {topic: "sites/mid/sites/berlin/in/x"}}}'
    berlin = site("berlin", ANSWERS, "mid", "{up: [out/#], down: [in/#]}")
    up, other = '["sites/+/out/#"]', '["sites/+/else"]'
    for name, sent, found in (("a", up, 1), ("b", other, 0)):
        mid = site("mid", "{}", "hub", f'{{up: {sent}, down: ["sites/+/in/#"]}}') + "  hub: true\n"
        hub = site("hub", asks, uplink="{up: [], down: []}") + "  hub: true\n"
        told = circles(tmp_path / name, berlin=berlin, mid=mid, hub=hub)
        assert len(told) == found, told
        assert all(
            each.startswith("hub sites/hub.yaml stream asks -> sites/mid/sites/berlin/in/x -> site mid -> ")
            for each in told
        )
