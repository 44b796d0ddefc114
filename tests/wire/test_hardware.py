"""What components need of machines: architectures they keep to, serial ports, licences."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wire.sites import PLC, context, files, lines, rejected, wired

HERE = "  tenants: {acme: {}}\n"
FUNCTION = '  functions: {stop: {blueprint: function-http@1, on: a, params: {image: "g.io/a:1"%s}}}\n'


def with_nodes(documents: dict[str, str], written: str) -> dict[str, str]:
    """The documents of a site with these nodes."""
    site = documents["berlin.yaml"].replace('flux: "2.6"}}', f'flux: "2.6"}}, nodes: [{written}]}}')
    return {**documents, "berlin.yaml": site}


@pytest.mark.parametrize(
    ("machines", "params", "expected"),
    [
        ("{name: a, arch: amd64}, {name: b, arch: arm64}", "", []),
        ("{name: a, arch: amd64}, {name: b, arch: arm64}", ", architectures: [amd64, arm64]", []),
        ("{name: a, arch: amd64}, {name: b, arch: arm64}", ", architectures: [arm64]", ["arm64"]),
        ("{name: a, arch: amd64}, {name: b, arch: arm}", "", ["amd64"]),
        ("{name: a, arch: amd64}, {name: b, arch: arm64}, {name: c, arch: arm}", "", ["amd64", "arm64"]),
        ("{name: a, arch: arm64}", ", architectures: [arm64]", []),
        ("{name: a, arch: amd64}, {name: b}", ", architectures: [arm64]", []),
    ],
)
def test_a_component_keeps_to_nodes_its_images_exist_for(
    tmp_path: Path, machines: str, params: str, expected: list[str]
) -> None:
    wiring = wired(tmp_path, with_nodes(files(HERE, acme=FUNCTION % params), machines))
    assert context(wiring, "stop")["architectures"] == expected


GATEWAY = """\
  gateways:
    line:
      blueprint: gateway-telegraf@1
      bus: {serial: {%s}}
      devices: {plc-1: {profile: plc, unit: 1}}
"""
USB0 = "{path: /dev/ttyUSB0, resource: example.com/ttyusb0}"


def serial(bus: str, machines: str = "") -> dict[str, str]:
    documents = files(HERE, fleet=PLC, acme=GATEWAY % bus)
    return with_nodes(documents, machines) if machines else documents


@pytest.mark.parametrize(
    ("bus", "machines"),
    [
        ("path: /dev/ttyUSB0", f"{{name: a, serial: [{USB0}]}}"),
        ("resource: example.com/ttyusb0", f"{{name: b}}, {{name: a, serial: [{USB0}]}}"),
        (
            "path: /dev/ttyUSB0, resource: example.com/ttyusb0",
            f"{{name: a, serial: [{USB0}]}}, {{name: b, serial: [{USB0}]}}",
        ),
        ("path: /dev/ttyUSB0", f"{{name: a, serial: [{USB0}]}}, {{name: b, serial: [{USB0}]}}"),
        ("path: /dev/ttyUSB0, resource: example.com/ttyusb0", ""),
    ],
)
def test_a_serial_bus_that_is_one_port(tmp_path: Path, bus: str, machines: str) -> None:
    wired(tmp_path, serial(bus, machines))


@pytest.mark.parametrize(
    ("bus", "machines", "expected", "hint"),
    [
        (
            "path: /dev/ttyUSB1",
            f"{{name: a, serial: [{USB0}]}}",
            "8:28 W081 no node of the site offers the serial port /dev/ttyUSB1, which line of tenant acme is on",
            "did you mean '/dev/ttyUSB0'?",
        ),
        (
            "resource: example.com/rs485",
            "{name: a}",
            "8:32 W081 no node of the site offers the serial port example.com/rs485, which line of tenant acme is on",
            "declare it: cluster.nodes[].serial",
        ),
        (
            "path: /dev/ttyUSB0, resource: example.com/other",
            f"{{name: a, serial: [{USB0}]}}",
            "8:52 W081 no node of the site offers the serial port /dev/ttyUSB0 as example.com/other, "
            "which line of tenant acme is on",
            "did you mean 'example.com/ttyusb0'?",
        ),
        (
            "path: /dev/ttyUSB0",
            "",
            "8:13 W081 the serial bus of line of tenant acme has no resource, and no node of the site tells it",
            "add `resource:`, or declare the port: cluster.nodes[].serial",
        ),
        (
            "resource: example.com/ttyusb0",
            "",
            "8:13 W081 the serial bus of line of tenant acme has no path, and no node of the site tells it",
            "add `path:`, or declare the port: cluster.nodes[].serial",
        ),
        (
            "path: /dev/ttyUSB0",
            f"{{name: a, serial: [{USB0}]}}, {{name: b, serial: [{{path: /dev/ttyUSB0, resource: example.com/b-usb0}}]}}",
            "8:28 W082 /dev/ttyUSB0 is several serial ports of the site's nodes; which one line of tenant acme means is not said",
            "add `resource:` example.com/b-usb0 or example.com/ttyusb0",
        ),
    ],
)
def test_a_serial_bus_that_is_no_port_or_several(
    tmp_path: Path, bus: str, machines: str, expected: str, hint: str
) -> None:
    found = rejected(tmp_path, serial(bus, machines))
    assert [line.removeprefix("sites/tenants/acme.yaml:") for line in lines(found)] == [expected]
    assert found[0].hint == hint
