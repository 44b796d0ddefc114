"""Publishes many sites in a process of its own that can be killed: REPOSITORY TEXT SITES."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from composer.diagnostic import Rejected
from composer.git.repository import Repository, open_repository
from composer.model.stack import Rendered
from composer.stages.publish import SiteFiles, publish
from tests.publish.making import SOURCE, config_map, rendered, site

ROOT = Path(__file__).parents[2]


def many_sites(number: int, text: str) -> list[SiteFiles]:
    """Sites whose content hardly compresses, so that writing them takes a while."""
    return [
        site(f"s-{index:03}", [_noise(f"c-{part}", f"{text}{index}/{part}") for part in range(6)])
        for index in range(number)
    ]


def _noise(name: str, seed: str) -> Rendered:
    return rendered(config_map(name, random.Random(seed).randbytes(1500).hex()), role="ingress")


def run(repository: Repository, text: str, sites: int, *wrapper: str) -> subprocess.Popen[str]:
    """The driver in a process group of its own, at the moment when it is about to publish."""
    words = [*wrapper, sys.executable, "-m", "tests.publish.driver", str(repository.path), text, str(sites)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process: subprocess.Popen[str], *, family: bool) -> None:
    """Ends it at once, with its git processes or without them."""
    if family:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def main(words: Sequence[str]) -> None:
    repository = open_repository(Path(words[0]))
    sites = many_sites(int(words[2]), words[1])
    print("ready", flush=True)
    try:
        for result in publish(repository, sites, SOURCE):
            print(result.outcome, *(finding.message for finding in result.findings), flush=True)
    except Rejected as rejected:
        print(*(f"{finding.code} {finding.message}" for finding in rejected.diagnostics), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
