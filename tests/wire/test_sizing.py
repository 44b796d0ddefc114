"""Sizes of a site's broker, as they follow from documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.diagnostic import Rejected
from composer.model.constants import CONSTANTS
from composer.model.figures import Sizing
from composer.stages.wire.sizing import figure, figures
from tests.generate import build_capacity
from tests.wire.sites import LINK, wired
from tests.wire.sites import files as written

PRESSES = """\
  devices:
    press:
      names: "press-{000..399}"
      publish: [{topic: "press/{device}/telemetry", rate: 1/s, bytes: 200, qos: 1}]
      subscribe: ["press/{device}/cmd"]
"""
MEAN = """\
  streams:
    mean:
      blueprint: stream-bento@1
      from: press/+/telemetry
      to: {topic: press/mean, rate: 6/min, bytes: 100, qos: 1}
      do: [{window: {every: 10s, by: device, mean: [pressure]}}]
  uplink: {up: [press/mean]}
"""


def files(site: str = "", fleet: str = "", **tenants: str) -> dict[str, str]:
    """A fleet whose site has all the tenants."""
    return written(site + f"  tenants: {{{', '.join(f'{name}: {{}}' for name in tenants)}}}\n", fleet, **tenants)


def sizing(root: Path, site: str = "", fleet: str = "", link: bool = True, **tenants: str) -> Sizing:
    """The sizing of the site berlin."""
    found = wired(root, files(site, fleet, **tenants), LINK if link else None).sizing
    assert found is not None
    return found


def test_connections_are_devices_gateways_and_clients_of_components(tmp_path: Path) -> None:
    found = sizing(tmp_path, acme=PRESSES + MEAN).amounts
    assert (found["devices"], found["jobs"], found["connections"]) == (400, 2, 402)
    assert found["maxConnections"] == 600  # 402 and a quarter are 503


def test_messages_are_counted_in_and_out(tmp_path: Path) -> None:
    found = sizing(tmp_path, acme=PRESSES + MEAN).amounts
    assert found["messagesIn"] == pytest.approx(400.1)
    assert found["messagesOut"] == pytest.approx(400.1)  # telemetry to the stream, the mean to the hub
    assert found["bytesIn"] == pytest.approx(400 * 200 + 0.1 * 100)


def test_every_listener_of_a_class_gets_a_copy_but_only_one_device_what_is_for_it(tmp_path: Path) -> None:
    boards = (
        "    board: {count: 10, publish: [{topic: note, rate: 1/s, bytes: 10}], subscribe: [news, 'to/{device}']}\n"
    )
    desk = """    desk:
      names: desk
      publish: [{topic: news, rate: 2/s, bytes: 10}, {topic: to/board-1, rate: 3/s, bytes: 10}]
"""
    found = sizing(tmp_path, acme=f"  devices:\n{boards}{desk}").amounts
    assert found["messagesOut"] == 2 * 10 + 3


def test_the_queue_is_what_goes_up_while_the_uplink_is_away(tmp_path: Path) -> None:
    found = sizing(tmp_path, "  offline: 72h\n", acme=PRESSES + MEAN).amounts
    assert found["offlineMessages"] == pytest.approx(0.1 * 72 * 3600)
    assert found["offlineBytes"] == pytest.approx(0.1 * 72 * 3600 * 100)


def test_without_an_uplink_nothing_is_kept_for_a_hub(tmp_path: Path) -> None:
    assert sizing(tmp_path, link=False, acme=PRESSES + MEAN).amounts["offlineMessages"] == 0


def test_messages_at_qos_0_are_not_kept(tmp_path: Path) -> None:
    text = (PRESSES + MEAN).replace("bytes: 100, qos: 1", "bytes: 100, qos: 0")
    assert sizing(tmp_path, acme=text).amounts["upRate"] == 0


def test_a_message_that_two_lines_of_the_uplink_take_is_kept_once(tmp_path: Path) -> None:
    text = (PRESSES + MEAN).replace("up: [press/mean]", "up: [press/mean, press/#]")
    assert sizing(tmp_path, "  offline: 1h\n", acme=text).amounts["upRate"] == pytest.approx(400.1)


def test_a_few_devices_more_change_nothing_that_the_broker_gets(tmp_path: Path) -> None:
    few = sizing(tmp_path / "a", acme=PRESSES + MEAN)
    more = sizing(tmp_path / "b", acme=PRESSES.replace("399", "410") + MEAN)
    assert few.amounts["memory"] < more.amounts["memory"]
    assert few.given == more.given


def test_what_a_document_says_stays(tmp_path: Path) -> None:
    params = "params: {maxConnections: 5000, storage: {size: 7Gi}, resources: {limits: {memory: 1Gi}}}"
    documents = files(acme=PRESSES + MEAN)
    documents["berlin.yaml"] = documents["berlin.yaml"].replace(
        "mqtt-mosquitto@1}", f"mqtt-mosquitto@1, {params}" + "}"
    )
    found = wired(tmp_path, documents).sizing
    assert found is not None
    assert (found.given["maxConnections"], found.given["volume"], found.given["memoryLimit"]) == (5000, "7Gi", "1Gi")
    assert found.given["memoryRequest"] == "256Mi"  # 5,000 connections that may come
    assert found.chosen == {"maxConnections", "volume", "memoryLimit"}


def test_the_release_line_decides_over_the_memory(tmp_path: Path) -> None:
    new = sizing(tmp_path / "new", acme=PRESSES)
    documents = files(acme=PRESSES)
    documents["berlin.yaml"] = documents["berlin.yaml"].replace(
        "mqtt-mosquitto@1}", 'mqtt-mosquitto@1, params: {version: "2.0"}}'
    )
    old = wired(tmp_path / "old", documents).sizing
    assert old is not None
    assert old.amounts["memory"] < new.amounts["memory"]


def test_a_constant_of_the_fleet_takes_the_place_of_the_packaged_one(tmp_path: Path) -> None:
    plain = sizing(tmp_path / "a", acme=PRESSES).amounts
    fleet = "  capacity: {mosquitto21: {tls: 40000B}, connectionHeadroom: 100%, tlsHandshakes: 100/s}\n"
    found = sizing(tmp_path / "b", fleet=fleet, acme=PRESSES).amounts
    assert found["memory"] - plain["memory"] == 400 * 8000
    assert found["maxConnections"] == 800
    assert (plain["reconnect"], found["reconnect"]) == (1, 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("capacity: {mosquitto21: {tls: 40GB}}", "capacity.mosquitto21.tls is '40GB'; expected from 0B to 1MiB"),
        ("capacity: {restart: 2h}", "capacity.restart is '2h'; expected from 1s to 1h"),
        ("capacity: {tlsHandshakes: 1/h}", "capacity.tlsHandshakes is '1/h'; expected from 1/s to 100000/s"),
    ],
)
def test_a_constant_out_of_its_bounds_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(Rejected) as refused:
        sizing(tmp_path, fleet=f"  {text}\n", acme=PRESSES)
    (found,) = refused.value.diagnostics
    assert (found.code, found.message) == ("W060", expected)
    assert found.place.line == 5


def test_every_constant_lies_within_its_bounds() -> None:
    for constant in CONSTANTS:
        assert constant.read(constant.low) <= constant.amount <= constant.read(constant.high), constant.key


def test_every_figure_tells_its_formula_and_the_formula_gives_the_figure(tmp_path: Path) -> None:
    amounts = sizing(tmp_path, acme=PRESSES + MEAN).amounts
    memory = figure(amounts, "memory")
    assert memory is not None
    assert memory.amount == amounts["memory"]
    assert memory.formula == "base + accessRows x accessRow + clientMemory + queueMemory + retainedMemory"
    assert [found.key for found in figures(amounts, "memoryRequest")] == [
        *("memoryRequest", "memory", "clientMemory", "queueMemory", "retainedMemory"),
        *("clients", "queuedMessages", "waitingMessages", "queuedBytes", "waitingBytes"),
        *("connections", "keptMessages", "keptBytes", "offlineMessages", "offlineBytes"),
    ]


def test_the_page_says_what_the_code_does() -> None:
    assert build_capacity.PAGE.read_text(encoding="utf-8") == build_capacity.page()
