"""Two sets of objects, matched by identity wherever their files lie."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import Any

from composer.diagnostic import Rejected
from composer.model.conventions import TENANT_LABEL, tenant_of_namespace
from composer.source.reader import parse
from composer.stages.compare.change import (
    CHECKSUM,
    HIDDEN,
    Action,
    Change,
    Danger,
    FieldChange,
    Identity,
    Steps,
    below,
    is_lock,
)
from composer.stages.compare.dangers import dangers_of
from composer.stages.compare.fields import differences
from composer.stages.compare.texts import hunks_of

_CHECKSUM = re.compile(r"[0-9a-f]{32,128}")
_CONFIDENTIAL: tuple[Steps, ...] = (("data",), ("stringData",), ("metadata", "annotations"))
"""Of a Secret. kubectl keeps a copy of what it applied in an annotation."""

_LOCK = b"apiVersion: edge-composer.io/v1alpha1\nkind: Lock\n"
_SMALL = 8_192
"""Bytes of a file that may be remembered. Parsed, it takes a dozen times as many."""

_BOOKKEEPING = re.compile(rb"^(?:digest: .*\n|inventory:\n(?: .*\n)*)", re.MULTILINE)
"""Of a lock file: it differs whenever anything does, and says nothing that the other changes do not."""


class _Placed:
    """An object and its file. What its coming and going mean is worked out once, at however many sites it comes or goes."""

    def __init__(self, path: str, object_: Any) -> None:
        self.path = path
        self.object = object_
        self.identity = identity_of(path, object_)

    @cached_property
    def coming(self) -> Change:
        return _change(Action.ADDED, self, dangers_of(self.identity, None, self.object, ()))

    @cached_property
    def going(self) -> Change:
        return _change(Action.REMOVED, self, dangers_of(self.identity, self.object, None, ()))


def compare_files(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> tuple[Change, ...]:
    """The changes between files, path -> content. Files that are equal on both sides need not be given.

    Left out is what follows from the rest: kustomizations, and the lock file's digest and inventory.
    """
    before, after = ({path: _telling(content) for path, content in files.items()} for files in (old, new))
    return _compare(_differing(before, after), _differing(after, before))


def _differing(files: Mapping[str, bytes], others: Mapping[str, bytes]) -> list[_Placed]:
    """The objects in the files that are another one on the other side, or none there."""
    different = ((path, content) for path, content in files.items() if others.get(path) != content)
    return [_read(path, content) for path, content in different if path in others or not content.startswith(_LOCK)]


def _telling(content: bytes) -> bytes:
    """A file without bookkeeping: parsing that of a lock file would take longer than all the rest."""
    return _BOOKKEEPING.sub(b"", content) if content.startswith(_LOCK) else content


def _read(path: str, content: bytes) -> _Placed:
    """The object in a file. Most files of a site that comes or goes are the same at others, and parsing takes long."""
    return _remembered(path, content) if len(content) <= _SMALL else _Placed(path, read_object(path, content))


@lru_cache(maxsize=1_000)
def _remembered(path: str, content: bytes) -> _Placed:
    return _Placed(path, read_object(path, content))


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes between objects, path -> object, in identity order. Kustomizations are left out."""
    return _compare(*([_Placed(path, object_) for path, object_ in side.items()] for side in (old, new)))


def _compare(old: Iterable[_Placed], new: Iterable[_Placed]) -> tuple[Change, ...]:
    before, after = _by_identity(old), _by_identity(new)
    identities = sorted(before.keys() | after.keys())
    changes = (_difference(before.get(identity), after.get(identity)) for identity in identities)
    return tuple(change for change in changes if change)


def read_object(path: str, content: bytes) -> Any:
    """The object in a file. What is none (somebody may have edited the branch) is a "File" with its text."""
    try:
        data = parse(content.decode(), path).data
    except (Rejected, UnicodeDecodeError):
        data = None
    return data if _is_object(data) else {"kind": "File", "text": content.decode("utf-8", "backslashreplace")}


def _is_object(data: Any) -> bool:
    """Whether data has what tells objects apart, in the form that Kubernetes gives it."""
    if not isinstance(data, dict) or not isinstance(data.get("metadata", {}), dict):
        return False
    metadata = data.get("metadata", {})
    names = (
        data.get("apiVersion"),
        data.get("kind"),
        metadata.get("name", ""),
        metadata.get("namespace", ""),
    )
    return all(isinstance(name, str) for name in names)


def identity_of(path: str, object_: Mapping[str, Any]) -> Identity:
    """Which object this is."""
    group, slash, _ = object_.get("apiVersion", "").partition("/")
    metadata = object_.get("metadata", {})
    return Identity(group if slash else "", object_["kind"], metadata.get("namespace", ""), metadata.get("name", path))


def _by_identity(objects: Iterable[_Placed]) -> dict[Identity, _Placed]:
    # Flux has a kind Kustomization too, which is an object like any other.
    return {placed.identity: placed for placed in objects if placed.identity.group != "kustomize.config.k8s.io"}


def _difference(old: _Placed | None, new: _Placed | None) -> Change | None:
    """The change from one object to the other, or to or from nothing; None where they are the same."""
    if old is None or new is None:
        change = old.going if old else new.coming if new else None
        # A lock file comes and goes with the rest.
        return None if change and is_lock(change.identity) else change
    identity = new.identity
    fields = tuple(_by_line(identity, field) for field in differences(old.object, new.object))
    if not fields:
        return None
    shown = tuple(_shown(identity, field) for field in fields)
    return _change(Action.CHANGED, new, dangers_of(identity, old.object, new.object, fields), shown)


def _change(
    action: Action, placed: _Placed, dangers: tuple[Danger, ...], fields: tuple[FieldChange, ...] = ()
) -> Change:
    tenant = _tenant(placed.identity, placed.object)
    return Change(action, placed.identity, placed.path, fields, dangers, tenant)


def _tenant(identity: Identity, object_: Mapping[str, Any]) -> str:
    """Whose object it is: by its label, or else by its namespace; "" for one of the platform's."""
    metadata = object_.get("metadata", {})
    labels = metadata.get("labels")
    said = labels.get(TENANT_LABEL) if isinstance(labels, dict) else None
    return said if isinstance(said, str) else tenant_of_namespace(identity.namespace)


def is_secret(identity: Identity) -> bool:
    return identity.kind == "Secret" and not identity.group


def is_secret_file(path: str, content: bytes) -> bool:
    """Whether the file holds a Secret, or something unreadable that may be one."""
    # Looking for the word first, because parsing takes a thousand times as long.
    if b"Secret" not in content:
        return False
    identity = identity_of(path, read_object(path, content))
    return is_secret(identity) or identity.kind == "File"


def _by_line(identity: Identity, change: FieldChange) -> FieldChange:
    """The change with the lines that differ, where a text of several lines became another."""
    old, new = change.old, change.new
    if change.action is not Action.CHANGED or not isinstance(old, str) or not isinstance(new, str):
        return change
    if is_secret(identity) or ("\n" not in old and "\n" not in new):
        return change
    return replace(change, hunks=hunks_of(old, new))


def _shown(identity: Identity, change: FieldChange) -> FieldChange:
    """The change as it may be seen: nothing of a Secret, no checksums, and of long texts the lines that differ."""
    if is_secret(identity) and any(below(change.steps, root) for root in _CONFIDENTIAL):
        return _instead(change, HIDDEN)
    if identity.kind == "File" and any("Secret" in str(side) for side in (change.old, change.new)):
        return _instead(change, HIDDEN)
    if change.hunks:
        return replace(change, old=None, new=None)
    if "annotations" in change.steps and all(_is_checksum(side) for side in (change.old, change.new)):
        return _instead(change, CHECKSUM)
    return change


def _is_checksum(value: Any) -> bool:
    return isinstance(value, str) and _CHECKSUM.fullmatch(value) is not None


def _instead(change: FieldChange, word: str) -> FieldChange:
    """The change with the word wherever a value stood."""
    old = None if change.action is Action.ADDED else word
    new = None if change.action is Action.REMOVED else word
    return replace(change, old=old, new=new, hunks=())
