"""Where a fleet's CI gets the composer from: a line for pip, and the wheel it may name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname
from zipfile import BadZipFile, ZipFile

from composer import __version__
from composer.diagnostic import Diagnostic, Place, Rejected, error
from composer.git.cloned import pushed_commit

DISTRIBUTION = "edge-composer"
WHEELS = "wheels"
"""The folder of a fleet for wheels. Its workflows fetch it together with requirements.txt."""

_ADDRESS = re.compile(r"(?:git\+(?:https|ssh)|https)://[!-~]+")
_SCP = re.compile(r"([\w.@-]+):(?!//)/?(.+)")
"""git's short form of an address, `git@host:path`."""

_WHEEL = re.compile(r"edge_composer-([0-9][A-Za-z0-9.!+]*)(?:-[0-9]\w*)?-py3-none-any\.whl")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel of the composer that a fleet keeps a copy of."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Origin:
    """Where pip gets the composer from: an *address*, a *wheel*, or, with neither, whatever index it asks."""

    address: str = ""
    wheel: Wheel | None = None

    def line(self, extras: str) -> str:
        """The line of requirements.txt, with the *extras* that are wanted, such as "github,gitlab"."""
        if self.wheel:
            return f"./{WHEELS}/{self.wheel.name}[{extras}]"
        wanted = f" @ {self.address}" if self.address else f"=={__version__}"
        return f"{DISTRIBUTION}[{extras}]{wanted}"


ANY_INDEX = Origin()


def origin_named(text: str, folder: Path) -> Origin:
    """What somebody named: an address that pip takes, or a wheel, a path from *folder* on. Raises Rejected."""
    if "://" in text:
        if fault := _fault(text):
            raise Rejected([_unusable(fault)])
        return Origin(text)
    return Origin(wheel=_wheel(folder / text))


def origin_recorded(record: str) -> Origin:
    """What pip recorded of an installation (direct_url.json, PEP 610), where others can get the same from there."""
    found = json.loads(record or "{}")
    url = found.get("url", "")
    if "dir_info" in found and url.startswith("file://"):
        return _origin_of_checkout(Path(url2pathname(urlsplit(url).path)))
    if not url.startswith(("https://", "ssh://")) or _fault(url.replace("ssh://", "git+ssh://", 1)):
        return ANY_INDEX
    if vcs := found.get("vcs_info"):
        return Origin(f"git+{url}@{vcs['commit_id']}") if vcs.get("vcs") == "git" else ANY_INDEX
    return Origin(url) if "archive_info" in found else ANY_INDEX


def _origin_of_checkout(folder: Path) -> Origin:
    """The commit that the folder stands at, where others can fetch it."""
    found = pushed_commit(folder)
    if found is None:
        return ANY_INDEX
    url, commit = found
    scp = _SCP.fullmatch(url)
    address = f"git+{f'ssh://{scp[1]}/{scp[2]}' if scp else url}@{commit}"
    return ANY_INDEX if _fault(address) else Origin(address)


def _fault(address: str) -> str:
    """What keeps the address out of a file that everybody reads; "" where nothing does."""
    if not _ADDRESS.fullmatch(address):
        return f"{address!a} is no address that begins with git+https://, git+ssh:// or https://"
    parts = urlsplit(address)
    if parts.password is not None or (parts.username is not None and not parts.scheme.endswith("ssh")):
        return "the address holds a secret, which would stand in requirements.txt for everybody"
    return ""


def _wheel(file: Path) -> Wheel:
    """The wheel in a file. Raises Rejected where it is none of the composer."""
    named = _WHEEL.fullmatch(file.name)
    if not named:
        raise Rejected([_unusable(f"{file.name!a} is neither an address nor a wheel of {DISTRIBUTION}")])
    try:
        with ZipFile(file) as opened:
            inside = opened.namelist()
        content = file.read_bytes()
    except (OSError, BadZipFile) as problem:
        raise Rejected([_unusable(f"{file} cannot be read: {problem}")]) from None
    if f"edge_composer-{named[1]}.dist-info/METADATA" not in inside:
        raise Rejected([_unusable(f"{file} is no wheel of {DISTRIBUTION} {named[1]}")])
    return Wheel(file.name, content)


def _unusable(message: str) -> Diagnostic:
    hint = "--composer takes git+https://HOST/PATH.git@REVISION, the address of a wheel, or a wheel such as `make wheel` makes"
    return error("E006", message, Place("command line"), hint=hint)
