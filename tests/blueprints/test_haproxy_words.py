"""What the quoting filter makes of a value is what a real HAProxy reads."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from urllib.request import urlopen

from composer.stages.render.filters.quoting import haproxy
from tests.blueprints.broker import free_port, wait_until
from tests.blueprints.front import kill
from tests.conftest import Needs
from tests.render.test_leaves import TRICKY

ALPHABET = "ab '\"\\$#{}()[]%,;:=/*~é€\U0001f600"
"""Everything that means something somewhere in HAProxy's configuration, and some that mean nothing."""

CONFIGURATION = """
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 10s
frontend values
  bind 127.0.0.1:%d
"""


def values() -> list[str]:
    """Texts that a careless quoting would break, the same in every run."""
    chance = random.Random(0)
    made = ["".join(chance.choices(ALPHABET, k=chance.randint(1, 12))) for _ in range(300)]
    return [value for value in dict.fromkeys([*TRICKY, *made]) if value and value.isprintable()]


def test_a_real_haproxy_reads_every_value_as_it_was(tmp_path: Path, needs: Needs) -> None:
    port = free_port()
    said = values()
    rules = [
        f"  http-request return status 200 content-type text/plain string {haproxy(value)} if {{ path /{number} }}"
        for number, value in enumerate(said)
    ]
    file = tmp_path / "haproxy.cfg"
    file.write_text(CONFIGURATION % port + "\n".join(rules) + "\n", encoding="utf-8")
    with (tmp_path / "log").open("wb") as log:
        command = [needs("haproxy")["haproxy"], "-db", "-f", str(file)]
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_until(lambda: answer(port, 0) is not None, process, (tmp_path / "log").read_text)
        assert [answer(port, number) for number in range(len(said))] == said
    finally:
        kill(process)


def answer(port: int, number: int) -> str | None:
    """What HAProxy says at a path, or None where nobody answers."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/{number}") as response:
            return str(response.read().decode())
    except OSError:
        return None
