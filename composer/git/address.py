"""Which repository an address names: two spellings of one address are one repository."""

from __future__ import annotations

import os
import re
from pathlib import Path
from posixpath import normpath
from urllib.parse import SplitResult, unquote, urlsplit

from composer.git.remote import remote_of

_PORTS = {"http": 80, "https": 443, "ssh": 22}
"""What a URL without a port means (RFC 9110, RFC 4253)."""

_SCP = re.compile(r"(?P<host>[^/:]+):(?P<path>.*)", re.DOTALL)
_SUFFIX = ".git"


def identity(address: str, root: Path) -> str:
    """Equal for all spellings of one repository: a URL, or the absolute path of a folder that holds no link.

    *root* is the folder that relative paths start from. Case and default port of a host, slashes at the end, `.git`, the form
    `user@host:path`, `file://` and symbolic links make no difference.
    """
    if remote_of(address) is None:
        return str(folder(root / address))
    if "://" not in address:
        return _scp(address)
    parts = urlsplit(address)
    if parts.scheme.lower() == "file" and parts.netloc.lower() in ("", "localhost"):
        return str(folder(Path(unquote(parts.path))))
    return f"{parts.scheme.lower()}://{_host(parts)}{_path(parts.path)}"


def folder(path: Path) -> Path:
    """The folder of the repository at *path* on this machine: as Git does, with `.git` where there is none without."""
    real = Path(os.path.realpath(path))
    with_suffix = real.with_name(f"{real.name}{_SUFFIX}")
    return with_suffix if not real.exists() and with_suffix.is_dir() else real


def portable(address: str, root: Path) -> str:
    """The identity as it is the same in every clone of the fleet: of folders that are found from the fleet, relative to it."""
    found = identity(address, root)
    if "://" in found:
        return found
    relative = os.path.relpath(found, os.path.realpath(root))
    found_from_fleet = remote_of(address) is None and not Path(address).is_absolute()
    return relative if found_from_fleet or not relative.startswith("..") else found


def _scp(address: str) -> str:
    """`user@host:path`, which starts at the user's home folder, as forges understand it: a path below the host."""
    found = _SCP.fullmatch(address)
    if found is None:
        return address
    user, at, host = found["host"].rpartition("@")
    return f"ssh://{user}{at}{host.lower().rstrip('.')}{_path(found['path'])}"


def _host(parts: SplitResult) -> str:
    user, at, host = parts.netloc.rpartition("@")
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdecimal():
        name, port = host.removesuffix(":"), ""
    usual = str(_PORTS.get(parts.scheme.lower(), ""))
    shown = f":{int(port)}" if port and str(int(port)) != usual else ""
    return f"{user}{at}{name.lower().rstrip('.')}{shown}"


def _path(path: str) -> str:
    plain = normpath(f"/{unquote(path).lstrip('/')}").removeprefix("/~")
    return plain.removesuffix(_SUFFIX) or "/"
