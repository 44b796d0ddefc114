"""The schemas objects are held against: Kubernetes' own by version, and those of custom resources by file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from composer.diagnostic import Place, Rejected, error
from composer.source.files import read_bytes

Schema = dict[str, Any]
Definitions = Mapping[str, Schema]

MOST_BYTES = 16 * 1024 * 1024
"""The largest custom-resource schema that is read; the largest known (SecretStore) has a fiftieth of it."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_METADATA = "ObjectMeta.v1.meta"
_NAME = "subdomain"
_FILE_NAME = re.compile(r"(\d+)\.(\d+)\.json")
_WORD = re.compile(r"[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*")


@dataclass(frozen=True, eq=False, slots=True)
class Kind:
    """One kind in one API version. *scope* is "Namespaced", "Cluster", or "" where its schema does not say.

    *accepts* tells at once whether an object follows *schema*, but not why not.
    """

    scope: str
    schema: Schema = field(repr=False)
    accepts: Callable[[Any], bool] = field(repr=False)


@lru_cache(maxsize=64)
def versions(folder: Path) -> tuple[tuple[int, int], ...]:
    """The Kubernetes versions whose schemas lie in *folder*, oldest first, as numbers."""
    names = [_FILE_NAME.fullmatch(path.name) for path in (folder / "kubernetes").iterdir()]
    return tuple(sorted((int(name[1]), int(name[2])) for name in names if name))


@lru_cache(maxsize=64)
def definitions(folder: Path, version: tuple[int, int]) -> Definitions:
    """Every definition of one Kubernetes version: the oldest file, and what changed until *version*."""
    found: Any = {}
    for major, minor in versions(folder):
        if (major, minor) <= version:
            found = _merge_patch(found, json.loads((folder / "kubernetes" / f"{major}.{minor}.json").read_bytes()))
    definitions: Definitions = found
    return definitions


def _merge_patch(old: Any, patch: Any) -> Any:
    """*old* with a JSON merge patch (RFC 7396) applied."""
    if not isinstance(patch, dict):
        return patch
    found = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = _merge_patch(found.get(key), value)
    return found


class Schemas:
    """The kinds of one Kubernetes version, and custom resources. Each is compiled when first asked for.

    *packaged* is the composer's folder of schemas, *fleet* a fleet's root, whose schemas/crds come first.
    """

    def __init__(self, version: tuple[int, int], packaged: Path, fleet: Path | None) -> None:
        self.version = ".".join(map(str, version))
        self._definitions = definitions(packaged, version)
        self._folders = [folder for folder in (fleet and fleet / "schemas", packaged) if folder]
        self._kinds: dict[tuple[str, str], Kind | None] = {}
        self.groups = frozenset(name.split(".", 2)[2] for name in self._written() if name.count(".") > 1) | {""}

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """What is known of a kind, or None without a schema. Raises Rejected where its file is unusable."""
        key = (api_version, kind)
        if key not in self._kinds:
            self._kinds[key] = self._find(api_version, kind)
        return self._kinds[key]

    def scope(self, api_version: str, kind: str) -> str:
        """ "Namespaced", "Cluster", or "" where nothing usable says so."""
        try:
            found = self.kind(api_version, kind)
        except Rejected:
            return ""
        return found.scope if found else ""

    def api_versions(self, kind: str) -> list[str]:
        """The API versions in which Kubernetes itself knows *kind*."""
        found = (name.split(".", 2) for name in self._written() if name.startswith(f"{kind}."))
        return sorted("/".join(reversed(rest)) for _, *rest in found)

    def kinds(self, api_version: str) -> list[str]:
        """The kinds of Kubernetes itself in *api_version*."""
        group, _, version = api_version.rpartition("/")
        suffix = f".{version}.{group}" if group else f".{version}"
        return sorted(name.removesuffix(suffix) for name in self._written() if name.partition(".")[2] == suffix[1:])

    def _written(self) -> Iterator[str]:
        return (name for name, schema in self._definitions.items() if "x-scope" in schema)

    def _find(self, api_version: str, kind: str) -> Kind | None:
        group, _, version = api_version.rpartition("/")
        if group not in self.groups:
            return self._custom(group, version, kind)
        name = ".".join(filter(None, (kind, version, group)))
        schema = self._definitions.get(name, {})
        if "x-scope" not in schema:
            return None
        return _compiled(schema["x-scope"], self._rooted({"$ref": f"#/$defs/{name}"}, name))

    def _custom(self, group: str, version: str, kind: str) -> Kind | None:
        if not all(_WORD.fullmatch(word) for word in (group, version, kind)):
            return None
        path = crd_path(group, version, kind)
        for folder in self._folders:
            if (folder / path).is_file():
                return self._read(folder, path)
        return None

    def _read(self, folder: Path, path: str) -> Kind:
        """The kind in a schema file. Of metadata, Kubernetes' own word counts, not the file's."""
        place = Place(f"schemas/{path}")
        try:
            schema = json.loads(read_bytes(folder.parent, f"{folder.name}/{path}", limit=MOST_BYTES))
            named = {"name": {"$ref": f"#/$defs/{_NAME}"}}
            metadata = {"$ref": f"#/$defs/{_METADATA}", "properties": named}
            properties = {**schema["properties"], "metadata": metadata}
            own = {"$defs": schema.get("$defs", {}), "required": schema.get("required", [])}
            schema = {key: value for key, value in schema.items() if key not in ("$id", "$schema")}
            rooted = self._rooted({**schema, **own, "properties": properties}, _METADATA, _NAME)
            return _compiled(str(schema.get("x-scope", "")), rooted)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
            message = f"this is not a usable JSON Schema of a custom resource: {_first_line(problem)}"
            hint = "add it again with `composer crds import`"
            raise Rejected([error("K009", message, place, hint=hint)]) from None

    def _rooted(self, schema: Schema, *needed: str) -> Schema:
        """*schema* as the schema of a whole object, with every definition that it needs."""
        parts = {name: self._definitions[name] for name in sorted(reachable(self._definitions, needed))}
        named = {"required": ["name"], **schema.get("properties", {}).get("metadata", {})}
        return {
            **schema,
            "$schema": _DIALECT,
            "required": ["apiVersion", "kind", "metadata", *schema.get("required", [])],
            "properties": {**schema.get("properties", {}), "metadata": named},
            "$defs": {**schema.get("$defs", {}), **parts},
        }


@lru_cache(maxsize=64)
def schemas_for(version: tuple[int, int], packaged: Path, fleet: Path | None) -> Schemas:
    """The schemas of one Kubernetes version, shared by every site of that version."""
    return Schemas(version, packaged, fleet)


def crd_path(group: str, version: str, kind: str) -> str:
    """Where the schema of a custom resource lies inside a folder of schemas."""
    return f"crds/{group}/{kind.lower()}_{version}.json"


def compile_schema(schema: Schema) -> Callable[[Any], bool]:
    """A function that tells whether a value follows *schema*. Raises ValueError where that makes no sense.

    Nothing is ever fetched, and patterns are matched in linear time.
    """
    from jsonschema_rs import (  # noqa: PLC0415 - not needed by commands that check nothing
        Draft202012Validator,
        ReferencingError,
        RegexOptions,
    )

    try:
        return Draft202012Validator(schema, offline=True, pattern_options=RegexOptions()).is_valid
    except ReferencingError as problem:
        raise ValueError(str(problem)) from None


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).splitlines()), type(problem).__name__)


def _compiled(scope: str, schema: Schema) -> Kind:
    return Kind(scope, schema, compile_schema(schema))


def reachable(known: Definitions, roots: Iterable[str]) -> set[str]:
    """The names of all definitions that *roots* refer to, with themselves."""
    seen: set[str] = set()
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += _references(known[name])
    return seen


def _references(schema: Schema) -> Iterator[str]:
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2]
    for inner in schema.get("properties", {}).values():
        yield from _references(inner)
    for keyword in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(keyword), dict):
            yield from _references(schema[keyword])
