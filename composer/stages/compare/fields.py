"""Two values field by field, list items by what Kubernetes merges them by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from composer.stages.compare.change import Action, FieldChange, Steps, below

MERGE_KEYS: Mapping[str, tuple[str, ...]] = {
    "ports": ("containerPort", "port"),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "hostAliases": ("ip",),
    "podIPs": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "items": ("key",),
    "taints": ("key",),
}
"""List -> fields, one of which tells its items apart where `name` does not (Kubernetes' patchMergeKey)."""

_BESIDES = {
    "containerPort": "protocol",
    "port": "protocol",
    "topologyKey": "whenUnsatisfiable",
    "key": "effect",
}
"""A second field that may be needed to tell items apart (x-kubernetes-list-map-keys)."""

_TOO_LONG = 2_000
"""Items. Longer lists are compared one by one: the shortest difference takes the square of it to find."""


def differences(old: Any, new: Any, steps: Steps = ()) -> Iterator[FieldChange]:
    """Every field in which *new* differs from *old*, in path order."""
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _mappings(old, new, steps)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, steps)
    # True is not 1, nor is 1 the same as 1.0 to whoever reads the YAML.
    elif type(old) is not type(new) or old != new:
        yield FieldChange(Action.CHANGED, steps, old, new)


def _mappings(old: Mapping[Any, Any], new: Mapping[Any, Any], steps: Steps) -> Iterator[FieldChange]:
    for key in sorted(old.keys() | new.keys(), key=str):
        yield from _at((*steps, key), old, new, key)


def _at(steps: Steps, old: Mapping[Any, Any], new: Mapping[Any, Any], key: Any) -> Iterator[FieldChange]:
    """The differences under one key, which may be on one side only."""
    if key not in old:
        yield FieldChange(Action.ADDED, steps, new=new[key])
    elif key not in new:
        yield FieldChange(Action.REMOVED, steps, old=old[key])
    else:
        yield from differences(old[key], new[key], steps)


def _lists(old: list[Any], new: list[Any], steps: Steps) -> Iterator[FieldChange]:
    named = _named(old, new, steps)
    if named is None:
        yield from _by_position(old, new, steps)
        return
    before, after = named
    for name in [*before, *(name for name in after if name not in before)]:
        yield from _at((*steps, name), before, after, name)
    kept_before = [name for name in before if name in after]
    kept_after = [name for name in after if name in before]
    # The order of containers and variables has a meaning of its own.
    if kept_before != kept_after:
        yield FieldChange(Action.CHANGED, (*steps, "[order]"), kept_before, kept_after)


def _named(old: list[Any], new: list[Any], steps: Steps) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Both lists with their items under a name of their own, or None where they have none."""
    listed_as = next((step for step in reversed(steps) if isinstance(step, str)), "")
    for key in (*MERGE_KEYS.get(listed_as, ()), "name"):
        for keys in ((key,), (key, _BESIDES[key])) if key in _BESIDES else ((key,),):
            before, after = _by_name(old, keys), _by_name(new, keys)
            if before is not None and after is not None:
                return before, after
    return None


def _by_name(items: list[Any], keys: tuple[str, ...]) -> dict[str, Any] | None:
    """The items by these fields, or None where one lacks the first field or two are the same."""
    found: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get(keys[0]), str | int):
            return None
        name = f"[{','.join(f'{key}={item[key]}' for key in keys if key in item)}]"
        if name in found:
            return None
        found[name] = item
    return found


def _by_position(old: list[Any], new: list[Any], steps: Steps) -> Iterator[FieldChange]:
    for tag, from_, to, start, end in _opcodes(old, new):
        pairs = min(to - from_, end - start) if tag == "replace" else 0
        for offset in range(pairs):
            yield from differences(old[from_ + offset], new[start + offset], (*steps, start + offset))
        if tag != "equal":
            for index in range(from_ + pairs, to):
                yield FieldChange(Action.REMOVED, (*steps, index), old=old[index])
            for index in range(start + pairs, end):
                yield FieldChange(Action.ADDED, (*steps, index), new=new[index])


def _opcodes(old: Sequence[Any], new: Sequence[Any]) -> list[tuple[str, int, int, int, int]]:
    """How the one list becomes the other, as difflib says it."""
    if max(len(old), len(new)) > _TOO_LONG:
        return [("replace", 0, len(old), 0, len(new))]
    before, after = ([json.dumps(item, sort_keys=True, default=str) for item in items] for items in (old, new))
    return list(SequenceMatcher(None, before, after, autojunk=False).get_opcodes())


_MISSING: Any = object()


def inside(fields: Iterable[FieldChange], root: Steps) -> Iterator[FieldChange]:
    """The differences at and below *root*, their steps counted from there.

    Where the root, or something around it, came or went, what it holds did too, item by item.
    """
    for field in fields:
        if below(root, field.steps):
            rest = root[len(field.steps) :]
            yield from _came_or_went(*(_value_at(side, rest) for side in _sides(field)))
        elif below(field.steps, root):
            yield replace(field, steps=field.steps[len(root) :])


def leaves(fields: Iterable[FieldChange]) -> Iterator[FieldChange]:
    """The differences down to single values: of a mapping or list that came or went, each value in it."""
    for field in fields:
        old, new = _sides(field)
        if any(isinstance(side, dict | list) and side for side in (old, new)):
            for inner in leaves(_came_or_went(old, new)):
                yield replace(inner, steps=field.steps + inner.steps)
        else:
            yield field


def _sides(field: FieldChange) -> tuple[Any, Any]:
    old = _MISSING if field.action is Action.ADDED else field.old
    return old, _MISSING if field.action is Action.REMOVED else field.new


def _value_at(value: Any, steps: Steps) -> Any:
    """What lies in a value, by keys only; _MISSING where there is nothing."""
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            return _MISSING
        value = value[step]
    return value


def _came_or_went(old: Any, new: Any) -> Iterator[FieldChange]:
    """The differences of two values, one of which may be missing, or be of another kind than the other."""
    if type(old) is type(new):
        yield from differences(old, new)
        return
    for action, value in ((Action.REMOVED, old), (Action.ADDED, new)):
        if isinstance(value, dict | list) and value:
            empty = type(value)()
            yield from differences(value, empty) if action is Action.REMOVED else differences(empty, value)
        elif value is not _MISSING:
            added = action is Action.ADDED
            yield FieldChange(action, (), None if added else value, value if added else None)
